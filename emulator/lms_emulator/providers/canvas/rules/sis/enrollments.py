"""Enrollments in SIS imports.

Source: canvas-lms lib/sis/enrollment_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas.model import (
    Course,
    CourseSection,
    Enrollment,
    EnrollmentType,
    Pseudonym,
    Role,
    User,
)
from lms_emulator.providers.canvas.rules import enrolled, enrolling, roles
from lms_emulator.providers.canvas.rules.sis import courses, sections
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work

KINDS = {
    "teacher": "TeacherEnrollment",
    "ta": "TaEnrollment",
    "observer": "ObserverEnrollment",
    "designer": "DesignerEnrollment",
}
TRUE = ("true", "t", "yes", "y", "1", "on")


def enrollment(work: Work, row: Row) -> bool:
    """A row of enrollments."""
    named = f"{row.get('user_id')} in {row.get('course_id') or row.get('section_id')}"
    start, end = (work.moment(row, one, f"user {named}") for one in ("start_date", "end_date"))
    if not row.get("course_id") and not row.get("section_id"):
        raise ImportFault("No course_id or section_id given for an enrollment")
    if not row.get("user_id") and not row.get("user_integration_id"):
        raise ImportFault("No user_id given for an enrollment")
    if not row.matches("status", "active|deleted|completed|inactive"):
        raise ImportFault(f'Improper status "{row.get("status")}" for an enrollment')
    if work.skips_deletes and row.matches("status", ".*deleted"):
        return False
    login = _login(work, row)
    course, section = _place(work, row)
    role = _role(work, row, course)
    user = work.store.users.get(login.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    observed = _observed(work, row, role)
    known = _known(work, user, section, role, observed)
    state = _state(work, row, user, login, known)
    base = known or Enrollment(
        **work.api.new_row("enrollments"),
        course_id=course.id,
        user_id=user.id,
        type=convert(role.base_role_type, EnrollmentType),
        course_section_id=section.id,
        role_id=role.id,
        associated_user_id=observed,
        uuid=work.api.new_uuid(),
    )
    fields: dict[str, Any] = {"workflow_state": state}
    if limited := row.get("limit_section_privileges"):
        fields["limit_privileges_to_course_section"] = limited.lower() in TRUE
    if not {"start_at", "end_at"} & set(work.stuck(known)):
        fields |= {"start_at": start, "end_at": end}
    if state == "completed" and base.completed_at is None:
        fields["completed_at"] = work.api.now
    changed = replace(base, **fields)
    if known is not None and changed != known:
        changed = replace(changed, updated_at=work.api.now)
    kept = work.keep(changed, known)
    if kept != known:
        enrolled.changed(work.api, kept, known)
    return True


def _login(work: Work, row: Row) -> Pseudonym:
    if wanted := row.get("user_integration_id"):
        rows = work.store.pseudonyms.find("integration_id", wanted)
        found = next((one for one in rows if one.account_id == work.batch.account_id), None)
    else:
        found = work.login(row.get("user_id"))
    if found is None:
        raise ImportFault(
            f"User not found for enrollment (User ID: {row.get('user_id')}, Course ID: {row.get('course_id')}, "
            f"Section ID: {row.get('section_id')})"
        )
    return found


def _place(work: Work, row: Row) -> tuple[Course, CourseSection]:
    course_id, section_id = row.get("course_id"), row.get("section_id")
    course = courses.with_id(work, course_id) if course_id else None
    section = sections.with_id(work, section_id) if section_id else None
    if course is None and section is None:
        raise ImportFault(
            f"Neither course nor section existed for user enrollment (Course ID: {course_id}, "
            f"Section ID: {section_id}, User ID: {row.get('user_id')})"
        )
    if section_id and section is None:
        raise ImportFault(f"An enrollment referenced a non-existent section {section_id}")
    if course_id and course is None:
        raise ImportFault(f"An enrollment referenced a non-existent course {course_id}")
    if section is None and course is not None:
        section = _default_section(work, course)
    assert section is not None
    if course is None or (course.id != section.course_id and section.nonxlist_course_id == course.id):
        course = work.store.courses.get(section.course_id)
    assert course is not None, "the world file's references are checked when it is loaded"
    if course.id != section.course_id:
        raise ImportFault(
            f"An enrollment listed a section ({section_id}) and a course ({course_id}) that are unrelated for user "
            f"({row.get('user_id')})"
        )
    return course, section


def _default_section(work: Work, course: Course) -> CourseSection:
    """The section for people who are put into none: one that no import has named."""
    rows = [s for s in work.store.course_sections.find("course", course.id) if s.workflow_state == "active"]
    known = next((one for one in rows if one.default_section), None)
    if known is not None:
        return known
    away = [s for s in work.store.course_sections if s.nonxlist_course_id == course.id and s.default_section]
    if away:
        return away[0]
    return enrolling.new_default_section(work.api, course)


def _role(work: Work, row: Row, course: Course) -> Role:
    account = work.store.accounts.get(course.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    found = [one for one in roles.roles_of(work.store, account) if one.base_role_type in enrolling.KINDS]
    named = row.get("role")
    role = next((one for one in found if str(one.id) == row.get("role_id")), None)
    role = role or next((one for one in found if one.name == named and one.workflow_state != "inactive"), None)
    if role is None:
        kind = "StudentEnrollment" if named.lower().startswith("student") else KINDS.get(named.lower())
        if kind is None:
            raise ImportFault(f'Improper role "{named}" for an enrollment')
        role = roles.built_in(work.api, course, kind)
    if course.blueprint and role.base_role_type in ("StudentEnrollment", "ObserverEnrollment"):
        kind = role.base_role_type.removesuffix("Enrollment")
        raise ImportFault(
            f'{kind} enrollment for "{row.get("user_id")}" not allowed in blueprint course "{course.sis_course_id}"'
        )
    return role


def _observed(work: Work, row: Row, role: Role) -> int | None:
    named = row.get("associated_user_id")
    if not named or role.base_role_type != "ObserverEnrollment":
        return None
    login = work.login(named)
    if login is None:
        raise ImportFault(f"An enrollment referenced a non-existent associated user {named}")
    return login.user_id


def _known(work: Work, user: User, section: CourseSection, role: Role, observed: int | None) -> Enrollment | None:
    rows = (one for one in work.store.enrollments.find("user", user.id) if one.course_section_id == section.id)
    return next((one for one in rows if one.role_id == role.id and one.associated_user_id == observed), None)


def _state(work: Work, row: Row, user: User, login: Pseudonym, known: Enrollment | None) -> Any:
    status = row.get("status").lower()
    if status.startswith("active"):
        fault = None
        if user.workflow_state == "deleted":
            fault = f"Attempted enrolling of deleted user {row.get('user_id')} in course {row.get('course_id')}"
        elif login.workflow_state == "deleted":
            fault = f"Attempted enrolling with deleted sis login {login.unique_id} in course {row.get('course_id')}"
        if fault is not None:
            raise ImportFault(fault)
        return "active"
    if status == "deleted_last_completed":
        rows = work.store.enrollments.find("user", user.id)
        course_id = known.course_id if known is not None else None
        others = [e for e in rows if e.course_id == course_id and e.workflow_state == "active"]
        return "deleted" if any(e.id != getattr(known, "id", None) for e in others) else "completed"
    return next(state for state in ("deleted", "completed", "inactive") if status.startswith(state))
