"""A browser and a client for Brightspace, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from lms_emulator.client import Emulator


class Site:
    """Brightspace with the demo world, reached over a socket."""

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self.info = lms.brightspace
        self.url = lms.brightspace.url
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have something else closed with the site."""
        self._open.callback(callback)

    def browser(self) -> Browser:
        return Browser(self._open.enter_context(httpx.Client(base_url=self.url)), self.url)

    def api(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._open.enter_context(httpx.Client(base_url=self.url, headers=headers))

    @property
    def student(self) -> httpx.Client:
        return self.api(self.info.access_tokens.student)

    @property
    def instructor(self) -> httpx.Client:
        return self.api(self.info.access_tokens.instructor)

    def auth_url(self, **changes: Any) -> str:
        params = {
            "client_id": self.info.client_id,
            "response_type": "code",
            "redirect_uri": self.info.redirect_uri,
            "scope": self.info.scope,
            "state": "s1",
            **changes,
        }
        return "/oauth2/auth?" + urlencode({k: v for k, v in params.items() if v is not None})

    def code(self, who: str = "student", **changes: Any) -> str:
        """A code, by signing in and consenting."""
        return self.browser().consent(self.auth_url(**changes), getattr(self.info, who))["code"]

    def token(self, **fields: Any) -> httpx.Response:
        form = {"client_id": self.info.client_id, "client_secret": self.info.client_secret, **fields}
        kept = {k: v for k, v in form.items() if v is not None}
        return httpx.post(f"{self.url}/core/connect/token", data=kept)

    def exchange(self, code: str, **changes: Any) -> httpx.Response:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.info.redirect_uri}
        return self.token(**{**grant, **changes})

    def tokens(self, who: str = "student", **changes: Any) -> dict[str, Any]:
        answer = self.exchange(self.code(who, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, token: str, **changes: Any) -> httpx.Response:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def whoami(self, token: str) -> httpx.Response:
        return self.api(token).get("/d2l/api/lp/1.47/users/whoami")

    @property
    def reason(self) -> str:
        """Why the last request was refused."""
        refusal = self.lms.requests.last.refusal
        assert refusal is not None
        return str(refusal.reason)


class Browser:
    """Cookies, forms, and no redirect followed unasked."""

    def __init__(self, http: httpx.Client, url: str) -> None:
        self.url = url
        self.http = http

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Follow redirects as long as they stay on this site."""
        while answer.is_redirect and answer.headers["location"].startswith(self.url):
            answer = self.http.get(answer.headers["location"])
        return answer

    def submit(self, answer: httpx.Response, **fields: str) -> httpx.Response:
        """Send the page's form with these fields filled in."""
        action, hidden = form(answer.text)
        return self.http.post(action, data={**hidden, **fields})

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        return self.submit(answer, userName=person.username, password=person.password)

    def consent_page(self, url: str, person: Any) -> httpx.Response:
        page = self.follow(self.get(url))
        assert "Log in to Brightspace" in page.text, page.text
        return self.follow(self.sign_in(page, person))

    def consent(self, url: str, person: Any, decision: str = "allow") -> dict[str, str]:
        """Go through sign-in and consent; the parameters that the application gets."""
        page = self.consent_page(url, person)
        assert page.status_code == 200, page.text
        return parameters(self.submit(page, decision=decision))


def form(html: str) -> tuple[str, dict[str, str]]:
    """Action and hidden fields of the form that posts to something else than the log-out."""
    for found in re.finditer(r'<form[^>]* action="([^"]*)"[^>]*>(.*?)</form>', html, re.S):
        if not found[1].endswith("/logout"):
            fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[2])
            return unescape(found[1]), {unescape(name): unescape(value) for name, value in fields}
    raise AssertionError(f"no form in {html}")


def parameters(answer: httpx.Response) -> dict[str, str]:
    """What a redirect carries in its query."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
