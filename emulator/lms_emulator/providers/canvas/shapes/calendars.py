"""Events of calendars and appointment groups as Canvas's JSON.

Fields: canvas-lms lib/api/v1/calendar_event.rb (2023-06), and the recorded exchanges of `calendar`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    AppointmentGroup,
    Assignment,
    AssignmentOverride,
    CalendarEvent,
    Course,
    Group,
    User,
)
from lms_emulator.providers.canvas.rules import appointments, calendars, contexts, people, recurrence, submissions
from lms_emulator.providers.canvas.rules.appointments import Participant
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.shapes import Json, assigned
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import groups as group_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes.html import shown

WHOLE = frozenset({"child_events"})
ANYBODY = "%7B%7B%20id%20%7D%7D"
"""The placeholder in URLs for the participant of a slot."""


def event(
    api: Api,
    record: CalendarEvent,
    *,
    includes: Collection[str] = WHOLE,
    excludes: Collection[str] = (),
    duplicates: Collection[CalendarEvent] = (),
    within: AppointmentGroup | None = None,
    scheduler: bool = False,
    viewer: User | None = None,
) -> Json:
    """An event, a slot or a reservation, as the caller sees it.

    Parameters:
        includes: `child_events`, `participants`, `series_natural_language`.
        within: the appointment group that it is shown in. scheduler: whether as the group's list of slots.
        viewer: in whose calendar people are shown.
    """
    place, group = calendars.place_of(api, record), calendars.group_of(api, record)
    nested = calendars.children(api, record)
    deep = "child_events" in includes and "child_events" not in excludes
    common = _in_common(api, record, group, nested, scheduler=scheduler) if deep and group is not None else None
    if common == []:
        nested = []
    body = _columns(api, record, place)
    if api.caller is not None:
        body |= {"location_address": record.location_address, "location_name": record.location_name}
    if "description" not in excludes:
        body["description"] = shown(api, record.description, _context(api, record, place))
    body |= {"child_events_count": len(nested), **_codes(api, record, common)}
    body |= {
        "context_name": None if within is not None else _name(api, place),
        "context_color": place.record.course_color if isinstance(place.record, Course) else None,
        "parent_event_id": record.parent_event_id,
        "hidden": api.caller is not None and group is None and bool(nested),
    }
    if "participants" in includes:
        body |= _participant(api, place, within, viewer)
    participant = None
    if group is not None:
        body |= _scheduled(api, group)
    if record.context_type == "AppointmentGroup" and group is not None:
        participant = _reserver(api, group)
        body |= _slot(api, record, group, participant)
    if deep or body.get("reserved"):
        body["child_events"] = []
    if deep and nested:
        body["child_events"] = _children(api, record, group, participant, within, viewer)
    if calendars.may(api, record, "read"):
        body["url"] = api.url(f"/api/v1/calendar_events/{record.id}")
    body["html_url"] = _page(api, record)
    copies = (event(api, value, includes=includes, excludes=excludes) for value in duplicates)
    body["duplicates"] = [{"calendar_event": copy} for copy in copies]
    if record.series_uuid and record.rrule and "series_natural_language" in includes:
        body["series_natural_language"] = recurrence.in_words(record.rrule)
    return body


def _columns(api: Api, record: CalendarEvent, place: Place) -> Json:
    title = record.title
    if record.context_type == "CourseSection" and not (title or "").endswith(f" ({place.record.name})"):
        title = f"{title} ({place.record.name})"
    return {
        "id": record.id,
        "title": title,
        "start_at": when(record.start_at),
        "end_at": when(record.end_at),
        "workflow_state": record.workflow_state,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "all_day": record.all_day,
        "all_day_date": record.all_day_date,
        "comments": record.comments,
        "rrule": record.rrule,
        "series_uuid": record.series_uuid,
        "blackout_date": record.blackout_date,
        "type": "event",
        "important_dates": record.important_dates,
    }


def _context(api: Api, record: CalendarEvent, place: Place) -> contexts.Context | None:
    if record.context_type == "CourseSection":
        course = api.store.courses.get(place.record.course_id)
        return contexts.of(course) if course is not None else None
    if record.context_type in contexts.TABLES:
        return contexts.of(place.record)
    return None


def _name(api: Api, place: Place) -> str | None:
    if isinstance(place.record, Course):
        return course_shapes.course_name(api, place.record)
    name: str | None = place.record.name if place.kind in ("User", "Group", "Account") else None
    return name


def _codes(api: Api, record: CalendarEvent, common: list[str] | None) -> Json:
    own, effective = calendars.code_of(record), calendars.effective_code(api, record)
    if effective is None:
        return {"all_context_codes": own, "context_code": own}
    body: Json = {"effective_context_code": effective, "all_context_codes": effective, "context_code": own}
    if common:
        body["context_code"] = body["effective_context_code"] = common[0]
    return body


def _in_common(
    api: Api, record: CalendarEvent, group: AppointmentGroup, nested: list[CalendarEvent], *, scheduler: bool
) -> list[str] | None:
    """The codes of the courses in which both the caller and who took the slot take part; None for a group's slot."""
    effective = calendars.effective_code(api, record)
    if effective is None or api.caller is None:
        return None
    found = [code for code in effective.split(",") if code in appointments.codes_for(api, group, api.caller)]
    takers = {row.user_id for row in nested}
    row = record if record.context_type == "User" else nested[0] if len(takers) == 1 else None
    taker = api.store.users.get(row.context_id) if row is not None and row.context_type == "User" else None
    if scheduler or taker is None:
        return found
    theirs = appointments.codes_for(api, group, taker)
    return [code for code in found if code in theirs]


