"""Service tokens of LTI 1.3: given for a signed assertion, and checked at the services.

They are JWTs that Canvas signs for itself and tools take as opaque.
Source: canvas-lms `client_credentials_provider.rb`, `jwt_validator.rb`, `lti_services.rb`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.keys import private_pem
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti.keys import KeysUnavailableError, tool_keys, use_once
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import TokenError, read, sign, verify

TOKEN_PATH = "/login/oauth2/token"
SECRET_LABEL = "canvas service tokens"
_SENTENCES = {
    "aud": "the 'aud' is invalid",
    "exp": "the JWT has expired",
    "iat": "the 'iat' must be less than {age} seconds old",
    "jti": "the 'jti' is invalid",
    "sub": "the 'sub' is invalid",
    "iss": "the 'iss' is invalid",
}


class ServiceCaller(NamedTuple):
    """The tool that a service token speaks for."""

    key: DeveloperKey
    scopes: list[str]


def audiences(x: Call) -> list[str]:
    """What an assertion's `aud` may be: the token endpoint as it was reached, or under Canvas's own name."""
    return [x.url(TOKEN_PATH), x.settings.issuer + TOKEN_PATH]


def secret() -> str:
    """The secret of Canvas's own tokens: derived from the shipped key, so that nothing else has to be kept."""
    import hashlib

    return hashlib.sha256(f"{SECRET_LABEL}\n{private_pem('canvas')}".encode()).hexdigest()


def issue(x: Call, claims: dict[str, Any]) -> str:
    """Claims signed by Canvas for itself to read again; the world keeps in mind that it gave them out."""
    return issued.remember(x.store.issued_tokens, sign(claims, secret(), algorithm="HS256"), claims["exp"])


async def service_token(x: Call, kind: str, assertion: str, scope: str) -> dict[str, Any]:
    """The answer to a `client_credentials` request. Raises a refusal for the first fault."""
    if kind != lti13.JWT_BEARER:
        raise refusals.bad_assertion(
            "assertion_type_wrong",
            "assertion method not supported for this grant_type",
            expected=lti13.JWT_BEARER,
            got=kind,
        )
    key = _key_of(x, assertion)
    claims = await _prove(x, key, assertion)
    lifetime = float(claims["exp"]) - x.clock.timestamp()
    if not x.check("jti is new", use_once(x, "jti", key, claims["jti"], lifetime), got=claims["jti"]):
        raise refusals.bad_assertion(
            "assertion_jti_used",
            _SENTENCES["jti"],
            got=claims["jti"],
            diagnosis="sign a new assertion for each request",
        )
    asked = scope.split()
    granted, refused = lti13.granted_scopes(asked, key.scopes or lti13.SERVICE_SCOPES)
    if refused or not asked:
        x.check("scopes are the key's", False, expected=key.scopes, got=asked)
        raise refusals.bad_service_scope(refused)
    now = int(x.clock.timestamp())
    seconds = x.settings.service_token_lifetime_seconds
    body = {
        "iss": x.settings.issuer,
        "sub": str(key.id),
        "aud": audiences(x)[0],
        "iat": now,
        "exp": now + seconds,
        "jti": x.ids.uuid(),
        "scopes": " ".join(granted),
    }
    return {"access_token": issue(x, body), "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(granted)}


def _key_of(x: Call, assertion: str) -> DeveloperKey:
    try:
        client_id = str(read(assertion).claims.get("sub", ""))
    except TokenError as error:
        raise refusals.bad_assertion(
            "assertion_malformed", "JWS signature invalid.", expected=error.expected, got=error.got
        ) from error
    key = x.store.developer_keys.get(number(client_id))
    if key is None or not key.is_lti_key or key.workflow_state != "active":
        x.check("sub is an active LTI key", False, got=client_id)
        raise refusals.bad_assertion(
            "assertion_client_unknown",
            "JWS signature invalid.",
            expected="the id of an active LTI key",
            got=client_id,
            diagnosis="`sub` has to be the LTI developer key's number" if key is None else None,
        )
    return key


async def _prove(x: Call, key: DeveloperKey, assertion: str) -> dict[str, Any]:
    try:
        keys = await tool_keys(x, key)
    except KeysUnavailableError as error:
        raise refusals.bad_assertion(
            "tool_keys_unavailable", "JWK Error: Invalid JSON", diagnosis=str(error)
        ) from error
    settings = x.settings
    try:
        claims = lti13.check_client_assertion(
            assertion,
            keys,
            client_id=str(key.id),
            audiences=audiences(x),
            now=x.clock.timestamp(),
            leeway=settings.assertion_future_buffer_seconds,
            max_age=settings.assertion_max_age_seconds,
        )
    except TokenError as error:
        x.check(f"assertion: {error.check}", False, expected=error.expected, got=error.got)
        raise _assertion_refusal(error, settings.assertion_max_age_seconds) from error
    x.check("the client assertion holds")
    return claims


def _assertion_refusal(error: TokenError, max_age: int) -> SiteRefusal:
    if error.reason == "missing_claim":
        sentence = f"the following assertions are missing: {error.check}"
    elif error.reason == "issued_in_future":
        sentence = "the 'iat' must not be in the future"
    else:
        sentence = _SENTENCES.get(error.check, "JWS signature invalid.").format(age=max_age)
    diagnosis = None
    if error.reason == "wrong_audience":
        diagnosis = "`aud` has to be the token endpoint's own address"
    elif error.reason == "unknown_kid":
        diagnosis = "the tool's JWKS does not publish the key that signed this"
    return refusals.bad_assertion(
        f"assertion_{error.reason}", sentence, expected=error.expected, got=error.got, diagnosis=diagnosis
    )


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
