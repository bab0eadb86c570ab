"""Attempts of an exam, with answers and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import PEOPLE, Call, Place, body_of, field, in_course, record_named
from lms_emulator.providers.learningstudio.model.exams import (
    Answer,
    Attempt,
    Choice,
    Exam,
    Match,
    Premise,
    Question,
    UserExam,
)
from lms_emulator.providers.learningstudio.model.gradebook import Grade
from lms_emulator.providers.learningstudio.routes import eventing
from lms_emulator.providers.learningstudio.routes.exams import (
    active,
    check_open,
    check_password,
    check_token,
    forget,
    user_exam_named,
)
from lms_emulator.providers.learningstudio.settings import PORTAL, java
from lms_emulator.providers.learningstudio.shapes import events
from lms_emulator.providers.learningstudio.shapes import exams as show


# --- attempts ---
def attempts(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/attempts: only the latest; a new one replaces it."""
    exam, own = user_exam_named(call, place)
    found = call.store.attempt_of(exam.id, own.user_id)
    return {"attempts": [] if found is None else [show.attempt(call, place, exam, found)]}


def attempt(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/attempts/ID."""
    exam, _, found = _named(call, place)
    return {"attempt": show.attempt(call, place, exam, found)}


def begin(call: Call, place: Place) -> Response:
    """POST …/attempts starts the time. Only one can be open, and the exam limits their number."""
    if place.caller.user is not None and place.caller.user != place.user:
        raise refusals.not_the_examinee(place.whose.id)
    exam, own = user_exam_named(call, place)
    check_open(call, exam)
    check_password(call, exam, everywhere=False)
    before = call.store.attempt_of(exam.id, own.user_id)
    if before is not None and before.completed is None:
        raise refusals.attempt_open(before.id)
    if not rules.is_retakable(exam, own):
        raise refusals.not_retakable(exam.id, own.taken)
    if before is not None:
        forget(call, before)
    call.store.user_exams.put(replace(own, taken=own.taken + 1))
    made = Attempt(
        id=call.store.next_number("attempts"),
        exam_id=exam.id,
        user_id=own.user_id,
        token=call.ids.token(32),
        started=call.clock.now(),
    )
    call.store.attempts.put(made)
    path = f"{show.exam_path(place, exam)}/attempts/{made.id}"
    return wire.created(call, path, {"attempt": show.attempt(call, place, exam, made)})


def complete(call: Call, place: Place) -> Response:
    """PUT …/attempts/ID with `{"attempts":{"isCompleted":true}}`, within the time limit."""
    exam, own, found = _workable(call, place)
    if field(body_of(call, "attempts", "attempt"), "isCompleted", bool) is not True:
        raise refusals.malformed_body("Invalid value for isCompleted.", check="isCompleted", expected=True)
    done = replace(found, completed=call.clock.now())
    call.store.attempts.put(done)
    graded = _grade(call, exam, own, done)
    about = events.completed_exam(done, call.clock.now(), graded=graded)
    eventing.publish(call, place, eventing.EXAM_COMPLETED, about, place.whose)
    return wire.no_content()


def _grade(call: Call, exam: Exam, own: UserExam, attempt: Attempt) -> bool:
    """Put an attempt's points into the gradebook; False if an essay has to be graded first."""
    item = call.store.course_items.get(exam.item_id)
    column = None if item is None else call.store.gradebook_items.first("item", (item.course_id, item.id))
    points = [score for _, score in rules.scores(call.store, own, attempt)]
    if column is None or None in points or call.settings.exam_scores == "summary":
        return None not in points
    old = call.store.grade_of(column, own.user_id)
    number = call.store.next_number("grades") if old is None else old.id
    total, now = sum(point or 0.0 for point in points), call.clock.now()
    call.store.grades.put(
        Grade(id=number, gradebook_item_id=column.id, user_id=own.user_id, points=total, updated=now)
        if old is None
        else replace(old, points=total, updated=now)
    )
    return True


def summary(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/attempts/ID/summary; a 403 before it is completed."""
    _, own, found = _named(call, place)
    if found.completed is None:
        raise refusals.attempt_not_completed(found.id)
    return {"summary": show.summary(rules.scores(call.store, own, found))}


def _named(call: Call, place: Place) -> tuple[Exam, UserExam, Attempt]:
    exam, own = user_exam_named(call, place)

    def fits(attempt: Attempt) -> bool:
        return (attempt.exam_id, attempt.user_id) == (exam.id, own.user_id)

    return exam, own, record_named(call, call.store.attempts, "attempt_id", "Attempt", fits)


def _workable(call: Call, place: Place) -> tuple[Exam, UserExam, Attempt]:
    """The attempt of the path, which its user can change within the time limit."""
    if place.caller.user != place.user:
        raise refusals.not_the_examinee(place.whose.id)
    exam, own, _ = _named(call, place)
    found = active(call, exam, own.user_id)
    check_token(call, found, writes=True)
    return exam, own, found


# --- answers ---
def answers(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/answers."""
    _, own, found = _named(call, place)
    pairs = ((call.store.answers.get((found.id, number)), call.store.questions.get(number)) for number in own.questions)
    return {
        "answers": [
            show.answer(given_answer, question) for given_answer, question in pairs if given_answer and question
        ]
    }


def answer(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/answers/ID, where ID is the question's: a list of one."""
    _, own, found = _named(call, place)
    given_answer, question = _answer(call, own, found)
    return {"answers": [show.answer(given_answer, question)]}


def create_answer(call: Call, place: Place) -> Response:
    """POST …/answers; the body names the question, and its other members depend on the question's type."""
    exam, own, found = _workable(call, place)
    body = body_of(call, "answer", "answers")
    number = field(body, "questionId", int)
    question = call.store.questions.get(number) if number in own.questions else None
    if question is None:
        raise refusals.not_found("Question", number)
    if call.store.answers.get((found.id, question.id)) is not None:
        raise refusals.answer_exists(question.id)
    made = call.store.answers.put(_read(found, question, body))
    path = f"{show.exam_path(place, exam)}/attempts/{found.id}/answers/{question.id}"
    return wire.created(call, path, {"answers": [show.answer(made, question)]})


def update_answer(call: Call, place: Place) -> Response:
    """PUT …/answers/ID."""
    _, own, found = _workable(call, place)
    _, question = _answer(call, own, found)
    call.store.answers.put(_read(found, question, body_of(call, "answer", "answers")))
    return wire.no_content()


def delete_answer(call: Call, place: Place) -> Response:
    """DELETE …/answers/ID."""
    _, own, found = _workable(call, place)
    _, question = _answer(call, own, found)
    call.store.answers.delete((found.id, question.id))
    return wire.no_content()


def _answer(call: Call, own: UserExam, attempt: Attempt) -> tuple[Answer, Question]:
    question = record_named(
        call, call.store.questions, "question_id", "Answer", lambda record: record.id in own.questions
    )
    found = call.store.answers.get((attempt.id, question.id))
    if found is None:
        raise refusals.not_found("Answer", question.id, "the question has not been answered")
    return found, question


def _read(attempt: Attempt, question: Question, body: dict[str, Any]) -> Answer:
    """The answer in a body: `choiceId` or `choiceIds`, `matches` or `text`."""
    choices: list[int] = []
    matches: list[Match] = []
    if question.type == "matching":
        for row in field(body, "matches", list, []):
            pair = row if isinstance(row, dict) else {}
            matches.append(Match(premise_id=_one(pair, "premiseId"), choice_id=_one(pair, "choiceId")))
        _check_known({match.premise_id for match in matches}, question.premises, "premiseId")
        _check_known({match.choice_id for match in matches}, question.choices, "choiceId")
        if len({match.premise_id for match in matches}) < len(matches):
            raise refusals.malformed_body("Invalid value for matches.", check="a premise has one match")
    elif question.choices:
        single = field(body, "choiceId", int)
        choices = field(body, "choiceIds", list, []) if single is None else [single]
        choices = [_one({"choiceIds": choice}, "choiceIds") for choice in choices]
        _check_known(set(choices), question.choices, "choiceIds")
        if len(choices) > 1 and question.type != "manyMultipleChoice":
            raise refusals.malformed_body("Invalid value for choiceIds.", check="one choice", got=choices)
    text = field(body, "text", str, "") if not question.choices else ""
    if not choices and not matches and not text:
        wanted = "matches" if question.type == "matching" else "choiceIds" if question.choices else "text"
        raise refusals.malformed_body(f"Missing required element: {wanted}.", check=f"{wanted} of a {question.type}")
    return Answer(attempt_id=attempt.id, question_id=question.id, choices=choices, matches=matches, text=text)


def _one(body: dict[str, Any], name: str) -> int:
    found: int | None = field(body, name, int)
    if found is None:
        raise refusals.malformed_body(f"Missing required element: {name}.", check=name)
    return found


def _check_known(given: set[int], known: Sequence[Choice | Premise], name: str) -> None:
    odd = given - {item.id for item in known}
    if odd:
        raise refusals.malformed_body(f"Invalid value for {name}.", check=f"{name} is of the question", got=sorted(odd))


_ANSWERS = f"{PORTAL}/exams/save-users-exam-answers (the elements of an answer are chosen)"
_ATTEMPT = "/exams/{exam_id}/attempts/{attempt_id}"

ROUTES: tuple[Route, ...] = (
    *in_course(
        "exam attempts",
        f"{java('exams/ExamService')}; {PORTAL}/exams/retake-exam",
        ("GET /exams/{exam_id}/attempts", attempts, "A user's attempts"),
        ("POST /exams/{exam_id}/attempts", begin, "Start an attempt"),
        (f"GET {_ATTEMPT}", attempt, "One attempt"),
        (f"PUT {_ATTEMPT}", complete, "Complete an attempt", PEOPLE),
        (f"GET {_ATTEMPT}/summary", summary, "The score of an attempt"),
        of_user=True,
    ),
    *in_course(
        "exam answers",
        _ANSWERS,
        (f"GET {_ATTEMPT}/answers", answers, "The answers of an attempt"),
        (f"POST {_ATTEMPT}/answers", create_answer, "Answer a question", PEOPLE),
        (f"GET {_ATTEMPT}/answers/{{question_id}}", answer, "The answer to a question"),
        (f"PUT {_ATTEMPT}/answers/{{question_id}}", update_answer, "Change an answer", PEOPLE),
        (f"DELETE {_ATTEMPT}/answers/{{question_id}}", delete_answer, "Remove an answer", PEOPLE),
        of_user=True,
        evidence="documented",
    ),
)
