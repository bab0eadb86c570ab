"""Refusals in OAuth2 with an LMS, and for an LMS's errors."""

from __future__ import annotations

import json
from typing import Any

from lms_emulator.core.errors import shortened
from lms_emulator.providers.ltiaas.refusals import LtiaasRefusal


def _external(message: str, url: str, received: Any) -> dict[str, Any]:
    """The details of an error that the LMS answered with."""
    return {"message": message, "externalError": True, "externalUrl": url, "bodyReceived": received}


def oauth_not_configured(code: str, platform_id: str) -> LtiaasRefusal:
    """The portal has no OAuth2 client for the platform."""
    return LtiaasRefusal(
        "oauth_not_configured",
        status=400,
        details={"message": code, "description": "No OAuth2 client is configured for this platform."},
        check="OAuth2 client id, secret and endpoints of the platform in the portal",
        expected="an API key of the LMS, not its LTI key",
        got=platform_id,
        diagnosis="enter an API key of the LMS for this platform in the portal; its LTI client is another one",
    )


def oauth_lti_key(code: str, platform_id: str) -> LtiaasRefusal:
    """The portal's OAuth2 client is the LTI client: the LMS would refuse its tokens."""
    return LtiaasRefusal(
        "oauth_uses_lti_key",
        status=400,
        details={"message": code, "description": "The OAuth2 client of this platform is its LTI key."},
        check="OAuth2 client id differs from the LTI client id",
        expected="an API developer key",
        got=platform_id,
        diagnosis="the portal's OAuth2 client id is the LTI key: an LTI key gets no REST scopes (`invalid_scope`)",
    )


def authorization_refused(
    error: str, description: str | None, *, location: str | None, url: str | None
) -> LtiaasRefusal:
    """The LMS redirected the browser back with an error: the user declined, or the LMS refused."""
    received = {"error": error} | ({"error_description": description} if description else {})
    return LtiaasRefusal(
        "consent_refused" if error == "access_denied" else "lms_refused_authorization",
        status=302 if location else 400,
        details=_external("OAUTH_AUTHORIZATION_FAILED", url or "", received),
        check="the LMS grants the authorization",
        expected="code",
        got=received,
        location=location,
    )


def callback_without_code() -> LtiaasRefusal:
    """The LMS's redirect has neither code nor error."""
    return LtiaasRefusal(
        "callback_without_code",
        status=400,
        details={"message": "VALIDATION_ERROR", "errors": [{"code": ["Required"]}]},
        check="the callback carries `code` or `error`",
        expected="code",
        got="neither",
    )


def code_refused(reason: str, *, token_url: str, canvas: bool, **why: Any) -> LtiaasRefusal:
    """A code that is unknown, used, expired or of another platform, reported in the LMS's style."""
    received = {"error": "invalid_grant"} | ({"error_description": "authorization_code not found"} if canvas else {})
    return LtiaasRefusal(
        reason,
        status=400,
        details=_external("OAUTH_ACCESS_TOKEN_REQUEST_FAILED", token_url, received),
        check="a code of this tenant and platform, unused, younger than its lifetime",
        expected="the code of the return URL, exchanged once and soon",
        got=reason.removeprefix("code_"),
        **why,
    )


_LONGEST = 200
"""Characters of an answer of the LMS that a diagnosis repeats."""


def lms_refused(
    message: str, *, status: int, url: str, received: Any, reason: str = "lms_refused", why: str | None = None
) -> LtiaasRefusal:
    """The LMS answered with an error; its status and body are passed on.

    Parameters: `why`, how the emulator explains it, if the LMS is one of its own.
    """
    said = why or shortened(received if isinstance(received, str) else json.dumps(received), _LONGEST)
    return LtiaasRefusal(
        reason,
        status=status,
        details=_external(message, url, received),
        check="the LMS accepts the request",
        expected="success",
        got={"status": status, "body": received},
        diagnosis=f"the LMS at {url} answered {status}: {said}",
    )


def lms_unreachable(
    status: int, *, url: str, why: str, named: str = "the platform's registration names"
) -> LtiaasRefusal:
    """The LMS could not be reached, did not answer in time, or sent an unusable answer. `named` says who gave its
    address."""
    return LtiaasRefusal(
        "lms_unreachable",
        status=status,
        details={
            "message": "PLATFORM_UNREACHABLE",
            "description": "The LMS could not be reached.",
            "externalError": True,
            "externalUrl": url,
        },
        check="the LMS answers",
        expected="an HTTP answer in time",
        got=why,
        diagnosis=f"{named} this address: {why}" if why.startswith(url) else f"{named} {url}: {why}",
    )
