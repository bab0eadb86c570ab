"""Appointment groups: who can sign up, who manages them, and how slots are reserved.

Source: canvas-lms app/models/appointment_group.rb and app/models/calendar_event.rb, reserve_for (2023-06), and the
recorded exchanges of `calendar`.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import AppointmentGroup, CalendarEvent, Course, Group, User
from lms_emulator.providers.canvas.rules import courses, groups, mails, people, states

SHARED = ("title", "description", "location_name", "location_address")
"""What slots and reservations have from their group."""
OBSERVERS = "allow_observers_in_appointment_groups"
"""The setting of accounts by which observers may sign up for appointments in courses."""
Participant = User | Group


class Taken(Exception):
    """A slot that cannot be reserved, with Canvas's reason."""


def participant_type(group: AppointmentGroup) -> str:
    """Whether people or whole groups take the slots."""
    return "Group" if any(code.startswith("group_category_") for code in group.sub_context_codes) else "User"


def courses_of(api: Api, group: AppointmentGroup) -> list[Course]:
    """The courses that an appointment group is for."""
    numbers = (int(code.rpartition("_")[2]) for code in group.context_codes if code.startswith("course_"))
    found = (api.store.courses.get(number) for number in numbers)
    return [course for course in found if course is not None and course.workflow_state != "deleted"]


def first_subs(api: Api, owning: list[Course], sent: list[str]) -> list[str]:
    """Which sections a new appointment group is limited to, or whose groups sign up.

    A group category counts alone and with one course only. Of a course of which no section is named, all are.
    """
    if len(owning) == len(sent) == 1 and sent[0].startswith("group_category_"):
        return sent
    codes = list(dict.fromkeys(sent))
    for course in owning if codes else ():
        own = _section_codes(api, course)
        if set(codes).isdisjoint(own):
            codes += own
    return [code for code in codes if code.startswith("course_section_")]


def with_more(api: Api, group: AppointmentGroup, codes: list[str], subs: list[str]) -> AppointmentGroup:
    """An appointment group for more courses and for sections of those; nothing is taken away.

    One for the groups of a category keeps its course.
    """
    known = {
        *group.sub_context_codes,
        *(code for course in courses_of(api, group) for code in _section_codes(api, course)),
    }
    new = [code for code in dict.fromkeys(subs) if code not in known and code.startswith("course_section_")]
    for_groups = participant_type(group) == "Group" and not new
    more = [] if for_groups else [code for code in dict.fromkeys(codes) if code not in group.context_codes]
    return replace(
        group,
        context_codes=[*group.context_codes, *more],
        sub_context_codes=[*group.sub_context_codes, *new],
    )


def _section_codes(api: Api, course: Course) -> list[str]:
    return [f"course_section_{section.id}" for section in api.store.course_sections.find("course", course.id)]


def fits(api: Api, group: AppointmentGroup) -> bool:
    """Whether its sections and its group category, as far as they exist, are of its courses."""
    owning = {course.id for course in courses_of(api, group)}
    sections = [section for number in sections_of(group) if (section := api.store.course_sections.get(number))]
    sets = [row for number in _categories_of(group) if (row := api.store.group_categories.get(number))]
    of_course = all(row.context_type == "Course" and row.context_id in owning for row in sets)
    return of_course and all(section.course_id in owning for section in sections)


def slots(api: Api, group: AppointmentGroup) -> list[CalendarEvent]:
    """The slots of an appointment group, in chronological order."""
    rows = api.store.calendar_events.find("context", ("AppointmentGroup", group.id))
    kept = [event for event in rows if event.workflow_state != "deleted"]
    return sorted(kept, key=lambda event: (event.start_at is None, event.start_at, event.id))


def reservations(api: Api, group: AppointmentGroup, participant: Participant) -> list[CalendarEvent]:
    """What a user reserved in an appointment group."""
    return [row for slot in slots(api, group) for row in taken_by(api, slot, participant)]


def taken(api: Api, slot: CalendarEvent) -> list[CalendarEvent]:
    """The reservations of a slot."""
    rows = (event for event in api.store.calendar_events.find("parent", slot.id) if event.workflow_state != "deleted")
    return sorted(rows, key=lambda event: event.id)


def taken_by(api: Api, slot: CalendarEvent, participant: Participant) -> list[CalendarEvent]:
    """The reservations that a user has of a slot."""
    key = ("Group" if isinstance(participant, Group) else "User", participant.id)
    return [row for row in taken(api, slot) if (row.context_type, row.context_id) == key]


