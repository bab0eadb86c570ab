"""Document processors of graded discussions at Canvas: attaching, notices of contributions, resending."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import Any

from contract_tests.canvas.lti import OPEN
from contract_tests.canvas.processing import (
    ASSETS,
    CONTRIBUTION,
    NOTICES,
    PLACEMENT,
    PROCESSOR,
    REPORT,
    REPORTS,
    TOPIC,
    caller,
    contributions,
    discussion,
    message,
    site,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.signing import lti13

__all__ = ["discussion", "site"]


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
    assert [row["contribution"]["status"] for row in (wrote, edited, deleted)] == ["Submitted", "Submitted", "Deleted"]


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
    assert site.reason == "resubmits_no_notice"
    assert f"user {student} is StudentEnrollment in course 1; `manage_grades` belongs to " in site.diagnosis
    for task, who, status in (
        (number, site.info.teacher.id, 404),
        (number, 999, 404),
        (999, student, 404),
        (2, student, 422),
        (number, student, 204),
    ):
        assert site.teacher.post(path.format(task, who)).status_code == status
    again = contributions(site)[len(wrote) :]
    assert [item["submission"] for item in again] == [wrote[0]["submission"], wrote[2]["submission"]]
    assert [item["assetservice"] for item in again] == [wrote[0]["assetservice"], wrote[2]["assetservice"]]


def test_a_tool_is_chosen_for_a_discussion(site: Site, tool: Tool, discussion: str) -> None:
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    installed = next(item for item in world["canvas"]["tools"] if item["id"] == 77)
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


def test_who_only_sees_grades_resends_nothing(site: Site, discussion: str) -> None:
    number = site.teacher.get(discussion.removesuffix("/entries")).json()["assignment_id"]
    path = f"/api/lti/asset_processors/discussion_notices/{number}/{site.info.student.id}/resubmit_all"
    role = next(row for row in site.admin.get("/api/v1/accounts/1/roles").json() if row["label"] == "Teacher")
    right = {"permissions": {"manage_grades": {"explicit": True, "enabled": False}}}
    assert site.admin.put(f"/api/v1/accounts/1/roles/{role['id']}", json=right).status_code == 200
    assert site.teacher.post(path).status_code == 403
    assert site.reason == "resubmits_no_notice"
    assert "`manage_grades` belongs to" in site.diagnosis
    right["permissions"]["manage_grades"]["enabled"] = True
    assert site.admin.put(f"/api/v1/accounts/1/roles/{role['id']}", json=right).status_code == 200
    assert site.teacher.post(path).status_code == 204
