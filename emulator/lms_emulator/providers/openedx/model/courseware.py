"""Courses and their modes, content, enrolments, grades, certificates, cohorts and roles. No HTTP.

Field names and defaults follow the LMS's own tables. Records name people by username and courses by their key, so
that a world file can be read without looking anything up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from lms_emulator.core.state.records import Record

CourseRoleName = Literal[
    "staff", "instructor", "limited_staff", "beta_testers", "data_researcher", "finance_admin", "support"
]
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


class Question(Record, frozen=True, kw_only=True):
    """A problem's question. Parameters: `answer`, the right choice (`choice_1`) or number."""

    kind: Literal["choice", "numerical"] = "numerical"
    answer: str = ""


class Block(Record, frozen=True, kw_only=True):
    """A block of a course's content, with its children.

    Parameters:
        type: chapter, sequential, vertical, html, problem, video, …
        block_id: the last part of its usage key.
        graded, format: whether it counts, and as which assignment type.
        weight: the points of a problem.
        staff_only: hidden from learners, with its children.
        student_view_data: data for clients that render the block themselves, by field.
        data: the markup of a piece of text.
        question: a problem's question; None makes it unanswerable.
        max_attempts: how often a problem may be answered; None for no limit.
        discussion_id, discussion_category, discussion_target: the topic of a discussion block.
        html5_sources: URLs of a video.
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
    data: str = ""
    question: Question | None = None
    max_attempts: int | None = None
    discussion_id: str = ""
    discussion_category: str = ""
    discussion_target: str = ""
    html5_sources: list[str] = []
    children: list[Block] = []


class AssignmentType(Record, frozen=True, kw_only=True):
    """An assignment type of the grading policy: how many count, how many are dropped, and their share of the grade.

    Parameters: `short_label`, their label in the gradebook.
    """

    type: str
    count: int
    short_label: str = ""
    dropped: int = 0
    weight: float = 0.0


def studio_policy() -> list[AssignmentType]:
    """The grading policy of a new course."""
    return [
        AssignmentType(type=kind, count=count, dropped=dropped, weight=weight)
        for kind, count, dropped, weight in STUDIO_POLICY
    ]


class CourseUpdate(Record, frozen=True, kw_only=True):
    """A course update, with the date as its staff wrote it."""

    id: int
    date: str = ""
    content: str = ""
    status: Literal["visible", "deleted"] = "visible"


class Teamset(Record, frozen=True, kw_only=True):
    """A set of teams of a course. Parameters: `max_team_size` None takes the course's."""

    id: str
    name: str
    description: str = ""
    type: Literal["open", "public_managed", "private_managed"] = "open"
    max_team_size: int | None = None


class Course(Record, frozen=True, kw_only=True):
    """A course run.

    Parameters:
        id: the course key, `course-v1:ORG+NUMBER+RUN`.
        enrollment_start, enrollment_end: the enrolment window; None leaves that side open.
        catalog_visibility: `both`, `about` or `none`; anything but `both` hides it from catalogues.
        max_enrollments: the number of active enrolments at which the course is full; None is unlimited.
        overview: HTML of the about page; None is the text Studio puts into a new course.
        grade_cutoffs: letter to the least share that earns it; the lowest is the passing grade.
        content: the blocks below the course block.
        discussion_topics: topics of the whole course, name to id.
        updates, handouts: news, and the markup of the handouts.
        published: when Studio last published it.
        verification_deadline: until when learners can verify their identity.
        teamsets, max_team_size: sets of teams; a course without any has no teams.
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
    language: str | None = None
    certificates_display_behavior: str = "end"
    discussion_topics: dict[str, str] = {}
    updates: list[CourseUpdate] = []
    handouts: str | None = None
    published: datetime | None = None
    verification_deadline: datetime | None = None
    teamsets: list[Teamset] = []
    max_team_size: int | None = None


class Enrollment(Record, frozen=True, kw_only=True):
    """One user in one course; there is at most one for each pair, and an inactive one is kept.

    Parameters: `attributes`, as (namespace, name, value).
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
    """A learner's score in one graded subsection (the `block_id` of a sequential)."""

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


class GradeOverride(Record, frozen=True, kw_only=True):
    """A score set by staff instead of the earned one. Parameters: `id`, of the grade and of the override."""

    user: str
    block: str
    id: int = 0
    earned_all: float | None = None
    possible_all: float | None = None
    earned_graded: float | None = None
    possible_graded: float | None = None
    comment: str = ""
    created: datetime | None = None


class OverrideHistory(Record, frozen=True, kw_only=True):
    """One change of an override. Parameters: `kind` is `+` for the first, `~` for later ones."""

    override: GradeOverride
    at: datetime
    by: str
    id: int = 0
    kind: Literal["+", "~"] = "+"


class PassedCourse(Record, frozen=True, kw_only=True):
    """When a learner first passed a course."""

    user: str
    course: str
    since: datetime


class BlockState(Record, frozen=True, kw_only=True):
    """A learner's work on one block.

    Parameters:
        answers: the latest answers, by input.
        attempts: how often a problem was answered.
        earned, possible: its points; None until it was answered.
        completion: from 0 to 1; None until anything is known.
        position: the last opened part of a sequence.
        data: the block's own state.
    """

    user: str
    block: str
    modified: datetime | None = None
    answers: dict[str, str] = {}
    attempts: int = 0
    earned: float | None = None
    possible: float | None = None
    completion: float | None = None
    position: int | None = None
    data: dict[str, object] = {}


class CourseGoal(Record, frozen=True, kw_only=True):
    """A learner's goal in a course, and which celebrations were shown.

    Parameters: `celebrated`, celebrations already shown, by name; None until set.
    """

    user: str
    course: str
    days_per_week: int = 0
    subscribed_to_reminders: bool = False
    dismissed_welcome: bool = False
    celebrated: dict[str, bool] | None = None


class DueDate(Record, frozen=True, kw_only=True):
    """A learner's extended due date."""

    user: str
    block: str
    due: datetime


class Report(Record, frozen=True, kw_only=True):
    """A report of the instructor dashboard."""

    course: str
    name: str
    created: datetime
    id: int = 0


class Certificate(Record, frozen=True, kw_only=True):
    """A certificate. `grade` is text, as the LMS keeps it; only `downloadable` and `notpassing` have an effect."""

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
    """Whether a course is divided into cohorts. The row is created on first use."""

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


class ForumRole(Record, frozen=True, kw_only=True):
    """A role of a user in the discussions of a course; that of a student comes with the enrolment."""

    user: str
    course: str
    role: str


class CourseRole(Record, frozen=True, kw_only=True):
    """A role of a user in a course, or in every course of an organisation when `course` is None."""

    user: str
    role: CourseRoleName
    course: str | None = None
    org: str | None = None
