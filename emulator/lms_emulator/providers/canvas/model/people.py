"""Accounts, roles, people, and how they sign in and are reached."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

BaseRole = Literal[
    "AccountAdmin",
    "AccountMembership",
    "StudentEnrollment",
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "ObserverEnrollment",
    "NoPermissions",
]


class Account(Record, frozen=True, kw_only=True):
    """A school (without `parent_account_id`), or a part of one.

    Attributes:
        guid: the account's id for LTI tools, without the suffix that Canvas adds.
        site_admin: the account above all schools, whose admins administer each of them.
        settings: what the account's admins set, by Canvas's own names.
        services: services switched on, such as `avatars`.
        calendar_visible, calendar_subscribed: whether people of the account can add its calendar, or always have it.
    """

    id: int
    name: str | None
    parent_account_id: int | None = None
    site_admin: bool = False
    uuid: str = ""
    guid: str = ""
    sis_account_id: str | None = None
    integration_id: str | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    default_time_zone: str | None = None
    default_storage_quota_mb: int | None = None
    default_user_storage_quota_mb: int | None = None
    default_group_storage_quota_mb: int | None = None
    settings: dict[str, Any] = {}
    services: list[str] = []
    calendar_visible: bool = False
    calendar_subscribed: bool = False
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None
    created_at: Instant | None = None


class EnrollmentTerm(Record, frozen=True, kw_only=True):
    """A term of a school. `overrides` are its dates for one type of enrollment."""

    id: int
    root_account_id: int
    name: str | None
    sis_term_id: str | None = None
    integration_id: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    overrides: dict[str, list[Instant | None]] = {}
    grading_period_group_id: int | None = None
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class Role(Record, frozen=True, kw_only=True):
    """A role; built-in ones exist once for each school and have no account of their own."""

    id: int
    name: str
    base_role_type: BaseRole
    account_id: int | None = None
    root_account_id: int
    workflow_state: Literal["built_in", "active", "inactive", "deleted"] = "built_in"
    created_at: Instant
    updated_at: Instant


class RoleOverride(Record, frozen=True, kw_only=True):
    """An account's override of one permission of one role. `enabled` is None if only `locked` was set."""

    id: int
    account_id: int
    role_id: int
    permission: str
    enabled: bool | None = None
    locked: bool = False
    applies_to_self: bool = True
    applies_to_descendants: bool = True


class AccountUser(Record, frozen=True, kw_only=True):
    """A user's administrative role in an account."""

    id: int
    account_id: int
    user_id: int
    role_id: int
    sis_batch_id: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"


class User(Record, frozen=True, kw_only=True):
    """A person.

    `login`, `password`, `email`, `sis_user_id` and `admin` are shorthand for a world file: they become a login, a
    confirmed e-mail address and an admin of the root account when the world is read.

    Attributes:
        lti_id: the opaque `sub` of LTI 1.3.
        lti_user_id: the opaque user id of LTI 1.1; also the `lti_context_id` of the person.
        time_zone, locale: the person's choice; None for the account's.
        preferences: the person's settings, under Canvas's own names.
    """

    id: int
    name: str
    login: str | None = None
    password: str | None = None
    email: str | None = None
    sis_user_id: str | None = None
    admin: bool = False
    short_name: str | None = None
    sortable_name: str | None = None
    uuid: str = ""
    lti_id: str = ""
    lti_user_id: str = ""
    locale: str | None = None
    browser_locale: str | None = None
    time_zone: str | None = None
    title: str | None = None
    bio: str | None = None
    pronouns: str | None = None
    avatar_image_url: str | None = None
    avatar_state: str = "none"
    initial_enrollment_type: str | None = None
    stuck_sis_fields: list[str] = []
    preferences: dict[str, Any] = {}
    merged_into_user_id: int | None = None
    created_at: Instant
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    workflow_state: Literal["pre_registered", "registered", "creation_pending", "deleted"] = "registered"


