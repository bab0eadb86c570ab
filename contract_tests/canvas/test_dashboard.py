"""The dashboard, and small answers about accounts and their people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

API = "/api/v1"
CARDS = f"{API}/dashboard/dashboard_cards"
FAVORITES = f"{API}/users/self/favorites/courses"


def test_cards_of_the_dashboard(canvas: Site) -> None:
    """Favourites filter them, positions order them, and each links to pages with content."""
    teacher = canvas.teacher
    first, *others = teacher.get(CARDS).json()
    card = next(item for item in (first, *others) if item["id"] == 1)
    assert (card["enrollmentType"], card["subtitle"]) == ("TeacherEnrollment", "enrolled as: Teacher")
    assert (card["canManage"], card["isFavorited"], card["position"], card["term"]) == (True, False, None, None)
    shown = {link["css_class"]: link["path"] for link in card["links"]}
    assert shown["discussions"] == "/courses/1/discussion_topics"
    assert shown["announcements"] == "/courses/1/announcements"
    teacher.put(f"{API}/users/self/dashboard_positions", json={"dashboard_positions": {"course_1": 3}})
    teacher.post(f"{FAVORITES}/1")
    (card,) = teacher.get(CARDS).json()
    assert (card["isFavorited"], card["position"]) == (True, 3)
    teacher.delete(FAVORITES)
    assert len(teacher.get(CARDS).json()) == 1 + len(others)
    assert canvas.client().get(CARDS).status_code == 401
    assert canvas.student.get(f"{API}/show_k5_dashboard").json()["show_k5_dashboard"] is False


def test_courses_closed_by_their_dates_are_not_in_the_menu(canvas: Site) -> None:
    """The course list includes them, favourites and cards do not."""
    admin, student = canvas.admin, canvas.student
    dates = {"restrict_enrollments_to_course_dates": True, "start_at": "2090-01-01", "end_at": "2091-01-01"}
    made = admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Later", **dates}, "offer": True}).json()
    me = student.get(f"{API}/users/self").json()["id"]
    row = {"user_id": me, "type": "StudentEnrollment", "enrollment_state": "active"}
    admin.post(f"{API}/courses/{made['id']}/enrollments", json={"enrollment": row})
    assert made["id"] in {item["id"] for item in student.get(FAVORITES).json()}, "it has not begun, and is not shut"
    shut = {"restrict_student_future_view": True}
    admin.put(f"{API}/courses/{made['id']}/settings", json=shut)
    assert made["id"] not in {item["id"] for path in (FAVORITES, CARDS) for item in student.get(path).json()}
    listed = next(item for item in student.get(f"{API}/courses").json() if item["id"] == made["id"])
    assert listed == {"id": made["id"], "access_restricted_by_date": True}


def test_reports_on_addresses_are_for_who_may_see_what_is_sent(canvas: Site) -> None:
    admin, report = canvas.admin, f"{API}/accounts/1/unconfirmed_communication_channels"
    assert admin.get(report).status_code == 403
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    school = next(account for account in whole["canvas"]["accounts"] if account["id"] == 1)
    school["settings"] = {**school.get("settings", {}), "admins_can_view_notifications": True}
    canvas.lms.load(whole)
    assert admin.get(report).status_code == 403, "an administrator has the permission only where it is given"
    role = next(item["id"] for item in admin.get(f"{API}/accounts/1/roles").json() if item["role"] == "AccountAdmin")
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


def test_who_is_notified_of_an_announcement(canvas: Site) -> None:
    """Roles count within the announcing account; the latest end comes first; an admin sees all of an account's."""
    admin, teacher = canvas.admin, canvas.teacher
    notices = f"{API}/accounts/1/account_notifications"
    below = admin.post(f"{API}/accounts/1/sub_accounts", json={"account": {"name": "College"}}).json()["id"]
    course = admin.post(f"{API}/accounts/{below}/courses", json={"course": {"name": "There"}, "offer": True}).json()
    me = teacher.get(f"{API}/users/self").json()["id"]
    row = {"user_id": me, "type": "StudentEnrollment", "enrollment_state": "active"}
    admin.post(f"{API}/courses/{course['id']}/enrollments", json={"enrollment": row})

    def announced(account: int, subject: str, end: str, *roles: str) -> None:
        fields = {"subject": subject, "message": "x", "start_at": "2020-01-01", "end_at": end}
        sent = {"account_notification": fields, "account_notification_roles": list(roles)}
        assert admin.post(f"{API}/accounts/{account}/account_notifications", json=sent).status_code == 200

    announced(1, "sooner", "2090-01-01")
    announced(1, "later", "2091-01-01", "TeacherEnrollment")
    announced(below, "students there", "2092-01-01", "StudentEnrollment")
    announced(below, "teachers there", "2092-01-01", "TeacherEnrollment")
    shown = teacher.get(notices, params={"show_is_closed": "true"}).json()
    assert [(item["subject"], item["closed"]) for item in shown] == [
        ("students there", False),
        ("later", False),
        ("sooner", False),
    ]
    assert teacher.get(f"{API}/accounts/99/account_notifications").json() == teacher.get(notices).json()
    every = {"include_all": "true"}
    assert {item["subject"] for item in admin.get(notices, params=every).json()} == {"sooner", "later"}
    assert teacher.get(notices, params=every).status_code == 403
    changed = {"account_notification": {"subject": "x"}}
    assert teacher.put(f"{notices}/999", json=changed).status_code == 403, "the right comes before the announcement"
    assert admin.put(f"{notices}/999", json=changed).status_code == 404


