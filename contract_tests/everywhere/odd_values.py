"""Odd values for the known parameters of each served operation, sent by a caller with all rights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from contract_tests.everywhere.asgi import Sent
from contract_tests.everywhere.existing import DemoWorld, credentials
from lms_emulator.app import load_providers
from lms_emulator.core.coverage import serves

if TYPE_CHECKING:
    from lms_emulator import Emulator

ADDRESS = "http://[::1"
"""An address that cannot be read."""
NUMBER = "9" * 5_000
"""A number with more digits than Python reads."""
_NUMBERS = NUMBER, "9" * 400, "-" + "9" * 400, "9" * 19, "-1", "1e400", "NaN", "-inf", "\u0663", "1," * 500
_TIMES = (
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "10000-01-01T00:00:00Z", "9999-12-31", "0001-01-01"),
    *("2026-02-30", "253402300800", "-62135596801", "1e20"),
)
_TEXTS = "\x00", "a\x00b", "[", "{", "(a+)+$", "%", "\\", "*", "x" * 3_000, "..", ADDRESS, "true", "null", "\u202e"
_BYTES = b"%ED%A0%80", b"%FF%FE", b"%zz", b"%"
FORMS: tuple[bytes, ...] = (*(quote(value).encode() for value in (*_NUMBERS, *_TIMES, *_TEXTS)), *_BYTES)
"""As they stand in a query or a form."""
VALUES: tuple[Any, ...] = (
    *(10**400, 2**63, -1, 1e308, True, None, [], {}, [[]], [None], [{}], ["x", "y"], "\ud800", "\x00", ADDRESS),
    *({"a": {"b": [1, {"c": None}]}}, {"0": "x"}, {"": ""}),
)
"""As they stand in a JSON body."""
_IN_BRACKETS = re.compile(r"[^\[\]]+|(?<=\[)(?=\])")
_PLACEHOLDER = re.compile(r"<[^>]*>")


def requests(
    lms: Emulator, provider: str, forms: tuple[bytes, ...] = FORMS, values: tuple[Any, ...] = VALUES
) -> Iterator[Sent]:
    """For each operation and value: the value in all parameters at once, and in each alone."""
    shipped, world = load_providers()[provider], DemoWorld(lms, provider)
    own = [(name.lower().encode(), value.encode()) for name, value in credentials(lms, provider).items()]
    own.append((b"user-agent", b"odd"))
    assert shipped.catalogue is not None
    for operation in shipped.catalogue.operations:
        names = [_PLACEHOLDER.sub("1", name) for name in operation.parameters or ()]
        path = f"/{provider}{world.filled(operation.path)}".encode()
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if not names or not operation.takes(method) or not serves(shipped, operation, method):
                continue
            has_body = method in ("POST", "PUT", "PATCH")
            for chosen in (names, *([name] for name in names[1:])):
                for form in forms:
                    pairs = b"&".join(quote(name, safe="[]").encode() + b"=" + form for name in chosen)
                    kind = [(b"content-type", b"application/x-www-form-urlencoded")] if has_body else []
                    body, query = (pairs, b"") if has_body else (b"", pairs)
                    yield Sent(method, path, query, own + kind, body)
                for value in values if has_body else ():
                    kind = [(b"content-type", b"application/json")]
                    yield Sent(method, path, b"", own + kind, json.dumps(nested(chosen, value)).encode())


def nested(names: Iterable[str], value: Any) -> dict[str, Any]:
    """An object in which each name, such as `user[name]`, has the value."""
    made: dict[str, Any] = {}
    for name in names:
        *above, last = _IN_BRACKETS.findall(name) or [name]
        place = made
        for part in above:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = deepcopy(value)
    return made
