"""One credential of each kind that a provider issues or its world file holds, obtained and used as a client does.

`MAKERS` has a maker for each kind that the tables of a provider declare. A kind without one fails the tests.
"""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.conftest import client_of
from contract_tests.ltiaas.small_lms import SmallLms, small_lms
from contract_tests.openedx.web import Web
from contract_tests.openlearning.site import BROWSER
from contract_tests.openlearning.site import Site as OpenLearningSite
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.state.credentials import Credential

_NUMBERS = itertools.count()
_CONTEXT = ssl.create_default_context()
"""One for all clients: making one takes as long as dozens of requests."""

Use = Callable[["Side"], httpx.Response]


@dataclass
class Held:
    """A credential that somebody got.

    Attributes:
        value: as it is sent.
        use: sends it to a world.
        taken: whether an answer means that it was taken.
    """

    value: str
    use: Use
    taken: Callable[[httpx.Response], bool] = lambda answer: answer.is_success


class Side:
    """One world, and how its providers are used."""

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self._open = ExitStack()
        self.http = self._open.enter_context(httpx.Client(trust_env=False, timeout=30, verify=_CONTEXT))

    def close(self) -> None:
        self._open.close()

    def url(self, provider: str) -> str:
        return str(getattr(self.lms, provider).url)

    def request(self, method: str, provider: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, self.url(provider) + path, **options)

    @cached_property
    def small_lms(self) -> SmallLms:
        """An LMS that is not emulated, on a socket of its own."""
        return self._open.enter_context(small_lms())

    def number(self) -> int:
        """A new number each time."""
        return next(_NUMBERS)

    def browser(self) -> httpx.Client:
        """A client with a cookie jar that follows no redirects by itself."""
        return self._open.enter_context(httpx.Client(trust_env=False, timeout=30, headers=BROWSER, verify=_CONTEXT))

    def _kept(self, made: Any) -> Any:
        self._open.callback(made.close)
        return made

    @cached_property
    def canvas(self) -> CanvasSite:
        site: CanvasSite = self._kept(CanvasSite(self.lms))
        return site

    @cached_property
    def brightspace(self) -> BrightspaceSite:
        site: BrightspaceSite = self._kept(BrightspaceSite(self.lms))
        return site

    @cached_property
    def openedx(self) -> Web:
        web: Web = self._kept(Web(self.lms))
        return web

    @cached_property
    def openlearning(self) -> OpenLearningSite:
        site: OpenLearningSite = self._kept(OpenLearningSite(self.lms))
        return site

    @property
    def learningstudio(self) -> Client:
        return client_of(self.lms, self.http)

    def add(self, provider: str, table: str, **record: Any) -> None:
        """Add a record to the world's initial state."""
        world = self.lms.dump()
        world[provider][table].append(record)
        self.lms.load(world)


Maker = Callable[[Side], Held]
MAKERS: dict[tuple[str, str], Maker] = {}


def makes(provider: str, kind: str) -> Callable[[Maker], Maker]:
    def note(maker: Maker) -> Maker:
        MAKERS[provider, kind] = maker
        return maker

    return note


def kinds() -> Iterator[tuple[str, Credential]]:
    """Every kind that a provider's tables declare, apart from mere user names."""
    for name, provider in load_providers().items():
        for spec in provider.store.tables.values():
            for credential in spec.credentials:
                if not credential.public:
                    yield name, credential


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


def cookie(name: str, value: str) -> dict[str, str]:
    return {"Cookie": f"{name}={value}"}
