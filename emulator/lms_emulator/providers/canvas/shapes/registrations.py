"""JSON of LTI registrations, their bindings, overlays and context controls."""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.model import (
    Account,
    DeveloperKeyAccountBinding,
    LtiContextControl,
    LtiHistoryEntry,
    LtiOverlay,
    LtiOverlayVersion,
    LtiRegistration,
    LtiUpdateRequest,
    Tool,
)
from lms_emulator.providers.canvas.rules import overlays, registrations, tools, update_requests
from lms_emulator.providers.canvas.rules.permissions import is_account_admin, root_of
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.people import brief

VENDOR = "Instructure"
LATEST = 5
"""How many changes of an overlay are shown with it."""


def _person(api: Api, number: int | None, *, hide: bool = True) -> Json | str | None:
    """A user; one of the site admin account remains unnamed."""
    user = api.store.users.get(number or 0)
    if user is None:
        return None
    admins = (account for account in api.store.accounts if account.site_admin)
    return VENDOR if hide and any(is_account_admin(api, user, account) for account in admins) else brief(api, user)


def _with_people(api: Api, body: Json, people: dict[str, int | None], *, hide: bool = True) -> Json:
    """With those of the people who are known."""
    found = {name: _person(api, number, hide=hide) for name, number in people.items()}
    return body | {name: person for name, person in found.items() if person is not None}


def registration(api: Api, record: LtiRegistration, account: Account, includes: Collection[str]) -> Json:
    """A registration as an account sees it."""
    key, owner = registrations.key_of(api, record), registrations.owner(api, record)
    found, over = registrations.configuration_of(api, record), registrations.overlay_for(api, record, account)
    base, overlaid = registrations.configuration(api, record), registrations.configuration(api, record, account)
    seen = overlaid if "overlay" in includes else base
    body: Json = {
        "id": record.id,
        "account_id": owner.id,
        "root_account_id": owner.id,
        "internal_service": False,
        "vendor": record.vendor,
        "name": registrations.name_of(api, record),
        "admin_nickname": record.admin_nickname,
        "workflow_state": "deleted" if key.workflow_state == "deleted" else "active",
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "description": record.description,
        "lock_deploying": record.lock_deploying,
        "inherited": owner.id != account.id,
        "lti_version": "1.3",
        "icon_url": (seen.get("launch_settings") or {}).get("icon_url"),
    }
    if record.dynamic:
        body["dynamic_registration"] = True
    asked = update_requests.pending(api.store, record)
    number = found.id if found is not None else None
    body |= {
        "developer_key_id": key.id,
        "ims_registration_id": number if record.dynamic else None,
        "manual_configuration_id": None if record.dynamic else number,
        "pending_update": update_request(api, asked) if asked is not None else None,
    }
    people = {"created_by": record.created_by_id, "updated_by": record.updated_by_id}
    body = body | dict.fromkeys(people, VENDOR) if owner.site_admin else _with_people(api, body, people)
    if "configuration" in includes:
        body["configuration"] = base
    if "overlaid_configuration" in includes:
        body["overlaid_configuration"] = overlaid
    if "overlaid_legacy_configuration" in includes:
        body["overlaid_legacy_configuration"] = overlays.written(overlaid)
    said = registrations.binding_for(api, record, account)
    if "account_binding" in includes and said is not None:
        body["account_binding"] = binding(api, record, said)
    if "overlay" in includes and over is not None:
        body["overlay"] = overlay(api, over)
        if "overlay_versions" in includes:
            body["overlay"]["versions"] = [version(api, over, row) for row in reversed(over.versions[-LATEST:])]
    return body


def update_request(api: Api, asked: LtiUpdateRequest) -> Json:
    """A tool's update request."""
    body = {
        "id": asked.id,
        "root_account_id": root_of(api.store, asked.account_id).id,
        "lti_registration_id": asked.registration_id,
        "uuid": asked.uuid,
        "tool_initiated": asked.tool_initiated,
        "comment": asked.comment,
        "created_at": when(asked.created_at),
        "updated_at": when(asked.updated_at),
        "accepted_at": when(asked.accepted_at),
        "rejected_at": when(asked.rejected_at),
        "status": update_requests.status(asked),
    }
    return _with_people(api, body, {"created_by": asked.created_by_id, "updated_by": asked.updated_by_id})


def binding(api: Api, record: LtiRegistration, said: DeveloperKeyAccountBinding) -> Json:
    """An account's binding of a registration."""
    body = {
        "id": said.id,
        "account_id": said.account_id,
        "root_account_id": root_of(api.store, said.account_id).id,
        "registration_id": record.id,
        "workflow_state": said.workflow_state,
        "created_at": when(said.created_at or record.created_at),
        "updated_at": when(said.updated_at or record.created_at),
    }
    return _with_people(api, body, {"created_by": said.created_by_id, "updated_by": said.updated_by_id})


