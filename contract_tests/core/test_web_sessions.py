"""Browser sessions at sites without their own kind: the cookie, the forms' token, signing in, and coming back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from contract_tests.in_process import NOON, InProcess
from contract_tests.lms_site import form


class Site(NamedTuple):
    """What one site calls things."""

    provider: str
    cookie: str
    field: str
    csrf: str
    sign_in: str
    page: str
    name: str
    password: str
    refused: int
    authorize: str


SITES = [
    Site(
        "brightspace",
        "d2lSessionVal",
        "d2l_referrer",
        r"[A-Za-z0-9]{32}",
        "/d2l/login",
        "/d2l/home/6836",
        "userName",
        "password",
        403,
        "/oauth2/auth",
    ),
]


class Visit:
    """A browser at a site in this process."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rig = InProcess(site.provider)
        self.base = f"http://lms-emulator.test/{site.provider}"
        self.cookie = ""
        self.lifetime = int(self.rig.lms.settings[f"{site.provider}.session_lifetime_seconds"])

    def send(self, method: str, path: str, cookie: str | None = None, **options: Any) -> httpx.Response:
        own = self.cookie if cookie is None else cookie
        headers = {"Cookie": f"{self.site.cookie}={own}"} if own else {}
        answer = self.rig.send(method, path.removeprefix(self.base), headers=headers, **options)
        found = re.match(rf"{self.site.cookie}=([^;]+);", answer.headers.get("set-cookie", ""))
        if found and cookie is None:
            self.cookie = found[1]
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def sign_in(self, page: httpx.Response, **changes: str) -> httpx.Response:
        person = getattr(self.rig.lms, self.site.provider).student
        login = getattr(person, "login", None) or person.username
        action, hidden = form(page.text)
        fields = {**hidden, self.site.name: login, self.site.password: person.password, **changes}
        return self.send("POST", action, data=fields)

    @property
    def sessions(self) -> list[dict[str, Any]]:
        return list(self.rig.lms.dump()[self.site.provider]["sessions"])


@pytest.fixture(params=SITES, ids=lambda site: site.provider, scope="module")
def opened(request: pytest.FixtureRequest) -> Visit:
    return Visit(request.param)


@pytest.fixture
def visit(opened: Visit) -> Iterator[Visit]:
    opened.cookie = ""
    yield opened
    opened.rig.lms.reset()
    opened.rig.lms.clock.freeze(NOON)


def test_the_cookie_of_a_new_session(visit: Visit) -> None:
    page = visit.get(visit.site.sign_in)
    assert page.status_code == 200
    (session,) = visit.sessions
    assert re.fullmatch(r"[\w-]{43}", session["id"])
    path = f"Path=/{visit.site.provider}"
    assert page.headers["set-cookie"] == f"{visit.site.cookie}={session['id']}; {path}; HttpOnly; SameSite=Lax"
    assert re.fullmatch(visit.site.csrf, session["csrf"])
    assert form(page.text)[1][visit.site.field] == session["csrf"]
    assert NOON + timedelta(seconds=visit.lifetime) == session_end(session)
    assert "user_id" not in session


def session_end(session: dict[str, Any]) -> Any:
    from lms_emulator.core.clock import parse_instant

    return parse_instant(str(session["expires_at"]))


def test_the_cookie_elsewhere(visit: Visit) -> None:
    host = f"{visit.site.provider}.localhost"
    plain = visit.get(visit.site.sign_in, url=f"http://{host}")
    assert plain.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Lax")
    secure = visit.get(visit.site.sign_in, url=f"https://{host}")
    assert secure.headers["set-cookie"].endswith("; Path=/; HttpOnly; Secure; SameSite=None")


def test_a_session_lasts_to_its_last_second(visit: Visit) -> None:
    visit.get(visit.site.sign_in)
    first = visit.cookie
    visit.rig.lms.clock.freeze(NOON + timedelta(seconds=visit.lifetime) - timedelta(microseconds=1))
    visit.get(visit.site.sign_in)
    assert visit.cookie == first
    visit.rig.lms.clock.freeze(NOON + timedelta(seconds=visit.lifetime))
    visit.get(visit.site.sign_in)
    assert visit.cookie != first


