"""Modules: kinds of items, order, and which modules stay unlocked for whom."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import ADA, COURSE, grade, made, work
from contract_tests.canvas.support import Site

FUTURE, LAST_SECOND = "2100-01-01T00:00:00Z", "2100-01-01T23:59:59Z"


def module(canvas: Site, name: str, *, published: bool = True, **fields: Any) -> str:
    """The path of a new module."""
    path = f"modules/{made(canvas.teacher, 'modules', module={'name': name, **fields})['id']}"
    if published:
        change(canvas, path, published=True)
    return path


def change(canvas: Site, path: str, **fields: Any) -> Any:
    what = "module_item" if "/items/" in path else "module"
    answer = canvas.teacher.put(f"{COURSE}/{path}", json={what: fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def add(canvas: Site, path: str, **fields: Any) -> Any:
    return made(canvas.teacher, f"{path}/items", module_item=fields)


def state(canvas: Site, path: str) -> Any:
    return canvas.student.get(f"{COURSE}/{path}").json()["state"]


@pytest.mark.parametrize(
    ("named", "kind"),
    [("quiz", "Quiz"), ("Assignment", "Quiz"), ("sub_header", "SubHeader"), ("ContextExternalTool", "ExternalTool")],
)
def test_a_type_has_several_names_and_a_quiz_is_added_by_its_assignment_too(
    canvas: Site, named: str, kind: str
) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q", "quiz_type": "assignment", "published": True})
    content = {"quiz": quiz["id"], "Assignment": quiz["assignment_id"]}.get(named, 0)
    item = add(canvas, module(canvas, "M"), type=named, title="T", content_id=content, external_url="https://a.test/")
    assert item["type"] == kind
    assert item.get("content_id", 0) == (quiz["id"] if kind == "Quiz" else 0)


def test_a_page_is_added_by_its_exact_url(canvas: Site) -> None:
    page = made(canvas.teacher, "pages", wiki_page={"title": "Only Page"})
    path = f"{COURSE}/{module(canvas, 'M')}/items"
    for url, status in (("only-page", 200), ("Only Page", 400), (str(page["page_id"]), 400)):
        answer = canvas.teacher.post(path, json={"module_item": {"type": "Page", "page_url": url}})
        assert answer.status_code == status
    by_id = {"module_item": {"type": "wiki_page", "content_id": page["page_id"]}}
    assert canvas.teacher.post(path, json=by_id).json()["page_url"] == "only-page"


def test_only_graded_items_ask_for_work(canvas: Site) -> None:
    path, task = module(canvas, "M"), work(canvas.teacher)
    made(canvas.teacher, "pages", wiki_page={"title": "P"})
    for kind in ("must_submit", "min_score"):
        wanted = {"completion_requirement": {"type": kind, "min_score": 3}}
        assert "completion_requirement" not in add(canvas, path, type="Page", page_url="p", **wanted)
        assert add(canvas, path, type="Assignment", content_id=task["id"], **wanted)["completion_requirement"]


def test_json_false_leaves_new_tab_and_null_the_indent(canvas: Site) -> None:
    path = module(canvas, "M")
    item = add(canvas, path, type="ExternalUrl", title="T", external_url="https://a.test/", new_tab=True, indent=2)
    own = f"{path}/items/{item['id']}"
    assert change(canvas, own, new_tab=False, indent=None) | {"published": True} == item | {"published": True}
    changed = change(canvas, own, new_tab="false", indent=0, title="")
    assert (changed["new_tab"], changed["indent"], changed["title"]) == (False, 0, "")


def test_null_changes_nothing_of_an_item(canvas: Site) -> None:
    path = module(canvas, "Kept")
    url, viewed = "https://example.com/", {"type": "must_view"}
    item = add(canvas, path, type="ExternalUrl", title="L", external_url=url, completion_requirement=viewed)
    own = f"{path}/items/{item['id']}"
    same = change(canvas, own, external_url=None, module_id=None, completion_requirement=None)
    assert (same["external_url"], same["completion_requirement"]) == (url, viewed)
    assert "completion_requirement" not in change(canvas, own, completion_requirement={})


def test_moving_a_module_before_its_prerequisite_removes_the_prerequisite(canvas: Site) -> None:
    first, second, third = (module(canvas, name) for name in "ABC")
    ids = [int(path.split("/")[1]) for path in (first, second, third)]
    place = canvas.teacher.get(f"{COURSE}/{first}").json()["position"]
    assert change(canvas, second, prerequisite_module_ids=[ids[0]])["prerequisite_module_ids"] == [ids[0]]
    assert change(canvas, third, prerequisite_module_ids=ids[:2])["prerequisite_module_ids"] == ids[:2]
    change(canvas, first, position=place + 1)
    assert canvas.teacher.get(f"{COURSE}/{second}").json()["prerequisite_module_ids"] == []
    assert canvas.teacher.get(f"{COURSE}/{third}").json()["prerequisite_module_ids"] == ids[:2]
    moved = change(canvas, first, position=place + 2, prerequisite_module_ids=[ids[2]])
    assert moved["prerequisite_module_ids"] == [], "it came later at the time of asking"


def test_an_open_module_stays_open_until_it_is_relocked(canvas: Site) -> None:
    before, after = module(canvas, "Before"), module(canvas, "After")
    add(canvas, before, type="Assignment", content_id=work(canvas.teacher)["id"])
    item = canvas.teacher.get(f"{COURSE}/{before}/items").json()[0]["id"]
    assert state(canvas, after) == "completed"
    change(canvas, f"{before}/items/{item}", completion_requirement={"type": "must_submit"})
    number = int(before.split("/")[1])
    assert change(canvas, after, prerequisite_module_ids=[number]).get("relock_warning") is True
    assert state(canvas, after) == "completed"
    assert canvas.teacher.put(f"{COURSE}/{before}/relock").status_code == 200
    assert state(canvas, after) == "locked", "relocking goes on to the modules that wait for it"


def test_relocking_visits_each_module_once_however_many_ways_lead_to_it(canvas: Site) -> None:
    paths = [module(canvas, f"M {number}") for number in range(25)]
    first, item = paths[0], add(canvas, paths[0], type="Assignment", content_id=work(canvas.teacher)["id"])
    ids = [int(path.split("/")[1]) for path in paths]
    for place, path in enumerate(paths):
        change(canvas, path, prerequisite_module_ids=ids[:place])
    assert {state(canvas, path) for path in paths} == {"completed"}
    change(canvas, f"{first}/items/{item['id']}", completion_requirement={"type": "must_submit"})
    assert canvas.teacher.put(f"{COURSE}/{first}/relock").status_code == 200
    assert [state(canvas, path) for path in paths] == ["unlocked", *["locked"] * 24]


def test_a_low_score_starts_a_module_and_only_a_posted_one_completes_it(canvas: Site) -> None:
    path, task = module(canvas, "M"), work(canvas.teacher)
    wanted = {"type": "min_score", "min_score": 8}
    add(canvas, path, type="Assignment", content_id=task["id"], completion_requirement=wanted)
    assert state(canvas, path) == "unlocked"
    grade(canvas.teacher, task, 5)
    assert state(canvas, path) == "started"
    grade(canvas.teacher, task, 9)
    assert state(canvas, path) == "completed"
    canvas.teacher.put(f"{COURSE}/features/flags/anonymous_marking", json={"state": "on"})
    hidden = work(canvas.teacher, anonymous_grading=True)
    add(canvas, path, type="Assignment", content_id=hidden["id"], completion_requirement=wanted)
    grade(canvas.teacher, hidden, 9)
    assert state(canvas, path) == "started"


def test_who_is_excused_has_met_whatever_is_asked(canvas: Site) -> None:
    path, task = module(canvas, "M"), work(canvas.teacher)
    add(canvas, path, type="Assignment", content_id=task["id"], completion_requirement={"type": "must_mark_done"})
    assert state(canvas, path) == "unlocked"
    answer = canvas.teacher.put(
        f"{COURSE}/assignments/{task['id']}/submissions/{ADA}", json={"submission": {"excuse": True}}
    )
    assert answer.status_code == 200
    assert state(canvas, path) == "completed"


def test_done_in_a_module_is_done_in_the_planner_and_the_other_way_round(canvas: Site) -> None:
    path = module(canvas, "M")
    page = made(canvas.teacher, "pages", wiki_page={"title": "P", "published": True})
    item = add(canvas, path, type="Page", page_url="p", completion_requirement={"type": "must_mark_done"})["id"]
    own = f"{COURSE}/{path}/items/{item}"
    overrides = "/api/v1/planner/overrides"

    def said() -> Any:
        rows = canvas.student.get(overrides).json()
        return [row["marked_complete"] for row in rows if row["plannable_id"] == page["page_id"]]

    def met() -> Any:
        return canvas.student.get(own).json()["completion_requirement"]["completed"]

    assert (said(), met()) == ([], False)
    canvas.student.put(f"{own}/done")
    assert (said(), met()) == ([True], True)
    canvas.student.delete(f"{own}/done")
    assert (said(), met()) == ([False], False)
    number = canvas.student.get(overrides).json()[-1]["id"]
    canvas.student.put(f"{overrides}/{number}", json={"marked_complete": True})
    assert met() is True
    canvas.student.put(f"{overrides}/{number}", json={"marked_complete": False})
    assert met() is False


def test_locked_content_cannot_be_marked_as_read(canvas: Site) -> None:
    path = module(canvas, "M")
    for opens, status in ((FUTURE, 403), (None, 200)):
        task = work(canvas.teacher, unlock_at=opens)
        item = add(canvas, path, type="Assignment", content_id=task["id"])["id"]
        assert canvas.student.post(f"{COURSE}/{path}/items/{item}/mark_read").status_code == status


def test_a_sequence_takes_any_case_and_knows_only_what_it_shows(canvas: Site) -> None:
    path = module(canvas, "M")
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q", "quiz_type": "assignment", "published": True})
    add(canvas, path, type="Quiz", content_id=quiz["id"])

    def found(kind: str, key: Any) -> int:
        params = {"asset_type": kind, "asset_id": key}
        answer = canvas.teacher.get(f"{COURSE}/module_item_sequence", params=params)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert (found("quiz", quiz["id"]), found("QUIZ", quiz["id"]), found("Quiz", "")) == (1, 1, 0)
    assert found("Assignment", quiz["assignment_id"]) == 0


def test_details_tell_when_a_discussion_opens_and_closes(canvas: Site) -> None:
    path = module(canvas, "M")
    topic = made(canvas.teacher, "discussion_topics", title="T", lock_at=FUTURE, published=True)
    add(canvas, path, type="Discussion", content_id=topic["id"])
    rows = canvas.teacher.get(f"{COURSE}/{path}/items", params={"include[]": "content_details"}).json()
    assert rows[0]["content_details"] == {"lock_at": LAST_SECOND, "locked_for_user": False}


def test_content_that_cannot_be_unpublished_keeps_its_item_published(canvas: Site) -> None:
    path, handed_in = module(canvas, "Kept"), work(canvas.teacher)["id"]
    front = canvas.teacher.put(f"{COURSE}/front_page", json={"wiki_page": {"title": "Front"}}).json()
    other = made(canvas.teacher, "pages", wiki_page={"title": "Other", "published": True})
    talk = made(canvas.teacher, "discussion_topics", title="Talk", published=True)
    draft = work(canvas.teacher)["id"]
    kept = [
        add(canvas, path, type="File", content_id=1),
        add(canvas, path, type="Page", page_url=front["url"]),
        add(canvas, path, type="Assignment", content_id=handed_in),
        add(canvas, path, type="Discussion", content_id=talk["id"]),
    ]
    free = [
        add(canvas, path, type="Page", page_url=other["url"]),
        add(canvas, path, type="Assignment", content_id=draft),
        add(canvas, path, type="SubHeader", title="Header"),
    ]
    sent = {"submission": {"submission_type": "online_text_entry", "body": "mine"}}
    assert canvas.student.post(f"{COURSE}/assignments/{handed_in}/submissions", json=sent).status_code == 201
    canvas.student.post(f"{COURSE}/discussion_topics/{talk['id']}/entries", json={"message": "mine"})
    for item in kept:
        answer = canvas.teacher.put(f"{COURSE}/{path}/items/{item['id']}", json={"module_item": {"published": False}})
        assert (answer.status_code, answer.json()) == (403, {"message": "item can't be unpublished"}), item["type"]
        assert change(canvas, f"{path}/items/{item['id']}", published=True)["published"] is True
    for item in free:
        assert change(canvas, f"{path}/items/{item['id']}", published=False)["published"] is False
