"""Modules: their order, the effects of a change, a student's progress, and what they lock.

Source: canvas-lms app/models/context_module.rb and context_module_progression.rb (2023-06), and the recorded exchanges
of `content-modules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

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
    DiscussionTopic,
    ModuleProgression,
)
from lms_emulator.providers.canvas.rules import assignments, courses, lateness, module_content
from lms_emulator.providers.canvas.rules.permissions import CONTENT

MEETS = {
    "seen": ("must_view",),
    "done": ("must_mark_done",),
    "contributed": ("must_view", "must_contribute"),
}
"""The requirements that an action meets; it counts only where the item asks for it then."""
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


def place(api: Api, table: Any, rows: Iterable[Placed], one: Placed, position: int | None) -> Placed:
    """Insert a record at a position, shifting later ones down; by default at the end."""
    others = [other for other in rows if other.id != one.id]
    if position is None:
        last = max((other.position or 0 for other in others), default=0)
        placed: Placed = table.put(replace(one, position=last + 1))
        return placed
    if one.position is not None and any(other.id == one.id for other in rows):
        for other in others:
            if other.position is not None and other.position > one.position:
                table.put(replace(other, position=other.position - 1))
        others = [table.get(other.id) for other in others]
    for other in others:
        if other.position is not None and other.position >= position:
            table.put(replace(other, position=other.position + 1))
    moved: Placed = table.put(replace(one, position=position))
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
    return [one for one in dict.fromkeys(wanted) if one in before]


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


def publish(api: Api, module: ContextModule, *, with_items: bool = True) -> ContextModule:
    """Publish a module with its items and their content."""
    if with_items:
        for item in items(api, module):
            publish_item(api, item, shown=True)
    return api.store.context_modules.put(replace(module, workflow_state="active", updated_at=api.now))


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
            left = [one for one in other.prerequisite_ids if one != module.id]
            api.store.context_modules.put(replace(other, prerequisite_ids=left))
    return api.store.context_modules.put(replace(module, workflow_state="deleted", updated_at=api.now))


# progress


class Standing(NamedTuple):
    """A user's progress in a module.

    Attributes:
        state: `locked`, `unlocked`, `started` or `completed`.
        met: the completed items, with the time of completion.
        reached: the position up to which a sequential module is open; None for all of it.
    """

    state: str
    completed_at: datetime | None
    met: dict[int, datetime]
    reached: int | None


def progression(api: Api, module: ContextModule, user_id: int) -> ModuleProgression:
    """The stored progress of a user in a module."""
    key = f"{module.id}-{user_id}"
    found = api.store.module_progressions.get(key)
    return found or ModuleProgression(key=key, context_module_id=module.id, user_id=user_id)


def evaluate(api: Api, course: Course, user_id: int) -> None:
    """Start tracking a student's progress in a course's modules, as Canvas does on first use."""
    for module in of_course(api, course):
        record = progression(api, module, user_id)
        if module.workflow_state == "active" and api.store.module_progressions.get(record.key) is None:
            api.store.module_progressions.put(record)


def evaluated(api: Api, course: Course, user_id: int) -> bool:
    """Whether a student's progress in the course is tracked yet."""
    keys = (f"{module.id}-{user_id}" for module in of_course(api, course))
    return any(api.store.module_progressions.get(key) is not None for key in keys)


def standing(api: Api, course: Course, module: ContextModule, user_id: int) -> Standing:
    """A user's progress now. When a module is first found completed, that moment is stored."""
    record = progression(api, module, user_id)
    asked = [item for item in items(api, module) if item.requirement and published(api, item)]
    if module.unlock_at is not None and api.now < module.unlock_at:
        return Standing("locked", None, {}, None)
    before = [_completed(api, course, one, user_id) for one in module.prerequisite_ids]
    if None in before:
        return Standing("locked", None, {}, None)
    met: dict[int, datetime] = {}
    reached = None
    for item in asked:
        at = _met(api, item, record)
        if at is not None:
            met[item.id] = at
        elif module.require_sequential_progress and reached is None:
            reached = item.position or 0
    if len(met) < len(asked):
        if record.completed_at is not None:
            api.store.module_progressions.put(replace(record, completed_at=None))
        return Standing("started" if met else "unlocked", None, met, reached)
    if record.completed_at is None:
        known = [*met.values(), *(one for one in before if one is not None)]
        record = api.store.module_progressions.put(replace(record, completed_at=max(known, default=api.now)))
    return Standing("completed", record.completed_at, met, None)


