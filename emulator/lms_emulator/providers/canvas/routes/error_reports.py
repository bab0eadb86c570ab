"""REST: error reports, release notes, caches: calls for a site's operators."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import limits, refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in, site
from lms_emulator.providers.canvas.rules import features, mails

REPORT_COST = 200
"""The extra cost of an error report."""
INST_ACCESS_COST = 200
"""The extra cost of a request for an InstAccess token."""
ASSETS = {
    "common_css": "/dist/brandable_css/no_variables/bundles/common-0000000000.css",
    "common_js": "/dist/webpack-production/main-entry.js",
    "revved_url": "/dist/fonts/lato/extended/Lato-Regular-bd03a2cc27.woff2",
}
"""Paths of pages' styles, scripts and fonts, as a Canvas reports them to its monitors."""
READ = ("subject", "comments", "url", "email", "http_env", "user_perceived_severity")


def report(api: Api) -> Any:
    """Report an error, signed in or not; it is mailed to the site's operators."""
    limits.charge(api.call, REPORT_COST)
    sent = api.params.hash("error")
    if sent.text("username"):
        raise refusals.crashed("the field that only machines fill in is empty", sent.text("username"))
    fields = {name: sent.text(name) for name in READ if sent.has(name)}
    number = api.new_id("error_reports")
    mails.send(api, "error_report", "the site's operators", fields.get("subject") or "", data={"id": number, **fields})
    return {"logged": True, "id": number}


def unread_notes(api: Api) -> Any:
    """How many release notes the caller has not read; a self-hosted site has none. Anybody may ask."""
    return {"unread_count": 0}


def latest_notes(api: Api) -> Any:
    """The latest release notes, for anybody: none, as they are in a database that only Instructure has."""
    return []


def notes(api: Api) -> Any:
    """Release notes, which the site's operators write; there is no database of them here."""
    _require_operator(api, "release notes")
    raise refusals.crashed("release notes are stored in DynamoDB, which only Canvas hosted by Instructure has")


def clear_cache(api: Api) -> Any:
    """Clear a user's cache. The emulator has none."""
    identifiers.user(api, api.slot("id"))
    _require_operator(api, "clear caches")
    return {"status": "ok"}


def _require_operator(api: Api, what: str) -> None:
    _ = api.user
    if not api.check("is an operator of the site", features.sees_hidden(api)):
        raise api.refused(what)


def analytics_token(api: Api) -> Any:
    """A token for events of Canvas's own apps. No other key is trusted with it."""
    _ = api.user
    api.call.reads.add("app_key")
    raise refusals.message(403, "key_untrusted", "Developer key not authorized")


def inst_access_token(api: Api) -> Any:
    """A token for Instructure's other services. Only its own hosting has keys for them."""
    _ = api.user
    limits.charge(api.call, INST_ACCESS_COST)
    raise refusals.crashed("InstAccess is set up; a Canvas outside Instructure's hosting has no keys for it")


def immersive_reader(api: Api) -> Any:
    """A token for Microsoft's Immersive Reader. No school here is configured for it."""
    raise refusals.message(404, "service_unknown", "Service not found", check="Immersive Reader is set up")


def health(api: Api) -> Response:
    """Say that the site is up, to anybody."""
    if not api.call.path.endswith(".json") and wire.asked_for(api.call) != "json":
        return Response("canvas ok", media_type="text/plain")
    installation = str(uuid5(NAMESPACE_URL, api.root.uuid))
    body = {"status": "canvas ok", "asset_urls": ASSETS, "revision": None, "installation_uuid": installation}
    return wire.reply(api, body)


ROUTES: tuple[Route, ...] = (
    *rest(
        "users",
        f"{RECORDED}/people-misc.jsonl 24, 25, 38, 39, 41, 42; canvas-lms app/controllers/"
        "errors_controller.rb, release_notes_controller.rb",
        ("POST /api/v1/error_reports", report, "Report an error"),
        ("GET /api/v1/release_notes/unread_count", unread_notes, "The number of unread release notes"),
        ("GET /api/v1/release_notes/latest", latest_notes, "The latest release notes"),
        ("GET POST /api/v1/release_notes", notes, "Release notes"),
        ("PUT DELETE /api/v1/release_notes/{id}", notes, "A release note"),
        ("PUT DELETE /api/v1/release_notes/{id}/published", notes, "Publish or unpublish a release note"),
        ("POST /api/v1/users/{id}/clear_cache", clear_cache, "Clear a user's cache"),
        ("POST /api/v1/users/self/pandata_events_token", analytics_token, "A token for events"),
    ),
    *rest(
        "users",
        f"{RECORDED}/misc.jsonl 130; canvas-lms app/controllers/inst_access_tokens_controller.rb",
        ("POST /api/v1/inst_access_tokens", inst_access_token, "A token for other services"),
    ),
    *signed_in(
        "pages",
        f"{RECORDED}/misc.jsonl 134; canvas-lms app/controllers/immersive_reader_controller.rb",
        ("GET /api/v1/immersive_reader/authenticate", immersive_reader, "A token for Immersive Reader"),
    ),
    *site(
        "pages",
        f"{RECORDED}/oauth-browser.jsonl 214; canvas-lms app/controllers/info_controller.rb, health_check",
        ("GET /health_check", health, "Whether the site is up"),
        ("GET /health_check.json", health, "Whether the site is up, as JSON"),
    ),
)
