"""Updates of dynamic registrations: a tool requests one, on its own or for an administrator, and somebody decides.

Source: https://developerdocs.instructure.com/services/canvas/resources/lti_registrations; canvas-lms
app/controllers/lti/ims/dynamic_registration_controller.rb, app/services/lti/token_validation_service.rb (2026).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route, family
from lms_emulator.lti.registrations import TOOL
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.lti.registrations import REGISTRATIONS, configured, key_members, parsed, registered
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import Account, DeveloperKey, LtiRegistration, LtiUpdateRequest
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.routes.lti_registrations import (
    BASE,
    SINCE,
    SOURCE,
    WHOLE,
    declared,
    found_in,
    overlay_sent,
    school,
)
from lms_emulator.providers.canvas.rules import overlays, registration_history, registrations, update_requests
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.rules.scopes import REGISTRATION
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import registrations as shapes

OF_TOOL = "/api/lti/registrations/{registration_id}"
OF_ACCOUNT = "/api/lti/accounts/{account_id}"

# administrators


def token(api: Api) -> Json:
    """A token with which a tool registers itself or, if a registration is named, requests an update of it."""
    account = school(api)
    further: dict[str, Any] = {"unified_tool_id": api.params.text("unified_tool_id") or None}
    if api.params.text("registration_id"):
        registration = registrations.find(api, api.params.text("registration_id") or "")
        require_account(api, registrations.owner(api, registration), "manage_developer_keys")
        further["existing_registration"] = global_id(registration.id)
    made = REGISTRATIONS.make_token(api.call, api.params.text("registration_url"), api.user.id, **further)
    api.call.notes["account"] = account.id
    return {
        "uuid": REGISTRATIONS.uuid_of(made),
        "oidc_configuration_url": REGISTRATIONS.configuration_url(api.call, made),
        "token": REGISTRATIONS.issue(api.call, made, api.user.id),
    }


def show(api: Api) -> Json:
    """A tool's original registration request, and the configuration that it became, here and at first."""
    account = school(api)
    registration, key = _of_number(api.call, api.slot("registration_id"))
    sent, found = registration.sent or {}, registrations.configuration_of(api, registration)
    return {
        "id": str(global_id(found.id)) if found is not None else None,
        "lti_registration_id": str(global_id(registration.id)),
        "developer_key_id": str(key.id),
        "lti_tool_configuration": sent.get(TOOL),
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        **{name: sent.get(name) for name in ("redirect_uris", "initiate_login_uri", "client_name", "jwks_uri")},
        "logo_uri": sent.get("logo_uri"),
        "token_endpoint_auth_method": "private_key_jwt",
        "contacts": sent.get("contacts") or [],
        **{name: sent.get(name) for name in ("client_uri", "policy_uri", "tos_uri")},
        "scopes": parsed(sent).scopes,
        "created_at": when(registration.created_at),
        "updated_at": when(registration.updated_at),
        "guid": registration.guid,
        "tool_configuration": overlays.written(registrations.configuration(api, registration, account)),
        "default_configuration": found.settings if found is not None else None,
        "registration_url": registration.registration_url,
    }


def latest(api: Api) -> Json:
    """The tool's latest update request."""
    registration = found_in(api, school(api))
    asked = update_requests.latest(api.store, registration)
    if asked is None:
        raise refusals.not_found("a request for a change of the registration", registration.id)
    return shapes.update_request(api, asked)


def asked_for(api: Api) -> Json:
    """One update request."""
    return shapes.update_request(api, _asked(api, found_in(api, school(api))))


def decide(api: Api) -> Json:
    """Accept or reject an update request."""
    account = school(api)
    registration = found_in(api, account, changes=True)
    asked = _asked(api, registration)
    if not api.params.has("accepted"):
        raise refusals.missing("accepted")
    over = overlay_sent(api)
    if not api.params.flag("accepted"):
        update_requests.reject(api.store, asked, rejected_at=api.now, updated_at=api.now, updated_by_id=api.user.id)
        return shapes.registration(api, registration, account, WHOLE)
    _accept(api, registration, account, asked, over)
    return shapes.registration(api, registrations.find(api, str(registration.id)), account, WHOLE)


