"""REST: accounts and what their admins set."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.references import from_top
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import rails_name, zone
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_integer, as_text
from lms_emulator.providers.canvas.model import Account, Enrollment
from lms_emulator.providers.canvas.paging import bookmarked, paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import belonging, microsoft_sync, quotas, states, stickiness
from lms_emulator.providers.canvas.rules.permissions import (
    account_allows,
    account_from_path,
    in_force,
    is_account_admin,
    permissions,
    require_account,
    root_of,
)
from lms_emulator.providers.canvas.shapes import accounts as shapes

SOURCE = f"{RECORDED}/people-accounts.jsonl 0, 29, 65, 79; canvas-lms app/controllers/accounts_controller.rb"
BY_HAND = "Manually-Created Courses"
NOT_YOURS = {
    "manage_account_settings": (
        ("name", "default_time_zone", "settings"),
        "You are not allowed to manage account settings",
    ),
    "manage_storage_quotas": (tuple(quotas.DEFAULTS), "You are not allowed to manage quota settings"),
}
"""Fields that need a right, with the message for callers without it."""
SIS_REFUSED = "user not authorized to manage SIS data - account[sis_account_id]"
SETTINGS = (
    "restrict_student_past_view",
    "restrict_student_future_view",
    "restrict_student_future_listing",
    "restrict_quantitative_data",
    "lock_all_announcements",
    "sis_assignment_name_length_input",
    "conditional_release",
)
"""The settings of an account that its admins read."""
DEFAULT_HELP_LINKS = [
    {
        "available_to": ["user", "student", "teacher", "admin", "observer", "unenrolled"],
        "text": "Search the Canvas Guides",
        "subtext": "Find answers to common questions",
        "url": "https://community.canvaslms.com/t5/Canvas/ct-p/canvas",
        "type": "default",
        "id": "search_the_canvas_guides",
    }
]
"""The link that a site as it comes has; those to ask a teacher and to report a problem are off."""
POLICIES: dict[str, tuple[str, ...]] = {
    "read": (),
    "read_as_admin": (),
    "manage": (),
    "update": (),
    "delete": (),
    "read_outcomes": (),
    "read_terms": (),
    "read_files": (),
    "launch_external_tool": (),
    "read_global_outcomes": ("",),
    "manage_privacy_settings": ("",),
    "view_bounced_emails": ("view_notifications",),
    "view_account_calendar_details": (),
    "create_tool_manually": ("lti_add_edit",),
    "create_courses": ("manage_courses", "manage_courses_add"),
}
"""The rights in an account that no role lists, with the permissions that give them; without one it is every admin's."""
ASKED = ("manage_catalog",)
READERS = {"read", "read_files", "read_outcomes", "read_terms", "launch_external_tool"}
"""Those that who teaches in an account has too."""


def index(api: Api) -> Any:
    """The accounts that the caller administers."""
    mine = _administered(api)
    includes = api.params.includes if api.params.has("include") else set(api.params.texts("includes"))
    return paged(api, mine, lambda record: shapes.account(api, record, includes), path="/api/v1/accounts")


def _administered(api: Api) -> list[Account]:
    rows = api.store.account_users.find("user", api.user.id)
    found = {row.account_id: None for row in rows if row.workflow_state == "active"}
    return sorted(_living(api, list(found)), key=lambda record: record.id)


def _living(api: Api, ids: list[int]) -> list[Account]:
    found = (api.store.accounts.get(number) for number in ids)
    return [record for record in found if record is not None and record.workflow_state == "active"]


def _below(api: Api, record: Account) -> list[Account]:
    """An account with everything below it, depth first."""

    def children(account: Account) -> list[Account]:
        return [a for a in api.store.accounts.find("parent", account.id) if a.workflow_state == "active"]

    return [account for account, _ in from_top(record, children)]


def manageable(api: Api) -> Any:
    """The accounts that the caller administers, with all below them."""
    mine = _administered(api) if api.caller is not None else []
    mine = [a for a in mine if account_allows(api, api.caller, a, "manage_courses_admin")]
    rows = list({a.id: a for record in mine for a in _below(api, record)}.values())
    rows.sort(key=lambda record: record.id)
    return paged(api, rows, lambda record: shapes.account(api, record), path="/api/v1/manageable_accounts")


def of_courses(api: Api) -> Any:
    """The accounts of the courses that the caller teaches."""
    rows = _taught(api) if api.caller is not None else []
    courses = [course for e in rows if (course := api.store.courses.get(e.course_id)) is not None]
    found = _living(api, sorted({c.account_id for c in courses if c.workflow_state != "deleted"}))
    path = "/api/v1/course_accounts"
    return bookmarked(api, found, lambda record: shapes.brief(api, record), lambda record: record.id, path=path)


