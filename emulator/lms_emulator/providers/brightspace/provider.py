"""Brightspace as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.state.references import Reference, dangling, shared
from lms_emulator.core.worlds.world import World
from lms_emulator.providers.brightspace import wire
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.info import Info, read
from lms_emulator.providers.brightspace.model import BrightspaceSection, BrightspaceStore
from lms_emulator.providers.brightspace.routes import ROUTES
from lms_emulator.providers.brightspace.settings import BrightspaceSettings

REFERENCES = (
    Reference("enrollments", "org_unit_id", "org_units"),
    Reference("enrollments", "user_id", "users"),
    Reference("enrollments", "role_id", "roles"),
    Reference("modules", "org_unit_id", "org_units"),
    Reference("modules", "parent_id", "modules"),
    Reference("topics", "org_unit_id", "org_units"),
    Reference("topics", "module_id", "modules"),
    Reference("news_items", "org_unit_id", "org_units"),
    Reference("group_categories", "org_unit_id", "org_units"),
    Reference("groups", "category_id", "group_categories"),
    Reference("grade_objects", "org_unit_id", "org_units"),
    Reference("grade_values", "grade_object_id", "grade_objects"),
    Reference("grade_values", "user_id", "users"),
    Reference("applications", "service_user_id", "users"),
    Reference("deployments", "client_id", "registrations", "client_id"),
    Reference("deployments", "org_unit_id", "org_units"),
    Reference("lti_links", "deployment_id", "deployments"),
    Reference("line_items", "deployment_id", "deployments"),
    Reference("line_items", "grade_object_id", "grade_objects"),
    Reference("refresh_tokens", "client_id", "applications", "client_id"),
    Reference("refresh_tokens", "user_id", "users"),
)


class Brightspace(Provider[BrightspaceStore, BrightspaceSettings]):
    """One school's Brightspace, and D2L's authorization host."""

    name: ClassVar[str] = "brightspace"
    title: ClassVar[str] = "Brightspace"
    hosts: ClassVar[tuple[str, ...]] = ("auth.brightspace.com", "*.brightspace.com", "*.desire2learn.com")
    section: ClassVar[type[Any]] = BrightspaceSection
    store = BrightspaceStore
    settings = BrightspaceSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package: ClassVar[str] = wire.PACKAGE

    def problems(self, section: BrightspaceSection) -> Iterable[str]:
        yield from dangling(section, REFERENCES)
        yield from shared("users", "username", (user.username.lower() for user in section.users))

    def normalise_path(self, path: str) -> str:
        """Addresses are taken with and without their last slash."""
        return path.rstrip("/") or "/"

    def render(self, x: Call, refusal: Refusal) -> Response:
        return wire.render(refusal)

    def not_found(self, x: Call) -> Refusal:
        return wire.not_found() if x.path.startswith("/d2l/api/") else wire.page_not_found(f"{x.path} exists")

    def method_not_allowed(self, x: Call, allowed: tuple[str, ...]) -> Refusal:
        return wire.method_not_allowed(allowed, x.method)

    def finish(self, x: Call, response: Response) -> None:
        remaining = x.notes.get("rate_limit_remaining")
        if remaining is not None and response.status_code != 429:
            response.headers["X-Rate-Limit-Remaining"] = str(remaining)
            response.headers["X-Rate-Limit-Reset"] = str(x.notes["rate_limit_reset"])
            response.headers["X-Request-Cost"] = str(x.settings.request_cost)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store(self.name), bases)