class Pseudonym(Record, frozen=True, kw_only=True):
    """A login of a person in an account, with the ids that the student information system knows them by.

    Attributes:
        password: what its person or an administrator chose.
        sis_password: what a SIS import set. It holds until a password is chosen.
        sis_ssha: the salted digest that a SIS import set beside it.
        sis_channel_id: the address that a SIS import set.
    """

    id: int
    user_id: int
    account_id: int
    unique_id: str
    password: str | None = None
    sis_password: str | None = None
    sis_ssha: str | None = None
    sis_user_id: str | None = None
    integration_id: str | None = None
    authentication_provider_id: int | None = None
    declared_user_type: str | None = None
    stuck_sis_fields: list[str] = []
    sis_batch_id: int | None = None
    sis_channel_id: int | None = None
    position: int = 1
    workflow_state: Literal["active", "suspended", "deleted"] = "active"
    login_count: int = 0
    current_login_at: Instant | None = None
    last_login_at: Instant | None = None
    created_at: Instant


class CommunicationChannel(Record, frozen=True, kw_only=True):
    """An address of a person; the first confirmed e-mail address by position is the default one.

    Attributes: `bounce_count`, how often mail bounced; the emulator's own never does, but a world file can set it.
    """

    id: int
    user_id: int
    address: str
    type: str = "email"
    position: int = 1
    workflow_state: Literal["unconfirmed", "active", "retired"] = "active"
    confirmation_code: str = ""
    bounce_count: int = 0
    last_bounce_at: Instant | None = None
    last_bounce_summary: str | None = None
    created_at: Instant


class UserObserver(Record, frozen=True, kw_only=True):
    """Who observes whom."""

    id: int
    student_id: int
    observer_id: int
    sis_batch_id: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class PairingCode(Record, frozen=True, kw_only=True):
    """Six letters and digits that pair an observer with a student, once and within a week."""

    id: int
    user_id: int
    code: str
    expires_at: Instant
    workflow_state: Literal["active", "deleted"] = "active"


class AlertThreshold(Record, frozen=True, kw_only=True):
    """What an observer wants to be alerted to about a student."""

    id: int
    observer_id: int
    user_id: int
    alert_type: str
    threshold: str | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant | None = None


class ObserverAlert(Record, frozen=True, kw_only=True):
    """An alert to an observer about a student: `context_type` and `context_id` name its subject."""

    id: int
    threshold_id: int
    observer_id: int
    user_id: int
    alert_type: str
    context_type: Literal["Assignment", "Course", "DiscussionTopic", "AccountNotification", "Submission"]
    context_id: int
    title: str
    action_date: Instant
    workflow_state: Literal["unread", "read", "dismissed"] = "unread"


class CustomData(Record, frozen=True, kw_only=True):
    """Data that an application stores with a person, in its own namespace."""

    id: int
    user_id: int
    namespace: str
    data: Any = None


class UserMerge(Record, frozen=True, kw_only=True):
    """What a merge moved from one person to another, so that it can be undone.

    Attributes:
        moved: by table, the ids of moved records. ended: the previous states of enrollments and addresses that were
            the same as ones of the other person, by table and id, such as `enrollments/1`.
        created_at: when they were merged, which can be undone for half a year.
    """

    id: int
    from_user_id: int
    user_id: int
    moved: dict[str, list[int]] = {}
    ended: dict[str, str] = {}
    workflow_state: Literal["active", "split"] = "active"
    created_at: Instant | None = None


class UserPastLtiId(Record, frozen=True, kw_only=True):
    """The ids by which tools in a context know a user who was merged into another (`user_id`).

    Attributes: `user_lti_id`, the `sub` of LTI 1.3; `user_lti_context_id`, the user id of LTI 1.1.
    """

    id: int
    user_id: int
    context_type: Literal["Course", "Group", "Account"]
    context_id: int
    user_uuid: str = ""
    user_lti_id: str = ""
    user_lti_context_id: str = ""


class AuthenticationProvider(Record, frozen=True, kw_only=True):
    """A way to sign in at a school. `fields` are its type-specific settings, under Canvas's names."""

    id: int
    account_id: int
    auth_type: str = "canvas"
    position: int = 1
    fields: dict[str, Any] = {}
    workflow_state: Literal["active", "deleted"] = "active"
