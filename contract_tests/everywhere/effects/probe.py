"""A target that sends each request with and without each parameter of its operation, and compares the results."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote

from contract_tests.everywhere.effects.fitting import Fitting
from contract_tests.everywhere.effects.requests import Request
from contract_tests.replay.targets import Answer, Target
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves
from lms_emulator.core.http.reads import Path, path_of
from lms_emulator.server.answering import NOT_HERE
from lms_emulator.server.gateway import Gateway

Key = tuple[str, str, str]
"""Method, path and parameter, `include=term` for one of the values that it is documented to have."""
MOST, EACH = 60, 6
"""How many values of a parameter are tried, in all and with one request."""
LEFT_OUT = "left out"
AS_ADMIN = ", by an admin"
"""Behind the way in which a parameter was changed, where it was tried as the administrator of the world."""
OF_ALL = frozenset({"page", "per_page", "access_token", "as_user_id", "format"})
"""Read for every operation."""
_NOISE = re.compile(
    r"x-emulator|x-request|x-rate-limit|x-canvas-meta|etag|link|content-length|date|server-timing", re.I
)
_SIGN_IN = re.compile(r"/login(/canvas)?/?(\?|$)")
_QUERY = re.compile(r"\?[^\s\"'<>]*")


class Seen(NamedTuple):
    """What came of a request: the answer without what repeats the query, the state, and what was warned of.

    Attributes: `passed_over`, what the operation reads for other requests and had no reason to for this one.
    """

    status: int
    answer: tuple[Any, ...]
    state: tuple[Any, ...]
    warned: frozenset[str]
    passed_over: frozenset[str]

    @property
    def refused(self) -> bool:
        return self.status >= 400

    @property
    def turned_away(self) -> bool:
        """Whether it was refused or sent to sign in, so that no parameter was read."""
        places = [value for name, value in self.answer[0] if name.lower() == "location"]
        return self.refused or any(_SIGN_IN.search(place) for place in places)


class Found:
    """The results of varying one parameter.

    Attributes: `run` and `at`, the run and the request in it that first made a difference, and `how`.
    """

    def __init__(self) -> None:
        self.run, self.at, self.how = "", 0, ""
        self.turn = 0
        self.outcomes: Counter[str] = Counter()
        self.asked: set[Request] = set()

    @property
    def verdict(self) -> str:
        """`shown`, `warned`, `refused`, `silent`, or `unreached` if no request of the operation succeeded."""
        if self.how:
            return "shown"
        warned, same = self.outcomes["warned"], self.outcomes["same"] + self.outcomes["passed over"]
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
                self.failed += [value for value in self._held.get(self._number, ()) if not self._holds(request, *value)]
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
        """A function that sends a request and restores the state."""
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
            own = sent.target.partition("?")[2]
            headers = [
                (name, _without(own, value) if self._onward and name.lower() == "location" else _QUERY.sub("", value))
                for name, value in answer.headers
                if not _NOISE.match(name)
            ]
            last = entries[-1] if entries else None
            over = frozenset(last.notes.get(NOT_HERE, ())) if last is not None else frozenset()
            warned = (
                frozenset(row.name for row in last.warnings if row.name) - over if last is not None else frozenset()
            )
            return Seen(answer.status, (headers, _QUERY.sub("", answer.body)), (state, mails), warned, over)

        return seen

    def _try_out(self, request: Request) -> None:
        """Send the request unchanged and each variant of it, restoring the state each time."""
        operation = self._operation(request)
        if operation is None or (_is_signed(request) and not self._signs_anew):
            return
        self._try_by(request, operation, "")
        left = [self.found[request.method, operation.path, parameter] for parameter in parameters(operation)]
        by_admin = self._by_admin(request)
        if by_admin is not None and not all(effect.how for effect in left):
            self._try_by(by_admin, operation, AS_ADMIN)

    def _by_admin(self, request: Request) -> Request | None:
        """The same with the token of the world's administrator; None if it has none, or it is the same token."""
        info = self._app.providers[self._provider].info(self._world, {})
        token = getattr(getattr(info, "access_tokens", None), "admin", "")
        headers = tuple((n, f"Bearer {token}" if n.lower() == "authorization" else v) for n, v in request.headers)
        return request._replace(headers=headers) if token and headers != request.headers else None

    def _try_by(self, request: Request, operation: Operation, by: str) -> None:
        seen = self._sender()
        base = seen(request)
        refused = base.refused
        if base != seen(request) or (refused and not self._refusals):
            return
        if not refused:
            self.fitting.learn(operation, request)
        carried = set(request.names())
        for name in parameters(operation):
            found = self.found[request.method, operation.path, name]
            if found.how:
                continue
            path = named(path_of(name.partition("=")[0]), request)
            variants = self._variants(operation, request, name, path, carried, found)
            if refused:  # what a refusal depends on is what came
                variants = islice(variants, any(pair[: len(path)] == path for pair in carried))
            for how, variant in variants:
                outcome = _compared(base, seen(variant), path, how)
                if outcome == "effect" and (
                    seen(request) != base or _compared(base, seen(variant), path, how) != outcome
                ):
                    continue
                if outcome:
                    found.outcomes[outcome] += 1
                if outcome == "effect":
                    found.run, found.at, found.how = self._run, self._number, how + by
                    break

    def _variants(
        self, operation: Operation, request: Request, name: str, path: Path, carried: set[Path], found: Found
    ) -> Iterator[tuple[str, Request]]:
        _, is_choice, choice = name.partition("=")
        if is_choice:
            if found.turn < MOST:
                found.turn += 1
                sent = request.values(path)
                if sent == [choice]:
                    yield LEFT_OUT, request.without(path)
                    return
                values = [item for item in sent if item != choice] if choice in sent else [*sent, choice]
                yield json.dumps(values), request.having(path, values) or request
            return
        if any(pair[: len(path)] == path for pair in carried):
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
        """Whether a parameter still makes the difference it made."""
        by_admin = self._by_admin(request) if how.endswith(AS_ADMIN) else None
        request, how = by_admin or request, how.removesuffix(AS_ADMIN)
        seen = self._sender()
        path = named(path_of(key[2].partition("=")[0]), request)
        variant = request.without(path) if how == LEFT_OUT else request.having(path, json.loads(how))
        return variant is not None and _compared(seen(request), seen(variant), path, how) == "effect"


