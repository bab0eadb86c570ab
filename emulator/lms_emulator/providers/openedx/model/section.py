"""The `[openedx]` section of a world file, and the tables it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, TableSpec
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
from lms_emulator.providers.openedx.model.courseware import (
    Certificate,
    Cohort,
    CohortSettings,
    Course,
    CourseRole,
    Enrollment,
    EnrollmentAllowed,
    Grade,
)


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


class OpenedxSection(Record, frozen=True, kw_only=True):
    """Everything one Open edX site holds.

    Parameters:
        edx_api_key: the value of `X-Edx-Api-Key` that passes for a server; empty turns it off.
        session_cookie_domain: Domain attribute of session and login cookies; None leaves it out.
        cors_origin_whitelist: origins that browsers may call from.
        login_service_client_id: the application in whose name browser sign-ins get their JWT cookies.
    """

    platform_name: str = "Open edX"
    contact_email: str = "api-access@example.com"
    edx_api_key: str = ""
    jwt: JwtConfig = JwtConfig()
    session_cookie_domain: str | None = None
    cors_origin_whitelist: list[str] = []
    login_service_client_id: str = "login-service-client-id"
    users: list[User] = []
    applications: list[Application] = []
    access_tokens: list[AccessToken] = []
    refresh_tokens: list[RefreshToken] = []
    grants: list[Grant] = []
    sessions: list[Session] = []
    login_failures: list[LoginFailures] = []
    throttles: list[Throttle] = []
    courses: list[Course] = []
    enrollments: list[Enrollment] = []
    enrollments_allowed: list[EnrollmentAllowed] = []
    grades: list[Grade] = []
    certificates: list[Certificate] = []
    cohort_settings: list[CohortSettings] = []
    cohorts: list[Cohort] = []
    course_roles: list[CourseRole] = []

    def __post_init__(self) -> None:
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
                    records[position] = msgspec.structs.replace(record, id=highest)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def _folded(attribute: str) -> Any:
    return lambda record: getattr(record, attribute).lower()


class OpenedxStore(Store):
    """The tables of one Open edX site.

    Bounds: a code is kept for ten minutes after it ran out, a session until it runs out, a token for 90 days after
    it ran out; and of codes and sessions the latest 5,000, of tokens the latest 20,000 beside the seeded ones.
    """

    section: OpenedxSection
    users: Table[User]
    applications: Table[Application]
    access_tokens: Table[AccessToken]
    refresh_tokens: Table[RefreshToken]
    grants: Table[Grant]
    sessions: Table[Session]
    login_failures: Table[LoginFailures]
    throttles: Table[Throttle]
    courses: Table[Course]
    enrollments: Table[Enrollment]
    enrollments_allowed: Table[EnrollmentAllowed]
    grades: Table[Grade]
    certificates: Table[Certificate]
    cohort_settings: Table[CohortSettings]
    cohorts: Table[Cohort]
    course_roles: Table[CourseRole]

    tables: ClassVar[Mapping[str, TableSpec[Any]]] = {
        "users": TableSpec(
            key="username",
            indexes={
                "id": lambda user: user.id,
                "folded": _folded("username"),
                "email": _folded("email"),
            },
        ),
        "applications": TableSpec(
            key="client_id",
            indexes={
                "id": lambda application: application.id,
                "folded": _folded("client_id"),
                "user": lambda application: application.user,
            },
        ),
        "access_tokens": TableSpec(
            key="token",
            indexes={
                "id": lambda token: token.id,
                "folded": _folded("token"),
                "holder": lambda token: f"{token.user}\n{token.application}",
            },
            keep_until=lambda token: max(token.expires, token.created or _EPOCH) + 90 * _DAY,
            limit=20_000,
        ),
        "refresh_tokens": TableSpec(
            key="token",
            indexes={
                "id": lambda token: token.id,
                "folded": _folded("token"),
                "access_token": lambda token: token.access_token,
            },
            limit=20_000,
        ),
        "grants": TableSpec(
            key="code",
            indexes={"folded": _folded("code")},
            keep_until=lambda grant: grant.expires + timedelta(minutes=10),
            limit=5_000,
        ),
        "sessions": TableSpec(
            key="key",
            indexes={"user": lambda session: session.user},
            keep_until=lambda session: session.expires,
            limit=5_000,
        ),
        "login_failures": TableSpec(key="user", limit=5_000),
        "throttles": TableSpec(key="key", keep_until=lambda throttle: throttle.until, limit=5_000),
        "courses": TableSpec(key="id", indexes={"folded": _folded("id")}),
        "enrollments": TableSpec(
            key=lambda enrollment: (enrollment.user, enrollment.course),
            indexes={
                "user": lambda enrollment: enrollment.user,
                "course": lambda enrollment: enrollment.course,
                "id": lambda enrollment: enrollment.id,
            },
        ),
        "enrollments_allowed": TableSpec(
            key=lambda allowed: (allowed.email.lower(), allowed.course),
            indexes={"email": lambda allowed: allowed.email.lower()},
        ),
        "grades": TableSpec(
            key=lambda grade: (grade.user, grade.course), indexes={"course": lambda grade: grade.course}
        ),
        "certificates": TableSpec(
            key=lambda certificate: (certificate.user, certificate.course),
            indexes={"user": lambda certificate: certificate.user},
        ),
        "cohort_settings": TableSpec(key="course"),
        "cohorts": TableSpec(key="id", indexes={"course": lambda cohort: cohort.course}),
        "course_roles": TableSpec(
            key=lambda role: (role.user, role.role, role.course, role.org),
            indexes={"user": lambda role: role.user, "course": lambda role: role.course},
        ),
    }