def _completed(api: Api, course: Course, module_id: int, user_id: int) -> datetime | None:
    module = api.store.context_modules.get(module_id)
    if module is None or module.workflow_state != "active":
        return course.created_at or api.now
    found = standing(api, course, module, user_id)
    return found.completed_at if found.state == "completed" else None


def _met(api: Api, item: ContentTag, record: ModuleProgression) -> datetime | None:
    """When a user met the requirement of an item."""
    key, requirement = str(item.id), item.requirement or {}
    match requirement.get("type"):
        case "must_view":
            wrote = module_content.first_contribution(api, item, record.user_id)
            return record.seen.get(key) or record.contributed.get(key) or wrote
        case "must_mark_done":
            return record.done.get(key)
        case "must_contribute":
            return record.contributed.get(key) or module_content.first_contribution(api, item, record.user_id)
        case kind:
            return _by_work(api, item, record.user_id, requirement.get("min_score") if kind == "min_score" else None)


def _by_work(api: Api, item: ContentTag, user_id: int, least: float | None) -> datetime | None:
    """When something was submitted, or scored enough."""
    assignment_id = item.content_id
    if item.type in ("Quiz", "Discussion"):
        record = module_content.content(api, item)
        assignment_id = getattr(record, "assignment_id", None) or 0
        taken = [q for q in api.store.quiz_submissions.find("quiz", item.content_id) if q.user_id == user_id]
        if item.type == "Quiz" and not assignment_id and taken and taken[0].finished_at is not None:
            worth = taken[0].kept_score or 0.0
            return taken[0].finished_at if least is None or worth >= least else None
    row = api.store.submissions.first("whose", (assignment_id, user_id))
    base = api.store.assignments.get(assignment_id)
    if row is None or base is None:
        return None
    if row.excused:
        return row.graded_at or api.now
    if least is None:
        return row.submitted_at
    # What counts is the score after the late penalty.
    score = lateness.standing(api, base, user_id, row).score
    enough = score is not None and score >= least and row.workflow_state != "pending_review"
    return row.graded_at if enough else None


def act(api: Api, course: Course, item: ContentTag, what: str, *, undo: bool = False) -> None:
    """Record that the caller viewed an item, marked it as done, or contributed: `seen`, `done` or `contributed`."""
    if api.caller is None or not courses.may(api, api.caller, course, "participate_as_student"):
        return
    module = api.store.context_modules.get(item.context_module_id)
    if module is None:
        return
    record = progression(api, module, api.caller.id)
    marks = dict(getattr(record, what))
    if undo:
        marks.pop(str(item.id), None)
    elif (item.requirement or {}).get("type") in MEETS[what]:
        marks.setdefault(str(item.id), api.now)
    if marks != getattr(record, what):
        api.store.module_progressions.put(replace(record, **{what: marks}))


def acted(api: Api, course: Course, kind: str, content_id: int, what: str) -> None:
    """Record in every module that the caller viewed content or contributed to it."""
    for item in of_content(api, course.id, kind, content_id):
        item_acted(api, course, item, what)


def item_acted(api: Api, course: Course, item: ContentTag, what: str) -> None:
    """Record the same in the module of one item, unless that locks it."""
    module = api.store.context_modules.get(item.context_module_id)
    if module is not None and module.workflow_state == "active" and not item_locked(api, course, module, item):
        act(api, course, item, what)


def assignment_seen(api: Api, course: Course, base: Assignment) -> None:
    """Record that the caller viewed an assignment, which is also to view what it is done in; not before it opens."""
    if assignments.shut(api, assignments.dated(api, course, base)) == "unlock_at":
        return
    places = {"Assignment": base.id, "Discussion": base.discussion_topic_id, "Quiz": base.quiz_id}
    for kind, content_id in places.items():
        acted(api, course, kind, content_id or 0, "seen")


