"""Each of Canvas's permissions allows something that is refused without it, and all lists of them agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.canvas.permission_rows import COURSE, NEEDS, ROWS, SCHOOL, TOOL, UNGATED, WITHOUT, Row
from contract_tests.canvas.support import Site

PERSON = 102
"""Who is a clerk of the school here, and is put into the course."""


def made(canvas: Site, path: str, data: dict[str, Any], key: str = "id") -> Any:
    """The id of an object created by an admin."""
    answer = canvas.admin.post(path, data=data)
    assert answer.is_success, answer.text
    return answer.json()[key]


def enrolled(kind: str) -> Callable[[Site], Any]:
    sent = {
        "enrollment[user_id]": "104",
        "enrollment[type]": f"{kind}Enrollment",
        "enrollment[enrollment_state]": "active",
    }
    return lambda canvas: made(canvas, f"{COURSE}/enrollments", sent)


def a_file(canvas: Site) -> Any:
    begun = canvas.admin.post(f"{COURSE}/files", data={"name": "a.txt", "size": "1"}).json()
    sent = canvas.client().post(begun["upload_url"], data=begun["upload_params"], files={"file": ("a.txt", b"x")})
    return sent.json()["id"] if sent.is_success else canvas.admin.get(sent.headers["location"]).json()["id"]


def a_course(canvas: Site) -> Any:
    course = made(canvas, f"{SCHOOL}/courses", {"course[name]": "C", "offer": "1"})
    sent = {
        "enrollment[user_id]": "103",
        "enrollment[type]": "TeacherEnrollment",
        "enrollment[enrollment_state]": "active",
    }
    made(canvas, f"/api/v1/courses/{course}/enrollments", sent)
    return course


def observed(canvas: Site) -> int:
    """A student of a school where observers register themselves."""
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    whole["canvas"]["accounts"][0].setdefault("settings", {})["self_registration_type"] = "observer"
    canvas.lms.load(whole)
    return 101


MODERATED = {
    "assignment[name]": "A",
    "assignment[moderated_grading]": "1",
    "assignment[grader_count]": "1",
    "assignment[points_possible]": "9",
    "assignment[final_grader_id]": "103",
}
MAKERS: dict[str, Callable[[Site], Any]] = {
    "person": lambda canvas: PERSON,
    "assignment": lambda canvas: made(
        canvas,
        f"{COURSE}/assignments",
        {"assignment[name]": "A", "assignment[published]": "1", "assignment[points_possible]": "9"},
    ),
    "module": lambda canvas: made(canvas, f"{COURSE}/modules", {"module[name]": "M"}),
    "page": lambda canvas: made(canvas, f"{COURSE}/pages", {"wiki_page[title]": "P"}, "url"),
    "quiz": lambda canvas: made(canvas, f"{COURSE}/quizzes", {"quiz[title]": "Q"}),
    "topic": lambda canvas: made(canvas, f"{COURSE}/discussion_topics", {"title": "T", "published": "1"}),
    "section": lambda canvas: made(canvas, f"{COURSE}/sections", {"course_section[name]": "S"}),
    "set": lambda canvas: made(canvas, f"{COURSE}/group_categories", {"name": "A set"}),
    "group": lambda canvas: made(canvas, f"/api/v1/group_categories/{MAKERS['set'](canvas)}/groups", {"name": "G"}),
    "tool": lambda canvas: made(
        canvas, f"{COURSE}/external_tools", TOOL
    ),
    "outcomes": lambda canvas: canvas.admin.get(f"{COURSE}/root_outcome_group", follow_redirects=True).json()["id"],
    "file": a_file,
    "announcement": lambda canvas: made(
        canvas, f"{COURSE}/discussion_topics", {"title": "T", "message": "M", "is_announcement": "1", "published": "1"}
    ),
    "moderated": lambda canvas: made(canvas, f"{COURSE}/assignments", MODERATED),
    "taught": a_course,
    "empty": lambda canvas: made(canvas, f"{SCHOOL}/courses", {"course[name]": "C"}),
    "observed": observed,
    **{kind.lower(): enrolled(kind) for kind in ("Student", "Teacher", "Ta", "Observer", "Designer")},
}  # fmt: skip


def put_in(canvas: Site, text: str) -> str:
    """A text with each `{name}` replaced by the id of an object made for it."""
    for name, make in MAKERS.items():
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", str(make(canvas)))
    return text


def role_id(canvas: Site, who: str) -> int:
    """The role whose permission is granted and removed."""
    if who != "clerk":
        name = f"{who.capitalize()}Enrollment"
        return int(canvas.admin.get(f"{SCHOOL}/roles/{name}").json()["id"])
    role = int(made(canvas, f"{SCHOOL}/roles", {"label": "Clerk"}))
    made(canvas, f"{SCHOOL}/admins", {"user_id": str(PERSON), "role_id": str(role)})
    return role


def give(canvas: Site, role: int, permission: str, given: bool) -> None:
    sent = {f"permissions[{permission}][explicit]": "1", f"permissions[{permission}][enabled]": str(int(given))}
    answer = canvas.admin.put(f"{SCHOOL}/roles/{role}", data=sent)
    assert answer.is_success, answer.text
    assert answer.json()["permissions"][permission]["enabled"] is given


def ask(canvas: Site, row: Row, path: str, data: dict[str, str]) -> httpx.Response:
    acting = {"clerk": PERSON, "teacher": 103, "student": 101}[row.who]
    url = httpx.URL(canvas.url).join(path)
    return canvas.admin.request(row.method, url.copy_add_param("as_user_id", str(acting)), data=data or None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.permission)
def test_an_action_needs_its_permission(canvas: Site, row: Row) -> None:
    canvas.lms.settings["canvas.granular_permissions"] = not row.before
    role = role_id(canvas, row.who)
    for item in NEEDS.get(row.permission, ()):
        give(canvas, role, item, True)
    for item in WITHOUT.get(row.permission, ()):
        give(canvas, role, item, False)
    path, data = put_in(canvas, row.path), {name: put_in(canvas, value) for name, value in row.data.items()}
    give(canvas, role, row.permission, False)
    refused = ask(canvas, row, path, data)
    assert not (refused.is_success and row.shows in refused.text), "without the permission"
    if not row.shows:
        assert refused.status_code in (400, 401, 403, 404), refused.text
    give(canvas, role, row.permission, True)
    accepted = ask(canvas, row, path, data)
    assert accepted.is_success, accepted.text
    assert row.shows in accepted.text


def test_every_permission_is_accounted_for(canvas: Site) -> None:
    every = set(canvas.admin.get(f"{COURSE}/permissions").json())
    tried = {row.permission for row in ROWS}
    listed = {
        name
        for role in canvas.admin.get(f"{SCHOOL}/roles", params={"per_page": "50"}).json()
        for name in role["permissions"]
    }
    assert tried | UNGATED.keys() >= listed
    assert tried.isdisjoint(UNGATED)
    assert tried | UNGATED.keys() <= every


def allowed(client: httpx.Client, where: str, *names: str) -> set[str]:
    """Which of the permissions the caller has there."""
    answer = client.get(f"{where}/permissions", params={"permissions[]": names}).json()
    return {name for name, may in answer.items() if may}


def test_a_school_decides_by_its_features_where_the_site_does_not(canvas: Site) -> None:
    fine, whole = ("manage_groups_add", "manage_groups_manage", "manage_groups_delete"), "manage_groups"
    for place, who in ((COURSE, canvas.teacher), (SCHOOL, canvas.admin)):
        assert allowed(who, place, *fine, whole) == {*fine}
    flag = f"{SCHOOL}/features/flags/granular_permissions_manage_groups"
    assert canvas.admin.get(flag).json()["state"] == "on"
    canvas.lms.settings["canvas.granular_permissions"] = False
    assert canvas.admin.get(flag).status_code == 404, "it is hidden until the operators of the site show it"
    for place, who in ((COURSE, canvas.teacher), (SCHOOL, canvas.admin)):
        assert allowed(who, place, *fine, whole) == {whole}
    shown = canvas.admin.get(f"{SCHOOL}/roles/TeacherEnrollment").json()["permissions"]
    assert whole in shown
    assert shown.keys().isdisjoint(fine)
    canvas.switch_on("granular_permissions_manage_groups")
    assert allowed(canvas.teacher, COURSE, *fine, whole, "manage_content") == {*fine, "manage_content"}
    shown = canvas.admin.get(f"{SCHOOL}/roles/TeacherEnrollment").json()["permissions"]
    assert {shown[name]["group"] for name in fine} == {whole}


def test_a_group_of_permissions_is_set_and_locked_as_one(canvas: Site) -> None:
    role = role_id(canvas, "ta")
    path = f"{SCHOOL}/roles/{role}"
    off = {"permissions[manage_groups][explicit]": "1", "permissions[manage_groups][enabled]": "0"}
    shown = canvas.admin.put(path, data=off).json()["permissions"]
    assert {name: shown[name]["enabled"] for name in shown if name.startswith("manage_groups_")} == {
        "manage_groups_add": False,
        "manage_groups_manage": False,
        "manage_groups_delete": False,
    }
    refused = canvas.admin.put(path, data={"permissions[manage_groups_add][locked]": "1"})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "Cannot change locked status on granular permission",
    )
    shown = canvas.admin.put(path, data={"permissions[manage_groups][locked]": "1"}).json()["permissions"]
    assert shown["manage_groups_add"]["locked"] is True
    below = made(canvas, f"{SCHOOL}/sub_accounts", {"account[name]": "College"})
    there = canvas.admin.get(f"/api/v1/accounts/{below}/roles/TaEnrollment").json()["permissions"]["manage_groups_add"]
    assert (there["locked"], there["readonly"], there["enabled"]) == (True, True, False)


def test_a_sub_account_cannot_revoke_permissions_of_admins_above(canvas: Site) -> None:
    below = made(canvas, f"{SCHOOL}/sub_accounts", {"account[name]": "College"})
    place = f"/api/v1/accounts/{below}"
    sent = {"permissions[manage_alerts][explicit]": "1", "permissions[manage_alerts][enabled]": "0"}
    admin = canvas.admin.get(f"{SCHOOL}/roles/AccountAdmin").json()["id"]
    assert (
        canvas.admin.put(f"{place}/roles/{admin}", data=sent).json()["permissions"]["manage_alerts"]["enabled"] is False
    )
    assert allowed(canvas.admin, place, "manage_alerts") == {"manage_alerts"}
    made(canvas, f"{place}/admins", {"user_id": str(PERSON)})
    clerk = canvas.admin.get(f"{place}/permissions", params={"as_user_id": PERSON, "permissions[]": "manage_alerts"})
    assert clerk.json() == {"manage_alerts": False}


def test_a_course_stays_as_open_without_the_permission_to_change_that(canvas: Site) -> None:
    sent = {"course[course_visibility]": "public"}
    role = role_id(canvas, "teacher")
    give(canvas, role, "manage_course_visibility", False)
    assert canvas.teacher.put(COURSE, data=sent).status_code == 200
    assert canvas.admin.get(COURSE).json()["is_public"] is not True
    give(canvas, role, "manage_course_visibility", True)
    assert canvas.teacher.put(COURSE, data=sent).status_code == 200
    assert canvas.admin.get(COURSE).json()["is_public"] is True


def test_fields_of_an_account_need_rights_of_their_own(canvas: Site) -> None:
    role = role_id(canvas, "clerk")
    acting = {"as_user_id": PERSON}
    give(canvas, role, "manage_account_settings", True)
    quota = canvas.admin.put(SCHOOL, params=acting, data={"account[default_storage_quota_mb]": "9"})
    assert quota.status_code == 401
    assert "You are not allowed to manage quota settings" in quota.text
    assert canvas.admin.put(SCHOOL, params=acting, data={"account[name]": "N"}).status_code == 200
    give(canvas, role, "manage_storage_quotas", True)
    give(canvas, role, "manage_account_settings", False)
    name = canvas.admin.put(SCHOOL, params=acting, data={"account[name]": "O"})
    assert name.status_code == 401
    assert "You are not allowed to manage account settings" in name.text
    assert canvas.admin.put(SCHOOL, params=acting, data={"account[default_storage_quota_mb]": "9"}).status_code == 200


def test_a_concluded_course_grants_what_roles_grant_afterwards(canvas: Site) -> None:
    """Members of the course can still read what their role allows, and no longer write."""
    assert canvas.admin.put(COURSE, data={"course[event]": "conclude"}).status_code == 200
    names = ("read_forum", "post_to_forum", "read_roster", "manage_grades", "view_all_grades")
    assert allowed(canvas.student, COURSE, *names) == {"read_forum"}
    assert allowed(canvas.teacher, COURSE, *names) == {*names} - {"manage_grades"}
    give(canvas, role_id(canvas, "student"), "read_forum", False)
    assert allowed(canvas.student, COURSE, *names) == set()


def test_instructors_read_their_students_profiles(canvas: Site) -> None:
    """Teachers see profiles without the permission for reports; course designers need it."""
    role = role_id(canvas, "teacher")
    give(canvas, role, "read_reports", False)
    profile = "/api/v1/users/101/profile"
    assert canvas.teacher.get(profile).status_code == 200
    role = role_id(canvas, "designer")
    made(canvas, f"{COURSE}/enrollments", {**DESIGNS, "enrollment[user_id]": str(PERSON)})
    give(canvas, role, "read_reports", False)
    assert canvas.admin.get(profile, params={"as_user_id": PERSON}).status_code == 403
    give(canvas, role, "read_reports", True)
    assert canvas.admin.get(profile, params={"as_user_id": PERSON}).status_code == 200


DESIGNS = {"enrollment[type]": "DesignerEnrollment", "enrollment[enrollment_state]": "active"}


def test_who_only_teaches_in_an_account_does_not_run_it(canvas: Site) -> None:
    names = ("read", "read_files", "read_as_admin", "manage", "update", "delete", "manage_courses_add")
    assert allowed(canvas.teacher, SCHOOL, *names) == {"read", "read_files"}
    assert allowed(canvas.admin, SCHOOL, *names) == {*names}
    assert canvas.student.get(f"{SCHOOL}/permissions").status_code == 403


def test_the_list_of_courses_opens_none_of_them(canvas: Site) -> None:
    role, acting = role_id(canvas, "clerk"), {"as_user_id": PERSON}
    give(canvas, role, "read_course_list", True)
    assert canvas.admin.get(f"{SCHOOL}/courses", params=acting).status_code == 200
    assert canvas.admin.get("/api/v1/courses/3/permissions", params=acting).status_code == 403
    give(canvas, role, "read_course_content", True)
    rights = canvas.admin.get("/api/v1/courses/3/permissions", params=acting).json()
    assert (rights["read"], rights["read_as_admin"], rights["manage"]) == (True, True, False)


def test_a_site_keeps_what_it_found_a_role_may_do(canvas: Site) -> None:
    roster = "/api/v1/courses/1/users"
    role = next(
        row["id"]
        for row in canvas.admin.get("/api/v1/accounts/1/roles", params={"show_inherited": True, "per_page": 50}).json()
        if row["role"] == "StudentEnrollment"
    )
    students = f"/api/v1/accounts/1/roles/{role}"

    def set_roster(on: int) -> None:
        sent = {"permissions": {"read_roster": {"explicit": 1, "enabled": on}}}
        assert canvas.admin.put(students, json=sent).json()["permissions"]["read_roster"]["enabled"] is bool(on)

    set_roster(0)
    assert canvas.student.get(roster).status_code == 403
    set_roster(1)
    assert canvas.student.get(roster).status_code == 200, "at once"
    canvas.lms.settings["canvas.role_permissions_kept_seconds"] = 300
    assert canvas.student.get(roster).status_code == 200
    set_roster(0)
    canvas.lms.clock.advance(seconds=299)
    assert canvas.student.get(roster).status_code == 200
    canvas.lms.clock.advance(seconds=2)
    assert canvas.student.get(roster).status_code == 403
