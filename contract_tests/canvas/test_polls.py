"""Polls: published to a course, and answered once per session."""

from __future__ import annotations

from contract_tests.canvas.support import Site

POLLS = "/api/v1/polls"


def test_a_poll_is_answered_once_while_it_is_open(canvas: Site) -> None:
    fields = {"polls": [{"question": "2 + 2?"}]}
    assert canvas.student.post(POLLS, json=fields).status_code == 403
    assert canvas.teacher.post(POLLS, json={"polls": [{"question": ""}]}).status_code == 400
    poll = canvas.teacher.post(POLLS, json=fields).json()["polls"][0]["id"]
    one = f"{POLLS}/{poll}"
    assert canvas.student.get(one).status_code == 403
    choices = [
        canvas.teacher.post(f"{one}/poll_choices", json={"poll_choices": [{"text": text, "is_correct": right}]}).json()
        for text, right in (("4", True), ("5", False))
    ]
    right = choices[0]["poll_choices"][0]["id"]
    put = {"poll_sessions": [{"course_id": 1, "has_public_results": False}]}
    assert canvas.teacher.post(f"{one}/poll_sessions", json={"poll_sessions": [{"x": 1}]}).status_code == 404
    session = (
        f"{one}/poll_sessions/{canvas.teacher.post(f'{one}/poll_sessions', json=put).json()['poll_sessions'][0]['id']}"
    )
    mine = {"poll_submissions": [{"poll_choice_id": right}]}
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 403
    assert canvas.student.get(f"{session}/open").status_code == 403
    assert canvas.teacher.get(f"{session}/open").json()["poll_sessions"][0]["is_published"] is True
    assert len(canvas.student.get("/api/v1/poll_sessions/opened").json()["poll_sessions"]) == 1
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 200
    assert canvas.student.post(f"{session}/poll_submissions", json=mine).status_code == 400
    assert "results" not in canvas.student.get(session).json()["poll_sessions"][0]
    assert canvas.teacher.get(f"{session}/close").json()["poll_sessions"][0]["results"] == {right: 1}
    assert canvas.teacher.get(one).json()["polls"][0]["total_results"] == {right: 1}
    shown = canvas.student.get(f"{one}/poll_choices").json()["poll_choices"]
    assert [set(choice) for choice in shown] == [{"id", "text", "position"}] * 2
    assert canvas.teacher.delete(one).status_code == 204
    assert canvas.teacher.get(one).status_code == 404
