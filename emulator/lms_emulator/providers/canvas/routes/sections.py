"""REST: the sections of a course."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, CourseSection
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import collation, courses, sections, stickiness
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import courses as shapes

SOURCE = f"{RECORDED}/courses-enrol.jsonl 3, 29, 51, 67; canvas-lms app/controllers/sections_controller.rb"
SEES_PEOPLE = ("read_roster", "view_all_grades", "manage_grades")
DATED = ("restrict_enrollments_to_section_dates", "start_at", "end_at")
NO_SIS = "You must have manage_sis permission to update sis attributes"


def _section(api: Api, name: str = "id") -> tuple[CourseSection, Course]:
    section = identifiers.section(api, api.slot(name))
    course = identifiers.course(api, section.course_id)
    if "course_id" in api.call.path_params and course.id != identifiers.course(api, api.slot("course_id")).id:
        raise refusals.not_found("the section in the course", section.id)
    return section, course


def index(api: Api) -> Any:
    """The sections of a course, for every member."""
    course = courses.from_path(api, "read", *SEES_PEOPLE)
    found = [s for s in api.store.course_sections.find("course", course.id) if s.workflow_state == "active"]
    if (term := search_term(api, later=True)) is not None:
        found = [section for section in found if term in section.name.lower()]
    found.sort(key=lambda section: (collation.key(section.name), section.id))
    includes = api.params.includes if courses.may(api, api.caller, course, *SEES_PEOPLE) else set()
    if api.params.text("all"):
        return [shapes.section(api, section, course, includes) for section in found]
    return paged(api, found, lambda section: shapes.section(api, section, course, includes))


def show(api: Api) -> Any:
    """One section, for those who teach or administer, and its own people."""
    section, course = _section(api)
    if not api.check("sees the section", sections.reads(api, section, course), got=section.id):
        raise api.refused(f"read section {section.id}")
    return shapes.section(api, section, course, api.params.includes)


def _may_sis(api: Api) -> bool:
    return account_allows(api, api.caller, api.root, "manage_sis")


def _fields(api: Api, course: Course, section: CourseSection | None) -> dict[str, Any]:
    """The section's fields from the request, validated. Raises the refusals for invalid ones."""
    sent = api.params.hash("course_section")
    found: dict[str, Any] = {}
    sticks = _left_alone(api)
    if sent.get("name") is not None and not sticks:
        found["name"] = sent.text("name") or ""
        fault = "too_short" if not found["name"] else "too_long" if len(found["name"]) > 255 else None
        if fault is not None:
            raise refusals.invalid({"name": [fault]})
    for name in ("start_at", "end_at"):
        if sent.has(name) and not sticks:
            found[name] = api.moment("course_section", name)
    if sent.has("restrict_enrollments_to_section_dates"):
        found["restrict_enrollments_to_section_dates"] = sent.boolean("restrict_enrollments_to_section_dates")
    start = found.get("start_at", section.start_at if section is not None else None)
    end = found.get("end_at", section.end_at if section is not None else None)
    if start is not None and end is not None and end < start:
        raise refusals.invalid({"end_at": ["End date cannot be before start date"]})
    return found


def _sis_fields(api: Api, course: Course, section: CourseSection | None) -> dict[str, Any]:
    sent = api.params.hash("course_section")
    found: dict[str, Any] = {}
    for name, attribute, what in (
        ("sis_section_id", "sis_source_id", "SIS ID"),
        ("integration_id", "integration_id", "INTEGRATRION ID"),
    ):
        if sent.get(name) is None:
            continue
        if not _may_sis(api):
            if section is None:
                continue
            raise refusals.message(401, "sis_refused", NO_SIS, check="manage_sis", needs=("manage_sis",))
        value = sent.text(name) or None
        taken = next((s for s in api.store.course_sections if value is not None and getattr(s, name) == value), None)
        if taken is not None and (section is None or taken.id != section.id):
            raise refusals.invalid({attribute: [f'{what} "{value}" is already in use']})
        found[name] = value
    return found


