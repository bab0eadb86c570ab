"""Classic quizzes as Canvas's JSON.

Fields: canvas-lms app/serializers/quizzes/ and lib/api/v1/quiz_question.rb, quiz_submission.rb (2023-06), and the
recorded exchanges of `content-quizzes`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import AssessmentQuestion, Assignment, Course, Quiz, QuizGroup, QuizQuestion
from lms_emulator.providers.canvas.model import QuizSubmission as Taken
from lms_emulator.providers.canvas.rules import assignments, courses, quiz_answers, quiz_rights, quiz_taking, quizzes
from lms_emulator.providers.canvas.shapes import Json, people
from lms_emulator.providers.canvas.shapes.assignments import all_dates, by_due, dated_row
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.locks import locked_json
from lms_emulator.providers.canvas.shapes.submissions import reads_grade, submission

COLUMNS = (
    "id",
    "title",
    "description",
    "quiz_type",
    "time_limit",
    "shuffle_answers",
    "show_correct_answers",
    "scoring_policy",
    "allowed_attempts",
    "one_question_at_a_time",
    "question_count",
    "points_possible",
    "cant_go_back",
    "ip_filter",
    "hide_results",
    "assignment_id",
    "one_time_results",
    "show_correct_answers_last_attempt",
    "version_number",
)
MOMENTS = ("due_at", "lock_at", "unlock_at", "show_correct_answers_at", "hide_correct_answers_at")


def quiz(api: Api, record: Quiz, course: Course, *, types: bool = False) -> Json:
    """A quiz as the caller sees it.

    Parameters: `types`, include the types of its questions.
    """
    assignment = quizzes.assignment_of(api, record)
    student = courses.may(api, api.caller, course, "participate_as_student")
    dated = assignments.dated(api, course, assignment) if student and assignment is not None else record
    permissions = quiz_rights.rights(api, course, record)
    page = f"/courses/{course.id}/quizzes/{record.id}"
    lock = quiz_taking.lock_of(api, course, record)
    body: Json = {name: getattr(record, name) for name in COLUMNS}
    body |= {name: when(getattr(record, name)) for name in MOMENTS}
    body |= {name: when(getattr(dated, name)) for name in assignments.DATES}
    body["description"] = shown(api, record.description, course)
    body |= locked_json(api, "quiz", lock)
    if lock is not None and student:
        body["description"] = ""
    if lock is not None:
        body["lock_explanation"] = body["lock_explanation"].replace("<a style='display: none;' class", "<a  class", 1)
    body |= {
        "html_url": api.url(page),
        "mobile_url": api.url(f"{page}?force_user=1&persist_headless=1"),
        "timer_autosubmit_disabled": False,
        "published": quizzes.published(record),
        "can_update": permissions["update"],
        "require_lockdown_browser": False,
        "require_lockdown_browser_for_results": False,
        "require_lockdown_browser_monitor": False,
        "lockdown_browser_monitor_data": None,
        "permissions": permissions,
        "quiz_reports_url": api.url(f"/api/v1{page}/reports"),
        "quiz_statistics_url": api.url(f"/api/v1{page}/statistics"),
        "important_dates": assignment is not None and assignment.important_dates,
        "quiz_submission_versions_html_url": api.url(f"{page}/submission_versions"),
        "assignment_group_id": record.assignment_group_id,
        "has_access_code": bool(record.access_code),
        "post_to_sis": None if assignment is None else bool(assignment.post_to_sis),
        "migration_id": None,
        "in_paced_course": bool(course.settings.get("enable_course_paces")),
    }
    if (mine := dates(api, record, course)) == every_date(api, record):
        body["all_dates"] = mine
    if record.quiz_type in quizzes.SURVEYS:
        body["anonymous_submissions"] = record.anonymous_submissions
    if types:
        body["question_types"] = record.question_types
    if permissions["manage"] or permissions["grade"]:
        body["access_code"] = record.access_code
    if permissions["manage"]:
        body |= dict.fromkeys(("unpublishable", "can_unpublish"), not quiz_taking.taken(api, record))
    return body | _graded(api, record, course, page) if permissions["grade"] else body


def dates(api: Api, record: Quiz, course: Course) -> list[Json]:
    """The sets of dates of a quiz that the caller can see."""
    assignment = _differentiated(api, record)
    return [_own(record)] if assignment is None else dates_of(api, assignment, course)


def every_date(api: Api, record: Quiz) -> list[Json]:
    """The sets of dates of a quiz that change the due date, whoever they are for, and its own."""
    assignment = _differentiated(api, record)
    return [_own(record)] if assignment is None else every_date_of(api, assignment)


def _differentiated(api: Api, record: Quiz) -> Assignment | None:
    found = quizzes.assignment_of(api, record)
    return None if found is None else replace(found, only_visible_to_overrides=record.only_visible_to_overrides)


def _own(record: Quiz | Assignment) -> Json:
    return dated_row({name: getattr(record, name) for name in assignments.DATES}, base=True)


def dates_of(api: Api, assignment: Assignment, course: Course) -> list[Json]:
    """The sets of dates of an assignment that the caller can see."""
    rows: list[Json] = all_dates(api, assignment, course).get("all_dates", [])
    return rows


def every_date_of(api: Api, assignment: Assignment) -> list[Json]:
    """The same of an assignment."""
    found = sorted(assignments.overrides(api, assignment), key=lambda o: (o.title, o.id))
    rows = [
        dated_row(o.dates, id=o.id, title=o.title, set_type=o.set_type, set_id=o.set_id)
        for o in found
        if "due_at" in o.dates
    ]
    return by_due(rows if assignment.only_visible_to_overrides else [*rows, _own(assignment)])


def _graded(api: Api, record: Quiz, course: Course, page: str) -> Json:
    """The keys for those who may grade it."""
    sections = api.store.course_sections.find("course", course.id)
    speed = f"/courses/{course.id}/gradebook/speed_grader?assignment_id={record.assignment_id}"
    graded = record.assignment_id is not None and quizzes.published(record)
    return {
        "speed_grader_url": api.url(speed) if graded else None,
        "message_students_url": api.url(f"/api/v1{page}/submission_users/message"),
        "section_count": sum(section.workflow_state == "active" for section in sections),
        "only_visible_to_overrides": record.only_visible_to_overrides,
    }


# questions

OPTIONAL = ("variables", "formulas", "answer_tolerance", "formula_decimal_places", "matches")
COMMENTS = ("correct_comments", "incorrect_comments", "neutral_comments")


OPEN = {
    "id",
    "position",
    "quiz_group_id",
    "quiz_id",
    "assessment_question_id",
    "assessment_question",
    "question_name",
    "question_type",
    "question_text",
    "answers",
    "matches",
    "formulas",
    "variables",
    "answer_tolerance",
    "formula_decimal_places",
}


def censored(body: Json) -> Json:
    """A question without anything that gives away the answer."""
    shown = {name: value for name, value in body.items() if name in OPEN and name != "answers"}
    shown |= quiz_answers.choices(body)
    if isinstance(kept := shown.get("assessment_question"), dict) and "question_data" in kept:
        shown["assessment_question"] = {**kept, "question_data": censored(kept["question_data"])}
    return shown


def question(api: Api, record: QuizQuestion, course: Course | None) -> Json:
    """A question, for its authors. Its position is shown as posed in an attempt, and nowhere else.

    Parameters: `course`, whose links get their API endpoints; None leaves the HTML unchanged.
    """
    data = record.question_data if course is None else linked(api, record.question_data, course)
    named = ("question_name", "question_type", "question_text", "points_possible", *COMMENTS)
    return {
        "id": record.id,
        "quiz_id": record.quiz_id,
        "quiz_group_id": record.quiz_group_id,
        "assessment_question_id": record.assessment_question_id,
        "position": data.get("position"),
        **{name: data[name] for name in named},
        **{f"{name}_html": data[f"{name}_html"] for name in COMMENTS},
        "answers": data["answers"],
        **{name: data.get(name) for name in OPTIONAL},
        "matching_answer_incorrect_matches": data.get("matching_answer_incorrect_matches"),
    }


def linked(api: Api, data: Json, course: Course | None) -> Json:
    """A question with links as in the API."""
    linked_data = {**data, "question_text": shown(api, data["question_text"], course)}
    if data.get("answers"):
        linked_data["answers"] = [
            a | {"html": shown(api, a["html"], course)} if a.get("html") else a for a in data["answers"]
        ]
    return linked_data


def with_assessment(api: Api, record: QuizQuestion, course: Course | None, data: Json | None = None) -> Json:
    """A question with its row in the question bank. `data`: the row's current data, if not the initial one."""
    kept = api.store.assessment_questions.get(record.assessment_question_id or 0)
    return question(api, record, course) | {
        "assessment_question": None if kept is None else assessment(api, kept, data)
    }


