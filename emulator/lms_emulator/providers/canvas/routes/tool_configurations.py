"""LTI keys with their tool configuration, and the public key that a tool can change itself."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http import json_text
from lms_emulator.core.http.outgoing import OutgoingError, fetch_json
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import Account, Course, DeveloperKey, ToolConfiguration
from lms_emulator.providers.canvas.refusals import grading
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, service
from lms_emulator.providers.canvas.routes.developer_keys import bind_to, changes_of
from lms_emulator.providers.canvas.routes.line_items import typed
from lms_emulator.providers.canvas.rules import contexts, keys
from lms_emulator.providers.canvas.rules import tool_configurations as configurations
from lms_emulator.providers.canvas.rules.permissions import TOOLS, require_account
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import access as shapes
from lms_emulator.providers.canvas.wire import reply

PERMISSION = "manage_developer_keys"
PUBLIC_KEY = "https://canvas.instructure.com/lti/public_jwk/scope/update"
MEDIA = "application/vnd.ims.lis.v2.publicjwk+json"
LTI = "/api/lti"


def _shape(api: Api, found: ToolConfiguration, key: DeveloperKey, account: Account) -> Json:
    return {
        "tool_configuration": shapes.tool_configuration(found),
        "developer_key": shapes.developer_key(api, key, account),
    }


async def _settings(api: Api, sent: Params) -> dict[str, Any]:
    """The configuration in the request, or at the URL in the request. Raises refusals."""
    settings = sent.get("settings")
    address = sent.text("settings_url")
    if address:
        try:
            settings = await fetch_json(api.call, address)
        except OutgoingError as error:
            raise grading.fault_of_field("configuration", f"Could not retrieve settings: {error}", None) from error
    if isinstance(settings, str) and settings:
        try:
            settings = json_text.parse(settings)
        except ValueError:
            settings = None
    if not isinstance(settings, dict) or not settings:
        raise refusals.crashed("a tool configuration without settings", "settings")
    lines = (line.partition("=") for line in (sent.text("custom_fields") or "").splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    known = settings.get("custom_fields") or {}
    return settings | {"custom_fields": {**known, **fields} if isinstance(known, dict) else known}


def _owner(api: Api, key: DeveloperKey) -> Account:
    account = api.store.accounts.get(key.account_id) if key.account_id is not None else keys.site_admin(api.store)
    if account is None:
        raise api.refused("the site admin account owns the key")
    return account


async def create(api: Api) -> Json:
    """Create an LTI key with its tool configuration, initially off."""
    account = identifiers.account(api, api.slot("account_id"))
    _ = api.user
    require_account(api, account, PERMISSION)
    sent = api.params.require("tool_configuration")
    given = api.params.require("developer_key")
    if not given.text("redirect_uris"):
        raise refusals.missing("redirect_uris")
    settings = await _settings(api, sent)
    scopes = settings.get("scopes")
    asked = [str(scope) for scope in scopes] if isinstance(scopes, list) else []
    wrong = configurations.faults_of_key(settings.get("public_jwk"), settings.get("public_jwk_url"), asked)
    disabled = sent.texts("disabled_placements")
    wrong = wrong or configurations.faults(settings, disabled)
    changes = {"scopes": asked, **_of_key(api, given)} if not wrong else {}
    if wrong:
        raise grading.faults_of_fields(wrong)
    key = DeveloperKey(
        id=global_id(api.new_id("developer_keys")),
        api_key=api.call.ids.alnum(64),
        account_id=None if account.site_admin else account.id,
        is_lti_key=True,
        visible=not account.site_admin,
        created_at=api.now,
        **{"name": None, **changes},
    )
    found = ToolConfiguration(
        **api.new_row("tool_configurations"),
        developer_key_id=key.id,
        settings=settings,
        privacy_level=configurations.privacy_of(settings, sent.text("privacy_level")),
        disabled_placements=disabled or None,
    )
    api.store.developer_keys.put(key)
    bind_to(api, key, account, "off")
    api.store.tool_configurations.put(found)
    return _shape(api, found, configurations.follow(api, key, found), account)


PERMITTED = ("name", "email", "notes", "redirect_uris", "test_cluster_only", "scopes")
"""Fields of a key that are read with a configuration.

Source: canvas-lms app/controllers/lti/tool_configurations_api_controller.rb, developer_key_params.
"""


def _of_key(api: Api, given: Params) -> dict[str, Any]:
    """The key's own fields in the request. Raises the refusal for unknown scopes."""
    wrong = configurations.faults_of_scopes(given.texts("scopes"))
    if wrong:
        raise grading.faults_of_fields(wrong)
    changes = changes_of(api, given)
    return {name: value for name, value in changes.items() if name in PERMITTED}


