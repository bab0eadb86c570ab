"""Modules: their order, the effects of a change, a student's progress, and what they lock.

Source: canvas-lms app/models/context_module.rb and context_module_progression.rb (2023-06), and the recorded exchanges
of `content-modules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    Assignment,
    ContentTag,
    ContextModule,
    Course,
)
from lms_emulator.providers.canvas.rules import courses, module_content
from lms_emulator.providers.canvas.rules.permissions import CONTENT

REQUIREMENTS = ("must_view", "must_submit", "must_contribute", "min_score", "must_mark_done")
Placed = TypeVar("Placed", ContextModule, ContentTag)


def of_course(api: Api, course: Course) -> list[ContextModule]:
    """The undeleted modules of a course in their order."""
    rows = [m for m in api.store.context_modules.find("course", course.id) if m.workflow_state != "deleted"]
    return sorted(rows, key=lambda m: (m.position, m.id))


def manages(api: Api, course: Course) -> bool:
    """Whether the caller may change modules of the course."""
    return courses.may(api, api.caller, course, *CONTENT)


def sees_all(api: Api, course: Course) -> bool:
    """Whether the caller can see unpublished modules."""
    return manages(api, course) or courses.may(api, api.caller, course, "read_as_admin")


def living(api: Api, course: Course, reference: Any) -> ContextModule:
    """A module of the course, published or not. Raises the refusal `not_found`."""
    return identifiers.row(api.store.context_modules, reference, "the module in the course", course_id=course.id)


def find(api: Api, course: Course, reference: Any, *, as_student: bool = False) -> ContextModule:
    """A module of the course that the caller, or a student, sees. Raises the refusal `not_found`."""
    found = living(api, course, reference)
    if found.workflow_state != "active" and (as_student or not sees_all(api, course)):
        raise refusals.not_found("the published module in the course", reference)
    return found


def items(api: Api, module: ContextModule) -> list[ContentTag]:
    """The undeleted items of a module in order, without those whose content was deleted."""
    rows = [t for t in api.store.content_tags.find("module", module.id) if t.workflow_state != "deleted"]
    rows = [t for t in rows if t.type not in module_content.KINDS or module_content.content(api, t) is not None]
    return sorted(rows, key=lambda t: (t.position is None, t.position or 0, t.id))


def published(api: Api, item: ContentTag) -> bool:
    """Whether an item is published."""
    if item.workflow_state == "deleted" or not item.published:
        return False
    record = module_content.content(api, item)
    return record is None or module_content.published(api, item.type, record)


def visible_items(api: Api, course: Course, module: ContextModule, *, as_student: bool = False) -> list[ContentTag]:
    """The items that the caller, or a student, sees."""
    found = items(api, module)
    if not as_student and sees_all(api, course):
        return found
    shown = []
    for item in found:
        record = module_content.content(api, item)
        if published(api, item) and (record is None or module_content.visible(api, course, item.type, record)):
            shown.append(item)
    return shown


def title(api: Api, item: ContentTag) -> str:
    """An item's title: its own until the content is renamed."""
    record = module_content.content(api, item)
    if record is None or item.type == "File" or module_content.name(item.type, record) == item.named_for:
        return item.title
    return module_content.name(item.type, record)


# order


def place(api: Api, table: Any, rows: Iterable[Placed], record: Placed, position: int | None) -> Placed:
    """Insert a record at a position, shifting later ones down; by default at the end."""
    others = [other for other in rows if other.id != record.id]
    if position is None:
        last = max((other.position or 0 for other in others), default=0)
        placed: Placed = table.put(replace(record, position=last + 1))
        return placed
    if record.position is not None and any(other.id == record.id for other in rows):
        for other in others:
            if other.position is not None and other.position > record.position:
                table.put(replace(other, position=other.position - 1))
        others = [table.get(other.id) for other in others]
    for other in others:
        if other.position is not None and other.position >= position:
            table.put(replace(other, position=other.position + 1))
    moved: Placed = table.put(replace(record, position=position))
    return moved


def take_out(api: Api, item: ContentTag) -> None:
    """Close the gap that an item leaves in its module."""
    for other in api.store.content_tags.find("module", item.context_module_id):
        if other.id != item.id and other.position is not None and other.position > (item.position or 0):
            api.store.content_tags.put(replace(other, position=other.position - 1))


