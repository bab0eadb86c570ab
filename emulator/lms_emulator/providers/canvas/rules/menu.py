"""The courses in a person's menu and on their dashboard.

Source: canvas-lms app/models/user.rb, menu_courses and courses_with_primary_enrollment (2024-04).
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment, User
from lms_emulator.providers.canvas.rules import collation, people, states

RANKS = (
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "StudentEnrollment",
    "StudentViewEnrollment",
    "ObserverEnrollment",
)
"""The order of courses in the menu, by enrollment type."""
MOST = 20
"""The number of courses in the menu without favourites."""
_RUNNING = (*states.STAFF, "StudentViewEnrollment")


class Entry(NamedTuple):
    """A course in the menu.

    Attributes: `primary`, the enrollment that counts most.
    """

    course: Course
    primary: Enrollment

    @property
    def rank(self) -> int:
        """The rank of an enrollment's type."""
        return RANKS.index(self.primary.type)


def marked(user: User) -> list[int]:
    """The courses that a person has made favourites."""
    found: list[int] = user.preferences.get("favorite_courses", [])
    return found


def add(api: Api, user: User, course_id: int) -> None:
    """Make a course a favourite of somebody who has favourites."""
    if (found := marked(user)) and course_id not in found:
        people.prefer(api, user, favorite_courses=[*found, course_id])


def entries(api: Api) -> list[Entry]:
    """The caller's favourites, by default the newest courses. Those they teach come first; each group is by name.

    `observed_user_id` limits them to courses in which the caller observes that user; with the caller's own id, to those
    in which they observe nobody.
    """
    user, every = api.user, _current(api)
    chosen = [entry for entry in every if entry.course.id in marked(user)]
    if not chosen:
        newest = sorted(every, key=lambda entry: (entry.rank, api.now - entry.primary.created_at))
        chosen = newest[:MOST]
    return sorted(chosen, key=lambda entry: (entry.rank, collation.key(entry.course.name or "")))


def _current(api: Api) -> list[Entry]:
    found: dict[int, Entry] = {}
    for row in _observing(api, list(api.store.enrollments.find("user", api.user.id))):
        course = api.store.courses.get(row.course_id)
        if course is None or not _counts(api, row, course):
            continue
        known = found.get(course.id)
        if known is None or _weight(row) < _weight(known.primary):
            found[course.id] = Entry(course, row)
    return list(found.values())


def _weight(row: Enrollment) -> tuple[int, bool]:
    return RANKS.index(row.type), row.workflow_state != "active"


def _observing(api: Api, rows: list[Enrollment]) -> list[Enrollment]:
    if not api.params.has("observed_user_id"):
        return rows
    number = identifiers.local_number(api.params.text("observed_user_id") or "") or 0
    watched = number if api.store.users.get(number) is not None else api.user.id
    return [row for row in rows if row.associated_user_id == (None if watched == api.user.id else watched)]


def _counts(api: Api, row: Enrollment, course: Course) -> bool:
    """Whether an enrollment is current: its course is open to its type, and neither locked nor ended by dates."""
    published = course.workflow_state == "available"
    runs = row.type in _RUNNING
    current = (row.workflow_state == "active" and (published or (runs and course.workflow_state == "unpublished"))) or (
        row.workflow_state == "invited" and (published or (runs and course.workflow_state != "deleted"))
    )
    if not current:
        return False
    state = states.state_of(api, row, course)
    return state.name in states.CURRENT_OR_FUTURE and not state.restricted
