"""Who somebody is to a course: found by name, course staff, instructor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx.rules import keys

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.section import OpenedxStore

STAFF_ROLES = ("staff", "instructor")


def is_global_staff(user: User | None) -> bool:
    """Whether the platform's staff flag is set."""
    return user is not None and user.is_staff


def roles(store: OpenedxStore, user: User | None) -> list[tuple[str, str, str]]:
    """Every role of a user as (org, course, role), the latest given first, as the recorded server listed them."""
    if user is None:
        return []
    found: list[tuple[str, str, str]] = []
    for role in reversed(store.course_roles.find("user", user.username)):
        key = keys.course_key(role.course) if role.course else None
        found.append((key.org if key else role.org or "", role.course or "", role.role))
    return found


def has_course_role(store: OpenedxStore, user: User | None, course: str, wanted: tuple[str, ...]) -> bool:
    """Whether a user has one of the roles in the course, or in every course of its organisation."""
    key = keys.course_key(course)
    org = key.org.lower() if key else ""
    return any(
        role in wanted and (where == course or (not where and owner.lower() == org))
        for owner, where, role in roles(store, user)
    )


def is_course_staff(store: OpenedxStore, user: User | None, course: str) -> bool:
    """Whether a user may do what the staff of a course may: global staff, or a role in it."""
    return is_global_staff(user) or has_course_role(store, user, course, STAFF_ROLES)
