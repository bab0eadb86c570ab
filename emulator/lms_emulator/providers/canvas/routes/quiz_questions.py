"""REST: the questions of a quiz, and the groups that some are drawn from."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, is_number
from lms_emulator.providers.canvas.model import AssessmentQuestion, Course, QuestionBank, Quiz, QuizGroup, QuizQuestion
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.quizzes import CONTROLLERS, QUIZZES, a_quiz, place
from lms_emulator.providers.canvas.rules import courses, quiz_answers, quiz_questions, quiz_taking, quizzes
from lms_emulator.providers.canvas.rules.quiz_questions import number
from lms_emulator.providers.canvas.shapes import quizzes as shapes
from lms_emulator.providers.canvas.wire import reply


def _question(api: Api, quiz: Quiz) -> QuizQuestion:
    """The question of the path. Canvas finds none here that an attempt drew from a bank."""
    wanted = {"quiz_id": quiz.id, "generated": None}
    return identifiers.row(api.store.quiz_questions, api.slot("id"), "the question in the quiz", **wanted)


def index(api: Api) -> Any:
    """The questions of a quiz; with `quiz_submission_id`, those posed in that attempt."""
    course, quiz = a_quiz(api)
    found = quizzes.questions(api, quiz)
    given, attempt = api.params.get("quiz_submission_id"), api.params.text("quiz_submission_attempt")
    if given is None or attempt is None:
        courses.require(api, course, "manage_assignments_edit")
    else:
        posed = {item["id"]: item for item in _given(api, course, quiz, given, attempt)}
        by_id = {question.id: question for question in api.store.quiz_questions.find("quiz", quiz.id)}
        found = [replace(by_id[key], question_data=value) for key, value in posed.items() if key in by_id]
    whole = courses.may(api, api.caller, course, "manage_assignments_edit")
    path = f"/api/v1/courses/{course.id}/quizzes/{quiz.id}/questions"

    def shape(question: QuizQuestion) -> Any:
        body = _shape(api, question, course)
        return body if whole else shapes.censored(body)

    return paged(api, found, shape, path=path)


def _given(api: Api, course: Course, quiz: Quiz, reference: Any, attempt: str) -> list[dict[str, Any]]:
    """The questions of an attempt, for those who may see it and its results."""
    if reference == "self":
        own = quiz_taking.of_user(api, quiz, api.user.id)
        taken = identifiers.known(own, "the quiz submission", reference, deleted=True)
    else:
        taken = identifiers.row(api.store.quiz_submissions, reference, "the quiz submission", quiz_id=quiz.id)
    if not api.check("sees the quiz submission", quiz_taking.readable(api, course, taken)):
        raise api.refused("see the quiz submission")
    if attempt != str(taken.attempt):
        if attempt not in taken.attempts:
            raise refusals.not_found("the attempt", attempt)
        taken = taken.attempts[attempt]
    quiz_taking.require_results(api, course, quiz, taken)
    return quiz_answers.posed(taken.quiz_data)


def show(api: Api) -> Any:
    """One question of a quiz; Canvas looks it up before checking permissions."""
    course, quiz = a_quiz(api)
    found = _question(api, quiz)
    courses.require(api, course, "manage_assignments_edit")
    return _shape(api, found, course)


def _shape(api: Api, record: QuizQuestion, course: Course) -> Any:
    whole = "assessment_question" in api.params.includes
    return shapes.with_assessment(api, record, course) if whole else shapes.question(api, record, course)


def create(api: Api) -> Any:
    """Add a question to a quiz."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    sent = api.params.hash("question")
    data = quiz_questions.parse(sent, {}, api.call.ids)
    group_id = _group_id(api, quiz, sent, None)
    made = QuizQuestion(
        id=api.new_id("quiz_questions"),
        quiz_id=quiz.id,
        quiz_group_id=group_id,
        assessment_question_id=_banked(api, quiz, data),
        position=_last(api, quiz, group_id) + 1,
        question_data=data,
    )
    api.store.quiz_questions.put(made)
    sent.has("position")  # Canvas puts a new question last all the same
    quizzes.edited(api, quiz)
    return shapes.with_assessment(api, made, None)


def _banked(api: Api, quiz: Quiz, data: dict[str, Any]) -> int | None:
    """Add a question to the course's question bank."""
    if data["question_type"] == quiz_questions.TEXT_ONLY:
        return None
    bank = api.store.assessment_question_banks.first("course", quiz.course_id)
    if bank is None:
        made = QuestionBank(id=api.new_id("assessment_question_banks"), course_id=quiz.course_id)
        bank = api.store.assessment_question_banks.put(made)
    kept = AssessmentQuestion(
        id=api.new_id("assessment_questions"),
        course_id=quiz.course_id,
        assessment_question_bank_id=bank.id,
        name=data["question_name"],
        position=len(api.store.assessment_questions.find("bank", bank.id)) + 1,
        question_data=data,
        created_at=api.now,
    )
    return api.store.assessment_questions.put(kept).id


def _last(api: Api, quiz: Quiz, group_id: int | None = None) -> int:
    """The last position in a group, or at the top level of the quiz."""
    found = [question for question in quizzes.questions(api, quiz) if question.quiz_group_id == group_id]
    places = [item.position or 0 for item in (*found, *(quizzes.groups(api, quiz) if group_id is None else ()))]
    return max(places, default=0)


def _group_id(api: Api, quiz: Quiz, sent: Params, before: int | None) -> int | None:
    if (reference := sent.get("quiz_group_id")) is None:
        return before
    group = identifiers.row(api.store.quiz_groups, reference, "the group in the quiz", quiz_id=quiz.id)
    return group.id


