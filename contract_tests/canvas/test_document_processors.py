"""Document processors of assignments at Canvas: attaching, notices, reports, opening them; and their terms."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.canvas.lti import OPEN, signed_in
from contract_tests.canvas.processing import (
    ASSETS,
    EULA,
    PROCESSOR,
    REPORT,
    REPORTS,
    TERMS,
    TERMS_AT_ALL,
    caller,
    message,
    site,
    submission_notice,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, KeySite, Tool
from lms_emulator.signing import lti13

__all__ = ["site"]


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
    assert "asset_processor_ignored" in [warning.code for warning in list(site.lms.requests)[-1].warnings]
    browser = signed_in(site, "teacher")
    own = {"X-CSRF-Token": unquote(browser.http.cookies["_csrf_token"])}
    answer = browser.http.put(f"{site.url}{path}", json=sent, headers=own)
    assert answer.status_code == 200, answer.text
    kept = site.lms.dump()["canvas"]["asset_processors"]
    assert [(entry["title"], entry["custom"]) for entry in kept[1:]] == [("Checks", {"level": "2"})]
    site.teacher.put(path, json={"assignment": {"asset_processors": []}})
    assert {processor["workflow_state"] for processor in site.lms.dump()["canvas"]["asset_processors"]} == {"deleted"}


def test_a_processor_gets_a_notice_reads_the_submission_and_reports(site: Site, tool: Tool, keys: KeySite) -> None:
    said = submission_notice(site, tool, keys)
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
    (asset,) = submission_notice(site, tool, keys)["assetservice"]["assets"]
    sent = {**REPORT, "assetId": asset["asset_id"], **changed}
    api = caller(site, tool, REPORTS)
    good = {name: value for name, value in sent.items() if value is not ...}
    answer = api.post("/api/lti/asset_processors/5/reports", json=good)
    assert (answer.status_code, site.reason) == (status, reason)
    assert not site.lms.dump()["canvas"]["asset_reports"]


def test_the_services_are_for_the_processors_own_tool_and_scopes(site: Site, tool: Tool, keys: KeySite) -> None:
    (asset,) = submission_notice(site, tool, keys)["assetservice"]["assets"]
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
    (asset,) = submission_notice(site, tool, keys)["assetservice"]["assets"]
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
    (asset,) = submission_notice(site, tool, keys)["assetservice"]["assets"]
    api = caller(site, tool, ASSETS, REPORTS, TERMS)
    made = {**REPORT, "assetId": asset["asset_id"]}
    assert api.post("/api/lti/asset_processors/5/reports", json=made).status_code == 201
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    section = world["canvas"]
    (report,) = section["asset_reports"]
    own = next(item for item in section["tools"] if item["id"] == 77)
    other = next(item for item in section["tools"] if item["developer_key_id"] not in (None, own["developer_key_id"]))
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
    submission_notice(site, tool, keys)
    path = f"/api/lti/asset_processors/5/notices/{site.info.student.id}/attempts/latest"
    before = len(site.lms.outbox.webhooks)
    assert site.student.post(path).status_code == 403
    assert site.teacher.post(path).status_code == 204
    assert len(site.lms.outbox.webhooks) == before + 1
    assert site.teacher.post("/api/lti/asset_processors/5/notices/999/attempts/1").status_code == 404
    work = next(row for row in site.lms.dump()["canvas"]["submissions"] if row["assignment_id"] == 2)
    for name, status in ((work["anonymous_id"], 204), ("none1", 404), ("", 404)):
        path = f"/api/lti/asset_processors/5/notices/anonymous:{name}/attempts/latest"
        assert site.teacher.post(path).status_code == status
    assert len(site.lms.outbox.webhooks) == before + 2


MOMENTS = st.integers(0, 3).map(lambda day: f"2026-11-0{day + 1}T10:00:00Z")
KINDS = st.sampled_from(["originality", "ai"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(KINDS, MOMENTS, st.integers(0, 5)), min_size=2, max_size=8))
def test_the_newest_report_of_each_type_counts(
    site: Site, tool: Tool, keys: KeySite, steps: list[tuple[str, str, int]]
) -> None:
    site.lms.reset()
    (asset,) = submission_notice(site, tool, keys)["assetservice"]["assets"]
    api, model = caller(site, tool, REPORTS), dict[str, tuple[str, int]]()
    for kind, moment, priority in steps:
        older = kind in model and moment < model[kind][0]
        sent = {**REPORT, "assetId": asset["asset_id"], "type": kind, "timestamp": moment, "priority": priority}
        answer = api.post("/api/lti/asset_processors/5/reports", json=sent)
        assert answer.status_code == (409 if older else 201)
        model |= {} if older else {kind: (moment, priority)}
    rows = site.lms.dump()["canvas"]["asset_reports"]
    assert {row["report_type"]: row["said"]["priority"] for row in rows} == {k: p for k, (_, p) in model.items()}


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
    assert [row["accepted"] for row in rows] == ([] if last is None else [last[0]])
