"""Checks the id_token of a launch, in the order of ltijs and with its names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.jwts import why_not_whole
from lms_emulator.core.access.recognise import recognise
from lms_emulator.core.access.signers import FAULTS, whose_signature
from lms_emulator.core.access.slips import how_differs, how_written, why_no_jwt
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.clock import later
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.skew import why_issued, why_off
from lms_emulator.lti.assertions import why_claim
from lms_emulator.lti.platform import warn_of_critical
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.lti import lms
from lms_emulator.providers.ltiaas.lti.claims import DEEP_LINKING_REQUEST, LTI, RESOURCE_LINK_REQUEST, claim
from lms_emulator.providers.ltiaas.model import LoginState, Platform, Tenant, UsedNonce

if TYPE_CHECKING:
    from lms_emulator.signing.token_errors import TokenError

NONCE_SECONDS = 3600
_YEAR = 31_536_000
_FOREIGN = (
    "no key of the platform's key set made this signature: a key was replaced, another platform's was used, "
    "or the token changed after signing"
)
_TOKEN_FAULTS = {
    "alg_none": "ALG_NOT_RS256",
    "alg_confusion": "ALG_NOT_RS256",
    "alg_not_allowed": "ALG_NOT_RS256",
    "unknown_kid": "KEY_NOT_FOUND",
    "too_old": "TOKEN_TOO_OLD",
}
_MESSAGES = (RESOURCE_LINK_REQUEST, DEEP_LINKING_REQUEST)
_REQUIRED = (
    ("target_link_uri", "NO_TARGET_LINK_URI_CLAIM"),
    ("version", "NO_LTI_VERSION_CLAIM"),
    ("deployment_id", "NO_DEPLOYMENT_ID_CLAIM"),
)


def find_platform(call: Call, tenant: Tenant, issuer: str, client_id: str | None) -> Platform | None:
    """The tenant's platform with this issuer and client id; without a client id, the first of the issuer."""
    candidates = call.store.platforms.find("tenant", tenant.subdomain)
    for platform in candidates:
        if call.resolve(platform.url) == issuer and client_id in (None, platform.client_id):
            return platform
    return None


def active_platform(
    call: Call, tenant: Tenant, issuer: str, client_id: str | None, received: Mapping[str, Any]
) -> Platform:
    """The active platform. Raises `inactive_platform` with the likely mistake."""
    platform = find_platform(call, tenant, issuer, client_id)
    if platform is None:
        diagnosis = _near_miss(call, tenant, issuer, client_id)
        raise refusals.inactive_platform(received, reason="platform_unregistered", diagnosis=diagnosis)
    if not platform.active:
        raise refusals.inactive_platform(
            received,
            reason="platform_inactive",
            diagnosis=f"platform {platform.id} is registered but not active; activate it in the portal",
        )
    return platform


def _near_miss(call: Call, tenant: Tenant, issuer: str, client_id: str | None) -> str:
    for platform in call.store.platforms.find("tenant", tenant.subdomain):
        url = call.resolve(platform.url)
        if url == issuer:
            meant = how_written([platform.client_id], client_id or "")
            return f"issuer {issuer} is registered, but not with client id {client_id}" + (
                f": {meant}" if meant else ""
            )
        if how_written([url], issuer) is not None:
            return f"the registration has `{url}`, the LMS sends `{issuer}`: they must be identical"
    return f"no platform of tenant `{tenant.subdomain}` has issuer {issuer}"


async def validated(call: Call, tenant: Tenant, login: LoginState, token: str) -> tuple[Platform, dict[str, Any]]:
    """The platform and claims of a valid id_token. Marks its nonce as used.

    Raises the refusal of the first check that fails.
    """
    from lms_emulator.signing.jwt import read, verify
    from lms_emulator.signing.token_errors import TokenError

    try:
        header, unproved = read(token)
    except TokenError as error:
        why = f"the id_token is not a JWT: its {error.check} has to be {error.expected}, and is {error.got}"
        raise refusals.launch_refused(
            "INVALID_JWT_RECEIVED", expected=error.expected, got=error.got, diagnosis=why
        ) from None
    begun = call.store.platforms.get(login.platform_id)
    issuer = str(unproved.get("iss", ""))
    if begun is None or call.resolve(begun.url) != issuer:
        expected = begun and call.resolve(begun.url)
        why = recognise(call, token) or how_differs(expected, issuer) or unfit("iss", issuer or None, expected)
        raise refusals.launch_refused("ISS_CLAIM_DOES_NOT_MATCH", expected=expected, got=issuer, diagnosis=why)
    platform = _platform_of_token(call, tenant, begun, issuer, unproved)
    if header.get("kid") is None:
        why = "the header has no `kid`, which says which key of the platform's key set signed the token"
        raise refusals.launch_refused("KID_NOT_FOUND", expected="a kid in the header", got=header, diagnosis=why)
    keys = await lms.key_set(call, platform)
    try:
        claims = verify(
            token,
            keys,
            algorithms=["RS256"],
            now=call.clock.timestamp(),
            issuer=issuer,
            audience=platform.client_id,
            required=("exp", "iat"),
            leeway=1,
            max_age=call.settings.id_token_max_age_seconds - 1,  # the leeway is for clocks that are ahead
            critical=call.settings.critical_headers,
        )
        if call.clock.timestamp() >= claims["exp"]:
            raise TokenError("expired", "exp", expected="in the future", got=claims["exp"])
    except TokenError as error:
        raise refusals.launch_refused(
            _TOKEN_FAULTS.get(error.reason, "INVALID_JWT_RECEIVED"),
            reason="" if error.reason in _TOKEN_FAULTS else f"id_token_{error.reason}",
            expected=error.expected,
            got=error.got,
            diagnosis=_why_not_signed(call, token, error)
            or why_issued(call.clock, error.issued)
            or why_claim(call, error.check, error.expected, error.got)
            or f"{error.check}: {error.reason}",
        ) from None
    warn_of_critical(call, token)
    if claims["exp"] > call.clock.timestamp() + _YEAR and (unit := why_off(call.clock, claims["exp"])):
        call.warn("id_token_lives_long", f"`exp`: {unit}. The id_token is accepted, and hardly ever expires")
    _check_claims(claims, platform)
    _spend_nonce(call, platform, login, claims)
    call.check("id_token", got={"alg": header.get("alg"), "kid": header.get("kid"), "iss": issuer})
    return platform, claims


