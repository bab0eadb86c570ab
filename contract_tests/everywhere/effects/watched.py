"""A provider's tests as the source of requests: each request that they send is tried on its way in.

The world's clock stands still for a request and its variants; a test
that counts requests or measures time may fail here, which says nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import pytest

from contract_tests.everywhere.effects.probe import Found, Key, Probe
from contract_tests.everywhere.effects.requests import Request
from contract_tests.replay.targets import Answer, Scope, called
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.http.exchange import split_authority
from lms_emulator.core.http.reads import path_of
from lms_emulator.core.ids import Ids
from lms_emulator.core.worlds.world import World
from lms_emulator.server.gateway import Gateway
from lms_emulator.signing import oauth1, pearson_oauth1

ELSEWHERE = ("credentials/test_redirects.py",)
"""Tests of several providers that send what their own tests do not."""
QUIET = "ignore::pytest.PytestAssertRewriteWarning"
SECRETS = {"openlearning": ("registrations", "secret"), "learningstudio": ("campuses", "shared_secret")}
"""Which table has the consumer keys, and what its secrets are called."""
SIGNATURE = oauth1.SIGNATURE_FIELD

_FIELD = re.compile(r'(\w+)="([^"]*)"')


class _Again:
    """Sends variants of a received request on the event loop, which waits meanwhile."""

    def __init__(self, app: Any, scope: Scope, loop: asyncio.AbstractEventLoop, secrets: dict[str, str]) -> None:
        self._app, self._scope, self._loop, self._secrets = app, scope, loop, secrets

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        raw, _, query = path.partition("?")
        request = self._signed(Request(method, path, tuple(headers), body))
        content = request.body or b""
        sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers]
        sent = [pair for pair in sent if pair[0] != b"content-length"]
        if content or method in ("POST", "PUT", "PATCH"):
            sent.append((b"content-length", str(len(content)).encode()))
        scope = {**self._scope, "method": method, "path": unquote(raw), "raw_path": raw.encode(), "headers": sent}
        scope |= {"query_string": query.encode(), "state": {}}
        return asyncio.run_coroutine_threadsafe(called(self._app, scope, content), self._loop).result(60)

    def _signed(self, request: Request) -> Request:
        """The request signed again, if it is signed by OAuth 1.0, in a form or in Pearson's header."""
        fields = dict(request.form)
        secret = self._secrets.get(fields.get("oauth_consumer_key", ""))
        if secret is not None and fields.get(SIGNATURE):
            host = next(value for name, value in request.headers if name.lower() == "host")
            pairs = [(name, value) for name, value in request.form if name != SIGNATURE]
            url = f"{self._scope['scheme']}://{host}{request.target}"
            return request.having((SIGNATURE,), oauth1.sign(request.method, url, pairs, secret)) or request
        headers = tuple((name, self._pearson(request, value)) for name, value in request.headers)
        return request._replace(headers=headers)

    def _pearson(self, request: Request, header: str) -> str:
        fields = {name: unquote(value) for name, value in _FIELD.findall(header)}
        secret = self._secrets.get(fields.get("oauth_consumer_key", ""))
        if secret is None or not header.startswith("OAuth ") or not fields.get(SIGNATURE):
            return header
        path, _, query = request.target.partition("?")
        signed = pearson_oauth1.SignedRequest(
            method=request.method,
            path=path,
            query=query,
            body=request.body or b"",
            application_id=fields["application_id"],
            consumer_key=fields["oauth_consumer_key"],
            timestamp=fields["oauth_timestamp"],
            nonce=fields["oauth_nonce"],
        )
        made = pearson_oauth1.signature(secret, pearson_oauth1.base_string(signed))
        return header.replace(quote(fields[SIGNATURE], safe=""), quote(made, safe=""))


