"""Pages and their revisions as Canvas's JSON.

Fields: canvas-lms lib/api/v1/wiki_page.rb (2023-06), and the recorded exchanges of `content-pages`.
"""

from __future__ import annotations

from urllib.parse import quote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Course, PageVersion, WikiPage
from lms_emulator.providers.canvas.rules import pages as rules
from lms_emulator.providers.canvas.rules import progressing
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.locks import locked_json
from lms_emulator.providers.canvas.shapes.people import display


def page(api: Api, context: Context, record: WikiPage, *, whole: bool = False) -> Json:
    """A page; `whole` with its text."""
    published = rules.published(api, record)
    body: Json = {
        "title": record.title,
        "created_at": stamp(record.created_at),
        "url": record.url,
        "editing_roles": record.editing_roles,
        "page_id": record.id,
        "last_edited_by": _person(api, context, record.user_id),
        "published": published,
        "hide_from_students": not published,
        "front_page": record.front_page,
        "html_url": api.url(f"{context.path}/pages/{quote(record.url, safe='')}"),
        "todo_date": when(record.todo_date),
        "publish_at": when(record.publish_at),
        "updated_at": stamp(record.updated_at),
    }
    lock = None
    if isinstance(context.record, Course):
        lock = progressing.lock_of(api, context.record, "Page", record.id)
    body |= locked_json(api, "page", lock)
    if record.user_id is None:
        del body["last_edited_by"]
    return {**body, "body": shown(api, record.body, context)} if whole and lock is None else body


def _person(api: Api, context: Context, user_id: int | None) -> Json | None:
    user = api.store.users.get(user_id) if user_id is not None else None
    return display(api, user, context) if user is not None else None


def revision(
    api: Api, context: Context, number: int, record: PageVersion, *, latest: bool, whole: bool = False
) -> Json:
    """A revision; `whole` with title, URL and text."""
    body: Json = {
        "revision_id": number,
        "updated_at": stamp(record.updated_at),
        "latest": latest,
        "edited_by": _person(api, context, record.user_id),
    }
    if record.user_id is None:
        del body["edited_by"]
    content = {"url": record.url, "title": record.title, "body": shown(api, record.body, context)}
    return {**body, **content} if whole else body
