"""Pagination with the `Link` header: numbered pages, and pages by bookmark.

Source: canvas.instructure.com/doc/api/file.pagination.html, and the recorded exchanges of `people-paging`.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from starlette.responses import Response

from lms_emulator.core.http import json_text
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import read_query
from lms_emulator.providers.canvas.call.queries import query_of
from lms_emulator.providers.canvas.wire import reply


class Logged(Protocol):
    """An entry of an audit log."""

    @property
    def id(self) -> Any: ...

    @property
    def created_at(self) -> datetime: ...


R = TypeVar("R")
L = TypeVar("L", bound=Logged)
ORDER = ("current", "next", "prev", "first", "last")
_HIDDEN = ("page", "per_page", "access_token", "api_key")
_LEADING = re.compile(r"\s*([+-]?\d+)")
_LONGEST = 4_000
"""Digits that are read of a number; Python reads no more than a few hundred beyond these."""
_DIGITS = re.compile(r"\d+")
PAST_THE_END = 30
"""The `per_page` that the links of a counted list show on a page past its end, whatever was asked for."""


def per_page(api: Api, default: int | None = None) -> int:
    """The page size: parsed as Ruby would, between 1 and the cap."""
    asked = api.params.get("per_page")
    if asked is None:
        asked = default or api.settings.default_per_page
    if isinstance(asked, dict | list):
        raise refusals.crashed("`per_page` is not a scalar", asked)
    found = _LEADING.match(str(asked))
    if isinstance(asked, str) and (found is None or found.group().strip() != asked.strip()):
        api.params.read_as(max(1, int(found.group(1)[:_LONGEST]) if found else 0), "per_page")
    return max(1, min(int(found.group(1)[:_LONGEST]) if found else 0, api.settings.max_per_page))


def _page(api: Api) -> tuple[int, bool]:
    """The page number, and whether it is valid: `2x` and huge numbers are not."""
    asked = api.params.text("page")
    if asked is None:
        return 1, True
    whole = _DIGITS.match(asked)
    if whole is None or (whole.group() == asked and int(asked[:_LONGEST]) < 1):
        raise refusals.no_such_page(asked)
    if whole.group() != asked:
        api.params.read_as(int(whole.group()[:_LONGEST]), "page")
    return int(whole.group()[:_LONGEST]), whole.group() == asked and len(asked) < 19


def paged(
    api: Api,
    records: Sequence[R],
    shape: Callable[[R], Any],
    *,
    path: str | None = None,
    counted: bool = True,
    default: int | None = None,
    size: int | None = None,
    hidden: tuple[str, ...] = (),
    host: bool = True,
    headers: dict[str, str] | None = None,
    wrap: Callable[[list[Any]], Any] = lambda rows: rows,
) -> Response:
    """One page of a numbered list.

    Parameters:
        shape: makes JSON from a record; called only for those on the page.
        path: the endpoint as `Link` shows it, with numeric ids; by default that of the request.
        counted: whether Canvas counts the list, so that `last` is always given. Otherwise only on the last page, and
            a full page has a `next`, even if that is empty.
        default: the default page size.
        size: a page size that does not come from `per_page`; 0 for an endless list of empty pages.
        hidden: parameters that `Link` omits.
        host: whether the URLs in `Link` have the site's host.
        headers: additional headers.
        wrap: makes the answer from the page's rows.
    """
    number, whole = _page(api)
    size = per_page(api, default) if size is None else size
    first = (number - 1) * size if whole else len(records)
    shown = records[first : first + size]
    last = max(1, -(-len(records) // size)) if size else 0
    links: dict[str, int] = {"current": number, "first": 1}
    if number > 1:
        links["prev"] = number - 1
    if number > last or not whole:
        if counted or not whole:
            links["next"] = number + 1
            size = PAST_THE_END if size else 0
        else:
            links["last"] = number
    elif number < last or (not counted and len(shown) == size):
        links["next"] = number + 1
        if counted:
            links["last"] = last
    else:
        links["last"] = last
    _warn_of_more(api, len(shown), len(records), last)
    header = _link(api, path, {rel: str(page) for rel, page in links.items()}, size, hidden, host=host)
    return reply(api, wrap([shape(record) for record in shown]), headers={"Link": header, **(headers or {})})


def bookmarked(
    api: Api,
    records: Sequence[R],
    shape: Callable[[R], Any],
    key: Callable[[R], Any],
    *,
    path: str | None = None,
    default: int | None = None,
    wrap: Callable[[list[Any]], Any] = lambda rows: rows,
    order: Callable[[Any], Any] = lambda bookmark: bookmark,
) -> Response:
    """One page of a bookmarked list. An invalid bookmark means the first page.

    Parameters: `records`, sorted by `key`, which gives the JSON bookmark for the last record of a page;
    `order`, the part of it that they are sorted by.
    """
    size, page = per_page(api, default), api.params.text("page") or "first"
    after, start = _bookmark(page), 0
    if after is not None and records and not _alike(_read(key(records[0])), after):
        after = None
    if after is not None:
        start = bisect_left(records, True, key=lambda record: _follows(order, key(record), after))
    shown = records[start : start + size]
    links = {"current": page if after is not None else "first", "first": "first"}
    if start + size < len(records):
        links["next"] = f"bookmark:{_sealed(key(shown[-1]))}"
    else:
        links["last"] = links["current"]
    _warn_of_more(api, len(shown), len(records), 2 if "next" in links else 1)
    return reply(api, wrap([shape(record) for record in shown]), headers={"Link": _link(api, path, links, size)})


def audited(
    api: Api,
    found: Iterable[L],
    shape: Callable[[L], Any],
    document: Callable[[list[Any], list[L]], Any],
    path: str | None = None,
) -> Response:
    """A page of an audit log, latest first, between `start_time` and `end_time`.

    Parameters: `document` makes the answer of the page's JSON and the entries it shows.
    """
    start, end = (api.params.moment(name, zone=api.zone) for name in ("start_time", "end_time"))
    rows = [e for e in found if (start is None or e.created_at >= start) and (end is None or e.created_at <= end)]
    rows.sort(key=_latest_first)
    shown: list[L] = []

    def shaped(entry: L) -> Any:
        shown.append(entry)
        return shape(entry)

    return bookmarked(api, rows, shaped, _latest_first, path=path or api.path, wrap=lambda page: document(page, shown))


def _latest_first(entry: Logged) -> list[Any]:
    return [-entry.created_at.timestamp(), entry.id]


def _sealed(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _bookmark(page: str) -> Any:
    if not page.startswith("bookmark:"):
        return None
    text = page.removeprefix("bookmark:")
    try:
        return json_text.parse(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None


def _read(key: Any) -> Any:
    """A bookmark's value as it comes back."""
    return json.loads(json.dumps(key, default=str))