# changes


def valid_prerequisites(api: Api, course: Course, module: ContextModule, wanted: Iterable[int]) -> list[int]:
    """The valid prerequisites among some modules: those that come before it."""
    before = {m.id for m in of_course(api, course) if m.position < module.position and m.id != module.id}
    return [value for value in dict.fromkeys(wanted) if value in before]


def relocks(api: Api, course: Course, old: ContextModule, new: ContextModule) -> bool:
    """Whether a change may lock people out of items that they could open."""
    if new.workflow_state != "active" or course.workflow_state != "available":
        return False
    if old.workflow_state == "unpublished":
        needed = any(new.id in m.prerequisite_ids for m in of_course(api, course) if m.workflow_state == "active")
        demands = any(item.requirement for item in items(api, new))
        if needed or demands or new.prerequisite_ids or new.unlock_at is not None:
            return True
    more = set(new.prerequisite_ids) - set(old.prerequisite_ids)
    return bool(more) or (new.unlock_at is not None and old.unlock_at is None)


def publish(api: Api, module: ContextModule, *, with_items: bool = True, shown: bool = True) -> ContextModule:
    """Publish a module with its items and their content."""
    if with_items:
        for item in items(api, module):
            publish_item(api, item, shown=shown)
    state = "active" if shown else "unpublished"
    return api.store.context_modules.put(replace(module, workflow_state=state, updated_at=api.now))


def publish_item(api: Api, item: ContentTag, *, shown: bool) -> ContentTag:
    """Publish or unpublish an item and its content. If the content cannot be unpublished, only the item is."""
    record = module_content.content(api, item)
    done = record is not None and module_content.publish(api, item.type, record, shown=shown)
    own = True if done else shown
    return item if item.published == own else api.store.content_tags.put(replace(item, published=own))


def delete(api: Api, course: Course, module: ContextModule) -> ContextModule:
    """Delete a module with its items, also as a prerequisite of others."""
    for item in api.store.content_tags.find("module", module.id):
        api.store.content_tags.put(replace(item, workflow_state="deleted"))
    for other in of_course(api, course):
        if module.id in other.prerequisite_ids:
            remaining = [prerequisite_id for prerequisite_id in other.prerequisite_ids if prerequisite_id != module.id]
            api.store.context_modules.put(replace(other, prerequisite_ids=remaining))
    return api.store.context_modules.put(replace(module, workflow_state="deleted", updated_at=api.now))


# contents and rows


def of_content(api: Api, course_id: int, kind: str, content_id: int) -> list[ContentTag]:
    """The items that show some content."""
    rows = api.store.content_tags.find("content", (kind, content_id))
    return [item for item in rows if item.workflow_state != "deleted" and item.course_id == course_id]


def places(api: Api, course: Course, assignment: Assignment) -> dict[str, list[int | None]]:
    """The modules with an assignment, or with its quiz or discussion, as an item, and its positions there."""
    kind, number = "Assignment", assignment.id
    if assignment.quiz_id is not None:
        kind, number = "Quiz", assignment.quiz_id
    elif assignment.discussion_topic_id is not None:
        kind, number = "Discussion", assignment.discussion_topic_id
    found = of_content(api, course.id, kind, number)
    return {"module_ids": [tag.context_module_id for tag in found], "module_positions": [tag.position for tag in found]}


def raw(api: Api, module: ContextModule) -> dict[str, Any]:
    """A module as its database row."""
    needed = [row for key in module.prerequisite_ids if (row := api.store.context_modules.get(key)) is not None]
    asked = [{"id": item.id, **item.requirement} for item in items(api, module) if item.requirement]
    return {
        "id": module.id,
        "context_id": module.course_id,
        "context_type": "Course",
        "name": module.name,
        "position": module.position,
        "prerequisites": [{"id": module.id, "type": "context_module", "name": module.name} for module in needed],
        "completion_requirements": asked,
        "created_at": when(module.created_at),
        "updated_at": when(module.updated_at),
        "workflow_state": module.workflow_state,
        "deleted_at": None,
        "unlock_at": when(module.unlock_at),
        "migration_id": None,
        "require_sequential_progress": module.require_sequential_progress,
        "cloned_item_id": None,
        "completion_events": None,
        "requirement_count": None,
        "root_account_id": api.root.id,
    }
