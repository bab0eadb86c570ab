"""Service tokens of LTI 1.3, the keys of the tools, and what they have used up.

An assertion's audience is D2L's fixed one (`https://api.brightspace.com/auth/token`); the token endpoint's own address
is taken as well, since tools send either.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.core.access.single_use import use_once
from lms_emulator.core.http.outgoing import OutgoingError, fetch_json
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import claims_of
from lms_emulator.providers.brightspace.model import ToolRegistration
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import KeySet, TokenError, read

TOKEN_PATH = "/core/connect/token"


class KeysUnavailableError(Exception):
    """A tool's keys cannot be had; the text says why."""


async def keys_at(x: Call, address: str) -> KeySet:
    """The public keys published at an address of the world file. Raises KeysUnavailableError."""
    url = x.resolve(address)
    try:
        return KeySet.from_jwks(await fetch_json(x, url))
    except OutgoingError as error:
        raise KeysUnavailableError(str(error)) from error
    except (ValueError, TokenError) as error:
        raise KeysUnavailableError(f"{url} gave no key set: {error}") from error


def audiences(x: Call) -> list[str]:
    """What an assertion's `aud` may be."""
    return [oauth.AUDIENCE, x.url(TOKEN_PATH), f"https://auth.brightspace.com{TOKEN_PATH}"]


class _Client(NamedTuple):
    """Who may sign assertions: a registered tool, or an application that acts for itself."""

    client_id: str
    keyset_url: str
    scopes: list[str]
    subject: str


async def service_token(x: Call) -> dict[str, Any]:
    """The answer to a `client_credentials` request. Raises a refusal for the first fault."""
    kind, assertion = x.field("client_assertion_type"), x.field("client_assertion")
    status = x.settings.token_error_status
    if not x.check("client_assertion_type", kind == lti13.JWT_BEARER, expected=lti13.JWT_BEARER, got=kind):
        raise refusals.invalid_client("assertion_type_wrong", status, expected=lti13.JWT_BEARER, got=kind)
    client = _client_of(x, assertion, status)
    claims = await _prove(x, client, assertion, status)
    lifetime = float(claims["exp"]) - x.clock.timestamp()
    if not x.check("jti is new", use_once(x, "jti", client.client_id, claims["jti"], lifetime), got=claims["jti"]):
        raise refusals.invalid_client(
            "assertion_jti_used", status, "sign a new assertion for each request", got=claims["jti"]
        )
    asked = x.field("scope").split()
    refused = oauth.uncovered(asked, client.scopes)
    if not x.check("scope", bool(asked) and not refused, expected=client.scopes, got=asked):
        raise refusals.invalid_scope(refused, client.scopes)
    seconds = x.settings.service_token_lifetime_seconds
    token = oauth.access_token(x, client.subject, asked, seconds, client.subject)
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(asked)}


def _client_of(x: Call, assertion: str, status: int) -> _Client:
    try:
        client_id = str(read(assertion).claims.get("sub", ""))
    except TokenError as error:
        raise refusals.invalid_client("assertion_malformed", status, expected=error.expected, got=error.got) from error
    tool = x.store.registrations.get(client_id)
    if tool is not None and tool.enabled:
        return _Client(client_id, tool.keyset_url, list(lti13.SERVICE_SCOPES), client_id)
    application = oauth.find_application(x, client_id)
    if application is not None and application.jwks_url and application.service_user_id is not None:
        return _Client(client_id, application.jwks_url, application.scopes, str(application.service_user_id))
    x.check("sub is a registered tool", False, got=client_id)
    raise refusals.invalid_client(
        "assertion_client_unknown", status, expected="a registered client id in `sub`", got=client_id
    )


async def _prove(x: Call, client: _Client, assertion: str, status: int) -> dict[str, Any]:
    try:
        keys = await keys_at(x, client.keyset_url)
    except KeysUnavailableError as error:
        raise refusals.invalid_client("tool_keys_unavailable", status, str(error)) from error
    try:
        claims = lti13.check_client_assertion(
            assertion,
            keys,
            client_id=client.client_id,
            audiences=audiences(x),
            now=x.clock.timestamp(),
            leeway=x.settings.assertion_future_buffer_seconds,
            max_age=x.settings.assertion_max_age_seconds,
        )
    except TokenError as error:
        x.check(f"assertion: {error.check}", False, expected=error.expected, got=error.got)
        diagnosis = {
            "wrong_audience": f"`aud` has to be {oauth.AUDIENCE}",
            "unknown_kid": "the tool's key set does not publish the key that signed this",
        }.get(error.reason)
        raise refusals.invalid_client(
            f"assertion_{error.reason}", status, diagnosis, expected=error.expected, got=error.got
        ) from error
    x.check("the client assertion holds")
    return claims


def require_service(x: Call, *, any_of: tuple[str, ...]) -> ToolRegistration:
    """The tool calling a service, with at least one of the scopes. Raises the refusal."""
    claims = claims_of(x)
    tool = x.store.registrations.get(str(claims["sub"]))
    if not x.check("the token's subject is an enabled tool", tool is not None and tool.enabled, got=claims["sub"]):
        raise refusals.unparsable_token(
            "service_token_of_no_tool",
            got=claims["sub"],
            diagnosis="this is a user's token; LTI services need one from grant_type=client_credentials",
        )
    assert tool is not None
    scopes = str(claims["scope"]).split()
    if not x.check("scope", bool(set(any_of) & set(scopes)), expected=list(any_of), got=scopes):
        raise refusals.insufficient_scope(x.settings.insufficient_scope_type, x.path, list(any_of), scopes)
    x.notes["tool"] = tool.name
    return tool
