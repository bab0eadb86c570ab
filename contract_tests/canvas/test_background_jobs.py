"""Queued jobs: what a client sees of them, and what it can still do."""

from __future__ import annotations

from contract_tests.canvas.support import Site


def test_a_job_may_take_its_time(canvas: Site) -> None:
    canvas.lms.settings["canvas.background_job_seconds"] = 30
    path = "/api/v1/accounts/1/reports/provisioning_csv"
    begun = canvas.admin.post(path, data={"parameters[users]": "true"}).json()

    def state() -> str:
        return str(canvas.admin.get(f"{path}/{begun['id']}").json()["status"])

    assert [state(), state()] == ["created", "created"]
    canvas.lms.clock.advance(seconds=30)
    assert state() == "complete"


def test_a_table_of_a_quiz_is_made_once_and_called_off(canvas: Site) -> None:
    quizzes = "/api/v1/courses/1/quizzes"
    quiz = canvas.teacher.post(quizzes, json={"quiz": {"title": "Test", "quiz_type": "assignment"}}).json()["id"]
    path, asked = f"{quizzes}/{quiz}/reports", {"quiz_report": {"report_type": "student_analysis"}}
    canvas.lms.settings["canvas.background_job_seconds"] = 30
    report = canvas.teacher.post(path, json=asked).json()
    assert canvas.teacher.get(report["progress_url"]).json()["workflow_state"] == "queued"
    assert canvas.teacher.post(path, json=asked).status_code == 409
    assert canvas.teacher.delete(f"{path}/{report['id']}").status_code == 204
    canvas.lms.settings["canvas.background_job_seconds"] = 0
    again = canvas.teacher.post(path, json=asked).json()
    assert canvas.teacher.get(again["progress_url"]).json()["workflow_state"] == "completed"
    done = canvas.teacher.get(f"{path}/{again['id']}", params={"include[]": "file"}).json()
    assert "filename" in done["file"]
    assert canvas.teacher.delete(f"{path}/{again['id']}").status_code == 204