def update(api: Api) -> Any:
    """Change a question. Omitted fields revert to their values at the question's creation, and to nothing in a text."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    record = _question(api, quiz)
    kept = api.store.assessment_questions.get(record.assessment_question_id or 0)
    before = kept.question_data if kept is not None else {}
    if not isinstance(api.params.peek("question"), dict):
        raise refusals.crashed("`question` is not a hash", api.params.peek("question"))
    sent = api.params.hash("question")
    data = quiz_questions.parse(sent, before, api.call.ids)
    banked = record.assessment_question_id or _banked(api, quiz, data)
    data |= {"id": record.id, "assessment_question_id": banked}
    group_id = _group_id(api, quiz, sent, record.quiz_group_id)
    position = record.position
    if group_id is not None and sent.get("quiz_group_id") not in (None, record.quiz_group_id):  # a text is never equal
        position = sum(question.quiz_group_id == group_id for question in quizzes.questions(api, quiz))
    changed = replace(
        record, question_data=data, assessment_question_id=banked, quiz_group_id=group_id, position=position
    )
    api.store.quiz_questions.put(changed)
    quizzes.edited(api, quiz)
    return shapes.with_assessment(api, changed, None, data)


def destroy(api: Api) -> Any:
    """Remove a question from a quiz."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    api.store.quiz_questions.put(replace(_question(api, quiz), workflow_state="deleted"))
    return Response(status_code=204)


# groups


def _group(api: Api, quiz: Quiz) -> QuizGroup:
    return identifiers.row(api.store.quiz_groups, api.slot("id"), "the group in the quiz", quiz_id=quiz.id)


def _group_fields(api: Api, quiz: Quiz, *, new: bool = False) -> dict[str, Any]:
    given = api.params.rows("quiz_groups")
    if not given:
        raise refusals.crashed("Canvas fails without `quiz_groups`", api.params.get("quiz_groups"))
    sent, found = given[0], dict[str, Any]()
    if sent.has("name"):
        found["name"] = sent.text("name") or "Question Group"
    numbers = [text for name in ("pick_count", "question_points") if (text := sent.text(name))]
    if not all(map(is_number, numbers)) or len(found.get("name", "")) > 255:
        raise refusals.crashed("Canvas fails on an invalid group instead of reporting what is wrong", numbers)
    if sent.has("pick_count"):
        found["pick_count"] = sent.integer("pick_count")
    if sent.has("question_points"):
        found["question_points"] = number(sent.get("question_points"))
    if new:
        found.setdefault("pick_count", 0)
    if new and sent.has("assessment_question_bank_id"):
        key = identifiers.local_number(sent.get("assessment_question_bank_id"))
        bank = api.store.assessment_question_banks.get(key or 0)
        found["assessment_question_bank_id"] = (
            bank.id if bank is not None and bank.course_id == quiz.course_id else None
        )
    return found


def show_group(api: Api) -> Any:
    """One group of a quiz."""
    course, quiz = a_quiz(api)
    if not api.check("may see the quiz", quizzes.visible(api, course, quiz)):
        raise api.refused("sees the quiz")
    return shapes.group(_group(api, quiz))


def create_group(api: Api) -> Any:
    """Make a group."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    position = _last(api, quiz) + 1
    made = QuizGroup(
        id=api.new_id("quiz_groups"), quiz_id=quiz.id, position=position, **_group_fields(api, quiz, new=True)
    )
    api.store.quiz_groups.put(made)
    quizzes.edited(api, quiz)
    return reply(api, {"quiz_groups": [shapes.group(made)]}, 201)


def update_group(api: Api) -> Any:
    """Change a group."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    changed = api.store.quiz_groups.put(replace(_group(api, quiz), **_group_fields(api, quiz)))
    quizzes.edited(api, quiz)
    return {"quiz_groups": [shapes.group(changed)]}


def destroy_group(api: Api) -> Any:
    """Delete a group and its questions."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    group = _group(api, quiz)
    for question in api.store.quiz_questions.find("quiz", quiz.id):
        if question.quiz_group_id == group.id:
            api.store.quiz_questions.put(replace(question, quiz_group_id=None, workflow_state="deleted"))
    api.store.quiz_groups.delete(group.id)
    return Response(status_code=204)


def reorder_group(api: Api) -> Any:
    """Reorder the questions of a group."""
    _, quiz = a_quiz(api, "manage_assignments_edit")
    place(api, quiz, _group(api, quiz).id)
    return Response(status_code=204)


QUESTIONS = f"{QUIZZES}/{{quiz_id}}/questions"
GROUPS = f"{QUIZZES}/{{quiz_id}}/groups"
ROUTES: tuple[Route, ...] = (
    *rest(
        "quiz questions",
        f"{RECORDED}/content-quizzes.jsonl 39-61, 77-92; {CONTROLLERS}/quiz_questions_controller.rb",
        (f"GET {QUESTIONS}", index, "Questions of a quiz"),
        (f"POST {QUESTIONS}", create, "Add a question"),
        (f"GET {QUESTIONS}/{{id}}", show, "A question"),
        (f"PUT {QUESTIONS}/{{id}}", update, "Change a question"),
        (f"DELETE {QUESTIONS}/{{id}}", destroy, "Delete a question"),
    ),
    *rest(
        "quiz question groups",
        f"{RECORDED}/content-quizzes.jsonl 93-100, 107-110; {CONTROLLERS}/quiz_groups_controller.rb",
        (f"POST {GROUPS}", create_group, "Create a group"),
        (f"GET {GROUPS}/{{id}}", show_group, "A group"),
        (f"PUT {GROUPS}/{{id}}", update_group, "Change a group"),
        (f"DELETE {GROUPS}/{{id}}", destroy_group, "Delete a group"),
        (f"POST {GROUPS}/{{id}}/reorder", reorder_group, "Reorder the questions of a group"),
    ),
)
