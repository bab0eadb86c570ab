"""Calendars: events, and the times that people can sign up for."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class CalendarEvent(Record, frozen=True, kw_only=True):
    """Something in a calendar: an event, a section's time of one, a slot of an appointment group, or a reservation.

    Attributes:
        user_id: who made it.
        all_day_date: the day in the time zone of the user who set it.
        rrule, series_uuid: what an event of a series repeats by, and what its series is known by.
        parent_event_id: the event that this is a section's time of, or the slot that was reserved.
        comments: what came with a reservation.
        timetable_code: what a timetable knows it by.
        own_seats: whether `participants_per_appointment` of this slot counts, and not that of its group.
    """

    id: int
    context_type: Literal["Course", "User", "Group", "Account", "CourseSection", "AppointmentGroup"]
    context_id: int
    user_id: int | None = None
    title: str | None = None
    description: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    all_day: bool = False
    all_day_date: str | None = None
    location_name: str | None = None
    location_address: str | None = None
    comments: str | None = None
    rrule: str | None = None
    series_uuid: str | None = None
    blackout_date: bool = False
    important_dates: bool = False
    parent_event_id: int | None = None
    timetable_code: str | None = None
    participants_per_appointment: int | None = None
    own_seats: bool = False
    workflow_state: Literal["active", "locked", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class AppointmentGroup(Record, frozen=True, kw_only=True):
    """Slots that people of a course, a section or a group category can reserve.

    Attributes:
        context_codes, sub_context_codes: whom it is for: courses, and sections or group categories among them.
        start_at, end_at: of the first and the last slot when the group was last saved.
    """

    id: int
    context_codes: list[str] = []
    sub_context_codes: list[str] = []
    title: str | None = None
    description: str | None = None
    location_name: str | None = None
    location_address: str | None = None
    start_at: Instant | None = None
    end_at: Instant | None = None
    participants_per_appointment: int | None = None
    max_appointments_per_participant: int | None = None
    min_appointments_per_participant: int = 0
    participant_visibility: str = "private"
    allow_observer_signup: bool = False
    workflow_state: Literal["pending", "active", "deleted"] = "pending"
    created_at: Instant
    updated_at: Instant
