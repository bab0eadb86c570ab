"""Answers of the emulator itself, not of a provider: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from lms_emulator.core.errors import shortened

_LONGEST = 4_000


def problem(
    status: int, detail: str, *, errors: Sequence[str] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer: `type`, `title`, `status`, `detail`, and `errors` when there are several."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": shortened(detail, _LONGEST),
    }
    if errors:
        content["errors"] = list(errors)
    return JSONResponse(content, status, headers, media_type="application/problem+json")
