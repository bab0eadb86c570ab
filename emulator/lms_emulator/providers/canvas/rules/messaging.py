"""The users whom a user can message, and their common courses and groups.

Source: canvas-lms lib/messageable_user/calculator.rb (2023-06), and the recorded exchanges of `conversations`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Course,
    CourseSection,
    DiscussionTopic,
    Enrollment,
    Group,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, courses, groups, permissions, states

INSTRUCTORS = ("TeacherEnrollment", "TaEnrollment")
STUDENTS = ("StudentEnrollment", "StudentViewEnrollment")
MONTH = timedelta(days=30)
_CONTEXT = re.compile(r"(course|section|group)_(\d{1,18})(?:_([a-z]+))?")


class Common(NamedTuple):
    """What a user has in common with another person: courses with the other's roles there, and groups."""

    courses: dict[str, list[str]]
    groups: dict[str, list[str]]


class Looking(NamedTuple):
    """Options of the search.

    Attributes:
        strict: whether only current enrollments count.
        done: whether to include students who have finished.
        past: whether to include instructors who have.
    """

    strict: bool = True
    done: bool = False
    past: bool = True


WRITING = Looking()
READING = Looking(strict=False)
SEARCHING = Looking(done=True)


class Place(NamedTuple):
    """A collective recipient: a course, a section or a group, optionally with one part of the course.

    Attributes: `sections`, the ids of the sections of a course that alone are meant.
    """

    course: Course | None
    section: CourseSection | None = None
    group: Group | None = None
    part: str | None = None
    sections: frozenset[int] | None = None

    @property
    def types(self) -> tuple[str, ...] | None:
        """The enrollment types of the part; None for everybody."""
        if self.part in (None, "all", "sections", "groups"):
            return None
        return INSTRUCTORS if self.part == "admins" else (f"{str(self.part).rstrip('s').capitalize()}Enrollment",)


def is_code(code: str) -> bool:
    """Whether this is the code of a collective recipient, known or not."""
    return _CONTEXT.fullmatch(code) is not None


def place_of_topic(api: Api, topic: DiscussionTopic, user: User) -> Place:
    """Those who take part in a discussion: its group or course, or those sections of it that a user sees."""
    course = api.store.courses.get(topic.context_id) if topic.context_type == "Course" else None
    if course is None or not topic.section_ids:
        return Place(course, group=api.store.groups.get(topic.context_id) if course is None else None)
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    rows = [row for row in rows if states.state_of(api, row, course).name in states.CURRENT]
    every = any(row.type in INSTRUCTORS and not row.limit_privileges_to_course_section for row in rows)
    own = topic.section_ids if every else {row.course_section_id for row in rows}
    return Place(course, sections=frozenset(topic.section_ids) & frozenset(own))


def place_of(api: Api, code: str) -> Place | None:
    """The collective recipient with this code: `course_1`, `course_1_students`, `section_2`, `group_3`."""
    found = _CONTEXT.fullmatch(code)
    if found is None:
        return None
    number, part = int(found.group(2)), found.group(3)
    if found.group(1) == "course":
        course = api.store.courses.get(number)
        return Place(course, part=part) if course is not None and course.workflow_state != "deleted" else None
    if found.group(1) == "section":
        section = api.store.course_sections.get(number)
        deleted = section is None or section.workflow_state == "deleted"
        return (
            None if section is None or deleted else Place(api.store.courses.get(section.course_id), section, part=part)
        )
    group = api.store.groups.get(number)
    return Place(None, group=group) if group is not None and group.workflow_state != "deleted" else None


