"""Pages and calls of dynamic registration: an administrator begins it, the tool reads and registers.

Source: fixtures/recordings/canvas/lti-misc.jsonl 146, 149, 150 (2023); https://developerdocs.instructure.com/services/
canvas/external-tools/lti/file.registration.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.credentials import browser, identify, visitors
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.registrations import CONFIGURATION, REGISTRATIONS
from lms_emulator.providers.canvas.model import Account, DeveloperKeyAccountBinding
from lms_emulator.providers.canvas.routes.declare import site
from lms_emulator.providers.canvas.rules import features, keys, registrations, tools
from lms_emulator.providers.canvas.rules.permissions import account_allows

GUIDE = "https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.registration"
FEATURE = "lti_dynamic_registration"
MANAGE = "manage_developer_keys"
VIEW = "GET /api/lti/accounts/{account_id}/registrations/{registration_id}/view"


def _account(api: Api) -> Account:
    user = visitors.require(api)
    account = api.store.accounts.get(local_number(api.slot("account_id")) or 0)
    if account is None or account.workflow_state == "deleted":
        raise refusals.page_not_found(f"account {api.slot('account_id')} exists")
    if not account_allows(api, user, account, MANAGE):
        raise visitors.forbidden(api, "the person manages developer keys")
    return account


def key_page(api: Api) -> Response:
    """GET /accounts/{account_id}/developer_keys: the keys of tools, and the form that registers another."""
    account = _account(api)
    found = [key for key in api.store.developer_keys if key.is_lti_key and key.workflow_state == "active"]
    shown = [(key, keys.is_on(api.store, key, account.id)) for key in found]
    return wire.page(api.call, "developer_keys.html", user=api.caller, account=account, keys=shown)


def switch(api: Api) -> Response:
    """POST /accounts/{account_id}/developer_keys/{key_id}: switch a key on or off, as the page's buttons do.

    Switching it on also makes its tools available where they are deployed, for which Canvas has a page of its own.
    """
    account = _account(api)
    key = keys.find(api.store, api.slot("key_id"))
    if key is None or not key.is_lti_key:
        raise refusals.page_not_found("the key is a tool's")
    state: Literal["on", "off"] = "on" if api.params.text("workflow_state") == "on" else "off"
    table = api.store.developer_key_account_bindings
    said = next((binding for binding in table.find("key", key.id) if binding.account_id == account.id), None)
    if said is None:
        number = api.new_id("developer_key_account_bindings")
        said = DeveloperKeyAccountBinding(id=number, account_id=account.id, developer_key_id=key.id)
    table.put(replace(said, workflow_state=state))
    for tool in list(api.store.tools.find("key", key.id)) if state == "on" else ():
        if place := next((row.place for row in tools.controls(api.store, tool) if not row.available), None):
            registrations.control(api, tool, place, available=True)
    return wire.redirect(api.url(f"/accounts/{account.id}/developer_keys"))


def begin(api: Api) -> Response:
    """GET /api/lti/register: on to the tool, with the platform's configuration and a token. Needs no role.

    In 2023, a feature had only this part of dynamic registration. A token says who begins as a session does.
    """
    identify(api)
    if not features.enabled(api, places.school(api.call, None), FEATURE):
        _served(api.call, known=True)
    user = visitors.require(api)
    url = api.params.text("registration_url")
    if not url:
        raise refusals.registration_url_missing()
    return wire.redirect(REGISTRATIONS.begin(api.call, url, user.id))


def configuration(call: Call) -> Response:
    """GET /api/lti/security/openid-configuration: the platform, as a tool that registers reads it."""
    _served(call)
    REGISTRATIONS.held(call)
    return JSONResponse(REGISTRATIONS.configuration(call))


def register(call: Call) -> Response:
    """POST /api/lti/registrations: a tool registers itself. Its key is off until an administrator enables it."""
    _served(call)
    return JSONResponse(REGISTRATIONS.register(call))


def view(call: Call) -> Response:
    """GET …/registrations/{registration_id}/view: on to the page of the school's keys, with this one on it."""
    _served(call)
    found = call.store.tool_configurations.get(local_number(call.path_params["registration_id"]) or 0)
    key = call.store.developer_keys.get(found.developer_key_id) if found is not None else None
    named = call.path_params.get("account_id")
    elsewhere = key is not None and named is not None and local_number(named) != key.account_id
    if key is None or key.workflow_state == "deleted" or elsewhere:
        raise refusals.page_not_found("the registration exists")
    return wire.redirect(call.url(f"/accounts/{key.account_id}/developer_keys#key-{key.id}"))


def _served(call: Call, *, known: bool = False) -> None:
    """Refuse where a site has none of it. Parameters: `known`, the address is there all the same, behind a feature."""
    if not call.settings.dynamic_registration:
        raise refusals.page_not_found("dynamic registration is on") if known else browser.unrouted(call)


ROUTES: tuple[Route, ...] = (
    *site(
        "lti",
        GUIDE,
        ("GET /accounts/{account_id}/developer_keys", key_page, "The keys of tools, and a form to register a tool"),
        ("POST /accounts/{account_id}/developer_keys/{key_id}", switch, "Switch a tool's key on or off"),
        ("GET /api/lti/register", begin, "Start a tool's registration"),
        evidence="chosen",
    ),
    *family(
        "lti",
        GUIDE,
        "documented",
        (f"GET {CONFIGURATION}", configuration, "The platform's OpenID configuration"),
        (f"POST {REGISTRATIONS.endpoint}", register, "A tool registers itself"),
        (f"GET {REGISTRATIONS.endpoint}/{{registration_id}}/view", view, "Redirect to a registration"),
        (VIEW, view, "Redirect to a registration of an account"),
    ),
)
