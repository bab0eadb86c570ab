"""Moving sections between courses."""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, CourseSection


def moved(api: Api, section: CourseSection, target: Course, home: int | None) -> CourseSection:
    """Move a section, with its enrollments, into another course, unless it is there already.

    Parameters: `home`, the course that a cross-listed one belongs to.
    """
    if section.course_id == target.id:
        return section
    for enrollment in api.store.enrollments.find("section", section.id):
        api.store.enrollments.put(replace(enrollment, course_id=target.id))
    end_other_dates(api, section)
    for course_id in (section.course_id, target.id):
        for base in api.store.assignments.find("course", course_id):
            api.store.assignments.put(replace(base, updated_at=api.now))
    others = [s for s in api.store.course_sections.find("course", target.id) if s.workflow_state == "active"]
    changes = {"course_id": target.id, "nonxlist_course_id": home, "default_section": not others}
    return api.store.course_sections.put(replace(section, **changes))


def end_other_dates(api: Api, section: CourseSection) -> None:
    """Delete the assignment overrides of a section."""
    for base in api.store.assignments.find("course", section.course_id):
        for override in api.store.assignment_overrides.find("assignment", base.id):
            if (override.set_type, override.set_id) == ("CourseSection", section.id):
                api.store.assignment_overrides.put(replace(override, workflow_state="deleted"))
