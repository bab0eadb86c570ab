"""REST: the calendars that a user selects, account calendars, and course timetables."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_flag, listed
from lms_emulator.providers.canvas.model import Account, Course, CourseSection
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    appointments,
    calendars,
    collation,
    courses,
    inherited,
    menu,
    people,
    states,
    timetables,
)
from lms_emulator.providers.canvas.rules.permissions import account_allows, account_from_path, chain
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import courses as course_shapes

SOURCE = (
    f"{RECORDED}/calendar.jsonl 115, 116, 123, 124, 126; canvas-lms app/controllers/calendar_events_api_controller.rb"
)
ACCOUNTS = f"{RECORDED}/misc.jsonl 87, 90, 96, 101, 107; canvas-lms app/controllers/account_calendars_api_controller.rb"


def visible_contexts(api: Api) -> Any:
    """The caller's calendars, and which of them are selected."""
    user = api.user
    chosen = set(user.preferences.get("selected_calendar_contexts", []))
    colors = user.preferences.get("custom_colors", {})
    own: list[Any] = [("user", user, user.name)]
    own += [("course", course, course_shapes.course_name(api, course)) for course in _courses(api)]
    rows = api.store.group_memberships.find("user", user.id)
    known = (api.store.groups.get(row.group_id) for row in rows if row.workflow_state == "accepted")
    own += [("group", group, group.name) for group in known if group is not None and group.workflow_state != "deleted"]
    own += [("account", account, account.name) for account in api.store.accounts if account.id in enabled_accounts(api)]
    found = []
    for kind, record, name in own:
        code = f"{kind}_{record.id}"
        body: Json = {"id": str(record.id), "name": name, "asset_string": code, "color": colors.get(code)}
        body["selected"] = code in chosen
        course = record if isinstance(record, Course) else None
        makes = course is not None and courses.may(api, user, course, "manage_calendar")
        if api.settings.later_parameters:
            observers = course and inherited.of_account(api, course.account_id, appointments.OBSERVERS).value
            body |= {appointments.OBSERVERS: bool(observers), "can_create_appointment_groups": makes}
        if course is not None:
            more = {"can_create_appointment_groups": makes} if api.settings.later_parameters else {}
            body["sections"] = [_section(section, chosen) | more for section in _sections(api, course)]
        found.append(body)
    return {"contexts": found}


def _courses(api: Api) -> list[Course]:
    rows = api.store.enrollments.find("user", api.user.id)
    known = {row.course_id: (row, api.store.courses.get(row.course_id)) for row in rows}
    found = [
        course
        for row, course in known.values()
        if course is not None and states.state_of(api, row, course).name == "active"
        if courses.may(api, api.caller, course, "read")
    ]
    first = menu.marked(api.user)
    return sorted(found, key=lambda course: (course.id not in first, collation.key(course.name), course.id))


def _sections(api: Api, course: Course) -> list[CourseSection]:
    seen = calendars.sections_seen(api, course, api.caller)
    rows = api.store.course_sections.find("course", course.id)
    return [section for section in rows if section.id in seen and section.workflow_state != "deleted"]


def _section(record: CourseSection, chosen: set[str]) -> Json:
    code = f"course_section_{record.id}"
    return {"id": str(record.id), "name": record.name, "asset_string": code, "selected": code in chosen}


def enabled_accounts(api: Api) -> set[int]:
    """The accounts whose calendars the caller has: selected ones, and those that everybody gets."""
    chosen = {int(preference) for preference in api.user.preferences.get("enabled_account_calendars", [])}
    return {
        account.id
        for account in api.store.accounts
        if account.calendar_visible
        and (account.id in chosen or account.calendar_subscribed)
        and calendars.account_seen(api, account, api.user)
    }


def select_contexts(api: Api) -> Any:
    """Store which calendars the caller selects."""
    people.prefer(api, api.user, selected_calendar_contexts=api.params.texts("selected_contexts"))
    return {"status": "ok"}


def enable_accounts(api: Api) -> Any:
    """Store which account calendars the caller selects."""
    if api.params.has("enabled_account_calendars"):
        asked = (identifiers.local_number(text) for text in api.params.texts("enabled_account_calendars"))
        kept = [value for value in asked if value is not None and api.store.accounts.get(value) is not None]
        people.prefer(api, api.user, enabled_account_calendars=kept)
    return {"status": "ok"}


def _timed(api: Api) -> Course:
    return courses.from_path(api, "manage_calendar")


