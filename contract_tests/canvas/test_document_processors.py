"""Document processors at Canvas: attaching, notices, reports, opening them; and their terms."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.canvas.lti import KEY, OPEN, assertion, service, signed_in
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
    key = next(one for one in section["developer_keys"] if one["id"] == KEY)
    key["scopes"] += [NOTICES, ASSETS, REPORTS, TERMS, TERMS_AT_ALL]
    terms = {"type": "LtiEulaRequest", "enabled": True, "target_link_uri": f"{LAUNCH}?terms=1"}
    installed = next(one for one in section["tools"] if one["id"] == 77)
    installed |= {"domain": "127.0.0.1", "settings": {"ActivityAssetProcessor": PLACEMENT, "course_navigation": {}}}
    installed["settings"]["message_settings"] = [{**terms, "custom_fields": {"about": "terms"}}]
    essay = next(one for one in section["assignments"] if one["id"] == 2)
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


def told(site: Site, tool: Tool, keys: KeySite, body: str = "<p>Steam</p>") -> dict[str, Any]:
    """The notice that the processor gets of a text."""
    wanted = {"notice_type": "LtiAssetProcessorSubmissionNotice", "handler": f"{keys.url}/told"}
    assert caller(site, tool, NOTICES).put("/api/lti/notice-handlers/77", json=wanted).status_code == 200
    sent = {"submission": {"submission_type": "online_text_entry", "body": body}}
    assert site.student.post("/api/v1/courses/1/assignments/2/submissions", json=sent).status_code == 201
    (one,) = [sent for sent in site.lms.outbox.webhooks if sent.kind == wanted["notice_type"]][-1].data["notices"]
    return {name.removeprefix(lti13.CLAIM): value for name, value in jwt.read(one["jwt"]).claims.items()}


def test_a_tool_is_chosen_for_an_assignment_in_the_browser(site: Site, tool: Tool) -> None:
    sealed = site.teacher.get("/api/v1/courses/1/assignments/2").json()["secure_params"]
    page = f"{OPEN}/resource_selection?placement=ActivityAssetProcessor&secure_params={sealed}"
    said = message(site, tool, page)
    asked = said[f"{lti13.DL_CLAIM}deep_linking_settings"]
    assert asked["accept_types"] == ["ltiAssetProcessor"]
    assert (asked["accept_multiple"], asked["auto_create"], "accept_media_types" in asked) == (True, True, False)
    assert said["activity"] == {"id": "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"}
    assert said["eulaservice"] == {"url": f"{site.url}{EULA}", "scope": [TERMS, TERMS_AT_ALL]}
    item = {"context_external_tool_id": 77, "title": "Checks", "custom": {"level": 2}, "report": {"url": LAUNCH}}
    sent = {"assignment": {"asset_processors": [{"existing_id": 5}, {"new_content_item": item}]}}
    path = "/api/v1/courses/1/assignments/2"
    assert site.teacher.put(path, json=sent).status_code == 200
    assert len(site.lms.dump()["canvas"]["asset_processors"]) == 1, "a token adds none"
    assert "asset_processor_ignored" in [one.code for one in list(site.lms.requests)[-1].warnings]
    browser = signed_in(site, "teacher")
    own = {"X-CSRF-Token": unquote(browser.http.cookies["_csrf_token"])}
    answer = browser.http.put(f"{site.url}{path}", json=sent, headers=own)
    assert answer.status_code == 200, answer.text
    kept = site.lms.dump()["canvas"]["asset_processors"]
    assert [(one["title"], one["custom"]) for one in kept[1:]] == [("Checks", {"level": "2"})]
    site.teacher.put(path, json={"assignment": {"asset_processors": []}})
    assert {one["workflow_state"] for one in site.lms.dump()["canvas"]["asset_processors"]} == {"deleted"}


def test_a_processor_gets_a_notice_reads_the_submission_and_reports(site: Site, tool: Tool, keys: KeySite) -> None:
    said = told(site, tool, keys)
    assert said["notice"]["type"] == "LtiAssetProcessorSubmissionNotice"
    assert said["for_user"] == {"user_id": site.info.student.lti_id}
    assert said["custom"]["mode"] == str(site.info.student.id)
    assert said["assetreport"] == {"scope": [REPORTS], "report_url": f"{site.url}/api/lti/asset_processors/5/reports"}
    (asset,) = said["assetservice"]["assets"]
    text = b"<p>Steam</p>"
    assert (asset["size"], asset["content_type"], "filename" in asset) == (len(text), "text/html", False)
    assert asset["sha256_checksum"] == b64encode(hashlib.sha256(text).digest()).decode()
    assert said["submission"]["id"].endswith(":1")
    api = caller(site, tool, ASSETS, REPORTS)
    assert (read := api.get(asset["url"])).content == text
    assert read.headers["content-type"].startswith("text/html")
    report = {
        **REPORT,
        "assetId": asset["asset_id"],
        "title": "Alike",
        "result": "83%",
        "https://tool.test/x": {"a": 1},
    }
    answer = api.post("/api/lti/asset_processors/5/reports", json=report)
    assert (answer.status_code, answer.json()) == (201, {**report, "visibleToOwner": False})
    other = {**report, "type": "ai"}
    assert api.post("/api/lti/asset_processors/5/reports", json=other).status_code == 201
    later = {**report, "timestamp": "2026-11-02T10:00:00Z"}
    assert api.post("/api/lti/asset_processors/5/reports", json=later).status_code == 201
    assert len(site.lms.dump()["canvas"]["asset_reports"]) == 2, "the newest of each type"
    answer = api.post("/api/lti/asset_processors/5/reports", json=report)
    assert (answer.status_code, site.reason) == (409, "report_older")


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"type": ""}, 400, "report_type_invalid"),
        ({"timestamp": "soon"}, 400, "report_timestamp_invalid"),
        ({"assetId": "other"}, 400, "report_asset_invalid"),
        ({"priority": 6}, 422, "record_invalid"),
        ({"indicationColor": "red"}, 422, "record_invalid"),
        ({"processingProgress": ...}, 422, "record_invalid"),
        ({"timestamp": ...}, 400, "parameter_missing"),
    ],
)
def test_a_report_has_to_hold(
    site: Site, tool: Tool, keys: KeySite, changed: dict[str, Any], status: int, reason: str
) -> None:
    (asset,) = told(site, tool, keys)["assetservice"]["assets"]
    sent = {**REPORT, "assetId": asset["asset_id"], **changed}
    api = caller(site, tool, REPORTS)
    good = {name: value for name, value in sent.items() if value is not ...}
    answer = api.post("/api/lti/asset_processors/5/reports", json=good)
    assert (answer.status_code, site.reason) == (status, reason)
    assert not site.lms.dump()["canvas"]["asset_reports"]


def test_the_services_are_for_the_processors_own_tool_and_scopes(site: Site, tool: Tool, keys: KeySite) -> None:
    (asset,) = told(site, tool, keys)["assetservice"]["assets"]
    api = caller(site, tool, REPORTS)
    assert api.get(asset["url"]).status_code == 401, "another scope"
    api = caller(site, tool, ASSETS)
    assert api.get("/api/lti/asset_processors/5/assets/none").status_code == 404
    assert api.get(f"/api/lti/asset_processors/6/assets/{asset['asset_id']}").status_code == 404
    site.lms.settings["canvas.asset_processors"] = False
    assert api.get(asset["url"]).status_code == 404, "a school without them"


def test_settings_and_reports_are_opened(site: Site, tool: Tool, keys: KeySite) -> None:
    said = message(site, tool, "/asset_processors/5/launch")
    assert said["message_type"] == "LtiAssetProcessorSettingsRequest"
    assert said["target_link_uri"] == f"{LAUNCH}?settings=1"
    assert said["activity"]["id"] == "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"
    assert "resource_link" not in said
    assert signed_in(site).get("/asset_processors/5/launch").status_code == 403, "a student"
    (asset,) = told(site, tool, keys)["assetservice"]["assets"]
    api = caller(site, tool, REPORTS)
    made = {**REPORT, "assetId": asset["asset_id"]}
    assert api.post("/api/lti/asset_processors/5/reports", json=made).status_code == 201
    (report,) = site.lms.dump()["canvas"]["asset_reports"]
    page = f"/asset_processors/5/reports/{report['id']}/launch"
    said = message(site, tool, page)
    assert said["message_type"] == "LtiReportReviewRequest"
    assert said["target_link_uri"] == f"{LAUNCH}?report=1"
    assert (said["asset"], said["assetreport_type"]) == ({"id": asset["asset_id"]}, "originality")
    assert said["submission"]["id"].endswith(":1")
    assert said["custom"]["seen"] == "yes"
    assert signed_in(site).get(page).status_code == 403, "not for its student"
    shown = {**made, "timestamp": "2026-11-02T10:00:00Z", "visibleToOwner": True}
    api.post("/api/lti/asset_processors/5/reports", json=shown)
    (report,) = site.lms.dump()["canvas"]["asset_reports"]
    page = f"/asset_processors/5/reports/{report['id']}/launch"
    assert message(site, tool, page, "student")["for_user"] == {"user_id": site.info.student.lti_id}


def test_assets_of_other_tools_and_processors_are_refused(site: Site, tool: Tool, keys: KeySite) -> None:
    (asset,) = told(site, tool, keys)["assetservice"]["assets"]
    api = caller(site, tool, ASSETS, REPORTS, TERMS)
    made = {**REPORT, "assetId": asset["asset_id"]}
    assert api.post("/api/lti/asset_processors/5/reports", json=made).status_code == 201
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    section = world["canvas"]
    (report,) = section["asset_reports"]
    own = next(one for one in section["tools"] if one["id"] == 77)
    other = next(one for one in section["tools"] if one["developer_key_id"] not in (None, own["developer_key_id"]))
    section["tools"].append({**own, "id": 88, "developer_key_id": None, "consumer_key": "k", "shared_secret": "s"})
    mine, theirs = {**PROCESSOR, "id": 6, "assignment_id": 1}, {**PROCESSOR, "id": 7, "tool_id": other["id"]}
    section["asset_processors"] += [mine, theirs]
    site.lms.load(world)
    api, teacher = caller(site, tool, ASSETS, REPORTS, TERMS), signed_in(site, "teacher")
    said = {"userId": site.info.student.lti_id, "accepted": True, "timestamp": "2026-11-01T10:00:00Z"}
    for answer, status, reason in (
        (lambda: api.get(f"/api/lti/asset_processors/6/assets/{asset['asset_id']}"), 400, "asset_of_another"),
        (lambda: api.post("/api/lti/asset_processors/7/reports", json=made), 403, "processor_of_another"),
        (lambda: api.post(f"/api/lti/asset_processor_eulas/{other['id']}/user", json=said), 400, "terms_of_another"),
        (lambda: teacher.get(f"/asset_processors/6/reports/{report['id']}/launch"), 400, "report_of_another"),
        (lambda: teacher.get("/courses/1/external_tools/88/eula_launch"), 400, "tool_of_lti_1"),
    ):
        assert (answer().status_code, site.reason) == (status, reason)
    assert api.get(f"/api/lti/asset_processors/5/assets/{asset['asset_id']}").status_code == 200


def test_a_copied_assignment_names_its_origin(site: Site, tool: Tool) -> None:
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    copied = {"id": 1, "course_id": 1, "kind": "assignments", "asset_id": 1, "migration_id": "m", "source_id": 2}
    world["canvas"]["copied_assets"] = [copied]
    further = {**PROCESSOR, "id": 6, "assignment_id": 1, "custom": {"before": "$Activity.id.history"}}
    world["canvas"]["asset_processors"].append(further)
    site.lms.load(world)
    said = message(site, tool, "/asset_processors/6/launch")
    assert said["custom"]["before"] == "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"


def test_a_eula_is_shown_accepted_and_reset(site: Site, tool: Tool) -> None:
    said = message(site, tool, f"{OPEN}/eula_launch", "student")
    assert said["message_type"] == "LtiEulaRequest"
    assert said["target_link_uri"] == f"{LAUNCH}?terms=1"
    assert said["custom"]["about"] == "terms"
    assert said["eulaservice"]["scope"] == [TERMS, TERMS_AT_ALL]
    assert not {"name", "email", "tool_platform", "launch_presentation", "lis", lti13.AGS_CLAIM} & set(said)
    api = caller(site, tool, TERMS, TERMS_AT_ALL)
    taken = {"userId": said["sub"], "accepted": True, "timestamp": "2026-11-01T10:00:00Z"}
    answer = api.post(f"{EULA}/user", json=taken)
    assert (answer.status_code, answer.json()) == (201, taken)
    assert api.post(f"{EULA}/user", json=taken).status_code == 409
    for changed, status in (({"userId": "nobody"}, 404), ({"timestamp": "soon"}, 400)):
        assert api.post(f"{EULA}/user", json={**taken, **changed}).status_code == status
    assert api.delete(f"{EULA}/user").status_code == 204
    assert not site.lms.dump()["canvas"]["eula_acceptances"]
    answer = api.put(f"{EULA}/deployment", json={"eulaRequired": False})
    assert (answer.status_code, answer.json()) == (200, {"eulaRequired": False})
    assert caller(site, tool, TERMS_AT_ALL).delete(f"{EULA}/user").status_code == 401, "another scope"
    assert api.put("/api/lti/asset_processor_eulas/99/deployment", json={"eulaRequired": True}).status_code == 404


def test_an_assignment_asks_its_students_for_terms_until_they_accept(site: Site, tool: Tool) -> None:
    def asked(who: str = "student") -> list[str]:
        page = signed_in(site, who).get("/courses/1/assignments/2")
        assert page.status_code == 200
        return re.findall(r'href="[^"]*/external_tools/(\d+)/eula_launch"', page.text)

    api = caller(site, tool, TERMS, TERMS_AT_ALL)
    said = {"userId": site.info.student.lti_id, "accepted": False, "timestamp": "2026-11-01T10:00:00Z"}
    assert (asked(), asked("teacher")) == (["77"], [])
    api.post(f"{EULA}/user", json=said)
    assert asked() == ["77"]
    api.post(f"{EULA}/user", json={**said, "accepted": True, "timestamp": "2026-11-02T10:00:00Z"})
    assert asked() == []
    api.delete(f"{EULA}/user")
    assert asked() == ["77"]
    api.put(f"{EULA}/deployment", json={"eulaRequired": False})
    assert asked() == []


def test_a_grader_resends_a_notice_to_a_processor(site: Site, tool: Tool, keys: KeySite) -> None:
    told(site, tool, keys)
    path = f"/api/lti/asset_processors/5/notices/{site.info.student.id}/attempts/latest"
    before = len(site.lms.outbox.webhooks)
    assert site.student.post(path).status_code == 403
    assert site.teacher.post(path).status_code == 204
    assert len(site.lms.outbox.webhooks) == before + 1
    assert site.teacher.post("/api/lti/asset_processors/5/notices/999/attempts/1").status_code == 404
    work = next(one for one in site.lms.dump()["canvas"]["submissions"] if one["assignment_id"] == 2)
    for name, status in ((work["anonymous_id"], 204), ("none1", 404), ("", 404)):
        path = f"/api/lti/asset_processors/5/notices/anonymous:{name}/attempts/latest"
        assert site.teacher.post(path).status_code == status
    assert len(site.lms.outbox.webhooks) == before + 2


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
    sent = [one.data["notices"][0]["jwt"] for one in site.lms.outbox.webhooks if one.kind == CONTRIBUTION]
    return [{n.removeprefix(lti13.CLAIM): v for n, v in jwt.read(one).claims.items()} for one in sent]


def test_a_processor_gets_what_a_student_writes_in_a_discussion(site: Site, tool: Tool, discussion: str) -> None:
    attached = {"attachment": ("note.txt", b"hello", "text/plain")}
    made = site.student.post(discussion, data={"message": "<p>Caf\u00e9</p>"}, files=attached)
    assert made.status_code == 201, made.text
    (said,) = contributions(site)
    assert list(said["contribution"]) == ["id", "created", "updated", "status"]
    assert said["contribution"]["status"] == "Submitted"
    assert said["contribution"]["created"] == made.json()["created_at"]
    assert said["for_user"] == {"user_id": site.info.student.lti_id}
    assert (said["sub"], said["custom"]["mode"]) == (site.info.student.lti_id, str(site.info.student.id))
    assert said["assetreport"] == {"scope": [REPORTS], "report_url": f"{site.url}/api/lti/asset_processors/6/reports"}
    assert said[lti13.AGS_CLAIM]["lineitems"] == f"{site.url}/api/lti/courses/1/line_items"
    text, file = said["assetservice"]["assets"]
    assert said["submission"]["id"].endswith(f":{made.json()['attachment']['id']}")
    assert not {"title", "filename"} & set(text)
    assert (file["title"], file["filename"], file["size"]) == ("note.txt", "note.txt", 5)
    api = caller(site, tool, ASSETS, REPORTS)
    written = "<p>Caf\u00e9</p>".encode()
    assert (text["size"], text["content_type"], api.get(text["url"]).content) == (len(written), "text/html", written)
    assert text["sha256_checksum"] == b64encode(hashlib.sha256(written).digest()).decode()
    assert api.get(file["url"]).content == b"hello"
    report = {**REPORT, "assetId": text["asset_id"]}
    assert api.post("/api/lti/asset_processors/6/reports", json=report).status_code == 201
    assert api.post("/api/lti/asset_processors/5/reports", json=report).status_code == 400, "of another assignment"
    (kept,) = site.lms.dump()["canvas"]["asset_reports"]
    shown = message(site, tool, f"/asset_processors/6/reports/{kept['id']}/launch")
    assert (shown["message_type"], shown["asset"]) == ("LtiReportReviewRequest", {"id": text["asset_id"]})


def test_edits_replies_and_deletions_are_contributions_too(site: Site, tool: Tool, discussion: str) -> None:
    first = site.student.post(discussion, json={"message": "One"}).json()["id"]
    site.teacher.post(f"{discussion}/{first}/replies", json={"message": "Well"})
    assert site.student.put(f"{discussion}/{first}", json={"message": "One"}).status_code == 200
    assert len(contributions(site)) == 2, "an edit that changes nothing"
    site.teacher.put(f"{discussion}/{first}", json={"message": "Two"})
    assert site.teacher.delete(f"{discussion}/{first}").status_code == 204
    assert site.teacher.delete(f"{discussion}/{first}").status_code == 204
    wrote, replied, edited, deleted = contributions(site)
    assert replied["contribution"]["parent"] == wrote["contribution"]["id"]
    assert replied["assetservice"]["assets"] == []
    assert not {"submission", "assetreport"} & set(replied), "who teaches has no work there"
    assert edited["contribution"]["id"] == wrote["contribution"]["id"] == deleted["contribution"]["id"]
    teacher = site.info.teacher.lti_id
    assert (edited["sub"], edited["for_user"]["user_id"]) == (teacher, teacher), "whoever wrote the version"
    assert (deleted["sub"], deleted["contribution"]["status"]) == (teacher, "Deleted")
    assert edited["submission"]["id"] != wrote["submission"]["id"]
    assert deleted["submission"]["id"] == edited["submission"]["id"]
    old, new = (said["assetservice"]["assets"][0] for said in (wrote, edited))
    api = caller(site, tool, ASSETS)
    assert (api.get(old["url"]).content, api.get(new["url"]).content) == (b"One", b"Two")
    assert deleted["assetservice"]["assets"][0]["asset_id"] == new["asset_id"]


def test_what_is_said_in_a_groups_copy_is_a_contribution_too(site: Site, tool: Tool, keys: KeySite) -> None:
    """canvas-lms app/models/discussion_topic.rb, ensure_child_topic_for: a group's copy is graded as the whole is."""
    category = site.teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()["id"]
    group = site.teacher.post(f"/api/v1/group_categories/{category}/groups", json={"name": "Team"}).json()["id"]
    member = {"user_id": site.info.student.id}
    assert site.teacher.post(f"/api/v1/groups/{group}/memberships", json=member).status_code == 200
    sent = {"title": "Steam", "published": True, "group_category_id": category, "assignment": {"points_possible": 5}}
    task = site.teacher.post(TOPIC, json=sent).json()["assignment_id"]
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    world["canvas"]["asset_processors"].append({**PROCESSOR, "id": 6, "assignment_id": task})
    site.lms.load(world)
    wanted = {"notice_type": CONTRIBUTION, "handler": f"{keys.url}/told"}
    assert caller(site, tool, NOTICES).put("/api/lti/notice-handlers/77", json=wanted).status_code == 200
    (copy,) = site.student.get(f"/api/v1/groups/{group}/discussion_topics").json()
    entries = f"/api/v1/groups/{group}/discussion_topics/{copy['id']}/entries"
    first = site.student.post(entries, json={"message": "One"}).json()["id"]
    assert site.student.put(f"{entries}/{first}", json={"message": "Two"}).status_code == 200
    assert site.student.delete(f"{entries}/{first}").status_code == 204
    wrote, edited, deleted = contributions(site)
    assert wrote["contribution"]["id"] == edited["contribution"]["id"] == deleted["contribution"]["id"]
    assert [one["contribution"]["status"] for one in (wrote, edited, deleted)] == ["Submitted", "Submitted", "Deleted"]


