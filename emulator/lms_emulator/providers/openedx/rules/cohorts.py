"""Cohorts: dividing the learners of a course into groups.

Sources: edx-platform `openedx/core/djangoapps/course_groups/cohorts.py`; `fixtures/recordings/openedx`, more.jsonl
177-232.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from lms_emulator.providers.openedx.model.courseware import Cohort, CohortSettings
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import people
from lms_emulator.providers.openedx.settings import OpenedxSettings


@dataclass(kw_only=True)
class Added:
    """What became of the people who were to join a cohort, under the names of the answer."""

    added: list[dict[str, str]] = field(default_factory=list)
    changed: list[dict[str, str]] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    preassigned: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)


def settings(store: OpenedxStore, course: str) -> CohortSettings:
    """The cohort settings of a course; the row is made when it is first asked about."""
    found = store.cohort_settings.get(course)
    if found is None:
        found = store.cohort_settings.put(CohortSettings(course=course, id=store.next_number("cohort_settings")))
    return found


def of_course(store: OpenedxStore, course: str) -> list[Cohort]:
    """The cohorts of a course, in the order in which they were made."""
    return sorted(store.cohorts.find("course", course), key=lambda cohort: cohort.id)


def named(store: OpenedxStore, course: str, name: str) -> Cohort | None:
    """The cohort of a course with a name."""
    return next((cohort for cohort in of_course(store, course) if cohort.name == name), None)


def of_user(store: OpenedxStore, course: str, username: str) -> Cohort | None:
    """The cohort of a course that a user is in; there is at most one."""
    return next((cohort for cohort in of_course(store, course) if username in cohort.users), None)


def create(store: OpenedxStore, course: str, name: str, assignment_type: str) -> Cohort:
    """A new cohort. The LMS keeps any text as assignment type."""
    number = store.next_number("cohorts")
    return store.cohorts.put(Cohort(course=course, name=name, id=number, assignment_type=assignment_type))


def join(store: OpenedxStore, cohort: Cohort, username: str) -> Cohort | None:
    """Put a user into a cohort. Returns the one the user was in before."""
    previous = of_user(store, cohort.course, username)
    if previous is not None:
        remove(store, previous, username)
    current = store.cohorts.get(cohort.id) or cohort
    store.cohorts.put(msgspec.structs.replace(current, users=[*current.users, username]))
    return previous


def remove(store: OpenedxStore, cohort: Cohort, username: str) -> None:
    """Remove a user from a cohort."""
    store.cohorts.put(msgspec.structs.replace(cohort, users=[name for name in cohort.users if name != username]))


def add(store: OpenedxStore, cohort: Cohort, identifiers: list[str], settings: OpenedxSettings) -> Added:
    """Add people by username or e-mail address. Unknown addresses are kept for when they register."""
    outcome = Added()
    for who in identifiers:
        user = people.user_by_name_or_email(store, settings, who)
        if user is None:
            _preassign(store, cohort, who, outcome)
            continue
        current = of_user(store, cohort.course, user.username)
        if current is not None and current.id == cohort.id:
            outcome.present.append(who)
            continue
        previous = join(store, cohort, user.username)
        if previous is None:
            outcome.added.append({"username": user.username, "email": user.email})
        else:
            outcome.changed.append({"email": user.email, "previous_cohort": previous.name, "username": user.username})
    return outcome


def _preassign(store: OpenedxStore, cohort: Cohort, who: str, outcome: Added) -> None:
    if "@" not in who:
        outcome.unknown.append(who)
    elif not people.is_email(who):
        outcome.invalid.append(who)
    else:
        current = store.cohorts.get(cohort.id) or cohort
        if who not in current.preassigned:
            store.cohorts.put(msgspec.structs.replace(current, preassigned=[*current.preassigned, who]))
        outcome.preassigned.append(who)


def assign(store: OpenedxStore, course: str, username: str) -> None:
    """Put a learner of a cohorted course who is in no cohort into the random one, as reading their progress does."""
    if not settings(store, course).is_cohorted or of_user(store, course, username) is not None:
        return
    found = next((one for one in of_course(store, course) if one.assignment_type == "random"), None)
    if found is not None:
        join(store, found, username)
