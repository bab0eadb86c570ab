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
from lms_emulator.providers.canvas.rules import collation, courses, roles, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, chain, root_of
from lms_emulator.providers.canvas.shapes import courses as shapes

SOURCE = f"{RECORDED}/courses.jsonl 0, 125, 137; canvas-lms app/controllers/courses_controller.rb"
Mine = dict[int, list[Enrollment]]
_BY_DATE = {
    "active": ("active",),
    "invited_or_pending": ("invited", "pending_active", "pending_invited"),
    "completed": ("completed",),
}
_DRAFTS = {"unpublished", "created", "claimed"}
_STATES = {*_DRAFTS, "available", "completed", "deleted"}
_STAFF = (*states.STAFF, "StudentViewEnrollment")


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
    if "user_id" in api.call.path_params and (named := api.later.text("account_id")):
        account = identifiers.account(api, named)
        found = [row for row in found if account in chain(api.store, row[0].account_id)]
    includes = api.params.includes
    return paged(api, found, lambda row: shown(api, *row, includes), path=path)


def current_courses(api: Api, user: User) -> list[tuple[Course, list[Enrollment]]]:
    """A user's courses with their enrollments, as in a course list, by name.

    With `include[]=observed_users`, the students whom the user observes count as well, and the filters apply to them.
    """
    found: Mine = {}
    for enrollment in _wanted(api, user):
        found.setdefault(enrollment.course_id, []).append(enrollment)
    records = [course for course in map(api.store.courses.get, found) if course is not None]
    records.sort(key=lambda course: (collation.key(shapes.course_name(api, course)), course.id))
    return [(course, found[course.id]) for course in records]


def shown(api: Api, course: Course, mine: list[Enrollment], includes: set[str]) -> Any:
    """A course in a list, with a user's enrollments; a stub if its dates lock them out."""
    if all(_shut_out(api, e, course) for e in mine) and not courses.may(api, api.caller, course, "read_as_admin"):
        return {"id": course.id, "access_restricted_by_date": True}
    return shapes.course(api, course, mine, includes)


def _shut_out(api: Api, enrollment: Enrollment, course: Course) -> bool:
    dated = enrollment.workflow_state in (*states.CURRENT, "completed") and course.workflow_state != "deleted"
    return enrollment.workflow_state == "inactive" or (dated and states.state_of(api, enrollment, course).restricted)


def with_own(api: Api, course: Course, includes: set[str]) -> Any:
    """A course with the caller's enrollments and, if requested, those of the students whom they observe."""
    rows = api.store.enrollments.find("whose", (course.id, api.caller.id)) if api.caller is not None else []
    mine = [e for e in rows if e.workflow_state not in states.ENDED]
    observed = _observed(api, course.id, mine) if "observed_users" in includes else []
    return shapes.course(api, course, [*mine, *observed], includes)


def _observed(api: Api, course_id: int, mine: list[Enrollment]) -> list[Enrollment]:
    """The enrollments of the students whom a user observes in a course, those that ended included."""
    students = {e.associated_user_id for e in mine if e.associated_user_id is not None}
    rows = api.store.enrollments.find("course", course_id) if students else []
    return [
        e for e in rows if e.user_id in students and e.type == "StudentEnrollment" and e.workflow_state != "deleted"
    ]


def _wanted(api: Api, user: User) -> list[Enrollment]:
    """The enrollments that the list is made of: first those of the user, then those of observed students.

    Source: canvas-lms app/controllers/courses_controller.rb, courses_for_user (2024-04).
    """
    mine = [(e, c) for e in api.store.enrollments.find("user", user.id) if (c := api.store.courses.get(e.course_id))]
    listed, by_date = api.params.get("state") is not None, api.params.text("enrollment_state") or ""
    if listed:
        api.params.chosen(_STATES, "state")
        found = [e for e, c in mine if _in_state(e, c, api.params.texts("state")) and _fits(api, e)]
        found = [e for e in found if by_date not in _BY_DATE or _by_date(api, e, by_date, scoped=True)]
    else:
        found = [e for e, c in mine if _current(e, c)]
        if by_date == "active":
            found = [e for e in found if e.workflow_state == "active" and _by_date(api, e, "active")]
    if "observed_users" in api.params.includes:
        found += [e for e in _observed_in(api, found) if by_date != "active" or _by_date(api, e, "active")]
    elif listed:
        return found
    found = [e for e in found if _fits(api, e)]
    return [e for e in found if by_date not in _BY_DATE or by_date == "active" or _by_date(api, e, by_date)]


