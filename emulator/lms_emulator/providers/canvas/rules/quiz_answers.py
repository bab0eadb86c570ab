"""Answers to quiz questions: validation, storage, and grading.

Source: canvas-lms app/models/quizzes/quiz_question/ (its types and answer_serializers, 2023-06), and the recorded
exchanges of `content-quizzes` 163-244.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.rules.html import clean
from lms_emulator.providers.canvas.rules.quiz_questions import LONGEST, TEXT_ONLY, Data, number

_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*")
NUMERIC = {"numerical_question", "calculated_question"}
BLANKS = {"fill_in_multiple_blanks_question", "multiple_dropdowns_question"}
CHOICES = {"multiple_choice_question", "true_false_question"}
CHOSEN = CHOICES | {
    "multiple_answers_question",
    "matching_question",
    "multiple_dropdowns_question",
    "calculated_question",
}
"""The types whose possible answers are shown to students."""
NOTHING: tuple[Any, ...] = (None, "", [], {})
"""What is not an answer."""
OPEN = ("id", "text", "html", "blank_id", "variables")
"""What is shown of a possible answer."""


def _mistyped(name: str, kind: str) -> Exception:
    return quiz_refusals.quiz(400, "answer_type_wrong", f"{name} must be of type {kind}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _mistyped("answer", "Array")
    return value


def _short(value: Any, name: str = "answer") -> str:
    """A text. Raises the refusals for anything else, and for one that is too long."""
    if not isinstance(value, str):
        raise _mistyped(name, "String")
    if len(value) >= LONGEST:
        raise quiz_refusals.quiz(400, "answer_too_long", "Text is too long.")
    return value


def _whole(value: Any, name: str) -> int:
    """A number as Ruby's `Integer()` reads it."""
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | str) or not _INTEGER.fullmatch(str(value)):
        raise _mistyped(name, "Integer")
    return int(value)


def _choice(question: Data, value: Any, name: str = "answer") -> str:
    found = _whole(value, name)
    if all(found != as_integer(choice["id"]) for choice in question["answers"]):
        raise quiz_refusals.quiz(400, "answer_unknown", f"Unknown answer '{found}'")
    return str(found)


def blanks(question: Data) -> list[str]:
    """The names of a question's blanks, in order."""
    return list(dict.fromkeys(answer["blank_id"] for answer in question["answers"] if answer.get("blank_id")))


def _blanks(question: Data, value: Any) -> dict[str, str]:
    known, found = blanks(question), {}
    if not isinstance(value, dict):
        raise _mistyped("answer", "Hash")
    for blank, answer in value.items():
        if blank not in known:
            raise quiz_refusals.quiz(400, "blank_unknown", f"Unknown blank '{blank}'")
        if question["question_type"] == "multiple_dropdowns_question":
            found[blank] = _choice(question, answer, f"answer.{blank}")
        else:
            found[blank] = _short(answer, f"{blank}.answer").strip().lower()
    return found


def _matches(question: Data, value: Any) -> dict[str, str]:
    found = {}
    for index, pair in enumerate(_list(value)):
        if not isinstance(pair, dict):
            raise _mistyped(f"answer[{index}]", "Hash")
        for name in ("answer_id", "match_id"):
            if name not in pair:
                text = f'Matching pair is missing parameter "{name}"'
                raise quiz_refusals.quiz(400, "match_incomplete", text)
        answer, match = _choice(question, pair["answer_id"], "answer_id"), _whole(pair["match_id"], "match_id")
        if all(match != as_integer(pairing["match_id"]) for pairing in question["matches"]):
            raise quiz_refusals.quiz(400, "match_unknown", f"Unknown match '{match}'")
        found[answer] = str(match)
    return found


def _chosen(question: Data, value: Any) -> list[str]:
    given = _list(value) if value != [""] else []
    found = {_choice(question, choice, f"answer[{index}]") for index, choice in enumerate(given)}
    return [text for choice in question["answers"] if (text := str(choice["id"])) in found]


def _decimal(_: Data, value: Any) -> float:
    """A number, with commas between thousands if it is a text; 0 for anything else."""
    try:
        found = float(value.replace(",", "") if isinstance(value, str) else str(value))
    except ValueError:
        return 0.0
    return found if math.isfinite(found) else 0.0


