"""REST: module items, and a student's progress through them."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import ContentTag, ContextModule, Course
from lms_emulator.providers.canvas.model.modules import ItemType
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.modules import edited, editor, reader, shown, student_of
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    contexts,
    courses,
    module_content,
    modules,
    pages,
    planner,
    progressing,
    slugs,
    tools,
    topics,
)
from lms_emulator.providers.canvas.rules.quiz_questions import number
from lms_emulator.providers.canvas.shapes import modules as shapes

_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORDS = {
    "wiki_page": "Page",
    "page": "Page",
    "attachment": "File",
    "file": "File",
    "assignment": "Assignment",
    "discussion_topic": "Discussion",
    "discussion": "Discussion",
    "quiz": "Quiz",
    "external_url": "ExternalUrl",
    "context_external_tool": "ExternalTool",
    "external_tool": "ExternalTool",
    "context_module_sub_header": "SubHeader",
    "sub_header": "SubHeader",
}
"""What an item's type may be called, underscored, with the type it becomes."""
NOT_COPIED = "cannot duplicate this module"
BAD_REQUIREMENT = "Invalid completion requirement type"


def _living(api: Api, course: Course) -> ContentTag:
    """The item in the path, published or not. Raises the refusal `not_found`."""
    reference = api.slot("id")
    found = identifiers.row(api.store.content_tags, reference, "the item in the course", course_id=course.id)
    owner = modules.living(api, course, found.context_module_id)
    if all(module.id != found.id for module in modules.items(api, owner)):
        raise refusals.not_found("the item's content", reference)
    return found


def _edited(api: Api) -> tuple[Course, ContentTag]:
    """The item in the path, for those who may change it. An unknown one is a 404 for everybody."""
    course = identifiers.course(api, api.slot("course_id"))
    found = _living(api, course)
    return editor(api), found


def find(api: Api, course: Course, module: ContextModule, *, as_student: bool = False) -> ContentTag:
    """An item of the module that the caller, or a student, can see. Raises the refusal `not_found`."""
    found = _living(api, course)
    if found.context_module_id != module.id:
        raise refusals.not_found("the item in the module", found.id)
    if all(item.id != found.id for item in modules.visible_items(api, course, module, as_student=as_student)):
        raise refusals.not_found("an item that the caller sees", found.id)
    return found


def index(api: Api) -> Any:
    """The items of a module."""
    course = reader(api)
    student_id = student_of(api, course)
    viewed = student_id is not None
    module = modules.find(api, course, api.slot("module_id"), as_student=viewed)
    found = modules.visible_items(api, course, module, as_student=viewed)
    if (term := search_term(api)) is not None:
        found = [tag for tag in found if term in modules.title(api, tag).lower()]
    if student_id is not None:
        progressing.standing(api, course, module, student_id)
    includes = api.params.includes
    path = f"/api/v1/courses/{course.id}/modules/{module.id}/items"

    def row(item: ContentTag) -> Any:
        return shown(shapes.item(api, item, course, includes, student_id=student_id), not viewed)

    return paged(api, found, row, path=path)


def show(api: Api) -> Any:
    """One item."""
    course = reader(api)
    student_id = student_of(api, course)
    viewed = student_id is not None
    module = modules.find(api, course, api.slot("module_id"), as_student=viewed)
    found = find(api, course, module, as_student=viewed)
    return shapes.item(api, found, course, api.params.includes, student_id=student_id)


def create(api: Api) -> Any:
    """Add an item to a module."""
    course, module = edited(api, "module_id")
    sent = _sent(api)
    kind, fields = _content(api, course, sent)
    made = ContentTag(
        **api.new_row("content_tags"),
        course_id=course.id,
        context_module_id=module.id,
        type=convert(kind, ItemType),
        indent=sent.integer("indent"),
        new_tab=sent.boolean("new_tab"),
        published=kind in module_content.KINDS,
        **fields,
    )
    place = sent.integer("position") if sent.get("position") is not None else None
    placed = modules.place(api, api.store.content_tags, modules.items(api, module), made, place)
    return shapes.item(api, _required(api, sent, placed), course)


def _sent(api: Api) -> Params:
    if api.params.peek("module_item") is None:
        raise refusals.message(400, "module_item_missing", "missing module item parameter")
    return api.params.hash("module_item")


