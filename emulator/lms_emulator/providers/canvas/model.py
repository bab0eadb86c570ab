"""Canvas's records, and the store that holds them. No HTTP, no rules: those are in `rules.py` and `oauth.py`.

The lists of `CanvasSection` are the tables, so the field names here are also the keys of a world file.
Times are timezone-aware. URLs may name another provider of the same world (`ltiaas:/lti/login`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access import single_use as once
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.single_use import UsedToken
from lms_emulator.core.access.web_sessions import WebSession
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, TableSpec
from lms_emulator.lti.records import PENDING_LAUNCHES, RESULTS, PendingLaunch, Result
from lms_emulator.signing.lti13_services import LineItemData

EnrollmentType = Literal[
    "StudentEnrollment", "TeacherEnrollment", "TaEnrollment", "DesignerEnrollment", "ObserverEnrollment"
]


class Account(Record, frozen=True, kw_only=True):
    """An account; the one of lowest id is the root account, whose name tools see."""

    id: int
    name: str
    guid: str = ""
    workflow_state: Literal["active", "deleted"] = "active"


class User(Record, frozen=True, kw_only=True):
    """A person with one login. `lti_id` is the opaque `sub` of LTI 1.3, `lti_user_id` the LTI 1.1 one."""

    id: int
    name: str
    login: str
    password: str
    email: str
    lti_id: str
    lti_user_id: str
    uuid: str = ""
    short_name: str = ""
    sortable_name: str = ""
    sis_user_id: str | None = None
    locale: str = "en"
    time_zone: str = "UTC"
    title: str | None = None
    bio: str | None = None
    created_at: Instant
    admin: bool = False
    workflow_state: Literal["registered", "deleted"] = "registered"


class DeveloperKey(Record, frozen=True, kw_only=True):
    """An application known to Canvas: an API key, or (`is_lti_key`) an LTI 1.3 tool's key.

    Attributes:
        redirect_uri: its host, and hosts below it, are allowed in OAuth2.
        redirect_uris: addresses allowed exactly.
        scopes: what may be asked for when `require_scopes`; without it a token can do all the user can.
        accounts: ids of the accounts in which the key is switched on.
        trusted: skips the consent page. force_token_reuse: an existing token of the user is given again.
        public_jwk_url: where the tool publishes its keys.
    """

    id: int
    name: str
    api_key: str = ""
    redirect_uri: str | None = None
    redirect_uris: list[str] = []
    scopes: list[str] = []
    require_scopes: bool = False
    accounts: list[int] = []
    workflow_state: Literal["active", "inactive", "deleted"] = "active"
    trusted: bool = False
    force_token_reuse: bool = False
    replace_tokens: bool = False
    is_lti_key: bool = False
    public_jwk_url: str | None = None
    public_jwk: dict[str, Any] | None = None
    oidc_initiation_url: str | None = None
    target_link_uri: str | None = None


class Course(Record, frozen=True, kw_only=True):
    """A course. `lti_context_id` is what tools see as the context's id."""

    id: int
    name: str
    course_code: str
    account_id: int
    uuid: str = ""
    lti_context_id: str
    workflow_state: Literal["unpublished", "available", "completed", "deleted"] = "available"
    start_at: Instant | None = None
    end_at: Instant | None = None
    sis_course_id: str | None = None


