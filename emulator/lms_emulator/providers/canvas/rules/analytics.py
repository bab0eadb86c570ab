"""Canvas's analytics: punctuality, the distribution of scores, messages.

Page views are not recorded, as in a Canvas that does not store them.

Source: instructure/analytics lib/analytics (2026-04).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Assignment, Course, Enrollment, Submission
from lms_emulator.providers.canvas.rules import assignments, courses, lateness, states, submissions
from lms_emulator.providers.canvas.rules.permissions import admins_over, chain

NOT_DIGITAL: tuple[list[str], ...] = ([], ["none"], ["not_graded"], ["on_paper"])
MOST_BUCKETS = 26
WAYS = ("missing", "late", "on_time", "floating")
FEW = 5
"""Below this many submissions, students get no score distribution, which would reveal the scores of others."""


class Work(NamedTuple):
    """Somebody's work for an assignment. Attributes: `way`, one of `WAYS`; `recorded_at`, when it was submitted."""

    way: str
    record: Submission | None = None
    recorded_at: Any = None
    due_at: Any = None


def may_view(api: Api, account_id: int, course: Course | None = None) -> bool:
    """Whether the caller has `view_analytics`: teachers and their assistants, also afterwards, and account admins."""
    if api.caller is None:
        return False
    if any(role.base_role_type == "AccountAdmin" for _, role in admins_over(api.store, api.caller, account_id)):
        return True
    own = [] if course is None else courses.enrollments_of(api, api.caller, course)
    return any(e.type in states.INSTRUCTORS and state.name in ("active", "completed") for e, state in own)


def digital(base: Assignment) -> bool:
    """Whether work is submitted through Canvas or a tool."""
    return base.submission_types not in NOT_DIGITAL


def published(api: Api, course: Course, student_id: int | None = None) -> list[Assignment]:
    """The published assignments of a course for a student, by date."""
    found = [a for a in api.store.assignments.find("course", course.id) if a.workflow_state == "active" and a.published]
    if student_id is not None:
        found = [a for a in found if assignments.assigned(api, a, student_id)]
    return sorted(found, key=lambda a: (a.due_at is None, a.due_at.timestamp() if a.due_at else 0, a.id))


def work(api: Api, base: Assignment, user_id: int) -> Work:
    """The status of a student's work for an assignment."""
    record = api.store.submissions.first("whose", (base.id, user_id))
    if record is None:
        over = base.due_at is not None and base.due_at <= api.now
        return Work("missing" if over else "floating", due_at=base.due_at)
    now = lateness.standing(api, base, user_id, record)
    at = None if now.missing else _recorded_at(base, record, now)
    way = "missing" if now.missing else "late" if now.late else "on_time" if at is not None else "floating"
    return Work(way, record, at, now.due_at)


def _recorded_at(base: Assignment, record: Submission, now: lateness.Standing) -> Any:
    submitted_at = record.submitted_at if record.submission_type is not None else None
    graded_at = record.graded_at if record.workflow_state == "graded" and now.score is not None else None
    if submitted_at is not None or submissions.expected(base):
        return submitted_at
    if graded_at is None or now.score == 0:
        return None
    return graded_at if now.due_at is None else min(graded_at, now.due_at)


def tally(found: list[Work]) -> dict[str, int]:
    """How many are missing, late, on time and still open."""
    counted = Counter(submission.way for submission in found)
    return {way: counted[way] for way in WAYS}


def quartiles(values: list[float]) -> tuple[float | None, float | None, float | None]:
    """First quartile, median and third quartile, interpolated.

    Source: canvas-lms lib/stats.rb, quartiles.
    """
    if not values:
        return None, None, None
    ordered, last = sorted(values), len(values) - 1
    places = [min(max((last + 2) * part / 4 - 1, 0), last) for part in (1, 2, 3)]
    first, middle, third = (_weighted(ordered, place) for place in places)
    return first, middle, third


def _weighted(ordered: list[float], place: float) -> float:
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] * (1 - (place - below)) + ordered[above] * (place - below)


def bucketed(values: list[float], possible: float) -> list[float]:
    """Scores rounded to the buckets used for a whole course."""
    count = math.floor(possible) + 1 if possible < MOST_BUCKETS else MOST_BUCKETS
    step = 0.0 if count <= 1 else possible / (count - 1)

    def kept(value: float) -> float:
        if step == 0 or value <= 0:
            return 0.0
        return step * (count - 1 if value >= possible else math.floor(value / step + 0.5))

    return [kept(value) for value in values]


def students(api: Api, rows: list[Enrollment]) -> list[Enrollment]:
    """The enrollments of current and former students."""
    return [e for e in rows if e.type in states.STUDENTS and e.workflow_state in ("active", "completed")]


def courses_below(api: Api, account: Account, term_id: int, wanted: set[str]) -> list[Course]:
    """The courses of a term in an account and those below it."""
    return [
        c
        for c in api.store.courses
        if c.enrollment_term_id == term_id and c.workflow_state in wanted and account in chain(api.store, c.account_id)
    ]
