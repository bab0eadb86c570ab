"""Who an assignment is for, with which dates, and when it is locked.

Source: canvas-lms lib/assignment_override_applicator.rb and app/models/assignment_student_visibility.rb (2023-06), and
the recorded exchanges of `grading-assignments` and `grading-rubrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, tzinfo
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone, later
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride, Course, Enrollment, User
from lms_emulator.providers.canvas.rules import courses, states
from lms_emulator.providers.canvas.rules.permissions import ASSIGNMENTS
from lms_emulator.signing import jwt

DATES = ("due_at", "unlock_at", "lock_at")
GONE = ("deleted", "rejected")
GRADERS = ("manage_grades", "view_all_grades")


def of_course(api: Api, course: Course) -> list[Assignment]:
    """The undeleted assignments of a course, by group, position and id."""
    places = {group.id: group.position for group in api.store.assignment_groups.find("course", course.id)}
    found = [a for a in api.store.assignments.find("course", course.id) if a.workflow_state != "deleted"]
    return sorted(found, key=lambda a: (places.get(a.assignment_group_id, 0), a.position, a.id))


def find(api: Api, course: Course, reference: str) -> Assignment:
    """An assignment of the course. Raises the refusal `not_found`."""
    found: Assignment = identifiers.named(
        api, "assignments", reference, "the assignment in the course", course_id=course.id
    )
    return found


def manages(api: Api, course: Course) -> bool:
    """Whether the caller may change assignments of the course."""
    return courses.may(api, api.caller, course, "manage_assignments_edit")


def may_change(api: Api, course: Course, assignment: Assignment) -> bool:
    """Whether the caller may change the assignment; with a final grader, only those who select final grades may."""
    free = not assignment.moderated_grading or assignment.final_grader_id is None
    return manages(api, course) and (free or courses.may(api, api.caller, course, "select_final_grade"))


def grades(api: Api, course: Course) -> bool:
    """Whether the caller can see everybody's grades in the course."""
    return courses.may(api, api.caller, course, *GRADERS)


def visible(api: Api, course: Course, assignment: Assignment) -> bool:
    """Whether the caller may see the assignment."""
    if not courses.may(api, api.caller, course, "read", "read_as_admin"):
        return False
    if courses.may(api, api.caller, course, *ASSIGNMENTS, "read_as_admin", *GRADERS):
        return True
    if not assignment.published:
        return False
    if not assignment.only_visible_to_overrides or api.caller is None:
        return True
    return any(assigned(api, assignment, user_id) for user_id in seen_for(api, course, api.caller))


def seen_for(api: Api, course: Course, user: User) -> list[int]:
    """The students from whose view a user sees a course: themselves, or those they observe."""
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    watched = [e.associated_user_id for e in rows if e.type == "ObserverEnrollment" and e.workflow_state not in GONE]
    return [value for value in watched if value is not None] or [user.id]


def students(api: Api, course_id: int) -> list[Enrollment]:
    """The student enrollments of a course, including concluded and inactive ones."""
    return [e for e in api.store.enrollments.find("course", course_id) if _works(e)]


def student(api: Api, course_id: int, user_id: int) -> list[Enrollment]:
    """Those of one person."""
    return [e for e in api.store.enrollments.find("whose", (course_id, user_id)) if _works(e)]


def _works(enrollment: Enrollment) -> bool:
    return enrollment.type in states.STUDENTS and enrollment.workflow_state not in GONE


def overrides(api: Api, assignment: Assignment) -> list[AssignmentOverride]:
    """The assignment's overrides, sections and groups first."""
    return overrides_of(api, assignment.id)


def overrides_of(api: Api, assignment_id: int) -> list[AssignmentOverride]:
    """The overrides of an assignment, by its id."""
    found = api.store.assignment_overrides.find("assignment", assignment_id)
    living = [o for o in found if o.workflow_state == "active"]
    return sorted(living, key=lambda o: (o.set_type == "ADHOC", o.id))


def overrides_for(api: Api, assignment: Assignment, user_id: int) -> list[AssignmentOverride]:
    """The overrides that apply to a student."""
    found = overrides(api, assignment)
    if not found:
        return []
    rows = api.store.enrollments.find("whose", (assignment.course_id, user_id))
    sections = {e.course_section_id for e in rows if e.workflow_state not in GONE}
    groups = groups_of(api, user_id)
    return [
        o
        for o in found
        if user_id in o.student_ids
        or (o.set_type == "CourseSection" and o.set_id in sections)
        or (o.set_type == "Group" and o.set_id in groups)
    ]


def groups_of(api: Api, user_id: int) -> set[int]:
    """The groups that a user is in."""
    rows = api.store.group_memberships.find("user", user_id)
    return {membership.group_id for membership in rows if membership.workflow_state == "accepted"}


def category_of(api: Api, course: Course, reference: str | None) -> int | None:
    """The referenced group category, if it belongs to the course."""
    found = identifiers.find(api, "group_categories", reference) if reference else None
    if found is None or found.workflow_state == "deleted":
        return None
    known: int = found.id
    return known if (found.context_type, found.context_id) == ("Course", course.id) else None