def _section_of(api: Api, course: Course, reference: Any) -> CourseSection:
    section = identifiers.section(api, reference)
    if section.course_id != course.id:
        raise refusals.not_found("the section of the course", reference)
    return section


def timetable(api: Api) -> Any:
    """The timetable of a course, as sent."""
    return _timed(api).timetable


def set_timetable(api: Api) -> Any:
    """Give a course, or its sections, events by weekday."""
    course, sent = _timed(api), api.params.hash("timetables")
    wanted, kept = [], {}
    for name in sent.data:
        section = None if name == "all" else _section_of(api, course, name)
        found, faults = timetables.weekly(api, course, section, sent.hashes(name))
        _refuse(faults)
        wanted.append((section, found))
        kept[name] = sent.get(name)
    api.store.courses.put(replace(course, timetable=kept))
    with_times = {section.id for section, _ in wanted if section is not None}
    sections = api.store.course_sections.find("course", course.id)
    wanted += [(section, []) for section in sections if section.id not in with_times]
    for place, found in wanted:
        timetables.keep(api, course, place, found)
    return {"status": "ok"}


def set_timetable_events(api: Api) -> Any:
    """Give a course, or one of its sections, the events of a timetable one by one."""
    course, named = _timed(api), api.params.text("course_section_id")
    section = _section_of(api, course, named) if named else None
    found, faults = timetables.listed(api, api.params.hashes("events"))
    _refuse(faults)
    timetables.keep(api, course, section, found)
    return {"status": "ok"}


def _refuse(faults: list[str]) -> None:
    if faults:
        raise refusals.rest("timetable_invalid", 400, {"errors": faults}, check="the timetable is valid", got=faults)


def account_calendars(api: Api) -> Any:
    """The account calendars that the caller can select."""
    mine, term = calendars.accounts_of(api, api.user), search_term(api)
    found = [account for account in api.store.accounts if account.calendar_visible and account.id in mine]
    found = _ordered(account for account in found if term is None or term in (account.name or "").lower())
    return paged(
        api,
        found,
        lambda account: calendar(api, account),
        wrap=lambda rows: {"account_calendars": rows, "total_results": len(found)},
    )


def _ordered(accounts: Any) -> list[Account]:
    return sorted(accounts, key=lambda account: (collation.key(account.name or ""), account.id))


def calendar(api: Api, record: Account) -> Json:
    """The calendar of an account."""
    pages = f"/accounts/{record.id}/calendar_events"
    roots = [account.id for account in chain(api.store, record.id) if account.parent_account_id is None]
    newer = {"auto_subscribe": record.calendar_subscribed} if api.settings.tells_auto_subscribe else {}
    return {
        **newer,
        "id": record.id,
        "name": record.name,
        "parent_account_id": record.parent_account_id,
        "root_account_id": 0 if record.parent_account_id is None else roots[0],
        "visible": record.calendar_visible,
        "asset_string": f"account_{record.id}",
        "type": "account",
        "calendar_event_url": f"{pages}/%7B%7B%20id%20%7D%7D",
        "can_create_calendar_events": account_allows(api, api.caller, record, "manage_account_calendar_events"),
        "create_calendar_event_url": pages,
        "new_calendar_event_url": f"{pages}/new",
    }


def account_calendar(api: Api) -> Any:
    """The calendar of one account."""
    record = identifiers.account(api, api.slot("account_id"))
    managing = account_allows(api, api.caller, record, "manage_account_calendar_visibility")
    seen = api.caller is not None and calendars.account_seen(api, record, api.caller)
    if not api.check("may see the account's calendar", managing or seen, got=record.id):
        raise api.refused(f"see the calendar of account {record.id}")
    return calendar(api, record)


def _set(record: Account, sent: Params) -> Account:
    names = {"visible": "calendar_visible", "auto_subscribe": "calendar_subscribed"}
    return replace(record, **{field: sent.flag(name) for name, field in names.items() if sent.has(name)})


def update_account_calendar(api: Api) -> Any:
    """Show or hide the calendar of an account."""
    record = account_from_path(api, "manage_account_calendar_visibility")
    return calendar(api, api.store.accounts.put(_set(record, api.params)))


