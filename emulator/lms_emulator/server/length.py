"""Which requests may take long, and are answered beside the event loop."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.clock import worked
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.provider import AnyProvider

LONG_BYTES = 16_384
"""Bodies, and queries, that are taken apart in no time."""
MANY_RECORDS = 2_000
"""As many can be looked through in no time, even for each of themselves by an index."""
SHORT_SECONDS = 0.005
_MOST_KNOWN = 20_000


class Lengths:
    """Decides by the size of the request and of the state, and learns which requests on a large state are short.

    A thread costs a tenth of a millisecond. So a route that was short on a large state before, with the same query, is
    answered on the event loop.
    """

    def __init__(self) -> None:
        self._short: dict[Any, None] = {}

    def is_long(self, provider: AnyProvider, x: Exchange[Any, Any]) -> bool:
        """Whether what comes next for a request must be done in a thread."""
        if len(x.body) + len(x.query_string) > LONG_BYTES or provider.has_waiting_work(x):
            return True
        return x.store.size > MANY_RECORDS and self._key(provider, x) not in self._short

    def begin(self, x: Exchange[Any, Any]) -> float | None:
        """What `learn` has to know of a request that begins: nothing, where the state is small."""
        return worked() if x.store.size > MANY_RECORDS else None

    def learn(self, provider: AnyProvider, x: Exchange[Any, Any], begun: float | None) -> None:
        """Keep how long it took, where that depends on the state."""
        if begun is None:
            return
        key = self._key(provider, x)
        if worked() - begun > SHORT_SECONDS:
            self._short.pop(key, None)
        elif key not in self._short:
            if len(self._short) >= _MOST_KNOWN:
                self._short.clear()
            self._short[key] = None

    def _key(self, provider: AnyProvider, x: Exchange[Any, Any]) -> Any:
        route, _, _ = provider.router.match(provider.method_of(x), provider.normalise_path(x.path))
        return x.world.name, provider.name, id(route), hash(x.query_string)  # which may be long
