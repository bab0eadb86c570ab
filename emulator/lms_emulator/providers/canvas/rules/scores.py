"""A student's course scores, in percent.

Source: canvas-lms lib/grade_calculator.rb (2023-06): groups count by weight if the course uses weights, else
every point counts the same; the final score counts ungraded work as zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, AssignmentGroup, Course, Enrollment, Submission
from lms_emulator.providers.canvas.rules import assignments, grades, lateness, periods

READ = (
    "accounts",
    "assignment_groups",
    "assignment_overrides",
    "assignments",
    "courses",
    "enrollment_terms",
    "enrollments",
    "grading_period_groups",
    "grading_periods",
    "grading_standards",
    "group_memberships",
    "late_policies",
    "submissions",
)
"""The tables from which scores are computed. Time does not matter: lateness depends on the submission time."""
NOT_COUNTED = (["not_graded"], ["wiki_page"])
"""The submission types that never count towards the grade. The grading type `not_graded` alone does not exclude an
assignment."""


class Scores(NamedTuple):
    """Percentages: `current` over graded work, `final` over all work; None if nothing counts.

    Attributes: `points`, earned in counted graded work, or `current` again where groups or periods are weighted.
    """

    current: float | None = None
    final: float | None = None
    points: float | None = None


@dataclass
class Newcomers:
    """The enrollments created by this request."""

    enrollments: set[int] = field(default_factory=set)


class Work(NamedTuple):
    """What one assignment contributes: points earned, and points possible.

    Attributes: `graded`, False without a grade, or while a quiz is under review.
    """

    assignment_id: int
    score: float
    possible: float
    graded: bool


def counted(api: Api, course: Course) -> list[Assignment]:
    """The published assignments of a course that count for the grade."""
    return api.store.derived(("counted", course.id), ("assignments",), lambda: _counted(api, course))


def _counted(api: Api, course: Course) -> list[Assignment]:
    found = api.store.assignments.find("course", course.id)
    return [
        a
        for a in found
        if a.published
        and a.workflow_state == "active"
        and a.submission_types not in NOT_COUNTED
        and not a.omit_from_final_grade
    ]


def scores(
    api: Api, enrollment: Enrollment, course: Course, *, unposted: bool = False, only: set[int] | None = None
) -> Scores:
    """The scores of one student.

    Parameters:
        unposted: whether unposted grades count.
        only: the assignments that count, if not all.
    """
    return both(api, enrollment, course, only)[unposted]


def final_grade(api: Api, enrollment: Enrollment, course: Course, period: str | None = None) -> float | None:
    """The final grade override, if the course allows overrides.

    Parameters: `period`, the id of a grading period, for the grade of that period instead of the whole course's.

    Source: canvas-lms app/models/enrollment.rb, override_score and effective_final_score (2024-04).
    """
    kept = api.store.grade_overrides.get(enrollment.id)
    if kept is None or not course.settings.get("allow_final_grade_override"):
        return None
    return kept.score if period is None else kept.of_periods.get(period)


def both(api: Api, enrollment: Enrollment, course: Course, only: set[int] | None = None) -> tuple[Scores, Scores]:
    """The scores of one student without and with unposted grades.

    A student enrolled by this request has none yet, as a job computes them.
    """
    if enrollment.id in api.call.per_request(Newcomers).enrollments:
        return Scores(), Scores()
    if only is None and enrollment.workflow_state == "completed" and enrollment.last_scores is not None:
        return Scores(*enrollment.last_scores[0]), Scores(*enrollment.last_scores[1])
    key = ("scores", enrollment.id, None if only is None else frozenset(only))

    def computed() -> tuple[Scores, Scores]:
        posted = _scores(api, enrollment, course, False, only)
        return posted, _scores(api, enrollment, course, True, only)

    return api.store.derived(key, READ, computed)


def ended(api: Api, before: Enrollment, record: Enrollment) -> Enrollment:
    """A student's changed enrollment, with the scores that last from its conclusion on: Canvas computes no others.

    Parameters: `before`, the enrollment as it was.

    Source: canvas-lms app/models/course.rb, recompute_student_scores_without_send_later (2024-04).
    """
    if record.workflow_state != "completed":
        return replace(record, last_scores=None) if record.last_scores is not None else record
    course = api.store.courses.get(before.course_id)
    if course is None or before.workflow_state == "completed":
        return record
    return replace(record, last_scores=[list(pair) for pair in both(api, before, course)])


def _scores(api: Api, enrollment: Enrollment, course: Course, unposted: bool, only: set[int] | None) -> Scores:
    ended = enrollment.completed_at
    studied = enrollment.workflow_state == "completed" and ended is not None and ended > enrollment.created_at
    studies = studied or enrollment.workflow_state in ("active", "invited", "inactive", "rejected")
    found = [a for a in counted(api, course) if only is None or a.id in only]
    if not studies:
        return Scores()
    if not any(a.points_possible for a in found):
        return Scores(points=0.0)
    mine = api.store.submissions.find("user", enrollment.user_id)
    known = {submission.assignment_id: submission for submission in mine}
    by_group: dict[int, list[Work]] = {}
    for base in found:
        work = _work(api, base, enrollment.user_id, known.get(base.id), unposted)
        if work is not None:
            by_group.setdefault(base.assignment_group_id, []).append(work)
    weighed = _by_periods(api, enrollment, course, unposted) if only is None else None
    current, final = weighed or (_total(api, course, by_group, every=every) for every in (False, True))
    if weighed or course.apply_assignment_group_weights:
        return Scores(current, final, current)
    kept = _kept(api, course, by_group, every=False).values()
    return Scores(current, final, sum((work.score for works in kept for work in works), 0.0))


def _by_periods(
    api: Api, enrollment: Enrollment, course: Course, unposted: bool
) -> tuple[float | None, float | None] | None:
    """The current and the final score by the weights of the grading periods; None where they have none."""
    found = periods.of_course(api, course)
    group = api.store.grading_period_groups.get(found[0].grading_period_group_id) if found else None
    if group is None or not group.weighted:
        return None
    rows = [
        (float(period.weight or 0), _scores(api, enrollment, course, unposted, set(within)))
        for period in found
        for within in (periods.assignments_of(api, course, period, enrollment.user_id),)
    ]
    weights = (sum(weight for weight, score in rows if score.current is not None), sum(weight for weight, _ in rows))
    earned = (
        sum((score.current or 0.0) * weight / 100 for weight, score in rows),
        sum((score.final or 0.0) * weight / 100 for weight, score in rows),
    )
    current, final = (_scaled(*pair) for pair in zip(earned, weights, strict=True))
    nothing = not current and all(score.current is None for _, score in rows)
    return None if nothing else current, final


def _scaled(score: float, weight: float) -> float:
    """A sum of weighted scores, scaled up where the weights do not add up to 100."""
    if weight >= 100:
        return grades.rounded(score)
    return grades.rounded(score * 100 / weight) if weight else 0.0


def _work(api: Api, base: Assignment, user_id: int, record: Submission | None, unposted: bool) -> Work | None:
    """An assignment's contribution for a student; None if it is not assigned to them, or they are shown as excused."""
    hidden = record is None or not (unposted or record.posted_at)
    excused = not hidden and record is not None and record.excused
    if excused or not assignments.assigned(api, base, user_id):
        return None
    possible = float(base.points_possible or 0)
    score = None if hidden or record is None else lateness.standing(api, base, user_id, record).score
    graded = score is not None and record is not None and record.workflow_state != "pending_review"
    return Work(base.id, score or 0.0, possible, graded)


