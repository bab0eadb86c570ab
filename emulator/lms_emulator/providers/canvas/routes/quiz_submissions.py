"""REST: taking quizzes, grading them, and extensions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Course, Quiz, QuizSubmission
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.quizzes import CONTROLLERS, QUIZZES, a_quiz
from lms_emulator.providers.canvas.rules import (
    contexts,
    courses,
    features,
    quiz_answers,
    quiz_taking,
    quizzes,
    uploads,
)
from lms_emulator.providers.canvas.rules.quiz_questions import Data, number
from lms_emulator.providers.canvas.shapes import quizzes as shapes

EVENTS = f"{RECORDED}/content-quizzes2.jsonl 29-30, 32-33; {CONTROLLERS}/quiz_submission_events_api_controller.rb"
LEGACY = "/api/v1/quiz_submissions/{quiz_submission_id}/questions"


def _listed(api: Api, course: Course, quiz: Quiz, rows: list[QuizSubmission]) -> Any:
    more = shapes.included(api, rows, quiz, course, api.params.includes)
    return {"quiz_submissions": [shapes.taken(api, attempt, quiz) for attempt in rows]} | more


def _page(
    api: Api, course: Course, quiz: Quiz, rows: list[QuizSubmission], path: str, includes: Collection[str]
) -> Any:
    shown: list[QuizSubmission] = []

    def shape(attempt: QuizSubmission) -> Any:
        shown.append(attempt)
        return shapes.taken(api, attempt, quiz)

    def wrap(page: list[Any]) -> Any:
        return {"quiz_submissions": page} | shapes.included(api, shown, quiz, course, includes)

    return paged(api, rows, shape, path=path, wrap=wrap)


def _taken(api: Api, quiz: Quiz) -> QuizSubmission:
    if api.slot("id") == "self":
        found = quiz_taking.of_user(api, quiz, api.user.id)
    else:
        found = api.store.quiz_submissions.get(identifiers.local_number(api.slot("id")) or 0)
    if found is None or found.quiz_id != quiz.id:
        raise refusals.not_found("the quiz submission", api.slot("id"))
    return found


def _require_submits(api: Api, course: Course, quiz: Quiz) -> None:
    if not api.check("may take the quiz", quiz_taking.submits(api, course, quiz), got=api.user.id):
        raise api.refused("may take the quiz")


def index(api: Api) -> Any:
    """For graders, everybody's latest attempt; for students, their own attempts."""
    course, quiz = a_quiz(api)
    if courses.may(api, api.caller, course, "manage_grades", "view_all_grades"):
        seen = quiz_taking.seen_students(api, course)
        rows = [submission for submission in quiz_taking.of_quiz(api, quiz) if submission.user_id in seen]
        path = f"/api/v1/courses/{course.id}/quizzes/{quiz.id}/submissions"
        answer = _page(api, course, quiz, rows, path, api.params.includes)
    else:
        _require_submits(api, course, quiz)
        rows = _own(quiz_taking.of_user(api, quiz, api.user.id))
        answer = _listed(api, course, quiz, rows)
    for attempt in rows:  # once shown, those whose time is up are completed
        quiz_taking.grade_overdue(api, quiz, attempt)
    return answer


def _own(record: QuizSubmission | None) -> list[QuizSubmission]:
    if record is None or record.workflow_state == "settings_only":
        return []
    if quiz_taking.running(record):
        return [record]
    earlier = [record.attempts[number] for number in sorted(record.attempts, key=int) if int(number) != record.attempt]
    return [*earlier, record]


def _at_attempt(api: Api, record: QuizSubmission, name: str) -> QuizSubmission:
    """The attempt of that number, if the parameter was sent; a text is number 0."""
    if not api.params.has(name):
        return record
    attempt = as_integer(api.params.get(name))
    if attempt == record.attempt:
        return record
    if str(attempt) not in record.attempts:
        raise refusals.not_found("the attempt", attempt)
    return record.attempts[str(attempt)]


def own(api: Api) -> Any:
    """The caller's quiz submission."""
    course, quiz = a_quiz(api)
    _require_submits(api, course, quiz)
    record = quiz_taking.of_user(api, quiz, api.user.id)
    return _listed(api, course, quiz, [] if record is None else [record])


def show(api: Api) -> Any:
    """One quiz submission, or one attempt of it."""
    course, quiz = a_quiz(api)
    record = _taken(api, quiz)
    if not api.check("sees the quiz submission", quiz_taking.readable(api, course, record)):
        raise api.refused("sees the quiz submission")
    return _listed(api, course, quiz, [_at_attempt(api, record, "attempt")])


