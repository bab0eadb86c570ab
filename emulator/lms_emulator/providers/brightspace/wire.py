"""Brightspace's bodies: times, pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.responses import Response

from lms_emulator.core.http import pages

PACKAGE = __package__


def when(moment: datetime | None) -> str | None:
    """A time as Brightspace writes it: `2026-11-21T12:00:00.000Z`, always with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def auto_post(action: str, fields: Mapping[str, str]) -> Response:
    """The page that takes a form to a tool, in this site's colours."""
    return pages.auto_post(PACKAGE, action, fields)
