"""School-wide LTI services: accounts, features, tools, and data streams."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.callers import require_at, tool_of
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import Account, Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, Handler, service
from lms_emulator.providers.canvas.routes.external_tools import install, of_key, remove, tool_in
from lms_emulator.providers.canvas.routes.line_items import typed
from lms_emulator.providers.canvas.rules import features, tools
from lms_emulator.providers.canvas.shapes import Json, accounts
from lms_emulator.providers.canvas.shapes import tools as tool_shapes
from lms_emulator.providers.canvas.wire import reply

SCOPES = "https://canvas.instructure.com/lti/"
ACCOUNT_TYPE = "application/vnd.canvas.accountlookup+json"
FLAGS_TYPE = "application/vnd.canvas.featureflags+json"
TOOLS_TYPE = "application/vnd.canvas.contextexternaltools+json"


def _numbered(api: Api) -> Account | Course | None:
    """The account or course of the path, by numeric id only."""
    params = api.call.path_params
    table, name = ("courses", "course_id") if "course_id" in params else ("accounts", "account_id")
    record: Account | Course | None = getattr(api.store, table).get(local_number(api.slot(name)) or 0)
    return record if record is not None and record.workflow_state != "deleted" else None


def _account(api: Api, scope: str) -> Account:
    """The account of the path, by its LTI id only. Raises the refusals for these services."""
    reference = api.slot("account_id")
    found = next((account for account in api.store.accounts if places.opaque("account", account.id) == reference), None)
    key = require_at(api, found, SCOPES + scope)
    assert found is not None
    tool_of(api, key, found)
    return found


def lookup(api: Api) -> Response:
    """An account."""
    found = _numbered(api)
    require_service(api.call, f"{SCOPES}account_lookup/scope/show", account_id=found.id if found is not None else None)
    if not isinstance(found, Account):
        raise refusals.not_found("the account", api.slot("account_id"))
    return reply(api, accounts.brief(api, found), headers=typed(ACCOUNT_TYPE))


def feature_flag(api: Api) -> Response:
    """The state of a feature for an account or course: the decision, else Canvas's default."""
    owner = _numbered(api)
    key = require_at(api, owner, f"{SCOPES}feature_flags/scope/show")
    assert owner is not None
    tool_of(api, key, owner)
    found = features.lookup(api, owner, api.slot("feature"), shown=True)
    if found is None:
        raise refusals.not_found("the feature", api.slot("feature"))
    stands: Json = {"feature": found.feature.name, "state": found.state}
    if found.owner is not None:
        kind, number = found.owner
        kept = found.record
        moments = (kept.created_at, kept.updated_at) if kept is not None else (None, None)
        stands |= {"id": kept.id if kept is not None else None, "context_id": number, "context_type": kind}
        stands = {"feature_flag": {**stands, "created_at": when(moments[0]), "updated_at": when(moments[1])}}
    return reply(api, stands, headers=typed(FLAGS_TYPE))


# the tools of an account


def index(api: Api) -> Response:
    """The tools of an account by name."""
    account = _account(api, "account_external_tools/scope/list")

    def shape(tool: Any) -> Json:
        return tool_shapes.external_tool(api, tool, account)

    return paged(api, tools.installed(api.store, account), shape, host=False, headers=typed(TOOLS_TYPE))


def show(api: Api) -> Response:
    """A tool of an account."""
    account = _account(api, "account_external_tools/scope/show")
    shown = tool_shapes.external_tool(api, tool_in(api, account), account)
    return reply(api, shown, headers=typed(TOOLS_TYPE))


def create(api: Api) -> Response:
    """Install the tool of a key in an account."""
    account = _account(api, "account_external_tools/scope/create")
    tool = of_key(api, account)
    try:
        shown = install(api, account, tool, unique=api.params.flag("verify_uniqueness"))
    except SiteRefusal as refusal:
        refusal.headers |= typed(TOOLS_TYPE)
        raise
    return reply(api, shown, headers=typed(TOOLS_TYPE))


def delete(api: Api) -> Response:
    """Delete a tool of an account."""
    account = _account(api, "account_external_tools/scope/destroy")
    return reply(api, remove(api, account, tool_in(api, account)), headers=typed(TOOLS_TYPE))


# streams of data


def streamed(right: str) -> Handler:
    """The answer of a data stream service: this site has no streams, so Canvas fails after authorization."""

    def serve(api: Api) -> None:
        """Refuse callers who may not manage data streams; for the others, Canvas fails."""
        _account(api, f"data_services/scope/{right}")
        raise refusals.crashed("the site has no service for streams of data")

    return serve


ROUTES: tuple[Route, ...] = service(
    "lti services",
    f"{RECORDED}/lti-misc.jsonl 7, 9, 16, 42, 43, 49, 55, 58, 62; "
    "canvas-lms app/controllers/lti/account_external_tools_controller.rb",
    ("GET /api/lti/accounts/{account_id}", lookup, "An account"),
    *(
        (f"GET /api/lti/{place}/feature_flags/{{feature}}", feature_flag, "The state of a feature")
        for place in ("accounts/{account_id}", "courses/{course_id}")
    ),
    ("GET /api/lti/accounts/{account_id}/external_tools", index, "The tools of an account"),
    ("POST /api/lti/accounts/{account_id}/external_tools", create, "Install a tool in an account"),
    ("GET /api/lti/accounts/{account_id}/external_tools/{external_tool_id}", show, "A tool of an account"),
    ("DELETE /api/lti/accounts/{account_id}/external_tools/{external_tool_id}", delete, "Delete a tool"),
    ("GET /api/lti/accounts/{account_id}/data_services", streamed("list"), "Data streams"),
    ("POST /api/lti/accounts/{account_id}/data_services", streamed("create"), "Create a data stream"),
    ("GET /api/lti/accounts/{account_id}/data_services/{id}", streamed("show"), "A data stream"),
    ("PUT /api/lti/accounts/{account_id}/data_services/{id}", streamed("update"), "Change a data stream"),
    (
        "DELETE /api/lti/accounts/{account_id}/data_services/{id}",
        streamed("destroy"),
        "Delete a data stream",
    ),
    ("GET /api/lti/accounts/{account_id}/event_types", streamed("list_event_types"), "Data stream event types"),
)
