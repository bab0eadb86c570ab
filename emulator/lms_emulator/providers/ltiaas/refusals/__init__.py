"""A named constructor for every refusal: callers and platforms, launches and registrations, OAuth2 and the LMS.

The body is an envelope, `{"status": int, "error": reason phrase, "details": object}`. Both official clients discard a
body in which `status` is not a number, `error` not a string or `details` not an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lms_emulator.core.http.refusals import Refusal

_REGISTERED_BY = ("iss", "client_id", "platformId", "oauth_consumer_key")
INVALID_AUTHORIZATION = "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"


class LtiaasRefusal(Refusal):
    """A refusal with the `details` object of its envelope.

    Parameters: those of `Refusal`, and
        details: what the envelope says, `message` in UPPER_SNAKE first.
        location: send the browser there instead of showing the envelope.
        envelope: False when the answer does not come from LTIAAS proper and has `details` alone as its body.
    """

    def __init__(
        self,
        reason: str,
        *,
        details: Mapping[str, Any],
        location: str | None = None,
        envelope: bool = True,
        **rest: Any,
    ) -> None:
        super().__init__(reason, message=str(details.get("message", "")), **rest)
        self.details = dict(details)
        self.location = location
        self.envelope = envelope


def invalid_api_key(code: str, *, got: str, **why: Any) -> LtiaasRefusal:
    """A Bearer endpoint without the right key. The odd code is documented, although the scheme is Bearer."""
    return LtiaasRefusal(
        "invalid_api_key",
        status=401,
        details={"message": code, "description": "Invalid API key"},
        check="Authorization: Bearer <the tenant's API key>",
        expected="the API key of one tenant",
        got=got,
        **why,
    )


def bearer_only(code: str, scheme: str) -> LtiaasRefusal:
    """An ltik or service key sent to an endpoint that takes the API key alone."""
    return LtiaasRefusal(
        "bearer_only",
        status=401,
        details={"message": code, "description": "This endpoint only accepts `Authorization: Bearer <API key>`."},
        check="the endpoint takes Bearer only",
        expected="Bearer",
        got=scheme,
        diagnosis=f"sent {scheme}; OAuth2, platform and registration endpoints take the bare API key as Bearer",
    )


def _invalid(what: str, check: str, *, reason: str, got: str, **why: Any) -> LtiaasRefusal:
    details = {"message": INVALID_AUTHORIZATION, "description": f"Invalid or expired {what}."}
    return LtiaasRefusal(reason, status=401, details=details, check=check, expected=f"a valid {what}", got=got, **why)


def invalid_ltik(*, reason: str, got: str, **why: Any) -> LtiaasRefusal:
    """LTIAAS has one answer for everything that can be wrong with an ltik."""
    check = "Authorization: LTIK-AUTH-V2 <API key>:<ltik>, an ltik of this tenant younger than 24 h"
    return _invalid("ltik", check, reason=reason, got=got, **why)


def invalid_service_key(*, reason: str, got: str, **why: Any) -> LtiaasRefusal:
    """A service key that is invalid or stale."""
    check = "Authorization: SERVICE-AUTH-V1 <API key>:<service key>, of this tenant and still current"
    return _invalid("service key", check, reason=reason, got=got, **why)


def scheme_not_taken(scheme: str, taken: Sequence[str], *, ltik: bool) -> LtiaasRefusal:
    """A service endpoint called with a scheme that it does not take.

    Parameters: `ltik`, whether an ltik stands where the API key belongs.
    """
    what = "an ltik as Bearer, without the API key" if ltik else "Bearer, which carries no launch"
    return LtiaasRefusal(
        "scheme_not_taken",
        status=401,
        details={"message": INVALID_AUTHORIZATION, "description": "Invalid or expired ltik."},
        check="the endpoint takes this credential scheme",
        expected=list(taken),
        got=scheme,
        diagnosis=f"sent {what}; write `Authorization: {taken[0]} <API key>:<ltik>`"
        if scheme == "Bearer"
        else f"sent {scheme}; this endpoint takes {' or '.join(taken)}",
    )


def gateway_forbidden(host: str) -> LtiaasRefusal:
    """A subdomain without an account: answered in front of LTIAAS, without its envelope."""
    return LtiaasRefusal(
        "gateway_forbidden",
        status=403,
        details={"message": "Forbidden"},
        check="the subdomain belongs to an account",
        expected="<subdomain>.ltiaas.com of a tenant in the world",
        got=host,
        envelope=False,
    )


def inactive_service(status: int, service: str, tenant: str) -> LtiaasRefusal:
    """The plan lacks the service. The code is documented, its use for the OAuth2 add-on is chosen."""
    return LtiaasRefusal(
        "inactive_service",
        status=status,
        details={
            "message": "INACTIVE_SERVICE",
            "description": f"The {service} service is not part of this account's plan.",
        },
        check="the plan includes the service",
        expected=service,
        got=f"plan of tenant `{tenant}` without it",
        diagnosis=f"the plan of tenant `{tenant}` lacks {service}: an add-on to buy, not a wrong credential",
    )


def service_not_available(status: int, service: str) -> LtiaasRefusal:
    """The LMS does not offer the service in this launch's context."""
    return LtiaasRefusal(
        "service_not_available",
        status=status,
        details={
            "message": "SERVICE_NOT_AVAILABLE_FOR_CONTEXT",
            "description": f"{service} is not available in this context.",
        },
        check="the launch offered the service",
        expected=service,
        got="a launch without it",
        diagnosis=f"the id_token of this launch carries no {service} claim; look at `services` of /api/idtoken first",
    )


