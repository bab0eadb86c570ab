"""REST: external feeds of courses and groups."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import ExternalFeed
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import contexts
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.submitting import NO_ADDRESS, address
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/people-account-tools.jsonl 148, 149, 159; canvas-lms app/controllers/external_feeds_controller.rb"
VERBOSITIES = ("full", "truncate", "link_only")


def _shown(record: ExternalFeed) -> Json:
    parts = parts_of(record.url)
    return {
        "id": record.id,
        "url": record.url,
        "header_match": record.header_match,
        "created_at": stamp(record.created_at),
        "verbosity": record.verbosity,
        "display_name": f"{parts.scheme}://{parts.netloc} feed",
        "external_feed_entries_count": 0,
    }


def _context(api: Api) -> Context:
    """The course or group of the path. Raises the refusal for callers who may not make announcements there."""
    context = contexts.from_path(api)
    contexts.require(api, context, *(("create_forum",) if context.type == "Group" else ()), "moderate_forum")
    return context


def index(api: Api) -> Any:
    """The feeds of a course or a group."""
    return paged(api, _feeds(api, _context(api)), _shown)


def _feeds(api: Api, context: Context) -> list[ExternalFeed]:
    return sorted(api.store.external_feeds.find("context", (context.type, context.id)), key=lambda feed: feed.id)


def create(api: Api) -> Any:
    """Add a feed."""
    context = _context(api)
    sent, verbosity = api.params.text("url") or "", api.params.text("verbosity") or "full"
    if not sent:
        raise refusals.invalid({"url": ["blank"]})
    kind: Any = context.type
    chosen: Any = verbosity if verbosity in VERBOSITIES else "full"
    match = (api.params.text("header_match") or "").strip() or None
    url = address(sent)
    faults = [NO_ADDRESS] if url is None else []
    if any((feed.url, feed.header_match, feed.verbosity) == (url, match, chosen) for feed in _feeds(api, context)):
        faults.append("taken")
    if len(sent) > 255:
        faults.append("too_long")
    if url is None or faults:
        raise refusals.invalid({"url": faults})
    made = ExternalFeed(
        id=api.new_id("external_feeds"),
        context_type=kind,
        context_id=context.id,
        user_id=api.user.id,
        url=url,
        header_match=match,
        verbosity=chosen,
        created_at=api.now,
    )
    return _shown(api.store.external_feeds.put(made))


def destroy(api: Api) -> Any:
    """Remove a feed."""
    context = _context(api)
    found = identifiers.row(api.store.external_feeds, api.slot("external_feed_id"), "the feed", **context.place)
    api.store.external_feeds.delete(found.id)
    return _shown(found)


OF_COURSE, OF_GROUP = (f"/api/v1/{kind}/external_feeds" for kind in ("courses/{course_id}", "groups/{group_id}"))
ROUTES: tuple[Route, ...] = (
    *rest(
        "courses",
        SOURCE,
        (f"GET {OF_COURSE}", index, "External feeds of a course"),
        (f"POST {OF_COURSE}", create, "Add a feed"),
        (f"DELETE {OF_COURSE}/{{external_feed_id}}", destroy, "Remove a feed"),
    ),
    *rest(
        "groups",
        SOURCE,
        (f"GET {OF_GROUP}", index, "External feeds of a group"),
        (f"POST {OF_GROUP}", create, "Add a feed to a group"),
        (f"DELETE {OF_GROUP}/{{external_feed_id}}", destroy, "Remove a feed from a group"),
    ),
)
