"""Parameters as Rails assigns them to columns of the database.

Source: activemodel lib/active_model/type/boolean.rb (7.0); canvas-lms db/migrate, for the columns that take no null.
"""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.params import Params


def permitted(sent: Params, *lists: str) -> Params:
    """A hash as strong parameters leave it: lists and hashes count as not sent, but for those named."""
    for name, value in sent.data.items():
        if isinstance(value, dict | list) and name not in lists:
            sent = sent.without(name, "a list" if isinstance(value, list) else "a hash")
    return sent


def booleans(sent: Params, names: Iterable[str]) -> dict[str, bool | None]:
    """The booleans that were sent; a blank one is None."""
    return {name: sent.boolean(name) for name in names if sent.has(name)}


def filled(sent: Params, names: Iterable[str]) -> dict[str, bool]:
    """The same for columns that take no null. Raises the refusal `crashed` for a blank one."""
    found: dict[str, bool] = {}
    for name, value in booleans(sent, names).items():
        if value is None:
            raise refusals.crashed(f"`{name}` is blank, and Canvas's database takes no null there", sent.get(name))
        found[name] = value
    return found
