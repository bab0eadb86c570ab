"""REST: a school's public course index, which this school has not switched on."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest


def search(api: Api) -> Any:
    """The public courses of a school; refused, as its account has not switched the index on."""
    raise api.refused("the catalogue of courses, which the account has not switched on")


ROUTES: tuple[Route, ...] = rest(
    "search",
    f"{RECORDED}/content-misc.jsonl 35, 37; canvas-lms app/controllers/search_controller.rb",
    ("GET /api/v1/search/all_courses", search, "The catalogue of courses"),
)
