"""LTI registrations: a school's tools, their configuration, the school's overlays, and whether they are on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import Account, DeveloperKey, LtiRegistration, ToolConfiguration
from lms_emulator.providers.canvas.paging import bookmarked, per_page
from lms_emulator.providers.canvas.routes.declare import Row, rest
from lms_emulator.providers.canvas.rules import (
    keys,
    overlays,
    registration_history,
    registrations,
    tool_forms,
    update_requests,
)
from lms_emulator.providers.canvas.rules import tool_configurations as configurations
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import registrations as shapes
from lms_emulator.providers.canvas.wire import reply

SINCE = "2024-08-17"
APPS_SINCE = "2026-08-01"
"""When the documentation named the second paths; they may be older."""
PERMISSION = "manage_developer_keys"
"""The right from before Canvas had `manage_lti_registrations` apart."""

STATES = ("on", "off", "allow")
ALSO = {"active": "on", "inactive": "off"}
"""What a registration may be said to be in their place."""
SAID = ("name", "admin_nickname", "vendor", "description")
ALWAYS = {"account_binding"}
WITH_CONFIGURATION = ALWAYS | {"configuration"}
WHOLE = WITH_CONFIGURATION | {"overlay"}
PAGE, HISTORY, MOST = 15, 10, 100


def school(api: Api, slot: str = "account_id") -> Account:
    """The school of the path, for those who manage its keys. Raises refusals; accounts below a school are not found."""
    account = identifiers.account(api, api.slot(slot))
    if account.parent_account_id is not None:
        raise refusals.not_found("the school", api.slot(slot))
    require_account(api, account, PERMISSION)
    return account


def refused(code: str, message: str, got: Any = None) -> SiteRefusal:
    """422: invalid input."""
    body = {"errors": [{"code": code, "message": message}]}
    return refusals.rest(code, 422, body, check=f"{message[0].lower()}{message[1:]}", got=got)


def _foreign(account: Account) -> SiteRefusal:
    body = {"errors": "registration does not belong to account"}
    return refusals.rest("registration_elsewhere", 400, body, check=f"the registration is account {account.id}'s")


def found_in(api: Api, account: Account, *, changes: bool = False) -> LtiRegistration:
    """The registration of the path, if it is the school's or the site admin account's. Parameters: `changes`, whether
    the caller must manage keys in its owning account."""
    registration = registrations.find(api, api.slot("id"))
    owner = registrations.owner(api, registration)
    if changes:
        require_account(api, owner, PERMISSION)
    if owner.id != account.id and not owner.site_admin:
        raise _foreign(account)
    return registration


def _state(api: Api, account: Account) -> str | None:
    said = api.params.text("workflow_state")
    state = ALSO.get(said or "", said)
    if state is not None and state not in STATES:
        raise refused("invalid_workflow_state", "workflow_state must be one of 'on', 'off', or 'allow'", state)
    if state == "allow" and not account.site_admin:
        raise refused("invalid_workflow_state", "only site admin registrations can have a state of 'allow'", state)
    return state


def _sent(api: Api) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The request's configuration, in Canvas's internal form, and overlay. Raises the refusal for faulty ones."""
    given = _object(api, "configuration")
    faults: list[str] = []
    if given and given.get("extensions"):
        faults += overlays.unlike(given, overlays.WRITTEN)
        given = None if faults else overlays.internal(given, [given.get("target_link_uri") or ""])
    if given:
        given = {**given, "custom_fields": overlays.fields_of(given.get("custom_fields"))}
        faults += overlays.unlike(given, overlays.CONFIGURATION)
    over = overlay_sent(api, faults)
    kept = {name: given[name] for name in overlays.CONFIGURED if given.get(name) is not None} if given else None
    return kept, over


def overlay_sent(api: Api, faults: Sequence[str] = ()) -> dict[str, Any] | None:
    """The overlay in the request, if any. Raises the refusal for a faulty one, including other faults."""
    over = _object(api, "overlay")
    found = [*faults, *(overlays.unlike(over, overlays.OVERLAY) if over else ())]
    if found:
        raise _faulty(found)
    return over or None


