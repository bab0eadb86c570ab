"""The signing keys of a site: one signs, its predecessors and successors are published as well.

They rotate by the clock, following the site's own rule, and whenever a test asks for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple, Protocol

from lms_emulator.core.clock import Clock
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.keys import public_numbers
from lms_emulator.core.state.tables import Table
from lms_emulator.lti.records import KeyRotation

NEXT = ("next-1", "next-2", "next-3")
"""Shipped keys that follow a site's own, over and over."""


class KeyStore(Protocol):
    """The table that key rotation needs."""

    key_rotations: Table[KeyRotation]

    def next_number(self, table: str) -> int: ...


class SigningKey(NamedTuple):
    """One key of a site. `name` is that of the shipped key."""

    kid: str
    name: str


class RotatingKeys(ABC):
    """The keys of one site. They are numbered; shipped keys take turns.

    Attributes:
        name: of the site's first shipped key.
        published: which keys the key set has, relative to the signing key: `(-1, 0, 1)` is the one before, the
            signing key, and the next one.
        path: of the key set.
    """

    name: ClassVar[str]
    published: ClassVar[tuple[int, ...]]
    path: ClassVar[str]

    def by_the_clock(self, clock: Clock) -> int:
        """How often the keys have rotated by the clock: never, unless the site has a rule for it."""
        return 0

    @abstractmethod
    def kid(self, number: int) -> str:
        """The id of a key."""

    def jwk(self, key: SigningKey) -> dict[str, Any]:
        """A key, as the site publishes it."""
        return {"kty": "RSA", **public_numbers(key.name), "kid": key.kid, "use": "sig", "alg": "RS256"}

    def number_at(self, clock: Clock, store: KeyStore, *, shown: bool = False) -> int:
        """The number of the signing key. Parameters: `shown`, of the one that the key set presents as such."""
        now = clock.now()
        due = [rotation for rotation in store.key_rotations if rotation.due is None or rotation.due <= now]
        return self.by_the_clock(clock) + sum(not (shown and rotation.stale) for rotation in due)

    def label(self, key: SigningKey) -> str:
        """The name of a key in the control API: its id."""
        return key.kid

    def key(self, number: int) -> SigningKey:
        """The key with this number."""
        ring = (self.name, *NEXT)
        return SigningKey(self.kid(number), ring[number % len(ring)])

    def published_at(self, clock: Clock, store: KeyStore) -> list[SigningKey]:
        """The keys of the key set."""
        shown = self.number_at(clock, store, shown=True)
        return [self.key(shown + by) for by in self.published if shown + by >= 0]

    def signing(self, exchange: Exchange[KeyStore, Any]) -> SigningKey:
        """The current signing key."""
        return self.key(self.number_at(exchange.clock, exchange.store))

    def key_set(self, exchange: Exchange[KeyStore, Any]) -> dict[str, Any]:
        """The key set that the site publishes now."""
        return {"keys": [self.jwk(key) for key in self.shown(exchange)]}

    def shown(self, exchange: Exchange[KeyStore, Any]) -> list[SigningKey]:
        """The keys of the key set, with a warning where it lags behind."""
        signing, shown = self.signing(exchange), self.number_at(exchange.clock, exchange.store, shown=True)
        if self.key(shown) != signing:
            exchange.warn("key_set_stale", f"the key set is from before the last rotation; {signing.kid} signs by now")
        return self.published_at(exchange.clock, exchange.store)
