"""Which accounts people belong to.

Source: canvas-lms app/models/user.rb, calculate_account_associations (2023-06), and the recorded exchanges of
`people-users`.
"""

from __future__ import annotations

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import SHARD, Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Account, Pseudonym, User
from lms_emulator.providers.canvas.rules import people, states
from lms_emulator.providers.canvas.rules.permissions import (
    account_allows,
    admins_over,
    allowed,
    chain,
    is_account_admin,
    root_of,
)


def accounts_with(api: Api, user: User) -> list[Account]:
    """The accounts that a user belongs to, by a login, an administrative role or a course."""
    ids = {login.account_id: None for login in people.logins_of(api.store, user)}
    ids |= {admin.account_id: None for admin in api.store.account_users.find("user", user.id)}
    for enrollment in api.store.enrollments.find("user", user.id):
        course = api.store.courses.get(enrollment.course_id)
        if course is not None and enrollment.workflow_state not in ("deleted", "rejected"):
            ids[course.account_id] = None
    return [account for account in map(api.store.accounts.get, ids) if account is not None]


def answering(api: Api, user: User) -> list[Account]:
    """The accounts whose administrators may manage a user: those that the user belongs to, or else the root account."""
    return accounts_with(api, user) or [api.root]


def may_read(api: Api, user: User, asker: User | None = None) -> bool:
    """Whether a user (by default the caller) may read another's data: the user themself, an observer, or somebody
    who manages logins."""
    caller = asker or api.caller
    if caller is None:
        return False
    links = api.store.user_observers.find("observer", caller.id)
    observes = any(link.student_id == user.id and link.workflow_state == "active" for link in links)
    if caller.id == user.id or observes:
        return True
    return any(account_allows(api, caller, account, "manage_user_logins") for account in answering(api, user))


def administered(api: Api, user: User, *wanted: str) -> bool:
    """Whether the caller has one of the permissions in an account that the person belongs to."""
    return any(account_allows(api, api.caller, account, value) for account in answering(api, user) for value in wanted)


def manages(api: Api, user: User) -> bool:
    """Whether the caller may change a user's names, addresses and settings."""
    return administered(api, user, "manage_user_logins") and _outranks(api, user)


def manages_login(api: Api, login: Pseudonym) -> bool:
    """Whether the caller may change a person's login, apart from its password."""
    user, account = api.store.users.get(login.user_id), api.store.accounts.get(login.account_id)
    if user is None or account is None or not account_allows(api, api.caller, account, "manage_user_logins"):
        return False
    return may_read(api, user) and _outranks(api, user, account)


def deletes_login(api: Api, login: Pseudonym) -> bool:
    """Whether the caller may delete a login, or change its state; with a SIS id, only SIS managers may."""
    return manages_login(api, login) and (not login.sis_user_id or has_sis(api, login))


def has_sis(api: Api, login: Pseudonym) -> bool:
    """Whether the caller may set the SIS ids of logins in a login's account."""
    account = api.store.accounts.get(login.account_id)
    return account is not None and account_allows(api, api.caller, account, "manage_sis")


def may_oneself(api: Api, user: User, setting: str) -> bool:
    """Whether a school where the person has an active login lets people do this themselves; always without a login."""
    schools = {login.account_id for login in people.logins_of(api.store, user) if login.workflow_state == "active"}
    found = [account for account in map(api.store.accounts.get, schools) if account is not None]
    return not found or any(account.settings.get(setting, True) is not False for account in found)


def _outranks(api: Api, user: User, within: Account | None = None) -> bool:
    """Whether the caller has all permissions of a user's administrative roles in a root account.

    Parameters: `within`, the root account; by default every one in which the user has a role.
    """
    if api.caller is not None and api.caller.id == user.id:
        return True
    held = [row.account_id for row in api.store.account_users.find("user", user.id) if row.workflow_state == "active"]
    schools = [within] if within is not None else [row for row in map(api.store.accounts.get, held) if row is not None]
    for school in (account for account in schools if account.parent_account_id is None):
        for admin, role in admins_over(api.store, user, school.id):
            level = api.store.accounts.get(admin.account_id)
            if level is not None and not _has_all(api, level, allowed(api, level, role, level.id)):
                return False
    return True


def _has_all(api: Api, account: Account, wanted: frozenset[str]) -> bool:
    return all(account_allows(api, api.caller, account, value) for value in wanted)


def belongs(api: Api, user: User, account: Account) -> bool:
    """Whether a person is in an account, or in one below it."""
    root = root_of(api.store, account.id)
    if user.workflow_state == "deleted" or all(p.account_id != root.id for p in people.logins_of(api.store, user)):
        return False
    return any(account in chain(api.store, served.id) for served in accounts_with(api, user))


def reads_account(api: Api, account: Account, asker: User | None = None) -> bool:
    """Whether a user (by default the caller) administers the account or teaches in a course that it holds itself."""
    user = asker or api.caller
    if user is None or is_account_admin(api, user, account):
        return user is not None
    rows = api.store.enrollments.find("user", user.id)
    taught = (
        api.store.courses.get(e.course_id)
        for e in rows
        if e.type in states.STAFF and e.workflow_state not in ("deleted", "rejected")
    )
    return any(row is not None and row.account_id == account.id and row.workflow_state != "deleted" for row in taught)


def child(api: Api, account: Account, named: str) -> Account:
    """An account itself or one below it, deleted ones included. Raises the refusal `not_found`.

    Canvas looks for the number that the text begins with here, so that `self` and SIS ids are not found.
    """
    number = as_integer(named)
    found = api.store.accounts.get(number % SHARD)
    if found is None or account not in chain(api.store, found.id):
        raise refusals.not_found("the account below", named)
    return found


def require_account_reader(api: Api, account: Account) -> None:
    """Refuse callers who neither administer the account nor teach in a course that it holds itself."""
    if not api.check("administers the account or teaches in it", reads_account(api, account), got=account.id):
        raise api.refused(f"read account {account.id}")
