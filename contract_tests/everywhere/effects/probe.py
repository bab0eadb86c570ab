"""A target that sends each request with and without each parameter of its operation, and compares what comes of it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from contract_tests.everywhere.effects.fitting import Fitting
from contract_tests.everywhere.effects.requests import Request
from contract_tests.replay.targets import Answer, Target
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves
from lms_emulator.core.http.reads import Path, path_of
from lms_emulator.server.gateway import Gateway

Key = tuple[str, str, str]
"""Method, path and parameter."""
MOST, EACH = 60, 6
"""How many values of a parameter are tried, in all and with one request."""
LEFT_OUT = "left out"
OF_ALL = frozenset({"page", "per_page", "access_token", "as_user_id", "format"})
"""Read for every operation."""
_NOISE = re.compile(
    r"x-emulator|x-request|x-rate-limit|x-canvas-meta|etag|link|content-length|date|server-timing", re.I
)
_QUERY = re.compile(r"\?[^\s\"'<>]*")


class Seen(NamedTuple):
    """What came of a request: the answer without what repeats the query, the state, and what was warned of."""

    status: int
    answer: tuple[Any, ...]
    state: tuple[Any, ...]
    told: frozenset[str]


class Found:
    """What the variants of one parameter showed.

    Attributes: `run` and `at`, in which run and with which of its requests it first made a difference, and `how`.
    """

    def __init__(self) -> None:
        self.run, self.at, self.how = "", 0, ""
        self.turn = 0
        self.outcomes: Counter[str] = Counter()
        self.asked: set[Request] = set()

    @property
    def verdict(self) -> str:
        """`shown`, `warned`, `refused`, `silent`, or `unreached` where no request of the operation went well."""
        if self.how:
            return "shown"
        warned, same = self.outcomes["warned"], self.outcomes["same"]
        if not self.outcomes:
            return "unreached"
        return "silent" if same and warned * 3 < same else "warned" if warned else "refused"


class Probe:
    """Passes requests on, having tried their variants first, each from the same state.

    Parameters:
        operations: the operations that are served, by a function of method and path.
        inner: where requests and their variants go.
        run: the name of what is played.
        held: what is looked at only: the parameters to try at a request of this number, each with its way.
    """

    def __init__(
        self,
        app: Gateway,
        provider: str,
        inner: Target,
        run: str = "",
        held: dict[int, list[tuple[Key, str]]] | None = None,
    ) -> None:
        self._app, self._provider, self._inner, self._run, self._held = app, provider, inner, run, held
        self._number = 0
        self._onward = self._refusals = self._signs_anew = False
        self._served: dict[tuple[str, str], bool] = {}
        self.fitting = Fitting()
        self.found: dict[Key, Found] = defaultdict(Found)
        self.failed: list[tuple[Key, str]] = []

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        """Send, having tried the variants."""
        if not path.startswith("/_emulator"):
            self._number += 1
            request = Request(method, path, tuple(headers), body)
            if self._held is None:
                self._try_out(request)
            else:
                self.failed += [one for one in self._held.get(self._number, ()) if not self._holds(request, *one)]
        return self._inner.send(method, path, headers, body)

    @property
    def _world(self) -> Any:
        return self._app.worlds.default

    def _path(self, request: Request) -> str:
        return request.target.partition("?")[0]

    def _operation(self, request: Request) -> Operation | None:
        provider = self._app.providers[self._provider]
        path = provider.normalise_path(self._path(request))
        operation = provider.catalogue.find(request.method, path) if provider.catalogue else None
        if operation is None or request.method == "HEAD":
            return None
        key = request.method, operation.path
        if key not in self._served:
            self._served[key] = bool(operation.parameters) and serves(provider, operation, request.method)
        return operation if self._served[key] else None

    def _sender(self) -> Callable[[Request], Seen]:
        """A function that sends a request and puts the state back."""
        world, store = self._world, self._world.store(self._provider)
        before = store.snapshot(), world.ids.snapshot(), world.outbox.snapshot()

        def seen(sent: Request) -> Seen:
            answer = self._inner.send(sent.method, sent.target, list(sent.headers), sent.body)
            entries = world.journal.entries()
            after = store.snapshot().layers
            state = {name: layer for name, layer in after.items() if layer != before[0].layers[name]}
            mails = world.outbox.snapshot()[2]
            store.restore(before[0])
            world.ids.restore(before[1])
            world.outbox.restore(before[2])
            headers = [
                (name, value if self._onward and name.lower() == "location" else _QUERY.sub("", value))
                for name, value in answer.headers
                if not _NOISE.match(name)
            ]
            told = frozenset(one.name for one in entries[-1].warnings if one.name) if entries else frozenset()
            return Seen(answer.status, (headers, _QUERY.sub("", answer.body)), (state, mails), told)

        return seen

    def _try_out(self, request: Request) -> None:
        """Send the request as it is and each variant of it, and put everything back."""
        operation = self._operation(request)
        if operation is None or (_is_signed(request) and not self._signs_anew):
            return
        seen = self._sender()
        base = seen(request)
        refused = base.status >= 400
        if base != seen(request) or (refused and not self._refusals):
            return
        if not refused:
            self.fitting.learn(operation, request)
        carried = set(request.names())
        for name in sorted((operation.parameters or frozenset()) - OF_ALL):
            found = self.found[request.method, operation.path, name]
            if found.how:
                continue
            path = _named(path_of(name), carried)
            variants = self._variants(operation, request, name, path, carried, found)
            if refused:  # what a refusal depends on is what came
                variants = islice(variants, any(one[: len(path)] == path for one in carried))
            for how, variant in variants:
                outcome = _compared(base, seen(variant), path, how)
                found.outcomes[outcome] += 1
                if outcome == "effect":
                    found.run, found.at, found.how = self._run, self._number, how
                    break

    def _variants(
        self, operation: Operation, request: Request, name: str, path: Path, carried: set[Path], found: Found
    ) -> Iterator[tuple[str, Request]]:
        if any(one[: len(path)] == path for one in carried):
            yield LEFT_OUT, request.without(path)
        if found.turn >= MOST or request in found.asked:
            return
        found.asked.add(request)
        store, now = self._world.store(self._provider), self._world.clock.now()
        values = self.fitting.values(operation, request, name, store, now)
        turned = found.turn % len(values)
        found.turn += EACH
        for value in [*values[turned:], *values[:turned]][:EACH]:
            variant = request.having(path, value)
            if variant is not None and variant != request:
                yield json.dumps(value), variant

    def _holds(self, request: Request, key: Key, how: str) -> bool:
        """Whether a parameter still makes the difference that it made."""
        seen = self._sender()
        path = _named(path_of(key[2]), set(request.names()))
        variant = request.without(path) if how == LEFT_OUT else request.having(path, json.loads(how))
        return variant is not None and _compared(seen(request), seen(variant), path, how) == "effect"


def _is_signed(request: Request) -> bool:
    return any(value.startswith("OAuth ") for name, value in request.headers if name.lower().endswith("authorization"))


def _named(path: Path, carried: set[Path]) -> Path:
    """The path with names at its placeholders: those that the request carries, if it does."""
    if not any(part.startswith("<") for part in path):
        return path
    fits = sorted(
        one
        for one in carried
        if len(one) >= len(path) and all(b.startswith("<") or a == b for a, b in zip(one, path, strict=False))
    )
    return fits[0][: len(path)] if fits else tuple("101" if part.startswith("<") else part for part in path)


def _compared(base: Seen, after: Seen, path: Path, how: str) -> str:
    if after.status >= 400 and base.status < 400:
        return "effect" if how == LEFT_OUT else "refused"
    if any(_is_about(name, path) for name in after.told - base.told):
        return "warned"
    return "same" if (base.status, base.answer, base.state) == (after.status, after.answer, after.state) else "effect"


def _is_about(name: str, path: Path) -> bool:
    """Whether a warning's name is that of the parameter, as a form or a document writes it."""
    name = name.partition("=")[0]
    return path in (path_of(name)[: len(path)], tuple(name.split("."))[: len(path)])
