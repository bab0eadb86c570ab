"""Percent-encoding of long texts, beside the standard library's."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing.escapes import percent_encoded


@given(st.binary(max_size=60))
def test_it_equals_the_standard_library(data: bytes) -> None:
    assert percent_encoded(data) == urllib.parse.quote_from_bytes(data, safe="")


@pytest.mark.parametrize(
    "data", [b"", b"plain", b" %aaaa", b"%%%", b"\xfa\xfb\xfc", bytes(range(256)) + b"a" * 600, b"!*'()/:@;aaaaaaaaa"]
)
def test_every_byte_and_none(data: bytes) -> None:
    assert percent_encoded(data) == urllib.parse.quote_from_bytes(data, safe="")
