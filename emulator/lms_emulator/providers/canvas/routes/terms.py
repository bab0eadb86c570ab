"""REST: the terms of a school."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, EnrollmentTerm
from lms_emulator.providers.canvas.model.shorthand import DEFAULT_TERM
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import stickiness, terms
from lms_emulator.providers.canvas.rules.permissions import account_allows, is_account_admin, school_from_path
from lms_emulator.providers.canvas.shapes import accounts as shapes

SOURCE = f"{RECORDED}/people-accounts.jsonl 188, 199, 202, 216; canvas-lms app/controllers/terms_controller.rb"
KINDS = ("StudentEnrollment", "TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")
INSTRUCTORS = ("TeacherEnrollment", "TaEnrollment")
WHOLE = ("overrides",)


def _school(api: Api) -> Account:
    record = identifiers.account(api, api.slot("account_id"))
    if record.parent_account_id is not None:
        raise refusals.message(400, "account_no_root", "Terms only belong to root_accounts.")
    return record


def _may_read(api: Api, record: Account) -> None:
    rows = api.store.enrollments.find("user", api.user.id)
    staff = any(e.type in INSTRUCTORS and e.workflow_state != "deleted" for e in rows)
    staff = staff or any(a.workflow_state == "active" for a in api.store.account_users.find("user", api.user.id))
    if not api.check("teaches or administers", staff or is_account_admin(api, api.user, record)):
        raise api.refused("read the terms")


def _latest_first(moment: datetime | None) -> tuple[bool, float]:
    """A sort key for the latest time first, after missing ones."""
    return moment is not None, -moment.timestamp() if moment is not None else 0.0


def index(api: Api) -> Any:
    """The terms of a school, those without a start first."""
    record = _school(api)
    _may_read(api, record)
    asked = set(api.params.texts("workflow_state")) & {"active", "deleted", "all"} or {"active"}
    rows = [t for t in api.store.enrollment_terms.find("root", record.id) if {t.workflow_state, "all"} & asked]
    if named := (api.later.text("term_name") or "").lower():
        rows = [t for t in rows if named in (t.name or "").lower()]
    rows.sort(key=lambda term: (*_latest_first(term.start_at), *_latest_first(term.end_at), term.id))
    includes, path = api.params.includes, f"/api/v1/accounts/{record.id}/terms"

    def shape(term: EnrollmentTerm) -> Any:
        return shapes.term(api, term, includes)

    return paged(api, rows, shape, path=path, wrap=lambda shown: {"enrollment_terms": shown})


def _term(api: Api, record: Account) -> EnrollmentTerm:
    found = identifiers.term(api, api.slot("id"))
    if found.root_account_id != record.id:
        raise refusals.not_found("the term", found.id)
    return found


def show(api: Api) -> Any:
    """One term."""
    record = _school(api)
    _may_read(api, record)
    return shapes.term(api, _term(api, record), ("overrides", "course_count"))


def _fields(api: Api, own: EnrollmentTerm | None) -> dict[str, Any]:
    sent = api.params.require("enrollment_term")
    found: dict[str, Any] = {}
    if sent.has("overrides"):
        found["overrides"] = _overrides(api, own)
    if sent.get("sis_term_id") is not None and account_allows(api, api.caller, api.root, "manage_sis"):
        found["sis_term_id"] = _sis_id(api)
    if sent.has("name"):
        found["name"] = sent.text("name") or ""
    for name in ("start_at", "end_at"):
        if sent.has(name):
            found[name] = api.moment("enrollment_term", name)
    pairs = [(found.get("start_at"), found.get("end_at")), *(found["overrides"][kind] for kind in _kinds(api))]
    if any(start is not None and end is not None and end < start for start, end in pairs):
        raise refusals.invalid({"base": ["End dates cannot be before start dates"]})
    sis_id = found.get("sis_term_id")
    taken = next((term for term in api.store.enrollment_terms if sis_id and term.sis_term_id == sis_id), None)
    if taken is not None and (own is None or taken.id != own.id):
        raise refusals.invalid({"sis_source_id": [f'SIS ID "{sis_id}" is already in use']})
    if own is not None and own.name == DEFAULT_TERM and found.get("name", DEFAULT_TERM) != DEFAULT_TERM:
        raise refusals.invalid({"name": ["Cannot change the default term name"]})
    if len(found.get("name", "")) > 255:
        raise refusals.crashed("the name is too long for its column")
    return found


def _kinds(api: Api) -> dict[str, str]:
    """The enrollment types whose dates are overridden, `student_enrollment` too, with the names they were sent by."""
    sent = api.params.hash("enrollment_term", "overrides").data
    return {"".join(part[:1].upper() + part[1:] for part in name.split("_")): name for name in sent}


def _overrides(api: Api, own: EnrollmentTerm | None) -> dict[str, Any]:
    found = dict(own.overrides) if own is not None else {}
    kinds = _kinds(api)
    if not kinds.keys() <= set(KINDS):
        raise refusals.message(400, "override_refused", "Invalid enrollment type in overrides")
    for kind, name in kinds.items():
        place = ("enrollment_term", "overrides", name)
        found[kind] = [api.moment(*place, "start_at"), api.moment(*place, "end_at")]
    return found


def _sis_id(api: Api) -> str | None:
    if isinstance(api.params.get("enrollment_term", "sis_term_id"), dict | list):
        raise refusals.message(400, "sis_id_invalid", "Invalid SIS ID")
    return api.params.text("enrollment_term", "sis_term_id") or None


def create(api: Api) -> Any:
    """Make a term."""
    record = school_from_path(api, "manage_account_settings")
    fields = {"name": None, **_fields(api, None)}
    made = EnrollmentTerm(id=api.new_id("enrollment_terms"), root_account_id=record.id, created_at=api.now, **fields)
    return shapes.term(api, api.store.enrollment_terms.put(made), WHOLE)


def update(api: Api) -> Any:
    """Change a term."""
    record = school_from_path(api, "manage_account_settings")
    own = _term(api, record)
    if own.workflow_state == "deleted":
        raise refusals.not_found("the term", own.id)
    fields = stickiness.without_sticky(api, own, _fields(api, own))
    return shapes.term(api, api.store.enrollment_terms.put(stickiness.by_hand(own, replace(own, **fields))), WHOLE)


def destroy(api: Api) -> Any:
    """Delete a term that no course is in."""
    record = school_from_path(api, "manage_account_settings")
    own = _term(api, record)
    if own.workflow_state == "deleted":
        return shapes.term(api, own)
    if why := terms.kept(api, own):
        raise refusals.invalid({"workflow_state": [why]})
    return shapes.term(api, api.store.enrollment_terms.put(replace(own, workflow_state="deleted")))


TERMS = "/api/v1/accounts/{account_id}/terms"
ROUTES: tuple[Route, ...] = rest(
    "terms",
    SOURCE,
    (f"GET {TERMS}", index, "Terms"),
    (f"GET {TERMS}/{{id}}", show, "A term"),
    (f"POST {TERMS}", create, "Create a term"),
    (f"PUT {TERMS}/{{id}}", update, "Change a term"),
    (f"DELETE {TERMS}/{{id}}", destroy, "Delete a term"),
)
