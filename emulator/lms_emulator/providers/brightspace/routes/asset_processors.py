"""LTI services of asset processors: submitted work, reports on it, and terms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route, family
from lms_emulator.lti.processors import MEMBERS, faults, why_nobody
from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import processors, sharing
from lms_emulator.providers.brightspace.lti.services import AGS, Place, own_deployment, require_own
from lms_emulator.providers.brightspace.lti.tokens import require_service
from lms_emulator.providers.brightspace.model import (
    Asset,
    AssetProcessor,
    AssetReport,
    Deployment,
    EulaAcceptance,
    User,
)
from lms_emulator.providers.brightspace.wire import when
from lms_emulator.signing import lti13

SPECIFICATION = "https://www.imsglobal.org/spec/lti-ap/v1p0/main/"
GUIDE = "https://community.d2l.com/brightspace/kb/articles/33083"


def _processor(call: Call, scope: str) -> AssetProcessor:
    """The processor of the path, which must be the caller's own. Raises the refusal."""
    tool = require_service(call, any_of=(scope,))
    processor = call.store.asset_processors.get(call.path_params["assetProcessorId"])
    if processor is None or not processor.enabled or not processors.deployment_of(call, processor).enabled:
        raise _missing("asset_processor_unknown", "the asset processor is in use", call.path_params["assetProcessorId"])
    require_own(call, processors.deployment_of(call, processor), tool, "asset_processor")
    return processor


def _missing(reason: str, check: str, got: Any, why: str | None = None) -> SiteRefusal:
    return refusals.lti_service(reason, 404, "Resource not found", check=check, got=got, diagnosis=why)


def _invalid(name: str, expected: object, got: Any) -> SiteRefusal:
    detail = f"{name} is missing or invalid"
    return refusals.lti_service("asset_report_invalid", 400, detail, check=name, expected=expected, got=got)


def _asset(call: Call, processor: AssetProcessor, reference: object) -> Asset | None:
    """The asset with that id, if it was submitted to the processor's folder."""
    found = call.store.assets.get(reference) if isinstance(reference, str) else None
    work = call.store.dropbox_submissions.get(found.submission_id) if found is not None else None
    return found if work is not None and work.folder_id == processor.folder_id else None


def show_asset(call: Call) -> Response:
    """GET …/assetprocessor/{assetProcessorId}/assets/{assetId}: a submitted file or text."""
    processor = _processor(call, lti13.SCOPE_ASSETS)
    found = _asset(call, processor, call.path_params["assetId"])
    if found is None:
        raise _missing(
            "asset_unknown", "the asset was submitted to the processor's folder", call.path_params["assetId"]
        )
    data, kind, _ = processors.content(call, found)
    return Response(data, 200, {"Content-Disposition": "attachment"}, media_type=kind)


def _moment(body: dict[str, Any]) -> datetime:
    sent = body.get("timestamp")
    try:
        if isinstance(sent, str):
            return parse_instant(sent)
    except ValueError:
        pass
    raise _invalid("timestamp", "a time of ISO 8601", sent)


