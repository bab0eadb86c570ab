"""New Quizzes: their settings, and what is valid in a quiz, a question and an accommodation.

Source: the resources `new_quizzes`, `new_quiz_items` and `new_quizzes_accommodations` of Instructure's developer
documentation. What is refused there follows from the documented types and words; the wording of refusals is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

from lms_emulator.core.http import json_text
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, stamp
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_text, is_number
from lms_emulator.providers.canvas.model import Assignment, Course, NewQuiz, NewQuizItem
from lms_emulator.providers.canvas.refusals import rest

QUESTIONS = (
    "categorization",
    "choice",
    "essay",
    "file-upload",
    "formula",
    "hot-spot",
    "matching",
    "multi-answer",
    "numeric",
    "ordering",
    "rich-fill-blank",
    "true-false",
)
CALCULATORS = ("none", "basic", "scientific")
GRADINGS = ("pass_fail", "percent", "letter_grade", "gpa_scale", "points")
LONGEST_EXTRA_TIME = 10080


def invalid(api: Api, name: str, why: str, status: int = 422) -> SiteRefusal:
    """Something in the request that New Quizzes does not take."""
    text = f"{name} {why}"
    body = {"message": text} if api.settings.new_quizzes_errors == "message" else {"errors": [{"message": text}]}
    return rest("new_quiz_invalid", status, body, check=f"{name} is valid", diagnosis=text)


# kinds of values


def _flag(api: Api, name: str, value: Any) -> bool:
    return as_flag(value)


def _text(api: Api, name: str, value: Any) -> str | None:
    return as_text(value)


def _moment(api: Api, name: str, value: Any) -> str:
    found = moment(api, name, value)
    return stamp(found)


def moment(api: Api, name: str, value: Any) -> datetime:
    """A time that was sent. Raises a refusal if it cannot be read."""
    found = read_moment(as_text(value), api.zone)
    if found is None:
        raise invalid(api, name, "is not a date")
    return found


def positive(api: Api, name: str, value: Any) -> float:
    """A number above zero. Raises the refusal for anything else."""
    text = as_text(value) or ""
    if isinstance(value, bool) or not is_number(text) or float(text) <= 0:
        raise invalid(api, name, "must be positive")
    return float(text)


def _count(api: Api, name: str, value: Any) -> int:
    found = positive(api, name, value)
    if found != int(found):
        raise invalid(api, name, "must be a whole number")
    return int(found)


def one_of(*words: str) -> Callable[[Api, str, Any], str]:
    """A kind of value: one of some words."""

    def read(api: Api, name: str, value: Any) -> str:
        if value not in words:
            raise invalid(api, name, f"must be one of {', '.join(words)}")
        return str(value)

    return read


def _ranges(api: Api, name: str, value: Any) -> list[list[str]]:
    """Pairs of the first and last address of a range, possibly as a JSON text."""
    try:
        rows = json_text.parse(value) if isinstance(value, str) else value
        found = [[str(ip_address(end)) for end in row] for row in rows]
    except (TypeError, ValueError) as error:
        raise invalid(api, name, "must be pairs of IP addresses") from error
    if any(len(row) != 2 for row in found):
        raise invalid(api, name, "must be pairs of IP addresses")
    return found


# settings


class Setting(NamedTuple):
    """A setting of a quiz.

    Attributes: `usual`, its value in a new quiz; `needs`, the setting without which it is not set.
    """

    kind: Callable[[Api, str, Any], Any]
    usual: Any = None
    needs: str = ""


_FLAG = Setting(_flag, usual=False)
_ATTEMPTS, _RESULTS = "multiple_attempts", "result_view_settings"
_SHOWN, _ANSWERS = f"{_RESULTS}.display_items", f"{_RESULTS}.display_item_response"
_CORRECT = f"{_ANSWERS}_correctness"
SETTINGS = {
    "calculator_type": Setting(one_of(*CALCULATORS), usual="none"),
    "filter_ip_address": _FLAG,
    "filters.ips": Setting(_ranges),
    f"{_ATTEMPTS}.multiple_attempts_enabled": _FLAG,
    f"{_ATTEMPTS}.attempt_limit": Setting(_flag, False, f"{_ATTEMPTS}.multiple_attempts_enabled"),
    f"{_ATTEMPTS}.max_attempts": Setting(_count),
    f"{_ATTEMPTS}.score_to_keep": Setting(one_of("average", "first", "highest", "latest"), usual="highest"),
    f"{_ATTEMPTS}.cooling_period": _FLAG,
    f"{_ATTEMPTS}.cooling_period_seconds": Setting(_count),
    "one_at_a_time_type": Setting(one_of("none", "question"), usual="none"),
    "allow_backtracking": Setting(_flag, usual=True),
    f"{_RESULTS}.result_view_restricted": _FLAG,
    f"{_RESULTS}.display_points_awarded": Setting(_flag, False, f"{_RESULTS}.result_view_restricted"),
    f"{_RESULTS}.display_points_possible": Setting(_flag, False, f"{_RESULTS}.result_view_restricted"),
    _SHOWN: Setting(_flag, False, f"{_RESULTS}.result_view_restricted"),
    _ANSWERS: Setting(_flag, False, _SHOWN),
    f"{_ANSWERS}_qualifier": Setting(
        one_of("always", "once_per_attempt", "after_last_attempt", "once_after_last_attempt"), None, _ANSWERS
    ),
    f"{_RESULTS}.show_item_responses_at": Setting(_moment, None, _ANSWERS),
    f"{_RESULTS}.hide_item_responses_at": Setting(_moment, None, _ANSWERS),
    _CORRECT: Setting(_flag, False, _ANSWERS),
    f"{_CORRECT}_qualifier": Setting(one_of("always", "after_last_attempt"), None, _CORRECT),
    f"{_RESULTS}.show_item_response_correctness_at": Setting(_moment, None, _CORRECT),
    f"{_RESULTS}.hide_item_response_correctness_at": Setting(_moment, None, _CORRECT),
    f"{_RESULTS}.display_item_correct_answer": Setting(_flag, False, _CORRECT),
    f"{_RESULTS}.display_item_feedback": Setting(_flag, False, _SHOWN),
    "shuffle_answers": _FLAG,
    "shuffle_questions": _FLAG,
    "require_student_access_code": _FLAG,
    "student_access_code": Setting(_text),
    "has_time_limit": _FLAG,
    "session_time_limit_in_seconds": Setting(_count),
}
"""The settings of a quiz by their paths, in an order in which each follows the one it needs."""
_PERIODS = ("item_responses_at", "item_response_correctness_at")


def settings_of(quiz: NewQuiz) -> dict[str, Any]:
    """All settings of a quiz by their paths."""
    return {name: quiz.settings.get(name, setting.usual) for name, setting in SETTINGS.items()}


def changed(api: Api, quiz: NewQuiz, sent: Params) -> dict[str, Any]:
    """The settings of a quiz after the changes that were sent. Raises the refusal for an invalid one."""
    found = settings_of(quiz)
    for name, setting in SETTINGS.items():
        path = tuple(name.split("."))
        if sent.has(*path):
            value = sent.get(*path)
            found[name] = setting.usual if value is None else setting.kind(api, f"quiz_settings.{name}", value)
        if setting.needs and not found[setting.needs]:
            found[name] = setting.usual
    for period in _PERIODS:
        begins, ends = (found[f"{_RESULTS}.{edge}_{period}"] for edge in ("show", "hide"))
        if begins and ends and ends <= begins:
            raise invalid(api, f"quiz_settings.{_RESULTS}.hide_{period}", f"must be later than show_{period}")
    return {name: value for name, value in found.items() if value != SETTINGS[name].usual}


# quizzes and questions


def of_course(api: Api, course: Course) -> Iterator[tuple[NewQuiz, Assignment]]:
    """The quizzes of a course with their assignments, in the order in which they were made."""
    for quiz in sorted(api.store.new_quizzes.find("course", course.id), key=lambda new_quiz: new_quiz.assignment_id):
        base = api.store.assignments.get(quiz.assignment_id)
        if base is not None and base.workflow_state != "deleted" and not (quiz.waiting or quiz.failed):
            yield quiz, base


def items(api: Api, quiz: NewQuiz) -> list[NewQuizItem]:
    """The questions of a quiz in order."""
    rows = api.store.new_quiz_items.find("quiz", quiz.assignment_id)
    return sorted((item for item in rows if item.workflow_state == "active"), key=lambda item: (item.position, item.id))


def entry(api: Api, sent: Params, known: dict[str, Any] | None) -> dict[str, Any]:
    """A question as sent, over what is known of it. Raises the refusal for an invalid or missing part.

    Parameters: `known`, None for a new one.
    """
    found = dict(known or {})
    for name in ("title", "item_body", "scoring_algorithm"):
        if sent.has(name):
            found[name] = sent.text(name)
    for name in ("interaction_data", "properties", "scoring_data", "answer_feedback", "feedback"):
        value = sent.get(name)
        if value is not None and not isinstance(value, dict):
            raise invalid(api, f"item.entry.{name}", "must be an object")
        if value is not None:
            found[name] = value
    for name, words in (("interaction_type_slug", QUESTIONS), ("calculator_type", CALCULATORS)):
        if sent.get(name) is not None:
            found[name] = one_of(*words)(api, f"item.entry.{name}", sent.get(name))
    for name in ("item_body", "interaction_type_slug", "interaction_data", "scoring_data", "scoring_algorithm"):
        if not found.get(name) and not isinstance(found.get(name), dict):
            raise invalid(api, f"item.entry.{name}", "is missing")
    if found.get("answer_feedback") and found["interaction_type_slug"] != "choice":
        raise invalid(api, "item.entry.answer_feedback", "is for questions of the type choice only")
    return found
