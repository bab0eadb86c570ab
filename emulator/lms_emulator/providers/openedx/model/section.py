"""The `[openedx]` section of a world file, and the tables it becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table
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


class SectionValues(Record, frozen=True, kw_only=True):
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
    )
    refresh_tokens: Table[RefreshToken] = table(
        key="token",
        indexes={
            "id": lambda token: token.id,
            "folded": _folded("token"),
            "access_token": lambda token: token.access_token,
        },
        limit=20_000,
    )
    grants: Table[Grant] = table(
        key="code",
        indexes={"folded": _folded("code")},
        keep_until=lambda grant: grant.expires + timedelta(minutes=10),
        limit=5_000,
    )
    sessions: Table[Session] = table(
        key="key",
        indexes={"user": lambda session: session.user},
        keep_until=lambda session: session.expires,
        limit=5_000,
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
    )
    cohort_settings: Table[CohortSettings] = table(key="course")
    cohorts: Table[Cohort] = table(key="id", indexes={"course": lambda cohort: cohort.course})
    course_roles: Table[CourseRole] = table(
        key=lambda role: (role.user, role.role, role.course, role.org),
        indexes={"user": lambda role: role.user, "course": lambda role: role.course},
    )


OpenedxSection = section_of(OpenedxStore, "OpenedxSection", SectionValues)
