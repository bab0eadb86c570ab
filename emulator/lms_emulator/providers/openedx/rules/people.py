"""People: found by name or address, and their roles in courses."""

from __future__ import annotations

import re

from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.settings import OpenedxSettings

STAFF_ROLES = ("staff", "instructor")
_EMAIL = re.compile(
    r"[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*"
    r"@((?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{2,63}|localhost)",
    re.IGNORECASE,
)
USERNAME_LETTERS = "Usernames can only contain letters (A-Z, a-z), numerals (0-9), underscores (_), and hyphens (-)."
_USERNAME = re.compile(r"[a-zA-Z0-9_-]+")


def user_by_name_or_email(store: OpenedxStore, settings: OpenedxSettings, text: str) -> User | None:
    """The user with an e-mail address if there is an `@` in the text, else with a username."""
    find = lookup.user_with_email if "@" in text else lookup.user_named
    return find(store, settings, text)


def is_email(text: str) -> bool:
    """Whether Django's validator accepts a text as an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_username(text: str) -> bool:
    """Whether a text may be a username."""
    return _USERNAME.fullmatch(text) is not None


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


def may_research(store: OpenedxStore, user: User | None, course: str) -> bool:
    """Whether a user may see learners' data and reports: global staff, or the role of a data researcher."""
    return is_global_staff(user) or has_course_role(store, user, course, ("data_researcher",))


def is_instructor(store: OpenedxStore, user: User | None, course: str) -> bool:
    """Whether a user may do what the instructors of a course may."""
    return is_global_staff(user) or has_course_role(store, user, course, ("instructor",))


def is_support(store: OpenedxStore, user: User | None) -> bool:
    """Whether a user may use the support tools: global staff, or the role of the whole site."""
    return is_global_staff(user) or any(role == "support" and not where for _, where, role in roles(store, user))
