"""Statistics of a quiz: by question, by attempt, and as an item analysis.

Source: canvas-lms lib/canvas_quiz_statistics gem and app/models/quizzes/quiz_statistics/ (2023-06), and the recorded
exchanges of `content-quizzes` 270-271 and `content-quizzes2` 37-44.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable
from statistics import fmean
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Quiz, QuizSubmission
from lms_emulator.providers.canvas.rules import quiz_answers, quiz_taking, quizzes
from lms_emulator.providers.canvas.rules.quiz_questions import TEXT_ONLY, Data

EDGE = 0.27
"""Which part of those asked are the best, and which the worst."""


class Response(NamedTuple):
    """One attempt's response to one question."""

    user_id: int
    name: str
    answer: Any
    row: Data

    @property
    def answered(self) -> bool:
        return self.answer not in (None, "", [], {})


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
    return [attempt for attempt in quiz_taking.of_quiz(api, quiz) if people is None or attempt.user_id in people]


def attempts(
    api: Api, quiz: Quiz, *, every: bool = False, people: Collection[int] | None = None
) -> list[QuizSubmission]:
    """The attempts that count, latest first: each student's scored one, or all.

    Parameters: `people`, of whom only; by default of everybody.
    """
    found: list[QuizSubmission] = []
    for attempt in _taken(api, quiz, people):
        own = [attempt.attempts[key] for key in sorted(attempt.attempts, key=int)]
        if own and not every:
            best = max(own, key=lambda a: (a.score or 0.0, -(a.attempt or 0)))
            own = [own[-1] if quiz.scoring_policy == "keep_latest" else best]
        found += own
    return sorted(found, key=lambda a: a.finished_at.timestamp() if a.finished_at else 0, reverse=True)


def asked(quiz: Quiz) -> list[Data]:
    """The answerable questions of a quiz, including those in groups."""
    rows: list[Data] = []
    for entry in quiz.quiz_data:
        rows += entry["questions"] if "group_id" in entry else [entry]
    return [row for row in rows if row["question_type"] != TEXT_ONLY]


def _responses(api: Api, question: Data, rows: Iterable[QuizSubmission]) -> list[Response]:
    found = []
    for attempt in rows:
        graded = next((row for row in attempt.graded if row["question_id"] == question["id"]), None)
        if graded is not None and attempt.user_id is not None:
            user = api.store.users.get(attempt.user_id)
            found.append(Response(attempt.user_id, user.name if user else "", graded["answer"], graded))
    return found


def _people(responses: list[Response]) -> Data:
    return {
        "responses": len(responses),
        "user_ids": [response.user_id for response in responses],
        "user_names": [response.name for response in responses],
    }


def _entry(key: Any, text: str, responses: list[Response], *, correct: bool) -> Data:
    return {"id": str(key), "text": text, "correct": correct, **_people(responses)}


def _choices(
    answers: list[Data],
    responses: list[Response],
    chosen: Callable[[Response, Data], bool],
    *,
    blank: str | None = None,
) -> list[Data]:
    """An entry per possible answer, one for no answer, and one for any other."""
    rows, remaining = [], list(responses)
    for answer in answers:
        mine = [response for response in responses if response.answered and chosen(response, answer)]
        remaining = [response for response in remaining if response not in mine]
        text = answer.get("text") or answer.get("html") or ""
        rows.append(_entry(answer["id"], text, mine, correct=answer.get("weight") == 100))
    empty = [response for response in remaining if not response.answered or (blank and not response.answer.get(blank))]
    other = [response for response in remaining if response not in empty]
    if empty:
        rows.append(_entry("none", "No Answer", empty, correct=False))
    if other:
        rows.append(_entry("other", "Other", other, correct=False))
    return rows


def _marks(responses: list[Response], *names: str) -> Data:
    counts: Data = {
        "correct": sum(response.row["correct"] is True for response in responses),
        "partially_correct": sum(response.row["correct"] == "partial" for response in responses),
        "incorrect": sum(response.row["correct"] is False for response in responses),
        "answered": sum(response.answered for response in responses),
    }
    return {name: counts[name] for name in names}


def _chose(response: Response, answer: Data) -> bool:
    return str(response.answer) == str(answer["id"])


def _many(question: Data, responses: list[Response]) -> Data:
    rows = _choices(question["answers"], responses, lambda response, answer: str(answer["id"]) in response.answer)
    return _marks(responses, "correct", "partially_correct") | {"answers": rows}


