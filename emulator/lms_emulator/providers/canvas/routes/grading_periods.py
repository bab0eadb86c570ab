"""REST: grading periods, and the sets of them that terms use."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, stamp, when
from lms_emulator.providers.canvas.call.params import Params, as_float, as_whole
from lms_emulator.providers.canvas.model import Account, GradingPeriod, GradingPeriodGroup
from lms_emulator.providers.canvas.paging import with_meta
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, courses, periods
from lms_emulator.providers.canvas.rules.assignments import replace
from lms_emulator.providers.canvas.rules.permissions import account_allows, require_account
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 156, 169, 173, 182, 204, 206; {RECORDED}/grading-gradebook.jsonl 252, 258; "
    "canvas-lms app/controllers/grading_periods_controller.rb"
)
OVERLAP = "Grading period cannot overlap with existing grading periods in group"
MANAGE = "manage_account_settings"


def _account(api: Api, *, name: str = "account_id") -> Account:
    account = identifiers.account(api, api.slot(name))
    _ = api.user
    require_account(api, account, MANAGE)
    return account


def _group(api: Api, reference: str) -> GradingPeriodGroup | None:
    found = api.store.grading_period_groups.get(identifiers.local_number(reference))
    return found if found is not None and found.workflow_state == "active" else None


def period_shape(api: Api, record: GradingPeriod, *, manages: bool) -> dict[str, Any]:
    """A period as JSON."""
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
    return {
        "id": str(record.id),
        "title": record.title,
        "weighted": record.weighted,
        "display_totals_for_all_grading_periods": record.display_totals_for_all_grading_periods,
        "account_id": str(record.account_id),
        "course_id": None,
        "grading_periods": [period_shape(api, one, manages=True) for one in periods.of_group(api, record.id)],
        "permissions": {"read": True, "update": True, "delete": True, "create": True},
        "created_at": stamp(record.created_at),
    }


def sets(api: Api) -> Any:
    """The sets of a school."""
    account = _account(api)
    found = [g for g in api.store.grading_period_groups if g.account_id == account.id and g.workflow_state == "active"]
    found.sort(key=lambda g: g.id)
    path = api.url(f"/api/v1/accounts/{account.id}/grading_period_sets")
    return with_meta(api, found, lambda g: group_shape(api, g), "grading_period_sets", base=path)


def create_set(api: Api) -> Any:
    """A new set, for terms."""
    account = _account(api)
    if account.parent_account_id is not None:
        raise api.refused("make grading periods in a root account")
    sent = api.params.require("grading_period_set")
    terms = [identifiers.term(api, one) for one in api.params.texts("enrollment_term_ids")]
    blank = GradingPeriodGroup(id=0, account_id=account.id, created_at=api.now)
    made = replace(_set_fields(sent, blank), id=api.new_id("grading_period_groups"))
    api.store.grading_period_groups.put(made)
    _bind(api, made, terms)
    return reply(api, {"grading_period_set": group_shape(api, made)}, 201)


def _set_fields(sent: Params, record: GradingPeriodGroup) -> GradingPeriodGroup:
    changes: dict[str, Any] = {"title": sent.text("title")} if sent.has("title") else {}
    for name in ("weighted", "display_totals_for_all_grading_periods"):
        if sent.has(name):
            changes[name] = sent.flag(name)
    return replace(record, **changes)


def _bind(api: Api, group: GradingPeriodGroup, terms: list[Any]) -> None:
    """Let exactly these terms use the set."""
    wanted = {term.id for term in terms}
    for term in list(api.store.enrollment_terms):
        if term.id in wanted:
            api.store.enrollment_terms.put(replace(term, grading_period_group_id=group.id))
        elif term.grading_period_group_id == group.id:
            api.store.enrollment_terms.put(replace(term, grading_period_group_id=None))


def _known_set(api: Api) -> GradingPeriodGroup:
    account = _account(api)
    found = _group(api, api.slot("id"))
    if found is None or found.account_id != account.id:
        raise refusals.not_found("the grading period set", api.slot("id"))
    return found


def update_set(api: Api) -> Response:
    """Change a set, and which terms use it."""
    known = _known_set(api)
    changed = api.store.grading_period_groups.put(_set_fields(api.params.require("grading_period_set"), known))
    if api.params.has("enrollment_term_ids"):
        _bind(api, changed, [identifiers.term(api, one) for one in api.params.texts("enrollment_term_ids")])
    return Response(status_code=204)


def destroy_set(api: Api) -> Response:
    """Delete a set."""
    known = _known_set(api)
    api.store.grading_period_groups.put(replace(known, workflow_state="deleted"))
    _bind(api, known, [])
    return Response(status_code=204)


def batch(api: Api) -> Any:
    """Make and change the periods of a set, all or none."""
    group = _group(api, api.slot("set_id"))
    if group is None:
        raise refusals.message(404, "set_unknown", "Page not found")
    account = identifiers.account(api, group.account_id)
    _ = api.user
    require_account(api, account, MANAGE)
    if not api.params.get("grading_periods"):
        raise refusals.missing("grading_periods")
    known = {one.id: one for one in periods.of_group(api, group.id)}
    made = [_period(api, group, one, known) for one in api.params.hashes("grading_periods")]
    faults = [_faults(one, [p for p in known.values() if p.id not in {m.id for m in made}]) for one in made]
    twice = any(_overlap(a, b) for i, a in enumerate(made) for b in made[:i])
    if any(faults) or twice:
        raise grading_refusals.each_invalid([one for one in faults if one] or [{}])
    for one in made:
        api.store.grading_periods.put(one if one.id else replace(one, id=api.new_id("grading_periods")))
    found = periods.of_group(api, group.id)
    return {"grading_periods": [period_shape(api, one, manages=True) for one in found]}


def _period(api: Api, group: GradingPeriodGroup, sent: Params, known: dict[int, GradingPeriod]) -> GradingPeriod:
    old = known.get(identifiers.local_number(sent.text("id") or "") or 0)
    start = read_moment(sent.text("start_date"), api.zone) or (old.start_date if old else api.now)
    end = read_moment(sent.text("end_date"), api.zone) or (old.end_date if old else api.now)
    weight = sent.text("weight")
    return GradingPeriod(
        id=old.id if old else 0,
        grading_period_group_id=group.id,
        title=sent.text("title") or "",
        weight=as_float(weight) if weight is not None else None,
        start_date=start,
        end_date=end,
        close_date=read_moment(sent.text("close_date"), api.zone) or end,
    )


def _overlap(one: GradingPeriod, other: GradingPeriod) -> bool:
    return one.start_date < other.end_date and other.start_date < one.end_date


def _faults(one: GradingPeriod, others: list[GradingPeriod]) -> dict[str, list[str]]:
    if not one.title:
        return {"title": ["blank"]}
    if one.end_date <= one.start_date:
        return {"end_date": ["must be after start date"]}
    return {"base": [OVERLAP]} if any(_overlap(one, other) for other in others) else {}


def _listed(api: Api, found: list[GradingPeriod], base: str, *, manages: bool, can_create: bool = False) -> Any:
    extra = {"can_create_grading_periods": can_create, "grading_periods_read_only": bool(found) and not can_create}
    return with_meta(
        api,
        found,
        lambda one: period_shape(api, one, manages=manages),
        "grading_periods",
        base=base,
        primary=True,
        extra=extra,
    )


def of_course(api: Api) -> Any:
    """The periods of a course."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    courses.require(api, course, "read", "read_as_admin")
    manages = account_allows(api, api.caller, api.root, MANAGE)
    base = f"/api/v1/courses/{course.id}/grading_periods"
    return _listed(api, periods.of_course(api, course), base, manages=manages)


