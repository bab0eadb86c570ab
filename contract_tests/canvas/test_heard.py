"""Members of hashes at Canvas: each has its effect, and one that nothing reads is reported."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import LAUNCH
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import Tool

WORK = "/api/v1/courses/1/assignments"


def unread(canvas: Site) -> list[str]:
    return sorted(
        row.name for row in canvas.lms.requests.last.warnings if row.code == "parameter_not_read" and row.name
    )


def made(canvas: Site, **assignment: Any) -> httpx.Response:
    return canvas.teacher.post(WORK, json={"assignment": {"name": "Work", **assignment}})


def test_members_that_nothing_asks_for_are_warned_of(canvas: Site) -> None:
    """In a hash, in a hash of a hash, in a list of hashes, and in a document of a media type of LTI's."""
    work = made(
        canvas, turnitin_enabled=True, peer_review={"points_possible": 3}, points_possible=5, published=True
    ).json()
    assert unread(canvas) == ["assignment.peer_review.points_possible", "assignment.turnitin_enabled"]
    place = f"{WORK}/{work['id']}"
    canvas.teacher.put(f"{place}/submissions/101", json={"submission": {"peer_review": True, "posted_grade": "3"}})
    assert unread(canvas) == ["submission.peer_review"]
    dates = [{"id": work["id"], "colour": "red", "all_dates": [{"base": True, "due_at": "2026-12-01T00:00:00Z"}]}]
    assert canvas.teacher.put(f"{WORK}/bulk_update", json=dates).status_code == 200
    assert unread(canvas) == ["colour"]
    assert canvas.teacher.get(place).json()["due_at"] == "2026-12-01T00:00:00Z"


def test_a_name_that_counts_in_a_hash_alone_is_warned_of_outside(canvas: Site) -> None:
    """Canvas's documentation names some members without their hash."""
    place = "/api/v1/courses/1/quiz_extensions"
    more = {"user_id": 101, "extra_time": 5}
    assert canvas.teacher.post(place, json={"quiz_extensions": [more], "extra_time": 9}).status_code == 200
    assert unread(canvas) == ["extra_time"]
    assert canvas.teacher.post(place, json={"quiz_extensions": [more]}).status_code == 200
    assert unread(canvas) == []


def test_a_name_in_brackets_is_one_name_in_json(canvas: Site) -> None:
    """Rails parses brackets only in forms and queries, so that the change is lost; generated clients make this
    mistake."""
    answer = canvas.teacher.put("/api/v1/courses/1", json={"course[name]": "Other", "course": {"course_code": "AE"}})
    assert (answer.json()["name"], answer.json()["course_code"]) == ("Analytical Engines", "AE")
    assert unread(canvas) == ["course[name]"]
    assert "in JSON, brackets are part of a name" in canvas.lms.requests.last.warnings[0].message
    assert canvas.teacher.put(f"{WORK}/1", json={"assignment[name]": "Other"}).status_code == 400
    refusal = canvas.lms.requests.last.refusal
    assert refusal is not None
    assert refusal.reason == "parameter_missing"
    assert refusal.diagnosis == "in JSON, `assignment[name]` is one name; send an object `assignment` instead"
    assert canvas.teacher.put("/api/v1/courses/1", data={"course[name]": "Other"}).json()["name"] == "Other"
    assert unread(canvas) == []


def test_the_tool_of_an_assignment_is_named_by_id_and_kind(canvas: Site, tool: Tool) -> None:
    """Without its type the id is ignored: the URL decides."""
    tag = {
        "url": LAUNCH,
        "content_type": "ContextExternalTool",
        "content_id": 77,
        "custom_params": {"a": "b"},
        "external_data": '{"key": "c"}',
    }
    kinds = {"submission_types": ["external_tool"]}
    known = {**tag, "content_type": "ContextExternalTool"}
    assert made(canvas, **kinds, external_tool_tag_attributes=known).status_code == 201
    assert unread(canvas) == []
    attributes = canvas.teacher.get(WORK).json()[-1]["external_tool_tag_attributes"]
    assert (attributes["content_id"], attributes["custom_params"], attributes["external_data"]) == (
        77,
        {"a": "b"},
        {"key": "c"},
    )
    nobodys = {**known, "content_id": 9_999}
    assert made(canvas, **kinds, external_tool_tag_attributes=nobodys).status_code == 404
    by_address = {**nobodys, "content_type": "x", "custom_params": None}
    assert made(canvas, **kinds, external_tool_tag_attributes={**by_address, "custom_params": "x"}).status_code == 400
    attributes = made(canvas, **kinds, external_tool_tag_attributes=by_address).json()["external_tool_tag_attributes"]
    assert "content_id" not in attributes, "no tool has this address alone"
    assert not attributes["custom_params"]


