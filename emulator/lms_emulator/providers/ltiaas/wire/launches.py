"""Refusals of LTI launches and of dynamic registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lms_emulator.providers.ltiaas.wire.envelope import LtiaasRefusal


def launch_refused(
    code: str, *, reason: str = "", expected: Any = None, got: Any = None, diagnosis: str | None = None
) -> LtiaasRefusal:
    """An id_token that does not pass. `code` is the name of the check as in ltijs (`NONCE_ALREADY_RECEIVED`)."""
    return LtiaasRefusal(
        reason or code.lower(),
        status=401,
        details={"message": code, "description": "Error validating ltik or IdToken"},
        check=code,
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def no_id_token() -> LtiaasRefusal:
    """/lti/launch without an id_token."""
    return LtiaasRefusal(
        "no_ltik_or_idtoken_found",
        status=401,
        details={"message": "NO_LTIK_OR_IDTOKEN_FOUND", "description": "No Ltik or ID Token found."},
        check="the form carries id_token and state",
        expected="a form_post from the LMS",
        got="no id_token",
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
    )


def missing_login_parameters(missing: Sequence[str], received: Mapping[str, Any]) -> LtiaasRefusal:
    """/lti/login without iss, login_hint or target_link_uri."""
    return LtiaasRefusal(
        "missing_login_parameters",
        status=400,
        details={"message": "MISSING_LOGIN_PARAMETERS", "bodyReceived": dict(received)},
        check="iss, login_hint and target_link_uri are given",
        expected=["iss", "login_hint", "target_link_uri"],
        got=f"missing {', '.join(missing)}",
    )


def launch_url_missing(kind: str) -> LtiaasRefusal:
    """The portal has no URL to send the launch to."""
    return LtiaasRefusal(
        "launch_url_missing",
        status=400,
        details={"message": "LAUNCH_URL_NOT_CONFIGURED", "description": f"No {kind} is configured in the portal."},
        check=f"the portal's {kind}",
        expected="a URL of the tool",
        got="",
    )


def registration_refused(reason: str, message: str, *, status: int, got: Any = None) -> LtiaasRefusal:
    """What ltijs says when dynamic registration cannot go on; `message` is its sentence."""
    return LtiaasRefusal(
        reason,
        status=status,
        details={"message": message},
        check="dynamic registration is possible",
        expected="openid_configuration of an LMS that is not registered yet",
        got=got,
    )