def _short(question: Data, responses: list[Response]) -> Data:
    rows = _choices(question["answers"], responses, lambda one, answer: one.answer == answer["text"].strip().lower())
    return _marks(responses, "correct") | {"answers": rows}


def _blanks(question: Data, responses: list[Response]) -> Data:
    by_text = question["question_type"] == "fill_in_multiple_blanks_question"
    sets = []
    for blank in quiz_answers.blanks(question):
        own = [one for one in question["answers"] if one["blank_id"] == blank]

        def chosen(response: Response, answer: Data, blank: str = blank) -> bool:
            given = response.answer.get(blank)
            return given is not None and str(given) == (answer["text"] if by_text else str(answer["id"]))

        key = hashlib.md5(blank.encode(), usedforsecurity=False).hexdigest()
        sets.append({"id": key, "text": blank, "answers": _choices(own, responses, chosen, blank=blank)})
    return _marks(responses, "answered", "correct", "partially_correct", "incorrect") | {"answer_sets": sets}


def _matched(question: Data, responses: list[Response]) -> Data:
    sets = []
    for answer in question["answers"]:
        matches = [
            {"id": match["match_id"], "text": match["text"], "weight": 100 * (match["match_id"] == answer["match_id"])}
            for match in question["matches"]
        ]
        key = str(answer["id"])

        def chosen(response: Response, match: Data, key: str = key) -> bool:
            return bool(response.answer.get(key) == str(match["id"]))

        rows = _choices(matches, responses, chosen, blank=key)
        sets.append({**_entry(answer["id"], answer["text"], [], correct=False), "answers": rows})
    return _marks(responses, "answered", "correct", "partially_correct", "incorrect") | {"answer_sets": sets}


def _numbers(question: Data, responses: list[Response]) -> Data:
    rows = _choices(question["answers"], responses, lambda one, answer: quiz_answers.within(answer, one.answer))
    by_id = {str(one["id"]): one for one in question["answers"]}
    rows = [row | _range(by_id[row["id"]]) if row["id"] in by_id else row for row in rows]
    marks = _marks(responses, "correct", "incorrect")
    return {**marks, "full_credit": marks["correct"], "answers": rows}


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
            text, value = f"{exact:.2f}", [round(exact - margin, 10), round(exact + margin, 10)]
    ranged = answer["numerical_answer_type"] == "range_answer"
    return {"text": text, "value": value, "margin": margin, "is_range": ranged}


def _by_hand(question: Data, responses: list[Response]) -> Data:
    """Manually graded questions, by the points given."""
    points = [response.row["points"] for response in responses]
    most = question["points_possible"]
    graded = [response for response in responses if response.row["correct"] == "defined"]
    calculated = question["question_type"] == "calculated_question"
    edge = int(len(graded) * EDGE)
    ranked = sorted(graded, key=lambda response: response.row["points"], reverse=True)
    parts = {
        "top": ranked[:edge],
        "middle": ranked[edge : len(ranked) - edge],
        "bottom": ranked[len(ranked) - edge :] if edge else [],
        "ungraded": [response for response in responses if response not in graded],
    }
    rows = [
        {
            "id": key,
            **_people(part),
            "score": part[0].row["points"],
            "full_credit": any(response.row["points"] >= most for response in part),
        }
        for key, part in parts.items()
        if part
    ]
    return {
        "graded": sum(response.answered for response in responses) if calculated else len(graded),
        "full_credit": sum(point >= most for point in points),
        "point_distribution": [{"score": one, "count": points.count(one)} for one in sorted(set(points))],
        "answers": rows,
    }


_KINDS: dict[str, Callable[[Data, list[Response]], Data]] = {
    **dict.fromkeys(quiz_answers.CHOICES, lambda q, found: {"answers": _choices(q["answers"], found, _chose)}),
    **dict.fromkeys(quiz_answers.BLANKS, _blanks),
    "multiple_answers_question": _many,
    "short_answer_question": _short,
    "matching_question": _matched,
    "numerical_question": _numbers,
}


def by_question(api: Api, quiz: Quiz, *, every: bool, people: Collection[int] | None = None) -> list[Data]:
    """The responses to each question of a quiz."""
    rows, items = attempts(api, quiz, every=every, people=people), analysis(api, quiz, people)
    found = []
    for place, question in enumerate(asked(quiz), start=1):
        responses = _responses(api, question, rows)
        found.append(
            {
                "id": str(question["id"]),
                "question_type": question["question_type"],
                "question_text": question["question_text"],
                "position": place,
                "responses": sum(response.answered for response in responses),
                **_KINDS.get(question["question_type"], _by_hand)(question, responses),
                **items.get(question["id"], {}),
            }
        )
    return found


