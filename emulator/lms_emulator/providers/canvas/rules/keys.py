"""Developer keys of an account, and whether they are enabled in it.

Source: canvas-lms app/models/developer_key.rb, account_binding_for (2023-06).
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.model import Account, CanvasStore, DeveloperKey, DeveloperKeyAccountBinding
from lms_emulator.providers.canvas.rules.permissions import chain

USER_GENERATED = "User-Generated"
"""The name of the developer key of user-generated tokens."""


def find(store: CanvasStore, reference: str) -> DeveloperKey | None:
    """The undeleted key with a global or local client id. A number with leading zeros is not a client id."""
    found = number(reference) if not reference.startswith("0") else None
    if found is None:
        return None
    key = store.developer_keys.get(global_id(found)) or store.developer_keys.get(found)
    return key if key is not None and key.workflow_state != "deleted" else None


def binding(store: CanvasStore, key: DeveloperKey, account_id: int) -> DeveloperKeyAccountBinding | None:
    """The effective binding of a key in an account: the site admin account's, else the nearest one other than
    `allow`, else the nearest."""
    said = {row.account_id: row for row in store.developer_key_account_bindings.find("key", key.id)}
    nearest = [said[account.id] for account in chain(store, account_id) if account.id in said]
    decided = [row for row in nearest if row.workflow_state != "allow"]
    above = [row for row in decided if _of_site_admin(store, row)]
    return next(iter([*above[-1:], *decided, *nearest]), None)


def _of_site_admin(store: CanvasStore, binding: DeveloperKeyAccountBinding) -> bool:
    account = store.accounts.get(binding.account_id)
    return account is not None and account.site_admin


def is_on(store: CanvasStore, key: DeveloperKey, account_id: int) -> bool:
    """Whether a key may be used in an account."""
    found = binding(store, key, account_id)
    return found is not None and found.workflow_state == "on"


def why_off(store: CanvasStore, key: DeveloperKey, account_id: int) -> str:
    """Why a key may not be used in an account, and what switches it on."""
    if key.workflow_state != "active":
        return f"the developer key {key.id} is {key.workflow_state}; `developer_key[event]=activate` activates it"
    found, account = binding(store, key, account_id), store.accounts.get(account_id)
    where = f"account {account_id} (`{account.name}`)" if account is not None else f"account {account_id}"
    what = (
        f"is `{found.workflow_state}` for account {found.account_id}" if found is not None else "is switched on nowhere"
    )
    return f"the developer key {key.id} {what}; Canvas needs it `on` for {where}, or for an account above it"


def is_on_anywhere(store: CanvasStore, key: DeveloperKey) -> bool:
    """Whether a key may be used in any root account."""
    schools = (account for account in store.accounts if account.parent_account_id is None and not account.site_admin)
    return any(is_on(store, key, school.id) for school in schools)


def delete(store: CanvasStore, key: DeveloperKey) -> DeveloperKey:
    """Delete a key, and the tools that were installed with it."""
    for tool in list(store.tools.find("key", key.id)):
        store.tools.put(replace(tool, workflow_state="deleted"))
    return store.developer_keys.put(replace(key, workflow_state="deleted"))


def site_admin(store: CanvasStore) -> Account | None:
    """The site admin account."""
    return next((account for account in store.accounts if account.site_admin), None)


def user_generated(store: CanvasStore) -> DeveloperKey | None:
    """The developer key behind access tokens that users create themselves."""
    return next((key for key in store.developer_keys if key.name == USER_GENERATED), None)
