"""A tool as an asset processor of Brightspace."""

from __future__ import annotations

import json
from typing import Any

import httpx

from contract_tests.brightspace.lti import CLIENT, DEPLOYMENT, assertion, launched, service, signed_in
from contract_tests.brightspace.support import Site
from contract_tests.lms_site import Browser
from contract_tests.lti_tool import LAUNCH, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

PROCESSOR = "a55e7000-0000-4000-8000-00000000a001"
PAGE = "/d2l/le/lti/6836/assignments/701"
ONE = f"/d2l/le/lti/6836/assetprocessor/{PROCESSOR}"
TERMS = f"/d2l/le/lti/6836/eula/{DEPLOYMENT}"
FOLDER = "/d2l/api/le/1.79/6836/dropbox/folders/701"
EXTENSIONS = ["ags", "nrps", "deep_linking", "notices", "asset_processor"]
REPORT = {"type": "originality", "timestamp": "2026-11-01T10:00:00Z", "priority": 3, "processingProgress": "Processed"}


def with_processor(brightspace: Site, **changes: Any) -> Site:
    """The tool as a processor of the essay. Parameters: `changes`, of the deployment."""
    world = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    section = world["brightspace"]
    next(row for row in section["registrations"] if row["client_id"] == CLIENT)["extensions"] = EXTENSIONS
    deployment = next(item for item in section["deployments"] if item["id"] == DEPLOYMENT)
    deployment |= {"extensions": EXTENSIONS, "eula_url": f"{LAUNCH}?terms=1", **changes}
    processor = {"id": PROCESSOR, "folder_id": 701, "deployment_id": DEPLOYMENT, "title": "Checks"}
    processor |= {"url": f"{LAUNCH}?settings=1", "custom": {"mode": "$User.username"}}
    section["asset_processors"] = [{**processor, "report": {"url": f"{LAUNCH}?report=1", "custom": {"seen": "yes"}}}]
    brightspace.lms.load(world)
    return brightspace


def caller(site: Site, tool: Tool, *scopes: str) -> httpx.Client:
    wanted = scopes or lti13.FURTHER_SCOPES
    answer = service(site, assertion(site, tool), " ".join(wanted))
    assert answer.status_code == 200, answer.text
    return site.api(answer.json()["access_token"])


def message(site: Site, tool: Tool, page: str, who: str = "instructor") -> dict[str, Any]:
    """The claims of the launch when somebody opens a page."""
    return claims_of(signed_in(site, who), tool, page)


def claims_of(browser: Browser, tool: Tool, page: str) -> dict[str, Any]:
    """The claims of the launch when a page is opened in a browser."""
    _, fields = posted(browser, tool.login(initiation(browser, page)))
    return short(jwt.read(fields["id_token"]).claims)


def short(claims: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(lti13.CLAIM): value for name, value in claims.items()}


def subscribe(site: Site, tool: Tool, handler: str, kind: str = lti13.SUBMISSION_NOTICE) -> None:
    """Ask for notices, at the address that a launch tells."""
    handlers = launched(site, tool).get_launch_data()[lti13.NOTICES_CLAIM]["platform_notification_service_url"]
    answer = caller(site, tool).put(handlers, json={"notice_type": kind, "handler": handler})
    assert answer.status_code == 200, answer.text


def submit_text(site: Site, text: str, who: str = "student") -> httpx.Response:
    browser = signed_in(site, who)
    return browser.submit(browser.get(PAGE), text=text)


def submit_file(
    site: Site, data: bytes, name: str = "essay.txt", who: str = "student", **changes: Any
) -> httpx.Response:
    """By REST, as D2L documents it: multipart/mixed, with a comment first."""
    api = site.api(site.tokens(who, scope="dropbox:folders:*")["access_token"])
    comment = json.dumps(changes.get("comment", {"Text": "Here", "Html": None})).encode()
    file = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="essay.txt"\r\nContent-Type: text/plain\r\n\r\n'
    )
    body = b"--x\r\nContent-Type: application/json\r\n\r\n" + comment + b"\r\n"
    body += (file.encode() + data + b"\r\n" if changes.get("file", True) else b"") + b"--x--\r\n"
    kind = changes.get("kind", "multipart/mixed; boundary=x")
    body = changes.get("body", body)
    return api.post(f"{FOLDER}/submissions/mysubmissions/", content=body, headers={"Content-Type": kind})


def notices_of(site: Site) -> list[dict[str, Any]]:
    """The notices of submitted work, oldest first, without a check of their signatures."""
    sent = [row.data["notices"][0]["jwt"] for row in site.lms.outbox.webhooks if row.kind == lti13.SUBMISSION_NOTICE]
    return [short(jwt.read(value).claims) for value in sent]
