"""REST: modules of a course."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import ContextModule, Course, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import rosters
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    assignments,
    belonging,
    courses,
    features,
    jobs,
    modules,
    progressing,
    states,
)
from lms_emulator.providers.canvas.shapes import Json, course_progress, people
from lms_emulator.providers.canvas.shapes import modules as shapes
from lms_emulator.providers.canvas.shapes.progress import progress_row

EVENTS = ("publish", "unpublish", "delete")
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE)


def reader(api: Api) -> Course:
    """The course in the path, for its members."""
    return courses.from_path(api, "read")


def editor(api: Api, verb: str = "edit") -> Course:
    """The course in the path, for those who may add, edit or delete its content."""
    return courses.from_path(api, f"manage_course_content_{verb}")


def edited(api: Api, slot: str = "id", verb: str = "edit") -> tuple[Course, ContextModule]:
    """The module in the path, for those who may change it. An unknown one is a 404 for everybody."""
    course = identifiers.course(api, api.slot("course_id"))
    module = modules.living(api, course, api.slot(slot))
    courses.require(api, course, f"manage_course_content_{verb}")
    return course, module


def student_of(api: Api, course: Course) -> int | None:
    """Whose progress to show: that of `student_id`, or of a caller who is a student. Raises the refusal for others."""
    asked = api.params.text("student_id")
    if asked is None:
        takes_part = courses.may(api, api.caller, course, "participate_as_student")
        return _tracked(api, course, api.user.id) if takes_part and api.caller is not None else None
    wanted = identifiers.local_number(asked)
    students = {row.user_id for row in assignments.students(api, course.id)}
    mine = api.caller is not None and wanted in assignments.seen_for(api, course, api.caller)
    grades = courses.may(api, api.caller, course, "view_all_grades", "manage_grades")
    if not api.check("sees the student's progress", wanted in students and (mine or grades), got=asked):
        raise api.refused(f"sees the progress of {asked}")
    return _tracked(api, course, wanted or 0)


def _tracked(api: Api, course: Course, user_id: int) -> int:
    progressing.evaluate(api, course, user_id)
    return user_id


def index(api: Api) -> Any:
    """The modules of a course, with `include[]=items` their items too."""
    course = reader(api)
    student_id = student_of(api, course)
    every = modules.sees_all(api, course) and student_id is None
    found = [m for m in modules.of_course(api, course) if every or m.workflow_state == "active"]
    term = search_term(api)
    whole = "items" in api.params.includes
    if term is not None and not whole:
        found = [m for m in found if term in m.name.lower()]

    def row(module: ContextModule) -> Any:
        if term is not None and term not in module.name.lower() and not _hits(api, course, module, student_id, term):
            return None  # with items, Canvas searches within the page
        return shown(_with_items(api, course, module, student_id, term), every)

    path = f"/api/v1/courses/{course.id}/modules"
    return paged(api, found, row, path=path, wrap=lambda rows: [value for value in rows if value is not None])


def shown(body: Any, every: bool) -> Any:
    """A module, when shown as to a student without what only editors see."""
    for item in () if every else (body, *body.get("items", ())):
        item.pop("published", None)
    return body


def _hits(api: Api, course: Course, module: ContextModule, student_id: int | None, term: str) -> list[Any]:
    found = modules.visible_items(api, course, module, as_student=student_id is not None)
    return [t for t in found if term in modules.title(api, t).lower()]


def _with_items(api: Api, course: Course, module: ContextModule, student_id: int | None, term: str | None) -> Any:
    body = shapes.module(api, module, course, student_id=student_id)
    if "items" not in api.params.includes:
        return body
    found = modules.visible_items(api, course, module, as_student=student_id is not None)
    if len(found) > api.settings.max_per_page:
        return body
    if term is not None and term not in module.name.lower():
        found = _hits(api, course, module, student_id, term)
    includes = {name for name in shapes.IN_ITEM if name in api.params.includes}
    return body | {"items": [shapes.item(api, tag, course, includes, student_id=student_id) for tag in found]}


def show(api: Api) -> Any:
    """One module."""
    course = reader(api)
    student_id = student_of(api, course)
    module = modules.find(api, course, api.slot("id"), as_student=student_id is not None)
    return _with_items(api, course, module, student_id, None)


def create(api: Api) -> Any:
    """Make a module, unpublished."""
    course = editor(api, "add")
    sent = _sent(api)
    if not sent.text("name"):
        raise refusals.message(400, "module_name_missing", "missing module name")
    made = ContextModule(
        **api.new_row("context_modules"),
        course_id=course.id,
        name=sent.text("name") or "",
        position=0,
        workflow_state="unpublished",
        **_dates_and_flags(api),
    )
    added = modules.place(api, api.store.context_modules, modules.of_course(api, course), made, None)
    return shapes.module(api, _placed(api, course, _with_prerequisites(api, course, added)), course)


def _sent(api: Api) -> Params:
    if api.params.peek("module") is None:
        raise refusals.message(400, "module_missing", "missing module parameter")
    return columns.permitted(api.params.hash("module"), "prerequisite_module_ids", "published", "position")


def _number(sent: Params, name: str) -> int | None:
    return sent.integer(name) if re.match(r"\s*[+-]?[0-9]", sent.text(name) or "") else sent.noted(None, name)


def _dates_and_flags(api: Api) -> dict[str, Any]:
    sent = _sent(api)
    found: dict[str, Any] = columns.booleans(sent, ("require_sequential_progress",))
    if sent.has("publish_final_grade"):
        found["publish_final_grade"] = sent.flag("publish_final_grade")
    if sent.has("unlock_at"):
        found["unlock_at"] = _unlock_at(api)
    return found


def _unlock_at(api: Api) -> datetime | None:
    """When a module opens. Any text with a weekday in it means today to Canvas."""
    moment = api.moment("module", "unlock_at")
    if moment is None and _WEEKDAY.search(api.params.text("module", "unlock_at") or ""):
        return api.now.astimezone(api.zone).replace(hour=0, minute=0, second=0)
    return moment


def _placed(api: Api, course: Course, module: ContextModule) -> ContextModule:
    """A module at the position that was asked for. No module waits for one that comes after it now."""
    position = _number(api.params.hash("module"), "position")
    if position is None:
        return module
    modules.place(api, api.store.context_modules, modules.of_course(api, course), module, position)
    for context_module in modules.of_course(api, course):
        kept = modules.valid_prerequisites(api, course, context_module, context_module.prerequisite_ids)
        if kept != context_module.prerequisite_ids:
            api.store.context_modules.put(replace(context_module, prerequisite_ids=kept))
    return modules.living(api, course, module.id)


def _with_prerequisites(api: Api, course: Course, module: ContextModule) -> ContextModule:
    sent = api.params.hash("module")
    if not sent.has("prerequisite_module_ids"):
        return module
    wanted = [key for text in sent.texts("prerequisite_module_ids") if (key := identifiers.local_number(text))]
    kept = modules.valid_prerequisites(api, course, module, wanted)
    return api.store.context_modules.put(replace(module, prerequisite_ids=kept))


def update(api: Api) -> Any:
    """Change a module; `published` publishes it with its items, or unpublishes it."""
    course, old = edited(api)
    sent = _sent(api)
    fields = _dates_and_flags(api)
    if sent.has("name"):
        fields["name"] = sent.text("name") or ""
    module = api.store.context_modules.put(replace(old, **fields, updated_at=api.now))
    module = _placed(api, course, _with_prerequisites(api, course, module))
    if sent.has("published"):
        module = _published(api, module, sent, shown=sent.flag("published"))
    body = shapes.module(api, module, course) | {"publish_warning": False}
    if api.settings.later_parameters:
        taken_back = sent.has("published") and not sent.flag("published") and not sent.flag("skip_content_tags")
        body["unpublish_warning"] = taken_back and any(
            modules.published(api, tag) for tag in modules.items(api, module)
        )
    return body | {"relock_warning": True} if modules.relocks(api, course, old, module) else body


def _has_menu(api: Api) -> bool:
    """Whether modules are published by a menu, which came by a feature of the site and is everywhere since."""
    site = features.site(api)
    by_feature = site is not None and features.enabled(api, site, "module_publish_menu")
    return api.settings.later_parameters or by_feature


def _published(api: Api, module: ContextModule, asked: Params, *, shown: bool) -> ContextModule:
    """Publish a module or not, and its items with it, unless `skip_content_tags` says otherwise.

    Without the menu, all items are published with their module and none is taken back with it.
    """
    menu = _has_menu(api)
    skips = asked.flag("skip_content_tags")
    with_items = not (menu and skips) if shown else menu and not skips
    return modules.publish(api, module, with_items=with_items, shown=shown)


def destroy(api: Api) -> Any:
    """Delete a module."""
    course, module = edited(api, verb="delete")
    return shapes.module(api, modules.delete(api, course, module), course)


def relock(api: Api) -> Any:
    """Recompute everybody's progress; requirements already met stay met."""
    course, module = edited(api)
    progressing.relock(api, course, module)
    return shapes.module(api, module, course)


