"""Exams of a course, and exams provisioned for a user, with sections and questions."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, get_args

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import (
    PEOPLE,
    STAFF,
    Call,
    CourseHandler,
    Place,
    Row,
    in_course,
    record_named,
)
from lms_emulator.providers.learningstudio.model.exams import (
    Attempt,
    Exam,
    ExamSection,
    Question,
    QuestionType,
    UserExam,
)
from lms_emulator.providers.learningstudio.routes.items import is_visible
from lms_emulator.providers.learningstudio.settings import PORTAL, java
from lms_emulator.providers.learningstudio.shapes import exams as show


# --- finding ---
def exams_of(call: Call, place: Place) -> list[Exam]:
    """The exams of the course that the caller, and the user of the path, see."""
    items = [
        item for item in call.store.items_of(place.course.id) if item.type == "exam" and is_visible(call, place, item)
    ]
    return [exam for exam in (call.store.exam_of(item.id) for item in items) if exam is not None]


def exam_named(call: Call, place: Place) -> Exam:
    """The exam of the path. Raises a 404, and a 403 for a student who does not see its item."""
    exam = record_named(call, call.store.exams, "exam_id", "Exam")
    item = call.store.course_items.get(exam.item_id)
    if item is None or item.course_id != place.course.id:
        raise refusals.not_found("Exam", exam.id)
    if not is_visible(call, place, item):
        raise refusals.item_not_visible(item.id)
    check_password(call, exam, everywhere=True)
    return exam


def user_exam_named(call: Call, place: Place) -> tuple[Exam, UserExam]:
    """The exam of the path as provisioned for the user. Raises a 404 if it was not."""
    exam = exam_named(call, place)
    own = call.store.user_exams.get((exam.id, place.whose.id))
    if own is None:
        raise refusals.not_found("User exam", exam.id, "it was not provisioned; POST to the same path provisions it")
    return exam, own


def check_password(call: Call, exam: Exam, *, everywhere: bool) -> None:
    """Refuse a wrong exam password. Parameters: `everywhere`, True for calls other than the one that
    begins an attempt."""
    if not exam.password or (everywhere and call.settings.exam_password_for == "attempts"):
        return
    sent = call.headers.get("pearson-exam-password", "")
    if not hmac.compare_digest(sent.encode(), exam.password.encode()):
        raise refusals.exam_password(call, sent)


def check_open(call: Call, exam: Exam) -> None:
    """Refuse calls outside the exam's dates, which are those of its item."""
    item = call.store.course_items.get(exam.item_id)
    if item is not None and not item.is_open(call.clock.now()):
        raise refusals.exam_not_open(call, item.start, item.end)


def active(call: Call, exam: Exam, user_id: int) -> Attempt:
    """The user's attempt that can still be worked on. Raises the refusal."""
    attempt = call.store.attempt_of(exam.id, user_id)
    if attempt is None or attempt.completed is not None:
        raise refusals.no_active_attempt(call, exam.id, completed=attempt is not None)
    end = rules.deadline(call.store, exam, attempt)
    if end is not None and call.clock.now() >= end:
        raise refusals.attempt_expired(call, attempt.id, end)
    return attempt


def check_token(call: Call, attempt: Attempt, *, writes: bool) -> None:
    """Refuse a wrong Pearson-Exam-Token, and a missing one if the setting requires it."""
    sent, needed = call.headers.get("pearson-exam-token"), call.settings.exam_token_for
    if sent is None and (needed == "nothing" or (needed == "writes" and not writes)):
        return
    if sent is None or not hmac.compare_digest(sent.encode(), attempt.token.encode()):
        raise refusals.exam_token(call, sent)