def all_calendars(api: Api) -> Any:
    """The calendars of an account and those below it, for those who manage them."""
    top = account_from_path(api, "manage_account_calendar_visibility")
    wanted = api.params.text("filter")
    if wanted not in (None, "", "visible", "hidden"):
        raise _errors("Expected filter param to be one of: visible, hidden")
    term = search_term(api)
    whole = bool(wanted or term)
    top_levels = {top.id, *(account.id for account in api.store.accounts.find("parent", top.id))}
    found = [account for account in api.store.accounts if account.id in (_below(api, top) if whole else top_levels)]
    found = [account for account in found if not wanted or account.calendar_visible == (wanted == "visible")]
    found = [account for account in found if term is None or term in (account.name or "").lower()]
    rest_of = _ordered(account for account in found if account.id != top.id)
    return paged(
        api,
        [account for account in found if account.id == top.id] + rest_of,
        lambda account: calendar(api, account) | {"sub_account_count": len(list(_children(api, account)))},
        path=f"/api/v1/accounts/{top.id}/account_calendars",
    )


def _children(api: Api, record: Account) -> list[Account]:
    return [account for account in api.store.accounts.find("parent", record.id) if account.workflow_state != "deleted"]


def _below(api: Api, top: Account) -> set[int]:
    every = [account for account in api.store.accounts if account.workflow_state != "deleted"]
    return {account.id for account in every if any(above.id == top.id for above in chain(api.store, account.id))}


def _errors(text: str) -> Exception:
    return refusals.rest("account_calendars_invalid", 400, {"errors": text}, check="the parameters fit", got=text)


def update_calendars(api: Api) -> Any:
    """Show or hide the calendars of several accounts."""
    top = account_from_path(api, "manage_account_calendar_visibility")
    sent = listed(api.call)
    if not sent:
        raise _errors("Expected array of objects")
    if any(not isinstance(value, dict) or "id" not in value for value in sent):
        raise _errors("Missing key(s)")
    numbers = [identifiers.local_number(item["id"]) for item in sent]
    if len(set(numbers)) != len(numbers):
        raise _errors("Duplicate IDs")
    below = _below(api, top)
    if not api.check("the accounts are below this one", all(value in below for value in numbers), got=numbers):
        raise api.refused("change calendars of other accounts")
    for number, fields in zip(numbers, sent, strict=True):
        record = api.store.accounts.get(number)
        changes = {"calendar_visible": as_flag(fields["visible"])} if "visible" in fields else {}
        changes |= {"calendar_subscribed": as_flag(fields["auto_subscribe"])} if "auto_subscribe" in fields else {}
        if record is not None:
            api.store.accounts.put(replace(record, **changes))
    count = len(sent)
    return {"message": "Updated 1 account" if count == 1 else f"Updated {count} accounts"}


def count_visible(api: Api) -> Any:
    """How many calendars of an account and those below it are visible."""
    top = account_from_path(api, "manage_account_calendar_visibility")
    below = _below(api, top)
    return {"count": sum(1 for account in api.store.accounts if account.id in below and account.calendar_visible)}


EVENTS = "/api/v1/calendar_events"
TIMETABLE = "/api/v1/courses/{course_id}/calendar_events/timetable"
CALENDARS = "/api/v1/account_calendars"
OF_ACCOUNT = "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "calendar",
        SOURCE,
        (f"GET {EVENTS}/visible_contexts", visible_contexts, "The caller's calendars"),
        (f"POST {EVENTS}/save_selected_contexts", select_contexts, "Select visible calendars"),
        (f"GET {TIMETABLE}", timetable, "The timetable of a course"),
        (f"POST {TIMETABLE}", set_timetable, "Set a timetable by weekday"),
        (f"POST {TIMETABLE}_events", set_timetable_events, "Set the events of a timetable"),
    ),
    *signed_in(
        "calendar",
        ACCOUNTS,
        (f"POST {EVENTS}/save_enabled_account_calendars", enable_accounts, "Select account calendars"),
        (f"GET {CALENDARS}", account_calendars, "Account calendars"),
        (f"GET {CALENDARS}/{{account_id}}", account_calendar, "The calendar of an account"),
        (f"PUT {CALENDARS}/{{account_id}}", update_account_calendar, "Show or hide an account's calendar"),
        (f"GET {OF_ACCOUNT}/account_calendars", all_calendars, "Calendars of an account and those below"),
        (f"PUT {OF_ACCOUNT}/account_calendars", update_calendars, "Show or hide several calendars"),
        (f"GET {OF_ACCOUNT}/visible_calendars_count", count_visible, "The number of visible account calendars"),
    ),
)