class Messaging:
    """One user's view of others. Results are cached for one request.

    Parameters: `user`, the viewer.
    """

    def __init__(self, api: Api, user: User) -> None:
        self._api, self._user = api, user
        rows = [e for e in api.store.enrollments.find("user", user.id) if e.type not in ("StudentViewEnrollment",)]
        self._own: dict[int, list[Enrollment]] = {}
        self._all: dict[int, list[Enrollment]] = {}
        self._levels: dict[int, str] = {}
        for row in rows:
            course = api.store.courses.get(row.course_id)
            if row.workflow_state != "deleted":
                self._all.setdefault(row.course_id, []).append(row)
            if course is not None and self._in_course(row, course):
                self._own.setdefault(row.course_id, []).append(row)

    def _in_course(self, row: Enrollment, course: Course) -> bool:
        state = states.state_of(self._api, row, course).name
        if state not in ("active", "invited", "completed"):
            return False
        return course.workflow_state != "unpublished" or row.type in states.STAFF

    def counts(self, row: Enrollment, course: Course, looking: Looking) -> bool:
        """Whether an enrollment makes its user messageable."""
        state = states.state_of(self._api, row, course).name
        if row.type == "StudentViewEnrollment":
            return False
        if state == "completed":
            return looking.done or (looking.past and row.type in INSTRUCTORS)
        if not looking.strict:
            return row.workflow_state in ("active", "invited")
        return state in states.CURRENT and (course.workflow_state == "available" or row.type in states.STAFF)

    def in_course(self, course: Course, looking: Looking, *, whole: bool = False) -> Iterator[Enrollment]:
        """The enrollments of a course that the person can see. `whole`: all of them, as staff see."""
        studies = any(row.type in STUDENTS for row in self._own.get(course.id, ()))
        watchers = {observer.observer_id for observer in self._api.store.user_observers.find("student", self._user.id)}
        for row in self._api.store.enrollments.find("course", course.id):
            if not self.counts(row, course, looking):
                continue
            hidden = studies and row.type == "ObserverEnrollment" and row.user_id not in watchers
            if whole or (not hidden and self._sees(course, row)):
                yield row

    def level(self, course: Course) -> str:
        """How much of a course the person can write to: `full`, their `sections`, or `restricted` to instructors."""
        if course.id not in self._levels:
            rows = self._all.get(course.id, [])
            limited = bool(rows) and all(row.limit_privileges_to_course_section for row in rows)
            level = "sections" if limited else "full"
            allowed = courses.may(self._api, self._user, course, "send_messages")
            self._levels[course.id] = level if allowed else "restricted"
        return self._levels[course.id]

    def _sees(self, course: Course, row: Enrollment) -> bool:
        own, level = self._all.get(course.id, []), self.level(course)
        if course.id not in self._own or level == "full":
            return course.id in self._own
        if level == "sections":
            return row.course_section_id in {enrollment.course_section_id for enrollment in own}
        watched = {enrollment.associated_user_id for enrollment in own} - {None}
        return row.type in INSTRUCTORS or row.user_id in (watched | {self._user.id})

    def courses(self) -> list[Course]:
        """The courses that the person is in, concluded ones too."""
        return [course for course in map(self._api.store.courses.get, self._own) if course is not None]

    def own(self) -> list[tuple[Course, list[Enrollment]]]:
        """The person's courses with their enrollments there."""
        return [(course, self._own[course.id]) for course in self.courses()]

    def takes_part(self, course: Course) -> bool:
        """Whether the person is in the course, or was until its end in the last month."""
        rows = [row for row in self._own.get(course.id, ()) if row.workflow_state == "active"]
        staff = course.workflow_state == "unpublished" and any(row.type in states.STAFF for row in rows)
        return (bool(rows) and course.workflow_state == "available") or staff or self.ended_lately(course)

    def ended_lately(self, course: Course) -> bool:
        """Whether a course in which the person has finished ended within the last month."""
        done = any(row.workflow_state == "completed" for row in self._own.get(course.id, ()))
        return done and course.end_at is not None and self._api.now - MONTH < course.end_at < self._api.now

    def sees_section(self, course: Course, section: CourseSection) -> bool:
        """Whether the user can see the people of a section; those limited to sections see only their own."""
        level = self.level(course)
        own = {row.course_section_id for row in self._all.get(course.id, ())}
        return level == "full" or (level == "sections" and section.id in own)

    def _sees_all(self, course: Course) -> bool:
        lately = course.end_at is None or course.end_at >= self._api.now - MONTH
        return course.id in self._own and lately and self.level(course) == "full"

    def groups(self) -> list[Group]:
        """The groups that the person is in, and those of the courses whose people they all see."""
        own, found = assignments.groups_of(self._api, self._user.id), list[Group]()
        for group in self._api.store.groups:
            if group.workflow_state == "deleted":
                continue
            course = groups.course_of(self._api, "Group", group.id)
            if group.id in own or (course is not None and self._sees_all(course)):
                found.append(group)
        return found

    def runs(self, place: Place) -> bool:
        """Whether the person sees everybody in a place, as its admin who does not take part in the course.

        Source: canvas-lms lib/address_book/base.rb, admin_context? (2024-04).
        """
        course = place.course
        if place.group is not None:
            course = groups.course_of(self._api, "Group", place.group.id)
            if "read_as_admin" not in groups.rights(self._api, place.group, self._user):
                return False
        elif course is None or not courses.may(self._api, self._user, course, "read_as_admin"):
            return False
        return course is None or course.id not in self._own

    def own_groups(self, place: Place) -> list[Group]:
        """The groups of a whole course that the person is in; none of any other place.

        Source: canvas-lms lib/address_book/messageable_user.rb, known_users (2024-04).
        """
        if place.course is None or place.section is not None or place.part is not None:
            return []
        numbers = groups.ids_within(self._api, place.course, self._user)
        return [group for number in numbers if (group := self._api.store.groups.get(number)) is not None]

    def _active(self, user_id: int, course: Course, kinds: Collection[str] | None = None) -> bool:
        """Whether a user takes part in a course now, in one of some kinds of roles."""
        return any(
            states.state_of(self._api, row, course).name == "active"
            for row in self._api.store.enrollments.find("whose", (course.id, user_id))
            if kinds is None or row.type in kinds
        )

    def administers(self, other: User) -> bool:
        """Whether the person can see the other as an admin of one of the other's accounts."""
        for admin in self._api.store.account_users.find("user", self._user.id):
            account = self._api.store.accounts.get(admin.account_id)
            if admin.workflow_state != "active" or account is None:
                continue
            if permissions.account_allows(self._api, self._user, account, "read_roster") and self._belongs(
                other, account.id
            ):
                return True
        return False

    def _belongs(self, other: User, account_id: int) -> bool:
        logins = self._api.store.pseudonyms.find("user", other.id)
        if account_id == self._api.root.id and any(login.workflow_state != "deleted" for login in logins):
            return True
        rows = self._api.store.enrollments.find("user", other.id)
        places = (self._api.store.courses.get(row.course_id) for row in rows if row.workflow_state != "deleted")
        chains = (permissions.chain(self._api.store, course.account_id) for course in places if course is not None)
        return any(above.id == account_id for chain in chains for above in chain)

    def common(self, ids: Collection[int], looking: Looking) -> dict[int, Common]:
        """What the person has in common with others, by their ids; nothing with oneself."""
        found = {number: Common({}, {}) for number in ids}
        others = {number for number in found if number != self._user.id}
        for course in self.courses():
            for row in self.in_course(course, looking):
                if row.user_id in others:
                    _add(found[row.user_id].courses, str(course.id), row.type)
        for group in self.groups():
            for member in groups.members(self._api, group):
                if member.user_id in others:
                    _add(found[member.user_id].groups, str(group.id), "Member")
        for number in others:
            other = self._api.store.users.get(number)
            if not found[number].courses and other is not None and self.administers(other):
                _add(found[number].courses, "0", "FakeEnrollment")
        return found

    def known(self, ids: Iterable[int]) -> dict[int, Common]:
        """Those of some people whom the person can message, and what they have in common."""
        living = [
            number for number in ids if (user := self._api.store.users.get(number)) and user.workflow_state != "deleted"
        ]
        found = self.common(living, WRITING)
        return {number: row for number, row in found.items() if row.courses or row.groups or number == self._user.id}

    def within(self, place: Place, *, whole: bool = False, looking: Looking = WRITING) -> dict[int, Common]:
        """The people of a course, section or group whom the person can message, with their roles there."""
        found: dict[int, Common] = {}
        if place.group is not None:
            home = groups.course_of(self._api, "Group", place.group.id)
            closed = home is not None and not courses.may(self._api, self._user, home, "send_messages")
            if not closed and (whole or place.group in self.groups()):
                for row in groups.members(self._api, place.group):
                    if home is None or self._active(row.user_id, home):
                        found[row.user_id] = Common({}, {str(place.group.id): ["Member"]})
            return found
        if place.course is None or (place.course.id not in self._own and not whole):
            return found
        teaches = self._active(self._user.id, place.course, INSTRUCTORS)
        within = place.sections if place.section is None else {place.section.id}
        if within is None and not whole and not teaches and place.course.workflow_state == "available":
            looking = looking._replace(past=False)
        for enrollment in self.in_course(place.course, looking, whole=whole):
            inside = within is None or enrollment.course_section_id in within
            if inside and (place.types is None or enrollment.type in place.types):
                known = found.setdefault(enrollment.user_id, Common({}, {}))
                _add(known.courses, str(place.course.id), enrollment.type)
        return found


def _add(found: dict[str, list[str]], key: str, role: str) -> None:
    roles = found.setdefault(key, [])
    if role not in roles:
        roles.append(role)


def sections_of(api: Api, course: Course) -> list[CourseSection]:
    """The sections that serve as collective recipients: none if the course has only one."""
    found = [row for row in api.store.course_sections.find("course", course.id) if row.workflow_state != "deleted"]
    return found if len(found) > 1 else []


def may_send(api: Api, course: Course) -> bool:
    """Whether the caller can write to people of a course."""
    return courses.may(api, api.caller, course, "send_messages")
