"""Pagination of the API's lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.responses import Response

from lms_emulator.providers.openlearning import refusals, wire
from lms_emulator.providers.openlearning.call import Call, version

T = TypeVar("T")


def paged(call: Call, items: Sequence[T], shape: Callable[[T], dict[str, Any]]) -> Response:
    """A page of a list, with `pagination` if the client requested a page (v2.1) or always (v2.2).

    Raises a 400 for a page or size that is not a positive number.
    """
    asked = bool(call.query_string) and (
        call.query.get("page") is not None or call.query.get("itemsPerPage") is not None
    )
    page = _positive(call, "page", 1)
    size = _positive(call, "itemsPerPage", call.settings.default_page_size)
    if size > call.settings.max_page_size:
        call.warn("page_size_capped", f"itemsPerPage={size} was reduced to {call.settings.max_page_size}")
        size = call.settings.max_page_size
    if not asked and len(items) > size:
        call.warn("first_page_only", f"this is the first page: {size} of {len(items)} items; use page and itemsPerPage")
    rows = [shape(item) for item in items[(page - 1) * size : page * size]]
    if not asked and version(call) == "v2.1":
        return wire.data(rows)
    pages = -(-len(items) // size)
    return wire.data(rows, {"page": page, "itemsPerPage": size, "totalItems": len(items), "totalPages": pages})


def _positive(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        zero = text.isascii() and text.isdigit() and int(text[:9]) == 0
        why = f"{name} begins at 1, not at 0" if zero else f"`{text}` is not a whole number from 1 up"
        raise refusals.query_error(name, f"{name} must be a positive integer", text, why)
    return int(text)
