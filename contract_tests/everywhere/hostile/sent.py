"""One request of the corpus."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from lms_emulator import Emulator


class Hostile(NamedTuple):
    """One request.

    Attributes: `name`, of what is expensive about it; `sent`, its bytes; `once`, that it does nothing a second time.
    """

    name: str
    sent: bytes
    once: bool = False


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += ["User-Agent: hostile"]  # Canvas refuses whoever says nothing of itself
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def table_request(path: str, name: str, text: str, headers: dict[str, str]) -> bytes:
    """A file of rows, sent as a form."""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.csv"\r\n\r\n'
    body = f"{head}{text}\r\n--x--\r\n".encode()
    return request("POST", path, body, Content_Type="multipart/form-data; boundary=x", **headers)


def to_address_of(lms: Emulator, sent: bytes) -> bytes:
    """With the URL for which the emulator issued the data."""
    return sent.replace(b"Host: 127.0.0.1\r\n", f"Host: {urlsplit(lms.url).netloc}\r\n".encode(), 1)
