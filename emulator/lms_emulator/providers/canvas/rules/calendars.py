"""Calendars: the contexts of events, permissions, and which events a user sees.

Source: canvas-lms app/models/calendar_event.rb, set_policy and for_user_and_context_codes (2023-06), and the recorded
exchanges of `calendar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Account,
    AppointmentGroup,
    CalendarEvent,
    Course,
    CourseSection,
    Group,
    User,
)
from lms_emulator.providers.canvas.rules import appointments, courses, groups, sections, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, is_account_admin

Kind = Literal["Course", "User", "Group", "Account", "CourseSection", "AppointmentGroup"]
TABLES = {
    "course": "courses",
    "user": "users",
    "group": "groups",
    "account": "accounts",
    "course_section": "course_sections",
    "appointment_group": "appointment_groups",
}
"""Contexts with a calendar, by the prefix of their codes."""
KINDS: dict[str, Kind] = {
    "course": "Course",
    "user": "User",
    "group": "Group",
    "account": "Account",
    "course_section": "CourseSection",
    "appointment_group": "AppointmentGroup",
}
_CODE = re.compile(r"([a-z_]+)_(\d{1,18})")
_CODES = {kind: code for code, kind in KINDS.items()}


class Place(NamedTuple):
    """A context with a calendar."""

    kind: Kind
    record: Any

    @property
    def code(self) -> str:
        """Its context code: `course_1`."""
        return f"{_CODES[self.kind]}_{self.record.id}"


def place_of_code(api: Api, code: str | None) -> Place | None:
    """The context with this code; None if it was deleted."""
    found = _CODE.fullmatch(code or "")
    if found is None or found.group(1) not in TABLES:
        return None
    record = getattr(api.store, TABLES[found.group(1)]).get(int(found.group(2)))
    if record is None or record.workflow_state == "deleted":
        return None
    return Place(KINDS[found.group(1)], record)


def why_no_place(api: Api, code: str | None) -> str | None:
    """Why a context code names nothing, for the journal."""
    kind, _, number = (code or "").rpartition("_")
    if not code or place_of_code(api, code) is not None:
        return None
    if kind not in TABLES or not number.isdigit():
        return f"`{code[:100]}` is not a context code: those are course_7, user_7, group_7 and so on, in lower case"
    return f"there is no {kind.replace('_', ' ')} {number}, or it was deleted"


def place_of(api: Api, event: CalendarEvent) -> Place:
    """The context of an event."""
    record = getattr(api.store, TABLES[_CODES[event.context_type]]).get(event.context_id)
    return Place(event.context_type, record)


def code_of(event: CalendarEvent) -> str:
    """The context code of an event."""
    return f"{_CODES[event.context_type]}_{event.context_id}"


def children(api: Api, event: CalendarEvent) -> list[CalendarEvent]:
    """The section times of an event, or the reservations of a slot."""
    rows = (row for row in api.store.calendar_events.find("parent", event.id) if row.workflow_state != "deleted")
    return sorted(rows, key=lambda record: record.id)


def group_of(api: Api, event: CalendarEvent) -> AppointmentGroup | None:
    """The appointment group of an event that is a slot or a reservation."""
    slot = event
    if event.parent_event_id is not None:
        slot = api.store.calendar_events.get(event.parent_event_id) or event
    return api.store.appointment_groups.get(slot.context_id) if slot.context_type == "AppointmentGroup" else None


def effective_code(api: Api, event: CalendarEvent) -> str | None:
    """The codes of the courses whose calendars show a section time, a slot or a reservation."""
    group = group_of(api, event)
    if group is not None:
        of_group = event.parent_event_id is not None and appointments.participant_type(group) == "Group"
        return None if of_group else ",".join(group.context_codes)
    section = api.store.course_sections.get(event.context_id) if event.context_type == "CourseSection" else None
    if section is None or (event.parent_event_id is None and event.timetable_code is None):
        return None
    return f"course_{section.course_id}"


def place_may(api: Api, place: Place, *wanted: str, user: User | None = None) -> bool:
    """Whether a user (by default the caller) has one of the rights there, which are `read` and `manage_calendar`."""
    who, record = user or api.caller, place.record
    match record:
        case Course():
            rights = {"read": ("read", "read_as_admin"), "manage_calendar": ("manage_calendar",)}
            return any(courses.may(api, who, record, *rights[key]) for key in wanted)
        case CourseSection():
            course = identifiers.known(api.store.courses.get(record.course_id), "the course", record.course_id)
            allowed = {"read": sections.reads, "manage_calendar": sections.manages_calendar}
            return any(allowed[key](api, record, course) for key in wanted)
        case Group():
            return not groups.rights(api, record, who).isdisjoint(wanted)
        case AppointmentGroup():
            rights_of = {"read": appointments.reads, "manage_calendar": appointments.manages}
            return who is not None and any(rights_of[key](api, record, who) for key in wanted)
        case Account():
            managing = account_allows(api, who, record, "manage_account_calendar_events")
            return managing or ("read" in wanted and who is not None and account_seen(api, record, who))
        case _:
            return who is not None and record is not None and who.id == record.id


def account_seen(api: Api, account: Account, user: User) -> bool:
    """Whether a user sees an account's calendar: members of its courses and its admins do."""
    if is_account_admin(api, user, account):
        return True
    return bool(account.calendar_visible) and account.id in accounts_of(api, user)


