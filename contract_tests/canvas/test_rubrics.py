"""Rubrics as they are sent, changed and filled in."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import ADA, COURSE, Body, associated, made, work
from contract_tests.canvas.support import Site

YES_OR_NO = {"a": {"description": "Yes", "points": 5}, "b": {"description": "No", "points": 0}}
BOOKMARK = {"association_id": 1, "association_type": "Course", "purpose": "bookmark"}


def rubric(canvas: Site, **fields: Any) -> Body:
    found: Body = made(canvas.teacher, "rubrics", rubric=fields, rubric_association=BOOKMARK)["rubric"]
    return found


def assessed(canvas: Site, task: Body, criterion: str, **fields: Any) -> Body:
    """The entry of one criterion in an assessment of Ada's work."""
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"
    answer = canvas.teacher.put(path, json={"rubric_assessment": {criterion: fields}})
    assert answer.status_code == 200, answer.text
    shown = canvas.teacher.get(path, params={"include[]": "full_rubric_assessment"}).json()
    (entry,) = shown["full_rubric_assessment"]["data"]
    found: Body = entry
    return found


def test_criteria_are_sorted_by_the_number_that_their_key_begins_with(canvas: Site) -> None:
    found = rubric(
        canvas,
        title="Sorted",
        criteria={
            "2nd": {"description": " Second ", "ratings": YES_OR_NO, "criterion_use_range": "1"},
            "first": {"description": "", "ratings": YES_OR_NO, "criterion_use_range": "true", "id": " c1 "},
        },
    )
    shown = [(row["description"], row["criterion_use_range"]) for row in found["criteria"]]
    assert shown == [("No Description", True), ("Second", False)]
    assert found["criteria"][0]["id"] == "c1"


def test_ids_are_given_once_and_equal_ratings_are_sorted_by_their_words(canvas: Site) -> None:
    ratings = {str(place): {"id": "r", "description": word, "points": 1} for place, word in enumerate("ba")}
    found = rubric(canvas, title="R", criteria={"0": {"id": "c", "ratings": ratings}})["criteria"][0]["ratings"]
    assert [row["description"] for row in found] == ["a", "b"]
    assert len({row["id"] for row in found}) == 2


@pytest.mark.parametrize("criterion", [{"description": 5}, {"id": 5}, {"ratings": []}, {"ratings": "x"}, "x"])
def test_criteria_on_which_canvas_fails(canvas: Site, criterion: Any) -> None:
    sent = {"rubric": {"title": "R", "criteria": {"0": criterion}}, "rubric_association": BOOKMARK}
    assert canvas.teacher.post(f"{COURSE}/rubrics", json=sent).status_code == 500
    assert rubric(canvas, title="R", criteria={"0": {"description": "5"}})["criteria"][0]["description"] == "5"


def test_a_long_description_becomes_html(canvas: Site) -> None:
    text = "See <b>https://x.test/a?b=1&c</b>\n> told\nEnd"
    found = rubric(canvas, title="R", criteria={"0": {"long_description": text}})["criteria"][0]["long_description"]
    link = "<a href='https://x.test/a?b=1&amp;c'>https://x.test/a?b=1&amp;c</a>"
    assert found.startswith(f"See &lt;b&gt;{link}&lt;/b&gt;<br/>\r\n<div class='quoted_text_holder'>")
    assert found.endswith("&gt; told<br/>\r</div></div>\nEnd")


def test_what_a_change_does_not_name_is_reset(canvas: Site) -> None:
    made = rubric(canvas, title="Mine", hide_score_total="1", free_form_criterion_comments="1", criteria={"0": {}})
    assert (made["hide_score_total"], made["free_form_criterion_comments"]) == (True, True)
    path = f"{COURSE}/rubrics/{made['id']}"
    changed = canvas.teacher.put(path, json={"rubric": {"free_form_criterion_comments": True}}).json()["rubric"]
    course = canvas.teacher.get(COURSE).json()["name"]
    shown = [changed[name] for name in ("title", "criteria", "hide_score_total", "free_form_criterion_comments")]
    assert shown == [f"{course} Rubric", [], None, False]
    assert changed["id"] == made["id"]


def test_a_rubric_of_several_assignments_is_copied_by_a_change(canvas: Site) -> None:
    first = associated(canvas.teacher, work(canvas.teacher))
    shared, kept = first["rubric"], first["rubric_association"]
    link = {"rubric_id": shared["id"], "association_type": "Assignment", "purpose": "grading"}
    made(
        canvas.teacher, "rubric_associations", rubric_association={**link, "association_id": work(canvas.teacher)["id"]}
    )
    path = f"{COURSE}/rubrics/{shared['id']}?rubric_association_id={kept['id']}"
    sent = {"title": shared["title"], "criteria": {"0": {**shared["criteria"][0], "long_description": "More"}}}
    sent["criteria"]["0"]["ratings"] = {str(row["id"]): row for row in shared["criteria"][0]["ratings"]}
    answer = canvas.teacher.put(path, json={"rubric": sent}).json()
    assert answer["rubric"]["id"] != shared["id"]
    assert answer["rubric"]["rubric_id"] == shared["id"]
    assert answer["rubric"]["title"] == f"{shared['title']} (1)"
    assert (answer["rubric_association"]["id"], answer["rubric_association"]["rubric_id"]) == (
        kept["id"],
        answer["rubric"]["id"],
    )
    sent["criteria"]["0"]["long_description"] = shared["criteria"][0]["long_description"]
    assert (
        canvas.teacher.put(f"{COURSE}/rubrics/{shared['id']}", json={"rubric": sent}).json()["rubric"]["id"]
        == shared["id"]
    )


