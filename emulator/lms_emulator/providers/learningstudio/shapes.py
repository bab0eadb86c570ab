"""JSON of the records, with keys in the order of real answers where one was seen."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.model.gradebook import Grade, GradebookItem
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
from lms_emulator.providers.learningstudio.rules import Totals

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
    """One member of the roster, with the username, which the documented way to a token looks up here."""
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
    """A course; `expand` holds the collections of people to write out, in lower case."""
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
    """A term; the two dates were seen, the other keys are chosen."""
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


def gradebook_item(x: Call, one: GradebookItem) -> dict[str, Any]:
    """A column of the gradebook, linked to the course item that it grades."""
    return {
        "type": one.type,
        "id": one.id,
        "title": one.title,
        "pointsPossible": wire.points(one.points_possible),
        "isIncludedInGrade": one.is_included_in_grade,
        "isExtraCredit": one.is_extra_credit,
        "links": [wire.link(x, f"/courses/{one.course_id}/items/{one.item_id}", "related")],
    }


def grade(x: Call, one: Grade, expand: set[str]) -> dict[str, Any]:
    """A grade; `expand=user` puts the student inside its link."""
    student_link: dict[str, Any] = wire.link(x, f"/users/{one.user_id}", "self")
    student = x.store.users.get(one.user_id)
    if "user" in expand and student is not None:
        student_link = {"user": user(x, student), **student_link}
    return {
        "id": one.id,
        "points": None if one.points is None else wire.points(one.points),
        "letterGrade": one.letter_grade,
        "comments": one.comments,
        "updatedDate": wire.instant(one.updated),
        "gradedStudent": {"id": one.user_id, "links": [student_link]},
    }


def user_gradebook_item(x: Call, item: GradebookItem, student: User, expand: set[str]) -> dict[str, Any]:
    """A gradebook item with its grade for one user; its id is the user's number, a hyphen and the item's id."""
    path = f"/users/{student.id}/courses/{item.course_id}/gradebookItems/{item.id}/grade"
    grade_link: dict[str, Any] = wire.link(x, path, "/user/course/gradebookitem/grade")
    given = x.store.grade_of(item, student.id)
    if "grade" in expand and given is not None:
        grade_link = {"grade": grade(x, given, set()), **grade_link}
    return {
        "id": f"{student.id}-{item.id}",
        "gradebookItem": gradebook_item(x, item),
        "links": [grade_link],
    }


def course_grade(sums: Totals) -> dict[str, Any]:
    """A course grade to date."""
    return {
        "average": wire.points(sums.average),
        "earned": wire.points(sums.earned),
        "possible": wire.points(sums.possible),
        "extraCredit": wire.points(sums.extra_credit),
        "isWeightingOn": False,
        "letterGrade": {"letterGrade": sums.letter, "comments": ""},
        "shareWithStudent": True,
    }
