"""Canvas's signing keys: three are published, and they rotate every month.

Source: fixtures/recordings/canvas/lti-authorize.jsonl, `/api/lti/security/jwks` (past, present and future key; ids
are times). That the future key was made a month before it signs is inferred from these ids.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lms_emulator.core.clock import Clock
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.lti.rotating_keys import KeyStore, RotatingKeys, SigningKey


class CanvasKeys(RotatingKeys):
    """Numbers keys by the months since the year 0."""

    name: ClassVar[str] = "canvas"
    published: ClassVar[tuple[int, ...]] = (-1, 0, 1)
    path: ClassVar[str] = "/api/lti/security/jwks"

    def by_the_clock(self, clock: Clock) -> int:
        today = clock.now()
        return today.year * 12 + today.month - 1

    def kid(self, number: int) -> str:
        """The key's creation time: the beginning of the month before it signs."""
        year, month = divmod(number - 1, 12)
        return f"{year:04}-{month + 1:02}-01T00:00:00Z"

    def jwk(self, key: SigningKey) -> dict[str, Any]:
        """Canvas names neither algorithm nor use."""
        published = super().jwk(key)
        return {name: published[name] for name in ("kty", "e", "n", "kid")}

    def rotation_check(self, exchange: Exchange[KeyStore, Any]) -> list[str]:
        """Canvas's message about keys of the key set that were not made this month."""
        today, shown = exchange.clock.now(), self.shown(exchange)
        late = [place for place, key in enumerate(shown) if not key.kid.startswith(f"{today:%Y-%m}-")]
        return [f"today is day {today.day} and key {place} is not from this month" for place in late]


KEYS = CanvasKeys()
