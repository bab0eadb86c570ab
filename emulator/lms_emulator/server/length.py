"""Decides which requests may take long and run in a thread instead of on the event loop."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from lms_emulator.core.clock import processor_seconds
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.provider import AnyProvider

LONG_BYTES = 16_384
"""Sizes in bytes up to which bodies and queries are parsed in negligible time."""
MANY_RECORDS = 2_000
"""Number of records up to which a scan takes negligible time, even one with an indexed look-up for each record."""
SHORT_SECONDS = 0.005
_MOST_KNOWN = 20_000
T = TypeVar("T")


class Lengths:
    """Decides by the size of the request and of the state, and learns which requests are fast on a large state.

    A thread costs a tenth of a millisecond, so a route that was fast on a large state before, with the same query,
    stays on the event loop.
    """

    def __init__(self) -> None:
        self._short: dict[Any, None] = {}

    def of(self, provider: AnyProvider, exchange: Exchange[Any, Any]) -> Length:
        """The expected length of a request."""
        return Length(self._short, provider, exchange)


class Length:
    """The expected length of one request.

    Parameters: `short`, what earlier requests on a large state showed.
    """

    __slots__ = ("_exchange", "_kind", "_provider", "_short")

    def __init__(self, short: dict[Any, None], provider: AnyProvider, exchange: Exchange[Any, Any]) -> None:
        self._short = short
        self._provider = provider
        self._exchange = exchange
        self._kind: Any = None

    def is_long(self) -> bool:
        """Whether the next step has to run in a thread."""
        exchange = self._exchange
        if len(exchange.body) + len(exchange.query_string) > LONG_BYTES or self._provider.has_waiting_work(exchange):
            return True
        return exchange.store.size > MANY_RECORDS and self.kind not in self._short

    @property
    def kind(self) -> Any:
        """The kind of request: those of one kind are expected to take equally long."""
        if self._kind is None:
            exchange, provider = self._exchange, self._provider
            route = provider.router.match(provider.method_of(exchange), provider.normalise_path(exchange.path)).route
            query = hash(exchange.query_string)  # values may be long
            self._kind = (exchange.world.name, provider.name, id(route), query)
        return self._kind

    def timed(self, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T] | Generator[Any, Any, T]:
        """The work on the request. If its length depends on the state, the time of its longest step is recorded."""
        return self._timed(work) if self._exchange.store.size > MANY_RECORDS else work

    def _timed(self, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        longest, step, given = 0.0, work.send, None
        while True:
            begun = processor_seconds()
            try:
                found = step(given)
            except StopIteration as end:
                self._learn(max(longest, processor_seconds() - begun))
                result: T = end.value
                return result
            longest = max(longest, processor_seconds() - begun)
            try:
                step, given = work.send, (yield found)
            except BaseException as error:
                step, given = work.throw, error

    def _learn(self, seconds: float) -> None:
        short, kind = self._short, self.kind
        if seconds > SHORT_SECONDS:
            short.pop(kind, None)
        elif kind not in short:
            if len(short) >= _MOST_KNOWN:
                short.clear()
            short[kind] = None