def batch(api: Api) -> Any:
    """Publish, hide or delete several modules."""
    course = editor(api)
    event = api.params.text("event")
    if not event:
        raise refusals.message(400, "event_missing", "need to specify event")
    if event not in EVENTS:
        raise refusals.message(400, "event_unknown", "invalid event", expected=sorted(EVENTS))
    wanted = [identifiers.local_number(text) for text in api.params.texts("module_ids")]
    if not wanted:
        raise refusals.message(400, "module_ids_missing", "must specify module_ids[]")
    found = [m for m in modules.of_course(api, course) if m.id in wanted]
    if not found:
        raise refusals.message(404, "modules_unknown", "no modules found")

    def work() -> dict[str, Any]:
        for module in found:
            if event == "delete":
                modules.delete(api, course, module)
            else:
                _published(api, module, api.params, shown=event == "publish")
        return {}

    if api.params.flag("async") and _has_menu(api):
        job = jobs.run(api, course, "context_module_batch_update", work, by=api.user)
        return {"completed": None, "progress": {"progress": progress_row(api, job)}}
    work()
    return {"completed": [m.id for m in found], "progress": None}


def progress(api: Api) -> Any:
    """How many of a course's requirements a student has met."""
    course = identifiers.course(api, api.slot("course_id"))
    user = identifiers.user(api, api.slot("user_id"))
    rows = api.store.enrollments.find("course", course.id)
    if all(row.user_id != user.id or row.workflow_state == "deleted" for row in rows):
        raise refusals.not_found("somebody in the course", user.id)
    mine = api.caller is not None and user.id in assignments.seen_for(api, course, api.caller)
    mine = mine or belonging.may_read(api, user)
    grades = courses.may(api, api.caller, course, "view_all_grades")
    if not api.check("sees the student's progress", mine or grades):
        raise api.refused("sees the student's progress")
    found = course_progress.course_progress(api, course, user.id)
    if "error" in found:
        raise refusals.rest("no_progress", 400, found, check="a student in a course with requirements")
    return _evaluated(api, course, user.id, found)