def accounts_of(api: Api, user: User) -> set[int]:
    """The accounts that a user belongs to: those of their courses and above, and the root account."""
    found = {api.root.id}
    for row in api.store.enrollments.find("user", user.id):
        course = api.store.courses.get(row.course_id)
        if course is None or states.state_of(api, row, course).name not in states.CURRENT:
            continue
        account = api.store.accounts.get(course.account_id)
        while account is not None:
            found.add(account.id)
            account = api.store.accounts.get(account.parent_account_id or 0)
    return found


def sections_seen(api: Api, course: Course, user: User | None) -> set[int]:
    """The sections of a course whose times a user sees: their own for students, for others all that they can see."""
    rows = [e for e, _ in courses.enrollments_of(api, user, course)] if user is not None else []
    kept = {"StudentEnrollment", "StudentViewEnrollment", "ObserverEnrollment"}
    limited = bool(rows) and all(e.limit_privileges_to_course_section or e.type in kept for e in rows)
    if limited and not courses.may(api, user, course, "manage_courses_admin"):
        return {e.course_section_id for e in rows}
    return {section.id for section in api.store.course_sections.find("course", course.id)}


def may(api: Api, event: CalendarEvent, right: str) -> bool:
    """Whether the caller may do something with an event: `read`, `read_child_events`, `create`, `update`, `delete`,
    `manage` or `reserve`.
    """
    place, group = place_of(api, event), group_of(api, event)
    if api.caller is None:
        return right == "read" and place_may(api, place, "read")
    manages_group = group is not None and appointments.manages(api, group, api.caller)
    managing = place_may(api, place, "manage_calendar")
    match right:
        case "read":
            return managing or manages_group or place_may(api, place, "read")
        case "read_child_events":
            return appointments.reads_participants(api, group, api.caller) if group is not None else managing
        case "manage":
            return manages_group
        case "reserve":
            slot = event.context_type == "AppointmentGroup" and group is not None
            return slot and (manages_group or (group is not None and appointments.reserves(api, group, api.caller)))
        case "update":
            free = event.workflow_state == "active" or event.context_type == "AppointmentGroup"
            return free and event.workflow_state != "deleted" and managing
        case "delete":
            return event.workflow_state != "deleted" and (managing or manages_group)
        case _:
            return managing


def require(api: Api, event: CalendarEvent, right: str) -> None:
    """Refuse callers who may not do that with the event."""
    if not api.check(f"may {right} the event", may(api, event, right), got=event.id):
        raise api.refused(f"{right} calendar event {event.id}")


def events_of(api: Api, places: Iterable[Place], user: User | None) -> list[CalendarEvent]:
    """The events that a user sees in some calendars, including their section times and reservations."""
    found: dict[int, CalendarEvent] = {}
    for place in places:
        for event in within(api, place):
            found[event.id] = event
        if place.kind != "Course":
            continue
        for number in sections_seen(api, place.record, user):
            found |= {event.id: event for event in _in(api, "CourseSection", number)}
        for event in _in(api, "User", user.id) if user is not None else ():
            if place.code in (effective_code(api, event) or "").split(","):
                found[event.id] = event
    return [item for item in found.values() if item.context_type == "AppointmentGroup" or _own(api, item, places)]


def managed_groups(api: Api, places: Iterable[Place], user: User) -> list[Place]:
    """The appointment groups of some courses that a user manages."""
    codes = {place.code for place in places}
    found = (group for group in api.store.appointment_groups if not codes.isdisjoint(group.context_codes))
    return [Place("AppointmentGroup", group) for group in found if appointments.manages(api, group, user)]


def _own(api: Api, event: CalendarEvent, places: Iterable[Place]) -> bool:
    """Reservations and section times belong to the calendar of their course, not to the user's or section's own."""
    codes = (effective_code(api, event) or code_of(event)).split(",")
    return any(place.code in codes for place in places)


def within(api: Api, place: Place) -> list[CalendarEvent]:
    """The events of one calendar, without those of its sections."""
    return _in(api, place.kind, place.record.id)


def _in(api: Api, kind: str, number: int) -> list[CalendarEvent]:
    rows = api.store.calendar_events.find("context", (kind, number))
    return [event for event in rows if event.workflow_state != "deleted"]
