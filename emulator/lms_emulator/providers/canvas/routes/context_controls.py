"""Where the tools of LTI registrations are available: controls of accounts and courses."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_flag, as_text, listed
from lms_emulator.providers.canvas.model import Account, LtiContextControl, LtiRegistration, Tool
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.routes.lti_registrations import BASE, created, school
from lms_emulator.providers.canvas.rules import registration_history, registrations, tools
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import registrations as shapes

SINCE = "2025-06-01"
PAGE, MOST = 20, 100
EITHER = "Either account_id or course_id must be present"
Wanted = tuple[Tool, tuple[str, int], bool]


def _refused(*errors: Any) -> SiteRefusal:
    return refusals.rest("control_invalid", 422, {"errors": list(errors)}, check="the control holds", got=errors[0])


def _registration(api: Api) -> LtiRegistration:
    return registrations.find(api, api.slot("registration_id"))


def index(api: Api) -> Any:
    """The deployments of a registration with their context controls, those of the school first."""
    account = school(api)
    registration = _registration(api)
    rows = sorted(registrations.controls(api, registration), key=lambda row: _order(api, account, row))

    def by_deployment(shown: list[LtiContextControl]) -> list[Json]:
        found: dict[int, list[LtiContextControl]] = {}
        for row in shown:
            found.setdefault(row.deployment_id, []).append(row)
        return [shapes.deployment(api, registration, _tool(api, number), rows) for number, rows in found.items()]

    return bookmarked(
        api, rows, lambda row: row, lambda row: _order(api, account, row), default=PAGE, wrap=by_deployment
    )


def _tool(api: Api, number: int) -> Tool:
    tool = api.store.tools.get(number)
    assert tool is not None, "the world file's references are checked when it is loaded"
    return tool


def _order(api: Api, account: Account, row: LtiContextControl) -> list[Any]:
    """The school's deployment, then those of accounts, then of courses; courses before their accounts."""
    kind, number = tools.place_of(api.store, _tool(api, row.deployment_id))
    group = 2 if kind == "Course" else int(number != account.id)
    path = ".".join(f"{0 if place == 'Course' else 1}{id_}" for place, id_ in registrations.path_of(api, row.place))
    return [group, row.deployment_id, f"{path}."]


def _found(api: Api) -> tuple[Account, LtiRegistration, LtiContextControl]:
    """The school, the registration and the control of the path."""
    account = school(api)
    registration = _registration(api)
    row = identifiers.pick(registrations.controls(api, registration), api.slot("id"), "the control")
    return account, registration, row


def show(api: Api) -> Json:
    """A control."""
    _, registration, row = _found(api)
    return shapes.control(api, registration, row, people=True)


def create(api: Api) -> Any:
    """Set whether a tool is available in an account or course and below."""
    account = school(api, "current_account_id")
    registration = _registration(api)
    tool, place, available = _wanted(api, account, registration, api.params.data)
    api.call.reads.add("account_id", "course_id", "deployment_id", "available")
    if any(row.place == place for row in tools.controls(api.store, tool)):
        raise _refused("A context control for this deployment and context already exists.")
    if not _holds(api, tool, place):
        kind = "must belong to the deployment's context"
        raise _refused(f"Context {kind if tool.course_id is None else kind.replace('belong to', 'be')}")
    with registration_history.controlling(api, registration, account):
        row = registrations.control(api, tool, place, available=available)
    return created(api, shapes.control(api, registration, row, people=True))


def create_many(api: Api) -> Any:
    """Set it for up to a hundred accounts and courses, replacing earlier controls."""
    account = school(api)
    registration = _registration(api)
    sent = [row for row in listed(api.call) or [] if isinstance(row, dict)]
    if not sent:
        raise _refused("Invalid parameters. Expected an array of context control parameters.")
    if len(sent) > MOST:
        raise _refused(f"Cannot create more than {MOST} context controls at once")
    if any(not row.get("account_id") and not row.get("course_id") for row in sent):
        raise _refused(f"{EITHER} for each context control.")
    if any(row.get("account_id") and row.get("course_id") for row in sent):
        raise _refused(f"{EITHER} for each context control, but not both.")
    if any(not row.get("deployment_id") for row in sent) and _of_school(api, account, registration) is None:
        raise _refused(
            "No active deployment found for the root account. Please specify a deployment_id for each control."
        )
    if len({(str(row.get("account_id")), str(row.get("course_id"))) for row in sent}) != len(sent):
        raise _refused(
            "Cannot create multiple context controls for the same context. Please specify unique account_id or "
            "course_id for each context control."
        )
    wanted = [_wanted(api, account, registration, row) for row in sent]
    wrong = [
        {"message": "Context must belong to the deployment's context", **_names(place), "deployment_id": tool.id}
        for tool, place, _ in wanted
        if not _holds(api, tool, place)
    ]
    if wrong:
        raise _refused(*wrong)
    with registration_history.controlling(api, registration, account):
        rows = [registrations.control(api, tool, place, available=available) for tool, place, available in wanted]
    rows.sort(key=lambda row: row.id)
    return created(api, [shapes.control(api, registration, row, people=True) for row in rows])