def test_an_outcome_is_aligned_once(canvas: Site) -> None:
    group = canvas.teacher.get(f"{COURSE}/root_outcome_group", follow_redirects=True).json()["id"]
    scale = {"title": "O", "mastery_points": 3, "ratings": [{"description": "All", "points": 5}]}
    path = f"{COURSE}/outcome_groups/{group}/outcomes"
    number = canvas.teacher.post(path, json=scale).json()["outcome"]["id"]
    aligned = {"learning_outcome_id": number, "ratings": YES_OR_NO, "ignore_for_scoring": "true"}
    answer = canvas.teacher.post(
        f"{COURSE}/rubrics",
        json={"rubric": {"title": "T", "criteria": {"0": aligned, "1": aligned}}, "rubric_association": BOOKMARK},
    )
    assert answer.json() == {"error": True, "messages": ["This rubric has Outcomes aligned more than once"]}
    task = work(canvas.teacher)
    criterion = associated(canvas.teacher, task, **aligned)["rubric"]["criteria"][0]
    assert criterion["ignore_for_scoring"] is False
    entry = assessed(canvas, task, criterion["id"], points=7)
    assert (entry["points"], entry["above_threshold"]) == (5.0, True)


@pytest.mark.parametrize(("points", "word"), [(5, "Yes"), (3, "Yes"), (0, "No"), (6, "No details")])
def test_a_range_reaches_down_to_the_next_rating(canvas: Site, points: float, word: str) -> None:
    task = work(canvas.teacher)
    ratings = {"0": {"description": "Yes", "points": 5}, "1": {"description": "No", "points": 2}}
    ratings |= {"2": {"description": "No", "points": 0}}
    criterion = associated(canvas.teacher, task, ratings=ratings, criterion_use_range="true")["rubric"]["criteria"][0]
    assert assessed(canvas, task, criterion["id"], points=points)["description"] == word


def test_words_beside_points(canvas: Site) -> None:
    task = work(canvas.teacher)
    both = associated(canvas.teacher, task)
    criterion = both["rubric"]["criteria"][0]["id"]
    said = {"description": "Own words", "comments": "1 < 2\nso", "save_comment": "1"}
    entry = assessed(canvas, task, criterion, points=5, **said)
    assert (entry["description"], entry["comments_html"]) == ("Own words", "1 &lt; 2<br/>\r\nso")
    path = f"{COURSE}/rubric_associations/{both['rubric_association']['id']}"
    linked = canvas.teacher.put(path, json={"rubric_association": {}}).json()["rubric_association"]
    assert linked["summary_data"] == {"saved_comments": {criterion: ["1 < 2\nso"]}}


def test_a_change_that_describes_no_rubric_only_shows_it(canvas: Site) -> None:
    teacher, rubrics = canvas.teacher, f"{COURSE}/rubrics"
    task = work(teacher)
    linked = associated(teacher, task)
    number = linked["rubric"]["id"]
    shown = teacher.put(f"{rubrics}/{number}", json={"rubric_association": BOOKMARK}).json()
    assert (shown["rubric"]["id"], "rubric_association" in shown) == (number, False)
    named = {"rubric_association_id": linked["rubric_association"]["id"]}
    assert teacher.put(f"{rubrics}/{number}", json=named).json()["rubric_association"]["association_id"] == task["id"]
    unknown = teacher.put(f"{rubrics}/9999", json={"rubric_association": BOOKMARK}).json()
    assert (unknown["rubric"]["id"], "rubric_association" in unknown) == (None, False)
    kept = teacher.get(f"{rubrics}/{number}", params={"include[]": "associations"}).json()["associations"]
    assert [row["association_type"] for row in kept] == ["Assignment"]


def test_a_rubric_is_linked_to_nothing_that_one_may_not_change(canvas: Site) -> None:
    other = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Elsewhere"}}).json()["id"]
    sent = {"rubric": {"title": "R"}, "rubric_association": BOOKMARK | {"association_id": other}}
    assert canvas.teacher.post(f"{COURSE}/rubrics", json=sent).status_code in (401, 403)
    account = sent | {"rubric_association": {"association_id": 1, "association_type": "Account"}}
    assert canvas.teacher.post(f"{COURSE}/rubrics", json=account).status_code in (401, 403)
    assert canvas.admin.post(f"{COURSE}/rubrics", json=sent).status_code == 200
