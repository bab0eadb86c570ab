"""Percent-encoding of long texts, beside the standard library's."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing.escapes import percent_encoded

FEW_KINDS = st.lists(st.sampled_from([b"%", b" ", b"&", b"abcdefgh", b"~-._"]), max_size=8).map(b"".join)
MANY_KINDS = st.tuples(st.binary(max_size=20), st.integers(0, 40)).map(lambda pair: pair[0] + b"a" * pair[1])


@given(FEW_KINDS | MANY_KINDS)
def test_it_is_what_the_standard_library_gives(data: bytes) -> None:
    assert percent_encoded(data) == urllib.parse.quote_from_bytes(data, safe="")


@pytest.mark.parametrize(
    "data", [b"", b"plain", b" %aaaa", b"%%%", b"\xfa\xfb\xfc", bytes(range(256)) + b"a" * 600, b"!*'()/:@;aaaaaaaaa"]
)
def test_each_way_of_doing_it(data: bytes) -> None:
    """Nothing to escape, a few kinds, mostly escaped, and many kinds in a long text."""
    assert percent_encoded(data) == urllib.parse.quote_from_bytes(data, safe="")