def _kept(api: Api, course: Course, by_group: dict[int, list[Work]], *, every: bool) -> dict[int, list[Work]]:
    """By group, the work that counts: all of it, or graded work only, after the drop rules."""
    groups = api.store.derived(("groups", course.id), ("assignment_groups",), lambda: _groups(api, course))
    kept: dict[int, list[Work]] = {}
    for group_id, works in by_group.items():
        wanted = [work for work in works if every or work.graded]
        kept[group_id] = _without_dropped(groups.get(group_id), wanted)
    return kept


def _total(api: Api, course: Course, by_group: dict[int, list[Work]], *, every: bool) -> float | None:
    groups = api.store.derived(("groups", course.id), ("assignment_groups",), lambda: _groups(api, course))
    kept = _kept(api, course, by_group, every=every)
    if course.apply_assignment_group_weights:
        return _weighed(groups, kept, every=every)
    works = [work for rows in kept.values() for work in rows]
    possible = sum(work.possible for work in works)
    if not possible:
        return None
    return _percent(sum(work.score for work in works) / possible)


def _groups(api: Api, course: Course) -> dict[int, AssignmentGroup]:
    return {group.id: group for group in api.store.assignment_groups.find("course", course.id)}


def _weighed(groups: dict[int, AssignmentGroup], kept: dict[int, list[Work]], *, every: bool) -> float | None:
    total, weights = 0.0, 0.0
    for group_id, works in kept.items():
        possible = sum(work.possible for work in works)
        weight = groups[group_id].group_weight if group_id in groups else 0
        if possible and weight:
            total += sum(work.score for work in works) / possible * weight
            weights += weight
    if not weights:
        return None
    return _percent(total / min(weights, 100))


def _percent(ratio: float) -> float:
    hundredths = ratio * 10_000
    if not isfinite(hundredths):  # points that only a hostile world has
        return 0.0
    if abs(hundredths % 1 - 0.5) > 1e-6:  # no tie: all rounding modes agree
        return round(ratio * 100, 2)
    return grades.rounded(grades.exact(ratio) * 100)


def _without_dropped(group: AssignmentGroup | None, works: list[Work]) -> list[Work]:
    """The work of a group that its drop rules keep."""
    rules = group.rules if group is not None else {}
    lowest, highest = int(rules.get("drop_lowest") or 0), int(rules.get("drop_highest") or 0)
    if not (lowest or highest):
        return works
    never = set(rules.get("never_drop") or ())
    fixed = [work for work in works if work.assignment_id in never]
    free = [work for work in works if work.assignment_id not in never]
    if not free:
        return works
    lowest = min(lowest, len(free) - 1)
    highest = 0 if lowest + highest >= len(free) else highest
    free = _best(free, len(free) - lowest, fixed, max)
    return [*fixed, *_best(free, len(free) - highest, fixed, min)]


def _best(free: list[Work], keep: int, fixed: list[Work], pick: Callable[..., float]) -> list[Work]:
    """The `keep` pieces of work with the best (or, with `min`, the worst) percentage together with what is fixed."""
    if keep >= len(free):
        return free
    best = pick is max
    chosen = free
    for _ in range(len(free) + 1):
        possible = sum(work.possible for work in [*fixed, *chosen])
        ratio = sum(work.score for work in [*fixed, *chosen]) / possible if possible else 0.0
        ordered = sorted(free, key=lambda work: (work.score - ratio * work.possible, work.assignment_id), reverse=best)
        if set(ordered[:keep]) == set(chosen):
            break
        chosen = ordered[:keep]
    return chosen
