"""Taking a quiz: starting, answering, completing, and scoring.

Source: canvas-lms app/services/quizzes/ and app/models/quizzes/quiz_submission.rb, submission_grader.rb (2023-06), and
the recorded exchanges of `content-quizzes` 133-264 and `content-quizzes2`.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import later
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Assignment, Course, Quiz, QuizSubmission, QuizSubmissionEvent
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    grades,
    grading,
    progressing,
    quiz_answers,
    quiz_drawing,
    quiz_scores,
    quizzes,
    reminders,
    submissions,
)
from lms_emulator.providers.canvas.rules.assignments import posts_manually
from lms_emulator.providers.canvas.rules.quiz_questions import Data
from lms_emulator.providers.canvas.rules.quiz_scores import worth

GRACE = timedelta(minutes=5)
NO_RESULTS = "Cannot view questions due to quiz settings"
NOT_ALLOWED = "you are not allowed to participate in this quiz"


def of_quiz(api: Api, quiz: Quiz) -> list[QuizSubmission]:
    """All quiz submissions, previews aside."""
    found = [attempt for attempt in api.store.quiz_submissions.find("quiz", quiz.id) if attempt.user_id is not None]
    return sorted(found, key=lambda attempt: attempt.id)


def of_user(api: Api, quiz: Quiz, user_id: int) -> QuizSubmission | None:
    """A user's quiz submission."""
    return quiz_scores.of_user(api, quiz.id, user_id)


def taken(api: Api, quiz: Quiz) -> bool:
    """Whether anybody has started it."""
    return any(attempt.workflow_state != "settings_only" for attempt in of_quiz(api, quiz))


def running(record: QuizSubmission) -> bool:
    """Whether an attempt is in progress."""
    return record.workflow_state in ("untaken", "preview")


def overdue(api: Api, record: QuizSubmission) -> bool:
    """Whether an attempt should have been completed some minutes ago."""
    return record.workflow_state == "untaken" and record.end_at is not None and record.end_at < api.now - GRACE


def attempts_left(quiz: Quiz, record: QuizSubmission) -> int:
    """How many attempts are left; -1 for no limit."""
    if quiz.allowed_attempts < 0:
        return -1
    return max(0, quiz.allowed_attempts + (record.extra_attempts or 0) - (record.attempt or 0))


def submits(api: Api, course: Course, quiz: Quiz) -> bool:
    """Whether the caller may take the quiz: students who can see it published, unless excused."""
    if courses.may(api, api.caller, course, *quizzes.STAFF):
        return True
    if not quizzes.published(quiz) or not quizzes.visible(api, course, quiz):
        return False
    if course.is_public and quiz.quiz_type not in quizzes.GRADED:
        return True
    caller = api.caller
    row = api.store.submissions.first("whose", (quiz.assignment_id or 0, caller.id)) if caller is not None else None
    return courses.may(api, caller, course, "participate_as_student") and not (row is not None and row.excused)


def records_events(api: Api, course: Course, quiz: Quiz, record: QuizSubmission) -> bool:
    """Whether the caller may log events of their own attempt and see the time left."""
    if api.caller is None or record.user_id != api.caller.id or not submits(api, course, quiz):
        return False
    over = running(record) and record.end_at is not None and record.end_at < api.now
    return not over and not (record.end_at is None and quiz.time_limit)


def lock_of(api: Api, course: Course, quiz: Quiz) -> dict[str, Any] | None:
    """What keeps the caller from taking the quiz, as `lock_info` says it."""
    asset = {"asset_string": f"quizzes:quiz_{quiz.id}"}
    own = of_user(api, quiz, api.caller.id) if api.caller is not None else None
    if own is not None and own.manually_unlocked:
        return None
    assignment = quizzes.assignment_of(api, quiz)
    dated: Quiz | Assignment = quiz if assignment is None else assignments.dated(api, course, assignment)
    if dated.unlock_at is not None and api.now < dated.unlock_at:
        return {"unlock_at": when(dated.unlock_at), **asset}
    if dated.lock_at is not None and api.now > dated.lock_at:
        return {"lock_at": when(dated.lock_at), "can_view": True, **asset}
    by_module = progressing.lock_of(api, course, "Quiz", quiz.id)
    if by_module is not None:
        return by_module
    if not course.is_public and not courses.may(api, api.caller, course, "participate_as_student"):
        return {"missing_permission": "participate_as_student", **asset}
    return None


# beginning


