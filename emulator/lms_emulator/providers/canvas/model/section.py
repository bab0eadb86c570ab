"""The `[canvas]` part of a world file, and the store made from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access import single_use as once
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.single_use import UsedToken
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, TableSpec
from lms_emulator.lti.records import PENDING_LAUNCHES, RESULTS, PendingLaunch, Result
from lms_emulator.providers.canvas.model.access import AccessToken, AuthorizationCode, Bucket, DeveloperKey, Session
from lms_emulator.providers.canvas.model.content import (
    Assignment,
    AssignmentGroup,
    DiscussionTopic,
    File,
    Folder,
    Module,
    Page,
)
from lms_emulator.providers.canvas.model.courses import Course, CourseSection, Enrollment, Progress
from lms_emulator.providers.canvas.model.lti import LineItem, ResourceLink, Tool
from lms_emulator.providers.canvas.model.people import (
    Account,
    AccountUser,
    CommunicationChannel,
    EnrollmentTerm,
    Pseudonym,
    Role,
    RoleOverride,
    User,
    UserObserver,
)
from lms_emulator.providers.canvas.model.shorthand import expand


class CanvasSection(Record, frozen=True, kw_only=True):
    """The `[canvas]` part of a world file; its lists are the tables, most of them named as in Canvas's database.

    Attributes:
        next_ids: by table, the id that the next new record gets; without, one more than the highest.
    """

    next_ids: dict[str, int] = {}
    accounts: list[Account] = []
    enrollment_terms: list[EnrollmentTerm] = []
    roles: list[Role] = []
    role_overrides: list[RoleOverride] = []
    users: list[User] = []
    pseudonyms: list[Pseudonym] = []
    communication_channels: list[CommunicationChannel] = []
    account_users: list[AccountUser] = []
    user_observers: list[UserObserver] = []
    developer_keys: list[DeveloperKey] = []
    courses: list[Course] = []
    course_sections: list[CourseSection] = []
    enrollments: list[Enrollment] = []
    progresses: list[Progress] = []
    assignment_groups: list[AssignmentGroup] = []
    assignments: list[Assignment] = []
    folders: list[Folder] = []
    files: list[File] = []
    discussion_topics: list[DiscussionTopic] = []
    pages: list[Page] = []
    modules: list[Module] = []
    tools: list[Tool] = []
    resource_links: list[ResourceLink] = []
    line_items: list[LineItem] = []
    results: list[Result] = []
    access_tokens: list[AccessToken] = []
    authorization_codes: list[AuthorizationCode] = []
    sessions: list[Session] = []
    pending_launches: list[PendingLaunch] = []
    issued_tokens: list[IssuedToken] = []
    used_tokens: list[UsedToken] = []
    buckets: list[Bucket] = []

    def __post_init__(self) -> None:
        expand(self)


def _until(record: Any) -> datetime:
    expires: datetime = record.expires_at
    return expires


def _course(record: Any) -> int:
    course_id: int = record.course_id
    return course_id


def _user(record: Any) -> int:
    user_id: int = record.user_id
    return user_id


class CanvasStore(Store):
    """Canvas's state. Tokens, sessions and launches are bounded: by their expiry, and by number."""

    accounts: Table[Account]
    enrollment_terms: Table[EnrollmentTerm]
    roles: Table[Role]
    role_overrides: Table[RoleOverride]
    users: Table[User]
    pseudonyms: Table[Pseudonym]
    communication_channels: Table[CommunicationChannel]
    account_users: Table[AccountUser]
    user_observers: Table[UserObserver]
    developer_keys: Table[DeveloperKey]
    courses: Table[Course]
    course_sections: Table[CourseSection]
    enrollments: Table[Enrollment]
    progresses: Table[Progress]
    assignment_groups: Table[AssignmentGroup]
    assignments: Table[Assignment]
    folders: Table[Folder]
    files: Table[File]
    discussion_topics: Table[DiscussionTopic]
    pages: Table[Page]
    modules: Table[Module]
    tools: Table[Tool]
    resource_links: Table[ResourceLink]
    line_items: Table[LineItem]
    results: Table[Result]
    access_tokens: Table[AccessToken]
    authorization_codes: Table[AuthorizationCode]
    sessions: Table[Session]
    pending_launches: Table[PendingLaunch]
    issued_tokens: Table[IssuedToken]
    used_tokens: Table[UsedToken]
    buckets: Table[Bucket]

    tables: ClassVar[Mapping[str, TableSpec[Any]]] = {
        "accounts": TableSpec(
            key="id", indexes={"parent": lambda a: a.parent_account_id, "sis_account_id": lambda a: a.sis_account_id}
        ),
        "enrollment_terms": TableSpec(key="id", indexes={"root": lambda t: t.root_account_id}),
        "roles": TableSpec(key="id", indexes={"account": lambda r: r.account_id, "root": lambda r: r.root_account_id}),
        "role_overrides": TableSpec(key="id", indexes={"role": lambda o: o.role_id, "account": lambda o: o.account_id}),
        "users": TableSpec(
            key="id", indexes={"lti_id": lambda u: u.lti_id or None, "lti_user_id": lambda u: u.lti_user_id or None}
        ),
        "pseudonyms": TableSpec(
            key="id",
            indexes={
                "user": _user,
                "unique_id": lambda p: p.unique_id.lower(),
                "sis_user_id": lambda p: p.sis_user_id,
                "integration_id": lambda p: p.integration_id,
            },
        ),
        "communication_channels": TableSpec(key="id", indexes={"user": _user, "address": lambda c: c.address.lower()}),
        "account_users": TableSpec(key="id", indexes={"user": _user, "account": lambda a: a.account_id}),
        "user_observers": TableSpec(
            key="id", indexes={"student": lambda o: o.student_id, "observer": lambda o: o.observer_id}
        ),
        "developer_keys": TableSpec(key="id"),
        "courses": TableSpec(
            key="id", indexes={"account": lambda c: c.account_id, "sis_course_id": lambda c: c.sis_course_id}
        ),
        "course_sections": TableSpec(
            key="id", indexes={"course": _course, "sis_section_id": lambda s: s.sis_section_id}
        ),
        "enrollments": TableSpec(
            key="id", indexes={"course": _course, "user": _user, "section": lambda e: e.course_section_id}
        ),
        "progresses": TableSpec(key="id", limit=100_000),
        "assignment_groups": TableSpec(key="id", indexes={"course": _course}),
        "assignments": TableSpec(key="id", indexes={"course": _course, "link": lambda a: a.resource_link_id}),
        "folders": TableSpec(key="id", indexes={"course": _course}),
        "files": TableSpec(key="id", indexes={"course": _course}),
        "discussion_topics": TableSpec(key="id", indexes={"course": _course}),
        "pages": TableSpec(key="page_id", indexes={"course": _course}),
        "modules": TableSpec(key="id", indexes={"course": _course}),
        "tools": TableSpec(key="id", indexes={"key": lambda t: t.developer_key_id}),
        "resource_links": TableSpec(key="id", indexes={"course": _course}),
        "line_items": TableSpec(key="id", indexes={"course": _course, "link": lambda i: i.data.resource_link_id}),
        "results": RESULTS,
        "access_tokens": TableSpec(
            key="id",
            limit=100_000,
            indexes={
                "token": lambda t: t.token,
                "refresh_token": lambda t: t.refresh_token,
                "user": _user,
                "replaced": lambda t: t.replaced_tokens,
            },
        ),
        "authorization_codes": TableSpec(key="code", keep_until=lambda c: c.expires_at + timedelta(hours=1)),
        "sessions": TableSpec(key="id", keep_until=_until, limit=50_000),
        "pending_launches": PENDING_LAUNCHES,
        "issued_tokens": issued.SPEC,
        "used_tokens": once.SPEC,
        "buckets": TableSpec(key="token_id", limit=10_000),
    }

    def new_id(self, table: str) -> int:
        """The id of a new record of that table."""
        return self.next_number(table, floor=self.section.next_ids.get(table, 1) - 1)