def create(api: Api) -> Any:
    """Start an attempt."""
    course, quiz = a_quiz(api)
    return _listed(api, course, quiz, [quiz_taking.start(api, course, quiz)])


def begin_upload(api: Api) -> Any:
    """The first step of a file upload that answers a question."""
    course, quiz = a_quiz(api)
    record = quiz_taking.of_user(api, quiz, api.user.id)
    if record is None or quiz.workflow_state == "deleted":
        raise refusals.not_found("the caller's turn at the quiz", quiz.id)
    _require_submits(api, course, quiz)
    uploads.check_parameters(api, contexts.get(api, "Course", course.id), exempt=True)
    file = uploads.expect(api, "QuizSubmission", record.id, None)
    return {"attachments": [uploads.offered(api, file, "overwrite", exempt=True, field="file")]}


def update(api: Api) -> Any:
    """Change the score of an attempt: points of single questions, and fudge points."""
    course, quiz = a_quiz(api)
    record = _taken(api, quiz)
    given = api.params.hashes("quiz_submissions")
    if not isinstance(api.params.get("quiz_submissions"), list):
        raise quiz_refusals.quiz(400, "quiz_submissions_missing", "missing required key :quiz_submissions")
    if not given:
        return _listed(api, course, quiz, [record])
    if not courses.may(api, api.caller, course, "manage_grades"):
        text = "you are not allowed to update scores for this quiz submission"
        raise quiz_refusals.quiz(403, "may_not_grade", text)
    attempt = given[0].text("attempt")
    if quiz_taking.running(record) and attempt == str(record.attempt):
        raise quiz_refusals.quiz(400, "attempt_not_complete", "quiz submission attempt must be complete")
    if attempt not in record.attempts:
        raise quiz_refusals.quiz(400, "attempt_invalid", "invalid attempt")
    fudge = number(given[0].get("fudge_points")) if given[0].text("fudge_points") else None
    questions = given[0].hash("questions")
    marks: dict[int, Data] = {}
    for key in questions.data:
        fields = questions.hash(key)
        mark: Data = {"score": number(fields.get("score"))} if fields.get("score") not in (None, "") else {}
        marks[identifiers.local_number(key) or 0] = mark | (
            {"comment": fields.text("comment")} if fields.has("comment") else {}
        )
    if fudge is None and not any(marks.values()):
        return _listed(api, course, quiz, [record])
    graded = quiz_taking.rescore(api, quiz, record, int(attempt or 0), fudge, marks)
    return _listed(api, course, quiz, [graded])


def complete(api: Api) -> Any:
    """Submit the attempt."""
    course, quiz = a_quiz(api)
    record = _taken(api, quiz)
    if not api.check("may take the quiz", quiz_taking.submits(api, course, quiz), got=api.user.id):
        text = "you are not allowed to complete this quiz submission"
        raise quiz_refusals.quiz(403, "may_not_complete", text)
    quiz_taking.check_takeable(api, course, quiz)
    quiz_taking.check_token(api, record)
    if not api.check("an attempt runs", record.workflow_state == "untaken", got=record.workflow_state):
        raise quiz_refusals.quiz(400, "quiz_submission_complete", "quiz submission is already complete")
    quiz_taking.check_attempt(api, record)
    ended = quiz_taking.complete(api, quiz, record)
    answer = _listed(api, course, quiz, [ended])
    api.store.quiz_submissions.put(replace(ended, has_seen_results=False))
    return answer


def time_left(api: Api) -> Any:
    """The time left in the attempt."""
    course, quiz = a_quiz(api)
    record = _taken(api, quiz)
    if not api.check("the caller's attempt runs", quiz_taking.records_events(api, course, quiz, record)):
        raise api.refused("the caller's attempt runs")
    seconds = None if record.end_at is None else int((record.end_at - api.now).total_seconds())
    return {"end_at": when(record.end_at), "time_left": seconds}


# questions and answers


def _turn(api: Api) -> tuple[QuizSubmission, Quiz, Course]:
    reference = api.slot("quiz_submission_id")
    record = api.store.quiz_submissions.get(identifiers.local_number(reference) or 0)
    quiz = api.store.quizzes.get(record.quiz_id) if record is not None else None
    if record is None or quiz is None:
        raise refusals.not_found("the quiz submission", reference)
    return record, quiz, identifiers.course(api, quiz.course_id)


