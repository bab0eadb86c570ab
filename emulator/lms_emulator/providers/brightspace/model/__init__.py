"""Brightspace's records, and the store that holds them. No HTTP, no rules.

The lists of `BrightspaceSection` are the tables, so the field names here are also the keys of a world file.
Times are timezone-aware. URLs may name another provider of the same world (`ltiaas:/lti/login`).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

import msgspec

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access import single_use as once
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.single_use import UsedToken
from lms_emulator.core.access.web_sessions import WebSession
from lms_emulator.core.clock import CENTURY, later
from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import HANDLERS, RESULTS, NoticeHandler, PendingLaunch, Result, pending_launches
from lms_emulator.lti.store import RegisteringTables
from lms_emulator.providers.brightspace.model.assignments import (
    Asset,
    AssetProcessor,
    AssetReport,
    AssignmentStore,
    DropboxFolder,
    DropboxSubmission,
    EulaAcceptance,
    SubmittedFile,
)
from lms_emulator.providers.brightspace.model.content import Attachment, Module, NewsItem, Topic
from lms_emulator.providers.brightspace.model.legacy import LegacyLink, LegacyProvider, LegacyResult
from lms_emulator.providers.brightspace.model.lti import (
    Deployment,
    LineItem,
    LtiLink,
    SharingRule,
    ToolRegistration,
)

__all__ = [
    "Application",
    "Asset",
    "AssetProcessor",
    "AssetReport",
    "Attachment",
    "AuthorizationCode",
    "BrightspaceSection",
    "BrightspaceStore",
    "Consent",
    "CopyJob",
    "DemoToken",
    "Deployment",
    "DropboxFolder",
    "DropboxSubmission",
    "Enrollment",
    "EulaAcceptance",
    "GradeObject",
    "GradeValue",
    "Group",
    "GroupCategory",
    "LegacyLink",
    "LegacyProvider",
    "LegacyResult",
    "LineItem",
    "LtiLink",
    "Module",
    "NewsItem",
    "OrgUnit",
    "PendingAuthorization",
    "RefreshToken",
    "Role",
    "SectionValues",
    "Session",
    "SharingRule",
    "SubmittedFile",
    "ToolRegistration",
    "Topic",
    "User",
]


class User(Record, frozen=True, kw_only=True):
    """A user. `lti_guid` is the first half of the `sub` that tools see; the API id follows after a `_`."""

    id: int
    first_name: str
    last_name: str
    middle_name: str = ""
    username: str
    password: str
    email: str
    org_defined_id: str | None = None
    profile_identifier: str
    pronouns: str | None = None
    lti_guid: str
    is_active: bool = True

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def lti_sub(self) -> str:
        """The `sub` that tools see."""
        return f"{self.lti_guid}_{self.id}"


class Role(Record, frozen=True, kw_only=True):
    """A role, with its security variables and the LTI roles that it maps to."""

    id: int
    name: str
    code: str | None = None
    permissions: list[str] = []
    lis_roles: list[str] = []


class OrgUnit(Record, frozen=True, kw_only=True):
    """A course offering (type 3), or the organization (type 1).

    Attributes:
        template_code, template_name, department: of a course's template, for custom parameters of tools.
        copied_from: the courses that this one was copied from, the latest first.
    """

    id: int
    name: str
    code: str
    type_id: int = 3
    is_active: bool = True
    start_date: Instant | None = None
    end_date: Instant | None = None
    template_code: str = ""
    template_name: str = ""
    department: str = ""
    copied_from: list[int] = []


class Enrollment(Record, frozen=True, kw_only=True):
    """A user's enrollment in an org unit. `sections`: their sections, names by code."""

    id: int
    org_unit_id: int
    user_id: int
    role_id: int
    sections: dict[str, str] = {}
    is_active: bool = True
    last_accessed: Instant | None = None
    pinned_at: Instant | None = None


class GroupCategory(Record, frozen=True, kw_only=True):
    """A set of groups of an org unit."""

    id: int
    org_unit_id: int
    name: str
    description: str = ""


class Group(Record, frozen=True, kw_only=True):
    """A group; `enrollments` are ids of users."""

    id: int
    category_id: int
    name: str
    code: str = ""
    description: str = ""
    enrollments: list[int] = []


