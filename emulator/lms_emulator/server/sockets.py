"""Sockets: one event loop that listens on the gateway's port and on one port per provider."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from lms_emulator.core.errors import UsageError
from lms_emulator.server.gateway import Gateway
from lms_emulator.server.protocol import REQUEST_SECONDS, Protocol

if TYPE_CHECKING:
    import ssl

_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 0.5
_YOUNG_FOR_ALL = 100
"""How many times the collector looks at what is new before it looks at everything, while others wait; usually 10."""
_BACKLOG = 2048


class Server:
    """The emulator on sockets: `run` it in the main thread, or `start` and `stop` it in a thread of its own.

    Parameters:
        gateway: the application.
        host: address to bind; loopback, unless other machines need to reach the emulator.
        port: the gateway's port; 0 picks free ones for all sockets.
        provider_ports: whether each provider gets a port of its own, counted up from the gateway's.
        tls_port: serve HTTPS as well, on this port; 0 picks a free one; None does not.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        provider_ports: bool = True,
        tls_port: int | None = None,
    ) -> None:
        self.gateway = gateway
        self.host = host
        self._port = port
        self._provider_ports = provider_ports
        self._tls_port = tls_port
        self._sockets: list[tuple[socket.socket, bool]] = []
        self._servers: list[asyncio.Server] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._state = ServerState()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.port = port
        self.tls_port: int | None = None

    @property
    def url(self) -> str:
        """The gateway's address."""
        host = self.gateway.addresses.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that serves. Raises RuntimeError before `start`."""
        if self._loop is None:
            raise RuntimeError("the server is not running")
        return self._loop

    def bind(self) -> None:
        """Open every socket, or none. Raises UsageError that names the port in use."""
        try:
            gateway = self._listen(self._port, "the gateway")
            self.port = gateway.getsockname()[1]
            ports: dict[str, int] = {}
            if self._provider_ports:
                for number, name in enumerate(self.gateway.providers, 1):
                    wanted = self._port + number if self._port else 0
                    ports[name] = self._listen(wanted, name).getsockname()[1]
            if self._tls_port is not None:
                self.tls_port = self._listen(self._tls_port, "TLS", tls=True).getsockname()[1]
        except BaseException:
            self._close_sockets()
            raise
        self.gateway.addresses.listen(self.host, self.port, ports)

    def _listen(self, port: int, purpose: str, *, tls: bool = False) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            sock = socket.create_server((self.host, port), family=family, backlog=_BACKLOG)
        except OverflowError:
            raise UsageError(f"port {port} (for {purpose}) is over 65535; choose a lower --port") from None
        except OSError as error:
            text = error.strerror or str(error)
            tip = "choose another with --port (0 picks free ones)"
            raise UsageError(f"cannot listen on {self.host} port {port} (for {purpose}): {text}; {tip}") from None
        sock.setblocking(False)
        self._sockets.append((sock, tls))
        return sock

    def _close_sockets(self) -> None:
        for sock, _ in self._sockets:
            sock.close()
        self._sockets = []

    async def _open(self) -> None:
        config = Config(
            self.gateway,
            interface="asgi3",
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        config.load()
        loop = asyncio.get_running_loop()

        def protocol() -> Protocol:
            return Protocol(config, self._state, {}, loop)

        context = None
        if any(tls for _, tls in self._sockets):
            from lms_emulator.server import tls as tls_module

            context, self.gateway.ca_pem = tls_module.server_context(self.gateway.addresses)
        for sock, tls in self._sockets:
            if tls and context is not None:
                self._accepting.append(loop.create_task(self._accept(sock, protocol, context)))
            else:
                self._servers.append(await loop.create_server(protocol, sock=sock, backlog=_BACKLOG))

    async def _accept(self, sock: socket.socket, protocol: Callable[[], Protocol], context: ssl.SSLContext) -> None:
        """Accept TLS connections. asyncio's own server does not report failed handshakes."""
        loop, shaking = asyncio.get_running_loop(), set()

        async def shake_hands(connection: socket.socket, peer: Any) -> None:
            try:
                await loop.connect_accepted_socket(
                    protocol, connection, ssl=context, ssl_handshake_timeout=REQUEST_SECONDS
                )
            except ConnectionResetError:  # the client disconnected
                pass
            except OSError as error:
                why = getattr(error, "reason", None) or error.strerror or error
                print(f"lms-emulator: TLS handshake failed with {peer[0]}:{peer[1]}: {why}", file=sys.stderr)

        while True:
            try:
                connection, peer = await loop.sock_accept(sock)
            except OSError:  # out of descriptors, or the peer has disconnected
                await asyncio.sleep(0.1)
                continue
            task = loop.create_task(shake_hands(connection, peer))
            shaking.add(task)
            task.add_done_callback(shaking.discard)

    async def _close(self, grace: float) -> None:
        for server in self._servers:
            server.close()
        for task in self._accepting:
            task.cancel()
        self._close_sockets()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=grace)
        for connection in list(self._state.connections):
            if connection.transport is not None:
                with suppress(AttributeError):  # a lost TLS connection has no protocol any more
                    connection.transport.abort()
        self._servers = []
        self._accepting = []

    # in the main thread

    def run(self, on_ready: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Serve until SIGTERM or Ctrl-C. `on_ready` runs concurrently, once every socket accepts requests."""

        async def main() -> None:
            stopped = asyncio.Event()
            loop = self._loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                try:
                    loop.add_signal_handler(name, stopped.set)
                except NotImplementedError:  # Windows
                    signal.signal(name, lambda *_: loop.call_soon_threadsafe(stopped.set))
            await self._open()
            gc.freeze()  # these objects live as long as the process, so the collector can skip them
            gc.set_threshold(*gc.get_threshold()[:2], _YOUNG_FOR_ALL)
            greeting = loop.create_task(on_ready())
            await stopped.wait()
            greeting.cancel()
            await self._close(_GRACE_SECONDS)

        usual = gc.get_threshold()
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(main())
        finally:
            gc.set_threshold(*usual)

    # in a thread of its own

    def start(self) -> None:
        """Serve in a daemon thread. Returns once every socket accepts requests. Raises UsageError."""
        self.bind()
        ready = threading.Event()
        failure: list[BaseException] = []

        def serve() -> None:
            loop = self._loop = _loop_factory()()
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(self._open())
            except BaseException as error:
                failure.append(error)
                self._close_sockets()
                loop.close()
                ready.set()
                return
            loop.call_soon(ready.set)
            loop.run_forever()
            loop.run_until_complete(self._close(0.0 if not self._state.tasks else _GRACE_SECONDS))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        self._thread = threading.Thread(target=serve, name="lms-emulator", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]

    def stop(self) -> None:
        """Stop serving and close every socket. Safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop = None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
