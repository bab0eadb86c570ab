"""Resolves identifiers: a number, a global id, `sis_course_id:…` and the like, `hex:…`, `self`, `default`.

Source: canvas.instructure.com/doc/api/file.object_ids.html, and the recorded exchanges of `people-common`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import SHARD, Api
from lms_emulator.providers.canvas.model import (
    Account,
    CanvasStore,
    Course,
    CourseSection,
    EnrollmentTerm,
    Group,
    Pseudonym,
    User,
)

if TYPE_CHECKING:
    from lms_emulator.core.state.tables import Table

R = TypeVar("R")
Finder = Callable[[CanvasStore, str], Any]
_NUMBER = re.compile(r"\s*(\d{1,19})\s*")


def local_number(text: Any) -> int | None:
    """The local number of a plain or global id; None for any other text."""
    if isinstance(text, bool):
        return None
    found = _NUMBER.fullmatch(str(text))
    if found is None:
        return None
    number = int(found.group(1))
    if number < SHARD:
        return number
    return number % SHARD if number // SHARD == 1 else None


def _living(login: Pseudonym) -> bool:
    return login.workflow_state != "deleted"


def _by_login(index: str, fold: bool = False) -> Finder:
    def find(store: CanvasStore, value: str) -> User | None:
        logins = store.pseudonyms.find(index, value.lower() if fold else value)
        roots = {
            account.id for account in store.accounts if account.parent_account_id is None and not account.site_admin
        }
        found = next((login for login in logins if _living(login) and login.account_id in roots), None)
        return store.users.get(found.user_id) if found is not None else None

    return find


def _by(table: str, field: str) -> Finder:
    def find(store: CanvasStore, value: str) -> Any:
        rows: Iterable[Any] = getattr(store, table)
        return next((row for row in rows if getattr(row, field) == value), None)

    return find


def _by_tool(store: CanvasStore, value: str) -> User | None:
    """The user that a tool knows by an LTI id, or into whom the one known by it was merged; deleted ones come last."""
    past = _by("user_past_lti_ids", "user_lti_context_id")(store, value)
    found = [*store.users.find("lti_user_id", value), *store.users.find("lti_id", value)]
    found += [user for user in [store.users.get(past.user_id) if past is not None else None] if user is not None]
    return min(found, key=lambda user: user.workflow_state == "deleted", default=None)


def _indexed(table: str, index: str) -> Finder:
    return lambda store, value: getattr(store, table).first(index, value)


KINDS: dict[str, dict[str, Finder]] = {
    "users": {
        "sis_user_id": _by_login("sis_user_id"),
        "sis_login_id": _by_login("unique_id", fold=True),
        "sis_integration_id": _by_login("integration_id"),
        "lti_context_id": _indexed("users", "lti_user_id"),
        "lti_1_1_id": _indexed("users", "lti_user_id"),
        "lti_user_id": _by_tool,
        "lti_1_3_id": _indexed("users", "lti_id"),
        "uuid": _by("users", "uuid"),
    },
    "courses": {
        "sis_course_id": _indexed("courses", "sis_course_id"),
        "sis_integration_id": _by("courses", "integration_id"),
        "lti_context_id": _by("courses", "lti_context_id"),
        "uuid": _by("courses", "uuid"),
    },
    "course_sections": {
        "sis_section_id": _indexed("course_sections", "sis_section_id"),
        "sis_integration_id": _by("course_sections", "integration_id"),
    },
    "accounts": {
        "sis_account_id": _indexed("accounts", "sis_account_id"),
        "sis_integration_id": _by("accounts", "integration_id"),
        "lti_context_id": _by("accounts", "guid"),
        "uuid": _by("accounts", "uuid"),
    },
    "assignments": {
        "sis_assignment_id": _indexed("assignments", "sis_assignment_id"),
        "lti_context_id": _by("assignments", "lti_context_id"),
    },
    "groups": {"sis_group_id": _by("groups", "sis_source_id"), "lti_context_id": _by("groups", "lti_context_id")},
    "group_categories": {"sis_group_category_id": _by("group_categories", "sis_source_id")},
    "enrollment_terms": {
        "sis_term_id": _by("enrollment_terms", "sis_term_id"),
        "sis_integration_id": _by("enrollment_terms", "integration_id"),
    },
}
"""By table, which names of identifiers there are, and how each finds its record. Families add their tables here."""


def find(api: Api, table: str, reference: Any) -> Any:
    """The record that an identifier names, deleted ones included, or None."""
    text = str(reference).strip()
    number = local_number(text)
    if number is not None:
        return getattr(api.store, table).get(number)
    special = _special(api, table, text)
    if special is not None:
        return special
    kind, colon, value = text.partition(":")
    if kind == "hex" and colon:
        kind, colon, value = value.partition(":")
        try:
            value = bytes.fromhex(value).decode()
        except ValueError:
            return None
    finder = KINDS.get(table, {}).get(kind) if colon and value else None
    return finder(api.store, value) if finder is not None else None


def _special(api: Api, table: str, text: str) -> Any:
    if table == "users" and text == "self":
        return api.caller
    if table == "accounts":
        if text in ("self", "default"):
            return api.root
        if text == "site_admin":
            return next((account for account in api.store.accounts if account.site_admin), None)
    if table == "enrollment_terms":
        terms = [
            term for term in api.store.enrollment_terms.find("root", api.root.id) if term.workflow_state == "active"
        ]
        if text == "default":
            return next((term for term in terms if term.name == "Default Term"), None)
        if text == "current":
            running = [t for t in terms if t.start_at and t.end_at and t.start_at <= api.now <= t.end_at]
            return running[0] if len(running) == 1 else None
    return None


def known(record: R | None, what: str, reference: Any, *, deleted: bool = False, **fields: Any) -> R:
    """The record. Raises the refusal `not_found`.

    Parameters:
        what: the kind of record, for people.
        reference: the identifier sent.
        deleted: whether deleted records count.
        fields: required values, such as `course_id=course.id`.
    """
    deleted_before = not deleted and getattr(record, "workflow_state", None) == "deleted"
    if record is None or deleted_before or any(getattr(record, name) != value for name, value in fields.items()):
        raise refusals.not_found(what, reference)
    return record


def named(api: Api, table: str, reference: Any, what: str, **wanted: Any) -> Any:
    """The record of a table that any kind of identifier names. The rest as for `known`."""
    return known(find(api, table, reference), what, reference, **wanted)


def row(table: Table[R], reference: Any, what: str, **wanted: Any) -> R:
    """The record of a table with that number. The rest as for `known`."""
    return known(table.get(local_number(reference)), what, reference, **wanted)


def pick(records: Iterable[R], reference: Any, what: str) -> R:
    """The record with that number, out of these. Raises the refusal `not_found`."""
    number = local_number(reference)
    found = next((record for record in records if getattr(record, "id", None) == number), None)
    return known(found, what, reference, deleted=True)


def user(api: Api, reference: Any) -> User:
    """The person. Raises the refusal `not_found`; a deleted person is not found."""
    found: User | None = find(api, "users", reference)
    return known(found, "the user", reference)


def course(api: Api, reference: Any) -> Course:
    """The course. Raises the refusal `not_found`."""
    found: Course | None = find(api, "courses", reference)
    return known(found, "the course", reference)


def section(api: Api, reference: Any) -> CourseSection:
    """The section. Raises the refusal `not_found`."""
    found: CourseSection | None = find(api, "course_sections", reference)
    return known(found, "the section", reference)


def group(api: Api, reference: Any) -> Group:
    """The group. Raises the refusal `not_found`."""
    found: Group | None = find(api, "groups", reference)
    return known(found, "the group", reference)


def account(api: Api, reference: Any) -> Account:
    """The account. Raises the refusal `not_found`."""
    found: Account | None = find(api, "accounts", reference)
    return known(found, "the account", reference)


def term(api: Api, reference: Any) -> EnrollmentTerm:
    """The term, deleted ones included. Raises the refusal `not_found`."""
    found: EnrollmentTerm | None = find(api, "enrollment_terms", reference)
    return known(found, "the term", reference, deleted=True)