def _object(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise _invalid("body", "a JSON object", body)
    return body


def create_report(call: Call) -> Response:
    """POST …/assetprocessor/{assetProcessorId}/reports: the newest report of each type counts."""
    processor, body = _processor(call, lti13.SCOPE_REPORTS), _object(call)
    kind, at, asset = body.get("type"), _moment(body), _asset(call, processor, body.get("assetId"))
    if not isinstance(kind, str) or not kind:
        raise _invalid("type", "the type of the report", kind)
    if asset is None:
        raise _invalid("assetId", "an asset that was submitted to the processor's folder", body.get("assetId"))
    texts = {name: body.get(name) for name in MEMBERS}
    wrong = [name for name, text in texts.items() if text is not None and not isinstance(text, str)]
    priority = body.get("priority")
    whole = isinstance(priority, int) and not isinstance(priority, bool)
    wrong += faults({n: str(t) for n, t in texts.items() if t is not None}, str(priority) if whole else None)
    shown = body.get("visibleToOwner", False)
    wrong += [] if isinstance(shown, bool) else ["visibleToOwner"]
    if wrong:
        raise _invalid(wrong[0], "as 1EdTech's Asset Report has it", body.get(wrong[0]))
    before = [old for old in call.store.asset_reports.find("what", (processor.id, asset.id)) if old.report_type == kind]
    if any(old.timestamp > at for old in before):
        detail = "A newer report exists"
        raise refusals.lti_service("asset_report_older", 409, detail, check="the report is the newest", got=when(at))
    call.reads.whole()  # what else a report tells is kept with it
    for old in before:
        call.store.asset_reports.delete(old.id)
    made = AssetReport(
        id=call.store.next_number("asset_reports"),
        asset_processor_id=processor.id,
        asset_id=asset.id,
        report_type=kind,
        timestamp=at,
        said=dict(body),
    )
    return JSONResponse(call.store.asset_reports.put(made).said, 201)


# terms


def _deployment(call: Call, scope: str) -> Deployment:
    return own_deployment(call, "asset_processor", scope)


def require_terms(call: Call) -> Response:
    """PUT …/eula/1.0/deployment/{deploymentId}/deployment: whether people must accept the tool's terms."""
    found, wanted = _deployment(call, lti13.SCOPE_TERMS_AT_ALL), _object(call).get("eulaRequired")
    if not isinstance(wanted, bool):
        raise _invalid("eulaRequired", "true or false", wanted)
    call.store.deployments.put(replace(found, eula_required=wanted))
    return JSONResponse({"eulaRequired": wanted})


def take_terms(call: Call) -> Response:
    """POST …/eula/1.0/deployment/{deploymentId}/user: whether somebody accepted the tool's terms."""
    found, body = _deployment(call, lti13.SCOPE_TERMS), _object(call)
    at, accepted, user = _moment(body), body.get("accepted"), _person(call, found, body.get("userId"))
    if not isinstance(accepted, bool):
        raise _invalid("accepted", "true or false", accepted)
    if user is None:
        sent = body.get("userId")
        raise _missing("terms_of_nobody", "userId is the sub of somebody", sent, why_nobody(sent))
    before = call.store.eula_acceptances.find("whose", (found.id, user.id))
    if any(old.timestamp >= at for old in before):
        detail = "A newer acceptance exists"
        raise refusals.lti_service("terms_older", 409, detail, check="the acceptance is the newest", got=when(at))
    for old in before:
        call.store.eula_acceptances.delete(old.id)
    number = call.store.next_number("eula_acceptances")
    call.store.eula_acceptances.put(
        EulaAcceptance(id=number, deployment_id=found.id, user_id=user.id, accepted=accepted, timestamp=at)
    )
    return JSONResponse({"userId": body["userId"], "accepted": accepted, "timestamp": when(at)}, 201)


def _person(call: Call, deployment: Deployment, reference: object) -> User | None:
    """Somebody by the `sub` that the deployment knows; if it is anonymous, among the members of its org units."""
    units = [unit for unit in call.store.org_units if sharing.reaches(call, deployment, unit)]
    found = (AGS.person(call, Place(deployment, unit), str(reference)) for unit in units)
    return next((user for user in found if user is not None), None)


def forget_terms(call: Call) -> Response:
    """DELETE …/eula/1.0/deployment/{deploymentId}/user: everybody has to accept the tool's terms again."""
    for old in call.store.eula_acceptances.find("deployment", _deployment(call, lti13.SCOPE_TERMS).id):
        call.store.eula_acceptances.delete(old.id)
    return Response(status_code=204)


ROUTES: tuple[Route, ...] = family(
    "lti services",
    f"{SPECIFICATION}; {GUIDE} (addresses are chosen)",
    "inferred",
    (f"GET {processors.ASSETS_PATH}", show_asset, "A submitted file or text, for an asset processor"),
    (f"POST {processors.REPORTS_PATH}", create_report, "Report on an asset"),
    (f"PUT {processors.TERMS_PATH}/deployment", require_terms, "Set whether a tool's terms must be accepted"),
    (f"POST {processors.TERMS_PATH}/user", take_terms, "Record whether somebody accepted a tool's terms"),
    (f"DELETE {processors.TERMS_PATH}/user", forget_terms, "Reset the acceptance of a tool's terms"),
)
