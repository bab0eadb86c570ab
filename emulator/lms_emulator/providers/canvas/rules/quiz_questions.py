"""Quiz questions from requests, as Canvas stores them.

Source: canvas-lms app/models/assessment_question.rb:parse_question, app/models/quizzes/quiz_question/ (question_data,
raw_fields, answer_group and answer_parsers), and the recorded exchanges of `content-quizzes` 28-79.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.core.ids import Ids
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.params import Params, as_float, as_integer, as_text
from lms_emulator.providers.canvas.rules.html import clean

COMMENTS = ("correct_comments", "incorrect_comments", "neutral_comments")
TEXT_ONLY = "text_only_question"
HIGHEST_ID = 9999
LONGEST, LONGEST_COMMENT = 16 * 1024, 5 * 1024
"""Characters of a text, and of a comment on a question."""
LONGEST_NAME = 1025
LONGEST_MATCH = 256
DECIMALS = 1074
"""A float has no more."""
ALL_RIGHT = {"short_answer_question", "numerical_question"}
"""The types of which every answer is right."""
ONE_RIGHT = {"multiple_choice_question", "multiple_answers_question", "missing_word_question"}
"""The types of which the first answer is right if no other is."""
FILLED = {"short_answer_question", "fill_in_multiple_blanks_question"}
"""The types that lose answers without text."""
NUMBERED = {"multiple_choice_question", "true_false_question", "missing_word_question", "multiple_dropdowns_question"}
"""The types whose answers' ids are made numbers."""
Data = dict[str, Any]


def number(value: Any) -> float:
    """A number parsed as Ruby would: 0 if it is not one."""
    return as_float(as_text(value))


def parse(sent: Params, before: Data, ids: Ids) -> Data:
    """A question's data. Raises the refusal `crashed` for what should be text and is not, or is too long.

    Parameters:
        sent: the fields in the request. Those of `before` that are missing are read again as if they were sent, under
            the names they are kept by: answers lose what is sent by another name.
        before: the data when the question was made; empty for a new one.
        ids: draws ids for answers without one.
    """
    named = {"question_name": sent.get("name")} if sent.get("name") is not None else {}
    fields = sent.over(before | named)
    name = _text(fields, "question_name")
    data: Data = {
        "id": None,
        "regrade_option": _any(fields, "regrade_option", default=False),
        "points_possible": number(fields.get("points_possible")),
        **{part: _text(fields, part, longest=LONGEST_COMMENT) for part in COMMENTS},
        **{f"{part}_html": clean(_text(fields, f"{part}_html", longest=LONGEST_COMMENT)) for part in COMMENTS},
        "question_type": _any(fields, "question_type", default=TEXT_ONLY),
        "question_name": name if name.strip() else "Question",
        "name": name if name.strip() else "Question",
        "question_text": clean(_text(fields, "question_text", default="Question text")),
        "answers": [],
        "text_after_answers": "",
    }
    sent.has("text_after_answers")  # Canvas drops it all the same
    for part in COMMENTS:
        if sent.has(f"{part}_html") and not sent.text(f"{part}_html") and not sent.text(part):
            data[part] = ""
    PARSERS.get(data["question_type"], _unparsed)(fields, data, ids)
    return data


def _any(fields: Params, *names: str, default: Any = "") -> Any:
    """The value of the first of these names that is there; the default for null and false."""
    value = fields.get(next((name for name in names if fields.has(name)), names[0]))
    return default if value is None or value is False else value


def _text(fields: Params, *names: str, default: str = "", longest: int = LONGEST) -> str:
    value = _any(fields, *names, default=default)
    if not isinstance(value, str) or len(value) > longest:
        raise refusals.crashed(f"`{names[0]}` is not text of at most {longest} characters", value)
    return value


def _html(fields: Params, *names: str) -> str:
    return clean(_text(fields, *names)) or ""


def _identified(answer: Data, taken: list[Any], ids: Ids, name: str = "id") -> Any:
    """Give an answer an id that no other has: its own, if it is a number."""
    given = answer.get(name)
    while not as_integer(given) or given in taken:
        given = ids.integer(1, HIGHEST_ID)
    answer[name] = given
    taken.append(given)
    return given


def _unparsed(fields: Params, data: Data, _: Ids) -> None:
    """Answers to a type of question that Canvas does not parse stay as they are."""
    data["answers"] = [dict(params.data) for params in _listed(fields, "answers")]


def _text_only(fields: Params, data: Data, ids: Ids) -> None:
    _unparsed(fields, data, ids)
    data["points_possible"] = 0


def _essay(fields: Params, data: Data, ids: Ids) -> None:
    _unparsed(fields, data, ids)
    first = next(iter(_listed(fields, "answers")), Params({}))
    data["comments"] = _text(first, "answer_comments", "comments", longest=LONGEST_COMMENT)
    data["comments_html"] = clean(_text(first, "answer_comment_html", "comments_html", longest=LONGEST_COMMENT))


def _listed(fields: Params, name: str) -> list[Params]:
    found = fields.hashes(name)
    for params in found:
        for member in params.data:
            params.peek(member)
    return found


def _answers(fields: Params, data: Data, ids: Ids) -> None:
    kind, taken = data["question_type"], list[Any]()
    for digest in fields.hashes("answers"):
        answer = _answer(digest, kind)
        if kind in FILLED and not answer["text"]:
            continue
        _identified(answer, taken, ids)
        data["answers"].append(answer)
    if kind in ONE_RIGHT:
        _first_right(data["answers"])
    elif kind == "multiple_dropdowns_question":
        for blank in dict.fromkeys(item["blank_id"] for item in data["answers"]):
            _first_right([item for item in data["answers"] if item["blank_id"] == blank])


