"""Canvas as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.state.references import Reference, dangling, shared
from lms_emulator.core.worlds.world import World
from lms_emulator.providers.canvas import wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.info import Info, read
from lms_emulator.providers.canvas.model import CanvasSection, CanvasStore
from lms_emulator.providers.canvas.routes import ROUTES
from lms_emulator.providers.canvas.settings import CanvasSettings

REFERENCES = (
    Reference("developer_keys", "accounts", "accounts"),
    Reference("courses", "account_id", "accounts"),
    Reference("enrollments", "course_id", "courses"),
    Reference("enrollments", "user_id", "users"),
    Reference("folders", "course_id", "courses"),
    Reference("files", "course_id", "courses"),
    Reference("files", "folder_id", "folders"),
    Reference("discussion_topics", "course_id", "courses"),
    Reference("pages", "course_id", "courses"),
    Reference("modules", "course_id", "courses"),
    Reference("assignments", "course_id", "courses"),
    Reference("assignments", "resource_link_id", "resource_links"),
    Reference("tools", "course_id", "courses"),
    Reference("tools", "developer_key_id", "developer_keys"),
    Reference("resource_links", "course_id", "courses"),
    Reference("resource_links", "tool_id", "tools"),
    Reference("line_items", "course_id", "courses"),
    Reference("line_items", "developer_key_id", "developer_keys"),
    Reference("results", "line_item_id", "line_items"),
    Reference("results", "user_id", "users"),
    Reference("access_tokens", "user_id", "users"),
    Reference("access_tokens", "developer_key_id", "developer_keys"),
)


class Canvas(Provider[CanvasStore, CanvasSettings]):
    """One school's Canvas."""

    name: ClassVar[str] = "canvas"
    title: ClassVar[str] = "Canvas"
    hosts: ClassVar[tuple[str, ...]] = ("canvas.instructure.com", "*.instructure.com", "sso.canvaslms.com")
    section: ClassVar[type[Any]] = CanvasSection
    store = CanvasStore
    settings = CanvasSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package: ClassVar[str] = wire.PACKAGE

    def problems(self, section: CanvasSection) -> Iterable[str]:
        yield from dangling(section, REFERENCES)
        yield from shared("users", "login", (user.login.lower() for user in section.users))

    def normalise_path(self, path: str) -> str:
        """Rails takes a path with and without its last slash."""
        return path.rstrip("/") or "/"

    def render(self, x: Call, refusal: Refusal) -> Response:
        return wire.render(refusal)

    def not_found(self, x: Call) -> Refusal:
        return wire.not_found() if x.path.startswith("/api/") else wire.page_not_found(f"{x.path} exists")

    def method_not_allowed(self, x: Call, allowed: tuple[str, ...]) -> Refusal:
        """Rails has no route for another method: the same 404."""
        refusal = self.not_found(x)
        refusal.check, refusal.expected, refusal.got = "method", list(allowed), x.method
        return refusal

    def finish(self, x: Call, response: Response) -> None:
        if x.path.startswith("/api/"):
            response.headers.setdefault("X-Request-Cost", str(x.settings.request_cost))
            remaining = x.notes.get("rate_limit_remaining", x.settings.rate_limit_high_water)
            response.headers.setdefault("X-Rate-Limit-Remaining", str(float(remaining)))

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store(self.name), bases)
