"""Session URLs at Canvas, and the tokens in them."""

from __future__ import annotations

import base64
import hmac
import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from contract_tests.canvas.browser import SELF, Browser
from contract_tests.in_process import NOON, InProcess


@pytest.fixture
def site() -> InProcess:
    return InProcess("canvas")


def session_url(site: InProcess, token: str | None = None, **params: str) -> str:
    """The path of a new session URL."""
    headers = {"Authorization": f"Bearer {token or site.lms.canvas.access_tokens.student}"}
    answer = site.get("/login/session_token", headers=headers, params=params)
    return str(answer.json()["session_url"]).partition("/canvas")[2]


def opens(site: InProcess, token: str) -> bool:
    """Whether a session URL with this token signs a new browser in."""
    browser = Browser(site)
    location = browser.get(f"/courses/1?session_token={quote(token)}").headers["location"]
    return location.endswith("/courses/1") and browser.who() == 101


def why_not(site: InProcess) -> str:
    """The diagnosis of the last refused session token."""
    return str(next(check for check in site.checks if check["name"] == "session_token")["got"])


def test_a_session_token_is_sealed_and_alive_for_half_a_minute(site: InProcess) -> None:
    path = session_url(site)
    token = parse_qs(urlsplit(path).query)["session_token"][0]
    assert "=" not in token
    padded = token + "=" * (-len(token) % 4)
    values = json.loads(base64.urlsafe_b64decode(padded))
    now = int(site.lms.clock.now.timestamp())
    assert values == {
        "created_at": now,
        "pseudonym_id": 10_000_000_000_000 + login_of_student(site),
        "current_user_id": None,
        "used_remember_me_token": True,
        "signature": {"_binary": values["signature"]["_binary"]},
    }
    assert re.fullmatch(b"[0-9a-f]{40}", base64.b64decode(values["signature"]["_binary"]))
    others = f"{session_url(site, site.lms.canvas.access_tokens.teacher)}==".partition("session_token=")[2]
    assert json.loads(base64.urlsafe_b64decode(others))["signature"] != values["signature"]
    assert opens(site, token)
    assert opens(site, f"{token}#fragment")
    assert site.get(SELF, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "the token of a session URL" in str(site.refusal)
    for change in ({"pseudonym_id": 104}, {"created_at": now + 1}, {"current_user_id": 104}, {"signature": "x"}):
        assert not opens(site, base64.urlsafe_b64encode(json.dumps(values | change).encode()).decode())
    for odd in (b"", b"[]", b"{}", b"null", b"\xff", b'{"signature": ""}', b'{"signature": "", "created_at": "x"}'):
        assert not opens(site, base64.urlsafe_b64encode(odd).decode().rstrip("="))
    for odd in ("a", "ü", "%%%", token[:-8], f"x{token}"):
        assert not opens(site, odd)
    site.lms.clock.advance(seconds=30)
    assert opens(site, token)
    site.lms.clock.advance(seconds=1)
    assert not opens(site, token)
    assert why_not(site) == "31 s old; it lives for 30 s"
    site.lms.reset()
    site.lms.clock.freeze(NOON)
    assert not opens(site, token), "of before the reset"
    assert "gave it out before it was reset" in why_not(site)
    assert not opens(site, "x")
    assert why_not(site).startswith("not a session token")


def login_of_student(site: InProcess) -> int:
    """The id of the login of user 101."""
    return int(next(row["id"] for row in site.lms.dump()["canvas"]["pseudonyms"] if row["user_id"] == 101))


def token_signed_with(key: str, created_at: int, login: int, remembered: bool | None) -> str:
    """A token signed as SessionToken of canvas-lms signs it."""
    words = {None: "", True: "true", False: "false"}
    message = f"{created_at}::{login}::::{words[remembered]}"
    signature = hmac.new(key.encode(), message.encode(), "sha1").hexdigest()
    values = {
        "created_at": created_at,
        "pseudonym_id": login,
        "current_user_id": None,
        "used_remember_me_token": remembered,
        "signature": {"_binary": base64.encodebytes(signature.encode()).decode()},
    }
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("remembered", [None, False, True])
def test_with_the_key_of_a_site_its_session_tokens_are_good(site: InProcess, remembered: bool | None) -> None:
    now, login = int(site.lms.clock.now.timestamp()), login_of_student(site)
    token = token_signed_with("the key of the site", now, login, remembered)
    assert not opens(site, token)
    site.lms.settings["canvas.encryption_key"] = "the key of the site"
    assert opens(site, token)
    assert not opens(site, token_signed_with("another key", now, login, remembered))
    assert why_not(site).startswith("its signature is not this site's")
    assert not opens(site, token_signed_with("the key of the site", now + 31, login, remembered)), "of the future"
    assert why_not(site) == "it begins 31 s from now"
    assert not opens(site, token_signed_with("the key of the site", now - 31, login, remembered))
    assert not opens(site, token_signed_with("the key of the site", now, 999, remembered)), "nobody's login"
    assert why_not(site) == "login 999"


def test_a_session_url_carries_its_owners_masquerade(site: InProcess) -> None:
    tokens = site.lms.canvas.access_tokens
    acting = Browser(site)
    acting.get(session_url(site, tokens.admin, as_user_id="101"))
    assert acting.who() == 101
    assert acting.act_as(104).status_code == 302
    assert acting.who() == 104
    plain = Browser(site)
    plain.get(session_url(site, tokens.admin))
    assert plain.who() == 104


def test_a_session_token_leaves_the_url_with_whatever_follows_it(site: InProcess) -> None:
    answer = Browser(site).get(f"{session_url(site)}%23a=b&x=1")
    assert answer.headers["location"].endswith("/canvas/?x=1")
