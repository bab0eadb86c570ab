"""Request bodies: read up to a size limit, and rejected unparsed if they have too many parts."""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.settings import EmulatorSettings

_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*"?', re.DOTALL)

_NAME = re.compile(rb'"([^"]*)"[ \t\r\n]*:')
_SLICE = 262_144
MOST_NAMES = 50_000
BODILESS = "bodiless"
"""In `scope["state"]`: our own protocol knows that the request has no body."""


class TooLargeError(Exception):
    """A body is over a limit. Attributes: `setting`, the name of the limit among the settings of `emulator`."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting


class CutOffError(Exception):
    """The client disconnected before it had sent the whole body."""


def has_body(scope: Scope) -> bool:
    """Whether a body may have to be received. Other servers than our own do not say."""
    state = scope.get("state")
    return not (state and state.get(BODILESS))


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """A request's body. Raises CutOffError, and TooLargeError before more than `limit` bytes are kept."""
    declared = headers.get("content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise TooLargeError("max_body_bytes")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CutOffError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLargeError("max_body_bytes")
        if not message.get("more_body") and not chunks:
            return chunk
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def check_parts(exchange: Exchange[Any, Any], limits: EmulatorSettings) -> None:
    """Raise TooLargeError for a body with so many fields or values that parsing it would hold up other requests.

    The library that reads multipart forms has its own limit on their parts.
    """
    body = exchange.body
    if exchange.is_form:
        if body.count(b"&") >= limits.max_fields:
            raise TooLargeError("max_fields")
    elif body.lstrip()[:1] in (b"[", b"{") and has_more_values(body, limits.max_json_values):
        raise TooLargeError("max_json_values")


def has_more_values(body: bytes, most: int) -> bool:
    """Whether a JSON text has more than `most` values."""
    # Strings may contain commas and brackets too; removing them takes time, so it is done only if needed.
    return too_many(body, most) and too_many(_TEXTS.sub(b"", body), most)


def too_many(body: bytes, most: int) -> bool:
    """Whether a text has more than `most` commas and opening brackets."""
    count = 0
    for start in range(0, len(body), _SLICE):
        count += sum(body.count(sign, start, start + _SLICE) for sign in (b",", b"[", b"{"))
        if count > most:
            return True
    return False


def too_many_names(body: bytes) -> bool:
    """Whether a JSON text has more different member names than any world needs. Interning each new name is slow."""
    names: set[bytes] = set()
    for start in range(0, len(body), _SLICE):
        names.update(_NAME.findall(body, start, start + _SLICE))
        if len(names) > MOST_NAMES:
            return True
    return False