def start(api: Api, course: Course, quiz: Quiz) -> QuizSubmission:
    """Start an attempt, or a teacher's preview. Raises the refusals for those who may not."""
    if api.params.flag("preview"):
        if not quizzes.manages(api, course):
            raise quiz_refusals.quiz(403, "may_not_preview", "you are not allowed to preview this quiz")
        return _begun(api, course, quiz, None)
    if lock_of(api, course, quiz) is not None:
        raise quiz_refusals.quiz(400, "quiz_locked", NOT_ALLOWED)
    if not submits(api, course, quiz):
        raise quiz_refusals.quiz(403, "quiz_not_visible", NOT_ALLOWED)
    before = of_user(api, quiz, api.user.id)
    check_takeable(api, course, quiz)
    if before is not None and (running(before) or attempts_left(quiz, before) == 0):
        raise quiz_refusals.quiz(409, "quiz_submission_exists", "a quiz submission already exists")
    return _begun(api, course, quiz, before)


def check_takeable(api: Api, course: Course, quiz: Quiz) -> None:
    """Check that the API supports the quiz, its access code, its IP filter and its lock. Raises the refusals."""
    if quiz.cant_go_back:
        text = "that type of quizzes is not supported yet"
        raise quiz_refusals.quiz(501, "quiz_type_unsupported", text)
    given = api.params.text("access_code")
    if quiz.access_code and given != quiz.access_code:
        raise quiz_refusals.quiz(403, "access_code_wrong", "invalid access code")
    if quiz.ip_filter and not _within(quiz.ip_filter, api.call.client_ip):
        raise quiz_refusals.quiz(403, "ip_address_denied", "IP address denied")
    if quizzes.manages(api, course):
        return
    if lock_of(api, course, quiz) is not None or not submits(api, course, quiz):
        raise quiz_refusals.quiz(400, "quiz_locked", "quiz is locked")


def _within(ranges: str, address: str) -> bool:
    try:
        own = ipaddress.ip_address(address)
        return any(own in ipaddress.ip_network(network.strip(), strict=False) for network in ranges.split(","))
    except ValueError:
        return False


def _begun(api: Api, course: Course, quiz: Quiz, before: QuizSubmission | None) -> QuizSubmission:
    preview = api.params.flag("preview")
    record = before or blank(api, quiz, None if preview else api.user.id)
    data = quizzes.entries(api, quiz) if preview else quiz.quiz_data
    begun = replace(
        record,
        workflow_state="preview" if preview else "untaken",
        quiz_version=quiz.version_number,
        attempt=(record.attempt or 0) + 1,
        score=None,
        fudge_points=None,
        started_at=api.now,
        finished_at=None,
        quiz_points_possible=quiz.points_possible,
        quiz_data=quiz_drawing.drawn(api, quiz, data),
        answers={},
        flagged=[],
        graded=[],
    )
    end = ends_at(api, course, quiz, begun)
    return api.store.quiz_submissions.put(replace(begun, end_at=end))


def blank(api: Api, quiz: Quiz, user_id: int | None) -> QuizSubmission:
    """An unstarted quiz submission, with the assignment submission that gets its grade."""
    assignment = quizzes.assignment_of(api, quiz)
    row = submissions.of(api, assignment, user_id) if assignment is not None and user_id is not None else None
    return QuizSubmission(
        id=api.new_id("quiz_submissions"),
        quiz_id=quiz.id,
        user_id=user_id,
        submission_id=None if row is None else row.id,
        workflow_state="settings_only",
        fudge_points=0.0,
        quiz_points_possible=quiz.points_possible,
        validation_token=api.call.ids.hex(64),
    )


def ends_at(api: Api, course: Course, quiz: Quiz, record: QuizSubmission) -> datetime | None:
    """When an attempt ends: by the time limit, the quiz's lock date, or the end of the course."""
    end = None
    if quiz.time_limit and record.started_at is not None:
        end = later(record.started_at, 60 * (quiz.time_limit + (record.extra_time or 0)))
    if record.user_id is None:
        return end
    assignment = quizzes.assignment_of(api, quiz)
    locked = quiz.lock_at
    if assignment is not None:
        locked = assignments.dated_for(api, assignment, record.user_id).lock_at
    locks = locked is not None and not record.manually_unlocked
    last = locked if locks else quizzes.ends_at(api, course, record.user_id)
    return min((moment for moment in (end, last) if moment is not None), default=None)


# answering


def check_token(api: Api, record: QuizSubmission) -> None:
    """Check the attempt's token. Raises the refusal for a wrong one."""
    if api.params.text("validation_token") != record.validation_token:
        raise quiz_refusals.quiz(403, "validation_token_wrong", "invalid token")


def check_attempt(api: Api, record: QuizSubmission) -> None:
    """Check the attempt's number. Raises the refusals for wrong ones."""
    attempt = api.params.whole("attempt")
    if attempt is None:
        raise quiz_refusals.quiz(400, "attempt_invalid", "invalid attempt")
    if attempt != record.attempt:
        raise quiz_refusals.quiz(400, "attempt_over", f"attempt {attempt} can not be modified")