def _asked(
    api: Api, record: QuizSubmission, quiz: Quiz, only: set[int] | None = None, *, plain: bool = False
) -> list[Data]:
    course = api.store.courses.get(quiz.course_id)
    return [
        shapes.linked(api, shapes.asked(record, quiz_answer, plain=plain), course)
        for quiz_answer in quiz_answers.posed(record.quiz_data)
        if only is None or quiz_answer["id"] in only
    ]


def questions(api: Api) -> Any:
    """The questions of an attempt, with the given or the correct answers."""
    record, quiz, course = _turn(api)
    shown = _at_attempt(api, record, "quiz_submission_attempt")
    if quiz.one_question_at_a_time and not courses.may(api, api.caller, course, "manage_assignments_edit"):
        text = "Cannot receive one question at a time questions in the API"
        raise quiz_refusals.quiz(401, "one_question_at_a_time", text)
    if not quiz_taking.running(shown):
        quiz_taking.require_results(api, course, quiz, shown)
    if not api.check("sees the quiz submission", quiz_taking.readable(api, course, record)):
        raise api.refused("sees the quiz submission")
    body: Data = {"quiz_submission_questions": _asked(api, shown, quiz)}
    if "quiz_question" in api.params.includes:
        body["quiz_questions"] = _asked(api, shown, quiz, plain=True)
        body["meta"] = {"primaryCollection": "quiz_submission_questions"}
    return body


def _require_running(api: Api, record: QuizSubmission) -> None:
    """Refuse callers if the attempt is somebody else's or has ended."""
    mine = api.caller is not None and (record.user_id == api.caller.id or record.workflow_state == "preview")
    if not (mine and quiz_taking.running(record)):
        text = "you are not allowed to update questions for this quiz submission"
        raise quiz_refusals.quiz(403, "attempt_not_open", text)


def _require_open(api: Api, course: Course, quiz: Quiz, record: QuizSubmission) -> None:
    """Refuse late requests, and those without access code, validation token or attempt number."""
    if quiz_taking.overdue(api, record):
        raise quiz_refusals.quiz(400, "attempt_overdue", "quiz submission is overdue")
    quiz_taking.check_takeable(api, course, quiz)
    quiz_taking.check_token(api, record)
    quiz_taking.check_attempt(api, record)


def _question(api: Api, quiz: Quiz) -> Data:
    """The question of the path, drawn from a bank or not; deleted ones too, which attempts may have posed."""
    table = api.store.quiz_questions
    found = identifiers.row(table, api.slot("id"), "the question of the quiz", deleted=True, quiz_id=quiz.id)
    return quizzes.row(found)


def answer(api: Api) -> Any:
    """Answer questions of the running attempt."""
    record, quiz, course = _turn(api)
    _require_running(api, record)
    by_id = {item["id"]: item for item in record.quiz_data}
    given = [
        (by_id[key], quiz_answers.kept(by_id[key], fields.get("answer"), record.answers.get(str(key))))
        for fields in api.params.hashes("quiz_questions")
        if (key := identifiers.local_number(fields.get("id")) or 0) in by_id
    ]
    _require_open(api, course, quiz, record)
    changed = quiz_taking.answer(api, record, given)
    return {"quiz_submission_questions": _asked(api, changed, quiz, {question["id"] for question, _ in given})}


def _flagged(api: Api, *, on: bool) -> Any:
    record, quiz, course = _turn(api)
    key = _question(api, quiz)["id"]
    _require_running(api, record)
    _require_open(api, course, quiz, record)
    rest_of = [value for value in record.flagged if value != key]
    changed = api.store.quiz_submissions.put(replace(record, flagged=[*rest_of, key] if on else rest_of))
    return {"quiz_submission_questions": _asked(api, changed, quiz, {key})}


def flag(api: Api) -> Any:
    """Flag a question."""
    return _flagged(api, on=True)


def unflag(api: Api) -> Any:
    """Unflag a question."""
    return _flagged(api, on=False)


def formatted_answer(api: Api) -> Any:
    """A number as Canvas shows it in an answer."""
    _, quiz, _ = _turn(api)
    question, text = _question(api, quiz), api.params.text("answer")
    if not text or not text.strip():
        raise quiz_refusals.quiz(422, "answer_missing", "answer param is required")
    return {"formatted_answer": quiz_answers.formatted(question, text)}


# events


def _begun(api: Api, quiz: Quiz) -> QuizSubmission:
    record = _taken(api, quiz)
    if record.workflow_state == "settings_only":
        raise refusals.not_found("the quiz submission", record.id)
    return record


