"""Alerts that observers get about their students."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"


def test_an_observer_is_alerted_to_a_low_grade(canvas: Site) -> None:
    observer = canvas.admin.post(f"{API}/accounts/1/users", json={"pseudonym": {"unique_id": "olga"}}).json()["id"]
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    canvas.admin.put(f"{API}/users/{observer}/observees/{student}")
    acting = {"as_user_id": observer}
    wanted = {
        "observer_alert_threshold": {"user_id": student, "alert_type": "assignment_grade_low", "threshold": "50"},
    }
    made = canvas.admin.post(f"{API}/users/self/observer_alert_thresholds", params=acting, json=wanted)
    assert made.status_code == 200, made.text
    work = {"name": "Essay", "points_possible": 10, "published": True}
    course = f"{API}/courses/1/assignments"
    number = canvas.teacher.post(course, json={"assignment": work}).json()["id"]
    own = f"{API}/users/self/observer_alerts"

    def told(score: int) -> list[str]:
        graded = {"submission": {"posted_grade": str(score)}}
        assert canvas.teacher.put(f"{course}/{number}/submissions/{student}", json=graded).status_code == 200
        return [one["title"] for one in canvas.admin.get(f"{own}/{student}", params=acting).json()]

    assert told(5) == []
    assert told(4) == [
        "Assignment graded: 4 on Essay in " + canvas.teacher.get(f"{API}/courses/1").json()["course_code"]
    ]
    alert = canvas.admin.get(f"{own}/{student}", params=acting).json()[0]
    assert (alert["context_id"], alert["workflow_state"]) == (number, "unread")
    count = f"{own}/unread_count"
    assert canvas.admin.get(count, params=acting).json() == {"unread_count": 1}
    assert canvas.teacher.get(count).json() == {"unread_count": 0}
    assert canvas.teacher.put(f"{own}/{alert['id']}/read").status_code == 403
    assert canvas.admin.put(f"{own}/999999/read", params=acting).status_code == 404
    assert canvas.admin.put(f"{own}/{alert['id']}/seen", params=acting).json()["workflow_state"] == "unread"
    assert canvas.admin.put(f"{own}/{alert['id']}/read", params=acting).json()["workflow_state"] == "read"
    assert canvas.admin.get(count, params=acting).json() == {"unread_count": 0}
    assert canvas.admin.put(f"{own}/{alert['id']}/dismissed", params=acting).status_code == 200
    assert canvas.admin.get(f"{own}/{student}", params=acting).json() == []
