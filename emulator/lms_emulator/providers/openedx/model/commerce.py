"""Teams, entitlements and credit: records of the smaller families. No HTTP."""

from __future__ import annotations

from datetime import datetime

from lms_emulator.core.state.records import Record


class Membership(Record, frozen=True, kw_only=True):
    """A member of a team."""

    user: str
    date_joined: datetime
    last_activity_at: datetime


class Team(Record, frozen=True, kw_only=True):
    """A team of learners of one course. Parameters: `topic_id`, the teamset; `discussion_topic_id` ends its id too."""

    id: str
    discussion_topic_id: str
    name: str
    course: str
    topic_id: str
    date_created: datetime
    last_activity_at: datetime
    description: str = ""
    country: str = ""
    language: str = ""
    organization_protected: bool = False
    members: list[Membership] = []


class Entitlement(Record, frozen=True, kw_only=True):
    """The right to enrol in any run of a course of the catalogue."""

    uuid: str
    user: str
    course_uuid: str
    mode: str
    created: datetime
    modified: datetime
    expired_at: datetime | None = None
    order_number: str | None = None
    refund_locked: bool = False


class CreditCourse(Record, frozen=True, kw_only=True):
    """A course that may earn credit."""

    course: str
    enabled: bool = False
