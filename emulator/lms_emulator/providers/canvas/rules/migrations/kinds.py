"""The kinds of course content that can be migrated.

Source: canvas-lms lib/cc/exporter and app/models/content_migration.rb (2023-06), and the recorded exchanges of
`courses-migrations`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules import assignments, contexts, pages, quizzes

Lister = Callable[[Api, Course], list[Any]]


class Kind(NamedTuple):
    """A kind of content.

    Attributes:
        name: its name in selections, `assignments`. table: where it is stored.
        asset: its prefix in asset strings. model: Canvas's class.
        label: its heading in lists. mapped: its name in `asset_id_mapping`, if it is in there.
        title: the field with its title.
        dates: fields that shift with the term. html: fields with links to adapt.
    """

    name: str
    table: str
    asset: str
    model: str
    label: str
    mapped: str | None
    title: str
    lister: Lister
    dates: tuple[str, ...] = ()
    html: tuple[str, ...] = ()


def _in_table(table: str) -> Lister:
    def found(api: Api, course: Course) -> list[Any]:
        rows = getattr(api.store, table).find("course", course.id)
        return sorted((row for row in rows if row.workflow_state != "deleted"), key=_place)

    return found


def _place(record: Any) -> tuple[int, int]:
    return getattr(record, "position", 0) or 0, record.id


def _topics(announcements: bool) -> Lister:
    def found(api: Api, course: Course) -> list[Any]:
        rows = api.store.discussion_topics.find("context", ("Course", course.id))
        rows = [topic for topic in rows if topic.is_announcement == announcements and topic.workflow_state != "deleted"]
        return sorted(rows, key=lambda record: record.id)

    return found


def _assignments(api: Api, course: Course) -> list[Any]:
    return sorted(assignments.of_course(api, course), key=lambda record: (record.position, record.id))


def _pages(api: Api, course: Course) -> list[Any]:
    return sorted(pages.pages_of(api, contexts.get(api, "Course", course.id)), key=lambda record: record.id)


def _files(api: Api, course: Course) -> list[Any]:
    rows = api.store.attachments.find("context", ("Course", course.id))
    return [file for file in rows if file.file_state == "available" and file.folder_id is not None]


def _tools(api: Api, course: Course) -> list[Any]:
    return [tool for tool in api.store.tools if tool.course_id == course.id and tool.workflow_state == "active"]


def _events(api: Api, course: Course) -> list[Any]:
    rows = (row for row in api.store.calendar_events if (row.context_type, row.context_id) == ("Course", course.id))
    return [event for event in rows if event.workflow_state != "deleted" and event.parent_event_id is None]


DATES = ("due_at", "unlock_at", "lock_at")
KINDS = (
    Kind(
        "context_modules",
        "context_modules",
        "context_module",
        "ContextModule",
        "Modules",
        "modules",
        "name",
        _in_table("context_modules"),
        ("unlock_at",),
    ),
    Kind(
        "assignment_groups",
        "assignment_groups",
        "assignment_group",
        "AssignmentGroup",
        "Assignment Groups",
        None,
        "name",
        _in_table("assignment_groups"),
    ),
    Kind(
        "assignments",
        "assignments",
        "assignment",
        "Assignment",
        "Assignments",
        "assignments",
        "name",
        _assignments,
        (*DATES, "peer_reviews_assign_at"),
        ("description",),
    ),
    Kind(
        "quizzes",
        "quizzes",
        "quizzes:quiz",
        "Quizzes::Quiz",
        "Quizzes",
        "quizzes",
        "title",
        lambda api, course: sorted(quizzes.of_course(api, course), key=lambda record: record.id),
        (*DATES, "show_correct_answers_at", "hide_correct_answers_at"),
        ("description",),
    ),
    Kind(
        "discussion_topics",
        "discussion_topics",
        "discussion_topic",
        "DiscussionTopic",
        "Discussion Topics",
        "discussion_topics",
        "title",
        _topics(False),
        ("delayed_post_at", "lock_at", "todo_date"),
        ("message",),
    ),
    Kind(
        "wiki_pages",
        "wiki_pages",
        "wiki_page",
        "WikiPage",
        "Pages",
        "pages",
        "title",
        _pages,
        ("todo_date", "publish_at"),
        ("body",),
    ),
    Kind(
        "context_external_tools",
        "tools",
        "context_external_tool",
        "ContextExternalTool",
        "External Tools",
        None,
        "name",
        _tools,
    ),
    Kind(
        "announcements",
        "discussion_topics",
        "announcement",
        "DiscussionTopic",
        "Announcements",
        "announcements",
        "title",
        _topics(True),
        ("delayed_post_at", "lock_at"),
        ("message",),
    ),
    Kind(
        "calendar_events",
        "calendar_events",
        "calendar_event",
        "CalendarEvent",
        "Calendar Events",
        None,
        "title",
        _events,
        ("start_at", "end_at"),
        ("description",),
    ),
    Kind("rubrics", "rubrics", "rubric", "Rubric", "Rubrics", None, "title", _in_table("rubrics")),
    Kind("attachments", "attachments", "attachment", "Attachment", "Files", "files", "display_name", _files),
)
"""In the order of lists."""
BY_NAME = {kind.name: kind for kind in KINDS}
ALIASES = {"pages": "wiki_pages", "modules": "context_modules", "files": "attachments", "folders": "attachments"}
"""Other names by which kinds are chosen."""


def named(name: str) -> Kind | None:
    """The kind with this name."""
    return BY_NAME.get(ALIASES.get(name, name))


def key(asset: str, number: int) -> str:
    """An object's id in packages."""
    return "g" + digest(f"{asset}_{global_id(number)}")


def digest(text: str) -> str:
    """What identifies a text in packages."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def key_of(kind: Kind, record: Any) -> str:
    """The id of a row of some kind in packages."""
    asset = "discussion_topic" if kind.table == "discussion_topics" else kind.asset
    return key(asset, record.id)
