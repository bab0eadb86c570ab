"""A tool as a document processor of Canvas, for assignments and for discussions."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contract_tests.canvas.lti import KEY, assertion, service, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, KeySite, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

SPEC = "https://purl.imsglobal.org/spec/lti/scope/"
NOTICES, ASSETS, REPORTS = (f"{SPEC}{name}" for name in ("noticehandlers", "asset.readonly", "report"))
TERMS, TERMS_AT_ALL = f"{SPEC}eula/user", f"{SPEC}eula/deployment"
EULA = "/api/lti/asset_processor_eulas/77"
PLACEMENT = {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST}
PROCESSOR = {"id": 5, "assignment_id": 2, "tool_id": 77, "url": f"{LAUNCH}?settings=1", "custom": {"mode": "$User.id"}}
REPORT = {"type": "originality", "timestamp": "2026-11-01T10:00:00Z", "priority": 3, "processingProgress": "Processed"}


def with_processor(world: dict[str, Any]) -> dict[str, Any]:
    """A world with the tool as a document processor of the essay, which takes texts and files."""
    section = world["canvas"]
    key = next(developer_key for developer_key in section["developer_keys"] if developer_key["id"] == KEY)
    key["scopes"] += [NOTICES, ASSETS, REPORTS, TERMS, TERMS_AT_ALL]
    terms = {"type": "LtiEulaRequest", "enabled": True, "target_link_uri": f"{LAUNCH}?terms=1"}
    installed = next(tool for tool in section["tools"] if tool["id"] == 77)
    domain = urlsplit(key["public_jwk_url"]).netloc
    installed |= {"domain": domain, "settings": {"ActivityAssetProcessor": PLACEMENT, "course_navigation": {}}}
    installed["settings"]["message_settings"] = [{**terms, "custom_fields": {"about": "terms"}}]
    essay = next(assignment for assignment in section["assignments"] if assignment["id"] == 2)
    essay |= {"submission_types": ["online_text_entry", "online_upload"], "published": True}
    essay["lti_context_id"] = "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"
    section["asset_processors"] = [{**PROCESSOR, "report": {"url": f"{LAUNCH}?report=1", "custom": {"seen": "yes"}}}]
    return world


@pytest.fixture
def site(canvas: Site, tool: Tool) -> Site:
    """The tool as a document processor."""
    canvas.lms.load(with_processor(json.loads(json.dumps(canvas.lms.dump(), default=str))))
    return canvas


def caller(site: Site, tool: Tool, *scopes: str) -> httpx.Client:
    return site.api(service(site, assertion(site, tool), " ".join(scopes)).json()["access_token"])


def message(site: Site, tool: Tool, path: str, who: str = "teacher") -> dict[str, Any]:
    """The claims of the launch when somebody opens a page."""
    browser = signed_in(site, who)
    _, fields = posted(browser, tool.login(initiation(browser, path)))
    return {name.removeprefix(lti13.CLAIM): value for name, value in jwt.read(fields["id_token"]).claims.items()}


def submission_notice(site: Site, tool: Tool, keys: KeySite, body: str = "<p>Steam</p>") -> dict[str, Any]:
    """The notice that the processor gets of a text."""
    wanted = {"notice_type": "LtiAssetProcessorSubmissionNotice", "handler": f"{keys.url}/told"}
    assert caller(site, tool, NOTICES).put("/api/lti/notice-handlers/77", json=wanted).status_code == 200
    sent = {"submission": {"submission_type": "online_text_entry", "body": body}}
    assert site.student.post("/api/v1/courses/1/assignments/2/submissions", json=sent).status_code == 201
    (notice,) = [sent for sent in site.lms.outbox.webhooks if sent.kind == wanted["notice_type"]][-1].data["notices"]
    return {name.removeprefix(lti13.CLAIM): value for name, value in jwt.read(notice["jwt"]).claims.items()}


TOPIC = "/api/v1/courses/1/discussion_topics"
CONTRIBUTION = "LtiAssetProcessorContributionNotice"


def with_discussion(site: Site) -> str:
    """Make a graded discussion that the tool processes; its entries' path."""
    sent = {"title": "Steam", "published": True, "assignment": {"points_possible": 5}}
    made = site.teacher.post(TOPIC, json=sent)
    assert made.status_code == 200, made.text
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    world["canvas"]["asset_processors"].append({**PROCESSOR, "id": 6, "assignment_id": made.json()["assignment_id"]})
    site.lms.load(world)
    return f"{TOPIC}/{made.json()['id']}/entries"


@pytest.fixture
def discussion(site: Site, tool: Tool, keys: KeySite) -> str:
    """A graded discussion that the tool processes, and asked for notices of; its entries' path."""
    entries = with_discussion(site)
    wanted = {"notice_type": CONTRIBUTION, "handler": f"{keys.url}/told"}
    assert caller(site, tool, NOTICES).put("/api/lti/notice-handlers/77", json=wanted).status_code == 200
    return entries


def contributions(site: Site) -> list[dict[str, Any]]:
    """The processor's notices about the discussion, oldest first."""
    sent = [webhook.data["notices"][0]["jwt"] for webhook in site.lms.outbox.webhooks if webhook.kind == CONTRIBUTION]
    return [{n.removeprefix(lti13.CLAIM): v for n, v in jwt.read(value).claims.items()} for value in sent]