def _content(api: Api, course: Course, sent: Params) -> tuple[str, dict[str, Any]]:
    """The type of an item, and the fields of what it shows. Raises the refusals for content that does not exist."""
    word = sent.text("type") or ""
    kind, own = WORDS.get(_INNER_CAPITAL.sub("_", word).lower(), ""), sent.text("title")
    if word in ("Page", "WikiPage"):
        return kind, _page(api, course, sent, own)
    key = identifiers.local_number(sent.get("content_id")) or 0
    record = module_content.find(api, course.id, kind, key)
    if record is not None:
        # An assignment that is done elsewhere is added as what it is done in.
        inside = {"Quiz": record.quiz_id, "Discussion": record.discussion_topic_id} if kind == "Assignment" else {}
        for other, number in inside.items():
            if (host := module_content.find(api, course.id, other, number or 0)) is not None:
                kind, record = other, host
        called = module_content.name(kind, record)
        return kind, {"content_id": record.id, "title": own or called, "named_for": called}
    if kind not in module_content.BARE_MODELS:
        check = "`module_item[content_id]` names a record of `module_item[type]`"
        takes = {"type": frozenset(WORDS.values())}
        why = "no `module_item[content_id]` was sent" if word and kind else None
        if sent.get("content_id") is not None:
            why = f"course {course.id} has no {kind} {key}" if word and kind else why
            why = why if word else "no `module_item[type]` was sent"
        raise refusals.message(
            400, "content_unknown", "Could not find content", check=check, expected=takes, diagnosis=why
        )
    found: dict[str, Any] = {"title": "No title" if own is None else own}
    if kind != "SubHeader":
        found["url"] = _address(sent)
    if kind == "ExternalTool":
        found["content_id"] = _tool(api, course, key, found["url"])
        if isinstance(custom := sent.get("custom_params"), dict):
            found["custom"] = custom
        iframe = sent.hash("iframe")
        if iframe.data:
            sizes = {f"selection_{side}": iframe.text(side) for side in ("width", "height") if iframe.has(side)}
            found["link_settings"] = sizes
    return kind, found


def _address(sent: Params) -> str | None:
    """A URL. Raises the refusal `crashed` for what Ruby cannot parse as one."""
    url = sent.text("external_url")
    if url is not None and any(letter.isspace() for letter in url.strip()):
        raise refusals.crashed("`external_url` is not an address", url)
    return url


def _page(api: Api, course: Course, sent: Params, own: str | None) -> dict[str, Any]:
    reference = sent.text("page_url")
    if not reference:
        raise refusals.message(400, "page_url_missing", "missing page_url parameter")
    page = pages.by_url(api, contexts.get(api, "Course", course.id), reference)
    if page is None:
        raise refusals.message(400, "page_url_unknown", "invalid page_url parameter")
    return {"content_id": page.id, "title": own or page.title, "named_for": page.title}


def _tool(api: Api, course: Course, key: int, url: str | None) -> int:
    """The tool that an item opens: the named one, else the one that its URL belongs to; 0 for none."""
    if api.store.tools.get(key) is not None:
        return key
    found = tools.by_address(api.store, course, url or "")
    return found.id if found is not None else 0


def _required(api: Api, sent: Params, item: ContentTag) -> ContentTag:
    """Set the completion requirement of an item. Raises the refusal for an unknown one; the item stays."""
    if sent.peek("completion_requirement") in (None, False):
        return item
    wanted = sent.hash("completion_requirement")
    if not wanted.data:
        return api.store.content_tags.put(replace(item, requirement=None))
    kind = wanted.text("type")
    if kind not in modules.REQUIREMENTS:
        raise refusals.invalid({"completion_requirement": [BAD_REQUIREMENT]})
    requirement: dict[str, Any] = {"type": kind}
    if kind == "min_score":
        requirement["min_score"] = None if wanted.get("min_score") is None else number(wanted.get("min_score"))
    if kind in ("must_submit", "min_score") and not module_content.scoreable(api, item):
        return api.store.content_tags.put(replace(item, requirement=None))
    return api.store.content_tags.put(replace(item, requirement=requirement))


