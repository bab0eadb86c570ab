"""Assignments, grades and rubrics of the demo course, made and read over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

COURSE = "/api/v1/courses/1"
ADA, GRACE = 101, 102
Body = dict[str, Any]


def made(api: httpx.Client, path: str, **body: Any) -> Body:
    answer = api.post(f"{COURSE}/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: Body = answer.json()
    return found


def work(api: httpx.Client, **fields: Any) -> Body:
    usual = {"name": "Work", "points_possible": 10, "submission_types": ["online_text_entry"], "published": True}
    return made(api, "assignments", assignment=usual | fields)


def grade(api: httpx.Client, assignment: Body, posted: Any, user: int = ADA, **fields: Any) -> Body:
    path = f"{COURSE}/assignments/{assignment['id']}/submissions/{user}"
    answer = api.put(path, json={"submission": {"posted_grade": posted, **fields}})
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def scores(api: httpx.Client, user: int = ADA) -> Body:
    rows = api.get(f"{COURSE}/enrollments", params={"user_id": user}).json()
    found: Body = next(row["grades"] for row in rows if row["type"] == "StudentEnrollment")
    return found


def emptied(api: httpx.Client) -> None:
    """Empty the demo course, so that scores come from the test alone."""
    for item in api.get(f"{COURSE}/assignments").json():
        assert api.delete(f"{COURSE}/assignments/{item['id']}").status_code == 200


def team(api: httpx.Client, *members: int) -> Body:
    """A group of these people, in a group set of its own."""
    category = made(api, "group_categories", name="Teams")["id"]
    answer = api.post(f"/api/v1/group_categories/{category}/groups", json={"name": "Team"})
    assert answer.status_code == 200, answer.text
    group: Body = answer.json()
    for user in members:
        answer = api.post(f"/api/v1/groups/{group['id']}/memberships", json={"user_id": user})
        assert answer.status_code == 200, answer.text
    return group


def rubric(api: httpx.Client, task: Body, **criterion: Any) -> Body:
    found: Body = associated(api, task, **criterion)["rubric"]
    return found


def associated(api: httpx.Client, task: Body, **criterion: Any) -> Body:
    """The answer to a new rubric that grades an assignment: the rubric and its association."""
    ratings = {"0": {"description": "Yes", "points": 5}, "1": {"description": "No", "points": 0}}
    described = {"title": "R", "criteria": {"0": {"description": "C", "ratings": ratings, **criterion}}}
    purpose = {"association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
    association = {**purpose, "use_for_grading": True}
    return made(api, "rubrics", rubric=described, rubric_association=association)
