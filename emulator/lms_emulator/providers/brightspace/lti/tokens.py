"""LTI 1.3 service tokens: issued for a signed assertion, and checked by the services."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.assertions import Assertions, Client, why_claim
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import claims_of
from lms_emulator.providers.brightspace.lti.key_sets import read_keys
from lms_emulator.providers.brightspace.model import ToolRegistration
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims, KeySet, TokenError, TokenFault, read

TOKEN_PATH = "/core/connect/token"
ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
"""The algorithms of D2L's validator (Brightspace/D2L.Security.OAuth2, AccessTokenValidator.cs)."""


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

    def client(self, x: Call, client_id: str) -> Client | None:
        tool = x.store.registrations.get(client_id)
        if tool is not None and tool.enabled:
            return Client(client_id, ToolKeys(tool.keyset_url), scopes_of(tool), client_id)
        application = oauth.find_application(x, client_id)
        if application is None or not application.jwks_url or application.service_user_id is None:
            return None
        return Client(client_id, ToolKeys(application.jwks_url), application.scopes, str(application.service_user_id))

    def audiences(self, x: Call) -> list[str]:
        """D2L's fixed audience, the same at every site, and since 2024 also the URL of the token endpoint."""
        return [oauth.AUDIENCE, *([x.url(TOKEN_PATH)] if x.settings.token_url_as_audience else [])]

    def allowed_again(self, x: Call) -> bool:
        return x.settings.reused_jti == "allow"

    def glance(self, x: Call, assertion: str) -> None:
        """D2L first checks the algorithm and `kid`, which alone selects the key."""
        header = read(assertion).header
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            confused = str(algorithm).startswith("HS")
            kind: TokenFault = "alg_confusion" if confused else "alg_not_allowed"
            raise TokenError(kind, "alg", expected=list(ALGORITHMS), got=algorithm)
        if "kid" not in header:
            raise TokenError("missing_kid", "kid", expected="the id of a key in the tool's key set", got=None)

    def read_keys(self, found: Any) -> KeySet:
        return read_keys(found)

    def check(self, x: Call, client: Client, assertion: str, keys: KeySet) -> Claims:
        skew = x.settings.assertion_future_buffer_seconds
        claims = lti13.check_client_assertion(
            assertion,
            keys,
            client_id=client.client_id,
            audiences=self.audiences(x),
            now=x.clock.timestamp(),
            leeway=skew,
            grace=skew,
            max_age=x.settings.assertion_max_age_seconds or None,
            critical=x.settings.critical_headers,
            algorithms=ALGORITHMS,
        )
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and x.settings.several_audiences == "fail":
            raise refusals.several_audiences(claims["aud"])
        return claims

    def refusal(self, x: Call, fault: Fault) -> Refusal:
        if fault.kind in ("client_unknown", "wrong_issuer", "type_wrong"):
            return refusals.invalid_client(fault.reason, x.settings.token_error_status, **fault.details)
        texts = {
            "malformed": "Couldn't parse token",
            "missing_kid": "KeyId not found in token",
            "expired": "The access token is expired",
            "too_old": "The access token is expired",
            "not_yet_valid": "Token is from the future (nbf)",
            "issued_in_future": "Token is from the future (nbf)",
            "wrong_audience": x.settings.assertion_audience_error,
        }
        hints = {
            "wrong_audience": f"`aud` has to be {oauth.AUDIENCE}, at every site",
            "missing_kid": "put the key's id from the tool's key set into the header, as `kid`",
            "unknown_kid": "the tool's key set does not publish the key that signed this",
            "bad_signature": "the key with this `kid` did not sign the assertion; was it replaced without a new kid?",
        }
        if fault.kind == "unknown_kid":
            text = f"Could not find public key with id '{fault.got}' from '{self._key_set(x)}'"
        elif fault.kind in ("alg_not_allowed", "alg_none", "alg_confusion"):
            permitted = ",".join(ALGORITHMS)
            text = f"Signature algorithm '{fault.got}' is not supported.  Permitted algorithms are '{permitted}'"
        elif fault.kind == "unavailable":
            text = f"Error while looking up key(s) at {self._key_set(x)}: {fault.diagnosis}"
        else:
            text = texts.get(fault.kind, "Unknown validation exception")
        hint = hints.get(fault.kind) or fault.diagnosis or why_claim(x, fault.check, fault.expected, fault.got)
        details = fault.details | {"diagnosis": hint}
        return refusals.invalid_assertion(fault.reason, text, **details)

    def _key_set(self, x: Call) -> str | None:
        """The URL of the signer's key set, from its registration."""
        client = self.client(x, str(read(x.field("client_assertion")).claims.get("sub", "")))
        return client.keys.url if client else None


ASSERTIONS = BrightspaceAssertions()


async def service_token(x: Call) -> dict[str, Any]:
    """The response to a `client_credentials` request. Raises the refusal for the first fault."""
    client = await ASSERTIONS.verify(x, x.field("client_assertion_type"), x.field("client_assertion"))
    asked = x.field("scope").split()
    refused = oauth.uncovered(asked, client.scopes)
    if not x.check("scope", bool(asked) and not refused, expected=client.scopes, got=asked):
        raise refusals.invalid_scope(refused, client.scopes)
    seconds = x.settings.service_token_lifetime_seconds
    token = oauth.access_token(x, client.subject, asked, seconds, client.subject)
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(asked)}


def require_service(x: Call, *, any_of: tuple[str, ...]) -> ToolRegistration:
    """The calling tool, which must have at least one of the scopes. Raises the refusal."""
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
        where = "of the token request, and register it for the tool"
        raise refusals.insufficient_scope(
            x.settings.insufficient_scope_type, x.path, list(any_of), scopes, asked_at=where
        )
    x.notes["tool"] = tool.name
    return tool
