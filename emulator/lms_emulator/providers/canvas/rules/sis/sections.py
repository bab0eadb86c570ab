"""Sections and cross-listings in SIS imports.

Source: canvas-lms lib/sis/section_importer.rb and xlist_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.model import Course, CourseSection
from lms_emulator.providers.canvas.rules import course_events, sections
from lms_emulator.providers.canvas.rules.sis import courses
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work, too_long

Fields = dict[str, Any]


def section(work: Work, row: Row) -> bool:
    """A row of sections."""
    sis_id, course_id, name = row.get("section_id"), row.get("course_id"), row.get("name")
    start, end = work.dates(row, f"section {sis_id}")
    _require_complete(row)
    deleted = row.matches("status", "deleted")
    if work.skips_deletes and deleted:
        return False
    home = courses.with_id(work, course_id)
    if home is None:
        raise ImportFault(f"Section {sis_id} references course {course_id} which doesn't exist")
    known = with_id(work, sis_id)
    if known is None and not name:
        raise ImportFault(f"No name given for section {sis_id} in course {course_id}")
    stuck = work.stuck(known)
    base = known or CourseSection(
        id=work.api.new_id("course_sections"), course_id=home.id, name=name, created_at=work.api.now
    )
    if known is not None:
        base = _moved_back(work, known, home, stuck, active=not deleted)
    fields: Fields = {"sis_section_id": sis_id, "integration_id": row.get("integration_id") or None}
    fields["workflow_state"] = "deleted" if deleted else "active"
    if name and "name" not in stuck:
        fields["name"] = name
    if not {"start_at", "end_at"} & set(stuck):
        fields |= {"start_at": start, "end_at": end}
    if "restrict_enrollments_to_section_dates" not in stuck:
        fields["restrict_enrollments_to_section_dates"] = bool(fields.get("start_at") or fields.get("end_at"))
    changed = replace(base, **fields)
    _require_valid(work, row, known, changed)
    made = work.keep(changed, known)
    for enrollment in list(work.store.enrollments.find("section", made.id)) if deleted else []:
        work.change(enrollment, "deleted", updated_at=work.api.now)
    return True


def _require_complete(row: Row) -> None:
    """Raises the fault of a row that lacks what every row has to have."""
    sis_id, course_id = row.get("section_id"), row.get("course_id")
    if not sis_id:
        raise ImportFault(f"No section_id given for a section in course {course_id}")
    if not course_id:
        raise ImportFault(f"No course_id given for a section {sis_id}")
    if not row.get("name") and row.matches("status", "active"):
        raise ImportFault(f"No name given for section {sis_id} in course {course_id}")
    if not row.matches("status", "active|deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for section {sis_id} in course {course_id}')


def _require_valid(work: Work, row: Row, known: CourseSection | None, section: CourseSection) -> None:
    """What canvas-lms app/models/course_section.rb finds wrong with an imported section."""
    wanted = section.integration_id
    taken = work.store.course_sections.find("integration_id", wanted) if wanted else ()
    other = work.own((item for item in taken if item.id != section.id), lambda value: _account_of(work, value))
    if other is not None and (known is None or known.integration_id != wanted):
        said = [f'Integration INTEGRATRION ID "{wanted}" is already in use']
    else:
        said = too_long(**{"Sis source": section.sis_section_id, "Name": section.name})
        if section.start_at is not None and section.end_at is not None and section.end_at < section.start_at:
            said.append("End at End date cannot be before start date")
    if said:
        of = f"section: {row.get('section_id')} / {row.get('name')}, course: {row.get('course_id')}"
        raise ImportFault(f"A section did not pass validation ({of}, error: {', '.join(said)})")


def with_id(work: Work, sis_id: str) -> CourseSection | None:
    found = work.store.course_sections.find("sis_section_id", sis_id)
    return work.own(found, lambda value: _account_of(work, value))


def _account_of(work: Work, section: CourseSection) -> int:
    home = work.store.courses.get(section.course_id)
    assert home is not None, "the world file's references are checked when it is loaded"
    return home.account_id


def _moved_back(work: Work, known: CourseSection, home: Course, stuck: Any, *, active: bool) -> CourseSection:
    if known.course_id == home.id:
        return known
    if known.nonxlist_course_id is not None:
        now = work.store.courses.get(known.course_id)
        deleted = active and now is not None and now.workflow_state == "deleted"
        if not deleted and (known.nonxlist_course_id == home.id or "course_id" in stuck):
            return known
    elif "course_id" in stuck:
        return known
    return sections.moved(work.api, known, home, None)


def xlist(work: Work, row: Row) -> bool:
    """A row of cross-listings."""
    named, sis_id, status = row.get("xlist_course_id"), row.get("section_id"), row.get("status").lower()
    if not named:
        raise ImportFault("No xlist_course_id given for a cross-listing")
    if not sis_id:
        raise ImportFault("No section_id given for a cross-listing")
    if status not in ("active", "deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for a cross-listing')
    if work.skips_deletes and status == "deleted":
        return False
    known = with_id(work, sis_id)
    if known is None:
        raise ImportFault(f"A cross-listing referenced a non-existent section {sis_id}")
    target = courses.with_id(work, named)
    if target is None and status == "active":
        target = _for_crosslisting(work, known, named)
    if "course_id" in work.stuck(known):
        return False
    if status == "deleted":
        home = work.store.courses.get(known.nonxlist_course_id or 0)
        if home is not None and (target is None or known.course_id == target.id):
            sections.moved(work.api, known, home, None)
        return True
    assert target is not None
    if target.workflow_state == "deleted":
        target = work.keep(replace(target, workflow_state="unpublished"), target)
    if known.course_id != target.id:
        home_id = known.nonxlist_course_id or known.course_id
        sections.moved(work.api, known, target, home_id if home_id != target.id else None)
    return True


def _for_crosslisting(work: Work, known: CourseSection, named: str) -> Course:
    """A copy of the section's course, for a cross-listing into an unknown one."""
    home = work.store.courses.get(known.course_id)
    assert home is not None, "the world file's references are checked when it is loaded"
    made = Course(
        id=work.api.new_id("courses"),
        name=home.name,
        course_code=home.course_code,
        account_id=home.account_id,
        enrollment_term_id=home.enrollment_term_id,
        start_at=home.start_at,
        end_at=home.end_at,
        restrict_enrollments_to_course_dates=home.restrict_enrollments_to_course_dates,
        uuid=work.api.new_uuid(),
        sis_course_id=named,
        sis_batch_id=work.batch.id,
        workflow_state="unpublished",
        created_at=work.api.now,
    )
    course_events.first_group(work.api, made)
    return work.store.courses.put(made)
