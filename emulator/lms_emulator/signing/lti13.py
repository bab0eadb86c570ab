"""LTI 1.3 for *platforms*: launch messages, and checks of the tool's authentication request and signed messages.

Everything here is a pure function of its arguments, including time and keys. The caller keeps track of used nonces,
`jti` values and launches.

Sources: 1EdTech LTI Core 1.3, Security Framework 1.0, Deep Linking 2.0; the launch flow in Canvas's own
`doc/api/lti_launch_overview.md`.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

from lms_emulator.signing.jwk import KeySet, VerifyingKey
from lms_emulator.signing.jwt import Claims, Critical, verify
from lms_emulator.signing.token_errors import TokenError

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
DL_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"

SCOPE_LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_LINE_ITEM_READ = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
SCOPE_RESULT_READ = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCOPE_SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
SCOPE_MEMBERSHIP = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPE_NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
SCOPE_ASSETS = "https://purl.imsglobal.org/spec/lti/scope/asset.readonly"
SCOPE_REPORTS = "https://purl.imsglobal.org/spec/lti/scope/report"
SCOPE_TERMS = "https://purl.imsglobal.org/spec/lti/scope/eula/user"
SCOPE_TERMS_AT_ALL = "https://purl.imsglobal.org/spec/lti/scope/eula/deployment"
FURTHER_SCOPES = (SCOPE_NOTICES, SCOPE_ASSETS, SCOPE_REPORTS, SCOPE_TERMS, SCOPE_TERMS_AT_ALL)
AGS_SCOPES = (SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ, SCOPE_RESULT_READ, SCOPE_SCORE)
SERVICE_SCOPES = (*AGS_SCOPES, SCOPE_MEMBERSHIP)

RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW_REQUEST = "LtiSubmissionReviewRequest"
EULA_REQUEST = "LtiEulaRequest"
PROCESSOR_SETTINGS_REQUEST = "LtiAssetProcessorSettingsRequest"
REPORT_REVIEW_REQUEST = "LtiReportReviewRequest"
CONTEXT_COPY_NOTICE = "LtiContextCopyNotice"
SUBMISSION_NOTICE = "LtiAssetProcessorSubmissionNotice"
NOTICES_CLAIM = f"{CLAIM}platformnotificationservice"
DEEP_LINKING_RESPONSE = "LtiDeepLinkingResponse"
VERSION = "1.3.0"
COURSE_OFFERING = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM_USER = "http://purl.imsglobal.org/vocab/lis/v2/system/person#User"

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Predecessor(msgspec.Struct, frozen=True, kw_only=True):
    """The tool's former LTI 1.1 registration: its consumer key, and the shared secret that proves it."""

    consumer_key: str
    secret: str


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a launch. Absent parts are omitted from the message.

    Attributes:
        issuer: the platform's `iss`.
        client_id: the tool's registration; becomes `aud` (and `azp`).
        message_type: `RESOURCE_LINK_REQUEST` or `DEEP_LINKING_REQUEST`.
        person: identity claims: `sub` and, if the privacy settings allow them, `name`,
            `given_name`, `family_name`, `email`, `picture`, `locale`.
        roles: full role URIs.
        line_items: URL of the context's line items; part of the AGS claim, with `ags_scopes`.
        memberships: URL of the roster, for the NRPS claim.
        deep_linking: the `deep_linking_settings` claim of a deep linking request.
        predecessor: the tool's former LTI 1.1 registration, for the `lti1p1` claim.
        extra: further claims, such as the platform's own.
    """

    issuer: str
    client_id: str
    deployment_id: str
    target_link_uri: str
    message_type: str = RESOURCE_LINK_REQUEST
    person: dict[str, str]
    roles: list[str]
    context: dict[str, Any] | None = None
    resource_link: dict[str, Any] | None = None
    tool_platform: dict[str, str] | None = None
    presentation: dict[str, Any] | None = None
    custom: dict[str, Any] | None = None
    lis: dict[str, Any] | None = None
    ags_scopes: list[str] | None = None
    line_items: str | None = None
    line_item: str | None = None
    memberships: str | None = None
    deep_linking: dict[str, Any] | None = None
    predecessor: Predecessor | None = None
    extra: dict[str, Any] = {}


def launch_claims(launch: Launch, *, nonce: str, now: int, lifetime: int, azp: bool = True) -> Claims:
    """The claims of the id_token for a launch.

    Parameters:
        launch: the contents of the message.
        nonce: from the tool's authentication request.
        now: seconds since the epoch; becomes `iat`.
        lifetime: seconds until `exp`.
        azp: whether to include the authorised party (Canvas does, Brightspace does not).
    """
    claims: Claims = {
        "iss": launch.issuer,
        "aud": launch.client_id,
        **({"azp": launch.client_id} if azp else {}),
        "iat": now,
        "exp": now + lifetime,
        "nonce": nonce,
        **launch.person,
        f"{CLAIM}message_type": launch.message_type,
        f"{CLAIM}version": VERSION,
        f"{CLAIM}deployment_id": launch.deployment_id,
        f"{CLAIM}target_link_uri": launch.target_link_uri,
        f"{CLAIM}roles": launch.roles,
    }
    optional = {
        f"{CLAIM}context": launch.context,
        f"{CLAIM}resource_link": launch.resource_link,
        f"{CLAIM}tool_platform": launch.tool_platform,
        f"{CLAIM}launch_presentation": launch.presentation,
        f"{CLAIM}custom": launch.custom,
        f"{CLAIM}lis": launch.lis,
        AGS_CLAIM: _ags_claim(launch),
        NRPS_CLAIM: {"context_memberships_url": launch.memberships, "service_versions": ["2.0"]}
        if launch.memberships
        else None,
        f"{DL_CLAIM}deep_linking_settings": launch.deep_linking,
    }
    claims.update((name, value) for name, value in optional.items() if value is not None)
    claims |= launch.extra
    if launch.predecessor is not None:
        legacy = f"{CLAIM}lti1p1"
        claims[legacy] = {**claims.get(legacy, {}), **_proved_key(launch.predecessor, claims)}
    return claims


def _proved_key(before: Predecessor, claims: Claims) -> dict[str, str]:
    """The `lti1p1` claim: the consumer key and its proof."""
    return {
        "oauth_consumer_key": before.consumer_key,
        "oauth_consumer_key_sign": consumer_key_sign(before, claims),
    }


def consumer_key_sign(before: Predecessor, claims: Mapping[str, Any]) -> str:
    """The proof that the platform knows the LTI 1.1 secret, bound to this token by its claims.

    1EdTech LTI 1.3 Migration Guide, oauth_consumer_key_sign: the base64 of the HMAC-SHA256, under the shared secret, of
    consumer key, deployment id, issuer, client id, `exp` and `nonce`, joined by `&`.
    """
    named = (f"{CLAIM}deployment_id", "iss", "aud", "exp", "nonce")
    text = "&".join([before.consumer_key, *(str(claims[name]) for name in named)])
    return b64encode(hmac.digest(before.secret.encode(), text.encode(), "sha256")).decode()


def _ags_claim(launch: Launch) -> dict[str, Any] | None:
    if not launch.ags_scopes or launch.line_items is None:
        return None
    claim: dict[str, Any] = {"scope": launch.ags_scopes, "lineitems": launch.line_items}
    return claim if launch.line_item is None else {**claim, "lineitem": launch.line_item}


RequestFault = Literal[
    "missing_parameter",
    "wrong_scope",
    "wrong_response_type",
    "wrong_response_mode",
    "wrong_prompt",
    "wrong_redirect_uri",
]


class AuthenticationRequestError(ValueError):
    """An invalid authentication request of a tool.

    Attributes:
        reason: one of `RequestFault`.
        parameter: the invalid parameter, or the missing ones joined by commas.
        expected: the required value.
        got: the actual value.
    """

    def __init__(self, reason: RequestFault, parameter: str, *, expected: object = None, got: object = None) -> None:
        super().__init__(f"{reason}: {parameter} (expected {expected!r}, got {got!r})")
        self.reason: RequestFault = reason
        self.parameter = parameter
        self.expected = expected
        self.got = got


REQUIRED_PARAMETERS = (
    "client_id",
    "login_hint",
    "lti_message_hint",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
)


def check_redirect_uri(redirect_uri: str, registered: Collection[str]) -> None:
    """Compare with the registered URIs exactly, as LTI requires.

    Raises:
        AuthenticationRequestError: `wrong_redirect_uri`. Nothing may be sent to that URI.
    """
    if redirect_uri not in registered:
        raise AuthenticationRequestError(
            "wrong_redirect_uri", "redirect_uri", expected=sorted(registered), got=redirect_uri
        )


FIXED_PARAMETERS: tuple[tuple[str, str, RequestFault], ...] = (
    ("scope", "openid", "wrong_scope"),
    ("response_type", "id_token", "wrong_response_type"),
    ("response_mode", "form_post", "wrong_response_mode"),
    ("prompt", "none", "wrong_prompt"),
)
"""Parameters of that request with one possible value, and the fault of another one."""


def check_authentication_request(params: Mapping[str, str]) -> None:
    """Check the fixed parameters of the OIDC request that a tool sends after login initiation.

    Raises:
        AuthenticationRequestError: the first violation, in the order of LTI Security Framework 5.1.1.2.
    """
    missing = [name for name in REQUIRED_PARAMETERS if not params.get(name)]
    if missing:
        raise AuthenticationRequestError("missing_parameter", ",".join(missing), expected="present", got=sorted(params))
    for name, wanted, reason in FIXED_PARAMETERS:
        if params[name] != wanted:
            raise AuthenticationRequestError(reason, name, expected=wanted, got=params[name])


def check_client_assertion(
    assertion: str,
    keys: KeySet | VerifyingKey,
    *,
    client_id: str,
    audiences: Collection[str],
    now: float,
    leeway: float = 30,
    max_age: float | None = 300,
    max_lifetime: float | None = None,
    critical: Critical = "refuse",
    grace: float = 0,
    algorithms: Collection[str] = ("RS256",),
) -> Claims:
    """Verify a tool's `private_key_jwt` for a service token.

    Parameters:
        assertion: the JWT of `client_assertion`.
        keys: the tool's public keys.
        client_id: required value of both `iss` and `sub`.
        audiences: the accepted `aud` (the token endpoint's addresses).
        now: seconds since the epoch.
        leeway: seconds that `iat` may lie in the future; not applied to `max_age`.
        max_age: maximum seconds since `iat` (Canvas's `jwt_validator.rb` allows no leeway); `None` skips the check.
        max_lifetime: maximum of `exp - iat`; `None` skips the check.
        critical: whether a `crit` header is refused.
        grace: seconds after `exp` in which it is still accepted.
        algorithms: the allowed signature algorithms.

    Returns:
        The claims; the caller must still check that `jti` is new.

    Raises:
        TokenError: the check that failed.
    """
    required = ("iss", "sub", "aud", "exp", "iat", "jti")
    claims = verify(
        assertion, keys, algorithms=algorithms, now=now, leeway=leeway, required=required, critical=critical
    )
    if max_age is not None and now > claims["iat"] + max_age:
        raise TokenError("too_old", "iat", expected=f"at or after {now - max_age:.3f}", got=claims["iat"])
    if now >= claims["exp"] + grace:
        raise TokenError("expired", "exp", expected=f"after {now:.3f}", got=claims["exp"])
    for name in ("iss", "sub"):
        if claims[name] != client_id:
            raise TokenError("wrong_issuer", name, expected=client_id, got=claims[name])
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not set(audiences).intersection(str(audience) for audience in named):
        raise TokenError("wrong_audience", "aud", expected=sorted(audiences), got=claims["aud"])
    if not isinstance(claims["jti"], str) or not claims["jti"]:
        raise TokenError("bad_claim", "jti", expected="a string", got=claims["jti"])
    if max_lifetime is not None and claims["exp"] - claims["iat"] > max_lifetime:
        raise TokenError("bad_claim", "exp", expected=f"at most {max_lifetime} s after iat", got=claims["exp"])
    return claims


def check_deep_linking_response(
    message: str,
    keys: KeySet | VerifyingKey,
    *,
    client_id: str,
    issuer: str,
    deployment_id: str,
    now: float,
    leeway: float = 30,
    max_age: float | None = 300,
    critical: Critical = "refuse",
) -> list[dict[str, Any]]:
    """Verify a tool's deep linking response and return its content items.

    Issuer and audience are reversed: `iss` is the tool's client id, `aud` the platform's issuer.

    Raises:
        TokenError: the check that failed.
    """
    claims = verify(
        message,
        keys,
        algorithms=["RS256"],
        now=now,
        leeway=leeway,
        max_age=max_age,
        issuer=client_id,
        audience=issuer,
        required=("iss", "aud", "exp", "iat", "nonce"),
        critical=critical,
    )
    fixed = (
        (f"{CLAIM}message_type", DEEP_LINKING_RESPONSE),
        (f"{CLAIM}version", VERSION),
        (f"{CLAIM}deployment_id", deployment_id),
    )
    for name, wanted in fixed:
        if claims.get(name) != wanted:
            raise TokenError("bad_claim", name, expected=wanted, got=claims.get(name))
    items = claims.get(f"{DL_CLAIM}content_items", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) and "type" in item for item in items):
        raise TokenError("bad_claim", f"{DL_CLAIM}content_items", expected="a list of objects with a type", got=items)
    return items


def granted_scopes(asked: Sequence[str], allowed: Collection[str]) -> tuple[list[str], list[str]]:
    """The requested scopes that are allowed, and those that are not, in the order requested."""
    return [scope for scope in asked if scope in allowed], [scope for scope in asked if scope not in allowed]
