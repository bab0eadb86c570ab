"""One cell of the matrix at work: a target, the adapter under contract, and the wire beside it for everything else."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from .http import Log, Sent
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
        if provider not in self._wires:
            kind = load(WIRE[provider])
            self._wires[provider] = kind(self.target.http, self.target.base(provider), self.target.facts(provider))
        return self._wires[provider]

    def port(self, provider: str) -> Any:
        """The adapter under contract where it speaks for this provider, with the wire for what it lacks."""
        wire = self.wire(provider)
        if self.adapter is None or self.adapter.provider != provider:
            return wire
        own = self.adapter(self.target.http, self.target.base(provider), self.target.facts(provider))
        return own if isinstance(own, type(wire)) else _Completed(own, wire)

    def facts(self, provider: str) -> dict[str, Any]:
        """Ids and credentials."""
        return self.target.facts(provider)


@contextlib.contextmanager
def requests_logged(log: Log) -> Iterator[None]:
    """Note what clients built on `requests` send, so that it stands in the script of a failing example."""
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

    requests.Session.send = send
    try:
        yield
    finally:
        requests.Session.send = plain


class _Completed:
    """An adapter, completed by the wire."""

    def __init__(self, own: Any, wire: Any) -> None:
        self._own, self._wire = own, wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name, None) or getattr(self._wire, name)

    def has(self, name: str) -> bool:
        """Whether the adapter itself does this."""
        return hasattr(self._own, name)
