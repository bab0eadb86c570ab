"""Levels of mastery of accounts and courses."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"


def test_levels_of_mastery_are_taken_from_above(canvas: Site) -> None:
    levels = f"{API}/accounts/1/outcome_proficiency"
    best = {"description": "Good", "points": 4, "mastery": True, "color": "0b874b"}
    worst = {"description": "Poor", "points": 1, "mastery": False, "color": "e0061f"}
    assert canvas.teacher.post(levels, json={"ratings": [best, worst]}).status_code == 403
    assert canvas.admin.get(levels).status_code == 404
    for wrong in ([], [worst], [best, best], [worst, best], [{**best, "color": "green"}], [{**best, "points": -1}]):
        assert canvas.admin.post(levels, json={"ratings": wrong}).status_code == 422
    assert canvas.admin.post(levels, json={"ratings": [best, worst]}).status_code == 200
    course = f"{API}/courses/1/outcome_proficiency"
    assert len(canvas.student.get(course).json()["ratings"]) == 2
    assert canvas.admin.post(course, json={"ratings": [best]}).json()["ratings"] == [best]
    assert canvas.student.get(course).json()["ratings"] == [best]
    assert len(canvas.admin.get(levels).json()["ratings"]) == 2


def test_what_is_wrong_with_levels(canvas: Site) -> None:
    levels = f"{API}/accounts/1/outcome_proficiency"
    best = {"description": "Good", "points": 4, "mastery": True, "color": "0b874b"}
    worst = {"description": "Poor", "points": 1, "mastery": False, "color": "e0061f"}

    def faults(*rows: object) -> list[tuple[str, str]]:
        errors = canvas.admin.post(levels, json={"ratings": rows}).json()["errors"]
        return [(row["field"].removeprefix("outcome_proficiency_ratings").strip("."), row["message"]) for row in errors]

    assert faults() == [("", "Missing required ratings"), ("", "Exactly one rating can have mastery")]
    equal = {**worst, "points": 4}
    assert faults(best, equal, equal)[0] == ("", "Points should be strictly decreasing: 4.0 <= 4.0")
    assert len(faults(best, equal, equal)) == 2
    assert faults({"mastery": True}) == [
        ("description", "can't be blank"),
        ("points", "can't be blank"),
        ("points", "is not a number"),
        ("color", "can't be blank"),
        ("color", "is invalid"),
    ]
    assert faults({**best, "points": "x"}) == [("points", "is not a number")]
    for body in ({}, {"ratings": "x"}, {"ratings": [best, {**worst, "points": None}]}):
        assert canvas.admin.post(levels, json=body).status_code == 500, body
    assert canvas.admin.post(levels, json={"ratings": [best, worst]}).status_code == 200
    ratings = canvas.admin.post(levels, json={"ratings": [{"points": 5}, {"description": "None"}]}).json()["ratings"]
    assert ratings == [{**best, "points": 5}, {**worst, "description": "None"}]