def create(api: Api) -> Any:
    """Create a section, or restore a deleted one by its SIS id."""
    course = courses.from_path(api, "manage_sections_add")
    revived = _revived(api, course)
    if revived is not None:
        return shapes.section(api, revived, course)
    fields = _fields(api, course, None) | _sis_fields(api, course, None)
    fields.setdefault("name", f"{course.name} {api.now:%Y-%m-%d}")
    made = CourseSection(id=api.new_id("course_sections"), course_id=course.id, created_at=api.now, **fields)
    return shapes.section(api, api.store.course_sections.put(made), course)


def _revived(api: Api, course: Course) -> CourseSection | None:
    sis_id = api.params.text("course_section", "sis_section_id")
    if not api.params.flag("enable_sis_reactivation") or not sis_id or not _may_sis(api):
        return None
    found = api.store.course_sections.first("sis_section_id", sis_id)
    if found is None or found.course_id != course.id or found.workflow_state != "deleted":
        return None
    integration_id = api.params.text("course_section", "integration_id")
    revived = replace(found, workflow_state="active", integration_id=integration_id)
    return api.store.course_sections.put(revived)


def update(api: Api) -> Any:
    """Change a section."""
    section, course = _section(api)
    courses.require(api, course, "manage_sections_edit")
    fields = _sis_fields(api, course, section) | _fields(api, course, section)
    changed = api.store.course_sections.put(stickiness.by_hand(section, replace(section, **fields)))
    if any(getattr(section, name) != getattr(changed, name) for name in DATED):
        sections.touch(api, changed)
    return shapes.section(api, changed, course)


def destroy(api: Api) -> Any:
    """Delete an empty section."""
    section, course = _section(api)
    courses.require(api, course, "manage_sections_delete")
    rows = api.store.enrollments.find("section", section.id)
    rows = [e for e in rows if e.type != "StudentViewEnrollment"]
    if any(e.workflow_state not in ("deleted", "rejected") for e in rows):
        text = "You can't delete a section that has enrollments"
        raise refusals.message(400, "section_not_empty", text)
    sections.end_other_dates(api, section)
    deleted = api.store.course_sections.put(replace(section, workflow_state="deleted"))
    return shapes.section(api, deleted, course)


def crosslist(api: Api) -> Any:
    """Move a section, with its people, into another course."""
    section, course = _section(api)
    target = identifiers.course(api, api.slot("new_course_id"))
    if _left_alone(api):
        return shapes.section(api, section, course)
    courses.require(api, course, "manage_sections_edit")
    courses.require(api, target, "manage")
    home = section.nonxlist_course_id or course.id
    moved = sections.moved(api, section, target, home if home != target.id else None)
    moved = api.store.course_sections.put(stickiness.by_hand(section, moved))
    return shapes.section(api, moved, target)


def uncrosslist(api: Api) -> Any:
    """Move a cross-listed section back."""
    section, course = _section(api)
    if section.nonxlist_course_id is None:
        raise refusals.message(400, "section_not_crosslisted", "section is not cross-listed")
    home = api.store.courses.get(section.nonxlist_course_id)
    assert home is not None, "the world file's references are checked when it is loaded"
    courses.require(api, course, "manage_sections_edit")
    courses.require(api, home, "manage")
    if _left_alone(api):
        return shapes.section(api, section, course)
    if home.workflow_state == "deleted":
        home = api.store.courses.put(replace(home, workflow_state="unpublished", updated_at=api.now))
    return shapes.section(api, sections.moved(api, section, home, None), home)


def _left_alone(api: Api) -> bool:
    return api.params.has("override_sis_stickiness") and not api.params.flag("override_sis_stickiness")


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = rest(
    "sections",
    SOURCE,
    (f"GET {COURSE}/sections", index, "Sections of a course"),
    (f"POST {COURSE}/sections", create, "Create a section"),
    (f"GET {COURSE}/sections/{{id}}", show, "A section of a course"),
    ("GET /api/v1/sections/{id}", show, "A section"),
    ("PUT /api/v1/sections/{id}", update, "Change a section"),
    ("DELETE /api/v1/sections/{id}", destroy, "Delete a section"),
    ("POST /api/v1/sections/{id}/crosslist/{new_course_id}", crosslist, "Cross-list a section"),
    ("DELETE /api/v1/sections/{id}/crosslist", uncrosslist, "De-cross-list a section"),
)