def assessment(api: Api, kept: AssessmentQuestion, data: Json | None) -> Json:
    """A question of a question bank."""
    own = kept.question_data | {"assessment_question_id": None}
    return {
        "id": kept.id,
        "name": kept.name,
        "question_data": own if data is None else data,
        "context_id": kept.course_id,
        "context_type": "Course",
        "workflow_state": "active",
        "created_at": when(kept.created_at),
        "updated_at": when(kept.created_at),
        "assessment_question_bank_id": kept.assessment_question_bank_id,
        "deleted_at": None,
        "migration_id": None,
        "position": kept.position,
        "root_account_id": api.root.id,
    }


def group(record: QuizGroup) -> Json:
    """A pool of questions."""
    return {
        "id": record.id,
        "quiz_id": record.quiz_id,
        "name": record.name,
        "pick_count": record.pick_count,
        "question_points": record.question_points,
        "position": record.position,
        "assessment_question_bank_id": record.assessment_question_bank_id,
    }


# submissions

TAKEN = (
    "id",
    "quiz_id",
    "quiz_version",
    "user_id",
    "submission_id",
    "score",
    "kept_score",
    "attempt",
    "workflow_state",
    "fudge_points",
    "quiz_points_possible",
    "extra_attempts",
    "extra_time",
    "manually_unlocked",
    "validation_token",
    "has_seen_results",
)


