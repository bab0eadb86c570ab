"""The whole way, however the emulator is reached: by prefix, by host name, by real host name, in a further world, over
https; without a socket, so that names need not resolve."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from contract_tests.ltiaas.support import query
from lms_emulator.app import create_app

INPUT = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
ACTION = re.compile(r'action="([^"]*)"')
RETURN = "http://127.0.0.1:8090/connected"


class Person:
    """A person at a browser, and the tool's back end, in process."""

    def __init__(self, app: Any, bases: dict[str, str]) -> None:
        self.loop = asyncio.new_event_loop()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        self.bases = bases

    def send(self, method: str, url: str, **more: Any) -> httpx.Response:
        return self.loop.run_until_complete(self.http.request(method, url, **more))

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Follow redirects inside the emulator; stop at one that leads to the tool."""
        while answer.status_code in (302, 303):
            location = urljoin(str(answer.url), answer.headers["location"])
            if location.startswith("http://127.0.0.1:8090/"):
                break
            answer = self.send("GET", location)
        return answer

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        assert "<main>" in page.text, f"{page.url}: {page.status_code} {page.text}"
        text = page.text[page.text.index("<main>") :]
        form = {unescape(name): unescape(value) for name, value in INPUT.findall(text)}
        action = urljoin(str(page.url), unescape(ACTION.findall(text)[0]))
        return self.follow(self.send("POST", action, data={**form, **fields}))

    def close(self) -> None:
        self.loop.run_until_complete(self.http.aclose())
        self.loop.close()


WAYS = {
    "prefix": {name: f"http://127.0.0.1:8080/{name}" for name in ("ltiaas", "canvas", "brightspace")},
    "host": {name: f"http://{name}.localhost:8080" for name in ("ltiaas", "canvas", "brightspace")},
    "https": {name: f"https://{name}.localhost:8443" for name in ("ltiaas", "canvas", "brightspace")},
    "real": {
        "ltiaas": "https://demo.ltiaas.com",
        "canvas": "https://canvas.instructure.com",
        "brightspace": "https://auth.brightspace.com",
    },
    "public": {name: f"https://lms.example/{name}" for name in ("ltiaas", "canvas", "brightspace")},
    "world": {name: f"http://127.0.0.1:8080/w/other/{name}" for name in ("ltiaas", "canvas", "brightspace")},
    "world-host": {name: f"http://{name}.other.localhost:8080" for name in ("ltiaas", "canvas", "brightspace")},
}


@pytest.fixture(params=WAYS)
def person(request: pytest.FixtureRequest) -> Iterator[Person]:
    public_url = "https://lms.example" if request.param == "public" else None
    app = create_app(public_url=public_url, allow_outgoing=["127.0.0.1"])
    app.addresses.gateway_port = 8080
    someone = Person(app, WAYS[request.param])
    made = someone.send("POST", "http://127.0.0.1:8080/_emulator/worlds", json={"name": "other"})
    assert made.status_code == 201
    yield someone
    someone.close()


def demo(person: Person) -> dict[str, Any]:
    return dict(person.send("GET", "http://127.0.0.1:8080/_emulator/info").json()["providers"])


def bearer(info: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {info['ltiaas']['api_key']}"}


def test_canvas(person: Person) -> None:
    info, base = demo(person), person.bases
    student = info["canvas"]["student"]
    page = person.follow(person.send("GET", f"{base['canvas']}/courses/1/external_tools/5"))
    login = {"pseudonym_session[unique_id]": student["login"], "pseudonym_session[password]": student["password"]}
    page = person.submit(page, **login)
    page = person.submit(page)
    launched = person.submit(page)
    ltik = query(launched.headers["location"])["ltik"]
    services(person, info, ltik, student["lti_id"])
    platform = info["ltiaas"]["platforms"]["canvas"]
    consent = person.follow(person.send("GET", f"{base['ltiaas']}/oauth/start/{platform}"))
    back = person.submit(consent)
    tokens = exchange(person, info, platform, back)
    profile = person.send("GET", f"{base['canvas']}/api/v1/users/self", headers=authorized(tokens))
    assert profile.json()["id"] == student["id"]
    refreshed = refresh(person, info, platform, tokens["refreshToken"])
    assert "refreshToken" not in refreshed.json()
    dead = person.send("GET", f"{base['canvas']}/api/v1/users/self", headers=authorized(tokens))
    assert dead.status_code == 401
    alive = person.send("GET", f"{base['canvas']}/api/v1/users/self", headers=authorized(refreshed.json()))
    assert alive.status_code == 200
    wrong = refresh(person, info, platform, "1~never")
    assert wrong.status_code == 400
    received = wrong.json()["details"]["bodyReceived"]
    assert received == {"error": "invalid_grant", "error_description": "refresh_token not found"}


def test_brightspace(person: Person) -> None:
    info, base = demo(person), person.bases
    student = info["brightspace"]["student"]
    page = person.follow(person.send("GET", f"{base['brightspace']}/d2l/home/{info['brightspace']['org_unit_id']}"))
    page = person.submit(page, userName=student["username"], password=student["password"])
    link = next(unescape(href) for href in re.findall(r'href="([^"]*)"', page.text) if "/launch/" in href)
    launched = person.submit(person.submit(person.follow(person.send("GET", urljoin(str(page.url), link)))))
    ltik = query(launched.headers["location"])["ltik"]
    services(person, info, ltik, student["lti_id"])
    platform = info["ltiaas"]["platforms"]["brightspace"]
    consent = person.follow(person.send("GET", f"{base['ltiaas']}/oauth/start/{platform}"))
    back = person.submit(consent, decision="allow")
    tokens = exchange(person, info, platform, back)
    url = f"{base['brightspace']}/d2l/api/lp/1.31/users/whoami"
    assert person.send("GET", url, headers=authorized(tokens)).json()["Identifier"] == str(student["id"])
    rotated = refresh(person, info, platform, tokens["refreshToken"]).json()
    assert rotated["refreshToken"] != tokens["refreshToken"]
    spent = refresh(person, info, platform, tokens["refreshToken"])
    assert (spent.status_code, spent.json()["details"]["bodyReceived"]) == (400, {"error": "invalid_grant"})


def services(person: Person, info: dict[str, Any], ltik: str, lti_id: str) -> None:
    """Who was launched, and the roster by way of the LMS."""
    headers = {"Authorization": f"LTIK-AUTH-V2 {info['ltiaas']['api_key']}:{ltik}"}
    token = person.send("GET", f"{person.bases['ltiaas']}/api/idtoken", headers=headers).json()
    assert token["user"]["id"] == lti_id
    roster = person.send("GET", f"{person.bases['ltiaas']}/api/memberships", headers=headers)
    assert lti_id in {member["userId"] for member in roster.json()["members"]}, roster.text


def authorized(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


def exchange(person: Person, info: dict[str, Any], platform: str, back: httpx.Response) -> dict[str, Any]:
    assert back.headers["location"].startswith(RETURN), back.text
    code = query(back.headers["location"])["code"]
    url = f"{person.bases['ltiaas']}/api/oauth/access-token/{platform}"
    answer = person.send("POST", url, headers=bearer(info), json={"code": code})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refresh(person: Person, info: dict[str, Any], platform: str, token: str) -> httpx.Response:
    url = f"{person.bases['ltiaas']}/api/oauth/access-token/{platform}/refresh"
    return person.send("POST", url, headers=bearer(info), json={"refreshToken": token})
