"""What makes grades of scores, and what else is in the gradebook."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class LatePolicy(Record, frozen=True, kw_only=True):
    """What late and missing work costs in a course; deductions are in percent of the points."""

    id: int
    course_id: int
    missing_submission_deduction_enabled: bool = False
    missing_submission_deduction: float = 100
    late_submission_deduction_enabled: bool = False
    late_submission_deduction: float = 0
    late_submission_interval: Literal["day", "hour"] = "day"
    late_submission_minimum_percent_enabled: bool = False
    late_submission_minimum_percent: float = 0


class GradingStandard(Record, frozen=True, kw_only=True):
    """A grading scheme of a course or account: grades, with the part of the points from which they are given.

    Attributes: `points_based`, whether it is shown in points, up to `scaling_factor`.
    """

    id: int
    title: str | None = None
    context_type: Literal["Course", "Account"] = "Course"
    context_id: int
    scheme: list[tuple[str, float]]
    points_based: bool = False
    scaling_factor: float = 1.0
    workflow_state: Literal["active", "deleted"] = "active"


class GradingPeriodGroup(Record, frozen=True, kw_only=True):
    """A set of grading periods of a school, which terms use."""

    id: int
    account_id: int
    title: str | None = None
    weighted: bool | None = None
    display_totals_for_all_grading_periods: bool = False
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class GradingPeriod(Record, frozen=True, kw_only=True):
    """A period with grades of its own. After `close_date` only administrators can change them."""

    id: int
    grading_period_group_id: int
    title: str
    weight: float | None = None
    start_date: Instant
    end_date: Instant
    close_date: Instant
    workflow_state: Literal["active", "deleted"] = "active"


class CustomGradebookColumn(Record, frozen=True, kw_only=True):
    """A column that teachers put into the gradebook."""

    id: int
    course_id: int
    title: str
    position: int = 1
    teacher_notes: bool = False
    read_only: bool = False
    hidden: bool = False
    workflow_state: Literal["active", "deleted"] = "active"


class CustomColumnDatum(Record, frozen=True, kw_only=True):
    """What such a column says of a student. `id` is made of both."""

    id: str
    column_id: int
    user_id: int
    content: str


class GradebookFilter(Record, frozen=True, kw_only=True):
    """A way of looking at the gradebook that a user keeps."""

    id: int
    course_id: int
    user_id: int
    name: str
    payload: dict[str, Any]
    created_at: Instant
    updated_at: Instant


class GradeOverride(Record, frozen=True, kw_only=True):
    """Final scores that a user set, whatever the work comes to. `id` is that of the enrollment.

    Attributes: `score`, that of the whole course; `of_periods`, those of grading periods, by their ids.
    """

    id: int
    score: float | None = None
    of_periods: dict[str, float] = {}


class GradeChange(Record, frozen=True, kw_only=True):
    """A grade that became another one. `assignment_id` is None for a final grade that was set."""

    id: str
    course_id: int
    assignment_id: int | None = None
    student_id: int
    grader_id: int | None = None
    grade_before: str | None = None
    grade_after: str | None = None
    excused_before: bool = False
    excused_after: bool = False
    points_possible: float | None = None
    version_number: int = 0
    created_at: Instant
