"""The dashboard, and small answers about accounts and their people."""

from __future__ import annotations

import json

from contract_tests.canvas.support import Site

API = "/api/v1"
CARDS = f"{API}/dashboard/dashboard_cards"
FAVORITES = f"{API}/users/self/favorites/courses"


def test_cards_of_the_dashboard(canvas: Site) -> None:
    """Favourites narrow them down, positions order them, and each links to pages with something in them."""
    teacher = canvas.teacher
    first, *others = teacher.get(CARDS).json()
    card = next(one for one in (first, *others) if one["id"] == 1)
    assert (card["enrollmentType"], card["subtitle"]) == ("TeacherEnrollment", "enrolled as: Teacher")
    assert (card["canManage"], card["isFavorited"], card["position"], card["term"]) == (True, False, None, None)
    shown = {one["css_class"]: one["path"] for one in card["links"]}
    assert shown["discussions"] == "/courses/1/discussion_topics"
    assert "announcements" in shown or not teacher.get(f"{API}/announcements?context_codes[]=course_1").json()
    teacher.put(f"{API}/users/self/dashboard_positions", json={"dashboard_positions": {"course_1": 3}})
    teacher.post(f"{FAVORITES}/1")
    (card,) = teacher.get(CARDS).json()
    assert (card["isFavorited"], card["position"]) == (True, 3)
    teacher.delete(FAVORITES)
    assert len(teacher.get(CARDS).json()) == 1 + len(others)
    assert canvas.client().get(CARDS).status_code == 401
    assert canvas.student.get(f"{API}/show_k5_dashboard").json()["show_k5_dashboard"] is False


def test_courses_that_dates_shut_are_not_in_the_menu(canvas: Site) -> None:
    """A list of courses names them, favourites and cards do not."""
    admin, student = canvas.admin, canvas.student
    dates = {"restrict_enrollments_to_course_dates": True, "start_at": "2090-01-01", "end_at": "2091-01-01"}
    made = admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Later", **dates}, "offer": True}).json()
    me = student.get(f"{API}/users/self").json()["id"]
    row = {"user_id": me, "type": "StudentEnrollment", "enrollment_state": "active"}
    admin.post(f"{API}/courses/{made['id']}/enrollments", json={"enrollment": row})
    assert made["id"] in {one["id"] for one in student.get(FAVORITES).json()}, "it has not begun, and is not shut"
    shut = {"restrict_student_future_view": True}
    admin.put(f"{API}/courses/{made['id']}/settings", json=shut)
    assert made["id"] not in {one["id"] for path in (FAVORITES, CARDS) for one in student.get(path).json()}
    listed = next(one for one in student.get(f"{API}/courses").json() if one["id"] == made["id"])
    assert listed == {"id": made["id"], "access_restricted_by_date": True}


def test_reports_on_addresses_are_for_who_may_see_what_is_sent(canvas: Site) -> None:
    admin, report = canvas.admin, f"{API}/accounts/1/unconfirmed_communication_channels"
    assert admin.get(report).status_code == 403
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    school = next(one for one in whole["canvas"]["accounts"] if one["id"] == 1)
    school["settings"] = {**school.get("settings", {}), "admins_can_view_notifications": True}
    canvas.lms.load(whole)
    assert admin.get(report).status_code == 403, "an administrator has the permission only where it is given"
    role = next(one["id"] for one in admin.get(f"{API}/accounts/1/roles").json() if one["role"] == "AccountAdmin")
    given = {"permissions": {"view_notifications": {"explicit": True, "enabled": True}}}
    admin.put(f"{API}/accounts/1/roles/{role}", json=given)
    rows = admin.get(report).json()
    assert rows[0] == ["User ID", "Name", "Communication channel ID", "Type", "Path", "Created at"]
    assert admin.get(f"{report}.csv").text.startswith("User ID,Name,Communication channel ID,Type,Path,Created at\n")
    assert canvas.teacher.get(report).status_code == 403


def test_small_answers_about_accounts(canvas: Site) -> None:
    admin, nobody = canvas.admin, canvas.client()
    permission = f"{API}/accounts/1/permissions"
    assert admin.get(f"{permission}/manage_catalog").json() == {"permission": "manage_catalog", "granted": False}
    assert admin.get(f"{permission}/manage_sis").json() == {"message": "Permission not found"}
    assert nobody.get(f"{API}/release_notes/latest").json() == []
    assert admin.delete(f"{API}/release_notes/1").status_code == 403
    assert admin.delete(f"{API}/users/self/communication_channels/push").status_code == 404
    assert nobody.get(f"{API}/terms_of_service_custom_content").text == ""
