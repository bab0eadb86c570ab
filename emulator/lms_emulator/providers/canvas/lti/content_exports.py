"""Canvas content that a menu exports to an LTI 1.1 tool: a file, or an export of something in a course.

Source: canvas-lms lib/lti/content_item_response.rb; app/controllers/external_tools_controller.rb,
content_item_selection (2024-04).
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_text
from lms_emulator.providers.canvas.credentials import visitors
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import Account, Attachment, Course, Group
from lms_emulator.providers.canvas.rules import contexts, files, tools

OLDER, NEWER = "ContentItemSelectionResponse", "ContentItemSelection"
MESSAGES = (OLDER, NEWER)
"""The messages that export content; the older one is deprecated."""

CARTRIDGE = "common_cartridge"
_KINDS = {
    "assignments": "assignment",
    "discussion_topics": "discussion_topic",
    "modules": "module",
    "module_items": "module_item",
    "pages": "page",
    "quizzes": "quiz",
    "files": "file",
}
"""The kinds of content that a query can name, and the singular of each."""

_TABLES = {"modules": "context_modules", "module_items": "content_tags", "pages": "wiki_pages", "files": "attachments"}
_OF_ITEMS = {"Assignment": "assignment", "Discussion": "discussion_topic", "Quiz": "quiz", "Page": "page"}


class Content(NamedTuple):
    """The exported content. `file` is set if it is a file."""

    url: str
    media_type: str
    title: str
    file: Attachment | None = None

    def message(self, kind: str) -> str:
        """The `content_items` of a message of that kind."""
        if kind == OLDER:
            item = {"@type": "FileItem", "@id": self.url, "mediaType": self.media_type, "title": self.title}
            graph: dict[str, Any] = {"@type": "ContentItemPlacement", "placementOf": item}
            vocabulary = "http://purl.imsglobal.org/ctx/lti/v1/ContentItemPlacement"
        else:
            graph = {"@type": "FileItem", "url": self.url, "mediaType": self.media_type, "title": self.title}
            graph["copyAdvice"] = True
            vocabulary = "http://purl.imsglobal.org/ctx/lti/v1/ContentItem"
        return json.dumps({"@context": vocabulary, "@graph": [graph]}, separators=(",", ":"))


def read(api: Api, place: Place) -> Content | None:
    """The content that the opening URL names; None if it does not exist. Raises refusals for a file that is locked
    or in another context."""
    named = {name: [as_text(value) for value in api.params.values(name)] for name in _KINDS if api.params.has(name)}
    rows = {name: [_row(api, place, name, value) for value in given] for name, given in named.items()}
    if any(row is None for found in rows.values() for row in found) or not all(rows.values()):
        return None
    if (api.params.text("export_type") or CARTRIDGE) != CARTRIDGE:
        return None
    if "files" in rows:
        return _file(api, place, rows["files"][0])
    if place.course is None:
        return None
    kind = _KINDS[next(iter(rows))] if len(rows) == 1 else "course"
    shown: Any = next(iter(rows.values()))[0] if len(rows) == 1 else place.course
    if kind == "module_item":
        kind = _OF_ITEMS.get(shown.type, "")
    selected = [(f"select[{name}][]", value or "") for name in sorted(named) for value in named[name]]
    return Content(
        add_query(
            api.url(f"/api/v1/courses/{place.course.id}/content_exports"), [("export_type", CARTRIDGE), *selected]
        ),
        f"application/vnd.instructure.api.content-exports.{kind}",
        getattr(shown, "title", None) or getattr(shown, "name", None) or "",
    )


def _row(api: Api, place: Place, name: str, reference: str | None) -> Any:
    found: Any = getattr(api.store, _TABLES.get(name, name)).get(number(reference or ""))
    if found is None or name == "files":
        return found
    where = getattr(found, "course_id", None)
    if where is None:
        where = found.context_id if found.context_type == "Course" else None
    return found if place.course is not None and where == place.course.id else None


def _file(api: Api, place: Place, file: Attachment) -> Content:
    """A file of the course or its groups; in an account, one of the user's own."""
    context = contexts.holding(api, file)
    record = context.record
    if isinstance(place.record, Account):
        fits = api.caller is not None and (context.type, context.id) == ("User", api.caller.id)
    else:
        fits = not isinstance(record, Course | Group) or tools.above(api.store, record) == place.record
    if not fits:
        raise refusals.page_not_found("the file belongs to the context")
    if files.locked_for_caller(api, file) is not None:
        raise visitors.forbidden(api, "the file is not locked")
    query = [("download", 1), ("download_frd", 1), ("verifier", file.uuid)]
    return Content(add_query(api.url(f"/files/{file.id}/download"), query), file.content_type, file.display_name, file)
