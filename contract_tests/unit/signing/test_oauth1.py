"""RFC 5849 signatures, against the RFC's own examples, shipped vectors, and oauthlib."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature as oauthlib_signature

from lms_emulator.signing import oauth1
from lms_emulator.signing.pearson_oauth1 import ESCAPINGS

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
VECTORS = json.loads((FIXTURES / "vectors" / "lti11.json").read_text("utf-8"))["vectors"]

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = words.filter(lambda name: not name.startswith("oauth_"))
pairs = st.lists(st.tuples(names, words), max_size=8)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict) -> None:
    signature = oauth1.sign(vector["method"], vector["url"], vector["params"].items(), vector["secret"])
    assert signature == vector["signature_base64"]


def test_the_example_of_rfc_5849_section_3_4_1() -> None:
    """The request of 3.4.1.1 with the parameters listed in 3.4.1.3.1, and its base string."""
    pairs = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    assert oauth1.signature_base_string("post", url, pairs) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("HTTP://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.com:443/a/#fragment", "https://example.com/a/"),
        ("https://example.com:80", "https://example.com:80/"),
        ("http://user:pass@example.com/a b", "http://example.com/a%20b"),
        ("http://[::0001]:8080/a;b=c", "http://[::1]:8080/a;b=c"),
    ],
)
def test_base_string_uri(url: str, uri: str) -> None:
    assert oauth1.base_string_uri(url) == uri


@pytest.mark.parametrize("url", ["/lti/launch/", "https:///path", "", "http://a:0/", "http://a:99999/", "http://[x]/"])
def test_a_url_that_cannot_be_signed_is_an_error(url: str) -> None:
    with pytest.raises(ValueError):
        oauth1.base_string_uri(url)


@given(pairs)
def test_parameters_are_normalised_as_oauthlib_does(pairs: list[tuple[str, str]]) -> None:
    assert oauth1.normalise_parameters(pairs) == oauthlib_signature.normalize_parameters(pairs)


@given(
    scheme=st.sampled_from(["http", "HTTPS", "https"]),
    host=st.sampled_from(["localhost", "WWW.Example.com", "127.0.0.1", "[::1]"]),
    port=st.one_of(st.just(""), st.sampled_from([":80", ":443", ":8080"])),
    path=st.text("abcXYZ019/-._~=%20", max_size=12).map(lambda path: "/" + path),
    query=st.sampled_from(["", "?a=1&b=&c=%C3%A4+x"]),
    pairs=pairs,
    secret=words,
    token_secret=words,
)
def test_signatures_agree_with_oauthlib(
    scheme: str,
    host: str,
    port: str,
    path: str,
    query: str,
    pairs: list[tuple[str, str]],
    secret: str,
    token_secret: str,
) -> None:
    url = f"{scheme}://{host}{port}{path}{query}"
    collected = [*pairs, *oauthlib_signature.collect_parameters(uri_query=query[1:])]
    base = oauthlib_signature.signature_base_string(
        "POST", oauthlib_signature.base_string_uri(url), oauthlib_signature.normalize_parameters(collected)
    )
    assert oauth1.signature_base_string("POST", url, pairs) == base
    client = Client("key", client_secret=secret, resource_owner_secret=token_secret)
    theirs = oauthlib_signature.sign_hmac_sha1_with_client(base, client)
    assert oauth1.sign("POST", url, pairs, secret, token_secret) == theirs


@given(st.text(max_size=20))
def test_any_text_can_be_encoded(text: str) -> None:
    """Not even lone surrogates, which decoding odd bytes can leave behind, may raise."""
    assert set(oauth1.percent_encode(text)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"
    )


def test_bytes_that_are_not_utf8_survive_the_round_trip() -> None:
    assert oauth1.percent_encode(b"\xff\xe4".decode("utf-8", "surrogateescape")) == "%FF%E4"
    assert oauth1.percent_encode("\ud800") == "%ED%A0%80"


def test_equal_takes_any_text() -> None:
    assert oauth1.equal("abc=", "abc=")
    assert not oauth1.equal("abc=", "abc")
    assert not oauth1.equal("abc=", "äbc=")
    assert not oauth1.equal("abc=", "\udcff")


@pytest.mark.parametrize("text", ["ä" * 3, "a+ " * 400, "%41&=" * 400, "".join(map(chr, range(256))) * 9, "~.-_" * 300])
def test_long_texts_are_encoded_as_urllib_does(text: str) -> None:
    assert oauth1.percent_encode(text) == quote(text, safe="")
    for escaping in ESCAPINGS:
        short = "".join(escaping(character) for character in text)
        assert escaping(text) == short