# items


def analysis(api: Api, quiz: Quiz, people: Collection[int] | None = None) -> dict[int, Data]:
    """How well each multiple-choice question discriminates, by everybody's first attempt."""
    firsts = [one.attempts[min(one.attempts, key=int)] for one in _taken(api, quiz, people) if one.attempts]
    scores = {attempt.user_id: attempt.score or 0.0 for attempt in firsts}
    questions = [one for one in asked(quiz) if one["question_type"] in quiz_answers.CHOICES]
    found = {question["id"]: _item(question, _responses(api, question, firsts), scores) for question in questions}
    spread = _variance(scores.values()) if scores else 0.0
    count = len(questions)
    alpha = None
    if count > 1 and spread:
        alpha = count / (count - 1) * (1 - sum(item["variance"] for item in found.values()) / spread)
    return {key: item | {"alpha": alpha} for key, item in found.items()}


def _item(question: Data, responses: list[Response], scores: dict[int | None, float]) -> Data:
    answered = [response for response in responses if response.answered]
    right = [response for response in answered if response.row["correct"] is True]
    points = [response.row["points"] for response in answered]
    high, low = _percentile(list(scores.values()), 1 - EDGE), _percentile(list(scores.values()), EDGE)

    def parts(found: list[Response]) -> tuple[int, int, int]:
        top = sum(scores[response.user_id] > high for response in found)
        bottom = sum(scores[response.user_id] < low for response in found)
        return top, len(found) - top - bottom, bottom

    share = len(right) / len(answered) if answered else 0.0
    item: Data = {"answered_student_count": len(answered)}
    for name, count in zip(("top", "middle", "bottom"), parts(answered), strict=True):
        item[f"{name}_student_count"] = count
    item |= {
        "correct_student_count": len(right),
        "incorrect_student_count": len(answered) - len(right),
        "correct_student_ratio": share,
        "incorrect_student_ratio": (len(answered) - len(right)) / len(answered) if answered else 0.0,
    }
    for name, count in zip(("top", "middle", "bottom"), parts(right), strict=True):
        item[f"correct_{name}_student_count"] = count
    variance = _variance(points) if points else 0.0
    biserials = [
        {
            "answer_id": answer["id"],
            "point_biserial": _biserial(answer, answered, scores),
            "correct": answer["weight"] == 100,
            "distractor": answer["weight"] != 100,
        }
        for answer in question["answers"]
    ]
    deviation = math.sqrt(variance)
    return item | {
        "variance": variance,
        "stdev": deviation,
        "difficulty_index": share,
        "point_biserials": biserials,
    }


def _variance(values: Collection[float]) -> float:
    """The variance, computed as Canvas does, to the last digit."""
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def _percentile(values: list[float], part: float) -> float:
    ranked = sorted(values)
    if not ranked:
        return 0.0
    place = part * (len(ranked) - 1)
    low = int(place)
    after = ranked[min(low + 1, len(ranked) - 1)]
    return ranked[low] + (place - low) * (after - ranked[low])


def _biserial(answer: Data, answered: list[Response], scores: dict[int | None, float]) -> float | None:
    """The point-biserial correlation of an answer with the whole score."""
    mine = [scores[response.user_id] for response in answered if _chose(response, answer)]
    others = [scores[response.user_id] for response in answered if not _chose(response, answer)]
    deviation = math.sqrt(_variance([*mine, *others])) if mine and others else 0.0
    if not deviation:
        return None
    count = len(mine) + len(others)
    return (fmean(mine) - fmean(others)) / deviation * math.sqrt(len(mine) * len(others) / count**2)


# submissions


def by_attempt(quiz: Quiz, rows: list[QuizSubmission]) -> Data:
    """The scores, numbers of correct and incorrect answers, and durations of attempts."""
    scores = [attempt.score or 0.0 for attempt in rows]
    most = quiz.points_possible or 0.0
    latest = {attempt.user_id: attempt.score or 0.0 for attempt in reversed(rows)}
    shares = [str(math.floor(100 * score / most + 0.5)) if most else "0" for score in latest.values()]
    right = [sum(row["correct"] is True for row in attempt.graded) for attempt in rows]
    wrong = [sum(row["correct"] is False for row in attempt.graded) for attempt in rows]
    times = [(one.finished_at - one.started_at).total_seconds() for one in rows if one.finished_at and one.started_at]
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
