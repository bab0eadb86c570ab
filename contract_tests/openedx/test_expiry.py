"""Lifetimes at their boundary: the last moment in which something works, and the first in which it fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from contract_tests.openedx.web import Web, returned

Works = Callable[[], bool]


@pytest.fixture(autouse=True)
def _frozen(web: Web) -> None:
    web.lms.clock.freeze(at=web.lms.clock.now.replace(microsecond=0))


def expires_after(web: Web, seconds: float, works: Works, *, step: float = 0.001) -> None:
    """Assert that `works` holds until just before `seconds` from now and no longer at that moment."""
    web.lms.clock.advance(timedelta(seconds=seconds - step))
    assert works()
    web.lms.clock.advance(timedelta(seconds=step))
    assert not works()


def test_opaque_tokens_live_36000_seconds(web: Web) -> None:
    token = web.client_credentials().json()["access_token"]
    expires_after(web, 36_000, lambda: web.me(token).status_code == 200)
    assert web.me(token).json() == {
        "error_code": "token_expired",
        "developer_message": "The provided access token has expired and is no longer valid.",
    }


def test_jwts_live_3600_seconds(web: Web) -> None:
    token = web.client_credentials(token_type="jwt").json()["access_token"]
    expires_after(web, 3_600, lambda: web.me(token, scheme="JWT").status_code == 200)
    assert web.me(token, scheme="JWT").json() == {"detail": "Invalid token."}
    assert web.refusal.reason == "jwt_expired"


def test_codes_live_60_seconds(web: Web) -> None:
    browser, client = web.browser(web.info.learner), web.clients.trusted
    early, late = browser.code(client), browser.code(client)

    def trade(code: str) -> int:
        uri = client.redirect_uris[0]
        return web.by(client, grant_type="authorization_code", code=code, redirect_uri=uri).status_code

    web.lms.clock.advance(timedelta(seconds=59, milliseconds=999))
    assert trade(early) == 200
    web.lms.clock.advance(timedelta(milliseconds=1))
    assert trade(late) == 400
    assert web.refusal.reason == "code_expired"


def test_refresh_tokens_do_not_expire_by_default(web: Web) -> None:
    token = web.password().json()["refresh_token"]
    web.lms.clock.advance(timedelta(days=365))
    fresh = web.refresh(token)
    assert fresh.status_code == 200
    web.lms.settings["openedx.refresh_token_seconds"] = 600
    web.lms.clock.advance(timedelta(seconds=600))
    assert web.refresh(fresh.json()["refresh_token"]).json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "refresh_token_expired"


def test_sessions_live_four_weeks(web: Web) -> None:
    browser = web.browser(web.info.learner)
    cookies = f"sessionid={browser.http.cookies['sessionid']}"
    expires_after(web, 28 * 86_400, lambda: web.http.get("/dashboard", headers={"Cookie": cookies}).status_code == 200)


def test_jwt_cookies_live_an_hour_and_are_refreshed(web: Web) -> None:
    browser = web.browser(web.info.learner)
    names = ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature")
    kept = "; ".join(f"{name}={browser.http.cookies[name]}" for name in names)
    expires_after(web, 3_600, lambda: web.http.get("/api/user/v1/me", headers={"Cookie": kept}).status_code == 200)
    session = {"Cookie": f"sessionid={browser.http.cookies['sessionid']}"}
    answer = web.http.post("/login_refresh", headers=session)
    assert answer.json()["success"] is True
    assert answer.json()["expires_epoch_seconds"] == int(web.lms.clock.now.timestamp()) + 3600
    renewed = "; ".join(f"{name}={answer.cookies[name]}" for name in names)
    assert web.http.get("/api/user/v1/me", headers={"Cookie": renewed}).status_code == 200


def test_remembered_consent_outlives_the_token_unless_asked_otherwise(web: Web) -> None:
    browser, client = web.browser(web.info.learner), web.clients.authorization_code
    code = browser.code(client)
    assert web.by(client, grant_type="authorization_code", code=code, redirect_uri=client.redirect_uris[0]).is_success
    web.lms.clock.advance(timedelta(seconds=36_000))
    assert "code" in returned(browser.authorize(client))
    assert browser.authorize(client, approval_prompt="auto").status_code == 200
    assert browser.authorize(client, approval_prompt="force").status_code == 200
    assert browser.authorize(client, scope="read write").status_code == 200
