"""REST: grading periods, and the sets of them that terms use."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.call.params import Params, as_float, as_whole, is_number
from lms_emulator.providers.canvas.model import Account, Course, EnrollmentTerm, GradingPeriod, GradingPeriodGroup
from lms_emulator.providers.canvas.paging import with_meta
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import assignments, belonging, courses, periods
from lms_emulator.providers.canvas.rules.permissions import is_account_admin, require_account, root_of
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 156, 169, 173, 182, 204, 206; {RECORDED}/grading-gradebook.jsonl 252, 258; "
    "canvas-lms app/controllers/grading_periods_controller.rb"
)
OVERLAP = "Grading period cannot overlap with existing grading periods in group"
DATES = ("start_date", "end_date", "close_date")
Fields = dict[str, Any]


def _account(api: Api) -> Account:
    return identifiers.account(api, api.slot("account_id"))


def _root(api: Api) -> Account:
    """The account of the path, which must be a school, for its admins."""
    account = _account(api)
    allowed = account.parent_account_id is None and is_account_admin(api, api.user, account)
    if not api.check("administers the school", allowed, got=account.id):
        raise api.refused(f"manage grading periods in account {account.id}")
    return account


def _course(api: Api) -> Course:
    return identifiers.course(api, api.slot("course_id"))


def _manages(api: Api) -> bool:
    """Whether the caller may change grading periods, as admins of the school may."""
    return is_account_admin(api, api.caller, api.root)


def _group(api: Api, reference: str) -> GradingPeriodGroup | None:
    found = api.store.grading_period_groups.get(identifiers.local_number(reference))
    return found if found is not None and found.workflow_state == "active" else None


def period_shape(api: Api, record: GradingPeriod) -> dict[str, Any]:
    """A period as JSON."""
    manages = _manages(api)
    return {
        "id": str(record.id),
        "grading_period_group_id": str(record.grading_period_group_id),
        "start_date": when(record.start_date),
        "end_date": when(record.end_date),
        "close_date": when(record.close_date),
        "weight": record.weight,
        "title": record.title,
        "permissions": {"read": True, "create": manages, "update": manages, "delete": manages},
        "is_closed": periods.closed(api, record),
    }


def group_shape(api: Api, record: GradingPeriodGroup) -> dict[str, Any]:
    """A set of periods as JSON."""
    manages = _manages(api)
    return {
        "id": str(record.id),
        "title": record.title,
        "weighted": record.weighted,
        "display_totals_for_all_grading_periods": record.display_totals_for_all_grading_periods,
        "account_id": str(record.account_id),
        "course_id": None,
        "grading_periods": [period_shape(api, period) for period in periods.of_group(api, record.id)],
        "permissions": {"read": True, "update": manages, "delete": manages, "create": manages},
        "created_at": stamp(record.created_at),
    }


def _sets_of(api: Api, account: Account) -> list[GradingPeriodGroup]:
    found = [g for g in api.store.grading_period_groups if g.account_id == account.id and g.workflow_state == "active"]
    return sorted(found, key=lambda g: g.id)


def sets(api: Api) -> Any:
    """The sets of an account's school."""
    account = _account(api)
    belonging.require_account_reader(api, account)
    path = api.url(f"/api/v1/accounts/{account.id}/grading_period_sets")
    found = _sets_of(api, root_of(api.store, account.id))
    return with_meta(api, found, lambda g: group_shape(api, g), "grading_period_sets", base=path)


def create_set(api: Api) -> Any:
    """A new set, for terms."""
    account = _root(api)
    sent = api.params.require("grading_period_set")
    terms = _terms(api)
    blank = GradingPeriodGroup(id=0, account_id=account.id, created_at=api.now)
    made = replace(_set_fields(sent, blank), id=api.new_id("grading_period_groups"))
    api.store.grading_period_groups.put(made)
    _bind(api, made, terms)
    return reply(api, {"grading_period_set": group_shape(api, made)}, 201)


def _terms(api: Api) -> list[EnrollmentTerm]:
    """The terms that are to use the set, by number. Raises the refusal `not_found`."""
    living = [term for term in api.store.enrollment_terms if term.workflow_state == "active"]
    return [identifiers.pick(living, text, "the term, by number") for text in api.params.texts("enrollment_term_ids")]


def _set_fields(sent: Params, record: GradingPeriodGroup) -> GradingPeriodGroup:
    changes: dict[str, Any] = {"title": sent.text("title")} if sent.has("title") else {}
    for name in ("weighted", "display_totals_for_all_grading_periods"):
        if sent.has(name):
            changes[name] = sent.boolean(name) or False
    return replace(record, **changes)


def _bind(api: Api, group: GradingPeriodGroup, terms: list[EnrollmentTerm]) -> None:
    """Make exactly these terms use the set."""
    wanted = {term.id for term in terms}
    for term in list(api.store.enrollment_terms):
        if term.id in wanted:
            api.store.enrollment_terms.put(replace(term, grading_period_group_id=group.id))
        elif term.grading_period_group_id == group.id:
            api.store.enrollment_terms.put(replace(term, grading_period_group_id=None))


