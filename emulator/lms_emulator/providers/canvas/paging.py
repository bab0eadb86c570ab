"""Pages of lists, with the `Link` header.

Source: canvas.instructure.com/doc/api/file.pagination.html.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.responses import JSONResponse

from lms_emulator.core.http.urls import same_url
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.wire import answer

R = TypeVar("R")


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


def paged(x: Call, records: Sequence[R], shape: Callable[[R], Any]) -> JSONResponse:
    """One page of a list, with its `Link` header."""
    number, size = page_of(x)
    first = (number - 1) * size
    shown = records[first : first + size]
    headers = {"Link": link_header(x, number, size, len(records))}
    if first + size < len(records) and "page" not in x.query:
        x.warn(
            "more_pages",
            f"this is {len(shown)} of {len(records)} items; follow the `next` of the Link header for the others",
        )
    return answer(x, [shape(one) for one in shown], headers=headers)


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
    return same_url(x, ("page", per_page_name, "access_token"), [("page", page), (per_page_name, size)])