def update(api: Api) -> Any:
    """Change an item; it may move to another module. A new title becomes the content's name."""
    course, item = _edited(api)
    sent = _sent(api)
    fields: dict[str, Any] = {"updated_at": api.now}
    if sent.get("indent") is not None:
        fields["indent"] = sent.integer("indent")
    if sent.get("new_tab") not in (None, False):  # JSON's false changes nothing at Canvas
        fields["new_tab"] = sent.flag("new_tab")
    if sent.get("external_url") is not None and item.type in ("ExternalUrl", "ExternalTool"):
        fields["url"] = _address(sent)
    if (title := sent.text("title")) is not None:
        fields["title"] = title
        record = module_content.content(api, item)
        if record is not None and title:
            module_content.rename(api, item.type, record, title)
            fields["named_for"] = module_content.name(item.type, module_content.content(api, item))
    item = _required(api, sent, api.store.content_tags.put(replace(item, **fields)))
    item = _moved(api, course, sent, item)
    if sent.has("published"):
        item = _published(api, item, shown=sent.flag("published"))
    return shapes.item(api, item, course)


def _published(api: Api, item: ContentTag, *, shown: bool) -> ContentTag:
    """Publish or unpublish an item. Raises the refusal for content that stays published."""
    if not shown and api.settings.keeps_items_published and not shapes.unpublishable(api, item):
        raise refusals.message(403, "item_stays_published", "item can't be unpublished")
    return modules.publish_item(api, item, shown=shown)


def _moved(api: Api, course: Course, sent: Params, item: ContentTag) -> ContentTag:
    place = sent.integer("position") if sent.get("position") is not None else None
    if sent.get("module_id") is not None:
        key = identifiers.local_number(sent.get("module_id")) or 0
        target = next((m for m in modules.of_course(api, course) if m.id == key), None)
        if target is None:
            raise refusals.message(400, "module_id_unknown", "invalid module_id")
        if target.id != item.context_module_id:
            modules.take_out(api, item)
            item = api.store.content_tags.put(replace(item, context_module_id=target.id, position=None))
    if place is None:
        return item
    module = modules.find(api, course, item.context_module_id)
    return modules.place(api, api.store.content_tags, modules.items(api, module), item, place)


def destroy(api: Api) -> Any:
    """Remove an item from its module."""
    course, item = _edited(api)
    deleted = api.store.content_tags.put(replace(item, workflow_state="deleted", requirement=None))
    return shapes.item(api, deleted, course)


# progress


def _item(api: Api) -> tuple[Course, ContextModule, ContentTag]:
    course = reader(api)
    module = modules.find(api, course, api.slot("module_id"))
    return course, module, find(api, course, module)


def mark_read(api: Api) -> Any:
    """Mark an item as viewed. Raises the refusal for one that is locked."""
    course, _, item = _item(api)
    if shapes.locked(api, item, course)["locked_for_user"]:
        raise refusals.message(403, "module_item_locked", "The module item is locked.")
    progressing.act(api, course, item, "seen")
    return {"message": "OK"}


def done(api: Api) -> Any:
    """Mark an item as done, also in the planner. In a locked module the first has no effect."""
    course, _, item = _item(api)
    progressing.act(api, course, item, "done")
    _in_planner(api, item, complete=True)
    return {"message": "OK"}


def _in_planner(api: Api, item: ContentTag, *, complete: bool) -> None:
    kind = planner.OF_ITEMS.get(item.type)
    if kind and progressing.to_be_done(api, item.course_id, item.type, item.content_id) and planner.uses(api):
        planner.done(api, kind, item.content_id, complete=complete)


def undone(api: Api) -> Any:
    """Mark an item as not done."""
    course, module, item = _item(api)
    progressing.act(api, course, item, "done", undo=True)
    if progressing.tracked(api, module, api.user.id):
        _in_planner(api, item, complete=False)
    return {"message": "OK"}


def redirect(api: Api) -> Any:
    """Redirect to an item's URL, which counts as viewing it."""
    course = reader(api)
    item = _living(api, course)
    module = modules.living(api, course, item.context_module_id)
    if not item.published or module.workflow_state != "active":
        courses.require(api, course, "manage_course_content_edit")
    if item.type != "ExternalUrl":
        raise refusals.message(400, "item_type_wrong", "incorrect module item type")
    progressing.act(api, course, item, "seen")
    return wire.redirect(item.url or "")


