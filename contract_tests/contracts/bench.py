"""One cell of the matrix: a target, the adapter under contract, and the wire adapter for everything else."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from .http import Log, Sent
from .ports import PORTS
from .targets import Target

WIRE = {
    "openedx": ".adapters.wire.openedx:OpenEdx",
    "openlearning": ".adapters.wire.openlearning:OpenLearning",
    "learningstudio": ".adapters.wire.learningstudio:LearningStudio",
    "ltiaas": ".adapters.wire.ltiaas:Ltiaas",
    "canvas": ".adapters.wire.canvas:Canvas",
    "brightspace": ".adapters.wire.brightspace:Brightspace",
}


def load(path: str) -> Any:
    """The object at `package.module:Name`; a leading dot means this package. Raises LookupError if there is none."""
    module, _, name = path.partition(":")
    try:
        loaded = importlib.import_module(module, __package__)
    except ModuleNotFoundError as error:
        if error.name and module.lstrip(".").startswith(error.name.removeprefix(f"{__package__}.")):
            raise LookupError(f"no module `{module}` for the adapter `{path}`") from error
        raise
    found = getattr(loaded, name, None)
    if found is None:
        raise LookupError(f"`{module}` has no `{name}`")
    return found


class Bench:
    """What a state machine works with.

    Attributes:
        target: who answers.
        examples, steps: how many examples were begun, and how many steps they took.
    """

    def __init__(self, target: Target, adapter: type[Any] | None = None) -> None:
        self.target = target
        self.adapter = adapter
        self.examples = 0
        self.steps = 0
        self._wires: dict[str, Any] = {}

    def begin(self) -> None:
        """A pristine target for the next example."""
        self.examples += 1
        self.target.http.log.begin()
        self.target.begin()

    def wire(self, provider: str) -> Any:
        """The plain adapter of a provider."""
        return self._guarded(self._wire(provider), provider)

    def port(self, provider: str) -> Any:
        """The adapter under contract if it covers this provider, completed by the wire adapter."""
        wire = self._wire(provider)
        if self.adapter is None or self.adapter.provider != provider:
            return self._guarded(wire, provider)
        own = self.adapter(self.target.http, self.target.base(provider), self.target.facts(provider))
        return self._guarded(own if isinstance(own, type(wire)) else _Completed(own, wire), provider)

    def _wire(self, provider: str) -> Any:
        if provider not in self._wires:
            kind = load(WIRE[provider])
            self._wires[provider] = kind(self.target.http, self.target.base(provider), self.target.facts(provider))
        return self._wires[provider]

    def _guarded(self, adapter: Any, provider: str) -> Any:
        return adapter if self.target.writes else _ReadOnly(adapter, PORTS[provider])

    def facts(self, provider: str) -> dict[str, Any]:
        """Ids and credentials."""
        return self.target.facts(provider)


@contextlib.contextmanager
def requests_logged(log: Log) -> Iterator[None]:
    """Log what clients built on `requests` send, so that it appears in the script of a failing example."""
    try:
        import requests
    except ImportError:
        yield
        return
    plain = requests.Session.send

    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        response = plain(self, request, **kwargs)
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        headers = [(str(name), str(value)) for name, value in request.headers.items()]
        log.add(Sent(str(request.method), str(request.url), headers, body, response.status_code))
        return response

    requests.Session.send = send  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        requests.Session.send = plain  # type: ignore[method-assign]  # as it was


class _Completed:
    """An adapter, completed by the wire."""

    def __init__(self, own: Any, wire: Any) -> None:
        self._own, self._wire = own, wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name, None) or getattr(self._wire, name)

    def has(self, name: str) -> bool:
        """Whether the adapter itself implements this."""
        return hasattr(self._own, name)


class WriteForbiddenError(AssertionError):
    """A machine tried to create something at a site that has not allowed it."""


class _ReadOnly:
    """An adapter at a site where nothing may be created: what the port marks with `creates` is not sent."""

    def __init__(self, adapter: Any, port: type[Any]) -> None:
        self._adapter, self._port = adapter, port

    def __getattr__(self, name: str) -> Any:
        what = getattr(getattr(self._port, name, None), "creates", None)
        if what is not None:
            raise WriteForbiddenError(f"`{name}` creates {what}; this target has not allowed it (LMS_LIVE_WRITES=1)")
        return getattr(self._adapter, name)