class GradeObject(Record, frozen=True, kw_only=True):
    """A numeric column of the gradebook.

    Attributes: `legacy_link_id`, the LTI 1.1 link whose outcomes it holds.
    """

    id: int
    org_unit_id: int
    name: str
    short_name: str = ""
    max_points: float
    is_hidden: bool = False
    legacy_link_id: int | None = None


class GradeValue(Record, frozen=True, kw_only=True):
    """A user's value in a column of the gradebook."""

    id: int
    grade_object_id: int
    user_id: int
    points: float | None = None
    comments: str = ""
    private_comments: str = ""
    last_modified: Instant
    last_modified_by: int | None = None


class Application(Record, frozen=True, kw_only=True):
    """An OAuth 2.0 application of Manage Extensibility.

    Attributes:
        redirect_uris: compared exactly; https, or a loopback address.
        scopes: `group:resource:action`, each part may be `*`.
        refresh_tokens: "Enable refresh tokens". consent: "Prompt for user consent".
        jwks_url: where an application that acts on its own behalf publishes its keys.
    """

    client_id: str
    name: str
    client_secret: str = ""
    redirect_uris: list[str] = []
    scopes: list[str] = []
    access_token_lifetime: Annotated[int, msgspec.Meta(ge=1, le=int(CENTURY.total_seconds()))] = 3600
    refresh_tokens: bool = True
    consent: bool = True
    enabled: bool = True
    jwks_url: str | None = None
    service_user_id: int | None = None


class AuthorizationCode(Record, frozen=True, kw_only=True):
    """A single-use code. A used or expired one is kept for a while, to distinguish it from one never issued."""

    code: str
    client_id: str
    user_id: int
    redirect_uri: str
    scopes: list[str]
    expires_at: Instant
    challenge: str | None = None
    used: bool = False


class RefreshToken(Record, frozen=True, kw_only=True):
    """A single-use refresh token. `family` identifies the consent that it derives from; `reuses` counts later
    attempts."""

    token: str
    client_id: str
    user_id: int
    scopes: list[str]
    family: str
    issued_at: Instant
    used: bool = False
    reuses: int = 0


class DemoToken(Record, frozen=True, kw_only=True):
    """An access token in the world file, for `info`; it is checked like an issued one.

    Attributes:
        client_id: the application it belongs to; None if it belongs to none.
    """

    label: str
    token: str
    client_id: str | None = None


class Consent(Record, frozen=True, kw_only=True):
    """Scopes that a user has already granted to an application."""

    client_id: str
    user_id: int
    scopes: list[str]


class PendingAuthorization(Record, frozen=True, kw_only=True):
    """An OAuth2 request that waits for the user to sign in and decide."""

    client_id: str
    redirect_uri: str
    scopes: list[str]
    state: str | None = None
    challenge: str | None = None


class Session(WebSession[PendingAuthorization], frozen=True, kw_only=True):
    """A browser session, with a pending OAuth2 request."""


class CopyJob(Record, frozen=True, kw_only=True):
    """A copy of a course into the org unit."""

    token: str
    org_unit_id: int


class SectionValues(Record, frozen=True, kw_only=True):
    """The `[brightspace]` part of a world file. `consumer_key`: the key of LTI 1.1 launches by default."""

    tenant_id: str = "00000000-0000-4000-8000-000000000d21"
    organization: str = "Example University"
    consumer_key: str = "brightspace"


_until, _unit = attrgetter("expires_at"), attrgetter("org_unit_id")


def _granted(record: AuthorizationCode | RefreshToken) -> str:
    return f"the application {record.client_id}, for user {record.user_id}"