def manages(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user manages the appointment group: of its sections, those limited to some need all."""
    owning = courses_of(api, group)
    managing = any(courses.may(api, user, course, "manage_calendar") for course in owning)
    if group.workflow_state == "deleted" or not managing:
        return False
    rows = [row for course in owning for row, _ in courses.enrollments_of(api, user, course)]
    named = sections_of(group)
    if named and named <= {row.course_section_id for row in rows}:
        return True
    return not rows or not all(row.limit_privileges_to_course_section for row in rows)


def manages_as_member(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user manages the appointment group by an enrollment; admins of the account do not."""
    return manages(api, group, user) and any(_takes_part(api, course, user) for course in courses_of(api, group))


def _takes_part(api: Api, course: Course, user: User) -> bool:
    return any(state.name in states.CURRENT for _, state in courses.enrollments_of(api, user, course))


def codes_for(api: Api, group: AppointmentGroup, user: User) -> list[str]:
    """The codes of those courses of an appointment group that a user takes part in."""
    return [f"course_{course.id}" for course in courses_of(api, group) if _takes_part(api, course, user)]


def seats(slot: CalendarEvent, group: AppointmentGroup) -> int | None:
    """How many can reserve a slot; None for any number."""
    return slot.participants_per_appointment if slot.own_seats else group.participants_per_appointment


def requires_action(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user has to take further slots, and some are free."""
    participant = participant_for(api, group, user)
    if participant is None:
        return False
    most, found = group.participants_per_appointment, slots(api, group)
    if most is not None:
        all_seats = sum(most if (own := slot.participants_per_appointment) is None else own for slot in found)
        if sum(len(taken(api, slot)) for slot in found) >= all_seats:
            return False
    return len(reservations(api, group, participant)) < group.min_appointments_per_participant


def reserves(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user can take a slot."""
    return group.workflow_state == "active" and participant_for(api, group, user) is not None


def reads(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user can see the appointment group."""
    return manages(api, group, user) or reserves(api, group, user)


def reads_participants(api: Api, group: AppointmentGroup, user: User) -> bool:
    """Whether a user can see who took the slots."""
    return manages(api, group, user) or (group.participant_visibility == "protected" and reserves(api, group, user))


def participant_for(api: Api, group: AppointmentGroup, user: User) -> Participant | None:
    """The participant that a person signs up as: the person, or their group of the set; None for others."""
    if participant_type(group) == "User":
        kinds = ("StudentEnrollment", *(("ObserverEnrollment",) if group.allow_observer_signup else ()))
        return user if user.id in {candidate.id for candidate in _enrolled(api, group, kinds)} else None
    mine = {
        row.group_id for row in api.store.group_memberships.find("user", user.id) if row.workflow_state == "accepted"
    }
    return next((candidate for candidate in groups_of(api, group) if candidate.id in mine), None)


def participants(api: Api, group: AppointmentGroup) -> list[Participant]:
    """Everybody who may take a slot."""
    return [*people_of(api, group)] if participant_type(group) == "User" else [*groups_of(api, group)]


def people_of(api: Api, group: AppointmentGroup) -> list[User]:
    """The students of the courses, or of the sections named, by name."""
    return _enrolled(api, group, ("StudentEnrollment",))


def sections_of(group: AppointmentGroup) -> set[int]:
    """The sections that an appointment group is for; none where it is for whole courses."""
    return set(_numbers(group, "course_section_"))


def _enrolled(api: Api, group: AppointmentGroup, kinds: tuple[str, ...]) -> list[User]:
    sections, found = sections_of(group), dict[int, User]()
    for course in courses_of(api, group):
        for row in api.store.enrollments.find("course", course.id):
            user = api.store.users.get(row.user_id)
            outside = bool(sections) and row.course_section_id not in sections
            if row.type not in kinds or outside or user is None or user.workflow_state == "deleted":
                continue
            if states.state_of(api, row, course).name == "active":
                found[user.id] = user
    return sorted(found.values(), key=lambda user: (people.sortable_name(user).lower(), user.id))


def groups_of(api: Api, group: AppointmentGroup) -> list[Group]:
    """The groups of the sets that an appointment group is for."""
    known = (api.store.group_categories.get(number) for number in _categories_of(group))
    return [candidate for category in known if category is not None for candidate in groups.of_category(api, category)]


def _categories_of(group: AppointmentGroup) -> list[int]:
    return _numbers(group, "group_category_")


def _numbers(group: AppointmentGroup, prefix: str) -> list[int]:
    """The ids in codes of that kind; 0 for one that is not a number, which nothing has."""
    return [as_whole(code.removeprefix(prefix)) or 0 for code in group.sub_context_codes if code.startswith(prefix)]


def require(api: Api, group: AppointmentGroup, passed: bool, what: str) -> None:
    """Raise the refusal unless the check passed."""
    if not api.check(f"may {what} the appointment group", passed, got=group.id):
        raise api.refused(f"{what} appointment group {group.id}")


def touch(api: Api, group: AppointmentGroup) -> None:
    """Record that a slot of the appointment group changed."""
    api.store.appointment_groups.put(replace(group, updated_at=api.now))


def spanned(api: Api, group: AppointmentGroup) -> AppointmentGroup:
    """Store an appointment group with the time range of its current slots."""
    found = slots(api, group)
    start = min((event.start_at for event in found if event.start_at is not None), default=None)
    end = max((event.end_at for event in found if event.end_at is not None), default=None)
    at = api.now if (start, end) != (group.start_at, group.end_at) else group.updated_at
    return api.store.appointment_groups.put(replace(group, start_at=start, end_at=end, updated_at=at))


def _set_state(
    api: Api, slot: CalendarEvent, group: AppointmentGroup | None, state: Literal["active", "locked"]
) -> None:
    api.store.calendar_events.put(replace(slot, workflow_state=state, updated_at=api.now))
    if group is not None:
        touch(api, group)


def reserve(api: Api, slot: CalendarEvent, group: AppointmentGroup, participant: Participant) -> CalendarEvent:
    """Take a slot. Raises Taken."""
    if api.params.flag("cancel_existing"):
        for row in reservations(api, group, participant):
            if row.end_at is not None and row.end_at < api.now:
                raise Taken("cannot cancel past reservation")
            cancel(api, row)
        slot = api.store.calendar_events.get(slot.id) or slot
    most, limit = group.max_appointments_per_participant, seats(slot, group)
    if most is not None and len(reservations(api, group, participant)) >= most:
        raise Taken("participant has met per-participant limit")
    if limit is not None and len(taken(api, slot)) >= limit:
        raise Taken("all slots filled")
    if taken_by(api, slot, participant):
        raise Taken("participant has already reserved this appointment")
    made = replace(
        slot,
        id=api.new_id("calendar_events"),
        context_type="Group" if isinstance(participant, Group) else "User",
        context_id=participant.id,
        user_id=api.user.id,
        parent_event_id=slot.id,
        comments=api.params.text("comments"),
        participants_per_appointment=None,
        own_seats=False,
        workflow_state="locked",
        created_at=api.now,
        updated_at=api.now,
    )
    if slot.workflow_state != "locked":
        _set_state(api, slot, group, "locked")
    return api.store.calendar_events.put(made)


def cancel(api: Api, reservation: CalendarEvent) -> CalendarEvent:
    """Cancel a reservation."""
    cancelled = api.store.calendar_events.put(replace(reservation, workflow_state="deleted", updated_at=api.now))
    slot = api.store.calendar_events.get(reservation.parent_event_id or 0)
    if slot is not None and slot.workflow_state == "locked" and not taken(api, slot):
        _set_state(api, slot, api.store.appointment_groups.get(slot.context_id), "active")
    return cancelled


def notify_cancelled(api: Api, group: AppointmentGroup, reservation: CalendarEvent, reason: str | None) -> None:
    """Mail those who lost a reservation, and the teachers if it was cancelled by its owner."""
    taker = (api.store.groups if reservation.context_type == "Group" else api.store.users).get(reservation.context_id)
    course = ", ".join(course.name for course in courses_of(api, group))
    link = api.url(f"/appointment_groups/{group.id}")
    data = {"link": link, "cancel_reason": reason or "none given", "event_id": reservation.id}
    if taker is not None and taker == participant_for(api, group, api.user):
        said = f'{api.user.name} canceled their reservation for "{reservation.title}".'
        subject = f'Reservation canceled for "{reservation.title}" ({course})'
        mails.notify(
            api, "appointment_canceled_by_user", _enrolled(api, group, states.INSTRUCTORS), subject, said, **data
        )
    losers = _of_groups(api, [taker]) if isinstance(taker, Group) else [taker] if taker is not None else []
    said = f'{api.user.name} canceled your time slot for "{reservation.title}".'
    subject = f'Your time slot for "{reservation.title}" has been canceled ({course})'
    mails.notify(
        api, "appointment_deleted_for_user", [user for user in losers if user.id != api.user.id], subject, said, **data
    )


def notify_deleted(api: Api, group: AppointmentGroup, reason: str | None) -> None:
    """Mail everybody who could have taken a slot, where a course is published and the group was."""
    courses_ = courses_of(api, group)
    if group.workflow_state != "active" or not any(course.workflow_state == "available" for course in courses_):
        return
    names = ", ".join(course.name for course in courses_)
    people_ = _of_groups(api, groups_of(api, group)) if participant_type(group) == "Group" else people_of(api, group)
    subject = f'Appointments for "{group.title}" have been canceled ({names})'
    said = f'All appointments for "{group.title}" have been canceled.'
    mails.notify(api, "appointment_group_deleted", people_, subject, said, cancel_reason=reason or "none given")


def _of_groups(api: Api, found: list[Group]) -> list[User]:
    members = {membership.user_id for group in found for membership in groups.members(api, group)}
    return [user for number in members if (user := api.store.users.get(number)) is not None]


def refuse_past(api: Api, slot: CalendarEvent | None, group: AppointmentGroup | None) -> None:
    """Refuse a change to a past appointment, unless the caller manages the group."""
    if slot is None or group is None or slot.context_type != "AppointmentGroup" or manages(api, group, api.user):
        return
    if slot.end_at is not None and slot.end_at < api.now:
        text = "Cannot create or change reservation for past appointment"
        raise refusals.message(403, "appointment_past", text, check="the appointment is not over")
