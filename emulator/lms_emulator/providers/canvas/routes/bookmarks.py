"""REST: bookmarks."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Bookmark
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/people-misc.jsonl 1, 7, 14; canvas-lms app/controllers/bookmarks/bookmarks_controller.rb"
NO_BODY = {"Content-Type": "text/html"}


def _shown(record: Bookmark) -> Json:
    return {
        "id": record.id,
        "name": record.name,
        "url": record.url,
        "position": record.position,
        "data": record.data,
    }


def _mine(api: Api) -> list[Bookmark]:
    return sorted(api.store.bookmarks.find("user", api.user.id), key=lambda bookmark: (bookmark.position, bookmark.id))


def _one(api: Api) -> Bookmark:
    number = identifiers.local_number(api.slot("id"))
    found = next((bookmark for bookmark in _mine(api) if bookmark.id == number), None)
    if found is None:
        raise SiteRefusal(
            "bookmark_unknown", status=404, check="the bookmark is the caller's", headers=NO_BODY, text=""
        )
    return found


def index(api: Api) -> Any:
    """The caller's bookmarks, by position."""
    return paged(api, _mine(api), _shown)


def show(api: Api) -> Any:
    """One bookmark."""
    return _shown(_one(api))


def create(api: Api) -> Any:
    """Bookmark a page."""
    known, sent = _mine(api), api.params
    name, url = sent.text("name"), sent.text("url")
    number = api.new_id("bookmarks")
    if not name or not url:
        raise refusals.crashed("`name` or `url` is missing")
    made = Bookmark(id=number, user_id=api.user.id, name=name, url=url, data=sent.get("data"))
    return _shown(_placed(api, known, made, sent.text("position") or str(len(known) + 1)))


def update(api: Api) -> Any:
    """Change a bookmark, or move it."""
    record = _one(api)
    changes: dict[str, Any] = {name: api.params.text(name) for name in ("name", "url") if api.params.has(name)}
    if api.params.has("data"):
        changes["data"] = api.params.get("data")
    changed = replace(record, **changes)
    others = [bookmark for bookmark in _mine(api) if bookmark.id != record.id]
    return _shown(_placed(api, others, changed, api.params.text("position") or str(record.position)))


def _placed(api: Api, others: list[Bookmark], record: Bookmark, position: str) -> Bookmark:
    """Move a bookmark to its position, shifting later ones down."""
    place = max(1, min(as_whole(position) or 1, len(others) + 1))
    order = [*others[: place - 1], record, *others[place - 1 :]]
    for number, bookmark in enumerate(order, start=1):
        api.store.bookmarks.put(replace(bookmark, position=number))
    return replace(record, position=place)


def destroy(api: Api) -> Any:
    """Delete a bookmark. Later ones move up."""
    record = _one(api)
    api.store.bookmarks.delete(record.id)
    for later in _mine(api):
        if later.position > record.position:
            api.store.bookmarks.put(replace(later, position=later.position - 1))
    return _shown(record)


BOOKMARKS = "/api/v1/users/self/bookmarks"
ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    (f"GET {BOOKMARKS}", index, "The caller's bookmarks"),
    (f"POST {BOOKMARKS}", create, "Create a bookmark"),
    (f"GET {BOOKMARKS}/{{id}}", show, "One bookmark"),
    (f"PUT {BOOKMARKS}/{{id}}", update, "Change a bookmark"),
    (f"DELETE {BOOKMARKS}/{{id}}", destroy, "Delete a bookmark"),
)