def taken(api: Api, record: Taken, quiz: Quiz) -> Json:
    """A quiz submission."""
    row = api.store.submissions.get(record.submission_id) if record.submission_id is not None else None
    page = f"/courses/{quiz.course_id}/quizzes/{quiz.id}"
    late = quiz_taking.overdue(api, record)
    spent = None
    if record.finished_at is not None and record.started_at is not None:
        spent = int((record.finished_at - record.started_at).total_seconds()) + (record.extra_time or 0)  # in minutes
    body: Json = {name: getattr(record, name) for name in TAKEN}
    graded = quizzes.assignment_of(api, quiz)
    if row is not None and graded is not None:
        course = identifiers.course(api, quiz.course_id)
        if not reads_grade(api, course, graded, row):
            del body["score"], body["kept_score"]
    body |= {name: when(getattr(record, name)) for name in ("started_at", "end_at", "finished_at")}
    body |= {
        "score_before_regrade": None,
        "time_spent": spent,
        "attempts_left": quiz_taking.attempts_left(quiz, record),
        "overdue_and_needs_submission": late,
        "excused?": None if row is None else bool(row.excused),
        "html_url": api.url(f"{page}/submissions/{record.id}"),
    }
    if record.finished_at is not None or late:
        version = record.attempt if record.finished_at is not None else len(record.attempts)
        body["result_url"] = api.url(f"{page}/history?quiz_submission_id={record.id}&version={version}")
    return body


def asked(record: Taken, question: Json, *, plain: bool = False) -> Json:
    """A question as shown to the person who takes the quiz.

    Parameters:
        one: the question as posed, with its number and heading.
        plain: without the given answer.
    """
    body: Json = {
        "id": question["id"],
        "quiz_id": question["quiz_id"],
        "quiz_group_id": question["quiz_group_id"],
        "assessment_question_id": question["assessment_question_id"],
        **{name: question[name] for name in ("position", "question_name", "question_type", "question_text")},
        **quiz_answers.choices(question),
        **{name: question.get(name) for name in OPTIONAL},
    }
    if plain:
        return body
    body["flagged"] = question["id"] in record.flagged
    if record.finished_at is None:
        body["answer"] = quiz_answers.shown(question, record.answers.get(str(question["id"])))
    else:
        graded: dict[int, Any] = {row["question_id"]: row["correct"] for row in record.graded}
        body["correct"] = graded.get(question["id"])
    return body


def extension(record: Taken) -> Json:
    """A user's extension."""
    return {
        "user_id": str(record.user_id),
        "quiz_id": str(record.quiz_id),
        "extra_attempts": record.extra_attempts,
        "extra_time": record.extra_time,
        "manually_unlocked": record.manually_unlocked,
        "end_at": when(record.end_at),
    }


def included(api: Api, rows: list[Taken], of: Quiz, course: Course, includes: Collection[str]) -> Json:
    """The objects that `include[]` adds to lists of submissions."""
    found: Json = {}
    if "submission" in includes:
        assignment = quizzes.assignment_of(api, of)
        ids = [attempt.submission_id for attempt in rows if attempt.submission_id is not None]
        own = [row for number in ids if (row := api.store.submissions.get(number)) is not None]
        base = [] if assignment is None else [submission(api, row, assignment, course, includes) for row in own]
        found["submissions"] = base
    if "quiz" in includes:
        found["quizzes"] = [quiz(api, of, course)]
    if "user" in includes:
        users = [
            user for attempt in rows if attempt.user_id and (user := api.store.users.get(attempt.user_id)) is not None
        ]
        found["users"] = [people.person(api, user, course) for user in users]
    if includes:
        found["meta"] = {"primaryCollection": "quiz_submissions"}
    return found
