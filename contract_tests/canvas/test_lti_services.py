"""Canvas's LTI Advantage services, with PyLTI1p3 as the tool: rosters, line items, scores, results."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.lti import (
    ITEMS,
    NRPS,
    PROGRESS,
    assertion,
    launched,
    score,
    service,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, KeySite, Tool
from lms_emulator.signing import lti13

COURSE = "/api/v1/courses/1"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
EXTENSION = "https://canvas.instructure.com/lti/submission"
SUBMISSION_TYPE = "https://canvas.instructure.com/lti/submission_type"


def test_the_roster(canvas: Site, tool: Tool) -> None:
    nrps = launched(canvas, tool).get_nrps()
    members = {m["name"]: m for m in nrps.get_members()}
    assert sorted(members) == ["Ada Lovelace", "Charles Babbage", "Grace Hopper"]
    assert members["Ada Lovelace"]["user_id"] == canvas.info.student.lti_id
    assert members["Grace Hopper"]["roles"] == [f"{lti13.MEMBERSHIP}Instructor"]
    assert nrps.get_context()["title"] == "Analytical Engines"


def test_pages_and_filters_of_the_roster(canvas: Site, tool: Tool) -> None:
    api = canvas.api(service(canvas, assertion(canvas, tool)).json()["access_token"])
    first = api.get(NRPS, params={"limit": 2})
    assert len(first.json()["members"]) == 2
    second = api.get(first.links["next"]["url"])
    assert len(second.json()["members"]) == 1
    assert "next" not in second.links
    assert len(api.get(NRPS, params={"role": f"{lti13.MEMBERSHIP}Learner"}).json()["members"]) == 2
    assert canvas.lms.requests.last.warnings == []
    assert api.get(NRPS, params={"role": "Learner"}).json()["members"] == [], "Canvas knows full names only"
    assert [warning.code for warning in canvas.lms.requests.last.warnings] == ["value_read_otherwise"]
    for wrong in ("0", "-1", "x", "51"):
        assert "per_page=50" in api.get(NRPS, params={"limit": wrong}).headers["link"]
    assert "per_page=75" in api.get(NRPS, params={"limit": "0", "per_page": "75"}).headers["link"]


def test_the_roster_of_a_link(canvas: Site, tool: Tool) -> None:
    api = canvas.api(service(canvas, assertion(canvas, tool)).json()["access_token"])
    teacher = canvas.teacher
    tag = {
        "url": LAUNCH,
        "content_type": "ContextExternalTool",
        "content_id": 77,
        "custom_params": {"who": "$Canvas.user.id", "role": "$Membership.role"},
    }
    sent = {"name": "Tool", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag, "published": 1}
    override = {"student_ids": [101], "title": "Ada"}
    sent |= {"only_visible_to_overrides": True, "assignment_overrides": [override]}
    base = teacher.post(f"{COURSE}/assignments", json={"assignment": sent}).json()
    members = api.get(NRPS, params={"rlid": base["lti_context_id"]}).json()["members"]
    assert sorted(row["name"] for row in members) == ["Ada Lovelace", "Grace Hopper"], "whoever has the assignment"
    ada = next(member for member in members if member["name"] == "Ada Lovelace")
    (message,) = ada["message"]
    custom = message[f"{lti13.CLAIM}custom"]
    assert (custom["who"], custom["role"]) == ("101", "$Membership.role")
    whole = api.get(NRPS, params={"rlid": "c0001a0000000000000000000000000000000001"}).json()["members"]
    assert len(whole) == 3
    assert "message" not in api.get(NRPS).json()["members"][0]
    other = "8aa641d1-b4d4-4fea-8a9b-000000000001"
    for rlid, said in (("x", "Invalid 'rlid' parameter"), (other, "Tool does not have access to rlid")):
        answer = api.get(NRPS, params={"rlid": rlid})
        assert (answer.status_code, canvas.reason) == (400, "rlid_unknown")
        assert "of a launch of this tool in this course" in canvas.diagnosis
        assert answer.json()["errors"]["message"].startswith(said)
    path = f"{COURSE}/assignments/{base['id']}"
    teacher.put(path, json={"assignment": {"submission_types": ["online_url"]}})
    answer = api.get(NRPS, params={"rlid": base["lti_context_id"]}).json()
    assert answer["errors"]["message"] == "Requested assignment not configured for external tool launches"
    teacher.delete(path)
    answer = api.get(NRPS, params={"rlid": base["lti_context_id"]}).json()
    assert answer["errors"]["message"] == "Requested ResourceLink was not found"


def test_the_roster_of_a_group_and_the_older_service(canvas: Site, tool: Tool) -> None:
    api = canvas.api(service(canvas, assertion(canvas, tool)).json()["access_token"])
    teacher = canvas.teacher
    category = teacher.post(f"{COURSE}/group_categories", json={"name": "Labs"}).json()["id"]
    group = teacher.post(f"/api/v1/group_categories/{category}/groups", json={"name": "Lab"}).json()["id"]
    teacher.post(f"/api/v1/groups/{group}/memberships", json={"user_id": 101})
    body = api.get(f"/api/lti/groups/{group}/names_and_roles").json()
    assert [member["roles"] for member in body["members"]] == [[f"{lti13.MEMBERSHIP}Member"]]
    assert body["context"]["title"] == "Lab"
    assert api.get("/api/lti/groups/999/names_and_roles").status_code == 404
    old = "/api/lti/courses/1/membership_service"
    assert canvas.api(canvas.info.access_tokens.student).get(old).status_code == 403
    page = teacher.get(old, params={"per_page": 2}).json()
    assert [item["member"]["name"] for item in page["pageOf"]["membershipSubject"]["membership"]] == [
        "Charles Babbage",
        "Grace Hopper",
    ]
    assert teacher.get(page["nextPage"]).json()["nextPage"] is None
    of_role = teacher.get(old, params={"per_page": 1, "role": "urn:lti:role:ims/lis/Learner"}).json()
    assert of_role["nextPage"].endswith("?page=2&per_page=1&role=urn%3Alti%3Arole%3Aims%2Flis%2FLearner")


def test_line_items_scores_and_results(canvas: Site, tool: Tool) -> None:
    ags = launched(canvas, tool).get_ags()
    item = ags.find_or_create_lineitem(LineItem().set_label("Quiz").set_score_maximum(10).set_tag("quiz"))
    assert item.get_id().startswith(f"{canvas.url}{ITEMS}/")
    assert [i["label"] for i in ags.get_lineitems()] == ["Quiz"], "another tool's line item is not seen"
    grade = Grade().set_score_given(40).set_score_maximum(50).set_user_id(canvas.info.student.lti_id)
    grade.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    answer = ags.put_grade(grade.set_comment("well done"), item)
    assert answer["body"]["resultUrl"].startswith(item.get_id())
    (result,) = ags.get_grades(item)
    assert (result["resultScore"], result["resultMaximum"], result["comment"]) == (40, 50, "well done")
    assert result["userId"] == canvas.info.student.lti_id
    assert ags.get_lineitem(item.get_id()).get_label() == "Quiz"
    teacher = Grade().set_score_given(1).set_score_maximum(1).set_user_id(canvas.info.teacher.lti_id)
    teacher.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    with pytest.raises(LtiServiceException) as caught:
        ags.put_grade(teacher, item)
    assert caught.value.response.status_code == 422
    assert caught.value.response.json()["errors"]["message"] == "User not found in course or is not a student"


@pytest.fixture
def api(canvas: Site, tool: Tool) -> httpx.Client:
    """The tool with a token for everything about grades."""
    scopes = " ".join([*lti13.AGS_SCOPES, PROGRESS])
    return canvas.api(service(canvas, assertion(canvas, tool), scopes).json()["access_token"])


def test_line_items_and_assignments_follow_each_other(canvas: Site, api: httpx.Client) -> None:
    made = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10, "endDateTime": "2026-12-01T12:00:00Z"})
    assert (made.status_code, made.headers["content-type"]) == (201, f"{ITEM_TYPE}; charset=utf-8")
    url, teacher = made.json()["id"], canvas.teacher
    assignment = next(a for a in teacher.get(f"{COURSE}/assignments").json() if a["name"] == "Quiz")
    assert (assignment["due_at"], assignment["submission_types"]) == ("2026-12-01T12:00:00Z", ["none"])
    path = f"{COURSE}/assignments/{assignment['id']}"
    assert api.put(url, json={"label": "Renamed", "scoreMaximum": "12"}).json()["scoreMaximum"] == 12
    assert (teacher.get(path).json()["name"], teacher.get(path).json()["points_possible"]) == ("Renamed", 12)
    teacher.put(path, json={"assignment": {"name": "By hand", "points_possible": 3}})
    assert (api.get(url).json()["label"], api.get(url).json()["scoreMaximum"]) == ("By hand", 3)
    assert api.delete(url).status_code == 204
    assert (api.get(url).status_code, teacher.get(path).status_code) == (404, 404)
    tag = {
        "url": f"{LAUNCH}?quiz=1",
        "content_type": "ContextExternalTool",
        "content_id": 77,
        "line_item": {"resourceId": "r", "tag": "t"},
    }
    sent = {"name": "Tool", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag, "published": 1}
    base = teacher.post(f"{COURSE}/assignments", json={"assignment": sent}).json()
    (item,) = api.get(ITEMS, params={"tag": "t", "include[]": "launch_url"}).json()
    assert (item["resourceLinkId"], item["resourceId"]) == (base["lti_context_id"], "r")
    assert item["https://canvas.instructure.com/lti/launch_url"] == tag["url"]
    second = api.post(ITEMS, json={"label": "Bonus", "scoreMaximum": 1, "resourceLinkId": item["resourceLinkId"]})
    assert second.status_code == 201
    assert api.delete(item["id"]).status_code == 401
    assert canvas.reason == "line_item_coupled"
    teacher.delete(f"{COURSE}/assignments/{base['id']}")
    assert api.get(item["id"]).status_code == 404
    assert api.get(ITEMS).json() == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"scoreMaximum": 1}, ["label blank"]),
        ({"label": "x"}, ["score_maximum blank", "score_maximum not_a_number"]),
        ({"label": "x", "scoreMaximum": "many"}, ["score_maximum not_a_number"]),
        ({"label": "x", "scoreMaximum": 10**400}, ["score_maximum not_a_number"]),
        ({"label": "x", "scoreMaximum": -1}, ["points_possible None"]),
        ({"label": "", "scoreMaximum": 1}, ["title blank"]),
        ({"label": "x" * 256, "scoreMaximum": 1}, ["title None"]),
    ],
)
def test_invalid_line_items(api: httpx.Client, body: dict[str, Any], faults: list[str]) -> None:
    answer = api.post(ITEMS, json=body)
    assert answer.status_code == 422
    assert [f"{error['field']} {error['error_code']}" for error in answer.json()["errors"]] == faults
    assert api.post(ITEMS, data={"label": "x" * 255, "scoreMaximum": "0"}).status_code == 201


def test_refusals_of_line_items(canvas: Site, api: httpx.Client) -> None:
    api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 1, "startDateTime": "2026-12-01T12:00:00Z"})
    assert [row.name for row in canvas.lms.requests.last.warnings] == ["startDateTime"], "Canvas has no such date"
    good = {"label": "x", "scoreMaximum": 1}
    for body, status in (
        ({**good, "resourceLinkId": "x"}, 404),
        ({**good, SUBMISSION_TYPE: {"type": "online_url"}}, 400),
        ({**good, SUBMISSION_TYPE: {"type": "on_paper"}}, 201),
    ):
        assert api.post(ITEMS, json=body).status_code == status, body
    assert api.get(f"{ITEMS}/999").status_code == 404
    assert api.get(f"{ITEMS}/1").status_code == 412
    assert canvas.reason == "line_item_of_another_tool"
    assert api.post(f"{ITEMS}/1/scores", json=score()).status_code == 200, "Canvas takes it"
    assert len(api.get(f"{ITEMS}/1/results").json()) == 1, "and lists the results, but shows none of them"
    assert api.get(f"{ITEMS}/1/results/1").status_code == 412
    canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    assert api.post(f"{ITEMS}/1/scores", json=score()).status_code == 412
    assert api.get(f"{ITEMS}/1/results").status_code == 412


def test_a_line_item_in_the_path_is_checked_and_updates_remove_fields(canvas: Site, api: httpx.Client) -> None:
    tag = {"url": LAUNCH, "content_type": "ContextExternalTool", "content_id": 77}
    sent = {"name": "Tool", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag, "published": 1}
    link = canvas.teacher.post(f"{COURSE}/assignments", json={"assignment": sent}).json()["lti_context_id"]
    (item,) = api.get(ITEMS, params={"resource_link_id": link}).json()
    assert api.get(ITEMS, params={"resource_link_id": ""}).json() == [item], "an empty link filters nothing"
    assert api.get(ITEMS, params={"tag": ""}).json() == []
    plain = api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "tag": "t", "endDateTime": "2026-12-01T12:00:00Z"})
    bare = plain.json()["id"]
    for method, url, named, status in (
        ("GET", item["id"], link, 200),
        ("GET", item["id"], "x", 412),
        ("GET", f"{item['id']}/results", "x", 412),
        ("POST", f"{item['id']}/scores", "x", 412),
        ("GET", bare, "", 200),
        ("GET", bare, link, 500),
    ):
        assert api.request(method, url, params={"resourceLinkId": named}).status_code == status, (method, url, named)
    changed = api.put(bare, params={"include": "launch_url"}, json={"tag": None, "endDateTime": None, "label": "y"})
    assert changed.json() == {"id": bare, "label": "y", "scoreMaximum": 1}
    dates = {entry["name"]: entry["due_at"] for entry in canvas.teacher.get(f"{COURSE}/assignments").json()}
    assert dates["y"] is None
    faults = api.put(bare, json={"label": None, "scoreMaximum": None}).json()["errors"]
    assert [fault["field"] for fault in faults] == ["score_maximum", "score_maximum", "label"]
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, SUBMISSION_TYPE: {}}).status_code == 500


def test_invalid_scores_are_refused(canvas: Site, api: httpx.Client) -> None:
    url = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10}).json()["id"]
    post = f"{url}/scores"
    assert api.post(post, json=score()).status_code == 200
    later = "2026-11-21T12:00:01.000Z"
    for changes, status in (
        ({"userId": ...}, 422),
        ({"userId": "103"}, 422),
        ({"gradingProgress": ...}, 400),
        ({"activityProgress": "Done"}, 422),
        ({"timestamp": ...}, 400),
        ({"timestamp": "x"}, 400),
        ({"timestamp": "2026-11-21T11:59:59.000Z"}, 400),
        ({"scoreMaximum": ...}, 422),
        ({"scoreMaximum": 0}, 422),
        ({"scoreMaximum": -1}, 422),
        ({"scoreGiven": -1}, 422),
        ({"scoreGiven": "good"}, 422),
        ({"scoreGiven": 10**400}, 422),
        ({"gradingProgress": "Pending", "scoreMaximum": ...}, 422),
        ({EXTENSION: {"submitted_at": "x"}}, 400),
        ({EXTENSION: {"submitted_at": "2100-01-01T00:00:00Z"}}, 400),
        ({EXTENSION: {"submission_type": "online_upload"}}, 422),
        ({EXTENSION: {"submission_type": "online_url", "submission_data": "no url"}}, 422),
        ({EXTENSION: "x"}, 500),
    ):
        sent = score(**{"timestamp": later, **changes})
        assert api.post(post, json=sent).status_code == status, changes
    (result,) = api.get(f"{url}/results", params={"user_id": "101"}).json()
    assert (result["resultScore"], result["resultMaximum"]) == (5, 10)
    huge = score(timestamp=later, scoreGiven=1e300, scoreMaximum=1e-300)
    assert api.post(post, json=huge).status_code == 200
    assert api.get(result["id"]).json()["resultScore"] == 1e300
    assert api.get(f"{url}/results/999").status_code == 404
    assert api.get(f"{url}/results", params={"user_id": "102"}).json() == []
    items = [{"type": "link", "url": "https://tool.example", "colour": "red"}, "x"]
    kept = score(
        timestamp=later, gradingProgress="Pending", scoreGiven="", comment="", **{EXTENSION: {"content_items": items}}
    )
    assert api.post(post, json=kept).status_code == 200
    stored = api.get(result["id"]).json()
    assert ("resultScore" in stored, stored["comment"]) == (False, "")
    assert stored[EXTENSION] == {"content_items": [{"type": "link", "url": "https://tool.example"}]}
    for allowed, status in ((-1, 200), (1, 422)):
        mine = next(item for item in canvas.teacher.get(f"{COURSE}/assignments").json() if item["name"] == "Quiz")
        said = {"assignment": {"allowed_attempts": allowed, "submission_types": ["online_url"]}}
        canvas.teacher.put(f"{COURSE}/assignments/{mine['id']}", json=said)
        assert api.post(post, json=score(timestamp=later)).status_code == status, allowed


def test_effects_of_scores_on_submissions(canvas: Site, api: httpx.Client, keys: KeySite) -> None:
    url = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10}).json()["id"]
    teacher = canvas.teacher
    base = next(a for a in teacher.get(f"{COURSE}/assignments").json() if a["name"] == "Quiz")
    work = f"{COURSE}/assignments/{base['id']}/submissions/101"
    seconds = itertools.count()

    def given(**changes: Any) -> dict[str, Any]:
        at = f"2026-11-21T12:00:{next(seconds):02}.000Z"
        answer = api.post(f"{url}/scores", json=score(timestamp=at, **changes))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = {**teacher.get(work).json(), "answer": answer.json()[EXTENSION]}
        return found

    state = ("score", "workflow_state", "attempt", "submission_type")
    assert _of(given(), *state) == [5, "graded", 1, "external_tool"]
    assert _of(given(scoreGiven=8, scoreMaximum=20), *state) == [4, "graded", 2, "external_tool"]
    assert _of(given(gradingProgress="NotReady"), *state) == [None, "submitted", 3, "external_tool"]
    assert _of(given(gradingProgress="PendingManual"), *state) == [5, "pending_review", 4, "external_tool"]
    quiet = {EXTENSION: {"new_submission": False}}
    assert _of(given(scoreGiven=6, **quiet), *state) == [6, "graded", 4, "external_tool"]
    kept = {EXTENSION: {"prioritize_non_tool_grade": "true"}}
    assert _of(given(scoreGiven=1, **kept), *state) == [6, "submitted", 5, "external_tool"]
    text = {"submission_type": "online_text_entry", "submission_data": "<p>Text<script>x()</script></p>"}
    text["submitted_at"] = "2026-11-20T10:00:00Z"
    answer = given(comment="Well done", **{EXTENSION: text})
    assert _of(answer, "body", "submitted_at", "attempt") == ["<p>Text</p>", "2026-11-20T10:00:00Z", 6]
    (comment,) = teacher.get(f"{work}?include[]=submission_comments").json()["submission_comments"]
    assert (comment["comment"], comment["author_id"]) == ("Well done", None)
    keys.answer = (200, b"essay")
    file = {"type": "file", "url": f"{keys.url}/essay.txt", "title": "essay.txt"}
    broken = {"type": "file", "url": "http://127.0.0.1:9/a.txt", "title": "gone.txt", "media_type": "application/pdf"}
    answer = given(**{EXTENSION: {"content_items": [file, {"type": "link"}, broken]}})
    kinds = [("essay.txt", "text/plain"), ("gone.txt", "application/pdf")]
    assert [(attachment["display_name"], attachment["content-type"]) for attachment in answer["attachments"]] == kinds
    states = [api.get(item["progress"]).json()["workflow_state"] for item in answer["answer"]["content_items"]]
    assert states == ["completed", "failed"], "one attempt at once, whatever comes of the files"
    assert (answer["attempt"], answer["score"]) == (7, 5)
    teacher.put(f"{COURSE}/assignments/{base['id']}", json={"assignment": {"allowed_attempts": 7}})
    at = "2026-11-21T13:00:00.000Z"
    assert api.post(f"{url}/scores", json=score(timestamp=at)).status_code == 422
    assert canvas.reason == "attempts_used_up"
    assert api.post(f"{url}/scores", json=score(timestamp=at, **quiet)).status_code == 200
    teacher.put(work, json={"submission": {"posted_grade": "2.5"}})
    assert api.get(f"{url}/results").json()[0]["resultScore"] == 2.5, "results follow what the teacher says"
    teacher.put(work, json={"submission": {"excuse": True}})
    assert "resultScore" not in api.get(f"{url}/results").json()[0]


def test_the_files_of_a_score_wait_for_a_job(canvas: Site, api: httpx.Client, keys: KeySite) -> None:
    url = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10}).json()["id"]
    base = next(a for a in canvas.teacher.get(f"{COURSE}/assignments").json() if a["name"] == "Quiz")
    work = f"{COURSE}/assignments/{base['id']}/submissions/101"
    settings = canvas.lms.settings

    def sent(at: str, name: str, *, waits: int) -> tuple[dict[str, Any], str]:
        keys.answer = (200, name.encode())
        settings["canvas.background_job_seconds"] = waits
        file = {"type": "file", "url": f"{keys.url}/{name}", "title": name}
        body = score(timestamp=f"2026-11-21T12:00:{at}.000Z", **{EXTENSION: {"content_items": [file]}})
        (item,) = api.post(f"{url}/scores", json=body).json()[EXTENSION]["content_items"]
        return canvas.teacher.get(work).json(), item["progress"]

    settings["canvas.one_attempt_of_several_files"] = True
    begun, progress = sent("01", "one.txt", waits=60)
    (file,) = begun["attachments"]
    assert (begun["attempt"], file["size"], file["upload_status"]) == (1, None, "success")
    assert [api.get(progress).json()[name] for name in ("workflow_state", "completion")] == ["queued", 0]
    settings["canvas.background_job_seconds"] = 0
    assert [api.get(progress).json()[name] for name in ("workflow_state", "completion")] == ["completed", 100]
    assert canvas.teacher.get(work).json()["attachments"][0]["size"] == len("one.txt")
    at_once, progress = sent("02", "two.txt", waits=0)
    assert (at_once["attempt"], at_once["attachments"][0]["size"]) == (2, len("two.txt"))
    settings["canvas.one_attempt_of_several_files"] = False
    begun, progress = sent("03", "three.txt", waits=60)
    assert begun["attempt"] == 2, "each file is an attempt, once it is there"
    queued = api.get(progress).json()
    canvas.lms.clock.advance(minutes=2)
    done = canvas.teacher.get(work).json()
    assert (done["attempt"], done["attachments"][0]["display_name"]) == (3, "three.txt")
    assert done["submitted_at"] == queued["created_at"]
    assert api.get(progress).json()["updated_at"] > queued["updated_at"]


def _of(body: dict[str, Any], *names: str) -> list[Any]:
    return [body[name] for name in names]


def test_a_concluded_course_refuses_scores(canvas: Site, api: httpx.Client) -> None:
    url = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10}).json()["id"]
    assert canvas.teacher.put(COURSE, json={"course": {"event": "conclude"}}).status_code == 200
    assert api.post(f"{url}/scores", json=score()).status_code == 422
    assert canvas.reason == "course_concluded"
    canvas.lms.settings["canvas.concluded_course_status"] = 404
    assert api.get(url).status_code == 404


def test_tools_know_the_merged_by_their_ids_where_those_were(canvas: Site, tool: Tool, api: httpx.Client) -> None:
    """In courses of the person merged, the survivor has that person's ids; elsewhere, and after a split, their own."""
    ada, other = canvas.info.student.lti_id, canvas.info.other_student.lti_id
    item = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10}).json()["id"]
    roster = service(canvas, assertion(canvas, tool)).json()["access_token"]

    def seen() -> dict[str, tuple[str, str]]:
        rows = canvas.api(roster).get(NRPS).json()["members"]
        return {row["name"]: (row["user_id"], row["lti11_legacy_user_id"]) for row in rows}

    before = seen()
    assert canvas.admin.put("/api/v1/users/101/merge_into/102").status_code == 200
    after = seen()
    assert "Ada Lovelace" not in after
    assert after["Charles Babbage"] == before["Ada Lovelace"]
    claims = launched(canvas, tool).get_launch_data()
    assert (claims["sub"], claims[f"{lti13.CLAIM}lti11_legacy_user_id"]) == before["Ada Lovelace"]
    for known in (ada, other):
        later = (canvas.lms.clock.now if known == ada else datetime(2035, 1, 1, tzinfo=UTC)).isoformat()
        assert api.post(f"{item}/scores", json=score(userId=known, timestamp=later)).status_code == 200
    assert {row["userId"] for row in api.get(f"{item}/results").json()} == {ada}
    by_old_id = canvas.admin.get(f"/api/v1/users/lti_user_id:{before['Ada Lovelace'][1]}")
    assert by_old_id.json()["id"] == 102
    listed = canvas.admin.get(f"{COURSE}/users", params={"include[]": "uuid", "search_term": "Babbage"}).json()
    assert listed[0]["past_uuid"] != listed[0]["uuid"]
    canvas.lms.load(canvas.lms.dump())
    assert canvas.admin.post("/api/v1/users/102/split").status_code == 200
    assert seen() == before
