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

    def titles_after(score: int) -> list[str]:
        graded = {"submission": {"posted_grade": str(score)}}
        assert canvas.teacher.put(f"{course}/{number}/submissions/{student}", json=graded).status_code == 200
        return [item["title"] for item in canvas.admin.get(f"{own}/{student}", params=acting).json()]

    assert titles_after(5) == []
    assert titles_after(4) == [
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


def test_thresholds_are_percentages_that_do_not_cross(canvas: Site) -> None:
    observer = canvas.admin.post(f"{API}/accounts/1/users", json={"pseudonym": {"unique_id": "olga"}}).json()["id"]
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    canvas.admin.put(f"{API}/users/{observer}/observees/{student}")
    acting, own = {"as_user_id": observer}, f"{API}/users/self/observer_alert_thresholds"

    def faults(kind: str, number: str | None) -> list[str]:
        sent = {"user_id": student, "alert_type": kind} | ({} if number is None else {"threshold": number})
        answer = canvas.admin.post(own, params=acting, json={"observer_alert_threshold": sent}).json()
        return [item["type"] for item in answer.get("errors", {}).get("threshold", ())]

    assert faults("course_grade_high", "many") == ["not_a_number"]
    assert faults("course_grade_high", "5.5") == ["not_an_integer"]
    assert faults("course_grade_high", "-1") == ["greater_than_or_equal_to"]
    assert faults("course_grade_high", "101") == ["less_than_or_equal_to"]
    assert faults("course_grade_high", "40") == []
    assert faults("course_grade_low", "40")[0].startswith("You cannot set a low threshold")
    assert faults("course_grade_low", "30") == []
    assert faults("course_grade_high", "30")[0].startswith("You cannot set a high threshold")
    assert faults("assignment_missing", "5")[0].startswith("Threshold is only applicable")
    assert faults("assignment_missing", None) == []
    high = next(row for row in canvas.admin.get(own, params=acting).json() if row["alert_type"] == "course_grade_high")
    shown = canvas.admin.put(f"{own}/{high['id']}", params=acting, json={"threshold": "20"}).json()
    assert shown["threshold"] == "20", "shown, but not stored"
    assert canvas.admin.get(f"{own}/{high['id']}", params=acting).json()["threshold"] == "40"


def test_an_observer_in_a_course_is_alerted_to_announcements_for_students(canvas: Site) -> None:
    observer = canvas.admin.post(f"{API}/accounts/1/users", json={"pseudonym": {"unique_id": "olga"}}).json()["id"]
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    watching = {"user_id": observer, "type": "ObserverEnrollment", "associated_user_id": student}
    made = canvas.admin.post(f"{API}/courses/1/enrollments", json={"enrollment": watching | {"notify": False}}).json()
    acting, own = {"as_user_id": observer}, f"{API}/users/self/observer_alert_thresholds"
    wanted = {"observer_alert_threshold": {"user_id": student, "alert_type": "institution_announcement"}}
    assert canvas.admin.post(own, params=acting, json=wanted).status_code == 200, "no link, but an enrolment"
    canvas.lms.clock.advance(seconds=60)
    now = canvas.lms.clock.now
    times = {"start_at": now.isoformat(), "end_at": "2099-01-01T00:00:00Z"}
    for subject, roles in (("All", []), ("Staff", ["TeacherEnrollment"]), ("Pupils", ["StudentEnrollment"])):
        fields = {"subject": subject, "message": "M", **times}
        sent = {"account_notification": fields, "account_notification_roles": roles}
        assert canvas.admin.post(f"{API}/accounts/1/account_notifications", json=sent).status_code == 200
    alerts = f"{API}/users/self/observer_alerts/{student}"
    titles = [item["title"] for item in canvas.admin.get(alerts, params=acting).json()]
    assert sorted(titles) == ['Institution announcement: "All"', 'Institution announcement: "Pupils"']
    canvas.admin.delete(f"{API}/courses/1/enrollments/{made['id']}", params={"task": "delete"})
    assert canvas.admin.get(alerts, params=acting).json() == []
