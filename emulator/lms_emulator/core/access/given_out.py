"""Credentials that worlds issued and may have forgotten since."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import product
from typing import Any

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.store import Store

_MOST = 100_000
_MOST_OF_ONE = 1_000
_MOST_ADDRESSES, _MOST_SETS = 500, 4


class Published:
    """Key sets that were fetched, by URL, the newest of each last. Kept to explain, never to verify."""

    def __init__(self) -> None:
        self._sets: dict[str, list[Any]] = {}

    def note(self, url: str, document: Any) -> None:
        """Note what a URL published."""
        sets = self._sets.setdefault(url, [])
        if not sets or sets[-1] != document:
            sets.append(document)
            del sets[:-_MOST_SETS]
        if len(self._sets) > _MOST_ADDRESSES:
            del self._sets[next(iter(self._sets))]

    def at(self, url: str) -> list[Any]:
        """What a URL published, the newest first."""
        return self._sets.get(url, [])[::-1]


class GivenOut:
    """The latest credentials that worlds of this process issued, by kind and value, with the world's name.

    So a refusal can recognise what was issued before a reset. A provider that accepts tokens which others sign with its
    keys, as the real one does, uses this to refuse tokens of another world, or of its own from before a reset.

    Attributes: `published`, tools' key sets as they were when fetched.
    """

    def __init__(self) -> None:
        self.published = Published()
        self._worlds: dict[tuple[str, str, Any], str] = {}
        self._noted: dict[tuple[str, str, Any], str] = {}  # kept separately, so that they outlast a reset
        self._left: deque[tuple[str, str, tuple[Credential, ...], list[Any]]] = deque()
        self._records_left = 0

    def note(self, world: str, provider: str, credential: str, value: Any) -> None:
        """Note a credential.

        Parameters: `credential`, the name of its kind; `value`, as stored.
        """
        _put(self._noted, (provider, credential, value), world)

    def abandon(self, world: str, stores: Mapping[str, Store]) -> None:
        """Keep the credentials in stores that a world is about to abandon, the latest of each table.

        They are only examined when somebody asks, so that a reset stays cheap however many were issued.
        """
        for provider, store in stores.items():
            for name, spec in store.tables.items():
                if spec.credentials and (records := list(getattr(store, name).added(_MOST_OF_ONE))):
                    self._left.append((world, provider, tuple(spec.credentials), records))
                    self._records_left += len(records)
        while self._records_left > _MOST:
            self._records_left -= len(self._left.popleft()[3])

    def _take_apart(self) -> None:
        while self._left:
            world, provider, credentials, records = self._left.popleft()
            for record, credential in product(records, credentials):
                values = credential.values(record)
                for value in values if isinstance(values, list) else [values]:
                    if value is not None:
                        _put(self._worlds, (provider, credential.name, value), world)
        self._records_left = 0

    def where(self, provider: str, credential: Credential, text: str) -> str | None:
        """The world that issued a credential, or None."""
        self._take_apart()
        value = credential.stored_form(text)
        key = provider, credential.name, value
        return None if value is None else self._noted.get(key) or self._worlds.get(key)


def _put(worlds: dict[tuple[str, str, Any], str], key: tuple[str, str, Any], world: str) -> None:
    worlds[key] = world
    if len(worlds) > _MOST:
        del worlds[next(iter(worlds))]