KEEPERS: dict[str, Callable[[Data, Any], Any]] = {
    **dict.fromkeys(CHOICES, _choice),
    **dict.fromkeys(BLANKS, _blanks),
    **dict.fromkeys(NUMERIC, _decimal),
    "multiple_answers_question": _chosen,
    "short_answer_question": lambda _, value: _short(value).strip().lower(),
    "essay_question": lambda _, value: _short(clean(value) if isinstance(value, str) else value),
    "matching_question": _matches,
    "file_upload_question": lambda _, value: [entry for entry in [value] if entry not in ("", [])],
}
PARTLY = BLANKS | {"matching_question"}
"""The types whose answers consist of parts: what is not sent again stays."""


def kept(question: Data, value: Any, before: Any) -> Any:
    """An answer as stored. Raises the refusals for anything that is not an answer to that question.

    Parameters: `value`, as sent, an empty list for null, false and nothing; `before`, the stored answer, or None.
    """
    keeper = KEEPERS.get(question["question_type"])
    if keeper is None:
        raise refusals.crashed("a question of this type has no answer", question["question_type"])
    found = keeper(question, [] if value is None or value is False else value)
    return {**(before or {}), **found} if question["question_type"] in PARTLY else found


def formatted(question: Data, text: str) -> str:
    """A student's input as shown to graders: numbers are rounded, to 16 digits if precision matters."""
    if question["question_type"] != "numerical_question":
        return text
    try:
        value = Decimal(text)
        kinds = {answer.get("numerical_answer_type") for answer in question["answers"]}
        exponent = value.adjusted() - 15 if "precision_answer" in kinds else -4
        shown_as = f"{value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP):f}"
    except (InvalidOperation, ValueError):
        return text
    return shown_as.rstrip("0").rstrip(".") if "." in shown_as else shown_as


def shown(question: Data, answer: Any) -> Any:
    """A stored answer as shown to its author."""
    kind = question["question_type"]
    if kind in BLANKS:
        return {blank: (answer or {}).get(blank) or None for blank in blanks(question)}
    if kind == "multiple_answers_question":
        return answer or []
    if kind == "matching_question":
        found = answer or {}
        return [{"answer_id": str(a["id"]), "match_id": found.get(str(a["id"]))} for a in question["answers"]]
    if kind == "file_upload_question":
        return next(iter(answer or ()), None)
    return None if answer == "" else answer


def choices(question: Data) -> Data:
    """The possible answers, as `answers`, without what gives away the right one; nothing if they are secret."""
    if question.get("question_type") not in CHOSEN or "answers" not in question:
        return {}
    return {"answers": [{name: answer[name] for name in OPEN if name in answer} for answer in question["answers"]]}


def posed(data: list[Data]) -> list[Data]:
    """The questions of an attempt with their numbers and headings, and with fields or values in their texts."""
    found, place = list[Data](), 0
    for question in data:
        spacer = question["question_type"] == TEXT_ONLY
        place += not spacer
        heading = {"position": place, "question_name": "Spacer" if spacer else f"Question {place}"}
        found.append(question | heading | {"question_text": _text_posed(question)})
    return found


def _text_posed(question: Data) -> str:
    text: str = question["question_text"]
    if question["question_type"] in BLANKS:
        for blank in blanks(question):
            text = text.replace(f"[{blank}]", _field(question, blank), 1)
    elif question["question_type"] == "calculated_question" and question["answers"]:
        for value in question["answers"][0]["variables"]:
            text = text.replace(f"[{value['name']}]", str(value["value"]))
    return text


def _field(question: Data, blank: str) -> str:
    key = hashlib.md5(f"dropdown,{blank},instructure-key".encode(), usedforsecurity=False).hexdigest()
    name = f"question_{question['id']}_{key}"
    if question["question_type"] == "fill_in_multiple_blanks_question":
        return (
            '<input class="question_input" type="text" autocomplete="off" style="width: 120px;" '
            f'name="{name}" value="{{{{{name}}}}}">\n'
        )
    options = ", ".join(
        f'"<option value="{choice["id"]}">{html.escape(choice["text"])}</option>"'
        for choice in question["answers"]
        if choice["blank_id"] == blank
    )
    return (
        f'<select class="question_input" name="{name}">\n  <option value="">\n    [ Select ]\n  </option>\n'
        f"  [{options}]\n</select>\n"
    )


