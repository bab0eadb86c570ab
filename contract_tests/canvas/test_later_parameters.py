"""Parameters that Canvas added since 2023, compared with a site that does not know them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.canvas.grading import COURSE, made, work
from contract_tests.canvas.support import Site

API = "/api/v1"
SCHOOL = f"{API}/accounts/1"


def names(site: Site, path: str, key: str = "name", **params: Any) -> list[Any]:
    answer = site.admin.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [pair[key] for pair in (body if isinstance(body, list) else next(iter(body.values())))]


@pytest.fixture
def filled(canvas: Site) -> Site:
    canvas.lms.clock.set(datetime(2026, 11, 27, 12, tzinfo=UTC))
    admin = canvas.admin
    for name in ("Zoology", "Arts"):
        admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": name})
        admin.post(f"{SCHOOL}/terms", data={"enrollment_term[name]": f"{name} term"})
        admin.post(f"{COURSE}/sections", data={"course_section[name]": f"{name} group"})
    for person in ("102", "103"):
        admin.post(f"{SCHOOL}/admins", data={"user_id": person})
    admin.delete(f"{SCHOOL}/admins/102")
    return canvas


def test_filters_of_an_account(filled: Site) -> None:
    below = f"{SCHOOL}/sub_accounts"
    assert names(filled, below) == ["Zoology", "Arts"]
    assert names(filled, below, order="name") == ["Arts", "Zoology"]
    assert names(filled, below, order="name", recursive="true") == ["Zoology", "Arts"], "the whole tree is by id"
    asked = {"include[]": ["course_count", "sub_account_count"]}
    assert names(filled, below, "course_count", **asked) == [0, 0]
    assert names(filled, below, "sub_account_count", **asked) == [0, 0]
    assert names(filled, f"{SCHOOL}/terms", term_name="ARTS") == ["Arts term"]
    admins = f"{SCHOOL}/admins"
    now = names(filled, admins, "workflow_state")
    assert set(now) == {"active"}
    assert sorted(names(filled, admins, "workflow_state", include_deleted="true")) == sorted([*now, "deleted"])
    assert [name["id"] for name in names(filled, admins, "user", search_term="hopper")] == [103]
    assert filled.admin.get(admins, params={"search_term": "h"}).status_code == 400
    filled.lms.settings["canvas.later_parameters"] = False
    assert names(filled, below, order="name", **asked) == ["Zoology", "Arts"]
    assert len(names(filled, f"{SCHOOL}/terms", term_name="ARTS")) > 1
    assert len(names(filled, admins, "id", search_term="hopper")) == len(now)


def test_filters_of_people(filled: Site) -> None:
    people = f"{SCHOOL}/users"
    everybody = names(filled, people, "id")
    deleted = {"user[name]": "Gone", "pseudonym[unique_id]": "gone"}
    user = filled.admin.post(people, data=deleted).json()["id"]
    everybody.append(user)
    assert filled.admin.delete(f"{SCHOOL}/users/{user}").status_code == 200
    assert set(everybody) - set(names(filled, people, "id")) == {user}
    assert set(names(filled, people, "id", include_deleted_users="true")) == set(everybody)
    uuid = filled.admin.get(f"{API}/users/103", params={"include[]": "uuid"}).json()["uuid"]
    assert names(filled, people, "id", **{"uuids[]": uuid}) == [103]


def test_filters_of_courses_and_sections(filled: Site) -> None:
    assert names(filled, f"{COURSE}/sections", search_term="zoo") == ["Zoology group"]
    section = filled.admin.get(f"{COURSE}/sections", params={"search_term": "zoo"}).json()[0]["id"]
    assert names(filled, f"{COURSE}/users", **{"section_ids[]": section}) == []
    assert len(names(filled, f"{COURSE}/users")) > 1
    (arts,) = [item["id"] for item in filled.admin.get(f"{SCHOOL}/sub_accounts").json() if item["name"] == "Arts"]
    mine = f"{API}/users/103/courses"
    assert names(filled, mine, "id", account_id="1") == names(filled, mine, "id") != []
    assert names(filled, mine, "id", account_id=str(arts)) == []
    courses = f"{SCHOOL}/courses"
    assert 1 in names(filled, courses, "id", **{"enrollment_workflow_state[]": "active"})
    assert names(filled, courses, "id", **{"enrollment_workflow_state[]": "rejected"}) == []


def test_todo_items_of_selected_courses(filled: Site) -> None:
    soon = "2026-11-28T10:00:00Z"
    base = work(filled.teacher, due_at=soon)
    todo = f"{API}/users/self/todo"

    def waiting(**params: str) -> list[int]:
        return [item["assignment"]["id"] for item in filled.student.get(todo, params=params).json()]

    assert base["id"] in waiting(**{"course_ids[]": "1"}) == waiting()
    assert waiting(**{"course_ids[]": "2"}) == []


def test_what_is_locked_or_done_off_line_and_over_is_nothing_to_do(filled: Site) -> None:
    soon, before = "2026-11-28T10:00:00Z", "2026-11-20T10:00:00Z"
    paper = {"submission_types": ["on_paper"]}
    base = {
        "open": work(filled.teacher, due_at=soon)["id"],
        "late": work(filled.teacher, due_at=before)["id"],
        "locked": work(filled.teacher, due_at=soon, unlock_at="2026-11-28T09:00:00Z")["id"],
        "closed": work(filled.teacher, due_at=before, lock_at=before)["id"],
        "on paper": work(filled.teacher, due_at=soon, **paper)["id"],
        "on paper, past": work(filled.teacher, due_at=before, **paper)["id"],
    }
    seen = [item["assignment"]["id"] for item in filled.student.get(f"{API}/users/self/todo").json()]
    assert {name for name, number in base.items() if number in seen} == {"open", "late", "on paper"}


def test_announcements_that_are_still_open_to_students(filled: Site) -> None:
    said = {"title": "Closing", "message": "x", "is_announcement": True, "lock_at": "2026-11-30T00:00:00Z"}
    number = made(filled.teacher, "discussion_topics", **said)["id"]

    def listed(who: Any, after: str) -> bool:
        asked = {"context_codes[]": "course_1", "end_date": "2027-01-01", "available_after": after}
        return number in [item["id"] for item in who.get(f"{API}/announcements", params=asked).json()]

    assert listed(filled.student, "2026-11-28")
    assert not listed(filled.student, "2026-12-02")
    assert listed(filled.teacher, "2026-12-02"), "those who moderate see all"


def test_how_a_topic_is_shown(canvas: Site) -> None:
    sent = {"title": "T", "sort_order": "asc", "expanded": True, "sort_order_locked": True, "published": True}
    topic = made(canvas.teacher, "discussion_topics", **sent)
    names = ("sort_order", "sort_order_locked", "expanded", "expanded_locked")
    assert [topic[name] for name in names] == ["asc", True, True, False]
    path = f"{COURSE}/discussion_topics/{topic['id']}"
    changed = canvas.teacher.put(path, json={"sort_order": "sideways", "expanded": False}).json()
    assert [changed[name] for name in names] == ["desc", True, False, False]
    canvas.lms.settings["canvas.later_parameters"] = False
    assert not set(names) & set(canvas.student.get(path).json())


def test_differentiation_tags_which_the_school_does_not_use(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    made(teacher, "group_categories", name="Teams")
    for place, client in ((COURSE, teacher), (SCHOOL, canvas.admin)):
        for path in (f"{place}/groups", f"{place}/group_categories"):
            usual = client.get(path).json()
            for state, status in (("collaborative", 200), ("all", 200), ("", 200), ("non_collaborative", 403)):
                answer = client.get(path, params={"collaboration_state": state})
                assert answer.status_code == status
                assert (status == 403) or answer.json() == usual
        unknown = client.get(f"{place}/group_categories", params={"collaboration_state": "some"})
        assert (unknown.status_code, unknown.json()) == (400, {"error": "Invalid collaboration_state parameter"})
        assert client.get(f"{place}/groups", params={"collaboration_state": "some"}).status_code == 200
    asked = {"collaboration_state": "some"}
    assert student.get(f"{COURSE}/group_categories", params=asked).status_code in (401, 403), "the right comes first"
    canvas.lms.settings["canvas.later_parameters"] = False
    assert teacher.get(f"{COURSE}/groups", params={"collaboration_state": "non_collaborative"}).status_code == 200
    assert teacher.get(f"{COURSE}/group_categories", params=asked).status_code == 200


def test_where_a_tool_that_can_be_launched_is_installed(canvas: Site) -> None:
    tool = {"consumer_key": "k", "shared_secret": "s", "url": "https://tool.example.test/", "link_selection": "1"}
    for place in (COURSE, SCHOOL):
        canvas.admin.post(f"{place}/external_tools", json={**tool, "name": place})
    path, asked = f"{COURSE}/lti_apps/launch_definitions", {"placements[]": "link_selection"}
    listed = canvas.teacher.get(path, params={**asked, "include_context_name": "true"}).json()
    school, course = (canvas.admin.get(value).json()["name"] for value in (SCHOOL, COURSE))
    assert {item["name"]: item["context_name"] for item in listed}.items() >= {
        COURSE: course,
        SCHOOL: school,
    }.items()
    for without in ({}, {"include_context_name": "false"}):
        assert "context_name" not in canvas.teacher.get(path, params={**asked, **without}).json()[0]
    canvas.lms.settings["canvas.later_parameters"] = False
    assert "context_name" not in canvas.teacher.get(path, params={**asked, "include_context_name": "true"}).json()[0]
