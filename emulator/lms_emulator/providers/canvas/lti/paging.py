"""Pages of what LTI services list, with their `Link` header."""

from __future__ import annotations

from lms_emulator.core.http.urls import same_url
from lms_emulator.providers.canvas.call import Call


def page_of(
    x: Call, per_page_name: str = "per_page", default: int | None = None, most: int | None = None
) -> tuple[int, int]:
    """Which page is asked for, and of what size; numbers out of range become the nearest in range."""
    most = most or x.settings.max_per_page
    size = _number(x.query.get(per_page_name), default or x.settings.default_per_page)
    return max(1, _number(x.query.get("page"), 1)), max(1, min(size, most))


def _number(text: str | None, otherwise: int) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 9:
        return otherwise
    return int(text) or otherwise


def link_header(x: Call, number: int, size: int, count: int, per_page_name: str = "per_page") -> str:
    """`Link` with the relations that apply: current, next, prev, first, last."""
    last = max(1, -(-count // size))
    pages = {"current": number, "next": number + 1, "prev": number - 1, "first": 1, "last": last}
    if number >= last:
        del pages["next"]
    if number <= 1:
        del pages["prev"]
    return ",".join(f'<{_page_url(x, page, size, per_page_name)}>; rel="{rel}"' for rel, page in pages.items())


def _page_url(x: Call, page: int, size: int, per_page_name: str) -> str:
    return same_url(x, ("page", "limit", per_page_name, "access_token"), [("page", page), (per_page_name, size)])
