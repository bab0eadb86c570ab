"""Brightspace's LTI Advantage services, with PyLTI1p3 as the tool: rosters, line items, scores, results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from contract_tests.brightspace.lti import (
    ADA,
    ITEMS,
    LINK,
    NRPS,
    assertion,
    launched,
    score,
    service,
)
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.signing import lti13


def test_the_roster(brightspace: Site, tool: Tool) -> None:
    brightspace.lms.settings["brightspace.page_size"] = 2
    nrps = launched(brightspace, tool).get_nrps()
    members = {m["name"]: m for m in nrps.get_members()}
    assert sorted(members) == ["Ada Lovelace", "Charles Babbage", "Grace Hopper"], "PyLTI1p3 follows the next page"
    assert members["Ada Lovelace"]["user_id"] == ADA
    assert nrps.get_context()["title"] == "Analytical Engines"
    token = service(brightspace, assertion(brightspace, tool)).json()["access_token"]
    assert len(brightspace.api(token).get(NRPS, params={"role": "Instructor"}).json()["members"]) == 1


def test_filters_of_line_items_and_results(brightspace: Site, tool: Tool) -> None:
    scopes = " ".join((lti13.SCOPE_LINE_ITEM, lti13.SCOPE_SCORE, lti13.SCOPE_RESULT_READ))
    answer = service(brightspace, assertion(brightspace, tool), scope=scopes)
    api = brightspace.api(answer.json()["access_token"])
    kind = {"Content-Type": "application/vnd.ims.lis.v2.lineitem+json"}
    quiz, essay, lab = (
        api.post(ITEMS, json={"scoreMaximum": 10} | fields, headers=kind).json()
        for fields in (
            {"label": "Quiz", "resourceId": "q", "tag": "weekly"},
            {"label": "Essay", "resourceId": "e", "tag": "weekly"},
            {"label": "Lab", "resourceLinkId": LINK},
        )
    )

    def found(**narrowed: Any) -> list[str]:
        return [item["label"] for item in api.get(ITEMS, params=narrowed).json()]

    assert found() == ["Quiz", "Essay", "Lab"]
    assert found(resource_id="e") == ["Essay"]
    assert found(tag="weekly") == ["Quiz", "Essay"]
    assert found(resource_link_id=LINK) == ["Lab"]
    assert found(limit=2) == ["Quiz", "Essay"]
    kept = api.put(lab["id"], json={"label": "Lab", "scoreMaximum": 10, "resourceLinkId": "x"}).json()
    assert kept["resourceLinkId"] == LINK  # an item stays with its link
    review = {"reviewableStatus": ["Submitted"]}
    kept = api.put(essay["id"], json={"label": "Essay", "scoreMaximum": 10, "submissionReview": review}).json()
    assert kept["submissionReview"] == review
    charles = brightspace.info.other_student.lti_id
    for user in (ADA, charles):
        answer = api.post(
            f"{quiz['id']}/scores",
            json=score(userId=user),
            headers={"Content-Type": "application/vnd.ims.lis.v1.score+json"},
        )
        assert answer.is_success
    results = f"{quiz['id']}/results"
    assert len(api.get(results).json()) == 2
    assert len(api.get(results, params={"limit": 1}).json()) == 1
    assert [item["userId"] for item in api.get(results, params={"user_id": charles}).json()] == [charles]


@pytest.mark.parametrize("name", ["startDateTime", "endDateTime"])
def test_line_items_have_times_that_can_be_read(brightspace: Site, tool: Tool, name: str) -> None:
    token = service(brightspace, assertion(brightspace, tool), lti13.SCOPE_LINE_ITEM)
    api, body = brightspace.api(token.json()["access_token"]), {"label": "Quiz", "scoreMaximum": 10}
    made = api.post(ITEMS, json=body | {name: "2026-12-01T08:00:00+01:00"})
    assert made.json()[name] == "2026-12-01T08:00:00+01:00"
    for answer in (api.post(ITEMS, json=body | {name: "soon"}), api.put(made.json()["id"], json=body | {name: "soon"})):
        assert (answer.status_code, brightspace.reason) == (400, "line_item_not_a_time"), answer.text
        assert name in answer.json()["detail"]
    brightspace.lms.settings["brightspace.unreadable_values"] = "ignore"
    assert name not in api.post(ITEMS, json=body | {name: "soon"}).json()
    assert "value_ignored" in [warning.code for warning in brightspace.lms.requests.last.warnings]


def test_line_items_scores_and_results(brightspace: Site, tool: Tool) -> None:
    ags = launched(brightspace, tool).get_ags()
    item = ags.find_or_create_lineitem(LineItem().set_label("Quiz").set_score_maximum(10).set_tag("quiz"))
    assert [i["label"] for i in ags.get_lineitems()] == ["Quiz"]
    grade = Grade().set_score_given(40).set_score_maximum(50).set_user_id(ADA).set_comment("well done")
    grade.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    ags.put_grade(grade, item)
    (result,) = ags.get_grades(item)
    assert (result["resultScore"], result["resultMaximum"], result["comment"], result["userId"]) == (
        8,
        10,
        "well done",
        ADA,
    )
    mine = brightspace.student.get("/d2l/api/le/1.79/6836/grades/values/myGradeValues/").json()
    assert ("Quiz", 8) in [(v["GradeObjectName"], v["PointsNumerator"]) for v in mine]
    with pytest.raises(LtiServiceException) as caught:
        ags.put_grade(grade.set_user_id(brightspace.info.instructor.lti_id), item)
    assert caught.value.response.status_code == 422


def test_each_rule_of_line_items_and_scores(brightspace: Site, tool: Tool) -> None:
    token = service(brightspace, assertion(brightspace, tool), " ".join(lti13.AGS_SCOPES)).json()["access_token"]
    api = brightspace.api(token)
    made = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10, "tag": "t"})
    assert made.status_code == 201
    url = made.json()["id"]
    assert api.get(url).json() == made.json()
    assert api.get(ITEMS.replace("orgunit/6836", "orgunit/6837")).status_code == 404
    assert "belongs to org unit 6836, and is not shared with 6837" in brightspace.diagnosis
    assert api.get(ITEMS, params={"tag": "other"}).json() == []
    assert api.post(ITEMS, json={"label": " ", "scoreMaximum": 1}).status_code == 400
    assert api.post(ITEMS, content=b"{").status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": "x"}).status_code == 404
    joined = api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": LINK})
    assert joined.json()["resourceLinkId"] == LINK
    assert api.get(f"{ITEMS}/x").status_code == 404
    changed_item = api.put(url, json={"label": "Renamed", "scoreMaximum": 20})
    assert (changed_item.json()["label"], "tag" in changed_item.json()) == ("Renamed", False)
    assert api.put(url, json={"label": "Renamed"}).status_code == 400
    post = f"{url}/scores"
    assert api.post(post, json=score()).status_code == 204
    for changes, status in (
        ({"userId": ...}, 400),
        ({"userId": "169"}, 404),
        ({"userId": "94ace171-0000-4000-8000-000000000171_171"}, 422),
        ({"gradingProgress": "Done"}, 400),
        ({"timestamp": "2026-11-21T11:59:59.000Z"}, 409),
    ):
        assert api.post(post, json=score(**changes)).status_code == status, changes
    assert api.get(f"{url}/results", params={"user_id": ADA}).json()[0]["resultScore"] == 10
    assert api.get(f"{url}/results", params={"user_id": "x"}).json() == []
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
