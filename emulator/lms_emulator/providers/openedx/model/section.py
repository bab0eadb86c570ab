"""The `[openedx]` section of a world file, and the tables made from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access import single_use
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.single_use import UsedToken
from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import PendingLaunch, pending_launches
from lms_emulator.lti.store import PlatformTables
from lms_emulator.providers.openedx.model.accounts import (
    AccessToken,
    Application,
    Grant,
    LoginFailures,
    RefreshToken,
    Session,
    Throttle,
    User,
)
from lms_emulator.providers.openedx.model.commerce import CreditCourse, Entitlement, Team
from lms_emulator.providers.openedx.model.courseware import (
    BlockState,
    Certificate,
    Cohort,
    CohortSettings,
    Course,
    CourseGoal,
    CourseRole,
    DueDate,
    Enrollment,
    EnrollmentAllowed,
    ForumRole,
    Grade,
    GradeOverride,
    OverrideHistory,
    PassedCourse,
    Report,
)
from lms_emulator.providers.openedx.model.forum import (
    Comment,
    DiscussionSettings,
    MediaFile,
    Notification,
    NotificationPreference,
    Thread,
)
from lms_emulator.providers.openedx.model.learning import Bookmark, EmailOptout, ExperimentData, Signature, Tour
from lms_emulator.providers.openedx.model.lti import LtiContentItem, LtiLineItem, LtiScore, LtiTool
from lms_emulator.providers.openedx.model.retirement import PartnerReport, Retirement
from lms_emulator.providers.openedx.model.webhooks import EventWebhook


class JwtConfig(Record, frozen=True, kw_only=True):
    """How the site signs JWTs.

    Parameters:
        secret: the HS256 secret; also the site's SECRET_KEY, from which session cookies and anonymous ids derive.
        private_signing_jwk: the RSA key for RS512 as a JWK; None takes the key that comes with the package.
        kid: its key id.
    """

    issuer: str = "http://openedx.localhost/oauth2"
    audience: str = "openedx"
    secret: str = "lms-emulator-openedx-secret-not-for-production"
    private_signing_jwk: dict[str, Any] | None = None
    kid: str = "openedx"


#: Fields of the registration form beside name, username, e-mail and password, as upstream sets them.
REGISTRATION_FIELDS = {
    "confirm_email": "hidden",
    "level_of_education": "optional",
    "gender": "optional",
    "year_of_birth": "optional",
    "mailing_address": "optional",
    "goals": "optional",
    "honor_code": "required",
    "terms_of_service": "hidden",
    "city": "hidden",
    "country": "hidden",
}


class SectionValues(Record, frozen=True, kw_only=True):
    """The data of one Open edX site.

    Parameters:
        edx_api_key: the value of `X-Edx-Api-Key` that authenticates servers; empty turns it off.
        session_cookie_domain: Domain attribute of session and login cookies; None leaves it out.
        cors_origin_whitelist: origins that browsers may call from.
        login_redirect_whitelist: hosts besides the site's own to which sign-in and sign-out may redirect.
        login_service_client_id: the application in whose name browser sign-ins get their JWT cookies.
        registration_fields: which further fields of the registration form are `required`, `optional` or `hidden`;
            a Tutor deployment hides `honor_code` too.
        mfe_config_api: whether `/api/mfe_config/v1` is served.
        mfe_config: further keys of that document; `mfe_config_overrides`, those of one front end.
        micro_frontends: address of each, by name: account, authn, discussions, gradebook, learner_home, learning, …
        retirement_service_worker: the user who may retire others beside superusers.
        username_replacement_worker: the user who may change usernames.
        retirement_states: the states of a retirement in order; a site without the pipeline has none.
        retirement_salts: what the hashes of retired names and addresses begin with; the last one counts.
    """

    platform_name: str = "Open edX"
    contact_email: str = "api-access@example.com"
    edx_api_key: str = ""
    jwt: JwtConfig = JwtConfig()
    session_cookie_domain: str | None = None
    cors_origin_whitelist: list[str] = []
    login_redirect_whitelist: list[str] = []
    login_service_client_id: str = "login-service-client-id"
    registration_fields: dict[str, str] = msgspec.field(default_factory=REGISTRATION_FIELDS.copy)
    mfe_config_api: bool = False
    mfe_config: dict[str, Any] = {}
    mfe_config_overrides: dict[str, dict[str, Any]] = {}
    micro_frontends: dict[str, str] = {}
    retirement_service_worker: str | None = None
    username_replacement_worker: str | None = None
    retirement_states: list[str] = []
    retirement_salts: list[str] = msgspec.field(default_factory=lambda: ["abc", "123"])

    def __post_init__(self: Any) -> None:
        numbered: tuple[list[Any], ...] = (
            self.users,
            self.applications,
            self.access_tokens,
            self.refresh_tokens,
            self.enrollments,
            self.cohorts,
            self.cohort_settings,
        )
        for records in numbered:
            highest = max((record.id for record in records), default=0)
            for position, record in enumerate(records):
                if record.id == 0:
                    highest += 1
                    records[position] = replace(record, id=highest)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def _folded(attribute: str) -> Any:
    return lambda record: getattr(record, attribute).lower()


def _granted(record: AccessToken | RefreshToken | Grant) -> str:
    whose = f"the application {record.application}" if record.application else ""
    return f"{whose}, for the user {record.user}" if whose and record.user else whose or f"the user {record.user}"


class OpenedxStore(PlatformTables):
    """The tables of one Open edX site.

    Bounds: a code is kept for ten minutes after it ran out, a session until it runs out, a token for 90 days after
    it ran out; and of codes and sessions the latest 5,000, of tokens the latest 20,000 beside the seeded ones.
    """

    users: Table[User] = table(
        key="username",
        indexes={
            "id": lambda user: user.id,
            "folded": _folded("username"),
            "email": _folded("email"),
        },
    )
    applications: Table[Application] = table(
        key="client_id",
        indexes={
            "id": lambda application: application.id,
            "folded": _folded("client_id"),
            "user": lambda application: application.user,
        },
        credentials=(
            Credential(name="a client id", value="client_id", public=True),
            Credential(name="a client secret", value="client_secret", owner=lambda record: record.client_id),
        ),
    )
    access_tokens: Table[AccessToken] = table(
        key="token",
        indexes={
            "id": lambda token: token.id,
            "folded": _folded("token"),
            "holder": lambda token: f"{token.user}\n{token.application}",
        },
        keep_until=lambda token: max(token.expires, token.created or _EPOCH) + 90 * _DAY,
        limit=20_000,
        credentials=(
            Credential(
                name="an access token",
                value="token",
                owner=_granted,
                tip="REST calls take it as `Authorization: Bearer …`, LTI services a token for a signed assertion",
            ),
        ),
    )
    refresh_tokens: Table[RefreshToken] = table(
        key="token",
        indexes={
            "id": lambda token: token.id,
            "folded": _folded("token"),
            "access_token": lambda token: token.access_token,
        },
        limit=20_000,
        credentials=(
            Credential(
                name="a refresh token",
                value="token",
                owner=_granted,
                tip="it is exchanged at /oauth2/access_token with grant_type=refresh_token",
                single_use=True,
            ),
        ),
    )
    grants: Table[Grant] = table(
        key="code",
        indexes={"folded": _folded("code")},
        keep_until=lambda grant: grant.expires + timedelta(minutes=10),
        limit=5_000,
        credentials=(
            Credential(
                name="an authorization code",
                value="code",
                owner=_granted,
                tip="exchange it for a token first, at /oauth2/access_token",
                single_use=True,
            ),
        ),
    )
    sessions: Table[Session] = table(
        key="key",
        indexes={"user": lambda session: session.user},
        keep_until=lambda session: session.expires,
        limit=5_000,
        credentials=(
            Credential(
                name="a session cookie",
                value="key",
                owner=lambda session: f"the user {session.user}",
                read=lambda text: text.split("|")[1] if text.count("|") == 3 else None,
            ),
        ),
    )
    issued_tokens: Table[IssuedToken] = issued.spec(
        {
            "": ("a JWT", "send it as `Authorization: JWT …`"),
            "password": ("the token of a password reset", ""),
            "lti": ("an LTI service token", "valid for LTI services only"),
        }
    )
    login_failures: Table[LoginFailures] = table(key="user", limit=5_000)
    throttles: Table[Throttle] = table(key="key", keep_until=lambda throttle: throttle.until, limit=5_000)
    courses: Table[Course] = table(key="id", indexes={"folded": _folded("id")})
    enrollments: Table[Enrollment] = table(
        key=lambda enrollment: (enrollment.user, enrollment.course),
        indexes={
            "user": lambda enrollment: enrollment.user,
            "course": lambda enrollment: enrollment.course,
            "id": lambda enrollment: enrollment.id,
        },
        watched=True,
    )
    enrollments_allowed: Table[EnrollmentAllowed] = table(
        key=lambda allowed: (allowed.email.lower(), allowed.course),
        indexes={"email": lambda allowed: allowed.email.lower()},
    )
    grades: Table[Grade] = table(
        key=lambda grade: (grade.user, grade.course), indexes={"course": lambda grade: grade.course}
    )
    certificates: Table[Certificate] = table(
        key=lambda certificate: (certificate.user, certificate.course),
        indexes={"user": lambda certificate: certificate.user},
        watched=True,
    )
    passed_courses: Table[PassedCourse] = table(key=lambda record: (record.user, record.course))
    cohort_settings: Table[CohortSettings] = table(key="course")
    cohorts: Table[Cohort] = table(key="id", indexes={"course": lambda cohort: cohort.course}, watched=True)
    course_roles: Table[CourseRole] = table(
        key=lambda role: (role.user, role.role, role.course, role.org),
        indexes={"user": lambda role: role.user, "course": lambda role: role.course},
        watched=True,
    )
    forum_roles: Table[ForumRole] = table(
        key=lambda role: (role.user, role.course, role.role), indexes={"course": lambda role: role.course}
    )
    retirements: Table[Retirement] = table(
        key="id",
        indexes={
            "user": lambda record: record.user,
            "username": _folded("original_username"),
            "email": _folded("original_email"),
        },
    )
    partner_reports: Table[PartnerReport] = table(key="original_username")
    grade_overrides: Table[GradeOverride] = table(
        key=lambda record: (record.user, record.block), indexes={"user": lambda record: record.user}, watched=True
    )
    override_histories: Table[OverrideHistory] = table(key="id", limit=20_000)
    block_states: Table[BlockState] = table(
        key=lambda record: (record.user, record.block), indexes={"user": lambda record: record.user}, watched=True
    )
    course_goals: Table[CourseGoal] = table(key=lambda record: (record.user, record.course))
    due_dates: Table[DueDate] = table(key=lambda record: (record.user, record.block))
    reports: Table[Report] = table(key="id", limit=5_000)
    teams: Table[Team] = table(key="id", indexes={"course": lambda team: team.course})
    entitlements: Table[Entitlement] = table(key="uuid", indexes={"user": lambda record: record.user})
    credit_courses: Table[CreditCourse] = table(key="course")
    bookmarks: Table[Bookmark] = table(
        key=lambda item: (item.user, item.block), indexes={"user": lambda item: item.user}
    )
    tours: Table[Tour] = table(key="user")
    experiment_data: Table[ExperimentData] = table(key=lambda record: (record.user, record.experiment, record.key))
    email_optouts: Table[EmailOptout] = table(key=lambda record: (record.user, record.course))
    signatures: Table[Signature] = table(key=lambda record: (record.user, record.course))
    threads: Table[Thread] = table(key="id", indexes={"course": lambda record: record.course}, watched=True)
    media: Table[MediaFile] = table(key="path")
    comments: Table[Comment] = table(key="id", indexes={"thread": lambda record: record.thread}, watched=True)
    discussion_settings: Table[DiscussionSettings] = table(key="course")
    notifications: Table[Notification] = table(
        key="id", indexes={"user": lambda record: record.user}, limit=20_000, watched=True
    )
    lti_tools: Table[LtiTool] = table(
        key="id",
        indexes={
            "block": lambda tool: tool.block,
            "config": lambda tool: tool.config_id or None,
            "client": lambda tool: tool.client_id or None,
        },
    )
    lti_line_items: Table[LtiLineItem] = table(key="id", indexes={"tool": lambda item: item.tool})
    lti_scores: Table[LtiScore] = table(
        key=lambda score: (score.line_item, score.user), indexes={"line_item": lambda score: score.line_item}
    )
    lti_content_items: Table[LtiContentItem] = table(key="id", indexes={"tool": lambda item: item.tool})
    pending_launches: Table[PendingLaunch] = pending_launches(single_use=False)
    used_tokens: Table[UsedToken] = single_use.SPEC
    event_webhooks: Table[EventWebhook] = table(key="name")
    notification_preferences: Table[NotificationPreference] = table(key=lambda record: (record.user, record.course))


OpenedxSection = section_of(OpenedxStore, "OpenedxSection", SectionValues)
