"""Moving sections between courses."""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, CourseSection


def moved(api: Api, section: CourseSection, target: Course, home: int | None) -> CourseSection:
    """Move a section, with its people, into another course.

    Parameters: `home`, the course that a cross-listed one belongs to.
    """
    for enrollment in api.store.enrollments.find("section", section.id):
        api.store.enrollments.put(replace(enrollment, course_id=target.id))
    return api.store.course_sections.put(replace(section, course_id=target.id, nonxlist_course_id=home))
