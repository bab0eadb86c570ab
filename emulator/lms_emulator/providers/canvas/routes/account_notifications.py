"""REST: announcements of accounts."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, AccountNotification
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import html, people
from lms_emulator.providers.canvas.rules.permissions import chain, require_account
from lms_emulator.providers.canvas.rules.roles import roles_of
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/people-account-tools.jsonl 44, 58, 67, 73; "
    "canvas-lms app/controllers/account_notifications_controller.rb"
)
WITHOUT_COURSE = "NilEnrollment"
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
    """The caller's current announcements; with `include_past` also past and closed ones."""
    _require_self(api)
    identifiers.account(api, api.slot("account_id"))
    found = _told(api, past=api.params.flag("include_past") or api.params.flag("include_all"))
    return [_shown(api, one) for one in found]


def _require_self(api: Api) -> None:
    """Refuse old addresses that name another user than the caller."""
    if "user_id" in api.x.path_params and identifiers.user(api, api.slot("user_id")).id != api.user.id:
        raise refusals.not_found("the user", api.slot("user_id"))


def _told(api: Api, *, past: bool = False) -> list[AccountNotification]:
    """What is announced to the caller now. Parameters: `past`, whether also what is over or was closed."""
    accounts, roles = _reach(api)
    closed = set(api.user.preferences.get("closed_notifications", []))
    found = [
        one
        for one in api.store.account_notifications
        if one.account_id in accounts
        and (not one.roles or roles & set(one.roles))
        and one.start_at <= api.now
        and (past or (api.now <= one.end_at and one.id not in closed))
    ]
    return sorted(found, key=lambda one: (one.start_at, one.id), reverse=True)


def _reach(api: Api) -> tuple[set[int], set[str]]:
    """The accounts whose announcements reach the caller, and the roles that the caller has."""
    user, store = api.user, api.store
    own = {login.account_id for login in people.logins_of(store, user)}
    kinds: set[str] = set()
    for admin in store.account_users.find("user", user.id):
        role = store.roles.get(admin.role_id)
        if admin.workflow_state == "active" and role is not None:
            own.add(admin.account_id)
            kinds.add(role.name)
    for enrollment in store.enrollments.find("user", user.id):
        course, role = store.courses.get(enrollment.course_id), store.roles.get(enrollment.role_id)
        if enrollment.workflow_state in ("active", "invited") and course is not None and role is not None:
            own.add(course.account_id)
            kinds.add(role.name)
    above = {one.id for number in own for one in chain(store, number)}
    return above, kinds or {WITHOUT_COURSE}


def _one(api: Api) -> tuple[Account, AccountNotification]:
    _ = api.user
    _require_self(api)
    account = identifiers.account(api, api.slot("account_id"))
    found = identifiers.row(api.store.account_notifications, api.slot("id"), "the notification", account_id=account.id)
    return account, found


def show(api: Api) -> Any:
    """One announcement, if it is made to the caller now."""
    _ = api.user
    _require_self(api)
    identifiers.account(api, api.slot("account_id"))
    found = identifiers.row(api.store.account_notifications, api.slot("id"), "the notification")
    if not api.check("it is announced to the caller now", found in _told(api), got=found.id):
        raise api.refused(f"see the notification {found.id}")
    return _shown(api, found)


def create(api: Api) -> Any:
    """Announce something."""
    account = identifiers.account(api, api.slot("account_id"))
    require_account(api, account, "manage_alerts")
    sent = api.params.require("account_notification")
    fields = _fields(api, account, sent, None)
    number = api.new_id("account_notifications")
    made = AccountNotification(id=number, account_id=account.id, user_id=api.user.id, **fields)
    return _shown(api, api.store.account_notifications.put(made))


def update(api: Api) -> Any:
    """Change an announcement."""
    account, record = _one(api)
    require_account(api, account, "manage_alerts")
    fields = _fields(api, account, api.params.require("account_notification"), record)
    return _shown(api, api.store.account_notifications.put(replace(record, **fields)))


def _fields(api: Api, account: Account, sent: Params, own: AccountNotification | None) -> dict[str, Any]:
    found: dict[str, Any] = {name: sent.text(name) or "" for name in ("subject", "icon") if sent.has(name)}
    if sent.has("message"):
        found["message"] = html.clean(sent.text("message")) or ""
    for name in ("start_at", "end_at"):
        if sent.has(name):
            found[name] = api.moment("account_notification", name)
    if api.params.has("account_notification_roles"):
        found["roles"] = _roles(api, account)
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
    start, end = value("start_at"), value("end_at")
    if start and end and end < start:
        faults["end_at"] = [TOO_EARLY]
    if faults:
        raise refusals.invalid(faults)
    return found


def _roles(api: Api, account: Account) -> list[str]:
    known = roles_of(api.store, account)
    found = []
    for text in api.params.texts("account_notification_roles"):
        role = next((one for one in known if text in (one.name, str(one.id))), None)
        if role is not None or text == WITHOUT_COURSE:
            found.append(role.name if role is not None else text)
    return found


def destroy(api: Api) -> Any:
    """Close an announcement for the caller, or delete it for everybody. Canvas forgets its roles then."""
    account, record = _one(api)
    record = replace(record, roles=[])
    if api.params.flag("remove"):
        require_account(api, account, "manage_alerts")
        api.store.account_notifications.delete(record.id)
        return _shown(api, record)
    closed = api.user.preferences.get("closed_notifications", [])
    people.prefer(api, api.user, closed_notifications=sorted({*closed, record.id}))
    return _shown(api, api.store.account_notifications.put(record))


NOTICES = "/api/v1/accounts/{account_id}/account_notifications"
OLD = "/api/v1/accounts/{account_id}/users/{user_id}/account_notifications"
ROUTES: tuple[Route, ...] = rest(
    "accounts",
    SOURCE,
    (f"GET {NOTICES}", index, "What an account announces"),
    (f"GET {OLD}", index, "The same, at its old address"),
    (f"GET {OLD}/{{id}}", show, "One announcement, at its old address"),
    (f"DELETE {OLD}/{{id}}", destroy, "Close an announcement, at its old address"),
    (f"POST {NOTICES}", create, "Announce something"),
    (f"GET {NOTICES}/{{id}}", show, "One announcement"),
    (f"PUT {NOTICES}/{{id}}", update, "Change an announcement"),
    (f"DELETE {NOTICES}/{{id}}", destroy, "Close an announcement"),
)
