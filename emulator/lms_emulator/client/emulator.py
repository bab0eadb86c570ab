"""The Python handle: start an emulator, connect to one, or hold one in process without a socket.

Example:

    from lms_emulator import Emulator

    with Emulator.start(world="demo") as lms:
        print(lms.openlearning.url, lms.openlearning.api_key)
        lms.clock.advance(minutes=6)
        assert lms.requests.refused == []
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import msgspec

from lms_emulator.client.control import Control, HttpControl, InProcessControl, ThreadControl
from lms_emulator.client.parts import ClockHandle, FaultsHandle, OutboxHandle, RequestsHandle, SettingsHandle
from lms_emulator.client.providers import ProviderInfos
from lms_emulator.core.http.cookie_policies import policy_of
from lms_emulator.providers import PROVIDERS

if TYPE_CHECKING:
    import asyncio

    from playwright.sync_api import BrowserContext

    from lms_emulator.server.gateway import Gateway
    from lms_emulator.server.sockets import Server


class Emulator(ProviderInfos):
    """One world of an emulator, wherever it runs. Create it with `start`, `connect` or `in_process`.

    Attributes:
        url: the gateway's address (with `/w/<name>` for a further world).
        app: the ASGI application, if it runs in this process.
        clock, requests, outbox, faults, settings: the parts of the control API.
        openlearning, openedx, …: each provider's addresses, demo credentials and ids.
    """

    def __init__(
        self,
        control: Control,
        url: str,
        *,
        server: Server | None = None,
        app: Gateway | None = None,
        path: str = "",
    ) -> None:
        self.url = url
        self.app = app
        self._server = server
        self._control = control
        self._path = path
        self._infos: dict[str, Any] = {}
        self.clock = ClockHandle(self.call)
        self.requests = RequestsHandle(self.call)
        self.outbox = OutboxHandle(self.call)
        self.faults = FaultsHandle(self.call)
        self.settings = SettingsHandle(self.call)

    @classmethod
    def start(
        cls,
        world: str = "demo",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        seed: str | None = None,
        public_url: str | None = None,
        as_of: str | None = None,
        allowed_hosts: Iterable[str] = (),
        allow_outgoing: Iterable[str] = (),
        control_token: str | None = None,
    ) -> Emulator:
        """Start an emulator in a thread of this process, on free ports unless `port` is given.

        Takes the options of `lms-emulator serve`. Raises WorldError for a bad world and UsageError for a port in use.
        """
        from lms_emulator.app import create_app
        from lms_emulator.server.sockets import Server

        app = create_app(
            world,
            settings=settings,
            seed=seed,
            public_url=public_url,
            as_of=as_of,
            allowed_hosts=allowed_hosts,
            allow_outgoing=allow_outgoing,
            control_token=control_token,
        )
        server = Server(app, host=host, port=port, tls_port=0 if tls else None)
        server.start()
        return cls(ThreadControl(app, server), server.url, server=server, app=app)

    @classmethod
    def connect(cls, url: str, *, token: str | None = None) -> Emulator:
        """Use an emulator that is already running, such as a container. Raises ConnectionError if none answers.

        Parameters: `token`, for its control API; by default `$LMS_EMULATOR_CONTROL_TOKEN`.
        """
        token = token or os.environ.get("LMS_EMULATOR_CONTROL_TOKEN")
        emulator = cls(HttpControl(url.rstrip("/"), token), url.rstrip("/"))
        emulator.call("GET", "/health")
        return emulator

    @classmethod
    def in_process(
        cls,
        world: str = "demo",
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        seed: str | None = None,
        as_of: str | None = None,
        url: str = "http://lms-emulator.test",
        allow_outgoing: Iterable[str] = (),
    ) -> Emulator:
        """An emulator without a socket: `app` is the ASGI application, for `httpx.ASGITransport` and the like.

        Parameters: `url`, the address that requests will carry; providers are below it by prefix.
        """
        from lms_emulator.app import create_app

        app = create_app(
            world,
            settings=settings,
            seed=seed,
            as_of=as_of,
            allowed_hosts=[urlsplit(url).hostname or ""],
            allow_outgoing=allow_outgoing,
        )
        return cls(InProcessControl(app, url), url, app=app)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop what `start` started, and close connections. Safe to call twice."""
        self._control.close()
        if self._server is not None and not self._path:
            self._server.stop()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the server that `start` started; None otherwise."""
        return self._server.loop if self._server is not None else None

    @property
    def tls_url(self) -> str:
        """The gateway's HTTPS address. Raises RuntimeError unless `start` was called with `tls=True`."""
        if self._server is None or self._server.tls_port is None:
            raise RuntimeError("this emulator does not serve HTTPS; start it with tls=True")
        return f"https://localhost:{self._server.tls_port}"

    @property
    def ca_pem(self) -> bytes:
        """Certificate of the throw-away authority behind `tls_url`. Raises RuntimeError as `tls_url` does."""
        if self.app is None or self.app.ca_pem is None:
            raise RuntimeError("this emulator does not serve HTTPS; start it with tls=True")
        return self.app.ca_pem

    def intercept(self, hosts: Mapping[str, str] | None = None) -> AbstractContextManager[Emulator]:
        """Within the context, answer what httpx and requests send to real host names: `with lms.intercept():`.

        Parameters: `hosts`, additional host names and their providers: `{"lms.campus.edu": "openedx"}`.
        See `lms_emulator.client.interception`. Raises ValueError unless this is the default world.
        """
        from lms_emulator.client.interception import intercept

        return intercept(self, hosts)

    def browser(self, executable: str | None = None) -> AbstractContextManager[BrowserContext]:
        """Chromium, driven by Playwright, with the cookie policy of the setting `emulator.third_party_cookies`.

        Needs the extra `browser`. Raises UsageError on entry if Chromium or Playwright is missing.
        """
        from lms_emulator.client.browsers import chromium

        return chromium(policy_of(self.settings["emulator.third_party_cookies"]) or "lax", executable)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control API, e.g. `call("POST", "/clock", {"advance": "PT10M"})`.

        Returns the answer's JSON, or None for an empty one. Raises ControlError.
        """
        return self._control.call(method, f"{self._path}/_emulator{path}", body)

    # the world

    def reset(self) -> None:
        """Return to the seed of the current world: state, settings, clock, journal, outbox, faults."""
        self._infos = {}
        self.call("POST", "/reset")

    def load(self, world: str | Mapping[str, Any]) -> None:
        """Replace the world: `demo`, `empty`, or plain data of the world file's schema. Raises ControlError."""
        self._infos = {}
        self.call("PUT", "/world", world)

    def dump(self) -> dict[str, Any]:
        """The world as plain data of the world file's schema."""
        return cast("dict[str, Any]", self.call("GET", "/world"))

    def snapshot(self) -> str:
        """Take a snapshot of the whole state. Returns the id for `restore`."""
        return str(self.call("POST", "/snapshots")["id"])

    def restore(self, snapshot_id: str) -> None:
        """Return to a snapshot. Raises ControlError for an unknown id."""
        self._infos = {}
        self.call("POST", f"/snapshots/{snapshot_id}/restore")

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Undo, at the end of the context, everything that happened in it."""
        kept = self.snapshot()
        try:
            yield
        finally:
            self.restore(kept)
            self.call("DELETE", f"/snapshots/{kept}")

    def new_world(self, name: str, world: str | Mapping[str, Any] | None = None) -> Emulator:
        """Open another isolated world in the same process; its addresses start with `/w/<name>`.

        Parameters: `world`, as for `load`; None shares the seed of the default world. Raises ControlError.
        """
        body = {"name": name} if world is None else {"name": name, "world": world}
        self._control.call("POST", "/_emulator/worlds", body)
        base = self.url if not self._path else self.url[: -len(self._path)]
        return Emulator(self._control, f"{base}/w/{name}", app=self.app, path=f"/w/{name}")

    def delete_world(self, name: str) -> None:
        """Close a world opened by `new_world`. Raises ControlError."""
        self._control.call("DELETE", f"/_emulator/worlds/{name}")

    @property
    def as_of(self) -> date:
        """The date as of which providers are emulated. Set it to a date or ISO text; `None` restores the default."""
        return date.fromisoformat(self.info()["as_of"])

    @as_of.setter
    def as_of(self, day: date | str | None) -> None:
        self.settings["emulator.as_of"] = "start" if day is None else str(day)

    # providers

    def info(self) -> dict[str, Any]:
        """The answer of `GET /_emulator/info`."""
        return cast("dict[str, Any]", self.call("GET", "/info"))

    if not TYPE_CHECKING:  # type checkers know the names by ProviderInfos, and refuse others

        def __getattr__(self, name: str) -> Any:
            if name not in PROVIDERS:
                raise AttributeError(f"no provider `{name}`; known: {', '.join(PROVIDERS)}", name=name, obj=self)
            return self._info(name)

        def __dir__(self) -> list[str]:
            return [*super().__dir__(), *PROVIDERS]

    def _info(self, name: str) -> Any:
        if name not in self._infos:
            from importlib import import_module

            for provider, data in self.info()["providers"].items():
                if provider in PROVIDERS:  # the emulator may be a newer one, in a container
                    kind = import_module(f"lms_emulator.providers.{provider}.info").Info
                    self._infos[provider] = msgspec.convert(data, kind)
                    self._infos[provider].bind(self.call, provider)
        return self._infos[name]
