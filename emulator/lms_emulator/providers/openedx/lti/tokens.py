"""Service tokens of the LTI consumer component: issued for a signed assertion, and checked by the services.

The component checks only the signature, by any key of the tool's, and the expiry of an assertion. Source:
lti-consumer-xblock 9.14.0 `lti_consumer/plugin/views.py` (access_token_endpoint), `lti_consumer/lti_1p3/consumer.py`
(access_token, check_token), `lti_1p3/key_handlers.py` (ToolKeyHandler.validate_and_decode),
`lti_1p3/extensions/rest_framework/authentication.py`.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from lms_emulator.core.access import issued_tokens
from lms_emulator.core.access.token_requests import why_no_grant
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.keys import private_key
from lms_emulator.core.numbers import parse_integer
from lms_emulator.lti.assertions import Assertions, Client, why_claim
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.lti.keys import KEYS
from lms_emulator.providers.openedx.model.lti import LtiTool
from lms_emulator.signing import jwk, jwt, lti13
from lms_emulator.signing.token_errors import TokenError

REQUIRED = ("grant_type", "client_assertion_type", "client_assertion", "scope")
_ALGORITHMS = ("RS256", "RS512")
_NAMED = 3
"""How many tools a diagnosis names."""


def tool_at(call: Call) -> LtiTool:
    """The tool in the path of a key set or token endpoint. Raises a page if it does not exist."""
    named = call.path_params
    block = named.get("usage_key")
    found = (
        call.store.lti_tools.first("block", block)
        if block
        else call.store.lti_tools.first("config", named["config_id"])
    )
    if found is None:
        what, known = ("block", "block") if block else ("configuration", "config_id")
        raise refusals.no_such_tool(
            call.path, what, [getattr(item, known) for item in islice(call.store.lti_tools, _NAMED)]
        )
    return found


def keys_of(tool: LtiTool) -> ToolKeys:
    """The keys of a tool."""
    return ToolKeys(tool.keyset_url, tool.public_jwk)


def by_any_key(call: Call, token: str, keys: jwk.KeySet) -> jwt.Claims:
    """The claims of a tool's token. Signature and expiry are checked with each key in turn, whatever its `kid`.

    Raises TokenError, that of the last key.
    """
    now, critical = call.clock.timestamp(), call.settings.critical_headers
    fault = TokenError("unknown_kid", "kid", expected="a key of the tool's")
    for key in [found for kid in keys.kids if (found := keys.get(kid)) is not None]:
        try:
            return jwt.verify(token, key, algorithms=_ALGORITHMS, now=now, required=(), critical=critical)
        except TokenError as error:
            fault = error
    raise fault


class OpenedxAssertions(Assertions[Call]):
    """The URL of the token endpoint says whose assertion it is."""

    def client(self, call: Call, client_id: str) -> Client | None:
        tool = tool_at(call)
        if call.settings.lti_checks == "strict" and client_id != tool.client_id:
            return None
        return Client(tool.client_id, keys_of(tool), list(lti13.SERVICE_SCOPES), tool.client_id)

    def audiences(self, call: Call) -> list[str]:
        return [call.request_url.partition("?")[0]]

    def allowed_again(self, call: Call) -> bool:
        return call.settings.lti_checks != "strict"

    def check(self, call: Call, client: Client, assertion: str, keys: jwk.KeySet) -> jwt.Claims:
        """Check signature and expiry; other faults are warnings, unless a setting makes the check strict."""
        if call.settings.lti_checks == "strict":
            return super().check(call, client, assertion, keys)
        found = by_any_key(call, assertion, keys)
        try:
            super().check(call, client, assertion, keys)
        except TokenError as error:
            call.warn("lti_assertion_lax", f"{error.check}: {error.reason}; a strict platform refuses this assertion")
        end = call.clock.timestamp() + call.settings.assertion_max_age_seconds
        return {"jti": f"none-{call.entry_id}", "exp": end, **found}

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        unnamed = {"unavailable", "bad_signature", "unknown_kid", "client_unknown", "no_key"}
        known = "invalid_client" if fault.kind in unnamed else "unidentified_error"
        code = "invalid_grant" if fault.kind == "malformed" else known
        details = dict(fault.details)
        if fault.check in ("exp", "iat", "nbf", "signature"):
            details["diagnosis"] = fault.diagnosis or why_claim(call, fault.check, fault.expected, fault.got)
        return refusals.lti_token(code, fault.reason, **details)


ASSERTIONS = OpenedxAssertions()


async def service_token(call: Call) -> dict[str, Any]:
    """The answer to a request for a token. Raises a refusal for the first fault."""
    tool_at(call)
    form = call.fields()
    missing = [name for name in REQUIRED if name not in form]
    if missing:
        what = {"expected": list(REQUIRED), "got": sorted(form), "absent": missing[0]}
        raise refusals.lti_token("invalid_request", "lti_parameter_missing", **what)
    if form["grant_type"] != "client_credentials":
        why = why_no_grant(form["grant_type"], ["client_credentials"])
        raise refusals.lti_token("unsupported_grant_type", "lti_grant_type", got=form["grant_type"], diagnosis=why)
    kind = form["client_assertion_type"]
    if kind != lti13.JWT_BEARER and call.settings.lti_checks != "strict":
        call.warn("lti_assertion_lax", f"client_assertion_type is {kind}; a strict platform refuses this")
        kind = lti13.JWT_BEARER
    client = await ASSERTIONS.verify(call, kind, form["client_assertion"])
    granted, left_out = lti13.granted_scopes(form["scope"].split(" "), client.scopes)
    if left_out:
        call.warn("lti_scope_left_out", f"not given: {' '.join(left_out)}")
    now, seconds = int(call.clock.timestamp()), call.settings.id_token_lifetime_seconds
    key = KEYS.signing(call)
    body = {
        "sub": client.client_id,
        "iss": call.base_url,
        "scopes": " ".join(granted),
        "iat": now,
        "exp": now + seconds,
    }
    token = jwt.sign(body, private_key(key.name), headers={"kid": key.kid})
    issued_tokens.remember(call.store.issued_tokens, token, now + seconds, client.client_id, kind="lti")
    return {"access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": " ".join(granted)}


def require_service(call: Call, *scopes: str) -> LtiTool:
    """The tool whose token has one of the scopes, calling its own service. Raises the refusal."""
    words = call.headers.get("authorization", "").split()
    if not words or words[0].lower() != "bearer":
        how = "Authorization: Bearer <token>"
        raise refusals.lti_service("token_missing", "Missing LTI 1.3 authentication token.", looked_for=how)
    if len(words) != 2:
        several = "Invalid token header. Token string should not contain spaces."
        text = "Invalid token header. No credentials provided." if len(words) == 1 else several
        raise refusals.lti_service("token_malformed", text, got=" ".join(words), credential=" ".join(words[1:]) or None)
    number = call.path_params["lti_config_id"]
    tool = call.store.lti_tools.get(parse_integer(number))
    if tool is None:
        text, why = "LTI configuration not found.", _why_no_tool(call, number)
        raise refusals.lti_service("configuration_unknown", text, got=number, diagnosis=why)
    claims = _claims(call, words[1])
    granted = str(claims.get("scopes", "")).split(" ")
    if not call.check("scope", not set(scopes).isdisjoint(granted), expected=list(scopes), got=granted):
        why = f"the token has {' '.join(granted) or 'no scope'}; request {' or '.join(scopes)} in `scope`"
        raise refusals.permission_denied(why, check="scope")
    if not call.check("the token is this tool's", claims.get("sub") == tool.client_id, got=claims.get("sub")):
        if call.settings.lti_checks == "strict":
            raise refusals.permission_denied("the token is another tool's", check="the token is this tool's")
        call.warn(
            "lti_token_of_another", f"the token is that of {claims.get('sub')}; the component does not look at it"
        )
    return tool


def _why_no_tool(call: Call, number: str) -> str:
    """Which configurations there are, and whose the number or UUID is that came instead."""
    tools = [tool for tool in call.store.lti_tools if tool.version == "lti_1p3"]
    for tool in tools:
        if number in (tool.config_id, tool.client_id, tool.block):
            return f"its services are below {tool.id}; {number} is in the addresses of its keys and tokens"
    known = ", ".join(f"{tool.id} ({tool.block})" for tool in tools[:_NAMED]) or "none"
    return f"no block has the configuration {number}; those of LTI 1.3 are: {known}; a launch names the addresses"


def _claims(call: Call, token: str) -> jwt.Claims:
    try:
        keys = jwk.KeySet.from_jwks(KEYS.key_set(call))
        claims = jwt.verify(token, keys, algorithms=_ALGORITHMS, now=call.clock.timestamp(), issuer=call.base_url)
    except TokenError as error:
        raise refusals.lti_service(
            f"lti_token_{error.reason}",
            "Invalid token signature.",
            expected=error.expected,
            got=error.got,
            credential=token,
        ) from error
    if not call.check("this world issued the token", issued_tokens.find(call.store.issued_tokens, token) is not None):
        never = issued_tokens.DIAGNOSIS
        raise refusals.lti_service(
            "lti_token_not_issued_here", "Invalid token signature.", diagnosis=never, credential=token
        )
    return claims
