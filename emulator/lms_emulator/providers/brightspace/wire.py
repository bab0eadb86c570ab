"""Brightspace's bodies: times, pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.responses import Response

from lms_emulator.core.http import cookie_policies, pages
from lms_emulator.providers.brightspace.call import Call

PACKAGE = __package__


def when(moment: datetime | None) -> str | None:
    """A time as Brightspace writes it: `2026-11-21T12:00:00.000Z`, always with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def launch_page(x: Call, title: str, action: str, fields: Mapping[str, str]) -> Response:
    """The page that opens a tool, in the window or in a frame."""
    return pages.page(
        PACKAGE,
        "tool.html",
        headers={"Cache-Control": "no-store"},
        base=x.base_url,
        title=title,
        action=action,
        fields=fields,
        in_frame=x.settings.launch_in == "frame",
        **cookie_policies.wanted(x.world.emulator.third_party_cookies, action),
    )


def auto_post(action: str, fields: Mapping[str, str]) -> Response:
    """The page that auto-posts a form to a tool, in this site's style."""
    return pages.auto_post(PACKAGE, action, fields)
