"""How a site is deployed: the names and attributes of its cookies, where its front ends are, and whom it trusts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from lms_emulator.client.emulator import Emulator

SIGN_IN = "/api/user/v2/account/login_session/"
FRONTS = {"tutor": "http://apps.local.openedx.io/learning", "devstack": "http://localhost:2000"}


@pytest.fixture(scope="module")
def secure() -> Iterator[Emulator]:
    with Emulator.start(tls=True) as lms:
        yield lms


def _cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """The attributes of each cookie of an answer, by its name."""
    given = [header.split("; ") for header in answer.headers.get_list("set-cookie")]
    return {first.partition("=")[0]: set(rest) for first, *rest in given}


def _signed_in(lms: Emulator, browser: httpx.Client, url: str) -> httpx.Response:
    token = browser.get(f"{url}/csrf/api/v1/token").json()["csrfToken"]
    form = {"email_or_username": lms.openedx.learner.username, "password": lms.openedx.learner.password}
    headers = {"X-CSRFToken": token, "Cookie": f"csrftoken={token}", "Referer": url}
    return browser.post(f"{url}{SIGN_IN}", data=form, headers=headers)


@pytest.mark.parametrize(
    ("deployment", "scheme", "session", "attributes", "others"),
    [
        ("plain", "http", "sessionid", {"SameSite=Lax"}, set()),
        ("plain", "https", "sessionid", {"SameSite=None", "Secure"}, {"Secure"}),
        ("tutor", "http", "sessionid", {"SameSite=Lax"}, set()),
        ("tutor", "https", "sessionid", {"SameSite=None", "Secure"}, {"Secure"}),
        ("devstack", "http", "lms_sessionid", {"SameSite=Lax"}, set()),
        ("devstack", "https", "lms_sessionid", {"SameSite=Lax"}, {"Secure"}),
    ],
)
def test_cookies(
    secure: Emulator, deployment: str, scheme: str, session: str, attributes: set[str], others: set[str]
) -> None:
    url = secure.openedx.url if scheme == "http" else f"{secure.tls_url}/openedx"
    trusted = ssl.create_default_context(cadata=secure.ca_pem.decode())
    with secure.restored(), httpx.Client(verify=trusted) as browser:
        secure.settings["openedx.deployment"] = deployment
        answer = _signed_in(secure, browser, url)
        found = _cookies(answer)
    assert answer.status_code == 200
    marks = {"SameSite=Lax", "SameSite=None", "Secure"}
    assert found[session] & marks == attributes
    assert found["csrftoken"] & marks == {"SameSite=Lax", *(attributes & {"Secure"})}
    for name in ("edxloggedin", "edx-user-info", "edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature"):
        assert found[name] & marks == others
    domains = {item for given in found.values() for item in given if item.startswith("Domain=")}
    assert domains == ({"Domain=127.0.0.1"} if deployment == "tutor" and scheme == "http" else set())


@pytest.mark.parametrize("deployment", ["tutor", "devstack"])
def test_front_ends(lms: Emulator, deployment: str) -> None:
    lms.settings["openedx.deployment"] = deployment
    with httpx.Client(base_url=lms.openedx.url) as browser:
        course = browser.get(f"/courses/{lms.openedx.course_id}/course/")
        assert course.headers["location"].startswith(FRONTS[deployment])
        config = browser.get("/api/mfe_config/v1")
        page = browser.get("/login", params={"next": "/x"})
        origin = FRONTS[deployment].rpartition("/learning")[0] or FRONTS[deployment]
        seen = browser.get("/csrf/api/v1/token", headers={"Origin": origin})
        assert seen.headers["access-control-allow-origin"] == origin
        strange = browser.get("/csrf/api/v1/token", headers={"Origin": "http://strange.example"})
        assert ("access-control-allow-origin" in strange.headers) is (deployment == "devstack")
    if deployment == "tutor":
        assert config.json()["LEARNING_BASE_URL"] == FRONTS["tutor"]
        assert page.headers["location"] == "http://apps.local.openedx.io/authn/login?next=%2Fx"
    else:
        assert (config.status_code, page.status_code) == (404, 200)


def test_signing_in_leads_to_a_front_end_and_to_no_other_site(lms: Emulator) -> None:
    lms.settings["openedx.deployment"] = "tutor"
    with httpx.Client(base_url=lms.openedx.url) as browser:
        _signed_in(lms, browser, lms.openedx.url)
        known = browser.get("/login", params={"next": "http://apps.local.openedx.io/learning/course/x"})
        assert known.headers["location"] == "http://apps.local.openedx.io/learning/course/x"
        strange = browser.get("/login", params={"next": "http://strange.example/"})
        assert strange.headers["location"].endswith("/dashboard")


def test_settings_and_the_world_come_before_the_preset(lms: Emulator) -> None:
    lms.settings["openedx.deployment"] = "devstack"
    lms.settings["openedx.session_cookie_name"] = "sessionid"
    lms.settings["openedx.authn_mfe"] = True
    with httpx.Client(base_url=lms.openedx.url) as browser:
        assert "sessionid" in _cookies(_signed_in(lms, browser, lms.openedx.url))
        assert httpx.get(f"{lms.openedx.url}/login").headers["location"] == "http://localhost:1999/login"
        foreign = browser.get("/dashboard", headers={"Cookie": "lms_sessionid=garbage"})
        assert foreign.status_code == 302
        assert browser.get("/dashboard", headers={"Cookie": "sessionid=garbage"}).status_code == 500
    assert lms.requests.last.warnings[0].code == "foreign_session_cookie"


def test_the_jwt_cookies_are_renewed_for_a_signed_in_browser_alone(lms: Emulator) -> None:
    """As `@edx/frontend-platform` does when its JWT cookie has run out."""
    with httpx.Client(base_url=lms.openedx.url) as browser:
        _signed_in(lms, browser, lms.openedx.url)
        first = browser.cookies["edx-jwt-cookie-signature"]
        jwt = {"USE-JWT-COOKIE": "true"}
        assert browser.get("/api/user/v1/me", headers=jwt).status_code == 200
        lms.clock.advance(seconds=lms.settings["openedx.jwt_seconds"] + 1)
        assert browser.post("/login_refresh", headers=jwt).json()["success"] is True
        assert browser.cookies["edx-jwt-cookie-signature"] != first
        session = browser.cookies.pop("sessionid")
        assert browser.get("/api/user/v1/me", headers=jwt).status_code == 200
        assert (browser.post("/login_refresh").status_code, bool(session)) == (401, True)
    assert lms.requests.last.refusal is not None
    assert lms.requests.last.refusal.reason == "not_signed_in"


def test_a_tutor_site_asks_for_no_honor_code(lms: Emulator) -> None:
    form = {"email": "g@x.org", "username": "grace", "name": "Grace Hopper", "password": "Cobol1959x"}
    url = f"{lms.openedx.url}/api/user/v2/account/registration/"
    assert set(httpx.post(url, data=form).json()) == {"honor_code", "terms_of_service", "error_code"}
    lms.settings["openedx.deployment"] = "tutor"
    assert httpx.post(url, data=form).json()["authenticated_user"]["username"] == "grace"
