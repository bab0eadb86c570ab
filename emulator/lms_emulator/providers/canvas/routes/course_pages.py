"""Actions on the pages of courses and groups: student view, invitations, forms on a course's page."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.model import ContextModule, Course, Enrollment
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules import course_events, courses, enrolled, groups, modules, student_view, tools

_INVITED = (
    'You&#39;ll need to <a data-method="POST" data-url="{url}" href="#">accept the enrollment invitation</a>'
    " before you can fully participate in this course."
)


def _course(api: Api, *rights: str) -> Course:
    """The course of the path, for people with one of these rights."""
    visitors.require(api, notice=False)
    course = identifiers.find(api, "courses", api.slot("course_id"))
    if course is None or course.workflow_state == "deleted":
        raise refusals.page_not_found(f"course {api.slot('course_id')} exists")
    if not courses.may(api, api.caller, course, *rights):
        raise visitors.forbidden(api, f"may {' or '.join(rights)} in the course")
    found: Course = course
    return found


def remind_of_invitation(api: Api, course: Course) -> None:
    """Remind a user, on the next page, of an open invitation to the course."""
    mine = _own(api, course)
    if mine and all(enrollment.workflow_state == "invited" for enrollment in mine):
        url = api.url(f"/courses/{course.id}/enrollment_invitation?accept=true")
        browser.notice(api.call, "success", {"html": _INVITED.format(url=url)})


def _own(api: Api, course: Course) -> list[Enrollment]:
    found = api.store.enrollments.find("whose", (course.id, api.caller.id)) if api.caller is not None else []
    return [row for row in found if row.workflow_state in ("invited", "active")]


def answer_invitation(api: Api) -> Response:
    """POST /courses/{course_id}/enrollment_invitation: accept the invitation to a course, or decline it."""
    course = _course(api, "read")
    state = "active" if api.params.flag("accept") else "rejected" if api.params.has("reject") else None
    for enrollment in _own(api, course):
        if enrollment.workflow_state == "invited" and state is not None:
            enrolled.keep(api, replace(enrollment, workflow_state=state, updated_at=api.now))
    return wire.redirect(api.url(f"/courses/{course.id}" if state == "active" else "/"))


def enter_student_view(api: Api) -> Response:
    """POST /courses/{course_id}/student_view: see the course as its test student."""
    course = _course(api, "update")
    browser.change(api.call, become_user_id=student_view.student(api, course).id)
    return wire.redirect(api.url(f"/courses/{course.id}"))


def leave_student_view(api: Api) -> Response:
    """DELETE /courses/{course_id}/student_view: leave the student view."""
    course = _course(api, "read")
    browser.change(api.call, become_user_id=None)
    return wire.redirect(api.url(f"/courses/{course.id}"))


def group(api: Api) -> Response:
    """GET /groups/{group_id}: a group's page."""
    visitors.require(api, notice=False)
    found = identifiers.find(api, "groups", api.slot("group_id"))
    if found is None or found.workflow_state == "deleted":
        raise refusals.page_not_found(f"group {api.slot('group_id')} exists")
    if not groups.reads(api, found):
        raise visitors.forbidden(api, "the person sees the group")
    above = tools.above(api.store, found)
    whose = (above.course_code if isinstance(above, Course) else above.name) or ""
    title = f"{found.name}: {found.name}: {whose}"
    return wire.page(api.call, "text.html", title=title, heading=f"Recent Activity in {found.name}")


def add_module(api: Api) -> Any:
    """POST /courses/{course_id}/modules: make a module, from the form of the page."""
    course = _course(api, "manage_course_content_add")
    sent = api.params.hash("context_module")
    made = ContextModule(
        **api.new_row("context_modules"),
        course_id=course.id,
        name=sent.text("name") or "Module",
        position=0,
        unlock_at=api.moment("context_module", "unlock_at"),
        require_sequential_progress=sent.flag("require_sequential_progress"),
        workflow_state="unpublished",
    )
    placed = modules.place(api, api.store.context_modules, modules.of_course(api, course), made, None)
    return wire.reply(api, modules.raw(api, placed))


def edit_item(api: Api) -> Any:
    """PUT /courses/{course_id}/modules/items/{item_id}: change an item of a module, from the form of the page."""
    course = _course(api, "manage_course_content_edit")
    item = api.store.content_tags.get(identifiers.local_number(api.slot("item_id")) or 0)
    if item is None or item.course_id != course.id or item.workflow_state == "deleted":
        raise refusals.page_not_found("the item is in the course")
    sent = api.params.hash("content_tag")
    changes: dict[str, Any] = {name: sent.text(name) for name in ("title", "url") if sent.text(name)}
    if sent.has("indent"):
        changes["indent"] = identifiers.local_number(sent.text("indent") or "0") or 0
    if sent.has("new_tab"):
        changes["new_tab"] = sent.flag("new_tab")
    kept = api.store.content_tags.put(replace(item, **changes, updated_at=api.now))
    found = {"id": kept.id, "title": kept.title, "url": kept.url, "indent": kept.indent, "new_tab": kept.new_tab}
    return wire.reply(api, {"content_tag": found})


def change_state(api: Api) -> Response:
    """PATCH /courses/{course_id}: offer a course to its members, or take it back, from the form of the page."""
    course = _course(api, "update")
    event = api.params.text("course", "event")
    if event in ("offer", "claim"):
        course_events.ask(api, course, event)
    return wire.redirect(api.url(f"/courses/{course.id}"))


ROUTES = site(
    "pages",
    f"{RECORDED}/lti-vars.jsonl 113; {RECORDED}/lti-launch.jsonl 42, 99, 175; "
    "canvas-lms app/controllers/courses_controller.rb; canvas-lms app/controllers/context_modules_controller.rb",
    ("POST /courses/{course_id}/student_view", enter_student_view, "Enter student view"),
    ("DELETE /courses/{course_id}/student_view", leave_student_view, "Leave student view"),
    ("POST /courses/{course_id}/enrollment_invitation", answer_invitation, "Accept an invitation"),
    ("GET /groups/{group_id}", group, "A group"),
    ("POST /courses/{course_id}/modules", add_module, "Create a module"),
    ("PUT /courses/{course_id}/modules/items/{item_id}", edit_item, "Change an item of a module"),
    ("PATCH /courses/{course_id}", change_state, "Publish or unpublish a course"),
    evidence="observed",
)
