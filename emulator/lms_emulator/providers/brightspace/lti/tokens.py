"""LTI 1.3 service tokens: issued for a signed assertion, and checked by the services."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.assertions import Assertions, Client, why_claim
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import claims_of, require_scope
from lms_emulator.providers.brightspace.lti import validator
from lms_emulator.providers.brightspace.lti.claims import why_deployment
from lms_emulator.providers.brightspace.lti.key_sets import read_keys
from lms_emulator.providers.brightspace.model import ToolRegistration
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import Claims, read

TOKEN_PATH = "/core/connect/token"


def scopes_of(tool: ToolRegistration) -> list[str]:
    """The scopes that a tool can ask for: of line items and rosters, and of the registration's further extensions."""
    further = [
        scope for extension, scopes in _OF_EXTENSIONS.items() if extension in tool.extensions for scope in scopes
    ]
    return [*lti13.SERVICE_SCOPES, *further]


_OF_EXTENSIONS = {
    "notices": (lti13.SCOPE_NOTICES,),
    "asset_processor": (lti13.SCOPE_ASSETS, lti13.SCOPE_REPORTS, lti13.SCOPE_TERMS, lti13.SCOPE_TERMS_AT_ALL),
}


class BrightspaceAssertions(Assertions[Call]):
    """Signed by a registered tool, or by an application that acts on its own behalf."""

    def client(self, call: Call, client_id: str) -> Client | None:
        tool = call.store.registrations.get(client_id)
        if tool is not None and tool.enabled:
            return Client(client_id, ToolKeys(tool.keyset_url), scopes_of(tool), client_id)
        application = oauth.find_application(call, client_id)
        if application is None or not application.jwks_url or application.service_user_id is None:
            return None
        return Client(client_id, ToolKeys(application.jwks_url), application.scopes, str(application.service_user_id))

    def audiences(self, call: Call) -> list[str]:
        """D2L's fixed audience, the same at every site, and since 2024 also the URL of the token endpoint."""
        return [oauth.AUDIENCE, *([call.url(TOKEN_PATH)] if call.settings.token_url_as_audience else [])]

    def allowed_again(self, call: Call) -> bool:
        return call.settings.reused_jti == "allow"

    def check_header(self, call: Call, assertion: str) -> None:
        validator.check_header(assertion)

    def read_keys(self, found: Any) -> KeySet:
        return read_keys(found)

    def check(self, call: Call, client: Client, assertion: str, keys: KeySet) -> Claims:
        skew = call.settings.assertion_future_buffer_seconds
        claims = lti13.check_client_assertion(
            assertion,
            keys,
            client_id=client.client_id,
            audiences=self.audiences(call),
            now=call.clock.timestamp(),
            leeway=skew,
            grace=skew,
            max_age=call.settings.assertion_max_age_seconds or None,
            critical=call.settings.critical_headers,
            algorithms=validator.ALGORITHMS,
        )
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and call.settings.several_audiences == "fail":
            raise refusals.several_audiences(claims["aud"])
        return claims

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        if fault.kind in ("client_unknown", "wrong_issuer", "type_wrong"):
            why = fault.diagnosis or why_deployment(call, str(fault.got))
            status = call.settings.token_error_status
            return refusals.invalid_client(fault.reason, status, **fault.details | {"diagnosis": why})
        hints = {
            "wrong_audience": f"`aud` has to be {oauth.AUDIENCE}, at every site",
            "missing_kid": "put the key's id from the tool's key set into the header, as `kid`",
            "unknown_kid": "the tool's key set does not publish the key that signed this",
            "bad_signature": "the key with this `kid` did not sign the assertion; was it replaced without a new kid?",
        }
        if fault.kind == "unavailable":
            text = f"Error while looking up key(s) at {self._key_set(call)}: {fault.diagnosis}"
        elif fault.kind == "wrong_audience":
            text = call.settings.assertion_audience_error
        else:
            key_set = self._key_set(call) if fault.kind == "unknown_kid" else None
            text = validator.message(fault.kind, fault.got, key_set)
        hint = hints.get(fault.kind) or fault.diagnosis or why_claim(call, fault.check, fault.expected, fault.got)
        details = fault.details | {"diagnosis": hint}
        return refusals.invalid_assertion(fault.reason, text, **details)

    def _key_set(self, call: Call) -> str | None:
        """The URL of the signer's key set, from its registration."""
        client = self.client(call, str(read(call.field("client_assertion")).claims.get("sub", "")))
        return client.keys.url if client else None


ASSERTIONS = BrightspaceAssertions()


async def service_token(call: Call) -> dict[str, Any]:
    """The response to a `client_credentials` request. Raises the refusal for the first fault."""
    client = await ASSERTIONS.verify(call, call.field("client_assertion_type"), call.field("client_assertion"))
    asked = call.field("scope").split()
    refused = oauth.uncovered(asked, client.scopes)
    if not call.check("scope", bool(asked) and not refused, expected=client.scopes, got=asked):
        raise refusals.invalid_scope(refused, client.scopes)
    seconds = call.settings.service_token_lifetime_seconds
    token = oauth.access_token(call, client.subject, asked, seconds, client.subject)
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(asked)}


def require_service(call: Call, *, any_of: tuple[str, ...]) -> ToolRegistration:
    """The calling tool, which must have at least one of the scopes. Raises the refusal."""
    claims = claims_of(call)
    where = "of the token request (grant_type=client_credentials), and register it for the tool"
    require_scope(call, str(claims["scope"]).split(), any_of, asked_at=where)
    tool = call.store.registrations.get(str(claims["sub"]))
    if not call.check("the token's subject is an enabled tool", tool is not None and tool.enabled, got=claims["sub"]):
        raise refusals.invalid_token(
            "service_token_of_no_tool",
            got=claims["sub"],
            diagnosis="this is a user's token; LTI services need one from grant_type=client_credentials",
        )
    assert tool is not None
    call.notes["tool"] = tool.name
    return tool
