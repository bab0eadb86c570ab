"""All worlds of one process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lms_emulator.core.access.given_out import GivenOut
from lms_emulator.core.errors import NotFoundError, UsageError
from lms_emulator.core.http.addresses import DEFAULT_WORLD
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.worlds.reach import Reach
from lms_emulator.core.worlds.world import World, WorldSeed

_MOST_REMEMBERED = 10_000
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Worlds:
    """The default world and any number of other, isolated ones.

    Parameters: as for `World`; `seed` is that of the default world, and of any other world that names none.
    `allow_outgoing`: additional hosts that may be contacted, as for `Reach`.
    """

    def __init__(
        self,
        seed: WorldSeed,
        providers: Mapping[str, AnyProvider],
        *,
        overrides: Mapping[str, Mapping[str, Any]] | None = None,
        random_seed: str | None = None,
        allow_outgoing: Iterable[str] = (),
    ) -> None:
        self.providers = providers
        self._overrides = overrides
        self._random_seed = random_seed
        self._given_out = GivenOut()
        self._reach = Reach(seed, providers, allow_outgoing)
        self._worlds: dict[str, World] = {}
        self._deleted: dict[str, None] = {}
        self._worlds[DEFAULT_WORLD] = self._make(DEFAULT_WORLD, seed)

    def _make(self, name: str, seed: WorldSeed) -> World:
        return World(
            name,
            seed,
            self.providers,
            overrides=self._overrides,
            random_seed=self._random_seed,
            reach=self._reach,
            given_out=self._given_out,
            others=lambda: [world for world in self if world.name != name],
        )

    @property
    def default(self) -> World:
        """The world that ports and plain host names belong to."""
        return self._worlds[DEFAULT_WORLD]

    def get(self, name: str) -> World | None:
        """The world of that name, if there is one."""
        return self._worlds.get(name)

    def had(self, name: str) -> bool:
        """Whether there is or was a world of that name."""
        return name in self._worlds or name in self._deleted

    def __getitem__(self, name: str) -> World:
        try:
            return self._worlds[name]
        except KeyError:
            raise NotFoundError(f"there is no world `{name}`; known: {', '.join(self._worlds)}") from None

    def __iter__(self) -> Iterator[World]:
        return iter(list(self._worlds.values()))

    def create(self, name: str, seed: WorldSeed | None = None) -> World:
        """Open another world; without a seed it shares the default world's. Raises UsageError."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"name: `{name}` is not a host label; use 1 to 63 of a-z, 0-9 and inner hyphens")
        if name in self._worlds:
            raise UsageError(f"name: there is already a world `{name}`; delete it first or choose another name")
        world = self._worlds[name] = self._make(name, seed or self.default.seed)
        return world

    def delete(self, name: str) -> None:
        """Close a world. Raises UsageError for the default one and NotFoundError for an unknown one."""
        if name == DEFAULT_WORLD:
            raise UsageError("the default world cannot be deleted; POST /_emulator/reset empties it")
        self[name].fence()
        del self._worlds[name]
        self._deleted[name] = None
        if len(self._deleted) > _MOST_REMEMBERED:
            del self._deleted[next(iter(self._deleted))]