def group_of_category(api: Api, assignment: Assignment, reference: str) -> Any:
    """A group of the assignment's group category, or None."""
    found = identifiers.find(api, "groups", reference)
    deleted = found is None or found.workflow_state == "deleted"
    return None if deleted or found.group_category_id != assignment.group_category_id else found


def assigned(api: Api, assignment: Assignment, user_id: int) -> bool:
    """Whether the assignment is for that student."""
    return not assignment.only_visible_to_overrides or bool(overrides_for(api, assignment, user_id))


def sections_seen(api: Api, course: Course) -> set[int] | None:
    """The sections that the caller is limited to; None for those who see all."""
    if api.caller is None or courses.may(api, api.caller, course, "manage_courses_admin"):
        return None
    rows = [e for e, state in courses.enrollments_of(api, api.caller, course) if state.name in states.CURRENT]
    limited = {e.course_section_id for e in rows if e.limit_privileges_to_course_section}
    return limited if rows and len(limited) == len({e.course_section_id for e in rows}) else None


def overrides_seen(api: Api, course: Course, assignment: Assignment) -> list[AssignmentOverride]:
    """The overrides that the caller may see: their own, or for staff those of their sections."""
    if not courses.may(api, api.caller, course, *ASSIGNMENTS, "read_as_admin", *GRADERS):
        people = seen_for(api, course, api.user) if api.caller is not None else []
        every = {o.id: o for user_id in people for o in overrides_for(api, assignment, user_id)}
        return [o for o in overrides(api, assignment) if o.id in every]
    limited = sections_seen(api, course)
    found = overrides(api, assignment)
    if limited is None:
        return found
    mine = {e.user_id for e in students(api, course.id) if e.course_section_id in limited}
    return [
        o
        for o in found
        if (o.set_type == "CourseSection" and o.set_id in limited)
        or (o.set_type == "ADHOC" and not mine.isdisjoint(o.student_ids))
        or o.set_type in ("Group", "Noop")
    ]


def dated(api: Api, course: Course, assignment: Assignment) -> Assignment:
    """The assignment with the dates that apply to the caller; staff get the most lenient ones."""
    found = with_overrides(assignment, overrides_seen(api, course, assignment))
    due = assignment.due_at
    if courses.may(api, api.caller, course, "read_as_admin") and found.due_at and (due is None or due > found.due_at):
        return replace(found, due_at=due)
    return found


def dated_for(api: Api, assignment: Assignment, user_id: int) -> Assignment:
    """The assignment with the dates that apply to a student."""
    return with_overrides(assignment, overrides_for(api, assignment, user_id))


def with_overrides(assignment: Assignment, found: Iterable[AssignmentOverride]) -> Assignment:
    """The assignment with the most lenient dates of these overrides; those for individual students take precedence."""
    every = list(found)
    if not every:
        return assignment
    changes: dict[str, Any] = {}
    for name in DATES:
        setting = [o for o in every if name in o.dates]
        dates = [o.dates[name] for o in setting if o.set_type == "ADHOC"] or [o.dates[name] for o in setting]
        if dates:
            picked: Callable[[Iterable[Any]], Any] = min if name == "unlock_at" else max
            changes[name] = None if None in dates else picked(dates)
    return replace(assignment, **changes) if changes else assignment


def end_of_day(moment: datetime | None, zone: tzinfo) -> datetime | None:
    """A due date of midnight means the end of that day."""
    if moment is None or in_zone(moment, zone).time() != time():
        return moment
    return later(moment, 86_399)


def shut(api: Api, assignment: Assignment) -> str | None:
    """Why a student cannot work on it now: `unlock_at`, `lock_at`, or None."""
    if assignment.unlock_at is not None and api.now < assignment.unlock_at:
        return "unlock_at"
    if assignment.lock_at is not None and api.now > assignment.lock_at:
        return "lock_at"
    return None


def posts_manually(record: Assignment, course: Course) -> bool:
    """Whether grades stay hidden until they are posted, as they always do for anonymous work."""
    own = record.post_manually
    if record.anonymous_grading:
        return True
    return bool(course.settings.get("post_manually")) if own is None else own


def secure_params(api: Api, record: Assignment) -> str:
    """What an editor for assignments gives to tools, sealed."""
    claims = {"lti_assignment_id": record.lti_context_id, "lti_assignment_description": record.description}
    return jwt.sign(claims, _seal(api), algorithm="HS256")


def opened_params(api: Api, sealed: str | None) -> dict[str, Any]:
    """What an editor for assignments sealed; nothing, with a warning, where it is not what the editor was given."""
    if not sealed:
        return {}
    if not jwt.is_signed(sealed, _seal(api), "HS256"):
        api.call.warn("secure_params_unread", "`secure_params` is not what an assignment of this school said")
        return {}
    return dict(jwt.read(sealed).claims)


def _seal(api: Api) -> str:
    return f"secure_params of {api.root.uuid or api.root.id}"
