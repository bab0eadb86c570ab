"""Observers, admins and changed SIS ids in SIS imports.

Source: canvas-lms lib/sis/user_observer_importer.rb, admin_importer.rb and change_sis_id_importer.rb, and the recorded
exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.model import Account, AccountUser, Course, CourseSection, Pseudonym, Role, User
from lms_emulator.providers.canvas.rules import observing, roles
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work

IDS = {
    "user": ("pseudonyms", "sis_user_id"),
    "course": ("courses", "sis_course_id"),
    "section": ("course_sections", "sis_section_id"),
    "term": ("enrollment_terms", "sis_term_id"),
    "account": ("accounts", "sis_account_id"),
    "group": ("groups", "sis_source_id"),
    "group_category": ("group_categories", "sis_source_id"),
}
"""By type, the table whose SIS ids change, and their column here."""
COLUMN = {"user": "sis_user_id"}
"""What Canvas calls the column in messages, `sis_source_id` where nothing is said."""


def observer(work: Work, row: Row) -> bool:
    """A row of observers."""
    first, second = row.get("observer_id"), row.get("student_id")
    if not first:
        raise ImportFault("No observer_id given for a user observer")
    if not second:
        raise ImportFault("No user_id given for a user observer")
    if first == second:
        raise ImportFault(f"Can't observe yourself user {second}")
    status = row.get("status").lower()
    if status not in ("active", "deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for a user_observer')
    if work.skips_deletes and status == "deleted":
        return False
    watcher = _living(work, first, f"An observer referenced a non-existent user {first}")
    student = _living(work, second, f"A student referenced a non-existent user {second}")
    if watcher.id == student.id:
        raise ImportFault(f"Can't observe yourself user {second}")
    if status == "active":
        observing.link(work.api, watcher, student)
    elif observing.link_between(work.api, watcher, student) is None:
        raise ImportFault(f"Can't delete a non-existent observer for observer: {first}, student: {second}")
    else:
        observing.unlink(work.api, watcher, student)
    for link in list(work.store.user_observers.find("student", student.id)):
        if link.observer_id == watcher.id:
            work.store.user_observers.put(replace(link, sis_batch_id=work.batch.id))
    return True


def _living(work: Work, sis_id: str, otherwise: str) -> User:
    login = work.login(sis_id)
    found = work.store.users.get(login.user_id) if login is not None and login.workflow_state != "deleted" else None
    if found is None:
        raise ImportFault(otherwise)
    return found


def _role(work: Work, row: Row, account: Account) -> Role:
    """The administrative role that a row names by id or name. Raises ImportFault if the account has no such role."""
    found = [role for role in roles.roles_of(work.store, account) if role.base_role_type.startswith("Account")]
    found = [role for role in found if role.workflow_state != "inactive"]
    by_id = next((role for role in found if str(role.id) == row.get("role_id")), None)
    role = by_id or next((role for role in found if role.name == row.get("role")), None)
    if role is None:
        named = f"role '{row.get('role')}'" if row.get("role") else f"role_id '{row.get('role_id')}'"
        raise ImportFault(f"Invalid {named} for admin")
    return role


def admin(work: Work, row: Row) -> bool:
    """A row of administrative roles."""
    sis_id, status = row.get("user_id"), row.get("status").lower()
    if not sis_id:
        raise ImportFault("No user_id given for admin")
    if not status:
        raise ImportFault("No status given for admin")
    if not row.get("role") and not row.get("role_id"):
        raise ImportFault("No role_id or role given for admin")
    if status not in ("active", "deleted"):
        raise ImportFault(f"Invalid status {row.get('status')} for admin")
    if work.skips_deletes and status == "deleted":
        return False
    account = work.account(row.get("account_id")) if row.get("account_id") else work.api.root
    if account is None or account.workflow_state == "deleted":
        raise ImportFault("Invalid account_id given for admin")
    role = _role(work, row, account)
    person = _living(work, sis_id, f"Invalid or unknown user_id '{sis_id}' for admin")
    if status == "deleted" and person.id == work.batch.user_id and account.parent_account_id is None:
        raise ImportFault(f"Can't remove yourself user_id '{sis_id}'")
    rows = work.store.account_users.find("user", person.id)
    known = next((user for user in rows if user.account_id == account.id and user.role_id == role.id), None)
    if status == "deleted":
        if known is not None and known.sis_batch_id is not None:
            work.keep(replace(known, workflow_state="deleted"), known)
        return True
    base = known or AccountUser(
        id=work.api.new_id("account_users"), account_id=account.id, user_id=person.id, role_id=role.id
    )
    work.keep(replace(base, workflow_state="active"), known)
    return True


def change_sis_id(work: Work, row: Row) -> bool:
    """A row of changed SIS ids."""
    kind = row.get("type").lower()
    old, new = row.get("old_id"), row.get("new_id")
    old_other, new_other = row.get("old_integration_id"), row.get("new_integration_id")
    if not kind:
        raise ImportFault("No type given for change_sis_id")
    if not old and not old_other:
        raise ImportFault("No old_id or old_integration_id given for change_sis_id")
    if not new and not new_other:
        raise ImportFault("No new_id or new_integration_id given for change_sis_id")
    if kind not in IDS:
        raise ImportFault(f"Invalid type '{kind}' for change_sis_id")
    if kind == "group_category" and (old_other or new_other):
        raise ImportFault("Group categories should not have integration IDs.")
    table, column = IDS[kind]
    rows = [value for value in getattr(work.store, table) if _of_school(work, kind, value)]
    _check_free(kind, rows, (column, old, new), (old_other, new_other))
    found = _renamed(kind, rows, column, old, old_other)
    fields: dict[str, Any] = {column: new} if new else {}
    if new_other and hasattr(found, "integration_id"):
        fields["integration_id"] = None if new_other == "<delete>" else new_other
    if hasattr(found, "updated_at"):
        fields["updated_at"] = work.api.now
    getattr(work.store, table).put(replace(found, sis_batch_id=work.batch.id, **fields))
    return True


def _of_school(work: Work, kind: str, thing: Any) -> bool:
    if kind == "term":
        return bool(thing.root_account_id == work.batch.account_id)
    if kind in ("group", "group_category"):
        return True
    return work.own([thing], lambda record: _account_of(work, record)) is not None


def _account_of(work: Work, record: Any) -> int:
    if isinstance(record, CourseSection):
        record = work.store.courses.get(record.course_id)
    number: int = record.account_id if isinstance(record, Course | Pseudonym) else record.id
    return number


def _check_free(kind: str, rows: list[Any], ids: tuple[str, str, str], others: tuple[str, str]) -> None:
    column, old, new = ids
    if new and any(getattr(row, column) == new for row in rows):
        raise ImportFault(
            f"A new_id, '{new}', referenced an existing {kind} and the {kind} with "
            f"{COLUMN.get(kind, 'sis_source_id')} '{old}' was not updated"
        )
    if others[1] and any(getattr(row, "integration_id", None) == others[1] for row in rows):
        raise ImportFault(
            f"A new_integration_id, '{others[1]}', referenced an existing {kind} and the {kind} with integration_id "
            f"'{others[0]}' was not updated"
        )


def _renamed(kind: str, rows: list[Any], column: str, old: str, other: str) -> Any:
    by_id = next((row for row in rows if old and getattr(row, column) == old), None)
    by_other = next((row for row in rows if other and getattr(row, "integration_id", None) == other), None)
    if old and other and by_id != by_other:
        raise ImportFault(f"An old_id, '{old}', referenced a different {kind} than the old_integration_id, '{other}'")
    if old and by_id is None:
        raise ImportFault(f"An old_id, '{old}', referenced a non-existent {kind} and was not changed.")
    if not old and by_other is None:
        raise ImportFault(f"An old_integration_id, '{other}', referenced a non-existent {kind} and was not changed.")
    return by_id or by_other