def _platform_of_token(
    call: Call, tenant: Tenant, begun: Platform, issuer: str, unproved: Mapping[str, Any]
) -> Platform:
    audiences = unproved.get("aud")
    named = audiences if isinstance(audiences, list) else [audiences]
    received = {"iss": issuer, "client_id": named[0] if named else None}
    client_id = begun.client_id if begun.client_id in named else str(received["client_id"])
    return active_platform(call, tenant, issuer, client_id, received)


def _check_claims(claims: Mapping[str, Any], platform: Platform) -> None:
    azp, aud = claims.get("azp"), claims.get("aud")
    if (azp is not None and azp != platform.client_id) or (azp is None and isinstance(aud, list) and len(aud) > 1):
        why = unfit("azp", azp, f"the client id, {platform.client_id}") + ("; `aud` is several" if azp is None else "")
        raise refusals.launch_refused(
            "AZP_DOES_NOT_MATCH_CLIENTID", expected=platform.client_id, got=azp, diagnosis=why
        )
    kind = claim(claims, "message_type")
    if kind not in _MESSAGES:
        raise _unfit(claims, "message_type", "NO_MESSAGE_TYPE_CLAIM", list(_MESSAGES))
    for name, code in _REQUIRED:
        if not claim(claims, name):
            raise _unfit(claims, name, code, f"claim {name}")
    if claim(claims, "version") != "1.3.0":
        raise _unfit(claims, "version", "WRONG_LTI_VERSION_CLAIM", "1.3.0")
    if not claims.get("sub"):
        raise refusals.launch_refused("NO_SUB_CLAIM", expected="sub", got="none", diagnosis="the id_token has no `sub`")
    if not isinstance(claim(claims, "roles"), list):
        raise _unfit(claims, "roles", "NO_ROLES_CLAIM", "a list of roles")
    link = claim(claims, "resource_link")
    if kind == RESOURCE_LINK_REQUEST and not (isinstance(link, Mapping) and link.get("id")):
        raise _unfit(claims, "resource_link", "NO_RESOURCE_LINK_ID_CLAIM", "an object with an id")


def _unfit(claims: Mapping[str, Any], name: str, code: str, expected: Any) -> Refusal:
    """The refusal of a claim of LTI that is missing, stands under another name, or has another value."""
    got, full = claim(claims, name), f"{LTI}{name}"
    like = next((key for key in claims if key.rpartition("/")[2] == name), None) if got is None else None
    why = how_differs(expected, got) or unfit(name, got, expected)
    if not got:
        why = f"`{like}` was sent; the claim is `{full}`" if like else f"the id_token has no claim `{full}`"
    return refusals.launch_refused(code, expected=expected, got=got or "none", diagnosis=why)


def _why_not_signed(call: Call, token: str, error: TokenError) -> str | None:
    """Who signed the token with which key; None if its signature is not what was refused."""
    if error.check not in ("signature", "kid") and error.reason not in FAULTS:
        return None
    found = why_no_jwt(token) or whose_signature(call, token, pair=True) or why_not_whole(token)
    if error.check == "kid":
        listed = ", ".join(map(repr, error.expected)) if isinstance(error.expected, list) else ""
        none = f"the platform's key set has no key of the kid {error.got!r}, but {listed}"
        return f"{none}; {found}" if found else none
    return found or (_FOREIGN if error.check == "signature" else None)


_POSTED = "the nonce of this id_token was used by a launch before: the platform makes a new id_token for each login"


def was_posted(call: Call, token: str) -> bool:
    """Whether an id_token has the nonce of an earlier launch. Nothing of it is checked."""
    from lms_emulator.signing.jwt import claim as claimed

    nonce = claimed(token, "nonce")
    return any(used.nonce == nonce for used in call.store.used_nonces)


def _spend_nonce(call: Call, platform: Platform, login: LoginState, claims: Mapping[str, Any]) -> None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or nonce != login.nonce:
        used = isinstance(nonce, str) and call.store.used_nonces.get((platform.id, nonce)) is not None
        code = "NONCE_ALREADY_RECEIVED" if used else "NONCE_DOES_NOT_MATCH"
        expected = "the nonce of this login's authentication request"
        why = _POSTED if used else unfit("nonce", nonce, f"that of the authentication request, {login.nonce}")
        raise refusals.launch_refused(code, expected=expected, got="another", diagnosis=why)
    if (platform.id, nonce) in call.store.used_nonces:
        expected = "a nonce not seen before"
        raise refusals.launch_refused("NONCE_ALREADY_RECEIVED", expected=expected, got="a spent one", diagnosis=_POSTED)
    until = later(call.clock.now(), NONCE_SECONDS)
    call.store.used_nonces.put(UsedNonce(sender=platform.id, nonce=nonce, keep_until=until))
