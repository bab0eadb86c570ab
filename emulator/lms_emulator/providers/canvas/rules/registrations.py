"""LTI registrations: listing, ownership, bindings, changes and deployments.

Source: canvas-lms app/models/lti/registration.rb, app/services/lti/create_registration_service.rb,
update_registration_service.rb, list_registration_service.rb (2025).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import (
    Account,
    DeveloperKey,
    DeveloperKeyAccountBinding,
    LtiContextControl,
    LtiOverlay,
    LtiOverlayVersion,
    LtiRegistration,
    Tool,
    ToolConfiguration,
)
from lms_emulator.providers.canvas.rules import keys, overlays, tool_forms, tools
from lms_emulator.providers.canvas.rules import tool_configurations as configurations


def every(api: Api) -> list[LtiRegistration]:
    """The registrations of all undeleted LTI keys, created if a world file left them out."""
    living = [key for key in api.store.developer_keys if key.is_lti_key and key.workflow_state != "deleted"]
    living.sort(key=lambda key: key.id)
    return [api.store.lti_registrations.first("key", key.id) or make(api, key) for key in living]


def make(api: Api, key: DeveloperKey, **fields: Any) -> LtiRegistration:
    """The registration of a key."""
    times = {"created_at": key.created_at or api.now, "updated_at": key.created_at or api.now}
    made = LtiRegistration(id=api.new_id("lti_registrations"), developer_key_id=key.id, **{**times, **fields})
    return api.store.lti_registrations.put(made)


def find(api: Api, reference: str) -> LtiRegistration:
    """The registration with this id, local or global. Raises the refusal `not_found`."""
    asked = number(reference)
    found = next((row for row in every(api) if asked in (row.id, global_id(row.id))), None)
    if found is None:
        raise refusals.not_found("the registration", reference)
    return found


def key_of(api: Api, registration: LtiRegistration) -> DeveloperKey:
    """The key of a registration."""
    key = api.store.developer_keys.get(registration.developer_key_id)
    assert key is not None, "the world file's references are checked when it is loaded"
    return key


def owner(api: Api, registration: LtiRegistration) -> Account:
    """The account that a registration belongs to: a school, or the site admin account."""
    number = key_of(api, registration).account_id
    account = api.store.accounts.get(number) if number is not None else keys.site_admin(api.store)
    return account or api.root


def name_of(api: Api, registration: LtiRegistration) -> str:
    """The tool's own name."""
    return registration.name or key_of(api, registration).name or str(_base(api, registration).get("title") or "")


def bindings(api: Api, registration: LtiRegistration) -> list[DeveloperKeyAccountBinding]:
    """The account bindings of a registration."""
    return list(api.store.developer_key_account_bindings.find("key", registration.developer_key_id))


def binding_for(api: Api, registration: LtiRegistration, account: Account) -> DeveloperKeyAccountBinding | None:
    """The binding in effect for a school: the site admin account's, if any, else the school's own."""
    admin = keys.site_admin(api.store)
    said = {binding.account_id: binding for binding in bindings(api, registration)}
    return (said.get(admin.id) if admin is not None else None) or said.get(account.id)


def shown_in(api: Api, account: Account) -> list[LtiRegistration]:
    """The registrations of an account, those forced on by the site admin account, and those it switched on itself."""
    admin, found = keys.site_admin(api.store), []
    for row in every(api):
        said = {binding.account_id: binding.workflow_state for binding in bindings(api, row)}
        forced = admin is not None and owner(api, row).id == admin.id and said.get(admin.id) == "on"
        if owner(api, row).id == account.id or (not account.site_admin and (forced or said.get(account.id) == "on")):
            found.append(row)
    return found


def bind(api: Api, registration: LtiRegistration, account: Account, state: str) -> DeveloperKeyAccountBinding:
    """Set whether a registration is on in an account."""
    said = next((binding for binding in bindings(api, registration) if binding.account_id == account.id), None)
    made = said or DeveloperKeyAccountBinding(
        id=api.new_id("developer_key_account_bindings"),
        account_id=account.id,
        developer_key_id=registration.developer_key_id,
        created_by_id=api.user.id,
        created_at=api.now,
    )
    kept = replace(made, workflow_state=state, updated_by_id=api.user.id, updated_at=api.now)
    return api.store.developer_key_account_bindings.put(kept)


# configurations


def configuration_of(api: Api, registration: LtiRegistration) -> ToolConfiguration | None:
    """The tool's own configuration."""
    return api.store.tool_configurations.first("key", registration.developer_key_id)


def _base(api: Api, registration: LtiRegistration) -> dict[str, Any]:
    found, key = configuration_of(api, registration), key_of(api, registration)
    if found is None:
        return {}
    base = overlays.internal(found.settings, key.redirect_uris, found.disabled_placements)
    return {"privacy_level": found.privacy_level, **base} if found.privacy_level else base


def configuration(api: Api, registration: LtiRegistration, account: Account | None = None) -> dict[str, Any]:
    """The configuration, with an account's overlay if one is given; empty if there is none."""
    base = _base(api, registration)
    over = overlay_for(api, registration, account) if account is not None else None
    return overlays.applied(over.data, base, additive=not registration.dynamic) if base and over is not None else base


def overlay_for(api: Api, registration: LtiRegistration, account: Account) -> LtiOverlay | None:
    """The overlay of a school, or else of the site admin account."""
    admin = keys.site_admin(api.store)
    own = api.store.lti_overlays.first("whose", (registration.id, account.id))
    return own or (api.store.lti_overlays.first("whose", (registration.id, admin.id)) if admin is not None else None)