def answer(api: Api, record: QuizSubmission, given: list[tuple[Data, Any]]) -> QuizSubmission:
    """Store answers to some questions of the running attempt, and log them."""
    answers = dict(record.answers) | {str(question["id"]): value for question, value in given}
    if given:
        noted = [
            {"quiz_question_id": str(q["id"]), "answer": quiz_answers.shown(q, answers[str(q["id"])])} for q, _ in given
        ]
        note(api, record, "question_answered", noted)
    return api.store.quiz_submissions.put(replace(record, answers=answers))


def note(api: Api, record: QuizSubmission, kind: str, data: Any) -> None:
    """Log an event while the quiz is taken."""
    made = QuizSubmissionEvent(
        id=api.new_id("quiz_submission_events"),
        quiz_submission_id=record.id,
        attempt=record.attempt or 0,
        event_type=kind,
        event_data=data,
        created_at=api.now,
    )
    api.store.quiz_submission_events.put(made)


# grading


def complete(api: Api, quiz: Quiz, record: QuizSubmission, finished_at: datetime | None = None) -> QuizSubmission:
    """End the attempt, grade what can be graded automatically, and pass the score on."""
    graded = [quiz_answers.grade(question, record.answers.get(str(question["id"]))) for question in record.quiz_data]
    for_review = quiz.quiz_type not in quizzes.SURVEYS and any(row["correct"] == "undefined" for row in graded)
    ended = replace(
        record,
        workflow_state="pending_review" if for_review else "complete",
        finished_at=_in_time(record, finished_at or api.now),
        graded=graded,
        score=_score(quiz, worth(graded)),
    )
    return _scored(api, quiz, ended)


def _in_time(record: QuizSubmission, finished_at: datetime) -> datetime:
    """When an attempt ended: one that was completed a little late, when its time was up."""
    late = record.end_at is not None and record.end_at < finished_at <= record.end_at + GRACE
    return record.end_at if late and record.end_at is not None else finished_at


def _score(quiz: Quiz, points: float) -> float:
    """The score for these points; a graded survey always gives all of them."""
    return quiz.points_possible or 0.0 if quiz.quiz_type == "graded_survey" else points


def _scored(api: Api, quiz: Quiz, record: QuizSubmission) -> QuizSubmission:
    """Store a graded attempt, determine the score that counts, and pass it on to the gradebook.

    Among the earlier attempts, one keeps the score that counted when it was completed, even once it is regraded.
    """
    known = record.attempts.get(str(record.attempt))
    attempts = record.attempts | {str(record.attempt): replace(record, attempts={}, updated_at=api.now)}
    scores = [attempt.score or 0.0 for _, attempt in sorted(attempts.items(), key=lambda pair: int(pair[0]))]
    match quiz.scoring_policy:
        case "keep_latest":
            counts = scores[-1]
        case "keep_average":
            counts = round(sum(scores) / len(scores), 2)
        case _:
            counts = max(scores)
    then = replace(attempts[str(record.attempt)], kept_score=counts if known is None else known.kept_score)
    seen = record.has_seen_results if known is None else known.has_seen_results
    attempts[str(record.attempt)] = replace(then, has_seen_results=seen)
    record = replace(record, updated_at=api.now)
    before = api.store.quiz_submissions.get(record.id)
    kept = api.store.quiz_submissions.put(replace(record, attempts=attempts, kept_score=counts))
    done = kept.workflow_state == "complete" and before is not None and before.workflow_state != "complete"
    if done and kept.submission_id is None:
        reminders.complete_quiz(api, kept)
    pass_on(api, quiz, kept)
    return kept


def pass_on(api: Api, quiz: Quiz, record: QuizSubmission) -> None:
    """Write the score that counts into the gradebook."""
    assignment, row = quizzes.assignment_of(api, quiz), api.store.submissions.get(record.submission_id or 0)
    if assignment is None or row is None or record.finished_at is None:
        return
    score = record.kept_score or 0.0
    changes: Data = {
        "entered_score": score,
        "entered_grade": grades.from_score(api, assignment, score),
        "grader_id": -quiz.id,
        "graded_at": api.now,
        "grade_matches_current_submission": True,
        "submission_type": "online_quiz",
        "body": f"user: {record.user_id}, quiz: {quiz.id}, score: {score}, time: {api.now:%Y-%m-%d %H:%M:%S} +0000",
        "submitted_at": record.finished_at,
        "attempt": record.attempt,
        "workflow_state": "pending_review" if record.workflow_state == "pending_review" else "graded",
    }
    course = identifiers.course(api, quiz.course_id)
    if not posts_manually(assignment, course):
        changes["posted_at"] = row.posted_at or api.now
    grading.keep(api, assignment, replace(row, **changes), new_version=row.attempt != record.attempt)


