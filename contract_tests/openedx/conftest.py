"""What the tests of the Open edX APIs share: the demo world behind a socket, and one-line calls."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.openedx.web import Web
from contract_tests.replay.targets import Answer, Socket
from lms_emulator.client.emulator import Emulator

COURSE = "course-v1:CET+GW_01+2021_2022_FA"
OTHER = "course-v1:DemoX+DemoCourse+T2024"
CLOSED = "course-v1:ClosedX+Closed+T2020"
INVITE = "course-v1:InviteX+Invite+T2025"
FULL = "course-v1:FullX+Full+T2025"

ADMIN, STAFF, LEARNER, OTHER_LEARNER, COURSE_STAFF = (
    f"demo-{who}-token" for who in ("superuser", "staff", "learner", "other-learner", "course-staff")
)


@dataclasses.dataclass
class Site:
    """The emulated LMS of one test."""

    lms: Emulator
    socket: Socket

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        jwt: str | None = None,
        api_key: str | None = None,
        body: Any = None,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call an API as the holder of a token, as a JWT, as a server with the API key, or as nobody."""
        sent = [("Host", "openedx.localhost"), *(headers or {}).items()]
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        if jwt is not None:
            sent.append(("Authorization", f"JWT {jwt}"))
        if api_key is not None:
            sent.append(("X-Edx-Api-Key", api_key))
        raw = None
        if body is not None:
            sent.append(("Content-Type", kind))
            raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        return self.socket.send(method, path, sent, raw)

    def get(self, path: str, token: str | None = None, **more: Any) -> Any:
        """GET a path and decode the JSON of a successful answer."""
        answer = self.call("GET", path, token=token, **more)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def enroll(self, token: str | None, course: str = COURSE, **fields: Any) -> Answer:
        """POST to the enrollment API."""
        body = {"course_details": {"course_id": course}, **fields}
        return self.call("POST", "/api/enrollment/v1/enrollment", token=token, body=body)


@pytest.fixture
def site(lms: Emulator) -> Iterator[Site]:
    """The demo world's LMS."""
    socket = Socket(lms.openedx.url)
    yield Site(lms, socket)
    socket.close()


@pytest.fixture
def web(lms: Emulator) -> Iterator[Web]:
    """The demo world's LMS as a script or a browser uses it: forms, cookies, redirects."""
    web = Web(lms)
    yield web
    web.close()
