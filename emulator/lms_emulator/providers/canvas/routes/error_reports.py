"""REST: error reports, release notes, caches: calls for the operators of a site."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import features

READ = ("subject", "comments", "url", "email", "http_env", "user_perceived_severity")


def report(api: Api) -> Any:
    """Report an error, signed in or not; it is mailed to the site's operators."""
    sent = api.params.hash("error")
    told = {name: sent.text(name) for name in READ if sent.has(name)}
    number = api.new_id("error_reports")
    api.x.outbox.add(
        "email",
        provider=api.x.provider,
        kind="error_report",
        to="the site's operators",
        at=api.x.clock.now(),
        subject=told.get("subject") or "",
        data={"id": number, **told},
    )
    return {"logged": True, "id": number}


def unread_notes(api: Api) -> Any:
    """How many notes about releases the caller has not read; a site of one's own is sent none."""
    _ = api.user
    return {"unread_count": 0}


def notes(api: Api) -> Any:
    """The notes about releases, for the site's operators to write."""
    _require_operator(api, "release notes")
    return []


def clear_cache(api: Api) -> Any:
    """Clear a user's cache. There is none here."""
    identifiers.user(api, api.slot("id"))
    _require_operator(api, "clear caches")
    return {"status": "ok"}


def _require_operator(api: Api, what: str) -> None:
    _ = api.user
    if not api.check("is an operator of the site", features.sees_hidden(api)):
        raise api.refused(what)


def analytics_token(api: Api) -> Any:
    """A token to send events of Canvas's own apps with. No key of another is trusted with it."""
    _ = api.user
    api.x.reads.add("app_key")
    raise refusals.message(403, "key_untrusted", "Developer key not authorized")


ROUTES: tuple[Route, ...] = rest(
    "users",
    f"{RECORDED}/people-misc.jsonl 24, 25, 38, 39, 41, 42; canvas-lms app/controllers/errors_controller.rb",
    ("POST /api/v1/error_reports", report, "Report an error"),
    ("GET /api/v1/release_notes/unread_count", unread_notes, "Unread notes about releases"),
    ("GET /api/v1/release_notes", notes, "Notes about releases"),
    ("POST /api/v1/users/{id}/clear_cache", clear_cache, "Forget what is cached"),
    ("POST /api/v1/users/self/pandata_events_token", analytics_token, "A token for events"),
)
