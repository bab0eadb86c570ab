"""REST: reports of accounts."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Account, AccountReport
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules.permissions import account_from_path
from lms_emulator.providers.canvas.rules.reports import runs
from lms_emulator.providers.canvas.shapes import Json, files


def _account(api: Api) -> Account:
    _ = api.user
    return account_from_path(api, "read_reports")


def _shape(api: Api, record: AccountReport) -> Json:
    file = api.store.attachments.get(record.attachment_id or 0)
    place = f"/accounts/{record.account_id}/files"
    body: Json = {
        "id": record.id,
        "progress": record.progress,
        "parameters": record.parameters,
        "current_line": record.current_line,
        "status": record.workflow_state,
        "report": record.report_type,
        "created_at": stamp(record.created_at),
        "started_at": when(record.started_at),
        "ended_at": when(record.ended_at),
        "file_url": api.url(f"{place}/{file.id}/download") if file is not None else None,
    }
    return body if file is None else {**body, "attachment": files.file(api, file)}


def _runs(api: Api, account: Account, report: str) -> list[AccountReport]:
    rows = api.store.account_reports.find("account", account.id)
    rows = [row for row in rows if row.report_type == report and row.workflow_state != "deleted"]
    return sorted(rows, key=lambda account_report: -account_report.id)


def available(api: Api) -> Any:
    """The reports that there are, with their parameters and their newest runs."""
    account = _account(api)
    found: list[Json] = []
    for report, (title, parameters) in runs.available().items():
        last = next(iter(_runs(api, account, report)), None)
        shown = _shape(api, last) if last is not None else None
        found.append({"title": title, "parameters": parameters, "report": report, "last_run": shown})
    return found


def index(api: Api) -> Any:
    """The runs of a report, newest first."""
    account = _account(api)
    path = f"/api/v1/accounts/{account.id}/reports/{api.slot('report')}"
    return paged(api, _runs(api, account, api.slot("report")), lambda report: _shape(api, report), path=path)


def create(api: Api) -> Any:
    """Run a report."""
    account = _account(api)
    report = api.slot("report")
    if report not in runs.available():
        raise refusals.not_found("the report", report)
    parameters = api.params.get("parameters")
    sent = dict(parameters) if isinstance(parameters, dict) else {}
    return _shape(api, runs.begin(api, account, report, sent))


def _run(api: Api) -> AccountReport:
    account = _account(api)
    return identifiers.pick(_runs(api, account, api.slot("report")), api.slot("id"), "the run of the report")


def show(api: Api) -> Any:
    """A run of a report."""
    return _shape(api, _run(api))


def destroy(api: Api) -> Any:
    """Delete a run of a report."""
    return _shape(api, api.store.account_reports.put(replace(_run(api), workflow_state="deleted")))


def abort(api: Api) -> Any:
    """Cancel a queued run."""
    record = _run(api)
    if record.workflow_state == "created":
        record = replace(record, workflow_state="aborted", ended_at=api.now, updated_at=api.now)
        api.store.account_reports.put(record)
    return _shape(api, record)


REPORTS = "/api/v1/accounts/{account_id}/reports"
ROUTES: tuple[Route, ...] = rest(
    "account reports",
    f"{RECORDED}/people-account-tools.jsonl 0, 4, 6, 34, 40; canvas-lms app/controllers/account_reports_controller.rb",
    (f"GET {REPORTS}", available, "Available reports"),
    (f"GET {REPORTS}/{{report}}", index, "Runs of a report"),
    (f"POST {REPORTS}/{{report}}", create, "Run a report"),
    (f"GET {REPORTS}/{{report}}/{{id}}", show, "A run of a report"),
    (f"DELETE {REPORTS}/{{report}}/{{id}}", destroy, "Delete a run of a report"),
    (f"PUT {REPORTS}/{{report}}/{{id}}/abort", abort, "Cancel a report"),
)
