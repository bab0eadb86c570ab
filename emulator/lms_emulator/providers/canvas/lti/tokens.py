"""LTI 1.3 service tokens: issued for a signed assertion, and checked by the services.

They are JWTs that only Canvas reads; tools treat them as opaque.
Source: canvas-lms `client_credentials_provider.rb`, `jwt_validator.rb`, `lti_services.rb`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.slips import why_no_jwt
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.core.keys import private_pem
from lms_emulator.lti.assertions import Assertions, Client, why_claim
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti import places, validator
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.providers.canvas.refusals import oauth as oauth_refusals
from lms_emulator.providers.canvas.rules import keys
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import Claims, sign, verify
from lms_emulator.signing.token_errors import TokenError

TOKEN_PATH = "/login/oauth2/token"
SECRET_LABEL = "canvas service tokens"
_REQUIRED = ("sub", "aud", "exp", "iat", "jti", "iss")
_SENTENCES = {
    "type_wrong": "assertion method not supported for this grant_type",
    "unavailable": "JWK Error: Invalid JSON",
    "jti_used": "the 'jti' is invalid",
}
_DIAGNOSES = {
    "wrong_audience": "`aud` has to be the token endpoint's own address",
    "missing_kid": validator.NO_KID,
    "unknown_kid": "the tool's JWKS does not publish the key that signed this",
}


class ServiceCaller(NamedTuple):
    """The tool that a service token was issued to."""

    key: DeveloperKey
    scopes: list[str]


def secret() -> str:
    """The secret of Canvas's own tokens, derived from the shipped key so that no further secret is needed."""
    import hashlib

    return hashlib.sha256(f"{SECRET_LABEL}\n{private_pem('canvas')}".encode()).hexdigest()


def seal(claims: dict[str, Any]) -> str:
    """Sign claims for Canvas's own use."""
    return sign(claims, secret(), algorithm="HS256")


def issue(call: Call, claims: dict[str, Any], *, kind: str = "") -> str:
    """Sign claims for Canvas's own use, and record in the world that they were issued."""
    return issued.remember(call.store.issued_tokens, seal(claims), claims["exp"], claims.get("sub"), kind=kind)


class CanvasAssertions(Assertions[Call]):
    """Tools are identified by their developer key; Canvas reports faults in plain sentences."""

    def client(self, call: Call, client_id: str) -> Client | None:
        key = keys.find(call.store, client_id) if number(client_id) else None
        if key is None or key.workflow_state != "active":
            return None
        return Client(
            client_id=str(key.id),
            keys=ToolKeys(key.public_jwk_url, key.public_jwk or {"keys": []}),
            scopes=key.scopes,
            subject=str(key.id),
        )

    def audiences(self, call: Call) -> list[str]:
        """The token endpoint as it was addressed and, since some date, Canvas's sign-on host."""
        shared = f"https://{call.settings.sign_on_host}{TOKEN_PATH}" if call.settings.sign_on_host else None
        return [call.url(TOKEN_PATH), *([shared] if shared else [])]

    def allowed_again(self, call: Call) -> bool:
        return call.settings.reused_jti == "allow"

    def check(self, call: Call, client: Client, assertion: str, keys: KeySet) -> Claims:
        claims = validator.signature(call, assertion, keys, published=client.keys.url is not None)
        wrong = validator.faults(call, claims, _REQUIRED, self.audiences(call))
        for fault in wrong:
            call.check(f"assertion: {fault.claim}", False, expected=fault.expected, got=fault.got)
        if wrong:
            # When it was signed says more than when it ended.
            cause = next((fault for fault in wrong if wrong[0].claim == "exp" and fault.claim == "iat"), wrong[0])
            raise oauth_refusals.bad_assertion(
                f"assertion_{wrong[0].kind}",
                " | ".join(fault.sentence for fault in wrong),
                expected=wrong[0].expected,
                got=wrong[0].got,
                diagnosis=why_claim(call, cause.claim, cause.expected, cause.got) or _DIAGNOSES.get(wrong[0].kind),
            )
        if str(claims["iss"]) != str(claims["sub"]):
            validator.unchecked(call, "iss_not_sub", "iss is sub", expected=claims["sub"], got=claims["iss"])
        return claims

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        if fault.kind == "client_unknown":
            why = fault.diagnosis or places.why_deployment(call, str(fault.got))
            return oauth_refusals.unknown_client(str(fault.got), "assertion_client_unknown", why)
        if fault.kind == "malformed":
            slip = why_no_jwt(fault.credential or "")
            return refusals.page_crashed(
                f"client_assertion is not a JWT: {fault.got!r}" + (f"; {slip}" if slip else "")
            )
        sentence = _SENTENCES.get(fault.kind, "JWS signature invalid.")
        diagnosis = (
            fault.diagnosis or why_claim(call, fault.check, fault.expected, fault.got) or _DIAGNOSES.get(fault.kind)
        )
        return oauth_refusals.bad_assertion(fault.reason, sentence, **fault.details | {"diagnosis": diagnosis})


