"""Modules and their items as Canvas's JSON.

Fields: canvas-lms lib/api/v1/context_module.rb (2023-06), and the recorded exchanges of `content-modules`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import ContentTag, ContextModule, Course
from lms_emulator.providers.canvas.rules import (
    assignments,
    files,
    mastery,
    module_content,
    modules,
    progressing,
    quiz_taking,
    saying,
    submissions,
)
from lms_emulator.providers.canvas.shapes import Json, locks
from lms_emulator.providers.canvas.shapes.assignments import locked as assignment_locked
from lms_emulator.providers.canvas.shapes.files import thumbnail
from lms_emulator.providers.canvas.shapes.mastery import path


def module(api: Api, record: ContextModule, course: Course, *, student_id: int | None = None) -> Json:
    """A module. Parameters: `student_id`, whose state to include."""
    deleted = record.workflow_state == "deleted"
    shown = modules.visible_items(api, course, record, as_student=student_id is not None)
    body: Json = {
        "id": record.id,
        "name": record.name,
        "position": record.position,
        "unlock_at": when(record.unlock_at),
        "require_sequential_progress": bool(record.require_sequential_progress),
        "publish_final_grade": bool(record.publish_final_grade),
        "prerequisite_module_ids": record.prerequisite_ids,
        "items_count": 0 if deleted else len(shown),
        "items_url": api.url(f"/api/v1/courses/{course.id}/modules/{record.id}/items"),
    }
    if modules.sees_all(api, course):
        body["published"] = record.workflow_state == "active"
    if student_id is not None and not deleted:
        stands = progressing.standing(api, course, record, student_id)
        body |= {"state": stands.state, "completed_at": when(stands.completed_at)}
    return body


IN_ITEM = ("content_details", "mastery_paths")
"""What a list can be asked to tell of its items."""


def item(
    api: Api,
    record: ContentTag,
    course: Course,
    includes: Collection[str] = (),
    *,
    student_id: int | None = None,
) -> Json:
    """An item of a module.

    Parameters: `includes`, of `content_details`; `student_id`, whose completion to include.
    """
    body: Json = {
        "id": record.id,
        "title": modules.title(api, record),
        "position": record.position,
        "indent": record.indent,
        "quiz_lti": quiz_lti(api, record),
        "type": record.type,
        "module_id": record.context_module_id,
        **_kind(api, record, course),
    }
    if record.type == "ExternalUrl" and not api.params.flag("frame_external_urls"):
        body["html_url"] = api.url(f"/api/v1/courses/{course.id}/module_item_redirect/{record.id}")
    elif record.type != "SubHeader":
        body["html_url"] = api.url(f"/courses/{course.id}/modules/items/{record.id}")
    if record.requirement:
        body["completion_requirement"] = dict(record.requirement)
        owner = api.store.context_modules.get(record.context_module_id)
        if student_id is not None and owner is not None:
            met = progressing.standing(api, course, owner, student_id).met
            body["completion_requirement"]["completed"] = record.id in met
    if modules.sees_all(api, course):
        body["published"] = modules.published(api, record)
    if "content_details" in includes:
        body["content_details"] = details(api, record, course)
    if "mastery_paths" in includes:
        body["mastery_paths"] = mastery_path(api, record, course)
    return body


def unpublishable(api: Api, record: ContentTag) -> bool:
    """Whether the content of an item can be unpublished: not a file, a front page, or what students handed in or wrote.

    Source: canvas-lms app/models, can_unpublish? of each kind of content (2024-04).
    """
    content = module_content.content(api, record)
    match record.type if content is not None else None:
        case "Assignment":
            return not any(map(submissions.handed_in, submissions.stored(api, content)))
        case "Quiz":
            return not quiz_taking.taken(api, content)
        case "Discussion":
            return not content.is_announcement and saying.untouched(api, content)
        case "Page":
            return not content.front_page
        case kind:
            return kind != "File"


def quiz_lti(api: Api, record: ContentTag) -> bool:
    """Whether an item shows a New Quiz."""
    return record.type == "Assignment" and record.content_id in api.store.new_quizzes


def mastery_path(api: Api, record: ContentTag, course: Course) -> Json | None:
    """The caller's mastery path from the score of an item's assignment; None if there is none."""
    if record.type != "Assignment" or api.caller is None:
        return None
    found = mastery.path_of(api, course, record.content_id, api.caller.id)
    return None if found is None else path(api, found, course)


def _kind(api: Api, record: ContentTag, course: Course) -> Json:
    """What depends on the type."""
    if record.type in module_content.KINDS:
        content = module_content.content(api, record) or getattr(
            api.store, module_content.KINDS[record.type].table
        ).get(record.content_id)
        path = module_content.KINDS[record.type].path(content)
        url = {"url": api.url(f"/api/v1/courses/{course.id}/{path}")}
        if record.type == "Page":
            return {"page_url": content.url, "publish_at": when(content.publish_at), **url}
        return {"content_id": record.content_id, **url}
    if record.type == "ExternalUrl":
        return {"external_url": record.url, "new_tab": record.new_tab}
    if record.type == "ExternalTool":
        return {
            "content_id": record.content_id,
            "url": _launch(api, record, course),
            "external_url": record.url,
            "new_tab": record.new_tab,
        }
    return {}


def _launch(api: Api, record: ContentTag, course: Course) -> str:
    base = api.url(f"/api/v1/courses/{course.id}/external_tools/sessionless_launch")
    tool = api.store.tools.get(record.content_id)
    if tool is not None and tool.developer_key_id is not None:
        return f"{base}?id={tool.id}&url={quote(record.url or tool.url or '', safe='')}"
    if record.content_id == 0 and record.created_at != api.now:
        return f"{base}?url={quote(record.url or '', safe='')}"
    return f"{base}?launch_type=module_item&module_item_id={record.id}"


# details


def details(api: Api, record: ContentTag, course: Course) -> Json:
    """The known details of an item's content."""
    content = module_content.content(api, record)
    body: Json = {}
    graded = _graded(api, record, content)
    if graded is not None:
        dated = assignments.dated(api, course, graded)
        points = None if graded.points_possible is None else float(graded.points_possible)
        body = {name: when(getattr(dated, name)) for name in assignments.DATES} | {"points_possible": points}
    elif record.type == "Quiz" and content is not None:
        body = {name: when(getattr(content, name)) for name in assignments.DATES}
        body["points_possible"] = content.points_possible
    elif record.type in ("Discussion", "File") and content is not None:
        opens = content.delayed_post_at if record.type == "Discussion" else content.unlock_at
        body = {"unlock_at": when(opens), "lock_at": when(content.lock_at), "locked": content.locked or None}
    body = {name: value for name, value in body.items() if value is not None}
    if record.type == "File" and content is not None:
        body |= {"display_name": content.display_name, "thumbnail_url": thumbnail(api, content)}
        if content.usage_rights:
            body["usage_rights"] = content.usage_rights
        body |= {"hidden": True} if content.hidden else {}
    return body | locked(api, record, course)