def _alike(own: Any, sent: Any) -> bool:
    """Whether a bookmark fits the list: as many values, each of the kind that its records have."""
    if isinstance(own, list):
        return isinstance(sent, list) and len(sent) == len(own) and all(map(_alike, own, sent))
    kinds = (int, float) if isinstance(own, int | float) else type(own)
    return own is None or sent is None or isinstance(sent, kinds)


def _follows(order: Callable[[Any], Any], own: Any, after: Any) -> bool:
    """Whether a record comes after the bookmarked one; nothing can be said of values that do not compare."""
    try:
        return bool(order(_read(own)) > order(after))
    except TypeError:
        return True


def _warn_of_more(api: Api, shown: int, count: int, last: int) -> None:
    if last > 1 and not api.params.has("page"):
        api.call.warn(
            "more_pages",
            f"this is {shown} of {count} items; follow the `next` of the Link header for the others",
        )


def _link(
    api: Api, path: str | None, pages: dict[str, str], size: int, hidden: tuple[str, ...] = (), *, host: bool = True
) -> str:
    kept = {name: value for name, value in read_query(api.call).items() if name not in (*_HIDDEN, *hidden)}
    front = "&".join([*query_of(kept), ""])
    base = api.url(path or api.path) if host else f"{api.call.prefix}{path or api.path}"
    mark = "&" if "?" in base else "?"
    rels = [rel for rel in ORDER if rel in pages]
    return ",".join(f'<{base}{mark}{front}page={pages[rel]}&per_page={size}>; rel="{rel}"' for rel in rels)


def accepts_json_api(api: Api) -> bool:
    """Whether the client asks for JSON API, which some lists know."""
    return "application/vnd.api+json" in api.call.headers.get("accept", "")


def with_meta(
    api: Api,
    records: Sequence[R],
    shape: Callable[[R], Any] | None,
    name: str,
    *,
    base: str,
    primary: bool = False,
    extra: dict[str, Any] | None = None,
    with_query: bool = False,
    rows: Callable[[Sequence[R]], list[Any]] | None = None,
) -> Response:
    """One page of a list in JSON API style: within a hash, with page links in `meta` too.

    Parameters:
        name: the key of the list.
        base: the URL in the links, as Canvas writes it here: whole, or its path.
        primary: whether `meta` names the key.
        extra: additional keys.
        with_query: whether the links keep the other parameters.
        rows: makes the items from the page's records, where `shape` does not map them one by one.
    """
    size, (number, _) = per_page(api), _page(api)
    last = max(1, -(-len(records) // size))
    pages: dict[str, int] = {"current": number, "first": 1, "last": last}
    pages |= {"next": number + 1} if number < last else {}
    pages |= {"prev": number - 1} if number > 1 else {}
    kept = {name: value for name, value in read_query(api.call).items() if name not in _HIDDEN} if with_query else {}
    front = "&".join([*query_of(kept), ""]).replace("{", "{{").replace("}", "}}")
    place = f"{api.call.prefix}{base}" if base.startswith("/") else base
    address = f"{place}?{front}page={{}}&per_page={size}"
    links = {rel: address.format(page) for rel, page in pages.items()}
    header = ",".join(f'<{links[rel]}>; rel="{rel}"' for rel in ORDER if rel in links)
    meta: dict[str, Any] = {
        "pagination": {
            "per_page": size,
            **links,
            "page": number,
            "template": address.format("{page}"),
            "count": len(records),
            "page_count": last,
        },
        **({"primaryCollection": name} if primary else {}),
    }
    page = records[(number - 1) * size : number * size]
    items = rows(page) if rows is not None else [shape(record) for record in page] if shape is not None else list(page)
    return reply(api, {name: items, "meta": meta, **(extra or {})}, headers={"Link": header})
