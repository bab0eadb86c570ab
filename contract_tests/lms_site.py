"""An emulated LMS as a test sees it: plain httpx, a browser with cookies and forms, nothing hidden."""

from __future__ import annotations

import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from html import unescape
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from lms_emulator.client.emulator import Emulator

_CONTEXT = ssl.create_default_context()
"""One for all clients: making one takes as long as dozens of requests."""


class LmsSite(ABC):
    """One LMS with the demo world, reached over a socket.

    Attributes:
        name: the provider's.
        authorize, token_endpoint: paths.
    """

    name: ClassVar[str]
    authorize: ClassVar[str]
    token_endpoint: ClassVar[str]

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self.info: Any = getattr(lms, self.name)
        self.url = str(self.info.url)
        self._open = ExitStack()

    @abstractmethod
    def browser(self) -> Browser:
        """A browser that knows the pages of this LMS."""

    def close(self) -> None:
        self._open.close()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have something else closed with the site."""
        self._open.callback(callback)

    def client(self) -> httpx.Client:
        """A client with a cookie jar of its own."""
        return self._open.enter_context(httpx.Client(base_url=self.url, verify=_CONTEXT))

    def api(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._open.enter_context(httpx.Client(base_url=self.url, headers=headers, verify=_CONTEXT))

    @property
    def student(self) -> httpx.Client:
        return self.api(self.info.access_tokens.student)

    def auth_url(self, **changes: Any) -> str:
        """Where an application sends the browser; `changes` replace parameters, None leaves one out."""
        params = {
            "client_id": self.info.client_id,
            "response_type": "code",
            "redirect_uri": self.info.redirect_uri,
            "scope": getattr(self.info, "scope", None),
            "state": "s1",
            **changes,
        }
        return f"{self.authorize}?" + urlencode({k: v for k, v in params.items() if v is not None})

    def code(self, who: str = "student", **changes: Any) -> str:
        """A code, by signing in and consenting."""
        return self.browser().consent(self.auth_url(**changes), getattr(self.info, who))["code"]

    def token(self, **fields: Any) -> httpx.Response:
        form = {"client_id": self.info.client_id, "client_secret": self.info.client_secret, **fields}
        return httpx.post(
            f"{self.url}{self.token_endpoint}", data={k: v for k, v in form.items() if v is not None}, verify=_CONTEXT
        )

    def exchange(self, code: str, **changes: Any) -> httpx.Response:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.info.redirect_uri}
        return self.token(**{**grant, **changes})

    def tokens(self, who: str = "student", **changes: Any) -> dict[str, Any]:
        answer = self.exchange(self.code(who, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

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


class Browser(ABC):
    """Cookies, forms, and no redirect followed unasked.

    Attributes: `heading`, of the sign-in page.
    """

    heading: ClassVar[str]

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

    @abstractmethod
    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        """Send the form of the sign-in page."""

    def consent_page(self, url: str, person: Any) -> httpx.Response:
        page = self.follow(self.get(url))
        assert self.heading in page.text, page.text
        return self.follow(self.sign_in(page, person))

    def consent(self, url: str, person: Any, **fields: str) -> dict[str, str]:
        """Go through sign-in and consent; the parameters that the application gets."""
        page = self.consent_page(url, person)
        assert page.status_code == 200, page.text
        return parameters(self.submit(page, **fields))

    def submit(self, answer: httpx.Response, **fields: str) -> httpx.Response:
        """Send the page's form with these fields filled in."""
        action, hidden = form(answer.text)
        return self.http.post(urljoin(str(answer.url), action), data={**hidden, **fields})


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
