"""REST: New Quizzes, their questions, and accommodations. A New Quiz is an assignment of the tool that gives it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_text, as_whole, listed
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    NewQuiz,
    NewQuizAccommodation,
    NewQuizItem,
    ToolTag,
)
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.rules import assigning, assignments, blueprints, courses, html, quizzes, unfit
from lms_emulator.providers.canvas.rules import new_quizzes as rules
from lms_emulator.providers.canvas.shapes import new_quizzes as shapes

TAG = "New Quizzes"
UNNAMED = "Unnamed Quiz"
READERS = ("read_as_admin", "manage_assignments_edit")


def _quiz(api: Api, *wanted: str) -> tuple[Course, NewQuiz, Assignment]:
    """The quiz in the path, for those who have one of the rights. Raises the refusal `not_found`."""
    course = courses.from_path(api, *wanted)
    number = identifiers.local_number(api.slot("assignment_id"))
    for quiz, base in rules.of_course(api, course):
        if base.id == number:
            return course, quiz, base
    raise refusals.not_found("the New Quiz in the course", number)


def index(api: Api) -> Any:
    """The New Quizzes of a course."""
    course = courses.from_path(api, *READERS)
    return paged(api, list(rules.of_course(api, course)), lambda value: shapes.quiz(*value))


def show(api: Api) -> Any:
    """A New Quiz."""
    _, quiz, base = _quiz(api, *READERS)
    return shapes.quiz(quiz, base)


def create(api: Api) -> Any:
    """Create a New Quiz, unpublished."""
    course = courses.from_path(api, "manage_assignments_add")
    url = api.settings.new_quizzes_url
    base = Assignment(
        id=0,
        course_id=course.id,
        name=UNNAMED,
        submission_types=["external_tool"],
        external_tool=ToolTag(id=api.new_id("content_tags"), url=url, resource_link_id=api.call.ids.hex(40)),
        published=False,
        lti_context_id=api.call.ids.uuid(),
        created_at=api.now,
        updated_at=api.now,
    )
    wanted, settings = _described(api, course, base, NewQuiz(assignment_id=0, course_id=course.id))
    made = assigning.keep(api, course, replace(wanted, position=0), None)
    quiz = NewQuiz(assignment_id=made.id, course_id=course.id, settings=settings)
    return shapes.quiz(api.store.new_quizzes.put(quiz), made)


def update(api: Api) -> Any:
    """Change a New Quiz."""
    course, quiz, base = _quiz(api, "manage_assignments_edit")
    wanted, settings = _described(api, course, base, quiz)
    blueprints.require_unlocked(api, course.id, "assignments", base, wanted)
    made = assigning.keep(api, course, replace(wanted, updated_at=api.now), None)
    return shapes.quiz(api.store.new_quizzes.put(replace(quiz, settings=settings)), made)


def _described(api: Api, course: Course, base: Assignment, quiz: NewQuiz) -> tuple[Assignment, dict[str, Any]]:
    """The assignment and the settings after what was sent. Raises the refusal for what is invalid."""
    sent, found = api.params.hash("quiz"), dict[str, Any]()
    if sent.has("title"):
        found["name"] = sent.text("title") or ""
    if sent.get("assignment_group_id") is not None:
        group = api.store.assignment_groups.get(identifiers.local_number(sent.get("assignment_group_id")))
        if group is None or group.course_id != course.id or group.workflow_state == "deleted":
            raise rules.invalid(api, "assignment_group_id", "is not a group of the course")
        found["assignment_group_id"] = group.id
    if sent.has("points_possible"):
        found["points_possible"] = rules.positive(api, "points_possible", sent.get("points_possible"))
    for name in assignments.DATES:
        if sent.has(name):
            found[name] = rules.moment(api, name, sent.get(name)) if sent.get(name) not in (None, "") else None
    if sent.has("grading_type"):
        found["grading_type"] = rules.one_of(*rules.GRADINGS)(api, "grading_type", sent.get("grading_type"))
    if sent.has("instructions"):
        found["description"] = html.clean(sent.text("instructions"), api.url(""))
    wanted = replace(base, **found)
    if not wanted.name.strip():
        raise rules.invalid(api, "title", "is missing")
    for name, faults in unfit.of(api, course, wanted, base if base.id else None).items():
        fault = faults[0]
        raise rules.invalid(api, "title" if name == "name" else name, fault if isinstance(fault, str) else fault[1])
    return wanted, rules.changed(api, quiz, sent.hash("quiz_settings"))


def delete(api: Api) -> Any:
    """Delete a New Quiz with its assignment."""
    course, quiz, base = _quiz(api, "manage_assignments_delete")
    blueprints.require_deletable(api, course.id, "assignments", base.id)
    quizzes.delete_assignment(api, base)
    return shapes.quiz(quiz, base)


# questions


def _item(api: Api, *wanted: str) -> tuple[NewQuiz, NewQuizItem]:
    _, quiz, _ = _quiz(api, *wanted)
    return quiz, identifiers.pick(rules.items(api, quiz), api.slot("item_id"), "the question in the quiz")


def items(api: Api) -> Any:
    """The questions of a New Quiz."""
    _, quiz, _ = _quiz(api, *READERS)
    return paged(api, rules.items(api, quiz), shapes.item)


def show_item(api: Api) -> Any:
    """A question."""
    return shapes.item(_item(api, *READERS)[1])


def create_item(api: Api) -> Any:
    """Add a question to a New Quiz."""
    _, quiz, _ = _quiz(api, "manage_assignments_edit")
    sent = api.params.hash("item")
    if sent.text("entry_type") is None:
        raise rules.invalid(api, "item.entry_type", "is missing")
    _require_question(api, sent)
    points = sent.get("points_possible")
    made = NewQuizItem(
        **api.new_row("new_quiz_items"),
        assignment_id=quiz.assignment_id,
        position=0,
        points_possible=1.0 if points is None else rules.positive(api, "item.points_possible", points),
        entry=rules.entry(api, sent.hash("entry"), None),
    )
    return shapes.item(_placed(api, quiz, made, sent))


def _require_question(api: Api, sent: Params) -> None:
    """Refuse what can only be made on pages: stimuli, banks and their items."""
    if sent.has("entry_type"):
        rules.one_of("Item")(api, "item.entry_type", sent.get("entry_type"))


def _placed(api: Api, quiz: NewQuiz, item: NewQuizItem, sent: Params) -> NewQuizItem:
    """A question at the position that was asked for, as if it had been taken out; a new one comes last."""
    others = [new_quiz_item for new_quiz_item in rules.items(api, quiz) if new_quiz_item.id != item.id]
    asked = as_whole(as_text(sent.get("position")))
    if sent.get("position") is not None and not asked:
        raise rules.invalid(api, "item.position", "must be positive")
    place = min(asked or item.position or len(others) + 1, len(others) + 1)
    others.insert(place - 1, item)
    for number, moved in enumerate(others, start=1):
        api.store.new_quiz_items.put(replace(moved, position=number))
    return replace(item, position=place)


def update_item(api: Api) -> Any:
    """Change a question."""
    quiz, item = _item(api, "manage_assignments_edit")
    sent = api.params.hash("item")
    _require_question(api, sent)
    fields: dict[str, Any] = {"entry": rules.entry(api, sent.hash("entry"), item.entry), "updated_at": api.now}
    if sent.get("points_possible") is not None:
        fields["points_possible"] = rules.positive(api, "item.points_possible", sent.get("points_possible"))
    return shapes.item(_placed(api, quiz, replace(item, **fields), sent))


def delete_item(api: Api) -> Any:
    """Delete a question."""
    quiz, item = _item(api, "manage_assignments_edit")
    api.store.new_quiz_items.put(replace(item, workflow_state="deleted"))
    for number, new_quiz_item in enumerate(rules.items(api, quiz), start=1):
        api.store.new_quiz_items.put(replace(new_quiz_item, position=number))
    return shapes.item(item)


# accommodations


def quiz_accommodations(api: Api) -> Any:
    """Grant students more time, attempts or fewer choices in one New Quiz."""
    course, quiz, _ = _quiz(api, "manage_assignments_edit")
    return _accommodated(api, course, quiz.assignment_id)


def course_accommodations(api: Api) -> Any:
    """Grant students more time or fewer choices in all New Quizzes of a course."""
    return _accommodated(api, courses.from_path(api, "manage_assignments_edit"), None)


def _accommodated(api: Api, course: Course, assignment_id: int | None) -> Any:
    rows = listed(api.call)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise rules.invalid(api, "The body", "must be a list of accommodations", 400)
    students = {row.user_id for row in assignments.students(api, course.id)}
    granted = [_granted(api, course, assignment_id, row) for row in rows]
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for accommodation, (record, at_once) in zip(rows, granted, strict=True):
        if record.user_id not in students:
            failed.append(
                {"user_id": accommodation["user_id"], "error": f"User is not a student of course {course.id}"}
            )
        elif at_once:  # nobody is taking a quiz here
            error = f"User is not in any in-progress quiz sessions for course {course.id}"
            failed.append({"user_id": accommodation["user_id"], "error": error})
        else:
            api.store.new_quiz_accommodations.put(record)
            done.append({"user_id": accommodation["user_id"]})
    return {"message": "Accommodations processed", "successful": done, "failed": failed}


def _granted(
    api: Api, course: Course, assignment_id: int | None, sent: dict[str, Any]
) -> tuple[NewQuizAccommodation, bool]:
    """One accommodation, and whether it is for sessions in progress. Raises the refusal for an invalid one."""
    user_id = identifiers.local_number(sent.get("user_id"))
    if user_id is None:
        raise rules.invalid(api, "user_id", "is missing", 400)
    counts: dict[str, int] = {}
    for name in ("extra_time", "extra_attempts") if assignment_id else ("extra_time",):
        if (value := sent.get(name)) is not None:
            count = as_whole(as_text(value))
            if count is None or (name == "extra_time" and count > rules.LONGEST_EXTRA_TIME):
                raise rules.invalid(api, name, "is out of range", 400)
            counts[name] = count
    reduced = sent.get("reduce_choices_enabled")
    record = NewQuizAccommodation(
        key=f"{course.id}-{assignment_id or 0}-{user_id}",
        course_id=course.id,
        assignment_id=assignment_id,
        user_id=user_id,
        extra_time=counts.get("extra_time"),
        extra_attempts=counts.get("extra_attempts"),
        reduce_choices_enabled=None if reduced is None else as_flag(reduced),
    )
    return record, assignment_id is None and as_flag(sent.get("apply_to_in_progress_quiz_sessions"))


COURSE = "/api/quiz/v1/courses/{course_id}"
QUIZ = f"{COURSE}/quizzes/{{assignment_id}}"
DOCUMENTED = "https://developerdocs.instructure.com/services/canvas/resources/"
ROUTES: tuple[Route, ...] = (
    *rest(
        TAG,
        f"{DOCUMENTED}new_quizzes",
        (f"GET {COURSE}/quizzes", index, "New Quizzes of a course"),
        (f"POST {COURSE}/quizzes", create, "Create a New Quiz"),
        (f"GET {QUIZ}", show, "A New Quiz"),
        (f"PATCH {QUIZ}", update, "Change a New Quiz"),
        (f"DELETE {QUIZ}", delete, "Delete a New Quiz"),
        evidence="documented",
    ),
    *rest(
        TAG,
        f"{DOCUMENTED}new_quiz_items",
        (f"GET {QUIZ}/items", items, "Questions of a New Quiz"),
        (f"POST {QUIZ}/items", create_item, "Add a question"),
        (f"GET {QUIZ}/items/{{item_id}}", show_item, "A question"),
        (f"PATCH {QUIZ}/items/{{item_id}}", update_item, "Change a question"),
        (f"DELETE {QUIZ}/items/{{item_id}}", delete_item, "Delete a question"),
        evidence="documented",
    ),
    *rest(
        TAG,
        f"{DOCUMENTED}new_quizzes_accommodations",
        (f"POST {COURSE}/accommodations", course_accommodations, "Accommodate students in all New Quizzes of a course"),
        (f"POST {QUIZ}/accommodations", quiz_accommodations, "Accommodate students in a New Quiz"),
        evidence="documented",
    ),
)
