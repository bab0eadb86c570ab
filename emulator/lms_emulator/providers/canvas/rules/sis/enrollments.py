"""Enrollments in SIS imports.

Source: canvas-lms lib/sis/enrollment_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas.call.params import as_flag, as_whole
from lms_emulator.providers.canvas.model import (
    Course,
    CourseSection,
    Enrollment,
    EnrollmentType,
    Pseudonym,
    Role,
    User,
)
from lms_emulator.providers.canvas.rules import enrolled, enrolling, people, roles
from lms_emulator.providers.canvas.rules.sis import courses, sections
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work, inspected

KINDS = {
    "teacher": "TeacherEnrollment",
    "ta": "TaEnrollment",
    "observer": "ObserverEnrollment",
    "designer": "DesignerEnrollment",
}


def enrollment(work: Work, row: Row) -> bool:
    """A row of enrollments."""
    place = f"course {row.get('course_id')}" if row.get("course_id") else f"section {row.get('section_id')}"
    start, end = work.dates(row, f"user {row.get('user_id')} in {place}")
    if not row.get("course_id") and not row.get("section_id"):
        raise ImportFault("No course_id or section_id given for an enrollment")
    if not row.get("user_id") and not row.get("user_integration_id"):
        raise ImportFault("No user_id given for an enrollment")
    if not row.matches("status", "active|deleted|completed|inactive"):
        raise ImportFault(f'Improper status "{row.get("status")}" for an enrollment')
    if work.skips_deletes and row.matches("status", ".*deleted"):
        return False
    try:
        return _enrolled(work, row, start, end)
    except ImportFault as fault:
        raise ImportFault(str(fault), _read(row, start, end), late=True) from None


def published(work: Work, row: Row) -> bool:
    """A row of results of publishing grades, which Canvas shows on pages only.

    Source: canvas-lms lib/sis/grade_publishing_results_importer.rb.
    """
    named, status = row.get("enrollment_id"), row.get("grade_publishing_status")
    if not named:
        raise ImportFault("No enrollment_id given")
    if not status:
        raise ImportFault(f"No grade_publishing_status given for enrollment {named}")
    if status.lower() not in ("published", "error"):
        raise ImportFault(f'Improper grade_publishing_status "{status}" for enrollment {named}')
    found = work.store.enrollments.get(as_whole(named) or 0)
    if found is None:
        raise ImportFault(f"Enrollment {named} doesn't exist")
    work.store.enrollments.put(replace(found, updated_at=work.api.now))
    return True


def _read(row: Row, start: datetime | None, end: datetime | None) -> str:
    """A row as Canvas has read it (canvas-lms lib/sis/models/enrollment.rb, row_info)."""
    names = ("course_id", "section_id", "user_id", "user_integration_id", "role", "status", "associated_user_id")
    found: dict[str, str | bool | None] = {name: row.cells.get(name) for name in names}
    found["root_account_id"] = row.cells.get("root_account")
    found |= {name: row.cells.get(name) for name in ("role_id", "limit_section_privileges", "notify")}
    text = inspected(**found)[:-2]
    for name, moment in (("start_date", start), ("end_date", end)):
        shown = f"{moment:%a, %d %b %Y %H:%M:%S}.000000000 UTC +00:00" if moment is not None else "nil"
        text += f", :{name}=>{shown}"
    return text + "}]"


def _enrolled(work: Work, row: Row, start: datetime | None, end: datetime | None) -> bool:
    login = _login(work, row)
    course, section = _place(work, row)
    role = _role(work, row, course)
    user = work.store.users.get(login.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    observed = _observed(work, row, role)
    known = _known(work, user, section, role, observed)
    state, said = _state(work, row, user, login, known, course, role)
    if said is not None:
        work.say(said, row, shown=_read(row, start, end), late=True)
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
        fields["limit_privileges_to_course_section"] = as_flag(limited)
    if not {"start_at", "end_at"} & set(work.stuck(known)):
        fields |= {"start_at": start, "end_at": end}
    if state == "completed":
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
        found = next((login for login in rows if login.account_id == work.batch.account_id), None)
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
    known = next((section for section in rows if section.default_section), None)
    if known is not None:
        return known
    away = [s for s in work.store.course_sections if s.nonxlist_course_id == course.id and s.default_section]
    if away:
        return away[0]
    return enrolling.new_default_section(work.api, course)


def _role(work: Work, row: Row, course: Course) -> Role:
    account = work.store.accounts.get(course.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    found = [role for role in roles.roles_of(work.store, account) if role.base_role_type in enrolling.KINDS]
    named = row.get("role")
    found = [role for role in found if role.workflow_state != "inactive"]
    role = next((role for role in found if str(role.id) == row.get("role_id")), None)
    role = role or next((role for role in found if role.name == named), None)
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
    rows = (
        enrollment
        for enrollment in work.store.enrollments.find("user", user.id)
        if enrollment.course_section_id == section.id
    )
    return next((row for row in rows if row.role_id == role.id and row.associated_user_id == observed), None)


def _state(
    work: Work, row: Row, user: User, login: Pseudonym, known: Enrollment | None, course: Course, role: Role
) -> tuple[Any, str | None]:
    """The new state of an enrollment, and what is said about it. Raises ImportFault if the row is skipped."""
    of_nobody = f"Attempted enrolling of deleted user {row.get('user_id')} in course {row.get('course_id')}"
    if known is not None and known.workflow_state == "deleted":
        if user.workflow_state == "deleted":
            raise ImportFault(of_nobody)
        if login.workflow_state == "deleted":
            said = f"Attempted enrolling with deleted sis login {login.unique_id} in course {row.get('course_id')}"
            raise ImportFault(said)
    status = row.get("status").lower()
    if status.startswith("active"):
        if user.workflow_state != "deleted" and login.workflow_state != "deleted":
            return "active", None
        others = (pseudonym for pseudonym in people.logins_of(work.store, user) if pseudonym.id != login.id)
        if user.workflow_state != "deleted" and any(item.account_id == work.batch.account_id for item in others):
            named = f"Enrolled a user {row.get('user_id')} in course {row.get('course_id')}"
            return "active", f"{named}, but referenced a deleted sis login"
        return "deleted", of_nobody
    if status.startswith("deleted_last_completed"):
        rows = work.store.enrollments.find("user", user.id)
        observed = known.associated_user_id if known is not None else None
        alike = [
            enrollment
            for enrollment in rows
            if enrollment.course_id == course.id and enrollment.workflow_state != "deleted"
        ]
        alike = [
            enrollment
            for enrollment in alike
            if enrollment.role_id == role.id and enrollment.associated_user_id == observed
        ]
        return (
            "deleted" if any(known is None or enrollment.id != known.id for enrollment in alike) else "completed"
        ), None
    return next(state for state in ("deleted", "completed", "inactive") if status.startswith(state)), None
