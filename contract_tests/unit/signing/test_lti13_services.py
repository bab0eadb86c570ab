"""Line items, scores and rosters as data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing import lti13_services as services

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def item(**changes: Any) -> dict[str, Any]:
    return {"label": "Quiz", "scoreMaximum": 10, **changes}


def score(**changes: Any) -> dict[str, Any]:
    return {
        "userId": "u",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        **changes,
    }


def test_a_line_item_comes_back_as_it_was() -> None:
    given_item = item(
        tag="t", resourceId=7, resourceLinkId=None, endDateTime="x", **{"https://a.example/ext": {"deep": [1]}}
    )
    read = services.read_line_item(given_item)
    assert services.line_item_json(read, "https://lms/1") == {
        "id": "https://lms/1",
        "label": "Quiz",
        "scoreMaximum": 10,
        "tag": "t",
        "resourceId": "7",
        "endDateTime": "x",
        "https://a.example/ext": {"deep": [1]},
    }


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ([], "not_an_object", "body"),
        ({"scoreMaximum": 1}, "missing", "label"),
        (item(label="  "), "not_text", "label"),
        (item(label=5), "not_text", "label"),
        ({"label": "x"}, "missing", "scoreMaximum"),
        (item(scoreMaximum="10"), "not_a_number", "scoreMaximum"),
        (item(scoreMaximum=True), "not_a_number", "scoreMaximum"),
        (item(scoreMaximum=float("inf")), "not_a_number", "scoreMaximum"),
        (item(scoreMaximum=0), "out_of_range", "scoreMaximum"),
        (item(tag=[1]), "not_text", "tag"),
    ],
)
def test_each_rule_of_a_line_item(body: object, reason: str, field: str) -> None:
    with pytest.raises(services.ServiceError) as caught:
        services.read_line_item(body)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ("x", "not_an_object", "body"),
        (score(userId=None), "missing", "userId"),
        (score(userId=""), "missing", "userId"),
        (score(activityProgress=None), "missing", "activityProgress"),
        (score(gradingProgress=None), "missing", "gradingProgress"),
        (score(activityProgress="Done"), "not_one_of", "activityProgress"),
        (score(gradingProgress="Done"), "not_one_of", "gradingProgress"),
        (score(scoreGiven=-1), "out_of_range", "scoreGiven"),
        (score(scoreMaximum=None), "missing", "scoreMaximum"),
        (score(scoreMaximum=-1), "out_of_range", "scoreMaximum"),
        (score(timestamp=None), "missing", "timestamp"),
        (score(timestamp=5), "not_a_time", "timestamp"),
        (score(timestamp="noon"), "not_a_time", "timestamp"),
        (score(timestamp="2026-11-21T12:00:00"), "not_a_time", "timestamp"),
    ],
)
def test_each_rule_of_a_score(body: object, reason: str, field: str) -> None:
    with pytest.raises(services.ServiceError) as caught:
        services.read_score(body)
    assert (caught.value.reason, caught.value.field) == (reason, field)


def test_a_score_is_read_whole() -> None:
    read = services.read_score(score(comment="well", userId=7))
    assert (read.user_id, read.comment, read.timestamp) == ("7", "well", NOON)
    assert services.read_score(score(timestamp=None), now=NOON).timestamp == NOON


@pytest.mark.parametrize("progress", services.GRADING_PROGRESS)
def test_only_graded_scores_count(progress: str) -> None:
    read = services.read_score(score(gradingProgress=progress))
    assert services.scaled(read, 20) == (10 if progress in services.COUNTED else None)


def test_no_score_and_no_maximum() -> None:
    assert services.scaled(services.read_score(score(scoreGiven=None)), 20) is None
    assert services.scaled(services.read_score(score(scoreGiven=0, scoreMaximum=0)), 20) == 0


@given(given=st.floats(0, 1000), maximum=st.floats(1, 1000), scale=st.floats(1, 1000))
def test_a_share_stays_the_same_share(given: float, maximum: float, scale: float) -> None:
    read = services.read_score(score(scoreGiven=given, scoreMaximum=maximum))
    result = services.scaled(read, scale)
    assert result is not None
    assert abs(result / scale - given / maximum) < 1e-9 * max(1.0, given / maximum)


def test_older_scores_are_refused_and_equal_ones_pass() -> None:
    read = services.read_score(score())
    services.check_order(read, None)
    services.check_order(read, NOON)
    with pytest.raises(services.ServiceError) as caught:
        services.check_order(read, NOON + timedelta(milliseconds=1))
    assert caught.value.reason == "too_old"


def test_results_leave_out_what_is_not_there() -> None:
    shape = {"score_of": "i", "user_id": "u", "maximum": 10.0}
    assert services.result_json("r", score=None, comment=None, **shape) == {
        "id": "r",
        "scoreOf": "i",
        "userId": "u",
        "resultMaximum": 10,
    }
    assert services.result_json("r", score=5, comment="c", **shape)["resultScore"] == 5


def test_roles_by_either_name() -> None:
    roles = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert services.role_matches("Learner", roles)
    assert services.role_matches(roles[0], roles)
    assert not services.role_matches("Instructor", roles)


def test_a_page_of_a_roster() -> None:
    assert services.membership_json("u", {"id": "c"}, [{"user_id": "1"}]) == {
        "id": "u",
        "context": {"id": "c"},
        "members": [{"user_id": "1"}],
    }
