"""Groups of people, the sets that they form, and who is in them."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class GroupCategory(Record, frozen=True, kw_only=True):
    """A group category; in most sets a person is in one group only.

    Attributes:
        role: of a set that Canvas itself keeps: `communities` or `student_organized`.
        self_signup: whether students choose their group: `enabled`, or `restricted` to groups of their section.
        auto_leader: who leads a group that has no leader: the `first` member, or a `random` one.
    """

    id: int
    context_type: Literal["Course", "Account"] = "Course"
    context_id: int
    name: str
    role: str | None = None
    self_signup: Literal["enabled", "restricted"] | None = None
    group_limit: int | None = None
    auto_leader: Literal["first", "random"] | None = None
    sis_source_id: str | None = None
    sis_batch_id: int | None = None
    stuck_sis_fields: list[str] = []
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class Group(Record, frozen=True, kw_only=True):
    """A group of people. `avatar_id`, an image among its files."""

    id: int
    group_category_id: int
    name: str
    description: str | None = None
    is_public: bool = False
    join_level: str = "invitation_only"
    max_membership: int | None = None
    storage_quota_mb: int | None = None
    leader_id: int | None = None
    avatar_id: int | None = None
    sis_source_id: str | None = None
    sis_batch_id: int | None = None
    stuck_sis_fields: list[str] = []
    lti_context_id: str = ""
    workflow_state: Literal["available", "deleted"] = "available"
    created_at: Instant


class GroupMembership(Record, frozen=True, kw_only=True):
    """A user's place in a group."""

    id: int
    group_id: int
    user_id: int
    moderator: bool = False
    sis_batch_id: int | None = None
    workflow_state: Literal["accepted", "invited", "requested", "deleted"] = "accepted"
    created_at: Instant