def _observed_in(api: Api, mine: list[Enrollment]) -> list[Enrollment]:
    places: Mine = {}
    for enrollment in mine:
        places.setdefault(enrollment.course_id, []).append(enrollment)
    return [e for course_id, rows in places.items() for e in _observed(api, course_id, rows)]


def _course_of(api: Api, enrollment: Enrollment) -> Course:
    course = api.store.courses.get(enrollment.course_id)
    assert course is not None, "the world file's references are checked when it is loaded"
    return course


def _fits(api: Api, enrollment: Enrollment) -> bool:
    """Whether an enrollment has the role asked for, and is in the school asked for; a role's name beats its id."""
    params = api.params
    if (role := params.text("enrollment_role")) is not None:
        fits = roles.role_name(api, enrollment) == role
    elif params.text("enrollment_role_id") is not None:
        fits = enrollment.role_id == params.integer("enrollment_role_id")
    elif (kind := params.text("enrollment_type")) is not None:
        fits = enrollment.type == f"{kind.capitalize()}Enrollment"
    else:
        fits = True
    school = _school(api)
    return fits and (school is None or root_of(api.store, _course_of(api, enrollment).account_id) == school)


def _school(api: Api) -> Account | bool | None:
    """The school whose courses are requested: this one or the one named. False if no school has that name."""
    if api.params.flag("current_domain_only"):
        return api.root
    named = api.params.text("root_account_id")
    return None if named is None else identifiers.find(api, "accounts", named) or False


def _by_date(api: Api, enrollment: Enrollment, name: str, *, scoped: bool = False) -> bool:
    """Whether an enrollment is in that state by its dates.

    Parameters: `scoped`, whether Canvas's database picks them, which passes over those that ended and are locked.
    """
    state = states.state_of(api, enrollment, _course_of(api, enrollment))
    lasts = name == "active" or (name == "completed" and not scoped)
    return state.name in _BY_DATE[name] and (lasts or not state.restricted)


def _current(enrollment: Enrollment, course: Course) -> bool:
    """Whether a list without `state` has a course of this enrollment: active or invited, and no draft for students."""
    kept, staff = course.workflow_state, enrollment.type in _STAFF
    if enrollment.workflow_state == "invited":
        return kept == "available" or (kept != "deleted" and staff)
    return enrollment.workflow_state == "active" and (kept == "available" or (kept == "unpublished" and staff))


def _in_state(enrollment: Enrollment, course: Course, asked: list[str]) -> bool:
    """Whether a course in one of these states is listed for an enrollment; states that Canvas lacks filter nothing."""
    known = {"unpublished" if value in _DRAFTS else value for value in asked} & _STATES
    if not known:
        return True
    own, kept = enrollment.workflow_state, course.workflow_state
    if kept not in known:
        return False
    if kept == "unpublished":
        return own == "active" or (own == "invited" and enrollment.type in _STAFF)
    return own in states.CURRENT if kept == "available" else own == kept


def show(api: Api) -> Any:
    """A course, for its members, admins above it, and the public if it is open."""
    name = "id" if "id" in api.call.path_params else "course_id"
    course = identifiers.find(api, "courses", api.slot(name))
    includes = api.params.includes
    everything = "all_courses" in includes
    if course is None or (course.workflow_state == "deleted" and not everything):
        raise refusals.not_found("the course", api.slot(name))
    if "account_id" in api.call.path_params:
        account = identifiers.account(api, api.slot("account_id"))
        if account not in chain(api.store, course.account_id):
            raise refusals.not_found("the course below the account", course.id)
    courses.require(api, course, "read")
    body: Any = with_own(api, course, includes)
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
