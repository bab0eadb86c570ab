"""What one world of Open edX issues is worthless in another, and in the same one after a reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import jwt
import pytest

from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lms_emulator.core.access import given_out

_ME = "/api/user/v1/me"


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start("demo") as lms:
        yield lms


@pytest.fixture
def worlds(running: Emulator) -> Iterator[tuple[Web, Web]]:
    """Two worlds with the same seed."""
    sides = [Web(running.new_world(name)) for name in ("a", "b")]
    yield sides[0], sides[1]
    for side, name in zip(sides, ("a", "b"), strict=True):
        side.close()
        running.delete_world(name)


Present = Callable[[Web], httpx.Response]


def bearer(a: Web) -> Present:
    token = a.password().json()["access_token"]
    return lambda web: web.me(token)


def jwt_header(a: Web) -> Present:
    token = a.password(token_type="jwt").json()["access_token"]
    return lambda web: web.me(token, scheme="JWT")


def jwt_rs512(a: Web) -> Present:
    token = a.password(token_type="jwt", asymmetric_jwt="true").json()["access_token"]
    return lambda web: web.me(token, scheme="JWT")


def refresh_token(a: Web) -> Present:
    token = a.password().json()["refresh_token"]
    return lambda web: web.refresh(token)


def _cookies(a: Web) -> dict[str, str]:
    browser = a.browser(a.info.learner)
    return {cookie.name: cookie.value or "" for cookie in browser.http.cookies.jar}


def session(a: Web) -> Present:
    kept = {name: value for name, value in _cookies(a).items() if name == "sessionid"}
    return lambda web: _with_cookies(web, kept, {})


def jwt_cookies(a: Web) -> Present:
    kept = {name: value for name, value in _cookies(a).items() if name.startswith("edx-jwt-cookie")}
    assert len(kept) == 2
    return lambda web: _with_cookies(web, kept, {"USE-JWT-COOKIE": "true"})


def _with_cookies(web: Web, cookies: dict[str, str], headers: dict[str, str]) -> httpx.Response:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return httpx.get(f"{web.info.url}{_ME}", headers={"Cookie": cookie, **headers}, trust_env=False)


KINDS = [bearer, jwt_header, jwt_rs512, refresh_token, session, jwt_cookies]


@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_of_one_world_opens_nothing_in_another(
    worlds: tuple[Web, Web], kind: Callable[[Web], Present]
) -> None:
    a, b = worlds
    present = kind(a)
    assert present(b).status_code in (400, 401, 403)
    assert present(a).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_nor_after_a_reset(worlds: tuple[Web, Web], kind: Callable[[Web], Present]) -> None:
    a, _ = worlds
    present = kind(a)
    a.lms.reset()
    assert present(a).status_code in (400, 401, 403)


@pytest.mark.parametrize("kind", KINDS)
def test_but_a_snapshot_keeps_it(worlds: tuple[Web, Web], kind: Callable[[Web], Present]) -> None:
    a, _ = worlds
    present = kind(a)
    kept = a.lms.snapshot()
    a.lms.reset()
    a.lms.restore(kept)
    assert present(a).status_code == 200


@pytest.mark.parametrize("kind", [jwt_header, jwt_cookies])
def test_however_many_were_issued_elsewhere(
    worlds: tuple[Web, Web], kind: Callable[[Web], Present], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reset leaves behind does not crowd out the JWTs that the process remembers."""
    a, b = worlds
    monkeypatch.setattr(given_out, "_MOST", 1)
    present = kind(a)
    assert present(a).status_code == 200
    a.lms.reset()
    b.password()
    b.lms.reset()
    assert b.me("unknown").status_code == 401, "what the resets left is looked through"
    assert present(a).status_code in (401, 403)


@pytest.mark.parametrize("kind", [jwt_header, jwt_cookies])
def test_a_world_knows_its_own_when_the_process_does_not(
    kind: Callable[[Web], Present], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given_out, "_MOST", 0)
    with Emulator.start("demo") as lms, closing(Web(lms)) as a, closing(Web(lms.new_world("b"))) as b:
        present = kind(a)
        assert present(b).status_code in (401, 403)
        assert present(a).status_code == 200


def test_the_journal_says_whose_it_is(worlds: tuple[Web, Web]) -> None:
    a, b = worlds
    jwt_header(a)(b)
    refusal = b.lms.requests.last.refusal
    assert refusal is not None
    assert refusal.reason == "jwt_not_issued_here"
    assert "this is a JWT in the world `a`" in str(refusal.diagnosis)


def test_a_jwt_of_another_service_is_valid_in_every_world(worlds: tuple[Web, Web]) -> None:
    for web in worlds:
        config, now = web.info.jwt, int(web.lms.clock.now.timestamp())
        claims = {"iss": config.issuer, "aud": config.audience, "iat": now, "exp": now + 60}
        token = jwt.encode({**claims, "preferred_username": "ada"}, config.hs256_secret, "HS256")
        assert web.me(token, scheme="JWT").status_code == 200


def test_cookies_stay_below_their_world(worlds: tuple[Web, Web]) -> None:
    a, b = worlds
    paths = {cookie.path for cookie in a.browser(a.info.learner).http.cookies.jar}
    assert paths == {"/w/a/openedx"}
    paths = {cookie.path for cookie in b.browser(b.info.learner).http.cookies.jar}
    assert paths == {"/w/b/openedx"}
