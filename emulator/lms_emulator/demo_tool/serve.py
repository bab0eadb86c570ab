"""Run the application on a port of its own."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from lms_emulator.core.errors import UsageError
from lms_emulator.demo_tool.app import create_demo_tool
from lms_emulator.demo_tool.config import Config


class _Server(uvicorn.Server):
    on_ready: Callable[[], None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and Ctrl-C and exit with success. uvicorn would raise the signal again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()


class DemoToolServer:
    """The demo tool on a socket: `run` it in the main thread, or `start` and `stop` it in a thread of its own.

    Parameters: `config` may be filled in later, before it runs; `port` 0 picks a free one.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 8090) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def _make(self, config: Config) -> _Server:
        settings = uvicorn.Config(create_demo_tool(config), log_level="error", access_log=False, lifespan="on")
        return _Server(settings)

    def run(self, config: Config, on_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or Ctrl-C; `on_ready` is called when requests are accepted."""
        server = self._server = self._make(config)
        server.on_ready = on_ready
        try:
            server.run([self._socket])
        finally:
            self._socket.close()

    def start(self, config: Config) -> None:
        """Serve in a thread; returns when requests are accepted."""
        ready = threading.Event()
        server = self._server = self._make(config)
        server.on_ready = ready.set
        self._thread = threading.Thread(target=server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the demo tool did not start")

    def stop(self) -> None:
        """Stop the thread that `start` began."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)
        self._socket.close()
