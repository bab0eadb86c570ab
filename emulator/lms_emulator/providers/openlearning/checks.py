"""Checks of a well-formed section of a world file: references exist, names are unique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.core.state.references import Reference, dangling, shared
from lms_emulator.providers.openlearning.model import folded

_REFERENCES = (
    Reference("users", "managed_by", "institutions"),
    Reference("memberships", "institution", "institutions"),
    Reference("memberships", "user", "users"),
    Reference("api_keys", "user", "users"),
    Reference("courses", "institution", "institutions"),
    Reference("courses", "created_by", "users"),
    Reference("classes", "course", "courses"),
    Reference("classes", "created_by", "users"),
    Reference("programs", "institution", "institutions"),
    Reference("enrolments", "user", "users"),
    Reference("enrolments", "course", "courses"),
    Reference("enrolments", "class_id", "classes"),
    Reference("enrolments", "program", "programs"),
    Reference("registrations", "institution", "institutions"),
    Reference("registrations", "class_id", "classes"),
    Reference("comments", "class_id", "classes"),
    Reference("comments", "user", "users"),
    Reference("connectors", "institution", "institutions"),
    Reference("context_mappings", "institution", "institutions"),
    Reference("context_mappings", "class_id", "classes"),
    Reference("sessions", "user", "users"),
    Reference("class_setups", "institution", "institutions"),
)


def problems(section: Any) -> Iterator[str]:
    """One line for each dangling reference, each name or address shared by two accounts, and each duplicate external
    id."""
    yield from dangling(section, _REFERENCES)
    users = section.users
    yield from shared("users", "primary_email_address", (folded(u.primary_email_address) for u in users))
    yield from shared("users", "username", (folded(u.username or "") for u in users))
    yield from shared("users", "profile_name", (u.profile_name for u in users))
    external = [
        (m.institution, m.external_institution_id) if m.external_institution_id is not None else None
        for m in section.memberships
    ]
    yield from shared("memberships", "external_institution_id", external)
    for number, enrolment in enumerate(section.enrolments):
        if enrolment.class_id is None and enrolment.program is None:
            yield f"enrolments[{number}]: either class_id or program is required"
