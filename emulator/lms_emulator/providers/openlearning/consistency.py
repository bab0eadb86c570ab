"""What can be wrong with a well-formed section of a world file: references to what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lms_emulator.providers.openlearning.model import Section, folded

_REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("users", "managed_by", "institutions"),
    ("memberships", "institution", "institutions"),
    ("memberships", "user", "users"),
    ("api_keys", "user", "users"),
    ("courses", "institution", "institutions"),
    ("courses", "created_by", "users"),
    ("classes", "course", "courses"),
    ("classes", "created_by", "users"),
    ("programs", "institution", "institutions"),
    ("enrolments", "user", "users"),
    ("enrolments", "course", "courses"),
    ("enrolments", "class_id", "classes"),
    ("enrolments", "program", "programs"),
    ("registrations", "institution", "institutions"),
    ("registrations", "class_id", "classes"),
    ("context_mappings", "institution", "institutions"),
    ("context_mappings", "class_id", "classes"),
    ("sessions", "user", "users"),
    ("class_setups", "institution", "institutions"),
)
"""Table, field, and the table whose `id` it must be."""


def problems(section: Section) -> Iterator[str]:
    """One line per broken reference, per name or address two accounts share, and per external id used twice."""
    known = {
        target: {record.id for record in getattr(section, target)}
        for target in {target for _, _, target in _REFERENCES}
    }
    for table, field, target in _REFERENCES:
        for number, record in enumerate(getattr(section, table)):
            value = getattr(record, field)
            if value is not None and value not in known[target]:
                yield f"{table}[{number}].{field}: no record of {target} has the id {value!r}"
    users = list(enumerate(section.users))
    yield from _shared("users", "primary_email_address", ((n, folded(u.primary_email_address)) for n, u in users))
    yield from _shared("users", "username", ((n, folded(u.username or "")) for n, u in users))
    yield from _shared("users", "profile_name", ((n, u.profile_name) for n, u in users))
    external = [
        (number, (m.institution, m.external_institution_id) if m.external_institution_id is not None else None)
        for number, m in enumerate(section.memberships)
    ]
    yield from _shared("memberships", "external_institution_id", external)
    for number, enrolment in enumerate(section.enrolments):
        if enrolment.class_id is None and enrolment.program is None:
            yield f"enrolments[{number}]: one of class_id and program is needed"


def _shared(table: str, field: str, values: Iterable[tuple[int, Any]]) -> Iterator[str]:
    first: dict[Any, int] = {}
    for number, value in values:
        if value is not None and first.setdefault(value, number) != number:
            yield f"{table}[{number}].{field}: {table}[{first[value]}] has the same"
