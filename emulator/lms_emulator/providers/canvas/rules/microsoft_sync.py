"""An account's settings for Microsoft Teams sync.

Source: canvas-lms lib/microsoft_sync/settings_validator.rb (2024).
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_boolean
from lms_emulator.providers.canvas.model import Account
from lms_emulator.providers.canvas.rules import features

FEATURE = "microsoft_group_enrollments_syncing"
NAMES = (
    "microsoft_sync_enabled",
    "microsoft_sync_tenant",
    "microsoft_sync_login_attribute",
    "microsoft_sync_login_attribute_suffix",
    "microsoft_sync_remote_attribute",
)
LOGINS = ("email", "preferred_username", "sis_user_id", "integration_id")
REMOTE = ("userPrincipalName", "mail", "mailNickname")
OFF = (
    "This account does not allow for Microsoft Teams sync to be enabled. Please enable the "
    '"Microsoft Group enrollment syncing" feature flag before editing any settings.'
)
UNSAID = "Please specify whether to enable or disable Microsoft Teams sync."
ALONE = "To enable Microsoft Teams Sync, please provide a tenant, login attribute, and remote attribute."
TENANT = "Invalid Microsoft Sync tenant given. Please validate your tenant."
SUFFIX = (
    "Invalid Microsoft Teams Sync login attribute suffix. A suffix must be less than 255 characters and cannot have "
    "any whitespace."
)
_DOMAIN = re.compile(r"((?!-)[A-Za-z0-9-]+(?<!-)\.)+(?!-)[A-Za-z0-9-]+(?<!-)")


def sent(api: Api, account: Account, faults: dict[str, list[Any]]) -> dict[str, Any]:
    """The settings in the request; if invalid, none, and a fault.

    Parameters: `faults`, of all fields of the account, to which this adds.
    """
    given = api.params.hash("account", "settings")
    found: dict[str, Any] = {name: given.text(name) or "" for name in NAMES if given.has(name)}
    if not found:
        return {}
    if found.get(NAMES[0]) is not None:
        found[NAMES[0]] = as_boolean(found[NAMES[0]])
    fault = OFF if not features.enabled(api, api.root, FEATURE) else _fault(found)
    if fault is None:
        return found
    faults["bad_request"] = [fault]
    return {}


def _fault(found: dict[str, Any]) -> str | None:
    enabled, tenant, login, suffix, remote = (found.get(name) for name in NAMES)
    if enabled is None:
        return UNSAID
    if not enabled:
        return None
    if len(found) == 1:
        return ALONE
    if _DOMAIN.fullmatch(tenant or "") is None:
        return TENANT
    if login not in LOGINS:
        return f"Invalid Microsoft Teams Sync login attribute. Valid login attributes: {_listed(LOGINS)}"
    if suffix is not None and (len(suffix) >= 255 or re.search(r"\s", suffix)):
        return SUFFIX
    if remote not in REMOTE:
        return f"Invalid Microsoft Team Sync remote attribute. Valid remote attributes: {_listed(REMOTE)}"
    return None


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])}, or {names[-1]}"
