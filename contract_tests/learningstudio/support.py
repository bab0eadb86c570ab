"""What the tests of LearningStudio share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from lms_emulator.client.emulator import Emulator
from lms_emulator.client.parts import RecordedRefusal

Send = Callable[..., httpx.Response]


def refused(lms: Emulator, answer: httpx.Response, reason: str, status: int = 400) -> RecordedRefusal:
    """The answer is a refusal in the envelope; what the journal says about it."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "errorId"}
    assert "/_emulator/requests/" in answer.headers["X-Emulator-Explain"]
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert (refusal.reason, refusal.message) == (reason, error["message"])
    return refusal


def refused_because(lms: Emulator, answer: httpx.Response, reason: str, words: str, status: int = 400) -> None:
    assert words in (refused(lms, answer, reason, status).diagnosis or "")


def warnings(lms: Emulator) -> list[str]:
    return [warning.code for warning in lms.requests.last.warnings]


def refused_as(lms: Emulator, answer: httpx.Response, **words: Any) -> None:
    """The answer is exactly this refusal, word for word as in the journal; a 401 unless `words` say otherwise."""
    expected = RecordedRefusal(**{"status": 401, **words})
    assert refused(lms, answer, expected.reason, expected.status) == expected


def checks(lms: Emulator) -> list[tuple[str, Any]]:
    """Every check of the latest request, all passed, with the expected value."""
    assert all(check["passed"] for check in lms.requests.last.checks)
    return [(check["name"], check.get("expected")) for check in lms.requests.last.checks]