def by_hand(api: Api) -> Any:
    """The account for manually created courses, created on first use."""
    _ = api.user
    children = [a for a in api.store.accounts.find("parent", api.root.id) if a.workflow_state == "active"]
    known = next((a for a in children if a.name == BY_HAND), None)
    if known is None:
        uuid = api.new_uuid()
        made = Account(
            id=api.new_id("accounts"),
            name=BY_HAND,
            parent_account_id=api.root.id,
            uuid=uuid,
            guid=uuid,
            created_at=api.now,
        )
        known = api.store.accounts.put(made)
    return (shapes.account if is_account_admin(api, api.user, known) else shapes.brief)(api, known)


def show(api: Api) -> Any:
    """An account, in full for its admins and abridged for those who teach in it."""
    record = identifiers.account(api, api.slot("id"))
    belonging.require_account_reader(api, record)
    if is_account_admin(api, api.user, record):
        return shapes.account(api, record, set(api.params.texts("includes")))
    return shapes.brief(api, record)


def _taught(api: Api) -> list[Enrollment]:
    rows = api.store.enrollments.find("user", api.user.id)
    return [e for e in rows if e.type in states.STAFF and e.workflow_state not in ("deleted", "rejected")]


def sub_accounts(api: Api) -> Any:
    """The accounts below one."""
    record = identifiers.account(api, api.slot("account_id"))
    belonging.require_account_reader(api, record)
    whole = api.params.flag("recursive")
    rows = _below(api, record)[1:]
    if not whole:
        rows = [a for a in rows if a.parent_account_id == record.id]
    by_name = not whole and api.later.text("order") == "name"
    rows.sort(key=lambda account: ((account.name or "").lower() if by_name else "", account.id))
    includes = api.params.includes & {"course_count", "sub_account_count"}
    path = f"/api/v1/accounts/{record.id}/sub_accounts"
    return paged(api, rows, lambda account: shapes.account(api, account, includes), path=path, counted=not whole)


def create(api: Api) -> Any:
    """Make an account below another."""
    above = account_from_path(api, "manage_account_settings")
    sent = api.params.hash("account")
    if not isinstance(api.params.peek("account"), dict):
        raise refusals.crashed("`account` is missing")
    parent = belonging.child(api, above, sent.text("parent_account_id") or api.slot("account_id"))
    require_account(api, parent, "manage_account_settings")
    if (sis_id := sent.text("sis_account_id")) is not None:
        if not account_allows(api, api.caller, above, "manage_sis"):
            raise refusals.message(401, "sis_refused", SIS_REFUSED, check="manage_sis", needs=("manage_sis",))
        _sis_id_is_free(api, sis_id, None)
    if len(name := sent.text("name") or "") > 255:
        raise refusals.invalid({"name": ["too_long"]})
    limits: dict[str, Any] = {
        kind: _quota_to_store(api, parent, kind, _whole(sent, kind)) for kind in quotas.DEFAULTS if sent.has(kind)
    }
    made = Account(
        id=api.new_id("accounts"),
        name=name if sent.has("name") else None,
        parent_account_id=parent.id,
        uuid=(uuid := api.new_uuid()),
        guid=uuid,
        sis_account_id=sis_id,
        created_at=api.now,
        **limits,
    )
    return shapes.account(api, api.store.accounts.put(made))


def _quota_to_store(api: Api, parent: Account | None, name: str, value: int | None) -> int | None:
    """A quota as an account keeps it: none where it is 0, or what the account would have anyway."""
    usual = [quotas.DEFAULTS[name]] if name != "default_storage_quota_mb" else []
    if parent is not None and name in quotas.INHERITED:
        usual.append(quotas.default(api, parent, name))
    return value if value is not None and value > 0 and value not in usual else None


def _whole(sent: Params, name: str) -> int | None:
    text = sent.text(name)
    return sent.noted(as_integer(text) if text and re.fullmatch(r"-?\d+", text) else None, name)


def _sis_id_is_free(api: Api, sis_id: str | None, own: int | None) -> None:
    taken = api.store.accounts.first("sis_account_id", sis_id) if sis_id else None
    if taken is not None and taken.id != own:
        raise refusals.invalid({"sis_source_id": [f'SIS ID "{sis_id}" is already in use']})


def destroy(api: Api) -> Any:
    """Delete an account that holds nothing."""
    parent = account_from_path(api, "manage_account_settings")
    record = belonging.child(api, parent, api.slot("id"))
    if any(c.workflow_state != "deleted" for a in _below(api, record) for c in api.store.courses.find("account", a.id)):
        raise _not_empty("courses")
    if len(_below(api, record)) > 1:
        raise _not_empty("sub-accounts")
    if record.parent_account_id is None:
        raise refusals.message(401, "account_is_root", "You can't delete a root_account.")
    return shapes.account(api, api.store.accounts.put(replace(record, workflow_state="deleted")))


