"""Which contract runs with which adapter against which target, and with how many examples."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable
from typing import Any

from . import targets
from .bench import load
from .runner import CONTRACTS
from .targets import Target, Unavailable

IN_PROCESS, SOCKET, ORACLE, LIVE = "in-process", "socket", "oracle", "live"
TARGETS = (IN_PROCESS, SOCKET, ORACLE, LIVE)
PUBLISHED = {
    "openedx/edx-rest-api-client": ".adapters.published.edx_rest_api_client:EdxRestApiClient",
    "openedx/authlib": ".adapters.published.authlib:Authlib",
    "openedx/edx-api-client": ".adapters.published.edx_api_client:EdxApiClient",
    "openedx/openedx-rest-api-client": ".adapters.published.openedx_rest_api_client:OpenedxRestApiClient",
    "openedx/edx-auth-backends": ".adapters.published.edx_auth_backends:EdxAuthBackends",
    "openlearning/lti": ".adapters.published.lti:Lti",
    "openlearning/example": ".adapters.examples.openlearning:OpenLearning",
    "learningstudio/example": ".adapters.examples.learningstudio:LearningStudio",
    "canvas/canvasapi": ".adapters.published.canvasapi:CanvasApi",
    "canvas/pylti1p3": ".adapters.published.pylti1p3:AtCanvas",
    "brightspace/pylti1p3": ".adapters.published.pylti1p3:AtBrightspace",
    "openedx/pylti1p3": ".adapters.published.pylti1p3:AtOpenEdx",
    "brightspace/bsapi": ".adapters.published.bsapi:BsApi",
    "ltiaas/ltiaas": ".adapters.published.ltiaas:LtiaasClient",
}
"""Adapters by `provider/client`: published clients, and examples of our own."""
LIVE_EXAMPLES = 3
FEW = {
    ("coursework", IN_PROCESS): 40,
    ("coursework", SOCKET): 10,
    ("learning", IN_PROCESS): 40,
    ("learning", SOCKET): 10,
    ("consumer", IN_PROCESS): 15,
    ("consumer", SOCKET): 5,
    ("consumer", ORACLE): 5,
}
"""Cells with fewer examples than the profile has, as each takes long."""
OF_LEARNERS = ("edx-api-client", "edx-rest-api-client", "openedx-rest-api-client")
"""Clients that do more than sign in: the contract `learning` is for them too."""
OF_TOOLS = {"openedx/pylti1p3": "consumer"}
"""Adapters that are tools, where the contract about LTI is one of its own."""
NO_SIGN_IN = ("openedx-rest-api-client",)
"""Clients that show nobody their tokens, so that the contract of signing in says nothing about them."""
ON_THE_ORACLE = ("edx-rest-api-client", "authlib", "pylti1p3")
ORACLES = {"openedx": ("openedx", targets.OpenEdxOracle), "consumer": ("openedx_lti", targets.ConsumerOracle)}
"""The contracts that an oracle can be held to as well, by the folder of it."""
CLIENTS_ON_THE_ORACLE = 60
"""Examples of each client there. That the rules are those of the oracle is for the wire to show, with all examples."""
SECONDS = {"openedx": 50, "learningstudio": 60, "openlearning": 45, "ltiaas": 45}
"""About how long 200 examples of a contract take over a socket on a busy machine; of the others, 20."""
TIMES = {IN_PROCESS: 0.5, SOCKET: 1.0, ORACLE: 2.5}
"""How much longer a target takes than a socket does."""
SHARD_SECONDS = 20
"""Cells that take longer are split, so that the processes of a test run share them and end together."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell, or one of the shards it is split into. `examples` is None if the profile decides."""

    contract: str
    adapter: str
    target: str
    examples: int | None = None
    shard: int = 0
    shards: int = 1

    @property
    def name(self) -> str:
        """As a test's id."""
        part = f"-{self.shard + 1}of{self.shards}" if self.shards > 1 else ""
        return f"{self.contract}-{self.adapter}-{self.target}{part}"

    @property
    def seed(self) -> int:
        """The seed of its examples in the profile `ci`: each cell and each shard has its own."""
        return zlib.crc32(self.name.encode())

    @property
    def seconds(self) -> float:
        """About how long the whole cell takes with its examples, 200 where the profile decides."""
        return SECONDS.get(self.contract, 20) * TIMES.get(self.target, 1.0) * (self.examples or 200) / 200

    def share(self, examples: int) -> int:
        """How many of the cell's examples belong to this shard."""
        return max(1, (examples + self.shards - 1 - self.shard) // self.shards)

    def split(self) -> list[Cell]:
        """The shards, each short enough to be distributed."""
        shards = max(1, round(self.seconds / SHARD_SECONDS))
        return [dataclasses.replace(self, shard=shard, shards=shards) for shard in range(shards)]


def cells(*, adapter: str | None = None, only: Iterable[str] = (), split: bool = False) -> list[Cell]:
    """Every cell, or those of one adapter (`package.module:Class`) and some targets; the longest first if split.

    Raises LookupError if the adapter cannot be loaded or names no provider.
    """
    chosen = tuple(only)
    if adapter is not None:
        provider = provider_of(adapter)
        found = [Cell(contract=provider, adapter=adapter, target=target) for target in chosen or (SOCKET,)]
    else:
        places = [(name, target) for target in (IN_PROCESS, SOCKET) for name in CONTRACTS]
        found = [Cell(contract=name, adapter="wire", target=t, examples=FEW.get((name, t))) for name, t in places]
        found += [Cell(contract=name, adapter="wire", target=LIVE, examples=LIVE_EXAMPLES) for name in CONTRACTS]
        found += [
            Cell(contract=name, adapter="wire", target=ORACLE, examples=FEW.get((name, ORACLE))) for name in ORACLES
        ]
        for name in PUBLISHED:
            provider, _, client = name.partition("/")
            if client in OF_LEARNERS:
                few = FEW["learning", SOCKET]
                found.append(Cell(contract="learning", adapter=name, target=SOCKET, examples=few))
            provider = OF_TOOLS.get(name, provider)
            if client in NO_SIGN_IN:
                continue
            hosts = (SOCKET, ORACLE) if client in ON_THE_ORACLE and provider in ORACLES else (SOCKET,)
            fewer = {} if provider == "consumer" else {ORACLE: CLIENTS_ON_THE_ORACLE}
            found += [
                Cell(contract=provider, adapter=name, target=t, examples=fewer.get(t, FEW.get((provider, t))))
                for t in hosts
            ]
        found = [cell for cell in found if not chosen or cell.target in chosen]
    if not split:
        return found
    return [part for cell in sorted(found, key=lambda cell: -cell.seconds) for part in cell.split()]


def adapter_class(name: str) -> type[Any] | None:
    """The class behind an adapter's name; None for the wire. Raises LookupError."""
    if name == "wire":
        return None
    kind: type[Any] = load(PUBLISHED.get(name, name))
    return kind


def provider_of(path: str) -> str:
    """The provider an adapter speaks for. Raises LookupError if it says none, or one that has no contract."""
    provider = getattr(adapter_class(path), "provider", None)
    if provider not in CONTRACTS:
        names = ", ".join(CONTRACTS)
        raise LookupError(
            f"`{path}` must say which provider it speaks for: `provider` is {provider!r}, not one of {names}"
        )
    return str(provider)


def open_target(name: str, url: str | None = None, *, contract: str = "openedx") -> Target:
    """Start or reach a target. Raises Unavailable, saying what would help.

    Parameters: `contract`, which of the oracles is meant.
    """
    if name == IN_PROCESS:
        return targets.EmulatorInProcess()
    if name == SOCKET:
        return targets.EmulatorOverSocket(url)
    if name == LIVE:
        return targets.Live()
    try:
        from ..oracles.launcher import CannotBuild, Oracle
    except ImportError as error:
        raise Unavailable("the oracle is only in a checkout of the repository") from error
    folder, kind = ORACLES[contract]
    try:
        oracle = Oracle(folder)
    except CannotBuild as error:
        raise Unavailable(f"the oracle {folder} cannot be built here: {error}") from error
    return kind(oracle.url, oracle.stop)
