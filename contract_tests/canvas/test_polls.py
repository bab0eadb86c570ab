"""Polls: published to a course, and answered once per session."""

from __future__ import annotations

from contract_tests.canvas.support import Site

POLLS = "/api/v1/polls"


def test_a_poll_is_answered_once_while_it_is_open(canvas: Site) -> None:
    fields = {"polls": [{"question": "2 + 2?"}]}
    assert canvas.student.post(POLLS, json=fields).status_code == 403
    assert canvas.teacher.post(POLLS, json={"polls": [{"question": ""}]}).status_code == 400
    poll = canvas.teacher.post(POLLS, json=fields).json()["polls"][0]["id"]
    path = f"{POLLS}/{poll}"
    assert canvas.student.get(path).status_code == 403
    choices = [
        canvas.teacher.post(f"{path}/poll_choices", json={"poll_choices": [{"text": text, "is_correct": right}]}).json()
        for text, right in (("4", True), ("5", False))
    ]
    right = choices[0]["poll_choices"][0]["id"]
    put = {"poll_sessions": [{"course_id": 1, "has_public_results": False}]}
    assert canvas.teacher.post(f"{path}/poll_sessions", json={"poll_sessions": [{"x": 1}]}).status_code == 404
    made = canvas.teacher.post(f"{path}/poll_sessions", json=put).json()["poll_sessions"][0]
    session = f"{path}/poll_sessions/{made['id']}"
    mine = {"poll_submissions": [{"poll_choice_id": right}]}
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 403
    assert canvas.student.get(f"{session}/open").status_code == 403
    assert canvas.teacher.get(f"{session}/open").json()["poll_sessions"][0]["is_published"] is True
    assert len(canvas.student.get("/api/v1/poll_sessions/opened").json()["poll_sessions"]) == 1
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 200
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 400
    assert "results" not in canvas.student.get(session).json()["poll_sessions"][0]
    assert canvas.teacher.get(f"{session}/close").json()["poll_sessions"][0]["results"] == {right: 1}
    assert canvas.teacher.get(path).json()["polls"][0]["total_results"] == {right: 1}
    shown = canvas.student.get(f"{path}/poll_choices").json()["poll_choices"]
    assert [choice["is_correct"] for choice in shown] == [True, False], "shown after a closed session that one answered"
    assert canvas.teacher.delete(path).status_code == 204
    assert canvas.teacher.get(path).status_code == 404


def test_who_manages_content_manages_polls_there(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    made = teacher.post(f"{POLLS}", json={"polls": [{"question": "Q", "description": "D"}]}).json()["polls"][0]
    poll = f"{POLLS}/{made['id']}"
    assert made["total_results"] == {}
    assert admin.get(poll).status_code == 403, "it was not put to any course yet"
    long = {"polls": [{"question": "x" * 256, "description": "x" * 256}]}
    assert sorted(teacher.put(poll, json=long).json()["errors"]) == ["description", "question"]
    for wrong in ({"0": {"question": "Q"}}, ["x"]):
        assert teacher.put(poll, json={"polls": wrong}).status_code == 500, wrong
    here = {"poll_sessions": [{"course_id": 1, "has_public_results": True}]}
    sessions = [teacher.post(f"{poll}/poll_sessions", json=here).json()["poll_sessions"][0]["id"] for _ in range(2)]
    listed = teacher.get(f"{poll}/poll_sessions").json()["poll_sessions"]
    assert [item["id"] for item in listed] == sessions
    assert admin.get(poll).json()["polls"][0]["user_id"] == str(made["user_id"])
    assert sorted(student.get(poll).json()["polls"][0]) == ["created_at", "description", "id", "question"]
    right = {"poll_choices": [{"text": "T", "is_correct": "true", "position": "x"}]}
    choice = admin.post(f"{poll}/poll_choices", json=right).json()["poll_choices"][0]
    assert (choice["is_correct"], choice["position"]) == (True, 0)
    kept = {"poll_choices": [{"is_correct": False, "position": None}]}
    choice_after = teacher.put(f"{poll}/poll_choices/{choice['id']}", json=kept).json()["poll_choices"][0]
    assert (choice_after["is_correct"], choice_after["position"]) == (True, None), "JSON's false counts as not sent"
    session = f"{poll}/poll_sessions/{sessions[0]}"
    answers = f"{session}/poll_submissions"
    assert student.post(answers, json={}).status_code == 500
    teacher.get(f"{session}/open")
    assert student.post(answers, json={"poll_submissions": [{"poll_choice_id": choice["id"]}]}).is_success
    assert "is_correct" not in student.get(f"{poll}/poll_choices").json()["poll_choices"][0]
    teacher.get(f"{session}/close")
    assert student.get(f"{poll}/poll_choices").json()["poll_choices"][0]["is_correct"] is True
    shown = student.get(session).json()["poll_sessions"][0]
    assert (shown["has_submitted"], len(shown["poll_submissions"]), shown["results"]) == (True, 1, {choice["id"]: 1})
    closed = student.get("/api/v1/poll_sessions/closed").json()["poll_sessions"]
    assert [item["id"] for item in closed] == sessions
    put = {"poll_sessions": [{"course_section_id": 1, "course_id": 999}]}
    assert list(teacher.put(session, json=put).json()["errors"]) == ["course"]
    asked = student.get(f"{poll}/poll_choices", headers={"Accept": "application/vnd.api+json"}).json()["meta"]
    assert (asked["primaryCollection"], asked["pagination"]["count"]) == ("poll_choices", 1)