def _not_empty(what: str) -> Exception:
    return refusals.message(409, "account_not_empty", f"You can't delete a sub-account that has {what} in it.")


def update(api: Api) -> Any:
    """Change an account."""
    record = account_from_path(api, "manage_account_settings", "manage_storage_quotas", slot="id")
    if not isinstance(api.params.peek("account"), dict):
        raise refusals.crashed("`account` is missing")
    services = api.params.hash("account", "services")
    if services.data:
        require_account(api, record, "manage_account_settings")
    _refuse_template(api, api.params.text("account", "course_template_id"))
    faults: dict[str, list[Any]] = {}
    fields = _changes(api, record, faults)
    foreign = _foreign(api, record)
    if faults or foreign:
        raise refusals.invalid(faults | foreign, 401 if foreign or "unauthorized" in faults else 400)
    if len(fields.get("name") or "") > 255:
        raise refusals.invalid({"name": ["too_long"]})
    _sis_id_is_free(api, fields.get("sis_account_id"), record.id)
    if services.data:
        on = {name for name in services.data if services.flag(name)}
        fields["services"] = sorted((set(record.services) | on) - (set(services.data) - on))
    changed = api.store.accounts.put(
        stickiness.by_hand(record, replace(record, **stickiness.without_sticky(api, record, fields)))
    )
    includes = set(api.params.texts("includes")) | ({"services"} if services.data else set())
    return shapes.account(api, changed, includes)


def _refuse_template(api: Api, named: str | None) -> None:
    """Refuse a course as the template of an account's courses: the feature behind that right is off."""
    course = identifiers.find(api, "courses", named) if named and named != "0" else None
    if named and named != "0" and (course is None or not course.template):
        raise refusals.not_found("the template", named)
    if named:
        raise refusals.rest("template_refused", 401, {"errors": {}}, check="add_course_template")


def _changes(api: Api, record: Account, faults: dict[str, list[Any]]) -> dict[str, Any]:
    sent = api.params.hash("account")
    fields: dict[str, Any] = {}
    if sent.has("name"):
        fields["name"] = sent.text("name")
        if not (fields["name"] or "").strip():
            faults["name"] = ["The account name cannot be blank"]
    if sent.has("default_time_zone"):
        name = sent.text("default_time_zone") or ""
        fields["default_time_zone"] = rails_name(name)
        if zone(name) is None:
            faults["default_time_zone"] = [f"'{name}' is not a recognized time zone"]
    for quota in quotas.DEFAULTS:
        if sent.has(quota):
            parent = api.store.accounts.get(record.parent_account_id or 0)
            fields[quota] = _quota_to_store(api, parent, quota, _quota(sent.text(quota), quota, faults))
    if sent.has("sis_account_id"):
        fields["sis_account_id"] = _new_sis_id(api, record, faults)
    given = sent.hash("settings")
    known = {name: _setting(name, given.get(name)) for name in SETTINGS if given.has(name)}
    known |= microsoft_sync.sent(api, record, faults)
    if known:
        fields["settings"] = {**record.settings, **known}
    return fields


def _foreign(api: Api, record: Account) -> dict[str, list[Any]]:
    """The fields that were sent without the right to set them."""
    sent, found = api.params.hash("account"), dict[str, list[Any]]()
    for right, (names, text) in NOT_YOURS.items():
        if not account_allows(api, api.caller, record, right):
            found |= {name: [text] for name in names if sent.has(name)}
    return found


def _quota(text: str | None, name: str, faults: dict[str, list[Any]]) -> int | None:
    value = as_integer(text) if re.fullmatch(r"[+-]?\d+", (text or "").strip()) else None
    if value is None:
        faults[name] = ["An integer value is required"]
    elif value < 0:
        faults[name] = ["Value must be positive"]
    elif value >= 2**42:
        faults[name] = ["Value too large"]
    return value


def _new_sis_id(api: Api, record: Account, faults: dict[str, list[Any]]) -> str | None:
    sis_id = api.params.text("account", "sis_account_id") or None
    if record.parent_account_id is None:
        faults["unauthorized"] = ["Cannot set sis_account_id on a root_account."]
    elif not account_allows(api, api.caller, api.root, "manage_sis"):
        faults["unauthorized"] = ["To change sis_account_id the user must have manage_sis permission."]
    return sis_id


