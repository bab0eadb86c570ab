"""Statistics of a quiz: by question, by attempt, and as an item analysis.

Source: canvas-lms lib/canvas_quiz_statistics gem and app/models/quizzes/quiz_statistics/ (2023-06), and the recorded
exchanges of `content-quizzes` 270-271 and `content-quizzes2` 37-44.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable
from statistics import fmean
from typing import Any, NamedTuple, TypeVar

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Quiz, QuizSubmission
from lms_emulator.providers.canvas.rules import assignments, quiz_answers, quiz_taking, quizzes
from lms_emulator.providers.canvas.rules.quiz_questions import TEXT_ONLY, Data

EDGES = {"top": 0.73, "middle": 0.27, "bottom": 0.0}
"""Which part of those asked is below the best, those in the middle, and the worst."""
MISSING, OTHER = "none", "other"
SHOWN: tuple[str, ...] = ("question_type", "question_text", "position")
T = TypeVar("T")


class Response(NamedTuple):
    """One attempt's response to one question."""

    user_id: int | None
    name: str | None
    answer: Any
    row: Data

    @property
    def answered(self) -> bool:
        return self.answer not in quiz_answers.NOTHING


MOST_QUESTIONS, MOST_SUBMISSIONS = 100, 1000
"""Beyond these a quiz has no statistics: canvas-lms app/models/quizzes/quiz_statistics.rb, large_quiz?."""


def too_large(api: Api, quiz: Quiz) -> bool:
    """Whether a quiz is too large for statistics."""
    taken = api.store.quiz_submissions.find("quiz", quiz.id)
    return len(quizzes.questions(api, quiz)) > MOST_QUESTIONS or len(taken) > MOST_SUBMISSIONS


def of_sections(api: Api, sections: Collection[int]) -> set[int]:
    """The people with an active enrollment in one of these sections."""
    rows = (enrollment for number in sections for enrollment in api.store.enrollments.find("section", number))
    return {enrollment.user_id for enrollment in rows if enrollment.workflow_state == "active"}


def _taken(api: Api, quiz: Quiz, people: Collection[int] | None) -> list[QuizSubmission]:
    """The quiz submissions of students, without those who were only ever shown the course as one."""
    rows = assignments.students(api, quiz.course_id)
    students = {row.user_id for row in rows if row.type == "StudentEnrollment"}
    found = (attempt for attempt in quiz_taking.of_quiz(api, quiz) if attempt.user_id in students)
    return [attempt for attempt in found if people is None or attempt.user_id in people]


def attempts(
    api: Api, quiz: Quiz, *, every: bool = False, people: Collection[int] | None = None
) -> list[QuizSubmission]:
    """The attempts that count, the last changed first: of each student that with the score that counts, or all.

    Parameters: `people`, of whom only; by default of everybody.
    """
    found: list[QuizSubmission] = []
    for attempt in _taken(api, quiz, people):
        own = [attempt.attempts[key] for key in sorted(attempt.attempts, key=int)]
        if attempt.score == attempt.kept_score and not every:
            found += own[-1:] if attempt.finished_at is not None else []
        else:
            found += own if every else [version for version in own if version.score == attempt.kept_score][:1]
    return sorted(found, key=_changed)[::-1]


def _changed(attempt: QuizSubmission) -> float:
    moment = attempt.updated_at or attempt.finished_at
    return moment.timestamp() if moment is not None else 0.0


def asked(quiz: Quiz, rows: Iterable[QuizSubmission]) -> dict[int, Data]:
    """The questions that were posed in these attempts by id, as published if they still are."""
    published: dict[int, Data] = {}
    for entry in quiz.quiz_data:
        published |= {question["id"]: question for question in entry.get("questions", [entry])}
    posed = {
        question["id"]: question for attempt in rows for question in reversed(quiz_answers.posed(attempt.quiz_data))
    }
    return {
        key: published.get(key, posed[key])
        for attempt in rows
        for key in (question["id"] for question in attempt.quiz_data)
    }


def _responses(api: Api, quiz: Quiz, question: Data, rows: Iterable[QuizSubmission]) -> list[Response]:
    found = []
    for attempt in rows:
        graded = next((row for row in attempt.graded if row["question_id"] == question["id"]), None)
        if graded is not None and attempt.user_id is not None:
            user = api.store.users.get(attempt.user_id)
            name = user.name if user else ""
            hidden = anonymous(quiz)
            row = Response(None if hidden else attempt.user_id, None if hidden else name, graded["answer"], graded)
            found.append(row)
    return found


def anonymous(quiz: Quiz) -> bool:
    """Whether the quiz is a survey that hides who took it."""
    return quiz.quiz_type in quizzes.SURVEYS and quiz.anonymous_submissions


