"""LTI Advantage at Canvas: rosters, line items, scores, results.

Source: github.com/instructure/canvas-lms `app/controllers/lti/ims/`: `names_and_roles_controller.rb`,
`line_items_controller.rb`, `scores_controller.rb`, `results_controller.rb`, `concerns/gradebook_services.rb`
(statuses and texts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.services import Roster, Service
from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti import claims, places
from lms_emulator.providers.canvas.lti.paging import link_header, page_of
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import (
    Course,
    DeveloperKey,
    Tool,
    User,
)
from lms_emulator.providers.canvas.rules import tools

R = TypeVar("R")
ROSTER_PAGE = 50


class Place(NamedTuple):
    """The key that calls, the course of the path, and the tool's deployment there."""

    key: DeveloperKey
    course: Course
    tool: Tool


class Member(NamedTuple):
    """A person, with the types of their enrollments in a course."""

    user: User
    types: list[str]


class CanvasService(Service[Call, Place]):
    """What Canvas's services have in common."""

    charset: ClassVar[str] = "; charset=utf-8"
    page_size: ClassVar[int | None] = None

    def enter(self, x: Call, *scopes: str) -> Place:
        course = x.store.courses.get(number(x.path_params["course_id"]))
        key = require_service(x, *scopes, account_id=course.account_id if course is not None else None).key
        if course is None or course.workflow_state == "deleted":
            raise refusals.not_found("the course", x.path_params["course_id"])
        for tool in x.store.tools.find("key", key.id):
            if tools.place_of(x.store, tool) in tools.places(x.store, course) and tool.workflow_state == "active":
                return Place(key, course, tool)
        x.check("the tool is deployed in the course", False, got=key.name)
        raise refusals.lti_service(
            "tool_not_in_context",
            "Access Token not linked to a Tool associated with this Context",
            401,
            check="the tool is deployed in the course",
            got=course.id,
        )

    def refusal(self, x: Call, fault: Fault) -> Refusal:
        status, sentence = _answer(x, fault)
        return refusals.lti_service(
            fault.reason, sentence, status, check=fault.check, expected=fault.expected, got=fault.got
        )

    def page(self, x: Call, records: Sequence[R]) -> tuple[Sequence[R], dict[str, str]]:
        wanted = "limit" if x.query.get("limit") else "per_page"
        number, size = page_of(x, wanted, self.page_size, self.page_size)
        headers = {"Link": link_header(x, number, size, len(records))}
        return records[(number - 1) * size : number * size], headers


def _answer(x: Call, fault: Fault) -> tuple[int, str]:
    """Status and sentence for a line item or score that does not hold."""
    if fault.check == "scoreMaximum" and fault.what == "score":
        if fault.kind == "out_of_range":
            return 422, "ScoreMaximum must be greater than or equal to 0"
        return 422, "ScoreMaximum not supplied when ScoreGiven present."
    if fault.kind == "missing":
        return 400, f"param is missing or the value is empty: {fault.check}"
    if fault.kind == "not_a_time":
        return 400, f"Provided timestamp of {fault.got} not a valid timestamp"
    if fault.kind == "too_old":
        last = str(fault.expected).removeprefix("at or after ")
        return 400, f"Provided timestamp of {x.json()['timestamp']} before last updated timestamp of {last}"
    return 400 if fault.kind == "not_one_of" else 422, f"{fault.check} is invalid"


class CanvasRoster(CanvasService, Roster[Call, Place, Member]):
    """Names and roles, in pages of 50."""

    page_size: ClassVar[int | None] = ROSTER_PAGE

    def context(self, place: Place) -> dict[str, str]:
        course = place.course
        return {"id": places.context_id(course), "label": course.course_code or "", "title": course.name}

    def members(self, x: Call, place: Place) -> list[Member]:
        rlid = x.query.get("rlid")
        if rlid and rlid != places.context_id(place.course) and not _is_link(x, rlid, place):
            raise refusals.lti_service(
                "rlid_unknown",
                _about_link(x, rlid, place),
                400,
                check="rlid is a link to the tool in this course",
                got=rlid,
            )
        people: dict[int, list[str]] = {}
        for enrollment in rules.active(x.store.enrollments.find("course", place.course.id)):
            people.setdefault(enrollment.user_id, []).append(enrollment.type)
        return [
            Member(user, types) for id_, types in sorted(people.items()) if (user := x.store.users.get(id_)) is not None
        ]

    def roles(self, member: Member) -> list[str]:
        return claims.membership_roles(member.types)

    def shape(self, x: Call, place: Place, member: Member) -> dict[str, Any]:
        return claims.member(x, member.user, member.types, place.tool.privacy)


def _is_link(x: Call, link_id: str, place: Place) -> bool:
    link = x.store.resource_links.get(link_id)
    return link is not None and link.course_id == place.course.id and link.tool_id == place.tool.id


def _about_link(x: Call, link_id: str, place: Place) -> str:
    """What is wrong with a link that is not the tool's."""
    link = x.store.resource_links.get(link_id)
    if link is None:
        return "Invalid 'rlid' parameter"
    if link.course_id != place.course.id:
        return "Requested ResourceLink was not found"
    return "Tool does not have access to rlid or rlid does not exist"


NRPS = CanvasRoster()
