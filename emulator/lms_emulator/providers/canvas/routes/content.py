"""REST: modules."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.shapes import content as shapes


def _content(api: Api) -> tuple[User, int, bool]:
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    return caller, course.id, rules.is_staff(x, caller, course.id)


def modules(api: Api) -> Response:
    """GET /api/v1/courses/{course_id}/modules; students see published ones."""
    _, course_id, staff = _content(api)
    found = [m for m in api.store.modules.find("course", course_id) if staff or m.published]
    found.sort(key=lambda m: m.position)
    return paged(api, found, lambda m: shapes.module(api.x, m, for_staff=staff))


COURSE = "/api/v1/courses/{course_id}"
CONTROLLERS = "canvas-lms app/controllers"
ROUTES: tuple[Route, ...] = (
    *rest(
        "modules",
        f"{CONTROLLERS}/context_modules_api_controller.rb",
        (f"GET {COURSE}/modules", modules, "Modules"),
        evidence="observed",
    ),
)
