"""Basic Outcomes: tools read, replace and delete the results of LTI 1.1 links."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route, family
from lms_emulator.lti.outcomes import OPERATIONS, envelope, read_envelope, why_operation, why_unread
from lms_emulator.providers.brightspace import rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import outcomes
from lms_emulator.providers.brightspace.lti.legacy import OUTCOMES


def outcome(call: Call) -> Response:
    """POST /d2l/le/lti/Outcome: one operation; the grade item is made for the first score of a link."""
    signed = outcomes.require_signed(call)
    asked = read_envelope(call.body)
    if not call.check("the body is an envelope", asked.operation is not None):
        check = "imsx_POXBody holds a request"
        raise outcomes.failed(call, asked, "unreadable", "The request is invalid", check, diagnosis=why_unread(call))
    known = ", ".join(f"{operation}Request" for operation in OPERATIONS)
    if not call.check(f"the operation is one of {known}", asked.operation in OPERATIONS, got=asked.operation):
        text = "The operation is not supported"
        why = why_operation(asked.operation)
        raise outcomes.failed(
            call, asked, "operation_unsupported", text, f"one of {known}", got=asked.operation, diagnosis=why
        )
    cell = outcomes.cell(call, asked, signed)
    share = outcomes.score(call, asked) if asked.operation == "replaceResult" else None
    column = outcomes.column(call, asked, cell, create=share is not None)
    if column is not None and asked.operation == "readResult":
        value = call.store.grade_values.first("cell", (column.id, cell.user.id))
        points = value.points if value is not None else None
        share = points / column.max_points if points is not None and column.max_points else None
    elif column is not None:
        rules.put_value(call, column, cell.user.id, share * column.max_points if share is not None else None)
    text = f"{asked.operation} of {asked.sourced_id}"
    body = envelope(asked, "success", text, identifier=call.ids.uuid(), score=share)
    return Response(body, media_type="application/xml")


ROUTES: tuple[Route, ...] = family(
    "lti",
    "Brightspace/sample-LTI-WHMIS-quiz gradeSubmit.php; UW-Madison-DoIT/lti-proxy docs/launchParams.md",
    "observed",
    (f"POST {OUTCOMES}", outcome, "Results of LTI 1.1 links"),
)
