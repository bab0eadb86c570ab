"""REST: courses as their members and admins see them."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, Enrollment, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, roles, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, chain, root_of
from lms_emulator.providers.canvas.shapes import courses as shapes

SOURCE = f"{RECORDED}/courses.jsonl 0, 125, 137; canvas-lms app/controllers/courses_controller.rb"
Mine = dict[int, list[Enrollment]]
_BY_DATE = {
    "active": ("active",),
    "invited_or_pending": ("invited", "creation_pending", "pending_active", "pending_invited"),
    "completed": ("completed",),
}


def index(api: Api) -> Any:
    """The caller's own courses."""
    return _courses_of(api, api.user, "/api/v1/courses")


def of_user(api: Api) -> Any:
    """A user's courses: the caller's own, an observed student's, or anybody's for admins of the school."""
    caller = api.user
    user = identifiers.user(api, api.slot("user_id"))
    observes = any(
        link.observer_id == caller.id and link.workflow_state == "active"
        for link in api.store.user_observers.find("student", user.id)
    )
    allowed = caller.id == user.id or observes or account_allows(api, caller, api.root, "read_course_list")
    if not api.check("may see the person's courses", allowed, got=user.id):
        raise api.refused(f"courses of user {user.id}")
    return _courses_of(api, user, f"/api/v1/users/{user.id}/courses")


def _courses_of(api: Api, user: User, path: str) -> Any:
    found = current_courses(api, user)
    found = [row for row in found if not (api.params.flag("exclude_blueprint_courses") and row[0].blueprint)]
    if api.params.has("homeroom") and api.params.flag("homeroom"):
        found = [row for row in found if row[0].homeroom_course]
    if "user_id" in api.x.path_params and (named := api.later.text("account_id")):
        account = identifiers.account(api, named)
        found = [row for row in found if account in chain(api.store, row[0].account_id)]
    includes = api.params.includes
    return paged(api, found, lambda row: shown(api, *row, includes), path=path)


def current_courses(api: Api, user: User) -> list[tuple[Course, list[Enrollment]]]:
    """A user's courses with their enrollments, as in a course list, by name."""
    found: Mine = {}
    for enrollment in _wanted(api, user):
        found.setdefault(enrollment.course_id, []).append(enrollment)
    records = [course for course in map(api.store.courses.get, found) if course is not None]
    records.sort(key=lambda course: (shapes.course_name(api, course).lower(), course.id))
    return [(course, found[course.id]) for course in records]


def shown(api: Api, course: Course, mine: list[Enrollment], includes: set[str]) -> Any:
    """A course in a list, with a user's enrollments; a stub if its dates lock them out."""
    stated = [(e, states.state_of(api, e, course)) for e in mine]
    if course.workflow_state != "deleted" and stated and all(state.restricted for _, state in stated):
        return {"id": course.id, "access_restricted_by_date": True}
    over = course.workflow_state == "completed" and not api.params.has("state")
    current = [e for e in mine if not over and (e.workflow_state in states.CURRENT or api.params.has("state"))]
    return with_own(api, course, current, includes)


def with_own(api: Api, course: Course, mine: list[Enrollment], includes: set[str]) -> Any:
    """A course with a user's enrollments and, if requested, those of the students whom they observe."""
    observed = _observed(api, course, mine) if "observed_users" in includes else []
    return shapes.course(api, course, [*mine, *observed], includes)


def _observed(api: Api, course: Course, mine: list[Enrollment]) -> list[Enrollment]:
    students = {e.associated_user_id for e in mine if e.associated_user_id is not None}
    rows = api.store.enrollments.find("course", course.id)
    return [
        e for e in rows if e.user_id in students and e.type in states.STUDENTS and e.workflow_state in states.CURRENT
    ]


def _wanted(api: Api, user: User) -> list[Enrollment]:
    rows = [(e, c) for e in api.store.enrollments.find("user", user.id) if (c := api.store.courses.get(e.course_id))]
    asked = api.params.texts("state")
    found = [e for e, course in rows if _in_list(e, course, asked)]
    kind = api.params.text("enrollment_type")
    if kind is not None:
        found = [e for e in found if e.type == f"{kind[:1].upper()}{kind[1:]}Enrollment"]
    role = api.params.text("enrollment_role")
    if role is not None:
        found = [e for e in found if roles.role_name(api, e) == role]
    role_id = api.params.text("enrollment_role_id")
    if role_id is not None:
        found = [e for e in found if str(e.role_id) == role_id]
    school = _school(api)
    if school is not None:
        found = [
            e for e in found if (c := api.store.courses.get(e.course_id)) and root_of(api.store, c.account_id) == school
        ]
    by_date = _BY_DATE.get(api.params.text("enrollment_state") or "")
    if by_date is not None:
        found = [e for e in found if (c := api.store.courses.get(e.course_id)) and _state(api, e, c) in by_date]
    return found


def _school(api: Api) -> Account | bool | None:
    """The school whose courses are asked for: this one or one that is named. False where there is none of that name."""
    if api.params.flag("current_domain_only"):
        return api.root
    named = api.params.text("root_account_id")
    return None if named is None else identifiers.find(api, "accounts", named) or False


def _state(api: Api, enrollment: Enrollment, course: Course) -> str:
    return states.state_of(api, enrollment, course).name


def _in_list(enrollment: Enrollment, course: Course, asked: list[str]) -> bool:
    if not asked:
        drafts = ("unpublished", "available") if enrollment.type in states.STAFF else ("available",)
        return enrollment.workflow_state in states.CURRENT and course.workflow_state in drafts
    known = {"unpublished", "available", "completed", "deleted"} & set(asked)
    if course.workflow_state not in (known or {"unpublished", "available", "completed"}):
        return False
    if course.workflow_state == "deleted":
        return True
    if course.workflow_state == "completed":
        return enrollment.workflow_state in (*states.CURRENT, "completed")
    return enrollment.workflow_state in (*states.CURRENT, "creation_pending")


def show(api: Api) -> Any:
    """A course, for its members, admins above it, and the public if it is open."""
    name = "id" if "id" in api.x.path_params else "course_id"
    course = identifiers.find(api, "courses", api.slot(name))
    includes = api.params.includes
    everything = "all_courses" in includes
    if course is None or (course.workflow_state == "deleted" and not everything):
        raise refusals.not_found("the course", api.slot(name))
    if "account_id" in api.x.path_params:
        account = identifiers.account(api, api.slot("account_id"))
        if account not in chain(api.store, course.account_id):
            raise refusals.not_found("the course below the account", course.id)
    courses.require(api, course, "read", "read_as_admin")
    rows = [] if api.caller is None else api.store.enrollments.find("user", api.caller.id)
    mine = [e for e in rows if e.course_id == course.id and e.workflow_state in states.CURRENT]
    mine = mine if course.workflow_state != "completed" else []
    observed = _observed(api, course, mine) if "observed_users" in includes else []
    body = shapes.course(api, course, [*mine, *observed], includes)
    if "permissions" in includes:
        body["permissions"] = {
            "create_discussion_topic": courses.may(api, api.caller, course, "create_forum"),
            "create_announcement": courses.may(api, api.caller, course, "moderate_forum"),
        }
    return body


ROUTES: tuple[Route, ...] = rest(
    "courses",
    SOURCE,
    ("GET /api/v1/courses", index, "The caller's courses"),
    ("GET /api/v1/users/{user_id}/courses", of_user, "Somebody's courses"),
    ("GET /api/v1/courses/{id}", show, "A course"),
    ("GET /api/v1/accounts/{account_id}/courses/{id}", show, "A course of an account"),
)