def _participant(api: Api, place: Place, within: AppointmentGroup | None, viewer: User | None) -> Json:
    if isinstance(place.record, Group):
        return {"group": group_shapes.group(api, place.record, {"users"})}
    if not isinstance(place.record, User):
        return {}
    courses = appointments.courses_of(api, within) if within is not None else []
    if courses:
        return {"user": people_shapes.person(api, place.record, courses[0])}
    login = people.login_of(api.store, place.record) if viewer is not None else None
    return {"user": people_shapes.brief(api, place.record) | ({"login_id": login.unique_id} if login else {})}


def _scheduled(api: Api, group: AppointmentGroup) -> Json:
    return {
        "appointment_group_id": group.id,
        "appointment_group_url": api.url(f"/api/v1/appointment_groups/{group.id}"),
        "can_manage_appointment_group": api.caller is not None and appointments.manages(api, group, api.caller),
        "participant_type": appointments.participant_type(group),
    }


def _reserver(api: Api, group: AppointmentGroup) -> Participant | None:
    caller = api.caller
    if caller is None or not appointments.reserves(api, group, caller):
        return None
    return appointments.participant_for(api, group, caller)


def _slot(api: Api, record: CalendarEvent, group: AppointmentGroup, participant: Participant | None) -> Json:
    body: Json = {}
    if participant is not None:
        mine = appointments.taken_by(api, record, participant)
        said = [row.comments for row in mine if row.comments is not None]
        body |= {"reserved": bool(mine), "reserve_comments": ", ".join(said)}
    who = ANYBODY if participant is None else participant.id
    body["reserve_url"] = api.url(f"/api/v1/calendar_events/{record.id}/reservations/{who}")
    if (seats := appointments.seats(record, group)) is not None:
        free = max(seats - len(calendars.children(api, record)), 0)
        body |= {"available_slots": free, "participants_per_appointment": seats}
    return body


def _children(
    api: Api,
    record: CalendarEvent,
    group: AppointmentGroup | None,
    participant: Participant | None,
    within: AppointmentGroup | None,
    viewer: User | None,
) -> list[Json]:
    """The section times or reservations that the caller sees, with URLs of those that they may change."""
    if calendars.may(api, record, "read_child_events"):
        rows = calendars.children(api, record)
    else:
        rows = appointments.taken_by(api, record, participant) if participant is not None else []
    manages, found = calendars.may(api, record, "manage"), list[Json]()
    for row in rows:
        parts = {"participants"} if group is not None else set()
        body = event(api, row, includes=parts, within=within, viewer=viewer)
        body["context_name"] = _name(api, calendars.place_of(api, row))
        own = participant is not None and (row.context_type, row.context_id) == (
            type(participant).__name__,
            participant.id,
        )
        if own:
            body["own_reservation"] = True
        if not manages and not own:
            body.pop("url", None)
        found.append(body)
    return found


def _page(api: Api, record: CalendarEvent) -> str:
    code = (calendars.effective_code(api, record) or calendars.code_of(record)).partition(",")[0]
    return api.url(f"/calendar?event_id={record.id}&include_contexts={code}")


