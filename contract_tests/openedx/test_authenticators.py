"""Which credentials a resource accepts, where that differs from most."""

from __future__ import annotations

import pytest

from contract_tests.openedx.conftest import COURSE
from contract_tests.openedx.web import Web

DASHBOARD = f"/courses/{COURSE}/instructor/api/get_grading_config"
KEY = "/api/user/v1/preferences/{}/pref-lang"


def test_the_dashboard_takes_jwts_and_sessions_but_no_opaque_tokens(web: Web) -> None:
    tokens = web.info.access_tokens
    staff = web.browser(web.info.staff)
    jwt = web.password(web.info.staff, token_type="jwt").json()["access_token"]
    assert staff.post(DASHBOARD, {}).status_code == 200
    assert web.http.post(DASHBOARD, headers={"Authorization": f"JWT {jwt}"}).status_code == 200
    answer = web.http.post(DASHBOARD, headers={"Authorization": f"Bearer {tokens.staff}"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'JWT realm="api"')
    assert web.refusal.expected == "Authorization: JWT <token> or a session cookie"
    assert web.refusal.diagnosis.startswith("this resource accepts no opaque tokens")
    web.http.post(DASHBOARD, headers={"Authorization": f"Token {jwt}"})
    assert "it was sent as `Token …`; Open edX looks for it in `Authorization: JWT <token>`" in web.refusal.diagnosis


def test_one_preference_takes_opaque_tokens_but_no_jwts(web: Web) -> None:
    learner = web.info.learner
    path = KEY.format(learner.username)
    bearer = {"Authorization": f"Bearer {web.info.access_tokens.learner}"}
    jwt = {"Authorization": f"JWT {web.password(token_type='jwt').json()['access_token']}"}
    assert web.http.put(path, json="de", headers=bearer).status_code == 204
    assert web.http.get(path, headers=bearer).json() == "de"
    assert web.http.get(path, headers=jwt).status_code == 401
    assert web.refusal.diagnosis.startswith("this resource accepts no JWTs")
    assert web.http.get(path.rpartition("/")[0], headers=jwt).status_code == 200, "all of them take both"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/user/v1/me", 200),
        (f"/api/agreements/v1/integrity_signature/{COURSE}", 401),
        ("/api/bookmarks/v1/bookmarks/", 401),
        ("/api/credit/v1/providers/", 401),
    ],
)
def test_some_take_no_session_of_an_account_that_is_not_activated(web: Web, path: str, status: int) -> None:
    browser = web.browser()
    browser.get("/csrf/api/v1/token")
    form = {"email": "new@example.org", "name": "New", "username": "newcomer", "password": "Lovelace-1815"}
    form |= {"terms_of_service": "true", "honor_code": "true", "country": "DE"}
    assert browser.post("/api/user/v2/account/registration/", form).status_code == 200
    for name in ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature"):  # JWTs do not look at it
        browser.http.cookies.delete(name)
    assert browser.get(path).status_code == status
    assert status == 200 or "`newcomer`, who is not activated" in web.refusal.diagnosis
