"""REST: tokens for Canvas's own services; a site without those services issues none."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, site

SOURCE = f"{RECORDED}/oauth-browser.jsonl 220, 221, 222, 223; canvas-lms app/controllers/jwts_controller.rb"


def create(api: Api) -> Any:
    """A service's token. It needs a browser session, or services that trust each other."""
    _ = api.user
    body = {"errors": [{"message": "An error occurred.", "error_code": "unauthorized"}]}
    raise refusals.rest("service_token_refused", 401, body, check="the site has services of its own")


def refresh(api: Api) -> Any:
    """Renew an expired token. None is issued here, so every token is unknown."""
    _ = api.user
    sent = api.params.text("jwt")
    body = {"errors": {"jwt": "required" if api.params.get("jwt") is None else "invalid refresh"}}
    raise refusals.rest("service_token_unknown", 400, body, check="`jwt` was given by this site", credential=sent)


def own_keys(api: Api) -> Response:
    """The keys for checking tokens of the site's services."""
    return wire.reply(api, {"keys": []})


ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    ("POST /api/v1/jwts", create, "Create a service token"),
    ("POST /api/v1/jwts/refresh", refresh, "Refresh a service token"),
)
PAGES = site(
    "oauth2",
    f"{RECORDED}/oauth-browser.jsonl 211; {RECORDED}/lti-authorize.jsonl 3",
    ("GET /login/oauth2/jwks", own_keys, "Keys of the site's services"),
    ("GET /internal/services/jwks", own_keys, "Keys of the site's services"),
)
