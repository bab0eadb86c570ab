"""The history of registrations and their availability: what changed, by whom and why.

Source: canvas-lms app/models/lti/registration_history_entry.rb (2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, LtiHistoryEntry, LtiRegistration
from lms_emulator.providers.canvas.model.registrations import UpdateType
from lms_emulator.providers.canvas.rules import overlays, registrations

_REGISTRATION = ("admin_nickname", "vendor", "description")
_KEY = (
    *("name", "email", "icon_url", "notes", "redirect_uris", "public_jwk", "public_jwk_url", "oidc_initiation_url"),
    *("scopes", "workflow_state"),
)
"""Which members of a key Canvas compares is chosen: those that the configuration of a tool may set, and its notes."""

_CONTROL = ("id", "account_id", "course_id", "deployment_id", "available", "workflow_state")
_LONGEST = 2000


@contextmanager
def configuring(api: Api, registration: LtiRegistration, account: Account) -> Iterator[None]:
    """Within the context, log changes to a registration, its key, its configuration, and its overlay."""
    with _noted(api, registration, account, "manual_edit", lambda: _whole(api, registration.id, account)):
        yield


@contextmanager
def updating(api: Api, registration: LtiRegistration, account: Account) -> Iterator[None]:
    """Within the context, log changes to a registration from an update request."""
    with _noted(api, registration, account, "registration_update", lambda: _whole(api, registration.id, account)):
        yield


@contextmanager
def controlling(api: Api, registration: LtiRegistration, account: Account) -> Iterator[None]:
    """Within the context, log changes to the availability of its tools."""
    registrations.controls(api, registration)
    with _noted(api, registration, account, "control_edit", lambda: {"context_controls": _controls(api, registration)}):
        yield


@contextmanager
def _noted(
    api: Api,
    registration: LtiRegistration,
    account: Account,
    kind: UpdateType,
    look: Callable[[], dict[str, Any]],
) -> Iterator[None]:
    comment = api.params.text("comment")
    if comment is not None and len(comment) > _LONGEST:
        raise refusals.invalid({"comment": ["too_long"]})
    before = look()
    yield
    after = look()
    changes = {name: found for name in before if (found := overlays.diff(before[name], after[name]))}
    if changes:
        entry = LtiHistoryEntry(
            id=api.new_id("lti_history"),
            registration_id=registration.id,
            account_id=account.id,
            diff=changes,
            update_type=kind,
            comment=comment,
            created_by_id=api.user.id,
            created_at=api.now,
        )
        api.store.lti_history.put(entry)


def _whole(api: Api, number: int, account: Account) -> dict[str, Any]:
    registration = api.store.lti_registrations.get(number)
    assert registration is not None
    key, over = registrations.key_of(api, registration), registrations.overlay_for(api, registration, account)
    found = registrations.configuration(api, registration)
    if found:
        placements = sorted(found["placements"], key=lambda each: str(each.get("placement")))
        found = {**found, "scopes": sorted(found["scopes"]), "placements": placements}
    own = {name: getattr(registration, name) for name in _REGISTRATION}
    return {
        "registration": {**own, "name": registrations.name_of(api, registration)},
        "internal_lti_configuration": found,
        "developer_key": {name: getattr(key, name) for name in _KEY},
        "overlay": over.data if over is not None else None,
    }


def _controls(api: Api, registration: LtiRegistration) -> dict[str, Any]:
    tools = {tool.id for tool in api.store.tools.find("key", registration.developer_key_id)}
    rows = [row for row in api.store.lti_context_controls if row.deployment_id in tools]
    return {str(row.id): {name: getattr(row, name) for name in _CONTROL} for row in rows}
