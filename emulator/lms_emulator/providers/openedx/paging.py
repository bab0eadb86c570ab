"""Pages of results, in the envelopes that the LMS's APIs use.

Sources: Django REST framework `rest_framework/pagination.py`; edx-drf-extensions 10.6.0
`edx_rest_framework_extensions/paginators.py` (DefaultPagination, NamespacedPageNumberPagination).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call

T = TypeVar("T")

#: The most items that a cursor skips at one position (Django REST framework).
MOST_OFFSET = 1000


class Page(NamedTuple):
    """One numbered page: its items, its place, and its neighbours' URLs."""

    items: list[Any]
    number: int
    size: int
    pages: int
    total: int
    next: str | None
    previous: str | None

    def envelope(self, results: list[Any]) -> dict[str, Any]:
        """The page with its place beside the results."""
        return {
            "next": self.next,
            "previous": self.previous,
            "count": self.total,
            "num_pages": self.pages,
            "current_page": self.number,
            "start": (self.number - 1) * self.size,
            "results": results,
        }

    def namespaced(self, results: list[Any]) -> dict[str, Any]:
        """The page with its place in an object of its own."""
        place = {"next": self.next, "previous": self.previous, "count": self.total, "num_pages": self.pages}
        return {"results": results, "pagination": place}


