"""No address that cannot be read breaks an operation, in whichever parameter it stands. `benchmarks/hostile.py` tries
further values."""

from __future__ import annotations

import pytest

from contract_tests.everywhere.asgi import send
from contract_tests.everywhere.odd_values import ADDRESS, requests
from lms_emulator import Emulator
from lms_emulator.app import PROVIDERS

_WORDS = (b"url", b"uri", b"link", b"domain", b"address")
"""In names of parameters that hold one. The others are tried together."""


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_address_that_cannot_be_read_breaks_nothing(provider: str) -> None:
    lms, crashed = Emulator.in_process("demo"), []
    assert lms.app is not None
    for request in requests(lms, provider, (ADDRESS.encode(),), ()):
        named = (request.query + request.body).count(b"&") == 0
        if named and not any(
            word in request.query + request.body for word in (b"url", b"uri", b"link", b"domain", b"address")
        ):
            continue
        _, _, entry = send(lms.app, request)
        if entry is not None and entry.crash is not None:
            crashed.append(f"{request}: {entry.crash[-300:]}")
    assert crashed == []
