"""The composition root: every provider and the control API behind the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lms_emulator.control import Control
from lms_emulator.core.addresses import Addresses
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.world import WorldSeed
from lms_emulator.core.worldfile import load
from lms_emulator.core.worlds import Worlds
from lms_emulator.gateway import Gateway

PROVIDERS: tuple[str, ...] = ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas", "brightspace")
"""Names of the providers, in the order of their ports; each is the package `lms_emulator.providers.<name>`."""


def load_providers() -> dict[str, AnyProvider]:
    """One instance of every provider, by name. A provider's package offers it as `provider`."""
    return {name: import_module(f"lms_emulator.providers.{name}").provider for name in PROVIDERS}


def create_app(
    world: str | WorldSeed = "demo",
    *,
    public_url: str | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seed: str | None = None,
) -> Gateway:
    """The emulator as an ASGI application.

    Parameters:
        world: `demo`, `empty`, the path of a world file, or a loaded one.
        public_url: the gateway's address as clients see it, for absolute URLs in answers.
        settings: chosen behaviours by provider and name; they outlive resets.
        seed: makes ids and tokens repeatable.
    Raises WorldError or UsageError.
    """
    providers = load_providers()
    addresses = Addresses({name: p.hosts for name, p in providers.items()}, public_url)
    world_seed = load(world, providers) if isinstance(world, str) else world
    worlds = Worlds(world_seed, providers, overrides=settings, random_seed=seed)
    worlds.default.check_settings(settings or {})
    return Gateway(providers, worlds, addresses, Control())
