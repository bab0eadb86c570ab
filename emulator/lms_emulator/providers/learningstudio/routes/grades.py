"""Grades: of a gradebook item, of a user, and of a course to date."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import (
    NUMBER,
    Call,
    body_of,
    both,
    count,
    course_and_subject,
    expansions,
    field,
    listed_ids,
    record_named,
    require_staff,
    resource,
    staffed_course,
)
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model.gradebook import Grade, GradebookItem
from lms_emulator.providers.learningstudio.model.people import Course, User
from lms_emulator.providers.learningstudio.routes.gradebook import item_named, points
from lms_emulator.providers.learningstudio.rules import totals
from lms_emulator.providers.learningstudio.settings import PORTAL, android, java
from lms_emulator.providers.learningstudio.shapes import gradebook as show
from lms_emulator.providers.learningstudio.shapes.courses import person

_BASICS = java("grades/GradeService")
_GRADE = f"{_BASICS}; {android('services/grades/FetchMyGradebookItemGrade')}"
_GRADEBOOK = f"{_BASICS}; {android('services/courses/FetchUserGradebookItemsForCourseId')}"


# --- all grades of an item; never for students ---
def _staffed_item(call: Call, caller: Caller) -> tuple[Course, GradebookItem]:
    course = staffed_course(call, caller, "the grades of a gradebook item")
    return course, item_named(call, course)


def grades(call: Call, caller: Caller) -> Response:
    """GET …/grades; `gradedStudents=1;2` filters by student, `expand=user` includes their records."""
    _, item = _staffed_item(call, caller)
    found = call.store.grades.find("item", item.id)
    if (numbers := listed_ids(call, "gradedStudents")) is not None:
        found = [grade for grade in found if str(grade.user_id) in numbers]
    return wire.answer({"grades": [show.grade(call, grade, expansions(call)) for grade in found]})


def grade(call: Call, caller: Caller) -> Response:
    """GET …/grades/ID: a list of one."""
    _, item = _staffed_item(call, caller)
    return wire.answer({"grades": [show.grade(call, _grade_named(call, item), expansions(call))]})


def create_grade(call: Call, caller: Caller) -> Response:
    """POST …/grades; the body names the student: `{"grade":{"gradedStudent":{"id":1},"points":10}}`."""
    course, item = _staffed_item(call, caller)
    body = body_of(call, "grade")
    student = field(field(body, "gradedStudent", dict, {}), "id", int)
    if student is None:
        raise refusals.malformed_body(
            "Missing required element: gradedStudent.",
            check="gradedStudent.id",
            expected='{"grade": {"gradedStudent": {"id": 1}, "points": 10}}',
            diagnosis="or name the student in the path: /users/ID/courses/ID/gradebookItems/ID/grade",
        )
    member = call.store.member(course.id, student)
    if member is None or member.role != "STUD":
        raise refusals.not_found("Student in this course", student)
    made = _new_grade(call, item, student, body)
    return wire.created(
        call,
        f"/courses/{course.id}/gradebook/gradebookItems/{item.id}/grades/{made.id}",
        {"grade": show.grade(call, made, set())},
    )


def update_grade(call: Call, caller: Caller) -> Response:
    """PUT …/grades/ID; omitted members keep their values."""
    _, item = _staffed_item(call, caller)
    _store(call, _grade_named(call, item), body_of(call, "grade"))
    return wire.no_content()


def delete_grade(call: Call, caller: Caller) -> Response:
    """DELETE …/grades/ID."""
    _, item = _staffed_item(call, caller)
    call.store.grades.delete(_grade_named(call, item).id)
    return wire.no_content()


def _grade_named(call: Call, item: GradebookItem) -> Grade:
    return record_named(call, call.store.grades, "grade_id", "Grade", lambda grade: grade.gradebook_item_id == item.id)


def _new_grade(call: Call, item: GradebookItem, student: int, body: dict[str, Any]) -> Grade:
    if call.store.grade_of(item, student) is not None:
        raise refusals.bad_request(
            "grade_exists",
            "The student already has a grade for this item.",
            check="there is no grade yet",
            got=student,
            diagnosis="change it with PUT",
        )
    blank = Grade(
        id=call.store.next_number("grades"), gradebook_item_id=item.id, user_id=student, updated=call.clock.now()
    )
    return _store(call, blank, body)


def _store(call: Call, old: Grade, body: dict[str, Any]) -> Grade:
    given = field(body, "points", NUMBER)
    changed = replace(
        old,
        points=old.points if given is None else points(given, "points"),
        letter_grade=field(body, "letterGrade", str, old.letter_grade),
        comments=field(body, "comments", str, old.comments),
        updated=call.clock.now(),
    )
    return call.store.grades.put(changed)


# --- a user's grades ---
def _staffed_subject(call: Call, caller: Caller) -> tuple[Course, User]:
    course, user = course_and_subject(call, caller)
    require_staff(call, caller, course, "grades for writing")
    return course, user


def _grade_of(call: Call, item: GradebookItem, user: User, diagnosis: str | None = None) -> Grade:
    found = call.store.grade_of(item, user.id)
    if found is None:
        raise refusals.not_found("Grade", item.id, diagnosis)
    return found


def user_grade(call: Call, caller: Caller) -> Response:
    """GET …/grade: not a list, unlike …/grades/ID."""
    course, user = course_and_subject(call, caller)
    found = _grade_of(call, item_named(call, course), user)
    return wire.answer({"grade": show.grade(call, found, expansions(call))})


def create_user_grade(call: Call, caller: Caller) -> Response:
    """POST …/grade, refused if there is a grade already."""
    course, user = _staffed_subject(call, caller)
    item, body = item_named(call, course), body_of(call, "grade")
    made = _new_grade(call, item, user.id, body)
    path = f"/users/{user.id}/courses/{course.id}/gradebook/gradebookItems/{item.id}/grade"
    return wire.created(call, path, {"grade": show.grade(call, made, set())})


def update_user_grade(call: Call, caller: Caller) -> Response:
    """PUT …/grade; omitted members keep their values."""
    course, user = _staffed_subject(call, caller)
    found = _grade_of(call, item_named(call, course), user, "there is no grade yet; create it with POST")
    _store(call, found, body_of(call, "grade"))
    return wire.no_content()


def delete_user_grade(call: Call, caller: Caller) -> Response:
    """DELETE …/grade."""
    course, user = _staffed_subject(call, caller)
    call.store.grades.delete(_grade_of(call, item_named(call, course), user).id)
    return wire.no_content()


def user_gradebook_items(call: Call, caller: Caller) -> Response:
    """GET …/userGradebookItems; `expand=grade` includes the grades."""
    course, user = course_and_subject(call, caller)
    expand = expansions(call)
    items = call.store.gradebook_items.find("course", course.id)
    return wire.answer({"userGradebookItems": [show.user_gradebook_item(call, item, user, expand) for item in items]})


def user_gradebook_item(call: Call, caller: Caller) -> Response:
    """GET …/userGradebookItems/ID, where ID is `{userId}-{gradebook item's id}`."""
    course, user = course_and_subject(call, caller)
    identifier: str = call.path_params["user_gradebook_item_id"]
    user_id, _, item_id = identifier.partition("-")
    item = call.store.gradebook_items.get(item_id.lower())
    if user_id != str(user.id) or item is None or item.course_id != course.id:
        raise refusals.not_found("User gradebook item", identifier)
    return wire.answer({"userGradebookItems": [show.user_gradebook_item(call, item, user, expansions(call))]})


# --- the course to date ---
_MOST_STUDENTS = 30
"""Page size according to the manual of Pearson's libraries (Documentation/detail/library-grades.html)."""


