"""The roles of an account, and its overrides of their permissions.

Source: canvas-lms app/controllers/role_overrides_controller.rb, set_permissions_for (2023-06).
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, CanvasStore, Course, Enrollment, Role, RoleOverride
from lms_emulator.providers.canvas.rules.permissions import chain, listed, root_of

HIDDEN = ("AccountMembership", "NoPermissions")
COURSE_ROLES = (
    "StudentEnrollment",
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "ObserverEnrollment",
)
_ORDER = ("AccountAdmin", *COURSE_ROLES, *HIDDEN)


def roles_of(store: CanvasStore, account: Account, *, inherited: bool = True, hidden: bool = False) -> list[Role]:
    """The roles of an account: the built-in ones, its own and, with `inherited`, those of the accounts above.

    `hidden` adds those built-in ones that Canvas lists nowhere.
    """
    root = root_of(store, account.id)
    built_in = [r for r in store.roles.find("root", root.id) if r.account_id is None]
    built_in = [r for r in built_in if hidden or r.name not in HIDDEN]
    built_in.sort(key=lambda role: _ORDER.index(role.name))
    owners = [level.id for level in chain(store, account.id)] if inherited else [account.id]
    own = [role for owner in owners for role in store.roles.find("account", owner)]
    return [*built_in, *sorted(own, key=lambda role: role.id)]


def numbered(store: CanvasStore, account_id: int, reference: str) -> Role | None:
    """The role with this id, if it is built in, in whatever school, or made in an account of the chain.

    Source: canvas-lms app/models/account.rb, get_role_by_id and valid_role? (2024-04).
    """
    found = store.roles.get(number) if (number := local_number(reference)) is not None else None
    own = found is not None and found.account_id in {level.id for level in chain(store, account_id)}
    return found if found is not None and (found.account_id is None or own) else None


def built_in(api: Api, course: Course, kind: str) -> Role:
    """The school's built-in role of a type."""
    kind = "StudentEnrollment" if kind == "StudentViewEnrollment" else kind
    root = root_of(api.store, course.account_id)
    found = [role for role in api.store.roles if role.account_id is None and role.name == kind]
    return next((role for role in found if role.root_account_id == root.id), found[0])


def role_name(api: Api, enrollment: Enrollment) -> str:
    """The name of an enrollment's role; a built-in one is named as its type."""
    role = api.store.roles.get(enrollment.role_id)
    return role.name if role is not None else enrollment.type


def set_permissions(api: Api, account: Account, role: Role, sent: Params) -> Role:
    """Change an account's overrides of a role, or raise a refusal and change nothing.

    A name can be a permission group's, which stands for its members. Permissions that the account does not have,
    or that such a role cannot have, are skipped.

    Returns the role as Canvas then shows it: its `updated_at` is current only if an override is new.
    """
    of_courses = role.base_role_type not in HIDDEN and role.base_role_type != "AccountAdmin"
    able = [
        permission
        for permission in listed(api, account)
        if not of_courses or permission.defaults.get(role.base_role_type, "never") != "never"
    ]
    changes: list[tuple[str, Params, bool]] = []
    for name in sent.data:
        asked = sent.hash(name)
        targets = [permission for permission in able if name in (permission.name, permission.group)]
        if asked.flag("readonly") or not targets:
            continue
        if asked.has("locked") and any(permission.name == name and permission.group for permission in targets):
            text = "Cannot change locked status on granular permission"
            raise refusals.message(400, "permission_locked_with_its_group", text)
        reaches = asked.flag("applies_to_self", default=True) or asked.flag("applies_to_descendants", default=True)
        if not reaches:
            raise refusals.message(400, "permission_reaches_nobody", "Permission must be enabled for someone")
        changes += [(permission.name, asked, permission.name != name) for permission in targets]
    made = [_override(api, account, role, permission, asked, grouped) for permission, asked, grouped in changes]
    changed = replace(role, updated_at=api.now)
    if any(value is not None for value in made):
        api.store.roles.put(changed)
    return changed if any(made) else role


def _override(api: Api, account: Account, role: Role, permission: str, asked: Params, grouped: bool) -> bool | None:
    """Write one override, or remove it if it sets nothing.

    Parameters: `grouped`, whether it was named by its group, whose members keep their earlier settings.

    Returns whether it is new; None if nothing changed.
    """
    rows = api.store.role_overrides.find("role", role.id)
    known = next((o for o in rows if o.account_id == account.id and o.permission == permission), None)
    enabled: bool | None = None
    if asked.flag("explicit"):
        before = known.enabled if known is not None and grouped else None
        enabled = asked.flag("enabled") if asked.has("enabled") else before
    locked = asked.flag("locked")
    if enabled is None and not locked:
        if known is not None:
            api.store.role_overrides.delete(known.id)
        return None if known is None else False
    blank = RoleOverride(
        id=known.id if known is not None else api.new_id("role_overrides"),
        account_id=account.id,
        role_id=role.id,
        permission=permission,
        enabled=True,
        locked=False,
    )
    base = known or blank
    made = replace(
        base,
        enabled=base.enabled if enabled is None else enabled,
        locked=locked if asked.has("locked") else base.locked,
        applies_to_self=asked.flag("applies_to_self", default=base.applies_to_self),
        applies_to_descendants=asked.flag("applies_to_descendants", default=base.applies_to_descendants),
    )
    if made == known:
        return None
    api.store.role_overrides.put(made)
    return known is None