def _asked(api: Api, registration: LtiRegistration) -> LtiUpdateRequest:
    return identifiers.row(
        api.store.lti_update_requests,
        api.slot("update_request_id"),
        "the request for a change",
        registration_id=registration.id,
    )


def _accept(
    api: Api, registration: LtiRegistration, account: Account, asked: LtiUpdateRequest, over: dict[str, Any] | None
) -> None:
    wanted, now = parsed(asked.sent), {"updated_by_id": api.user.id, "updated_at": api.now}
    found = registrations.configuration_of(api, registration)
    assert found is not None, "a tool that registered itself has a configuration"
    with registration_history.updating(api, registration, account):
        api.store.developer_keys.put(replace(registrations.key_of(api, registration), **key_members(wanted)))
        settings, privacy = configured(wanted)
        kept = {"settings": settings, "privacy_level": privacy, "disabled_placements": None}
        api.store.tool_configurations.put(replace(found, **kept, updated_at=api.now))
        changed = api.store.lti_registrations.put(replace(registration, name=wanted.name, sent=wanted.body, **now))
        if over is not None:
            registrations.set_overlay(api, changed, account, over)
        registrations.follow(api, changed, account)
    api.store.lti_update_requests.put(replace(asked, accepted_at=api.now, comment=api.params.text("comment"), **now))


# the tool itself


def own(call: Call) -> Response:
    """The registration of the calling tool."""
    registration, key = _own(call, "access", *REGISTRATION)
    return JSONResponse(registered(call, registration, key))


def change(call: Call) -> Response:
    """Request an update of the calling tool's own registration."""
    registration, key = _own(call, "update", REGISTRATION[-1])
    update_requests.ask(
        call, registration, key.account_id or 0, REGISTRATIONS.wanted(call).body, uuid=None, user_id=None
    )
    return JSONResponse(registered(call, registration, key))


def _own(call: Call, verb: str, *scopes: str) -> tuple[LtiRegistration, DeveloperKey]:
    try:
        caller = require_service(call, *scopes, where_off=True)
    except SiteRefusal as refusal:
        refusal.body = {"errorMessage": refusal.message}
        raise
    registration, key = _of_number(call, call.path_params["registration_id"])
    if not call.check("the registration is the tool's own", key.id == caller.key.id, got=caller.key.id):
        raise refusals.own_registration(
            "registration_of_another_tool",
            f"You are not authorized to {verb} this registration",
            403,
            check="the registration is the tool's own",
            diagnosis=f"it is the registration of the key {key.id}; the token was issued to {caller.key.id}",
        )
    return registration, key


def _of_number(call: Call, reference: str) -> tuple[LtiRegistration, DeveloperKey]:
    """A dynamic registration, by the id of its configuration, local or global."""
    found = call.store.tool_configurations.get(identifiers.local_number(reference) or 0)
    key = call.store.developer_keys.get(found.developer_key_id) if found is not None else None
    registration = call.store.lti_registrations.first("key", key.id) if key is not None else None
    if registration is None or key is None or registration.sent is None or key.workflow_state == "deleted":
        raise refusals.not_found("the registration", reference)
    return registration, key


_UPDATES = f"{BASE}/{{id}}/update_requests/{{update_request_id}}"
ROUTES: tuple[Route, ...] = (
    *declared(
        (f"GET {BASE}/{{id}}/latest_update_request", latest, "The latest update request"),
        (f"GET {_UPDATES}", asked_for, "An update request"),
        (f"PUT {_UPDATES}/apply", decide, "Accept or reject an update request"),
    ),
    *rest(
        "lti registrations",
        SOURCE,
        (f"GET {OF_ACCOUNT}/registration_token", token, "A registration token"),
        (f"GET {OF_ACCOUNT}/registrations/{{registration_id}}", show, "A dynamic registration"),
        evidence="documented",
        since=SINCE,
    ),
    *(
        replace(route, since=SINCE)
        for route in family(
            "lti",
            SOURCE,
            "documented",
            (f"GET {OF_TOOL}", own, "A tool reads its own registration"),
            (f"PUT {OF_TOOL}", change, "A tool requests an update"),
        )
    ),
)
