"""Canvas's LTI Advantage services, with PyLTI1p3 as the tool: rosters, line items, scores, results."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.lti import (
    ITEMS,
    NRPS,
    assertion,
    launched,
    score,
    service,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.signing import lti13


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
    learners = api.get(NRPS, params={"role": "Learner"}).json()["members"]
    assert len(learners) == 2
    assert api.get(NRPS, params={"rlid": "x"}).status_code == 400
    assert api.get(NRPS, params={"rlid": "c0001a0000000000000000000000000000000001"}).status_code == 200


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
    assert (result["resultScore"], result["resultMaximum"], result["comment"]) == (8, 10, "well done")
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


def test_each_rule_of_line_items_and_scores(canvas: Site, tool: Tool) -> None:
    scopes = " ".join(lti13.AGS_SCOPES)
    api = canvas.api(service(canvas, assertion(canvas, tool), scopes).json()["access_token"])
    made = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10})
    assert made.status_code == 201
    assert made.headers["content-type"] == "application/vnd.ims.lis.v2.lineitem+json; charset=utf-8"
    url = made.json()["id"]
    assert api.post(ITEMS, json={"scoreMaximum": 1}).status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 0}).status_code == 422
    assert api.post(ITEMS, content=b"{").status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": "x"}).status_code == 404
    assert api.get(f"{ITEMS}/999").status_code == 404
    assert api.get(f"{ITEMS}/1").status_code == 412
    assert canvas.reason == "line_item_of_another_tool"
    assert api.put(url, json={"label": "Renamed"}).json()["label"] == "Renamed"
    post = f"{url}/scores"
    assert api.post(post, json=score()).status_code == 200
    for changes, status in (
        ({"userId": ...}, 422),
        ({"userId": "103"}, 422),
        ({"gradingProgress": ...}, 400),
        ({"activityProgress": "Done"}, 400),
        ({"timestamp": ...}, 400),
        ({"timestamp": "x"}, 400),
        ({"scoreMaximum": ...}, 422),
        ({"scoreGiven": 10**400}, 422),
        ({"timestamp": "2026-11-21T11:59:59.000Z"}, 400),
    ):
        assert api.post(post, json=score(**changes)).status_code == status, changes
    assert canvas.reason == "score_too_old"
    results = api.get(f"{url}/results", params={"user_id": "101"}).json()
    assert len(results) == 1
    huge = score(timestamp="2026-11-21T12:00:01.000Z", scoreGiven=1e300, scoreMaximum=1e-300)
    assert api.post(post, json=huge).status_code == 200
    results = api.get(f"{url}/results", params={"user_id": "101"}).json()
    assert api.get(results[0]["id"]).json() == results[0]
    assert api.get(f"{url}/results/999").status_code == 404
    assert api.get(f"{url}/results", params={"user_id": "102"}).json() == []
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