def user_gradebook_items_totals(call: Call, caller: Caller) -> Response:
    """GET …/userGradebookItemsTotals: the points that a user can earn, graded or not."""
    course, _ = course_and_subject(call, caller)
    columns = [item for item in call.store.gradebook_items.find("course", course.id) if item.is_included_in_grade]
    return wire.answer({"userGradebookItemsTotals": show.points_possible(columns)})


def course_grade_to_date(call: Call, caller: Caller) -> Response:
    """GET …/courseGradeToDate: the sum of what has been graded so far."""
    course, user = course_and_subject(call, caller)
    return wire.answer({"courseGradeToDate": show.course_grade(totals(call.store, course.id, user.id))})


def roster_course_grades_to_date(call: Call, caller: Caller) -> Response:
    """GET …/rosterCourseGradesToDate: every student's; `Student.ID=1,2`, `offset` and `limit` select some."""
    course = staffed_course(call, caller, "the grades of all students")
    students = [user for _, user in call.store.members(course.id, "STUD")]
    if (numbers := listed_ids(call, "Student.ID")) is not None:
        students = [user for user in students if str(user.id) in numbers]
    offset, limit = count(call, "offset", 0), min(count(call, "limit", _MOST_STUDENTS), _MOST_STUDENTS)
    rows = [
        {
            "student": person(call, user),
            "courseGradeToDate": show.course_grade(totals(call.store, course.id, user.id)),
        }
        for user in students[offset : offset + limit]
    ]
    return wire.answer({"rosterCourseGradesToDate": rows})


_ITEM = "/gradebookItems/{gradebook_item_id}"
_ALL = (
    ("GET", "/grades", grades, "All grades of an item"),
    ("POST", "/grades", create_grade, "Grade a student"),
    ("GET", "/grades/{grade_id}", grade, "A grade"),
    ("PUT", "/grades/{grade_id}", update_grade, "Change a grade"),
    ("DELETE", "/grades/{grade_id}", delete_grade, "Remove a grade"),
)
_ONE = (
    ("GET", user_grade, "A user's grade"),
    ("POST", create_user_grade, "Grade a user"),
    ("PUT", update_user_grade, "Change a user's grade"),
    ("DELETE", delete_user_grade, "Remove a user's grade"),
)

ROUTES: tuple[Route, ...] = (
    *(
        resource(
            method,
            f"/courses/{{course_id}}{book}{_ITEM}{path}",
            handler,
            summary=summary,
            evidence="documented",
            source=f"{PORTAL}/grades-learningstudio/manage-grades",
            tag="grades",
        )
        for book in ("", "/gradebook")
        for method, path, handler, summary in _ALL
    ),
    *(
        route
        for book in ("", "/gradebook")
        for method, handler, summary in _ONE
        for route in both(method, f"/courses/{{course_id}}{book}{_ITEM}/grade", handler, summary=summary, source=_GRADE)
    ),
    *(
        route
        for book in ("", "/gradebook")
        for path, handler in (
            ("/userGradebookItems", user_gradebook_items),
            ("/userGradebookItemsTotals", user_gradebook_items_totals),
            ("/userGradebookItems/{user_gradebook_item_id}", user_gradebook_item),
        )
        for route in both(
            "GET", f"/courses/{{course_id}}{book}{path}", handler, summary="A user's gradebook", source=_GRADEBOOK
        )
    ),
    *both(
        "GET",
        "/courses/{course_id}/courseGradeToDate",
        course_grade_to_date,
        summary="Course grade to date",
        source=_BASICS,
    ),
    resource(
        "GET",
        "/courses/{course_id}/gradebook/rosterCourseGradesToDate",
        roster_course_grades_to_date,
        summary="Course grades to date of all students (the body's shape is chosen)",
        source=_BASICS,
        tag="grades",
    ),
)
