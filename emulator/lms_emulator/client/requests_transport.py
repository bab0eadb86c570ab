"""A transport adapter for requests that answers from an emulator. In its own module because requests is optional."""

from __future__ import annotations

import io
from collections.abc import Mapping
from email.message import Message
from http.client import responses
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from lms_emulator.client.transports import Dropped

if TYPE_CHECKING:
    from lms_emulator.client.transports import Answer, Transport


class EmulatorAdapter(HTTPAdapter):
    """Answers from an emulator. Raises the errors that requests raises for a timeout and a broken connection."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def send(  # the signature is requests' own
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one request."""
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        headers = [
            (str(k), v.decode("latin-1") if isinstance(v, bytes) else str(v)) for k, v in request.headers.items()
        ]
        url, body = str(request.url), _bytes(request.body)
        try:
            answer = self._transport.send(request.method or "GET", url, headers, body, seconds)
        except TimeoutError:
            raise requests.ReadTimeout(f"Read timed out. (read timeout={seconds})", request=request) from None
        except Dropped as error:
            raise requests.ConnectionError(str(error), request=request) from None
        if answer.incomplete:
            raise requests.exceptions.ChunkedEncodingError("Connection broken: IncompleteRead", request=request)
        return self.build_response(request, _as_urllib3(answer))

    def close(self) -> None:
        """Release the connection to the emulator."""
        self._transport.close()


class _Original:
    """The part of an `http.client` response that requests reads cookies from."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.msg = Message()
        for name, value in headers:
            self.msg[name] = value

    def isclosed(self) -> bool:
        """The body has been read."""
        return True

    def close(self) -> None:
        """There is nothing to close."""


def _as_urllib3(answer: Answer) -> HTTPResponse:
    return HTTPResponse(
        body=io.BytesIO(answer.body),
        headers=HTTPHeaderDict(answer.headers),
        status=answer.status,
        reason=responses.get(answer.status, ""),
        version=11,
        preload_content=False,
        original_response=_Original(answer.headers),  # type: ignore[arg-type]  # only `msg` and `isclosed` are used
    )


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    if hasattr(body, "read"):
        content = body.read()
        return content.encode() if isinstance(content, str) else bytes(content)
    return b"".join(part.encode() if isinstance(part, str) else part for part in body)
