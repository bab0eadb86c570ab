"""LearningStudio's signed strings field by field, and the diagnosis of malformed ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import (
    AccessToken,
    Assertion,
    Malformed,
    SignedAssertion,
    format_timestamp,
    parse_access_token,
    parse_signed_assertion,
    sign_text,
)

SECRET = "0123456789abcdef"
ASSERTION = Assertion(
    application_name="App",
    consumer_key="key",
    application_id="application",
    client_string="gbtestc",
    username="ada",
    timestamp="2014-05-13T16:53:20Z",
)
TOKEN = AccessToken(
    application_id="application", consumer_key="key", user_id=7, expires=datetime(2015, 12, 24, 13, 44, 56, tzinfo=UTC)
)


# --- assertions ---
def test_the_order_of_the_fields() -> None:
    text = "App|key|application|gbtestc|ada|2014-05-13T16:53:20Z"
    assert ASSERTION.text == text
    tag = cmac_aes(SECRET.encode(), text.encode()).hex()
    assert ASSERTION.signature(SECRET) == tag
    assert ASSERTION.signed(SECRET) == f"{text}|{tag}"
    assert parse_signed_assertion(f"{text}|{tag}") == SignedAssertion(assertion=ASSERTION, signature=tag)


def test_odd_text_is_signed_as_its_bytes() -> None:
    assert sign_text(SECRET, "ä\ud800") == cmac_aes(SECRET.encode(), b"\xc3\xa4\xed\xa0\x80").hex()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a signed assertion has 7 fields between pipes, this one has 1"),
        ("a|b|c|d|e|f", "a signed assertion has 7 fields between pipes, this one has 6"),
        ("a|b|c|d|e|f|g|h", "a signed assertion has 7 fields between pipes, this one has 8"),
        ("|b|c|d|e|f|g", "the assertion's field applicationName is empty"),
        ("a||c|d|e|f|g", "the assertion's field consumerKey is empty"),
        ("a|b||d|e|f|g", "the assertion's field applicationId is empty"),
        ("a|b|c||e|f|g", "the assertion's field clientString is empty"),
        ("a|b|c|d||f|g", "the assertion's field userName is empty"),
        ("a|b|c|d|e||g", "the assertion's field timestamp is empty"),
        ("a|b|c|d|e|f|", "the assertion's field signature is empty"),
        ("a|b|c|d|||", "the assertion's field userName is empty"),
    ],
)
def test_the_error_says_why_a_text_is_no_assertion(text: str, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_signed_assertion(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("timestamp", ["2014-05-13 16:53:20Z", "2014-02-30T16:53:20Z"])
def test_the_error_says_why_a_text_is_no_timestamp(timestamp: str) -> None:
    with pytest.raises(Malformed) as caught:
        replace(ASSERTION, timestamp=timestamp).moment()
    assert str(caught.value) == f"the timestamp '{timestamp}' is not YYYY-MM-DDTHH:MM:SSZ in UTC"


def test_a_moment_is_written_in_utc() -> None:
    moment = datetime(2014, 5, 13, 18, 53, 20, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(moment) == "2014-05-13T16:53:20Z"
    assert ASSERTION.moment() == datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)


# --- access tokens ---
def test_a_token_in_each_of_its_forms() -> None:
    text = "application|key|7|2015-12-24T06:44:56"
    assert TOKEN.signed_text == text
    tag = cmac_aes(SECRET.encode(), text.encode()).hex()
    signed = TOKEN.sign(SECRET)
    assert signed == replace(TOKEN, signature=tag)
    assert signed.canonical == f"{text}|{tag}"
    assert signed.issued() == f"application|key|7|2015-12-24T06%3a44%3a56|{tag}"
    assert parse_access_token(signed.issued()) == signed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an access token has 5 fields between pipes, this one has 1"),
        ("a|k|7|2015-12-24T06:44:56", "an access token has 5 fields between pipes, this one has 4"),
        ("a|k|7|2015-12-24T06:44:56|s|t", "an access token has 5 fields between pipes, this one has 6"),
        ("a|k|x|2015-12-24T06:44:56|s", "the third field of an access token is the user's number, not 'x'"),
        ("a|k||2015-12-24T06:44:56|s", "the third field of an access token is the user's number, not ''"),
        ("a|k|²|2015-12-24T06:44:56|s", "the third field of an access token is the user's number, not '²'"),
        ("a|k|-7|2015-12-24T06:44:56|s", "the third field of an access token is the user's number, not '-7'"),
        ("a|k|07|2015-12-24T06:44:56|s", "the third field of an access token is the user's number, not '07'"),
        (
            f"a|k|{10**19}|2015-12-24T06:44:56|s",
            f"the third field of an access token is the user's number, not '{10**19}'",
        ),
        ("a|k|7|2015-12-24|s", "the fourth field of an access token is YYYY-MM-DDTHH:MM:SS, not '2015-12-24'"),
        (
            "a|k|7|2015-02-30T06:44:56|s",
            "the fourth field of an access token is YYYY-MM-DDTHH:MM:SS, not '2015-02-30T06:44:56'",
        ),
        (
            "a|k|7|9999-12-31T23:59:59|s",
            "the fourth field of an access token is YYYY-MM-DDTHH:MM:SS, not '9999-12-31T23:59:59'",
        ),
    ],
)
def test_the_error_says_why_a_text_is_no_access_token(text: str, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_access_token(text)
    assert str(caught.value) == message


def test_the_largest_number_of_a_user() -> None:
    assert parse_access_token(f"a|k|{10**19 - 1}|2015-12-24T06:44:56|s") == AccessToken(
        application_id="a", consumer_key="k", user_id=10**19 - 1, expires=TOKEN.expires, signature="s"
    )


def test_the_zone_of_the_machine_does_not_matter(time_zone: Callable[[str], None]) -> None:
    """On a machine whose own time is neither UTC nor always UTC-07:00."""
    time_zone("America/Denver")
    moment = datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)
    assert moment.astimezone().hour == 10
    assert format_timestamp(moment) == "2014-05-13T16:53:20Z"
    assert ASSERTION.moment().tzinfo is UTC
    parsed = parse_access_token("a|k|7|2014-05-13T09:53:20|s")
    assert parsed.expires == moment
    assert parsed.expires.tzinfo is UTC
    assert parsed.signed_text == "a|k|7|2014-05-13T09:53:20"