def assignment_event(
    api: Api,
    record: Assignment,
    course: Course,
    *,
    excludes: Collection[str] = (),
    includes: Collection[str] = (),
    overrides: Collection[AssignmentOverride] = (),
    listed: bool = False,
) -> Json:
    """An assignment as an event on the day that it is due.

    Parameters: `overrides`, those whose dates the record has; `listed`, whether in a list, which shows what the caller
    submitted.
    """
    due = record.due_at
    body: Json = {
        "id": f"assignment_{record.id}",
        "type": "assignment",
        "title": record.name,
        "submission_types": ",".join(record.submission_types),
        "workflow_state": "published" if record.published else "unpublished",
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "all_day": due is not None and is_day_end(due, api),
        "all_day_date": in_zone(due, api.zone).date().isoformat() if due is not None else None,
        "html_url": api.url(f"/courses/{course.id}/assignments/{record.id}"),
        "context_code": f"course_{course.id}",
        "context_name": course_shapes.course_name(api, course),
        "context_color": course.course_color,
        "end_at": when(due),
        "start_at": when(due),
        "url": api.url(f"/api/v1/calendar_events/assignment_{record.id}"),
        "important_dates": bool(record.important_dates),
    }
    if "description" not in excludes:
        body["description"] = shown(api, record.description, course)
    if "assignment" not in excludes:
        kept = {literal for literal in ("submission",) if literal in includes}
        body["assignment"] = assigned.assignment(api, record, course, kept, override_dates=False)
        if "url" in body["assignment"]:
            body["assignment"]["url"] = None
        if "description" not in excludes:
            body["description"] = body["assignment"]["description"]
        if listed:
            own = submissions.of(api, record, api.caller.id) if api.caller is not None else None
            body["assignment"]["user_submitted"] = own is not None and submissions.handed_in(own)
    if overrides:
        body["assignment_overrides"] = [assignment_shapes.override(override) for override in overrides]
    return body


def is_day_end(moment: datetime, api: Api) -> bool:
    """Whether something is due at the end of a day, where the caller is."""
    local = in_zone(moment, api.zone)
    return (local.hour, local.minute) == (23, 59)


def appointment_group(
    api: Api,
    record: AppointmentGroup,
    includes: Collection[str] = (),
    *,
    made: Collection[CalendarEvent] = (),
    past: bool = False,
) -> Json:
    """An appointment group.

    Parameters: `made`, the slots that were made just now; `past`, whether slots are shown that are over.
    """
    caller = api.user
    body: Json = {
        "id": record.id,
        "title": record.title,
        "description": record.description,
        "workflow_state": record.workflow_state,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "start_at": when(record.start_at),
        "end_at": when(record.end_at),
        "participants_per_appointment": record.participants_per_appointment,
        "max_appointments_per_participant": record.max_appointments_per_participant,
        "min_appointments_per_participant": record.min_appointments_per_participant,
        "participant_visibility": record.participant_visibility,
        **({"allow_observer_signup": record.allow_observer_signup} if api.settings.later_parameters else {}),
        "sub_context_codes": record.sub_context_codes,
        "location_address": record.location_address,
        "location_name": record.location_name,
        "context_codes": appointments.codes_for(api, record, caller),
        "requiring_action": appointments.requires_action(api, record, caller),
        "participant_type": appointments.participant_type(record),
        "url": api.url(f"/api/v1/appointment_groups/{record.id}"),
        "html_url": api.url(f"/appointment_groups/{record.id}"),
    }
    found = appointments.slots(api, record)
    if "participant_count" in includes:
        body["participant_count"] = sum(len(appointments.taken(api, slot)) for slot in found)
    if "reserved_times" in includes:
        body["reserved_times"] = [_time(row) for row in appointments.reservations(api, record, caller)]
    if "all_context_codes" in includes and appointments.manages(api, record, caller):
        body["all_context_codes"] = record.context_codes
    if made:
        body["new_appointments"] = [event(api, value) for value in made]
    if "appointments" in includes:
        past = past or api.params.flag("include_past_appointments")
        slots = found if past else [item for item in found if item.end_at is None or item.end_at > api.now]
        deep = {literal for literal in ("child_events",) if literal in includes}
        body["appointments"] = [event(api, slot, includes=deep, within=record, scheduler=True) for slot in slots]
    body["appointments_count"] = len(found)
    return body


def _time(record: CalendarEvent) -> Json:
    return {"id": record.id, "start_at": when(record.start_at), "end_at": when(record.end_at)}
