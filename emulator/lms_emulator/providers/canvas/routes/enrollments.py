"""REST: enrollments."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, stamp
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Course, Enrollment, User, touched
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, enrolled, enrolling, narrowing, people, periods, states
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.rules.scores import scores
from lms_emulator.providers.canvas.shapes import enrollments as shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes

SOURCE = (
    f"{RECORDED}/courses-enrol.jsonl 110, 199; {RECORDED}/courses-enrol-write.jsonl 1, 167; "
    "canvas-lms app/controllers/enrollments_api_controller.rb"
)
TASKS = {"delete": "deleted", "inactivate": "inactive", "deactivate": "inactive"}
IN_ROW = ("locked", "can_be_removed", "current_points", "observed_users")
IN_USER = {"avatar_url", "email", "group_ids", "uuid"}
"""What a list of enrollments may include, in each row and in its user."""


def in_course(api: Api) -> Any:
    """The enrollments of a course that the caller may see."""
    course = identifiers.course(api, api.slot("course_id"))
    return _in_course(api, course, ("course", course.id), api.path)


def in_section(api: Api) -> Any:
    """The enrollments of a section."""
    section = identifiers.section(api, api.slot("section_id"))
    return _in_course(api, identifiers.course(api, section.course_id), ("section", section.id), api.path)


def _in_course(api: Api, course: Course, place: tuple[str, int], path: str) -> Any:
    asked = _asked(api)
    if (person := api.params.text("user_id")) is not None:
        rows = _of_person(api, course, place, identifiers.user(api, person), asked)
    elif require_roster(api, course):
        if not asked:
            asked = [*states.CURRENT, "creation_pending"]
            if courses.may(api, api.caller, course, "read_as_admin") and not _limited(api, course):
                asked.append("inactive")
        rows = visible(api, course, _roster(api, course, place, tuple(asked)), staff=True)
    else:
        rows = _of_observer(api, course, place, asked)
    return _listed(api, narrowing.narrowed(api, rows, course), path, course)


def _of_person(api: Api, course: Course, place: tuple[str, int], user: User, asked: list[str]) -> list[Enrollment]:
    """One person's enrollments in a course: one's own for everybody, others' for those who may see the roster."""
    if api.user.id != user.id:
        require_roster(api, course)
        rows = _roster(api, course, place, tuple(asked or states.CURRENT))
        return [e for e in rows if e.user_id == user.id]
    _require_list(api)
    rows = [e for e in api.store.enrollments.find(*place) if e.user_id == user.id]
    found = [e for e in rows if states.listed(api, e, course, asked)]
    return sorted(found, key=partial(_place_in_list, api))


def _asked(api: Api) -> list[str]:
    api.params.chosen(states.STATES, "state")
    return api.params.given("state")


def _require_list(api: Api) -> None:
    """Refuse, or crash, as Canvas does, on states of one's own enrollments that are unknown or not a list."""
    asked = api.params.given("state")
    if asked and not isinstance(api.params.get("state"), list):
        raise refusals.crashed("`state` is not a list", api.params.get("state"))
    unknown = next((name for name in asked if name not in states.OWN_STATES), None)
    if api.settings.refuses_unknown_states and unknown is not None:
        body = {"error": f"Invalid state {unknown}"}
        raise refusals.rest("state_unknown", 400, body, check="the states are known", got=unknown)
    later = set() if api.settings.later_parameters else {"current_future_and_restricted"}
    if asked and not (states.CONDITIONS.keys() - later) & set(asked):
        raise refusals.crashed("none of the states is one of enrollments", asked)


def in_states(api: Api, course: Course, place: tuple[str, int], wanted: tuple[str, ...]) -> list[Enrollment]:
    """The enrollments listed for a course or section, in one of the states."""

    def compute() -> list[Enrollment]:
        return [e for e in api.store.enrollments.find(*place) if shapes.shown_state(api, e, course) in wanted]

    tables = ("enrollments", "courses", "course_sections")
    return api.store.derived(("in states", place, wanted), tables, compute)


def _roster(api: Api, course: Course, place: tuple[str, int], wanted: tuple[str, ...]) -> list[Enrollment]:
    """`in_states`, in list order."""

    def compute() -> list[Enrollment]:
        return sorted(in_states(api, course, place, wanted), key=partial(_place_in_list, api))

    tables = ("enrollments", "users", "courses", "course_sections")
    return api.store.derived(("roster", place, wanted), tables, compute)


def _place_in_list(api: Api, enrollment: Enrollment) -> list[Any]:
    user = api.store.users.get(enrollment.user_id)
    return [enrollment.type, people.sortable_name(user) if user is not None else "", enrollment.id]


