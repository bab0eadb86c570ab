"""Service tokens of LTI 1.3: given for a signed assertion, and checked at the services.

They are JWTs that Canvas signs for itself and tools take as opaque.
Source: canvas-lms `client_credentials_provider.rb`, `jwt_validator.rb`, `lti_services.rb`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.core.keys import private_pem
from lms_emulator.lti.assertions import Assertions, Client
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.providers.canvas.refusals import oauth as oauth_refusals
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import TokenError, sign, verify

TOKEN_PATH = "/login/oauth2/token"
SECRET_LABEL = "canvas service tokens"
_SENTENCES = {
    "type_wrong": "assertion method not supported for this grant_type",
    "unavailable": "JWK Error: Invalid JSON",
    "client_unknown": "JWS signature invalid.",
    "missing_claim": "the following assertions are missing: {check}",
    "issued_in_future": "the 'iat' must not be in the future",
}
_OF_CLAIMS = {
    "exp": "the JWT has expired",
    "iat": "the 'iat' must be less than {age} seconds old",
    **{name: f"the '{name}' is invalid" for name in ("aud", "jti", "sub", "iss")},
}
_DIAGNOSES = {
    "client_unknown": "`sub` has to be the LTI developer key's number",
    "wrong_audience": "`aud` has to be the token endpoint's own address",
    "unknown_kid": "the tool's JWKS does not publish the key that signed this",
}


class ServiceCaller(NamedTuple):
    """The tool that a service token speaks for."""

    key: DeveloperKey
    scopes: list[str]


def secret() -> str:
    """The secret of Canvas's own tokens: derived from the shipped key, so that nothing else has to be kept."""
    import hashlib

    return hashlib.sha256(f"{SECRET_LABEL}\n{private_pem('canvas')}".encode()).hexdigest()


def seal(claims: dict[str, Any]) -> str:
    """Claims signed by Canvas for itself to read again."""
    return sign(claims, secret(), algorithm="HS256")


def issue(x: Call, claims: dict[str, Any]) -> str:
    """Claims signed by Canvas for itself to read again; the world keeps in mind that it gave them out."""
    return issued.remember(x.store.issued_tokens, seal(claims), claims["exp"])


class CanvasAssertions(Assertions[Call]):
    """A tool's assertion names its developer key; Canvas says in plain sentences what does not hold."""

    def client(self, x: Call, client_id: str) -> Client | None:
        key = x.store.developer_keys.get(number(client_id))
        if key is None or not key.is_lti_key or key.workflow_state != "active":
            return None
        keys = ToolKeys(key.public_jwk_url, key.public_jwk)
        return Client(client_id=str(key.id), keys=keys, scopes=key.scopes, subject=str(key.id))

    def audiences(self, x: Call) -> list[str]:
        """The token endpoint as it was reached, or under Canvas's own name."""
        return [x.url(TOKEN_PATH), x.settings.issuer + TOKEN_PATH]

    def allowed_again(self, x: Call) -> bool:
        return x.settings.reused_jti == "allow"

    def refusal(self, x: Call, fault: Fault) -> Refusal:
        sentence = _SENTENCES.get(fault.kind) or _OF_CLAIMS.get(fault.check, "JWS signature invalid.")
        sentence = sentence.format(check=fault.check, age=x.settings.assertion_max_age_seconds)
        diagnosis = fault.diagnosis or _DIAGNOSES.get(fault.kind)
        return oauth_refusals.bad_assertion(
            fault.reason, sentence, expected=fault.expected, got=fault.got, diagnosis=diagnosis
        )


ASSERTIONS = CanvasAssertions()


async def service_token(x: Call, kind: str, assertion: str, scope: str) -> dict[str, Any]:
    """The answer to a `client_credentials` request. Raises a refusal for the first fault."""
    client = await ASSERTIONS.verify(x, kind, assertion)
    asked = scope.split()
    granted, refused = lti13.granted_scopes(asked, client.scopes or lti13.SERVICE_SCOPES)
    if refused or not asked:
        x.check("scopes are the key's", False, expected=client.scopes, got=asked)
        raise oauth_refusals.bad_service_scope(refused)
    now = int(x.clock.timestamp())
    seconds = x.settings.service_token_lifetime_seconds
    body = {
        "iss": x.settings.issuer,
        "sub": client.subject,
        "aud": ASSERTIONS.audiences(x)[0],
        "iat": now,
        "exp": now + seconds,
        "jti": x.ids.uuid(),
        "scopes": " ".join(granted),
    }
    return {"access_token": issue(x, body), "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(granted)}


def require_service(x: Call, *, any_of: tuple[str, ...]) -> ServiceCaller:
    """The tool calling a service, with at least one of the scopes. Raises the refusal that Canvas answers with."""
    scheme, _, text = x.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise refusals.lti_service(
            "service_token_missing", "Missing access token", 401, check="a service token was sent"
        )
    token = text.strip()
    try:
        claims = verify(
            token,
            secret(),
            algorithms=["HS256"],
            now=x.clock.timestamp(),
            issuer=x.settings.issuer,
            required=("exp", "sub"),
        )
    except TokenError as error:
        raise _service_token_refusal(x, error) from error
    if not x.check("this world issued the service token", issued.find(x.store.issued_tokens, token) is not None):
        raise refusals.lti_service(
            "service_token_not_issued_here",
            "Access token invalid - signature likely incorrect",
            401,
            check="this world issued the service token",
            diagnosis=issued.DIAGNOSIS,
        )
    key = x.store.developer_keys.get(int(str(claims["sub"])))
    if key is None or key.workflow_state != "active":
        raise refusals.lti_service(
            "service_key_inactive", "Unknown or inactive Developer Key", 401, check="the key is active"
        )
    scopes = str(claims.get("scopes", "")).split()
    if not x.check("scope", bool(set(any_of) & set(scopes)), expected=list(any_of), got=scopes):
        raise refusals.lti_service(
            "service_scope_missing", "Insufficient permissions", 401, check="scope", expected=list(any_of), got=scopes
        )
    x.notes["tool"] = key.name
    return ServiceCaller(key, scopes)


def _service_token_refusal(x: Call, error: TokenError) -> SiteRefusal:
    x.check("the service token holds", False, expected=error.expected, got=error.got)
    sentences = {"malformed": "Access token invalid - signature likely incorrect", "expired": "Access token expired"}
    sentence = sentences.get(error.reason, "Access token invalid - signature likely incorrect")
    diagnosis = "this is a user's REST token; LTI services need a token from grant_type=client_credentials"
    text = x.headers.get("authorization", "").partition(" ")[2].strip()
    known = error.reason == "malformed" and x.store.access_tokens.first("token", text) is not None
    return refusals.lti_service(
        f"service_token_{error.reason}",
        sentence,
        401,
        check=f"service token: {error.check}",
        expected=error.expected,
        got=error.got,
        diagnosis=diagnosis if known else None,
    )
