"""Wiki pages: lookup, permissions, and revisions.

Source: canvas-lms app/models/wiki_page.rb (2023-06), and the recorded exchanges of `content-pages`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.errors import shortened
from lms_emulator.core.suggest import nearest
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, PageVersion, WikiPage
from lms_emulator.providers.canvas.rules import contexts, features, html, slugs, states
from lms_emulator.providers.canvas.rules.contexts import Context

ROLES = ("teachers", "students", "members", "public")
LONGEST = 255
FRONT_PAGE = "The front page cannot be unpublished"
SCHEDULE = "scheduled_page_publication"
STAFF_ONLY = {
    "published": "You are not allowed to update the published state of this wiki page",
    "title": "You are not allowed to update the title of this wiki page",
    "editing_roles": "You are not allowed to update the editing roles of this wiki page",
    "front_page": "You are not allowed to change the wiki front page",
}
_STAFF = ("TeacherEnrollment", "TaEnrollment")
_MOST_NAMED = 5
_VERSIONED = ("title", "body", "url", "todo_date", "publish_at")


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


def why_none(api: Api, context: Context, reference: str) -> str:
    """Why no page of a course or group goes by a reference."""
    kind = context.type.lower()
    wanted = slugs.slug(reference.removeprefix("page_id:"))
    for page in api.store.wiki_pages:
        here = (page.context_type, page.context_id) == (context.type, context.id)
        if wanted in (page.url, str(page.id)):
            where = "was deleted" if here else f"is in {page.context_type.lower()} {page.context_id}"
            return f"the page `{wanted}` {where}"
        if here and any(version.url == wanted for version in page.versions):
            return f"the page `{wanted}` is called `{page.url}` now"
    known = [page.url for page in pages_of(api, context)]
    closest = nearest(wanted, known)
    has = f"did you mean `{closest}`?" if closest else f"it has {', '.join(known[:_MOST_NAMED]) or 'none'}"
    return f"{kind} {context.id} has no page `{shortened(reference, LONGEST)}`; {has}"


def published(api: Api, page: WikiPage) -> bool:
    """Whether students can see a page now."""
    due = page.publish_at is not None and page.publish_at <= api.now
    return page.published or (due and features.enabled(api, api.root, SCHEDULE))


def manages(api: Api, context: Context, *what: str) -> bool:
    """Whether the caller may `create`, `update` or `delete` pages; without `what`, any of it."""
    return contexts.may(api, context, *(f"manage_wiki_{value}" for value in what or ("create", "update", "delete")))


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
    if not may_read(api, context, page) or api.caller is None:
        return False
    rows = (
        api.store.enrollments.find("whose", (context.id, api.caller.id)) if isinstance(context.record, Course) else ()
    )
    own = [row for row in rows if row.workflow_state in states.CURRENT]
    if roles != ["teachers"] and "teachers" in roles and any(row.type in _STAFF for row in own):
        return True
    takes_part = contexts.may(api, context, "participate_as_student", "participate")
    belongs = bool(own) if isinstance(context.record, Course) else context.type == "Group"
    return "public" in roles or ("students" in roles and takes_part) or ("members" in roles and belongs)


def unique(api: Api, context: Context, title: str, but: int | None = None) -> tuple[str, str]:
    """The title and URL of a page; each gets a number if it is in use."""
    others = [page for page in pages_of(api, context) if page.id != but]
    found = _free(title, {page.title for page in others})
    return found, _free(slugs.slug(found), {page.url for page in others})


def _free(wanted: str, taken: set[str]) -> str:
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted[: LONGEST - len(str(number)) - 1]}-{number}"
    return found


def changes(
    api: Api, context: Context, page: WikiPage | None, *, title: str | None = None, front: bool = False
) -> dict[str, Any]:
    """The changes in `wiki_page[…]`, as far as the caller may make them. Raises the refusals for the others.

    Parameters: `page`, None for a new one; `title`, that of a new one; `front`, whether it is to be the front page.
    """
    sent, found = _sent(api), dict[str, Any]()
    if front:
        found |= {"published": True, "front_page": True}
    if sent.has("published") and sent.get("published") != "":
        found["published"] = sent.flag("published")
    if sent.has("editing_roles"):
        found["editing_roles"] = _roles(sent.text("editing_roles"))
    was_front = page is not None and page.front_page
    if sent.has("front_page") and (front or sent.flag("front_page") != was_front):
        found["front_page"] = sent.flag("front_page")
    if not manages(api, context, "update"):
        _refuse(api, context, page, found)
    _check_front(api, page, found)
    if not manages(api, context, "update") and (page is None or not students_edit(api, context)):
        found = {name: found[name] for name in ("published", "front_page") if name in found}
        return found | _written(api, title if page is None else None, ("title", "body") if page is None else ("body",))
    if sent.has("publish_at"):
        found["publish_at"] = api.moment("wiki_page", "publish_at")
    if contexts.may(api, context, "manage_content", "manage_course_content_edit"):
        if sent.get("student_todo_at") is not None:
            found["todo_date"] = api.moment("wiki_page", "student_todo_at")
        if sent.has("student_planner_checkbox") and not sent.flag("student_planner_checkbox"):
            found["todo_date"] = None
    found |= _written(api, title if page is None else None, ("title", "body"))
    if was_front and found.get("published") is False:
        raise refusals.invalid({"published": ["cannot unpublish front page"]})
    return found


def _sent(api: Api) -> Params:
    return columns.permitted(api.params.hash("wiki_page"), "student_todo_at", "student_planner_checkbox")


def _written(api: Api, title: str | None, names: Collection[str]) -> dict[str, Any]:
    """The title and text that were sent. Parameters: `title`, that of a new page if none was sent."""
    sent, found = _sent(api), dict[str, Any]()
    if "title" in names and (title is not None or sent.has("title")):
        found["title"] = _title(sent.text("title") if sent.has("title") else title)
    if "body" in names and sent.has("body"):
        found["body"] = html.clean(sent.text("body"), api.url(""))
    return found


def _refuse(api: Api, context: Context, page: WikiPage | None, found: dict[str, Any]) -> None:
    """Refuse the changes that only staff make."""
    now = {"front_page": False, **usual(api, context)}
    if page is not None:
        now = {"published": page.published, "editing_roles": page.editing_roles, "front_page": page.front_page}
    changed = {name for name in found if found[name] != now[name] and name != "editing_roles"}
    if set(found.get("editing_roles", now["editing_roles"]).split(",")) != set(str(now["editing_roles"]).split(",")):
        changed.add("editing_roles")
    title = api.params.hash("wiki_page").text("title")
    if page is not None and title is not None and title != page.title:
        changed.add("title")
    if students_edit(api, context):
        changed -= {"title", "front_page"}
    if changed:
        raise refusals.invalid({name: [STAFF_ONLY[name]] for name in STAFF_ONLY if name in changed}, 401)


def _title(text: str | None) -> str:
    if not text or not text.strip():
        raise refusals.invalid({"title": ["Title can't be blank"]})
    if len(text) > LONGEST:
        raise refusals.invalid({"title": ["Title can't exceed 255 characters"]})
    if not slugs.slug(text):
        raise refusals.invalid({"title": ["Title must contain at least one letter or number"]})
    return text


def _roles(text: str | None) -> str:
    if text is None:
        raise refusals.crashed("Canvas accepts no null for the editing roles")
    roles = [role.strip() for role in text.rstrip(",").split(",")] if text.rstrip(",") else []
    if any(role not in ROLES for role in roles):
        raise refusals.invalid({"editing_roles": ["The provided editing roles are invalid"]})
    return ",".join(roles)


def _check_front(api: Api, page: WikiPage | None, found: dict[str, Any]) -> None:
    """Refuse a front page that is not published, whichever of the two was changed."""
    said = [name for name in ("front_page", "published") if name in found]
    stays = page is not None and page.front_page and api.call.method == "PUT"
    front, shown = found.get("front_page", stays), found.get("published", page is not None and page.published)
    if said and front and not shown:
        raise refusals.invalid({name: [FRONT_PAGE] for name in said})


def usual(api: Api, context: Context) -> dict[str, Any]:
    """How a new page is unless something else is asked: in a group, or if one cannot publish it later, published."""
    grouped = context.type == "Group"
    wiki_edits = isinstance(context.record, Course) and context.record.allow_student_wiki_edits
    return {
        "published": grouped or not manages(api, context, "update"),
        "editing_roles": "members" if grouped else "teachers,students" if wiki_edits else "teachers",
    }


def create(api: Api, context: Context, title: str, **fields: Any) -> WikiPage:
    """A new page, of the caller unless `user_id` names somebody else."""
    title, url = unique(api, context, title)
    page = WikiPage(
        **api.new_row("wiki_pages"),
        context_type="Group" if context.type == "Group" else "Course",
        context_id=context.id,
        title=title,
        url=url,
        **{"user_id": api.user.id, **usual(api, context), **fields},
    )
    page = _scheduled(api, replace(page, publish_at=None), page)
    return _put(api, context, replace(page, versions=[version_of(page)]))


def copy(api: Api, context: Context, page: WikiPage) -> WikiPage:
    """A copy of a page, unpublished, under a unique title."""
    title = slugs.copied_title(page.title, {other.title for other in pages_of(api, context)})
    kept = {name: getattr(page, name) for name in ("body", "editing_roles", "todo_date", "user_id")}
    return create(api, context, title, **kept, published=False)


def update(api: Api, context: Context, page: WikiPage, **fields: Any) -> WikiPage:
    """Change a page. Its URL is recomputed; a change of more than its state creates a new revision."""
    changed = replace(page, **fields, user_id=api.user.id)
    title, url = unique(api, context, changed.title, page.id)
    changed = _scheduled(api, page, replace(changed, title=title, url=url))
    if (changed.title, changed.body) != (page.title, page.body):
        changed = replace(changed, updated_at=api.now)
    if any(getattr(changed, name) != getattr(page, name) for name in _VERSIONED):
        changed = replace(changed, versions=[*versions_of(page), version_of(changed)])
    if page.front_page and not changed.front_page and isinstance(context.record, Course):
        course = api.store.courses.get(context.id)
        if course is not None and course.default_view == "wiki":
            api.store.courses.put(replace(course, default_view="modules"))
    return _put(api, context, changed)


def _scheduled(api: Api, old: WikiPage, page: WikiPage) -> WikiPage:
    """A page after a change: to publish or unpublish it ends its schedule, which may itself publish or unpublish it."""
    if page.published != old.published:
        return replace(page, publish_at=None)
    if page.publish_at == old.publish_at or not features.enabled(api, api.root, SCHEDULE):
        return page
    return replace(page, published=page.publish_at is not None and page.publish_at <= api.now)


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
