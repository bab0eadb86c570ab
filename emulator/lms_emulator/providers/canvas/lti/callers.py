"""Callers of LTI Advantage services, and the course that they address."""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import Account, Course, DeveloperKey, Group, Tool
from lms_emulator.providers.canvas.rules import features, states, tools

SAYS_CONCLUDED = "ags_improved_course_concluded_response_codes"


def why_not_its(tool_id: int, owner: int | None, caller: int) -> str:
    """Says that a tool belongs to another developer key than the caller's."""
    whose = f"belongs to developer key {owner}" if owner is not None else "is one of LTI 1.1, without a developer key"
    return f"tool {tool_id} {whose}; the token is one of {caller}"


class Place(NamedTuple):
    """The calling developer key, the course in the path, and the tool's deployment there."""

    key: DeveloperKey
    course: Course
    tool: Tool


def enter(api: Api, *scopes: str) -> Place:
    """The course in the path, for a tool whose token has one of the route's scopes. Raises refusals."""
    reference = api.slot("course_id")
    course = identifiers.find(api, "courses", reference)
    key = require_service(api.call, *scopes, account_id=course.account_id if course is not None else None).key
    if course is None or course.workflow_state == "deleted":
        raise refusals.not_found("the course", reference)
    return Place(key, course, tool_of(api, key, course))


def enter_group(api: Api, *scopes: str) -> tuple[DeveloperKey, Group, Tool]:
    """The key, the group in the path, and the tool's deployment for it. Raises refusals."""
    reference = api.slot("group_id")
    group = identifiers.find(api, "groups", reference)
    account = tools.account_of(api.store, group).id if group is not None else None
    key = require_service(api.call, *scopes, account_id=account).key
    if group is None or group.workflow_state == "deleted":
        raise refusals.not_found("the group", reference)
    return key, group, tool_of(api, key, group)


def require_at(api: Api, place: Account | Course | None, scope: str) -> DeveloperKey:
    """The calling key, which must be active in the given account or course. Raises refusals.

    For an account that does not exist Canvas just reports that it found no key.
    """
    account = place.account_id if isinstance(place, Course) else place.id if place is not None else None
    key = require_service(api.call, scope, account_id=account).key
    if place is None:
        check = "the account or course exists"
        raise refusals.lti_service("service_place_unknown", "Invalid Developer Key", 401, check=check, got=api.path)
    return key


def tool_of(api: Api, key: DeveloperKey, where: tools.Where) -> Tool:
    """The key's tool that is installed closest to a course, group or account.

    Raises the refusal `tool_not_in_context`.
    """
    found = nearest(api, key, where)
    if not api.check("the tool is deployed in the course", found is not None, got=key.name) or found is None:
        raise refusals.lti_service(
            "tool_not_in_context",
            "Access Token not linked to a Tool associated with this Context",
            401,
            check="the tool is deployed in the course",
            got=where.id,
            diagnosis=_why_not_here(api, key),
        )
    return found


def _living(api: Api, key: DeveloperKey) -> list[Tool]:
    return [tool for tool in api.store.tools.find("key", key.id) if tool.workflow_state == "active"]


def _why_not_here(api: Api, key: DeveloperKey) -> str:
    homes = [tools.place_of(api.store, tool) for tool in _living(api, key)]
    whose = f"the tool of developer key {key.id} is installed in"
    return (
        f"{whose} {', '.join(f'{kind.lower()} {number}' for kind, number in homes)}" if homes else f"{whose} no place"
    )


def nearest(api: Api, key: DeveloperKey, where: tools.Where) -> Tool | None:
    """The key's tool that is installed closest to a place, if there is one."""
    levels = tools.places(api.store, where)
    candidates = [tool for tool in _living(api, key) if tools.place_of(api.store, tool) in levels]
    return min(candidates, key=lambda tool: (levels.index(tools.place_of(api.store, tool)), tool.id), default=None)


def enter_gradebook(api: Api, *scopes: str) -> Place:
    """`enter` for line items, scores and results, which are closed in a concluded course."""
    place = enter(api, *scopes)
    if states.concluded(api, place.course):
        if api.settings.concluded_course_status == 404 and not features.enabled(api, api.root, SAYS_CONCLUDED):
            raise refusals.not_found("an existing course that is not concluded", place.course.id)
        raise refusals.lti_service(
            "course_concluded",
            "This course has concluded. AGS requests will no longer be accepted for this course.",
            422,
            check="the course is not concluded",
        )
    return place
