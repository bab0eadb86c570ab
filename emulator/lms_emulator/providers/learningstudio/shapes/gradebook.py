"""JSON of columns of a gradebook and of grades."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.model.gradebook import Grade, GradebookItem
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.rules import Totals
from lms_emulator.providers.learningstudio.shapes.courses import user


def gradebook_item(call: Call, item: GradebookItem) -> dict[str, Any]:
    """A column of the gradebook, linked to the course item that it grades."""
    return {
        "type": item.type,
        "id": item.id,
        "title": item.title,
        "pointsPossible": wire.points(item.points_possible),
        "isIncludedInGrade": item.is_included_in_grade,
        "isExtraCredit": item.is_extra_credit,
        "links": [wire.link(call, f"/courses/{item.course_id}/items/{item.item_id}", "related")],
    }


def grade(call: Call, record: Grade, expand: set[str]) -> dict[str, Any]:
    """A grade; `expand=user` puts the student inside its link."""
    student_link: dict[str, Any] = wire.link(call, f"/users/{record.user_id}", "self")
    student = call.store.users.get(record.user_id)
    if "user" in expand and student is not None:
        student_link = {"user": user(call, student), **student_link}
    return {
        "id": record.id,
        "points": None if record.points is None else wire.points(record.points),
        "letterGrade": record.letter_grade,
        "comments": record.comments,
        "updatedDate": wire.instant(record.updated),
        "gradedStudent": {"id": record.user_id, "links": [student_link]},
    }


def user_gradebook_item(call: Call, item: GradebookItem, student: User, expand: set[str]) -> dict[str, Any]:
    """A gradebook item with its grade for one user; its id is the user's number, a hyphen and the item's id."""
    path = f"/users/{student.id}/courses/{item.course_id}/gradebookItems/{item.id}/grade"
    grade_link: dict[str, Any] = wire.link(call, path, "/user/course/gradebookitem/grade")
    given = call.store.grade_of(item, student.id)
    if "grade" in expand and given is not None:
        grade_link = {"grade": grade(call, given, set()), **grade_link}
    return {
        "id": f"{student.id}-{item.id}",
        "gradebookItem": gradebook_item(call, item),
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


def points_possible(columns: list[GradebookItem]) -> dict[str, Any]:
    """The sum of the columns' points, and those of extra credit (the names are chosen)."""
    extra = sum(item.points_possible for item in columns if item.is_extra_credit)
    total = sum(item.points_possible for item in columns) - extra
    return {"pointsPossible": wire.points(total), "extraCreditPointsPossible": wire.points(extra)}
