"""REST: roles and their permissions."""

from __future__ import annotations

from typing import Any, get_args

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, BaseRole, Role
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, ignoring
from lms_emulator.providers.canvas.rules.permissions import account_from_path, root_of
from lms_emulator.providers.canvas.rules.roles import COURSE_ROLES, HIDDEN, numbered, roles_of, set_permissions
from lms_emulator.providers.canvas.shapes import accounts as shapes

SOURCE = f"{RECORDED}/people-accounts.jsonl 266, 272, 275, 288; canvas-lms app/controllers/role_overrides_controller.rb"
RESERVED = {
    *get_args(BaseRole),
    "StudentViewEnrollment",
    "NilEnrollment",
    "teacher",
    "ta",
    "designer",
    "student",
    "observer",
}


def _account(api: Api) -> Account:
    return account_from_path(api, "manage_role_overrides")


def _place(api: Api) -> tuple[Account, Role]:
    """The account and the role of the path; an unknown role is reported before a missing permission."""
    account = identifiers.account(api, api.slot("account_id"))
    role = _role(api, account)
    return _account(api), role


def _role(api: Api, account: Account) -> Role:
    named = api.slot("id")
    every = roles_of(api.store, account, hidden=True)
    found = numbered(api.store, account.id, named) or next((role for role in every if role.name == named), None)
    if found is None or found.workflow_state == "deleted":
        raise refusals.message(404, "role_not_found", "role not found", got=named)
    return found


def index(api: Api) -> Any:
    """The roles of an account."""
    account = _account(api)
    if isinstance(said := api.params.get("state"), str):
        raise refusals.crashed("`state` is not a list", said)
    wanted = [text for text in api.params.texts("state") if text in ("active", "inactive")] or ["active"]
    rows = roles_of(api.store, account, inherited=api.params.flag("show_inherited"))
    rows = [r for r in rows if r.workflow_state in wanted or (r.workflow_state == "built_in" and "active" in wanted)]
    path = f"/api/v1/accounts/{account.id}/roles"
    return paged(api, rows, lambda role: shapes.role(api, role, account), path=path)


def show(api: Api) -> Any:
    """One role, by id or name."""
    account, role = _place(api)
    return shapes.role(api, role, account)


def create(api: Api) -> Any:
    """Make a role."""
    account = _account(api)
    label = api.params.text("label")
    label = label if label and label.strip() else api.params.text("role")
    if not label or not label.strip():
        raise refusals.message(400, "label_missing", "missing required parameter 'role'")
    base = api.params.text("base_role_type")
    base = "AccountMembership" if base is None else base
    _require_fit(api, account, label, base)
    sent = api.params.hash("permissions")
    made = Role(
        **api.new_row("roles"),
        name=label,
        base_role_type=convert(base, BaseRole),
        account_id=account.id,
        root_account_id=root_of(api.store, account.id).id,
        workflow_state="active",
    )
    api.store.roles.put(made)
    set_permissions(api, account, made, sent)
    body = shapes.role(api, made, account)
    return {**body, "base_role_type_label": shapes.LABELS[base]} if made.base_role_type in COURSE_ROLES else body


def _require_fit(api: Api, account: Account, label: str, base: str, own: Role | None = None) -> None:
    """Refuse a label that is reserved, or that another role of the account or a built-in one has, and unknown types.

    Roles of the accounts above may have the same label.
    """
    others = [r for r in api.store.roles.find("account", account.id) if own is None or r.id != own.id]
    active = own is None or own.workflow_state == "active"
    taken = "A role with this name already exists"
    faults: dict[str, list[str | tuple[str, str]]] = {}
    if active and any(r.name == label and r.workflow_state == "active" for r in others):
        faults["label"] = [taken]
    if base not in get_args(BaseRole):
        faults["base_role_type"] = [("inclusion", "is invalid")]
    if label in RESERVED:
        faults["name"] = [("exclusion", "is reserved")]
    built_in = (r.name for r in roles_of(api.store, account, hidden=True) if r.account_id is None)
    if label in {name if name in HIDDEN else shapes.LABELS.get(name, name) for name in built_in}:
        faults["label"] = [*faults.get("label", []), taken]
    if faults:
        raise refusals.invalid(faults)
    if len(label) > 255:
        raise refusals.crashed("the label is too long for its column")


def update(api: Api) -> Any:
    """Rename a role, or change its permissions in an account."""
    account, role = _place(api)
    label = api.params.text("label")
    if label and label.strip() and label != shapes.LABELS.get(role.name, role.name):
        if role.account_id is None:
            raise refusals.message(400, "role_built_in", "cannot update the 'label' for a built-in role")
        if role.account_id != account.id:
            raise refusals.message(400, "role_inherited", "cannot update the 'label' for an inherited role")
        _require_fit(api, account, label, role.base_role_type, role)
        role = api.store.roles.put(replace(role, name=label, updated_at=api.now))
    shown = set_permissions(api, account, role, api.params.hash("permissions"))
    return shapes.role(api, shown, account)


def destroy(api: Api) -> Any:
    """Deactivate a role."""
    account, role = _place(api)
    if role.workflow_state == "inactive":
        raise refusals.message(400, "role_inactive", "Cannot deactivate an already inactive role")
    if role.account_id is None:
        raise refusals.message(400, "role_built_in", "Cannot remove a built-in role")
    if role.account_id != account.id:
        raise refusals.not_found("the role in the account", role.id)
    deactivated = api.store.roles.put(replace(role, workflow_state="inactive", updated_at=api.now))
    return shapes.role(api, deactivated, account)


def activate(api: Api) -> Any:
    """Activate a role again."""
    account, role = _place(api)
    own = (other for other in api.store.roles.find("account", account.id) if other.workflow_state == "active")
    if any(other.name == role.name for other in own):
        raise refusals.message(400, "role_active", "An active role already exists with that name")
    if role.workflow_state != "inactive":
        raise refusals.message(400, "role_not_inactive", "Role not found")
    back = api.store.roles.put(replace(role, workflow_state="active", updated_at=api.now))
    return shapes.role(api, back, account)


ROLES = "/api/v1/accounts/{account_id}/roles"
IGNORED = ("role", "role_id")
"""What the documentation lists beside the id of the path, which alone counts."""
ROUTES: tuple[Route, ...] = ignoring(
    IGNORED,
    "roles",
    SOURCE,
    (f"GET {ROLES}", index, "Roles of an account"),
    (f"GET {ROLES}/{{id}}", show, "A role"),
    (f"POST {ROLES}", create, "Create a role"),
    (f"PUT {ROLES}/{{id}}", update, "Change a role"),
    (f"DELETE {ROLES}/{{id}}", destroy, "Deactivate a role"),
    (f"POST {ROLES}/{{id}}/activate", activate, "Activate a role"),
)