def test_a_new_course_takes_a_grading_scheme_of_its_account(canvas: Site) -> None:
    rows = [{"name": "P", "value": 50}, {"name": "F", "value": 0}]
    scheme = canvas.admin.post(
        "/api/v1/accounts/1/grading_standards", json={"title": "Pass", "grading_scheme_entry": rows}
    ).json()["id"]
    for number, kept in ((scheme, scheme), (9_999, None)):
        sent = {"course": {"name": "New", "grading_standard_id": number}}
        course = canvas.admin.post("/api/v1/accounts/1/courses", json=sent).json()
        assert course["grading_standard_id"] == kept


def test_points_are_no_matter_of_an_association(canvas: Site) -> None:
    """The API of associations permits no such parameter, inside the hash or outside."""
    work = made(canvas, published=True).json()["id"]
    ratings = {"0": {"description": "Yes", "points": 5}, "1": {"description": "No", "points": 0}}
    criteria = {"0": {"description": "C", "ratings": ratings}}
    course = {"association_id": 1, "association_type": "Course", "purpose": "bookmark"}
    body = {"rubric": {"title": "R", "criteria": criteria}, "rubric_association": course}
    rubric = canvas.teacher.post("/api/v1/courses/1/rubrics", json=body).json()["rubric"]["id"]
    use = {"rubric_id": rubric, "association_id": work, "association_type": "Assignment", "purpose": "grading"}
    name = "skip_updating_points_possible"
    path = "/api/v1/courses/1/rubric_associations"
    more = {"rubric_association": {**use, name: True}, name: "true"}
    link = canvas.teacher.post(path, json=more).json()["rubric_association"]["id"]
    assert unread(canvas) == [f"rubric_association.{name}", name]
    assert (
        canvas.teacher.put(f"{path}/{link}", json={"rubric_association": {"title": "T", name: True}}).status_code == 200
    )
    assert unread(canvas) == [f"rubric_association.{name}"]


def otherwise(canvas: Site) -> list[tuple[str | None, str]]:
    return [(row.name, row.message) for row in canvas.lms.requests.last.warnings if row.code == "value_read_otherwise"]


def test_a_number_that_is_not_read_whole_is_warned_of(canvas: Site) -> None:
    """Ruby's `to_f` and `to_i` stop at a comma, and take words for 0."""
    for sent, meant in (("2,5", 2.5), ("many", 1), ("2.5 points", 2.5)):
        work = canvas.teacher.post(WORK, data={"assignment[name]": "Work", "assignment[points_possible]": sent})
        ((name, why),) = otherwise(canvas)
        assert name == "assignment[points_possible]"
        assert why == f"`{name}`: Canvas takes `{sent}` for `{work.json()['points_possible']:g}`"
        assert work.json()["points_possible"] != meant or "points" in sent
    for right in ("2.5", "3", "", " 4 ", "1e1"):
        canvas.teacher.post(WORK, data={"assignment[name]": "Work", "assignment[points_possible]": right})
        assert otherwise(canvas) == []


def test_a_grade_that_clears_the_grade_is_warned_of(canvas: Site) -> None:
    place = f"{WORK}/{made(canvas, points_possible=5, published=True).json()['id']}/submissions/101"
    answer = canvas.teacher.put(place, data={"submission[posted_grade]": "3,5"})
    assert answer.json()["grade"] is None
    assert otherwise(canvas) == [
        ("submission[posted_grade]", "`submission[posted_grade]`: Canvas takes `3,5` for nothing")
    ]
    for right, grade in (("3.5", "3.5"), ("", None)):
        assert canvas.teacher.put(place, data={"submission[posted_grade]": right}).json()["grade"] == grade
        assert otherwise(canvas) == []


