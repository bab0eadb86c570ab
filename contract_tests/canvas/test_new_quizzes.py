"""New Quizzes: the quizzes, their questions, and accommodations."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, made
from contract_tests.canvas.support import Site

QUIZZES = "/api/quiz/v1/courses/1/quizzes"
CHOICE: dict[str, Any] = {
    "item_body": "<p>2 + 2?</p>",
    "interaction_type_slug": "choice",
    "interaction_data": {"choices": [{"id": "a", "position": 1, "item_body": "4"}]},
    "scoring_data": {"value": "a"},
    "scoring_algorithm": "Equivalence",
}


def quiz(canvas: Site, **fields: Any) -> Any:
    answer = canvas.teacher.post(QUIZZES, json={"quiz": {"title": "Q", "points_possible": 5, **fields}})
    assert answer.status_code == 200, answer.text
    return answer.json()


def settings(canvas: Site, number: str, **changes: Any) -> httpx.Response:
    return canvas.teacher.patch(f"{QUIZZES}/{number}", json={"quiz": {"quiz_settings": changes}})


def item(canvas: Site, number: str, **fields: Any) -> httpx.Response:
    sent = {"entry_type": "Item", "points_possible": 2, "entry": CHOICE, **fields}
    return canvas.teacher.post(f"{QUIZZES}/{number}/items", json={"item": sent})


def test_quizzes_of_both_kinds_are_listed_together(canvas: Site) -> None:
    quiz(canvas, title="New one")
    canvas.teacher.post("/api/v1/courses/1/quizzes", json={"quiz": {"title": "Old one"}})
    canvas.teacher.post("/api/v1/courses/1/quizzes", json={"quiz": {"title": "Other"}})
    path = "/api/v1/courses/1/all_quizzes"
    found = canvas.teacher.get(path, params={"search_term": "ONE"}).json()
    assert [(row["title"], row["quiz_type"]) for row in found] == [
        ("Old one", "assignment"),
        ("New one", "quizzes.next"),
    ]
    assert canvas.student.get(path, params={"search_term": "one"}).json() == [], "neither is published"


def test_a_new_quiz_is_an_assignment(canvas: Site) -> None:
    new = quiz(canvas, instructions="<p>Go</p>", due_at="2030-01-01T00:00:00Z")
    assert new["published"] is False
    own = f"{COURSE}/assignments/{new['id']}"
    task = canvas.teacher.get(own).json()
    assert (task["name"], task["points_possible"], task["is_quiz_lti_assignment"]) == ("Q", 5.0, True)
    assert (task["submission_types"], task["is_quiz_assignment"]) == (["external_tool"], False)
    canvas.teacher.put(own, json={"assignment": {"published": True, "name": "Renamed"}})
    assert canvas.teacher.get(f"{QUIZZES}/{new['id']}").json() == new | {"title": "Renamed", "published": True}
    changed = canvas.teacher.patch(f"{QUIZZES}/{new['id']}", json={"quiz": {"points_possible": "7.5", "due_at": None}})
    assert (changed.json()["points_possible"], changed.json()["due_at"]) == (7.5, None)
    assert canvas.teacher.get(own).json()["points_possible"] == 7.5
    module = made(canvas.teacher, "modules", module={"name": "M"})["id"]
    placed = made(
        canvas.teacher, f"modules/{module}/items", module_item={"type": "Assignment", "content_id": new["id"]}
    )
    assert (placed["type"], placed["quiz_lti"]) == ("Assignment", True)
    listed = canvas.student.get(f"{COURSE}/new_quizzes/assignment_overrides").json()["quiz_assignment_overrides"]
    assert [row["quiz_id"] for row in listed] == [int(new["id"])]
    assert canvas.teacher.delete(f"{QUIZZES}/{new['id']}").json()["id"] == new["id"]
    assert canvas.teacher.get(own).status_code == canvas.teacher.get(f"{QUIZZES}/{new['id']}").status_code == 404
    assert canvas.teacher.get(QUIZZES).json() == []


def test_other_assignments_are_no_new_quizzes(canvas: Site) -> None:
    other = made(canvas.teacher, "assignments", assignment={"name": "A"})["id"]
    assert canvas.teacher.get(f"{QUIZZES}/{other}").status_code == 404
    assert "is_quiz_lti_assignment" not in canvas.teacher.get(f"{COURSE}/assignments/{other}").json()


def test_a_list_of_new_quizzes_alone(canvas: Site) -> None:
    """Whatever the text says, as Canvas's controller; what is not text at all does not count."""
    number = quiz(canvas)["id"]

    def listed(**asked: str) -> list[int]:
        rows = canvas.teacher.get(f"{COURSE}/assignments", params={"per_page": "50", **asked}).json()
        return [row["id"] for row in rows]

    assert listed(new_quizzes="true") == listed(new_quizzes="false") == [int(number)]
    everything = listed()
    assert len(everything) > 1
    canvas.lms.settings["canvas.later_parameters"] = False
    assert listed(new_quizzes="true") == everything


