"""LTI Advantage at Canvas: rosters, line items, scores, results.

Source: github.com/instructure/canvas-lms `app/controllers/lti/ims/`: `names_and_roles_controller.rb`,
`line_items_controller.rb`, `scores_controller.rb`, `results_controller.rb`, `concerns/gradebook_services.rb`
(statuses and texts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.grades import Grades
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import Result
from lms_emulator.lti.services import Roster, Service
from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti import claims, places
from lms_emulator.providers.canvas.lti.paging import link_header, page_of
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    DeveloperKey,
    LineItem,
    ResourceLink,
    Tool,
    User,
)
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services

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


class CanvasGrades(CanvasService, Grades[Call, Place, LineItem, User]):
    """A tool sees its own line items only; a line item without a link makes an assignment."""

    def line_items(self, x: Call, place: Place) -> list[LineItem]:
        return [i for i in x.store.line_items.find("course", place.course.id) if i.developer_key_id == place.key.id]

    def line_item(self, x: Call, place: Place) -> LineItem:
        item = x.store.line_items.get(number(x.path_params["id"]))
        if item is None or item.course_id != place.course.id:
            raise refusals.lti_resource_unknown(
                "line_item_unknown", "the line item is in the course", x.path_params["id"]
            )
        if not x.check("the line item is the tool's", item.developer_key_id == place.key.id):
            raise refusals.lti_service(
                "line_item_of_another_tool",
                "Tool does not have permission to view line_item",
                412,
                check="the line item is the tool's",
                expected=item.developer_key_id,
                got=place.key.id,
            )
        return item

    def create(self, x: Call, place: Place, data: services.LineItemData) -> LineItem:
        link_id = data.resource_link_id
        if link_id is not None and not _is_link(x, link_id, place):
            check = "resourceLinkId is a link to the tool in this course"
            raise refusals.lti_resource_unknown("resource_link_unknown", check, link_id)
        item = add_line_item(x, place.course, place.key.id, data)
        if link_id is None:
            add_assignment(x, place.course, data)
        return item

    def kept(self, item: LineItem, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        kept = {"label": item.data.label, "scoreMaximum": item.data.score_maximum}
        given = {name: value for name, value in body.items() if value is not None}
        return {**kept, **given, "resourceLinkId": item.data.resource_link_id}

    def change(self, x: Call, item: LineItem, data: services.LineItemData) -> LineItem:
        return x.store.line_items.put(msgspec.structs.replace(item, data=data))

    def remove(self, x: Call, item: LineItem) -> None:
        if not x.check("the line item stands on its own", not item.coupled):
            raise refusals.lti_service(
                "line_item_coupled", "Unauthorized", 401, check="the line item does not belong to a placed link"
            )
        x.store.line_items.delete(item.id)

    def url(self, x: Call, item: LineItem) -> str:
        return x.url(f"/api/lti/courses/{item.course_id}/line_items/{item.id}")

    def person(self, x: Call, reference: str) -> User | None:
        return x.store.users.first("lti_id", reference) or x.store.users.get(number(reference))

    def sub(self, user: User) -> str:
        return user.lti_id

    def read_score(self, x: Call, place: Place, body: Any) -> tuple[services.ScoreData, User]:
        user = self.learner(x, place, body.get("userId") if isinstance(body, dict) else None)
        return self.score(x, body), user

    def learner(self, x: Call, place: Place, reference: object) -> User:
        text = str(reference) if reference is not None else ""
        user = self.person(x, text)
        if user is not None and user.lti_id != text:
            x.warn(
                "score_by_api_id", "Canvas takes its own user id here; other platforms know only the id_token's `sub`"
            )
        known = user is not None and rules.is_student(x, user, place.course.id)
        if user is None or not x.check("userId is a student of the course", known):
            raise refusals.lti_service(
                "score_for_no_student",
                "User not found in course or is not a student",
                422,
                check="userId is a student of the course",
                got=reference,
            )
        return user

    def scored(self, x: Call, item: LineItem, result: Result) -> Response:
        return JSONResponse(
            {"resultUrl": self.result_url(x, item, result)}, media_type=services.SCORE_TYPE + self.charset
        )

    def show_result(self, x: Call) -> Response:
        """GET: one result."""
        item = self.line_item(x, self.enter(x, lti13.SCOPE_RESULT_READ))
        result = x.store.results.get(number(x.path_params["result_id"]))
        if result is None or result.line_item_id != item.id:
            check = "the result is of the line item"
            raise refusals.lti_resource_unknown("result_unknown", check, x.path_params["result_id"])
        return JSONResponse(self.result_json(x, item, result), media_type=services.RESULTS_TYPE + self.charset)


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


def add_line_item(
    x: Call, course: Course, key_id: int, data: services.LineItemData, *, coupled: bool = False
) -> LineItem:
    """Keep a new line item. `coupled`: it belongs to a placed link, and stays as long as that."""
    number = x.store.next_number("line_items")
    item = LineItem(id=number, course_id=course.id, developer_key_id=key_id, data=data, coupled=coupled)
    return x.store.line_items.put(item)


def add_assignment(x: Call, course: Course, data: services.LineItemData, link: ResourceLink | None = None) -> None:
    """The assignment that people see for a line item."""
    now = x.clock.now()
    assignment = Assignment(
        id=x.store.next_number("assignments"),
        course_id=course.id,
        name=data.label,
        points_possible=data.score_maximum,
        resource_link_id=link.id if link is not None else None,
        created_at=now,
        updated_at=now,
    )
    x.store.assignments.put(assignment)


NRPS = CanvasRoster()
AGS = CanvasGrades()
