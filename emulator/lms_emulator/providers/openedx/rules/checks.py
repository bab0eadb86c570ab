"""What can be wrong with the courses of a well-formed world: unreadable keys, references to nowhere, repetitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx.rules import keys

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.courseware import Block, Course
    from lms_emulator.providers.openedx.model.section import OpenedxSection

#: Tables whose records name a user and a course. The course need not exist (the bulk API enrols in unknown ones).
_OF_A_USER = ("enrollments", "grades", "certificates", "course_roles")
_OF_A_COURSE = (*_OF_A_USER, "enrollments_allowed", "cohort_settings", "cohorts")


def problems(section: OpenedxSection) -> Iterable[str]:
    """One line per problem, each naming its place."""
    users = {user.username for user in section.users}
    for table in _OF_A_USER:
        for position, record in enumerate(getattr(section, table)):
            yield from _unknown(f"{table}[{position}].user", [record.user], users)
    for position, cohort in enumerate(section.cohorts):
        yield from _unknown(f"cohorts[{position}].users", cohort.users, users)
    for table in _OF_A_COURSE:
        for position, record in enumerate(getattr(section, table)):
            yield from _unreadable(f"{table}[{position}].course", record.course)
    for position, course in enumerate(section.courses):
        yield from _unreadable(f"courses[{position}].id", course.id)
        yield from _repeated(f"courses[{position}].modes", [mode.slug.lower() for mode in course.modes])
        yield from _repeated(f"courses[{position}].content", list(_places(course)))


def _unknown(place: str, named: Iterable[str], users: set[str]) -> Iterator[str]:
    for name in named:
        if name not in users:
            yield f"{place}: there is no user {name!r}"


def _unreadable(place: str, course: str | None) -> Iterator[str]:
    key = keys.course_key(course) if course is not None else None
    if course is not None and (key is None or key.kind == "library"):
        yield f"{place}: expected a course key such as `course-v1:ORG+NUMBER+RUN`, got {course!r}"


def _repeated(place: str, values: list[Any]) -> Iterator[str]:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            yield f"{place}: {value!r} is there twice"
        seen.add(value)


def _places(course: Course) -> Iterator[str]:
    """Type and id of every block, which together name it."""
    stack: list[Block] = list(course.content)
    while stack:
        block = stack.pop()
        yield f"{block.type}/{block.block_id}"
        stack += block.children
