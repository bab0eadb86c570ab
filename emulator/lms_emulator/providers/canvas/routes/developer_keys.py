"""REST: developer keys, their scopes, and their account bindings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, DeveloperKey, DeveloperKeyAccountBinding
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import keys, scopes
from lms_emulator.providers.canvas.rules.permissions import account_from_path, require_account
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import access as shapes

_PERMISSION = "manage_developer_keys"
_TEXTS = ("name", "email", "icon_url", "notes", "vendor_code", "client_credentials_audience")
_FLAGS = ("require_scopes", "allow_includes", "auto_expire_tokens", "visible", "test_cluster_only")
_LONGEST_ADDRESS = 4096
EVENTS = {"active": "deactivate", "inactive": "activate"}
"""What can happen to a key, by its state. Anything else is a failure of Canvas's."""


def _school(api: Api) -> Account:
    """The account of the path, if it can own keys."""
    account = identifiers.account(api, api.slot("account_id"))
    # below the school Canvas asks for the right in the account above all schools, and finds no keys even then
    above = account if account.id == api.root.id else keys.site_admin(api.store)
    if above is None:
        raise api.refused("keys belong to a whole school")
    require_account(api, above, _PERMISSION)
    if account.parent_account_id is not None:
        raise refusals.not_found("a school of that number", account.id)
    return account


def index(api: Api) -> Any:
    """The keys of a school, or the visible ones of the site admin account; for the site admin account, all."""
    account = _school(api)
    inherited = bool((api.params.text("inherited") or "").strip())
    every = (key for key in api.store.developer_keys if key.workflow_state != "deleted")
    if inherited:
        shown = [key for key in every if key.account_id is None and key.visible and not account.site_admin]
    else:
        shown = [key for key in every if account.site_admin or key.account_id == account.id]
    shown.sort(key=lambda key: -key.id)
    name = "site_admin" if account.site_admin else account.id

    def shape(key: DeveloperKey) -> Json:
        found = shapes.developer_key(api, key, account, inherited=inherited)
        return found if inherited else found | {"tool_configuration": shapes.tool_settings(api, key)}

    return paged(api, shown, shape, path=f"/accounts/{name}/developer_keys")


def create(api: Api) -> Json:
    """Make a key. It is off at first."""
    account = _school(api)
    given = api.params.require("developer_key")
    api.call.reads.add(*(f"developer_key[{name}]" for name in ("visible", "auto_expire_tokens")))  # set below
    changes = changes_of(api, given)
    changes |= {"visible": not account.site_admin, "auto_expire_tokens": True}
    key = DeveloperKey(
        id=global_id(api.new_id("developer_keys")),
        api_key=api.call.ids.alnum(64),
        account_id=None if account.site_admin else account.id,
        created_at=api.now,
        **{"name": None, **changes},
    )
    api.store.developer_keys.put(key)
    bind_to(api, key, account, "off")
    return shapes.developer_key(api, key, account)


def changes_of(api: Api, given: Params) -> dict[str, Any]:
    """The request as fields of a key. Raises the refusal `record_invalid`."""
    changes: dict[str, Any] = {name: given.text(name) for name in _TEXTS if given.has(name)}
    changes |= {name: value for name in _FLAGS if (value := given.boolean(name)) is not None}
    if changes.get("icon_url") == "":
        changes["icon_url"] = None
    faults: dict[str, list[str]] = {}
    if given.has("redirect_uri"):
        changes["redirect_uri"] = _address(given.text("redirect_uri") or None, faults, "redirect_uri", "URL")
    addresses = given.text("redirect_uris")
    if addresses is not None:
        lines = [_address(line, faults, "redirect_uris", "URI") for line in addresses.split()] if addresses else []
        if " " in addresses:
            faults["redirect_uris"] = ["is not a valid URI"]
        changes["redirect_uris"] = lines
    elif given.has("redirect_uris"):
        api.call.warn(
            "redirect_uris_dropped", "Canvas reads `redirect_uris` as one text with line breaks, and drops a list"
        )
    if isinstance(given.get("scopes"), list):
        asked = list(dict.fromkeys(given.texts("scopes")))
        unknown = [value for value in asked if not scopes.is_known(value)]
        if unknown:
            faults["scopes"] = [f"cannot contain {', '.join(unknown)}"]
        changes["scopes"] = asked
    if faults:
        raise refusals.invalid(faults)
    return changes


def _address(text: str | None, faults: dict[str, list[str]], name: str, kind: str) -> str | None:
    if text is None:
        return None
    if len(text) > _LONGEST_ADDRESS:
        faults[name] = [f"a {name.removesuffix('s')} is too long"]
        return text
    whole = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
        right = bool(parts.scheme and parts.netloc) and " " not in text
    except ValueError:
        right = False
    if not right:
        faults[name] = [f"is not a valid {kind}"]
    return whole


