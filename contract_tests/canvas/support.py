"""A browser and a client for Canvas, as a test sees them: plain httpx, nothing hidden."""

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
    """Canvas with the demo world, reached over a socket."""

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self.info = lms.canvas
        self.url = lms.canvas.url
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
    def teacher(self) -> httpx.Client:
        return self.api(self.info.access_tokens.teacher)

    def auth_url(self, **changes: Any) -> str:
        params = {
            "client_id": self.info.client_id,
            "response_type": "code",
            "redirect_uri": self.info.redirect_uri,
            "state": "s1",
            **changes,
        }
        return "/login/oauth2/auth?" + urlencode({k: v for k, v in params.items() if v is not None})

    def code(self, who: str = "student", **changes: Any) -> str:
        """A code, by signing in and consenting."""
        answer = self.browser().consent(self.auth_url(**changes), getattr(self.info, who))
        return answer["code"]

    def token(self, **fields: Any) -> httpx.Response:
        form = {"client_id": self.info.client_id, "client_secret": self.info.client_secret, **fields}
        kept = {k: v for k, v in form.items() if v is not None}
        return httpx.post(f"{self.url}/login/oauth2/token", data=kept)

    def tokens(self, who: str = "student") -> dict[str, Any]:
        answer = self.token(grant_type="authorization_code", code=self.code(who), redirect_uri=self.info.redirect_uri)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

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
        names = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
        return self.submit(answer, **names)

    def consent(self, url: str, person: Any) -> dict[str, str]:
        """Go through sign-in and consent; the parameters that the application gets."""
        page = self.follow(self.get(url))
        assert "Log In" in page.text
        page = self.follow(self.sign_in(page, person))
        assert page.status_code == 200, page.text
        return parameters(self.submit(page))


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
