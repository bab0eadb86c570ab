"""A course's policy for late and missing work.

Source: canvas-lms app/models/late_policy.rb (2023-06).
"""

from __future__ import annotations

import math

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, LatePolicy
from lms_emulator.providers.canvas.rules import grades

INTERVALS = {"day": 86_400, "hour": 3_600}
WITHOUT_POINTS = ("pass_fail", "not_graded")
APPLIED = (
    "missing_submission_deduction_enabled",
    "late_submission_deduction_enabled",
    "late_submission_deduction",
    "late_submission_interval",
    "late_submission_minimum_percent_enabled",
    "late_submission_minimum_percent",
)
"""The settings whose change regrades existing work; the points for missing work are not among them."""


def of(api: Api, course_id: int) -> LatePolicy | None:
    """The course's policy, if it has one."""
    return api.store.late_policies.first("course", course_id)


def deduction(api: Api, base: Assignment, score: float | None, seconds: int) -> float:
    """The late penalty in points."""
    policy, possible = of(api, base.course_id), float(base.points_possible or 0)
    if score is None or policy is None or not policy.late_submission_deduction_enabled:
        return 0.0
    if possible <= 0 or seconds <= 0 or base.grading_type in WITHOUT_POINTS:
        return 0.0
    least = policy.late_submission_minimum_percent if policy.late_submission_minimum_percent_enabled else 0.0
    most = max(score * 100 / possible - least, 0.0)
    percent = policy.late_submission_deduction * math.ceil(seconds / INTERVALS[policy.late_submission_interval])
    return grades.rounded(possible * min(percent, most) / 100)


def points_for_missing(api: Api, base: Assignment) -> float | None:
    """The points for missing work; None if the course does not grade it."""
    policy = of(api, base.course_id)
    if policy is None or not policy.missing_submission_deduction_enabled:
        return None
    if base.grading_type == "pass_fail":
        return 0.0
    return float(base.points_possible or 0) * (100 - policy.missing_submission_deduction) / 100
