"""REST: more time and attempts for students in quizzes."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, Quiz
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.routes.quizzes import CONTROLLERS, QUIZZES, a_quiz
from lms_emulator.providers.canvas.rules import assignments, courses, quiz_taking, quizzes, states
from lms_emulator.providers.canvas.rules.quiz_questions import Data
from lms_emulator.providers.canvas.shapes import quizzes as shapes


def _extensions(api: Api, course: Course, found: list[Quiz], whose: str) -> Any:
    """Extend every quiz for every student named, quiz by quiz, or none."""
    if not isinstance(api.params.get("quiz_extensions"), list):
        raise quiz_refusals.quiz(400, "quiz_extensions_missing", "missing required key :quiz_extensions")
    given = api.params.rows("quiz_extensions")
    rows = assignments.students(api, course.id)
    students = {row.user_id for row in rows if row.workflow_state in states.CURRENT}
    wanted: list[tuple[int, Data]] = []
    for fields in given if found else ():
        user_id = fields.integer("user_id")
        if user_id not in students:
            raise refusals.not_found("the student in the course", fields.get("user_id"))
        if not courses.may(api, api.caller, course, "manage_grades"):
            text = f"you are not allowed to change extension settings for {whose}"
            raise quiz_refusals.quiz(403, "may_not_extend", text)
        wanted.append((user_id, _extension(fields)))
    pairs = [(quiz, *row) for quiz in found for row in wanted]
    return {"quiz_extensions": [shapes.extension(quiz_taking.extend(api, course, *pair)) for pair in pairs]}


def _extension(sent: Params) -> Data:
    """What a student is to get more of, within Canvas's bounds."""
    granted: Data = {}
    for name, most in (("extra_attempts", 1000), ("extra_time", 10_080)):
        if sent.get(name) not in (None, False):
            granted[name] = min(abs(sent.integer(name)), most)
    for name in ("extend_from_now", "extend_from_end_at"):
        if (minutes := sent.integer(name)) > 0:
            granted[name] = min(minutes, 1440)
    if sent.get("manually_unlocked") is not None:
        granted["manually_unlocked"] = sent.text("manually_unlocked") in ("1", "true")
    return granted


def extend(api: Api) -> Any:
    """Grant students more time or attempts in a quiz."""
    course, quiz = a_quiz(api)
    return _extensions(api, course, [quiz], "this submission")


def extend_all(api: Api) -> Any:
    """Grant students more time or attempts in every quiz of a course."""
    course = identifiers.course(api, api.slot("course_id"))
    return _extensions(api, course, quizzes.of_course(api, course), "these submissions")


ROUTES: tuple[Route, ...] = signed_in(
    "quiz extensions",
    f"{RECORDED}/content-quizzes.jsonl 256-259, 261-264; {CONTROLLERS}/quiz_extensions_controller.rb",
    (f"POST {QUIZZES}/{{quiz_id}}/extensions", extend, "Extensions for a quiz"),
    ("POST /api/v1/courses/{course_id}/quiz_extensions", extend_all, "Extensions for all quizzes"),
)
