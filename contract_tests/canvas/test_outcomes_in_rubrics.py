"""Outcomes as criteria of rubrics at Canvas: what a rubric does to a course's outcomes, and they to it."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, associated, rubric, work
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_outcomes import ACCOUNT, made, root

BEST = [{"description": "Best", "points": 6}, {"description": "Good", "points": 4}]


def linked(canvas: Site) -> list[Any]:
    return [row["outcome"]["id"] for row in canvas.teacher.get(f"{COURSE}/outcome_group_links").json()]


def test_a_rubric_brings_an_outcome_of_the_school_into_the_course(canvas: Site) -> None:
    above = made(canvas.admin, root(canvas.admin, ACCOUNT), title="Of the school")
    assert linked(canvas) == []
    brought = rubric(canvas.teacher, work(canvas.teacher), learning_outcome_id=above["id"])
    assert linked(canvas) == [above["id"]]
    held = f"{root(canvas.teacher, COURSE)}/outcomes/{above['id']}"
    assert canvas.teacher.delete(held).status_code == 400, "aligned in this course"
    native = f"{root(canvas.admin, ACCOUNT)}/outcomes/{above['id']}"
    assert canvas.admin.delete(native).status_code == 400, "where it was made, any alignment counts"
    assert canvas.teacher.delete(f"{COURSE}/rubrics/{brought['id']}").is_success
    assert canvas.admin.delete(native).status_code == 200
    assert linked(canvas) == [], "the outcome went with the link of its own place"
    assert canvas.admin.get(f"/api/v1/outcomes/{above['id']}").status_code == 404


def test_unlinking_elsewhere_leaves_the_outcome_and_its_alignments_in_other_courses(canvas: Site) -> None:
    above = made(canvas.admin, root(canvas.admin, ACCOUNT), title="Of the school")
    other = canvas.admin.post(f"{ACCOUNT}/courses", json={"course": {"name": "Other"}}).json()["id"]
    group = root(canvas.admin, f"/api/v1/courses/{other}")
    assert canvas.admin.put(f"{group}/outcomes/{above['id']}").status_code == 200
    rubric(canvas.teacher, work(canvas.teacher), learning_outcome_id=above["id"])
    assert canvas.admin.delete(f"{group}/outcomes/{above['id']}").status_code == 200
    assert linked(canvas) == [above["id"]]
    assert canvas.teacher.get(f"/api/v1/outcomes/{above['id']}").status_code == 200


def test_a_changed_outcome_changes_rubrics_without_assessments(canvas: Site) -> None:
    teacher = canvas.teacher
    outcome = made(teacher, root(teacher, COURSE), title="O", ratings=BEST, mastery_points=4)
    task = work(teacher)
    kept = rubric(teacher, task, learning_outcome_id=outcome["id"], ignore_for_scoring=False)
    assert teacher.get(outcome["url"]).json()["has_updateable_rubrics"] is True
    assert teacher.put(outcome["url"], json={"display_name": "Only shown"}).is_success
    path = f"{COURSE}/rubrics/{kept['id']}"
    assert teacher.get(path).json()["data"][0]["description"] == "C"
    assert teacher.put(outcome["url"], json={"title": "P", "description": "New"}).is_success
    (row,) = teacher.get(path).json()["data"]
    assert (row["description"], row["long_description"]) == ("P", "New")
    assert [(rating["description"], rating["points"]) for rating in row["ratings"]] == [("Best", 6), ("Good", 4)]
    assert (row["points"], row["mastery_points"], teacher.get(path).json()["points_possible"]) == (6, 4, 6)
    marks = {"rubric_assessment": {row["id"]: {"points": 4}}}
    assert teacher.put(f"{COURSE}/assignments/{task['id']}/submissions/{ADA}", json=marks).is_success
    assert teacher.put(outcome["url"], json={"title": "Q"}).json()["has_updateable_rubrics"] is False
    assert teacher.get(path).json()["data"][0]["description"] == "P"


def test_a_result_without_points_and_one_whose_rubric_is_gone(canvas: Site) -> None:
    teacher = canvas.teacher
    outcome = made(teacher, root(teacher, COURSE), title="O", ratings=BEST, mastery_points=4)
    task = work(teacher)
    answer = associated(teacher, task, learning_outcome_id=outcome["id"])
    (criterion,) = answer["rubric"]["criteria"]
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"
    assert teacher.put(path, json={"rubric_assessment": {criterion["id"]: {"comments": "later"}}}).is_success
    results = f"{COURSE}/outcome_results"
    (row,) = teacher.get(results).json()["outcome_results"]
    assert (row["score"], row["mastery"], row["percent"], row["possible"]) == (None, None, None, 5)
    only = {"exclude[]": "missing_user_rollups"}
    assert teacher.get(f"{COURSE}/outcome_rollups", params=only).json()["rollups"][0]["scores"] == []
    assert teacher.put(path, json={"rubric_assessment": {criterion["id"]: {"points": 5}}}).is_success
    (row,) = teacher.get(results).json()["outcome_results"]
    assert (row["score"], row["mastery"], row["percent"]) == (5, True, 1)
    (scored,) = teacher.get(f"{COURSE}/outcome_rollups", params=only).json()["rollups"][0]["scores"]
    assert scored["score"] == 6, "of the points of the outcome"
    shares = {"include[]": "outcomes", "rating_percents": "true"}
    (linked,) = teacher.get(results, params=shares).json()["linked"]["outcomes"]
    assert [rating.get("percent") for rating in linked["ratings"]] == [100, 0]
    assert teacher.delete(f"{COURSE}/rubric_associations/{answer['rubric_association']['id']}").is_success
    assert teacher.get(results).json()["outcome_results"] == []


def test_scales_of_a_school_hold_for_all_outcomes(canvas: Site) -> None:
    teacher = canvas.teacher
    outcome = made(teacher, root(teacher, COURSE), title="O", ratings=BEST, mastery_points=4)
    task = work(teacher)
    (criterion,) = rubric(teacher, task, learning_outcome_id=outcome["id"])["criteria"]
    marks = {"rubric_assessment": {criterion["id"]: {"points": 5}}}
    assert teacher.put(f"{COURSE}/assignments/{task['id']}/submissions/{ADA}", json=marks).is_success
    canvas.switch_on("account_level_mastery_scales")
    assert "ratings" not in teacher.get(outcome["url"]).json()
    links = f"{COURSE}/outcome_group_links?outcome_style=full"
    shown = teacher.get(links).json()[0]["outcome"]
    assert (shown["points_possible"], shown["mastery_points"], shown["calculation_method"]) == (4, 3, "highest")
    assert [row["points"] for row in shown["ratings"]] == [4, 3, 2, 1, 0]
    only = {"exclude[]": "missing_user_rollups"}
    rolled = f"{COURSE}/outcome_rollups"
    assert teacher.get(rolled, params=only).json()["rollups"][0]["scores"][0]["score"] == 4
    levels = [
        {"description": "Yes", "points": 10, "mastery": True, "color": "0b874b"},
        {"description": "No", "points": 0, "mastery": False, "color": "0b874b"},
    ]
    assert canvas.admin.post(f"{COURSE}/outcome_proficiency", json={"ratings": levels}).is_success
    assert teacher.get(rolled, params=only).json()["rollups"][0]["scores"][0]["score"] == 10
    assert [row["points"] for row in teacher.get(links).json()[0]["outcome"]["ratings"]] == [10, 0]