def require_roster(api: Api, course: Course) -> bool:
    """Refuse callers who may not see who is in the course. Returns False of those who only observe somebody there."""
    allowed = courses.may(api, api.caller, course, "read_roster", "view_all_grades", "manage_grades")
    sees = allowed and courses.may(api, api.caller, course, "read", "read_as_admin")
    if not api.check("may see who takes part", sees or bool(_observing(api, course))):
        raise api.refused(f"read_roster in course {course.id}")
    return sees


def _observing(api: Api, course: Course) -> list[Enrollment]:
    """The enrollments as which the caller observes in a course, or did so before it was over or shut."""
    rows = [] if api.caller is None else api.store.enrollments.find("user", api.caller.id)
    observers = (e for e in rows if e.course_id == course.id and e.type == "ObserverEnrollment")
    return [e for e in observers if e.workflow_state not in ("deleted", "rejected")]


def _of_observer(api: Api, course: Course, place: tuple[str, int], asked: list[str]) -> list[Enrollment]:
    """What an observer sees of a roster: all that they are there themselves, and who is observed and studies now."""
    watched = {e.associated_user_id for e in _observing(api, course)}

    def shown(enrollment: Enrollment) -> bool:
        if asked and shapes.shown_state(api, enrollment, course) not in asked:
            return False
        if enrollment.user_id == api.user.id:
            return enrollment.workflow_state != "deleted"
        return (
            enrollment.user_id in watched
            and enrollment.type in states.STUDENTS
            and enrollment.workflow_state not in states.ENDED
        )

    return sorted(filter(shown, api.store.enrollments.find(*place)), key=partial(_place_in_list, api))


_RUNNING = ("read_as_admin", "view_all_grades", "manage_grades", "manage_students", "allow_course_admin_actions")


def _limited(api: Api, course: Course) -> bool:
    own = [] if api.caller is None else courses.enrollments_of(api, api.caller, course)
    return bool(own) and all(e.limit_privileges_to_course_section for e, _ in own)


def visible(api: Api, course: Course, rows: list[Enrollment], *, staff: bool = False) -> list[Enrollment]:
    """The enrollments that the caller may see: all, those of their sections, or the observed ones.

    Parameters: `staff`, whether people limited to one section see those who teach all sections.
    """
    if api.caller is None or courses.may(api, api.caller, course, "read_roster"):
        if api.caller is not None and _limited(api, course):
            sections = {e.course_section_id for e, _ in courses.enrollments_of(api, api.caller, course)}
            return [e for e in rows if e.course_section_id in sections or (staff and _of_all_sections(e))]
        return rows
    own = [e for e, _ in courses.enrollments_of(api, api.caller, course)]
    shown = {api.caller.id} | {e.associated_user_id for e in own if e.associated_user_id is not None}
    return [e for e in rows if e.user_id in shown]


def met(api: Api, course: Course, rows: list[Enrollment]) -> list[Enrollment]:
    """The enrollments whose people the caller sees in lists of people.

    Non-staff see students, teachers and TAs, but no designers or observers.
    Source: canvas-lms app/models/course.rb, enrollment_visibility_level_for (2023-06).
    """
    rows = visible(api, course, rows)
    if courses.may(api, api.caller, course, *_RUNNING):
        return rows
    return [e for e in rows if e.type not in ("ObserverEnrollment", "DesignerEnrollment")]


def _of_all_sections(record: Enrollment) -> bool:
    return record.type in states.STAFF and not record.limit_privileges_to_course_section


def _listed(api: Api, rows: list[Enrollment], path: str, context: Course | None) -> Any:
    asked, key = api.params.includes, partial(_place_in_list, api)
    includes = frozenset(value for value in (*IN_ROW, *IN_USER) if value in asked)
    return bookmarked(api, rows, lambda e: _row(api, e, includes, context), key, path=path)


def _row(api: Api, enrollment: Enrollment, includes: frozenset[str], context: Course | None) -> Any:
    course = api.store.courses.get(enrollment.course_id)
    assert course is not None, "the world file's references are checked when it is loaded"
    body = shapes.enrollment(api, enrollment, course, sis_of=context or api.root, includes=includes & IN_USER)
    if "locked" in includes:
        body["locked"] = enrolling.locked(api, enrollment, course)
    if "can_be_removed" in includes:
        kept = enrolling.locked(api, enrollment, course)
        body["can_be_removed"] = not kept and _may_end(api, course, enrollment, "deleted")
    if "current_points" in includes and "current_score" in body.get("grades", {}):
        period = periods.asked_for(api, course)
        only = periods.assignments_of(api, course, period, enrollment.user_id) if period is not None else None
        body["grades"]["current_points"] = scores(api, enrollment, course, only=only).points
        if "unposted_current_score" in body["grades"]:
            body["grades"]["unposted_current_points"] = scores(api, enrollment, course, unposted=True, only=only).points
    if "observed_users" in includes and enrollment.associated_user_id is not None:
        body["observed_user"] = _observed(api, enrollment.associated_user_id, course)
    return body


