"""JSON of people, courses, terms and announcements."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.model.people import (
    ROLE_NAMES,
    ROLE_NUMBERS,
    Announcement,
    Course,
    Enrollment,
    Role,
    Term,
    User,
)

PEOPLE: tuple[tuple[str, Role], ...] = (
    ("instructors", "PROF"),
    ("teachingAssistants", "TA"),
    ("students", "STUD"),
)
"""The collections of people below a course, and the role each holds."""


def user(x: Call, one: User) -> dict[str, Any]:
    """A user, as `/me` and `/users/ID` give it."""
    return {
        "id": one.id,
        "userName": one.username,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "emailAddress": one.email,
        "clientString": one.client_string,
        "links": [wire.link(x, f"/users/{one.id}", "self")],
    }


def person(x: Call, one: User) -> dict[str, Any]:
    """A user in one of a course's lists of people."""
    return {
        "id": one.id,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "emailAddress": one.email,
        "links": [wire.link(x, f"/users/{one.id}", "self")],
    }


def roster_entry(enrollment: Enrollment, one: User) -> dict[str, Any]:
    """A row of the roster."""
    return {
        "id": one.id,
        "roleType": enrollment.role,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "personaId": one.persona_id,
    }


def roster_member(x: Call, enrollment: Enrollment, one: User) -> dict[str, Any]:
    """One member of the roster, with the username, which the documented way to get a token reads here."""
    return {
        **roster_entry(enrollment, one),
        "userName": one.username,
        "emailAddress": one.email,
        "links": [wire.link(x, f"/users/{one.id}", "related")],
    }


def role(enrollment: Enrollment) -> dict[str, Any]:
    """The role of an enrolment, by number, code and name."""
    return {
        "id": ROLE_NUMBERS[enrollment.role],
        "type": enrollment.role,
        "name": ROLE_NAMES[enrollment.role],
    }


def course(x: Call, one: Course, expand: set[str]) -> dict[str, Any]:
    """A course; `expand` names the collections of people to include, in lower case."""
    made: dict[str, Any] = {}
    for name, wanted in PEOPLE:
        path = f"/courses/{one.id}/{name}"
        made_link: dict[str, Any] = wire.link(x, path, "self", name)
        if name.lower() in expand:
            people = [person(x, member) for _, member in x.store.members(one.id, wanted)]
            made_link = {name: people, **made_link}
        made[name] = {"links": [made_link]}
    made |= {
        "id": one.id,
        "displayCourseCode": one.display_course_code,
        "title": one.title,
        "callNumbers": one.call_numbers,
        "links": [] if one.term_id is None else [wire.link(x, f"/terms/{one.term_id}", "/term")],
    }
    return made


def course_link(x: Call, one: Course, expand: set[str]) -> dict[str, Any]:
    """A course in a user's list: a link, with the course inside it when `expand` asks for it."""
    made_link = wire.link(x, f"/courses/{one.id}", "/course", one.title)
    if "course" in expand:
        made_link = {"course": course(x, one, set()), **made_link}
    return {"links": [made_link]}


def term(x: Call, one: Term) -> dict[str, Any]:
    """A term; the two dates were observed, the other keys are chosen."""
    return {
        "id": one.id,
        "name": one.name,
        "startDateTime": wire.instant(one.start),
        "endDateTime": wire.instant(one.end),
        "links": [wire.link(x, f"/terms/{one.id}", "self")],
    }


def announcement(one: Announcement) -> dict[str, Any]:
    """An announcement; its text is HTML."""
    return {
        "id": one.id,
        "subject": one.subject,
        "text": one.text,
        "submitter": one.submitter,
        "startDisplayDate": wire.instant(one.start_display),
        "endDisplayDate": wire.instant(one.end_display),
    }
