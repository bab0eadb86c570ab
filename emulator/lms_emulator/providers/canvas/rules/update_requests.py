"""Registration updates requested by dynamically registered tools, which an administrator accepts or rejects.

Source: canvas-lms app/models/lti/registration_update_request.rb, app/services/lti/
apply_registration_update_request_service.rb (2025); app/controllers/lti/ims/dynamic_registration_controller.rb,
registration_attrs_match? (2026).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.lti.registrations import TOOL
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import CanvasStore, LtiRegistration, LtiUpdateRequest

_COMPARED = ("client_name", "initiate_login_uri", "jwks_uri", "logo_uri", TOOL)
"""What makes a request a change, besides `redirect_uris` and `scope`, whose order does not."""


def ask(
    call: Call,
    registration: LtiRegistration,
    account_id: int,
    sent: dict[str, Any],
    *,
    uuid: str | None,
    user_id: int | None,
) -> LtiUpdateRequest:
    """Request an update of a registration. If it changes nothing that counts, it is accepted at once.

    Parameters: `uuid`, of the registration token, and `user_id`, its creator; both are None if the tool sends the
    request on its own.
    """
    now = call.clock.now().replace(microsecond=0)
    if same := _same(registration.sent or {}, sent):
        call.store.lti_registrations.put(replace(registration, sent=sent))
    made = LtiUpdateRequest(
        id=call.store.new_id("lti_update_requests"),
        registration_id=registration.id,
        account_id=account_id,
        uuid=uuid,
        sent=sent,
        tool_initiated=user_id is None,
        created_by_id=user_id,
        created_at=now,
        updated_at=now,
        accepted_at=now if same else None,
    )
    return call.store.lti_update_requests.put(made)


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    listed = [(sorted(body.get("redirect_uris") or ()), sorted(_scopes(body))) for body in (old, new)]
    return listed[0] == listed[1] and all(old.get(name) == new.get(name) for name in _COMPARED)


def _scopes(body: dict[str, Any]) -> list[str]:
    return [scope for scope in str(body.get("scope") or "").split() if scope != "openid"]


def latest(store: CanvasStore, registration: LtiRegistration) -> LtiUpdateRequest | None:
    """The latest request, whatever its status."""
    found = store.lti_update_requests.find("registration", registration.id)
    return max(found, key=lambda each: (each.created_at, each.id), default=None)


def pending(store: CanvasStore, registration: LtiRegistration) -> LtiUpdateRequest | None:
    """The latest request, if it is pending."""
    found = latest(store, registration)
    return found if found is not None and status(found) == "pending" else None


def status(asked: LtiUpdateRequest) -> str:
    """The status of a request."""
    return "applied" if asked.accepted_at is not None else "rejected" if asked.rejected_at is not None else "pending"


def reject(store: CanvasStore, asked: LtiUpdateRequest, **members: Any) -> None:
    """Keep a registration unchanged. Parameters: `members`, further fields to store."""
    store.lti_update_requests.put(replace(asked, **members))
