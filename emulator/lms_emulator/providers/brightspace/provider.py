"""Brightspace as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.worlds.world import World
from lms_emulator.lti.controls import controls
from lms_emulator.providers.brightspace import checks, limits, refusals, rules, wire
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import check_version
from lms_emulator.providers.brightspace.info import Info, read
from lms_emulator.providers.brightspace.lti.keys import KEYS
from lms_emulator.providers.brightspace.model import BrightspaceSection, BrightspaceStore
from lms_emulator.providers.brightspace.routes import ROUTES
from lms_emulator.providers.brightspace.settings import BrightspaceSettings


class Brightspace(Provider[BrightspaceStore, BrightspaceSettings]):
    """One school's Brightspace, and D2L's authorization host."""

    name: ClassVar[str] = "brightspace"
    title: ClassVar[str] = "Brightspace"
    case_insensitive_paths = True
    hosts: ClassVar[tuple[str, ...]] = ("auth.brightspace.com", "*.brightspace.com", "*.desire2learn.com")
    section: ClassVar[type[Any]] = BrightspaceSection
    store = BrightspaceStore
    settings = BrightspaceSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package: ClassVar[str] = wire.PACKAGE
    controls: ClassVar[tuple[Route, ...]] = controls(KEYS)
    oauth_paths: ClassVar[tuple[str, ...]] = ("/core/connect/token", "/oauth2/auth")
    tables_of_words: ClassVar[dict[str, str]] = {
        "news": "news_items",
        "group_category": "group_categories",
        "tp": "legacy_providers",
        "folders": "dropbox_folders",
        "folder": "dropbox_folders",
    }

    def why_refused(self, call: Call, refusal: Refusal) -> str | None:
        return rules.why_not(call, refusal.needs) if refusal.needs else super().why_refused(call, refusal)

    def problems(self, section: Any) -> Iterable[str]:
        return checks.problems(section)

    def normalise_path(self, path: str) -> str:
        """Paths work with and without a trailing slash."""
        return path.rstrip("/") or "/"

    def not_found(self, call: Call) -> Refusal:
        return (
            refusals.not_found()
            if call.path.startswith("/d2l/api/")
            else refusals.page_not_found(f"{call.path} exists")
        )

    def hint_for_unknown_path(self, path: str) -> str | None:
        for product, other in (("/lp/", "/le/"), ("/le/", "/lp/")):
            meant = path.replace(product, other, 1)
            if self.catalogue is not None and path.startswith(f"/d2l/api{product}") and self.catalogue.at(meant):
                return f"{self.title} has `{meant}`: the product is {other.strip('/')}, with its own versions"
        return super().hint_for_unknown_path(path)

    def before_missing(self, call: Call) -> None:
        """Obsolete versions are refused for every operation."""
        parts = call.path.split("/")
        if len(parts) > 5 and parts[3] in ("lp", "le") and parts[4] != "versions":
            check_version(call, parts[3], parts[4])

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal:
        self.before_missing(call)  # a version that is not served has no methods
        return refusals.method_not_allowed(allowed, call.method)

    def body_unreadable(self, call: Call, why: str) -> Refusal:
        return refusals.unreadable_body(call.path, why, is_form=call.is_form)

    def finish(self, call: Call, response: Response) -> None:
        limits.add_headers(call, response)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store(self.name), bases)
