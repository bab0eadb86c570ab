"""Wiki pages: lookup, permissions, and revisions.

Source: canvas-lms app/models/wiki_page.rb (2023-06), and the recorded exchanges of `content-pages`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.model import Course, PageVersion, WikiPage
from lms_emulator.providers.canvas.rules import contexts, html, slugs
from lms_emulator.providers.canvas.rules.contexts import Context

ROLES = ("teachers", "students", "members", "public")
LONGEST = 255
FRONT_PAGE = "The front page cannot be unpublished"


def pages_of(api: Api, context: Context) -> list[WikiPage]:
    """The undeleted pages of a context."""
    found = api.store.wiki_pages.find("context", (context.type, context.id))
    return [page for page in found if page.workflow_state != "deleted"]


def front_page(api: Api, context: Context) -> WikiPage | None:
    """The front page of a context."""
    return next((page for page in pages_of(api, context) if page.front_page), None)


def by_url(api: Api, context: Context, url: str) -> WikiPage | None:
    """The page with exactly this URL."""
    return next((page for page in pages_of(api, context) if page.url == url), None)


def find(api: Api, context: Context, reference: str) -> WikiPage | None:
    """The page with this URL, title, id or `page_id:…`."""
    pages = pages_of(api, context)
    wanted = reference.lower()
    named = next((page for page in pages if page.url == wanted), None)
    wanted_id = local_number(reference.removeprefix("page_id:"))
    slug = slugs.slug(reference)
    return (
        named
        or next((page for page in pages if page.id == wanted_id), None)
        or next((page for page in pages if page.url == slug), None)
    )


def published(api: Api, page: WikiPage) -> bool:
    """Whether students can see a page now."""
    return page.published or (page.publish_at is not None and page.publish_at <= api.now)


def manages(api: Api, context: Context, *what: str) -> bool:
    """Whether the caller may `create`, `update` or `delete` pages; without `what`, any of it."""
    return contexts.may(api, context, *(f"manage_wiki_{one}" for one in what or ("create", "update", "delete")))


def students_edit(api: Api, context: Context) -> bool:
    """Whether the caller is a student of a course that lets students create pages and rename those open to them."""
    open_wiki = isinstance(context.record, Course) and context.record.allow_student_wiki_edits
    return bool(open_wiki) and contexts.may(api, context, "participate_as_student")


def may_create(api: Api, context: Context) -> bool:
    """Whether the caller may create pages."""
    return manages(api, context, "create") or students_edit(api, context)


def may_read(api: Api, context: Context, page: WikiPage) -> bool:
    """Whether the caller can see a page: staff and admins see unpublished ones."""
    if published(api, page):
        return contexts.may(api, context, "read")
    return manages(api, context) or contexts.may(api, context, "view_unpublished_items", "read_as_admin")


def may_edit(api: Api, context: Context, page: WikiPage) -> bool:
    """Whether the caller may change at least the body of a page."""
    if manages(api, context, "update"):
        return True
    roles = page.editing_roles.split(",")
    if not published(api, page):
        return False
    takes_part = contexts.may(api, context, "participate_as_student", "participate")
    return (
        ("students" in roles and takes_part)
        or ("members" in roles and context.type == "Group" and contexts.may(api, context, "read"))
        or ("public" in roles and api.caller is not None and contexts.may(api, context, "read"))
    )


def unique(api: Api, context: Context, title: str, but: int | None = None) -> tuple[str, str]:
    """The title and URL of a new page; a taken title gets a number."""
    others = [page for page in pages_of(api, context) if page.id != but]
    urls, titles = {page.url for page in others}, {page.title for page in others}
    number, found, base = 1, title, slugs.slug(title)
    if title in titles:
        while found in titles or slugs.slug(found) in urls:
            number += 1
            found = f"{title}-{number}"
        return found, slugs.slug(found)
    url = base
    while url in urls:
        number += 1
        url = f"{base}-{number}"
    return title, url


def changes(api: Api, context: Context, page: WikiPage | None, *, front: bool = False) -> dict[str, Any]:
    """The changes in `wiki_page[…]`. Raises the refusals for invalid ones.

    Parameters: `page`, None for a new one; `front`, whether it is or becomes the front page.
    """
    sent = api.params.hash("wiki_page")
    found: dict[str, Any] = {}
    if page is None or sent.has("title"):
        found["title"] = _title(sent.text("title"))
    if sent.has("body"):
        found["body"] = html.clean(sent.text("body"), api.url(""))
    if sent.has("editing_roles"):
        found["editing_roles"] = _roles(sent.text("editing_roles"))
    if sent.has("published"):
        found["published"] = sent.flag("published")
    if sent.has("publish_at"):
        found["publish_at"] = api.moment("wiki_page", "publish_at")
    if sent.has("student_todo_at"):
        found["todo_date"] = api.moment("wiki_page", "student_todo_at")
    if sent.has("student_planner_checkbox") and not sent.flag("student_planner_checkbox"):
        found["todo_date"] = None
    if sent.has("front_page"):
        found["front_page"] = sent.flag("front_page")
    _check_front(found, page, front)
    return found


def _title(text: str | None) -> str:
    if not text or not text.strip():
        raise refusals.invalid({"title": ["Title can't be blank"]})
    if len(text) > LONGEST:
        raise refusals.invalid({"title": ["Title can't exceed 255 characters"]})
    if not slugs.slug(text):
        raise refusals.invalid({"title": ["Title must contain at least one letter or number"]})
    return text


def _roles(text: str | None) -> str:
    roles = [role.strip() for role in (text or "").split(",") if role.strip()]
    if any(role not in ROLES for role in roles):
        raise refusals.invalid({"editing_roles": ["The provided editing roles are invalid"]})
    return ",".join(roles)


def _check_front(found: dict[str, Any], page: WikiPage | None, front: bool) -> None:
    shown = found.get("published", page.published if page is not None else front)
    if found.get("front_page") and not shown:
        raise refusals.invalid({"front_page": [FRONT_PAGE]})
    if (front or (page is not None and page.front_page)) and found.get("published") is False:
        raise refusals.invalid({"published": [FRONT_PAGE]})


def create(api: Api, context: Context, title: str, **fields: Any) -> WikiPage:
    """A new page. In a group, or by somebody who cannot publish, it is published at once."""
    title, url = unique(api, context, title)
    grouped = context.type == "Group"
    wiki_edits = isinstance(context.record, Course) and context.record.allow_student_wiki_edits
    usual = {
        "published": grouped or not manages(api, context, "update"),
        "editing_roles": "members" if grouped else "teachers,students" if wiki_edits else "teachers",
    }
    page = WikiPage(
        **api.new_row("wiki_pages"),
        context_type="Group" if grouped else "Course",
        context_id=context.id,
        title=title,
        url=url,
        user_id=api.user.id,
        **{**usual, **fields},
    )
    return _put(api, context, replace(page, versions=[version_of(page)]))


def copy(api: Api, context: Context, page: WikiPage) -> WikiPage:
    """A copy of a page, unpublished, under a unique title."""
    titles = {other.title for other in pages_of(api, context)}
    title, count = f"{page.title} Copy", 1
    while title in titles:
        count += 1
        title = f"{page.title} Copy {count}"
    fields = {"body": page.body, "editing_roles": page.editing_roles, "todo_date": page.todo_date, "published": False}
    return create(api, context, title, **fields)


def update(api: Api, context: Context, page: WikiPage, **fields: Any) -> WikiPage:
    """Change a page. Its URL is recomputed; a changed body or title creates a new revision."""
    changed = replace(page, **fields, user_id=api.user.id)
    title, url = unique(api, context, changed.title, page.id)
    changed = replace(changed, title=title, url=url)
    if (changed.title, changed.body) != (page.title, page.body):
        changed = replace(changed, updated_at=api.now)
    if (changed.title, changed.body, changed.url) != (page.title, page.body, page.url):
        changed = replace(changed, versions=[*versions_of(page), version_of(changed)])
    return _put(api, context, changed)


def _put(api: Api, context: Context, page: WikiPage) -> WikiPage:
    if page.front_page:
        for other in pages_of(api, context):
            if other.front_page and other.id != page.id:
                api.store.wiki_pages.put(replace(other, front_page=False))
    return api.store.wiki_pages.put(page)


def version_of(page: WikiPage) -> PageVersion:
    """A page as it is now."""
    return PageVersion(title=page.title, url=page.url, body=page.body, user_id=page.user_id, updated_at=page.updated_at)


def versions_of(page: WikiPage) -> list[PageVersion]:
    """A page's versions, oldest first; one of a page that nobody changed."""
    return page.versions or [version_of(page)]
