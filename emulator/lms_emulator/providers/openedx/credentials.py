"""Authentication of API calls: bearer tokens, JWTs in header or cookies, browser sessions, the API key.

A resource names the authenticators it takes, in order; the first one that recognises its kind of credentials decides.
Sources: edx-platform `openedx/core/lib/api/authentication.py` (BearerAuthentication); edx-drf-extensions 10.6.0
`edx_rest_framework_extensions/auth/jwt/authentication.py` (JwtAuthentication); `fixtures/recordings/openedx`,
main.jsonl 518-790.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.access import issued_tokens
from lms_emulator.core.access.jwts import why_not_whole
from lms_emulator.core.access.slips import misspelt
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.platform import warn_of_critical
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call, Caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import AccessToken, User
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.web import cookies, csrf, session
from lms_emulator.signing import jwt
from lms_emulator.signing.token_errors import TokenError

Means = Literal["bearer", "jwt", "jwt-cookie", "session"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The authenticated user and the credentials used.

    Attributes: `claims` of a JWT; `token` of a bearer call.
    """

    user: User
    means: Means
    claims: dict[str, Any] | None = None
    token: AccessToken | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether this is a JWT of a restricted application."""
        return bool(self.claims and self.claims.get("is_restricted"))

    @property
    def filters(self) -> list[str]:
        """Filters of the JWT, such as `content_org:CET` or `user:me`."""
        return [str(claim) for claim in (self.claims or {}).get("filters") or ()]

    @property
    def scopes(self) -> list[str]:
        """Scopes of the JWT; the LMS ignores those of opaque tokens."""
        return [str(claim) for claim in (self.claims or {}).get("scopes") or ()]


@dataclass(frozen=True)
class Authenticator:
    """One way to authenticate.

    Attributes: `find` returns the identity, None when its credentials are absent, or raises a refusal; `challenge` is
    what `WWW-Authenticate` says when this one stands first.
    """

    name: str
    find: Callable[[Call], Identity | None]
    challenge: str | None


def _words(call: Call) -> list[str]:
    return call.headers.get("authorization", "").split()


def _bearer(call: Call, *, inactive: bool) -> Identity | None:
    words = _words(call)
    if len(words) == 1:
        raise refusals.bearer_refused(
            "token_not_provided",
            "Invalid token header. No credentials provided.",
            got=words[0],
            looked_for="Authorization: Bearer <token>",
        )
    if len(words) > 2:
        raise refusals.bearer_refused(
            "token_malformed",
            "Invalid token header. Token string should not contain spaces.",
            got=" ".join(words),
            credential=" ".join(words[1:]),
        )
    if not words or words[0].lower() != "bearer":
        return None
    try:
        text = words[1].encode("latin-1").decode()
    except UnicodeDecodeError:
        raise refusals.Unhandled("the token is not UTF-8") from None
    token = lookup.access_token(call.store, call.settings, text)
    if token is None:
        raise refusals.bearer_refused(
            "token_nonexistent",
            "The provided access token does not match any valid tokens.",
            got=text,
            diagnosis="this is a JWT: send it as `Authorization: JWT <token>`, not as Bearer"
            if text.count(".") == 2
            else None,
            credential=text,
        )
    return Identity(user=_holder(call, token, inactive=inactive), means="bearer", token=token)


def _holder(call: Call, token: AccessToken, *, inactive: bool) -> User:
    now = call.clock.now()
    if token.expires <= now:
        raise refusals.bearer_refused(
            "token_expired",
            "The provided access token has expired and is no longer valid.",
            got=f"expired {token.expires.isoformat()}, now {now.isoformat()}",
            diagnosis=_why_expired(call, token) or f"it expired at {token.expires.isoformat()}: request another one",
        )
    user = call.store.users.get(token.user)
    if not token.user:
        raise refusals.Unhandled(f"the token is of the application {token.application}, to which no user is assigned")
    if user is None:
        raise refusals.Unhandled(f"the token belongs to `{token.user}`, whose account no longer exists")
    if user.password is None and not call.store.applications.find("user", user.username):
        raise refusals.bearer_refused(
            "user_is_disabled",
            f"User disabled by admin: {user.username}",
            got=user.username,
            diagnosis=f"{user.username} has no usable password, which disables the account",
        )
    if not inactive and not user.is_active:
        raise refusals.bearer_refused(
            "user_not_active",
            f"User inactive or deleted: {user.username}",
            got=user.username,
            diagnosis=f"{user.username} has not activated the account",
        )
    return user


def _why_expired(call: Call, token: AccessToken) -> str | None:
    application = call.store.applications.get(token.application)
    if application is not None and application.restricted:
        return "the application is restricted: its opaque tokens are issued expired; ask for token_type=jwt"
    return None


def _jwt_header(call: Call) -> Identity | None:
    if call.headers.get("authorization", "")[:1] in "Bb":  # the most common case
        return None
    words = _words(call)
    if len(words) != 2 or words[0].lower() != "jwt":
        return None
    return _from_claims(call, _claims(call, words[1]), means="jwt")


def _jwt_cookies(call: Call) -> Identity | None:
    """JWT cookies. Invalid ones are ignored, and the next authenticator is tried."""
    payload = call.cookies.get(cookies.JWT_PAYLOAD)
    signature = call.cookies.get(cookies.JWT_SIGNATURE)
    if not payload or not signature or csrf.failure(call) is not None:
        return None
    try:
        return _from_claims(call, _claims(call, f"{payload}.{signature}"), means="jwt-cookie")
    except Refusal as refusal:
        call.check("JWT cookies", False, expected=refusal.expected, got=refusal.got)
        return None


def _jwt(call: Call) -> Identity | None:
    if "authorization" in call.headers:
        return _jwt_header(call)
    return _jwt_cookies(call)


def _claims(call: Call, token: str) -> dict[str, Any]:
    try:
        claims = jwts.verify(token, config=call.store.section.jwt, settings=call.settings, now=call.clock.timestamp())
    except TokenError as error:
        raise refusals.jwt_refused(
            "Invalid token.",
            reason=error.reason,
            check=error.check,
            expected=error.expected,
            got=error.got,
            diagnosis=_jwt_diagnosis(call, error, token),
            credential=None if error.is_of_time else token,
        ) from None
    warn_of_critical(call, token)
    if jwts.is_foreign(call, token):
        raise refusals.jwt_refused(
            "Invalid token.",
            reason="not_issued_here",
            check="is not another world's",
            expected="a token of this world, or one signed elsewhere",
            got="another world's",
            diagnosis=issued_tokens.DIAGNOSIS,
            credential=token,
        )
    return claims


def _jwt_diagnosis(call: Call, error: TokenError, token: str) -> str | None:
    if error.reason == "bad_signature" and (why := why_not_whole(token)):
        return why
    if error.reason == "bad_signature":
        for words, secret in misspelt(call.store.section.jwt.secret):
            if jwt.is_signed(token, secret, "HS256"):
                return f"it was signed with this site's secret {words}"
        return "signed with another key, or its header or payload was changed after signing"
    if error.reason in ("alg_not_allowed", "alg_confusion"):
        return f"it was signed with {error.got}; this site accepts {error.expected}"
    if error.reason == "expired":
        return f"JWTs live {call.settings.jwt_seconds} s; ask for a new one"
    return None


def _from_claims(call: Call, claims: dict[str, Any], *, means: Means) -> Identity:
    username = claims.get("preferred_username") or claims.get("username")
    if not username:
        raise refusals.jwt_refused(
            "JWT must include a preferred_username or username claim!",
            reason="without_username",
            check="preferred_username",
            expected="present",
            got=sorted(claims),
            diagnosis="the token has a value in neither of the claims `preferred_username` and `username`",
        )
    user = lookup.user_named(call.store, call.settings, str(username))
    if user is None:
        user = _new_user(call, str(username), claims)
    return Identity(user=user, means=means, claims=claims)


def _new_user(call: Call, username: str, claims: dict[str, Any]) -> User:
    if not call.settings.jwt_creates_users:
        raise refusals.jwt_refused("Invalid token.", reason="unknown_user", check="preferred_username", got=username)
    call.warn("jwt_created_user", f"the JWT names an unknown user, so the account `{username}` was created")
    return call.store.users.put(
        User(
            id=call.store.next_number("users"),
            username=username,
            email=str(claims.get("email") or ""),
            date_joined=call.clock.now(),
        )
    )


def _session(call: Call, *, inactive: bool) -> Identity | None:
    user = session.current(call).user
    if user is None:
        return None
    if not inactive and not user.is_active:
        call.per_request(
            Caller
        ).unheeded = f"the session is of `{user.username}`, who is not activated, which this resource asks"
        return None
    fault = csrf.failure(call)
    if fault is not None:
        raise refusals.csrf_failed(fault, csrf.why(call, fault))
    return Identity(user=user, means="session")


JWT = Authenticator("JWT", _jwt, 'JWT realm="api"')
BEARER = Authenticator("Bearer", lambda call: _bearer(call, inactive=False), 'Bearer realm="api"')
BEARER_INACTIVE = Authenticator("Bearer", lambda call: _bearer(call, inactive=True), 'Bearer realm="api"')
SESSION = Authenticator("session", lambda call: _session(call, inactive=True), None)
ACTIVE_SESSION = Authenticator("session", lambda call: _session(call, inactive=False), None)

NONE: tuple[Authenticator, ...] = ()
JWT_BEARER_SESSION = (JWT, BEARER_INACTIVE, SESSION)
JWT_ANY_SESSION = (JWT, SESSION)
JWT_SESSION = (JWT, ACTIVE_SESSION)
"""The default authenticators of a resource: REST_FRAMEWORK in edx-platform `lms/envs/common.py`."""
BEARER_SESSION = (BEARER_INACTIVE, SESSION)
JWT_BEARER = (JWT, BEARER)
FOR_ACTIVE = (JWT, BEARER, ACTIVE_SESSION)
BEARER_JWT = (BEARER_INACTIVE, JWT)


def authenticate(call: Call, authenticators: tuple[Authenticator, ...]) -> Identity | None:
    """The caller's identity, None for an anonymous one. Raises a refusal for invalid credentials.

    From now on the answer is for this caller; a browser session counts only where the resource takes sessions.
    """
    caller = call.per_request(Caller)
    caller.user = None
    for authenticator in authenticators:
        identity = authenticator.find(call)
        if identity is not None:
            caller.identity, caller.user = identity, identity.user
            call.check(f"authenticated by {identity.means}", got=identity.user.username)
            return identity
    return None


def has_api_key(call: Call) -> bool:
    """Whether the call carries the site's `X-Edx-Api-Key`."""
    key = call.store.section.edx_api_key
    return bool(key) and call.headers.get("x-edx-api-key") == key


def check_password(user: User, password: str) -> bool:
    """Whether this is the user's password. An unusable password (None) never matches."""
    return user.password == password


def remember_login(call: Call, user: User) -> User:
    """Set the time of the user's last sign-in. Returns the changed record."""
    return call.store.users.put(replace(user, last_login=call.clock.now()))