def _own(api: Api) -> tuple[DeveloperKey, Account]:
    """The key of the path and its owning account, if the caller manages its keys."""
    key = identifiers.known(keys.find(api.store, api.slot("id")), "the developer key", api.slot("id"))
    account = api.store.accounts.get(key.account_id) if key.account_id is not None else keys.site_admin(api.store)
    if account is None:
        raise api.refused("the site admin account owns the key")
    require_account(api, account, _PERMISSION)
    return key, account


def update(api: Api) -> Json:
    """Change a key. Removing a scope revokes its tokens."""
    key, account = _own(api)
    given = api.params.hash("developer_key")
    if not api.params.has("developer_key"):
        raise refusals.crashed("`developer_key` is missing")
    changes = changes_of(api, given)
    if given.has("event"):
        event = given.text("event") or ""
        if EVENTS.get(key.workflow_state) != event:
            raise refusals.crashed(f"a key that is {key.workflow_state} knows no such event", event)
        changes["workflow_state"] = "inactive" if event == "deactivate" else "active"
    if not set(key.scopes) <= set(changes.get("scopes", key.scopes)):
        for token in list(api.store.access_tokens.find("key", key.id)):
            api.store.access_tokens.put(replace(token, revoked=True))
    changed = api.store.developer_keys.put(replace(key, **changes))
    return shapes.developer_key(api, changed, account)


def delete(api: Api) -> Json:
    """Delete a key, and the tools of an LTI key."""
    key, account = _own(api)
    return shapes.developer_key(api, keys.delete(api.store, key), account)


def regenerate(api: Api) -> Json:
    """Give a key another secret. The old one ends; tokens stay. Canvas documents nothing but that there is this."""
    key, account = _own(api)
    changed = api.store.developer_keys.put(replace(key, api_key=api.call.ids.alnum(64)))
    return shapes.developer_key(api, changed, account)


def bind(api: Api) -> Json:
    """Switch a key on or off in an account. The path names it by its global id."""
    account = identifiers.account(api, api.slot("account_id"))
    require_account(api, account, _PERMISSION)
    key = keys.find(api.store, api.slot("developer_key_id"))
    if key is None or account.parent_account_id is not None or not _bindable(api, key, account):
        raise refusals.not_found("the developer key", api.slot("developer_key_id"))
    state = api.params.require("developer_key_account_binding").text("workflow_state")
    bind_to(api, key, account, state if state in ("on", "allow") else "off")
    said = next(binding for binding in _bindings(api, key) if binding.account_id == account.id)
    return shapes.binding(said, account)


def _bindable(api: Api, key: DeveloperKey, account: Account) -> bool:
    """Whether the key of the path is the account's own, or an active one of the site, which its local id names too."""
    if key.account_id is None:
        return key.workflow_state == "active"
    return key.account_id == account.id and api.slot("developer_key_id") == str(key.id)


def _bindings(api: Api, key: DeveloperKey) -> list[DeveloperKeyAccountBinding]:
    return list(api.store.developer_key_account_bindings.find("key", key.id))


def bind_to(api: Api, key: DeveloperKey, account: Account, state: Any) -> None:
    said = next((binding for binding in _bindings(api, key) if binding.account_id == account.id), None)
    if said is None:
        number = api.new_id("developer_key_account_bindings")
        said = DeveloperKeyAccountBinding(id=number, account_id=account.id, developer_key_id=key.id)
    api.store.developer_key_account_bindings.put(replace(said, workflow_state=state))


def scope_list(api: Api) -> Any:
    """Every scope that a key can have."""
    account_from_path(api, _PERMISSION)
    listed = scopes.listed()
    if api.params.text("group_by") != "resource_name":
        return listed
    grouped: dict[str, list[Json]] = {}
    for item in listed:
        grouped.setdefault(item["resource_name"], []).append(item)
    return grouped


ROUTES = rest(
    "developer keys",
    f"{RECORDED}/oauth-keys.jsonl 1, 21, 56, 78, 124; canvas-lms app/controllers/developer_keys_controller.rb",
    ("GET /api/v1/accounts/{account_id}/developer_keys", index, "Developer keys"),
    ("POST /api/v1/accounts/{account_id}/developer_keys", create, "Create a developer key"),
    ("PUT /api/v1/developer_keys/{id}", update, "Change a developer key"),
    ("DELETE /api/v1/developer_keys/{id}", delete, "Delete a developer key"),
    (
        "POST /api/v1/accounts/{account_id}/developer_keys/{developer_key_id}/developer_key_account_bindings",
        bind,
        "Switch a developer key on or off",
    ),
    ("GET /api/v1/accounts/{account_id}/scopes", scope_list, "Scopes"),
) + rest(
    "developer keys",
    "https://developerdocs.instructure.com/services/canvas/resources/developer_keys (there by this day or before)",
    ("POST /api/v1/developer_keys/{id}/regenerate_secret", regenerate, "Give a developer key another secret"),
    evidence="chosen",
    since="2026-08-01",
)
