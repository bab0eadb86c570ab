"""Which questions an attempt at a quiz is given, in which order, and with which values.

Source: canvas-lms app/models/quizzes/quiz_question_builder.rb with its pools, and
app/models/assessment_question.rb:find_or_create_quiz_questions.
"""

from __future__ import annotations

from typing import TypeVar

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Quiz, QuizQuestion
from lms_emulator.providers.canvas.rules import quizzes
from lms_emulator.providers.canvas.rules.quiz_questions import Data

T = TypeVar("T")
UNSHUFFLED = ("true_false_question", "matching_question", "fill_in_multiple_blanks_question")
"""The types whose answers stay in order."""


def drawn(api: Api, quiz: Quiz, data: list[Data]) -> list[Data]:
    """The questions of an attempt: as many as each group draws, with answers shuffled if the quiz says so.

    A group or bank with too few questions gives some again, each time with another id.
    """
    picked = {question["assessment_question_id"] for question in data if "group_id" not in question}
    found: list[Data] = []
    for entry in data:
        if "group_id" not in entry:
            found.append(entry)
            continue
        own = _of_bank(api, quiz, entry, picked) if entry.get("bank_id") else _of_group(api, quiz, entry)
        picked |= {question["assessment_question_id"] for question in own}
        found += [question | {"points_possible": entry["question_points"]} for question in own]
    return [_mixed(api, quiz, question) for question in found]


def _of_group(api: Api, quiz: Quiz, entry: Data) -> list[Data]:
    found = shuffled(api, entry["questions"])[: entry["pick_count"]]
    pool = [key for question in entry["questions"] if (key := question["assessment_question_id"]) is not None]
    return found + _again(api, quiz, entry, pool, entry["pick_count"] - len(found))


def _of_bank(api: Api, quiz: Quiz, entry: Data, picked: set[int]) -> list[Data]:
    pool = [question.id for question in api.store.assessment_questions.find("bank", entry["bank_id"])]
    first = shuffled(api, [key for key in pool if key not in picked])[: entry["pick_count"]]
    found = [_generated(api, quiz, entry, key, 0) for key in first]
    return found + _again(api, quiz, entry, pool, entry["pick_count"] - len(found))


def _again(api: Api, quiz: Quiz, entry: Data, pool: list[int], count: int) -> list[Data]:
    """The missing questions, as copies."""
    found: list[Data] = []
    repeat = 0
    while pool and len(found) < count:
        repeat += 1
        found += [_generated(api, quiz, entry, key, repeat) for key in shuffled(api, pool)[: count - len(found)]]
    return found


def _generated(api: Api, quiz: Quiz, entry: Data, key: int, repeat: int) -> Data:
    """A question of the bank as one of the quiz, which no list of its questions shows.

    Parameters: `repeat`, how often it has been drawn before into the same attempt.
    """
    rows = api.store.quiz_questions.find("quiz", quiz.id)
    place = (entry["group_id"], key, repeat)
    found = next((row for row in rows if (row.quiz_group_id, row.assessment_question_id, row.generated) == place), None)
    if found is None:
        kept = api.store.assessment_questions.get(key)
        found = QuizQuestion(
            id=api.new_id("quiz_questions"),
            quiz_id=quiz.id,
            quiz_group_id=entry["group_id"],
            assessment_question_id=key,
            question_data={} if kept is None else kept.question_data,
            generated=repeat,
        )
        api.store.quiz_questions.put(found)
    return quizzes.row(found) | {"points_possible": entry["question_points"]}


def _mixed(api: Api, quiz: Quiz, question: Data) -> Data:
    kind = question["question_type"]
    if kind == "calculated_question":  # one set of values
        question = question | {"answers": shuffled(api, question["answers"])[:1]}
    elif quiz.shuffle_answers and kind not in UNSHUFFLED:
        question = question | {"answers": shuffled(api, question["answers"])}
    if question.get("matches"):
        question = question | {"matches": shuffled(api, question["matches"])}
    return question


def shuffled(api: Api, rows: list[T]) -> list[T]:
    """The rows in random order."""
    return sorted(rows, key=lambda _: api.call.ids.integer(0, 1 << 30))