def _first_right(answers: list[Data]) -> None:
    if answers and all(int(answer["weight"]) != 100 for answer in answers):
        answers[0]["weight"] = 100.0


def _answer(fields: Params, kind: str) -> Data:
    names = ("id", "answer_id") if kind in NUMBERED | {"short_answer_question"} else ("id",)
    given = _any(fields, *names, default=None)
    weighed = ("answer_weight",) if kind == "multiple_dropdowns_question" else ("answer_weight", "weight")
    weight = number(_any(fields, *weighed))
    answer: Data = {
        "id": as_integer(given) if kind in NUMBERED else given,
        "text": _text(fields, "answer_text", "text"),
        "comments": _text(fields, "answer_comment", "comments"),
        "comments_html": _html(fields, "answer_comment_html", "comments_html"),
        "weight": 100 if kind in ALL_RIGHT else int(weight) if kind == "true_false_question" else weight,
    }
    if kind == "multiple_choice_question":
        answer["html"] = _html(fields, "answer_html", "html")
    elif kind == "multiple_answers_question" and _any(fields, "answer_html"):
        answer["html"] = _html(fields, "answer_html")
    elif kind in ("fill_in_multiple_blanks_question", "multiple_dropdowns_question"):
        answer["blank_id"] = _text(fields, "blank_id")
    elif kind == "numerical_question":
        answer |= _numerical(fields)
    return answer


def _numerical(fields: Params) -> Data:
    kind = fields.text("numerical_answer_type")
    if kind == "exact_answer":
        exact, margin = number(fields.get("answer_exact")), number(fields.get("answer_error_margin"))
        return {"numerical_answer_type": kind, "exact": exact, "margin": margin}
    if kind == "precision_answer":
        approximate = number(fields.get("answer_approximate"))
        precision = fields.integer("answer_precision")
        return {"numerical_answer_type": kind, "approximate": approximate, "precision": precision}
    start, end = (number(fields.get(f"answer_range_{part}")) for part in ("start", "end"))
    return {"numerical_answer_type": "range_answer", "start": start, "end": end}


def _matching(fields: Params, data: Data, ids: Ids) -> None:
    taken, of_text = list[Any](), dict[str, Any]()
    for digest in fields.hashes("answers"):
        term, right = _text(digest, "answer_match_left"), _text(digest, "answer_match_right")
        answer: Data = {"id": _any(digest, "id", default=None), "text": term, "left": term, "right": right}
        answer["comments"] = _text(digest, "answer_comment", "comments")
        answer["comments_html"] = _html(digest, "answer_comment_html", "comments_html")
        if _any(digest, "answer_match_left_html"):
            answer["left_html"] = answer["html"] = _html(digest, "answer_match_left_html")
        answer["match_id"] = of_text.get(right) or digest.integer("match_id")
        if right not in of_text:
            of_text[right] = _identified(answer, taken, ids, "match_id")
        _identified(answer, taken, ids)
        data["answers"].append(answer)
    wrong = _text(fields, "matching_answer_incorrect_matches")
    matches = [{"text": text, "match_id": number_of} for text, number_of in of_text.items()]
    used = list(of_text.values())
    lines = wrong.rstrip("\n").split("\n") if wrong.strip("\n") else []
    for line in lines:
        if all(line[:LONGEST_MATCH] != item["text"] for item in matches):
            match: Data = {"text": line[:LONGEST_MATCH]}
            _identified(match, used, ids, "match_id")
            matches.append(match)
    data |= {"matching_answer_incorrect_matches": wrong, "matches": matches}


def _calculated(fields: Params, data: Data, ids: Ids) -> None:
    given = fields.get("formulas")
    formulas = list(given.values()) if isinstance(given, dict) else fields.values("formulas")
    data["formulas"] = [{"formula": formula[:LONGEST_NAME] if isinstance(formula, str) else ""} for formula in formulas]
    data["variables"] = [
        {
            "name": _text(digest, "name")[:LONGEST_NAME],
            "min": number(digest.get("min")),
            "max": number(digest.get("max")),
            "scale": digest.integer("scale"),
        }
        for digest in fields.hashes("variables")
    ]
    data["answer_tolerance"] = fields.get("answer_tolerance")
    data["formula_decimal_places"] = fields.integer("formula_decimal_places")
    scales, taken = {variable["name"]: variable["scale"] for variable in data["variables"]}, list[Any]()
    for solution in fields.hashes("answers"):
        solution.has("answer_weight")  # every answer is right
        values = [_valued(variable, scales) for variable in solution.hashes("variables")]
        answer = {"weight": 100, "variables": values, "answer": number(solution.get("answer_text"))}
        _identified(answer, taken, ids)
        data["answers"].append(answer)


def _valued(variable: Params, scales: dict[str, int]) -> Data:
    """A variable's value, with as many decimals as the question says."""
    name, value = _text(variable, "name"), number(variable.get("value"))
    scale = scales.get(name)
    if scale is None:
        return {"name": name, "value": value}
    if scale < 0:
        raise refusals.crashed("a negative number of decimals", scale)
    return {"name": name, "value": f"{value:.{min(scale, DECIMALS)}f}"}


PARSERS: dict[str, Callable[[Params, Data, Ids], None]] = {
    **dict.fromkeys(NUMBERED | ONE_RIGHT | ALL_RIGHT | FILLED, _answers),
    "matching_question": _matching,
    "calculated_question": _calculated,
    "essay_question": _essay,
    TEXT_ONLY: _text_only,
}
"""How the answers to questions of a type are read."""