def set_overlay(
    api: Api, registration: LtiRegistration, account: Account, data: dict[str, Any], *, reset: bool = False
) -> None:
    """Replace an account's overlay."""
    known = api.store.lti_overlays.first("whose", (registration.id, account.id))
    if known is None:
        known = LtiOverlay(
            **api.new_row("lti_overlays"), registration_id=registration.id, account_id=account.id, data=data
        )
    changes = overlays.flat(overlays.diff(known.data, data))
    versions = known.versions
    if changes:
        number, who = api.new_id("lti_overlay_versions"), api.user.id
        made_now = LtiOverlayVersion(
            id=number, diff=changes, caused_by_reset=reset, created_by_id=who, created_at=api.now
        )
        versions = [*versions, made_now]
    kept = replace(known, data=data, versions=versions, updated_by_id=api.user.id, updated_at=api.now)
    api.store.lti_overlays.put(kept)


def configure(api: Api, registration: LtiRegistration, given: dict[str, Any]) -> None:
    """Change the given members of a tool's own configuration."""
    found, key = configuration_of(api, registration), key_of(api, registration)
    whole = {**_base(api, registration), **given}
    if found is None:
        number = api.new_id("tool_configurations")
        found = ToolConfiguration(id=number, developer_key_id=key.id, created_at=api.now)
    privacy = whole.get("privacy_level")
    disabled = None if "placements" in given else found.disabled_placements
    kept = replace(
        found,
        settings=overlays.written(whole),
        privacy_level=privacy,
        disabled_placements=disabled,
        updated_at=api.now,
    )
    api.store.tool_configurations.put(kept)
    same = (*configurations.OF_KEY, "redirect_uris")
    changes = {name: given[name] for name in same if name in given}
    icon = (given.get("launch_settings") or {}).get("icon_url")
    api.store.developer_keys.put(replace(key, **changes, **({"icon_url": icon} if icon else {})))


def follow(api: Api, registration: LtiRegistration, account: Account) -> None:
    """Update the key's scopes and the tools installed with it to the configuration and overlay."""
    found = configuration(api, registration, account)
    key = key_of(api, registration)
    api.store.developer_keys.put(replace(key, scopes=list(found.get("scopes") or key.scopes)))
    for tool in list(api.store.tools.find("key", key.id)):
        if tool.workflow_state == "active":
            api.store.tools.put(replace(_as_configured(tool, found), updated_at=api.now))


def _as_configured(tool: Tool, found: dict[str, Any]) -> Tool:
    written = overlays.written(found)
    kept = tool_forms.configured(tool, written, found.get("privacy_level"))
    said, fields = tools.of_configuration(written), written.get("custom_fields") or {}
    return replace(kept, settings=said, custom=fields)


def deployed(api: Api, key: DeveloperKey, account: Account) -> Tool:
    """The tool of an LTI key as deployed in a school, not stored yet."""
    tool = tool_forms.of_key(api, key)
    known = api.store.lti_registrations.first("key", key.id)
    over = overlay_for(api, known, account) if known is not None else None
    return tool if known is None or over is None else _as_configured(tool, configuration(api, known, account))


# availability


def path_of(api: Api, place: tuple[str, int]) -> list[tuple[str, int]]:
    """An account or course with its ancestors, from the top: `[("Account", 1), ("Course", 3)]`."""
    kind, number = place
    record = (api.store.courses if kind == "Course" else api.store.accounts).get(number)
    found = tools.places(api.store, record) if record is not None else []
    return [value for value in reversed(found) if not _is_site_admin(api, value)]


def accounts_below(api: Api, number: int) -> list[int]:
    """The ids of the accounts below one."""
    children = [row.id for row in api.store.accounts.find("parent", number) if row.workflow_state != "deleted"]
    return [below for child in children for below in (child, *accounts_below(api, child))]


def _is_site_admin(api: Api, place: tuple[str, int]) -> bool:
    account = api.store.accounts.get(place[1]) if place[0] == "Account" else None
    return account is not None and account.site_admin


def control(api: Api, tool: Tool, place: tuple[str, int], *, available: bool) -> LtiContextControl:
    """Set whether a deployed tool is available in an account or course and below."""
    rows = api.store.lti_context_controls.find("deployment", tool.id)
    known = next((lti_context_control for lti_context_control in rows if lti_context_control.place == place), None)
    if known is None:
        known = LtiContextControl(
            **api.new_row("lti_context_controls"),
            deployment_id=tool.id,
            course_id=place[1] if place[0] == "Course" else None,
            account_id=place[1] if place[0] == "Account" else None,
            created_by_id=api.user.id,
        )
    kept = replace(known, available=available, workflow_state="active", updated_by_id=api.user.id, updated_at=api.now)
    return api.store.lti_context_controls.put(kept)


def controls(api: Api, registration: LtiRegistration) -> list[LtiContextControl]:
    """The context controls of a registration's deployments. Each has one where it is deployed."""
    found: list[LtiContextControl] = []
    for tool in list(api.store.tools.find("key", registration.developer_key_id)):
        if tool.workflow_state == "active":
            place = tools.place_of(api.store, tool)
            rows = tools.controls(api.store, tool)
            if not any(row.place == place for row in rows):
                rows.append(control(api, tool, place, available=True))
            found += rows
    return found
