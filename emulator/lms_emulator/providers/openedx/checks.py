"""Checks of a well-formed section of a world file: dangling references, clashing and unreadable keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lms_emulator.core.state.references import Reference, dangling, not_base64, unending
from lms_emulator.providers.openedx.model.courseware import Block, Course
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.shapes import events

#: Tables whose records name a user, an application. A course need not exist: the bulk API enrols in any.
_OF_A_USER = (
    "applications", "access_tokens", "refresh_tokens", "grants", "sessions",
    "enrollments", "grades", "certificates", "course_roles",
)  # fmt: skip
_OF_AN_APPLICATION = ("access_tokens", "refresh_tokens", "grants")
_NUMBERED = ("users", "applications", "access_tokens", "refresh_tokens")

USAGE = "block-v1:ORG+NUMBER+RUN+type@problem+block@NAME"


def problems(section: Any) -> Iterator[str]:
    """One line per problem, each beginning with its place."""
    yield from _owners(section)
    for table in _NUMBERED:
        yield from _repeated_ids(section, table)
    for table in OpenedxStore.tables:
        for place, record in _records(section, table):
            yield from _unreadable(f"{place}.course", getattr(record, "course", None))
            block = getattr(record, "block", None)
            if block is not None and keys.usage_key(block) is None:
                yield f"{place}.block: expected a usage key such as `{USAGE}`, got {block!r}"
    for place, course in _records(section, "courses"):
        yield from _unreadable(f"{place}.id", course.id)
        yield from _repeated(f"{place}.modes", [mode.slug.lower() for mode in course.modes])
        yield from _repeated(f"{place}.content", list(_blocks(course)))
    yield from not_base64(section, "media", "data")
    yield from dangling(section, [Reference("comments", "thread", "threads")])
    yield from unending(section, [Reference("comments", "parent", "comments")])
    for place, hook in _records(section, "event_webhooks"):
        yield from _unknown(f"{place}.events", "event", hook.events, set(events.NAMES))
    yield from _relative_redirects(section)


def _owners(section: Any) -> Iterator[str]:
    """References to unknown users and applications."""
    users = {user.username for user in section.users}
    applications = {application.client_id for application in section.applications}
    for table in _OF_A_USER:
        for place, record in _records(section, table):
            yield from _unknown(f"{place}.user", "user", [record.user], users)
    for place, cohort in _records(section, "cohorts"):
        yield from _unknown(f"{place}.users", "user", cohort.users, users)
    for table in _OF_AN_APPLICATION:
        for place, record in _records(section, table):
            yield from _unknown(f"{place}.application", "application", [record.application], applications)


def _relative_redirects(section: Any) -> Iterator[str]:
    """Redirect URIs that are not absolute."""
    for place, application in _records(section, "applications"):
        if application.authorization_grant_type in ("authorization-code", "implicit", "openid-hybrid"):
            for uri in application.redirect_uris:
                if ":" not in uri:
                    yield f"{place}.redirect_uris: expected absolute URIs, got {uri!r}"


def _records(section: Any, table: str) -> Iterator[tuple[str, Any]]:
    for position, record in enumerate(getattr(section, table)):
        yield f"{table}[{position}]", record


def _unknown(place: str, what: str, names: Iterable[str | None], known: set[str]) -> Iterator[str]:
    for name in names:
        if name is not None and name not in known:
            yield f"{place}: there is no {what} {name!r}"


def _repeated_ids(section: Any, table: str) -> Iterator[str]:
    seen: set[int] = set()
    for place, record in _records(section, table):
        if record.id in seen:
            yield f"{place}.id: another record already has the id {record.id}"
        seen.add(record.id)


def _unreadable(place: str, course: str | None) -> Iterator[str]:
    key = keys.course_key(course)
    if course is not None and (key is None or key.kind == "library"):
        yield f"{place}: expected a course key such as `course-v1:ORG+NUMBER+RUN`, got {course!r}"


def _repeated(place: str, values: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield f"{place}: {value!r} is there twice"
        seen.add(value)


def _blocks(course: Course) -> Iterator[str]:
    """Type and id of every block, which together identify it."""
    stack: list[Block] = list(course.content)
    while stack:
        block = stack.pop()
        yield f"{block.type}/{block.block_id}"
        stack += block.children
