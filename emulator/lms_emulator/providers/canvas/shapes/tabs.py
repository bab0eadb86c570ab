"""JSON of navigation tabs."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.rules.tabs import Tab
from lms_emulator.providers.canvas.shapes import Json


def tab(api: Api, record: Tab) -> Json:
    """A navigation tab. One that opens a tool has the URL of a sessionless launch, except on people's pages."""
    found: Json = {
        "id": record.name,
        "html_url": record.path,
        "full_url": api.url(record.path),
        "position": record.position,
        **({"hidden": True} if record.hidden else {}),
        **({"unused": True} if record.unused else {}),
        "visibility": record.visibility,
        "label": record.label,
        "type": "internal" if record.tool is None else "external",
    }
    return found if record.tool is None else found | {"url": _launch(api, record.path, record.tool.id)}


def _launch(api: Api, path: str, tool: int) -> str | None:
    where, _, _ = path.partition("/external_tools/")
    kind = {"/courses": "course_navigation", "/accounts": "account_navigation"}.get(where.rpartition("/")[0])
    if kind is None:
        return None
    return api.url(f"/api/v1{where}/external_tools/sessionless_launch?id={tool}&launch_type={kind}")
