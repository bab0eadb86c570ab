"""The composition root: every provider and the control API behind the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

from lms_emulator.control import Control
from lms_emulator.core.http.addresses import Addresses
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.worlds.collection import Worlds
from lms_emulator.core.worlds.file import load
from lms_emulator.core.worlds.world import WorldSeed
from lms_emulator.providers import PROVIDERS
from lms_emulator.server.gateway import Gateway

__all__ = ["PROVIDERS", "Providers", "create_app", "load_providers"]


class Providers(Mapping[str, AnyProvider]):
    """Every provider by name, imported on first use: a test that needs one does not pay for six."""

    _loaded: ClassVar[dict[str, AnyProvider]] = {}
    """Those of this process: a provider keeps no state of its own."""

    def __getitem__(self, name: str) -> AnyProvider:
        found = self._loaded.get(name)
        if found is None:
            if name not in PROVIDERS:
                raise KeyError(name)
            found = self._loaded[name] = import_module(f"lms_emulator.providers.{name}").provider
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(PROVIDERS)

    def __len__(self) -> int:
        return len(PROVIDERS)

    def __contains__(self, name: object) -> bool:
        return name in PROVIDERS


class _Hosts(Mapping[str, tuple[str, ...]]):
    """The real host names of each provider, read when a request names a host that is not one of ours."""

    def __init__(self, providers: Mapping[str, AnyProvider]) -> None:
        self._providers = providers

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self._providers[name].hosts

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)


def load_providers() -> dict[str, AnyProvider]:
    """One instance of every provider, by name, all imported eagerly."""
    return dict(Providers())


def create_app(
    world: str | WorldSeed = "demo",
    *,
    public_url: str | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seed: str | None = None,
    as_of: str | None = None,
    allowed_hosts: Iterable[str] = (),
    allow_outgoing: Iterable[str] = (),
    control_token: str | None = None,
) -> Gateway:
    """The emulator as an ASGI application.

    Parameters:
        world: `demo`, `empty`, the path of a world file, or a loaded one.
        public_url: the gateway's address as clients see it, for absolute URLs in answers.
        settings: chosen behaviours by provider and name; they outlive resets.
        seed: makes ids and tokens repeatable.
        as_of: the date as of which providers are emulated (`2025-09-01`); shorthand for the setting `emulator.as_of`.
        allowed_hosts: additional domains on which the control API answers; `*` for any.
        allow_outgoing: hosts, with or without a port, that may be contacted besides those named in the world.
        control_token: the token that callers of the control API must send.
    Raises WorldError or UsageError.
    """
    if as_of is not None:
        settings = {**(settings or {}), "emulator": {**(settings or {}).get("emulator", {}), "as_of": as_of}}
    providers = Providers()
    addresses = Addresses(_Hosts(providers), public_url, allowed_hosts)
    world_seed = load(world, providers) if isinstance(world, str) else world
    worlds = Worlds(world_seed, providers, overrides=settings, random_seed=seed, allow_outgoing=allow_outgoing)
    worlds.default.check_settings(settings or {})
    return Gateway(providers, worlds, addresses, Control(control_token))