def test_new_quizzes_are_paged_and_are_for_those_who_edit_assignments(canvas: Site) -> None:
    numbers = [quiz(canvas)["id"] for _ in range(3)]
    first = canvas.teacher.get(QUIZZES, params={"per_page": 2})
    assert [entry["id"] for entry in first.json()] == numbers[:2]
    assert [entry["id"] for entry in canvas.teacher.get(first.links["next"]["url"]).json()] == numbers[2:]
    own = f"{QUIZZES}/{numbers[0]}"
    for method, path in (
        ("GET", QUIZZES), ("POST", QUIZZES), ("GET", own), ("PATCH", own), ("DELETE", own), ("GET", f"{own}/items"),
        ("POST", f"{own}/items"), ("POST", f"{own}/accommodations"), ("POST", "/api/quiz/v1/courses/1/accommodations"),
    ):  # fmt: skip
        assert canvas.student.request(method, path, json={}).status_code == 403
        assert canvas.client().request(method, path, json={}).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"points_possible": 0},
        {"points_possible": "x"},
        {"title": " "},
        {"title": "x" * 256},
        {"grading_type": "stars"},
        {"due_at": "x"},
        {"assignment_group_id": 999},
        {"quiz_settings": {"calculator_type": "big"}},
        {"quiz_settings": {"one_at_a_time_type": "page"}},
        {"quiz_settings": {"multiple_attempts": {"score_to_keep": "best"}}},
        {"quiz_settings": {"multiple_attempts": {"max_attempts": 1.5}}},
        {"quiz_settings": {"session_time_limit_in_seconds": -1}},
        {"quiz_settings": {"filters": {"ips": [["10.0.0.1"]]}}},
        {"quiz_settings": {"filters": {"ips": [["here", "there"]]}}},
        {"quiz_settings": {"filters": {"ips": "[" * 100_000}}},
    ],
)
def test_what_is_not_valid_is_refused_and_changes_nothing(canvas: Site, fields: dict[str, Any]) -> None:
    answer = canvas.teacher.post(QUIZZES, json={"quiz": fields})
    assert (answer.status_code, list(answer.json())) == (422, ["errors"])
    new = quiz(canvas)
    assert canvas.teacher.patch(f"{QUIZZES}/{new['id']}", json={"quiz": fields}).status_code == 422
    assert canvas.teacher.get(QUIZZES).json() == [new]


