"""The base of all records of a world."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with a time zone; one without is refused when a world is read."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of every record and section: immutable, refuses unknown keys, and omits defaults from a dumped world.

    The garbage collector passes records over: what is frozen and holds plain data is never part of a cycle, and looking
    through those of a large world would keep other requests waiting.
    """
