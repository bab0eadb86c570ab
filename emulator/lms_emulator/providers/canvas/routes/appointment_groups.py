"""REST: appointment groups, and the reservation of their slots."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.call.params import Params, as_whole
from lms_emulator.providers.canvas.model import AppointmentGroup, CalendarEvent, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import appointments, calendars, events, inherited, states
from lms_emulator.providers.canvas.rules.appointments import Participant, Taken
from lms_emulator.providers.canvas.shapes import calendars as shapes
from lms_emulator.providers.canvas.shapes import groups as group_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/calendar.jsonl 134, 149, 164, 180, 205, 218; "
    "canvas-lms app/controllers/appointment_groups_controller.rb"
)
VISIBILITIES = ("private", "protected")


def _group(api: Api) -> AppointmentGroup:
    found: AppointmentGroup = identifiers.named(
        api, "appointment_groups", api.slot("id"), "the appointment group", deleted=True
    )
    return found


def _managed(api: Api) -> AppointmentGroup:
    group = _group(api)
    appointments.require(api, group, api.caller is not None and appointments.manages(api, group, api.caller), "manage")
    return group


def index(api: Api) -> Any:
    """The appointment groups that the caller can sign up for, or those that they manage."""
    user, past = api.user, api.params.flag("include_past_appointments")
    found = [group for group in api.store.appointment_groups if group.workflow_state != "deleted"]
    if api.params.text("scope") == "manageable":
        found = [group for group in found if appointments.manages_as_member(api, group, user)]
        found = [group for group in found if past or group.end_at is None or group.end_at >= api.now]
    else:
        found = [group for group in found if appointments.reserves(api, group, user)]
        found = [group for group in found if past or (group.end_at is not None and group.end_at >= api.now)]
    if codes := set(api.params.texts("context_codes")):
        found = [group for group in found if codes.intersection(appointments.codes_for(api, group, user))]
    found.sort(key=lambda group: group.id)
    scope = api.params.text("scope")
    path = f"/api/v1/appointment_groups?scope={quote_plus(scope)}" if scope else None
    return paged(api, found, lambda group: shapes.appointment_group(api, group, api.params.includes), path=path)


def create(api: Api) -> Any:
    """A new appointment group with its slots."""
    if api.caller is None:
        raise api.refused("make appointment groups")
    sent = api.params.hash("appointment_group")
    if sent.get("context_codes") == []:
        raise refusals.not_found("a context of the appointment group", [])
    codes = _codes(sent)
    places = [calendars.place_of_code(api, code) for code in codes]
    if not codes or any(place is None or place.kind != "Course" for place in places):
        raise refusals.crashed("`appointment_group[context_codes]` names no course", codes)
    if any(states.concluded(api, place.record) for place in places if place is not None):
        body = {"error": "cannot create an appointment group for a concluded course"}
        raise refusals.rest("course_concluded", 400, body, check="the courses are not over", got=codes)
    found = [place.record for place in places if place is not None]
    if api.settings.later_parameters and sent.flag("allow_observer_signup"):
        open_ = all(inherited.of_account(api, course.account_id, appointments.OBSERVERS).value for course in found)
        if not api.check("the courses' accounts let observers sign up", open_, got=codes):
            body = {"error": "cannot allow observers to sign up for appointment groups in this course"}
            raise refusals.rest("observers_not_allowed", 403, body, check="observers may sign up", got=codes)
    subs = appointments.first_subs(api, found, sent.texts("sub_context_codes"))
    base = AppointmentGroup(id=0, context_codes=codes, sub_context_codes=subs, created_at=api.now, updated_at=api.now)
    described = _described(sent, base, later=api.settings.later_parameters)
    appointments.require(api, described, appointments.manages(api, described, api.caller), "manage")
    return reply(api, _saved(api, sent, base, publish=sent.flag("publish")), 201)


def _codes(sent: Params) -> list[str]:
    """The codes of contexts. Raises the refusal `crashed` for what is no list."""
    given = sent.get("context_codes")
    if given not in (None, False) and not isinstance(given, list):
        raise refusals.crashed("a list of codes is expected, as `appointment_group[context_codes][]=course_1`", given)
    return sent.texts("context_codes")


def update(api: Api) -> Any:
    """Change an appointment group, publish it, or give it more slots."""
    group = _managed(api)
    sent = api.params.require("appointment_group")
    places = [place for code in _codes(sent) if (place := calendars.place_of_code(api, code))]
    if any(place.kind != "Course" for place in places):
        raise refusals.crashed("`appointment_group[context_codes]` names something that is not a course", places)
    changed = appointments.with_more(api, group, [place.code for place in places], sent.texts("sub_context_codes"))
    publish = sent.is_one("publish")
    if not publish and not sent.data.keys() - {"publish", "context_codes"}:
        raise refusals.missing("appointment_group", sent.data)
    if publish and group.workflow_state != "pending":
        raise refusals.crashed("the appointment group is published already", group.id)
    if sent.has("publish") and not publish:
        api.call.warn("publish_ignored", "Canvas publishes an existing group for the text `1` only")
    return _saved(api, sent, changed, publish=publish)


def _saved(api: Api, sent: Params, base: AppointmentGroup, *, publish: bool) -> Any:
    wanted, spans = _described(sent, base, later=api.settings.later_parameters), _spans(api, sent)
    if publish:
        wanted = replace(wanted, workflow_state="active")
    _refuse_unfit(api, wanted, spans)
    if not wanted.id:
        wanted = replace(wanted, id=api.new_id("appointment_groups"))
    elif wanted != base:
        wanted = replace(wanted, updated_at=api.now)
    api.store.appointment_groups.put(wanted)
    for slot in appointments.slots(api, wanted):
        shared = {name: getattr(wanted, name) for name in appointments.SHARED}
        for row in (slot, *appointments.taken(api, slot)):
            api.store.calendar_events.put(replace(row, **shared))
    made = [_slot(api, wanted, start, end) for start, end in spans]
    wanted = appointments.spanned(api, wanted)
    return shapes.appointment_group(api, wanted, api.params.includes, made=made)


def _described(sent: Params, base: AppointmentGroup, *, later: bool) -> AppointmentGroup:
    changes: dict[str, Any] = {}
    if later and sent.has("allow_observer_signup"):
        changes["allow_observer_signup"] = sent.flag("allow_observer_signup")
    changes |= {name: sent.text(name) for name in (*appointments.SHARED, "participant_visibility") if sent.has(name)}
    for name in ("participants_per_appointment", "max_appointments_per_participant"):
        if sent.has(name):
            changes[name] = _count(sent, name) if sent.text(name) else None
    if sent.has("min_appointments_per_participant"):
        changes["min_appointments_per_participant"] = _count(sent, "min_appointments_per_participant")
    return replace(base, **changes)


def _count(sent: Params, name: str) -> int:
    text = sent.text(name)
    return sent.noted((as_whole(text.strip()) or 0) if text and len(text) < 9 else 0, name)


def _spans(api: Api, sent: Params) -> list[tuple[datetime, datetime]]:
    """The new slots in a request; those without start and end are skipped."""
    asked = sent.get("new_appointments")
    rows = list(asked.values()) if isinstance(asked, dict) else asked if isinstance(asked, list) else []
    pairs = [
        [read_moment(str(value), api.zone) for value in row] for row in rows if isinstance(row, list) and len(row) == 2
    ]
    return [(start, end) for start, end in pairs if start is not None and end is not None]


def _refuse_unfit(api: Api, wanted: AppointmentGroup, spans: list[tuple[datetime, datetime]]) -> None:
    faults: dict[str, list[str]] = {}
    if not appointments.fits(api, wanted):
        faults["appointment_group_sub_contexts"] = ["invalid"]
    known = [(event.start_at, event.end_at) for event in appointments.slots(api, wanted)] if wanted.id and spans else []
    every = sorted([*((start, end) for start, end in known if start and end), *spans])
    if any(end < start for start, end in every):
        faults["appointments"] = ["Appointment end time precedes start time"]
    elif any(every[place][1] > every[place + 1][0] for place in range(len(every) - 1)):
        faults["appointments"] = ["Appointments overlap"]
    if wanted.participant_visibility not in VISIBILITIES:
        faults["participant_visibility"] = ["inclusion"]
    if len(wanted.title or "") > events.LONGEST:
        faults["title"] = ["too_long"]
    if faults:
        raise refusals.invalid(faults)


def _slot(api: Api, group: AppointmentGroup, start: datetime, end: datetime) -> CalendarEvent:
    made = CalendarEvent(
        **api.new_row("calendar_events"),
        context_type="AppointmentGroup",
        context_id=group.id,
        user_id=api.user.id,
        start_at=start,
        end_at=end,
        **{name: getattr(group, name) for name in appointments.SHARED},
    )
    return api.store.calendar_events.put(made)


def show(api: Api) -> Any:
    """One appointment group with its slots."""
    group = _group(api)
    appointments.require(api, group, api.caller is not None and appointments.reads(api, group, api.caller), "read")
    past = api.caller is not None and appointments.manages(api, group, api.caller)
    return shapes.appointment_group(api, group, api.params.includes | {"appointments"}, past=past)


def destroy(api: Api) -> Any:
    """Delete an appointment group with its slots and their reservations."""
    group = _managed(api)
    appointments.notify_deleted(api, group, api.params.text("cancel_reason"))
    group = appointments.spanned(api, group)
    count = len(appointments.slots(api, group))
    for slot in appointments.slots(api, group):
        for row in (taken := appointments.taken(api, slot)):
            appointments.notify_cancelled(api, group, row, None)
        for row in (*taken, slot):
            api.store.calendar_events.put(replace(row, workflow_state="deleted", updated_at=api.now))
    deleted = api.store.appointment_groups.put(replace(group, workflow_state="deleted", updated_at=api.now))
    return shapes.appointment_group(api, deleted, api.params.includes) | {"appointments_count": count}


def users(api: Api) -> Any:
    """The people who can sign up, or those who did or did not."""
    return _participants(api, "User")


def groups(api: Api) -> Any:
    """The groups that can sign up, or those that did or did not."""
    return _participants(api, "Group")


def _participants(api: Api, kind: str) -> Any:
    group = _group(api)
    seen = api.caller is not None and appointments.reads(api, group, api.caller)
    appointments.require(api, group, seen, "see who takes slots of")
    found = appointments.participants(api, group) if appointments.participant_type(group) == kind else []
    status = api.params.text("registration_status")
    if status in ("registered", "unregistered"):
        found = [
            participant
            for participant in found
            if bool(appointments.reservations(api, group, participant)) == (status == "registered")
        ]
    place = next(iter(appointments.courses_of(api, group)), api.root)

    def shape(participant: Participant) -> Any:
        return (
            people_shapes.person(api, participant, place)
            if isinstance(participant, User)
            else group_shapes.group(api, participant)
        )

    return paged(api, found, shape)


def next_appointment(api: Api) -> Any:
    """The first slot that the caller can still take."""
    asked = {identifiers.local_number(text) for text in api.params.texts("appointment_group_ids")}
    found: list[CalendarEvent] = []
    for group in api.store.appointment_groups:
        if (asked and group.id not in asked) or not appointments.reserves(api, group, api.user):
            continue
        coming = [row for row in appointments.slots(api, group) if row.start_at is not None and row.start_at > api.now]
        # also of a group's reservations, Canvas looks for the user's own here
        coming = [event for event in coming if not appointments.taken_by(api, event, api.user)]
        open_ = ((event, appointments.seats(event, group)) for event in coming)
        found += [event for event, most in open_ if most is None or len(appointments.taken(api, event)) < most][:1]
    first = sorted(found, key=lambda event: (event.start_at, event.id))[:1]
    return [shapes.event(api, event) for event in first]


def reserve(api: Api) -> Any:
    """Take a slot, for the caller or, if the caller manages the group, for another user."""
    slot = events.find(api, api.slot("id"))
    calendars.require(api, slot, "reserve")
    group = identifiers.known(calendars.group_of(api, slot), "the appointment group", slot.id, deleted=True)
    appointments.refuse_past(api, slot, group)
    participant: Participant | None = None
    try:
        participant = _for_whom(api, group)
        if participant is None:
            raise Taken("invalid participant")
        return shapes.event(api, appointments.reserve(api, slot, group, participant))
    except Taken as error:
        mine = appointments.reservations(api, group, participant) if participant is not None else []
        body = {
            "attribute": "reservation",
            "type": "calendar_event",
            "message": str(error),
            "reservations": [shapes.event(api, event) for event in mine],
        }
        raise refusals.rest("not_reserved", 400, [body], check="the slot can be taken", got=str(error)) from error


def _for_whom(api: Api, group: AppointmentGroup) -> Participant | None:
    named = (
        api.slot("participant_id") if "participant_id" in api.call.path_params else api.params.text("participant_id")
    )
    number = identifiers.local_number(named) if named is not None else None
    if named is not None and appointments.manages(api, group, api.user):
        return next((row for row in appointments.participants(api, group) if row.id == number), None)
    own = appointments.participant_for(api, group, api.user)
    return None if own is not None and named is not None and own.id != number else own


def participants(api: Api) -> Any:
    """The people who took a slot; of one taken for somebody else, who took it."""
    record = events.find(api, api.slot("id"))
    calendars.require(api, record, "read_child_events")
    if calendars.group_of(api, record) is None:
        return []
    rows = calendars.children(api, record)
    ids = {row.user_id or row.context_id for row in rows if row.user_id or row.context_type == "User"}
    found = [user for number in sorted(ids) if (user := api.store.users.get(number)) is not None]
    return paged(api, found, lambda user: people_shapes.display(api, user))


GROUPS = "/api/v1/appointment_groups"
SLOT = "/api/v1/calendar_events/{id}"
ROUTES: tuple[Route, ...] = signed_in(
    "calendar",
    SOURCE,
    (f"GET {GROUPS}", index, "Appointment groups"),
    (f"POST {GROUPS}", create, "Create an appointment group"),
    (f"GET {GROUPS}/next_appointment", next_appointment, "The next free slot"),
    (f"GET {GROUPS}/{{id}}", show, "An appointment group"),
    (f"PUT {GROUPS}/{{id}}", update, "Change an appointment group"),
    (f"DELETE {GROUPS}/{{id}}", destroy, "Delete an appointment group"),
    (f"GET {GROUPS}/{{id}}/users", users, "People who can sign up"),
    (f"GET {GROUPS}/{{id}}/groups", groups, "Groups that can sign up"),
    (f"POST {SLOT}/reservations", reserve, "Reserve a slot"),
    (f"POST {SLOT}/reservations/{{participant_id}}", reserve, "Reserve a slot for somebody"),
    (f"GET {SLOT}/participants", participants, "Participants of a slot"),
)
