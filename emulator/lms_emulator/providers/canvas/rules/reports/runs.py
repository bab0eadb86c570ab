"""Running a report.

Source: canvas-lms lib/account_reports.rb and app/models/account_report.rb (2023-06), and
fixtures/recordings/canvas/people-account-tools.jsonl 4-42.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, AccountReport, Attachment
from lms_emulator.providers.canvas.rules import attached, contexts, csv_files, files
from lms_emulator.providers.canvas.rules.reports import competence, equipment, grades, provisioning, tables
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope

FAILED = "Failed, the report failed to generate a file. Please try again."
MAKERS: dict[str, Callable[[Scope], Made]] = {
    "grade_export_csv": grades.export,
    "mgp_grade_export_csv": grades.by_periods,
    "last_user_access_csv": tables.last_access,
    "last_enrollment_activity_csv": tables.last_activity,
    "outcome_export_csv": competence.export,
    "outcome_results_csv": competence.results,
    "student_assignment_outcome_map_csv": competence.competency,
    "provisioning_csv": partial(provisioning.made, sis=False),
    "sis_export_csv": partial(provisioning.made, sis=True),
    "recently_deleted_courses_csv": tables.recently_deleted,
    "students_with_no_submissions_csv": tables.no_submissions,
    "unpublished_courses_csv": tables.unpublished,
    "public_courses_csv": tables.public,
    "course_storage_csv": tables.storage,
    "unused_courses_csv": tables.unused,
    "zero_activity_csv": tables.zero_activity,
    "user_access_tokens_csv": equipment.tokens,
    "lti_report_csv": equipment.tools,
    "developer_key_report_csv": equipment.keys,
    "eportfolio_report_csv": equipment.portfolios,
}
"""The reports that are made here. Of others Canvas has, a run ends in an error, and the journal says why."""


@cache
def available() -> dict[str, tuple[str, dict[str, dict[str, Any]] | None]]:
    """Canvas's reports: the title of each, and its parameters."""
    package = resources.files("lms_emulator.providers.canvas")
    found: dict[str, tuple[str, dict[str, dict[str, Any]] | None]] = {}
    for line in package.joinpath("catalogue/account_reports.tsv").read_text("utf-8").splitlines()[1:]:
        report, title, name, required, description = line.split("\t")
        parameters = found.setdefault(report, (title, {} if name else None))[1]
        if parameters is not None:
            parameters[name] = {"required": required == "required", "description": description}
    return found


def begin(api: Api, account: Account, report: str, parameters: dict[str, Any]) -> AccountReport:
    """A new run, as the client first sees it; it finishes before the next request is answered."""
    made = AccountReport(
        **api.new_row("account_reports"),
        account_id=account.id,
        user_id=api.user.id,
        report_type=report,
        parameters=parameters,
    )
    return api.store.account_reports.put(made)


def run(api: Api, report: AccountReport) -> None:
    """Create a report."""
    account = api.store.accounts.get(report.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    scope = Scope(api, report, account, available().get(report.report_type, ("", None))[1] or ())
    maker = MAKERS.get(report.report_type)
    made = Made({}, "")
    if maker is None:
        api.call.notes["report"] = f"not emulated: {report.report_type}"
    else:
        try:
            made = maker(scope)
        except Refusal as refusal:  # at which Canvas's job fails
            api.call.notes["report"] = f"{refusal.check}: {refusal.got}"
    ended = replace(report, started_at=api.now, ended_at=api.now, updated_at=api.now, progress=100)
    parameters = scope.parameters | {"locale": "en"}
    if not made.files:
        parameters["extra_text"] = FAILED
        api.store.account_reports.put(replace(ended, workflow_state="error", parameters=parameters))
        return
    if made.says:
        parameters["extra_text"] = made.says
    lines = max(len(table) for table in made.files.values())
    file = _file(api, report, account, made)
    done = replace(ended, workflow_state="complete", parameters=parameters, current_line=lines, attachment_id=file.id)
    api.store.account_reports.put(done)


def _file(api: Api, report: AccountReport, account: Account, made: Made) -> Attachment:
    name = f"{report.report_type}_{api.now:%d_%b_%Y}_{report.id}"
    texts = {key: csv_files.written(table) for key, table in made.files.items()}
    if made.packed or len(texts) > 1:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for zip_file, text in texts.items():
                archive.writestr(zipfile.ZipInfo(f"{zip_file}.csv"), text, zipfile.ZIP_DEFLATED)
        name, kind, content = f"{name}.zip", "application/zip", out.getvalue()
    else:
        name = f"{name}{api.now:%Y%m%d}-{api.call.ids.digits(4)}-{api.call.ids.hex(6)}.csv"
        kind, content = "text/csv", next(iter(texts.values())).encode()
    context = contexts.get(api, "Account", account.id)
    folder = files.folder_at(api, context, "Reports")
    same = next((item for item in files.files_in(api.store, folder) if item.content == content), None)
    stored = same.filename if same is not None else name
    file = attached.file(api, "Account", account.id, name, kind, content, filename=stored)
    return api.store.attachments.put(replace(file, folder_id=folder.id, user_id=report.user_id))