def test_past_announcements_are_listed_for_four_months(canvas: Site) -> None:
    notices = f"{API}/accounts/1/account_notifications"
    canvas.lms.clock.freeze(datetime(2031, 6, 30, 12, tzinfo=UTC))
    for end in ("2031-02-27T23:59:59Z", "2031-02-28T00:00:00Z"):
        fields = {"subject": end, "message": "x", "start_at": "2031-01-01", "end_at": end}
        assert canvas.admin.post(notices, json={"account_notification": fields}).status_code == 200
    shown = canvas.teacher.get(notices, params={"include_past": "true"}).json()
    assert [item["subject"] for item in shown] == ["2031-02-28T00:00:00Z"]


def test_pictures_and_colours(canvas: Site) -> None:
    """A state removes the picture, and only moderators change a locked one; any context can have a colour."""
    admin, student = canvas.admin, canvas.student
    me = f"{API}/users/{student.get(f'{API}/users/self').json()['id']}"
    admin.put(f"{API}/accounts/1", json={"account": {"services": {"avatars": True}}})
    picture = "https://www.gravatar.com/avatar/abc"

    def chosen(client: httpx.Client, **avatar: str) -> tuple[str, str]:
        client.put(me, json={"user": {"avatar": avatar}})
        shown = admin.get(me, params={"include[]": "avatar_state"}).json()
        return shown["avatar_url"].rpartition("/")[2], shown["avatar_state"]

    assert chosen(student, url=picture) == ("abc", "submitted")
    assert chosen(student, token="of no picture") == ("abc", "submitted")
    assert chosen(student, token="pictur\u00e9") == ("abc", "submitted")
    assert chosen(admin, url=picture) == ("abc", "approved")
    assert chosen(admin, state="locked", url=picture) == ("avatar-50.png", "locked")
    assert chosen(student, url=picture) == ("avatar-50.png", "locked")
    assert chosen(admin, url=picture) == ("abc", "locked")
    for asset, status in (("account_1", 200), ("course_section_1", 200), ("module_1", 404)):
        sent = student.put(f"{me}/colors/{asset}", json={"hexcode": "fff"})
        assert sent.status_code == status, asset
    moved = {"dashboard_positions": {"account_1": 1}}
    assert student.put(f"{me}/dashboard_positions", json=moved).status_code == 403


def test_pictures_are_chosen_from_a_folder(canvas: Site) -> None:
    """Images in the folder of profile pictures, newest first, are offered, and can be chosen by their token."""
    admin, student = canvas.admin, canvas.student
    admin.put(f"{API}/accounts/1", json={"account": {"services": {"avatars": True}}})
    offered = f"{API}/users/self/avatars"
    assert [choice["type"] for choice in student.get(offered).json()] == ["gravatar", "no_pic"]
    assert "profile pictures" in [folder["name"] for folder in student.get(f"{API}/users/self/folders").json()]
    for name, kind in (("a.png", "image/png"), ("b.png", "image/png"), ("c.txt", "text/plain")):
        upload(student, "/users/self/files", name, b"x", parent_folder_path="profile pictures", content_type=kind)
    found = student.get(offered).json()
    assert [choice["display_name"] for choice in found] == ["gravatar pic", "b.png", "a.png", "no pic"]
    assert found[1]["type"] == "attachment"
    assert found[1]["url"] == found[1]["thumbnail_url"]
    changed = student.put(f"{API}/users/self", json={"user": {"avatar": {"token": found[1]["token"]}}}).json()
    assert changed["avatar_url"] == found[1]["url"]
    assert student.get(f"{API}/users/self").json()["avatar_url"] == found[1]["url"]
    stranger = canvas.teacher.put(f"{API}/users/self", json={"user": {"avatar": {"token": found[1]["token"]}}}).json()
    assert stranger["avatar_url"] != found[1]["url"]


