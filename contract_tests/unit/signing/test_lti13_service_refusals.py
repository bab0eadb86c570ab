"""Why a line item or score is refused, and what is read from an accepted one."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing import lti13_services as services

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ITEM = {"label": "Quiz", "scoreMaximum": 10}
SCORE = {
    "userId": "u",
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-11-21T12:00:00.000Z",
    "scoreGiven": 5,
    "scoreMaximum": 10,
}


def changed(whole: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reversed({**whole, **changes}.items()) if value is not ...}


def explained(error: services.ServiceError) -> tuple[str, str, object, object]:
    """What the error holds, which its text says, too."""
    assert str(error) == f"{error.reason}: {error.field} (expected {error.expected!r}, got {error.got!r})"
    return error.reason, error.field, error.expected, error.got


def item_refused(body: object) -> tuple[str, str, object, object]:
    with pytest.raises(services.ServiceError) as caught:
        services.read_line_item(body)
    return explained(caught.value)


def score_refused(body: object) -> tuple[str, str, object, object]:
    with pytest.raises(services.ServiceError) as caught:
        services.read_score(body)
    return explained(caught.value)


def test_an_error_needs_no_particulars() -> None:
    assert explained(services.ServiceError("missing", "label")) == ("missing", "label", None, None)


@pytest.mark.parametrize(("body", "kind"), [([], "list"), ("x", "str"), (None, "NoneType")])
def test_bodies_that_are_not_objects(body: object, kind: str) -> None:
    assert item_refused(body) == ("not_an_object", "body", "a JSON object", kind)
    assert score_refused(body) == ("not_an_object", "body", "a JSON object", kind)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"label": ...}, ("missing", "label", "a string", ["scoreMaximum"])),
        ({"label": None}, ("missing", "label", "a string", ["label", "scoreMaximum"])),
        ({"label": ""}, ("not_text", "label", "a string that is not blank", "")),
        ({"label": " \t"}, ("not_text", "label", "a string that is not blank", " \t")),
        ({"label": 5}, ("not_text", "label", "a string that is not blank", 5)),
        ({"scoreMaximum": ..., "a": 1}, ("missing", "scoreMaximum", "a number above 0", ["a", "label"])),
        ({"scoreMaximum": None}, ("missing", "scoreMaximum", "a number above 0", ["label", "scoreMaximum"])),
        ({"scoreMaximum": 0}, ("out_of_range", "scoreMaximum", "above 0", 0)),
        ({"scoreMaximum": -0.5}, ("out_of_range", "scoreMaximum", "above 0", -0.5)),
        ({"resourceId": [1]}, ("not_text", "resourceId", "a string", [1])),
        ({"resourceLinkId": 1.5}, ("not_text", "resourceLinkId", "a string", 1.5)),
        ({"tag": True}, ("not_text", "tag", "a string", True)),
        ({"startDateTime": {}}, ("not_text", "startDateTime", "a string", {})),
        ({"endDateTime": {}}, ("not_text", "endDateTime", "a string", {})),
    ],
)
def test_a_wrong_line_item_is_refused_with_the_reason(
    changes: dict[str, Any], what: tuple[str, str, object, object]
) -> None:
    assert item_refused(changed(ITEM, changes)) == what


TOO_MUCH = [math.inf, -math.inf, math.nan, sys.float_info.max, 10**400, -(10**400)]


@pytest.mark.parametrize(("value", "expected"), [*[(value, "a number") for value in ("10", True, False, [1])]])
def test_members_that_are_not_numbers(value: object, expected: str) -> None:
    assert item_refused(changed(ITEM, {"scoreMaximum": value})) == ("not_a_number", "scoreMaximum", expected, value)
    assert score_refused(changed(SCORE, {"scoreGiven": value})) == ("not_a_number", "scoreGiven", expected, value)
    assert score_refused(changed(SCORE, {"scoreMaximum": value})) == ("not_a_number", "scoreMaximum", expected, value)


@pytest.mark.parametrize("value", TOO_MUCH)
def test_a_number_too_large_to_calculate_with(value: float) -> None:
    what = ("a finite number", str(value))
    assert item_refused(changed(ITEM, {"scoreMaximum": value})) == ("not_a_number", "scoreMaximum", *what)
    assert score_refused(changed(SCORE, {"scoreGiven": value})) == ("not_a_number", "scoreGiven", *what)
    assert score_refused(changed(SCORE, {"scoreMaximum": value})) == ("not_a_number", "scoreMaximum", *what)


def test_a_line_item_is_read_member_by_member() -> None:
    texts = {"resourceId": "r", "resourceLinkId": "l", "tag": "t", "startDateTime": "s", "endDateTime": "e"}
    more = {"https://x.example/a": {"b": 1}, "https://x.example/none": None, "plain": 1}
    read = services.read_line_item({**ITEM, **texts, **more, "scoreMaximum": 0.5})
    assert read == services.LineItemData(
        label="Quiz",
        score_maximum=0.5,
        resource_id="r",
        resource_link_id="l",
        tag="t",
        start_date_time="s",
        end_date_time="e",
        extensions={"https://x.example/a": {"b": 1}},
    )
    assert services.line_item_json(read, "https://lms/1") == {
        "id": "https://lms/1",
        "label": "Quiz",
        "scoreMaximum": 0.5,
        **texts,
        "https://x.example/a": {"b": 1},
    }
    bare = services.read_line_item(ITEM)
    assert bare == services.LineItemData(label="Quiz", score_maximum=10)
    assert services.line_item_json(bare, "u") == {"id": "u", "label": "Quiz", "scoreMaximum": 10}


PRESENT = sorted(SCORE)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        *[
            ({name: value}, ("missing", name, "a string", [key for key in PRESENT if value is not ... or key != name]))
            for name in ("userId", "activityProgress", "gradingProgress")
            for value in (..., None, "")
        ],
        ({"userId": 1.5}, ("not_text", "userId", "a string", 1.5)),
        (
            {"activityProgress": "completed"},
            (
                "not_one_of",
                "activityProgress",
                ["Initialized", "Started", "InProgress", "Submitted", "Completed"],
                "completed",
            ),
        ),
        (
            {"gradingProgress": "Completed"},
            (
                "not_one_of",
                "gradingProgress",
                ["FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"],
                "Completed",
            ),
        ),
        ({"scoreGiven": -0.5}, ("out_of_range", "scoreGiven", "at least 0", -0.5)),
        ({"scoreMaximum": -0.5}, ("out_of_range", "scoreMaximum", "at least 0", -0.5)),
        ({"scoreMaximum": -0.5, "scoreGiven": None}, ("out_of_range", "scoreMaximum", "at least 0", -0.5)),
        (
            {"scoreMaximum": ...},
            (
                "missing",
                "scoreMaximum",
                "a number, since scoreGiven is there",
                [name for name in PRESENT if name != "scoreMaximum"],
            ),
        ),
        (
            {"scoreMaximum": None, "scoreGiven": 0},
            ("missing", "scoreMaximum", "a number, since scoreGiven is there", PRESENT),
        ),
        ({"comment": 1.5}, ("not_text", "comment", "a string", 1.5)),
        ({"timestamp": ...}, ("missing", "timestamp", "RFC 3339", None)),
        ({"timestamp": None}, ("missing", "timestamp", "RFC 3339", None)),
        ({"timestamp": 5}, ("not_a_time", "timestamp", "RFC 3339", 5)),
        ({"timestamp": "noon"}, ("not_a_time", "timestamp", "RFC 3339", "noon")),
        ({"timestamp": ""}, ("not_a_time", "timestamp", "RFC 3339", "")),
        (
            {"timestamp": "2026-11-21T12:00:00"},
            ("not_a_time", "timestamp", "a time with a time zone", "2026-11-21T12:00:00"),
        ),
    ],
)
def test_a_wrong_score_is_refused_with_the_reason(
    changes: dict[str, Any], what: tuple[str, str, object, object]
) -> None:
    assert score_refused(changed(SCORE, changes)) == what


def test_a_score_is_read_member_by_member() -> None:
    assert services.read_score({**SCORE, "comment": "well"}) == services.ScoreData(
        user_id="u",
        activity_progress="Completed",
        grading_progress="FullyGraded",
        timestamp=NOON,
        score_given=5,
        score_maximum=10,
        comment="well",
    )
    bare = changed(SCORE, {"scoreGiven": ..., "scoreMaximum": ..., "userId": 7})
    assert services.read_score(bare) == services.ScoreData(
        user_id="7", activity_progress="Completed", grading_progress="FullyGraded", timestamp=NOON
    )
    assert services.read_score({**SCORE, "comment": 5}).comment == "5"
    assert services.read_score({**SCORE, "scoreGiven": 0, "scoreMaximum": 0}).score_given == 0
    assert services.read_score({**SCORE, "scoreGiven": None}).score_maximum == 10


def test_a_missing_time_is_now_only_where_now_is_handed_in() -> None:
    later = NOON + timedelta(hours=1)
    assert services.read_score(changed(SCORE, {"timestamp": ...}), now=later).timestamp == later
    assert services.read_score(SCORE, now=later).timestamp == NOON
    with pytest.raises(services.ServiceError) as caught:
        services.read_score({**SCORE, "timestamp": 5}, now=later)
    assert explained(caught.value) == ("not_a_time", "timestamp", "RFC 3339", 5)


@pytest.mark.parametrize("progress", services.ACTIVITY_PROGRESS)
def test_every_activity_state_is_taken(progress: str) -> None:
    assert services.read_score({**SCORE, "activityProgress": progress}).activity_progress == progress


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 10.0),
        ({"gradingProgress": "PendingManual"}, 10.0),
        ({"gradingProgress": "Pending"}, None),
        ({"gradingProgress": "Failed"}, None),
        ({"gradingProgress": "NotReady"}, None),
        ({"scoreGiven": 0}, 0.0),
        ({"scoreGiven": 1, "scoreMaximum": 1}, 20.0),
        ({"scoreGiven": 12}, 24.0),
        ({"scoreGiven": 1e300, "scoreMaximum": 1e-300}, sys.float_info.max),
        ({"scoreGiven": 10**300, "scoreMaximum": 5e-324}, sys.float_info.max),
        ({"scoreGiven": 3, "scoreMaximum": 0}, 0.0),
        ({"scoreGiven": ...}, None),
        ({"scoreGiven": ..., "scoreMaximum": 0}, None),
    ],
)
def test_a_score_on_the_scale_of_its_line_item(changes: dict[str, Any], expected: float | None) -> None:
    assert services.scaled(services.read_score(changed(SCORE, changes)), 20) == expected


def test_a_score_without_its_maximum_is_not_scaled() -> None:
    """A tool's JSON always names the scale; a stored record may not."""
    score = services.ScoreData(
        user_id="u", activity_progress="Completed", grading_progress="FullyGraded", timestamp=NOON, score_given=5
    )
    assert services.scaled(score, 20) is None