# copies


def duplicate_item(api: Api) -> Any:
    """Copy an item with its content."""
    course, item = _edited(api)
    record = module_content.content(api, item)
    if item.type not in ("Page", "Assignment", "Discussion") or record is None:
        raise refusals.message(400, "item_not_copied", "Item cannot be duplicated")
    if item.type == "Discussion":
        copy: Any = topics.duplicate(api, contexts.get(api, "Course", course.id), record)
    else:
        copy = module_content.copy(api, item.type, record)
    made = _copied(api, item, copy)
    module = modules.find(api, course, item.context_module_id)
    placed = modules.place(api, api.store.content_tags, modules.items(api, module), made, (item.position or 0) + 1)
    positions = [
        {"content_tag": {"id": tag.id, "position": tag.position, "quiz_lti": shapes.quiz_lti(api, tag)}}
        for tag in modules.items(api, module)
    ]
    return {"content_tag": shapes.copied_item(api, placed, course), "new_positions": positions}


def _copied(api: Api, item: ContentTag, record: Any) -> ContentTag:
    called = item.title if record is None else module_content.name(item.type, record)
    made = replace(
        item,
        id=api.new_id("content_tags"),
        content_id=0 if record is None else record.id,
        title=called,
        named_for=None if record is None else called,
        position=None,
        published=record is not None,
        requirement=None,
        created_at=api.now,
        updated_at=api.now,
    )
    return api.store.content_tags.put(made)


def duplicate_module(api: Api) -> Any:
    """Copy a module with its items and their content."""
    course, module = edited(api, "module_id", "add")
    found = modules.items(api, module)
    if any(tag.type == "Quiz" for tag in found):
        raise refusals.rest("module_not_copied", 400, {"error": NOT_COPIED}, check="the module has no quiz")
    taken = {m.name for m in modules.of_course(api, course)}
    made = replace(
        module,
        id=api.new_id("context_modules"),
        name=slugs.copied_title(module.name, taken),
        position=0,
        prerequisite_ids=[],
        workflow_state="unpublished",
        created_at=api.now,
        updated_at=api.now,
    )
    place = module.position + 1
    placed = modules.place(api, api.store.context_modules, modules.of_course(api, course), made, place)
    tags = []
    for item in found:
        record = module_content.content(api, item)
        copy = None if record is None or item.type == "File" else module_content.copy(api, item.type, record)
        tags.append(_copied(api, replace(item, context_module_id=placed.id), copy or record))
        tags[-1] = api.store.content_tags.put(replace(tags[-1], position=item.position))
    body: dict[str, Any] = modules.raw(api, placed) | {"completion_events": []}
    body["content_tags"] = [{"content_tag": shapes.raw_item(api, tag)} for tag in tags]
    return {"context_module": body, "ENV_UPDATE": []}


COURSE = "/api/v1/courses/{course_id}"
ITEMS = f"{COURSE}/modules/{{module_id}}/items"
CONTROLLER = "canvas-lms app/controllers/context_module_items_api_controller.rb"
ROUTES: tuple[Route, ...] = rest(
    "module items",
    f"{RECORDED}/content-modules.jsonl 46-74, 196-206; {CONTROLLER}",
    (f"GET {COURSE}/module_item_redirect/{{id}}", redirect, "Redirect to an item's URL"),
    (f"POST {COURSE}/modules/items/{{id}}/duplicate", duplicate_item, "Copy an item"),
    (f"POST {COURSE}/modules/{{module_id}}/duplicate", duplicate_module, "Copy a module"),
    (f"GET {ITEMS}", index, "Items of a module"),
    (f"POST {ITEMS}", create, "Create a module item"),
    (f"GET {ITEMS}/{{id}}", show, "An item"),
    (f"PUT {ITEMS}/{{id}}", update, "Change an item"),
    (f"DELETE {ITEMS}/{{id}}", destroy, "Remove a module item"),
    (f"PUT {ITEMS}/{{id}}/done", done, "Mark an item as done"),
    (f"DELETE {ITEMS}/{{id}}/done", undone, "Mark an item as not done"),
    (f"POST {ITEMS}/{{id}}/mark_read", mark_read, "Mark an item as viewed"),
)
