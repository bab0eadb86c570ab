"""REST: an account's admins and their roles."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, AccountUser, Role, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import rosters
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import mails, people
from lms_emulator.providers.canvas.rules.permissions import (
    account_allows,
    account_from_path,
    allowed,
    chain,
    listed,
    require_account,
)
from lms_emulator.providers.canvas.rules.roles import roles_of
from lms_emulator.providers.canvas.shapes import accounts as shapes

SOURCE = (
    f"{RECORDED}/people-accounts.jsonl 235, 242, 258; canvas-lms app/controllers/admins_controller.rb; "
    "https://canvas.instructure.com/doc/api/admins.html"
)

OF_ACCOUNTS = ("AccountAdmin", "AccountMembership")


def _role(api: Api, account: Account) -> Role:
    """The role that the request names, by id any that is; AccountAdmin without one, or for a name of a course role."""
    number, name = identifiers.local_number(api.params.text("role_id") or ""), api.params.text("role")
    if number is not None and (found := api.store.roles.get(number)) is not None:
        return found
    every = roles_of(api.store, account, hidden=True)
    known = [r for r in every if r.base_role_type in OF_ACCOUNTS and r.workflow_state != "deleted"]
    admin = next(role for role in known if role.account_id is None and role.name == "AccountAdmin")
    return next((role for role in known if role.name == name), admin)


def _require_fit(account: Account, role: Role, above: set[int]) -> None:
    """Refuse a role that somebody made for courses, or for other accounts."""
    if role.account_id is None:
        return
    faults: list[str | tuple[str, str]] = []
    if role.base_role_type not in OF_ACCOUNTS:
        faults.append("is not a valid account role")
    if role.account_id not in above:
        faults.append("is not an available role for this account")
    if faults:
        raise refusals.invalid({"role_id": faults})


def _require_over(api: Api, account: Account, role: Role) -> None:
    """Refuse callers who may not choose admins, or have fewer rights than the role."""
    require_account(api, account, "manage_account_memberships")
    given = {permission.name for permission in listed(api, account)} & allowed(api, account, role, account.id)
    more = sorted(name for name in given if not account_allows(api, api.caller, account, name))
    if not api.check("has every right of the role", not more, got=more):
        raise api.refused(f"rights of the role {role.name} in account {account.id}")


def index(api: Api) -> Any:
    """Who administers an account."""
    account = account_from_path(api, "manage_account_memberships")
    include_deleted = api.later.flag("include_deleted")
    rows = [
        a
        for a in api.store.account_users.find("account", account.id)
        if include_deleted or a.workflow_state == "active"
    ]
    if (term := rosters.search_term(api, later=True)) is not None:
        people_named = [user for a in rows if (user := api.store.users.get(a.user_id)) is not None]
        fitting = {user.id for user in rosters.searched(api, account, people_named, term)}
        rows = [a for a in rows if a.user_id in fitting]
    if wanted := api.params.texts("user_id"):
        known = {u.id for name in wanted if (u := identifiers.find(api, "users", name)) is not None}
        rows = [a for a in rows if a.user_id in known]
    rows.sort(key=lambda row: row.id)
    path = f"/api/v1/accounts/{account.id}/admins"
    return paged(api, rows, lambda row: shapes.admin(api, row, account), path=path)


def create(api: Api) -> Any:
    """Make a user an admin."""
    account = identifiers.account(api, api.slot("account_id"))
    user = identifiers.user(api, api.params.text("user_id") or "")
    if not people.logins_of(api.store, user):
        raise refusals.not_found("a login of the user", user.id)
    role = _role(api, account)
    _require_over(api, account, role)
    rows = api.store.account_users.find("account", account.id)
    _require_fit(account, role, {level.id for level in chain(api.store, account.id)})
    same = next((a for a in rows if a.user_id == user.id and a.role_id == role.id), None)
    fresh = same is None or same.workflow_state == "deleted"
    if same is None:
        same = AccountUser(id=api.new_id("account_users"), account_id=account.id, user_id=user.id, role_id=role.id)
    if fresh and api.params.flag("send_confirmation", default=True):
        _notify(api, user, role, account)
    return shapes.admin(api, api.store.account_users.put(replace(same, workflow_state="active")), account)


def _notify(api: Api, user: User, role: Role, account: Account) -> None:
    name = shapes.LABELS.get(role.name, role.name)
    site, link = api.call.authority, api.url(f"/accounts/{account.id}")
    if user.workflow_state == "registered":
        said = f"You've been added as an {name} to the account {account.name} at {site}."
        mails.notify(api, "account_user_notification", [user], "Account Admin Notification", said, link=link)
    else:
        said = f"You've been given an account role for the {account.name} account at {site}. Role type: {name}."
        mails.notify(api, "account_user_registration", [user], "Courseware Account Admin Invitation", said)


def destroy(api: Api) -> Any:
    """Take an administrative role from a user."""
    account = identifiers.account(api, api.slot("account_id"))
    user = identifiers.user(api, api.slot("user_id"))
    role = _role(api, account)
    rows = api.store.account_users.find("account", account.id)
    found = next((a for a in rows if a.user_id == user.id and a.role_id == role.id), None)
    if found is None:
        raise refusals.not_found("the admin", user.id)
    _require_over(api, account, role)
    return shapes.admin(api, api.store.account_users.put(replace(found, workflow_state="deleted")), account)


ADMINS = "/api/v1/accounts/{account_id}/admins"
ROUTES: tuple[Route, ...] = signed_in(
    "admins",
    SOURCE,
    (f"GET {ADMINS}", index, "Admins of an account"),
    (f"POST {ADMINS}", create, "Make a user an admin"),
    (f"DELETE {ADMINS}/{{user_id}}", destroy, "Remove an admin"),
)