def test_forms_need_the_token_of_their_session(visit: Visit) -> None:
    page = visit.get(visit.site.sign_in)
    own = visit.cookie
    for cookie, changes in ((own, {visit.site.field: "x"}), (own, {visit.site.field: ""}), ("", {}), ("nobody", {})):
        visit.cookie = cookie
        answer = visit.sign_in(page, **changes)
        assert (answer.status_code, visit.rig.refusal.reason) == (visit.site.refused, "csrf_token_wrong")
        assert visit.rig.checks == [{"name": visit.site.field, "passed": False}]
    visit.cookie = own
    assert visit.sign_in(page).status_code == 302


def test_signing_in_changes_the_session_and_leads_back_once(visit: Visit) -> None:
    answer = visit.get(f"{visit.site.page}?from=here")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{visit.base}{visit.site.sign_in}")
    assert answer.headers["cache-control"] == "no-store"
    (before,) = visit.sessions
    assert before["return_to"] == f"{visit.site.page}?from=here"
    back = visit.sign_in(visit.get(visit.site.sign_in))
    assert (back.status_code, back.headers["location"]) == (302, f"{visit.base}{visit.site.page}?from=here")
    assert (back.headers["cache-control"], visit.cookie in back.headers["set-cookie"]) == ("no-store", True)
    (after,) = visit.sessions
    assert after["id"] == visit.cookie != before["id"]
    assert after["csrf"] != before["csrf"]
    assert re.fullmatch(r"[\w-]{43}", after["id"])
    assert re.fullmatch(visit.site.csrf, after["csrf"])
    assert "return_to" not in after
    assert after["expires_at"] == before["expires_at"]
    assert visit.get(visit.site.page).status_code == 200
    assert visit.get(visit.site.page, cookie=before["id"]).status_code == 302, "the id before signing in is dead"
    assert (
        visit.sign_in(visit.get(visit.site.sign_in)).headers["location"] != f"{visit.base}{visit.site.page}?from=here"
    )


def test_an_expired_session_signs_nobody_in(visit: Visit) -> None:
    visit.get(visit.site.page)
    visit.sign_in(visit.get(visit.site.sign_in))
    assert visit.get(visit.site.page).status_code == 200
    visit.rig.lms.clock.freeze(NOON + timedelta(seconds=visit.lifetime))
    assert visit.get(visit.site.page).headers["location"].endswith(visit.site.sign_in)
    assert visit.get(visit.site.page, cookie="").headers["location"].endswith(visit.site.sign_in)


def test_a_page_asked_for_later_comes_before_an_earlier_request_to_consent(visit: Visit) -> None:
    info = getattr(visit.rig.lms, visit.site.provider)
    asked = {"client_id": info.client_id, "redirect_uri": info.redirect_uri, "response_type": "code"}
    if visit.site.provider == "brightspace":
        asked["scope"] = info.scope
    visit.get(visit.site.authorize, params=asked)
    assert "pending" in visit.sessions[0]
    cookie = visit.cookie
    visit.get(visit.site.page)
    assert visit.cookie == cookie, "the session goes on"
    assert "pending" not in visit.sessions[0]
    back = visit.sign_in(visit.get(visit.site.sign_in))
    assert back.headers["location"] == f"{visit.base}{visit.site.page}"


def test_signing_in_after_a_request_to_consent_leads_to_consent(visit: Visit) -> None:
    info = getattr(visit.rig.lms, visit.site.provider)
    asked = {"client_id": info.client_id, "redirect_uri": info.redirect_uri, "response_type": "code"}
    if visit.site.provider == "brightspace":
        asked["scope"] = info.scope
    visit.get(visit.site.page)
    visit.get(visit.site.authorize, params=asked)
    assert "return_to" not in visit.sessions[0]
    assert visit.sign_in(visit.get(visit.site.sign_in)).headers["location"].startswith(f"{visit.base}/")
    assert (visit.sessions[0]["user_id"], "pending" in visit.sessions[0]) == (info.student.id, True)