def test_settings_are_merged_and_hang_on_one_another(canvas: Site) -> None:
    number = quiz(canvas, quiz_settings={"calculator_type": "basic", "filters": {"ips": '[["10.0.0.1", "10.0.0.9"]]'}})[
        "id"
    ]
    results = {"result_view_restricted": True, "display_items": True, "display_item_response": True}
    attempts = {"multiple_attempts_enabled": True, "attempt_limit": True, "max_attempts": 3}
    kept = settings(canvas, number, multiple_attempts=attempts, result_view_settings=results).json()["quiz_settings"]
    assert kept["calculator_type"] == "basic"
    assert kept["filters"] == {"ips": [["10.0.0.1", "10.0.0.9"]]}
    assert kept["multiple_attempts"] | attempts == kept["multiple_attempts"]
    assert kept["result_view_settings"] | results == kept["result_view_settings"]
    dates = {"show_item_responses_at": "2030-01-02T00:00:00Z", "hide_item_responses_at": "2030-01-01T00:00:00Z"}
    assert settings(canvas, number, result_view_settings=dates).status_code == 422
    assert settings(canvas, number, result_view_settings=dates | {"hide_item_responses_at": None}).status_code == 200
    hidden = settings(canvas, number, result_view_settings={"display_items": False}).json()["quiz_settings"]
    shown = hidden["result_view_settings"]
    assert (shown["display_item_response"], shown["show_item_responses_at"]) == (False, None)
    assert hidden["multiple_attempts"] == kept["multiple_attempts"]


EVERY_SETTING = {
    "calculator_type": "scientific",
    "filter_ip_address": True,
    "filters": {"ips": [["10.0.0.1", "10.0.0.9"]]},
    "multiple_attempts": {
        "multiple_attempts_enabled": True,
        "attempt_limit": True,
        "max_attempts": 4,
        "score_to_keep": "average",
        "cooling_period": True,
        "cooling_period_seconds": 60,
    },
    "one_at_a_time_type": "question",
    "allow_backtracking": False,
    "result_view_settings": {
        "result_view_restricted": True,
        "display_points_awarded": True,
        "display_points_possible": True,
        "display_items": True,
        "display_item_response": True,
        "display_item_response_qualifier": "once_per_attempt",
        "show_item_responses_at": "2030-01-01T00:00:00Z",
        "hide_item_responses_at": "2030-01-02T00:00:00Z",
        "display_item_response_correctness": True,
        "display_item_response_correctness_qualifier": "after_last_attempt",
        "show_item_response_correctness_at": "2030-01-01T00:00:00Z",
        "hide_item_response_correctness_at": "2030-01-02T00:00:00Z",
        "display_item_correct_answer": True,
        "display_item_feedback": True,
    },
    "shuffle_answers": True,
    "shuffle_questions": True,
    "require_student_access_code": True,
    "student_access_code": "open",
    "has_time_limit": True,
    "session_time_limit_in_seconds": 600,
}


def test_every_setting_is_kept_when_a_quiz_is_made_and_when_it_is_changed(canvas: Site) -> None:
    group = made(canvas.teacher, "assignment_groups", name="Tests")["id"]
    fields = {"quiz_settings": EVERY_SETTING, "assignment_group_id": group, "grading_type": "percent"}
    new = quiz(canvas, **fields)
    assert (new["quiz_settings"], new["grading_type"]) == (EVERY_SETTING, "percent")
    plain = quiz(canvas)["id"]
    changed = canvas.teacher.patch(f"{QUIZZES}/{plain}", json={"quiz": fields}).json()
    assert changed == new | {"id": plain}


