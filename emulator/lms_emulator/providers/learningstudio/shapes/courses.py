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


def user(call: Call, record: User) -> dict[str, Any]:
    """A user, as `/me` and `/users/ID` give it."""
    return {
        "id": record.id,
        "userName": record.username,
        "firstName": record.first_name,
        "lastName": record.last_name,
        "emailAddress": record.email,
        "clientString": record.client_string,
        "links": [wire.link(call, f"/users/{record.id}", "self")],
    }


def person(call: Call, record: User) -> dict[str, Any]:
    """A user in one of a course's lists of people."""
    return {
        "id": record.id,
        "firstName": record.first_name,
        "lastName": record.last_name,
        "emailAddress": record.email,
        "links": [wire.link(call, f"/users/{record.id}", "self")],
    }


def roster_entry(enrollment: Enrollment, record: User) -> dict[str, Any]:
    """A row of the roster."""
    return {
        "id": record.id,
        "roleType": enrollment.role,
        "firstName": record.first_name,
        "lastName": record.last_name,
        "personaId": record.persona_id,
    }


def roster_member(call: Call, enrollment: Enrollment, record: User) -> dict[str, Any]:
    """One member of the roster, with the username, which the documented way to get a token reads here."""
    return {
        **roster_entry(enrollment, record),
        "userName": record.username,
        "emailAddress": record.email,
        "links": [wire.link(call, f"/users/{record.id}", "related")],
    }


def role(enrollment: Enrollment) -> dict[str, Any]:
    """The role of an enrolment, by number, code and name."""
    return {
        "id": ROLE_NUMBERS[enrollment.role],
        "type": enrollment.role,
        "name": ROLE_NAMES[enrollment.role],
    }


def course(call: Call, record: Course, expand: set[str]) -> dict[str, Any]:
    """A course; `expand` names the collections of people to include, in lower case."""
    made: dict[str, Any] = {}
    for name, wanted in PEOPLE:
        path = f"/courses/{record.id}/{name}"
        made_link: dict[str, Any] = wire.link(call, path, "self", name)
        if name.lower() in expand:
            people = [person(call, member) for _, member in call.store.members(record.id, wanted)]
            made_link = {name: people, **made_link}
        made[name] = {"links": [made_link]}
    made |= {
        "id": record.id,
        "displayCourseCode": record.display_course_code,
        "title": record.title,
        "callNumbers": record.call_numbers,
        "links": [] if record.term_id is None else [wire.link(call, f"/terms/{record.term_id}", "/term")],
    }
    return made


def course_link(call: Call, record: Course, expand: set[str]) -> dict[str, Any]:
    """A course in a user's list: a link, with the course inside it when `expand` asks for it."""
    made_link = wire.link(call, f"/courses/{record.id}", "/course", record.title)
    if "course" in expand:
        made_link = {"course": course(call, record, set()), **made_link}
    return {"links": [made_link]}


def term(call: Call, record: Term) -> dict[str, Any]:
    """A term; the two dates were observed, the other keys are chosen."""
    return {
        "id": record.id,
        "name": record.name,
        "startDateTime": wire.instant(record.start),
        "endDateTime": wire.instant(record.end),
        "links": [wire.link(call, f"/terms/{record.id}", "self")],
    }


def announcement(record: Announcement) -> dict[str, Any]:
    """An announcement; its text is HTML."""
    return {
        "id": record.id,
        "subject": record.subject,
        "text": record.text,
        "submitter": record.submitter,
        "startDisplayDate": wire.instant(record.start_display),
        "endDisplayDate": wire.instant(record.end_display),
    }
