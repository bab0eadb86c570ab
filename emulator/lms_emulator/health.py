"""Asks an emulator whether it is ready.

An engine asks every second for as long as a container lives, each time with a new process. So `http:` is spoken over a
plain socket here: half the processor time of a process that imports `urllib.request`.
"""

from __future__ import annotations

import socket

_PATH = "/_emulator/health"
_MOST_BYTES = 1 << 16


def ask(url: str, timeout: float) -> str:
    """The body of the answer of `/_emulator/health`, below a base URL. Proxies of the environment are not asked.

    Parameters: `url`, without a slash at the end; `timeout`, in seconds. Raises OSError if nobody answers with success,
    ValueError if the URL is none.
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
        while (part := connection.recv(_MOST_BYTES)) and len(answer) < _MOST_BYTES:
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise OSError(f"it answers {status or 'nothing'}")
    return body.decode("utf-8", "replace")


def _ask_by_library(url: str, timeout: float) -> str:
    from urllib.request import ProxyHandler, build_opener

    with build_opener(ProxyHandler({})).open(url + _PATH, timeout=timeout) as answer:
        return str(answer.read(_MOST_BYTES), "utf-8", "replace")