def post_events(api: Api) -> Any:
    """Log events of an attempt."""
    course, quiz = a_quiz(api)
    record = _begun(api, quiz)
    if not api.check("the caller's attempt", quiz_taking.records_events(api, course, quiz, record)):
        raise api.refused("the caller takes the quiz")
    for fields in api.params.rows("quiz_submission_events"):
        fields.has("client_timestamp")  # Canvas stores it and never shows it
        quiz_taking.note(api, record, fields.text("event_type") or "", fields.get("event_data"))
    return Response(status_code=204)


def events(api: Api) -> Any:
    """The logged events of an attempt."""
    course, quiz = a_quiz(api)
    record = _begun(api, quiz)
    courses.require(api, course, "manage_grades")
    if not features.enabled(api, course, "quiz_log_auditing"):
        raise quiz_refusals.quiz(400, "auditing_off", "quiz log auditing must be enabled")
    attempt = str(_at_attempt(api, record, "attempt").attempt)
    rows = api.store.quiz_submission_events.find("submission", record.id)
    return paged(
        api,
        [event for event in rows if str(event.attempt) == attempt],
        lambda event: {
            "id": str(event.id),
            "event_type": event.event_type,
            "event_data": event.event_data,
            "created_at": when(event.created_at),
        },
        wrap=lambda shown: {"quiz_submission_events": shown},
    )


# overdue


def outstanding(api: Api) -> Any:
    """Attempts that are overdue."""
    course, quiz = a_quiz(api, "manage_grades")
    rows = [attempt for attempt in quiz_taking.of_quiz(api, quiz) if quiz_taking.overdue(api, attempt)]
    return _page(api, course, quiz, rows, f"/api/v1/courses/{course.id}/quizzes", {"user"})


def grade_outstanding(api: Api) -> Any:
    """Submit overdue attempts."""
    _, quiz = a_quiz(api, "manage_grades")
    wanted = {identifiers.local_number(value) for value in api.params.values("quiz_submission_ids")}
    for attempt in quiz_taking.of_quiz(api, quiz):
        if attempt.id in wanted:
            quiz_taking.grade_overdue(api, quiz, attempt)
    return Response(status_code=204)


SUBMISSIONS = f"{QUIZZES}/{{quiz_id}}/submissions"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "quiz submissions",
        f"{RECORDED}/content-quizzes.jsonl 147-158, 215-222; {CONTROLLERS}/quiz_submissions_api_controller.rb",
        (f"GET {SUBMISSIONS}", index, "Submissions of a quiz"),
        (f"POST {SUBMISSIONS}", create, "Start an attempt"),
        (f"GET {QUIZZES}/{{quiz_id}}/submission", own, "The caller's quiz submission"),
        (f"POST {SUBMISSIONS}/self/files", begin_upload, "Start the upload of an answer"),
        (f"GET {SUBMISSIONS}/{{id}}", show, "One quiz submission"),
        (f"PUT {SUBMISSIONS}/{{id}}", update, "Grade an attempt"),
        (f"POST {SUBMISSIONS}/{{id}}/complete", complete, "Complete an attempt"),
        (f"GET {SUBMISSIONS}/{{id}}/time", time_left, "The time left in an attempt"),
        (f"GET {QUIZZES}/{{quiz_id}}/outstanding_quiz_submissions", outstanding, "Overdue attempts"),
        (f"POST {QUIZZES}/{{quiz_id}}/outstanding_quiz_submissions", grade_outstanding, "Submit overdue attempts"),
    ),
    *signed_in(
        "quiz submission questions",
        f"{RECORDED}/content-quizzes.jsonl 163-165, 167-204; {CONTROLLERS}/quiz_submission_questions_controller.rb",
        (f"GET {LEGACY}", questions, "Questions of an attempt"),
        (f"POST {LEGACY}", answer, "Answer questions"),
        (f"PUT {LEGACY}/{{id}}/flag", flag, "Flag a question"),
        (f"PUT {LEGACY}/{{id}}/unflag", unflag, "Unflag a question"),
        (f"GET {LEGACY}/{{id}}/formatted_answer", formatted_answer, "Format a numerical answer"),
    ),
    *rest("quiz submission events", EVENTS, (f"POST {SUBMISSIONS}/{{id}}/events", post_events, "Log quiz events")),
    *signed_in(
        "quiz submission events", EVENTS, (f"GET {SUBMISSIONS}/{{id}}/events", events, "Logged events of an attempt")
    ),
)
