"""What a role may do in an account: the defaults of each role, and what the accounts above override.

The defaults are data: `catalogue/permissions.tsv`, from `fixtures/recordings/canvas/people-accounts.jsonl` 266 and 269.
Source of how overrides are resolved: canvas-lms app/models/role_override.rb, permission_for (2023-06).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, AccountUser, CanvasStore, Role, RoleOverride, User


class Permission(NamedTuple):
    """One permission that a role can have.

    Attributes:
        group: what it is shown and set together with, or None.
        root_only: means something for admins of a whole school only.
        defaults: by base role, `always`, `on`, `off`, or `never`; the first and last cannot be overridden.
    """

    name: str
    group: str | None
    root_only: bool
    defaults: dict[str, str]


class Standing(NamedTuple):
    """How one permission of a role stands in an account."""

    enabled: bool
    applies_to_self: bool
    applies_to_descendants: bool
    locked: bool
    readonly: bool
    explicit: bool = False
    prior_default: bool = False


@cache
def permissions() -> dict[str, Permission]:
    """Every permission by its name."""
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/permissions.tsv").read_text("utf-8")
    header, *rows = (line.split("\t") for line in text.splitlines())
    return {
        row[0]: Permission(
            row[0], None if row[1] == "-" else row[1], row[2] == "root", dict(zip(header[3:], row[3:], strict=True))
        )
        for row in rows
    }


@cache
def hidden() -> dict[str, str]:
    """Permissions that no list of roles shows: those of site admins (`site`), of account admins (`admin`), or of a
    feature that is off (`off`).
    """
    package = resources.files("lms_emulator.providers.canvas")
    text = package.joinpath("catalogue/hidden_permissions.tsv").read_text("utf-8")
    return {name: value for name, _, value in (line.partition("\t") for line in text.splitlines()[1:])}


def has_hidden(api: Api, name: str, account: Account) -> bool:
    """Whether the caller has a permission that is in no list of roles."""
    who = hidden().get(name)
    if who == "site":
        return any(is_account_admin(api, api.caller, one) for one in api.store.accounts if one.site_admin)
    return who == "admin" and is_account_admin(api, api.caller, account)


def members(name: str) -> list[str]:
    """The permissions that a name stands for: a group's members, or itself; none for an unknown name."""
    grouped = [one.name for one in permissions().values() if one.group == name]
    return grouped or ([name] if name in permissions() else [])


def chain(store: CanvasStore, account_id: int) -> list[Account]:
    """An account and those above it, up to the school, and the site admin account at the end."""
    return store.derived(("chain", account_id), ("accounts",), lambda: _chain(store, account_id))


def _chain(store: CanvasStore, account_id: int) -> list[Account]:
    found: dict[int, Account] = {}
    account = store.accounts.get(account_id)
    while account is not None:
        found[account.id] = account
        parent = account.parent_account_id
        account = store.accounts.get(parent) if parent is not None else None
    return list((found | {one.id: one for one in store.accounts if one.site_admin}).values())


def root_of(store: CanvasStore, account_id: int) -> Account:
    """The school that an account belongs to."""
    return store.derived(
        ("root", account_id),
        ("accounts",),
        lambda: next(account for account in chain(store, account_id) if account.parent_account_id is None),
    )


def standing(store: CanvasStore, account: Account, role: Role, permission: str) -> Standing:
    """How a permission of a role stands in an account, with overrides of the accounts above."""
    default = permissions()[permission].defaults.get(role.base_role_type, "never")
    on = default in ("always", "on")
    found = Standing(on, on, on, fixed := default in ("always", "never"), fixed)
    if fixed:
        return found
    for level in reversed(chain(store, account.id)):
        override = _override(store, level, role, permission)
        if override is None:
            continue
        own = level.id == account.id
        if not own and not override.applies_to_descendants:
            continue
        before = found.enabled
        if override.enabled is not None:
            found = found._replace(
                enabled=override.enabled,
                applies_to_self=override.enabled and override.applies_to_self,
                applies_to_descendants=override.enabled and override.applies_to_descendants,
            )
        found = found._replace(locked=override.locked, readonly=override.locked and not own)
        if own:
            found = found._replace(explicit=override.enabled is not None, prior_default=before)
        if override.locked:
            break
    return found


def _override(store: CanvasStore, account: Account, role: Role, permission: str) -> RoleOverride | None:
    overrides = store.role_overrides.find("role", role.id)
    return next((o for o in overrides if o.account_id == account.id and o.permission == permission), None)


def admins_over(store: CanvasStore, user: User, account_id: int) -> Iterator[tuple[AccountUser, Role]]:
    """The person's administrative roles in an account and those above it."""
    above = {account.id for account in chain(store, account_id)}
    for admin in store.account_users.find("user", user.id):
        role = store.roles.get(admin.role_id)
        if role is None or admin.workflow_state != "active" or admin.account_id not in above:
            continue
        if role.workflow_state in ("built_in", "active"):
            yield admin, role


def role_allows(store: CanvasStore, account: Account, role: Role, permission: str) -> bool:
    """Whether a role has a permission in an account."""
    return permission in allowed(store, account, role)


def allowed(store: CanvasStore, account: Account, role: Role) -> frozenset[str]:
    """The permissions that a role has in an account."""

    def compute() -> frozenset[str]:
        return frozenset(name for name in permissions() if standing(store, account, role, name).enabled)

    return store.derived(("allowed", account.id, role.id), ("accounts", "role_overrides", "roles"), compute)


def account_allows(
    api: Api, user: User | None, account: Account, permission: str, *, at_any_level: bool = False
) -> bool:
    """Whether a user has a permission in an account, by an administrative role there or above.

    Parameters: `at_any_level`, whether a role below the school gives what else only the school's own roles give.
    """
    if user is None or user.workflow_state == "deleted":
        return False
    root_only = permissions()[permission].root_only and not at_any_level
    for admin, role in admins_over(api.store, user, account.id):
        level = api.store.accounts.get(admin.account_id)
        if root_only and (level is None or level.parent_account_id is not None):
            continue
        if role_allows(api.store, account, role, permission):
            return True
    return False


def is_account_admin(api: Api, user: User | None, account: Account) -> bool:
    """Whether a user administers an account or one above it, in whatever role."""
    return user is not None and any(True for _ in admins_over(api.store, user, account.id))


def require_account(api: Api, account: Account, *wanted: str) -> None:
    """Require one of the permissions in the account. Raises the refusal for callers without it."""
    passed = any(account_allows(api, api.caller, account, permission) for permission in wanted)
    if not api.check(f"may {' or '.join(wanted)} in account {account.id}", passed):
        raise api.refused(f"{' or '.join(wanted)} in account {account.id}", *wanted)
