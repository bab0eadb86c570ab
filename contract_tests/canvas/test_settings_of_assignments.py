"""Which assignment settings conflict, and what Canvas then clears, refuses or copies."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, Body, grade, made, rubric, work
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

TASKS = f"{COURSE}/assignments"


def changed(api: httpx.Client, task: Body, **fields: Any) -> Body:
    answer = api.put(f"{TASKS}/{task['id']}", json={"assignment": fields})
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def refused(api: httpx.Client, task: Body | None, **fields: Any) -> dict[str, list[str]]:
    """What is refused, by attribute."""
    sent = {"assignment": fields}
    answer = api.post(TASKS, json=sent) if task is None else api.put(f"{TASKS}/{task['id']}", json=sent)
    assert answer.status_code == 400, answer.text
    return {name: [item["message"] for item in found] for name, found in answer.json()["errors"].items()}


@pytest.mark.parametrize(
    ("set_up", "then", "shown"),
    [
        ({"post_to_sis": True}, {"submission_types": ["not_graded"]}, {"post_to_sis": False, "points_possible": None}),
        ({}, {"grading_type": "not_graded"}, {"submission_types": ["not_graded"], "points_possible": None}),
        ({"submission_types": ["not_graded"]}, {"points_possible": 5}, {"points_possible": None}),
        ({"allowed_attempts": 2}, {"submission_types": ["on_paper"]}, {"allowed_attempts": -1}),
        ({"allowed_attempts": 2}, {"submission_types": ["online_url"]}, {"allowed_attempts": 2}),
        ({}, {"grader_count": 3, "graders_anonymous_to_graders": True}, {"grader_count": 0}),
        ({"peer_reviews": True}, {"submission_types": ["external_tool"]}, {"peer_reviews": False}),
        ({"peer_reviews": True}, {"submission_types": ["online_url"]}, {"peer_reviews": True}),
    ],
)
def test_contradictory_fields_are_cleared(canvas: Site, set_up: Body, then: Body, shown: Body) -> None:
    task = changed(canvas.teacher, work(canvas.teacher, **set_up), **then)
    assert {name: task[name] for name in shown} == shown


def test_ending_moderation_clears_its_fields_but_keeps_manual_posting(canvas: Site) -> None:
    graders = {"grader_count": 2, "graders_anonymous_to_graders": True, "grader_names_visible_to_final_grader": False}
    task = work(canvas.teacher, moderated_grading=True, **graders)
    assert {name: task[name] for name in graders} == graders
    assert (
        changed(canvas.teacher, task, grader_comments_visible_to_graders=False)["graders_anonymous_to_graders"] is False
    )
    task = changed(canvas.teacher, task, moderated_grading=False)
    assert [task[name] for name in graders] == [0, False, True]
    assert task["post_manually"] is True


def test_moderation_is_for_graded_work_of_one_person_without_peer_reviews(canvas: Site) -> None:
    teacher = canvas.teacher
    category = made(teacher, "group_categories", name="Teams")["id"]
    moderated = {"name": "M", "moderated_grading": True, "grader_count": 1}
    text = "Moderated grading setting cannot be enabled for {} assignments"
    for kind, field in (
        ("ungraded", {"submission_types": ["not_graded"]}),
        ("group", {"group_category_id": category}),
        ("peer reviewed", {"peer_reviews": True}),
    ):
        assert refused(teacher, None, **moderated, **field) == {"moderated_grading": [text.format(kind)]}
    task = work(teacher, **moderated)
    assert changed(teacher, task, peer_reviews=True)["moderated_grading"], "asked only where moderation begins"


def test_who_selects_final_grades_is_asked_before_the_rest_is_validated(canvas: Site) -> None:
    teacher, me = canvas.teacher, canvas.teacher.get("/api/v1/users/self").json()["id"]
    task = work(teacher, moderated_grading=True, grader_count=1)
    why = {"final_grader_id": ["course has no active instructors with this ID"]}
    assert refused(teacher, task, final_grader_id=ADA, points_possible=-1) == why
    assert changed(teacher, task, final_grader_id=me)["final_grader_id"] == me
    role = next(
        item
        for item in canvas.admin.get("/api/v1/accounts/1/roles").json()
        if item["base_role_type"] == "TeacherEnrollment"
    )
    never = {"permissions": {"select_final_grade": {"explicit": "1", "enabled": "0"}}}
    assert canvas.admin.put(f"/api/v1/accounts/1/roles/{role['id']}", json=never).status_code == 200
    other = work(canvas.admin, moderated_grading=True, grader_count=1)
    why = {"final_grader_id": ["user does not have permission to select final grade"]}
    assert refused(canvas.admin, other, final_grader_id=me) == why


def test_groups_go_neither_with_anonymous_grades_nor_with_discussions_nor_with_annotations(canvas: Site) -> None:
    teacher = canvas.teacher
    teacher.put(f"{COURSE}/features/flags/anonymous_marking", json={"state": "on"})
    team = {"group_category_id": made(teacher, "group_categories", name="Teams")["id"]}
    both = {"base": ["Can't enable anonymous grading and group assignments together"]}
    assert refused(teacher, None, anonymous_grading=True, **team) == both
    nameless, grouped = work(teacher, anonymous_grading=True), work(teacher, **team)
    found = refused(teacher, nameless, **team)
    assert found["group_category_id"] == ["Anonymously graded assignments can't be group assignments"]
    found = refused(teacher, grouped, anonymous_grading=True)
    assert found["anonymous_grading"] == ["Group assignments can't be anonymously graded"]
    assert list(refused(teacher, None, submission_types=["discussion_topic"], **team)) == ["group_category_id"]
    file = upload(teacher, "/courses/1/files", "page.txt", b"1").json()["id"]
    annotated = {"submission_types": ["student_annotation"], "annotatable_attachment_id": file}
    assert {*refused(teacher, None, **annotated, **team)} == {"annotatable_attachment_id", "group_category_id"}


def test_the_overrides_of_groups_go_with_their_group_set(canvas: Site) -> None:
    teacher = canvas.teacher
    sets = [made(teacher, "group_categories", name=name)["id"] for name in ("Teams", "Pairs")]
    group = teacher.post(f"/api/v1/group_categories/{sets[0]}/groups", json={"name": "One"}).json()["id"]
    task = work(teacher, group_category_id=sets[0])
    for override in ({"group_id": group}, {"student_ids": [ADA], "title": "Ada"}):
        dated = {"assignment_override": {**override, "due_at": "2100-01-01T10:00:00Z"}}
        assert teacher.post(f"{TASKS}/{task['id']}/overrides", json=dated).status_code == 201
    changed(teacher, task, name="Renamed")
    assert len(teacher.get(f"{TASKS}/{task['id']}/overrides").json()) == 2
    changed(teacher, task, group_category_id=sets[1])
    assert ["student_ids" in value for value in teacher.get(f"{TASKS}/{task['id']}/overrides").json()] == [True]


def test_the_annotated_document_is_a_copy_of_a_readable_file(canvas: Site) -> None:
    teacher = canvas.teacher
    file = upload(teacher, "/courses/1/files", "page.txt", b"text").json()
    annotated = {"submission_types": ["student_annotation"], "annotatable_attachment_id": file["id"]}
    task = work(teacher, **annotated)
    copy = teacher.get(f"/api/v1/files/{task['annotatable_attachment_id']}").json()
    assert (copy["id"] != file["id"], copy["display_name"], copy["size"]) == (True, "page.txt", 4)
    folder = teacher.get(f"/api/v1/folders/{copy['folder_id']}").json()
    assert (folder["name"], folder["hidden"]) == ("Student Annotation Documents", True)
    kept = changed(teacher, task, **annotated | {"annotatable_attachment_id": copy["id"]})
    assert kept["annotatable_attachment_id"] == copy["id"]
    assert refused(teacher, None, **annotated | {"annotatable_attachment_id": 99999}) == {}
    sent = {"submission_type": "student_annotation", "annotatable_attachment_id": copy["id"]}
    handed_in = canvas.student.post(f"{TASKS}/{task['id']}/submissions", json={"submission": sent})
    assert handed_in.status_code == 201
    other = work(teacher, **annotated)
    assert changed(teacher, other, submission_types=["online_url"])["annotatable_attachment_id"] is None


def test_only_graders_change_what_graded_work_is_worth(canvas: Site) -> None:
    designer = canvas.admin.post(
        "/api/v1/accounts/1/users", json={"user": {"name": "D"}, "pseudonym": {"unique_id": "d@x.example"}}
    )
    person = designer.json()["id"]
    role = {"user_id": person, "type": "DesignerEnrollment", "enrollment_state": "active"}
    assert canvas.admin.post(f"{COURSE}/enrollments", json={"enrollment": role}).status_code == 200
    acting = {"as_user_id": person}
    task = work(canvas.teacher)

    def status(**fields: Any) -> int:
        return canvas.admin.put(f"{TASKS}/{task['id']}", params=acting, json={"assignment": fields}).status_code

    assert status(points_possible=20) == 200
    grade(canvas.teacher, task, 5)
    assert status(points_possible=20, name="Same worth") == 200
    assert [status(points_possible=30), status(grading_type="percent"), status(grading_standard_id=1)] == [403] * 3
    assert canvas.teacher.put(f"{TASKS}/{task['id']}", json={"assignment": {"points_possible": 30}}).status_code == 200


def test_a_list_is_narrowed_to_a_group_of_assignments_by_the_query_too(canvas: Site) -> None:
    group = made(canvas.teacher, "assignment_groups", name="Labs")["id"]
    task = work(canvas.teacher, assignment_group_id=group)
    answer = canvas.student.get(TASKS, params={"assignment_group_id": group})
    assert [item["id"] for item in answer.json()] == [task["id"]]
    assert f"/assignment_groups/{group}/assignments?" in answer.headers["Link"]
    assert len(canvas.student.get(TASKS).json()) > 1


def test_a_copy_is_graded_with_the_rubric_and_goes_to_no_sis(canvas: Site) -> None:
    task = work(canvas.teacher, post_to_sis=True)
    criteria = rubric(canvas.teacher, task)
    copy = canvas.teacher.post(f"{TASKS}/{task['id']}/duplicate").json()
    shown = canvas.teacher.get(f"{TASKS}/{copy['id']}").json()
    assert (shown["rubric_settings"]["id"], shown["post_to_sis"]) == (criteria["id"], False)
    assert canvas.teacher.get(f"{TASKS}/{task['id']}").json()["rubric_settings"]["id"] == criteria["id"]


def test_a_new_assignment_is_not_what_tools_know_another_by(canvas: Site) -> None:
    task = work(canvas.teacher)
    why = {"assignment[lti_context_id]": ["lti_context_id should be unique"]}
    assert refused(canvas.teacher, None, secure_params=task["secure_params"]) == why
    assert (
        changed(canvas.teacher, task, secure_params=task["secure_params"])["lti_context_id"] == task["lti_context_id"]
    )
    assert work(canvas.teacher)["lti_context_id"] != task["lti_context_id"]


def test_what_null_blank_and_unknown_values_mean(canvas: Site) -> None:
    task = work(canvas.teacher, published=True, due_at="2030-01-01T12:00:00Z", only_visible_to_overrides=True)
    assert task["only_visible_to_overrides"] is True
    # a new due date is for everybody, whatever else is said
    fields = {"due_at": "2030-01-02T12:00:00Z", "only_visible_to_overrides": True}
    assert changed(canvas.teacher, task, **fields)["only_visible_to_overrides"] is False
    assert changed(canvas.teacher, task, published=None)["published"] is False
    assert changed(canvas.teacher, task, final_grader_id=1).get("final_grader_id") is None
    groups = [canvas.teacher.post(f"{COURSE}/assignment_groups", json={"name": name}).json()["id"] for name in "ab"]
    first = canvas.teacher.get(f"{COURSE}/assignment_groups").json()[0]["id"]
    assert changed(canvas.teacher, task, assignment_group_id=groups[1])["assignment_group_id"] == groups[1]
    assert changed(canvas.teacher, task, name="Same")["assignment_group_id"] == groups[1]
    assert changed(canvas.teacher, task, assignment_group_id=999_999)["assignment_group_id"] == first
    extensions = ["x"] * 256
    assert list(refused(canvas.teacher, task, allowed_extensions=extensions)) == ["assignment[allowed_extensions]"]


def test_values_that_are_read_before_they_are_checked(canvas: Site) -> None:
    task = work(canvas.teacher, allowed_attempts=2)
    assert changed(canvas.teacher, task, allowed_attempts="3.0")["allowed_attempts"] == 3
    assert changed(canvas.teacher, task, allowed_attempts="")["allowed_attempts"] == -1
    assert refused(canvas.teacher, task, allowed_attempts="3x") == {
        "allowed_attempts": ["not_a_number"],
        "invalid_record": ["Validation failed: Allowed attempts is not a number"],
    }
    assert refused(canvas.teacher, None, name=" ") == {"title": ["blank"]}
    assert changed(canvas.teacher, task, assignment_group_id="")["id"] == task["id"]
    group = refused(canvas.teacher, task, assignment_group_id=0.5)
    assert group == {"assignment[assignment_group_id]": ["must be a positive number"]}
    assert refused(canvas.teacher, task, due_at=["soon"]) == {"assignment[due_at]": ["Invalid datetime for due_at"]}


def test_custom_parameters_are_a_hash_of_scalars(canvas: Site) -> None:
    for value in ('{"a": 1}', ["a"], {"a": [1]}, {"a": {"b": 1}}):
        tag = {"url": "https://tool.example.test/launch", "custom_params": value}
        assert list(refused(canvas.teacher, None, name="T", external_tool_tag_attributes=tag)) == ["custom_params"]
    tag = {"url": "https://tool.example.test/launch", "custom_params": {"a": "1", "b": 2, "c": None}}
    task = work(canvas.teacher, submission_types=["external_tool"], external_tool_tag_attributes=tag)
    assert task["external_tool_tag_attributes"]["custom_params"] == tag["custom_params"]

    def custom(**attributes: Any) -> Any:
        return changed(canvas.teacher, task, external_tool_tag_attributes=attributes)["external_tool_tag_attributes"]

    assert custom(custom_params={"a": "2"})["custom_params"] == {"a": "2"}
    assert custom(new_tab=True)["custom_params"] == {"a": "2"}
    assert custom(custom_params="")["custom_params"] == {}
