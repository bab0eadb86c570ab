"""LTIAAS as a provider of the emulator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.worlds.world import World
from lms_emulator.lti.controls import key_controls
from lms_emulator.providers.ltiaas import checks, refusals, wire
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.info import Info, read
from lms_emulator.providers.ltiaas.lti.keys import KEYS
from lms_emulator.providers.ltiaas.model import LtiaasStore, Section
from lms_emulator.providers.ltiaas.routes import ROUTES
from lms_emulator.providers.ltiaas.settings import LtiaasSettings

_SLASHES = re.compile(r"//+")
_LINE_ITEM = "/api/lineitems/"


class Ltiaas(Provider[LtiaasStore, LtiaasSettings]):
    """One subdomain per account, in front of the accounts' LMSs."""

    name: ClassVar[str] = "ltiaas"
    title: ClassVar[str] = "LTIAAS"
    hosts: ClassVar[tuple[str, ...]] = ("*.ltiaas.com",)
    section: ClassVar[type[Any]] = Section
    store = LtiaasStore
    settings = LtiaasSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package: ClassVar[str] = "lms_emulator.providers.ltiaas"
    controls: ClassVar[tuple[Route, ...]] = key_controls(KEYS)

    def problems(self, section: Any) -> Iterable[str]:
        return checks.problems(section)

    def normalise_path(self, path: str) -> str:
        """Collapse double slashes, which the Python client sends, except those in a line item's URL."""
        if "//" not in path:
            return path
        head, mount, line_item = path.partition(_LINE_ITEM)
        head = _SLASHES.sub("/", head)
        return head.rstrip("/") + mount + line_item.lstrip("/") if mount else head

    def respond_early(self, call: Call) -> Response | None:
        if call.method == "OPTIONS" and call.settings.cors == "any" and call.headers.get("origin"):
            return Response(
                status_code=204,
                headers={
                    "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
                    "Access-Control-Allow-Headers": call.headers.get("access-control-request-headers", "*"),
                },
            )
        return None

    def render(self, call: Call, refusal: Refusal) -> Response:
        return wire.render(refusal)

    def not_found(self, call: Call) -> Refusal:
        return refusals.not_found(call.method, call.path)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal:
        """Express treats a verb without a handler like an unknown path."""
        refusal = refusals.not_found(call.method, call.path)
        refusal.diagnosis = f"this path takes {', '.join(allowed)}"
        return refusal

    def finish(self, call: Call, response: Response) -> None:
        if call.settings.cors == "any" and call.headers.get("origin"):
            response.headers["Access-Control-Allow-Origin"] = "*"

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store(self.name), world.settings(self.name), bases)
