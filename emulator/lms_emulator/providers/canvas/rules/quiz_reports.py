"""The CSV reports on the answers to a quiz.

Source: canvas-lms app/models/quizzes/quiz_statistics/ (2023-06), and the recorded exchanges of `content-quizzes2`
39-44.
"""

from __future__ import annotations

import html
import math
from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.http.html_text import without_tags
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Attachment, Course, Progress, Quiz, QuizReport, QuizSubmission
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    csv_files,
    people,
    quiz_answers,
    quiz_statistics,
    quiz_taking,
    quizzes,
)
from lms_emulator.providers.canvas.rules.quiz_questions import Data

NAMES = {"student_analysis": "Student Analysis", "item_analysis": "Item Analysis"}


def ensure(api: Api, quiz: Quiz, course: Course, *, every: bool) -> list[QuizReport]:
    """The rows of both reports, created if missing or outdated by a new submission."""
    sis = courses.may(api, api.caller, course, "read_sis", "manage_sis")
    return [_row(api, quiz, "student_analysis", every, sis), _row(api, quiz, "item_analysis", True, False)]


def _row(
    api: Api, quiz: Quiz, kind: Literal["student_analysis", "item_analysis"], every: bool, sis: bool
) -> QuizReport:
    wanted: dict[str, Any] = {"report_type": kind, "includes_all_versions": every, "includes_sis_ids": sis}
    ended = [attempt.finished_at for attempt in quiz_taking.of_quiz(api, quiz) if attempt.finished_at is not None]
    rows = [
        report
        for report in api.store.quiz_reports.find("quiz", quiz.id)
        if all(getattr(report, name) == value for name, value in wanted.items())
        and all(report.created_at >= t for t in ended)
    ]
    if rows:
        return max(rows, key=lambda report: report.id)
    made = QuizReport(**api.new_row("quiz_reports"), quiz_id=quiz.id, **wanted)
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
    if whole and (reached := _fails_at(api, report, quiz)) is not None:
        message = f"Unexpected error, ID: {global_id(api.new_id('error_reports'))}"
        _report(api, report, workflow_state="failed", completion=reached, message=message)
        api.store.quiz_reports.put(replace(report, queued_at=None))
        return
    table = _students(api, report, quiz, course) if whole else _items(api, quiz)
    kind = "Survey" if quiz.quiz_type in quizzes.SURVEYS else "Quiz"
    file = Attachment(
        **api.new_row("attachments"),
        context_type="QuizStatistics",
        context_id=report.id,
        display_name=f"{quiz.title} {kind} {NAMES[report.report_type]} Report.csv",
        filename=f"quiz_{report.report_type}_report.csv",
        content_type="text/csv",
        text=csv_files.written(table),
        uuid=api.call.ids.alnum(40),
    )
    api.store.attachments.put(file)
    _report(api, report, workflow_state="completed", completion=100.0)
    api.store.quiz_reports.put(replace(report, attachment_id=file.id, updated_at=api.now))


def _report(api: Api, report: QuizReport, **changes: Any) -> None:
    progress = api.store.progresses.get(report.progress_id or 0)
    if progress is not None:
        api.store.progresses.put(replace(progress, **changes, updated_at=api.now))


def _fails_at(api: Api, report: QuizReport, quiz: Quiz) -> float | None:
    """How far Canvas gets, in percent, before it takes the answer to a formula question, a number, for a text."""
    rows, reached = quiz_statistics.attempts(api, quiz, every=report.includes_all_versions), 0.0
    for place, attempt in enumerate(rows):
        percent = math.floor(100 * place / len(rows) + 0.5)
        reached = float(percent) if percent // 10 > reached / 10 else reached
        formulas = {
            question["id"] for question in attempt.quiz_data if question["question_type"] == "calculated_question"
        }
        if any(row["question_id"] in formulas and row["answer"] is not None for row in attempt.graded):
            return reached
    return None


def _plain(text: str) -> str:
    return html.unescape(without_tags(text)).strip()


