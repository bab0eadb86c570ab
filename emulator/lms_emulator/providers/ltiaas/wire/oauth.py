"""Refusals of the OAuth2 flow, and of the LMS behind LTIAAS."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.ltiaas.wire.envelope import LtiaasRefusal


def oauth_not_configured(code: str, platform_id: str) -> LtiaasRefusal:
    """The portal has no OAuth2 client for the platform."""
    return LtiaasRefusal(
        "oauth_not_configured",
        status=400,
        details={"message": code, "description": "No OAuth2 client is configured for this platform."},
        check="OAuth2 client id, secret and endpoints of the platform in the portal",
        expected="an API key of the LMS, not its LTI key",
        got=platform_id,
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


def oauth_return_url_missing() -> LtiaasRefusal:
    """The portal has no OAuth2 return URL."""
    return LtiaasRefusal(
        "oauth_return_url_missing",
        status=400,
        details={
            "message": "OAUTH_REDIRECT_URL_NOT_CONFIGURED",
            "description": "No OAuth2 return URL is configured in the portal.",
        },
        check="the portal's OAuth2 return URL",
        expected="a URL of the tool",
        got="",
    )


def invalid_state(reason: str, diagnosis: str) -> LtiaasRefusal:
    """The state of a callback is unknown, spent or too old."""
    return LtiaasRefusal(
        reason,
        status=400,
        details={"message": "INVALID_STATE", "description": "Unknown or used state."},
        check="`state` is one that /oauth/start gave out, unused and not over-age",
        expected="a pending state",
        got=reason.removeprefix("state_"),
        diagnosis=diagnosis,
    )


def missing_cookie(flow: str) -> LtiaasRefusal:
    """The browser came back without the state cookie."""
    return LtiaasRefusal(
        "missing_validation_cookie",
        status=401,
        details={"message": "MISSING_VALIDATION_COOKIE", "description": "Error validating ltik or IdToken"},
        check="the signed cookie `state<state>` of this browser",
        expected="the cookie set when the flow began",
        got="none, or one that LTIAAS did not sign",
        diagnosis=f"the {flow} began in another browser, or in an iframe whose third-party cookies are blocked; "
        "open it in a window of its own",
    )


def authorization_refused(
    error: str, description: str | None, *, location: str | None, url: str | None
) -> LtiaasRefusal:
    """The LMS sent the browser back with an error: the user said no, or the LMS refused."""
    received = {"error": error} | ({"error_description": description} if description else {})
    return LtiaasRefusal(
        "consent_refused" if error == "access_denied" else "lms_refused_authorization",
        status=302 if location else 400,
        details={
            "message": "OAUTH_AUTHORIZATION_FAILED",
            "externalError": True,
            "externalUrl": url or "",
            "bodyReceived": received,
        },
        check="the LMS grants the authorization",
        expected="code",
        got=received,
        location=location,
    )


def callback_without_code() -> LtiaasRefusal:
    """The LMS came back with neither code nor error."""
    return LtiaasRefusal(
        "callback_without_code",
        status=400,
        details={"message": "VALIDATION_ERROR", "errors": [{"code": ["Required"]}]},
        check="the callback carries `code` or `error`",
        expected="code",
        got="neither",
    )


def code_refused(reason: str, *, token_url: str, canvas: bool, diagnosis: str) -> LtiaasRefusal:
    """A code that is unknown, spent, too old or of another platform: told as the LMS would tell it."""
    received = {"error": "invalid_grant"}
    if canvas:
        received["error_description"] = "authorization_code not found"
    return LtiaasRefusal(
        reason,
        status=400,
        details={
            "message": "OAUTH_ACCESS_TOKEN_REQUEST_FAILED",
            "externalError": True,
            "externalUrl": token_url,
            "bodyReceived": received,
        },
        check="a code of this tenant and platform, unused, younger than its lifetime",
        expected="the code of the return URL, exchanged once and soon",
        got=reason.removeprefix("code_"),
        diagnosis=diagnosis,
    )


def lms_refused(message: str, *, status: int, url: str, received: Any, reason: str = "lms_refused") -> LtiaasRefusal:
    """The LMS answered with an error; its status and body are passed on."""
    return LtiaasRefusal(
        reason,
        status=status,
        details={"message": message, "externalError": True, "externalUrl": url, "bodyReceived": received},
        check="the LMS accepts the request",
        expected="success",
        got={"status": status, "body": received},
    )


def lms_unreachable(status: int, *, url: str, why: str) -> LtiaasRefusal:
    """The LMS could not be reached, did not answer in time, or sent something that is not an answer."""
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
        diagnosis=f"the platform's registration names {url}: {why}",
    )
