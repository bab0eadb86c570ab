"""Courses and the people in them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import (
    Call,
    Handler,
    course_named,
    expansions,
    is_student,
    require_staff,
    resource,
    subject,
    user_named,
)
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model.people import Role
from lms_emulator.providers.learningstudio.settings import CRITIQUES, DASHBOARD, PORTAL, android, windows
from lms_emulator.providers.learningstudio.shapes import courses as show


def course(call: Call, caller: Caller) -> Response:
    """GET /courses/ID; a student may not expand its students."""
    found, expand = course_named(call, caller), expansions(call)
    if "teachingassistances" in expand:  # the page spells it so
        expand.add("teachingassistants")
    if "students" in expand:
        require_staff(call, caller, found, "expand=students")
    body = show.course(call, found, expand)
    if "courseintroduction" in expand:
        body["courseIntroduction"] = {"links": []}
    return wire.answer({"courses": [body]})


def roster(call: Call, caller: Caller) -> Response:
    """GET …/roster: everybody in the course."""
    found = course_named(call, caller)
    return wire.answer({"roster": [show.roster_entry(*member) for member in call.store.members(found.id)]})


def roster_member(call: Call, caller: Caller) -> Response:
    """GET …/roster/ID; a student sees teachers here, whom /users/ID hides from students."""
    found = course_named(call, caller)
    user = user_named(call, caller, call.path_params["user_id"])
    enrollment = call.store.member(found.id, user.id)
    if enrollment is None:
        raise refusals.not_found("Roster member", user.id)
    return wire.answer({"rosterMember": show.roster_member(call, enrollment, user)})


def people(name: str, role: Role) -> Callable[[Call, Caller], Response]:
    """The handler of …/instructors, …/teachingAssistants or …/students."""

    def handler(call: Call, caller: Caller) -> Response:
        found = course_named(call, caller)
        if role == "STUD" and call.settings.students_list_for_students == "refuse":
            require_staff(call, caller, found, "the list of students")
        return wire.answer({name: [show.person(call, user) for _, user in call.store.members(found.id, role)]})

    return handler


def enrolled_users(call: Call, caller: Caller) -> Response:
    """GET …/enrolledUsers; a student sees the others without username and campus."""
    found = course_named(call, caller)
    rows = [
        {
            "id": enrollment.id,
            "enrollmentDate": wire.instant(enrollment.enrolled),
            "user": show.user(call, user) if not is_student(call, caller, found) else show.person(call, user),
            "role": show.role(enrollment),
        }
        for enrollment, user in call.store.members(found.id)
    ]
    return wire.answer({"enrolledUsers": rows})


def role(call: Call, caller: Caller) -> Response:
    """The caller's own role in the course."""
    user = subject(call, caller)
    found = course_named(call, caller)
    enrollment = call.store.member(found.id, user.id)
    if enrollment is None:
        raise refusals.not_found("Role", user.id, "an administrator need not be in the course")
    return wire.answer({"role": show.role(enrollment)})


def time_zone(call: Call, caller: Caller) -> Response:
    """GET …/timeZone, by its Windows name."""
    return wire.answer({"timeZone": {"zoneName": course_named(call, caller).time_zone}})


_PEOPLE = f"{android('services/courses/FetchInstructorsForCourse')}; {windows('Model/Course')}"
_OBSERVED: tuple[tuple[str, Handler, str, str], ...] = (
    ("/courses/{course_id}/roster", roster, "Who is in a course", android("services/users/FetchRosterService")),
    *((f"/courses/{{course_id}}/{name}", people(name, wanted), name, _PEOPLE) for name, wanted in show.PEOPLE),
    (
        "/courses/{course_id}/enrolledUsers",
        enrolled_users,
        "Enrolments",
        windows("Services/Users/FetchEnrolledUsersService"),
    ),
    ("/me/courses/{course_id}/role", role, "The user's own role", f"{CRITIQUES}, isModerator"),
    ("/me/courses/{course_id}/timeZone", time_zone, "The course's time zone", DASHBOARD),
)

ROUTES: tuple[Route, ...] = (
    resource(
        "GET",
        "/courses/{course_id}",
        course,
        summary="A course, by number or ccn=",
        evidence="documented",
        source=f"{PORTAL}/course-information; {android('services/courses/FetchCourseByIdService')}",
        tag="courses",
    ),
    resource(
        "GET",
        "/courses/{course_id}/roster/{user_id}",
        roster_member,
        summary="One member of a course",
        evidence="documented",
        source=f"{PORTAL}/step-step-guide-getting-token-assertion-grant-type; {CRITIQUES}, getPersonaIdByUser",
        tag="courses",
    ),
    *(
        resource("GET", path, handler, summary=summary, source=source, tag="courses")
        for path, handler, summary, source in _OBSERVED
    ),
)
