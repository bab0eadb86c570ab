"""A write for each provider whose body arrives late, such as another test may leave in progress."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from contract_tests.everywhere.existing import credentials
from contract_tests.ltiaas.support import NEW_PLATFORM

if TYPE_CHECKING:
    from lms_emulator import Emulator

_FORM, _JSON, _MERGE = "application/x-www-form-urlencoded", "application/json", "application/merge-patch+json"


@dataclass
class Answer:
    """The response to the whole request; empty before that."""

    status: int = 0
    body: bytes = b""


class Late:
    """One write of which the emulator has the headers and awaits the body."""

    def __init__(self, connection: socket.socket, body: bytes) -> None:
        self._connection = connection
        self._body = body

    def finish(self) -> Answer:
        """Send the body, and return the answer."""
        self._connection.sendall(self._body)
        head, _, body = b"".join(iter(lambda: self._connection.recv(65_536), b"")).partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]), body)


@contextmanager
def late(lms: Emulator, provider: str) -> Iterator[Late]:
    """Begin a write: its body is sent by `finish`, and only after the emulator has asked for it."""
    method, path, kind, fields = _write(lms, provider)
    body = (urlencode(fields) if kind == _FORM else json.dumps(fields)).encode()
    address = urlsplit(lms.url)
    head = {"Host": address.netloc, "Connection": "close", "Content-Type": kind, "Content-Length": str(len(body))}
    head |= {"User-Agent": "late", "Expect": "100-continue"} | credentials(lms, provider)
    lines = [
        f"{method} {address.path}/{provider}{path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in head.items()),
    ]
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        asked = connection.recv(1_000)
        assert asked.startswith(b"HTTP/1.1 100 "), asked
        yield Late(connection, body)


def _write(lms: Emulator, provider: str) -> tuple[str, str, str, dict[str, Any]]:
    """Method, path, content type and fields of a request that changes the demo world."""
    info = getattr(lms, provider)
    if provider == "openlearning":
        person = {"full_name": "late", "external_institution_id": "late", "primary_email_address": "late@example.edu"}
        quiet = {"send_password_email": "false", "send_welcome_email": "false"}
        return "POST", f"/v2.2/institutions/{info.institution_id}/managed-users/", _FORM, person | quiet
    if provider == "openedx":
        name = info.superuser.username
        return "PATCH", f"/api/user/v1/preferences/{name}", _MERGE, {"time_zone": "Pacific/Auckland"}
    if provider == "learningstudio":
        topic = f"/threadeddiscussions/{info.discussion_id}/topics/{info.topic_id}"
        return "POST", f"/courses/{info.course_id}{topic}/responses", _JSON, {"responses": {"description": "late"}}
    if provider == "ltiaas":
        return "POST", "/api/platforms", _JSON, NEW_PLATFORM
    if provider == "canvas":
        return "POST", "/api/v1/accounts/1/users", _FORM, {"user[name]": "late", "pseudonym[unique_id]": "late"}
    assert provider == "brightspace", f"which request changes the world of {provider}?"
    content = {"Content": "late", "Type": "Html"}
    item = {"Title": "late", "Body": content, "StartDate": "2026-01-01T00:00:00.000Z", "IsPublished": True}
    return "POST", "/d2l/api/le/1.92/6836/news/", _JSON, item
