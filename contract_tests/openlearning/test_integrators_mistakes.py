"""Mistakes that integrators report, each made by a signer of our own and sent over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest

from contract_tests.openlearning.site import Site
from contract_tests.openlearning.test_diagnoses import raw, unsigned

Pairs = list[tuple[str, str]]
Escape = Callable[[str], str]


def rfc3986(text: str) -> str:
    return quote(text, safe="~")


def java(text: str) -> str:
    return quote_plus(text, safe="*").replace("~", "%7E")


def dotnet(text: str) -> str:
    upper = quote_plus(text, safe="!*()").replace("~", "%7E")
    return "".join(c.lower() if i >= 2 and "%" in upper[i - 2 : i] else c for i, c in enumerate(upper))


def javascript(text: str) -> str:
    return "".join(
        c
        if c.isascii() and (c.isalnum() or c in "@*_+-./")
        else f"%{ord(c):02X}"
        if ord(c) < 256
        else f"%u{ord(c):04X}"
        for c in text
    )


def sign(
    url: str,
    pairs: Pairs,
    secret: str,
    *,
    escape: Escape = rfc3986,
    again: Escape | None = None,
    order: Callable[[Pairs], Pairs] = sorted,
) -> str:
    """HMAC-SHA1 over what a client with these habits would have signed."""
    joined = "&".join(f"{name}={value}" for name, value in order([(escape(n), escape(v)) for n, v in pairs]))
    again = again or escape
    base = "&".join((again("POST"), again(url), again(joined)))
    return base64.b64encode(hmac.new(f"{rfc3986(secret)}&".encode(), base.encode(), hashlib.sha1).digest()).decode()


def post(url: str, pairs: Pairs) -> httpx.Response:
    form = urlencode(pairs)
    return httpx.post(url, content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})


def fields(site: Site, **changes: str) -> Pairs:
    params = {
        **unsigned(site),
        "custom_list": "a b*c~d(e)!",
        "custom_Zoo": "1",
        "custom_aye": "2",
        "custom_{x}": "3",
        **changes,
    }
    return list(params.items())


def with_value(pairs: Pairs, field: str, value: str) -> Pairs:
    return [(n, value if n == field else v) for n, v in pairs]


def value(pairs: Pairs, field: str) -> str:
    return dict(pairs)[field]


Mistake = Callable[[str, Pairs, str], str]
SIGNED: dict[str, Mistake] = {
    "Java's URLEncoder": lambda url, pairs, secret: sign(url, pairs, secret, escape=java),
    "HttpUtility.UrlEncode": lambda url, pairs, secret: sign(url, pairs, secret, escape=dotnet),
    "JavaScript's escape": lambda url, pairs, secret: sign(url, pairs, secret, escape=javascript),
    "'%' was not encoded again": lambda url, pairs, secret: sign(
        url, pairs, secret, again=lambda part: rfc3986(part).replace("%25", "%")
    ),
    "sorted before they were encoded": lambda url, pairs, secret: sign(url, sorted(pairs), secret, order=list),
    "without regard to case": lambda url, pairs, secret: sign(
        url, pairs, secret, order=lambda p: sorted(p, key=lambda pair: pair[0].lower())
    ),
    "oauth_version was signed but not sent": lambda url, pairs, secret: sign(
        url, [*pairs, ("oauth_version", "1.0")], secret
    ),
    "oauth_callback was signed but not sent": lambda url, pairs, secret: sign(
        url, [*pairs, ("oauth_callback", "about:blank")], secret
    ),
    "an empty oauth_signature": lambda url, pairs, secret: sign(url, [*pairs, ("oauth_signature", "")], secret),
    "white space around it": lambda url, pairs, secret: sign(url, pairs, secret + " "),
    "a variable without a value": lambda url, pairs, secret: sign(url, pairs, "undefined"),
    "quotation marks around it": lambda url, pairs, secret: sign(url, pairs, f'"{secret}"'),
    "a value was trimmed after signing: lis_person_name_full": lambda url, pairs, secret: sign(
        url, with_value(pairs, "lis_person_name_full", value(pairs, "lis_person_name_full") + " "), secret
    ),
    "signed with HTML entities": lambda url, pairs, secret: sign(
        url, [(name, html.escape(text)) for name, text in pairs], secret
    ),
    "another Unicode normal form": lambda url, pairs, secret: sign(
        url, [(name, unicodedata.normalize("NFD", text)) for name, text in pairs], secret
    ),
    "another oauth_timestamp was signed": lambda url, pairs, secret: sign(
        url, with_value(pairs, "oauth_timestamp", str(int(value(pairs, "oauth_timestamp")) - 3)), secret
    ),
}


@pytest.mark.parametrize("words", SIGNED)
def test_a_mistake_in_signing_is_named(site: Site, words: str) -> None:
    pairs = [(n, v) for n, v in fields(site) if n not in ("oauth_version", "oauth_callback")]
    url, secret = site.info.launch_url, site.info.consumer_secret
    response = post(url, [*pairs, ("oauth_signature", SIGNED[words](url, pairs, secret))])
    assert response.status_code == 403
    assert words in site.refusal().diagnosis
    assert post(url, [*pairs, ("oauth_signature", sign(url, pairs, secret))]).status_code == 302


def test_a_field_that_is_added_after_signing_is_named(site: Site) -> None:
    pairs, url = fields(site), site.info.launch_url
    signature = sign(url, pairs, site.info.consumer_secret)
    assert post(url, [*pairs, ("ext_added", "1"), ("oauth_signature", signature)]).status_code == 403
    assert "a field was added to the form after signing: ext_added" in site.refusal().diagnosis


def test_a_field_that_came_twice_and_was_signed_once_is_named(site: Site) -> None:
    pairs, url = fields(site), site.info.launch_url
    signature = sign(url, pairs, site.info.consumer_secret)
    twice = [*pairs, ("custom_Zoo", "1"), ("oauth_signature", signature)]
    assert post(url, twice).status_code == 403
    assert "a field that came more than once was signed once: custom_Zoo" in site.refusal().diagnosis


@pytest.mark.parametrize("query", ["a=1", "a=1&b=2", "custom_x=5"])
def test_a_query_that_was_not_signed_is_named(site: Site, query: str) -> None:
    pairs, url = fields(site), site.info.launch_url
    signature = sign(url, pairs, site.info.consumer_secret)
    assert post(f"{url}?{query}", [*pairs, ("oauth_signature", signature)]).status_code == 403
    assert "the parameters of the URL's query were left out" in site.refusal().diagnosis


def test_a_query_signed_as_part_of_the_url_is_named(site: Site) -> None:
    pairs, url = fields(site), f"{site.info.launch_url}?a=1"
    assert post(url, [*pairs, ("oauth_signature", sign(url, pairs, site.info.consumer_secret))]).status_code == 403
    assert "as part of the URL" in site.refusal().diagnosis


def test_a_query_that_was_signed_twice_is_named(site: Site) -> None:
    pairs, url = fields(site), site.info.launch_url
    signature = sign(url, [*pairs, ("a", "1"), ("a", "1")], site.info.consumer_secret)
    assert post(f"{url}?a=1", [*pairs, ("oauth_signature", signature)]).status_code == 403
    assert "signed twice: from the URL, and among the fields" in site.refusal().diagnosis


def test_a_nonce_used_again_in_another_launch_is_not_called_a_double_click(site: Site) -> None:
    first = site.signed(custom_a="1", oauth_nonce="once-only")
    other = site.signed(custom_a="2", oauth_nonce="once-only")
    assert site.post_launch(first).status_code == 302
    assert site.post_launch(other).status_code == 403
    assert "another launch had the same nonce" in site.refusal().diagnosis
    assert site.post_launch(first).status_code == 403
    assert "posted twice" in site.refusal().diagnosis


@pytest.mark.parametrize(("minutes", "said"), [(30, "0:30:00 ahead"), (60, "1:00:00 ahead"), (-60, "1:00:00 back")])
def test_a_moved_clock_is_not_taken_for_a_time_zone(site: Site, minutes: int, said: str) -> None:
    launch = site.launch_data()
    site.lms.clock.advance(minutes=minutes)
    assert site.post_launch(launch).status_code == 403
    assert f"the emulator's clock was moved {said}" in site.refusal().diagnosis
    assert "UTC" not in site.refusal().diagnosis


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "\n", "the secret was used with a newline at its end"),
        (" ", "", "the secret was used with white space around it"),
    ],
)
def test_a_secret_copied_with_white_space_is_that_one_mistake(site: Site, before: str, after: str, said: str) -> None:
    """Most clients put the secret into the key as it is; the registered one has nothing to encode."""
    data, params = site.signed(), unsigned(site)
    made = base64.b64encode(raw(data["url"], params, f"{before}{site.info.consumer_secret}{after}&")).decode()
    assert site.post_launch(data | {"params": {**params, "oauth_signature": made}}).status_code == 403
    assert site.refusal().diagnosis == said


@pytest.mark.parametrize("steps", [(60,), (30, 30), (120, -60)])
def test_nor_is_a_clock_that_was_set_before_it_was_moved(site: Site, steps: tuple[int, ...]) -> None:
    site.lms.clock.set(datetime(2026, 3, 2, 12, tzinfo=UTC))
    launch = site.launch_data()
    for minutes in steps:
        site.lms.clock.advance(minutes=minutes)
    assert site.post_launch(launch).status_code == 403
    assert site.refusal().diagnosis == "the emulator's clock was moved 1:00:00 ahead since then; this is not a replay"


@pytest.mark.parametrize(("hours", "named"), [(-5, True), (5.75, True), (0.5, False), (2.25, False), (-11.75, False)])
def test_only_offsets_of_time_zones_are_taken_for_local_time(site: Site, hours: float, named: bool) -> None:
    moment = int(site.lms.clock.now.timestamp() + hours * 3600)
    assert site.post_launch(site.signed(oauth_timestamp=str(moment))).status_code == 403
    assert ("local time was probably taken for UTC" in site.refusal().diagnosis) == named


def test_a_consumer_key_in_other_case_or_with_a_typo_is_recognised(site: Site) -> None:
    key = site.info.consumer_key
    assert site.post_launch(site.signed(oauth_consumer_key=key.upper())).status_code == 403
    assert f"the registered one is {key}" in site.refusal().diagnosis
    assert site.post_launch(site.signed(oauth_consumer_key=key[:-2] + key[-1])).status_code == 403
    assert f"a character is missing at place {len(key) - 1}; the registered one is {key}" in site.refusal().diagnosis


# --- fields that go unread ---
def test_fields_in_the_url_are_named(site: Site) -> None:
    fields = {"full_name": "Q", "external_institution_id": "q1", "primary_email_address": "q@example.edu"}
    answer = site.post(site.managed_users(), params=fields)
    assert answer.status_code == 400
    assert "is in the URL's query" in site.refusal().diagnosis
    path = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    assert site.post(path, params={"class_id": site.info.class_id}).status_code == 200
    assert site.warnings() == ["field_in_query"]
    assert site.post(path, {"class_id": site.info.class_id}).status_code == 200
    assert site.warnings() == []
    assert site.post(path, {"class_id": ""}).status_code == 200
    assert site.warnings() == ["empty_class_id"]


def test_another_profile_of_an_account_that_exists(site: Site) -> None:
    assert site.provision(profile_image="no address").status_code == 200
    assert site.warnings() == ["profile_image_is_no_url"]
    assert site.provision(profile_image="no address").status_code == 200
    assert site.warnings() == ["profile_image_is_no_url"]
    assert site.provision(full_name="Somebody Else", profile_image="https://example.edu/z.png").status_code == 200
    assert site.warnings() == ["profile_ignored", "profile_ignored"]
    assert site.provision().status_code == 200
    assert site.warnings() == []


def test_a_field_that_is_signed_twice(site: Site) -> None:
    """Signed with both values, so it is valid: the first one counts."""
    pairs, url = [*fields(site), ("user_id", "somebody else")], site.info.launch_url
    signature = sign(url, pairs, site.info.consumer_secret)
    assert post(url, [*pairs, ("oauth_signature", signature)]).status_code == 302
    assert "repeated_field" in site.warnings()
