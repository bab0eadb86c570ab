"""REST: removing and deleting users, merging them, and ending their sessions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.model import Account, Pseudonym, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import belonging, departures
from lms_emulator.providers.canvas.rules.belonging import belongs
from lms_emulator.providers.canvas.rules.permissions import account_allows, is_account_admin, root_of
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-linked.jsonl 212, 215, 229, 234, 255; canvas-lms app/controllers/users_controller.rb"


def _row(api: Api, user: User, account: Account) -> Json:
    return {"user": shapes.row(user) | {"root_account_ids": [root_of(api.store, account.id).id]}}


def _school(api: Api) -> Account:
    account = identifiers.account(api, api.slot("account_id"))
    if account.parent_account_id is not None:
        raise refusals.not_found("the school", account.id)
    return account


def remove(api: Api) -> Any:
    """Take a user out of an account."""
    _ = api.user
    account = _school(api)
    user = identifiers.user(api, api.slot("user_id"))
    if not belongs(api, user, account):
        raise refusals.not_found("the person in the school", user.id)
    login = Pseudonym(id=0, user_id=user.id, account_id=account.id, unique_id="", created_at=api.now)
    if not api.check("manage_user_logins", belonging.manages_login(api, login), got=user.id):
        raise api.refused(f"remove user {user.id}", "manage_user_logins")
    return _row(api, departures.remove(api, user, account), account)


def restore(api: Api) -> Any:
    """Let a user who was removed sign in again."""
    site = any(is_account_admin(api, api.caller, account) for account in api.store.accounts if account.site_admin)
    account = identifiers.account(api, api.slot("account_id"))
    if not api.check("administers the site", site):
        raise api.refused(f"restore people of account {account.id}")
    account = _school(api)
    user = identifiers.find(api, "users", api.slot("user_id"))
    logins = api.store.pseudonyms.find("user", user.id) if user is not None else []
    own_logins = [login for login in logins if login.account_id == account.id]
    if user is None or user.merged_into_user_id is not None or not own_logins:
        raise refusals.not_found("the user", api.slot("user_id"))
    if user.workflow_state != "deleted" and all(login.workflow_state != "deleted" for login in own_logins):
        raise refusals.rest("not_removed", 400, {"errors": "User not deleted"}, check="the person was removed")
    return _row(api, departures.restore(api, user, account), account)


def destroy(api: Api) -> Any:
    """Delete a user from the whole site."""
    user = identifiers.user(api, api.slot("id"))
    site = next((account for account in api.store.accounts if account.site_admin), None)
    allowed = site is not None and account_allows(api, api.user, site, "manage_user_logins")
    if not api.check("administers the site", allowed, got=user.id):
        raise api.refused(f"delete user {user.id}")
    departures.delete(api, user)
    return {"deleted": True, "status": "ok"}


def end_sessions(api: Api) -> Any:
    """End every session and every token of a user."""
    user = identifiers.user(api, api.slot("id"))
    if not api.check("manage_user_logins", belonging.administered(api, user, "manage_user_logins"), got=user.id):
        raise api.refused(f"sessions of user {user.id}")
    browser.end_all(api.call, user.id)
    for token in list(api.store.access_tokens.find("user", user.id)):
        api.store.access_tokens.put(replace(token, revoked=True))
    return Response("ok", media_type=wire.JSON)


def _require_merge(api: Api, user: User) -> None:
    logins = api.store.pseudonyms.find("user", user.id)
    if not api.check("may merge", any(belonging.manages_login(api, login) for login in logins), got=user.id):
        raise api.refused(f"merge user {user.id}", "manage_user_logins")


def merge(api: Api) -> Any:
    """Merge two users into one."""
    user = identifiers.user(api, api.slot("id"))
    _require_merge(api, user)
    if "destination_account_id" in api.call.path_params:
        identifiers.account(api, api.slot("destination_account_id"))
    into = identifiers.user(api, api.slot("destination_user_id"))
    _require_merge(api, into)
    if user.id != into.id:
        departures.merge(api, user, into)
    return {**shapes.person(api, into, api.root), "locale": into.locale}


def split(api: Api) -> Any:
    """Undo a merge."""
    user = identifiers.user(api, api.slot("id"))
    if not departures.splittable(api, user):
        raise refusals.message(400, "nothing_to_split", "Nothing to split off of this user")
    _require_merge(api, user)
    people_ = [*departures.split(api, user), user]
    return [
        shapes.brief(api, person) for person in sorted(people_, key=lambda record: record.short_name or record.name)
    ]


ROUTES: tuple[Route, ...] = signed_in(
    "users", SOURCE, ("DELETE /api/v1/users/{id}/sessions", end_sessions, "End somebody's sessions and tokens")
) + rest(
    "users",
    SOURCE,
    ("DELETE /api/v1/accounts/{account_id}/users/{user_id}", remove, "Remove somebody from an account"),
    ("PUT /api/v1/accounts/{account_id}/users/{user_id}/restore", restore, "Restore a removed user"),
    ("DELETE /api/v1/users/{id}", destroy, "Delete a person"),
    ("PUT /api/v1/users/{id}/merge_into/{destination_user_id}", merge, "Merge two users"),
    (
        "PUT /api/v1/users/{id}/merge_into/accounts/{destination_account_id}/users/{destination_user_id}",
        merge,
        "Merge two users",
    ),
    ("POST /api/v1/users/{id}/split", split, "Undo a merge"),
)
