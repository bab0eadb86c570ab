"""Asks an emulator whether it is ready.

A container engine asks every second for as long as the container lives, each time in a new process. So this module
imports little and speaks `http:` over a plain socket, which takes a third of the processor time that argparse and
`urllib.request` would.
"""

from __future__ import annotations

import os
import socket
import sys

TIMEOUT = 2.0
_PATH = "/_emulator/health"
_MAX_BYTES = 1 << 16


def default_url() -> str:
    """The URL of an emulator that is configured by the environment alone."""
    port = os.environ.get("LMS_EMULATOR_PORT") or os.environ.get("PORT") or "8080"
    return os.environ.get("LMS_EMULATOR_URL") or f"http://127.0.0.1:{port}"


def report(url: str, timeout: float = TIMEOUT) -> int:
    """Print the answer, or why there is none. Returns the exit code: 0 if it is ready, else 1."""
    try:
        body = ask(url.rstrip("/"), timeout)
    except (OSError, ValueError) as error:
        print(f"lms-emulator: not ready: {error}", file=sys.stderr)
        return 1
    if '"ready"' not in body:
        print("lms-emulator: something else answers there", file=sys.stderr)
        return 1
    print(body)
    return 0


def ask(url: str, timeout: float) -> str:
    """The body of `/_emulator/health` below a base URL. Ignores proxies set in the environment.

    Parameters: `url`, without a slash at the end; `timeout`, in seconds.
    Raises OSError if there is no successful answer, and ValueError if the URL is malformed.
    """
    scheme, separator, rest = url.partition("://")
    if scheme != "http" or not separator:
        return _ask_by_library(url, timeout)
    address, slash, prefix = rest.partition("/")
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = address, "80"
    request = f"GET {slash}{prefix}{_PATH} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\r\n"
    with socket.create_connection((host.strip("[]"), int(port)), timeout) as connection:
        connection.sendall(request.encode("ascii"))
        answer = b""
        while (part := connection.recv(_MAX_BYTES)) and len(answer) < _MAX_BYTES:
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise OSError(f"it answers {status or 'nothing'}")
    return body.decode("utf-8", "replace")


def _ask_by_library(url: str, timeout: float) -> str:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(url + _PATH, timeout=timeout) as answer:
        return str(answer.read(_MAX_BYTES), "utf-8", "replace")