# --- exams ---
def exam_details(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/examDetails."""
    return {"examDetails": [show.details(call, place, exam) for exam in exams_of(call, place)]}


def exam_detail(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/examDetails/ID: a list of one."""
    return {"examDetails": [show.details(call, place, exam_named(call, place))]}


def exam_schedules(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/examSchedules: when grades are shown to students."""
    return {"examSchedules": [show.schedule(exam) for exam in exams_of(call, place)]}


def user_exams(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/exams: the exams provisioned for the user."""
    found = ((exam, call.store.user_exams.get((exam.id, place.whose.id))) for exam in exams_of(call, place))
    return {"exams": [show.user_exam(call, place, exam, own) for exam, own in found if own is not None]}


def user_exam(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/exams/ID."""
    return {"exam": show.user_exam(call, place, *user_exam_named(call, place))}


def provision(call: Call, place: Place) -> Response:
    """POST …/exams/ID: draw the questions. Only the student can do this, once, while the exam is open."""
    if place.role != "STUD" or place.caller.user != place.user:
        raise refusals.not_the_examinee(place.whose.id)
    exam = exam_named(call, place)
    check_open(call, exam)
    if call.store.user_exams.get((exam.id, place.whose.id)) is not None:
        raise refusals.exam_provisioned(exam.id)
    own = UserExam(exam_id=exam.id, user_id=place.whose.id, questions=rules.drawn(call.store, exam, call.ids))
    call.store.user_exams.put(own)
    return wire.created(call, show.exam_path(place, exam), {"exam": show.user_exam(call, place, exam, own)})


def reset(call: Call, place: Place) -> Response:
    """DELETE …/exams/ID: remove the user's exam with attempts and answers."""
    exam, own = user_exam_named(call, place)
    attempt = call.store.attempt_of(exam.id, own.user_id)
    if attempt is not None:
        forget(call, attempt)
    call.store.user_exams.delete((exam.id, own.user_id))
    return wire.no_content()


def forget(call: Call, attempt: Attempt) -> None:
    """Remove an attempt and its answers."""
    for answer in call.store.answers.find("attempt", attempt.id):
        call.store.answers.delete((attempt.id, answer.question_id))
    call.store.attempts.delete(attempt.id)


# --- sections and questions ---
def sections(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/sections; works before the first attempt."""
    exam, _ = user_exam_named(call, place)
    return {"sections": [show.section(call, place, exam, section) for section in rules.sections_of(call.store, exam)]}


def _section(call: Call, exam: Exam) -> ExamSection:
    return record_named(
        call, call.store.exam_sections, "section_id", "Section", lambda section: section.exam_id == exam.id
    )


def _readable(call: Call, place: Place) -> tuple[Exam, UserExam]:
    """The exam. With an access token, its questions are visible only during an attempt."""
    exam, own = user_exam_named(call, place)
    if place.caller.user is not None:
        check_token(call, active(call, exam, own.user_id), writes=False)
    return exam, own


def questions(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/sections/ID/questions: the questions drawn for the user."""
    exam, own = _readable(call, place)
    section = _section(call, exam)
    found = (question for question in call.store.questions.find("section", section.id) if question.id in own.questions)
    return {"questions": [show.question_in_list(call, place, exam, question) for question in found]}


def _question(call: Call, place: Place, kind: QuestionType) -> Question:
    exam, own = _readable(call, place)
    section = _section(call, exam)

    def fits(question: Question) -> bool:
        return question.section_id == section.id and question.type == kind and question.id in own.questions

    return record_named(call, call.store.questions, "question_id", "Question", fits)


def _text(kind: QuestionType) -> CourseHandler:
    def handler(call: Call, place: Place) -> Mapping[str, Any]:
        return {f"{kind}Question": show.text_of(_question(call, place, kind))}

    return handler


def _choices(kind: QuestionType) -> CourseHandler:
    def handler(call: Call, place: Place) -> Mapping[str, Any]:
        return {"choices": [show.text_of(choice) for choice in _question(call, place, kind).choices]}

    return handler


def premises(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/matchingQuestions/ID/premises: what choices are matched to."""
    return {"premises": [show.text_of(premise) for premise in _question(call, place, "matching").premises]}


_EXAMS = java("exams/ExamService")
_SECTION = "/exams/{exam_id}/sections/{section_id}"


def _question_rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for kind in get_args(QuestionType):
        question_route = f"GET {_SECTION}/{kind}Questions/{{question_id}}"
        rows.append((question_route, _text(kind), f"A question: {kind}"))
        if kind not in ("short", "essay", "fillInTheBlank"):
            rows.append((f"{question_route}/choices", _choices(kind), f"The choices of a question: {kind}"))
    return (*rows, (f"GET {_SECTION}/matchingQuestions/{{question_id}}/premises", premises, "What to match"))


ROUTES: tuple[Route, ...] = (
    *in_course(
        "exam schedules", _EXAMS, ("GET /examSchedules", exam_schedules, "When students see their grades", STAFF)
    ),
    *in_course(
        "exams",
        f"{_EXAMS}; {PORTAL}/exams/begin-and-retrieve-exam-instance",
        ("GET /examDetails", exam_details, "The exams of a course"),
        ("GET /examDetails/{exam_id}", exam_detail, "One exam of a course"),
        ("GET /exams", user_exams, "The exams that were provisioned for a user"),
        ("GET /exams/{exam_id}", user_exam, "One provisioned exam"),
        ("POST /exams/{exam_id}", provision, "Provision an exam for oneself", PEOPLE),
        ("DELETE /exams/{exam_id}", reset, "Reset a user's exam", STAFF),
        ("GET /exams/{exam_id}/sections", sections, "The sections of a user's exam"),
        of_user=True,
    ),
    *in_course(
        "exam questions",
        f"{_EXAMS}; {PORTAL}/exams/question-details-fill-blank-text",
        (f"GET {_SECTION}/questions", questions, "The questions drawn for a user"),
        *_question_rows(),
        of_user=True,
    ),
)
