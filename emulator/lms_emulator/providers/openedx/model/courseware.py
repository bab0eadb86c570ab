"""Courses and what hangs on them: modes, content, enrolments, grades, certificates, cohorts, roles. No HTTP.

Field names and defaults follow the LMS's own tables. Records name people by username and courses by their key, so
that a world file can be read without looking anything up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from lms_emulator.core.state.records import Record

#: What Studio puts into a new course: four kinds of assignment, and passing at 50 %.
STUDIO_POLICY = (
    ("Homework", 12, 2, 0.15),
    ("Lab", 12, 2, 0.15),
    ("Midterm Exam", 1, 0, 0.3),
    ("Final Exam", 1, 0, 0.4),
)


class CourseMode(Record, frozen=True, kw_only=True):
    """A track of a course (audit, honor, verified, …).

    Parameters:
        min_price: in whole units of `currency`; the database has no room for a negative one.
        suggested_prices: comma separated, a string here and on the wire.
        expiration_datetime: the mode is not offered after this moment.
        expiration_datetime_is_explicit: None means: explicit when an expiration is given.
    """

    slug: str
    name: str
    min_price: int = 0
    currency: str = "usd"
    suggested_prices: str = ""
    expiration_datetime: datetime | None = None
    expiration_datetime_is_explicit: bool | None = None
    description: str | None = None
    sku: str | None = None
    bulk_sku: str | None = None


class Block(Record, frozen=True, kw_only=True):
    """A piece of a course's content, with the pieces inside it.

    Parameters:
        type: chapter, sequential, vertical, html, problem, video, …
        block_id: the last part of its usage key.
        graded, format: whether it counts, and as which kind of assignment.
        weight: points a problem is worth.
        staff_only: learners do not see it nor what is inside.
        student_view_data: what the block gives clients that render it themselves, by field.
    """

    type: str
    block_id: str
    display_name: str
    graded: bool = False
    format: str | None = None
    due: datetime | None = None
    start: datetime | None = None
    weight: float = 1.0
    staff_only: bool = False
    student_view_data: dict[str, object] | None = None
    children: list[Block] = []


class AssignmentType(Record, frozen=True, kw_only=True):
    """A line of the grading policy: so many assignments of a kind, the worst dropped, with a share of the grade."""

    type: str
    count: int
    dropped: int = 0
    weight: float = 0.0


def studio_policy() -> list[AssignmentType]:
    """The grading policy of a new course."""
    return [
        AssignmentType(type=kind, count=count, dropped=dropped, weight=weight)
        for kind, count, dropped, weight in STUDIO_POLICY
    ]


class Course(Record, frozen=True, kw_only=True):
    """A course run.

    Parameters:
        id: the course key, `course-v1:ORG+NUMBER+RUN`.
        enrollment_start, enrollment_end: the enrolment window; None leaves that side open.
        catalog_visibility: `both`, `about` or `none`; anything but `both` hides it from catalogues.
        max_enrollments: the course is full with so many active enrolments; None has no limit.
        overview: HTML of the about page; None is the text Studio puts into a new course.
        grade_cutoffs: letter to the least share that earns it; the lowest is the passing grade.
        content: the blocks below the course block.
    """

    id: str
    display_name: str
    start: datetime | None = None
    end: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    invitation_only: bool = False
    self_paced: bool = False
    mobile_available: bool = False
    staff_only: bool = False
    catalog_visibility: Literal["both", "about", "none"] = "both"
    max_enrollments: int | None = None
    effort: str | None = None
    short_description: str | None = None
    overview: str | None = None
    course_image: str = "images_course_image.jpg"
    course_video: str | None = None
    certificate_available_date: datetime | None = None
    modes: list[CourseMode] = []
    grading_policy: list[AssignmentType] = msgspec.field(default_factory=studio_policy)
    grade_cutoffs: dict[str, float] = msgspec.field(default_factory=lambda: {"Pass": 0.5})
    content: list[Block] = []


class Enrollment(Record, frozen=True, kw_only=True):
    """One user in one course; there is at most one for each pair, and an inactive one is kept.

    Parameters: `attributes`, further facts as (namespace, name, value).
    """

    user: str
    course: str
    created: datetime
    id: int = 0
    mode: str = "audit"
    is_active: bool = True
    attributes: list[tuple[str, str, str]] = []


class EnrollmentAllowed(Record, frozen=True, kw_only=True):
    """Permission to enrol for an e-mail address that has no account yet. Parameters: `user`, who used it."""

    email: str
    course: str
    created: datetime
    auto_enroll: bool = False
    user: str | None = None


class SubsectionGrade(Record, frozen=True, kw_only=True):
    """What a learner earned in one graded subsection (the `block_id` of a sequential)."""

    block_id: str
    earned: float
    possible: float


class Grade(Record, frozen=True, kw_only=True):
    """A learner's grade in a course.

    Parameters: `percent` is a fraction from 0 to 1; `letter_grade` None derives it, and `passed`, from the cutoffs.
    """

    user: str
    course: str
    percent: float
    letter_grade: str | None = None
    subsections: list[SubsectionGrade] = []


class Certificate(Record, frozen=True, kw_only=True):
    """A certificate. `grade` is text, as the LMS keeps it; only `downloadable` and `notpassing` tell anything."""

    user: str
    course: str
    created: datetime
    modified: datetime
    mode: str = "verified"
    status: str = "downloadable"
    grade: str = ""
    uuid: str = ""
    download_url: str | None = None


class CohortSettings(Record, frozen=True, kw_only=True):
    """Whether a course is divided into cohorts. The row appears when it is first asked about."""

    course: str
    id: int = 0
    is_cohorted: bool = False


class Cohort(Record, frozen=True, kw_only=True):
    """A group of learners of one course.

    Parameters: `assignment_type` is `manual` or `random`, but the LMS keeps any text; `preassigned` are e-mail
    addresses that join when they register.
    """

    course: str
    name: str
    id: int = 0
    assignment_type: str = "manual"
    user_partition_id: int | None = None
    group_id: int | None = None
    users: list[str] = []
    preassigned: list[str] = []


class CourseRole(Record, frozen=True, kw_only=True):
    """A role of a user in a course, or in every course of an organisation when `course` is None."""

    user: str
    role: Literal["staff", "instructor", "limited_staff", "beta_testers", "data_researcher", "finance_admin", "support"]
    course: str | None = None
    org: str | None = None