def _graded(api: Api, record: ContentTag, content: Any) -> Any:
    key = None if content is None else module_content.assignment_of(api, record)
    return api.store.assignments.get(key) if key is not None else None


def locked(api: Api, record: ContentTag, course: Course) -> Json:
    """Whether an item's content, or else the item, is locked for the caller, and why."""
    content = module_content.content(api, record)
    if content is None:
        owner = api.store.context_modules.get(record.context_module_id)
        if owner is None or record.type == "SubHeader" or not progressing.item_locked(api, course, owner, record):
            return {"locked_for_user": False}
        return locks.locked_json(api, "content", progressing.lock_info(api, owner, record.type, 0))
    match record.type:
        case "Assignment":
            found = assignment_locked(api, assignments.dated(api, course, content), course)
            return {name: value for name, value in found.items() if name != "description"}
        case "Quiz":
            return locks.locked_json(api, "quiz", quiz_taking.lock_of(api, course, content))
        case "File":
            return locks.locked_json(api, "file", files.locked_for_caller(api, content))
        case kind:
            word = module_content.KINDS[kind].word
            return locks.locked_json(api, word, progressing.lock_of(api, course, kind, content.id))


# rows


def raw_item(api: Api, record: ContentTag) -> Json:
    """An item as a database row."""
    known = module_content.KINDS.get(record.type)
    model = known.model if known is not None else module_content.BARE_MODELS[record.type]
    return {
        "id": record.id,
        "content_id": record.content_id,
        "content_type": model,
        "context_id": record.course_id,
        "context_type": "Course",
        "title": modules.title(api, record),
        "tag": None,
        "url": record.url,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "comments": "",
        "tag_type": "context_module",
        "context_module_id": record.context_module_id,
        "position": record.position,
        "indent": record.indent,
        "migration_id": None,
        "learning_outcome_id": None,
        "context_code": f"course_{record.course_id}",
        "mastery_score": None,
        "rubric_association_id": None,
        "workflow_state": "active" if modules.published(api, record) else "unpublished",
        "cloned_item_id": None,
        "associated_asset_id": None,
        "associated_asset_type": None,
        "new_tab": record.new_tab,
        "link_settings": record.link_settings,
        "root_account_id": api.root.id,
        "external_data": None,
    }


def copied_item(api: Api, record: ContentTag, course: Course) -> Json:
    """An item that was just copied, as the modules page expects it."""
    content = module_content.content(api, record)
    graded = _graded(api, record, content)
    return raw_item(api, record) | {
        "quiz_lti": quiz_lti(api, record),
        "publishable": True,
        "published": modules.published(api, record),
        "publishable_id": content.url if record.type == "Page" else record.content_id,
        "unpublishable": unpublishable(api, record),
        "publish_at": when(getattr(content, "publish_at", None)),
        "graded": graded is not None,
        "content_details": details(api, record, course),
        "assignment_id": None if graded is None else graded.id,
        "is_duplicate_able": True,
    }