def _evaluated(api: Api, course: Course, user_id: int, found: Json) -> Json:
    return found if progressing.evaluated(api, course, user_id) else found | {"next_requirement_url": None}


def progress_of_all(api: Api) -> Any:
    """How many of a course's requirements each student has met."""
    course = identifiers.course(api, api.slot("course_id"))
    if not api.check("sees grades", courses.may(api, api.caller, course, "view_all_grades")):
        raise api.refused("sees the students' progress", "view_all_grades")
    if not any(module.requirement for m in modules.of_course(api, course) for module in modules.items(api, m)):
        body = {"error": {"message": course_progress.NO_MODULES}}
        raise refusals.rest("no_progress", 400, body, check="a course with requirements")
    rows = api.store.enrollments.find("course", course.id)
    current = {e.user_id for e in rows if e.type == "StudentEnrollment" and e.workflow_state in states.CURRENT}
    students = [user for user in map(api.store.users.get, current) if user is not None]

    def row(user: User) -> Json:
        found = _evaluated(api, course, user.id, course_progress.course_progress(api, course, user.id))
        return {**people.display(api, user, course), "progress": found}

    return paged(api, rosters.ordered(api, students, down=False), row)


MODULES = "/api/v1/courses/{course_id}/modules"
ROUTES: tuple[Route, ...] = (
    *rest(
        "modules",
        f"{RECORDED}/content-modules.jsonl 10-21, 93-110; canvas-lms app/controllers/context_modules_api_controller.rb",
        (f"GET {MODULES}", index, "Modules"),
        (f"POST {MODULES}", create, "Create a module"),
        (f"PUT {MODULES}", batch, "Change several modules"),
        (f"GET {MODULES}/{{id}}", show, "A module"),
        (f"PUT {MODULES}/{{id}}", update, "Change a module"),
        (f"DELETE {MODULES}/{{id}}", destroy, "Delete a module"),
        (f"PUT {MODULES}/{{id}}/relock", relock, "Recompute progress"),
    ),
    *rest(
        "modules",
        f"{RECORDED}/content-modules.jsonl 156-157; canvas-lms app/controllers/courses_controller.rb, user_progress",
        ("GET /api/v1/courses/{course_id}/users/{user_id}/progress", progress, "Progress in a course"),
        ("GET /api/v1/courses/{course_id}/bulk_user_progress", progress_of_all, "Progress of all students"),
    ),
)
