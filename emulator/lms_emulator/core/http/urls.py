"""Building and taking apart URLs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit, urlunsplit

from lms_emulator.core.http.exchange import Exchange

_VISIBLE = "".join(map(chr, range(0x20, 0x7F)))


def parts_of(url: str) -> SplitResult:
    """The parts of a URL from a client. One that cannot be parsed, such as `http://[`, counts as a path."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")


def add_query(url: str, values: Iterable[tuple[str, object]]) -> str:
    """The URL with parameters appended to its query, which stays as it is."""
    parts = parts_of(url)
    added = urlencode(list(values))
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def same_url(exchange: Exchange[Any, Any], without: Collection[str], values: Iterable[tuple[str, object]]) -> str:
    """The URL of this request without some query parameters and with others appended."""
    kept = [(name, value) for name, value in exchange.query.peek() if name not in without]
    query = urlencode([*kept, *values], quote_via=quote)
    return f"{exchange.url(exchange.raw_path.decode('latin-1'))}?{query}"


def in_a_header(url: str) -> str:
    """A URL as a header can carry it: percent-encoded where it is not visible ASCII."""
    return url if url.isascii() and url.isprintable() else quote(url, _VISIBLE, errors="surrogatepass")