class BrightspaceStore(AssignmentStore, RegisteringTables):
    """Brightspace's state. Codes, tokens, sessions and launches are bounded, by expiry or by number."""

    users: Table[User] = table(key="id", indexes={"username": lambda u: u.username.lower()})
    roles: Table[Role] = table(key="id")
    org_units: Table[OrgUnit] = table(key="id")
    enrollments: Table[Enrollment] = table(
        key="id",
        indexes={"unit": _unit, "user": lambda e: e.user_id, "part": lambda e: [(e.org_unit_id, e.user_id)]},
    )
    modules: Table[Module] = table(key="id", indexes={"unit": _unit})
    topics: Table[Topic] = table(key="id", indexes={"unit": _unit, "module": lambda t: t.module_id})
    news_items: Table[NewsItem] = table(key="id", indexes={"unit": _unit})
    group_categories: Table[GroupCategory] = table(key="id", indexes={"unit": _unit})
    groups: Table[Group] = table(key="id", indexes={"category": lambda g: g.category_id})
    grade_objects: Table[GradeObject] = table(key="id", indexes={"unit": _unit, "link": lambda g: g.legacy_link_id})
    grade_values: Table[GradeValue] = table(
        key="id",
        indexes={"object": lambda v: v.grade_object_id, "cell": lambda v: [(v.grade_object_id, v.user_id)]},
    )
    applications: Table[Application] = table(
        key="client_id",
        credentials=(
            Credential(name="the client id of an application", value="client_id", owner=lambda a: a.name, public=True),
            Credential(name="the client secret", value="client_secret", owner=lambda a: f"application {a.client_id}"),
        ),
    )
    registrations: Table[ToolRegistration] = table(
        key="client_id",
        credentials=(
            Credential(name="the client id of an LTI tool", value="client_id", owner=lambda r: r.name, public=True),
        ),
    )
    deployments: Table[Deployment] = table(key="id", indexes={"unit": _unit, "client": lambda d: d.client_id})
    legacy_links: Table[LegacyLink] = table(key="id", indexes={"unit": _unit})
    legacy_providers: Table[LegacyProvider] = table(key="id", indexes={"unit": _unit})
    legacy_results: Table[LegacyResult] = table(
        key="id",
        indexes={"cell": lambda r: [(r.link_id, r.org_unit_id, r.user_id)], "link": lambda r: r.link_id},
    )
    sharing_rules: Table[SharingRule] = table(
        key="id", indexes={"unit": _unit, "owner": lambda rule: (rule.shares, rule.owner)}
    )
    lti_links: Table[LtiLink] = table(key="id", indexes={"deployment": lambda link: link.deployment_id})
    line_items: Table[LineItem] = table(
        key="id",
        indexes={"deployment": lambda i: i.deployment_id, "link": lambda i: i.data.resource_link_id},
    )
    notice_handlers: Table[NoticeHandler] = HANDLERS
    copy_jobs: Table[CopyJob] = table(key="token", limit=1000)
    results: Table[Result] = RESULTS
    authorization_codes: Table[AuthorizationCode] = table(
        key="code",
        keep_until=lambda c: later(c.expires_at, 3600),
        credentials=(
            Credential(
                name="an authorization code",
                value="code",
                owner=_granted,
                tip="exchange it at /core/connect/token",
                single_use=True,
            ),
        ),
    )
    refresh_tokens: Table[RefreshToken] = table(
        key="token",
        limit=100_000,
        indexes={"family": lambda t: t.family},
        credentials=(
            Credential(
                name="a refresh token",
                value="token",
                owner=_granted,
                tip="exchange it at /core/connect/token",
                single_use=True,
            ),
        ),
    )
    demo_tokens: Table[DemoToken] = table(
        key="label",
        indexes={"token": lambda t: t.token},
        credentials=(Credential(name="an access token of the world file", value="token", owner=lambda t: t.label),),
    )
    consents: Table[Consent] = table(key=lambda c: (c.client_id, c.user_id), limit=100_000)
    sessions: Table[Session] = table(
        key="id",
        keep_until=_until,
        limit=50_000,
        credentials=(Credential(name="a session cookie", value="id", owner=lambda s: f"user {s.user_id}"),),
    )
    pending_launches: Table[PendingLaunch] = pending_launches()
    issued_tokens: Table[IssuedToken] = issued.spec(
        {
            "": ("an access token", "send it as `Authorization: Bearer …`"),
            "deep_linking": ("the data of a deep linking request", "the tool brings it back"),
        }
    )
    used_tokens: Table[UsedToken] = once.SPEC


BrightspaceSection = section_of(BrightspaceStore, "BrightspaceSection", SectionValues)