def platform_not_found(status: int, platform_id: str, diagnosis: str | None = None) -> LtiaasRefusal:
    """No platform with this id in the tenant."""
    return LtiaasRefusal(
        "platform_not_found",
        status=status,
        details={"message": "PLATFORM_NOT_FOUND", "description": "No platform with this id."},
        check="the platform id is one of the tenant's registrations",
        expected="`platform.id` of /api/idtoken",
        got=platform_id,
        diagnosis=diagnosis,
    )


def inactive_platform(received: Mapping[str, Any], *, reason: str, **why: Any) -> LtiaasRefusal:
    """A launch, login or OAuth2 start of an LMS that is not registered or not active; `received` is what identified
    it."""
    return LtiaasRefusal(
        reason,
        status=400,
        details={"message": "UNREGISTERED_OR_INACTIVE_PLATFORM", "bodyReceived": dict(received)},
        check="an active platform with exactly this iss and client_id, or consumer key",
        expected="exactly what the registration has",
        got={key: received[key] for key in _REGISTERED_BY if key in received},
        **why,
    )


def platform_exists(url: str, client_id: str, platform_id: str) -> LtiaasRefusal:
    """A second platform with the same issuer and client id."""
    return LtiaasRefusal(
        "platform_exists",
        status=403,
        details={"message": "PLATFORM_ALREADY_REGISTERED", "description": "Platform already registered."},
        check="url and clientId are not registered yet",
        expected="a new pair",
        got={"url": url, "clientId": client_id},
        diagnosis=f"platform {platform_id} has this url and clientId already: change that one with PUT",
    )


def validation(status: int, errors: Sequence[Mapping[str, Sequence[str]]], **details: Any) -> LtiaasRefusal:
    """A body or query that does not validate. `errors`: one object per fault, field name to sentences."""
    missing = (name for error in errors for name, said in error.items() if name.isalnum() and "Required" in said)
    return LtiaasRefusal(
        "validation_error",
        status=status,
        details={"message": "VALIDATION_ERROR", "errors": [dict(error) for error in errors]},
        check="the body has the documented fields, of the documented types",
        expected=[name for error in errors for name in error],
        absent=next(missing, None),
        **details,
    )


def rate_limited(limit: int, retry_after: int) -> LtiaasRefusal:
    """Too many API calls in this minute."""
    return LtiaasRefusal(
        "rate_limited",
        status=429,
        details={"message": "TOO_MANY_REQUESTS", "description": "Too many requests, please try again later."},
        check="calls of the tenant in this minute",
        expected=f"at most {limit}",
        got="more",
        headers={"Retry-After": str(retry_after)},
    )


def not_found(method: str, path: str) -> LtiaasRefusal:
    """No such path or verb."""
    return LtiaasRefusal(
        "not_found",
        status=404,
        details={"message": "NOT_FOUND", "description": f"Cannot {method} {path}"},
        check="a path and verb of LTIAAS",
        got=f"{method} {path}",
    )


def registration_not_found(registration_id: str, *, used: bool) -> LtiaasRefusal:
    """A registration id that is unknown, or whose registration was completed or abandoned."""
    return LtiaasRefusal(
        "registration_used" if used else "registration_not_found",
        status=404,
        details={"message": "REGISTRATION_NOT_FOUND", "description": "No pending registration with this id."},
        check="a registration that is still pending",
        expected="the registrationId of the pre-approval redirect, used once",
        got=registration_id,
        diagnosis="the registration was completed already"
        if used
        else "no registration of this tenant waits under this id, which comes with the redirect before approval",
    )


