"""Which hosts the emulator may send requests to over the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import WorldSeed

_URL = re.compile(rb"https?://[^\s\"'<>\\]+")


class Reach:
    """The hosts named in the startup world and those allowed at startup, and no others.

    A world loaded through the control API adds to them only if the owner sent it. Otherwise anybody who reaches a
    port could make the emulator call the machines around it.

    Parameters: `startup`, the startup world; `allowed`, hosts with or without a port, `*` for all.
    """

    def __init__(self, startup: WorldSeed, providers: Mapping[str, Any], allowed: Iterable[str] = ()) -> None:
        self._startup = startup
        self._providers = providers
        self._allowed = frozenset(each.strip().lower().replace("[", "").replace("]", "") for each in allowed)
        self._named_by = cache(self._hosts_of)

    def allows(self, seed: WorldSeed, url: str) -> bool:
        """Whether a request from a world of this seed may go to a URL. False for a malformed one."""
        authority = authority_of(url)
        if authority is None:
            return False
        if self._allowed & {"*", authority, authority.rpartition(":")[0]}:
            return True
        return any(authority in self._named_by(each) for each in (self._startup, seed) if each.vouched)

    def _hosts_of(self, seed: WorldSeed) -> frozenset[str]:
        found = set()
        for provider in self._providers.values():
            text = msgspec.json.encode(provider.store(seed.store_seed(provider)).dump())
            found |= {authority_of(match.decode("ascii", "replace")) for match in _URL.findall(text)}
        return frozenset(each for each in found if each)


def authority_of(url: str) -> str | None:
    """Host and port of an HTTP URL, lower case, always with the port; None for a malformed URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return f"{parts.hostname.lower()}:{port}" if parts.hostname else None
