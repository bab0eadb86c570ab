"""Places imported content where the request wants it: into an existing module and an assignment group.

Source: canvas-lms app/models/importers/course_content_importer.rb, insert_into_module and move_to_assignment_group, and
app/models/context_module.rb, insert_items (2024-04).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_integer
from lms_emulator.providers.canvas.model import AssignmentGroup, ContentTag, ContextModule, Course
from lms_emulator.providers.canvas.model.modules import ItemType
from lms_emulator.providers.canvas.rules import module_content, modules

ASKED = (
    "insert_into_module_id",
    "insert_into_module_type",
    "insert_into_module_position",
    "move_to_assignment_group_id",
)
SKIPPED = ("all_course_settings", "visibility_settings")
_KINDS = {"assignment": "Assignment", "discussion_topic": "Discussion", "file": "File", "page": "Page", "quiz": "Quiz"}
_OF_MODEL = {kind.model: name for name, kind in module_content.KINDS.items()}
Made = Mapping[str, list[int]]


def asked(sent: Params) -> dict[str, Any]:
    """The request's `settings` about placement."""
    found: dict[str, Any] = {name: sent.text(name) for name in ASKED if sent.has(name)}
    skips = [text for text in sent.texts("importer_skips") if text in SKIPPED]
    return found | ({"importer_skips": skips} if skips else {})


def module_of(api: Api, settings: Mapping[str, Any], target: Course) -> ContextModule | None:
    """The module in the request; no other modules are imported into an existing one."""
    number = identifiers.local_number(settings.get("insert_into_module_id") or "")
    return next((module for module in modules.of_course(api, target) if module.id == number), None)


def put(api: Api, settings: Mapping[str, Any], target: Course, made: Made) -> None:
    """Place the imported content as requested."""
    module = module_of(api, settings, target)
    if module is not None:
        _insert(api, settings, target, module, made)
    number = identifiers.local_number(settings.get("move_to_assignment_group_id") or "")
    group = api.store.assignment_groups.get(number)
    if group is not None and group.course_id == target.id:
        _move(api, group, made)


def _insert(api: Api, settings: Mapping[str, Any], target: Course, module: ContextModule, made: Made) -> None:
    only = settings.get("insert_into_module_type")
    start = settings.get("insert_into_module_position")
    place = max(as_integer(start), 1) if start is not None else None
    for model, numbers in made.items():
        kind = _OF_MODEL.get(model)
        for number in numbers if kind is not None and (not only or _KINDS.get(only) == kind) else ():
            shown = _shown(api, target, str(kind), number)
            existing = modules.items(api, module)
            if shown is None or any((item.type, item.content_id) == (shown[0], shown[1].id) for item in existing):
                continue
            modules.place(api, api.store.content_tags, existing, _item(api, target, module, *shown), place)
            place = place + 1 if place is not None else None


def _shown(api: Api, target: Course, kind: str, number: int) -> tuple[str, Any] | None:
    """An item's content: for a quiz's or topic's assignment, the quiz or topic."""
    record = module_content.find(api, target.id, kind, number)
    if record is None or kind != "Assignment":
        return (kind, record) if record is not None else None
    for other, own in (("Quiz", record.quiz_id), ("Discussion", record.discussion_topic_id)):
        behind = module_content.find(api, target.id, other, own) if own else None
        if behind is not None:
            return other, behind
    return kind, record


def _item(api: Api, target: Course, module: ContextModule, kind: str, record: Any) -> ContentTag:
    title = module_content.name(kind, record)
    return ContentTag(
        **api.new_row("content_tags"),
        course_id=target.id,
        context_module_id=module.id,
        type=convert(kind, ItemType),
        content_id=record.id,
        title=title,
        named_for=title,
        published=module_content.published(api, kind, record),
    )


def _move(api: Api, group: AssignmentGroup, made: Made) -> None:
    for number in made.get("Assignment", []):
        found = api.store.assignments.get(number)
        if found is not None and found.assignment_group_id != group.id:
            others = [assignment.position or 0 for assignment in api.store.assignments.find("group", group.id)]
            moved = replace(found, assignment_group_id=group.id, position=max(others, default=0) + 1)
            api.store.assignments.put(moved)
    for number in made.get("Quizzes::Quiz", []):
        quiz = api.store.quizzes.get(number)
        if quiz is not None and quiz.assignment_group_id != group.id:
            api.store.quizzes.put(replace(quiz, assignment_group_id=group.id))
