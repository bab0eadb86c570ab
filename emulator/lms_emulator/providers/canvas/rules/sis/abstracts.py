"""Abstract courses in SIS imports.

Source: canvas-lms lib/sis/abstract_course_importer.rb.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.model import AbstractCourse
from lms_emulator.providers.canvas.model.shorthand import DEFAULT_TERM
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work


def course(work: Work, row: Row) -> bool:
    """A row of abstract courses."""
    sis_id = row.get("abstract_course_id")
    if not sis_id:
        raise ImportFault("No abstract_course_id given for an abstract course")
    for name in ("short_name", "long_name"):
        if not row.get(name):
            raise ImportFault(f"No {name} given for abstract course {sis_id}")
    if not row.matches("status", "active|deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for abstract course {sis_id}')
    deleted = row.matches("status", "deleted")
    if work.skips_deletes and deleted:
        return False
    known = with_id(work, sis_id)
    stuck = work.stuck(known)
    named = (work.account(row.get(name)) for name in ("account_id", "fallback_account_id") if row.get(name))
    place = next((account.id for account in named if account is not None), None)
    base = known or AbstractCourse(
        id=work.api.new_id("abstract_courses"),
        account_id=work.batch.account_id,
        enrollment_term_id=0,
        name=row.get("long_name"),
        short_name=row.get("short_name"),
        sis_source_id=sis_id,
        created_at=work.api.now,
    )
    fields: dict[str, Any] = {"name": row.get("long_name"), "short_name": row.get("short_name")}
    fields["enrollment_term_id"] = _term(work, row.get("term_id"))
    fields = {name: value for name, value in fields.items() if name not in stuck}
    fields["workflow_state"] = "deleted" if deleted else "active"
    if place is not None:
        fields["account_id"] = place
    work.keep(replace(base, **fields), known)
    return True


def with_id(work: Work, sis_id: str) -> AbstractCourse | None:
    """The abstract course of this school with a SIS id, deleted ones too."""
    return work.own(work.store.abstract_courses.find("sis", sis_id), lambda record: record.account_id)


def _term(work: Work, sis_id: str) -> int:
    terms = work.store.enrollment_terms.find("root", work.batch.account_id)
    found = next((term for term in terms if sis_id and term.sis_term_id == sis_id), None)
    found = found or next((term for term in terms if term.name == DEFAULT_TERM), None)
    return found.id if found is not None else 0
