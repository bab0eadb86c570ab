"""Addresses that browsers are sent to."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit, urlunsplit


def add_query(url: str, values: Iterable[tuple[str, str]]) -> str:
    """The URL with parameters appended to its query, which stays as it is."""
    parts = urlsplit(url)
    added = urlencode(list(values))
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
