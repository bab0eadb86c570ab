"""REST: announcements of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, AccountNotification, Course, Role
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import events, html, people, ruby_random, states
from lms_emulator.providers.canvas.rules.permissions import account_from_path, chain
from lms_emulator.providers.canvas.rules.roles import roles_of
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/people-account-tools.jsonl 44, 58, 67, 73; "
    "canvas-lms app/controllers/account_notifications_controller.rb"
)
PAST_MONTHS = 4
"""How long past announcements are still listed."""
WITHOUT_COURSE = "NilEnrollment"
SURVEY = "account_survey_notifications"
"""The service that an announcement may need."""
FOR_STUDENTS = "include_students_in_global_survey"
LENGTHS = range(1, 49)
"""How many months a cycle may have."""
TOO_EARLY = "Account notification end time precedes start time"


def _shown(api: Api, record: AccountNotification) -> Json:
    account = api.store.accounts.get(record.account_id)
    ids = {role.name: role.id for role in roles_of(api.store, account)} if account is not None else {}
    return {
        "id": record.id,
        "subject": record.subject,
        "icon": record.icon,
        "message": record.message,
        "start_at": stamp(record.start_at),
        "end_at": stamp(record.end_at),
        "role_ids": [ids.get(name) for name in record.roles],
        "roles": record.roles,
    }


def index(api: Api) -> Any:
    """Current announcements to the caller; `include_past` adds those of the last months and closed ones.

    The account in the path matters only for `include_all`, which shows an admin all its announcements.
    """
    _require_self(api)
    if api.later.flag("include_all"):
        account = account_from_path(api, "manage_alerts")
        rows = [row for row in api.store.account_notifications if row.account_id == account.id]
        found = sorted(rows, key=lambda notification: (notification.end_at, notification.id), reverse=True)
    else:
        found = _announced(api, past=api.params.flag("include_past"))
    if not api.later.flag("show_is_closed"):
        return [_shown(api, notification) for notification in found]
    closed = _closed(api)
    return [{**_shown(api, notification), "closed": notification.id in closed} for notification in found]


def _require_self(api: Api) -> None:
    """Refuse legacy URLs that name a user other than the caller."""
    if "user_id" in api.call.path_params and identifiers.user(api, api.slot("user_id")).id != api.user.id:
        raise refusals.not_found("the user", api.slot("user_id"))


def _closed(api: Api) -> set[int]:
    return set(api.user.preferences.get("closed_notifications", []))


def _announced(api: Api, *, past: bool = False) -> list[AccountNotification]:
    """Announcements to the caller. Parameters: `past`, whether to include expired and closed ones."""
    accounts, closed = _reach(api), _closed(api)
    oldest = events.months_later(api.now, -PAST_MONTHS).replace(hour=0, minute=0, second=0, microsecond=0)
    since = oldest if past else api.now
    found = [
        notification
        for notification in api.store.account_notifications
        if notification.account_id in accounts
        and notification.start_at <= api.now
        and notification.end_at >= since
        and (past or notification.id not in closed)
        and _takes_part(api, notification)
        and (not notification.roles or not _roles_within(api, notification.account_id).isdisjoint(notification.roles))
    ]
    return sorted(found, key=lambda notification: (notification.end_at, notification.id), reverse=True)


def _takes_part(api: Api, notification: AccountNotification) -> bool:
    """Whether the school has the service that an announcement needs, and the caller is among those whom it is for now.

    A survey is not for people who are students only; one with a cycle is shown to each in one month of it.
    """
    if notification.required_account_service is not None:
        if notification.required_account_service not in api.root.services:
            return False
        kinds = {role.base_role_type for _, role in _enrolled(api)}
        if kinds == {"StudentEnrollment"} and not api.root.settings.get(FOR_STUDENTS):
            return False
    cycle = notification.months_in_display_cycle
    return not cycle or api.user.id % cycle == _turn(api.now, cycle)


def _turn(now: datetime, cycle: int) -> int:
    """The remainder of the ids of those whose month it is; the first month of each cycle is drawn by its number."""
    cycles, month = divmod((now.year - 1970) * 12 + now.month - 1, cycle)
    return (ruby_random.below(cycle, seed=cycles) + month) % cycle


def _enrolled(api: Api) -> list[tuple[Course, Role]]:
    """The caller's current and future courses, with the role there."""
    found = []
    for row in api.store.enrollments.find("user", api.user.id):
        course, role = api.store.courses.get(row.course_id), api.store.roles.get(row.role_id)
        if (
            course is not None
            and role is not None
            and states.state_of(api, row, course).name in states.CURRENT_OR_FUTURE
        ):
            found.append((course, role))
    return found


def _administered(api: Api) -> list[tuple[int, str]]:
    """The accounts where the caller has a role, with the role."""
    rows = (admin for admin in api.store.account_users.find("user", api.user.id) if admin.workflow_state == "active")
    return [(row.account_id, role.name) for row in rows if (role := api.store.roles.get(row.role_id)) is not None]


def _reach(api: Api) -> set[int]:
    """The accounts whose announcements reach the caller: the school, the site admin account, those of their roles."""
    own = {api.root.id, *(number for number, _ in _administered(api)), *(row.account_id for row, _ in _enrolled(api))}
    above = {account.id for number in own for account in chain(api.store, number)}
    return above | {account.id for account in api.store.accounts if account.site_admin}


