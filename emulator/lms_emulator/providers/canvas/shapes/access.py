"""JSON of developer keys, of tokens that people make for themselves, and of logins as records."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import SHARD, Api, global_id
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    AccessToken,
    Account,
    CommunicationChannel,
    DeveloperKey,
    DeveloperKeyAccountBinding,
    Pseudonym,
    ToolConfiguration,
    User,
)
from lms_emulator.providers.canvas.rules import keys
from lms_emulator.providers.canvas.shapes import Json


def developer_key(api: Api, key: DeveloperKey, account: Account, *, inherited: bool = False) -> Json:
    """A key as the admins of an account see it; `inherited`, as those of a school see one of the site admin account."""
    found: Json = {
        "name": key.name,
        "created_at": when(key.created_at),
        "icon_url": key.icon_url,
        "workflow_state": key.workflow_state,
    }
    if not inherited:
        found |= _whole(api, key)
    counts = keys.binding(api.store, key, account.id)
    if counts is not None:
        found["developer_key_account_binding"] = binding(counts, account)
    if inherited:
        found["inherited_from"] = "global"
    else:
        owner = api.store.accounts.get(key.account_id) if key.account_id is not None else None
        found |= {"account_name": owner.name if owner is not None else None, "visible": key.visible}
    return found | {"is_lti_key": key.is_lti_key, "id": key.id}


def _whole(api: Api, key: DeveloperKey) -> Json:
    owner = api.store.users.get(key.user_id) if key.user_id is not None else None
    tokens = list(api.store.access_tokens.find("key", key.id))
    return {
        "email": key.email,
        "user_name": owner.name if owner is not None else None,
        "user_id": key.user_id,
        "notes": key.notes,
        "scopes": key.scopes,
        "require_scopes": key.require_scopes or key.is_lti_key,
        "client_credentials_audience": key.client_credentials_audience,
        "api_key": key.api_key,
        "redirect_uri": key.redirect_uri,
        "redirect_uris": "\n".join(key.redirect_uris),
        "access_token_count": len(tokens),
        "last_used_at": when(key.last_used_at),
        "vendor_code": key.vendor_code,
        "public_jwk": key.public_jwk,
        "public_jwk_url": key.public_jwk_url,
        "allow_includes": key.allow_includes,
    }


def binding(found: DeveloperKeyAccountBinding, account: Account) -> Json:
    """The state of a key in an account, and whether the account set it itself."""
    return {
        "id": global_id(found.id),
        "account_id": global_id(found.account_id),
        "developer_key_id": found.developer_key_id,
        "workflow_state": found.workflow_state,
        "account_owns_binding": found.account_id == account.id,
    }


def tool_configuration(found: ToolConfiguration) -> Json:
    """The configuration of an LTI key's tool."""
    return {
        "id": found.id,
        "developer_key_id": found.developer_key_id % SHARD,
        "settings": found.settings,
        "created_at": when(found.created_at),
        "updated_at": when(found.updated_at),
        "disabled_placements": found.disabled_placements,
        "privacy_level": found.privacy_level,
    }


def tool_settings(api: Api, key: DeveloperKey) -> Json | None:
    """The settings of an LTI key's tool."""
    found = api.store.tool_configurations.first("key", key.id)
    return found.settings if found is not None else None


def own_token(api: Api, token: AccessToken, *, shown: bool = False) -> Json:
    """A token that a user generated manually; `shown`, with its full text, which is shown only once."""
    key = api.store.developer_keys.get(token.developer_key_id)
    site_admin = next((account.id for account in api.store.accounts if account.site_admin), None)
    owner = key.account_id if key is not None and key.account_id is not None else site_admin
    found: Json = {
        "id": token.id,
        "developer_key_id": token.developer_key_id % SHARD,
        "user_id": token.user_id,
        "last_used_at": when(token.last_used_at),
        "expires_at": when(token.expires_at),
        "purpose": token.purpose,
        "created_at": when(token.created_at),
        "updated_at": when(token.updated_at or token.created_at),
        "scopes": token.scopes,
        "remember_access": token.remember_access or None,
        "workflow_state": "deleted" if token.revoked else "active",
        "root_account_id": owner,
        "real_user_id": token.real_user_id,
        "permanent_expires_at": when(token.permanent_expires_at),
    }
    if token.revoked:
        return found
    name = key.name if key is not None else None
    return found | {"app_name": name, "visible_token": token.token if shown else f"{token.token[:5]}..."}


def channel_record(api: Api, channel: CommunicationChannel) -> Json:
    """An address with all that Canvas keeps of it."""
    unset = (
        "pseudonym_id",
        "build_pseudonym_on_confirm",
        "last_bounce_at",
        "last_bounce_details",
        "last_suppression_bounce_at",
        "last_transient_bounce_at",
        "last_transient_bounce_details",
        "confirmation_code_expires_at",
        "confirmation_redirect",
    )
    return {
        "id": channel.id,
        "path": channel.address,
        "path_type": channel.type,
        "position": channel.position,
        "user_id": channel.user_id,
        "bounce_count": 0,
        "workflow_state": channel.workflow_state,
        "created_at": when(channel.created_at),
        "updated_at": when(channel.created_at),
        "confirmation_sent_count": 0,
        "root_account_ids": [api.root.id],
        **dict.fromkeys(unset),
    }


def login_record(api: Api, login: Pseudonym, user: User) -> Json:
    """A login with all that Canvas keeps of it."""
    channel = next((c for c in api.store.communication_channels.find("user", user.id)), None)
    return {
        "account_id": login.account_id,
        "id": login.id,
        "user_id": user.id,
        "workflow_state": login.workflow_state,
        "unique_id": login.unique_id,
        "login_count": login.login_count,
        "failed_login_count": 0,
        "last_request_at": when(login.current_login_at),
        "last_login_at": when(login.last_login_at),
        "current_login_at": when(login.current_login_at),
        "last_login_ip": None,
        "current_login_ip": "127.0.0.1",
        "position": login.position,
        "created_at": when(login.created_at),
        "updated_at": when(login.current_login_at or login.created_at),
        "password_auto_generated": login.password is None,
        "deleted_at": None,
        "sis_batch_id": None,
        "sis_user_id": login.sis_user_id,
        "communication_channel_id": channel.id if channel is not None else None,
        "sis_communication_channel_id": login.sis_channel_id,
        "stuck_sis_fields": ["unique_id", "workflow_state"],
        "integration_id": login.integration_id,
        "authentication_provider_id": login.authentication_provider_id,
        "declared_user_type": login.declared_user_type,
        "user_code": user.uuid,
    }