def _known_set(api: Api) -> GradingPeriodGroup:
    account = _root(api)
    found = _group(api, api.slot("id"))
    if found is None or found.account_id != account.id:
        raise refusals.not_found("the grading period set", api.slot("id"))
    return found


def update_set(api: Api) -> Response:
    """Change a set, and which terms use it: if the request names none, none does."""
    known = _known_set(api)
    _bind(api, known, _terms(api))  # Canvas keeps this even if it refuses the rest
    api.store.grading_period_groups.put(_set_fields(api.params.require("grading_period_set"), known))
    return Response(status_code=204)


def destroy_set(api: Api) -> Response:
    """Delete a set."""
    known = _known_set(api)
    api.store.grading_period_groups.put(replace(known, workflow_state="deleted"))
    _bind(api, known, [])
    return Response(status_code=204)


def batch(api: Api) -> Any:
    """Create and change periods of a set, all or none."""
    return _batch(api, api.slot("set_id"))


def _batch(api: Api, named: str) -> Any:
    group = _group(api, named)
    if group is None:
        raise refusals.message(404, "set_unknown", "Page not found")
    require_account(api, identifiers.account(api, group.account_id), "manage_grades")
    if not api.params.get("grading_periods"):
        raise refusals.missing("grading_periods")
    known = {period.id: period for period in periods.of_group(api, group.id)}
    wanted = [_fields(api, fields, known) for fields in api.params.rows("grading_periods")]
    if not api.check("administers the school", _manages(api)):
        raise api.refused(f"manage grading periods in account {group.account_id}")
    others = list(api.store.grading_periods.find("group", group.id)) if len(wanted) == 1 else []  # deleted ones too
    faults = [_faults(value, others) for value in wanted]
    wrong = [faults[place] for place in _clashing(wanted)] + [fault for fault in faults if fault]
    if wrong:
        raise grading_refusals.each_invalid(wrong)
    made = []
    for item in wanted:
        numbers = {"id": item["id"] or api.new_id("grading_periods"), "grading_period_group_id": group.id}
        made.append(api.store.grading_periods.put(GradingPeriod(**item | numbers)))
    return {"grading_periods": [period_shape(api, period) for period in made]}


def _fields(api: Api, sent: Params, known: dict[int, GradingPeriod]) -> Fields:
    """A period as it will be: its current fields, updated by the request. Raises the refusal `not_found`."""
    found: Fields = dict.fromkeys(("id", "title", "weight", *DATES))
    if reference := sent.text("id"):
        old = known.get(identifiers.local_number(reference) or 0)
        if old is None:
            raise refusals.not_found("the grading period in the set", reference)
        found = {name: getattr(old, name) for name in found}
    if sent.has("title"):
        found["title"] = sent.text("title")
    if sent.has("weight"):
        weight = sent.text("weight")
        found["weight"] = None if not weight else as_float(weight) if is_number(weight) else weight
    found |= {name: sent.moment(name, zone=api.zone) for name in DATES if sent.has(name)}
    found["close_date"] = found["close_date"] or found["end_date"]
    return found


def _clashing(wanted: list[Fields]) -> list[int]:
    """The indexes of periods that overlap an earlier one of the request."""
    if len(wanted) == 1:
        return []
    if any(item["start_date"] is None for item in wanted):
        raise refusals.crashed("periods without dates cannot be compared")
    order = sorted(range(len(wanted)), key=lambda place: wanted[place]["start_date"])
    if any(wanted[place]["end_date"] is None for place in order[:-1]):
        raise refusals.crashed("periods without dates cannot be compared")
    return [b for a, b in pairwise(order) if _minute(wanted[b]["start_date"]) < _minute(wanted[a]["end_date"])]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _faults(period: Fields, others: list[GradingPeriod]) -> dict[str, list[str]]:
    """What is wrong with a period. Others of the set only matter if the request has no other periods."""
    found = {name: ["blank"] for name in ("title", *DATES) if not period[name]}
    start, end, close = (period[name] for name in DATES)
    if isinstance(period["weight"], str):
        found["weight"] = ["not_a_number"]
    if start and end and end < start:
        found["end_date"] = ["must be after start date"]
    if end and close < end:
        found["close_date"] = ["must be on or after end date"]
    if start and end and any(_overlap(period, other) for other in others if other.id != period["id"]):
        found["base"] = [OVERLAP]
    return found


def _overlap(period: Fields, other: GradingPeriod) -> bool:
    begins, ends = _minute(period["start_date"]), _minute(period["end_date"])
    return _minute(other.end_date) > begins and _minute(other.start_date) < ends


def _listed(api: Api, found: list[GradingPeriod], base: str, *, read_only: bool, can_create: bool = False) -> Any:
    extra = {"can_create_grading_periods": can_create, "grading_periods_read_only": read_only}
    shape = partial(period_shape, api)
    return with_meta(api, found, shape, "grading_periods", base=base, primary=True, extra=extra)


def of_course(api: Api) -> Any:
    """The periods of a course."""
    course = _course(api)
    courses.require(api, course, "read", "read_as_admin")
    found = periods.of_course(api, course)
    return _listed(api, found, f"/api/v1/courses/{course.id}/grading_periods", read_only=bool(found))