def _observed(api: Api, user_id: int, course: Course) -> Any:
    user = api.store.users.get(user_id)
    assert user is not None
    rows = api.store.enrollments.find("whose", (course.id, user_id))
    rows = [e for e in rows if e.type in states.STUDENTS and e.workflow_state != "deleted"]
    body = people_shapes.person(api, user, course, ())
    return {**body, "enrollments": [shapes.enrollment(api, e, course) for e in rows]}


def of_user(api: Api) -> Any:
    """A user's enrollments: the caller's own by date, others' in stored order."""
    user = identifiers.user(api, api.slot("user_id"))
    own = api.user.id == user.id
    observes = any(
        link.observer_id == api.user.id and link.workflow_state == "active"
        for link in api.store.user_observers.find("student", user.id)
    )
    if not api.check("may see the person's enrollments", own or observes or _administers(api, user), got=user.id):
        raise api.refused(f"enrollments of user {user.id}")
    if own:
        _require_list(api)
    rows = api.store.enrollments.find("user", user.id)
    pairs = [(e, course) for e in rows if (course := api.store.courses.get(e.course_id)) is not None]
    asked = _asked(api)
    found = [e for e, course in pairs if (states.listed if own else _of_other_in)(api, e, course, asked)]
    found.sort(key=partial(_place_in_list, api))
    return _listed(api, narrowing.narrowed(api, found, None), api.path, None)


def _administers(api: Api, user: User) -> bool:
    return account_allows(api, api.caller, api.root, "read_roster")


def _of_other_in(api: Api, enrollment: Enrollment, course: Course, asked: list[str]) -> bool:
    """Whether somebody else's enrollment is listed."""
    if asked:
        return shapes.shown_state(api, enrollment, course) in asked
    return enrollment.workflow_state in states.CURRENT and course.workflow_state not in ("completed", "deleted")


def show(api: Api) -> Any:
    """One enrollment of the school."""
    account = identifiers.account(api, api.slot("account_id"))
    record = api.store.enrollments.get(identifiers.local_number(api.slot("id")))
    if account.id != api.root.id or record is None:
        raise refusals.not_found("the enrollment", api.slot("id"))
    course = identifiers.course(api, record.course_id)
    own = api.user.id == record.user_id
    allowed = own or account_allows(api, api.caller, account, "read_roster")
    if not api.check("may see the enrollment", allowed, got=record.id):
        raise api.refused(f"enrollment {record.id}")
    return shapes.enrollment(api, record, course)


def create(api: Api) -> Any:
    """Enroll a user in a course."""
    course = identifiers.course(api, api.slot("course_id"))
    return _create(api, course, None)


def create_in_section(api: Api) -> Any:
    """Enroll a user in a section; a section among the parameters is ignored."""
    section = identifiers.section(api, api.slot("section_id"))
    return _create(api, identifiers.course(api, section.course_id), section)


def _create(api: Api, course: Course, section: Any) -> Any:
    _ = api.user
    fields = api.params.hash("enrollment")
    if fields.has("self_enrollment_code"):
        asked = enrolling.self_enrollment(api, course, section, fields)
    else:
        asked = enrolling.wish(api, course, section, fields)
    before = {row.id: row.workflow_state for row in api.store.enrollments.find("user", asked.user.id)}
    record = enrolling.enroll(api, asked)
    if fields.flag("notify"):
        enrolling.notify(api, course, record, before.get(record.id))
    return shapes.enrollment(api, record, course)


def _enrollment(api: Api) -> tuple[Course, Enrollment]:
    course = identifiers.course(api, api.slot("course_id"))
    record = identifiers.row(api.store.enrollments, api.slot("id"), "the enrollment", course_id=course.id)
    return course, record


def _changed(api: Api, course: Course, record: Enrollment, state: Any) -> Any:
    done = api.now if state == "completed" else None
    changed = touched(record, api.now, workflow_state=state, completed_at=done)
    return shapes.enrollment(api, enrolled.keep(api, changed), course)


def destroy(api: Api) -> Any:
    """End an enrollment: conclude it, or delete or deactivate it."""
    course, record = _enrollment(api)
    state = TASKS.get(api.params.text("task") or "", "completed")
    _require_end(api, course, record, state)
    return _changed(api, course, record, state)