def _object(api: Api, name: str) -> dict[str, Any] | None:
    value = api.params.get(name)
    if value and not isinstance(value, dict):
        raise _faulty([f"{name} must be an object"])
    return value or None


def _faulty(faults: list[str]) -> SiteRefusal:
    return refusals.rest("configuration_invalid", 422, {"errors": faults}, check="the configuration holds", got=faults)


# reading

_SORTS: dict[str, Callable[[Api, Account, LtiRegistration], Any]] = {
    "name": lambda api, _, registration: registrations.name_of(api, registration).lower(),
    "nickname": lambda _api, _, registration: (registration.admin_nickname or "").lower(),
    "lti_version": lambda _api, _, _one: "1.3",
    "installed": lambda api, _, registration: registration.created_at or api.now,
    "updated": lambda api, _, registration: registration.updated_at or api.now,
    "installed_by": lambda api, _, registration: _named(api, registration.created_by_id),
    "updated_by": lambda api, _, registration: _named(api, registration.updated_by_id),
    "on": lambda api, account, row: getattr(registrations.binding_for(api, row, account), "workflow_state", ""),
    "status": lambda api, _, registration: update_requests.pending(api.store, registration) is not None,
}


def _named(api: Api, number: int | None) -> str:
    user = api.store.users.get(number or 0)
    return user.name.lower() if user is not None else ""


def index(api: Api) -> Json:
    """The registrations of a school, including those of the site admin account that are on there."""
    account = school(api)
    page, order = api.params.text("page"), api.params.text("dir")
    sort = api.params.text("sort") or "installed"
    if page is not None and api.params.integer("page") <= 0:
        raise refused("invalid_page", "page param should be an integer", page)
    if order not in ("asc", "desc", None):
        raise refused("invalid_dir", "dir param should be asc, desc, or empty", order)
    if sort not in _SORTS:
        raise refused("invalid_sort", f"{sort} is not a valid field for sorting", sort)
    terms = (api.params.text("query") or "").lower().split()
    found = [registration for registration in registrations.shown_in(api, account) if _fits(api, registration, terms)]
    found.sort(key=lambda registration: _SORTS[sort](api, account, registration))
    if order != "asc":
        found.reverse()
    size, first = per_page(api, PAGE), max(1, api.params.integer("page")) - 1
    includes = ALWAYS | (api.params.includes - {"overlay_versions"})
    shown = found[first * size : (first + 1) * size]
    return {
        "total": len(found),
        "data": [shapes.registration(api, registration, account, includes) for registration in shown],
    }


def _fits(api: Api, registration: LtiRegistration, terms: Sequence[str]) -> bool:
    searched = [
        (text or "").lower()
        for text in (registrations.name_of(api, registration), registration.admin_nickname, registration.vendor)
    ]
    return all(any(term in text for text in searched) for term in terms)


def show(api: Api) -> Json:
    """A registration."""
    account = school(api)
    registration = found_in(api, account)
    return shapes.registration(api, registration, account, WITH_CONFIGURATION | api.params.includes)


def overlay_history(api: Api) -> list[Json]:
    """The changes to a school's overlay, the latest first."""
    account = school(api)
    over = registrations.overlay_for(api, found_in(api, account), account)
    asked = api.params.text("limit") or ""
    limit = api.params.integer("limit") if asked else HISTORY
    if limit <= 0:
        raise refused("invalid_limit", "limit must be a positive integer", asked)
    if limit > MOST:
        raise refused("invalid_limit", f"limit cannot exceed {MOST}", asked)
    return [shapes.version(api, over, row) for row in reversed(over.versions[-limit:])] if over is not None else []


def history(api: Api) -> Any:
    """The changes to a registration, its key, its configuration, and its availability, the latest first."""
    account = school(api)
    registration = found_in(api, account)
    rows = [row for row in api.store.lti_history.find("registration", registration.id) if row.account_id == account.id]
    rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return bookmarked(api, rows, lambda row: shapes.history(api, row), lambda row: -row.id, default=HISTORY)


