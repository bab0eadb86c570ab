"""What a role may do in an account: the defaults of each role, and what the accounts above override.

The defaults are data: `catalogue/permissions.tsv`, from `fixtures/recordings/canvas/people-accounts.jsonl` 41, 266 and
269, and canvas-lms app/models/role_override.rb (2024-04). Source of how overrides are resolved: permission_for there.

Canvas split some permissions into finer ones, which a school gets with a feature. Callers name the
finer one; in a school that still has the coarse one, roles derive it from that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from datetime import datetime
from functools import cache
from importlib import resources
from typing import NamedTuple

from lms_emulator.core.clock import later
from lms_emulator.providers.canvas.call import Call, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, AccountUser, CanvasStore, Course, Role, RoleOverride, User
from lms_emulator.providers.canvas.model.features import decides
from lms_emulator.providers.canvas.refusals.people import no_school

Site = Api | Call
GRANULAR = "granular_permissions_"
"""How the features begin that split permissions."""
ASSIGNMENTS = ("manage_assignments_add", "manage_assignments_edit", "manage_assignments_delete")
CONTENT = ("manage_course_content_add", "manage_course_content_edit", "manage_course_content_delete")
GROUPS = ("manage_groups_add", "manage_groups_manage", "manage_groups_delete")
TOOLS = ("manage_lti_add", "manage_lti_edit", "manage_lti_delete")


class Permission(NamedTuple):
    """One permission that a role can have.

    Attributes:
        group: its permission group, or None.
        level: `account`; `unlisted`, the same, but only a whole school lists it; `root`, for admins of a whole school
            only; `site`, for site admins.
        when: the condition for a school to have it: a feature that is on, `!` and one that is off, `setting:` and a
            setting of the account, `off` if it needs something not emulated, `unlisted` if it exists but
            is not listed for roles; None for none.
        before: the coarse permissions that it was split from.
        early: whether enrollments that are not active yet grant it: an invitation, a future course.
        after: the enrollment types that still grant it after they end; `all` for every type.
        defaults: by base role, `always`, `on`, `off`, or `never`; the first and last cannot be overridden.
    """

    name: str
    group: str | None
    level: str
    when: str | None
    before: frozenset[str]
    early: bool
    after: tuple[str, ...]
    defaults: dict[str, str]


class Standing(NamedTuple):
    """The state of one permission of a role in an account."""

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
        name: Permission(
            name,
            None if group == "-" else group,
            level,
            None if when == "-" else when,
            frozenset() if before == "-" else frozenset(before.split(",")),
            early == "yes",
            tuple(after.split(",")),
            dict(zip(header[7:], defaults, strict=True)),
        )
        for name, group, level, when, before, early, after, *defaults in rows
    }


@cache
def lasting(kind: str, *, over: bool) -> frozenset[str]:
    """The permissions that an enrollment type grants before it is active or, with `over`, after it ended."""
    every = permissions().values()
    return frozenset(row.name for row in every if (not {"all", kind}.isdisjoint(row.after) if over else row.early))


def in_force(site: Site, place: Account | Course) -> frozenset[str]:
    """The permissions in a context's school: fine or coarse ones, depending on its features."""
    root = root_of(site.store, place.account_id if isinstance(place, Course) else place.id)
    split = site.settings.granular_permissions

    def compute() -> frozenset[str]:
        return frozenset(row.name for row in permissions().values() if _has(site.store, root, row, split))

    return site.store.derived(("permissions in force", root.id, split), ("accounts", "feature_flags"), compute)


def _has(store: CanvasStore, root: Account, permission: Permission, split: bool) -> bool:
    when = permission.when
    if when is None or when == "unlisted":
        return True
    kind, _, setting = when.partition(":")
    if kind == "setting":
        return bool(root.settings.get(setting))
    feature = when.removeprefix("!")
    on = (split and feature.startswith(GRANULAR)) or decides(store, feature, root.id)
    return when != "off" and on != when.startswith("!")


def listed(site: Site, account: Account) -> list[Permission]:
    """The permissions that an account lists for its roles and can set."""
    available, root, operators = in_force(site, account), account.parent_account_id is None, account.site_admin
    return [
        permission
        for permission in permissions().values()
        if permission.name in available
        and permission.when != "unlisted"
        and (permission.level == "account" or (root and permission.level in ("root", "unlisted")) or operators)
    ]


def chain(store: CanvasStore, account_id: int) -> list[Account]:
    """An account and its ancestors up to the school, followed by the site admin account."""
    return store.derived(("chain", account_id), ("accounts",), lambda: _chain(store, account_id))


def _chain(store: CanvasStore, account_id: int) -> list[Account]:
    found: dict[int, Account] = {}
    account = store.accounts.get(account_id)
    while account is not None:
        found[account.id] = account
        parent = account.parent_account_id
        account = store.accounts.get(parent) if parent is not None else None
    return list((found | {account.id: account for account in store.accounts if account.site_admin}).values())


def root_of(store: CanvasStore, account_id: int) -> Account:
    """The school that an account belongs to."""
    return store.derived(
        ("root", account_id),
        ("accounts",),
        lambda: next(account for account in chain(store, account_id) if account.parent_account_id is None),
    )


