"""Which contract runs with which adapter against which target, and with how many examples."""

from __future__ import annotations

import dataclasses
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
    "openedx/edx-auth-backends": ".adapters.published.edx_auth_backends:EdxAuthBackends",
    "openlearning/lti": ".adapters.published.lti:Lti",
    "openlearning/example": ".adapters.examples.openlearning:OpenLearning",
    "learningstudio/example": ".adapters.examples.learningstudio:LearningStudio",
    "canvas/canvasapi": ".adapters.published.canvasapi:CanvasApi",
    "brightspace/bsapi": ".adapters.published.bsapi:BsApi",
    "ltiaas/ltiaas": ".adapters.published.ltiaas:LtiaasClient",
}
"""Adapters by `provider/client`: published clients, and examples of our own."""
SOCKET_EXAMPLES = 40
LIVE_EXAMPLES = 3
CLIENT_EXAMPLES = 25
ON_THE_ORACLE = ("edx-rest-api-client", "authlib")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell. `examples` is None where the profile decides."""

    contract: str
    adapter: str
    target: str
    examples: int | None = None

    @property
    def name(self) -> str:
        """As a test's id."""
        return f"{self.contract}-{self.adapter}-{self.target}"


def cells(*, adapter: str | None = None, only: Iterable[str] = ()) -> list[Cell]:
    """Every cell, or those of one adapter (`package.module:Class`) and some targets.

    Raises LookupError where the adapter cannot be loaded or names no provider.
    """
    chosen = tuple(only)
    if adapter is not None:
        provider = provider_of(adapter)
        wanted = chosen or (SOCKET,)
        found = [Cell(contract=provider, adapter=adapter, target=target) for target in wanted]
    else:
        found = [Cell(contract=name, adapter="wire", target=IN_PROCESS) for name in CONTRACTS]
        found += [Cell(contract=name, adapter="wire", target=SOCKET, examples=SOCKET_EXAMPLES) for name in CONTRACTS]
        found += [Cell(contract=name, adapter="wire", target=LIVE, examples=LIVE_EXAMPLES) for name in CONTRACTS]
        found.append(Cell(contract="openedx", adapter="wire", target=ORACLE))
        for name in PUBLISHED:
            provider, _, client = name.partition("/")
            places = (SOCKET, ORACLE) if client in ON_THE_ORACLE else (SOCKET,)
            found += [Cell(contract=provider, adapter=name, target=t, examples=CLIENT_EXAMPLES) for t in places]
        found = [cell for cell in found if not chosen or cell.target in chosen]
    return found


def adapter_class(name: str) -> type[Any] | None:
    """The class behind an adapter's name; None for the wire. Raises LookupError."""
    if name == "wire":
        return None
    kind: type[Any] = load(PUBLISHED.get(name, name))
    return kind


def provider_of(path: str) -> str:
    """The provider an adapter speaks for. Raises LookupError where it says none, or one that has no contract."""
    provider = getattr(adapter_class(path), "provider", None)
    if provider not in CONTRACTS:
        names = ", ".join(CONTRACTS)
        raise LookupError(
            f"`{path}` must say which provider it speaks for: `provider` is {provider!r}, not one of {names}"
        )
    return str(provider)


def open_target(name: str, url: str | None = None) -> Target:
    """Start or reach a target. Raises Unavailable, saying what would help."""
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
    try:
        oracle = Oracle("openedx")
    except CannotBuild as error:
        raise Unavailable(f"the Open edX oracle cannot be built here: {error}") from error
    return targets.OpenEdxOracle(oracle.url, oracle.stop)
