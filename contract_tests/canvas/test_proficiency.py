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
