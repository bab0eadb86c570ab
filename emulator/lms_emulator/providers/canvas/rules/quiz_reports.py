"""The CSV reports on the answers to a quiz.

Source: canvas-lms app/models/quizzes/quiz_statistics/ (2023-06), and the recorded exchanges of `content-quizzes2`
39-44.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.http.html_text import without_tags
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Attachment, Course, Progress, Quiz, QuizReport, QuizSubmission
from lms_emulator.providers.canvas.rules import assignments, csv_files, people, quiz_statistics, quiz_taking
from lms_emulator.providers.canvas.rules.quiz_questions import Data

NAMES = {"student_analysis": "Student Analysis", "item_analysis": "Item Analysis"}


def ensure(api: Api, quiz: Quiz, *, every: bool) -> list[QuizReport]:
    """The rows of both reports, created if missing or outdated by a new submission."""
    return [_row(api, quiz, "student_analysis", every), _row(api, quiz, "item_analysis", True)]


def _row(api: Api, quiz: Quiz, kind: Literal["student_analysis", "item_analysis"], every: bool) -> QuizReport:
    ended = [attempt.finished_at for attempt in quiz_taking.of_quiz(api, quiz) if attempt.finished_at is not None]
    rows = [
        one
        for one in api.store.quiz_reports.find("quiz", quiz.id)
        if one.report_type == kind and one.includes_all_versions == every and all(one.created_at >= t for t in ended)
    ]
    if rows:
        return max(rows, key=lambda report: report.id)
    made = QuizReport(**api.new_row("quiz_reports"), quiz_id=quiz.id, report_type=kind, includes_all_versions=every)
    return api.store.quiz_reports.put(made)


def begin(api: Api, report: QuizReport) -> QuizReport:
    """Queue a report."""
    progress = Progress(
        **api.new_row("progresses"),
        context_type="Quizzes::QuizStatistics",
        context_id=report.id,
        tag="Quizzes::QuizStatistics",
        completion=0.0,
    )
    api.store.progresses.put(progress)
    begun = replace(report, progress_id=progress.id, user_id=api.user.id, queued_at=api.now)
    return api.store.quiz_reports.put(begun)


def drop(api: Api, report: QuizReport) -> None:
    """Delete the file of a report, and its job."""
    if report.attachment_id is not None:
        api.store.attachments.delete(report.attachment_id)
    if report.progress_id is not None:
        api.store.progresses.delete(report.progress_id)
    api.store.quiz_reports.put(replace(report, attachment_id=None, progress_id=None, queued_at=None))


def run(api: Api, report: QuizReport) -> None:
    """Write the CSV file."""
    quiz = api.store.quizzes.get(report.quiz_id)
    course = api.store.courses.get(quiz.course_id) if quiz is not None else None
    if quiz is None or course is None:
        return
    whole = report.report_type == "student_analysis"
    table = _students(api, report, quiz, course) if whole else _items(api, quiz)
    file = Attachment(
        **api.new_row("attachments"),
        context_type="QuizStatistics",
        context_id=report.id,
        display_name=f"{quiz.title} Quiz {NAMES[report.report_type]} Report.csv",
        filename=f"quiz_{report.report_type}_report.csv",
        content_type="text/csv",
        text=csv_files.written(table),
        uuid=api.x.ids.alnum(40),
    )
    api.store.attachments.put(file)
    progress = api.store.progresses.get(report.progress_id or 0)
    if progress is not None:
        done = replace(progress, workflow_state="completed", completion=100.0, updated_at=api.now)
        api.store.progresses.put(done)
    api.store.quiz_reports.put(replace(report, attachment_id=file.id, updated_at=api.now))


def _plain(text: str) -> str:
    return without_tags(text).strip()


def _students(api: Api, report: QuizReport, quiz: Quiz, course: Course) -> list[list[Any]]:
    questions = quiz_statistics.asked(quiz)
    anonymous = quiz.quiz_type in ("survey", "graded_survey") and quiz.anonymous_submissions
    head: list[Any] = [] if anonymous else ["name", "id", "sis_id"]
    head += ["section", "section_id", "section_sis_id", "submitted"]
    head += ["attempt"] if report.includes_all_versions else []
    for question in questions:
        head += [f"{question['id']}: {_plain(question['question_text'])}", question["points_possible"]]
    table = [[*head, "n correct", "n incorrect", "score"]]
    rows = quiz_statistics.attempts(api, quiz, every=report.includes_all_versions)
    return table + [_student(api, report, course, attempt, questions, anonymous=anonymous) for attempt in rows]


def _student(
    api: Api, report: QuizReport, course: Course, attempt: QuizSubmission, questions: list[Data], *, anonymous: bool
) -> list[Any]:
    user = api.store.users.get(attempt.user_id or 0)
    login = people.login_of(api.store, user) if user is not None else None
    row: list[Any] = []
    if not anonymous and user is not None:
        row = [user.name, user.id, login.sis_user_id if login is not None else None]
    mine = [e.course_section_id for e in assignments.student(api, course.id, attempt.user_id or 0)]
    sections = [section for key in mine if (section := api.store.course_sections.get(key)) is not None]
    row += [", ".join(section.name for section in sections), ", ".join(str(section.id) for section in sections)]
    row.append(", ".join(section.sis_section_id or "" for section in sections))
    row.append(f"{attempt.finished_at:%Y-%m-%d %H:%M:%S} UTC" if attempt.finished_at else None)
    row += [attempt.attempt] if report.includes_all_versions else []
    graded = {one["question_id"]: one for one in attempt.graded}
    for question in questions:
        mark = graded.get(question["id"])
        row += ["", 0.0] if mark is None else [_answer_text(question, mark["answer"]), mark["points"]]
    right = sum(one["correct"] is True for one in attempt.graded)
    wrong = sum(one["correct"] is False for one in attempt.graded)
    return [*row, right, wrong, attempt.score]


def _answer_text(question: Data, answer: Any) -> str:
    """The text of an answer."""
    words = {str(one["id"]): _plain(one.get("text") or one.get("html") or "") for one in question["answers"]}
    matches = {str(one["match_id"]): one["text"] for one in question.get("matches") or []}
    match answer:
        case None:
            return ""
        case dict() if matches:
            return ",".join(f"{words.get(a, '')}=>{matches.get(m, '')}" for a, m in answer.items())
        case dict():
            return ",".join(words.get(str(value), str(value)) for value in answer.values())
        case list():
            return ",".join(words.get(str(one), str(one)) for one in answer)
        case _:
            return words.get(str(answer), _plain(str(answer)))


def _items(api: Api, quiz: Quiz) -> list[list[Any]]:
    found = quiz_statistics.analysis(api, quiz)
    questions = [one for one in quiz_statistics.asked(quiz) if one["id"] in found]
    count = len(quiz_statistics.asked(quiz))
    most = max((len(one["answers"]) for one in questions), default=0)
    table: list[list[Any]] = [[*_ITEM_HEAD, *(f"Point Biserial of Distractor {n}" for n in range(2, most + 1))]]
    for question in questions:
        item = found[question["id"]]
        biserials = sorted(item["point_biserials"], key=lambda one: not one["correct"])
        row = [question["id"], _plain(question["question_text"])]
        row += [item[name] for name in _FIRST]
        row.append(count)
        row += [item[name] for name in _REST]
        row += [one["point_biserial"] for one in biserials]
        table.append(row + [None] * (most - len(biserials)))
    return table


_FIRST = ("answered_student_count", "top_student_count", "middle_student_count", "bottom_student_count")
_REST = (
    "correct_student_count",
    "incorrect_student_count",
    "correct_student_ratio",
    "incorrect_student_ratio",
    "correct_top_student_count",
    "correct_middle_student_count",
    "correct_bottom_student_count",
    "variance",
    "stdev",
    "difficulty_index",
    "alpha",
)
_ITEM_HEAD = (
    "Question Id",
    "Question Title",
    "Answered Student Count",
    "Top Student Count",
    "Middle Student Count",
    "Bottom Student Count",
    "Quiz Question Count",
    "Correct Student Count",
    "Wrong Student Count",
    "Correct Student Ratio",
    "Wrong Student Ratio",
    "Correct Top Student Count",
    "Correct Middle Student Count",
    "Correct Bottom Student Count",
    "Variance",
    "Standard Deviation",
    "Difficulty Index",
    "Alpha",
    "Point Biserial of Correct",
)
