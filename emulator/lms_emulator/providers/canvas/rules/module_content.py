"""The content of module items: where to find it, its name, and whether students can see it.

Source: canvas-lms app/models/content_tag.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import ContentTag, Course
from lms_emulator.providers.canvas.rules import assigning, assignments, contexts, copying, licenses, pages, quizzes


class Kind(NamedTuple):
    """A kind of content.

    Attributes:
        table, model: where it is stored, and Canvas's name for its model.
        asset: its prefix in a lock's asset string. word: its name in a sentence about a lock.
        name: the field that holds its name.
        path: its REST path below the course's.
    """

    table: str
    model: str
    asset: str
    word: str
    name: str
    path: Callable[[Any], str]


KINDS = {
    "Assignment": Kind(
        "assignments", "Assignment", "assignment_", "assignment", "name", lambda r: f"assignments/{r.id}"
    ),
    "Quiz": Kind("quizzes", "Quizzes::Quiz", "quizzes:quiz_", "quiz", "title", lambda r: f"quizzes/{r.id}"),
    "File": Kind("attachments", "Attachment", "attachment_", "file", "display_name", lambda r: f"files/{r.id}"),
    "Page": Kind("wiki_pages", "WikiPage", "wiki_page_", "page", "title", lambda r: f"pages/{r.url}"),
    "Discussion": Kind(
        "discussion_topics",
        "DiscussionTopic",
        "discussion_topic_",
        "topic",
        "title",
        lambda r: f"discussion_topics/{r.id}",
    ),
}
BARE_MODELS = {
    "SubHeader": "ContextModuleSubHeader",
    "ExternalUrl": "ExternalUrl",
    "ExternalTool": "ContextExternalTool",
}


def course_of(record: Any) -> int:
    """The course that content belongs to."""
    found: int = getattr(record, "course_id", 0) or getattr(record, "context_id", 0)
    return found


def find(api: Api, course_id: int, kind: str, content_id: int) -> Any:
    """Living content of the course, or None."""
    if kind not in KINDS:
        return None
    found = getattr(api.store, KINDS[kind].table).get(content_id)
    if found is None or course_of(found) != course_id or getattr(found, "context_type", "Course") != "Course":
        return None
    deleted = getattr(found, "workflow_state", None) == "deleted" or getattr(found, "file_state", None) == "deleted"
    return None if deleted else found


def content(api: Api, item: ContentTag) -> Any:
    """An item's content; None if it was deleted or the item has none."""
    return find(api, item.course_id, item.type, item.content_id)


def assignment_of(api: Api, item: ContentTag) -> int | None:
    """The assignment that grades what an item shows; None where nothing is graded."""
    if item.type == "Assignment":
        return item.content_id
    found: int | None = (
        getattr(content(api, item), "assignment_id", None) if item.type in ("Quiz", "Discussion") else None
    )
    return found


def scoreable(api: Api, item: ContentTag) -> bool:
    """Whether an item can ask for a submission or a score."""
    return item.type == "Quiz" or assignment_of(api, item) is not None


def name(kind: str, record: Any) -> str:
    """The name of content."""
    found: str = getattr(record, KINDS[kind].name)
    return found


def published(api: Api, kind: str, record: Any) -> bool:
    """Whether students see the content."""
    match kind:
        case "Quiz":
            return quizzes.published(record)
        case "File":
            return not record.locked and not record.hidden
        case "Page":
            return pages.published(api, record)
        case _:
            return bool(record.published)


def visible(api: Api, course: Course, kind: str, record: Any) -> bool:
    """Whether the content is assigned to the caller."""
    match kind:
        case "Assignment":
            return assignments.visible(api, course, record)
        case "Quiz":
            return quizzes.visible(api, course, record)
        case _:
            return True


def publish(api: Api, kind: str, record: Any, *, shown: bool) -> bool:
    """Publish or unpublish content. Returns whether that was possible."""
    if published(api, kind, record) == shown:
        return True
    match kind:
        case "Assignment":
            if not shown and _handed_in(api, record.id):
                return False
            _saved(api, kind, replace(record, published=shown, updated_at=api.now))
        case "Quiz":
            if shown:
                quizzes.publish(api, record)
            elif quizzes.assignment_of(api, record) is not None and _handed_in(api, record.assignment_id):
                return False
            else:
                quizzes.save(api, record, workflow_state="edited")
        case "File":
            shut = not shown or licenses.lacking(api, record)
            api.store.attachments.put(replace(record, locked=shut, hidden=False, updated_at=api.now))
        case "Page":
            # a page's time of last change is that of its text
            api.store.wiki_pages.put(replace(record, published=shown))
        case _:
            posted = {"posted_at": api.now, "last_reply_at": api.now} if shown else {}
            _saved(api, kind, replace(record, published=shown, **posted, updated_at=api.now))
    return True


def _handed_in(api: Api, assignment_id: int) -> bool:
    rows = api.store.submissions.find("assignment", assignment_id)
    return any(submission.submitted_at is not None or submission.workflow_state != "unsubmitted" for submission in rows)


def rename(api: Api, kind: str, record: Any, title: str) -> None:
    """Rename content with its item; files keep their names."""
    if kind == "File" or name(kind, record) == title:
        return
    if kind == "Page":
        pages.update(api, contexts.get(api, "Course", record.context_id), record, title=title)
    else:
        _saved(api, kind, replace(record, **{KINDS[kind].name: title}, updated_at=api.now))


def _saved(api: Api, kind: str, changed: Any) -> None:
    """Store changed content, with its assignment or the content of that assignment."""
    getattr(api.store, KINDS[kind].table).put(changed)
    match kind:
        case "Assignment":
            quizzes.follow(api, changed)
        case "Quiz":
            quizzes.with_assignment(api, changed)
        case "Discussion":
            assigning.follow_topic(api, changed)


def first_contribution(api: Api, item: ContentTag, user_id: int) -> datetime | None:
    """When the user first wrote in a discussion, or in a group's copy of it."""
    if item.type != "Discussion":
        return None
    topics = [item.content_id, *(topic.id for topic in api.store.discussion_topics.find("root", item.content_id))]
    entries = [entry for topic_id in topics for entry in api.store.discussion_entries.find("topic", topic_id)]
    own = [entry.created_at for entry in entries if entry.user_id == user_id and entry.workflow_state != "deleted"]
    return min(own, default=None)


def copy(api: Api, kind: str, record: Any) -> Any:
    """A copy of content."""
    if kind == "Page":
        return pages.copy(api, contexts.get(api, "Course", record.context_id), record)
    if kind == "Assignment":
        return copying.duplicate_assignment(api, record)[0]
    return record
