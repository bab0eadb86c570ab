"""Asset processors at Brightspace: notices of submitted work, and launches about it.

Sources: https://community.d2l.com/brightspace/kb/articles/33083 (text and files, of individuals; terms once for each
deployment, by a link of the organization); messages after 1EdTech Asset Processor 1.0 and EULA. All addresses are
chosen: tools read them from messages.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.processors import described
from lms_emulator.providers.brightspace import rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import claims, variables
from lms_emulator.providers.brightspace.lti.notices import NOTICES
from lms_emulator.providers.brightspace.model import (
    Asset,
    AssetProcessor,
    Deployment,
    DropboxFolder,
    DropboxSubmission,
    OrgUnit,
    User,
)
from lms_emulator.providers.brightspace.wire import when
from lms_emulator.signing import lti13

_SERVICE = "/d2l/api/lti/ap/1.0/assetprocessor/{assetProcessorId}"
ASSETS_PATH, REPORTS_PATH = f"{_SERVICE}/assets/{{assetId}}", f"{_SERVICE}/reports"
TERMS_PATH = "/d2l/api/lti/eula/1.0/deployment/{deploymentId}"


def deployment_of(call: Call, processor: AssetProcessor) -> Deployment:
    """The deployment of a processor."""
    found = call.store.deployments.get(processor.deployment_id)
    assert found is not None, "processors are deleted with their deployment"
    return found


def offered(call: Call, deployment: Deployment) -> bool:
    """Whether a deployment processes assets: enabled, as is its registration, and both have the extension."""
    enabled = deployment.enabled and claims.registration(call, deployment).enabled
    return enabled and claims.offers(call, deployment, "asset_processor")


def of_folder(call: Call, folder: DropboxFolder) -> list[AssetProcessor]:
    """The processors of a folder that are in use."""
    found = call.store.asset_processors.find("folder", folder.id)
    return [processor for processor in found if processor.enabled and offered(call, deployment_of(call, processor))]


def content(call: Call, asset: Asset) -> tuple[bytes, str, str | None]:
    """The bytes of an asset, their media type, and the name of the file if it is one."""
    work = call.store.dropbox_submissions.get(asset.submission_id)
    assert work is not None, "submissions stay"
    file = next((submitted_file for submitted_file in work.files if submitted_file.file_id == asset.file_id), None)
    if file is not None:
        # learners name the type: what no header can carry is not told
        kind = file.content_type if file.content_type.isascii() else "application/octet-stream"
        return file.content, kind, file.file_name
    return work.text.encode(), "text/html", None


def activity(folder: DropboxFolder) -> dict[str, str]:
    """The `activity` claim."""
    return {"id": str(folder.id), "title": folder.name}


def handed_in(call: Call, unit: OrgUnit, folder: DropboxFolder, work: DropboxSubmission, user: User) -> None:
    """Notify the processors of a folder about a submission."""
    processors = of_folder(call, folder)
    if not processors:
        return
    wanted: list[int | None] = [file.file_id for file in work.files] or [None]
    assets = [
        call.store.assets.put(Asset(id=call.ids.uuid(), submission_id=work.id, file_id=number)) for number in wanted
    ]
    for processor in processors:
        deployment = deployment_of(call, processor)
        if lti13.SUBMISSION_NOTICE in claims.notice_types(call, deployment):
            _notify(call, unit, folder, work, user, processor, deployment, assets)


def _notify(
    call: Call,
    unit: OrgUnit,
    folder: DropboxFolder,
    work: DropboxSubmission,
    user: User,
    processor: AssetProcessor,
    deployment: Deployment,
    assets: list[Asset],
) -> None:
    at, role = when(work.submitted_at), rules.role_in(call, user, unit.id)
    address = {"assetProcessorId": processor.id}
    scene = variables.Scene(call, user, unit, deployment, None)
    rows = []
    for asset in assets:
        data, kind, name = content(call, asset)
        url = call.url(ASSETS_PATH.format(**address, assetId=asset.id))
        rows.append(described(asset.id, url, data, kind, at, name))
    said: dict[str, Any] = {
        **({"context": claims.context(unit)} if deployment.send_org_unit else {}),
        "roles": claims.all_roles(role) if role is not None and not deployment.anonymous else [],
        "custom": variables.expanded(scene, {**deployment.custom, **processor.custom}),
        "eulaservice": terms_claim(call, deployment),
        "for_user": {"user_id": claims.subject(user, deployment)},
        "assetreport": {"scope": [lti13.SCOPE_REPORTS], "report_url": call.url(REPORTS_PATH.format(**address))},
        "assetservice": {"scope": [lti13.SCOPE_ASSETS], "assets": rows},
        "activity": activity(folder),
        "submission": {"id": str(work.id)},
    }
    about = {f"{lti13.CLAIM}{name}": value for name, value in said.items()}
    NOTICES.send(call, deployment, lti13.SUBMISSION_NOTICE, call.clock.now(), about)


# terms


def terms_claim(call: Call, deployment: Deployment) -> dict[str, Any]:
    """The claim about the EULA service."""
    scopes = [lti13.SCOPE_TERMS, lti13.SCOPE_TERMS_AT_ALL]
    return {"url": call.url(TERMS_PATH.format(deploymentId=deployment.id)), "scope": scopes}


def unaccepted(call: Call, folder: DropboxFolder, user: User) -> list[Deployment]:
    """The deployments that process a folder and whose terms a user has not accepted."""
    found = {processor.deployment_id: deployment_of(call, processor) for processor in of_folder(call, folder)}
    return [deployment for deployment in found.values() if _asks(call, deployment, user)]


def _asks(call: Call, deployment: Deployment, user: User) -> bool:
    if deployment.eula_url is None or deployment.eula_required is False:
        return False
    said = call.store.eula_acceptances.first("whose", (deployment.id, user.id))
    return said is None or not said.accepted
