"""Tools to certify, on sockets: plain PyLTI1p3, PyLTI1p3 under Django as its documentation shows it, and ltijs.

Each is told of the platforms by what `lms-emulator certify --registrations` prints.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from contract_tests import node
from contract_tests.contracts.adapters.published.pylti1p3_tool import Tool
from contract_tests.contracts.adapters.wire.tool import Seat
from contract_tests.django_settings import configure
from lms_emulator.core.keys import private_key, private_pem
from lms_emulator.lti.seats import Seat as Place
from lms_emulator.signing import jwk, lti13

Start = Callable[..., list[bytes]]
LTIJS = Path(__file__).with_name("ltijs_tool.js")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class _Threads(ThreadingMixIn, WSGIServer):
    """Answers for the key set while a launch is at work."""

    daemon_threads = True


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A WSGI application on a free port."""
    server: WSGIServer = make_server("127.0.0.1", 0, app, server_class=_Threads, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Pylti1p3App:
    """PyLTI1p3 with a cookie session of the simplest kind.

    Parameters: `works`, whether launches make it call every service, and tell as JSON what came of it.
    Attributes: `places`, the platforms that it knows; `page`, what it answers a launch with, if not its own words.
    """

    def __init__(self, *, works: bool = False) -> None:
        self.places: dict[str, Place] = {}
        self.page = ""
        self.works = works
        self._sessions: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        fields = dict(parse_qsl(body)) or dict(parse_qsl(environ.get("QUERY_STRING", "")))
        cookie = re.search(r"(?:^|; )session=([^;]+)", environ.get("HTTP_COOKIE", ""))
        name = cookie[1] if cookie is not None else os.urandom(8).hex()
        session = self._sessions.setdefault(name, {})
        base = f"http://{environ['HTTP_HOST']}"
        if environ["PATH_INFO"] == "/keys":
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(jwk.jwks([("tool", private_key("tool"))])).encode()]
        try:
            if environ["PATH_INFO"] == "/login":
                place = next(seat for seat in self.places.values() if seat.issuer == fields["iss"])
                headers = [("Location", self._tool(place, base, session).login(fields))]
                headers.append(("Set-Cookie", f"session={name}; Path=/; Secure; HttpOnly; SameSite=None"))
                start("302 Found", headers)
                return [b""]
            launch = self._launched(fields, base, session)
            page = self._page(launch)
        except Exception as error:
            start("401 Unauthorized", [("Content-Type", "text/html")])
            return [f"<title>Refused</title><p>{type(error).__name__}: {error}</p>".encode()]
        start("200 OK", [("Content-Type", "text/html")])
        return [page.encode()]

    def _page(self, launch: Any) -> str:
        if not self.works:
            return self.page or f"<title>Tool</title><p>You are in. {launch.get_launch_data().get('name', '')}</p>"
        return chosen(launch) if launch.is_deep_link_launch() else json.dumps(worked(launch))

    def _launched(self, fields: dict[str, str], base: str, session: dict[str, Any]) -> Any:
        """The launch, by the registration that fits: PyLTI1p3 finds it by the token's issuer."""
        last: Exception = LookupError("no platform")
        for place in self.places.values():
            try:
                return self._tool(place, base, session).launch(fields)
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


def worked(launch: Any) -> dict[str, Any]:
    """What a tool does for people, by PyLTI1p3: reads the roster, makes a column, sends a score, reads it back."""
    from pylti1p3.grade import Grade
    from pylti1p3.lineitem import LineItem

    data, ags = launch.get_launch_data(), launch.get_ags()
    about = launch.get_submission_review_user() if launch.is_submission_review_launch() else {"user_id": data["sub"]}
    item = LineItem().set_label("Work").set_score_maximum(10).set_resource_id("work").set_tag("work")
    item = ags.find_or_create_lineitem(item)
    grade = Grade().set_score_given(7).set_score_maximum(10).set_user_id(about["user_id"])
    grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")
    grade.set_timestamp(datetime.now(UTC).isoformat(timespec="milliseconds"))
    ags.put_grade(grade, item)
    return {
        "message": data[f"{lti13.CLAIM}message_type"],
        "user": about["user_id"],
        "name": data.get("name"),
        "members": {
            member["user_id"]: [member.get("name"), member["roles"]] for member in launch.get_nrps().get_members()
        },
        "results": [result["resultScore"] for result in ags.get_grades(item) if result["userId"] == about["user_id"]],
        "columns": len([lineitem for lineitem in ags.get_lineitems() if lineitem["id"] == item.get_id()]),
    }


def chosen(launch: Any) -> str:
    """The form with which PyLTI1p3 answers a deep linking request."""
    from pylti1p3.deep_link_resource import DeepLinkResource

    target = launch.get_launch_data()[f"{lti13.CLAIM}target_link_uri"]
    resource = DeepLinkResource().set_title("Chosen").set_url(target)
    return str(launch.get_deep_link().output_response_form([resource]))


class DjangoApp:
    """The views of PyLTI1p3's Django example, with its sessions in signed cookies."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        configure()

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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def ltijs(port: int, places: dict[str, Place], *, works: bool = False) -> Iterator[str]:
    """ltijs on a port. Parameters: `works`, as with `Pylti1p3App`."""
    env = node.ENVIRONMENT | {"PORT": str(port)} | ({"WORKS": "1"} if works else {})
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
