"""JSON of exams, attempts, questions and answers.

Known from Pearson's libraries and manual: `isCompleted`, `pearsonExamToken`, `startUtc`, `duration`,
`isRetakable`, `type` and `pointsPossible` of a question, and the wrappers. The other names are chosen.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.learningstudio import rules, wire
from lms_emulator.providers.learningstudio.call import Call, Place
from lms_emulator.providers.learningstudio.model.exams import (
    Answer,
    Attempt,
    Choice,
    Exam,
    ExamSection,
    Premise,
    Question,
    UserExam,
)


def exam_path(place: Place, exam: Exam) -> str:
    """The path of the user's exam."""
    return f"/users/{place.whose.id}/courses/{place.course.id}/exams/{exam.id}"


def details(call: Call, place: Place, exam: Exam) -> dict[str, Any]:
    """An exam of the course."""
    return {
        "id": exam.id,
        "title": exam.title,
        "description": exam.description,
        "attempts": exam.attempts,
        "duration": exam.minutes,
        "gradebookReviewDate": None if exam.review is None else wire.instant(exam.review),
        "links": [wire.link(call, exam_path(place, exam), "/user/course/exam")],
    }


def schedule(exam: Exam) -> dict[str, Any]:
    """When students see their grade of an exam."""
    return {"examId": exam.id, "gradebookReviewDate": None if exam.review is None else wire.instant(exam.review)}


def user_exam(call: Call, place: Place, exam: Exam, own: UserExam) -> dict[str, Any]:
    """An exam that was provisioned for a user, with the minutes that this user has."""
    path = exam_path(place, exam)
    return {
        "id": exam.id,
        "title": exam.title,
        "description": exam.description,
        "duration": rules.minutes_for(call.store, exam, own.user_id),
        "isRetakable": rules.is_retakable(exam, own),
        "links": [
            wire.link(call, path, "self"),
            wire.link(call, f"{path}/attempts", "/user/course/exam/attempts", "attempts"),
            wire.link(call, f"{path}/sections", "/user/course/exam/sections", "sections"),
        ],
    }


def attempt(call: Call, place: Place, exam: Exam, record: Attempt) -> dict[str, Any]:
    """An attempt, with the token that its further requests send."""
    path = f"{exam_path(place, exam)}/attempts/{record.id}"
    return {
        "id": record.id,
        "startUtc": wire.instant(record.started),
        "isCompleted": record.completed is not None,
        "pearsonExamToken": record.token,
        "links": [
            wire.link(call, path, "self"),
            wire.link(call, f"{path}/answers", "/user/course/exam/attempt/answers", "answers"),
        ],
    }


def section(call: Call, place: Place, exam: Exam, record: ExamSection) -> dict[str, Any]:
    """A section of an exam."""
    path = f"{exam_path(place, exam)}/sections/{record.id}/questions"
    links = [wire.link(call, path, "/user/course/exam/section/questions", "questions")]
    return {"id": record.id, "title": record.title, "links": links}


def question_in_list(call: Call, place: Place, exam: Exam, question: Question) -> dict[str, Any]:
    """A question without its text, to which it links."""
    path = f"{exam_path(place, exam)}/sections/{question.section_id}/{question.type}Questions/{question.id}"
    return {
        "id": question.id,
        "type": question.type,
        "pointsPossible": wire.points(question.points),
        "links": [wire.link(call, path, "self")],
    }


def text_of(record: Question | Choice | Premise) -> dict[str, Any]:
    """A question, a choice or a premise: its number and its text."""
    return {"id": record.id, "text": record.text}


def answer(record: Answer, question: Question) -> dict[str, Any]:
    """An answer; it has its question's number."""
    given: dict[str, Any]
    if question.type == "matching":
        matches = [{"premiseId": match.premise_id, "choiceId": match.choice_id} for match in record.matches]
        given = {"matches": matches}
    elif question.choices:
        given = {"choiceIds": record.choices}
    else:
        given = {"text": record.text}
    return {"id": question.id, "questionId": question.id, "type": question.type, **given}


def summary(found: list[tuple[Question, float | None]]) -> dict[str, Any]:
    """The points of an attempt, also by type of question; essays count nothing before they are graded."""
    kinds: dict[str, list[tuple[Question, float | None]]] = {}
    for row in found:
        kinds.setdefault(row[0].type, []).append(row)
    return {**_sums(found), "questionTypes": [{"type": kind, **_sums(rows)} for kind, rows in kinds.items()]}


def _sums(rows: list[tuple[Question, float | None]]) -> dict[str, Any]:
    return {
        "pointsPossible": wire.points(sum(question.points for question, _ in rows)),
        "pointsEarned": wire.points(sum(points or 0.0 for _, points in rows)),
    }
