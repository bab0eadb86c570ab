"""LTI registrations by identifiers other than their id, and contexts for their controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, LtiRegistration
from lms_emulator.providers.canvas.routes.lti_registrations import (
    BASE,
    WITH_CONFIGURATION,
    declared,
    refused,
    school,
)
from lms_emulator.providers.canvas.rules import keys, registrations, tools
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import registrations as shapes

FOUND = 20


def of_client(api: Api) -> Json:
    """The registration of a key."""
    account = school(api)
    return shapes.registration(api, _of_client(api, account), account, WITH_CONFIGURATION)


def of_unified_tool(api: Api) -> Json:
    """The registration of a tool by its unified tool id, if it is the school's or site-wide."""
    account = school(api)
    known = api.slot("utid")
    for registration in registrations.every(api):
        owner = registrations.owner(api, registration)
        bound = any(said.account_id == account.id for said in registrations.bindings(api, registration))
        if registration.unified_tool_id == known and (owner.id == account.id or owner.site_admin or bound):
            return shapes.registration(api, registration, account, WITH_CONFIGURATION)
    raise refusals.not_found("the registration of the unified tool", known)


def install_status(api: Api) -> Json:
    """The school's registration for a key; a site-wide one has no copy here."""
    account = school(api)
    registration = _of_client(api, account)
    if registrations.owner(api, registration).id != account.id:
        raise refusals.not_found("the school's own copy of the registration", api.slot("client_id"))
    return shapes.registration(api, registration, account, WITH_CONFIGURATION)


def _of_client(api: Api, account: Account) -> LtiRegistration:
    key = keys.find(api.store, api.slot("client_id"))
    registration = next(
        (row for row in registrations.every(api) if key is not None and row.developer_key_id == key.id), None
    )
    owner = registrations.owner(api, registration) if registration is not None else None
    if registration is None or owner is None or (owner.id != account.id and not owner.site_admin):
        raise refusals.not_found("the registration of the key", api.slot("client_id"))
    return registration


def search(api: Api) -> Json:
    """Accounts and courses for which a deployment can have a context control."""
    account = school(api)
    registration = registrations.find(api, api.slot("registration_id"))
    tool = identifiers.row(
        api.store.tools,
        api.slot("deployment_id"),
        "the deployment",
        developer_key_id=registration.developer_key_id,
        workflow_state="active",
        deleted=True,
    )
    kind, top = tools.place_of(api.store, tool)
    if kind != "Account":
        return {"accounts": [], "courses": []}
    below = registrations.accounts_below(api, top)
    asked = api.params.text("only_children_of")
    parent = identifiers.local_number(asked) if asked else None
    if asked and parent not in (top, *below):
        raise refused(
            "invalid_account_id", "only_children_of account ID must be or belong to deployment's account", asked
        )
    term = (api.params.text("search_term") or "").strip().lower()
    accounts = [
        account for account in api.store.accounts if account.id in below and parent in (None, account.parent_account_id)
    ]
    wanted = {parent} if parent is not None else {top, *below}
    courses = [row for row in api.store.courses if row.account_id in wanted and row.workflow_state != "deleted"]
    sis = any(account_allows(api, api.caller, account, right) for right in ("read_sis", "manage_sis"))
    return {
        "accounts": [
            _place(api, ("Account", item.id), item.name, item.sis_account_id if sis else None)
            for item in _matching(accounts, term, ("name", "sis_account_id"))
        ],
        "courses": [
            {
                **_place(api, ("Course", item.id), item.name, item.sis_course_id if sis else None),
                "course_code": item.course_code,
            }
            for item in _matching(courses, term, ("name", "sis_course_id", "course_code"))
        ],
    }


def _matching(rows: list[Any], term: str, names: Sequence[str]) -> list[Any]:
    """The first matches of the term by id or name, sorted by name."""
    found = [
        row for row in rows if str(row.id) == term or any(term in (getattr(row, name) or "").lower() for name in names)
    ]
    return sorted(found, key=lambda record: record.name or "")[:FOUND]


def _place(api: Api, place: tuple[str, int], name: str | None, sis: str | None) -> Json:
    return {"id": str(place[1]), "name": name, "sis_id": sis, "display_path": shapes.display_path(api, place)}


ROUTES = declared(
    (
        "GET /api/v1/accounts/{account_id}/lti_registration_by_client_id/{client_id}",
        of_client,
        "The registration of a client id",
    ),
    (f"GET {BASE}/by_utid/{{utid}}", of_unified_tool, "The registration of a unified tool id"),
    (f"GET {BASE}/install_status/{{client_id}}", install_status, "The install status of a client id"),
    (
        f"GET {BASE}/{{registration_id}}/deployments/{{deployment_id}}/context_search",
        search,
        "Contexts for a control",
    ),
)