def _key(api: Api) -> DeveloperKey:
    key = keys.find(api.store, api.slot("developer_key_id"))
    if key is None:
        raise refusals.not_found("the developer key", api.slot("developer_key_id"))
    return key


def _found(api: Api, key: DeveloperKey) -> ToolConfiguration:
    found = api.store.tool_configurations.first("key", key.id)
    if found is None:
        raise refusals.bare("configuration_missing", 404, "the key has a configuration")
    return found


def show(api: Api) -> Any:
    """The configuration of a key that is on here, for those who may install tools."""
    _ = api.user
    key, context = _key(api), contexts.from_path(api)
    where = context.record
    assert isinstance(where, Course | Account)
    account = where if isinstance(where, Account) else contexts.get(api, "Account", where.account_id).record
    assert isinstance(account, Account)
    if not key.is_lti_key:
        _found(api, key)
    on = keys.is_on(api.store, key, account.id)
    if not on or not contexts.may(api, context, *TOOLS):
        why = None if on else keys.why_off(api.store, key, account.id)
        check = "the key is on, and the caller may install tools"
        raise refusals.bare("key_not_usable", 401, check, diagnosis=why, needs=TOOLS if on else ())
    return _shape(api, _found(api, key), key, _owner(api, key))


async def update(api: Api) -> Any:
    """Change the configuration of a key. Its tools are updated at once."""
    key = _key(api)
    _ = api.user
    require_account(api, _owner(api, key), PERMISSION)
    found = _found(api, key)
    sent = api.params.require("tool_configuration")
    settings = await _settings(api, sent)
    disabled = sent.texts("disabled_placements") if sent.has("disabled_placements") else found.disabled_placements
    wrong = configurations.faults(settings, disabled or [])
    if wrong:
        raise grading.faults_of_fields(wrong)
    changes = _of_key(api, api.params.hash("developer_key"))
    kept = replace(
        found,
        settings=settings,
        privacy_level=configurations.privacy_of(settings, sent.text("privacy_level") or found.privacy_level),
        disabled_placements=disabled,
        updated_at=api.now,
    )
    api.store.tool_configurations.put(kept)
    changed = configurations.follow(api, replace(key, **changes), kept)
    return _shape(api, kept, changed, _owner(api, key))


def delete(api: Api) -> Response:
    """Delete the configuration of a key."""
    key = _key(api)
    _ = api.user
    require_account(api, _owner(api, key), PERMISSION)
    found = _found(api, key)
    configurations.forget(api, key, found)
    return Response(status_code=204)


def update_public_key(api: Api) -> Any:
    """Let a tool replace its own public key. The previous one becomes invalid."""
    key = require_service(api.call, PUBLIC_KEY).key
    given = api.params.require("developer_key")
    jwk = given.get("public_jwk")
    wrong = configurations.faults_of_key(jwk, key.public_jwk_url, [])
    if wrong:
        raise grading.faults_of_fields(wrong)
    changed = api.store.developer_keys.put(replace(key, public_jwk=jwk))
    shown = shapes.developer_key(api, changed, _owner(api, changed))
    del shown["developer_key_account_binding"]
    return reply(api, shown, headers=typed(MEDIA))


ROUTES = (
    *rest(
        "developer keys",
        f"{RECORDED}/lti-keys.jsonl 0, 8, 20, 32, 38, 75; "
        "canvas-lms app/controllers/lti/tool_configurations_api_controller.rb",
        (f"POST {LTI}/accounts/{{account_id}}/developer_keys/tool_configuration", create, "Create an LTI key"),
        *(
            (
                f"GET {LTI}/{place}/developer_keys/{{developer_key_id}}/tool_configuration",
                show,
                "A tool's configuration",
            )
            for place in ("accounts/{account_id}", "courses/{course_id}")
        ),
        (f"PUT {LTI}/developer_keys/{{developer_key_id}}/tool_configuration", update, "Change a tool's configuration"),
        (
            f"DELETE {LTI}/developer_keys/{{developer_key_id}}/tool_configuration",
            delete,
            "Delete a tool's configuration",
        ),
    ),
    *service(
        "lti services",
        f"{RECORDED}/lti-keys.jsonl 82, 85, 89, 90; canvas-lms app/controllers/lti/public_jwk_controller.rb",
        (f"PUT {LTI}/developer_key/update_public_jwk", update_public_key, "Change the tool's public key"),
    ),
)
