"""Courses and the people in them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import representations as show
from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model import Role
from lms_emulator.providers.learningstudio.routes.common import (
    course_named,
    expansions,
    is_student,
    require_staff,
    resource,
    subject,
    user_named,
)
from lms_emulator.providers.learningstudio.wire import Call

_COURSE_PAGE = "developer.pearson.com: Course information"


def course(x: Call, caller: Caller) -> Response:
    """A course; a student may not have its students written out."""
    found, expand = course_named(x, caller), expansions(x)
    if "teachingassistances" in expand:  # spelt so on the page
        expand.add("teachingassistants")
    if "students" in expand:
        require_staff(x, caller, found, "expand=students")
    body = show.course(x, found, expand)
    if "courseintroduction" in expand:
        body["courseIntroduction"] = {"links": []}
    return wire.answer({"courses": [body]})


def roster(x: Call, caller: Caller) -> Response:
    found = course_named(x, caller)
    return wire.answer({"roster": [show.roster_entry(*member) for member in x.store.members(found.id)]})


def roster_member(x: Call, caller: Caller) -> Response:
    """One member; a student sees his teachers here, whom /users/ID hides from him."""
    found = course_named(x, caller)
    user = user_named(x, caller, x.path_params["user_id"])
    enrollment = x.store.member(found.id, user.id)
    if enrollment is None:
        raise wire.not_found("Roster member", user.id)
    return wire.answer({"rosterMember": show.roster_member(x, enrollment, user)})


def people(name: str, role: Role) -> Callable[[Call, Caller], Response]:
    """The handler of /courses/ID/instructors and its like."""

    def handler(x: Call, caller: Caller) -> Response:
        found = course_named(x, caller)
        if role == "STUD" and x.settings.students_list_for_students == "refuse":
            require_staff(x, caller, found, "the list of students")
        return wire.answer({name: [show.person(x, user) for _, user in x.store.members(found.id, role)]})

    return handler


def enrolled_users(x: Call, caller: Caller) -> Response:
    found = course_named(x, caller)
    rows = [
        {
            "id": enrollment.id,
            "enrollmentDate": wire.instant(enrollment.enrolled),
            "user": show.user(x, user) if not is_student(x, caller, found) else show.person(x, user),
            "role": show.role(enrollment),
        }
        for enrollment, user in x.store.members(found.id)
    ]
    return wire.answer({"enrolledUsers": rows})


def role(x: Call, caller: Caller) -> Response:
    """The caller's own role in the course."""
    user = subject(x, caller)
    found = course_named(x, caller)
    enrollment = x.store.member(found.id, user.id)
    if enrollment is None:
        raise wire.not_found("Role", user.id, "an administrator need not be in the course")
    return wire.answer({"role": show.role(enrollment)})


def time_zone(x: Call, caller: Caller) -> Response:
    return wire.answer({"timeZone": {"zoneName": course_named(x, caller).time_zone}})


ROUTES: tuple[Route, ...] = (
    resource(
        "GET",
        "/courses/{course_id}",
        course,
        summary="A course, by number or ccn=",
        evidence="documented",
        source=_COURSE_PAGE,
        tag="courses",
    ),
    resource("GET", "/courses/{course_id}/roster", roster, summary="Who is in a course", tag="courses"),
    resource(
        "GET",
        "/courses/{course_id}/roster/{user_id}",
        roster_member,
        summary="One member of a course",
        evidence="documented",
        source="developer.pearson.com: Step-by-step guide, token by assertion (the route)",
        tag="courses",
    ),
    *(
        resource("GET", f"/courses/{{course_id}}/{name}", people(name, wanted), summary=name, tag="courses")
        for name, wanted in show.PEOPLE
    ),
    resource("GET", "/courses/{course_id}/enrolledUsers", enrolled_users, summary="Enrolments", tag="courses"),
    resource("GET", "/me/courses/{course_id}/role", role, summary="The user's own role", tag="courses"),
    resource("GET", "/me/courses/{course_id}/timeZone", time_zone, summary="The course's time zone", tag="courses"),
)