def of_account(api: Api) -> Any:
    """The periods of all sets of a school."""
    account = _account(api)
    groups = [g for g in api.store.grading_period_groups if g.account_id == account.id and g.workflow_state == "active"]
    found = [one for group in groups for one in periods.of_group(api, group.id)]
    base = f"/api/v1/accounts/{account.id}/grading_periods"
    return _listed(api, found, base, manages=True, can_create=True)


def show(api: Api) -> Any:
    """One period of a course."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    courses.require(api, course, "read", "read_as_admin")
    number = identifiers.local_number(api.slot("id"))
    found = next((one for one in periods.of_course(api, course) if one.id == number), None)
    if found is None:
        raise grading_refusals.nothing_here(api.slot("id"))
    manages = account_allows(api, api.caller, api.root, MANAGE)
    return {"grading_periods": [period_shape(api, found, manages=manages)], "meta": {}}


def not_the_courses(api: Api) -> Any:
    """404: a course has no grading periods of its own that could be changed here."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    courses.require(api, course, "read", "read_as_admin")
    raise grading_refusals.nothing_here(api.slot("id"))


def batch_of_course(api: Api) -> Any:
    """A course has no periods of its own any more: nobody may change them."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    raise api.refused(f"change grading periods of course {course.id} itself")


def destroy(api: Api) -> Response:
    """Delete a period."""
    account = _account(api)
    found = api.store.grading_periods.get(identifiers.local_number(api.slot("id")))
    group = api.store.grading_period_groups.get(found.grading_period_group_id) if found is not None else None
    if found is None or found.workflow_state == "deleted" or group is None or group.account_id != account.id:
        raise grading_refusals.nothing_here(api.slot("id"))
    api.store.grading_periods.put(replace(found, workflow_state="deleted"))
    return Response(status_code=204)


def due_dates(api: Api) -> Any:
    """By assignment and student, which due date holds, and which period it is in."""
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, *assignments.GRADERS)
    only = api.params.texts("assignment_ids")
    if not all(as_whole(one) is not None for one in only):
        body = {"errors": "assignment_ids param is invalid"}
        raise refusals.rest("assignment_ids_invalid", 422, body, check="assignment_ids are numbers", got=only)
    found: dict[str, Any] = {}
    for base in assignments.of_course(api, course):
        if only and str(base.id) not in only:
            continue
        rows = found[str(base.id)] = {}
        for user_id in sorted({e.user_id for e in assignments.students(api, course.id)}):
            if assignments.assigned(api, base, user_id):
                due = assignments.dated_for(api, base, user_id).due_at
                period = periods.of_date(api, course, due)
                rows[str(user_id)] = {
                    "due_at": when(due),
                    "grading_period_id": period.id if period is not None else None,
                    "in_closed_grading_period": periods.closed(api, period),
                }
    return found


COURSE, ACCOUNT = "/api/v1/courses/{course_id}", "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = rest(
    "grading periods",
    SOURCE,
    (f"GET {ACCOUNT}/grading_period_sets", sets, "Sets of grading periods"),
    (f"POST {ACCOUNT}/grading_period_sets", create_set, "Make a set of grading periods"),
    (f"PATCH {ACCOUNT}/grading_period_sets/{{id}}", update_set, "Change a set of grading periods"),
    (f"DELETE {ACCOUNT}/grading_period_sets/{{id}}", destroy_set, "Delete a set of grading periods"),
    ("PATCH /api/v1/grading_period_sets/{set_id}/grading_periods/batch_update", batch, "Change the periods of a set"),
    (f"GET {ACCOUNT}/grading_periods", of_account, "Grading periods of a school"),
    (f"DELETE {ACCOUNT}/grading_periods/{{id}}", destroy, "Delete a grading period"),
    (f"GET {COURSE}/grading_periods", of_course, "Grading periods of a course"),
    (f"GET {COURSE}/grading_periods/{{id}}", show, "A grading period"),
    (f"PUT {COURSE}/grading_periods/{{id}}", not_the_courses, "Change a grading period of the course's own"),
    (f"DELETE {COURSE}/grading_periods/{{id}}", not_the_courses, "Delete a grading period of the course's own"),
    (f"PATCH {COURSE}/grading_periods/batch_update", batch_of_course, "Change the periods of a course"),
    (f"GET {COURSE}/effective_due_dates", due_dates, "Which due dates hold"),
)
