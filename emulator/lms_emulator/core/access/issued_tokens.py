"""Signed tokens that a world gave out.

The keys that sign them come with the package and are the same in every world, so that a signature alone tells neither
which world a token is from nor whether it is from before a reset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import Table, table

DIAGNOSIS = "well signed, but this world never issued it: was the world reset since, or is it another world's?"
"""What is left when `core.access.recognise` knows the token neither."""


class IssuedToken(Record, frozen=True, kw_only=True):
    """A signed token that was given out, by its SHA-256 in hex; of no use after `expires_at`, which is in the token.

    Attributes:
        client_id: the application it was given to, where the token itself does not say and somebody needs to know.
        kind: which of the signed tokens that the provider gives out, where there are several.
    """

    digest: str
    expires_at: Instant
    client_id: str | None = None
    kind: str = ""


_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())

_MOST = 100_000


def spec(kinds: Mapping[str, tuple[str, str]]) -> Any:
    """A provider's table of them.

    Parameters: `kinds`, each with what it is in words, and what it is good for; "" is the kind of those that were given
    out without one.
    """
    credentials = tuple(
        Credential(name=words, value=_of(kind), owner=lambda token: token.client_id or "", tip=tip, read=digest)
        for kind, (words, tip) in kinds.items()
    )
    return table(key="digest", keep_until=lambda token: token.expires_at, limit=_MOST, credentials=credentials)


def _of(kind: str) -> Callable[[IssuedToken], str | None]:
    return lambda token: token.digest if token.kind == kind else None


def remember(table: Table[IssuedToken], token: str, exp: float, client_id: str | None = None, *, kind: str = "") -> str:
    """Note a token that is about to be given out. Returns the token.

    Parameters: `exp`, until when it is of use, in epoch seconds; `client_id`, the application that gets it; `kind`,
    one of the table's.
    """
    until = datetime.fromtimestamp(min(exp, _LAST), UTC)
    table.put(IssuedToken(digest=digest(token), expires_at=until, client_id=client_id, kind=kind))
    return token


def find(table: Table[IssuedToken], token: str) -> IssuedToken | None:
    """What is known of a token that this world gave out; None for any other."""
    return table.get(digest(token))


def digest(token: str) -> str:
    """The SHA-256 of a token, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
