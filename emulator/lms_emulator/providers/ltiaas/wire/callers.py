"""Refusals of callers, plans and platforms: who is asking, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lms_emulator.providers.ltiaas.wire.envelope import INVALID_AUTHORIZATION, LtiaasRefusal


def invalid_api_key(code: str, *, got: str, diagnosis: str | None = None) -> LtiaasRefusal:
    """A Bearer endpoint without the right key. Documented with this odd code although the scheme is Bearer."""
    return LtiaasRefusal(
        "invalid_api_key",
        status=401,
        details={"message": code, "description": "Invalid API key"},
        check="Authorization: Bearer <the tenant's API key>",
        expected="the API key of one tenant",
        got=got,
        diagnosis=diagnosis,
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


def invalid_ltik(*, reason: str, got: str, diagnosis: str | None = None, check: str = "") -> LtiaasRefusal:
    """Whatever is wrong with an ltik, LTIAAS says the same."""
    return LtiaasRefusal(
        reason,
        status=401,
        details={"message": INVALID_AUTHORIZATION, "description": "Invalid or expired ltik."},
        check=check or "Authorization: LTIK-AUTH-V2 <API key>:<ltik>, an ltik of this tenant younger than 24 h",
        expected="a valid ltik",
        got=got,
        diagnosis=diagnosis,
    )


def invalid_service_key(*, reason: str, got: str, diagnosis: str | None = None) -> LtiaasRefusal:
    """A service key that is not one, or has gone stale."""
    return LtiaasRefusal(
        reason,
        status=401,
        details={"message": INVALID_AUTHORIZATION, "description": "Invalid or expired service key."},
        check="Authorization: SERVICE-AUTH-V1 <API key>:<service key>, of this tenant and still current",
        expected="a valid service key",
        got=got,
        diagnosis=diagnosis,
    )


def scheme_not_taken(scheme: str, taken: Sequence[str]) -> LtiaasRefusal:
    """A service endpoint called with a scheme that it does not take."""
    return LtiaasRefusal(
        "scheme_not_taken",
        status=401,
        details={"message": INVALID_AUTHORIZATION, "description": "Invalid or expired ltik."},
        check="the endpoint takes this credential scheme",
        expected=list(taken),
        got=scheme,
        diagnosis=f"sent {scheme}; this endpoint takes {' or '.join(taken)}",
    )


def gateway_forbidden(host: str) -> LtiaasRefusal:
    """A subdomain of nobody: answered in front of LTIAAS, without its envelope."""
    return LtiaasRefusal(
        "gateway_forbidden",
        status=403,
        details={"message": "Forbidden"},
        check="the subdomain is an account's",
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


def platform_not_found(status: int, platform_id: str) -> LtiaasRefusal:
    """No platform with this id in the tenant."""
    return LtiaasRefusal(
        "platform_not_found",
        status=status,
        details={"message": "PLATFORM_NOT_FOUND", "description": "No platform with this id."},
        check="the platform id is one of the tenant's registrations",
        expected="`platform.id` of /api/idtoken",
        got=platform_id,
    )


def inactive_platform(received: Mapping[str, Any], *, reason: str, diagnosis: str) -> LtiaasRefusal:
    """A launch, login or OAuth2 start of an LMS that is not registered, or not active."""
    return LtiaasRefusal(
        reason,
        status=400,
        details={"message": "UNREGISTERED_OR_INACTIVE_PLATFORM", "bodyReceived": dict(received)},
        check="an active platform with exactly this iss and client_id",
        expected="iss and clientId equal to the registration, character by character",
        got={key: received.get(key) for key in ("iss", "client_id", "platformId") if key in received},
        diagnosis=diagnosis,
    )


def platform_exists(url: str, client_id: str) -> LtiaasRefusal:
    """A second platform with the same issuer and client id."""
    return LtiaasRefusal(
        "platform_exists",
        status=403,
        details={"message": "PLATFORM_ALREADY_REGISTERED", "description": "Platform already registered."},
        check="url and clientId are not registered yet",
        expected="a new pair",
        got={"url": url, "clientId": client_id},
    )


def validation(status: int, errors: Sequence[Mapping[str, Sequence[str]]], got: Any = None) -> LtiaasRefusal:
    """A body or query that does not validate. `errors`: one object per fault, field name to sentences."""
    return LtiaasRefusal(
        "validation_error",
        status=status,
        details={"message": "VALIDATION_ERROR", "errors": [dict(error) for error in errors]},
        check="the body has the fields of the reference, of the right kinds",
        expected=[name for error in errors for name in error],
        got=got,
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
    """A registration id that never was, or that was completed or abandoned."""
    return LtiaasRefusal(
        "registration_used" if used else "registration_not_found",
        status=404,
        details={"message": "REGISTRATION_NOT_FOUND", "description": "No pending registration with this id."},
        check="a registration that is still pending",
        expected="the registrationId of the pre-approval redirect, used once",
        got=registration_id,
        diagnosis="the registration was completed already" if used else None,
    )