def _setting(name: str, value: Any) -> dict[str, Any] | None:
    """A setting as Canvas keeps it: a hash of `value` and `locked`; None for anything else."""
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = {key: as_flag(value[key]) for key in ("value", "locked") if key in value}
    if name == "sis_assignment_name_length_input" and "value" in value:
        text = as_text(value["value"]) or ""
        found["value"] = text if text.isdecimal() and text == str(int(text)) and int(text) <= 255 else "255"
    return found or None


def allowed(api: Api) -> Any:
    """Which permissions the caller has in an account."""
    record = identifiers.account(api, api.slot("account_id"))
    belonging.require_account_reader(api, record)
    asked = api.params.texts("permissions") or [*permissions(), *POLICIES]
    available = in_force(api, record)
    return {name: _allowed(api, record, name, available) for name in asked}


def _allowed(api: Api, record: Account, name: str, available: frozenset[str]) -> bool:
    needed = POLICIES.get(name, (name,))
    if not needed:
        of_school = name == "read_terms" and record.parent_account_id is not None
        return (name in READERS and not of_school) or is_account_admin(api, api.caller, record)
    return any(account_allows(api, api.caller, record, value) for value in needed if value in available)


def checked(api: Api) -> Any:
    """Whether the caller has one permission in an account."""
    record = identifiers.account(api, api.slot("account_id"))
    name = api.slot("permission")
    if name not in ASKED:
        raise refusals.message(400, "permission_unknown", "Permission not found", got=name)
    granted = name in in_force(api, record) and account_allows(api, api.caller, record, name)
    return {"permission": name, "granted": granted}


def terms_of_service(api: Api) -> Any:
    """The school's terms of service, for everybody."""
    record = root_of(api.store, identifiers.account(api, api.slot("account_id")).id)
    return {
        "id": record.id,
        "terms_type": "default",
        "passive": True,
        "account_id": record.id,
        "content": None,
        "self_registration_type": record.settings.get("self_registration_type", "none"),
    }


def custom_terms(_api: Api) -> Response:
    """The school's own terms of service, for everybody: none were written."""
    return Response("", media_type="text/plain")


def help_links(api: Api) -> Any:
    """The help menu: Canvas's built-in links, and those of the account, for every user."""
    _ = api.user
    record = identifiers.account(api, api.slot("account_id"))
    if record.id != api.root.id:
        raise refusals.crashed("Canvas answers twice where the account is not the school", record.id)
    own = record.settings.get("custom_help_links")
    if own is not None and not record.settings.get("new_custom_help_links"):
        own = [{**link, "type": "custom"} for link in own] + DEFAULT_HELP_LINKS
    return {
        "help_link_name": record.settings.get("help_link_name") or "Help",
        "help_link_icon": record.settings.get("help_link_icon") or "help",
        "custom_help_links": DEFAULT_HELP_LINKS if own is None else own,
        "default_help_links": DEFAULT_HELP_LINKS,
    }


def settings(api: Api) -> Any:
    """The settings of an account."""
    record = account_from_path(api, "manage_account_settings")
    return {name: record.settings[name] for name in microsoft_sync.NAMES if record.settings.get(name) is not None}


ACCOUNT = "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = rest(
    "accounts",
    SOURCE,
    ("GET /api/v1/accounts", index, "The accounts that the caller administers"),
    ("GET /api/v1/manageable_accounts", manageable, "The same, with all sub-accounts"),
    ("GET /api/v1/course_accounts", of_courses, "The accounts of the caller's courses"),
    ("GET /api/v1/manually_created_courses_account", by_hand, "The account for manually created courses"),
    ("GET /api/v1/accounts/{id}", show, "An account"),
    ("PUT /api/v1/accounts/{id}", update, "Change an account"),
    (f"GET {ACCOUNT}/sub_accounts", sub_accounts, "Sub-accounts"),
    (f"POST {ACCOUNT}/sub_accounts", create, "Create a sub-account"),
    (f"DELETE {ACCOUNT}/sub_accounts/{{id}}", destroy, "Delete an account"),
    (f"GET {ACCOUNT}/permissions", allowed, "The caller's permissions in an account"),
    (f"GET {ACCOUNT}/permissions/{{permission}}", checked, "Whether the caller has one permission"),
    (f"GET {ACCOUNT}/terms_of_service", terms_of_service, "Terms of service"),
    ("GET /api/v1/terms_of_service_custom_content", custom_terms, "A school's own terms of service"),
    (f"GET {ACCOUNT}/settings", settings, "Settings of an account"),
) + rest(
    "accounts",
    f"{RECORDED}/people-accounts.jsonl 49; canvas-lms app/models/account/help_links.rb",
    (f"GET {ACCOUNT}/help_links", help_links, "Links in the help menu"),
)
