"""Signed tokens that a world gave out.

The keys that sign them come with the package and are the same in every world, so that a signature alone tells neither
which world a token is from nor whether it is from before a reset.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import Table, table

DIAGNOSIS = "well signed, but this world never issued it: was the world reset since, or is it another world's?"


class IssuedToken(Record, frozen=True, kw_only=True):
    """A signed token that was given out, by its SHA-256 in hex; of no use after `expires_at`, which is in the token.

    Attributes:
        client_id: the application it was given to, where the token itself does not say and somebody needs to know.
    """

    digest: str
    expires_at: Instant
    client_id: str | None = None


_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())

_MOST = 100_000

SPEC = table(key="digest", keep_until=lambda token: token.expires_at, limit=_MOST)


def remember(table: Table[IssuedToken], token: str, exp: int, client_id: str | None = None) -> str:
    """Note a token that is about to be given out. Returns the token.

    Parameters: `exp`, the token's claim, in epoch seconds; `client_id`, the application that gets it.
    """
    until = datetime.fromtimestamp(min(exp, _LAST), UTC)
    table.put(IssuedToken(digest=_digest(token), expires_at=until, client_id=client_id))
    return token


def find(table: Table[IssuedToken], token: str) -> IssuedToken | None:
    """What is known of a token that this world gave out; None for any other."""
    return table.get(_digest(token))


class GivenOut:
    """The latest signed tokens that any world of this process gave out, by a part of their digest.

    For a provider that takes tokens which others sign with its keys, as the real one does: there a world cannot refuse
    whatever it has not issued, but it refuses what another world issued, or it itself before a reset.
    """

    def __init__(self) -> None:
        self._digests: dict[str, None] = {}

    def note(self, token: str) -> None:
        """Note a token that is about to be given out."""
        self._digests[_digest(token)[:16]] = None
        if len(self._digests) > _MOST:
            del self._digests[next(iter(self._digests))]

    def __contains__(self, token: str) -> bool:
        return _digest(token)[:16] in self._digests


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
