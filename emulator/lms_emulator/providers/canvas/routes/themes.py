"""REST: themes that a school saves by name. The editor that makes themes is not emulated, so there are none."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules.permissions import require_account

SOURCE = f"{RECORDED}/extra.jsonl 42; canvas-lms app/controllers/shared_brand_configs_controller.rb"


def save(api: Api) -> Any:
    """Save a theme by name: none is there to be saved."""
    require_account(api, identifiers.account(api, api.slot("account_id")), "manage_account_settings")
    api.params.require("shared_brand_config").text("name")
    raise refusals.invalid({"brand_config": ["blank"]}, 422)


def change(api: Api) -> Any:
    """Change or delete a theme that was saved: none was."""
    _ = api.user
    raise refusals.not_found("the saved theme", api.slot("id"))


SAVED = "shared_brand_configs"
ROUTES: tuple[Route, ...] = rest(
    "accounts",
    SOURCE,
    (f"POST /api/v1/accounts/{{account_id}}/{SAVED}", save, "Save a theme by name"),
    (f"PUT /api/v1/accounts/{{account_id}}/{SAVED}/{{id}}", change, "Change a saved theme"),
    (f"DELETE /api/v1/{SAVED}/{{id}}", change, "Delete a saved theme"),
)
