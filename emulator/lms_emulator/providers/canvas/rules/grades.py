"""What an entered grade is worth, and how a score is displayed, by an assignment's grading type.

Source: canvas-lms app/models/assignment.rb, interpret_grade and score_to_grade, and app/models/grading_standard.rb
(2023-06); the recorded exchanges of `grading-submissions` 211-255.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_float
from lms_emulator.providers.canvas.model import Assignment, Course, GradingStandard, User
from lms_emulator.providers.canvas.rules import courses, features, inherited
from lms_emulator.providers.canvas.rules.permissions import admins_over, chain

Scheme = list[tuple[str, float]]
DEFAULT: Scheme = [
    ("A", 0.94),
    ("A-", 0.90),
    ("B+", 0.87),
    ("B", 0.84),
    ("B-", 0.80),
    ("C+", 0.77),
    ("C", 0.74),
    ("C-", 0.70),
    ("D+", 0.67),
    ("D", 0.64),
    ("D-", 0.61),
    ("F", 0.0),
]
"""Canvas's own scheme: letters with the part of the points from which they are given."""
LETTERS = ("letter_grade", "gpa_scale")
_PERCENT = re.compile(r"^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)%$", re.MULTILINE)
_NUMBER = re.compile(r"^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)$", re.MULTILINE)
_DIGITS = re.compile(r"([0-9]*\.)?[0-9]+")
_ANY_SIZE = Context(prec=400)
_LITTLE = 1e-9
"""More than what a binary fraction can be off by, and less than any step of a scheme."""


def scheme_of(api: Api, assignment: Assignment) -> Scheme:
    """The grading scheme of an assignment: its own, else the course's, else Canvas's."""
    course = api.store.courses.get(assignment.course_id)
    own = assignment.grading_standard_id or (course.grading_standard_id if course is not None else None)
    return scheme(api, own)


def scheme(api: Api, number: int | None) -> Scheme:
    """A grading scheme by its id; Canvas's own for none or an unknown one."""
    found = api.store.grading_standards.get(number)
    return found.scheme if found is not None else DEFAULT


def standards(api: Api, kind: str, number: int) -> list[GradingStandard]:
    """The schemes that a course or account can use: its own and those of the accounts above."""
    places = [(kind, number)]
    course = api.store.courses.get(number) if kind == "Course" else None
    above = course.account_id if course is not None else number
    places += [("Account", account.id) for account in chain(api.store, above) if ("Account", account.id) not in places]
    return [standard for place in places for standard in standards_of(api, *place)]


def standards_of(api: Api, kind: str, number: int) -> list[GradingStandard]:
    """The schemes of a course or account itself."""
    found = api.store.grading_standards.find("place", (kind, number))
    return [standard for standard in found if standard.workflow_state == "active"]


def course_letter(api: Api, course: Course, percent: float | None, reader_id: int | None = None) -> str | None:
    """The letter of one score; see `course_letters`."""
    return course_letters(api, course, (percent,), reader_id)[0]


def course_letters(
    api: Api, course: Course, percents: Sequence[float | None], reader_id: int | None = None
) -> list[str | None]:
    """The letters of scores in a course that has a scheme; none where it shows numbers alone.

    Parameters: `reader_id`, of the user who may see no numbers there, and so gets letters in any case.
    """
    own = course.grading_standard_id
    if own is None and not restricts_numbers(api, api.store.users.get(reader_id), course):
        return [None] * len(percents)
    rungs = scheme(api, own)
    return [None if percent is None else letter_for(rungs, percent) for percent in percents]


def restricts_numbers(api: Api, user: User | None, course: Course, *, staff: bool = True) -> bool:
    """Whether a course shows a user letters in place of points.

    Parameters: `staff`, whether those who teach there count as well.

    Source: canvas-lms app/models/course.rb, restrict_quantitative_data? (2024-04).
    """
    if user is None or not _may_restrict(api):
        return False
    if not inherited.of_course(api, course, "restrict_quantitative_data"):
        return False
    administers = any(admins_over(api.store, user, course.account_id))
    return not administers and (staff or not courses.may(api, user, course, "read_as_admin"))