def test_a_time_that_cannot_be_read_is_warned_of(canvas: Site) -> None:
    place = "/api/v1/courses/1/discussion_topics"
    for sent, warned in (("tomorrow-ish", True), ("2026-12-01T00:00:00Z", False), ("", False)):
        answer = canvas.teacher.post(place, data={"title": "Later", "delayed_post_at": sent})
        assert (answer.json()["delayed_post_at"] is None) == (sent != "2026-12-01T00:00:00Z")
        assert [name for name, _ in otherwise(canvas)] == ["delayed_post_at"] * warned


def test_words_and_ids_that_canvas_does_not_know_are_warned_of(canvas: Site) -> None:
    """A filter that matches nothing, and a group of assignments that falls back to the first."""
    for place in ("/api/v1/accounts/1/courses", "/api/v1/courses/1/enrollments", "/api/v1/courses"):
        who = canvas.admin if "accounts" in place else canvas.teacher
        for word, warned in (("Completed", True), ("completed", False)):
            assert who.get(place, params={"state[]": word}).status_code == 200
            assert [name for name, _ in otherwise(canvas)] == ["state"] * warned
    assert made(canvas, assignment_group_id=99_999).status_code == 201
    assert [name for name, _ in otherwise(canvas)] == ["assignment[assignment_group_id]"]
    group = made(canvas).json()["assignment_group_id"]
    assert made(canvas, assignment_group_id=group).status_code == 201
    assert otherwise(canvas) == []


@pytest.mark.parametrize(
    ("sent", "read"), [("ja", False), ("2", True), ("enabled", False), ("yes", True), ("no", False), ("", False)]
)
def test_a_word_that_is_neither_true_nor_false_for_canvas(canvas: Site, sent: str, read: bool) -> None:
    answer = canvas.teacher.post("/api/v1/courses/1/modules", data={"module[name]": "M"}).json()
    path = f"/api/v1/courses/1/modules/{answer['id']}"
    shown = canvas.teacher.put(path, data={"module[publish_final_grade]": sent}).json()
    assert shown["publish_final_grade"] is read
    name, usual = "module[publish_final_grade]", sent in ("2", "yes", "no", "")
    assert otherwise(canvas) == ([] if usual else [(name, f"`{name}`: Canvas takes `{sent}` for `false`")])


@pytest.mark.parametrize(("sent", "read"), [("1", True), ("true", False), (True, False), ("0", False)])
def test_where_nothing_but_1_is_true(canvas: Site, sent: str | bool, read: bool) -> None:
    criteria = {"0": {"description": "C", "points": 5, "ratings": {"0": {"description": "R", "points": 5}}}}
    body = {"rubric": {"title": "R", "criteria": criteria, "free_form_criterion_comments": sent}}
    answer = canvas.teacher.post("/api/v1/courses/1/rubrics", json=body).json()
    assert answer["rubric"]["free_form_criterion_comments"] is read
    name, word = "rubric[free_form_criterion_comments]", str(sent).lower()
    assert otherwise(canvas) == ([] if sent in ("1", "0") else [(name, f"`{name}`: Canvas takes `{word}` for `false`")])


@pytest.mark.parametrize(("sent", "read"), [("no", True), ("0", False), ("true", True), ("false", False)])
def test_a_word_that_a_column_takes_for_true(canvas: Site, sent: str, read: bool) -> None:
    """Rails takes every word for true that is not one of its own for false."""
    sent_columns = {"column[title]": "Notes", "column[read_only]": sent}
    answer = canvas.teacher.post("/api/v1/courses/1/custom_gradebook_columns", data=sent_columns)
    assert answer.json()["read_only"] is read
    assert [name for name, _ in otherwise(canvas)] == ["column[read_only]"] * (sent == "no")
