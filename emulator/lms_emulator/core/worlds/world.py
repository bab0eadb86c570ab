"""A world: the whole state of one campus, over a seed that other worlds may share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from lms_emulator.core.access.given_out import GivenOut
from lms_emulator.core.clock import Clock, ClockState, allowed
from lms_emulator.core.errors import UsageError
from lms_emulator.core.http.addresses import DEFAULT_WORLD
from lms_emulator.core.ids import Ids
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.settings import EmulatorSettings, change, defaults_on
from lms_emulator.core.state.store import Store, StoreSeed, StoreSnapshot
from lms_emulator.core.suggest import nearest
from lms_emulator.core.worlds.faults import Faults
from lms_emulator.core.worlds.journal import Journal
from lms_emulator.core.worlds.outbox import Outbox, OutboxState
from lms_emulator.core.worlds.reach import Reach
from lms_emulator.core.worlds.turns import Turns

SCHEMA = 1
"""The version of the schema of world files; it grows when a file that was right before would mean something else."""


class ClockSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[clock]` table of a world file: the time at which the world starts, and whether it is frozen."""

    set: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    freeze: bool = False

    def __post_init__(self) -> None:
        if self.set is not None:
            allowed(self.set)


class WorldSeed:
    """The contents of a world file: name, clock, settings, and one section per provider.

    Parameters: `sections`, a function per provider name that returns its section. It is called once, when the provider
    is first used, so that an unused provider costs nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str = "",
        clock: ClockSection | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        sections: Mapping[str, Callable[[], msgspec.Struct]],
    ) -> None:
        self.name = name
        self.description = description
        self.clock = clock or ClockSection()
        self.settings = {k: dict(v) for k, v in (settings or {}).items()}
        self.vouched = True
        """Whether the emulator's owner gave it, so that the hosts it names may be sent requests; see `Reach`."""
        self._sections = dict(sections)
        self._stores: dict[str, StoreSeed] = {}

    def read(self, providers: Mapping[str, AnyProvider]) -> None:
        """Build every table now rather than when a provider is first used: for what came from a file."""
        for name in self._sections:
            self.store_seed(providers[name])

    def has_read(self, provider: str) -> bool:
        """Whether the provider's tables have been built."""
        return provider in self._stores

    def store_seed(self, provider: AnyProvider) -> StoreSeed:
        """The immutable tables of one provider."""
        found = self._stores.get(provider.name)
        if found is None:
            make = self._sections.get(provider.name, provider.section)
            found = self._stores[provider.name] = StoreSeed(make(), provider.store.tables)
        return found


class WorldSnapshot(NamedTuple):
    """A complete state, independent of what happens afterwards."""

    seed: WorldSeed
    stores: dict[str, StoreSnapshot]
    settings: dict[str, msgspec.Struct]
    changed: dict[str, dict[str, Any]]
    emulator: EmulatorSettings
    begun_on: date
    clock: ClockState
    ids: Any
    outbox: OutboxState


