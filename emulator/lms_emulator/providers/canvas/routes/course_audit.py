"""REST: the audit log of courses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import CourseChange
from lms_emulator.providers.canvas.paging import audited
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes


def _listed(api: Api, found: Iterable[CourseChange], what: str) -> Any:
    allowed = account_allows(api, api.caller, api.root, "view_course_changes")
    if not api.check("may see what was done to courses", allowed):
        raise api.refused("view_course_changes in the school")
    path = f"{AUDIT}/{what}"
    return audited(api, found, _event, lambda events, shown: _document(api, events, shown), path)


def of_course(api: Api) -> Any:
    """Changes to a course, even a deleted one."""
    course = identifiers.named(api, "courses", api.slot("course_id"), "the course", deleted=True)
    return _listed(api, api.store.course_changes.find("course", course.id), f"courses/{course.id}")


def of_account(api: Api) -> Any:
    """Changes to courses while they were in an account itself."""
    account = identifiers.account(api, api.slot("account_id"))
    found = [change for change in api.store.course_changes if _account_id(api, change) == account.id]
    return _listed(api, found, f"accounts/{account.id}")


def _account_id(api: Api, change: CourseChange) -> int | None:
    course = api.store.courses.get(change.course_id)
    return change.account_id or (course.account_id if course is not None else None)


def _event(change: CourseChange) -> Json:
    links: dict[str, Any] = {"course": change.course_id, "user": change.user_id, "page_view": None}
    links["sis_batch"] = change.sis_batch_id
    paired = change.event_type in change.event_data
    return {
        "id": change.id,
        "created_at": stamp(change.created_at),
        "event_type": change.event_type,
        "event_source": change.event_source,
        "event_data": {} if paired else change.event_data,
        "links": {**change.event_data, **links} if paired else links,
    }


def _document(api: Api, events: list[Any], shown: list[CourseChange]) -> Json:
    named = [n for row in shown for n in (row.course_id, row.event_data.get(row.event_type)) if isinstance(n, int)]
    courses = [c for n in dict.fromkeys(named) if (c := api.store.courses.get(n)) is not None]
    users = [u for n in dict.fromkeys(change.user_id for change in shown) if (u := api.store.users.get(n)) is not None]
    return {
        "links": {
            "events.course": api.url("/api/v1/courses/{events.course}"),
            "events.user": None,
            "events.sis_batch": None,
        },
        "events": events,
        "linked": {
            "page_views": [],
            "courses": [course_shapes.course(api, course, [], ()) for course in courses],
            "users": [people_shapes.person(api, user, api.root) for user in users],
        },
    }


AUDIT = "/api/v1/audit/course"
ROUTES: tuple[Route, ...] = rest(
    "courses",
    f"{RECORDED}/people-misc.jsonl 31; canvas-lms app/controllers/course_audit_api_controller.rb, "
    "lib/api/v1/course_event.rb",
    (f"GET {AUDIT}/courses/{{course_id}}", of_course, "Audit log of a course"),
    (f"GET {AUDIT}/accounts/{{account_id}}", of_account, "Audit log of an account's courses"),
)