def _students(api: Api, report: QuizReport, quiz: Quiz, course: Course) -> list[list[Any]]:
    anonymous = quiz_statistics.anonymous(quiz)
    rows = quiz_statistics.attempts(api, quiz, every=report.includes_all_versions)
    single = [question for question in quiz.quiz_data if "group_id" not in question]
    asked = {question["id"]: question for question in single} | quiz_statistics.asked(quiz, rows)
    questions = list(asked.values())
    sis = report.includes_sis_ids
    head: list[Any] = [] if anonymous else ["name", "id", *(["sis_id"] if sis else [])]
    head += ["section", "section_id", *(["section_sis_id"] if sis else []), "submitted"]
    head += ["attempt"] if report.includes_all_versions else []
    for question in questions:
        head += [f"{question['id']}: {_plain(question['question_text'])}", question["points_possible"]]
    table = [[*head, "n correct", "n incorrect", "score"]]
    return table + [_student(api, report, course, attempt, questions, anonymous=anonymous) for attempt in rows]


def _student(
    api: Api, report: QuizReport, course: Course, attempt: QuizSubmission, questions: list[Data], *, anonymous: bool
) -> list[Any]:
    user = api.store.users.get(attempt.user_id or 0)
    login = people.login_of(api.store, user) if user is not None else None
    row: list[Any] = []
    if not anonymous and user is not None:
        row = [user.name, user.id]
        row += [login.sis_user_id if login is not None else None] if report.includes_sis_ids else []
    own = assignments.student(api, course.id, attempt.user_id or 0)
    mine = [e.course_section_id for e in own if e.workflow_state == "active"]
    sections = [section for key in mine if (section := api.store.course_sections.get(key)) is not None]
    row += [", ".join(section.name for section in sections), ", ".join(str(section.id) for section in sections)]
    row += [", ".join(section.sis_section_id or "" for section in sections)] if report.includes_sis_ids else []
    row.append(f"{attempt.finished_at:%Y-%m-%d %H:%M:%S} UTC" if attempt.finished_at else None)
    row += [attempt.attempt] if report.includes_all_versions else []
    graded = {mark["question_id"]: mark for mark in attempt.graded}
    posed = {question["id"]: question for question in attempt.quiz_data}
    for question in questions:
        mark = graded.get(question["id"])
        if mark is None:
            row += ["", ""]
        else:
            row += [_plain(_answer_text(api, posed[question["id"]], mark["answer"])), mark["points"]]
    wrong = sum(mark["correct"] is False for mark in attempt.graded)
    return [*row, len(attempt.graded) - wrong, wrong, attempt.score]


def _answer_text(api: Api, question: Data, answer: Any) -> str:
    """The text of an answer; that of one with several parts is a list with escaped commas."""
    kind, answers = question["question_type"], question["answers"]
    given = answer or {}
    words = {str(answer["id"]): answer.get("text") or without_tags(answer.get("html") or "") for answer in answers}
    match kind:
        case "fill_in_multiple_blanks_question":
            parts = [given.get(blank) or "" for blank in quiz_answers.blanks(question)] if given else []
        case "multiple_dropdowns_question":
            parts = [words[word] for blank in quiz_answers.blanks(question) if (word := given.get(blank))]
        case "multiple_answers_question":
            parts = [words[str(answer["id"])] for answer in answers if str(answer["id"]) in given]
        case "matching_question":
            matches = {str(match["match_id"]): match["text"] for match in question["matches"]}
            parts = [_pair(words[key], matches.get(given.get(key) or "", "")) for key in words]
        case "calculated_question":  # one that was answered has no report
            parts = [
                _pair(variable["name"], str(variable["value"])) for row in answers[:1] for variable in row["variables"]
            ] + [""]
        case "file_upload_question":
            file = api.store.attachments.get(as_integer(next(iter(given), None)))
            return file.display_name if file is not None else ""
        case "multiple_choice_question" | "true_false_question":
            return words.get(str(answer), "")
        case _:
            return "" if answer is None else str(answer)
    return ",".join(part.replace(",", "\\,") for part in parts)


def _pair(name: str, value: str) -> str:
    return "=>".join(part.replace("=>", "\\=>") for part in (name, value))


def _items(api: Api, quiz: Quiz) -> list[list[Any]]:
    found = quiz_statistics.analysis(api, quiz)
    most = max((len(item["point_biserials"]) for item in found.values()), default=0)
    table: list[list[Any]] = [[*_ITEM_HEAD, *(f"Point Biserial of Distractor {n}" for n in range(2, most + 1))]]
    for key, item in found.items():
        biserials = [correlation["point_biserial"] for correlation in item["point_biserials"]]
        row = [key, _plain(item["question_text"]), *(item[name] for name in _FIRST), len(found)]
        row += [*(item[name] for name in _REST), "N/A" if item["alpha"] is None else item["alpha"], *biserials]
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
