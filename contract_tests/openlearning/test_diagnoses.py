"""The journal names the mistake behind a refused launch, when it reproduces what was sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract_tests.openlearning.site import Site, hmac_sha1

Unsigned = dict[str, str]


def unsigned(site: Site) -> Unsigned:
    params: Unsigned = dict(site.signed(lis_person_name_full="Zoë O'Neil & Co", custom_empty="")["params"])
    del params["oauth_signature"]
    return params


def raw(url: str, params: Unsigned, key: str, digest: str = "sha1", method: str = "POST") -> bytes:
    def escape(text: str) -> str:
        return quote(text, safe="~")

    pairs = "&".join(sorted(f"{escape(name)}={escape(value)}" for name, value in params.items()))
    base = "&".join(escape(part) for part in (method, url, pairs))
    return hmac.new(key.encode(), base.encode(), getattr(hashlib, digest)).digest()


def text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


MISTAKES: dict[str, Callable[[str, Unsigned, str], str]] = {
    "without its trailing slash": lambda url, params, secret: hmac_sha1(url.rstrip("/"), params, secret),
    "http and https were swapped": lambda url, params, secret: hmac_sha1("https" + url[4:], params, secret),
    "made for GET": lambda url, params, secret: hmac_sha1(url, params, secret, method="GET"),
    "'&' after the consumer secret is missing": lambda url, params, secret: text(raw(url, params, secret)),
    "only the OAuth fields were signed": lambda url, params, secret: hmac_sha1(
        url, {name: value for name, value in params.items() if name.startswith("oauth_")}, secret
    ),
    "blank parameters were left out": lambda url, params, secret: hmac_sha1(
        url, {name: value for name, value in params.items() if value}, secret
    ),
    "HMAC-SHA256": lambda url, params, secret: text(raw(url, params, secret + "&", "sha256")),
    "hex instead of base64": lambda url, params, secret: raw(url, params, secret + "&").hex(),
    "http://localhost:": lambda url, params, secret: hmac_sha1(url.replace("127.0.0.1", "localhost"), params, secret),
    "https://www.openlearning.com/lti/launch/ was signed": lambda url, params, secret: hmac_sha1(
        "https://www.openlearning.com/lti/launch/", params, secret
    ),
    "it was signed with a consumer secret of eveningClassConsumerKey2, not with that of": lambda url, params, secret: (
        hmac_sha1(url, params, "evening-secret.not~real_2")
    ),
    "consumer key was used as the secret": lambda url, params, secret: hmac_sha1(
        url, params, params["oauth_consumer_key"]
    ),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_mistakes_of_self_signed_launches_are_named(site: Site, words: str) -> None:
    params = unsigned(site)
    url, secret = site.info.launch_url, site.info.consumer_secret
    signature = MISTAKES[words](url, params, secret)
    response = httpx.post(url, data=params | {"oauth_signature": signature})
    assert response.status_code == 403
    assert words not in response.text
    explained = httpx.get(response.headers["x-emulator-explain"]).json()
    assert explained["refusal"]["reason"] == "launch_signature"
    assert words in explained["refusal"]["diagnosis"]
    assert explained["notes"]["signature_base_string"].startswith("POST&http%3A%2F%2F")
    right = hmac_sha1(url, params, secret)
    assert explained["refusal"]["expected"] == right
    assert httpx.post(url, data=params | {"oauth_signature": right}).status_code == 302


def test_two_mistakes_at_once(site: Site) -> None:
    params = unsigned(site)
    signature = text(raw(site.info.launch_url.rstrip("/"), params, site.info.consumer_secret))
    httpx.post(site.info.launch_url, data=params | {"oauth_signature": signature})
    diagnosis = site.refusal().diagnosis
    assert "trailing slash" in diagnosis
    assert "'&' after the consumer secret is missing" in diagnosis


def test_an_unexplained_signature_gets_no_guess(site: Site) -> None:
    params = unsigned(site)
    httpx.post(site.info.launch_url, data=params | {"oauth_signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="})
    diagnosis = site.refusal().diagnosis
    assert "no known mistake reproduces this signature" in diagnosis
    assert f"has {len(site.info.consumer_secret)} characters" in diagnosis


def test_the_checks_are_in_the_journal_in_their_order(site: Site) -> None:
    data: dict[str, Any] = site.launch_data()
    site.post_launch(data)
    names = [check["name"] for check in site.lms.requests.last.checks]
    order = [
        "the method is POST",
        "the body is a URL-encoded form",
        "oauth_consumer_key is in the form",
        "oauth_consumer_key is registered",
        "the LTI field lti_message_type",
        "the OAuth field oauth_nonce",
        "oauth_signature is the HMAC-SHA1 of this request",
        "oauth_timestamp is at most 300 s old",
        "oauth_nonce was never used with this key",
        "user_id is in the launch",
        "context_id is the id of a class of the institution, or mapped to one",
    ]
    assert [name for name in names if name in order] == order