def _people(responses: list[Response]) -> Data:
    return {
        "responses": len(responses),
        "user_ids": [response.user_id for response in responses],
        "user_names": [response.name for response in responses],
    }


def _entry(key: Any, text: str, responses: list[Response], *, correct: bool) -> Data:
    return {"id": str(key), "text": text, "correct": correct, **_people(responses)}


def _choices(answers: Iterable[Data], responses: list[Response], found: Callable[[Response], list[str]]) -> list[Data]:
    """An entry per possible answer; where it is first needed, one for no answer, and one for any other.

    Parameters: `found`, the ids of what was answered.
    """
    texts: dict[str, tuple[str, bool]] = {
        str(answer["id"]): (answer.get("text") or "", answer.get("weight") == 100) for answer in answers
    }
    shares: dict[str, list[Response]] = {key: [] for key in texts}
    for response in responses:
        for key in found(response):
            shares.setdefault(key, []).append(response)
    named = {MISSING: ("No Answer", False), OTHER: ("Other", False)} | texts
    return [_entry(key, named[key][0], mine, correct=named[key][1]) for key, mine in shares.items()]


def _one_of(question: Data, blank: str | None = None, *, open_ended: bool = True) -> Callable[[Response], list[str]]:
    """What a response is counted as: the matching answer, none, or, unless all are listed, another one."""

    def found(response: Response) -> list[str]:
        chosen = quiz_answers.given(question, response.answer, blank)
        if chosen is not None:
            return [str(chosen["id"])]
        value = response.answer if blank is None else (response.answer or {}).get(blank)
        return [MISSING if value in quiz_answers.NOTHING or not open_ended else OTHER]

    return found


def _marks(responses: list[Response], *names: str) -> Data:
    counts: Data = {
        "correct": sum(response.row["correct"] is True for response in responses),
        "partially_correct": sum(response.row["correct"] == "partial" for response in responses),
        "incorrect": sum(response.row["correct"] is False for response in responses),
    }
    return {name: counts[name] for name in names}


def _full(question: Data, responses: list[Response]) -> int:
    return sum(response.row["points"] >= question["points_possible"] for response in responses)


def _choice(question: Data, responses: list[Response]) -> Data:
    answers = [answer | {"text": answer.get("text") or answer.get("html") or ""} for answer in question["answers"]]
    return {"answers": _choices(answers, responses, _one_of(question, open_ended=False))}


def _many(question: Data, responses: list[Response]) -> Data:
    rows = _choices(question["answers"], responses, lambda response: response.answer or [MISSING])
    return _marks(responses, "correct", "partially_correct") | {"answers": rows}


def _short(question: Data, responses: list[Response]) -> Data:
    return _marks(responses, "correct") | {"answers": _choices(question["answers"], responses, _one_of(question))}


def _parts(responses: list[Response], names: list[str], sets: list[Data]) -> Data:
    """What is counted of questions with several parts."""
    filled = [[bool((response.answer or {}).get(name)) for name in names] for response in responses]
    counted = {"responses": sum(map(any, filled)), "answered": sum(map(all, filled)), "answer_sets": sets}
    return counted | _marks(responses, "correct", "partially_correct", "incorrect")


def _blanks(question: Data, responses: list[Response]) -> Data:
    names = quiz_answers.blanks(question)
    sets = []
    for blank in names:
        own = [answer for answer in question["answers"] if answer["blank_id"] == blank]
        key = hashlib.md5(blank.strip().encode(), usedforsecurity=False).hexdigest()
        sets.append({"id": key, "text": blank, "answers": _choices(own, responses, _one_of(question, blank))})
    return _parts(responses, names, sets)


def _matched(question: Data, responses: list[Response]) -> Data:
    sets = []
    for answer in question["answers"]:
        matches = [
            {"id": match["match_id"], "text": match["text"], "weight": 100 * (match["match_id"] == answer["match_id"])}
            for match in question["matches"]
        ]

        def found(response: Response, key: str = str(answer["id"])) -> list[str]:
            return [(response.answer or {}).get(key) or MISSING]

        rows = _choices(matches, responses, found)
        sets.append({**_entry(answer["id"], answer["text"], [], correct=False), "answers": rows})
    return _parts(responses, [str(answer["id"]) for answer in question["answers"]], sets)


def _numbers(question: Data, responses: list[Response]) -> Data:
    rows = _choices(question["answers"], responses, _one_of(question))
    by_id = {str(answer["id"]): answer for answer in question["answers"]}
    rows = [row | _range(by_id[row["id"]]) if row["id"] in by_id else row for row in rows]
    marks = _marks(responses, "correct", "incorrect")
    return {**marks, "full_credit": _full(question, responses), "answers": rows}