def _names(place: tuple[str, int]) -> Json:
    return {"course_id" if place[0] == "Course" else "account_id": place[1]}


def _wanted(api: Api, account: Account, registration: LtiRegistration, sent: dict[str, Any]) -> Wanted:
    """The parsed request: the deployment, by default the school's; the place; and whether it is available there."""
    reference = as_text(sent.get("deployment_id"))
    tool = (
        api.store.tools.get(identifiers.local_number(reference) or 0)
        if reference
        else _of_school(api, account, registration)
    )
    if tool is None or tool.developer_key_id != registration.developer_key_id or tool.workflow_state != "active":
        if not reference:
            raise _refused("No active deployment found for the root account.")
        raise refusals.not_found("the deployment", reference)
    for name, table in (("account_id", "accounts"), ("course_id", "courses")):
        asked = as_text(sent.get(name))
        if asked:
            record: Any = identifiers.row(getattr(api.store, table), asked, name.removesuffix("_id"))
            available = sent.get("available")
            return tool, (type(record).__name__, record.id), True if available is None else as_flag(available)
    raise _refused(f"{EITHER}.")


def _of_school(api: Api, account: Account, registration: LtiRegistration) -> Tool | None:
    found = (
        tool for tool in api.store.tools.find("key", registration.developer_key_id) if tool.workflow_state == "active"
    )
    return next((tool for tool in found if tools.place_of(api.store, tool) == ("Account", account.id)), None)


def _holds(api: Api, tool: Tool, place: tuple[str, int]) -> bool:
    """Whether a place is where the tool is deployed, or below."""
    return tools.place_of(api.store, tool) in registrations.path_of(api, place)


def update(api: Api) -> Json:
    """Change whether the tool is available."""
    account, registration, row = _found(api)
    if api.params.get("available") is None:
        raise refusals.missing("available")
    available = api.params.flag("available")
    with registration_history.controlling(api, registration, account):
        kept = registrations.control(api, _tool(api, row.deployment_id), row.place, available=available)
    return shapes.control(api, registration, kept, people=True)


def destroy(api: Api) -> Json:
    """Remove the control of an account or course, and all below. The one at the deployment itself stays."""
    account, registration, row = _found(api)
    tool = _tool(api, row.deployment_id)
    if tools.place_of(api.store, tool) == row.place:
        raise _refused("Cannot delete primary control for deployment")
    below = [item for item in tools.controls(api.store, tool) if row.place in registrations.path_of(api, item.place)]
    with registration_history.controlling(api, registration, account):
        for other in below:
            deleted = replace(other, workflow_state="deleted", updated_by_id=api.user.id, updated_at=api.now)
            api.store.lti_context_controls.put(deleted)
            row = deleted if deleted.id == row.id else row
    return shapes.control(api, registration, row, people=True)


CONTROLS = f"{BASE}/{{registration_id}}/controls"
ROUTES = rest(
    "lti registrations",
    "https://developerdocs.instructure.com/services/canvas/resources/lti_context_controls; "
    "canvas-lms app/controllers/lti/context_controls_controller.rb (2025)",
    (f"GET {CONTROLS}", index, "Context controls of a registration"),
    (
        f"POST {CONTROLS.replace('{account_id}', '{current_account_id}')}",
        create,
        "Create a context control",
    ),
    (f"POST {CONTROLS}/bulk", create_many, "Create many context controls"),
    (f"GET {CONTROLS}/{{id}}", show, "A context control"),
    (f"PUT {CONTROLS}/{{id}}", update, "Change a context control"),
    (f"DELETE {CONTROLS}/{{id}}", destroy, "Delete a context control"),
    evidence="documented",
    since=SINCE,
)
