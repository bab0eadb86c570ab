"""Requests that are not quite text, or not quite requests: how they are signed, compared and described."""

from __future__ import annotations

import pytest

from lms_emulator.signing import oauth1


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("/", "%2F"),
        # Bytes that were not UTF-8 become themselves again; any other surrogate its three bytes.
        ("/\udcff", "%2F%FF"),
        ("/ä\udce4", "%2F%C3%A4%E4"),
        ("/\ud800", "%2F%ED%A0%80"),
        ("/ä\ud800", "%2F%C3%A4%ED%A0%80"),
    ],
)
def test_a_slash_is_escaped_beside_odd_text_too(text: str, encoded: str) -> None:
    assert oauth1.percent_encode(text) == encoded


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/lti/launch/", "expected an absolute URL, got '/lti/launch/'"),
        ("//example.com/lti", "expected an absolute URL, got '//example.com/lti'"),
        ("http:///lti", "expected an absolute URL, got 'http:///lti'"),
        ("http://a:0/", "port 0 in 'http://a:0/'"),
    ],
)
def test_the_error_says_why_a_url_cannot_be_signed(url: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        oauth1.base_string_uri(url)
    assert str(caught.value) == message


def test_the_query_is_taken_as_the_bytes_it_is() -> None:
    url = "http://example.com/?a=%FF&b=&c=%C3%A4+x"
    assert oauth1.query_parameters(url) == [("a", "\udcff"), ("b", ""), ("c", "ä x")]
    assert oauth1.signature_base_string("GET", url, []).endswith("&a%3D%25FF%26b%3D%26c%3D%25C3%25A4%2520x")


@pytest.mark.parametrize("odd", ["\udcff", "a\ud800", "ä\udcff"])
def test_odd_signatures_are_compared_not_refused_to_be(odd: str) -> None:
    assert oauth1.equal(odd, odd)
    assert not oauth1.equal(odd, odd + "=")
    assert not oauth1.equal("abc=", odd)
    assert not oauth1.equal(odd, "abc=")


def test_a_key_of_one_secret_ends_in_an_ampersand() -> None:
    assert oauth1.signing_key("a&b") == b"a%26b&"
    assert oauth1.signing_key("a&b", "c d") == b"a%26b&c%20d"