def topic_seen(api: Api, topic: DiscussionTopic) -> None:
    """Record that the caller read a discussion, or a group's copy of one, and so the assignment graded in it."""
    whole = api.store.discussion_topics.get(topic.root_topic_id or topic.id)
    course = api.store.courses.get(whole.context_id) if whole is not None and whole.context_type == "Course" else None
    if whole is None or course is None:
        return
    acted(api, course, "Discussion", whole.id, "seen")
    acted(api, course, "Assignment", whole.assignment_id or 0, "seen")


# locks


def of_content(api: Api, course_id: int, kind: str, content_id: int) -> list[ContentTag]:
    """The items that show some content."""
    rows = api.store.content_tags.find("content", (kind, content_id))
    return [one for one in rows if one.workflow_state != "deleted" and one.course_id == course_id]


def locked(api: Api, course: Course, module: ContextModule) -> bool:
    """Whether a whole module is still locked for the caller, who is a student."""
    takes_part = api.caller is not None and courses.may(api, api.caller, course, "participate_as_student")
    return takes_part and standing(api, course, module, api.user.id).state == "locked"


def item_locked(api: Api, course: Course, module: ContextModule, item: ContentTag) -> bool:
    """Whether a module locks an item for the caller; for non-students, whether it could."""
    asks = module.require_sequential_progress and any(one.requirement for one in items(api, module))
    waits = module.unlock_at is not None and api.now < module.unlock_at
    if sees_all(api, course) or not (asks or waits or module.prerequisite_ids):
        return False
    if api.caller is None or not courses.may(api, api.caller, course, "participate_as_student"):
        return True
    stands = standing(api, course, module, api.caller.id)
    return stands.state == "locked" or (stands.reached is not None and (item.position or 0) > stands.reached)


def places(api: Api, course: Course, assignment: Assignment) -> dict[str, list[int | None]]:
    """The modules with an assignment, or with its quiz or discussion, as an item, and its positions there."""
    kind, number = "Assignment", assignment.id
    if assignment.quiz_id is not None:
        kind, number = "Quiz", assignment.quiz_id
    elif assignment.discussion_topic_id is not None:
        kind, number = "Discussion", assignment.discussion_topic_id
    found = of_content(api, course.id, kind, number)
    return {"module_ids": [one.context_module_id for one in found], "module_positions": [one.position for one in found]}


def lock_of(api: Api, course: Course, kind: str, content_id: int) -> dict[str, Any] | None:
    """The module that locks content for the caller, as `lock_info`. One open module suffices to unlock it."""
    shut = None
    for item in of_content(api, course.id, kind, content_id):
        module = api.store.context_modules.get(item.context_module_id)
        if module is None or module.workflow_state != "active" or not published(api, item):
            continue
        if not item_locked(api, course, module, item):
            return None
        shut = shut or module
    return None if shut is None else lock_info(api, shut, kind, content_id)


def lock_info(api: Api, module: ContextModule, kind: str, content_id: int) -> dict[str, Any]:
    """The module as described in a lock."""
    known = module_content.KINDS.get(kind)
    info: dict[str, Any] = {
        "asset_string": f"{known.asset}{content_id}" if known is not None else f"context_module_{module.id}",
        "context_module": raw(api, module),
    }
    if kind in ("Page", "File") and module.unlock_at is not None and api.now < module.unlock_at:
        info["unlock_at"] = when(module.unlock_at)
    return info


def raw(api: Api, module: ContextModule) -> dict[str, Any]:
    """A module as its database row."""
    needed = [one for key in module.prerequisite_ids if (one := api.store.context_modules.get(key)) is not None]
    asked = [{"id": item.id, **item.requirement} for item in items(api, module) if item.requirement]
    return {
        "id": module.id,
        "context_id": module.course_id,
        "context_type": "Course",
        "name": module.name,
        "position": module.position,
        "prerequisites": [{"id": one.id, "type": "context_module", "name": one.name} for one in needed],
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