ASSERTIONS = CanvasAssertions()


async def service_token(call: Call, kind: str, assertion: str, scope: str) -> dict[str, Any]:
    """The response to a `client_credentials` request. Raises the refusal for the first fault."""
    client = await ASSERTIONS.verify(call, kind, assertion)
    asked = scope.split()
    granted, refused = lti13.granted_scopes(asked, client.scopes)
    if refused or not asked:
        call.check("scopes are the key's", False, expected=client.scopes, got=asked)
        raise oauth_refusals.bad_service_scope(refused, client.scopes)
    return grant(call, client.subject, granted)


def grant(call: Call, subject: str | int, scopes: list[str], **further: Any) -> dict[str, Any]:
    """The response with a new service token.

    Parameters: `subject`, the key; `further`, further members of Canvas's own claim.
    """
    now = int(call.clock.timestamp())
    seconds = call.settings.service_token_lifetime_seconds
    body = {
        "iss": call.settings.issuer,
        "sub": subject,
        "aud": ASSERTIONS.audiences(call)[0],
        "iat": now,
        "exp": now + seconds,
        "jti": call.ids.uuid(),
        "scopes": " ".join(scopes),
        "canvas.instructure.com": {"account_uuid": places.school(call, None).uuid, **further},
    }
    return {"access_token": issue(call, body), "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(scopes)}


def require_service(call: Call, *any_of: str, account_id: int | None = None, where_off: bool = False) -> ServiceCaller:
    """The calling tool, which must have at least one of the scopes. Raises Canvas's refusal.

    Parameters:
        account_id: the account in which the tool's key must be active; None for the root account.
        where_off: whether a key that is off in the account will do.
    """
    _, _, header = call.headers.get("authorization", "").partition(" ")
    token = header.strip() or call.query.get("access_token", "")
    if not token:
        how = "Authorization: Bearer <token>"
        raise _unauthorized(
            call, "service_token_missing", "Missing access token", "a service token was sent", looked_for=how
        )
    claims = _claims(call, token)
    key = keys.find(call.store, str(claims["sub"]))
    if key is None or key.workflow_state != "active":
        deleted = f"the key {claims['sub']} that the token was issued to was deleted"
        why = deleted if key is None else keys.why_off(call.store, key, account_id or places.school(call, None).id)
        sentence = "Unknown or inactive Developer Key"
        raise _unauthorized(call, "service_key_inactive", sentence, "the key is active", diagnosis=why)
    scopes = str(claims.get("scopes", "")).split()
    if any_of and not set(any_of) & set(scopes):
        sentence = "Insufficient permissions"
        raise _unauthorized(call, "service_scope_missing", sentence, "scope", expected=list(any_of), got=scopes)
    if not where_off and not keys.is_on(call.store, key, where := account_id or places.school(call, None).id):
        check, why = "the key is active in the account", keys.why_off(call.store, key, where)
        raise _unauthorized(call, "service_key_off", "Invalid Developer Key", check, diagnosis=why)
    call.notes["tool"] = key.name
    return ServiceCaller(key, scopes)


def _claims(call: Call, token: str) -> Claims:
    """The claims of a valid service token. Raises the refusal for an invalid one."""
    unlikely = "Access token invalid - signature likely incorrect"
    try:
        claims = verify(token, secret(), algorithms=["HS256"], now=call.clock.timestamp(), required=("exp", "sub"))
    except TokenError as error:
        said = {"malformed": "Invalid access token format", "expired": "Access token expired"}
        raise _unauthorized(
            call,
            f"service_token_{error.reason}",
            said.get(error.reason, unlikely),
            f"service token: {error.check}",
            expected=error.expected,
            got=error.got,
            credential=None if error.is_of_time else token,
        ) from error
    if issued.find(call.store.issued_tokens, token) is None:
        check = "the service token was issued by this world"
        never = issued.DIAGNOSIS
        raise _unauthorized(call, "service_token_not_issued_here", unlikely, check, diagnosis=never, credential=token)
    audience = str(claims.get("aud"))
    if audience != call.url(TOKEN_PATH) and not call.reached_otherwise_by(audience, TOKEN_PATH):
        sentence = "Invalid access token field/s: the 'aud' is invalid"
        check = "the token was requested on this host"
        raise _unauthorized(
            call, "service_token_elsewhere", sentence, check, expected=call.url(TOKEN_PATH), got=claims.get("aud")
        )
    return claims


def _unauthorized(call: Call, reason: str, sentence: str, check: str, **details: Any) -> SiteRefusal:
    call.check(check, False, expected=details.get("expected"), got=details.get("got"))
    return refusals.lti_service(reason, sentence, 401, check=check, **details)
