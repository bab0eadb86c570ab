"""Answers to quiz questions: validation, storage, and grading.

Source: canvas-lms lib/quizzes/quiz_question/answer_serializers and app/models/quizzes/quiz_question/ (2023-06), and
the recorded exchanges of `content-quizzes` 163-244.
"""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.params import as_integer, as_whole
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.rules.html import clean
from lms_emulator.providers.canvas.rules.quiz_questions import TEXT_ONLY, Data, number

SECRETS = {"weight", "comments", "comments_html", "left", "right", "match_id", "left_html", "answer"}
NUMERIC = {"numerical_question", "calculated_question"}
BLANKS = {"fill_in_multiple_blanks_question", "multiple_dropdowns_question"}
CHOICES = {"multiple_choice_question", "true_false_question"}
HIDDEN = {
    "short_answer_question",
    "fill_in_multiple_blanks_question",
    "numerical_question",
    "essay_question",
    "file_upload_question",
    TEXT_ONLY,
}
"""The types whose possible answers are not shown to students."""


def _typed(value: Any, kind: type[Any], name: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise quiz_refusals.quiz(400, "answer_type_wrong", f"answer must be of type {name}")
    return value


def _choice(question: Data, value: Any) -> str:
    text = str(value).strip()
    if as_whole(text.removeprefix("-")) is None:
        raise quiz_refusals.quiz(400, "answer_type_wrong", "answer must be of type Integer")
    if all(text != str(one["id"]) for one in question["answers"]):
        raise quiz_refusals.quiz(400, "answer_unknown", f"Unknown answer '{text}'")
    return text


def blanks(question: Data) -> list[str]:
    """The names of a question's blanks, in order."""
    return list(dict.fromkeys(one["blank_id"] for one in question["answers"] if one.get("blank_id")))


def _blanks(question: Data, value: Any) -> dict[str, Any]:
    known, found = blanks(question), {}
    for blank, answer in _typed(value, dict, "Hash").items():
        if blank not in known:
            raise quiz_refusals.quiz(400, "blank_unknown", f"Unknown blank '{blank}'")
        if question["question_type"] == "multiple_dropdowns_question":
            of_blank = [one for one in question["answers"] if one["blank_id"] == blank]
            found[blank] = _choice({"answers": of_blank}, answer)
        else:
            found[blank] = str(answer)
    return found


def _matches(question: Data, value: Any) -> dict[str, str]:
    found = {}
    for pair in _typed(value, list, "Array"):
        given = _typed(pair, dict, "Hash")
        answer, match = str(given.get("answer_id")), given.get("match_id")
        _choice(question, answer)
        if match is not None and all(str(match) != str(one["match_id"]) for one in question["matches"]):
            raise quiz_refusals.quiz(400, "match_unknown", f"Unknown match '{match}'")
        if match is not None:
            found[answer] = str(match)
    return found


KEEPERS: dict[str, Callable[[Data, Any], Any]] = {
    **dict.fromkeys(CHOICES, _choice),
    **dict.fromkeys(BLANKS, _blanks),
    **dict.fromkeys(NUMERIC, lambda _, value: number(value)),
    "multiple_answers_question": lambda question, value: [
        _choice(question, one) for one in _typed(value, list, "Array")
    ],
    "short_answer_question": lambda _, value: _typed(value, str, "String").strip().lower(),
    "essay_question": lambda _, value: clean(_typed(value, str, "String")),
    "matching_question": _matches,
    "file_upload_question": lambda _, value: [as_integer(one) for one in _typed(value, list, "Array")],
}


def kept(question: Data, value: Any) -> Any:
    """An answer as stored. Raises the refusals for anything that is not an answer to that question."""
    keeper = KEEPERS.get(question["question_type"])
    if keeper is None:
        raise refusals.crashed("a question of this type has no answer", question["question_type"])
    if value is None and question["question_type"] not in NUMERIC:
        return None
    return keeper(question, value)


def formatted(question: Data, text: str) -> str:
    """A student's input as shown to graders: numbers are rounded, to 16 digits if precision matters."""
    if question["question_type"] != "numerical_question":
        return text
    try:
        value = Decimal(text)
        kinds = {one.get("numerical_answer_type") for one in question["answers"]}
        exponent = value.adjusted() - 15 if "precision_answer" in kinds else -4
        shown_as = f"{value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP):f}"
    except (InvalidOperation, ValueError):
        return text
    return shown_as.rstrip("0").rstrip(".") if "." in shown_as else shown_as


def shown(question: Data, answer: Any) -> Any:
    """A stored answer as shown to its author."""
    kind = question["question_type"]
    if kind in BLANKS:
        return {blank: (answer or {}).get(blank) for blank in blanks(question)}
    if kind == "multiple_answers_question":
        return answer or []
    if kind == "matching_question":
        found = answer or {}
        return [{"answer_id": str(a["id"]), "match_id": found.get(str(a["id"]))} for a in question["answers"]]
    return answer


def posed(question: Data) -> Data:
    """A question as posed: its answers without anything that gives away the right one, and its text with blanks."""
    kind, text = question["question_type"], question["question_text"]
    for blank in blanks(question):
        text = text.replace(f"[{blank}]", _field(question, blank))
    answers = [{name: value for name, value in one.items() if name not in SECRETS} for one in question["answers"]]
    if kind == "calculated_question" and question["answers"]:
        for value in question["answers"][0]["variables"]:
            text = text.replace(f"[{value['name']}]", str(value["value"]))
    return {"question_text": text} | ({} if kind in HIDDEN else {"answers": answers})


def _field(question: Data, blank: str) -> str:
    key = hashlib.md5(f"dropdown,{blank},instructure-key".encode(), usedforsecurity=False).hexdigest()
    name = f"question_{question['id']}_{key}"
    if question["question_type"] == "fill_in_multiple_blanks_question":
        return (
            '<input class="question_input" type="text" autocomplete="off" style="width: 120px;" '
            f'name="{name}" value="{{{{{name}}}}}">\n'
        )
    options = ", ".join(
        f'"<option value="{one["id"]}">{html.escape(one["text"])}</option>"'
        for one in question["answers"]
        if one["blank_id"] == blank
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
    share = 0.0 if shares is None or answer in (None, "", [], {}) else shares(question, answer)
    correct: Any = True if share >= 1 else "partial" if share > 0 else False
    return row | {"correct": correct, "points": round(points * share, 2)}


def _right(answer: Data) -> bool:
    return bool(answer.get("weight") == 100)


def _share_chosen(question: Data, answer: Any) -> float:
    return float(any(_right(one) and str(one["id"]) == str(answer) for one in question["answers"]))


def _share_of_many(question: Data, answer: Any) -> float:
    right = {str(one["id"]) for one in question["answers"] if _right(one)}
    chosen = set(answer)
    return max(0.0, (len(chosen & right) - len(chosen - right)) / max(1, len(right)))


def _plain(text: Any) -> str:
    return html.unescape(str(text)).strip().lower()


def _share_text(question: Data, answer: Any) -> float:
    return float(any(_right(one) and _plain(one["text"]) == _plain(answer) for one in question["answers"]))


def _share_blanks(question: Data, answer: Any) -> float:
    names = blanks(question)
    filled = [name for name in names if _blank_right(question, name, answer.get(name))]
    return len(filled) / max(1, len(names))


def _blank_right(question: Data, blank: str, answer: Any) -> bool:
    by_text = question["question_type"] == "fill_in_multiple_blanks_question"
    return answer is not None and any(
        _right(one) and (_plain(one["text"]) == _plain(answer) if by_text else str(one["id"]) == str(answer))
        for one in question["answers"]
        if one["blank_id"] == blank
    )


def _share_matched(question: Data, answer: Any) -> float:
    matched = [one for one in question["answers"] if answer.get(str(one["id"])) == str(one["match_id"])]
    return len(matched) / max(1, len(question["answers"]))


def within(answer: Data, value: float) -> bool:
    """Whether a number matches an answer to a numerical question."""
    match answer["numerical_answer_type"]:
        case "range_answer":
            return bool(answer["start"] <= value <= answer["end"])
        case "precision_answer":
            return _rounded(value, answer["precision"]) == _rounded(answer["approximate"], answer["precision"])
        case _:
            return bool(abs(value - answer["exact"]) <= answer["margin"] + 1e-12)


def _rounded(value: float, digits: int) -> float:
    if value == 0 or digits < 1:
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def _share_number(question: Data, answer: Any) -> float:
    return float(any(within(one, answer) for one in question["answers"]))


def _share_calculated(question: Data, answer: Any) -> float:
    if not question["answers"]:
        return 0.0
    wanted = question["answers"][0]["answer"]
    tolerance = str(question.get("answer_tolerance") or 0)
    allowed = number(tolerance.rstrip("%"))
    allowed = abs(wanted) * allowed / 100 if tolerance.endswith("%") else allowed
    return float(abs(answer - wanted) <= allowed + 1e-12)


SHARES: dict[str, Callable[[Data, Any], float]] = {
    **dict.fromkeys(CHOICES, _share_chosen),
    **dict.fromkeys(BLANKS, _share_blanks),
    "multiple_answers_question": _share_of_many,
    "short_answer_question": _share_text,
    "matching_question": _share_matched,
    "numerical_question": _share_number,
    "calculated_question": _share_calculated,
}
"""By type, which part of the points an answer earns."""