def test_questions_are_made_moved_changed_and_deleted(canvas: Site) -> None:
    number = quiz(canvas)["id"]
    first, second = (item(canvas, number, entry=CHOICE | {"title": title}).json() for title in "AB")
    assert (first["position"], second["position"], first["entry_type"]) == (1, 2, "Item")
    assert first["entry"] | CHOICE == first["entry"]
    path = f"{QUIZZES}/{number}/items"
    moved = canvas.teacher.patch(f"{path}/{second['id']}", json={"item": {"position": 1, "entry": {"title": "C"}}})
    assert (moved.json()["position"], moved.json()["entry"]["title"]) == (1, "C")
    assert moved.json()["entry"]["interaction_data"] == CHOICE["interaction_data"]
    assert [entry["id"] for entry in canvas.teacher.get(path).json()] == [second["id"], first["id"]]
    whole = {"interaction_type_slug": "choice", "properties": {"shuffleRules": {"choices": {"shuffled": True}}}}
    whole |= {
        "interaction_data": {"choices": []},
        "scoring_data": {"value": "b"},
        "answer_feedback": {"b": "<p>No</p>"},
    }
    whole |= {
        "feedback": {"neutral": "n"},
        "calculator_type": "basic",
        "item_body": "x",
        "scoring_algorithm": "VaryPointsByAnswer",
    }
    changed = canvas.teacher.patch(
        f"{path}/{first['id']}", json={"item": {"points_possible": 9, "entry": whole}}
    ).json()
    assert (changed["points_possible"], changed["entry"]) == (9.0, changed["entry"] | whole)
    assert item(canvas, number, entry=CHOICE | whole).json()["entry"]["properties"] == whole["properties"]
    third = canvas.teacher.get(path).json()[-1]["id"]
    essay = {"interaction_type_slug": "essay", "answer_feedback": {}}
    changed = canvas.teacher.patch(f"{path}/{third}", json={"item": {"entry_type": "Item", "entry": essay}}).json()
    assert changed["entry"]["interaction_type_slug"] == "essay"
    assert canvas.teacher.patch(f"{path}/{third}", json={"item": {"entry_type": "Bank"}}).status_code == 422
    assert canvas.teacher.delete(f"{path}/{second['id']}").status_code == 200
    assert canvas.teacher.get(f"{path}/{second['id']}").status_code == 404
    assert canvas.teacher.get(f"{path}/{first['id']}").json()["position"] == 1
    other = quiz(canvas)["id"]
    assert canvas.teacher.get(f"{QUIZZES}/{other}/items/{first['id']}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"entry_type": "Bank"},
        {"entry_type": None},
        {"points_possible": 0},
        {"position": 0},
        {"entry": CHOICE | {"interaction_type_slug": "riddle"}},
        {"entry": CHOICE | {"scoring_data": "a"}},
        {"entry": {name: value for name, value in CHOICE.items() if name != "scoring_algorithm"}},
        {"entry": CHOICE | {"interaction_type_slug": "essay", "answer_feedback": {"a": "no"}}},
    ],
)
def test_a_question_that_is_not_whole_is_refused(canvas: Site, fields: dict[str, Any]) -> None:
    number = quiz(canvas)["id"]
    assert item(canvas, number, **fields).status_code == 422
    assert canvas.teacher.get(f"{QUIZZES}/{number}/items").json() == []


def test_accommodations_are_for_students_and_in_bounds(canvas: Site) -> None:
    number, course = quiz(canvas)["id"], "/api/quiz/v1/courses/1/accommodations"
    rows = [{"user_id": ADA, "extra_time": 60, "extra_attempts": 1}, {"user_id": 9999}]
    answer = canvas.teacher.post(f"{QUIZZES}/{number}/accommodations", json=rows).json()
    assert (answer["message"], answer["successful"]) == ("Accommodations processed", [{"user_id": ADA}])
    assert [entry["user_id"] for entry in answer["failed"]] == [9999]
    kept = canvas.lms.dump()["canvas"]["new_quiz_accommodations"]
    assert [(entry["user_id"], entry["extra_time"], entry["extra_attempts"]) for entry in kept] == [(ADA, 60, 1)]
    at_once = {"user_id": ADA, "apply_to_in_progress_quiz_sessions": True}
    failed = canvas.teacher.post(course, json=[at_once]).json()["failed"]
    assert failed == [{"user_id": ADA, "error": "User is not in any in-progress quiz sessions for course 1"}]
    for wrong in ({"user_id": ADA}, [], [{"extra_time": 1}], [{"user_id": ADA, "extra_time": 10081}], ["x"]):
        assert canvas.teacher.post(course, json=wrong).status_code == 400
    assert canvas.teacher.post(course, json=[{"user_id": ADA, "extra_time": 10080}]).json()["failed"] == []