def test_notices_are_sent_only_for_graded_discussions_with_processors(site: Site, discussion: str) -> None:
    site.student.post(f"{TOPIC}/3/entries", json={"message": "Not graded"})
    site.lms.settings["canvas.discussion_processors"] = False
    assert site.student.post(discussion, json={"message": "Not told"}).status_code == 201
    assert contributions(site) == []
    site.lms.settings["canvas.discussion_processors"] = True
    assert site.student.post(discussion, json={"message": "Told"}).status_code == 201
    assert len(contributions(site)) == 1


def test_a_grader_resends_all_that_a_student_wrote_in_a_discussion(site: Site, discussion: str) -> None:
    entries = [site.student.post(discussion, json={"message": text}).json()["id"] for text in ("One", "Two", "Three")]
    site.student.delete(f"{discussion}/{entries[1]}")
    wrote = contributions(site)
    number = site.teacher.get(discussion.removesuffix("/entries")).json()["assignment_id"]
    student = site.info.student.id
    path = "/api/lti/asset_processors/discussion_notices/{}/{}/resubmit_all"
    assert site.student.post(path.format(number, student)).status_code == 403
    for task, who, status in (
        (number, site.info.teacher.id, 404),
        (number, 999, 404),
        (999, student, 404),
        (2, student, 422),
        (number, student, 204),
    ):
        assert site.teacher.post(path.format(task, who)).status_code == status
    again = contributions(site)[len(wrote) :]
    assert [one["submission"] for one in again] == [wrote[0]["submission"], wrote[2]["submission"]]
    assert [one["assetservice"] for one in again] == [wrote[0]["assetservice"], wrote[2]["assetservice"]]