def parameters(operation: Operation) -> list[str]:
    """What is varied for an operation: its documented parameters, and for some each documented value."""
    names = (operation.parameters or frozenset()) - OF_ALL
    return sorted(names | {f"{name}={value}" for name, values in operation.choices.items() for value in values})


def _without(query: str, location: str) -> str:
    """A URL without the query sent, which a sign-in page keeps for later."""
    for own in (query, quote(query), quote(query, safe="")) if query else ():
        location = location.replace(f"?{own}", "").replace(f"%3F{own}", "")
    return location


def _is_signed(request: Request) -> bool:
    return any(value.startswith("OAuth ") for name, value in request.headers if name.lower().endswith("authorization"))


def named(path: Path, request: Request | None = None) -> Path:
    """The path with names for its placeholders, if the request has them."""
    if not any(part.startswith("<") for part in path):
        return path
    carried = set(request.names()) if request is not None else set()
    fits = sorted(
        value
        for value in carried
        if len(value) >= len(path) and all(b.startswith("<") or a == b for a, b in zip(value, path, strict=False))
    )
    if fits:
        return fits[0][: len(path)]
    before = next(number for number, part in enumerate(path) if part.startswith("<")) - 1
    number = request.number_in(path[before]) if request is not None else None
    return tuple(number or "101" if part.startswith("<") else part for part in path)


def _compared(base: Seen, after: Seen, path: Path, how: str) -> str:
    """`effect`, `refused`, `warned`, `same`; `passed over`, the same where the parameter had no turn; or nothing."""
    if after.refused and not base.refused:
        return "effect" if how == LEFT_OUT else "refused"
    if any(is_about(name, path) for name in after.warned | base.warned):
        return "warned"
    if (base.status, base.answer, base.state) != (after.status, after.answer, after.state):
        return "effect"
    if base.turned_away:
        return ""
    return "passed over" if any(is_about(name, path) for name in after.passed_over) else "same"


def is_about(name: str, path: Path) -> bool:
    """Whether a warning names the parameter, as a form or a document writes it."""
    name = name.partition("=")[0]
    return path in (path_of(name)[: len(path)], tuple(name.split("."))[: len(path)])
