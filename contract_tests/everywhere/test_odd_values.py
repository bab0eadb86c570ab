"""No malformed URL or number breaks an operation, in any parameter.

`benchmarks/hostile.py` tries further values.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contract_tests.everywhere.asgi import send
from contract_tests.everywhere.odd_values import ADDRESS, NUMBER, requests
from lms_emulator import Emulator
from lms_emulator.app import PROVIDERS
from lms_emulator.core.numbers import parse_integer

_ADDRESSES = (b"url", b"uri", b"link", b"domain", b"address")
"""In names of parameters that hold one. The others are tried together."""
_NUMBERS = (b"id=", b"page", b"limit", b"number", b"depth", b"token")


def crashes(provider: str, value: str, words: Sequence[bytes]) -> list[str]:
    lms, found = Emulator.in_process("demo"), []
    assert lms.app is not None
    for request in requests(lms, provider, (value.encode(),), ()):
        sent = request.query + request.body
        if b"&" not in sent and not any(word in sent for word in words):
            continue
        _, _, entry = send(lms.app, request)
        if entry is not None and entry.crash is not None:
            found.append(f"{request.method} {request.raw_path!r} {sent[:60]!r}: {entry.crash[-300:]}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_address_that_cannot_be_read_breaks_nothing(provider: str) -> None:
    assert crashes(provider, ADDRESS, _ADDRESSES) == []


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"canvas"}))
def test_a_number_that_cannot_be_read_breaks_nothing(provider: str) -> None:
    """Canvas reads only so many digits that no number is too long; the benchmark tries it all the same."""
    assert crashes(provider, NUMBER, _NUMBERS) == []


def test_whole_numbers() -> None:
    assert parse_integer("007") == parse_integer("\u0667") == 7
    assert parse_integer(NUMBER) is not None
    assert [parse_integer(text) for text in ("", "-1", "1.0", "\u00b2", " 1", "x")] == [None] * 6