class _School:
    """What is asked for every score of a page, and looked up once in a request."""

    restricts: bool | None = None


def _may_restrict(api: Api) -> bool:
    known = api.call.per_request(_School)
    if known.restricts is None:
        known.restricts = features.enabled(api, api.root, "restrict_quantitative_data")
    return known.restricts


def exact(number: float) -> Decimal:
    """The decimal fraction meant by a binary one; Canvas calculates in decimal."""
    return Decimal(repr(float(number)))


def rounded(number: float | Decimal) -> float:
    """A number rounded to hundredths as Ruby does it: half away from zero."""
    if not math.isfinite(number):
        return float(number)
    value = number if isinstance(number, Decimal) else exact(number)
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP, _ANY_SIZE))


def written(number: float) -> str:
    """A number as Canvas writes it: without a fraction if there is none."""
    value = float(number)
    return str(int(value)) if value == int(value) else re.sub(r"^(-?\d)e", r"\1.0e", repr(value))


def to_score(api: Api, assignment: Assignment, grade: str, *, points_first: bool = False) -> float | None:
    """A grade in points; None if it cannot be read.

    Parameters: `points_first`, whether a number is a number even where the scheme has a grade of that name.
    """
    if not grade.strip():
        return None
    points = float(assignment.points_possible or 0)
    value = _read(api, assignment, grade, points, points_first)
    if value is not None and not math.isfinite(value):
        raise refusals.crashed("a score is too large for Canvas's database", grade[:40])
    if assignment.grading_type != "pass_fail":
        return value
    if value is None:
        return 0.0
    return value if value in (points, 0.0) else None


def _read(api: Api, assignment: Assignment, grade: str, points: float, points_first: bool) -> float | None:
    scheme = scheme_of(api, assignment) if assignment.grading_type in LETTERS else []
    if _PERCENT.search(grade):
        return part(points, as_float(grade))
    if _NUMBER.search(grade):
        percent = None if points_first else _percent_of(scheme, grade)
        return as_float(grade) if percent is None else part(points, percent)
    if grade in ("pass", "complete"):
        return points
    if grade in ("fail", "incomplete"):
        return 0.0
    percent = _percent_of(scheme, grade)
    return None if percent is None else part(points, percent)


def part(points: float, percent: float) -> float:
    """A percentage of points."""
    return float(exact(points) * exact(percent) / 100)


def _percent_of(scheme: Scheme, grade: str) -> float | None:
    """The percentage for a letter: just below the next better one."""
    place = next((place for place, (name, _) in enumerate(scheme) if _is_name(name, grade)), None)
    if not place:
        return None if place is None else 100.0
    above, own = exact(scheme[place - 1][1]), exact(scheme[place][1])
    return float(above * 100 - (1 if above - own >= Decimal("0.01") else Decimal("0.1")))


def _is_name(name: str, grade: str) -> bool:
    """Whether a grade is one of a scheme: of numbers the value counts, of words not the case."""
    if _DIGITS.fullmatch(grade):
        return _DIGITS.fullmatch(name) is not None and Decimal(name) == Decimal(grade)
    return name.casefold() == grade.casefold()


def letter_for(scheme: Scheme, percent: float) -> str:
    """The letter of a percentage, which is not rounded."""
    return next((name for name, least in scheme if percent >= least * 100 - _LITTLE), scheme[-1][0])


def from_score(api: Api, assignment: Assignment, score: float, given: str | None = None) -> str:
    """A score as the grade that people see. `given`: the grade as entered, which is used where there are no points."""
    points = float(assignment.points_possible or 0)
    match assignment.grading_type:
        case "percent":
            return f"{written(rounded(score / points * 100) if points else score)}%"
        case "pass_fail":
            passed = score > 0 if points else given in ("pass", "complete")
            return "complete" if passed else "incomplete"
        case "letter_grade" | "gpa_scale":
            if points:
                return letter_for(scheme_of(api, assignment), score / points * 100)
            return given or letter_for(scheme_of(api, assignment), score)
        case _:
            return written(score)
