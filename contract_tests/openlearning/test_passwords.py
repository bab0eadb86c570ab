"""Who signs in: the v1 API's Basic credentials, word for word, and the browser's session to the second."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract_tests.openlearning.site import Site

COURSE = "/api/course/status/analytical-engines/"
HOPPER, PASSWORD = "grace.hopper", "nanoseconds-of-wire"
WANTED = "HTTP Basic with the username and password of an account"


def basic(text: str | bytes) -> dict[str, str]:
    """The header for `name:password`, or for bytes that are not text."""
    raw = text.encode() if isinstance(text, str) else text
    return {"Authorization": f"Basic {base64.b64encode(raw).decode()}"}


def refusal_of(site: Site) -> tuple[Any, ...]:
    refusal = site.refusal()
    return refusal.reason, refusal.check, refusal.expected, refusal.got, refusal.diagnosis


BASIC = "the v1 API takes the username (or e-mail address) and password of an account, by HTTP Basic"
ANOTHER, NO_PASSWORD = "the password is not that of the account", "the account has no password"
NO_ACCOUNT = "no account has this username or e-mail address; an API key, or half of one, is none"


@pytest.mark.parametrize(
    ("request_", "got", "diagnosis"),
    [
        ({}, None, BASIC),
        ({"params": {"title": "T"}}, None, BASIC),
        ({"params": {"api_key": "k"}}, None, "the v1 API does not take API keys"),
        ({"headers": {"X-API-Key": "k"}}, None, "the v1 API does not take API keys"),
        ({"headers": {"Authorization": "bearer k"}}, "bearer", "the v1 API does not take API keys"),
        ({"headers": {"Authorization": "Digest k b"}}, "Digest", BASIC),
        (
            {"headers": {"Authorization": "Digest k"}, "params": {"api_key": "k"}},
            "Digest",
            "the v1 API does not take API keys",
        ),
    ],
)
def test_no_basic_credentials(site: Site, request_: Any, got: str | None, diagnosis: str | None) -> None:
    assert site.http.get(COURSE, **request_).status_code == 401
    assert refusal_of(site) == ("v1_unauthorised", "HTTP Basic credentials were sent", WANTED, got, diagnosis)
    assert site.http.get(COURSE, headers=basic(f"{HOPPER}:{PASSWORD}")).status_code == 200


@pytest.mark.parametrize("encoded", ["!!!", "Z3JhY2U", "Z3Jh Y2U6eA==", "ÿ", "Z3JhY2UuaG9wcGVy"])
def test_credentials_that_cannot_be_read(site: Site, encoded: str) -> None:
    headers = {"Authorization": f"Basic {encoded}".encode("latin-1")}
    assert site.http.get(COURSE, headers=headers).status_code == 401
    assert refusal_of(site) == (
        "v1_unauthorised",
        "the Basic credentials are the base64 of name:password",
        WANTED,
        encoded,
        None,
    )


@pytest.mark.parametrize(
    ("credentials", "name", "why"),
    [
        (f"{HOPPER}:wrong", HOPPER, ANOTHER),
        (f"{HOPPER}:{PASSWORD.upper()}", HOPPER, ANOTHER),
        (f"{HOPPER}:{PASSWORD}:", HOPPER, ANOTHER),
        (f"{HOPPER}:", HOPPER, ANOTHER),
        (f"nobody:{PASSWORD}", "nobody", NO_ACCOUNT),
        (f":{PASSWORD}", "", NO_ACCOUNT),
        ("ada.lovelace@example.edu:", "ada.lovelace@example.edu", NO_PASSWORD),
        ("ada.lovelace@example.edu:None", "ada.lovelace@example.edu", NO_PASSWORD),
        (b"\xff:x", "�", NO_ACCOUNT),
    ],
)
def test_unknown_credentials(site: Site, credentials: str | bytes, name: str, why: str) -> None:
    assert site.http.get(COURSE, headers=basic(credentials)).status_code == 401
    check = "username and password belong to an account"
    assert refusal_of(site) == ("v1_unauthorised", check, WANTED, name, why)


@pytest.mark.parametrize("name", [HOPPER, HOPPER.upper(), "grace.hopper@example.edu", "Grace.Hopper@Example.EDU"])
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "Basic  "])
def test_credentials_that_belong_to_an_account(site: Site, name: str, scheme: str) -> None:
    encoded = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    assert site.http.get(COURSE, headers={"Authorization": f"{scheme} {encoded}"}).status_code == 200


def test_passwords_may_contain_colons_and_any_letters_or_be_empty(site: Site) -> None:
    world = site.lms.dump()
    people = world["openlearning"]["users"]
    hopper = next(person for person in people if person.get("username") == HOPPER)
    for password in ("a:b", "pässwörd", ""):
        hopper["password"] = password
        site.lms.load(world)
        assert site.http.get(COURSE, headers=basic(f"{HOPPER}:{password}")).status_code == 200
        assert site.http.get(COURSE, headers=basic(f"{HOPPER}:{password}x")).status_code == 401
    assert site.http.get(COURSE, headers=basic(HOPPER)).status_code == 401, "without a colon there is no password"


# browsers


def test_a_session_of_the_world_file_lives_to_the_second_it_names(site: Site) -> None:
    world = site.lms.dump()
    ada = site.info.managed_user.id
    world["openlearning"]["sessions"] = [{"id": "kept", "user": ada, "expires_at": "2026-05-01T13:00:00Z"}]
    site.lms.load(world)
    with site.browser() as browser:
        browser.cookies.set("openlearning_session", "kept")
        end = datetime(2026, 5, 1, 13, tzinfo=UTC)
        for seconds, sees in ((-0.001, "Ada Lovelace"), (0, "Not signed in"), (1, "Not signed in")):
            site.lms.clock.freeze(end + timedelta(seconds=seconds))
            assert sees in browser.get("/lakeside/").text, seconds
