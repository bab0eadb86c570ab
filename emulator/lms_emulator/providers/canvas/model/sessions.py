"""Tables of tokens, sessions, launches and rate limits: a part of Canvas's state, bounded by expiry and by number."""

from __future__ import annotations

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access import single_use as once
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.single_use import UsedToken
from lms_emulator.core.clock import later
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import PendingLaunch, pending_launches
from lms_emulator.providers.canvas.model import credentials as held
from lms_emulator.providers.canvas.model.access import (
    AccessToken,
    AuthorizationCode,
    Bucket,
    FailedLogins,
    RememberedLogin,
    Session,
)
from lms_emulator.providers.canvas.model.fields import login as _login
from lms_emulator.providers.canvas.model.fields import until as _until
from lms_emulator.providers.canvas.model.fields import user as _user
from lms_emulator.providers.canvas.model.lti import LogoutCallback, PreparedLaunch


class SessionStore(Store):
    """What was given out to sign in or to launch with, and what a visitor has used up."""

    access_tokens: Table[AccessToken] = table(
        key="id",
        limit=100_000,
        indexes={
            "token": lambda t: t.token,
            "refresh_token": lambda t: t.refresh_token,
            "user": _user,
            "key": lambda t: t.developer_key_id,
            "replaced": lambda t: t.replaced_tokens,
        },
        credentials=held.ACCESS_TOKENS,
    )
    authorization_codes: Table[AuthorizationCode] = table(
        key="code", keep_until=lambda c: later(c.expires_at, 3600), credentials=held.AUTHORIZATION_CODES
    )
    sessions: Table[Session] = table(
        key="id",
        indexes={"user": _user},
        keep_until=_until,
        limit=50_000,
        credentials=held.SESSIONS,
    )
    remembered_logins: Table[RememberedLogin] = table(
        key="id",
        indexes={"login": _login},
        keep_until=_until,
        limit=50_000,
        credentials=held.REMEMBERED_LOGINS,
    )
    failed_logins: Table[FailedLogins] = table(key="login_id", keep_until=lambda f: later(f.at, 3600))
    pending_launches: Table[PendingLaunch] = pending_launches(held.claim("verifier"))
    logout_callbacks: Table[LogoutCallback] = table(
        key="id", indexes={"login": _login}, keep_until=_until, limit=10_000
    )
    prepared_launches: Table[PreparedLaunch] = table(
        key="verifier", keep_until=_until, credentials=held.PREPARED_LAUNCHES
    )
    issued_tokens: Table[IssuedToken] = issued.spec(held.ISSUED_TOKENS)
    used_tokens: Table[UsedToken] = once.SPEC
    buckets: Table[Bucket] = table(key="client", limit=10_000)
