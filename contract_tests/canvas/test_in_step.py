"""Related records stay in step: assignments, discussions, quizzes, pages, module items."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import COURSE, made, work
from contract_tests.canvas.support import Site


def read(api: httpx.Client, path: str) -> dict[str, Any]:
    answer = api.get(f"{COURSE}/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def change(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = api.put(f"{COURSE}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def module(canvas: Site) -> str:
    return f"modules/{made(canvas.teacher, 'modules', module={'name': 'M'})['id']}"


def item(api: httpx.Client, module: str, **fields: Any) -> str:
    return f"{module}/items/{made(api, f'{module}/items', module_item=fields)['id']}"


def discussion(api: httpx.Client) -> dict[str, Any]:
    return made(api, "discussion_topics", title="D", message="m", published=True, assignment={"points_possible": 5})


def test_a_graded_discussion_and_its_assignment(canvas: Site, module: str) -> None:
    api = canvas.teacher
    topic = discussion(api)
    place, task = f"discussion_topics/{topic['id']}", f"assignments/{topic['assignment_id']}"
    change(api, task, assignment={"name": "E", "published": False})
    found = read(api, place)
    assert (found["title"], found["published"]) == ("E", False)
    shown = item(api, module, type="Discussion", content_id=topic["id"])
    assert change(api, shown, module_item={"published": True})["published"] is True
    assert change(api, shown, module_item={"title": "F"})["title"] == "F"
    found = read(api, task)
    assert (found["name"], found["published"]) == ("F", True)
    other = item(api, module, type="Assignment", content_id=work(api, name="A")["id"])
    assert change(api, other, module_item={"published": False})["published"] is False


def test_work_that_is_no_longer_done_in_a_discussion_or_quiz(canvas: Site) -> None:
    api, text = canvas.teacher, {"submission_types": ["online_text_entry"]}
    silent, said = discussion(api), discussion(api)
    made(canvas.student, f"discussion_topics/{said['id']}/entries", message="hello")
    for topic in (silent, said):
        assert "discussion_topic" not in change(api, f"assignments/{topic['assignment_id']}", assignment=text)
    assert api.get(f"{COURSE}/discussion_topics/{silent['id']}").status_code == 404
    assert read(api, f"discussion_topics/{said['id']}")["assignment_id"] is None
    quiz = made(api, "quizzes", quiz={"title": "Q", "quiz_type": "assignment", "published": True})
    task = change(api, f"assignments/{quiz['assignment_id']}", assignment=text)
    assert (task["is_quiz_assignment"], "quiz_id" in task) == (False, False)
    assert read(api, f"quizzes/{quiz['id']}")["assignment_id"] is None


def test_a_page_that_a_module_renames_gets_an_address_of_that_name(canvas: Site, module: str) -> None:
    api = canvas.teacher
    page = made(api, "pages", wiki_page={"title": "First", "body": "b", "published": True})
    shown = item(api, module, type="Page", page_url=page["url"])
    assert change(api, shown, module_item={"title": "Second"})["page_url"] == "second"
    found = read(api, "pages/second")
    assert found["title"] == "Second"
    change(api, shown, module_item={"published": False})
    hidden = read(api, "pages/second")
    assert (hidden["published"], hidden["updated_at"]) == (False, found["updated_at"])


def test_a_group_of_assignments_goes_with_the_discussions_and_quizzes(canvas: Site) -> None:
    api = canvas.teacher
    group = made(api, "assignment_groups", name="G")["id"]
    topic = made(api, "discussion_topics", title="D", published=True, assignment={"assignment_group_id": group})
    quiz = made(api, "quizzes", quiz={"title": "Q", "quiz_type": "assignment", "assignment_group_id": group})
    assert api.delete(f"{COURSE}/assignment_groups/{group}").status_code == 200
    assert api.get(f"{COURSE}/discussion_topics/{topic['id']}").status_code == 404
    assert quiz["id"] not in [entry["id"] for entry in api.get(f"{COURSE}/quizzes").json()]


def test_dates_of_many_reach_the_quizzes(canvas: Site) -> None:
    api, due = canvas.teacher, "2030-01-01T10:00:00Z"
    quiz = made(api, "quizzes", quiz={"title": "Q", "quiz_type": "assignment", "published": True})
    rows = [{"id": quiz["assignment_id"], "all_dates": [{"base": True, "due_at": due}]}]
    assert api.put(f"{COURSE}/assignments/bulk_update", json=rows).status_code == 200
    assert read(api, f"quizzes/{quiz['id']}")["due_at"] == due


def test_a_section_that_moves_leaves_its_other_dates(canvas: Site) -> None:
    api = canvas.admin
    section = made(api, "sections", course_section={"name": "B"})["id"]
    other = {"course_section_id": section, "due_at": "2030-01-01T10:00:00Z"}
    task = work(api, assignment_overrides=[other])
    assert api.post(f"/api/v1/sections/{section}/crosslist/1").status_code == 200
    overrides = f"{COURSE}/assignments/{task['id']}/overrides"
    assert len(api.get(overrides).json()) == 1, "it stays where it is"
    assert api.post(f"/api/v1/sections/{section}/crosslist/2").status_code == 200
    assert api.get(overrides).json() == []