def numbered(call: Call, items: Sequence[T], *, size: int = 10, most: int = 100) -> Page:
    """The page requested by `page` and `page_size`. Raises the refusal for a page that does not exist."""
    size = page_size(call, default=size, most=most)
    pages = max(1, -(-len(items) // size))
    text = call.query.get("page", "1")
    number = pages if text == "last" else (parse_integer(text) or 0) if text.isascii() else 0
    if not 1 <= number <= pages:
        raise invalid_page()
    begin = (number - 1) * size
    return Page(
        items=list(items[begin : begin + size]),
        number=number,
        size=size,
        pages=pages,
        total=len(items),
        next=with_query(call, page=str(number + 1)) if number < pages else None,
        previous=with_query(call, page=None if number == 2 else str(number - 1)) if number > 1 else None,
    )


def page_size(call: Call, *, default: int, most: int | None) -> int:
    """The requested page size; the default for anything but a positive number."""
    text = call.query.get("page_size", "")
    size = int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0
    if size <= 0:
        if text.strip():
            call.reads.takes(("page_size",), text, str(default))
        return default
    return size if most is None else min(size, most)


def invalid_page() -> refusals.OpenedxRefusal:
    """A page that does not exist, or is not a number."""
    return refusals.OpenedxRefusal("invalid_page", status=404, message="Invalid page.", check="page")


def invalid_cursor(got: str) -> refusals.OpenedxRefusal:
    """A cursor that was not given by this list."""
    return refusals.OpenedxRefusal("invalid_cursor", status=404, message="Invalid cursor", check="cursor", got=got)


def with_query(call: Call, **changed: str | None) -> str:
    """The URL of this request with query parameters replaced (None: removed), sorted as the framework sorts them."""
    pairs = parse_qs(call.query_string.decode("latin-1"), keep_blank_values=True)
    for name, value in changed.items():
        if value is None:
            pairs.pop(name, None)
        else:
            pairs[name] = [value]
    query = urlencode(sorted(pairs.items()), doseq=True)
    return f"{call.url(call.path)}?{query}" if query else call.url(call.path)


class Cursor(NamedTuple):
    """A place in an ordered list: what comes after (`reverse`: before) a position, without the first `offset` items."""

    position: str | None
    offset: int = 0
    reverse: bool = False


def read_cursor(text: str | None) -> Cursor:
    """Read a `cursor` parameter. Raises the refusal for one that cannot be read."""
    if not text:
        return Cursor(None)
    try:
        pairs = dict(parse_qsl(base64.b64decode(text.encode("ascii"), validate=False).decode("ascii")))
        offset = int(pairs.get("o", "0"))
    except (ValueError, binascii.Error):
        raise invalid_cursor(text) from None
    if offset < 0:
        raise invalid_cursor(text)
    return Cursor(pairs.get("p"), min(offset, MOST_OFFSET), pairs.get("r") == "1")


def write_cursor(cursor: Cursor) -> str:
    """The text of a cursor."""
    pairs: list[tuple[str, str]] = []
    if cursor.offset:
        pairs.append(("o", str(cursor.offset)))
    if cursor.reverse:
        pairs.append(("r", "1"))
    if cursor.position is not None:
        pairs.append(("p", cursor.position))
    return base64.b64encode(urlencode(pairs).encode("ascii")).decode("ascii")


class Slice(NamedTuple):
    """A page of a list walked by cursor."""

    items: list[Any]
    next: str | None
    previous: str | None

    def envelope(self, results: list[Any]) -> dict[str, Any]:
        """The page with its neighbours' URLs."""
        return {"next": self.next, "previous": self.previous, "results": results}


def by_cursor(
    call: Call,
    items: Sequence[T],
    position: Callable[[T], str],
    *,
    size: int,
    most: int | None = None,
) -> Slice:
    """The part of `items` that the request's cursor and page size select.

    Items with the same position are told apart by an offset, as in the framework, so that none is lost or repeated.

    Parameters: `items` in the order of the list; `position`, the text of the value they are ordered by.
    """
    cursor = read_cursor(call.query.get("cursor"))
    size = page_size(call, default=size, most=most)
    places = [position(item) for item in items]
    beyond = _beyond(places, cursor)
    found = [items[i] for i in beyond[cursor.offset : cursor.offset + size]]
    following = beyond[cursor.offset + size] if len(beyond) > cursor.offset + size else None
    follows = places[following] if following is not None else None
    moved = cursor.position is not None or cursor.offset > 0
    if cursor.reverse:
        found.reverse()
    shown = [position(item) for item in found]
    ahead = _Side(moved, cursor.position) if cursor.reverse else _Side(following is not None, follows)
    behind = _Side(following is not None, follows) if cursor.reverse else _Side(moved, cursor.position)
    ahead_cursor = _link(cursor, shown, ahead, behind, size, reverse=False) if ahead.exists else None
    behind_cursor = _link(cursor, shown, behind, ahead, size, reverse=True) if behind.exists else None
    return Slice(found, _url(call, ahead_cursor), _url(call, behind_cursor))


class _Side(NamedTuple):
    """Whether there is more on one side of a page, and the position next to it there."""

    exists: bool
    position: str | None


def _beyond(places: list[str], cursor: Cursor) -> list[int]:
    """The indexes of the items past the cursor, in the order in which it walks."""
    order = list(range(len(places)))
    if cursor.reverse:
        order.reverse()
    if cursor.position is None:
        return order
    if cursor.position not in places:
        return [i for i in order if _after(places[i], cursor.position, places) != cursor.reverse]
    last = max(n for n, i in enumerate(order) if places[i] == cursor.position)
    return order[last + 1 :]


def _after(place: str, position: str, places: list[str]) -> bool:
    """Whether a place comes after a position that no item has any more."""
    falling = len(places) > 1 and _sortable(places[0]) > _sortable(places[-1])
    return _sortable(place) < _sortable(position) if falling else _sortable(place) > _sortable(position)


def _sortable(place: str) -> tuple[int, str]:
    number = parse_integer(place)
    return (0, place) if number is None else (number, "")


def _link(cursor: Cursor, shown: list[str], towards: _Side, away: _Side, size: int, *, reverse: bool) -> Cursor:
    """The cursor of the page next to this one on one side."""
    compare = towards.position
    walk = shown if reverse else list(reversed(shown))
    if walk and cursor.reverse != reverse and cursor.offset:
        compare = walk[0]
    offset = 0
    for place in walk:
        if place != compare:
            return Cursor(place, offset, reverse)
        compare, offset = place, offset + 1
    if not walk:
        return Cursor(towards.position, 0, reverse)
    if not away.exists:
        return Cursor(None, size, reverse)
    if cursor.reverse != reverse:
        return Cursor(away.position, 0, reverse)
    return Cursor(away.position, cursor.offset + size, reverse)


def _url(call: Call, cursor: Cursor | None) -> str | None:
    return None if cursor is None else with_query(call, cursor=write_cursor(cursor))
