"""Courses, their sections, and who takes part in them."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

EnrollmentType = Literal[
    "StudentEnrollment",
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "ObserverEnrollment",
    "StudentViewEnrollment",
]
EnrollmentState = Literal["active", "invited", "creation_pending", "inactive", "completed", "rejected", "deleted"]


class Course(Record, frozen=True, kw_only=True):
    """A course.

    Attributes:
        enrollment_term_id: of a world file, 0 for the school's default term.
        lti_context_id: what tools see as the context's id.
        storage_quota_mb: None for the account's default.
        indexed: whether the school's catalogue of courses lists it.
        settings: what `PUT /courses/:id/settings` and the course's own page set, by Canvas's names.
        timetable: the times of its events by weekday, as they were sent.
        template: a course that others are made from. blueprint: one whose content is kept the same in others.
    """

    id: int
    name: str
    course_code: str | None
    account_id: int
    enrollment_term_id: int = 0
    uuid: str = ""
    lti_context_id: str = ""
    sis_course_id: str | None = None
    integration_id: str | None = None
    workflow_state: Literal["unpublished", "available", "completed", "deleted"] = "available"
    start_at: Instant | None = None
    end_at: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    time_zone: str | None = None
    locale: str | None = None
    default_view: str = "modules"
    syllabus_body: str | None = None
    syllabus_updated_at: Instant | None = None
    public_description: str | None = None
    license: str | None = None
    storage_quota_mb: int | None = None
    grading_standard_id: int | None = None
    apply_assignment_group_weights: bool = False
    is_public: bool | None = None
    indexed: bool | None = None
    is_public_to_auth_users: bool = False
    public_syllabus: bool = False
    public_syllabus_to_auth: bool = False
    restrict_enrollments_to_course_dates: bool = False
    hide_final_grades: bool = False
    open_enrollment: bool | None = None
    self_enrollment: bool | None = None
    self_enrollment_code: str | None = None
    allow_student_wiki_edits: bool | None = None
    allow_wiki_comments: bool | None = None
    grade_passback_setting: str | None = None
    course_format: str | None = None
    homeroom_course: bool = False
    course_color: str | None = None
    friendly_name: str | None = None
    blueprint: bool = False
    template: bool = False
    settings: dict[str, Any] = {}
    timetable: dict[str, Any] = {}
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None


class CourseChange(Record, frozen=True, kw_only=True):
    """An entry in the log of what was done to a course: made, changed, published, concluded and so on.

    Attributes:
        account_id: the account that the course was in.
        event_data: what changed, each field with its old and its new value; of a copy, the other course.
    """

    id: str
    course_id: int
    account_id: int | None = None
    sis_batch_id: int | None = None
    user_id: int | None
    event_type: str
    event_source: Literal["api", "manual", "sis"]
    event_data: dict[str, Any] = {}
    created_at: Instant


class CourseSection(Record, frozen=True, kw_only=True):
    """A section of a course. `nonxlist_course_id` is where a cross-listed one came from."""

    id: int
    course_id: int
    name: str
    sis_section_id: str | None = None
    integration_id: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    restrict_enrollments_to_section_dates: bool | None = None
    nonxlist_course_id: int | None = None
    default_section: bool = False
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class Enrollment(Record, frozen=True, kw_only=True):
    """A person's part in a course.

    Attributes:
        course_section_id, role_id: of a world file, 0 for the course's default section and the type's built-in role.
        associated_user_id: whom an observer observes.
        last_scores: of a concluded student, the scores (current, final, points) of the time without and with unposted
            grades; None where they are computed.
    """

    id: int
    course_id: int
    user_id: int
    type: EnrollmentType
    course_section_id: int = 0
    role_id: int = 0
    workflow_state: EnrollmentState = "active"
    associated_user_id: int | None = None
    limit_privileges_to_course_section: bool = False
    self_enrolled: bool = False
    start_at: Instant | None = None
    end_at: Instant | None = None
    completed_at: Instant | None = None
    created_at: Instant
    updated_at: Instant
    last_activity_at: Instant | None = None
    last_attended_at: Instant | None = None
    total_activity_time: int = 0
    uuid: str = ""
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None
    last_scores: list[list[float | None]] | None = None


class Progress(Record, frozen=True, kw_only=True):
    """How far a background job is. `results` is what it found, for jobs that find something."""

    id: int
    context_type: str
    context_id: int
    user_id: int | None = None
    tag: str
    completion: float | None = None
    workflow_state: Literal["queued", "running", "completed", "failed"] = "queued"
    message: str | None = None
    results: dict[str, Any] | None = None
    created_at: Instant
    updated_at: Instant
