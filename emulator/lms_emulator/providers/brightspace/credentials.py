"""Authentication at Brightspace: signed access tokens, scopes, versions, browser sessions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

from starlette.responses import Response

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.web_sessions import WebSessions
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call, Identity, number
from lms_emulator.providers.brightspace.limits import spend
from lms_emulator.providers.brightspace.lti import validator
from lms_emulator.providers.brightspace.model import Session, User
from lms_emulator.providers.brightspace.wire import PACKAGE
from lms_emulator.signing.jwt import read, verify
from lms_emulator.signing.token_errors import TokenError

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
    "{} belongs to ID-key authentication, which the emulator does not have: "
    "register an application for OAuth 2.0 and send `Authorization: Bearer <token>`"
)
_ID_KEYS = re.compile("x_[abcdt]|x-d2l-(app|user)-(id|key)", re.IGNORECASE)


def bearer(call: Call) -> str:
    """The bearer token. Raises the refusal."""
    header = call.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if not call.check("a bearer token was sent", scheme.lower() == "bearer" and bool(token.strip())):
        named = (*dict(call.query.peek()), *call.headers.keys())
        sent = next((name for name in named if _ID_KEYS.fullmatch(name)), None)
        raise refusals.no_token(
            call.settings.anonymous_status,
            got=header[:12],
            diagnosis=_ID_KEY.format(f"`{sent}`") if sent else "send `Authorization: Bearer <token>`",
            looked_for="Authorization: Bearer <token>",
        )
    return token.strip()


_UNSEEN = ("wrong_issuer", "wrong_audience", "missing_claim")
"""Faults that D2L's validator does not look for: foreign tokens, as captured, are those that cannot be parsed."""


def claims_of(call: Call) -> dict[str, Any]:
    """The claims of the request's access token, verified: signature, issuer, audience, times, tenant, world."""
    token = bearer(call)
    now = call.clock.timestamp()
    try:
        validator.check_header(token)
        claims = verify(
            token,
            oauth.public_keys(),
            algorithms=validator.ALGORITHMS,
            now=now,
            issuer=oauth.ISSUER,
            audience=oauth.AUDIENCE,
            leeway=call.settings.access_token_buffer_seconds,
            required=("exp", "nbf", "sub", "scope", "tenantid"),
        )
    except TokenError as error:
        call.check(f"access token: {error.check}", False, expected=error.expected, got=error.got)
        if error.reason == "expired":
            of_tool = not str(read(token).claims.get("sub")).isdecimal()
            raise refusals.expired_token(call.settings.expired_token_detail, error.got, now, of_tool=of_tool) from error
        unseen = error.reason in _UNSEEN and error.check != "exp"
        raise refusals.invalid_token(
            f"token_{error.reason}",
            refusals.UNPARSED if unseen else validator.message(error.reason, error.got, oauth.KEY_SET),
            expected=error.expected,
            got=error.got,
            diagnosis=f"the token has no `{error.check}`" if error.reason == "missing_claim" else None,
            credential=None if error.is_of_time else token,
        ) from error
    tenant = call.store.section.tenant_id
    if not call.check("tenant", claims["tenantid"] == tenant, expected=tenant, got=claims["tenantid"]):
        raise refusals.invalid_token(
            "token_of_another_tenant", expected=tenant, got=claims["tenantid"], credential=token
        )
    given = oauth.issued_here(call, token)
    if not call.check("this world issued the token", given is not None):
        raise refusals.invalid_token("token_not_issued_here", diagnosis=issued.DIAGNOSIS, credential=token)
    assert given is not None
    if given.client_id is not None:
        call.per_request(Identity).application = call.notes["application"] = given.client_id
    return claims


def require_user(call: Call) -> Caller:
    """The user on whose behalf a REST call is made."""
    claims = claims_of(call)
    user = call.store.users.get(number(claims["sub"]))
    if not call.check("the token's user exists", user is not None and user.is_active, got=claims["sub"]):
        raise refusals.invalid_token("token_of_no_user", got=claims["sub"])
    assert user is not None
    identity = call.per_request(Identity)
    identity.user, call.notes["user"] = user, user.username
    spend(call, identity.application or f"user {claims['sub']}")
    return Caller(user, str(claims["scope"]).split())


def api(product: str, *scopes: str) -> Callable[[Callable[[Call, Caller], Response]], Callable[[Call], Response]]:
    """Wrap a handler of one API with checks of the version, the token and its scopes."""

    def decorate(handler: Callable[[Call, Caller], Response]) -> Callable[[Call], Response]:
        @wraps(handler)
        def checked(call: Call) -> Response:
            check_version(call, product, call.path_params["version"])
            caller = require_user(call)
            require_scope(call, caller.scopes, scopes, asked_at=f"at authorization{_to_register(call, scopes)}")
            return handler(call, caller)

        return checked

    return decorate


def _to_register(call: Call, wanted: Sequence[str]) -> str:
    application = call.store.applications.get(call.per_request(Identity).application or "")
    registered = application is not None and any(
        oauth.covers(held, scope) for held in application.scopes for scope in wanted
    )
    return "" if registered else ", and register it for the application"


def require_scope(call: Call, granted: list[str], wanted: Sequence[str], *, asked_at: str) -> None:
    """Raises the refusal of a token that has none of the scopes. Parameters: `asked_at`, where one asks for them."""
    allowed = any(oauth.covers(held, scope) for held in granted for scope in wanted)
    if not call.check("scope", allowed, expected=list(wanted), got=granted):
        shared = {"*", *map(_group, wanted)} & set(map(_group, granted))
        raise refusals.insufficient_scope(
            call.settings.insufficient_scope_type, call.path, list(wanted), granted, asked_at=asked_at,
            undefined=call.settings.scope_of_no_group == "undefined" and not shared,
        )  # fmt: skip


def _group(scope: str) -> str:
    """The group of a scope: `content` of `content:toc:read`, and one for all of 1EdTech's, which are URLs."""
    return scope.partition(":")[0]


def version_pair(text: str) -> tuple[int, int] | None:
    """`1.53` as (1, 53)."""
    major, dot, minor = text.partition(".")
    first, second = number(major), number(minor)
    return (first, second) if dot and first is not None and second is not None else None


def check_version(call: Call, product: str, text: str) -> None:
    """Raises 404 for a version that is not served; a setting decides about versions newer than the latest."""
    minimum = getattr(call.settings, f"{product}_minimum_version")
    asked, least = version_pair(text), version_pair(minimum)
    latest = getattr(call.settings, f"{product}_latest_version")
    last = version_pair(latest)
    newest = last if call.settings.newer_versions == "refuse" else None
    if newest is None and asked is not None and last is not None and asked > last:
        call.warn(
            "newer_version", f"{product} {text} is newer than {latest}, the latest one served, and is treated as that"
        )
    served = asked is not None and least is not None and asked >= least and (newest is None or asked <= newest)
    if text == "unstable" or served:
        return
    expected = f"at least {minimum}" + (f", at most {latest}" if newest is not None else "")
    call.check(f"version of {product}", False, expected=expected, got=text)
    raise refusals.obsolete_version(product, expected, text)
