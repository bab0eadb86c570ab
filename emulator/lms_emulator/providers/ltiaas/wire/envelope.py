"""The LTIAAS dialect: one error envelope, and a named constructor for every refusal.

The envelope is `{"status": int, "error": reason phrase, "details": object}`. Both official clients throw the body
away unless `status` is a number, `error` a string and `details` an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lms_emulator.core.http.refusals import Refusal

INVALID_AUTHORIZATION = "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"


class LtiaasRefusal(Refusal):
    """A refusal with the `details` object of its envelope.

    Parameters as in `Refusal`, and:
        details: what the envelope says, `message` in UPPER_SNAKE first.
        envelope: False when the answer does not come from LTIAAS proper and has `details` alone as its body.
        location: send the browser there instead of showing the envelope.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int,
        details: Mapping[str, Any],
        check: str,
        expected: Any = None,
        got: Any = None,
        diagnosis: str | None = None,
        headers: Mapping[str, str] | None = None,
        location: str | None = None,
        envelope: bool = True,
    ) -> None:
        super().__init__(
            reason,
            status=status,
            message=str(details.get("message", "")),
            check=check,
            expected=expected,
            got=got,
            diagnosis=diagnosis,
            headers=headers,
        )
        self.details = dict(details)
        self.location = location
        self.envelope = envelope

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return envelope(self.status, self.details) if self.envelope else self.details


def envelope(status: int, details: Mapping[str, Any]) -> dict[str, Any]:
    """The error envelope. Parameters: `status`, the HTTP status; `details`, an object."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    return {"status": status, "error": phrase, "details": dict(details)}