def _roles_within(api: Api, account_id: int) -> set[str]:
    """The caller's roles in courses of an account and below (all courses, for a school), and in any account."""
    account = api.store.accounts.get(account_id)
    whole = account is None or account.parent_account_id is None

    def inside(number: int) -> bool:
        return whole or account in chain(api.store, number)

    learned = {role.name for course, role in _enrolled(api) if inside(course.account_id)}
    return (learned or {WITHOUT_COURSE}) | {role for _, role in _administered(api)}


def _one(api: Api, account: Account | None = None) -> AccountNotification:
    """The announcement in the path. Parameters: `account`, where it must be."""
    of = {"account_id": account.id} if account is not None else {}
    return identifiers.row(api.store.account_notifications, api.slot("id"), "the notification", **of)


def _managed(api: Api) -> Account:
    """The account in the path, for callers who may announce there. Raises the refusals for others."""
    return account_from_path(api, "manage_alerts")


def show(api: Api) -> Any:
    """One announcement, if it currently addresses the caller."""
    _require_self(api)
    found = _one(api)
    if not api.check("it is announced to the caller now", found in _announced(api), got=found.id):
        raise api.refused(f"see the notification {found.id}")
    return _shown(api, found)


def create(api: Api) -> Any:
    """Announce something."""
    account = _managed(api)
    sent = api.params.require("account_notification")
    fields = _fields(api, account, sent, None)
    number = api.new_id("account_notifications")
    made = AccountNotification(id=number, account_id=account.id, user_id=api.user.id, **fields)
    return _shown(api, api.store.account_notifications.put(made))


def update(api: Api) -> Any:
    """Change an announcement.

    Its roles become those in the request, none without any, even if the rest is refused. The answer still shows those
    that it had.
    """
    account = _managed(api)
    record = _one(api, account)
    sent = api.params.require("account_notification")
    wanted = _roles(api, account)
    added = [name for name in wanted if name not in record.roles]
    kept = [name for name in record.roles if name in wanted]
    record = replace(record, roles=[*record.roles, *added])
    stored = api.store.account_notifications.put(replace(record, roles=[*kept, *added]))
    fields = _fields(api, account, sent, stored)
    changed = api.store.account_notifications.put(replace(stored, **fields))
    return _shown(api, replace(changed, roles=record.roles))


def _fields(api: Api, account: Account, sent: Params, own: AccountNotification | None) -> dict[str, Any]:
    found: dict[str, Any] = {name: sent.text(name) or "" for name in ("subject", "icon") if sent.has(name)}
    if sent.has("message"):
        found["message"] = html.clean(sent.text("message")) or ""
    for name in ("start_at", "end_at"):
        if sent.has(name):
            found[name] = api.moment("account_notification", name)
    if sent.has("required_account_service"):
        found["required_account_service"] = sent.text("required_account_service")
    if sent.has("months_in_display_cycle"):
        blank = not (sent.text("months_in_display_cycle") or "").strip()
        found["months_in_display_cycle"] = None if blank else sent.integer("months_in_display_cycle")
    if own is None:
        found["roles"] = _roles(api, account)
    if faults := _faults(found, own):
        raise refusals.invalid(faults)
    return found


def _faults(found: dict[str, Any], own: AccountNotification | None) -> dict[str, list[Any]]:
    faults: dict[str, list[Any]] = {}

    def value(name: str) -> Any:
        return found[name] if name in found else getattr(own, name, None)

    for name in ("subject", "start_at", "end_at"):
        if not value(name):
            faults[name] = ["blank"]
    if not value("message"):
        faults["message"] = ["blank", "too_short", "too_long"] if value("message") is None else ["blank", "too_short"]
    if len(value("subject") or "") > 255:
        faults["subject"] = ["too_long"]
    if value("required_account_service") not in (None, SURVEY):
        faults["required_account_service"] = ["inclusion"]
    if value("months_in_display_cycle") not in (None, *LENGTHS):
        faults["months_in_display_cycle"] = ["inclusion"]
    start, end = value("start_at"), value("end_at")
    if start and end and end < start:
        faults["end_at"] = [TOO_EARLY]
    return faults


def _roles(api: Api, account: Account) -> list[str]:
    known = roles_of(api.store, account)
    found = []
    for text in api.params.texts("account_notification_roles"):
        role = next((role for role in known if text in (role.name, str(role.id))), None)
        if role is not None or text == WITHOUT_COURSE:
            found.append(role.name if role is not None else text)
    return found


def destroy(api: Api) -> Any:
    """Close an announcement for the caller, or delete it for everybody."""
    _require_self(api)
    if api.later.flag("remove"):
        record = _one(api, _managed(api))
        api.store.account_notifications.delete(record.id)
        return _shown(api, record)
    record = _one(api)
    people.prefer(api, api.user, closed_notifications=sorted({*_closed(api), record.id}))
    return _shown(api, record)


NOTICES = "/api/v1/accounts/{account_id}/account_notifications"
OLD = "/api/v1/accounts/{account_id}/users/{user_id}/account_notifications"
ROUTES: tuple[Route, ...] = signed_in(
    "accounts",
    SOURCE,
    (f"GET {NOTICES}", index, "Announcements of an account"),
    (f"GET {OLD}", index, "Announcements of an account, at their legacy path"),
    (f"GET {OLD}/{{id}}", show, "One announcement, at its legacy path"),
    (f"DELETE {OLD}/{{id}}", destroy, "Close an announcement, at its legacy path"),
    (f"POST {NOTICES}", create, "Create an announcement"),
    (f"GET {NOTICES}/{{id}}", show, "One announcement"),
    (f"PUT {NOTICES}/{{id}}", update, "Change an announcement"),
    (f"DELETE {NOTICES}/{{id}}", destroy, "Close an announcement"),
)
