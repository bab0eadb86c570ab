"""A tool made of PyLTI1p3, unmodified, with its key set on a socket: it checks what an emulated LMS sends, and calls
its services.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from contract_tests.contracts.adapters.published.pylti1p3_tool import Tool as PublishedTool
from contract_tests.contracts.adapters.wire.tool import Seat
from contract_tests.lms_site import Browser, LmsSite, form
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key, private_pem
from lms_emulator.signing import jwk, jwt, lti13

LAUNCH = "https://tool.example/launch"
LOGIN = "https://tool.example/login"
KID = "pylti1p3"


class Tool(PublishedTool):
    """The tool's side of one registration, which signs what it should not as well."""

    def __init__(self, **registration: str) -> None:
        super().__init__(Seat(kid=KID, private_pem=private_pem("tool"), launch_url=LAUNCH, **registration), {})

    @property
    def jwks(self) -> dict[str, Any]:
        """The key set that the tool publishes."""
        return jwk.jwks([(KID, private_key("tool"))])

    def sign(self, claims: dict[str, Any], *, key: str = "tool", kid: str | None = KID, **options: Any) -> str:
        """Anything, signed as the tool does."""
        return jwt.sign(claims, private_key(key), kid=kid, **options)

    def assertion(self, audience: str, now: datetime, **changes: Any) -> str:
        """A client assertion for service tokens. `changes` replace claims (None: left out), and how it is signed."""
        options = {name: changes.pop(name) for name in ("key", "kid", "headers") if name in changes}
        second = int(now.timestamp())
        claims = {
            "iss": self.seat.client_id,
            "sub": self.seat.client_id,
            "aud": audience,
            "iat": second,
            "exp": second + 60,
            "jti": f"j{now.timestamp()}",
            **changes,
        }
        return self.sign({k: v for k, v in claims.items() if v is not None}, **options)


class KeySite:
    """Publishes a tool's key set on a free port. `answer` can be replaced to misbehave; `posted` is what came.

    Attributes: `open`, cleared to keep everybody who asks waiting.
    """

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, b'{"keys": []}')
        self.posted: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.open.wait()
                status, body = site.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                site.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, tool: Tool) -> None:
        self.answer = (200, json.dumps(tool.jwks).encode())

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySite]:
    site = KeySite()
    yield site
    site.close()


def registered(
    lms: Emulator, world: Callable[[dict[str, Any], str], dict[str, Any]], keys: KeySite, **registration: str
) -> Iterator[Tool]:
    """PyLTI1p3 as a tool of an LMS, whose world `world` changes so that it knows the tool."""
    lms.load(json.loads(json.dumps(world(lms.dump(), keys.url), default=str)))
    made = Tool(**registration)
    keys.publish(made)
    yield made
    made.http.close()
    lms.load("demo")


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How people open the tool at one LMS, and what the tool asks for there.

    Parameters:
        course: the page of the course.
        page: the page that launches the tool.
        token_path: of the token endpoint.
        audience: of assertions; None: the token endpoint.
        student: the `userId` of the student of the demo world.
    """

    course: str
    page: str
    token_path: str
    audience: str | None = None
    student: str

    def signed_in(self, site: LmsSite, who: str = "student") -> Browser:
        """A browser in which somebody has signed in and sees the course."""
        browser = site.browser()
        page = browser.follow(browser.get(self.course))
        home = browser.follow(browser.sign_in(page, getattr(site.info, who)))
        assert "Analytical Engines" in home.text
        return browser

    def launched(self, site: LmsSite, tool: Tool, who: str = "student", path: str | None = None) -> Any:
        """A launch that the tool has taken."""
        browser = self.signed_in(site, who)
        action, fields = posted(browser, tool.login(initiation(browser, path or self.page)))
        assert action == LAUNCH
        return tool.launch(fields)

    def assertion(self, site: LmsSite, tool: Tool, **changes: Any) -> str:
        """A client assertion that holds, but for the changes."""
        return tool.assertion(self.audience or f"{site.url}{self.token_path}", site.lms.clock.now, **changes)

    def service(
        self, site: LmsSite, signed: str, scope: str = lti13.SCOPE_MEMBERSHIP, kind: str = lti13.JWT_BEARER
    ) -> httpx.Response:
        """Ask for a service token."""
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": kind,
            "client_assertion": signed,
            "scope": scope,
        }
        return httpx.post(f"{site.url}{self.token_path}", data=fields)

    def score(self, **changes: Any) -> dict[str, Any]:
        """A score that holds, but for the changes (`...` leaves a member out)."""
        body = {
            "userId": self.student,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": "2026-11-21T12:00:00.000Z",
            "scoreGiven": 5,
            "scoreMaximum": 10,
            **changes,
        }
        return {k: v for k, v in body.items() if v is not ...}


CRITICAL = {"crit": ["x"], "x": 1}
"""Headers of a token with a critical extension that nobody understands."""

# what tools and browsers do, alike at every LMS


def initiation(browser: Browser, path: str) -> dict[str, str]:
    """The login initiation that a page of the LMS posts to the tool."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    action, fields = form(page.text)
    assert action == LOGIN
    return fields


def posted(browser: Browser, url: str) -> tuple[str, dict[str, str]]:
    """The form that comes back from the authentication endpoint."""
    answer = browser.follow(browser.get(url))
    assert answer.status_code == 200, answer.text
    return form(answer.text)


def changed(url: str, **changes: str | None) -> str:
    """A URL with other query parameters; None leaves one out."""
    parsed = httpx.URL(url)
    params = dict(parsed.params)
    params |= {k: v for k, v in changes.items() if v is not None}
    return str(parsed.copy_with(params={k: v for k, v in params.items() if changes.get(k, "") is not None}))
