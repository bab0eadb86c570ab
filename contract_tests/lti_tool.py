"""A tool made of PyLTI1p3, unmodified, with its key set on a socket: it checks what an emulated LMS sends, and calls
its services. The adapter classes below are what PyLTI1p3 asks every web framework to provide.
"""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import requests
from cryptography.hazmat.primitives import serialization
from pylti1p3.cookie import CookieService
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfDict

from contract_tests.lms_site import Browser, form
from lms_emulator.core.keys import private_key, private_pem
from lms_emulator.signing import jwt


class ToolRequest(Request):
    def __init__(self, params: dict[str, str], session: dict[str, Any]) -> None:
        super().__init__()
        self._params, self._session = params, session

    @property
    def session(self) -> dict[str, Any]:
        return self._session

    def is_secure(self) -> bool:
        return False

    def get_param(self, key: str) -> str:
        return self._params.get(key, "")


class ToolCookies(CookieService):
    def __init__(self, jar: dict[str, str]) -> None:
        self._jar = jar

    def get_cookie(self, name: str) -> str | None:
        return self._jar.get(name)

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self._jar[name] = str(value)


class ToolRedirect(Redirect[str]):
    def __init__(self, location: str) -> None:
        self._location = location

    def do_redirect(self) -> str:
        return self._location

    def do_js_redirect(self) -> str:
        return self._location

    def set_redirect_url(self, location: str) -> None:
        self._location = location

    def get_redirect_url(self) -> str:
        return self._location


class ToolLogin(OIDCLogin[Any, Any, Any, Any, Any]):
    def get_redirect(self, url: str) -> ToolRedirect:
        return ToolRedirect(url)


class ToolLaunch(MessageLaunch[Any, Any, Any, Any]):
    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))


class Tool:
    """The tool's side of one registration.

    Parameters: `issuer`, `client_id`, `deployment_id` and the three addresses, as an administrator types them in.
    """

    def __init__(
        self, *, issuer: str, client_id: str, deployment_id: str, auth_url: str, token_url: str, keys_url: str
    ) -> None:
        self.issuer, self.client_id = issuer, client_id
        self.config = ToolConfDict(
            {
                issuer: [
                    {
                        "default": True,
                        "client_id": client_id,
                        "auth_login_url": auth_url,
                        "auth_token_url": token_url,
                        "key_set_url": keys_url,
                        "deployment_ids": [deployment_id],
                    }
                ]
            }
        )
        self.config.set_private_key(issuer, private_pem("tool"), client_id=client_id)
        public = private_key("tool").public_key()
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(serialization.Encoding.PEM, kind).decode()
        self.config.set_public_key(issuer, pem, client_id=client_id)
        self.session: dict[str, Any] = {}
        self.jar: dict[str, str] = {}
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()

    @property
    def kid(self) -> str:
        return str(self.config.get_jwks()["keys"][0]["kid"])

    def login(self, params: dict[str, str], launch_url: str) -> str:
        """Answer a login initiation: the address to send the browser to."""
        request = ToolRequest(params, self.session)
        login = ToolLogin(request, self.config, SessionService(request), ToolCookies(self.jar))
        return str(login.redirect(launch_url))

    def launch(self, fields: dict[str, str]) -> ToolLaunch:
        """Take a posted id_token; raises LtiException for one that does not hold."""
        request = ToolRequest(fields, self.session)
        http = self._open.enter_context(requests.Session())
        launch = ToolLaunch(request, self.config, SessionService(request), ToolCookies(self.jar), requests_session=http)
        launch.validate()
        return launch

    def sign(self, claims: dict[str, Any], *, key: str = "tool", kid: str | None = None, **options: Any) -> str:
        """Anything, signed as the tool does."""
        return jwt.sign(claims, private_key(key), kid=kid or self.kid, **options)

    def assertion(self, audience: str, now: datetime, **changes: Any) -> str:
        """A client assertion for service tokens. `changes` replace claims (None leaves one out), `key` and `kid`."""
        options = {name: changes.pop(name) for name in ("key", "kid") if name in changes}
        second = int(now.timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "iat": second,
            "exp": second + 60,
            "jti": f"j{now.timestamp()}",
            **changes,
        }
        return self.sign({k: v for k, v in claims.items() if v is not None}, **options)


class KeySite:
    """Publishes a tool's key set on a free port. `answer` can be replaced to misbehave."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, b'{"keys": []}')
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = site.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, tool: Tool) -> None:
        self.answer = (200, json.dumps(tool.config.get_jwks()).encode())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# what tools and browsers do, alike at every LMS


def initiation(browser: Browser, path: str) -> dict[str, str]:
    """The login initiation that a page of the LMS posts to the tool."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    action, fields = form(page.text)
    assert action == "https://tool.example/login"
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


def ask_for_token(url: str, assertion: str, scope: str, kind: str) -> httpx.Response:
    """Ask a token endpoint for a service token."""
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": kind,
        "client_assertion": assertion,
        "scope": scope,
    }
    return httpx.post(url, data=fields)
