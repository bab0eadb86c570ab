"""REST: wiki pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, WikiPage
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    blueprints,
    collation,
    contexts,
    pages,
    progressing,
    slugs,
    tabs,
    update_mails,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import pages as shapes

PLACES = "courses groups"
SORTS: dict[str, Callable[[WikiPage], Any]] = {
    "title": lambda page: collation.key(page.title),
    "created_at": lambda page: page.created_at,
    "updated_at": lambda page: page.updated_at,
    "todo_date": lambda page: (page.todo_date is None, page.todo_date),
}


def _context(api: Api) -> Context:
    return contexts.from_path(api, "read")


def _found(api: Api) -> tuple[Context, WikiPage]:
    """The page in the path, without checking permissions. Raises the refusal `page_unknown`."""
    context = contexts.from_path(api)
    found = pages.find(api, context, api.slot("url_or_id"))
    if found is None:
        named = api.slot("url_or_id")
        why = pages.why_none(api, context, named)
        raise refusals.message(404, "page_unknown", "page not found", got=named, diagnosis=why)
    return context, found


def _page(api: Api) -> tuple[Context, WikiPage]:
    """The page in the path that the caller may read."""
    context, found = _found(api)
    _require_reader(api, context, found)
    return context, found


def _require_reader(api: Api, context: Context, page: WikiPage) -> None:
    if not api.check("may read the page", pages.may_read(api, context, page), got=page.url):
        raise api.refused(f"page {page.url}")


def _require_editor(api: Api, context: Context, page: WikiPage) -> None:
    locked = isinstance(context.record, Course) and progressing.lock_of(api, context.record, "Page", page.id)
    if not api.check("may change the page", not locked and pages.may_edit(api, context, page), got=page.url):
        raise api.refused(f"change page {page.url}")


def _require_maker(api: Api, context: Context) -> None:
    if not pages.may_create(api, context):
        contexts.require(api, context, "manage_wiki_create")


def index(api: Api) -> Any:
    """The pages of a context, without their texts."""
    context = _context(api)
    if isinstance(context.record, Course):
        tabs.require(api, context.record, "pages")
    found = [page for page in pages.pages_of(api, context) if pages.may_read(api, context, page)]
    term = search_term(api) or ""
    wanted = api.params.flag("published") if api.params.has("published") else None
    found = [page for page in found if term in page.title.lower() and wanted in (None, pages.published(api, page))]
    found.sort(key=lambda page: page.id)
    by = SORTS.get(api.params.text("sort") or "")
    if by is not None:
        found.sort(key=by)
    if api.params.text("order") == "desc":
        found.reverse()
    whole = "body" in api.params.includes and api.settings.bodies_of_listed_pages

    def row(page: WikiPage) -> Any:
        body = shapes.page(api, context, page, whole=whole)
        in_course = isinstance(context.record, Course)
        return blueprints.noted(api, context.id, "wiki_pages", page.id, body) if in_course else body

    return paged(api, found, row)


def _read(api: Api, context: Context, page: WikiPage) -> Any:
    """A page with its text, and note that the caller has viewed it."""
    if isinstance(context.record, Course):
        progressing.acted(api, context.record, "Page", page.id, "seen")
    return shapes.page(api, context, page, whole=True)


def show(api: Api) -> Any:
    """A page."""
    context, page = _page(api)
    return _read(api, context, page)


def front_page(api: Api) -> Any:
    """The front page."""
    context = contexts.from_path(api)
    found = pages.front_page(api, context)
    if found is None:
        raise refusals.message(404, "no_front_page", "No front page has been set")
    _require_reader(api, context, found)
    return _read(api, context, found)


def create(api: Api) -> Any:
    """Make a page."""
    context = contexts.from_path(api)
    _require_maker(api, context)
    return _made(api, context, "")


def update(api: Api) -> Any:
    """Change a page, or create one at an unused URL."""
    context = _context(api)
    reference = api.slot("url_or_id")
    page = pages.find(api, context, reference)
    if page is None:
        _require_maker(api, context)
        return _made(api, context, slugs.title_of(reference))
    return _updated(api, context, page)


def update_front_page(api: Api) -> Any:
    """Change the front page, or make one."""
    context = _context(api)
    page = pages.front_page(api, context)
    if page is None:
        _require_maker(api, context)
        return _made(api, context, "", front=True)
    return _updated(api, context, page)


def _made(api: Api, context: Context, title: str, *, front: bool = False) -> Any:
    fields = pages.changes(api, context, None, title=title, front=front)
    return _read(api, context, pages.create(api, context, **fields))


def _updated(api: Api, context: Context, page: WikiPage) -> Any:
    _require_editor(api, context, page)
    fields = pages.changes(api, context, page)
    if isinstance(context.record, Course):
        blueprints.require_unlocked(api, context.id, "wiki_pages", page, replace(page, **fields))
        progressing.acted(api, context.record, "Page", page.id, "contributed")
    changed = pages.update(api, context, page, **fields)
    update_mails.page_updated(api, context, page, changed)
    return _read(api, context, changed)


def delete(api: Api) -> Any:
    """Delete a page."""
    context, page = _page(api)
    contexts.require(api, context, "manage_wiki_delete")
    if isinstance(context.record, Course):
        blueprints.require_deletable(api, context.id, "wiki_pages", page.id)
    if page.front_page:
        raise refusals.invalid({"front_page": ["The front page cannot be deleted"]})
    deleted = replace(page, workflow_state="deleted", published=False, publish_at=None)
    return shapes.page(api, context, api.store.wiki_pages.put(deleted), whole=True)


def duplicate(api: Api) -> Any:
    """Make a copy of a page."""
    context, page = _found(api)
    _require_maker(api, context)
    return shapes.page(api, context, pages.copy(api, context, page), whole=True)


def revisions(api: Api) -> Any:
    """The revisions of a page, newest first."""
    context, page = _found(api)
    _require_editor(api, context, page)
    every = pages.versions_of(page)
    numbered = list(enumerate(every, 1))[::-1]
    path = f"/api/v1{context.path}/pages/{page.url}/revisions"
    return paged(
        api,
        numbered,
        lambda pair: shapes.revision(api, context, pair[0], pair[1], latest=pair[0] == len(every)),
        path=path,
    )


def _revision(api: Api, page: WikiPage) -> int:
    """The number of the revision in the path. Raises the refusal `not_found`."""
    wanted, count = api.call.path_params.get("revision_id", "latest"), len(pages.versions_of(page))
    found = count if wanted == "latest" else number(wanted)
    if found is None or not 1 <= found <= count:
        raise refusals.not_found("the revision", wanted)
    return found


def revision(api: Api) -> Any:
    """A revision; without its text if `summary=true`. Only editors of the page see any but the latest."""
    context, page = _found(api)
    found, every = _revision(api, page), pages.versions_of(page)
    latest = api.call.path_params.get("revision_id", "latest") == "latest"
    (_require_reader if latest else _require_editor)(api, context, page)
    whole = not api.params.flag("summary")
    return shapes.revision(api, context, found, every[found - 1], latest=found == len(every), whole=whole)


def revert(api: Api) -> Any:
    """Revert to a revision, which creates a new one."""
    context, page = _found(api)
    _require_editor(api, context, page)
    if not pages.manages(api, context, "update") and not pages.students_edit(api, context):
        contexts.require(api, context, "manage_wiki_update")
    old = pages.versions_of(page)[_revision(api, page) - 1]
    changed = pages.update(api, context, page, title=old.title, body=old.body)
    every = pages.versions_of(changed)
    return shapes.revision(api, context, len(every), every[-1], latest=True, whole=True)


SOURCE = "canvas-lms app/controllers/wiki_pages_api_controller.rb"
PAGE = "/pages/{url_or_id}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "pages",
        f"{RECORDED}/content-pages.jsonl 2-4, 35-38, 55-57, 115; {SOURCE}",
        *within(PLACES, "GET /pages", index, "Wiki pages"),
        *within(PLACES, "POST /pages", create, "Create a wiki page"),
        *within(PLACES, "GET /front_page", front_page, "The front page"),
        *within(PLACES, "PUT /front_page", update_front_page, "Change the front page"),
        *within(PLACES, f"GET {PAGE}", show, "A wiki page"),
        *within(PLACES, f"PUT {PAGE}", update, "Change a wiki page"),
        *within(PLACES, f"DELETE {PAGE}", delete, "Delete a wiki page"),
    ),
    *rest(
        "pages",
        f"{RECORDED}/content-pages.jsonl 96-99, 106, 110; {SOURCE}",
        *within("courses", f"POST {PAGE}/duplicate", duplicate, "Copy a wiki page"),
        *within(PLACES, f"GET {PAGE}/revisions", revisions, "Revisions of a wiki page"),
        *within(PLACES, f"GET {PAGE}/revisions/latest", revision, "The latest revision of a wiki page"),
        *within(PLACES, f"GET {PAGE}/revisions/{{revision_id}}", revision, "A revision of a wiki page"),
        *within(PLACES, f"POST {PAGE}/revisions/{{revision_id}}", revert, "Revert to a revision"),
    ),
)
