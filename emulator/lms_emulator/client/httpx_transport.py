"""A transport for httpx that answers from an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from lms_emulator.client.transports import Dropped, Transport, transport_to

if TYPE_CHECKING:
    from lms_emulator.client.emulator import Emulator


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport that answers from an emulator; for `httpx.Client(transport=…)`, sync or async.

    Example:

        transport = EmulatorTransport.of(lms)
        client = httpx.Client(mounts={"all://api.openlearning.com": transport})

    Raises httpx.ReadTimeout, httpx.ReadError (dropped by a fault) and httpx.RemoteProtocolError (cut short by one).
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def of(cls, lms: Emulator) -> EmulatorTransport:
        """The transport to an emulator, however it runs."""
        return cls(transport_to(lms))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        return self._exchange(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, waiting in a thread, so that it works under asyncio and trio."""
        import anyio.to_thread

        return await anyio.to_thread.run_sync(self._exchange, request, await request.aread())

    def _exchange(self, request: httpx.Request, body: bytes) -> httpx.Response:
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw]
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            answer = self._transport.send(request.method, str(request.url), headers, body, timeout)
        except TimeoutError:
            raise httpx.ReadTimeout("The read operation timed out", request=request) from None
        except Dropped as error:
            raise httpx.ReadError(str(error), request=request) from None
        if answer.incomplete:
            text = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(text, request=request)
        extensions = {"http_version": b"HTTP/1.1"}
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, extensions=extensions)

    def close(self) -> None:
        """Release the connection to the emulator."""
        self._transport.close()

    async def aclose(self) -> None:
        """As `close`."""
        self._transport.close()
