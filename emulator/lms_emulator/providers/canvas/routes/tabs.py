"""REST: the navigation tabs of courses, accounts and people."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import belonging, courses, tabs
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.tabs import tab


def of_course(api: Api) -> list[Json]:
    """The tabs of a course; a 404 for those who may not read it."""
    course = identifiers.course(api, api.slot("course_id"))
    if not api.check("may read the course", courses.may(api, api.caller, course, "read")):
        raise refusals.not_found("the course", course.id)
    api.params.includes.isdisjoint(("external", "course_subject_tabs"))  # always included, and in no school like this
    return [tab(api, entry) for entry in tabs.of_course(api, course)]


def of_account(api: Api) -> list[Json]:
    """The tabs of an account."""
    account = identifiers.account(api, api.slot("account_id"))
    if not api.check("may read the account", belonging.reads_account(api, account)):
        raise refusals.not_found("the account", account.id)
    return [tab(api, entry) for entry in tabs.of_account(api, account)]


def of_person(api: Api) -> list[Json]:
    """The tabs of the caller's profile."""
    user = identifiers.user(api, api.slot("user_id"))
    if not api.check("it is the caller", user == api.caller):
        raise refusals.not_found("the user", user.id)
    return [tab(api, entry) for entry in tabs.of_person(api, user)]


def update(api: Api) -> Any:
    """Move or hide a tab of a course."""
    course = courses.from_path(api, "manage_course_content_edit")
    position = api.params.integer("position")
    hide = api.params.flag("hidden") if api.params.has("hidden") else None
    wanted = position if api.params.has("position") else None
    return tab(api, tabs.arrange(api, course, api.slot("tab_id"), wanted, hide))


ROUTES = rest(
    "tabs",
    f"{RECORDED}/courses-misc.jsonl 1, 21, 32; canvas-lms app/controllers/tabs_controller.rb",
    ("GET /api/v1/courses/{course_id}/tabs", of_course, "Tabs of a course"),
    ("GET /api/v1/accounts/{account_id}/tabs", of_account, "Tabs of an account"),
    ("GET /api/v1/users/{user_id}/tabs", of_person, "Tabs of the caller's profile"),
    ("PUT /api/v1/courses/{course_id}/tabs/{tab_id}", update, "Move or hide a tab of a course"),
)