def launch_refused(
    code: str, *, reason: str = "", expected: Any = None, got: Any = None, diagnosis: str | None = None
) -> LtiaasRefusal:
    """An id_token that fails a check. `code` is the name of the check as in ltijs (`NONCE_ALREADY_RECEIVED`)."""
    return LtiaasRefusal(
        reason or code.lower(),
        status=401,
        details={"message": code, "description": "Error validating ltik or IdToken"},
        check=code,
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def legacy_launch_refused(code: str, reason: str, **details: Any) -> LtiaasRefusal:
    """An LTI 1.1 launch that fails a check. How LTIAAS reports it is not public: `code` is chosen."""
    sentence = {"message": code, "description": "Error validating LTI 1.1 launch"}
    return LtiaasRefusal(reason, status=401, details=sentence, check=details.pop("check", reason), **details)


def no_id_token(diagnosis: str | None) -> LtiaasRefusal:
    """/lti/launch without an id_token."""
    return LtiaasRefusal(
        "no_ltik_or_idtoken_found",
        status=401,
        details={"message": "NO_LTIK_OR_IDTOKEN_FOUND", "description": "No Ltik or ID Token found."},
        check="the form carries id_token and state",
        expected="a form_post from the LMS",
        got="no id_token",
        absent="id_token",
        diagnosis=diagnosis,
    )


def lms_launch_error(error: str, description: str | None, state: str) -> LtiaasRefusal:
    """The LMS posted an OIDC error instead of an id_token."""
    received = {"error": error} | ({"error_description": description} if description else {})
    return LtiaasRefusal(
        "lms_refused_launch",
        status=401,
        details={"message": "AUTHENTICATION_FAILED", "externalError": True, "bodyReceived": received},
        check="the LMS answers the authentication request with an id_token",
        expected="id_token",
        got={**received, "state": state},
        diagnosis=f"the LMS refused the authentication request: {': '.join(received.values())}",
    )


def missing_login_parameters(
    missing: Sequence[str], received: Mapping[str, Any], diagnosis: str | None
) -> LtiaasRefusal:
    """/lti/login without iss, login_hint or target_link_uri."""
    return LtiaasRefusal(
        "missing_login_parameters",
        status=400,
        details={"message": "MISSING_LOGIN_PARAMETERS", "bodyReceived": dict(received)},
        check="iss, login_hint and target_link_uri are given",
        expected=["iss", "login_hint", "target_link_uri"],
        got=f"missing {', '.join(missing)}",
        absent=missing[0],
        diagnosis=diagnosis,
    )


def portal_url_missing(reason: str, message: str, kind: str) -> LtiaasRefusal:
    """The portal has no URL to send the browser to. `kind` is its name there."""
    return LtiaasRefusal(
        reason,
        status=400,
        details={"message": message, "description": f"No {kind} is configured in the portal."},
        check=f"the portal's {kind}",
        expected="a URL of the tool",
        got="",
    )


def registration_refused(
    reason: str,
    message: str,
    *,
    status: int,
    expected: str = "openid_configuration of an LMS that is not registered yet",
    **details: Any,
) -> LtiaasRefusal:
    """Dynamic registration cannot continue. `message` is the sentence of ltijs."""
    return LtiaasRefusal(
        reason,
        status=status,
        details={"message": message},
        check="dynamic registration is possible",
        expected=expected,
        **details,
    )


def invalid_state(reason: str, **why: Any) -> LtiaasRefusal:
    """The state of a callback is unknown, used or expired."""
    return LtiaasRefusal(
        reason,
        status=400,
        details={"message": "INVALID_STATE", "description": "Unknown or used state."},
        check="`state` was issued by /oauth/start, and is unused and not expired",
        expected="a pending state",
        got=reason.removeprefix("state_"),
        **why,
    )


def missing_cookie(flow: str, diagnosis: str | None = None) -> LtiaasRefusal:
    """The browser came back without the state cookie, or with a state that is not waited for: `diagnosis` says so."""
    return LtiaasRefusal(
        "missing_validation_cookie",
        status=401,
        details={"message": "MISSING_VALIDATION_COOKIE", "description": "Error validating ltik or IdToken"},
        check="the signed cookie `state<state>` of this browser",
        expected="the cookie set when the flow began",
        got="missing, or not signed by LTIAAS",
        diagnosis=diagnosis
        or f"the {flow} began in another browser, or in an iframe whose third-party cookies are blocked; "
        "open it in a window of its own",
    )