# changing


def create(api: Api) -> Any:
    """Create a registration, with its key and its tool, which is not available anywhere yet."""
    account = school(api)
    state = _state(api, account)
    given, over = _sent(api)
    if given is None:
        raise refusals.missing("configuration")
    if over:
        given = overlays.applied(over, given, additive=True)
    said = {name: api.params.text(name) for name in SAID}
    kept = {"unified_tool_id": api.params.text("unified_tool_id"), "lock_deploying": api.params.flag("lock_deploying")}
    row = _made(api, account, given, state or "off", **{**said, "name": said["name"] or given["title"]}, **kept)
    return created(api, shapes.registration(api, row, account, WHOLE))


def install(api: Api) -> Any:
    """Install the school's own copy of a site-wide template."""
    account = school(api)
    template = found_in(api, account)
    if not (template.template and registrations.owner(api, template).site_admin) or template.dynamic:
        raise refused("not_a_template", "registration is not a template of the site admin account", template.id)
    copies = (row for row in registrations.every(api) if row.template_registration_id == template.id)
    mine = next((copy for copy in copies if registrations.owner(api, copy).id == account.id), None)
    if mine is None:
        said = {name: getattr(template, name) for name in SAID} | {"name": registrations.name_of(api, template)}
        given = registrations.configuration(api, template, account)
        mine = _made(api, account, given, "on", **said, template_registration_id=template.id)
    return created(api, shapes.registration(api, mine, account, WHOLE))


def _made(api: Api, account: Account, given: dict[str, Any], state: str, **said: Any) -> LtiRegistration:
    """A registration with its key and, if Canvas deploys it, its tool. Parameters: `given`, its configuration."""
    name = said["name"]
    key = DeveloperKey(
        id=global_id(api.new_id("developer_keys")),
        name=name,
        api_key=api.call.ids.alnum(64),
        account_id=None if account.site_admin else account.id,
        is_lti_key=True,
        icon_url=(given.get("launch_settings") or {}).get("icon_url"),
        visible=not account.site_admin,
        scopes=given["scopes"],
        redirect_uris=given["redirect_uris"] or [given["target_link_uri"]],
        created_at=api.now,
    )
    key = api.store.developer_keys.put(replace(key, **{name: given.get(name) for name in configurations.OF_KEY}))
    registration = registrations.make(api, key, **said, created_by_id=api.user.id, updated_by_id=api.user.id)
    found = ToolConfiguration(
        **api.new_row("tool_configurations"),
        developer_key_id=key.id,
        settings=overlays.written(given),
        privacy_level=given.get("privacy_level"),
    )
    api.store.tool_configurations.put(found)
    registrations.bind(api, registration, account, state)
    if api.settings.registrations_are_deployed:
        tool = replace(tool_forms.of_key(api, key), id=api.new_id("tools"), account_id=account.id)
        registrations.control(api, api.store.tools.put(tool), ("Account", account.id), available=False)
    return registration


def update(api: Api) -> Json:
    """Change a registration, its tool's configuration, the school's overlay, and whether it is on."""
    account = school(api)
    registration = registrations.find(api, api.slot("id"))
    require_account(api, registrations.owner(api, registration), PERMISSION)
    state = _state(api, account)
    given, over = _sent(api)
    if given and registration.dynamic:
        raise refused(
            "tool_configuration_required",
            "Only manual configurations can be updated. Please create a new registration if you need to update the "
            "base tool configuration of a Dynamic Registration.",
        )
    registration = found_in(api, account)
    with registration_history.configuring(api, registration, account):
        _change(api, registration, account, given, over)
    if state:
        registrations.bind(api, registration, account, state)
    kept = registrations.find(api, str(registration.id))
    return shapes.registration(api, kept, account, WHOLE | {"overlay_versions"})


