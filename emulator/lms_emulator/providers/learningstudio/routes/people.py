"""The server's clock, users, their courses and terms."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import (
    Call,
    Handler,
    both,
    check_campus,
    days,
    expansions,
    record_named,
    resource,
    subject,
)
from lms_emulator.providers.learningstudio.credentials import Caller, identify, require
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.settings import CRITIQUES, DASHBOARD, android, java
from lms_emulator.providers.learningstudio.shapes import courses as show


def system_date_time(call: Call) -> Response:
    """GET /systemDateTime, for clients whose clock is wrong. Wrong credentials are refused here too."""
    (identify if call.settings.anonymous_system_date_time else require)(call)
    value = wire.instant(call.clock.now())
    if wire.wants_xml(call):
        # Seven decimals, all zero: Pearson's Java library reads them as milliseconds.
        return wire.xml(f"<systemDateTime><value>{value[:-1]}.0000000Z</value></systemDateTime>")
    return wire.answer({"systemDateTime": {"value": value}})


def me(call: Call, caller: Caller) -> Response:
    """GET /me; unlike other users, not in a list."""
    return wire.answer({"me": show.user(call, subject(call, caller))})


def user(call: Call, caller: Caller) -> Response:
    """GET /users/ID: a list of one."""
    return wire.answer({"users": [show.user(call, _visible(call, caller))]})


def _visible(call: Call, caller: Caller) -> User:
    """The user of the path, if the caller may see them; teachers may see everyone on the campus."""
    found = subject(call, caller)
    own = caller.user
    if own is None or own.id == found.id or own.administrator:
        return found
    if not any(enrollment.role != "STUD" for enrollment in call.store.enrollments.find("user", own.id)):
        raise refusals.other_user(found.id)
    return found


def courses(call: Call, caller: Caller) -> Response:
    """A user's courses: all, or those that start or end between two dates."""
    starts, ends = days(call, "startDatesBetween"), days(call, "endDatesBetween")
    expand = expansions(call)
    found = [
        show.course_link(call, course, expand)
        for course in call.store.courses_of(_visible(call, caller))
        if (starts is None or starts[0] <= course.start < starts[1])
        and (ends is None or ends[0] <= course.end < ends[1])
    ]
    return wire.answer({"courses": found})


def current_courses(call: Call, caller: Caller) -> Response:
    """The list of courses that the mobile site of 2011 reads."""
    now = call.clock.now()
    found = [
        {
            "id": course.id,
            "title": course.title,
            "displayCourseCode": course.display_course_code,
            "callNumbers": course.call_numbers,
        }
        for course in call.store.courses_of(subject(call, caller))
        if course.start <= now < course.end
    ]
    return wire.answer({"currentCourses": found})


def classmates(call: Call, caller: Caller) -> Response:
    """The students who share a course with the user; no teachers."""
    own = _visible(call, caller)
    found = {
        member.id: show.person(call, member)
        for course in call.store.courses_of(own)
        for _, member in call.store.members(course.id, "STUD")
        if member.id != own.id
    }
    return wire.answer({"classmates": list(found.values())})


def terms(call: Call, caller: Caller) -> Response:
    """The terms of a user's courses, each once."""
    return wire.answer({"terms": [show.term(call, term) for term in call.store.terms_of(_visible(call, caller))]})


def term(call: Call, caller: Caller) -> Response:
    """GET /terms/ID: a list of one."""
    found = record_named(call, call.store.terms, "term_id", "Term")
    check_campus(call, caller, found.client_string, "Term", found.id)
    return wire.answer({"terms": [show.term(call, found)]})


_CLASSMATES = f"{CRITIQUES}, getPersonaIdByUser (names the path, the body is chosen)"
_TERM_LINK = "PearsonLearningStudio/mobile2-windows7 eCollegeWP7/ECollegeAPI/Model/Boilerplate/TermLink.cs"
_OBSERVED: tuple[tuple[str, Handler, str, str], ...] = (
    ("/me", me, "The user of the access token", android("services/users/FetchMeService")),
    ("/users/{user_id}", user, "A user, by number or loginid=", android("services/users/FetchUserByIdService")),
    (
        "/me/currentcourses_moby",
        current_courses,
        "Courses of today (2011)",
        android("services/courses/FetchMyCoursesService"),
    ),
)

ROUTES: tuple[Route, ...] = (
    Route(
        methods=("GET",),
        path="/systemDateTime",
        handler=system_date_time,
        evidence="observed",
        source=java("core/BasicService"),
        summary="The server's clock, as JSON or XML",
        tag="system",
    ),
    *(
        resource("GET", path, handler, summary=summary, source=source, tag="users")
        for path, handler, summary, source in _OBSERVED
    ),
    *both("GET", "/courses", courses, summary="A user's courses", source=f"{CRITIQUES}, getCourses; {DASHBOARD}"),
    *both("GET", "/classmates", classmates, summary="Students in the same courses", source=_CLASSMATES),
    *both("GET", "/terms", terms, summary="The terms of a user's courses", source=f"{CRITIQUES}, getCourses"),
    resource("GET", "/terms/{term_id}", term, summary="A term", evidence="inferred", source=_TERM_LINK, tag="terms"),
)