def standing(site: Site, account: Account, role: Role, permission: str, given_at: int | None = None) -> Standing:
    """The state of a permission of a role in an account, including overrides of the accounts above.

    Parameters: `given_at`, the account where admins have the role: sub-accounts cannot revoke what it grants there.
    """
    default = permissions()[permission].defaults.get(role.base_role_type, "never")
    on = default in ("always", "on")
    found = Standing(on, on, on, fixed := default in ("always", "never"), fixed)
    if fixed:
        return found
    below, overrides = False, _overrides(site.store, role, permission)
    changing = {account.id, given_at, *overrides}
    for level in reversed([above for above in chain(site.store, account.id) if above.id in changing]):
        override = overrides.get(level.id)
        own = level.id == account.id
        before = found.enabled
        if override is not None and override.enabled is not None and not (below and found.enabled):
            on, to_self = override.enabled, override.applies_to_self
            further = on and override.applies_to_descendants
            found = found._replace(enabled=on, applies_to_self=on and to_self, applies_to_descendants=further)
        elif own and (override is None or override.enabled is None):
            on = found.enabled and found.applies_to_descendants
            found = found._replace(enabled=on, applies_to_self=on, applies_to_descendants=on)
        if override is not None:
            found = found._replace(locked=override.locked, readonly=override.locked and not own)
        if override is not None and own:
            found = found._replace(explicit=override.enabled is not None, prior_default=before)
        below = below or level.id == given_at
        if (override is not None and override.locked) or (below and found.enabled):
            break
    return found


def _overrides(store: CanvasStore, role: Role, permission: str) -> dict[int, RoleOverride]:
    """Those of a permission of a role, by their account."""
    found = (override for override in store.role_overrides.find("role", role.id) if override.permission == permission)
    return {override.account_id: override for override in found}


def admins_over(store: CanvasStore, user: User, account_id: int) -> Iterator[tuple[AccountUser, Role]]:
    """The person's administrative roles in an account and those above it."""
    above = {account.id for account in chain(store, account_id)}
    for admin in store.account_users.find("user", user.id):
        role = store.roles.get(admin.role_id)
        if role is None or admin.workflow_state != "active" or admin.account_id not in above:
            continue
        if role.workflow_state in ("built_in", "active"):
            yield admin, role


def role_allows(site: Site, account: Account, role: Role, permission: str) -> bool:
    """Whether a role has a permission in an account."""
    return permission in allowed(site, account, role)


def allowed(site: Site, account: Account, role: Role, given_at: int | None = None) -> frozenset[str]:
    """The permissions of a role in an account, including fine ones derived from coarse ones.

    Parameters: `given_at`, the account where admins have the role; by default the role's own.
    """
    made_at = given_at or role.account_id
    available = in_force(site, account)

    def compute() -> frozenset[str]:
        own = {name for name in available if standing(site, account, role, name, made_at).applies_to_self}
        split = (permission for permission in permissions().values() if permission.name not in available)
        return frozenset(own | {permission.name for permission in split if not permission.before.isdisjoint(own)})

    key = ("allowed", account.id, role.id, made_at, available)

    def found() -> frozenset[str]:
        return site.store.derived(key, ("accounts", "role_overrides", "roles"), compute)

    lasts = site.settings.role_permissions_kept_seconds
    return _kept(site, key, lasts, found) if lasts else found()


def _kept(site: Site, key: Hashable, lasts: int, compute: Callable[[], frozenset[str]]) -> frozenset[str]:
    """What was computed last, until so many seconds later, whatever has changed since."""
    kept: list[tuple[datetime, frozenset[str]]] = site.store.derived(("kept", key), (), list)
    now = site.now if isinstance(site, Api) else site.clock.now()
    if not kept or not kept[0][0] <= now < later(kept[0][0], lasts):
        kept[:] = [(now, compute())]
    return kept[0][1]


def account_allows(
    api: Api, user: User | None, account: Account, permission: str, *, at_any_level: bool = False
) -> bool:
    """Whether a user has a permission in an account, by an administrative role there or above.

    Parameters: `at_any_level`, whether a sub-account role can grant what otherwise only the school's roles grant.
    """
    if user is None or user.workflow_state == "deleted" or permission not in permissions():
        return False
    needed = permissions()[permission].level
    for admin, role in admins_over(api.store, user, account.id):
        level = api.store.accounts.get(admin.account_id)
        if needed == "site" and (level is None or not level.site_admin):
            continue
        if needed == "root" and not at_any_level and (level is None or level.parent_account_id is not None):
            continue
        if permission in allowed(api, account, role, admin.account_id):
            return True
    return False


def is_account_admin(api: Api, user: User | None, account: Account) -> bool:
    """Whether a user has any administrative role in an account or one above it."""
    return user is not None and any(True for _ in admins_over(api.store, user, account.id))


def require_account(api: Api, account: Account, *wanted: str) -> None:
    """Require one of the permissions in the account. Raises the refusal for callers without it."""
    passed = any(account_allows(api, api.caller, account, permission) for permission in wanted)
    if not api.check(f"may {' or '.join(wanted)} in account {account.id}", passed):
        raise api.refused(f"{' or '.join(wanted)} in account {account.id}", *wanted)


def account_from_path(api: Api, *wanted: str, slot: str = "account_id") -> Account:
    """The account of the path. Raises the refusal `not_found`, and the one for callers with none of the permissions."""
    account = identifiers.account(api, api.slot(slot))
    require_account(api, account, *wanted)
    return account


def school_from_path(api: Api, *wanted: str) -> Account:
    """The same of what only schools have: whoever names an account below one is redirected to that account's page."""
    account = identifiers.account(api, api.slot("account_id"))
    if account.parent_account_id is not None:
        raise no_school(api.url(f"/accounts/{account.id}"))
    require_account(api, account, *wanted)
    return account