class Enrollment(Record, frozen=True, kw_only=True):
    """A person's part in a course."""

    id: int
    course_id: int
    user_id: int
    type: EnrollmentType
    enrollment_state: Literal["active", "invited", "inactive", "completed", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant
    last_activity_at: Instant | None = None
    total_activity_time: int = 0


class Folder(Record, frozen=True, kw_only=True):
    """A folder of a course's files."""

    id: int
    course_id: int
    name: str
    full_name: str
    parent_folder_id: int | None = None
    hidden: bool = False
    created_at: Instant


class File(Record, frozen=True, kw_only=True):
    """A file with its text. `uuid` is the key of its public download address."""

    id: int
    course_id: int
    folder_id: int
    display_name: str
    filename: str
    content_type: str
    text: str
    uuid: str
    hidden: bool = False
    locked: bool = False
    created_at: Instant
    updated_at: Instant


class DiscussionTopic(Record, frozen=True, kw_only=True):
    """A discussion or an announcement.

    `posted_days_ago` keeps a seeded announcement young: its date moves with the world's clock.
    """

    id: int
    course_id: int
    user_id: int
    title: str
    message: str
    is_announcement: bool = False
    posted_at: Instant | None = None
    posted_days_ago: float | None = None
    delayed_post_at: Instant | None = None
    published: bool = True


class Page(Record, frozen=True, kw_only=True):
    page_id: int
    course_id: int
    url: str
    title: str
    body: str
    published: bool = True
    front_page: bool = False
    created_at: Instant
    updated_at: Instant


class Module(Record, frozen=True, kw_only=True):
    id: int
    course_id: int
    name: str
    position: int
    published: bool = True


class Assignment(Record, frozen=True, kw_only=True):
    """An assignment; with `resource_link_id` it opens a tool."""

    id: int
    course_id: int
    name: str
    description: str = ""
    points_possible: float = 0
    due_at: Instant | None = None
    published: bool = True
    position: int = 1
    resource_link_id: str | None = None
    created_at: Instant
    updated_at: Instant


class Tool(Record, frozen=True, kw_only=True):
    """An LTI 1.3 tool deployed in a course or (`course_id` absent) for the whole account.

    Attributes:
        deployment_id: as Canvas writes it, `<tool id>:<context id>`.
        privacy: what of a person the tool is told: `public` all, `name_only`, `email_only`, `anonymous` nothing.
        deep_linking: offers the tool for choosing content.
    """

    id: int
    developer_key_id: int
    name: str
    deployment_id: str
    course_id: int | None = None
    url: str
    custom: dict[str, str] = {}
    privacy: Literal["public", "name_only", "email_only", "anonymous"] = "public"
    deep_linking: bool = False
    workflow_state: Literal["active", "deleted"] = "active"


class ResourceLink(Record, frozen=True, kw_only=True):
    """One placed link to a tool: on the course page, or behind an assignment."""

    id: str
    course_id: int
    tool_id: int
    title: str
    url: str | None = None
    description: str = ""
    custom: dict[str, str] = {}


class LineItem(Record, frozen=True, kw_only=True):
    """A column of the gradebook as a tool sees it. `developer_key_id` owns it; `coupled` ones cannot be deleted."""

    id: int
    course_id: int
    developer_key_id: int
    data: LineItemData
    coupled: bool = False


class AccessToken(Record, frozen=True, kw_only=True):
    """A user's token, and the refresh token that renews it in place.

    Attributes:
        expires_at: after it the token needs refreshing; absent for a token made by hand.
        permanent_expires_at: after it the token is over for good.
        replaced_tokens: the last few values that refreshing put out of use, to explain a call with one of them.
    """

    id: int
    user_id: int
    developer_key_id: int
    token: str
    refresh_token: str | None = None
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    created_at: Instant
    expires_at: Instant | None = None
    permanent_expires_at: Instant | None = None
    revoked: bool = False
    replaced_tokens: list[str] = []


class AuthorizationCode(Record, frozen=True, kw_only=True):
    """A code for one exchange. A used or expired one is kept a while, to tell it from one never given."""

    code: str
    user_id: int
    developer_key_id: int
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    expires_at: Instant
    used: bool = False


class PendingAuthorization(Record, frozen=True, kw_only=True):
    """An OAuth2 request that waits for the person to sign in and decide."""

    developer_key_id: int
    redirect_uri: str
    scopes: list[str] = []
    state: str | None = None
    purpose: str | None = None


class Session(WebSession[PendingAuthorization], frozen=True, kw_only=True):
    """A browser's session, and the request of an application that waits in it."""


class Bucket(Record, frozen=True, kw_only=True):
    """How full the rate limit of one token is."""

    token_id: int
    level: float
    at: Instant


class CanvasSection(Record, frozen=True, kw_only=True):
    """The `[canvas]` part of a world file."""

    accounts: list[Account] = []
    users: list[User] = []
    developer_keys: list[DeveloperKey] = []
    courses: list[Course] = []
    enrollments: list[Enrollment] = []
    folders: list[Folder] = []
    files: list[File] = []
    discussion_topics: list[DiscussionTopic] = []
    pages: list[Page] = []
    modules: list[Module] = []
    assignments: list[Assignment] = []
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


def _until(record: Any) -> datetime:
    expires: datetime = record.expires_at
    return expires


def _course(record: Any) -> int:
    course_id: int = record.course_id
    return course_id


class CanvasStore(Store):
    """Canvas's state. Tokens, sessions and launches are bounded: by their expiry, and by number."""

    accounts: Table[Account]
    users: Table[User]
    developer_keys: Table[DeveloperKey]
    courses: Table[Course]
    enrollments: Table[Enrollment]
    folders: Table[Folder]
    files: Table[File]
    discussion_topics: Table[DiscussionTopic]
    pages: Table[Page]
    modules: Table[Module]
    assignments: Table[Assignment]
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
        "accounts": TableSpec(key="id"),
        "users": TableSpec(key="id", indexes={"login": lambda u: u.login.lower(), "lti_id": lambda u: u.lti_id}),
        "developer_keys": TableSpec(key="id"),
        "courses": TableSpec(key="id"),
        "enrollments": TableSpec(key="id", indexes={"course": _course, "user": lambda e: e.user_id}),
        "folders": TableSpec(key="id", indexes={"course": _course}),
        "files": TableSpec(key="id", indexes={"course": _course}),
        "discussion_topics": TableSpec(key="id", indexes={"course": _course}),
        "pages": TableSpec(key="page_id", indexes={"course": _course}),
        "modules": TableSpec(key="id", indexes={"course": _course}),
        "assignments": TableSpec(key="id", indexes={"course": _course, "link": lambda a: a.resource_link_id}),
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
                "user": lambda t: t.user_id,
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
