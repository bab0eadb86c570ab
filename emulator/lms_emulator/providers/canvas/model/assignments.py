"""What is graded in a course: assignment groups, assignments, and whom other dates hold for."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lms_emulator.core.state.records import Instant, Record

GradingType = Literal["points", "percent", "letter_grade", "gpa_scale", "pass_fail", "not_graded"]


class AssignmentGroup(Record, frozen=True, kw_only=True):
    """An assignment group, with its weight in the grade and its rules of what is dropped."""

    id: int
    course_id: int
    name: str
    position: int = 1
    group_weight: float = 0
    rules: dict[str, Any] = {}
    sis_source_id: str | None = None
    integration_data: dict[str, Any] = {}
    workflow_state: Literal["available", "deleted"] = "available"
    created_at: Instant


class ToolTag(Record, frozen=True, kw_only=True):
    """What an assignment opens that is done in a tool.

    Attributes:
        id: of the link itself, which counts among the items of modules.
        content_id: the tool that was found for the address.
        resource_link_id: what LTI 1.1 knows the link by.
        line_item: `resourceId` and `tag` of the line item that is made for it.
    """

    id: int | None = None
    url: str
    new_tab: bool | None = None
    content_id: int | None = None
    custom_params: dict[str, Any] | None = None
    external_data: dict[str, Any] | None = None
    resource_link_id: str = ""
    line_item: dict[str, str] | None = None


class Assignment(Record, frozen=True, kw_only=True):
    """An assignment; with `resource_link_id` it opens a tool.

    Attributes:
        assignment_group_id: of a world file, 0 for the course's first group.
        external_tool: what the REST API says about the tool.
        allowed_attempts: None for unlimited.
        post_manually: whether grades wait until they are posted; None if the course's policy holds.
        only_visible_to_overrides: only for students named by an override.
        peer_reviews_assigned: Canvas has no automatic peer reviews to ask for any more; `asked_at`, when it last did.
        quiz_id, discussion_topic_id: what the work is done in, if not here.
        original: where a copy came from, by Canvas's names.
    """

    id: int
    course_id: int
    assignment_group_id: int = 0
    name: str
    description: str | None = None
    points_possible: float | None = 0
    grading_type: GradingType = "points"
    grading_standard_id: int | None = None
    submission_types: list[str] = msgspec.field(default_factory=lambda: ["none"])
    allowed_extensions: list[str] = []
    allowed_attempts: int | None = None
    due_at: Instant | None = None
    unlock_at: Instant | None = None
    lock_at: Instant | None = None
    published: bool = True
    position: int = 1
    only_visible_to_overrides: bool = False
    omit_from_final_grade: bool = False
    hide_in_gradebook: bool = False
    post_manually: bool | None = None
    post_to_sis: bool | None = None
    important_dates: bool = False
    group_category_id: int | None = None
    grade_group_students_individually: bool | None = None
    peer_reviews: bool = False
    automatic_peer_reviews: bool = False
    peer_review_count: int = 0
    peer_reviews_assign_at: Instant | None = None
    peer_reviews_assigned: bool = False
    asked_at: Instant | None = None
    anonymous_peer_reviews: bool = False
    intra_group_peer_reviews: bool = False
    anonymous_grading: bool = False
    anonymous_instructor_annotations: bool = False
    annotatable_attachment_id: int | None = None
    moderated_grading: bool = False
    grader_count: int = 0
    final_grader_id: int | None = None
    grader_comments_visible_to_graders: bool = True
    graders_anonymous_to_graders: bool = False
    grader_names_visible_to_final_grader: bool = True
    grades_published_at: Instant | None = None
    sis_assignment_id: str | None = None
    integration_id: str | None = None
    integration_data: dict[str, Any] = {}
    external_tool: ToolTag | None = None
    quiz_id: int | None = None
    discussion_topic_id: int | None = None
    original: dict[str, Any] = {}
    resource_link_id: str | None = None
    lti_context_id: str = ""
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant

    @property
    def asks_for_reviews(self) -> bool:
        """Whether Canvas has yet to ask for peer reviews by itself."""
        wanted = self.peer_reviews and self.automatic_peer_reviews and self.peer_review_count > 0
        return wanted and not self.peer_reviews_assigned and self.workflow_state == "active"


class AssignmentOverride(Record, frozen=True, kw_only=True):
    """Other dates of an assignment for some: students, a section, a group, or nobody yet (`noop`).

    Attributes:
        set_id: the section, the group, or the number of a `noop`.
        dates: the dates that it sets, by name; what is missing is as in the assignment.
    """

    id: int
    assignment_id: int
    title: str
    set_type: Literal["ADHOC", "CourseSection", "Group", "Noop"]
    set_id: int | None = None
    student_ids: list[int] = []
    dates: dict[str, Instant | None] = {}
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