def _change(
    api: Api, registration: LtiRegistration, account: Account, given: dict[str, Any] | None, over: dict[str, Any] | None
) -> None:
    said: dict[str, Any] = {name: api.params.text(name) for name in SAID if api.params.has(name)}
    if api.params.has("lock_deploying"):
        said["lock_deploying"] = api.params.flag("lock_deploying")
    if said:
        registration = api.store.lti_registrations.put(
            replace(registration, **said, updated_by_id=api.user.id, updated_at=api.now)
        )
    if said.get("name"):
        api.store.developer_keys.put(replace(registrations.key_of(api, registration), name=said["name"]))
    if given:
        registrations.configure(api, registration, given)
    if over:
        registrations.set_overlay(api, registration, account, over)
    if given or over:
        registrations.follow(api, registration, account)


def reset(api: Api) -> Json:
    """Remove the school's overlay. Installed tools follow at the next change."""
    account = school(api)
    registration = found_in(api, account, changes=True)
    if registrations.overlay_for(api, registration, account) is not None:
        registrations.set_overlay(api, registration, account, {}, reset=True)
    return shapes.registration(api, registration, account, {"overlaid_configuration", "overlay", "overlay_versions"})


def destroy(api: Api) -> Json:
    """Delete a registration, with its key and its tools."""
    account = school(api)
    registration = found_in(api, account, changes=True)
    if registrations.owner(api, registration).id != account.id:
        raise _foreign(account)
    keys.delete(api.store, registrations.key_of(api, registration))
    return shapes.registration(api, registration, account, WHOLE)


def bind(api: Api) -> Json:
    """Switch a registration on or off in a school."""
    account = school(api)
    state = _state(api, account)
    registration = found_in(api, account)
    if state is None:
        raise refusals.missing("workflow_state")
    return shapes.binding(api, registration, registrations.bind(api, registration, account, state))


def unbind(api: Api) -> Json:
    """Remove a school's binding of a site-wide registration. Its own registrations are a 404."""
    account = school(api)
    registration = found_in(api, account)
    said = next((row for row in registrations.bindings(api, registration) if row.account_id == account.id), None)
    if said is None or registrations.owner(api, registration).id == account.id:
        raise refusals.not_found("the school's word on an inherited registration", registration.id)
    api.store.developer_key_account_bindings.delete(said.id)
    return {**shapes.binding(api, registration, said), "workflow_state": "deleted"}


def created(api: Api, body: Any) -> Response:
    """201 with a body."""
    return reply(api, body, status=201)


BASE = "/api/v1/accounts/{account_id}/lti_registrations"
PAGE_OF_CANVAS = "https://developerdocs.instructure.com/services/canvas/resources/lti_registrations"
SOURCE = f"{PAGE_OF_CANVAS}; canvas-lms app/controllers/lti/registrations_controller.rb (2025)"


def declared(*rows: Row) -> tuple[Route, ...]:
    """Operations on registrations. Canvas documents each a second time, below `apps`."""
    also = [(path.replace("lti_registration", "app", 1), handler, line) for path, handler, line in rows]
    return (
        *rest("lti registrations", SOURCE, *rows, evidence="documented", since=SINCE),
        *rest(
            "lti registrations",
            f"{PAGE_OF_CANVAS} (there by this day or before)",
            *also,
            evidence="documented",
            since=APPS_SINCE,
        ),
    )


ROUTES = declared(
    (f"GET {BASE}", index, "LTI registrations of a school"),
    (f"POST {BASE}", create, "Create an LTI registration"),
    (f"GET {BASE}/{{id}}", show, "A registration"),
    (f"PUT {BASE}/{{id}}", update, "Change a registration"),
    (f"DELETE {BASE}/{{id}}", destroy, "Delete a registration"),
    (f"POST {BASE}/{{id}}/install_from_template", install, "Install a copy of a template"),
    (f"POST {BASE}/{{id}}/bind", bind, "Switch a registration on or off"),
    (f"DELETE {BASE}/{{id}}/bind", unbind, "Remove the binding of a site-wide registration"),
    (f"PUT {BASE}/{{id}}/reset", reset, "Remove a school's overlay"),
    (f"GET {BASE}/{{id}}/history", history, "History of a registration"),
    (f"GET {BASE}/{{id}}/overlay_history", overlay_history, "History of a school's overlay"),
)
