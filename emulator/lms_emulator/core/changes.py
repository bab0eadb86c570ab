"""What a provider has changed, and when: settings whose defaults have a history, and routes that came or went."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from lms_emulator.core.settings import dated, describe

if TYPE_CHECKING:
    from lms_emulator.core.provider import AnyProvider


class Change(NamedTuple):
    """One change of a provider's behaviour.

    Attributes: `day`, the first with the new behaviour; `what`, the setting or the route; `before` and `after`, values
    of the setting, or words; `help`, what it decides; `source`, where the change is documented.
    """

    day: str
    provider: str
    what: str
    before: str
    after: str
    help: str
    source: str


def changes(provider: AnyProvider) -> list[Change]:
    """Every dated change that is emulated, latest first."""
    found: list[Change] = []
    rows = {row.name.partition(".")[2]: row for row in describe(provider.name, provider.settings())}
    for name, was in dated(provider.settings).items():
        row = rows[name]
        later = [*(old.value for old in was[1:]), row.default]
        for old, after in zip(was, later, strict=True):
            before = msgspec.json.encode(old.value).decode()
            now = msgspec.json.encode(after).decode()
            found.append(Change(old.until, provider.name, row.name, before, now, row.help, old.source))
    for route in provider.routes:
        if route.since:
            found.append(Change(route.since, provider.name, route.name, "none", "there", route.summary, route.source))
        if route.until:
            found.append(Change(route.until, provider.name, route.name, "there", "gone", route.summary, route.source))
    return sorted(found, reverse=True)
