"""Sections: who sees them, and moving them between courses.

Source: canvas-lms app/models/course_section.rb, and sections_visible_to and enrollment_visibility_level_for of
app/models/course.rb (2024-04).
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, CourseSection
from lms_emulator.providers.canvas.rules import courses, menu, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, role_allows

READERS = ("manage_sections_add", "manage_sections_edit", "manage_sections_delete", "manage_students")
TRUSTED = ("read_as_admin", "view_all_grades", "manage_grades", "manage_students", "allow_course_admin_actions")
LEARNING = (*states.STUDENTS, "ObserverEnrollment")


def reads(api: Api, section: CourseSection, course: Course) -> bool:
    """Whether the caller may read a section."""
    account = api.store.accounts.get(course.account_id)
    if courses.may(api, api.caller, course, *READERS, "allow_course_admin_actions"):
        return True
    if account is not None and account_allows(api, api.caller, account, "read_roster"):
        return True
    seen = visible(api, course)
    return seen is None or section.id in seen


def visible(api: Api, course: Course) -> set[int] | None:
    """The sections of a course that the caller sees; None for all."""
    rows = api.store.enrollments.find("whose", (course.id, api.caller.id)) if api.caller is not None else []
    own = [e for e in rows if e.workflow_state != "deleted"]
    limited = bool(own) and all(e.limit_privileges_to_course_section for e in own)
    trusted = courses.may(api, api.caller, course, *TRUSTED)
    shut = not trusted and not courses.may(api, api.caller, course, "read_roster")
    learns = bool(own) and all(e.type in LEARNING for e in own)
    return {e.course_section_id for e in own} if shut or learns or (limited and trusted) else None


def manages_calendar(api: Api, section: CourseSection, course: Course) -> bool:
    """Whether the caller manages the calendar of a section; a role only in another section is not enough."""
    account = api.store.accounts.get(course.account_id)
    if account is None or api.caller is None:
        return False
    own = [e for e, state in courses.enrollments_of(api, api.caller, course) if state.name == "active"]
    covering = [e for e in own if not e.limit_privileges_to_course_section or e.course_section_id == section.id]
    roles = [role for e in covering if (role := api.store.roles.get(e.role_id)) is not None]
    granted = any(role_allows(api, account, role, "manage_calendar") for role in roles)
    return granted or account_allows(api, api.caller, account, "manage_calendar")


def touch(api: Api, section: CourseSection) -> None:
    """Note in the enrollments of a section that they were updated."""
    for enrollment in list(api.store.enrollments.find("section", section.id)):
        if enrollment.workflow_state != "deleted":
            api.store.enrollments.put(replace(enrollment, updated_at=api.now))


def moved(api: Api, section: CourseSection, target: Course, home: int | None) -> CourseSection:
    """Move a section, with its enrollments, into another course, unless it is there already.

    Parameters: `home`, the course that a cross-listed one belongs to.
    """
    if section.course_id == target.id:
        return section
    for enrollment in api.store.enrollments.find("section", section.id):
        living = enrollment.workflow_state != "deleted"
        updated_at = api.now if living else enrollment.updated_at
        api.store.enrollments.put(replace(enrollment, course_id=target.id, updated_at=updated_at))
        user = api.store.users.get(enrollment.user_id)
        if enrollment.workflow_state == "active" and user is not None:
            menu.add(api, user, target.id)
    end_other_dates(api, section)
    for topic in list(api.store.discussion_topics.find("context", ("Course", section.course_id))):
        if section.id in topic.section_ids:
            others = [number for number in topic.section_ids if number != section.id]
            api.store.discussion_topics.put(replace(topic, section_ids=others))
    for course_id in (section.course_id, target.id):
        for base in api.store.assignments.find("course", course_id):
            api.store.assignments.put(replace(base, updated_at=api.now))
    alone = all(row.workflow_state != "active" for row in api.store.course_sections.find("course", target.id))
    changes = {"course_id": target.id, "nonxlist_course_id": home, "default_section": alone}
    return api.store.course_sections.put(replace(section, **changes))


def end_other_dates(api: Api, section: CourseSection) -> None:
    """Delete the assignment overrides of a section."""
    for base in api.store.assignments.find("course", section.course_id):
        for override in api.store.assignment_overrides.find("assignment", base.id):
            if (override.set_type, override.set_id) == ("CourseSection", section.id):
                api.store.assignment_overrides.put(replace(override, workflow_state="deleted"))
