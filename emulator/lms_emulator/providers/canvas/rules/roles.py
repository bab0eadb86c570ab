"""Which roles an account has, and how its overrides of their permissions change.

Source: canvas-lms app/controllers/role_overrides_controller.rb, set_permissions_for (2023-06).
"""

from __future__ import annotations

import msgspec

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, CanvasStore, Role, RoleOverride
from lms_emulator.providers.canvas.rules.permissions import chain, members, root_of, standing

HIDDEN = ("AccountMembership", "NoPermissions")
ORDER = (
    "AccountAdmin",
    "StudentEnrollment",
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "ObserverEnrollment",
)
replace = msgspec.structs.replace


def roles_of(store: CanvasStore, account: Account, *, inherited: bool = True) -> list[Role]:
    """The roles of an account: the built-in ones, its own and, with `inherited`, those of the accounts above."""
    root = root_of(store, account.id)
    built_in = [r for r in store.roles.find("root", root.id) if r.account_id is None and r.name not in HIDDEN]
    built_in.sort(key=lambda role: ORDER.index(role.name))
    owners = [one.id for one in chain(store, account.id)] if inherited else [account.id]
    own = [role for owner in owners for role in store.roles.find("account", owner)]
    return [*built_in, *sorted(own, key=lambda role: role.id)]


def set_permissions(api: Api, account: Account, role: Role, sent: Params) -> None:
    """Change an account's overrides of a role as asked. Raises the refusal for a permission that reaches nobody."""
    for name in sent.data:
        asked = sent.hash(name)
        reaches = asked.flag("applies_to_self", default=True) or asked.flag("applies_to_descendants", default=True)
        if not reaches:
            raise refusals.message(400, "permission_reaches_nobody", "Permission must be enabled for someone")
        for permission in members(name):
            if not standing(api.store, account, role, permission).readonly:
                _override(api, account, role, permission, asked)


def _override(api: Api, account: Account, role: Role, permission: str, asked: Params) -> None:
    rows = api.store.role_overrides.find("role", role.id)
    known = next((o for o in rows if o.account_id == account.id and o.permission == permission), None)
    explicit = asked.flag("explicit") if asked.has("explicit") else None
    enabled = known.enabled if known is not None else None
    if explicit is False:
        enabled = None
    elif explicit and asked.has("enabled"):
        enabled = asked.flag("enabled")
    locked = asked.flag("locked") if asked.has("locked") else known is not None and known.locked
    if enabled is None and not locked:
        if known is not None:
            api.store.role_overrides.delete(known.id)
        return
    made = RoleOverride(
        id=known.id if known is not None else api.new_id("role_overrides"),
        account_id=account.id,
        role_id=role.id,
        permission=permission,
        enabled=_now(api, account, role, permission) if enabled is None else enabled,
        locked=locked,
        applies_to_self=asked.flag("applies_to_self", default=True),
        applies_to_descendants=asked.flag("applies_to_descendants", default=True),
    )
    if made != known:
        api.store.role_overrides.put(made)
        api.store.roles.put(replace(api.store.roles.get(role.id) or role, updated_at=api.now))


def _now(api: Api, account: Account, role: Role, permission: str) -> bool:
    return standing(api.store, account, role, permission).enabled
