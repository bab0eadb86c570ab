"""What a batch mode import deletes: everything from earlier imports into its term that it does not contain.

Source: canvas-lms app/models/sis_batch.rb, remove_previous_imports.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules.sis.work import Work


class TooMuch(Exception):
    """More than the threshold would be deleted, or there is no term."""


def clean(work: Work) -> dict[str, int]:
    """Delete it. Returns the counts. Raises TooMuch."""
    supplied = set(work.batch.data.get("supplied_batches", ())) & {"course", "section", "enrollment"}
    terms = _terms(work)
    if not supplied or not terms:
        return {}
    doomed: dict[str, list[Any]] = {}
    if "course" in supplied:
        doomed["courses"] = _to_delete(work, "courses", _courses(work, terms))
    if "section" in supplied:
        doomed["sections"] = _to_delete(work, "sections", _sections(work, terms))
    if "enrollment" in supplied:
        doomed["enrollments"] = _to_delete(work, "enrollments", _enrollments(work, terms))
    counts: dict[str, int] = {}
    drop = work.batch.options.get("batch_mode_enrollment_drop_status") or "deleted"
    for name in ("enrollments", "sections", "courses"):
        for record in doomed.get(name, ()):
            _end(work, record, drop if name == "enrollments" else "deleted")
        if name in doomed:
            counts[f"batch_{name}_deleted"] = len(doomed[name])
    return counts


def _terms(work: Work) -> set[int]:
    if work.batch.batch_mode_term_id is not None:
        return {work.batch.batch_mode_term_id}
    terms = work.store.enrollment_terms.find("root", work.batch.account_id)
    found = {term.id for term in terms if term.sis_batch_id == work.batch.id}
    if not found:
        raise TooMuch("Terms not found. Terms must be included with multi_term_batch_mode")
    return found


def _to_delete(work: Work, name: str, rows: list[Any]) -> list[Any]:
    found = [row for row in rows if row.sis_batch_id != work.batch.id]
    most = work.batch.change_threshold
    if most is not None and rows and len(found) / len(rows) * 100 > most:
        raise TooMuch(f"{len(found)} {name} would be deleted and exceeds the set threshold of {most}%")
    return found


def _courses(work: Work, terms: set[int]) -> list[Course]:
    rows = (row for row in work.store.courses if row.enrollment_term_id in terms and row.workflow_state != "deleted")
    return [course for course in rows if course.sis_batch_id is not None and course.sis_course_id]


def _is_in_terms(work: Work, course_id: int, terms: set[int]) -> bool:
    course = work.store.courses.get(course_id)
    return course is not None and course.enrollment_term_id in terms


def _sections(work: Work, terms: set[int]) -> list[Any]:
    rows = [row for row in work.store.course_sections if row.workflow_state == "active" and row.sis_section_id]
    rows = [section for section in rows if section.sis_batch_id is not None]
    return [section for section in rows if _is_in_terms(work, section.nonxlist_course_id or section.course_id, terms)]


def _enrollments(work: Work, terms: set[int]) -> list[Any]:
    drop = work.batch.options.get("batch_mode_enrollment_drop_status")
    rows = [enrollment for enrollment in work.store.enrollments if enrollment.workflow_state not in ("deleted", drop)]
    rows = [row for row in rows if row.sis_batch_id is not None and row.type != "StudentViewEnrollment"]
    return [enrollment for enrollment in rows if _is_in_terms(work, enrollment.course_id, terms)]


def _end(work: Work, record: Any, state: str) -> None:
    now = work.api.now
    kind = type(record).__name__
    if kind == "Enrollment":
        work.change(record, state, batch_mode=True, updated_at=now)
        return
    index = "course" if kind == "Course" else "section"
    for enrollment in list(work.store.enrollments.find(index, record.id)):
        work.change(enrollment, "deleted", batch_mode=True, updated_at=now)
    changes = {"updated_at": now} if kind == "Course" else {}
    work.change(record, "deleted", batch_mode=True, **changes)
