"""Cohorts: dividing the learners of a course into groups.

Sources: edx-platform `openedx/core/djangoapps/course_groups/cohorts.py`; `fixtures/recordings/openedx`, more.jsonl
177-232.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.courseware import Cohort, CohortSettings
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import people
from lms_emulator.providers.openedx.settings import OpenedxSettings


@dataclass(kw_only=True)
class Added:
    """The results of adding people to a cohort, under the names of the answer."""

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
    store.cohorts.put(replace(current, users=[*current.users, username]))
    return previous


def remove(store: OpenedxStore, cohort: Cohort, username: str) -> None:
    """Remove a user from a cohort."""
    store.cohorts.put(replace(cohort, users=[name for name in cohort.users if name != username]))


class Rosters:
    """The cohorts of a course while many people join them; `save` writes what changed."""

    def __init__(self, store: OpenedxStore, course: str, settings: OpenedxSettings) -> None:
        self._store, self._settings = store, settings
        self.cohorts = {cohort.id: cohort for cohort in of_course(store, course)}
        self._users = {number: dict.fromkeys(cohort.users) for number, cohort in self.cohorts.items()}
        self._preassigned = {number: dict.fromkeys(cohort.preassigned) for number, cohort in self.cohorts.items()}
        self._cohort_of = {user: number for number, users in self._users.items() for user in users}

    def put(self, number: int, who: str, outcome: Added) -> None:
        """Put somebody into a cohort, by username or e-mail address. Unknown addresses are kept for later."""
        user = people.user_by_name_or_email(self._store, self._settings, who)
        if user is None and "@" not in who:
            outcome.unknown.append(who)
        elif user is None and not people.is_email(who):
            outcome.invalid.append(who)
        elif user is None:
            self._preassigned[number][who] = None
            outcome.preassigned.append(who)
        elif (previous := self._cohort_of.get(user.username)) == number:
            outcome.present.append(who)
        else:
            self._users[number][user.username] = None
            self._cohort_of[user.username] = number
            joined = {"username": user.username, "email": user.email}
            if previous is None:
                outcome.added.append(joined)
            else:
                self._users[previous].pop(user.username, None)
                name = self.cohorts[previous].name
                outcome.changed.append({"email": user.email, "previous_cohort": name, "username": user.username})

    def save(self) -> None:
        """Write the cohorts that changed."""
        for number, cohort in self.cohorts.items():
            users, preassigned = list(self._users[number]), list(self._preassigned[number])
            if (users, preassigned) != (cohort.users, cohort.preassigned):
                self._store.cohorts.put(replace(cohort, users=users, preassigned=preassigned))


def add(store: OpenedxStore, cohort: Cohort, identifiers: list[str], settings: OpenedxSettings) -> Added:
    """Add people by username or e-mail address. Unknown addresses are kept for when they register."""
    outcome, rosters = Added(), Rosters(store, cohort.course, settings)
    for who in identifiers:
        rosters.put(cohort.id, who, outcome)
    rosters.save()
    return outcome


def add_table(store: OpenedxStore, course: str, rows: Iterable[dict[str, str]], settings: OpenedxSettings) -> Added:
    """Add the people of a table to the cohorts that its rows name; those of cohorts that do not exist are left out.

    An unreadable row ends the table.
    Source: edx-platform `lms/djangoapps/instructor_task/tasks_helper/misc.py`, cohort_students_and_upload.
    """
    outcome, rosters = Added(), Rosters(store, course, settings)
    numbers = {cohort.name: number for number, cohort in reversed(rosters.cohorts.items())}
    with suppress(csv.Error):
        for row in rows:
            number = numbers.get(row.get("cohort") or "")
            if number is not None:
                rosters.put(number, row.get("email") or row.get("username") or "", outcome)
    rosters.save()
    return outcome


def assign(store: OpenedxStore, course: str, username: str) -> None:
    """Put a learner of a cohorted course who is in no cohort into the random one, as reading their progress does."""
    if not settings(store, course).is_cohorted or of_user(store, course, username) is not None:
        return
    found = next((cohort for cohort in of_course(store, course) if cohort.assignment_type == "random"), None)
    if found is not None:
        join(store, found, username)
