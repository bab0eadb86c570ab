"""Bookmarks, tours and other small records of learners. No HTTP."""

from __future__ import annotations

from datetime import datetime

from lms_emulator.core.state.records import Record


class Bookmark(Record, frozen=True, kw_only=True):
    """A learner's bookmarked block."""

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
    """A value that an experiment stores for a user."""

    user: str
    experiment: int
    key: str
    value: str
    created: datetime
    modified: datetime
    id: int = 0


class Signature(Record, frozen=True, kw_only=True):
    """A learner's signature under the honor code of a course."""

    user: str
    course: str
    created: datetime


class EmailOptout(Record, frozen=True, kw_only=True):
    """A user's opt-out from a course's e-mail."""

    user: str
    course: str
