"""REST: external feeds of a course."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Course, ExternalFeed
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses
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


def _course(api: Api) -> Course:
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, "moderate_forum", "manage_course_content")
    return course


def index(api: Api) -> Any:
    """The feeds of a course."""
    course = _course(api)
    path = f"/api/v1/courses/{course.id}/external_feeds"
    return paged(api, list(api.store.external_feeds.find("course", course.id)), _shown, path=path)


def create(api: Api) -> Any:
    """Add a feed."""
    course = _course(api)
    url, verbosity = api.params.text("url") or "", api.params.text("verbosity") or "full"
    if not url:
        raise refusals.invalid({"url": ["blank"]})
    parts = parts_of(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise refusals.invalid({"url": ["is not a valid URL"]})
    chosen: Any = verbosity if verbosity in VERBOSITIES else "full"
    made = ExternalFeed(
        id=api.new_id("external_feeds"),
        course_id=course.id,
        user_id=api.user.id,
        url=url,
        header_match=api.params.text("header_match") or None,
        verbosity=chosen,
        created_at=api.now,
    )
    return _shown(api.store.external_feeds.put(made))


def destroy(api: Api) -> Any:
    """Remove a feed."""
    course = _course(api)
    found = api.store.external_feeds.get(identifiers.local_number(api.slot("external_feed_id")))
    if found is None or found.course_id != course.id:
        raise refusals.not_found("the feed", api.slot("external_feed_id"))
    api.store.external_feeds.delete(found.id)
    return _shown(found)


FEEDS = "/api/v1/courses/{course_id}/external_feeds"
ROUTES: tuple[Route, ...] = rest(
    "courses",
    SOURCE,
    (f"GET {FEEDS}", index, "Feeds that a course follows"),
    (f"POST {FEEDS}", create, "Follow a feed"),
    (f"DELETE {FEEDS}/{{external_feed_id}}", destroy, "Follow a feed no more"),
)
