"""Further mistakes of integrators, made by a signer of our own; with the neighbouring modules they are over sixty."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature

from contract_tests.openlearning.site import Site, hmac_sha1
from contract_tests.openlearning.test_integrators_mistakes import Pairs, fields, post, rfc3986, sign
from lms_emulator import Emulator

pytestmark = pytest.mark.slow


def made(
    url: str,
    pairs: Pairs,
    secret: str,
    *,
    method: str = "POST",
    key: str | None = None,
    escape: Callable[[str], str] = rfc3986,
    again: Callable[[str], str] = rfc3986,
    order: Callable[[Pairs], Pairs] = sorted,
    between: str = "&",
    digest: Any = hashlib.sha1,
    written: Callable[[bytes], str] = lambda raw: base64.b64encode(raw).decode(),
) -> str:
    """A signature with these habits; without any, a right one."""
    joined = "&".join(f"{name}={value}" for name, value in order([(escape(n), escape(v)) for n, v in pairs]))
    base = between.join((again(method), again(url), again(joined)))
    key = f"{rfc3986(secret)}&" if key is None else key
    return written(hmac.new(key.encode(), base.encode(), digest).digest())


def without(pairs: Pairs, *starts: str) -> Pairs:
    return [(name, value) for name, value in pairs if not name.startswith(starts)]


def lowered(text: str) -> str:
    upper = rfc3986(text)
    return "".join(c.lower() if "%" in upper[max(i - 2, 0) : i] else c for i, c in enumerate(upper))


def changed(url: str, **parts: Any) -> str:
    return str(httpx.URL(url).copy_with(**parts))


HABITS: dict[str, Callable[[str, Pairs, str], str]] = {
    "the method was signed in lower case": lambda u, p, s: made(u, p, s, method="post"),
    "the signature was made for GET": lambda u, p, s: made(u, p, s, method="GET"),
    "the '&' was put before the secret": lambda u, p, s: made(u, p, s, key=f"&{rfc3986(s)}"),
    "the secret was used as the token secret too": lambda u, p, s: made(u, p, s, key=f"{rfc3986(s)}&{rfc3986(s)}"),
    "the secret was used with a newline at its end": lambda u, p, s: made(u, p, s + "\n"),
    "an empty secret was used": lambda u, p, s: made(u, p, ""),
    "the consumer key was used as the secret": lambda u, p, s: made(u, p, dict(p)["oauth_consumer_key"]),
    "only the OAuth fields were signed": lambda u, p, s: made(u, [row for row in p if row[0].startswith("oauth")], s),
    "only the message was signed": lambda u, p, s: made(u, without(p, "oauth_"), s),
    "oauth_callback was left out": lambda u, p, s: made(u, without(p, "oauth_callback"), s),
    "oauth_version was left out": lambda u, p, s: made(u, without(p, "oauth_version"), s),
    "the custom_ and ext_ parameters were left out": lambda u, p, s: made(u, without(p, "custom_", "ext_"), s),
    "not sorted": lambda u, p, s: made(u, p, s, order=list),
    "spaces were encoded as '+'": lambda u, p, s: made(u, p, s, escape=lambda t: quote_plus(t, safe="~")),
    "percent-encoded twice": lambda u, p, s: made(u, p, s, escape=lambda t: rfc3986(rfc3986(t))),
    "names and values were not percent-encoded": lambda u, p, s: made(u, p, s, escape=str),
    "percent-encoding used lower-case hex digits": lambda u, p, s: made(u, p, s, escape=lowered),
    "text was encoded as Latin-1": lambda u, p, s: made(
        u, p, s, escape=lambda t: quote(t, safe="~", encoding="latin-1")
    ),
    "encodeURIComponent was used": lambda u, p, s: made(u, p, s, escape=lambda t: quote(t, safe="~!'()*")),
    "'/' was left bare": lambda u, p, s: made(u, p, s, escape=lambda t: quote(t, safe="~/")),
    "the base string was encoded with lower-case hex digits": lambda u, p, s: made(u, p, s, again=lowered),
    "joined without being percent-encoded": lambda u, p, s: made(u, p, s, again=str),
    "joined with newlines": lambda u, p, s: made(u, p, s, between="\n"),
    "HMAC-SHA512": lambda u, p, s: made(u, p, s, digest=hashlib.sha512),
    "HMAC-MD5": lambda u, p, s: made(u, p, s, digest=hashlib.md5),
    "the signature is hex": lambda u, p, s: made(u, p, s, written=lambda raw: raw.hex().upper()),
    "the hex digits of the digest": lambda u, p, s: made(
        u, p, s, written=lambda raw: base64.b64encode(raw.hex().encode()).decode()
    ),
    "the padding '='": lambda u, p, s: made(u, p, s).rstrip("="),
    "the signature was percent-encoded once more": lambda u, p, s: quote(made(u, p, s), safe=""),
    "the signature has a newline": lambda u, p, s: made(u, p, s) + "\n",
    "the signature was lower-cased": lambda u, p, s: made(u, p, s).lower(),
    "without its port": lambda u, p, s: made(changed(u, port=None), p, s),
    "as behind a proxy": lambda u, p, s: made(changed(u, port=None, scheme="https"), p, s),
    "the usual port of its scheme": lambda u, p, s: made(f"https://{httpx.URL(u).host}:443{httpx.URL(u).path}", p, s),
    "with two leading slashes": lambda u, p, s: made(u.replace("/lti/", "//lti/"), p, s),
    "only the path": lambda u, p, s: made(httpx.URL(u).path, p, s),
    "the URL was percent-encoded once more": lambda u, p, s: made(quote(u, safe=""), p, s),
    "written out as Python's bytes": lambda u, p, s: made(u, p, f"b'{s}'"),
    "a hash of the secret was used as the secret: md5": lambda u, p, s: made(
        u, p, hashlib.md5(s.encode(), usedforsecurity=False).hexdigest()
    ),
    "the secret was cut: 20 of 26 characters": lambda u, p, s: made(u, p, s[:20]),
    "the secret was upper-cased": lambda u, p, s: made(u, p, s.upper()),
    "key and secret were joined": lambda u, p, s: made(u, p, s, key=f"{dict(p)['oauth_consumer_key']}&{rfc3986(s)}"),
    "sorted backwards": lambda u, p, s: made(u, p, s, order=lambda pairs: sorted(pairs, reverse=True)),
    "the OAuth fields were signed before all others": lambda u, p, s: made(
        u, p, s, order=lambda pairs: sorted(pairs, key=lambda pair: (not pair[0].startswith("oauth_"), pair))
    ),
    "an empty oauth_token was signed but not sent": lambda u, p, s: made(u, [*p, ("oauth_token", "")], s),
    "with a line break or '&' at its end": lambda u, p, s: made(
        u, p, s, order=lambda pairs: [*sorted(pairs)[:-1], (sorted(pairs)[-1][0], f"{sorted(pairs)[-1][1]}&")]
    ),
    'something around it: "…"': lambda u, p, s: f'"{made(u, p, s)}"',
    "encoded in base64 twice": lambda u, p, s: base64.b64encode(made(u, p, s).encode()).decode(),
    "the signature was cut: 20 of 28 characters": lambda u, p, s: made(u, p, s)[:20],
    "parameter names were lower-cased": lambda u, p, s: made(u, [(n.lower(), v) for n, v in p], s),
}


@pytest.mark.parametrize("words", HABITS)
def test_a_habit_is_named(site: Site, words: str) -> None:
    url, secret = site.info.launch_url, site.info.consumer_secret
    pairs = fields(site, custom_path="a/b é", oauth_callback="about:blank", oauth_version="1.0")
    pairs.sort(key=lambda pair: pair[1])  # in no order of names
    assert post(url, [*pairs, ("oauth_signature", HABITS[words](url, pairs, secret))]).status_code == 403
    assert words in site.refusal().diagnosis
    assert post(url, [*pairs, ("oauth_signature", made(url, pairs, secret))]).status_code == 302


def test_no_two_are_called_the_same() -> None:
    assert len(set(HABITS)) == len(HABITS) >= 30


# a form that a redirect loses


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        yield client


def test_a_slashless_launch_that_a_browser_follows(site: Site, browser: httpx.Client) -> None:
    """A 301 turns the POST into a GET without the form; that is not a link that was followed."""
    pairs, url = fields(site), site.info.launch_url
    form = dict([*pairs, ("oauth_signature", sign(url, pairs, site.info.consumer_secret))])
    assert browser.post(url.rstrip("/"), data=form).status_code == 405
    assert "was posted to /lti/launch without its trailing slash" in site.refusal().diagnosis
    assert browser.get(url).status_code == 405
    assert "followed as a link" in site.refusal().diagnosis
    assert post(url, list(form.items())).status_code == 302


def test_another_browsers_redirect_is_not_mistaken(lms: Emulator, site: Site) -> None:
    """Only the very request before counts."""
    httpx.post(site.info.launch_url.rstrip("/"), data={"a": "b"}, trust_env=False)
    site.get("/institutions/lakeside/")
    httpx.get(site.info.launch_url, trust_env=False)
    assert "followed as a link" in site.refusal().diagnosis


_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(_VALUES.filter(bool), _VALUES, max_size=6), _VALUES.filter(bool))
def test_without_a_habit_the_signers_of_these_tests_are_oauthlibs(fields: dict[str, str], secret: str) -> None:
    """So that what a habit changes is the mistake, and nothing else."""
    url, pairs = "http://lms.example.test/launch/", list(fields.items())
    base = signature.signature_base_string("POST", url, signature.normalize_parameters(pairs))
    right = signature.sign_hmac_sha1_with_client(base, Client("key", client_secret=secret))
    assert made(url, pairs, secret) == sign(url, pairs, secret) == hmac_sha1(url, fields, secret) == right