def test_a_tool_is_chosen_for_a_discussion(site: Site, tool: Tool, discussion: str) -> None:
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    installed = next(one for one in world["canvas"]["tools"] if one["id"] == 77)
    installed["settings"]["ActivityAssetProcessorContribution"] = PLACEMENT
    site.lms.load(world)
    number = site.teacher.get(discussion.removesuffix("/entries")).json()["assignment_id"]
    task = site.teacher.get(f"/api/v1/courses/1/assignments/{number}").json()
    page = f"{OPEN}/resource_selection?placement=ActivityAssetProcessorContribution"
    said = message(site, tool, f"{page}&secure_params={task['secure_params']}")
    asked = said[f"{lti13.DL_CLAIM}deep_linking_settings"]
    assert asked["accept_types"] == ["ltiAssetProcessorContribution"]
    assert said["https://www.instructure.com/placement"] == "ActivityAssetProcessorContribution"
    assert said["activity"]["id"] == task["lti_context_id"]


MOMENTS = st.integers(0, 3).map(lambda day: f"2026-11-0{day + 1}T10:00:00Z")
KINDS = st.sampled_from(["originality", "ai"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(KINDS, MOMENTS, st.integers(0, 5)), min_size=2, max_size=8))
def test_the_newest_report_of_each_type_counts(
    site: Site, tool: Tool, keys: KeySite, steps: list[tuple[str, str, int]]
) -> None:
    site.lms.reset()
    (asset,) = told(site, tool, keys)["assetservice"]["assets"]
    api, model = caller(site, tool, REPORTS), dict[str, tuple[str, int]]()
    for kind, moment, priority in steps:
        older = kind in model and moment < model[kind][0]
        sent = {**REPORT, "assetId": asset["asset_id"], "type": kind, "timestamp": moment, "priority": priority}
        answer = api.post("/api/lti/asset_processors/5/reports", json=sent)
        assert answer.status_code == (409 if older else 201)
        model |= {} if older else {kind: (moment, priority)}
    rows = site.lms.dump()["canvas"]["asset_reports"]
    assert {one["report_type"]: one["said"]["priority"] for one in rows} == {k: p for k, (_, p) in model.items()}


ACTS = st.one_of(st.just("forget"), st.tuples(st.booleans(), MOMENTS))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(ACTS, min_size=2, max_size=8))
def test_the_last_word_on_terms_counts_until_it_is_forgotten(
    site: Site, tool: Tool, steps: list[str | tuple[bool, str]]
) -> None:
    site.lms.reset()
    api, last = caller(site, tool, TERMS), None
    for step in steps:
        if isinstance(step, str):
            assert api.delete(f"{EULA}/user").status_code == 204
            last = None
            continue
        accepted, moment = step
        sent = {"userId": site.info.student.lti_id, "accepted": accepted, "timestamp": moment}
        stale = last is not None and moment <= last[1]
        assert api.post(f"{EULA}/user", json=sent).status_code == (409 if stale else 201)
        last = last if stale else step
    rows = site.lms.dump()["canvas"]["eula_acceptances"]
    assert [one["accepted"] for one in rows] == ([] if last is None else [last[0]])
