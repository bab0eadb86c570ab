"""REST: groups of outcomes, the outcomes in them, and outcomes themselves."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.references import from_top
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, Outcome, OutcomeGroup, OutcomeLink
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, Row, ignoring, rest, within
from lms_emulator.providers.canvas.rules import contexts, jobs, mastery_scales, outcomes
from lms_emulator.providers.canvas.rules import html as markup
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.keys import site_admin
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.providers.canvas.shapes import outcomes as shapes
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import redirect

SOURCE = (
    f"{RECORDED}/grading-outcomes.jsonl 13, 25, 43, 61, 82, 169, 180; "
    "canvas-lms app/controllers/outcome_groups_api_controller.rb"
)
MOST = 255
SCALED = {
    "mastery points": ("mastery_points",),
    "ratings": ("ratings",),
    "calculation values": ("calculation_method", "calculation_int"),
}


def _failed(what: str, got: Any = None) -> Exception:
    return refusals.rest("outcomes_failed", 400, "error", check=what, got=got)


def _group(api: Api, context: Context, reference: str | None = None) -> OutcomeGroup:
    wanted = api.slot("id") if reference is None else reference
    found = api.store.learning_outcome_groups.get(identifiers.local_number(wanted) or 0)
    of_place = found is not None and (found.context_type, found.context_id) == (context.type, context.id)
    if found is None or not of_place or found.workflow_state == "deleted":
        raise refusals.not_found("the outcome group", wanted)
    return found


def _place(api: Api) -> Context:
    """The course or account of the path, or the global context."""
    if not api.path.startswith("/api/v1/global/"):
        return contexts.from_path(api)
    site = site_admin(api.store)
    if site is None:
        why = "the world has no such account"
        raise refusals.not_found("the account above all schools", "site_admin", diagnosis=why)
    return contexts.of(site)


def _reading(api: Api) -> Context:
    """The place of the path, for those who may see its outcomes."""
    _ = api.user
    context = _place(api)
    outcomes.require_read(api, context)
    return context


def above_all(api: Api) -> Any:
    """Nothing is above the global context, and Canvas refuses everybody (canvas-lms
    app/controllers/outcome_groups_api_controller.rb, account_chain)."""
    raise api.refused(f"see what is above the global context, user {api.user.id}")


def _managing(api: Api) -> Context:
    """The place of the path, for those who may change its outcomes."""
    _ = api.user
    context = _place(api)
    outcomes.require_change(api, context)
    return context


def _changing(api: Api) -> tuple[Context, OutcomeGroup]:
    context = _managing(api)
    return context, _group(api, context)


def top(api: Api) -> Any:
    """Redirect to the root group of a course or account."""
    context = _reading(api)
    found = outcomes.root(api, context)
    return redirect(api.url(f"{outcomes.path(context)}/outcome_groups/{found.id}"))


def index(api: Api) -> Any:
    """The groups of a course or account."""
    context = _reading(api)
    path = f"{outcomes.path(context)}/outcome_groups"
    return paged(api, outcomes.groups(api, context), lambda group: shapes.group(api, group), path=path)


def show(api: Api) -> Any:
    """A group."""
    return shapes.group(api, _group(api, _reading(api)))


def above(api: Api) -> Any:
    """The root groups of the accounts above a place, the nearest first, for those who may import from them."""
    context = _managing(api)
    account_id = context.record.account_id if isinstance(context.record, Course) else context.id
    accounts = [row for row in chain(api.store, account_id) if not row.site_admin and row != context.record]

    def shape(account: Account) -> dict[str, Any]:
        group = shapes.short_group(api, outcomes.root(api, Context("Account", account.id, account)))
        constants = {"title": account.name, "description": "Account level outcomes group.", "dontImport": True}
        return {name: group[name] for name in ("id", "url", "subgroups_url", "outcomes_url")} | constants

    return paged(api, accounts, shape, path=f"{outcomes.path(context)}/outcome_groups/account_chain")


def subgroups(api: Api) -> Any:
    """The groups within a group."""
    context = _reading(api)
    group = _group(api, context)
    path = f"{outcomes.path(context)}/outcome_groups/{group.id}/subgroups"
    return paged(api, outcomes.subgroups(api, group), lambda row: shapes.short_group(api, row), path=path)


def _fields(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = {name: api.params.text(name) for name in ("title", "vendor_guid") if api.params.has(name)}
    if api.params.has("description"):
        found["description"] = markup.clean(api.params.text("description"), api.url(""))
    return found


def create(api: Api) -> Any:
    """A group within a group."""
    context, parent = _changing(api)
    fields = _fields(api)
    if not (fields.get("title") or "").strip() or _too_long(fields):
        raise _failed("the group has a title", api.params.get("title"))
    made = OutcomeGroup(
        id=api.new_id("learning_outcome_groups"),
        context_type=parent.context_type,
        context_id=context.id,
        parent_id=parent.id,
        **fields,
    )
    return shapes.group(api, api.store.learning_outcome_groups.put(made))


def update(api: Api) -> Any:
    """Change a group, or move it; not the root."""
    context, group = _changing(api)
    if group.parent_id is None:
        raise _failed("the group is not the root", group.id)
    fields = _fields(api)
    faults = {name: ["too_long"] for name in _too_long(fields)}
    if "title" in fields and not (fields["title"] or "").strip():
        faults["title"] = ["blank"]
    if not faults:
        group = api.store.learning_outcome_groups.put(replace(group, **fields))
    named = api.params.text("parent_outcome_group_id")
    if named is not None:
        parent = _group(api, context, named)
        if group.id in _above(api, parent):
            raise _failed("the group does not go into itself", named)
        group = replace(group, parent_id=parent.id)
    if faults:
        raise refusals.invalid(faults)
    return shapes.group(api, api.store.learning_outcome_groups.put(group))


def _too_long(fields: dict[str, Any]) -> list[str]:
    most = {"title": MOST, "vendor_guid": MOST, "description": markup.LONGEST}
    return [name for name, length in most.items() if len(fields.get(name) or "") > length]


def _above(api: Api, group: OutcomeGroup) -> set[int]:
    """The ids of a group and its ancestors."""
    found: set[int] = set()
    outcome_group: OutcomeGroup | None = group
    while outcome_group is not None and outcome_group.id not in found:
        found.add(outcome_group.id)
        outcome_group = api.store.learning_outcome_groups.get(outcome_group.parent_id or 0)
    return found


def destroy(api: Api) -> Any:
    """Delete a group with its contents, except the root and groups with aligned outcomes."""
    _, group = _changing(api)
    if group.parent_id is None:
        raise _failed("the group is not the root", group.id)
    if (why := outcomes.keeping(api, group)) is not None:
        raise refusals.rest("outcome_aligned", 400, why, check="nothing is aligned to its outcomes")
    body = shapes.group(api, group)
    outcomes.delete_group(api, group)
    return body


def bring(api: Api) -> Any:
    """Import a group of an account above with its contents; `async` answers with the job."""
    context, target = _changing(api)
    named = api.params.text("source_outcome_group_id") or ""
    source = api.store.learning_outcome_groups.get(identifiers.local_number(named) or 0)
    if source is None or source.parent_id is None or source.workflow_state == "deleted":
        raise _failed("the group to import exists and is not a root", named)
    stand_in = Outcome(id=0, context_type=source.context_type, context_id=source.context_id, title=source.title)
    if not outcomes.available(api, context, stand_in):
        raise _failed("the group to import is of an account above", named)

    def copied() -> dict[str, Any]:
        made = shapes.short_group(api, _copied(api, source, target))
        return {"outcome_group_id": made["id"], "outcome_group_url": made["url"]}

    if api.params.flag("async") and isinstance(context.record, Course | Account):
        return progress(api, jobs.run(api, context.record, "import_outcome_group", copied, by=api.user))
    return shapes.group(api, _copied(api, source, target))


def _copied(api: Api, source: OutcomeGroup, target: OutcomeGroup) -> OutcomeGroup:
    copies: dict[int, OutcomeGroup] = {}
    context = {"context_type": target.context_type, "context_id": target.context_id}
    for group, above in list(from_top(source, partial(outcomes.subgroups, api))):
        parent = target if above is None else copies[above.id]
        fresh = {"id": api.new_id("learning_outcome_groups"), "parent_id": parent.id, "outcome_import_id": None}
        made = replace(group, **fresh, **context)
        copies[group.id] = api.store.learning_outcome_groups.put(made)
        for _, outcome in outcomes.links(api, group):
            outcomes.link(api, made, outcome)
    return copies[source.id]


def links(api: Api) -> Any:
    """The outcomes of a group."""
    context = _reading(api)
    group = _group(api, context)
    path = f"{outcomes.path(context)}/outcome_groups/{group.id}/outcomes"
    return _paged_links(api, outcomes.links(api, group), path)


def all_links(api: Api) -> Any:
    """The outcomes of all groups of a course or account."""
    context = _reading(api)
    found = [pair for group in outcomes.groups(api, context) for pair in outcomes.links(api, group)]
    found.sort(key=lambda pair: pair[0].id)
    whole = api.params.has("outcome_group_style")
    return _paged_links(api, found, f"/api/v1{context.path}/outcome_group_links", whole=whole)


def _paged_links(api: Api, found: list[tuple[OutcomeLink, Outcome]], path: str, *, whole: bool = False) -> Any:
    """A page of links. In any style but the short one, outcomes and groups are given in full."""
    full = api.params.has("outcome_style")
    return paged(api, found, lambda pair: shapes.link(api, *pair, full=full, whole=whole), path=path)


def add(api: Api) -> Any:
    """Link an outcome to a group: an existing one, or a new one."""
    context, group = _changing(api)
    named = api.slot("outcome_id") if "outcome_id" in api.call.path_params else api.params.text("outcome_id")
    if named is None:
        made = outcomes.read(api, outcomes.fresh(context))
        outcome = api.store.learning_outcomes.put(replace(made, id=api.new_id("learning_outcomes")))
        return shapes.link(api, outcomes.link(api, group, outcome), outcome)
    number = identifiers.local_number(named) or 0
    if (source := api.params.text("move_from")) is not None:
        held = next((pair for pair in outcomes.links(api, _group(api, context, source)) if pair[1].id == number), None)
        if held is None:
            raise _failed("the group to move from holds the outcome", source)
        moved = api.store.outcome_links.put(replace(held[0], outcome_group_id=group.id))
        return shapes.link(api, moved, held[1])
    known = api.store.learning_outcomes.get(number)
    if known is None or not outcomes.available(api, context, known):
        raise _failed("the outcome is one of the place or of an account above", named)
    return shapes.link(api, outcomes.link(api, group, known), known)


def remove(api: Api) -> Any:
    """Unlink an outcome from a group."""
    _, group = _changing(api)
    wanted = identifiers.local_number(api.slot("outcome_id"))
    pair = next((link for link in outcomes.links(api, group) if link[1].id == wanted), None)
    if pair is None:
        raise refusals.not_found("the outcome in the group", api.slot("outcome_id"))
    why = outcomes.holding(api, pair[1], pair[0])
    if why is not None:
        raise refusals.message(400, "outcome_aligned", why)
    body = shapes.link(api, *pair, removed=True)
    outcomes.unlink(api, *pair)
    return body


def _outcome(api: Api) -> tuple[Context, Outcome]:
    _ = api.user
    found = identifiers.row(api.store.learning_outcomes, api.slot("id"), "the outcome")
    return contexts.holding(api, found), found


def show_outcome(api: Api) -> Any:
    """An outcome."""
    context, found = _outcome(api)
    outcomes.require_read(api, context)
    return shapes.outcome(api, found)


def update_outcome(api: Api) -> Any:
    """Change an outcome; its ratings only if the school has no account-wide mastery scale."""
    context, found = _outcome(api)
    outcomes.require_change(api, context)
    scaled = mastery_scales.sealed(api)
    if scaled:
        for what, names in SCALED.items():
            if not all(api.params.get(name) in (None, False) for name in names):
                text = f"Individual outcome {what} cannot be modified."
                raise refusals.rest("outcome_scaled", 403, {"error": text}, check="each outcome has its own scale")
    changed = api.store.learning_outcomes.put(outcomes.read(api, found))
    compared = ("title", "description", "ratings", "mastery_points")
    if any(getattr(changed, name) != getattr(found, name) for name in compared):
        outcomes.copy_to_rubrics(api, changed, scaled=scaled)
    return shapes.outcome(api, changed)


PLACES = "courses accounts"
GROUP = "/outcome_groups/{id}"
LINKING = (f"PUT {GROUP}/outcomes/{{outcome_id}}", add, "Link an existing outcome to a group")
OF_NEW_ONES = (
    "title",
    "display_name",
    "description",
    "vendor_guid",
    "mastery_points",
    "ratings",
    "calculation_method",
    "calculation_int",
)
"""What the documentation lists for a known outcome too, which `link` of the controller reads of new ones only."""
IN_GROUPS: tuple[Row, ...] = (
    ("GET /root_outcome_group", top, "Redirect to the root outcome group"),
    (f"GET {GROUP}", show, "An outcome group"),
    (f"PUT {GROUP}", update, "Change an outcome group"),
    (f"DELETE {GROUP}", destroy, "Delete an outcome group"),
    (f"GET {GROUP}/subgroups", subgroups, "Subgroups"),
    (f"POST {GROUP}/subgroups", create, "Create a subgroup"),
    (f"POST {GROUP}/import", bring, "Import a group from an account above"),
    (f"GET {GROUP}/outcomes", links, "Outcomes of a group"),
    (f"POST {GROUP}/outcomes", add, "Create or link an outcome"),
    (f"DELETE {GROUP}/outcomes/{{outcome_id}}", remove, "Unlink an outcome"),
)


def _everywhere(*rows: Row) -> tuple[Row, ...]:
    """Operations for courses, accounts, and the global context."""
    shared = tuple((operation.replace(" ", " /api/v1/global", 1), handler, line) for operation, handler, line in rows)
    return (*(value for row in rows for value in within(PLACES, *row)), *shared)


ROUTES: tuple[Route, ...] = (
    *ignoring(OF_NEW_ONES, "outcomes", SOURCE, *_everywhere(LINKING)),
    *rest(
        "outcomes",
        SOURCE,
        *within(PLACES, "GET /outcome_groups", index, "Outcome groups"),
        *within(PLACES, "GET /outcome_group_links", all_links, "Outcomes of all groups"),
        *within(PLACES, "GET /outcome_groups/account_chain", above, "Root groups of the accounts above"),
        ("GET /api/v1/global/outcome_groups/account_chain", above_all, "What is above the global context"),
        *_everywhere(*IN_GROUPS),
        ("GET /api/v1/outcomes/{id}", show_outcome, "An outcome"),
        ("PUT /api/v1/outcomes/{id}", update_outcome, "Change an outcome"),
    ),
)
