"""Authentication at Brightspace: signed access tokens, scopes, versions, browser sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from starlette.responses import Response

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.web_sessions import WebSessions
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call, Identity, number
from lms_emulator.providers.brightspace.limits import spend
from lms_emulator.providers.brightspace.model import Session, User
from lms_emulator.providers.brightspace.wire import PACKAGE
from lms_emulator.signing.jwt import TokenError, verify

SESSIONS: WebSessions[Session, User] = WebSessions(
    record=Session,
    name="d2lSessionVal",
    field="d2l_referrer",
    new_csrf=lambda ids: ids.alnum(32),
    wrong_csrf=refusals.wrong_csrf,
    sign_in="/d2l/login",
    package=PACKAGE,
)


class Caller(NamedTuple):
    """The user on whose behalf a call is made, and the token's scopes."""

    user: User
    scopes: list[str]


_ID_KEY = (
    "x_a to x_t belong to ID-key authentication, which the emulator does not have: "
    "register an application for OAuth 2.0 and send `Authorization: Bearer <token>`"
)


def bearer(x: Call) -> str:
    """The bearer token. Raises the 401."""
    header = x.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if not x.check("a bearer token was sent", scheme.lower() == "bearer" and bool(token.strip())):
        raise refusals.unparsable_token(
            "token_missing",
            got=header[:12],
            diagnosis=_ID_KEY if "x_a" in dict(x.query.peek()) else "send `Authorization: Bearer <token>`",
            looked_for="Authorization: Bearer <token>",
        )
    return token.strip()


def claims_of(x: Call) -> dict[str, Any]:
    """The claims of the request's access token, verified: signature, issuer, audience, times, tenant, world."""
    token = bearer(x)
    now = x.clock.timestamp()
    try:
        claims = verify(
            token,
            oauth.public_keys(),
            algorithms=["RS256"],
            now=now,
            issuer=oauth.ISSUER,
            audience=oauth.AUDIENCE,
            required=("exp", "nbf", "sub", "scope", "tenantid"),
        )
    except TokenError as error:
        x.check(f"access token: {error.check}", False, expected=error.expected, got=error.got)
        if error.reason == "expired":
            raise refusals.expired_token(x.settings.expired_token_detail, error.got, now) from error
        raise refusals.unparsable_token(
            f"token_{error.reason}",
            expected=error.expected,
            got=error.got,
            diagnosis=f"the token has no `{error.check}`" if error.reason == "missing_claim" else None,
            credential=None if error.is_of_time else token,
        ) from error
    tenant = x.store.section.tenant_id
    if not x.check("tenant", claims["tenantid"] == tenant, expected=tenant, got=claims["tenantid"]):
        raise refusals.unparsable_token(
            "token_of_another_tenant", expected=tenant, got=claims["tenantid"], credential=token
        )
    given = oauth.issued_here(x, token)
    if not x.check("this world issued the token", given is not None):
        raise refusals.unparsable_token("token_not_issued_here", diagnosis=issued.DIAGNOSIS, credential=token)
    assert given is not None
    if given.client_id is not None:
        x.per_request(Identity).application = x.notes["application"] = given.client_id
    return claims


def require_user(x: Call) -> Caller:
    """The user on whose behalf a REST call is made."""
    claims = claims_of(x)
    user = x.store.users.get(number(claims["sub"]))
    if not x.check("the token's user exists", user is not None and user.is_active, got=claims["sub"]):
        raise refusals.unparsable_token("token_of_no_user", got=claims["sub"])
    assert user is not None
    identity = x.per_request(Identity)
    identity.user, x.notes["user"] = user, user.username
    spend(x, identity.application or f"user {claims['sub']}")
    return Caller(user, str(claims["scope"]).split())


def api(product: str, *scopes: str) -> Callable[[Callable[[Call, Caller], Response]], Callable[[Call], Response]]:
    """Wrap a handler of one API with checks of the version, the token and its scopes."""

    def decorate(handler: Callable[[Call, Caller], Response]) -> Callable[[Call], Response]:
        @wraps(handler)
        def checked(x: Call) -> Response:
            check_version(x, product, x.path_params["version"])
            caller = require_user(x)
            allowed = any(oauth.covers(granted, wanted) for granted in caller.scopes for wanted in scopes)
            if not x.check("scope", allowed, expected=list(scopes), got=caller.scopes):
                kind = x.settings.insufficient_scope_type
                where = "at authorization, and register it for the application"
                raise refusals.insufficient_scope(kind, x.path, list(scopes), caller.scopes, asked_at=where)
            return handler(x, caller)

        return checked

    return decorate


def version_pair(text: str) -> tuple[int, int] | None:
    """`1.53` as (1, 53)."""
    major, dot, minor = text.partition(".")
    first, second = number(major), number(minor)
    return (first, second) if dot and first is not None and second is not None else None


def check_version(x: Call, product: str, text: str) -> None:
    """Raises 404 for a version that is not served; a setting decides about versions newer than the latest."""
    minimum = getattr(x.settings, f"{product}_minimum_version")
    asked, least = version_pair(text), version_pair(minimum)
    latest = getattr(x.settings, f"{product}_latest_version")
    last = version_pair(latest)
    newest = last if x.settings.newer_versions == "refuse" else None
    if newest is None and asked is not None and last is not None and asked > last:
        x.warn(
            "newer_version", f"{product} {text} is newer than {latest}, the latest one served, and is treated as that"
        )
    served = asked is not None and least is not None and asked >= least and (newest is None or asked <= newest)
    if text == "unstable" or served:
        return
    expected = f"at least {minimum}" + (f", at most {latest}" if newest is not None else "")
    x.check(f"version of {product}", False, expected=expected, got=text)
    raise refusals.obsolete_version(product, expected, text)
