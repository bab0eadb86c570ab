"""One provider in this process, without a socket: what goes in, what comes out, and what the journal keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from lms_emulator import Emulator
from lms_emulator.client.parts import RecordedRefusal, RecordedRequest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class InProcess:
    """A provider in a world of its own, at noon of a day on which time stands still.

    Parameters: `section`, the provider's part of the world file; None for that of the demo world.
    """

    def __init__(self, provider: str, section: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.lms = Emulator.in_process(settings={provider: settings})
        self.provider = provider
        if section is not None:
            self.lms.load({"name": "edges", provider: section})
        self.lms.clock.freeze(NOON)

    def send(self, method: str, path: str, *, url: str | None = None, **options: Any) -> httpx.Response:
        """Send a request. Parameters: `url`, another address to reach the provider at."""

        async def exchange() -> httpx.Response:
            assert self.lms.app is not None
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.lms.app)) as http:
                return await http.request(method, f"{url or f'{self.lms.url}/{self.provider}'}{path}", **options)

        return asyncio.run(exchange())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.send("POST", path, **options)

    @property
    def last(self) -> RecordedRequest:
        """What the journal keeps of the last request."""
        return self.lms.requests.last

    @property
    def refusal(self) -> RecordedRefusal:
        """Why the last request was refused."""
        refusal = self.last.refusal
        assert refusal is not None
        return refusal

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The checks of the last request, without what they did not say."""
        return [{k: v for k, v in check.items() if v is not None} for check in self.last.checks]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        return [(warning.code, warning.message) for warning in self.last.warnings]