def test_sis_ids_of_logins_require_manage_sis(canvas: Site) -> None:
    """An admin without `manage_sis` cannot set one, nor delete a login that has one, but can change other logins."""
    admin = canvas.admin
    me = canvas.student.get(f"{API}/users/self").json()["id"]
    logins = f"{API}/accounts/1/logins"
    made = [
        admin.post(logins, json={"user": {"id": me}, "login": {"unique_id": name, **more}}).json()["id"]
        for name, more in (("with", {"sis_user_id": "S-9"}), ("without", {}))
    ]
    role = next(item["id"] for item in admin.get(f"{API}/accounts/1/roles").json() if item["role"] == "AccountAdmin")
    taken = {"permissions": {"manage_sis": {"explicit": True, "enabled": False}}}
    assert admin.put(f"{API}/accounts/1/roles/{role}", json=taken).status_code == 200
    tried = [
        admin.put(f"{logins}/{made[1]}", json={"login": {"sis_user_id": "S-10"}}),
        admin.put(f"{logins}/{made[0]}", json={"login": {"workflow_state": "suspended"}}),
        admin.delete(f"{API}/users/{me}/logins/{made[0]}"),
        admin.put(f"{logins}/{made[0]}", json={"login": {"unique_id": "renamed"}}),
        admin.delete(f"{API}/users/{me}/logins/{made[1]}"),
    ]
    assert [response.status_code for response in tried] == [403, 403, 403, 200, 200]
    sent = admin.post(f"{API}/users/reset_password", json={"email": "renamed"})
    assert (sent.json(), canvas.lms.outbox.emails[-1].subject) == ({"requested": True}, "Forgot Password: Canvas")


def test_who_reads_an_account(canvas: Site) -> None:
    """Teachers of the account's own courses can read its lists; anybody can read one of its tools."""
    admin, teacher, student = canvas.admin, canvas.teacher, canvas.student
    account = teacher.get(f"{API}/courses/1").json()["account_id"]
    here = f"{API}/accounts/{account}"
    below = admin.post(f"{here}/sub_accounts", json={"account": {"name": "College"}}).json()["id"]
    tool = {"name": "Tool", "consumer_key": "k", "shared_secret": "s", "privacy_level": "anonymous"}
    made = admin.post(f"{here}/external_tools", json={**tool, "url": "https://tool.example/launch"}).json()["id"]
    for path, refused in (
        ("features", 403),
        ("tabs", 404),
        ("external_tools", 403),
        ("lti_apps/launch_definitions", 403),
    ):
        asked = [
            teacher.get(f"{here}/{path}"),
            teacher.get(f"{API}/accounts/{below}/{path}"),
            student.get(f"{here}/{path}"),
        ]
        assert [response.status_code for response in asked] == [200, refused, refused], path
    assert student.get(f"{here}/external_tools/{made}").json()["name"] == "Tool"
    assert canvas.client().get(f"{here}/external_tools/{made}").status_code == 401
    anybody = [canvas.client().get(f"{API}/accounts/{number}/lti_apps").status_code for number in (account, 99999)]
    assert anybody == [401, 404]
    assert student.get(f"{here}/lti_apps/launch_definitions?placements[]=global_navigation").status_code == 200


def test_only_operators_can_fail_exports(canvas: Site) -> None:
    admin = canvas.admin
    made = admin.post(f"{API}/courses/1/content_exports", json={"export_type": "common_cartridge"}).json()["id"]
    path = f"{API}/courses/1/content_exports/{made}/fail"
    assert admin.put(path).status_code == 403
    world = canvas.lms.dump()
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    section.setdefault("account_users", []).append({"id": 77, "user_id": 104, "account_id": 2, "role_id": 1})
    canvas.lms.load(world)
    assert admin.put(path).json()["workflow_state"] == "failed"
