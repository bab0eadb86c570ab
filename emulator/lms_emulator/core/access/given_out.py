"""What worlds gave out and may know no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.store import Store

_MOST = 100_000
_MOST_OF_ONE = 1_000


class GivenOut:
    """The latest credentials that worlds of this process gave out, by kind and value, with the world's name.

    A refusal can so tell what was given out before a reset. And a provider that takes tokens which others sign with its
    keys, as the real one does, refuses by it what another world issued, or it itself before a reset.
    """

    def __init__(self) -> None:
        self._worlds: dict[tuple[str, str, Any], str] = {}

    def note(self, world: str, provider: str, credential: str, value: Any) -> None:
        """Note one.

        Parameters: `credential`, the name of its kind; `value`, as it is kept.
        """
        self._worlds[provider, credential, value] = world
        if len(self._worlds) > _MOST:
            del self._worlds[next(iter(self._worlds))]

    def leave(self, world: str, stores: Mapping[str, Store]) -> None:
        """Note what is in stores that a world is about to leave behind, the latest of each table."""
        for provider, store in stores.items():
            for name, spec in store.tables.items():
                if not spec.credentials:
                    continue
                for record in getattr(store, name).added(_MOST_OF_ONE):
                    for credential in spec.credentials:
                        values = credential.values(record)
                        for value in values if isinstance(values, list) else [values]:
                            if value is not None:
                                self.note(world, provider, credential.name, value)

    def where(self, provider: str, credential: Credential, text: str) -> str | None:
        """The world that gave a text out, or None."""
        value = credential.kept(text)
        return None if value is None else self._worlds.get((provider, credential.name, value))
