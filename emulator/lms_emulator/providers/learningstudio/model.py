"""What a LearningStudio system knows: campuses and their keys, people, courses, gradebooks, tokens. No HTTP."""

from __future__ import annotations

from typing import Literal

import msgspec

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table

Role = Literal["PROF", "TA", "STUD"]

ROLE_NUMBERS: dict[str, int] = {"PROF": 1, "TA": 2, "STUD": 3}
ROLE_NAMES: dict[str, str] = {"PROF": "Professor", "TA": "Teaching Assistant", "STUD": "Student"}


class Application(Record, frozen=True, kw_only=True):
    """An application ("API key"); its id is the same for all campuses and is no secret."""

    id: str
    name: str = ""
    active: bool = True


class Campus(Record, frozen=True, kw_only=True):
    """A school. Its consumer key ("token key moniker") and shared secret sign for it alone.

    `shared_secret`: 16, 24 or 32 bytes in UTF-8, which are the AES key as they are. Pearson's Python and Ruby libraries
    work with 32 only.
    """

    client_string: str
    consumer_key: str
    shared_secret: str
    name: str = ""


class User(Record, frozen=True, kw_only=True):
    """A person of one campus. `administrator`: may do what a professor may, in every course of the campus."""

    id: int
    client_string: str
    username: str
    password: str = ""
    sourced_id: str | None = None
    first_name: str
    last_name: str
    email: str
    active: bool = True
    administrator: bool = False

    @property
    def persona_id(self) -> str:
        return f"{self.client_string}_{self.username}"


class Term(Record, frozen=True, kw_only=True):
    id: int
    client_string: str
    name: str
    start: Instant
    end: Instant


class Course(Record, frozen=True, kw_only=True):
    """`call_numbers`: what `ccn=` finds it by."""

    id: int
    client_string: str
    title: str
    display_course_code: str
    call_numbers: list[str] = []
    term_id: int | None = None
    start: Instant
    end: Instant
    time_zone: str = "Mountain Standard Time"


class Enrollment(Record, frozen=True, kw_only=True):
    id: int
    course_id: int
    user_id: int
    role: Role
    enrolled: Instant


class Announcement(Record, frozen=True, kw_only=True):
    """`text` is HTML. It is active between its two display dates."""

    id: int
    course_id: int
    subject: str
    text: str
    submitter: str
    start_display: Instant
    end_display: Instant


class AnnouncementRead(Record, frozen=True, kw_only=True):
    """A user has marked an announcement as read."""

    announcement_id: int
    user_id: int


class GradebookItem(Record, frozen=True, kw_only=True):
    """A column of the gradebook. `item_id`: the course item that is graded."""

    id: str
    course_id: int
    item_id: int
    title: str
    points_possible: float
    is_included_in_grade: bool = True
    is_extra_credit: bool = False
    type: str = "courseItem"
    category_id: str | None = None


class Grade(Record, frozen=True, kw_only=True):
    id: int
    gradebook_item_id: str
    user_id: int
    points: float | None = None
    letter_grade: str = ""
    comments: str = ""
    updated: Instant


class CustomCategory(Record, frozen=True, kw_only=True):
    guid: str
    course_id: int
    title: str
    is_assignable: bool = True


class CustomItem(Record, frozen=True, kw_only=True):
    guid: str
    category_guid: str
    title: str
    unit_id: int | None = None
    gradebook_item_id: str


class IssuedToken(Record, frozen=True, kw_only=True):
    """An access token that was given out. `expires` is exact; the token's own text has whole seconds."""

    token: str
    application_id: str
    client_string: str
    user_id: int
    issued: Instant
    expires: Instant
    revoked: bool = False


class LatestToken(Record, frozen=True, kw_only=True):
    """When an application last got a token for a user; earlier ones work, but ought not to be used."""

    application_id: str
    user_id: int
    issued: Instant
    expires: Instant


class RefreshToken(Record, frozen=True, kw_only=True):
    token: str
    application_id: str
    user_id: int
    access_token: str
    expires: Instant
    used: bool = False


class AccessGrant(Record, frozen=True, kw_only=True):
    """What `POST /authorize/grant` of 2010 gave, to be changed for tokens."""

    grant: str
    application_id: str
    user_id: int
    expires: Instant
    used: bool = False


class Nonce(Record, frozen=True, kw_only=True):
    """A nonce (or an assertion's signature) that was used with a consumer key."""

    consumer_key: str
    nonce: str
    until: Instant


class RequestCount(Record, frozen=True, kw_only=True):
    """Requests with one key in one second."""

    key: str
    second: int
    count: int


class SectionValues(Record, frozen=True, kw_only=True):
    """LearningStudio's part of a world file.

    `server_key`: the secret that signs access tokens (16, 24 or 32 bytes).
    """

    server_key: str = "emulator-server-key-not-a-secret"