class _Trial(Probe):
    """One incoming request, from the first attempt to the last."""

    def __init__(self, app: Gateway, provider: str, world: World, inner: _Again, prefix: str, run: str) -> None:
        super().__init__(app, provider, inner, run)
        self._at, self._prefix = world, prefix
        self._onward = self._refusals = True
        self._signs_anew = provider in SECRETS

    @property
    def _world(self) -> World:
        return self._at

    def _path(self, request: Request) -> str:
        return super()._path(request).removeprefix(self._prefix)

    def out(self, request: Request, held: Iterable[tuple[Key, str]] | None, shown: set[Key]) -> None:
        """Try every parameter, or those in `held`, noting which made their difference again."""
        clock, ids = self._world.clock, self._world.ids
        before = clock.snapshot()
        clock.freeze()
        self._world.ids = Ids("effects")
        try:
            operation = self._operation(request)
            for attempt in (request, *_enveloped(request, operation)) if operation is not None else ():
                if held is None:
                    self._try_out(attempt)
                else:
                    place = request.method, operation.path
                    ours = [way for way in held if way[0][:2] == place and way[0] not in shown]
                    shown |= {key for key, how in ours if self._holds(attempt, key, how)}
        finally:
            clock.restore(before)
            self._world.ids = ids


def _enveloped(request: Request, operation: Operation) -> Iterator[Request]:
    """The same document with each other name that its only member can have."""
    document = request.document if request.is_json else {}
    if len(document) == 1:
        ((own, inner),) = document.items()
        for name in {path_of(name)[0] for name in operation.parameters or ()} - {own}:
            yield request._replace(body=json.dumps({name: inner}).encode())


class Watch:
    """What the requests of a provider's tests showed; a plugin of pytest.

    Parameters: `held`, the ways in which parameters made a difference, if only these are to be tried; `before`, from
    which it goes on.
    Attributes: `found`; `shown`, those of `held` that still do.
    """

    def __init__(
        self, provider: str, held: list[tuple[Key, str]] | None = None, before: tuple[Any, Any] | None = None
    ) -> None:
        self.provider, self.held = provider, held
        self.found, self._fitting = before or (defaultdict(Found), None)
        self.shown: set[Key] = set()
        self._test = ""
        self._served: dict[tuple[str, str], bool] = {}

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._test = item.nodeid.partition("::")[0].removeprefix("contract_tests/")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Try incoming requests while this context lasts."""
        original = Gateway.__call__
        watch = self

        async def call(app: Gateway, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or "_emulator" in scope["path"]:
                await original(app, scope, receive, send)
                return
            body, more = b"", True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False) and message["type"] == "http.request"
            await watch._try_out(app, partial(original, app), scope, body)
            arrived = [{"type": "http.request", "body": body, "more_body": False}]

            async def again() -> Any:
                return arrived.pop() if arrived else await receive()

            await original(app, scope, again, send)

        Gateway.__call__ = call
        try:
            yield
        finally:
            Gateway.__call__ = original

    async def _try_out(self, app: Gateway, call: Any, scope: Any, body: bytes) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        host, port = scope.get("server") or ("127.0.0.1", None)
        named = dict(headers).get("host", host)
        address = app.addresses.locate(split_authority(named)[0], port, scope["path"], app.worlds.had)
        world = app.worlds.get(address.world)
        if world is None or address.provider != self.provider:
            return
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], f"{raw}?{query}" if query else raw, tuple(headers), body or None)
        await app.open_provider(self.provider)
        table, secret = SECRETS.get(self.provider, ("", ""))
        rows = getattr(world.store(self.provider), table, ())
        secrets = {row.consumer_key: getattr(row, secret) for row in rows}
        inner = _Again(call, scope, asyncio.get_running_loop(), secrets)
        trial = _Trial(app, self.provider, world, inner, address.prefix, self._test)
        trial.found, trial.fitting = self.found, self._fitting or trial.fitting
        trial._served = self._served
        self._fitting = trial.fitting
        await asyncio.to_thread(trial.out, request, self.held, self.shown)


def watched(
    provider: str,
    files: Iterable[str],
    held: list[tuple[Key, str]] | None = None,
    before: tuple[Any, Any] | None = None,
) -> Watch:
    """Run the tests of a provider, those of the named files (below contract_tests) or all, and watch."""
    watch = Watch(provider, held, before)
    places = [f"contract_tests/{name}" for name in files or (provider, *ELSEWHERE)]
    places.append("--ignore=contract_tests/canvas/replay")
    with watch.watching():
        pytest.main(
            [
                "-q",
                "-n",
                "0",
                "-p",
                "no:cacheprovider",
                "-W",
                QUIET,
                "-m",
                "",
                "-o",
                "timeout=0",
                "--no-header",
                "--tb=no",
                "-r",
                "N",
                *places,
            ],
            [watch],
        )
    return watch