def test_a_site_without_new_quizzes_answers_with_its_page(canvas: Site) -> None:
    canvas.lms.settings["canvas.new_quizzes"] = False
    assert canvas.teacher.get(QUIZZES).status_code == 404
    canvas.lms.settings["canvas.new_quizzes"] = True
    canvas.lms.settings["canvas.new_quizzes_errors"] = "message"
    answer = canvas.teacher.post(QUIZZES, json={"quiz": {"title": ""}})
    assert (answer.status_code, answer.json()) == (422, {"message": "title is missing"})


def test_a_copy_of_a_new_quiz_is_duplicating_until_the_service_has_made_it(canvas: Site) -> None:
    number = quiz(canvas, quiz_settings={"shuffle_answers": True})["id"]
    assert item(canvas, number).status_code == 200
    own = f"{COURSE}/assignments/{number}"
    assert canvas.teacher.get(own).json()["can_duplicate"] is True
    canvas.teacher.put(own, json={"assignment": {"published": True}})
    canvas.lms.settings["canvas.background_job_seconds"] = 3600
    assert canvas.student.post(f"{own}/duplicate").status_code == 403
    copy = canvas.teacher.post(f"{own}/duplicate").json()
    assert (copy["name"], copy["workflow_state"], copy["published"]) == ("Q Copy", "duplicating", False)
    assert (copy["original_assignment_id"], copy["is_quiz_lti_assignment"]) == (int(number), True)
    assert copy["new_positions"][str(copy["id"])] == copy["new_positions"][number] + 1
    made_of = f"{COURSE}/assignments/{copy['id']}"
    assert canvas.teacher.get(made_of).json()["workflow_state"] == "duplicating"
    assert canvas.teacher.get(f"{QUIZZES}/{copy['id']}").status_code == 404, "the service does not have it yet"
    assert canvas.student.get(made_of).status_code == 403
    canvas.lms.settings["canvas.background_job_seconds"] = 0
    assert canvas.teacher.get(made_of).json()["workflow_state"] == "published", "as the original is"
    there = canvas.teacher.get(f"{QUIZZES}/{copy['id']}").json()
    assert there["quiz_settings"]["shuffle_answers"] is True
    (question,) = canvas.teacher.get(f"{QUIZZES}/{copy['id']}/items").json()
    assert question["entry"]["item_body"] == CHOICE["item_body"]
    other = canvas.teacher.post(f"{own}/duplicate", params={"result_type": "Quiz"}).json()
    assert "quiz_type" not in other, "the feature is off"


def test_a_copy_is_shown_as_a_quiz_where_the_page_of_quizzes_has_them(canvas: Site) -> None:
    number = quiz(canvas)["id"]
    canvas.switch_on("newquizzes_on_quiz_page")
    own = f"{COURSE}/assignments/{number}/duplicate"
    assert "quiz_type" not in canvas.teacher.post(own).json()
    copy = canvas.teacher.post(own, params={"result_type": "Quiz"}).json()
    assert (copy["quiz_type"], copy["workflow_state"], copy["title"]) == ("quizzes.next", "duplicating", "Q Copy 2")
    assert (copy["permissions"]["update"], copy["permissions"]["submit"]) == (True, False)
    assert str(copy["id"]) in copy["new_positions"]


def test_a_copy_of_a_quiz_that_is_gone_fails(canvas: Site) -> None:
    number = quiz(canvas)["id"]
    canvas.lms.settings["canvas.background_job_seconds"] = 3600
    copy = canvas.teacher.post(f"{COURSE}/assignments/{number}/duplicate").json()["id"]
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    kept = [quiz for quiz in world["canvas"]["new_quizzes"] if quiz["assignment_id"] != int(number)]
    world["canvas"]["new_quizzes"] = kept
    canvas.lms.load(world)
    canvas.lms.settings["canvas.background_job_seconds"] = 0
    assert canvas.teacher.get(f"{COURSE}/assignments/{copy}").json()["workflow_state"] == "failed_to_duplicate"
