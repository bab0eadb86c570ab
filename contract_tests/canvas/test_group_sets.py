"""Group sets: their names, limits, leaders, sign-up, and how they are filled."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body
from contract_tests.canvas.support import Site

SETS = f"{COURSE}/group_categories"


def made(api: httpx.Client, **fields: Any) -> Body:
    answer = api.post(SETS, json={"name": "Teams", **fields})
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def groups(api: httpx.Client, category: Body) -> list[Body]:
    found: list[Body] = api.get(f"/api/v1/group_categories/{category['id']}/groups", params={"per_page": 100}).json()
    return found


def changed(api: httpx.Client, category: Body, **fields: Any) -> httpx.Response:
    return api.put(f"/api/v1/group_categories/{category['id']}", json=fields)


def fault(answer: httpx.Response, name: str) -> str:
    assert answer.status_code == 400, answer.text
    found: str = answer.json()["errors"][name][0]["message"]
    return found


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Study Parties", "Study Party 1"),
        ("Classes", "Class 1"),
        ("Boxes", "Box 1"),
        ("Lab People", "Lab Person 1"),
        ("Series", "Series 1"),
        ("Halves", "Half 1"),
        ("Glass", "Glass 1"),
    ],
)
def test_groups_are_named_by_the_singular_of_their_set(canvas: Site, name: str, first: str) -> None:
    (group,) = groups(canvas.teacher, made(canvas.teacher, name=name, self_signup="enabled", create_group_count=1))
    assert group["name"] == first


def test_names_are_taken_to_the_letter(canvas: Site) -> None:
    made(canvas.teacher)
    made(canvas.teacher, name="teams")
    made(canvas.teacher, name="student groups")
    made(canvas.teacher, name="Communities")
    for name, text in (("Teams", "already in use"), ("Student Groups", "reserved"), ("Imported Groups", "reserved")):
        assert text in fault(canvas.teacher.post(SETS, json={"name": name}), "name")
    assert "reserved" in fault(
        canvas.admin.post("/api/v1/accounts/1/group_categories", json={"name": "Communities"}), "name"
    )


def test_a_name_leaves_room_for_the_numbers_of_its_groups(canvas: Site) -> None:
    made(canvas.teacher, name="x" * 255, split_groups="0")
    made(canvas.teacher, name="y" * 253)
    too_long = canvas.teacher.post(SETS, json={"name": "z" * 253, "self_signup": "enabled", "create_group_count": 10})
    assert fault(too_long, "name") == "Enter a shorter category name"
    assert changed(canvas.teacher, made(canvas.teacher), name=None).json()["name"] == "Teams"


def test_a_limit_is_that_of_the_groups_as_well(canvas: Site) -> None:
    group_set = made(canvas.teacher, self_signup="enabled", group_limit=3, create_group_count=2)
    assert [group["max_membership"] for group in groups(canvas.teacher, group_set)] == [3, 3]
    assert changed(canvas.teacher, group_set, group_limit=5).status_code == 200
    assert [group["max_membership"] for group in groups(canvas.teacher, group_set)] == [5, 5]
    assert changed(canvas.teacher, group_set).json()["group_limit"] is None
    assert [group["max_membership"] for group in groups(canvas.teacher, group_set)] == [None, None]


def test_the_forms_leaders_may_be_asked_for_in(canvas: Site) -> None:
    assert made(canvas.teacher, name="A", auto_leader="FIRST")["auto_leader"] == "first"
    form = {"enable_auto_leader": "1", "auto_leader_type": "Random"}
    assert made(canvas.teacher, name="B", **form)["auto_leader"] == "random"
    assert made(canvas.teacher, name="C", enable_auto_leader="0", auto_leader="first")["auto_leader"] is None
    wrong = {"name": "D", "enable_auto_leader": "1", "auto_leader_type": "last"}
    assert canvas.teacher.post(SETS, json=wrong).status_code == 500


def test_a_sis_id_that_comes_with_a_change_is_seen_afterwards(canvas: Site) -> None:
    group_set = made(canvas.teacher)
    assert changed(canvas.admin, group_set, sis_group_category_id="GC1").json()["sis_group_category_id"] is None
    path = "/api/v1/group_categories/sis_group_category_id:GC1"
    assert canvas.admin.get(path).json()["id"] == group_set["id"]
    assert changed(canvas.teacher, group_set, sis_group_category_id="GC2").status_code == 500
    assert canvas.admin.get(path).status_code == 200


def second_section(canvas: Site, user: int) -> None:
    """Move a student to a section of their own."""
    section = canvas.admin.post(f"{COURSE}/sections", json={"course_section": {"name": "Second"}}).json()
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"user_id": user}).json()
    row = {"user_id": user, "type": "StudentEnrollment", "enrollment_state": "active"}
    assert canvas.admin.post(f"/api/v1/sections/{section['id']}/enrollments", json={"enrollment": row}).is_success
    for old in rows:
        assert canvas.admin.delete(f"{COURSE}/enrollments/{old['id']}", params={"task": "delete"}).is_success


def test_people_of_two_sections_keep_a_set_from_restricted_sign_up(canvas: Site) -> None:
    second_section(canvas, GRACE)
    group_set = made(canvas.teacher, self_signup="enabled", create_group_count=1)
    (group,) = groups(canvas.teacher, group_set)
    for user in (ADA, GRACE):
        assert changed(canvas.teacher, group_set, self_signup="restricted").status_code == 200
        assert changed(canvas.teacher, group_set, self_signup="enabled").status_code == 200
        path = f"/api/v1/groups/{group['id']}/memberships"
        assert canvas.teacher.post(path, json={"user_id": user}).status_code == 200
    refused = changed(canvas.teacher, group_set, self_signup="restricted")
    assert "mixed-section" in fault(refused, "restrict_self_signup")


def test_groups_by_section_mix_no_sections(canvas: Site) -> None:
    second_section(canvas, GRACE)
    group_set = made(canvas.teacher, split_groups="1", create_group_count=2, group_by_section=True)
    found = [
        canvas.teacher.get(f"/api/v1/groups/{group['id']}/users").json() for group in groups(canvas.teacher, group_set)
    ]
    alone = [[user["id"] for user in people] for people in found if len(people) == 1]
    assert [GRACE] in alone
    path = f"/api/v1/group_categories/{group_set['id']}/assign_unassigned_members"
    job = canvas.teacher.post(path, json={"group_by_section": True}).json()
    done = canvas.teacher.get(f"/api/v1/progress/{job['id']}").json()
    assert (done["workflow_state"], done["message"]) == ("failed", "Groups must be empty to assign by section")


def test_too_few_groups_for_the_sections_stay_empty(canvas: Site) -> None:
    second_section(canvas, GRACE)
    group_set = made(canvas.teacher, split_groups="1", create_group_count=1, group_by_section=True)
    assert [group["members_count"] for group in groups(canvas.teacher, group_set)] == [0]


def test_a_set_that_canvas_keeps_is_not_deleted(canvas: Site) -> None:
    community = canvas.admin.post("/api/v1/groups", json={"name": "Readers"}).json()
    path = f"/api/v1/group_categories/{community['group_category_id']}"
    for method, end in (("DELETE", ""), ("POST", "/import")):
        assert canvas.admin.request(method, path + end).status_code == 401
        assert canvas.reason == "category_protected"
        assert canvas.diagnosis.startswith("Canvas keeps the set of communities: nobody deletes it")
    path = f"/api/v1/group_categories/{made(canvas.teacher)['id']}"
    assert canvas.admin.delete(path).status_code == 200
