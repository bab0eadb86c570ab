"""REST: themes. All sites of the emulator have Canvas's default look; there are no custom or shared themes."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.wire import redirect

VARIABLES = "/dist/brandable_css/default/variables-7dd4b80918af0e0218ec0229e4bd5873.json"
"""Path of the colours and images of a Canvas without a theme, as recorded."""


def variables(api: Api) -> Any:
    """The URLs of the site's colours and images."""
    return redirect(api.url(VARIABLES), {"Access-Control-Allow-Origin": "*"})


def share(api: Api) -> Any:
    """Share a theme under a name. There are none to share. What is sent is read before permissions are checked."""
    account = identifiers.account(api, api.slot("account_id"))
    _ = api.user
    api.params.require("shared_brand_config")
    require_account(api, account, "manage_account_settings")
    raise refusals.invalid({"brand_config": ["blank"]}, 422)


def forget(api: Api) -> Any:
    """Stop sharing a theme. There are none."""
    _ = api.user
    raise refusals.not_found("the shared theme", api.slot("id"))


ROUTES: tuple[Route, ...] = rest(
    "accounts",
    f"{RECORDED}/people-account-tools.jsonl 161, 162, 163, 164; canvas-lms app/controllers/brand_configs_controller.rb",
    ("GET /api/v1/brand_variables", variables, "The site's colours and images"),
    ("POST /api/v1/accounts/{account_id}/shared_brand_configs", share, "Share a theme"),
    ("PUT /api/v1/accounts/{account_id}/shared_brand_configs/{id}", forget, "Change a shared theme"),
    ("DELETE /api/v1/shared_brand_configs/{id}", forget, "Remove a shared theme"),
)
