"""Accounts and terms in SIS imports.

Source: canvas-lms lib/sis/account_importer.rb and term_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.model import Account, EnrollmentTerm
from lms_emulator.providers.canvas.rules import permissions, terms
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work

WITH_DATES = ("StudentEnrollment", "TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")
Fields = dict[str, Any]


def account(work: Work, row: Row) -> bool:
    """A row of accounts."""
    sis_id, name = row.get("account_id"), row.get("name")
    if not sis_id:
        raise ImportFault("No account_id given for an account")
    if work.skips_deletes and row.matches("status", "deleted"):
        return False
    parent = _parent(work, row)
    known = work.account(sis_id)
    if known is None:
        if not name:
            raise ImportFault(f"No name given for account {sis_id}, skipping")
        if not row.matches("status", "active|deleted"):
            raise ImportFault(f'Improper status "{row.get("status")}" for account {sis_id}, skipping')
    uuid = work.api.new_uuid() if known is None else known.uuid
    base = known or Account(id=work.api.new_id("accounts"), name=name, uuid=uuid, guid=uuid, created_at=work.api.now)
    stuck = work.stuck(known)
    fields: Fields = {"sis_account_id": sis_id, "integration_id": row.get("integration_id") or None}
    if "parent_account_id" not in stuck:
        if known is not None and known.id in {level.id for level in permissions.chain(work.store, parent.id)}:
            parent_name = parent.sis_account_id or parent.id
            raise ImportFault(f"Setting account {sis_id}'s parent to {parent_name} would create a loop")
        fields["parent_account_id"] = parent.id
    if name and "name" not in stuck:
        fields["name"] = name
    if row.matches("status", ".*active"):
        fields["workflow_state"] = "active"
    elif row.matches("status", ".*deleted"):
        _require_empty(work, base, sis_id)
        fields["workflow_state"] = "deleted"
    work.keep(replace(base, **fields), known)
    return True


def _parent(work: Work, row: Row) -> Account:
    named = row.get("parent_account_id")
    if not named:
        return work.api.root
    found = work.account(named)
    if found is None:
        raise ImportFault(f"Parent account didn't exist for {row.get('account_id')}")
    if found.workflow_state == "deleted":
        raise ImportFault(
            f"Cannot restore sub_account with ID: {row.get('account_id')} because parent_account with ID: {named} "
            "has been deleted."
        )
    return found


def _require_empty(work: Work, account: Account, sis_id: str) -> None:
    if any(child.workflow_state == "active" for child in work.store.accounts.find("parent", account.id)):
        raise ImportFault(f"Cannot delete the sub_account with ID: {sis_id} because it has active sub accounts.")
    if any(course.workflow_state != "deleted" for course in work.store.courses.find("account", account.id)):
        raise ImportFault(f"Cannot delete the sub_account with ID: {sis_id} because it has active courses.")


def term(work: Work, row: Row) -> bool:
    """A row of terms, or of a term's dates for one type of enrollment."""
    sis_id, name, status = row.get("term_id"), row.get("name"), row.get("status")
    start, end = work.dates(row, f"term {sis_id}")
    if not sis_id:
        raise ImportFault("No term_id given for a term")
    if not row.matches("status", "active|deleted"):
        raise ImportFault(f'Improper status "{status}" for term {sis_id}')
    deleted = row.matches("status", "deleted")
    if work.skips_deletes and deleted:
        return False
    rows = work.store.enrollment_terms.find("root", work.batch.account_id)
    known = next((enrollment_term for enrollment_term in rows if enrollment_term.sis_term_id == sis_id), None)
    if kind := row.get("date_override_enrollment_type"):
        return _dates(work, known, kind, None if deleted else [start, end])
    if not name:
        raise ImportFault(f"No name given for term {sis_id}")
    base = known or EnrollmentTerm(
        id=work.api.new_id("enrollment_terms"),
        root_account_id=work.batch.account_id,
        name=name,
        created_at=work.api.now,
    )
    stuck = work.stuck(known)
    fields: Fields = {"sis_term_id": sis_id, "integration_id": row.get("integration_id") or None}
    fields["workflow_state"] = "deleted" if deleted else "active"
    if deleted and known is not None and known.workflow_state != "deleted" and (why := terms.kept(work.api, known)):
        raise ImportFault(f"A term did not pass validation (term: {sis_id} / {name}, error: Workflow state {why})")
    if "name" not in stuck:
        fields["name"] = name
    if not {"start_at", "end_at"} & set(stuck):
        fields |= {"start_at": start, "end_at": end}
    work.keep(replace(base, **fields), known)
    return True


def _dates(work: Work, known: EnrollmentTerm | None, kind: str, dates: list[Any] | None) -> bool:
    if known is None:
        raise ImportFault("Cannot set date override on non-existent term")
    if kind not in WITH_DATES:
        raise ImportFault("Invalid date_override_enrollment_type")
    overrides = {name: value for name, value in known.overrides.items() if name != kind}
    work.keep(replace(known, overrides=overrides | ({kind: dates} if dates is not None else {})), known)
    return True