def _range(answer: Data) -> Data:
    match answer["numerical_answer_type"]:
        case "range_answer":
            start, end = answer["start"], answer["end"]
            text, value, margin = f"[{start:.2f}..{end:.2f}]", [start, end], 0.0
        case "precision_answer":
            about, precision = answer["approximate"], answer["precision"]
            text, value, margin = f"{about} (with precision: {precision})", [about - precision, about + precision], 0.0
        case _:
            exact, margin = answer["exact"], answer["margin"]
            text, value = f"{exact:.2f}", [exact - margin, exact + margin]
    ranged = answer["numerical_answer_type"] == "range_answer"
    return {"text": text, "value": value, "margin": margin, "is_range": ranged}


def _by_hand(question: Data, responses: list[Response]) -> Data:
    """Manually graded questions, by the points given."""
    points = [response.row["points"] for response in responses]
    graded = [response for response in responses if response.row["correct"] == "defined"]
    calculated = question["question_type"] == "calculated_question"
    parts = {name: part[::-1] for name, part in _ranked(graded, lambda response: float(response.row["points"])).items()}
    parts["ungraded"] = [response for response in responses if response not in graded]
    rows = [
        {
            "id": key,
            **_people(part),
            "score": part[0].row["points"],
            "full_credit": bool(_full(question, part)),
        }
        for key, part in parts.items()
        if part
    ]
    return {
        "graded": _marks(responses, "correct")["correct"] if calculated else len(graded),
        "full_credit": _full(question, responses),
        "point_distribution": [{"score": point, "count": points.count(point)} for point in sorted(set(points))],
        "answers": rows,
    }


def _ranked(found: list[T], worth: Callable[[T], float]) -> dict[str, list[T]]:
    """The best, the worst, and those between, each from the worst up; equals are all among the better ones."""
    rows, parts, end = sorted(found, key=worth), dict[str, list[T]](), len(found)
    for name, edge in EDGES.items():
        start = math.floor(edge * len(rows) + 0.5)
        while 0 < start < len(rows) and worth(rows[start - 1]) == worth(rows[start]):
            start -= 1
        parts[name], end = rows[start:end], start
    return parts


def _unanalysed(question: Data, responses: list[Response]) -> Data:
    """A question of a type that no student can answer, whole."""
    people = [response.user_id for response in responses]
    answers = [answer | {"responses": 0, "user_ids": []} for answer in question["answers"]]
    if people:
        none = {"id": MISSING, "text": "No Answer", "weight": 0, "responses": len(people), "user_ids": people}
        answers.append(none)
    counted = {"responses": len(people), "user_ids": people, "answers": answers}
    return question | counted | {"response_values": [""] * len(people), "unexpected_response_values": []}


_KINDS: dict[str, Callable[[Data, list[Response]], Data]] = {
    **dict.fromkeys(quiz_answers.CHOICES, _choice),
    **dict.fromkeys(("essay_question", "file_upload_question", "calculated_question"), _by_hand),
    **dict.fromkeys(quiz_answers.BLANKS, _blanks),
    "multiple_answers_question": _many,
    "short_answer_question": _short,
    "matching_question": _matched,
    "numerical_question": _numbers,
}


def by_question(api: Api, quiz: Quiz, *, every: bool, people: Collection[int] | None = None) -> list[Data]:
    """The responses to each question that was posed."""
    rows, items = attempts(api, quiz, every=every, people=people), analysis(api, quiz, people)
    found = []
    for question in asked(quiz, rows).values():
        if question["question_type"] == TEXT_ONLY:
            continue
        responses = _responses(api, quiz, question, rows)
        shown: Data = {name: question[name] for name in SHOWN if name in question}
        shown["responses"] = sum(response.answered for response in responses)
        shown |= _KINDS.get(question["question_type"], _unanalysed)(question, responses)
        if anonymous(quiz):
            for entry in shown.get("answers", ()):
                entry.pop("user_names", None)
        shown = items.get(question["id"], {}) | shown
        found.append(shown | {"id": str(question["id"])})
    return found


# items


