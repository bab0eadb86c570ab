"""Contexts (courses, groups, users, accounts), and what a user may do there."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Protocol

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, Group, User
from lms_emulator.providers.canvas.rules import belonging, courses, groups
from lms_emulator.providers.canvas.rules.permissions import account_allows

Kind = Literal["Course", "User", "Group", "Account"]
TABLES: dict[str, str] = {"Course": "courses", "User": "users", "Group": "groups", "Account": "accounts"}
"""The kinds of contexts, with their tables, which are also the first segments of their paths."""


class Context(NamedTuple):
    """The owner of files, pages and the like."""

    type: Kind
    id: int
    record: Course | User | Group | Account

    @property
    def asset_string(self) -> str:
        """Its code in lists of contexts: `course_1`."""
        return f"{self.type.lower()}_{self.id}"

    @property
    def place(self) -> dict[str, Any]:
        """The fields that identify it in records that belong to it."""
        return {"context_type": self.type, "context_id": self.id}

    @property
    def path(self) -> str:
        """The path of its pages: `/courses/1`."""
        return f"/{TABLES[self.type]}/{self.id}"


class Held(Protocol):
    """A record that belongs to a context."""

    @property
    def context_type(self) -> str: ...
    @property
    def context_id(self) -> int: ...


def of(record: Course | User | Group | Account) -> Context:
    """A record as a context."""
    kinds: dict[type, Kind] = {Course: "Course", User: "User", Group: "Group", Account: "Account"}
    return Context(kinds[type(record)], record.id, record)


def from_path(api: Api, *wanted: str) -> Context:
    """The context in the request's path; `Link` headers contain its number.

    Raises the refusal `not_found`, and the one for callers who have none of the rights.
    """
    for kind, find in (
        ("Course", identifiers.course),
        ("Group", identifiers.group),
        ("User", identifiers.user),
        ("Account", identifiers.account),
    ):
        slot = f"{kind.lower()}_id"
        if slot in api.call.path_params:
            record = find(api, api.slot(slot))
            context = of(record)
            first = f"/api/v1/{TABLES[kind]}/"
            if api.path.startswith(first):
                api.path = f"/api/v1{context.path}" + "".join(api.path.removeprefix(first).partition("/")[1:])
            if wanted:
                require(api, context, *wanted)
            return context
    raise refusals.not_found("the context", api.path)


def holding(api: Api, record: Held) -> Context:
    """The context that a record belongs to. Raises the refusal `not_found` if it was deleted."""
    return get(api, record.context_type, record.context_id)


def get(api: Api, kind: str, number: int) -> Context:
    """The context of this kind and number. Raises the refusal `not_found` if it was deleted."""
    record = getattr(api.store, TABLES[kind]).get(number) if kind in TABLES else None
    return of(identifiers.known(record, f"the {kind.lower()}", number))


def may(api: Api, context: Context, *wanted: str, user: User | None = None) -> bool:
    """Whether a user (by default the caller) has one of the rights there.

    Users have all rights in their own context; their observers and those who manage their logins may read.
    """
    who = user or api.caller
    record = context.record
    if isinstance(record, Course):
        return courses.may(api, who, record, *wanted)
    if isinstance(record, User):
        if who is None or not {"read", "read_files"} & set(wanted):
            return who is not None and who.id == record.id
        return belonging.may_read(api, record, user)
    if isinstance(record, Group):
        return not groups.rights(api, record, who).isdisjoint(wanted)
    if {"read", "read_files"} & set(wanted) and belonging.reads_account(api, record, who):
        return True
    return any(account_allows(api, who, record, right) for right in wanted)


def require(api: Api, context: Context, *wanted: str) -> None:
    """Require one of the rights there. Raises the refusal for callers without it."""
    what = f"{' or '.join(wanted)} in {context.asset_string}"
    if not api.check(f"may {what}", may(api, context, *wanted)):
        raise api.refused(what, *wanted)
