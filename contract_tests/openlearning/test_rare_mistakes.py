"""Rare mistakes in signing launches, each made and sent here."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_PLAINTEXT, SIGNATURE_TYPE_BODY, Client

from contract_tests.openlearning.site import Site
from contract_tests.openlearning.test_integrators_mistakes import Pairs, fields, post, rfc3986
from contract_tests.openlearning.test_more_mistakes import changed, made

Habit = Callable[[str, Pairs, str], str]
Value = Callable[[str], str]


def valued(change: Value) -> Habit:
    return lambda u, p, s: made(u, [(name, change(value)) for name, value in p], s)


def named(field: str, value: str) -> Habit:
    return lambda u, p, s: made(u, [(name, value if name == field else sent) for name, sent in p], s)


def with_field(name: str, value: str) -> Habit:
    return lambda u, p, s: made(u, [*p, (name, value)], s)


def keyed(key: Callable[[str], str]) -> Habit:
    return lambda u, p, s: made(u, p, s, key=key(s))


def secret(change: Value) -> Habit:
    return lambda u, p, s: made(u, p, change(s))


def sha1_of(pairs: Pairs) -> str:
    """The body hash of a form."""
    return base64.b64encode(hashlib.sha1(urlencode(pairs).encode(), usedforsecurity=False).digest()).decode()


def joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted((rfc3986(n), rfc3986(v)) for n, v in pairs))


def over(base: Callable[[str, str, Pairs], str]) -> Habit:
    """Sign any text with the right key."""

    def signature(u: str, p: Pairs, s: str) -> str:
        return made(u, p, s, again=lambda text: base(u, joined(p), p) if text == u else "", between="", method="")

    return signature


def moved(seconds: int) -> Habit:
    return lambda u, p, s: named("oauth_timestamp", str(int(dict(p)["oauth_timestamp"]) + seconds))(u, p, s)


def left_out(field: str) -> Habit:
    return lambda u, p, s: made(u, [pair for pair in p if pair[0] != field], s)


def address(change: Value) -> Habit:
    return lambda u, p, s: made(change(u), p, s)


NAMED: dict[str, list[Habit]] = {
    "the URL was signed with a fragment": [address(lambda u: f"{u}#"), address(lambda u: f"{u}#main")],
    "the URL was signed with a '?' and no query": [address(lambda u: f"{u}?")],
    "the URL was signed with white space after it": [address(lambda u: f"{u} "), address(lambda u: f"{u}\n")],
    "the URL was signed with its scheme in capitals": [address(lambda u: u.replace("http", "HTTP"))],
    "the URL was signed with user and password in it": [
        lambda u, p, s: made(u.replace("://", f"://{dict(p)['oauth_consumer_key']}:{s}@"), p, s)
    ],
    "a field of OAuth was left out: oauth_nonce": [left_out("oauth_nonce")],
    "a field of OAuth was left out: oauth_timestamp": [left_out("oauth_timestamp")],
    "the oauth_nonce was signed as a variable without a value": [
        named("oauth_nonce", ""),
        named("oauth_nonce", "undefined"),
    ],
    "another oauth_timestamp was signed than was sent; it was made twice": [moved(-40), moved(-110), moved(3)],
    "the first characters of the secret are missing: 2": [secret(lambda s: s[2:])],
    "a byte order mark in front": [secret(lambda s: f"\ufeff{s}")],
    "with CR LF at its end": [secret(lambda s: f"{s}\r\n")],
    "the brackets of a manual around it": [secret(lambda s: f"<{s}>"), secret(lambda s: f"${{{s}}}")],
    "the secret was written in hex digits first": [secret(lambda s: s.encode().hex())],
    "a variable without a value was used as the token secret": [
        keyed(lambda s: f"{rfc3986(s)}&undefined"),
        keyed(lambda s: f"{rfc3986(s)}&None"),
    ],
    "the '&' of the key was percent-encoded": [keyed(lambda s: f"{rfc3986(s)}%26")],
    "consumer secret and consumer key were joined": [
        lambda u, p, s: made(u, p, s, key=f"{rfc3986(s)}&{dict(p)['oauth_consumer_key']}")
    ],
    "only scheme and host of the URL were signed": [lambda u, p, s: made(changed(u, path="/"), p, s)],
    "blank parameters were signed as a variable without a value": [
        valued(lambda v: v or "None"),
        valued(lambda v: v or "null"),
    ],
    "true and false were signed in another way of writing": [
        valued(lambda v: "True" if v == "true" else v),
        valued(lambda v: "1" if v == "true" else v),
    ],
    "signed in lower or upper case and sent as it was: lis_person_contact_email_primary": [
        lambda u, p, s: made(u, [(n, v.lower() if "email" in n else v) for n, v in p], s)
    ],
    "taken for Latin-1 before it was signed": [valued(lambda v: v.encode().decode("latin-1"))],
    "characters beyond ASCII were signed as '?', or left out": [
        valued(lambda v: v.encode("ascii", "ignore").decode()),
        valued(lambda v: v.encode("ascii", "replace").decode()),
    ],
    "values were signed as JSON writes them": [
        valued(json.dumps),
        valued(lambda v: json.dumps(v)[1:-1]),
        valued(lambda v: v.replace("/", "\\/")),
    ],
    "another signature method was signed than was sent: HMAC-SHA256": [named("oauth_signature_method", "HMAC-SHA256")],
    "oauth_consumer_key was signed without its value": [named("oauth_consumer_key", "")],
    "signed in milliseconds and sent in seconds": [
        lambda u, p, s: named("oauth_timestamp", f"{dict(p)['oauth_timestamp']}000")(u, p, s)
    ],
    "the realm was signed": [with_field("realm", ""), lambda u, p, s: with_field("realm", u)(u, p, s)],
    "an oauth_body_hash was signed but not sent": [
        with_field("oauth_body_hash", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
        lambda u, p, s: with_field("oauth_body_hash", sha1_of([pair for pair in p if "oauth" not in pair[0]]))(u, p, s),
        lambda u, p, s: with_field("oauth_body_hash", sha1_of(p))(u, p, s),
    ],
    "encoded otherwise than RFC 3986 has it: Latin-1, spaces as '+'": [
        lambda u, p, s: made(u, p, s, escape=lambda text: quote_plus(text, safe="~", encoding="latin-1"))
    ],
    "the first characters of the secret are missing: 13": [secret(lambda s: s[13:])],
    "joined without '&'": [lambda u, p, s: made(u, p, s, between="")],
    "the method is missing": [over(lambda u, text, _: f"{rfc3986(u)}&{rfc3986(text)}")],
    "the URL with the parameters as its query was signed": [over(lambda u, text, _: f"{u}?{text}")],
    "the parameters alone were signed": [over(lambda u, text, _: text)],
    "the body was signed as it was sent": [over(lambda u, text, pairs: urlencode(pairs))],
    "without any key": [
        lambda u, p, s: base64.b64encode(
            hashlib.sha1("&".join(("POST", rfc3986(u), rfc3986(joined(p)))).encode(), usedforsecurity=False).digest()
        ).decode()
    ],
    "it has 256 bytes, as RSA makes": [lambda u, p, s: base64.b64encode(bytes(range(256))).decode()],
    "it has 16 bytes": [lambda u, p, s: "0123456789abcdef" * 2],
    "it is a JWT": [lambda u, p, s: "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmVk"],
    "it is the consumer secret itself": [lambda u, p, s: s, lambda u, p, s: f"{rfc3986(s)}&"],
}


@pytest.fixture
def pairs(site: Site) -> Pairs:
    """A launch with blanks, truth values, capitals and slashes in it."""
    further = {"custom_blank": "", "custom_flag": "true", "custom_path": "a/b é", "oauth_version": "1.0"}
    return fields(site, lis_person_contact_email_primary="Zoe@Example.edu", **further)


def test_each_is_named(site: Site, pairs: Pairs) -> None:
    url, key = site.info.launch_url, site.info.consumer_secret
    unnamed = []
    for words, habits in NAMED.items():
        for habit in habits:
            assert post(url, [*pairs, ("oauth_signature", habit(url, pairs, key))]).status_code == 403, words
            if words not in str(site.refusal().diagnosis):
                unnamed.append((words, site.refusal().diagnosis))
    assert unnamed == []
    assert post(url, [*pairs, ("oauth_signature", made(url, pairs, key))]).status_code == 302
    assert sum(len(habits) for habits in NAMED.values()) >= 35


def test_a_plus_that_was_not_encoded(site: Site, pairs: Pairs) -> None:
    url, key = site.info.launch_url, site.info.consumer_secret
    pairs.append(("custom_sum", "1+1"))
    signed = urlencode([*pairs, ("oauth_signature", made(url, pairs, key))])
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert httpx.post(url, content=signed.replace(quote_plus("1+1"), "1+1"), headers=kind).status_code == 403
    assert "a '+' was not percent-encoded in the form" in str(site.refusal().diagnosis)
    assert httpx.post(url, content=signed, headers=kind).status_code == 302


def test_plaintext_of_a_library_under_the_name_of_hmac(site: Site) -> None:
    url = site.info.launch_url
    client = Client(
        site.info.consumer_key,
        site.info.consumer_secret,
        signature_method=SIGNATURE_PLAINTEXT,
        signature_type=SIGNATURE_TYPE_BODY,
    )
    body = {"lti_message_type": "basic-lti-launch-request", "lti_version": "LTI-1p0", "resource_link_id": "1"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    uri, headers, signed = client.sign(url, "POST", body, kind)
    assert httpx.post(uri, content=signed, headers=headers).status_code == 400
    assert "PLAINTEXT is another method" in str(site.refusal().diagnosis)
    assert httpx.post(uri, content=signed.replace("PLAINTEXT", "HMAC-SHA1"), headers=headers).status_code == 403
    assert "it is the consumer secret itself" in str(site.refusal().diagnosis)


def test_a_host_in_capitals(site: Site, pairs: Pairs) -> None:
    url = site.info.launch_url.replace("127.0.0.1", "localhost")
    for signed, status in (
        (url.replace("localhost", "Localhost"), 403),
        (url.replace("localhost", "LOCALHOST"), 403),
        (url, 302),
    ):
        answer = post(url, [*pairs, ("oauth_signature", made(signed, pairs, site.info.consumer_secret))])
        assert answer.status_code == status
        refusal = site.refusal()
        if status == 403:
            assert refusal is not None
            assert "the URL was signed with its host in capitals" in str(refusal.diagnosis)


def test_a_nonce_that_was_drawn_twice_cannot_be_guessed(site: Site, pairs: Pairs) -> None:
    """What cannot be known is not claimed: the diagnosis is that the message was changed, or the secret is another."""
    signature = named("oauth_nonce", "another")(site.info.launch_url, pairs, site.info.consumer_secret)
    assert post(site.info.launch_url, [*pairs, ("oauth_signature", signature)]).status_code == 403
    refusal = site.refusal()
    assert refusal is not None
    assert "the message was changed after signing" in str(refusal.diagnosis)
