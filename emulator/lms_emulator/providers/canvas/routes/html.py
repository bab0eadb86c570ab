"""REST: HTML as it would be stored and shown."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import contexts, html
from lms_emulator.providers.canvas.shapes.html import shown


def preview(api: Api) -> Any:
    """HTML as a context would show it."""
    context = contexts.from_path(api, "read")
    cleaned = html.clean(api.params.text("html") or "", api.url(""))
    return {"html": shown(api, cleaned, context)}


ROUTES: tuple[Route, ...] = rest(
    "pages",
    f"{RECORDED}/courses.jsonl 306-312; canvas-lms app/controllers/application_controller.rb",
    *within("courses groups", "POST /preview_html", preview, "Preview HTML"),
)