def analysis(api: Api, quiz: Quiz, people: Collection[int] | None = None) -> dict[int, Data]:
    """How well each multiple-choice question discriminates, by everybody's first attempt, in the order of the quiz."""
    firsts = [taken.attempts[min(taken.attempts, key=int)] for taken in _taken(api, quiz, people) if taken.attempts]
    scores: dict[int | None, float] = {attempt.user_id: attempt.score or 0.0 for attempt in firsts}
    parts = {name: set(part) for name, part in _ranked(list(scores), scores.__getitem__).items()}
    questions: dict[int, Data] = {}
    for attempt in firsts:
        for asked_question in quiz_answers.posed(attempt.quiz_data):
            if asked_question["question_type"] in quiz_answers.CHOICES:
                questions.setdefault(asked_question["id"], asked_question)
    found = {}
    for question in sorted(
        questions.values(), key=lambda question: (question["position"], question["question_text"], question["id"])
    ):
        given = {
            attempt.user_id: str(row["answer"])
            for attempt in firsts
            for row in attempt.graded
            if row["question_id"] == question["id"] and row["answer"] not in quiz_answers.NOTHING
        }
        found[question["id"]] = _item(question, given, scores, parts)
    spread = _variance(scores.values())
    count = len(questions)
    alpha = None
    if count > 1 and spread:
        alpha = count / (count - 1) * (1 - sum(item["variance"] for item in found.values()) / spread)
    return {key: item | {"alpha": alpha} for key, item in found.items()}


def _item(
    question: Data,
    given: dict[int | None, str],
    scores: dict[int | None, float],
    parts: dict[str, set[int | None]],
) -> Data:
    """One question. Only one answer counts as right, the first of the heaviest.

    Parameters: `given`, the id of everybody's answer; `parts`, the best, the worst and those between.
    """
    answers = sorted(question["answers"], key=lambda answer: -answer["weight"])
    right = {user_id for user_id, answer in given.items() if answers and answer == str(answers[0]["id"])}
    points = [question["points_possible"] if user_id in right else 0.0 for user_id in given]
    share = len(right) / len(given) if given else 0
    item: Data = {
        "question_text": question["question_text"],
        "answered_student_count": len(given),
        "correct_student_count": len(right),
        "incorrect_student_count": len(given) - len(right),
        "correct_student_ratio": share,
        "incorrect_student_ratio": (len(given) - len(right)) / len(given) if given else 0,
    }
    for name, part in parts.items():
        item |= {f"{name}_student_count": len(part & given.keys()), f"correct_{name}_student_count": len(part & right)}
    variance = _variance(points)
    biserials = [
        {
            "answer_id": answer["id"],
            "point_biserial": _biserial(str(answer["id"]), given, scores),
            "correct": place == 0,
            "distractor": place != 0,
        }
        for place, answer in enumerate(answers)
    ]
    deviation = math.sqrt(variance)
    return item | {
        "variance": variance,
        "stdev": deviation,
        "difficulty_index": share,
        "point_biserials": biserials,
    }


def _variance(values: Collection[float]) -> float:
    """The variance, computed as Canvas does, to the last digit; that of a single value is a whole number."""
    if len(values) < 2:
        return 0
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def _biserial(answer: str, given: dict[int | None, str], scores: dict[int | None, float]) -> float | None:
    """The point-biserial correlation of an answer with the whole score."""
    mine = [scores[user_id] for user_id, given_answer in given.items() if given_answer == answer]
    others = [scores[user_id] for user_id, given_answer in given.items() if given_answer != answer]
    deviation = math.sqrt(_variance([*mine, *others])) if mine and others else 0.0
    if not deviation:
        return None
    count = len(mine) + len(others)
    return (fmean(mine) - fmean(others)) / deviation * math.sqrt(len(mine) * len(others) / count**2)


# submissions


def by_attempt(api: Api, quiz: Quiz, rows: list[QuizSubmission]) -> Data:
    """The scores, numbers of correct and incorrect answers, and durations of attempts."""
    scores = [attempt.score or 0.0 for attempt in rows]
    data, assignment = quizzes.entries(api, quiz), quizzes.assignment_of(api, quiz)
    empty = assignment is not None and not data
    worth = assignment.points_possible if assignment is not None and empty else quizzes.counted(data)["points_possible"]
    latest = {attempt.user_id: attempt.score or 0.0 for attempt in reversed(rows)}
    shares = [str(math.floor(score / max(worth or 0.0, 1.0) * 100 + 0.5)) for score in latest.values()]
    right = [sum(row["correct"] is True for row in attempt.graded) for attempt in rows]
    wrong = [sum(row["correct"] is False for row in attempt.graded) for attempt in rows]
    times = [
        (submission.finished_at - submission.started_at).total_seconds()
        for submission in rows
        if submission.finished_at and submission.started_at
    ]
    return {
        "scores": {share: shares.count(share) for share in sorted(set(shares), key=int)},
        "score_average": fmean(scores) if scores else None,
        "score_high": max(scores, default=None),
        "score_low": min(scores, default=None),
        "score_stdev": math.sqrt(_variance(scores)) if scores else None,
        "correct_count_average": fmean(right) if right else 0.0,
        "incorrect_count_average": fmean(wrong) if wrong else 0.0,
        "duration_average": fmean(times) if times else 0.0,
        "unique_count": len({attempt.user_id for attempt in rows}),
    }
