"""Quiz questions from requests, as Canvas stores them.

Source: canvas-lms app/models/quizzes/quiz_question/ (answer parsers, 2023-06), and the recorded exchanges of
`content-quizzes` 39-79.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.core.ids import Ids
from lms_emulator.providers.canvas.call.params import Params, as_float, as_integer, as_text
from lms_emulator.providers.canvas.rules.html import clean

COMMENTS = ("correct_comments", "incorrect_comments", "neutral_comments")
TEXT_ONLY = "text_only_question"
HIGHEST_ID = 9999
WHOLE_WEIGHTS = {"true_false_question", "short_answer_question", "numerical_question"}
WITHOUT_ANSWERS = {"essay_question", "file_upload_question", TEXT_ONLY}
Data = dict[str, Any]


def number(value: Any) -> float:
    """A number parsed as Ruby would: 0 if it is not one."""
    return as_float(as_text(value))


def parse(sent: Params, before: Data, ids: Ids) -> Data:
    """A question's data.

    Parameters:
        sent: the fields in the request.
        before: the current data; empty for a new question.
        ids: draws ids for answers without one.
    """
    kind = sent.text("question_type") or before.get("question_type") or TEXT_ONLY
    name = sent.text("question_name") or before.get("question_name") or "Question"
    text = clean(sent.text("question_text")) or before.get("question_text") or "Question text"
    points = sent.get("points_possible")
    data: Data = {
        "id": None,
        "regrade_option": sent.text("regrade_option") or False,
        "points_possible": before.get("points_possible", 0.0) if points is None else number(points),
        **{part: sent.text(part) or before.get(part) or "" for part in COMMENTS},
        **{f"{part}_html": clean(sent.text(f"{part}_html")) or before.get(f"{part}_html") or "" for part in COMMENTS},
        "question_type": kind,
        "question_name": name,
        "name": name,
        "question_text": text,
        "answers": [],
        "text_after_answers": sent.text("text_after_answers") or before.get("text_after_answers") or "",
    }
    if kind == "essay_question":
        data |= {"comments": "", "comments_html": ""}
    if sent.has("answers") or not before or kind != before.get("question_type"):
        _answers(sent, data, ids)
    else:
        data["answers"] = before["answers"]
    for part in ("variables", "formulas", "answer_tolerance", "formula_decimal_places", "matches"):
        if part in before and part not in data and kind == before.get("question_type"):
            data[part] = before[part]
    return data


def _answers(sent: Params, data: Data, ids: Ids) -> None:
    kind = data["question_type"]
    given = [] if kind in WITHOUT_ANSWERS else sent.hashes("answers")
    used = {as_integer(fields.get("id")) for fields in given}

    def fresh(fields: Params | None = None) -> int:
        kept = as_integer(fields.get("id")) if fields is not None else 0
        while not kept:
            drawn = ids.integer(1, HIGHEST_ID)
            kept = 0 if drawn in used else drawn
            used.add(kept)
        return kept

    if kind == "matching_question":
        _matching(sent, data, given, fresh)
    elif kind == "calculated_question":
        _calculated(sent, data, given, fresh)
    else:
        data["answers"] = [_answer(fields, kind, fresh(fields)) for fields in given]


def _answer(fields: Params, kind: str, number_of: int) -> Data:
    weight = number(_first(fields, "answer_weight", "weight"))
    answer: Data = {
        "id": number_of,
        "text": "" if kind == "numerical_question" else _words(fields, "answer_text", "text"),
        "comments": _words(fields, "answer_comment", "comments"),
        "comments_html": clean(_words(fields, "answer_comment_html", "comments_html")),
        "weight": int(weight) if kind in WHOLE_WEIGHTS else weight,
    }
    if kind == "multiple_choice_question":
        answer["html"] = clean(_words(fields, "answer_html", "html"))
    if kind in ("fill_in_multiple_blanks_question", "multiple_dropdowns_question"):
        answer["blank_id"] = fields.text("blank_id")
    if kind == "numerical_question":
        answer |= _numerical(fields)
    return answer


def _numerical(fields: Params) -> Data:
    kind = fields.text("numerical_answer_type") or "exact_answer"
    if kind == "range_answer":
        start, end = (number(_first(fields, f"answer_range_{part}", part)) for part in ("start", "end"))
        return {"numerical_answer_type": kind, "start": start, "end": end}
    if kind == "precision_answer":
        approximate = number(_first(fields, "answer_approximate", "approximate"))
        precision = as_integer(_first(fields, "answer_precision", "precision"))
        return {"numerical_answer_type": kind, "approximate": approximate, "precision": precision}
    exact = number(_first(fields, "answer_exact", "exact"))
    margin = number(_first(fields, "answer_error_margin", "margin"))
    return {"numerical_answer_type": "exact_answer", "exact": exact, "margin": margin}


def _matching(sent: Params, data: Data, given: list[Params], fresh: Callable[..., int]) -> None:
    wrong = sent.text("matching_answer_incorrect_matches") or ""
    matches: list[Data] = []

    def match_of(text: str, kept: Any = None) -> int:
        known = next((one["match_id"] for one in matches if one["text"] == text), None)
        if known is None:
            known = as_integer(kept) or fresh()
            matches.append({"text": text, "match_id": known})
        return int(known)

    for fields in given:
        term = _words(fields, "answer_match_left", "left") or _words(fields, "answer_text", "text")
        right = _words(fields, "answer_match_right", "right")
        answer: Data = {"id": fresh(fields), "text": term, "left": term, "right": right}
        answer |= {"comments": _words(fields, "answer_comment", "comments"), "comments_html": ""}
        html = clean(_words(fields, "answer_match_left_html", "left_html"))
        if html:
            answer["left_html"] = html
        data["answers"].append({**answer, "match_id": match_of(right, fields.get("match_id"))})
    for line in filter(None, (part.strip() for part in wrong.split("\n"))):
        match_of(line)
    data |= {"matching_answer_incorrect_matches": wrong, "matches": matches}


def _calculated(sent: Params, data: Data, given: list[Params], fresh: Callable[..., int]) -> None:
    data["formulas"] = [{"formula": value if isinstance(value, str) else ""} for value in sent.values("formulas")]
    data["variables"] = [
        {
            "name": one.text("name"),
            "min": number(one.get("min")),
            "max": number(one.get("max")),
            "scale": as_integer(one.get("scale")),
        }
        for one in sent.hashes("variables")
    ]
    data["answer_tolerance"] = sent.get("answer_tolerance")
    data["formula_decimal_places"] = sent.get("formula_decimal_places")
    for fields in given:
        values = [{"name": v.text("name"), "value": v.text("value")} for v in fields.hashes("variables")]
        worth = number(_first(fields, "answer_text", "answer"))
        data["answers"].append({"weight": 100, "variables": values, "answer": worth, "id": fresh(fields)})


def _first(fields: Params, *names: str) -> Any:
    return next((value for name in names if (value := fields.get(name)) is not None), None)


def _words(fields: Params, *names: str) -> str:
    return next((text for name in names if (text := fields.text(name))), "")
