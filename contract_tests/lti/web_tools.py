"""Tools to be judged, on sockets: PyLTI1p3 by itself, PyLTI1p3 under Django as its documentation shows it, and ltijs.

Each is told of the platforms by what `lms-emulator certify --registrations` prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from contract_tests import node
from contract_tests.contracts.adapters.published.pylti1p3_tool import Tool
from contract_tests.contracts.adapters.wire.tool import Seat
from lms_emulator.core.keys import private_pem
from lms_emulator.lti.seats import Seat as Place

Start = Callable[..., list[bytes]]
LTIJS = Path(__file__).with_name("ltijs_tool.js")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A WSGI application on a free port."""
    server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Pylti1p3App:
    """PyLTI1p3 with a cookie session of the simplest kind. Attribute: `places`, the platforms that it knows."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self._sessions: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        fields = dict(parse_qsl(body)) or dict(parse_qsl(environ.get("QUERY_STRING", "")))
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("session")
        name = cookie.value if cookie is not None else os.urandom(8).hex()
        session = self._sessions.setdefault(name, {})
        base = f"http://{environ['HTTP_HOST']}"
        try:
            if environ["PATH_INFO"] == "/login":
                place = next(one for one in self.places.values() if one.issuer == fields["iss"])
                headers = [("Location", self._tool(place, base, session).login(fields))]
                headers.append(("Set-Cookie", f"session={name}; Path=/; Secure; HttpOnly; SameSite=None"))
                start("302 Found", headers)
                return [b""]
            data = self._launched(fields, base, session)
        except Exception as error:
            start("401 Unauthorized", [("Content-Type", "text/html")])
            return [f"<title>Refused</title><p>{type(error).__name__}: {error}</p>".encode()]
        start("200 OK", [("Content-Type", "text/html")])
        return [f"<title>Tool</title><p>You are in. {data.get('name', '')}</p>".encode()]

    def _launched(self, fields: dict[str, str], base: str, session: dict[str, Any]) -> dict[str, Any]:
        """The claims, by whichever registration holds: PyLTI1p3 finds it by the token's issuer."""
        last: Exception = LookupError("no platform")
        for place in self.places.values():
            try:
                return dict(self._tool(place, base, session).launch(fields).get_launch_data())
            except Exception as error:
                last = error if "not found in settings" not in str(error) or isinstance(last, LookupError) else last
        raise last

    def _tool(self, place: Place, base: str, session: dict[str, Any]) -> Tool:
        seat = Seat(
            kid="tool",
            private_pem=private_pem("tool"),
            launch_url=f"{base}/launch",
            issuer=place.issuer,
            client_id=place.client_id,
            deployment_id=place.deployment_id,
            auth_url=place.auth_url,
            token_url=place.token_url,
            audience=place.audience,
            keys_url=place.keys_url,
        )
        return Tool(seat, session)


class DjangoApp:
    """The views of PyLTI1p3's Django example, with its sessions in signed cookies."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        import django
        from django.conf import settings

        if not settings.configured:
            settings.configure(
                SECRET_KEY="tool", ALLOWED_HOSTS=["*"], ROOT_URLCONF="contract_tests.lti.web_tools",
                MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
                SESSION_ENGINE="django.contrib.sessions.backends.cache", SESSION_COOKIE_SAMESITE="None",
                SESSION_COOKIE_SECURE=True, INSTALLED_APPS=["django.contrib.sessions"],
                CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
            )  # fmt: skip
            django.setup()

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        from django.core.handlers.wsgi import WSGIHandler

        global _DJANGO
        _DJANGO = self
        environ["wsgi.url_scheme"] = "https"  # as behind a proxy with TLS: PyLTI1p3 says `Secure; SameSite=None` then
        return WSGIHandler()(environ, start)

    def config(self) -> Any:
        from pylti1p3.tool_config import ToolConfDict

        known: Any = {
            place.issuer: [
                {
                    "default": True, "client_id": place.client_id, "auth_login_url": place.auth_url,
                    "auth_token_url": place.token_url, "key_set_url": place.keys_url,
                    "deployment_ids": [place.deployment_id],
                }
            ]
            for place in self.places.values()
        }  # fmt: skip
        config = ToolConfDict(known)
        for place in self.places.values():
            config.set_private_key(place.issuer, private_pem("tool"), client_id=place.client_id)
        return config


_DJANGO: DjangoApp


def _login(request: Any) -> Any:
    from pylti1p3.contrib.django import DjangoOIDCLogin

    login = DjangoOIDCLogin(request, _DJANGO.config())
    return login.redirect(f"http://{request.get_host()}/launch")


def _launch(request: Any) -> Any:
    from django.http import HttpResponse
    from pylti1p3.contrib.django import DjangoMessageLaunch

    data = DjangoMessageLaunch(request, _DJANGO.config()).get_launch_data()
    return HttpResponse(f"<title>Tool</title><p>You are in. {data.get('name', '')}</p>")


def _patterns() -> list[Any]:
    from django.urls import path

    return [path("login", _login), path("launch", _launch)]


def __getattr__(name: str) -> Any:
    if name == "urlpatterns":
        return _patterns()
    raise AttributeError(name)


@contextmanager
def ltijs(port: int, places: dict[str, Place]) -> Iterator[str]:
    """ltijs on a port."""
    env = node.ENVIRONMENT | {"PORT": str(port)}
    known = json.dumps([place.registration for place in places.values()])
    with subprocess.Popen(
        [node.NODE or "node", str(LTIJS), known], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
