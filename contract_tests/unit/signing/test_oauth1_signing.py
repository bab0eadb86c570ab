"""One signature in the making: each part of it, and each way of getting that part wrong."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing import encoders, oauth1
from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.oauth1_signing import Signing

Change = Callable[[Signing], Iterable[Signing]]
URL = "http://lms.example:8081/Launch/?b=2&a=1"
PAIRS = (("zeta", "1 ~"), ("b", "2"), ("a", "1"), ("oauth_consumer_key", "Key"), ("oauth_nonce", "n"))
S = Signing(method="POST", url=URL, pairs=PAIRS, secret="s3cr&t", memo={})


def by_hand(base: str, key: bytes = b"s3cr%26t&", digest: str = "sha1") -> str:
    return b64encode(hmac.new(key, base.encode(), getattr(hashlib, digest)).digest()).decode()


def urls(change: Change, url: str) -> list[str]:
    """The URLs that would be signed instead of `url`; nothing else may have changed."""
    right = S._replace(url=url)
    changed = list(change(right))
    assert [signing._replace(url=url) for signing in changed] == [right] * len(changed)
    return [signing.url for signing in changed]


def pairs(change: Change, *sent: tuple[str, str]) -> list[tuple[tuple[str, str], ...]]:
    """The parameters that would be signed instead of those sent."""
    right = S._replace(pairs=sent)
    changed = list(change(right))
    assert [signing._replace(pairs=sent, detail="") for signing in changed] == [right] * len(changed)
    return [signing.pairs for signing in changed]


# --- the right signature ---
def test_a_correct_signing() -> None:
    text = "a=1&b=2&oauth_consumer_key=Key&oauth_nonce=n&zeta=1%20~"
    base = f"POST&http%3A%2F%2Flms.example%3A8081%2FLaunch%2F&{quote(text, safe='~')}"
    assert S.signature() == by_hand(base)
    # Encoded again from what was remembered, it is the same.
    assert S.signature() == by_hand(base)
    unsorted = "zeta=1%20~&b=2&a=1&oauth_consumer_key=Key&oauth_nonce=n"
    base = f"POST&http%3A%2F%2Flms.example%3A8081%2FLaunch%2F&{quote(unsorted, safe='~')}"
    assert S._replace(order=list).signature() == by_hand(base)


@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=4), st.booleans())
def test_any_parameters_are_signed_as_the_server_signs_them(pairs: list[tuple[str, str]], encoded: bool) -> None:
    """Lone surrogates included; and where a client encodes nothing, what is joined is encoded all the same."""
    pairs = [(name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD]
    signing = Signing(method="POST", url="http://lms.example/", pairs=tuple(pairs), secret="s", memo={})
    if encoded:
        assert signing.signature() == oauth1.sign("POST", "http://lms.example/", pairs, "s")
    else:
        joined = "&".join(f"{name}={value}" for name, value in sorted(pairs))
        base = f"POST&http%3A%2F%2Flms.example%2F&{oauth1.percent_encode(joined)}"
        assert signing._replace(encode=lambda text: text).signature() == by_hand(base, b"s&")


def test_each_text_is_encoded_once_for_all_signings_made_from_one() -> None:
    seen: list[str] = []

    def encode(text: str) -> str:
        seen.append(text)
        return oauth1.percent_encode(text)

    signing = S._replace(encode=encode, memo={})
    first = signing.signature()
    assert signing._replace(method="GET").signature() != first
    assert sorted(seen) == sorted({text for pair in PAIRS for text in pair})
    # Another encoding does not get this one's texts.
    assert signing._replace(encode=str.upper).signature() != first
    assert signing.signature() == S.signature()


@pytest.mark.parametrize("text", ["ä", "\ud800", "a\udcff"])
def test_a_base_string_of_odd_text_is_signed_as_its_bytes(text: str) -> None:
    signing = S._replace(base=lambda method, uri, parameters: text)
    key, raw = b"s3cr%26t&", text.encode(errors="surrogatepass")
    assert signing.signature() == b64encode(hmac.new(key, raw, hashlib.sha1).digest()).decode()


# --- the URL ---
@pytest.mark.parametrize(
    ("change", "url", "signed"),
    [
        (wrong.without_slash, "http://h/a/?q=1", ["http://h/a?q=1"]),
        (wrong.without_slash, "http://h/a//", ["http://h/a"]),
        (wrong.without_slash, "http://h//X/", ["http://h//X"]),
        (wrong.without_slash, "http://h/a?q=/", []),
        (wrong.with_slash, "http://h/a?q=1", ["http://h/a/?q=1"]),
        (wrong.with_slash, "http://h/a/", []),
        (wrong.other_scheme, "http://h:81/a", ["https://h:81/a"]),
        (wrong.other_scheme, "https://h:81/a", ["http://h:81/a"]),
        (wrong.other_scheme_same_port, "http://h:81/a?q", ["https://h/a?q"]),
        (wrong.other_scheme_same_port, "https://h:81/a", ["http://h/a"]),
        (wrong.other_scheme_same_port, "https://[::1]:81/a", ["http://[::1]/a"]),
        (wrong.without_port, "http://h:81/a?q", ["http://h/a?q"]),
        (wrong.without_port, "http://[::1]:81/a", ["http://[::1]/a"]),
        (wrong.without_port, "http://h/a", []),
        (wrong.loopback_swapped, "http://localhost:81/a", ["http://127.0.0.1:81/a", "http://[::1]:81/a"]),
        (wrong.loopback_swapped, "http://127.0.0.1/a", ["http://localhost/a", "http://[::1]/a"]),
        (wrong.loopback_swapped, "http://[::1]:81/a", ["http://localhost:81/a", "http://127.0.0.1:81/a"]),
        (wrong.www_swapped, "http://www.h:81/a", ["http://h:81/a"]),
        (wrong.www_swapped, "http://h:81/a", ["http://www.h:81/a"]),
        (wrong.www_swapped, "http://h.www./a", ["http://www.h.www./a"]),
        (wrong.path_lowered, "http://h/Launch/A?Q=1", ["http://h/launch/a?Q=1"]),
        (wrong.path_lowered, "http://h/launch", []),
        (wrong.double_slash, "http://h/a?q", ["http://h//a?q"]),
    ],
)
def test_another_url_is_signed(change: Change, url: str, signed: list[str]) -> None:
    assert urls(change, url) == signed


def test_the_host_of_a_url() -> None:
    assert wrong.host_of("http://user@Lms.example:81/") == "lms.example"
    assert wrong.host_of("http://[::1]:81/") == "[::1]"
    assert wrong.host_of("/launch") == ""


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("http://Lms.example/a", "http://lms.example:80/a"),
        ("http://lms.example:80/a", "http://lms.example:80/a"),
        ("https://lms.example/a", "https://lms.example:443/a"),
        ("https://lms.example:443", "https://lms.example:443/"),
        ("http://[::0001]/a", "http://[::1]:80/a"),
        # A host whose name is found elsewhere in the URL as well.
        ("http://p/p/http://p/", "http://p:80/p/http://p/"),
    ],
)
def test_a_default_port_that_was_not_dropped(url: str, uri: str) -> None:
    (changed,) = wrong.default_port_kept(S)
    assert changed.uri(url) == uri
    assert changed._replace(uri=S.uri) == S


@pytest.mark.parametrize("url", ["http://h:443/", "https://h:80/", "http://h:8081/"])
def test_only_a_default_port_can_have_been_kept(url: str) -> None:
    (changed,) = wrong.default_port_kept(S)
    with pytest.raises(ValueError, match=r"\d+ is not the default port"):
        changed.uri(url)


def test_the_query_goes_into_the_uri() -> None:
    (changed,) = wrong.query_in_uri(S)
    assert changed.uri(URL) == "http://lms.example:8081/Launch/?b=2&a=1"
    assert changed.pairs == PAIRS
    (changed,) = wrong.query_in_uri_only(S)
    assert changed.uri(URL) == "http://lms.example:8081/Launch/?b=2&a=1"
    assert changed.pairs == (PAIRS[0], *PAIRS[3:])
    (changed,) = wrong.query_parameters_left_out(S)
    assert changed == S._replace(pairs=(PAIRS[0], *PAIRS[3:]))
    for change in (wrong.query_in_uri, wrong.query_in_uri_only, wrong.query_parameters_left_out):
        assert change(S._replace(url="http://lms.example/Launch/")) == []


@pytest.mark.parametrize(("url", "path"), [(URL, "/Launch/"), ("http://lms.example", "/")])
def test_only_the_path_is_signed(url: str, path: str) -> None:
    (changed,) = wrong.path_only(S._replace(url=url))
    assert changed.uri(url) == path
    assert changed._replace(uri=S.uri) == S._replace(url=url)


# --- the secret ---
def test_another_key_is_made_of_the_secret() -> None:
    (changed,) = wrong.with_key(lambda secret: f"{secret}\ud800")(S)
    assert changed.key("anything") == b"s3cr&t\xed\xa0\x80"
    assert changed._replace(key=S.key) == S
    assert wrong.with_key(lambda secret: "s3cr%26t&")(S) == []


def test_another_secret_is_used() -> None:
    assert wrong.with_secret(lambda s: s.secret.upper())(S) == [S._replace(secret="S3CR&T")]
    assert wrong.with_secret(lambda s: "s3cr&t")(S) == []
    assert wrong.consumer_key(S) == "Key"
    assert wrong.consumer_key(S._replace(pairs=(("oauth_nonce", "Key"),))) == "s3cr&t"


# --- the parameters ---
@pytest.mark.parametrize(
    ("change", "sent", "signed"),
    [
        (wrong.keeping(lambda name, value: name != "a" and value != "2"), PAIRS, [(PAIRS[0], *PAIRS[3:])]),
        (wrong.keeping(lambda name, value: True), PAIRS, []),
        (wrong.trimmed, ((" a ", " 1\r\n"), ("b", "2 ")), [((" a ", "1"), ("b", "2"))]),
        (wrong.trimmed, ((" a ", "1 2"),), []),
        (wrong.newlines, (("\r\n", "1\r\n\r\n2\n\r"),), [(("\r\n", "1\n\n2\n\r"),)]),
        (wrong.newlines, (("\r\n", "1\n2\r"),), []),
        (wrong.names_lowered, (("Custom_A", "Value"), ("b", "2")), [(("custom_a", "Value"), ("b", "2"))]),
        (wrong.names_lowered, (("custom_a", "Value"),), []),
        (wrong.one_added, PAIRS, [PAIRS[1:], (PAIRS[0], *PAIRS[2:]), (*PAIRS[:2], *PAIRS[3:])]),
        (wrong.one_added, PAIRS[3:], []),
        (wrong.button_added, PAIRS, []),
    ],
)
def test_other_parameters_are_signed(
    change: Change, sent: tuple[tuple[str, str], ...], signed: list[tuple[tuple[str, str], ...]]
) -> None:
    assert pairs(change, *sent) == signed


def test_one_field_of_oauths_is_left_out() -> None:
    assert pairs(wrong.oauth_left_out("oauth_nonce"), *PAIRS) == [PAIRS[:4]]
    assert pairs(wrong.oauth_left_out("oauth_version"), *PAIRS) == []


@pytest.mark.parametrize(
    "button", ["submit", "ext_submit", "ext_basiclti_submit", "basiclti_submit", "csrf_token", "csrfmiddlewaretoken"]
)
def test_buttons_and_their_tokens_come_after_signing(button: str) -> None:
    for name in (button, button.title()):
        assert pairs(wrong.button_added, (name, "Go"), *PAIRS) == [PAIRS]
        assert pairs(wrong.button_added, (f"{name}s", "Go"), *PAIRS) == []


def test_no_more_than_sixty_fields_are_suspected_of_having_been_added() -> None:
    many = tuple((f"f{i}", "") for i in range(61))
    assert pairs(wrong.one_added, *many) == [many[:i] + many[i + 1 :] for i in range(60)]


# --- encoding ---
def test_another_encoding() -> None:
    (changed,) = wrong.with_encoding(encoders.latin1)(S)
    assert changed == S._replace(encode=encoders.latin1)


def test_another_base_string() -> None:
    (changed,) = wrong.with_base(encoders.base_lower_hex)(S)
    assert changed == S._replace(base=encoders.base_lower_hex)
    text = "a%3d1%26b%3d2%26oauth_consumer_key%3dKey%26oauth_nonce%3dn%26zeta%3d1%2520~"
    assert changed.signature() == by_hand(f"POST&http%3a%2f%2flms.example%3a8081%2fLaunch%2f&{text}")


# --- method, hash and output ---
def test_another_method_hash_or_output() -> None:
    assert wrong.with_method(lambda _: "GET")(S) == [S._replace(method="GET")]
    assert wrong.with_method(str.upper)(S) == []
    (hashed,) = wrong.with_hash("sha256")(S)
    assert hashed.mac(b"key", b"text") == hmac.new(b"key", b"text", hashlib.sha256).digest()
    assert hashed._replace(mac=S.mac) == S
    assert wrong.with_output(bytes.hex)(S) == [S._replace(output=bytes.hex)]
    (changed,) = wrong.with_output(bytes.hex)(S)
    assert (
        bytes.fromhex(changed.signature())
        == hmac.new(
            b"s3cr%26t&",
            oauth1.signature_base_string("POST", "http://lms.example:8081/Launch/", PAIRS).encode(),
            "sha1",
        ).digest()
    )
    assert wrong.base64(b"\xff\xfe\xfd") == "//79"