def test_an_older_score_is_refused_with_the_last_ones_time() -> None:
    score = services.read_score(SCORE)
    services.check_order(score, NOON)
    services.check_order(score, NOON - timedelta(milliseconds=1))
    with pytest.raises(services.ServiceError) as caught:
        services.check_order(score, NOON + timedelta(milliseconds=1))
    assert explained(caught.value) == (
        "too_old",
        "timestamp",
        "at or after 2026-11-21T12:00:00.001Z",
        "2026-11-21T12:00:00.000Z",
    )


@given(microseconds=st.integers(-(10**15), 10**15), offset=st.integers(-14 * 60, 14 * 60))
def test_times_are_written_in_utc_with_milliseconds(microseconds: int, offset: int) -> None:
    zoned = (NOON + timedelta(microseconds=microseconds)).astimezone(timezone(timedelta(minutes=offset)))
    written = services.iso(zoned)
    assert len(written) == len("2026-11-21T12:00:00.000Z")
    assert written.endswith("Z")
    assert timedelta() <= zoned - datetime.fromisoformat(written) < timedelta(milliseconds=1)


def test_times_are_written_in_utc_wherever_the_machine_is(time_zone: Callable[[str], None]) -> None:
    time_zone("IST-5:30")
    assert services.iso(NOON) == "2026-11-21T12:00:00.000Z"


@pytest.mark.parametrize(
    ("score", "comment", "added"),
    [
        (None, None, {}),
        (0.0, "", {"resultScore": 0.0, "comment": ""}),
        (5.0, "c", {"resultScore": 5.0, "comment": "c"}),
    ],
)
def test_a_result_has_these_members(score: float | None, comment: str | None, added: dict[str, object]) -> None:
    made = services.result_json("r", score_of="i", user_id="u", score=score, maximum=10, comment=comment)
    assert made == {"id": "r", "scoreOf": "i", "userId": "u", "resultMaximum": 10, **added}


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("Learner", True),
        ("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner", True),
        ("http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student", True),
        ("Student", False),
        ("learner", False),
        ("earner", False),
        ("#Learner", False),
        ("", False),
    ],
)
def test_a_role_is_named_short_or_whole(wanted: str, matches: bool) -> None:
    roles = [
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student",
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
    ]
    assert services.role_matches(wanted, roles) is matches
