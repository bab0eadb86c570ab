"""REST: the audit log of sign-ins and sign-outs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Account, AuthenticationEvent
from lms_emulator.providers.canvas.paging import audited
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import people
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import accounts as account_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes


def _sees(api: Api, account: Account) -> bool:
    rights = ("view_statistics", "manage_user_logins")
    return any(account_allows(api, api.caller, account, right) for right in rights)


def of_login(api: Api) -> Any:
    """The events of a login, for administrators of its account."""
    _ = api.user
    login = api.store.pseudonyms.get(identifiers.local_number(api.slot("login_id")))
    account = api.store.accounts.get(login.account_id) if login is not None else None
    if login is None or account is None or login.workflow_state == "deleted":
        raise refusals.not_found("the login", api.slot("login_id"))
    if not api.check("may see who signed in", _sees(api, account), got=account.id):
        raise api.refused(f"the sign-ins of login {login.id}")
    found = [event for event in api.store.authentication_events if event.login_id == login.id]
    return _listed(api, found, f"logins/{login.id}")


def of_account(api: Api) -> Any:
    """The events of a school, for its administrators."""
    _ = api.user
    account = identifiers.account(api, api.slot("account_id"))
    if account.parent_account_id is not None:
        raise refusals.not_found("the school", account.id)
    if not api.check("may see who signed in", _sees(api, account), got=account.id):
        raise api.refused(f"the sign-ins of account {account.id}")
    found = [event for event in api.store.authentication_events if event.account_id == account.id]
    return _listed(api, found, f"accounts/{account.id}")


def of_user(api: Api) -> Any:
    """The events of a person: all for that person, for admins those of logins in their accounts."""
    caller = api.user
    user = identifiers.user(api, api.slot("user_id"))
    found = list(api.store.authentication_events.find("user", user.id))
    if user.id != caller.id:
        ids = {login.account_id for login in people.logins_of(api.store, user)}
        accounts = [account for number in ids if (account := api.store.accounts.get(number)) is not None]
        seen = {account.id for account in accounts if _sees(api, account)}
        if not api.check("may see who signed in", bool(seen) or not accounts, got=user.id):
            raise api.refused(f"the sign-ins of user {user.id}")
        found = [event for event in found if event.account_id in seen or seen == ids]
    return _listed(api, found, f"users/{user.id}")


def _listed(api: Api, found: Iterable[AuthenticationEvent], what: str) -> Any:
    """A page of events, with the users, logins and pages they refer to."""
    return audited(api, found, _event, lambda events, shown: _document(api, events, shown), f"{AUDIT}/{what}")


def _event(event: AuthenticationEvent) -> Json:
    links = {"login": event.login_id, "account": event.account_id, "user": event.user_id, "page_view": None}
    return {"id": event.id, "created_at": stamp(event.created_at), "event_type": event.event_type, "links": links}


def _document(api: Api, events: list[Any], shown: list[AuthenticationEvent]) -> Json:
    logins = [row for n in dict.fromkeys(e.login_id for e in shown) if (row := api.store.pseudonyms.get(n)) is not None]
    accounts = [a for n in dict.fromkeys(login.account_id for login in logins) if (a := api.store.accounts.get(n))]
    users = [u for n in dict.fromkeys(e.user_id for e in shown) if (u := api.store.users.get(n)) is not None]
    return {
        "links": {
            "events.login": None,
            "events.account": api.url("/api/v1/accounts/{events.account}"),
            "events.user": None,
            "events.page_view": None,
        },
        "events": events,
        "linked": {
            "logins": [people_shapes.login(api, login) for login in logins],
            "accounts": [account_shapes.account(api, account) for account in accounts],
            "users": [people_shapes.person(api, user, api.root) for user in users],
            "page_views": [],
        },
    }


AUDIT = "/api/v1/audit/authentication"
ROUTES: tuple[Route, ...] = rest(
    "users",
    f"{RECORDED}/people-misc.jsonl 26, 28, 29; canvas-lms app/controllers/authentication_audit_api_controller.rb, "
    "lib/api/v1/authentication_event.rb",
    (f"GET {AUDIT}/logins/{{login_id}}", of_login, "Sign-ins with a login"),
    (f"GET {AUDIT}/accounts/{{account_id}}", of_account, "Sign-ins at a school"),
    (f"GET {AUDIT}/users/{{user_id}}", of_user, "Sign-ins of a user"),
)