def _require_end(api: Api, course: Course, record: Enrollment, state: str) -> None:
    """Refuse callers who may not end the enrollment in that way."""
    needs = enrolling.to_end(record.type, state)
    if not api.check("may end the enrollment", _may_end(api, course, record, state), got=record.id):
        raise api.refused(f"{' or '.join(needs)} in course {course.id}", *needs)


def _may_end(api: Api, course: Course, record: Enrollment, state: str) -> bool:
    """Whether the caller may end an enrollment in that way. Only account admins may remove their own."""
    if not courses.may(api, api.caller, course, *enrolling.to_end(record.type, state)):
        return False
    if api.user.id != record.user_id or state == "completed" or record.type == "StudentViewEnrollment":
        return True
    account = api.store.accounts.get(course.account_id)
    return account is not None and account_allows(api, api.caller, account, "allow_course_admin_actions")


def reactivate(api: Api) -> Any:
    """Reactivate an inactive enrollment."""
    course, record = _enrollment(api)
    _require_end(api, course, record, "active")
    if record.workflow_state != "inactive":
        raise refusals.rest(
            "enrollment_not_inactive", 400, {"error": "enrollment not inactive"}, check="it is inactive"
        )
    return _changed(api, course, record, "active")


def _invitation(api: Api) -> tuple[Course, Enrollment]:
    course, record = _enrollment(api)
    if not api.check("it is the caller's own", record.user_id == api.user.id, got=record.user_id):
        raise api.refused("the caller's own invitation")
    return course, record


def accept(api: Api) -> Any:
    """Accept an invitation."""
    course, record = _invitation(api)
    _answer(api, course, record, "active")
    return {"success": True}


def reject(api: Api) -> Any:
    """Decline an invitation."""
    course, record = _invitation(api)
    _answer(api, course, record, "rejected")
    return {"success": True}


def _answer(api: Api, course: Course, record: Enrollment, answer: str) -> None:
    """Give an invitation the state that its answer asks for; a rejected one first waits again."""
    now = states.state_of(api, record, course).name
    if now == answer:
        return
    if now == "inactive":
        raise _no_invitation("membership not activated")
    if now == "rejected":
        record = api.store.enrollments.put(touched(record, api.now, workflow_state="invited"))
        now = states.state_of(api, record, course).name
    if record.self_enrolled:
        raise _no_invitation("self enroll")
    if now != "invited":
        raise _no_invitation("no current invitation")
    _changed(api, course, record, answer)


def _no_invitation(text: str) -> Exception:
    return refusals.rest("no_invitation", 400, {"error": text}, check="an invitation waits")


def last_attended(api: Api) -> Any:
    """Record when a student was last seen in class."""
    course = identifiers.course(api, api.slot("course_id"))
    if not api.check("may grade", courses.may(api, api.user, course, "view_all_grades", "manage_grades")):
        raise api.refused(f"view_all_grades in course {course.id}")
    if (text := api.params.text("date")) is None:
        raise refusals.crashed("`date` is not text")
    moment = read_moment(text, api.zone)
    if moment is None:
        raise refusals.message(400, "date_invalid", "Invalid date time input")
    place, person = as_whole(api.slot("course_id")), as_whole(api.slot("user_id"))
    for record in api.store.enrollments.find("course", course.id):
        # Canvas reads the path's ids as numbers: an SIS id or `self` finds nobody here.
        if record.user_id == person and course.id == place:
            api.store.enrollments.put(replace(record, last_attended_at=moment))
    return {"date": stamp(moment)}


COURSE = "/api/v1/courses/{course_id}"
SECTION = "/api/v1/sections/{section_id}"
ROUTES: tuple[Route, ...] = rest(
    "enrollments",
    SOURCE,
    (f"GET {COURSE}/enrollments", in_course, "Enrollments of a course"),
    (f"GET {SECTION}/enrollments", in_section, "Enrollments of a section"),
    ("GET /api/v1/users/{user_id}/enrollments", of_user, "Enrollments of a person"),
    ("GET /api/v1/accounts/{account_id}/enrollments/{id}", show, "One enrollment"),
    (f"POST {COURSE}/enrollments", create, "Enroll somebody"),
    (f"POST {SECTION}/enrollments", create_in_section, "Enroll somebody in a section"),
    (f"DELETE {COURSE}/enrollments/{{id}}", destroy, "End an enrollment"),
    (f"PUT {COURSE}/enrollments/{{id}}/reactivate", reactivate, "Reactivate an enrollment"),
    (f"POST {COURSE}/enrollments/{{id}}/accept", accept, "Accept an invitation"),
    (f"POST {COURSE}/enrollments/{{id}}/reject", reject, "Decline an invitation"),
    (f"PUT {COURSE}/users/{{user_id}}/last_attended", last_attended, "Set a student's last attended date"),
)
