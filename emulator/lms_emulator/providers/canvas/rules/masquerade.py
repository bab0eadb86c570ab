"""Acting as another user, by `as_user_id`."""

from __future__ import annotations

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.rules import people
from lms_emulator.providers.canvas.rules.permissions import account_allows, admins_over, permissions


def begin(api: Api) -> None:
    """Let the call act for `as_user_id`, if it was sent. Raises the refusal `masquerade_refused`."""
    reference = api.params.get("as_user_id")
    if not reference:
        return
    if isinstance(reference, dict | list):
        raise refusals.invalid_masquerade("`as_user_id` is not a scalar")
    target = identifiers.find(api, "users", reference)
    if api.caller is None:
        raise refusals.invalid_masquerade("nobody is signed in")
    if target is None:
        takes = f"no user is `{str(reference)[:100]}`; `as_user_id` takes an id, or sis_user_id:… and the like"
        raise refusals.invalid_masquerade(people.who_is_meant(api.x, str(reference)) or takes)
    if target.workflow_state == "deleted":
        seen = target.merged_into_user_id if _administers(api, api.caller, target) else None
        raise refusals.invalid_masquerade("that user was deleted", seen)
    if api.acting and api.token is not None and target.id != api.caller.id:
        raise refusals.invalid_masquerade("the token is itself a masquerade", says="Cannot change masquerade")
    real = api.real_user or api.caller
    allowed = target.id in (api.caller.id, real.id) or may_become(api, real, target)
    if not api.check("may act as the user", allowed, got=target.id):
        raise refusals.invalid_masquerade("acting as a user needs `become_user` in each of their accounts")
    api.caller = target


def accounts_of(api: Api, user: User) -> list[int]:
    """The accounts that a person belongs to: by a login, by a course, by an administrative role."""
    found: dict[int, None] = {}
    for login in api.store.pseudonyms.find("user", user.id):
        if login.workflow_state != "deleted":
            found[login.account_id] = None
    for admin in api.store.account_users.find("user", user.id):
        if admin.workflow_state == "active":
            found[admin.account_id] = None
    return list(found)


def may_become(api: Api, user: User, target: User) -> bool:
    """Whether a user has `become_user` in all of another user's accounts, and all of that user's permissions."""
    for account_id in accounts_of(api, target):
        account = api.store.accounts.get(account_id)
        if account is None or not account_allows(api, user, account, "become_user"):
            return False
        if any(admins_over(api.store, target, account_id)):
            theirs = {name for name in permissions() if account_allows(api, target, account, name)}
            own = {name for name in permissions() if account_allows(api, user, account, name)}
            if theirs - own:
                return False
    return True


def _administers(api: Api, user: User, target: User) -> bool:
    return account_allows(api, user, api.root, "manage_user_logins")
