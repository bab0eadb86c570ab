"""An emulated LMS as a test sees it: plain httpx, a browser with cookies and forms, nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from lms_emulator.client.emulator import Emulator


class LmsSite:
    """One LMS with the demo world, reached over a socket.

    Parameters: `info`, what the emulator tells about that provider; `lms.canvas` or `lms.brightspace`.
    """

    def __init__(self, lms: Emulator, info: Any) -> None:
        self.lms = lms
        self.url = str(info.url)
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have something else closed with the site."""
        self._open.callback(callback)

    def client(self) -> httpx.Client:
        """A client with a cookie jar of its own."""
        return self._open.enter_context(httpx.Client(base_url=self.url))

    def api(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._open.enter_context(httpx.Client(base_url=self.url, headers=headers))

    @property
    def reason(self) -> str:
        """Why the last request was refused."""
        refusal = self.lms.requests.last.refusal
        assert refusal is not None
        return str(refusal.reason)

    @property
    def diagnosis(self) -> str:
        """What the emulator guesses was done wrong in the last request."""
        refusal = self.lms.requests.last.refusal
        assert refusal is not None
        return str(refusal.diagnosis)


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