def of_account(api: Api) -> Any:
    """The periods of all sets of a school."""
    account = _account(api)
    belonging.require_account_reader(api, account)
    found = [period for group in _sets_of(api, account) for period in periods.of_group(api, group.id)]
    found.sort(key=lambda period: (period.start_date, period.id))
    base = f"/api/v1/accounts/{account.id}/grading_periods"
    can_create = account.parent_account_id is None and _manages(api)
    return _listed(api, found, base, read_only=False, can_create=can_create)


def show(api: Api) -> Any:
    """One period of a course, for everybody in the school."""
    course = _course(api)
    number = identifiers.local_number(api.slot("id"))
    found = next((period for period in periods.of_course(api, course) if period.id == number), None)
    if found is None:
        raise grading_refusals.nothing_here(api.slot("id"))
    return {"grading_periods": [period_shape(api, found)], "meta": {}}


def change_the_courses(api: Api) -> Any:
    """404: a course has no grading periods of its own to change."""
    _course(api)
    if not api.params.get("grading_periods"):
        raise refusals.missing("grading_periods")
    raise grading_refusals.nothing_here(api.slot("id"))


def destroy_the_courses(api: Api) -> Any:
    """404: a course has no grading periods of its own to delete."""
    _course(api)
    raise grading_refusals.nothing_here(api.slot("id"))


def batch_of_course(api: Api) -> Any:
    """Courses no longer have grading periods of their own, so nobody may change them. A `set_id` in the request is
    the school's set, whatever course the path names."""
    if named := api.params.text("set_id"):
        return _batch(api, named)
    course = _course(api)
    raise api.refused(f"change grading periods of course {course.id} itself")


def destroy(api: Api) -> Response:
    """Delete a period."""
    account = _account(api)
    found = api.store.grading_periods.get(identifiers.local_number(api.slot("id")))
    group = _group(api, str(found.grading_period_group_id)) if found is not None else None
    if found is None or found.workflow_state == "deleted" or group is None or group.account_id != account.id:
        raise grading_refusals.nothing_here(api.slot("id"))
    if not api.check("administers the school", _manages(api)):
        raise api.refused(f"delete grading periods of account {account.id}")
    api.store.grading_periods.put(replace(found, workflow_state="deleted"))
    return Response(status_code=204)


def due_dates(api: Api) -> Any:
    """The effective due date and its grading period, by assignment and student."""
    course = courses.from_path(api, "read_as_admin")
    given = api.params.get("assignment_ids")
    only = api.params.texts("assignment_ids") if isinstance(given, list) else []  # Canvas permits only a list
    if not all(as_whole(value) is not None for value in only):
        body = {"errors": "assignment_ids param is invalid"}
        raise refusals.rest("assignment_ids_invalid", 422, body, check="assignment_ids are numbers", got=only)
    found: dict[str, Any] = {}
    for base in assignments.of_course(api, course):
        if only and str(base.id) not in only:
            continue
        rows = {}
        for user_id in sorted({e.user_id for e in assignments.students(api, course.id)}):
            if assignments.assigned(api, base, user_id):
                due = assignments.dated_for(api, base, user_id).due_at
                period = periods.of_date(api, course, due)
                rows[str(user_id)] = {
                    "due_at": when(due),
                    "grading_period_id": period.id if period is not None else None,
                    "in_closed_grading_period": periods.closed(api, period),
                }
        if rows:
            found[str(base.id)] = rows
    return found


COURSE, ACCOUNT = "/api/v1/courses/{course_id}", "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = signed_in(
    "grading periods",
    SOURCE,
    (f"GET {ACCOUNT}/grading_period_sets", sets, "Sets of grading periods"),
    (f"POST {ACCOUNT}/grading_period_sets", create_set, "Create a set of grading periods"),
    (f"PATCH {ACCOUNT}/grading_period_sets/{{id}}", update_set, "Change a set of grading periods"),
    (f"DELETE {ACCOUNT}/grading_period_sets/{{id}}", destroy_set, "Delete a set of grading periods"),
    ("PATCH /api/v1/grading_period_sets/{set_id}/grading_periods/batch_update", batch, "Change the periods of a set"),
    (f"GET {ACCOUNT}/grading_periods", of_account, "Grading periods of a school"),
    (f"DELETE {ACCOUNT}/grading_periods/{{id}}", destroy, "Delete a grading period"),
    (f"GET {COURSE}/grading_periods", of_course, "Grading periods of a course"),
    (f"GET {COURSE}/grading_periods/{{id}}", show, "A grading period"),
    (f"PUT {COURSE}/grading_periods/{{id}}", change_the_courses, "Change a course's own grading period"),
    (f"DELETE {COURSE}/grading_periods/{{id}}", destroy_the_courses, "Delete a course's own grading period"),
    (f"PATCH {COURSE}/grading_periods/batch_update", batch_of_course, "Change the periods of a course"),
    (f"GET {COURSE}/effective_due_dates", due_dates, "Effective due dates"),
)
