"""Values that may be used only once: the `jti` of an assertion, the nonce of a message."""

from __future__ import annotations

from typing import Protocol

from lms_emulator.core.clock import CENTURY, later
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import Table, table

# Some tools write `exp` in milliseconds: the token is valid, but the date is out of range.
_LONGEST = CENTURY.total_seconds()


class UsedToken(Record, frozen=True, kw_only=True):
    """A `jti` or nonce that a tool has used, remembered until it would be too old anyway."""

    key: str
    expires_at: Instant


class UsedTokens(Protocol):
    """A store that remembers used values."""

    used_tokens: Table[UsedToken]


SPEC = table(key="key", keep_until=lambda token: token.expires_at, single_use="the `jti` or nonce of a tool's message")


def use_once(exchange: Exchange[UsedTokens, object], kind: str, client: object, value: str, lifetime: float) -> bool:
    """Note a `jti` or nonce of a client as used; False when it was used before.

    Parameters: `kind`, what it is; `lifetime`, for how many more seconds it would otherwise be accepted.
    """
    name = f"{kind}:{client}:{value}"
    now = exchange.clock.now()
    found = exchange.store.used_tokens.get(name)
    if found is not None and now < found.expires_at:
        return False
    exchange.store.used_tokens.put(UsedToken(key=name, expires_at=later(now, min(max(1.0, lifetime), _LONGEST))))
    return True
