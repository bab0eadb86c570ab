"""Signed tokens that a world issued.

The signing keys come with the package and are the same in every world, so a signature alone tells neither
which world a token is from nor whether it predates a reset.
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
    """A signed token that was issued, by its SHA-256 in hex; useless after `expires_at`, which is in the token.

    Attributes:
        client_id: the application it was issued to, where the token itself does not say and that matters.
        kind: which kind of signed token it is, where the provider issues several.
    """

    digest: str
    expires_at: Instant
    client_id: str | None = None
    kind: str = ""


_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())

_MOST = 100_000


def spec(kinds: Mapping[str, tuple[str, str]]) -> Any:
    """A provider's table of issued tokens.

    Parameters: `kinds`, each with a description and what it is good for; "" is the kind of those that were issued
    without one.
    """
    credentials = tuple(
        Credential(name=words, value=_of(kind), owner=lambda token: token.client_id or "", tip=tip, read=digest)
        for kind, (words, tip) in kinds.items()
    )
    return table(key="digest", keep_until=lambda token: token.expires_at, limit=_MOST, credentials=credentials)


def _of(kind: str) -> Callable[[IssuedToken], str | None]:
    return lambda token: token.digest if token.kind == kind else None


def remember(table: Table[IssuedToken], token: str, exp: float, client_id: str | None = None, *, kind: str = "") -> str:
    """Note a token that is about to be issued. Returns the token.

    Parameters: `exp`, when it expires, in epoch seconds; `client_id`, the application that gets it; `kind`,
    one of the table's.
    """
    until = datetime.fromtimestamp(min(exp, _LAST), UTC)
    table.put(IssuedToken(digest=digest(token), expires_at=until, client_id=client_id, kind=kind))
    return token


def find(table: Table[IssuedToken], token: str) -> IssuedToken | None:
    """The record of a token that this world issued; None for any other."""
    return table.get(digest(token))


def digest(token: str) -> str:
    """The SHA-256 of a token, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
