"""What learners keep for themselves: bookmarks, and what other small families keep for them. No HTTP."""

from __future__ import annotations

from datetime import datetime

from lms_emulator.core.state.records import Record


class Bookmark(Record, frozen=True, kw_only=True):
    """A block that a learner marked."""

    user: str
    block: str
    created: datetime


class Tour(Record, frozen=True, kw_only=True):
    """Which tours a user was shown.

    Parameters: `home` is `show-new-user-tour`, `show-existing-user-tour` or `no-tour`.
    """

    user: str
    home: str = "show-new-user-tour"
    show_courseware: bool = True


class ExperimentData(Record, frozen=True, kw_only=True):
    """A value that an experiment keeps for a user."""

    user: str
    experiment: int
    key: str
    value: str
    created: datetime
    modified: datetime
    id: int = 0


class Signature(Record, frozen=True, kw_only=True):
    """That a learner signed the honor code of a course."""

    user: str
    course: str
    created: datetime


class EmailOptout(Record, frozen=True, kw_only=True):
    """That a user wants no e-mail from a course."""

    user: str
    course: str
