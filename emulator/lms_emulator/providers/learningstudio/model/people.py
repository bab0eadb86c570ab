"""Applications, campuses and their keys, people, courses, enrolments, announcements."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record

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
    """`call_numbers`: values by which `ccn=` finds it."""

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