def join(api: Api, quiz: Quiz) -> None:
    """Give the attempts at a quiz that has become graded their places in the gradebook."""
    assignment = quizzes.assignment_of(api, quiz)
    for record in of_quiz(api, quiz) if assignment is not None else ():
        if assignment is not None and record.submission_id is None and record.user_id is not None:
            row = submissions.of(api, assignment, record.user_id)
            pass_on(api, quiz, api.store.quiz_submissions.put(replace(record, submission_id=row.id)))


def rescore(
    api: Api, quiz: Quiz, record: QuizSubmission, attempt: int, fudge: float | None, given: dict[int, Data]
) -> QuizSubmission:
    """Change the score of an attempt.

    Parameters: `fudge`, points besides those of questions; `given`, by question, a `score` and a `comment`.
    """
    old = record.attempts[str(attempt)]
    graded = [_regraded(row, given.get(row["question_id"], {})) for row in old.graded]
    points = record.fudge_points if fudge is None else fudge  # also those of a later attempt
    state: Any = "pending_review" if any(row["correct"] == "undefined" for row in graded) else "complete"
    changes: Data = {
        "graded": graded,
        "fudge_points": points,
        "score": _score(quiz, sum((row["points"] for row in graded), points or 0.0)),
        "workflow_state": state,
    }
    if attempt == record.attempt:
        return _scored(api, quiz, replace(record, **changes))
    attempts = record.attempts | {str(attempt): replace(old, **changes)}
    latest = replace(record, attempts=attempts)
    return _scored(api, quiz, latest) if latest.finished_at else api.store.quiz_submissions.put(latest)


def _regraded(row: Data, given: Data) -> Data:
    if "comment" in given:
        row = row | {"more_comments": given["comment"]}
    if "score" not in given:
        return row
    correct = "defined" if row["correct"] == "undefined" else row["correct"]
    return row | {"points": given["score"], "correct": correct}


def grade_overdue(api: Api, quiz: Quiz, record: QuizSubmission) -> None:
    """Complete overdue attempts."""
    if record.workflow_state == "untaken" and record.end_at is not None and record.end_at < api.now:
        complete(api, quiz, record, record.end_at)


# exceptions


def extend(api: Api, course: Course, quiz: Quiz, user_id: int, given: Data) -> QuizSubmission:
    """Grant a user more attempts, more time, or entry to a closed quiz.

    Parameters: `given`, under Canvas's names; `extend_from_now`, `extend_from_end_at` move a running one's end.
    """
    record = of_user(api, quiz, user_id) or blank(api, quiz, user_id)
    changes: Data = {}
    for name in ("extra_attempts", "extra_time"):
        if given.get(name) is not None:
            changes[name] = int(given[name])
    if given.get("manually_unlocked") is not None:
        changes["manually_unlocked"] = given["manually_unlocked"]
    end = record.end_at
    if record.workflow_state == "untaken" and quiz.time_limit and end is not None and later(end, 3600) > api.now:
        if given.get("extend_from_now"):
            changes["end_at"] = later(api.now, 60 * given["extend_from_now"])
        elif given.get("extend_from_end_at"):
            changes["end_at"] = later(end, 60 * given["extend_from_end_at"])
    return api.store.quiz_submissions.put(replace(record, **changes))


def seen_students(api: Api, course: Course) -> set[int]:
    """The students whose quiz submissions the caller can see."""
    limited = assignments.sections_seen(api, course)
    rows = assignments.students(api, course.id)
    return {row.user_id for row in rows if limited is None or row.course_section_id in limited}


def readable(api: Api, course: Course, record: QuizSubmission) -> bool:
    """Whether the caller may read a quiz submission: their own, an observed student's, or, for graders, any."""
    if api.caller is None:
        return False
    own = record.user_id is not None and record.user_id in (
        api.caller.id,
        *assignments.seen_for(api, course, api.caller),
    )
    return own or courses.may(api, api.caller, course, "manage_grades", "view_all_grades")


def require_results(api: Api, course: Course, quiz: Quiz, record: QuizSubmission) -> None:
    """Refuse questions of a completed attempt whose results are hidden from the caller."""
    if courses.may(api, api.caller, course, "manage_grades", "view_all_grades"):
        return
    waits = quiz.hide_results == "until_after_last_attempt" and (record.attempt or 0) < quiz.allowed_attempts
    hidden = waits or quiz.hide_results == "always" or (quiz.one_time_results and record.has_seen_results)
    if not api.check("results of the quiz are shown", not hidden):
        raise quiz_refusals.quiz(401, "results_hidden", NO_RESULTS)