# grading


def grade(question: Data, answer: Any) -> Data:
    """Grade an answer: `correct` is true, false, `partial`, `undefined` or `no_score`."""
    kind, points = question["question_type"], question["points_possible"]
    row: Data = {"question_id": question["id"], "answer": answer, "points": 0.0}
    if kind == TEXT_ONLY:
        return row | {"correct": "no_score"}
    if kind in ("essay_question", "file_upload_question"):
        return row | {"correct": "undefined"}
    shares = SHARES.get(kind)
    share = 0.0 if shares is None or answer in NOTHING else shares(question, answer)
    correct: Any = True if share >= 1 else "partial" if share > 0 else False
    return row | {"correct": correct, "points": float(points * share)}


def _right(answer: Data | None) -> bool:
    return answer is not None and bool(answer.get("weight") == 100)


def given(question: Data, answer: Any, blank: str | None = None) -> Data | None:
    """The first of the possible answers, in a blank if there are several, that is what was answered."""
    value = answer if blank is None else (answer or {}).get(blank)
    if value in NOTHING:
        return None
    own = (answer for answer in question["answers"] if blank is None or answer["blank_id"] == blank)
    fits = FITS.get(question["question_type"], _of_id)
    return next((answer for answer in own if fits(answer, value)), None)


def _of_id(answer: Data, value: Any) -> bool:
    return str(answer["id"]) == str(value)


def _of_text(answer: Data, value: Any) -> bool:
    return _plain(answer["text"]) == _plain(value)


def _share_of_one(question: Data, answer: Any) -> float:
    return float(_right(given(question, answer)))


def _share_of_many(question: Data, answer: Any) -> float:
    right = {str(answer["id"]) for answer in question["answers"] if _right(answer)}
    chosen = set(answer)
    return max(0.0, (len(chosen & right) - len(chosen - right)) / max(1, len(right)))


def _plain(text: Any) -> str:
    return str(text or "").strip().lower()


def _share_blanks(question: Data, answer: Any) -> float:
    names = blanks(question)
    filled = [name for name in names if _right(given(question, answer, name))]
    return len(filled) / max(1, len(names))


def _share_matched(question: Data, answer: Any) -> float:
    matched = [choice for choice in question["answers"] if answer.get(str(choice["id"])) == str(choice["match_id"])]
    return len(matched) / max(1, len(question["answers"]))


def within(answer: Data, value: float) -> bool:
    """Whether a number matches an answer to a numerical question."""
    match answer["numerical_answer_type"]:
        case "range_answer":
            first, last = sorted((answer["start"], answer["end"]))
            return bool(first <= value <= last)
        case "precision_answer":
            return _digits(value, answer["precision"]) == _digits(answer["approximate"], answer["precision"])
        case _:
            return bool(abs(value - answer["exact"]) <= answer["margin"] + 1e-12)


def _digits(value: float, precision: int) -> tuple[int, tuple[int, ...], int]:
    """A number's sign, first digits and magnitude. Canvas cuts the others off, and does not round."""
    sign, digits, _ = Decimal(str(value)).normalize().as_tuple()
    return sign, digits[: max(precision, 0)], Decimal(str(value)).adjusted() if value else 0


def _share_calculated(question: Data, answer: Any) -> float:
    if not question["answers"]:
        return 0.0
    wanted = question["answers"][0]["answer"]
    tolerance = str(question.get("answer_tolerance") or 0)
    allowed = number(tolerance.rstrip("%"))
    allowed = abs(wanted) * allowed / 100 if tolerance.endswith("%") else allowed
    return float(abs(answer - wanted) <= allowed + 1e-12)


FITS: dict[str, Callable[[Data, Any], bool]] = {
    **dict.fromkeys(("short_answer_question", "fill_in_multiple_blanks_question"), _of_text),
    "numerical_question": within,
}
"""By type, whether a possible answer is what was answered; else by its id."""

SHARES: dict[str, Callable[[Data, Any], float]] = {
    **dict.fromkeys((*CHOICES, "short_answer_question", "numerical_question"), _share_of_one),
    **dict.fromkeys(BLANKS, _share_blanks),
    "multiple_answers_question": _share_of_many,
    "matching_question": _share_matched,
    "calculated_question": _share_calculated,
}
"""By type, which part of the points an answer earns."""
