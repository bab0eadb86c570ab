"""What counts as viewing a module item, wherever a student opens its content."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import COURSE, made, work
from contract_tests.canvas.support import Site

VIEW = {"type": "must_view"}


class Unit:
    """A published module whose items are to be viewed, as a student goes through it."""

    def __init__(self, canvas: Site) -> None:
        self.canvas = canvas
        self.id = made(canvas.teacher, "modules", module={"name": "Unit"})["id"]
        canvas.teacher.put(f"{COURSE}/modules/{self.id}", json={"module": {"published": True}})

    def add(self, kind: str, content_id: int, **requirement: Any) -> int:
        item = {"type": kind, "content_id": content_id, "completion_requirement": requirement or VIEW}
        number: int = made(self.canvas.teacher, f"modules/{self.id}/items", module_item=item)["id"]
        self.canvas.teacher.put(f"{COURSE}/modules/{self.id}/items/{number}", json={"module_item": {"published": True}})
        return number

    @property
    def met(self) -> list[bool]:
        rows = self.canvas.student.get(f"{COURSE}/modules/{self.id}/items").json()
        return [row["completion_requirement"]["completed"] for row in rows]


def test_an_assignment_that_is_read_is_viewed_but_not_one_that_has_not_opened(canvas: Site) -> None:
    unit, tasks = Unit(canvas), [work(canvas.teacher), work(canvas.teacher, unlock_at="2100-01-01T00:00:00Z")]
    shut = work(canvas.teacher, lock_at="2020-01-01T00:00:00Z")
    for task in (*tasks, shut):
        unit.add("Assignment", task["id"])
    canvas.student.get(f"{COURSE}/assignments")
    for task in (*tasks, shut):
        canvas.teacher.get(f"{COURSE}/assignments/{task['id']}")
    assert unit.met == [False] * 3, "a list shows none of them, and the teacher is not a student"
    for task in (*tasks, shut):
        assert canvas.student.get(f"{COURSE}/assignments/{task['id']}").status_code == 200
    assert unit.met == [True, False, True]


def test_views_before_a_requirement_was_set_do_not_count(canvas: Site) -> None:
    unit, task = Unit(canvas), work(canvas.teacher)
    item = unit.add("Assignment", task["id"], type="must_submit")
    canvas.student.get(f"{COURSE}/assignments/{task['id']}")
    path = f"{COURSE}/modules/{unit.id}/items/{item}"
    canvas.teacher.put(path, json={"module_item": {"completion_requirement": VIEW}})
    assert unit.met == [False]
    canvas.student.get(f"{COURSE}/assignments/{task['id']}")
    assert unit.met == [True]


def test_reading_or_replying_views_a_discussion_and_its_assignment(canvas: Site) -> None:
    unit = Unit(canvas)
    topics = [made(canvas.teacher, "discussion_topics", title=f"T{n}", published=True)["id"] for n in range(3)]
    graded = work(canvas.teacher, submission_types=["discussion_topic"])
    for topic in topics:
        unit.add("Discussion", topic)
    unit.add("Assignment", graded["id"])
    for topic in (*topics, graded["discussion_topic"]["id"]):
        canvas.student.get(f"{COURSE}/discussion_topics/{topic}")
        canvas.student.delete(f"{COURSE}/discussion_topics/{topic}/read")
    assert unit.met == [False] * 4, "the API shows a topic without marking it as read"
    assert canvas.student.put(f"{COURSE}/discussion_topics/{topics[0]}/read").status_code == 204
    assert canvas.student.put(f"{COURSE}/discussion_topics/{topics[1]}/read_all").status_code == 204
    assert canvas.student.post(f"{COURSE}/discussion_topics/{topics[2]}/entries", json={"message": "I"}).is_success
    assert unit.met == [True, True, True, False]
    canvas.student.put(f"{COURSE}/discussion_topics/{graded['discussion_topic']['id']}/read")
    assert unit.met == [True] * 4


def test_a_file_is_viewed_by_whoever_is_signed_in_and_not_in_a_preview(canvas: Site) -> None:
    unit = Unit(canvas)
    given = canvas.teacher.post(f"{COURSE}/files", json={"name": "a.txt", "size": 1}).json()
    sent = canvas.client().post(given["upload_url"], data=given["upload_params"], files={"file": ("a.txt", b"a")})
    file = canvas.teacher.get(sent.headers["Location"]).json()
    unit.add("File", file["id"])
    assert canvas.client().get(file["url"]).status_code == 200
    assert unit.met == [False], "nobody is signed in"
    browser = canvas.browser()
    browser.follow(browser.sign_in(browser.follow(browser.get("/")), canvas.info.student))
    browser.get(f"/files/{file['id']}/download?preview=1")
    assert unit.met == [False]
    assert browser.get(f"/files/{file['id']}/download").status_code == 200
    assert unit.met == [True]
