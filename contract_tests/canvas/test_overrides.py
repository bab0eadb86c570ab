"""Assignment overrides: what is wrong with one, and whose address is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body, made, work
from contract_tests.canvas.support import Site

API = "/api/v1"


def override(canvas: Site, task: Body, **fields: Any) -> Any:
    return canvas.teacher.post(f"{COURSE}/assignments/{task['id']}/overrides", json={"assignment_override": fields})


def faults(answer: Any) -> Any:
    assert answer.status_code == 400, answer.text
    return answer.json()["errors"]


@pytest.mark.parametrize("sent", ["x", ["x"], 5])
def test_an_override_is_a_hash(canvas: Site, sent: Any) -> None:
    path = f"{COURSE}/assignments/{work(canvas.teacher)['id']}/overrides"
    answer = canvas.teacher.post(path, json={"assignment_override": sent})
    assert faults(answer) == ["invalid override data"]


def test_what_is_wrong_is_shown_as_it_was_sent(canvas: Site) -> None:
    task = work(canvas.teacher)
    for fields, text in (
        ({"course_section_id": "x"}, 'unknown section id "x"'),
        ({"course_section_id": 999}, "unknown section id 999"),
        ({"course_section_id": None}, "unknown section id nil"),
        ({"group_id": None}, "group_id is not valid for non-group assignments"),
        ({"student_ids": {"a": 1}}, 'invalid student_ids {"a"=>1}'),
        ({"student_ids": None}, "one of student_ids, group_id, or course_section_id is required"),
        ({"student_ids": [ADA], "due_at": "soon"}, 'invalid due_at "soon"'),
        ({"student_ids": [ADA], "due_at": ["soon"]}, 'invalid due_at ["soon"]'),
    ):
        assert faults(override(canvas, task, **fields)) == [text], fields
    assert override(canvas, task, student_ids=[ADA], due_at=" ").json()["due_at"] is None


def test_a_title_is_kept_until_there_is_another(canvas: Site) -> None:
    task = work(canvas.teacher)
    known = override(canvas, task, student_ids=[ADA, GRACE], title="Both").json()
    path = f"{COURSE}/assignments/{task['id']}/overrides/{known['id']}"

    def changed(**fields: Any) -> Any:
        return canvas.teacher.put(path, json={"assignment_override": fields})

    assert changed(due_at="2026-12-01").json()["title"] == "Both"
    assert changed(student_ids=[ADA]).json()["title"] == "1 student"
    assert [row["type"] for row in faults(changed(title=" "))["title"]] == ["blank"]
    assert [row["type"] for row in faults(changed(title="x" * 256))["title"]] == ["too_long"]
    assert changed(title="x" * 255).json()["title"] == "x" * 255
    noop = override(canvas, task, noop_id=1, title="Path").json()["id"]
    path = f"{COURSE}/assignments/{task['id']}/overrides/{noop}"
    assert changed(title="P").json()["title"] == "Path"


def test_only_a_change_touches_the_assignment(canvas: Site) -> None:
    task = work(canvas.teacher)
    known = override(canvas, task, student_ids=[ADA], due_at="2026-12-01T12:00:00Z").json()
    path = f"{COURSE}/assignments/{task['id']}"

    def touched(due_at: str) -> bool:
        before = canvas.teacher.get(path).json()["updated_at"]
        canvas.lms.clock.advance(minutes=1)
        fields = {"student_ids": [ADA], "due_at": due_at}
        canvas.teacher.put(f"{path}/overrides/{known['id']}", json={"assignment_override": fields})
        return bool(canvas.teacher.get(path).json()["updated_at"] != before)

    assert not touched("2026-12-01T12:00:00Z")
    assert touched("2026-12-02T12:00:00Z")


def test_the_override_of_a_section_or_group_that_one_does_not_see_is_not_found(canvas: Site) -> None:
    section = canvas.teacher.get(f"{COURSE}/sections").json()[0]["id"]
    category = made(canvas.teacher, "group_categories", name="Teams")["id"]
    group = canvas.teacher.post(f"{API}/group_categories/{category}/groups", json={"name": "Red"}).json()["id"]
    task = work(canvas.teacher, group_category_id=category)
    for name, number, of in (("course_section_id", section, "sections"), ("group_id", group, "groups")):
        assert override(canvas, task, **{name: number}, due_at="2026-12-01").status_code == 201
        path = f"{API}/{of}/{number}/assignments/{task['id']}/override"
        assert canvas.teacher.get(path, follow_redirects=False).status_code == 302
        assert canvas.client().get(path).status_code == 404
    assert canvas.teacher.get(f"{API}/groups/999/assignments/{task['id']}/override").status_code == 404