def overlay(api: Api, over: LtiOverlay) -> Json:
    """An account's overlay."""
    body = {
        "id": over.id,
        "account_id": over.account_id,
        "root_account_id": root_of(api.store, over.account_id).id,
        "registration_id": over.registration_id,
        "workflow_state": "active",
        "created_at": when(over.created_at),
        "updated_at": when(over.updated_at),
        "data": over.data,
    }
    return _with_people(api, body, {"updated_by": over.updated_by_id}, hide=False)


def version(api: Api, over: LtiOverlay, record: LtiOverlayVersion) -> Json:
    """One change of an overlay."""
    body = {
        "id": record.id,
        "account_id": over.account_id,
        "root_account_id": root_of(api.store, over.account_id).id,
        "lti_overlay_id": over.id,
        "workflow_state": "active",
        "created_at": when(record.created_at),
        "updated_at": when(record.created_at),
        "diff": record.diff,
        "caused_by_reset": record.caused_by_reset,
    }
    return _with_people(api, body, {"created_by": record.created_by_id}, hide=False)


def history(api: Api, row: LtiHistoryEntry) -> Json:
    """One change of a registration."""
    body = {
        "id": row.id,
        "root_account_id": root_of(api.store, row.account_id).id,
        "lti_registration_id": row.registration_id,
        "created_at": when(row.created_at),
        "updated_at": when(row.created_at),
        "diff": row.diff,
        "update_type": row.update_type,
        "comment": row.comment,
    }
    return _with_people(api, body, {"created_by": row.created_by_id})


def deployment(api: Api, record: LtiRegistration, tool: Tool, rows: list[LtiContextControl]) -> Json:
    """A deployment, with its context controls."""
    kind, number = tools.place_of(api.store, tool)
    return {
        "id": tool.id,
        "context_id": number,
        "context_type": kind,
        "registration_id": record.id,
        "deployment_id": places.deployment_id(api.call, tool),
        "context_name": tools.home(api.store, tool).name,
        "workflow_state": "active" if tool.workflow_state == "active" else "deleted",
        "context_controls": [control(api, record, row) for row in rows],
    }


def control(api: Api, registration: LtiRegistration, row: LtiContextControl, *, people: bool = False) -> Json:
    """A context control.

    Parameters: `people`, whether to include its authors.
    """
    path = registrations.path_of(api, row.place)
    kind, number = row.place
    record = (api.store.courses if kind == "Course" else api.store.accounts).get(number)
    tool = api.store.tools.get(row.deployment_id)
    others = [other for other in tools.controls(api.store, tool) if other.id != row.id] if tool is not None else []
    body: Json = {
        "id": row.id,
        "account_id": row.account_id,
        "course_id": row.course_id,
        "registration_id": registration.id,
        "deployment_id": row.deployment_id,
        "workflow_state": row.workflow_state,
        "created_at": when(row.created_at),
        "updated_at": when(row.updated_at),
        "available": row.available,
        "path": "".join(f"{place[0].lower()}{id_}." for place, id_ in path),
        "context_name": record.name if record is not None else None,
        "display_path": display_path(api, row.place),
        "depth": sum(other.place in path for other in others),
        **_counts(api, row, [other for other in others if row.place in registrations.path_of(api, other.place)]),
    }
    authors = {"created_by": row.created_by_id, "updated_by": row.updated_by_id}
    return body | {name: _person(api, id_, hide=False) if people else None for name, id_ in authors.items()}


def display_path(api: Api, place: tuple[str, int]) -> list[str | None]:
    """The names of the accounts between the school and a place."""
    between = (pair for pair in registrations.path_of(api, place)[1:] if pair[0] == "Account" and pair != place)
    found = (api.store.accounts.get(number) for _, number in between)
    return [account.name for account in found if account is not None]


def _counts(api: Api, row: LtiContextControl, below: list[LtiContextControl]) -> Json:
    """The counts of what is below an account; zero for a course."""
    if row.account_id is None:
        return dict.fromkeys(("subaccount_count", "course_count", "child_control_count"), 0)
    accounts = set(registrations.accounts_below(api, row.account_id))
    courses = [course for course in api.store.courses if course.workflow_state != "deleted"]
    return {
        "subaccount_count": len(accounts),
        "course_count": sum(course.account_id == row.account_id or course.account_id in accounts for course in courses),
        "child_control_count": len(below),
    }