class World:
    """One isolated campus: people, keys, tokens, nonces, clock, journal, outbox, settings.

    Parameters:
        name: `default` for the world that ports and host names belong to.
        seed: the initial state, to which a reset returns.
        providers: every provider by name.
        overrides: settings given on the command line, by provider; they outlive resets and replacements.
        random_seed: makes ids repeatable; each world draws its own sequence from it.
        reach: the hosts that may be contacted; by default, those that the seed names.
        given_out: the credentials that this world and others issued.
        others: the other worlds of the process.
    """

    def __init__(
        self,
        name: str,
        seed: WorldSeed,
        providers: Mapping[str, AnyProvider],
        *,
        overrides: Mapping[str, Mapping[str, Any]] | None = None,
        random_seed: str | None = None,
        reach: Reach | None = None,
        given_out: GivenOut | None = None,
        others: Callable[[], Iterable[World]] = tuple,
    ) -> None:
        self.name = name
        self.given_out = given_out or GivenOut()
        self.others = others
        self.reach = reach or Reach(seed, providers)
        self.seed = seed
        self.providers = providers
        self.clock = Clock()
        self.ids = Ids(None if random_seed is None else f"{random_seed}/{name}")
        self.emulator = EmulatorSettings()
        self.journal = Journal()
        self.outbox = Outbox()
        self.faults = Faults()
        self.snapshots: dict[str, WorldSnapshot] = {}
        self.turns = Turns()
        self.epoch = 0
        """Grows when the world is reset, replaced, restored or deleted. What began before writes nothing after it."""
        self._overrides = {k: dict(v) for k, v in (overrides or {}).items()}
        self.stores: dict[str, Store] = {}
        """The state of each provider that was used."""
        self._settings: dict[str, msgspec.Struct] = {}
        self._changed: dict[str, dict[str, Any]] = {}
        self._snapshot_number = 0
        self._begin()

    def _begin(self) -> None:
        self._changed = {}
        self.clock.restore(ClockState(None, 0.0))
        if self.seed.clock.freeze:
            self.clock.freeze()
        if self.seed.clock.set is not None:
            self.clock.set(self.seed.clock.set)
        self._begun_on = self.clock.now().date()
        self.set_emulator_settings(self._derived("emulator", EmulatorSettings()))

    def _derived(self, name: str, defaults: Any) -> Any:
        begun = change(defaults, name, self.seed.settings.get(name, {}))
        begun = change(begun, name, self._overrides.get(name, {}), lenient=True)
        return change(begun, name, self._changed.get(name, {}))

    @property
    def as_of(self) -> date:
        """The day whose providers are emulated."""
        return self._day if self._day is not None else self.clock.now().date()

    def set_emulator_settings(self, settings: EmulatorSettings) -> None:
        """Apply the emulator's own settings."""
        self.emulator = settings
        self.journal.max_entries = settings.journal_entries
        self.journal.max_bytes = settings.journal_bytes
        self.outbox.limit = settings.outbox_entries
        self._settings = {}
        self._settings_of: date | None = None
        """The day of `_settings`, where it may change by itself."""
        if settings.as_of == "clock":
            self._day = None
        else:
            self._day = self._begun_on if settings.as_of == "start" else date.fromisoformat(settings.as_of)

    def has_read(self, provider: str) -> bool:
        """Whether `store` has nothing left to read."""
        return provider in self.stores or self.seed.has_read(provider)

    def store(self, provider: str) -> Any:
        """The provider's state, created on first use."""
        found = self.stores.get(provider)
        if found is None:
            kind = self.providers[provider]
            found = self.stores[provider] = kind.store(self.seed.store_seed(kind))
        return found

    def settings(self, provider: str) -> Any:
        """The provider's current settings."""
        if self._day is None and self._settings_of != self.as_of:
            self._settings, self._settings_of = {}, self.as_of
        found = self._settings.get(provider)
        if found is None:
            defaults = defaults_on(self.providers[provider].settings, self.as_of)
            found = self._settings[provider] = self._derived(provider, defaults)
        return found

    def check_settings(self, values: Mapping[str, Any]) -> None:
        """Raises UsageError for an unknown provider or an invalid setting."""
        for name in values:
            self._check_settings_name(name)
            if name != "emulator":
                self.settings(name)

    def _check_settings_name(self, name: str) -> None:
        known = ("emulator", *self.providers)
        if name not in known:
            similar = nearest(name, known)
            tip = f"did you mean `{similar}`?" if similar else f"known: {', '.join(known)}"
            raise UsageError(f"unknown provider `{name}` in settings; {tip}")

    def change_settings(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Apply settings, all or none. Raises UsageError for an unknown name or an invalid value."""
        changed: dict[str, Any] = {}
        for name, given in values.items():
            self._check_settings_name(name)
            current = self.emulator if name == "emulator" else self.settings(name)
            changed[name] = change(current, name, dict(given))
        for name, given in values.items():
            self._changed[name] = {**self._changed.get(name, {}), **given}
        if "emulator" in changed:
            self.set_emulator_settings(changed["emulator"])
        else:
            self._settings.update(changed)

    def fence(self) -> None:
        """Begin a new epoch: a request in progress goes on writing to the state it began with, and that is lost.

        So stores, ids, outbox, journal and faults are replaced, never emptied.
        """
        self.epoch += 1
        self.given_out.abandon(self.name, self.stores)
        self.stores = {}
        self.ids = self.ids.fresh()
        self.outbox = self.outbox.fresh()
        self.journal = self.journal.fresh()
        self.faults = Faults()

    def reset(self) -> None:
        """Return to the seed: state, settings, clock, journal, outbox, faults; seeded ids start over."""
        discarded = self.journal
        self.fence()
        self.journal.free(discarded)
        self._begin()

    def replace(self, seed: WorldSeed) -> None:
        """Become another world. Snapshots of the old one remain usable."""
        self.seed = seed
        self.reset()

    def snapshot(self) -> str:
        """Save the whole state; returns the snapshot's id."""
        self._snapshot_number += 1
        snapshot_id = f"s{self._snapshot_number}"
        self.snapshots[snapshot_id] = WorldSnapshot(
            seed=self.seed,
            stores={name: store.snapshot() for name, store in self.stores.items()},
            settings=dict(self._settings),
            changed={name: dict(given) for name, given in self._changed.items()},
            emulator=self.emulator,
            begun_on=self._begun_on,
            clock=self.clock.snapshot(),
            ids=self.ids.snapshot(),
            outbox=self.outbox.snapshot(),
        )
        return snapshot_id

    def restore(self, snapshot_id: str) -> None:
        """Return to a saved state. Journal and faults are not part of it. Raises KeyError for an unknown id."""
        snapshot = self.snapshots[snapshot_id]
        journal, faults = self.journal, self.faults
        self.fence()
        self.journal, self.faults = journal, faults
        self.seed = snapshot.seed
        for name, kept in snapshot.stores.items():
            self.store(name).restore(kept)
        self._changed = {name: dict(given) for name, given in snapshot.changed.items()}
        self._begun_on = snapshot.begun_on
        self.set_emulator_settings(snapshot.emulator)
        self._settings = dict(snapshot.settings)
        self.clock.restore(snapshot.clock)
        self.ids.restore(snapshot.ids)
        self.outbox.restore(snapshot.outbox)

    def dump(self) -> dict[str, Any]:
        """The world as plain data of the world file's schema.

        Every table is included, even if empty. Fields with their default value are left out, and so is the time if
        the clock is the machine's.
        """
        data: dict[str, Any] = {"schema": SCHEMA, "name": self.seed.name, "description": self.seed.description}
        if self.clock.mode != "real":
            data["clock"] = {"set": self.clock.now(), "freeze": self.clock.mode == "frozen"}
        kinds: dict[str, type[Any]] = {"emulator": EmulatorSettings}
        kinds.update((provider.name, provider.settings) for provider in self.providers.values())
        changed = {name: differing for name, kind in kinds.items() if (differing := self._differing(name, kind))}
        if self.emulator.as_of == "start" and "clock" in data and self.clock.now().date() != self._begun_on:
            changed.setdefault("emulator", {})["as_of"] = self._begun_on.isoformat()
        if changed:
            data["settings"] = changed
        for name in self.providers:
            data[name] = self.store(name).as_data()
        return data

    def _differing(self, name: str, kind: type[Any]) -> dict[str, Any]:
        current = self.emulator if name == "emulator" else self.settings(name)
        default = msgspec.structs.asdict(defaults_on(kind, self.as_of))
        values = msgspec.structs.asdict(current)
        return {key: value for key, value in values.items() if value != default[key]}

    @property
    def is_default(self) -> bool:
        """Whether ports and plain host names belong to this world."""
        return self.name == DEFAULT_WORLD