class LearningStudioStore(Store):
    """The tables of one world, and the questions that rules ask of them."""

    applications: Table[Application] = table(key="id")
    campuses: Table[Campus] = table(key="client_string", indexes={"consumer_key": lambda campus: campus.consumer_key})
    users: Table[User] = table(
        key="id",
        indexes={
            "campus": lambda user: user.client_string,
            "username": lambda user: [(user.client_string, user.username.lower())],
            "sourced_id": lambda user: [(user.client_string, user.sourced_id)],
            "email": lambda user: [(user.client_string, user.email.lower())],
        },
    )
    terms: Table[Term] = table(key="id")
    courses: Table[Course] = table(
        key="id",
        indexes={"call_number": lambda course: [(course.client_string, number) for number in course.call_numbers]},
    )
    enrollments: Table[Enrollment] = table(
        key="id",
        indexes={
            "course": lambda enrollment: enrollment.course_id,
            "user": lambda enrollment: enrollment.user_id,
            "member": lambda enrollment: [(enrollment.course_id, enrollment.user_id)],
        },
    )
    announcements: Table[Announcement] = table(
        key="id", indexes={"course": lambda announcement: announcement.course_id}
    )
    announcement_reads: Table[AnnouncementRead] = table(key=lambda read: (read.announcement_id, read.user_id))
    gradebook_items: Table[GradebookItem] = table(
        key="id",
        indexes={"course": lambda item: item.course_id, "item": lambda item: [(item.course_id, item.item_id)]},
    )
    grades: Table[Grade] = table(
        key="id",
        indexes={
            "item": lambda grade: grade.gradebook_item_id,
            "student": lambda grade: [(grade.gradebook_item_id, grade.user_id)],
        },
    )
    custom_categories: Table[CustomCategory] = table(
        key="guid", indexes={"course": lambda category: category.course_id}
    )
    custom_items: Table[CustomItem] = table(key="guid", indexes={"category": lambda item: item.category_guid})
    access_tokens: Table[IssuedToken] = table(key="token", keep_until=lambda token: token.expires, limit=50_000)
    latest_tokens: Table[LatestToken] = table(
        key=lambda latest: (latest.application_id, latest.user_id),
        keep_until=lambda latest: latest.expires,
        limit=50_000,
    )
    refresh_tokens: Table[RefreshToken] = table(key="token", keep_until=lambda token: token.expires, limit=50_000)
    access_grants: Table[AccessGrant] = table(key="grant", keep_until=lambda grant: grant.expires, limit=50_000)
    nonces: Table[Nonce] = table(
        key=lambda nonce: (nonce.consumer_key, nonce.nonce), keep_until=lambda nonce: nonce.until, limit=200_000
    )
    request_counts: Table[RequestCount] = table(key="key", limit=1_000)

    # An index function gives a list of values; one that is a pair stands in a list of its own.

    def user_named(self, client_string: str, username: str, *, ignore_case: bool) -> User | None:
        """A user of the campus by login id."""
        found = self.users.find("username", (client_string, username.lower()))
        return next((user for user in found if ignore_case or user.username == username), None)

    def member(self, course_id: int, user_id: int) -> Enrollment | None:
        """The user's enrolment in the course."""
        return self.enrollments.first("member", (course_id, user_id))

    def members(self, course_id: int, role: Role | None = None) -> list[tuple[Enrollment, User]]:
        """Everybody in the course, or those of one role, with their records."""
        found = []
        for enrollment in self.enrollments.find("course", course_id):
            user = self.users.get(enrollment.user_id)
            if user is not None and role in (None, enrollment.role):
                found.append((enrollment, user))
        return found

    def courses_of(self, user: User) -> list[Course]:
        """The courses a user is enrolled in."""
        found = (self.courses.get(enrollment.course_id) for enrollment in self.enrollments.find("user", user.id))
        return [course for course in found if course is not None]

    def terms_of(self, user: User) -> list[Term]:
        """The terms of a user's courses, each once."""
        ids = dict.fromkeys(course.term_id for course in self.courses_of(user) if course.term_id is not None)
        return [term for term in map(self.terms.get, ids) if term is not None]

    def grade_of(self, item: GradebookItem, user_id: int) -> Grade | None:
        """The user's grade in one gradebook item."""
        return self.grades.first("student", (item.id, user_id))


Section = section_of(LearningStudioStore, "Section", SectionValues)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A student's course grade to date. `average` is a percentage of the points of what has been graded."""

    earned: float
    possible: float
    extra_credit: float

    @property
    def average(self) -> float:
        return round(100 * (self.earned + self.extra_credit) / self.possible, 2) if self.possible else 0.0

    @property
    def letter(self) -> str:
        """A to F by tenths; empty before anything was graded (a scale chosen here)."""
        if not self.possible:
            return ""
        steps = ((90, "A"), (80, "B"), (70, "C"), (60, "D"))
        return next((letter for least, letter in steps if self.average >= least), "F")


def totals(store: LearningStudioStore, course_id: int, user_id: int) -> Totals:
    """Add up what has been graded so far; extra credit counts as earned, not as possible."""
    earned = possible = extra = 0.0
    for item in store.gradebook_items.find("course", course_id):
        grade = store.grade_of(item, user_id)
        if grade is None or grade.points is None or not item.is_included_in_grade:
            continue
        if item.is_extra_credit:
            extra += grade.points
        else:
            earned += grade.points
            possible += item.points_possible
    return Totals(earned=earned, possible=possible, extra_credit=extra)
