"""Concluding a course changes its enrollments, and settings of an account change its courses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1"
SCHOOL = f"{API}/accounts/1"


def states(canvas: Site) -> set[str]:
    asked = {"state[]": ["active", "invited", "completed", "deleted"]}
    rows = canvas.admin.get(f"{COURSE}/enrollments", params=asked).json()
    return {row["enrollment_state"] for row in rows}


def event(canvas: Site, name: str) -> dict[str, Any]:
    answer = canvas.admin.put(COURSE, data={"course[event]": name})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def enrolled(canvas: Site, person: int, kind: str, course: int = 1) -> None:
    sent = {"enrollment[user_id]": str(person), "enrollment[type]": kind, "enrollment[enrollment_state]": "active"}
    answer = canvas.admin.post(f"{API}/courses/{course}/enrollments", data=sent)
    assert answer.status_code == 200, answer.text


def test_who_was_in_a_concluded_course_stays_so_when_it_opens_again(canvas: Site) -> None:
    assert states(canvas) == {"active"}
    ended = event(canvas, "conclude")
    assert (ended["workflow_state"], states(canvas)) == ("completed", {"completed"})
    assert event(canvas, "offer")["workflow_state"] == "available"
    assert states(canvas) == {"completed"}
    assert [item["id"] for item in canvas.student.get(f"{API}/courses").json()] == [2]
    assert event(canvas, "conclude")["end_at"] == ended["end_at"], "a course that has ended keeps its end"
    assert event(canvas, "claim")["workflow_state"] == "unpublished"


def test_a_new_name_touches_enrollments(canvas: Site) -> None:
    def touched() -> str:
        return str(canvas.admin.get(f"{COURSE}/enrollments").json()[0]["updated_at"])

    before = touched()
    canvas.lms.clock.advance(seconds=60)
    canvas.admin.put(COURSE, data={"course[public_description]": "x"})
    assert touched() == before
    canvas.admin.put(COURSE, data={"course[name]": "Engines"})
    assert touched() > before


def test_a_reset_course_keeps_its_settings_and_its_fans(canvas: Site) -> None:
    canvas.admin.put(COURSE, data={"course[license]": "cc_by", "course[hide_final_grades]": "1"})
    canvas.student.post(f"{API}/users/self/favorites/courses/1")
    fresh = canvas.admin.post(f"{COURSE}/reset_content").json()
    assert (fresh["license"], fresh["hide_final_grades"]) == ("cc_by", True)
    canvas.admin.put(f"{API}/courses/{fresh['id']}", data={"course[event]": "offer"})
    assert [item["id"] for item in canvas.student.get(f"{API}/users/self/favorites/courses").json()] == [fresh["id"]]


@pytest.mark.parametrize("locked", [True, False])
def test_settings_that_an_account_decides(canvas: Site, locked: bool) -> None:
    name = "restrict_student_past_view"
    said = {f"account[settings][{name}][value]": "true", f"account[settings][{name}][locked]": str(locked).lower()}
    assert canvas.admin.get(f"{COURSE}/settings").json()[name] is False
    assert canvas.admin.put(SCHOOL, data=said).status_code == 200
    assert canvas.admin.get(f"{COURSE}/settings").json()[name] is True
    assert canvas.admin.put(f"{COURSE}/settings", data={name: "false"}).json()[name] is locked


def test_grading_is_for_who_may_grade(canvas: Site) -> None:
    enrolled(canvas, 102, "DesignerEnrollment")
    acting = {"as_user_id": "102"}

    def changed(**course: str) -> int:
        sent = {f"course[{name}]": value for name, value in course.items()}
        return canvas.admin.put(COURSE, params=acting, data=sent).status_code

    assert changed(name="By the designer") == 200
    assert changed(grading_standard_id="") == 200, "nothing changes"
    assert changed(grade_passback_setting="nightly_sync") == 403
    assert canvas.teacher.put(COURSE, data={"course[grade_passback_setting]": "nightly_sync"}).status_code == 200


def test_locked_announcements_take_no_replies(canvas: Site) -> None:
    topic = {"title": "Hear", "message": "This", "is_announcement": True, "locked": False}
    made = canvas.teacher.post(f"{COURSE}/discussion_topics", json=topic).json()
    assert made["locked"] is False
    canvas.teacher.put(COURSE, data={"course[lock_all_announcements]": "1"})
    assert canvas.teacher.get(f"{COURSE}/discussion_topics/{made['id']}").json()["locked"] is True


def listed(who: httpx.Client, **params: Any) -> list[int]:
    answer = who.get(f"{API}/courses", params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()]


def test_filters_of_the_own_courses(canvas: Site) -> None:
    both = {"enrollment_role": "StudentEnrollment", "enrollment_type": "teacher"}
    assert listed(canvas.student, **both) == [1, 2], "the role beats the type"
    assert listed(canvas.student, enrollment_type="teacher") == []
    assert listed(canvas.teacher) == [1, 3]
    canvas.admin.put(COURSE, data={"course[event]": "conclude"})
    assert listed(canvas.student) == [2]
    assert listed(canvas.student, **{"state[]": "completed"}) == [1]
    assert listed(canvas.student, **{"state[]": "nonsense"}) == [1, 2]
    assert listed(canvas.student, **{"state[]": ["completed", "nonsense"]}) == [1]


def test_observed_students_are_filtered_like_oneself(canvas: Site) -> None:
    sent = {"enrollment[user_id]": "103", "enrollment[type]": "ObserverEnrollment"}
    sent |= {"enrollment[associated_user_id]": "101", "enrollment[enrollment_state]": "active"}
    assert canvas.admin.post(f"{API}/courses/2/enrollments", data=sent).status_code == 200
    seen = {"include[]": "observed_users"}

    def kinds(**more: str) -> list[str]:
        found = canvas.teacher.get(f"{API}/courses", params={**seen, **more}).json()
        return [e["type"] for item in found if item["id"] == 2 for e in item["enrollments"]]

    assert kinds() == ["observer", "student"]
    assert kinds(enrollment_type="observer") == ["observer"]
    shown = canvas.teacher.get(f"{API}/courses/2", params=seen).json()
    assert [e["type"] for e in shown["enrollments"]] == ["observer", "student"]


def test_sections_and_teachers_of_a_course(canvas: Site) -> None:
    more = {"include[]": ["sections", "teachers"], "teacher_limit": "0"}
    found = canvas.student.get(COURSE, params=more).json()
    assert [section["enrollment_role"] for section in found["sections"]] == ["StudentEnrollment"]
    assert [teacher["id"] for teacher in found["teachers"]] == [103], "a limit is for lists"
    assert canvas.student.get(f"{API}/courses", params=more).json()[0]["teacher_count"] == 1
    removed = canvas.admin.post(f"{COURSE}/sections", data={"course_section[name]": "Gone"}).json()["id"]
    canvas.admin.delete(f"{API}/sections/{removed}")
    assert removed in {section["id"] for section in canvas.admin.get(COURSE, params=more).json()["sections"]}


def test_removing_a_favourite_first_makes_all_courses_favourites(canvas: Site) -> None:
    favourites = f"{API}/users/self/favorites/courses"

    def marked() -> list[int]:
        found = canvas.student.get(f"{API}/courses", params={"include[]": "favorites"}).json()
        return [item["id"] for item in found if item["is_favorite"]]

    assert marked() == []
    assert canvas.student.delete(f"{favourites}/3").json() == {}
    assert marked() == [1, 2]
    assert canvas.student.delete(f"{favourites}/2").json()["context_id"] == 2
    assert marked() == [1]


def test_accounts_below_are_named_by_their_number(canvas: Site) -> None:
    sent = {"account[name]": "Sub", "account[sis_account_id]": "SUB"}
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data=sent).json()
    for name in ("self", "sis_account_id:SUB"):
        assert canvas.admin.post(f"{API}/accounts/{name}/sub_accounts", data={"account[name]": "x"}).status_code == 404
    assert canvas.admin.delete(f"{SCHOOL}/sub_accounts/sis_account_id:SUB").status_code == 404
    assert canvas.admin.delete(f"{SCHOOL}/sub_accounts/{below['id']}").status_code == 200
    course = {"course[name]": "x", "course[account_id]": "sis_account_id:SUB"}
    assert canvas.admin.post(f"{SCHOOL}/courses", data=course).status_code == 404


@pytest.mark.parametrize(("sent", "shown"), [("0", 500), ("500", 500), ("7", 7), ("", None), ("-1", None)])
def test_quotas_of_an_account(canvas: Site, sent: str, shown: int | None) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "Sub"}).json()["id"]
    answer = canvas.admin.put(f"{API}/accounts/{below}", data={"account[default_storage_quota_mb]": sent})
    assert answer.status_code == (400 if shown is None else 200)
    if shown is not None:
        assert answer.json()["default_storage_quota_mb"] == shown
        canvas.admin.put(SCHOOL, data={"account[default_storage_quota_mb]": "900"})
        now = canvas.admin.get(f"{API}/accounts/{below}").json()["default_storage_quota_mb"]
        assert now == (7 if shown == 7 else 900), "what an account has from above goes on following it"


def test_a_school_itself_is_not_deleted(canvas: Site) -> None:
    """Other obstacles are reported first."""
    assert canvas.admin.delete(f"{SCHOOL}/sub_accounts/1").status_code == 409
    for course in canvas.admin.get(f"{SCHOOL}/courses", params={"per_page": "50"}).json():
        canvas.admin.delete(f"{API}/courses/{course['id']}", params={"event": "delete"})
    for below in canvas.admin.get(f"{SCHOOL}/sub_accounts", params={"recursive": "1"}).json():
        assert canvas.admin.delete(f"{SCHOOL}/sub_accounts/{below['id']}").status_code == 200
    answer = canvas.admin.delete(f"{SCHOOL}/sub_accounts/1")
    assert (answer.status_code, answer.json()["message"]) == (401, "You can't delete a root_account.")


def test_a_school_may_leave_the_dates_of_courses_to_its_admins(canvas: Site) -> None:
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    (school,) = [account for account in world["canvas"]["accounts"] if account["id"] == 1]
    school.setdefault("settings", {})["prevent_course_availability_editing_by_teachers"] = True
    (course,) = [item for item in world["canvas"]["courses"] if item["id"] == 1]
    course["end_at"] = "2030-01-01T00:00:00Z"
    canvas.lms.load(world)
    binds = "course[restrict_enrollments_to_course_dates]"
    dated = {"course[end_at]": "2031-01-01T00:00:00Z", binds: "1"}
    assert canvas.teacher.put(COURSE, data=dated).status_code == 403
    assert canvas.teacher.put(COURSE, data={"course[name]": "Renamed"}).json()["end_at"] is None, "it did not bind"
    assert canvas.admin.put(COURSE, data=dated).status_code == 200
    assert canvas.teacher.put(COURSE, data=dated).status_code == 200, "the same date again"
    assert canvas.teacher.put(COURSE, data={binds: "0"}).status_code == 403


def test_help_links_are_those_of_the_school(canvas: Site) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "Sub"}).json()["id"]
    assert canvas.student.get(f"{SCHOOL}/help_links").status_code == 200
    assert canvas.student.get(f"{API}/accounts/{below}/help_links").status_code == 500


def test_who_reads_a_section(canvas: Site) -> None:
    own = canvas.teacher.get(f"{COURSE}/sections").json()[0]["id"]
    other = canvas.teacher.post(f"{COURSE}/sections", data={"course_section[name]": "Other"}).json()["id"]
    assert canvas.student.get(f"{API}/sections/{own}").status_code == 200
    assert canvas.student.get(f"{API}/sections/{other}").status_code == 403
    assert canvas.teacher.get(f"{API}/sections/{other}").status_code == 200


def test_dates_and_moves_of_a_section_touch_its_people(canvas: Site) -> None:
    section = canvas.teacher.get(f"{COURSE}/sections").json()[0]["id"]

    def touched() -> str:
        return str(canvas.admin.get(f"{API}/sections/{section}/enrollments").json()[0]["updated_at"])

    before = touched()
    canvas.lms.clock.advance(seconds=60)
    canvas.admin.put(f"{API}/sections/{section}", data={"course_section[name]": "Renamed"})
    assert touched() == before
    canvas.admin.put(f"{API}/sections/{section}", data={"course_section[end_at]": "2030-01-01T00:00:00Z"})
    dated = touched()
    assert dated > before
    canvas.lms.clock.advance(seconds=60)
    assert canvas.admin.post(f"{API}/sections/{section}/crosslist/3").status_code == 200
    assert touched() > dated


def test_a_section_goes_back_to_a_deleted_course(canvas: Site) -> None:
    section = canvas.teacher.get(f"{COURSE}/sections").json()[0]["id"]
    canvas.admin.post(f"{API}/sections/{section}/crosslist/3")
    canvas.admin.delete(COURSE, params={"event": "delete"})
    assert canvas.admin.delete(f"{API}/sections/{section}/crosslist").json()["course_id"] == 1
    assert canvas.admin.get(COURSE).json()["workflow_state"] == "unpublished"


def test_terms_are_checked_as_sent(canvas: Site) -> None:
    terms = f"{SCHOOL}/terms"
    sent = {"enrollment_term[name]": "Fall", "enrollment_term[start_at]": "2026-09-01T00:00:00Z"}
    kind = "enrollment_term[overrides][student_enrollment]"
    made = canvas.admin.post(terms, data=sent | {f"{kind}[start_at]": "2026-09-02T00:00:00Z"}).json()
    assert made["overrides"]["StudentEnrollment"]["start_at"] == "2026-09-02T00:00:00Z"
    path = f"{terms}/{made['id']}"
    back = {"enrollment_term[end_at]": "2026-08-01T00:00:00Z"}
    assert canvas.admin.put(path, data=back).status_code == 200, "only dates in one request are compared"
    assert canvas.admin.put(path, data=sent | back).status_code == 400
    both = {f"{kind}[start_at]": "2026-09-02", f"{kind}[end_at]": "2026-09-01"}
    assert canvas.admin.put(path, data=both).status_code == 400
    cleared = canvas.admin.put(path, data={f"{kind}[start_at]": "", f"{kind}[end_at]": ""}).json()
    assert cleared["overrides"] == {}
    assert canvas.admin.put(f"{terms}/default", data={"enrollment_term[name]": "Other"}).status_code == 400
    assert canvas.admin.delete(path).status_code == 200
    assert canvas.admin.put(path, data=sent).status_code == 404


def test_terms_below_the_school_lead_to_the_account(canvas: Site) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "Sub"}).json()["id"]
    for method, path in (("POST", ""), ("PUT", "/1"), ("DELETE", "/1")):
        answer = canvas.admin.request(method, f"{API}/accounts/{below}/terms{path}")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{canvas.url}/accounts/{below}")


def test_roles_of_admins(canvas: Site) -> None:
    def made(role: int) -> httpx.Response:
        return canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": "103", "role_id": str(role)})

    def role(base: str, account: str = SCHOOL) -> int:
        sent = {"label": f"{base} of {account}", "base_role_type": base}
        return int(canvas.admin.post(f"{account}/roles", data=sent).json()["id"])

    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "Sub"}).json()["id"]
    assert made(role("AccountMembership")).status_code == 200
    fault = made(role("TaEnrollment")).json()["errors"]["role_id"][0]["message"]
    assert fault == "is not a valid account role"
    elsewhere = made(role("AccountMembership", f"{API}/accounts/{below}")).json()["errors"]["role_id"][0]["message"]
    assert elsewhere == "is not an available role for this account"
    teachers = next(r for r in canvas.admin.get(f"{SCHOOL}/roles").json() if r["role"] == "TeacherEnrollment")
    assert made(teachers["id"]).json()["role"] == "TeacherEnrollment"


def test_roles_of_an_announcement_are_those_of_the_last_change(canvas: Site) -> None:
    """A change without roles takes them away, though its answer still shows them, and even if it is refused."""
    notices = f"{SCHOOL}/account_notifications"
    times = {"start_at": "2020-01-01T00:00:00Z", "end_at": "2050-01-01T00:00:00Z"}
    sent = {"account_notification": {"subject": "A", "message": "B", **times}}
    made = canvas.admin.post(notices, json=sent | {"account_notification_roles": ["AccountAdmin"]}).json()
    path = f"{notices}/{made['id']}"
    assert (made["roles"], canvas.student.get(notices).json()) == (["AccountAdmin"], [])
    late = {"account_notification": {"end_at": "2010-01-01T00:00:00Z"}}
    assert canvas.admin.put(path, json=late).status_code == 400
    assert [row["roles"] for row in canvas.student.get(notices).json()] == [[]]
    named = {"account_notification": {"subject": "C"}, "account_notification_roles": ["StudentEnrollment"]}
    assert canvas.admin.put(path, json=named).json()["roles"] == ["StudentEnrollment"]
    assert canvas.admin.put(path, json={"account_notification": {"subject": "D"}}).json()["roles"] == [
        "StudentEnrollment"
    ]
    assert canvas.admin.get(notices).json()[0]["roles"] == []


def test_roles_are_deactivated_and_activated_by_name(canvas: Site) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "Sub"}).json()["id"]
    sent = {"label": "Clerk", "base_role_type": "AccountMembership"}
    role = canvas.admin.post(f"{SCHOOL}/roles", data=sent).json()["id"]

    def done(method: str, account: int, what: str = "") -> str:
        answer = canvas.admin.request(method, f"{API}/accounts/{account}/roles/{role}{what}")
        return str(answer.json().get("message", answer.status_code))

    assert done("POST", below, "/activate") == "Role not found", "an account above has an active one"
    assert done("POST", 1, "/activate") == "An active role already exists with that name"
    assert done("DELETE", below) == "404"
    assert done("DELETE", 1) == "200"
    assert done("DELETE", below) == "Cannot deactivate an already inactive role"
    assert canvas.admin.post(f"{SCHOOL}/roles", data=sent).status_code == 200
    assert done("POST", 1, "/activate") == "An active role already exists with that name"
    assert canvas.admin.post(f"{SCHOOL}/roles", data={"label": "X", "base_role_type": ""}).status_code == 400


def test_any_column_of_a_course_can_be_included(canvas: Site) -> None:
    plain = canvas.student.get(COURSE).json()
    asked = {"include[]": ["sis_source_id", "open_enrollment", "account_name"]}
    more = canvas.student.get(COURSE, params=asked).json()
    expected = {"sis_source_id": "ENG-101-2026", "open_enrollment": None, "account_name": "Example University"}
    assert {name: value for name, value in more.items() if name not in plain} == expected


def tabs_of(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in client.get(f"{COURSE}/tabs").json()}


def test_who_sees_which_tabs(canvas: Site) -> None:
    enrolled(canvas, 102, "DesignerEnrollment", 3)
    seen = canvas.admin.get(f"{API}/courses/3/tabs", params={"as_user_id": "102"}).json()
    assert {"grades", "settings"} & {item["id"] for item in seen} == {"settings"}, "a designer has no grades"
    assert "grades" in tabs_of(canvas.student)


def test_a_tab_is_unused_while_nobody_can_fill_it(canvas: Site) -> None:
    for topic in canvas.teacher.get(f"{COURSE}/discussion_topics").json():
        canvas.teacher.delete(f"{COURSE}/discussion_topics/{topic['id']}")
    assert "unused" not in tabs_of(canvas.teacher)["discussions"]
    canvas.teacher.put(f"{COURSE}/settings", data={"allow_student_discussion_topics": "false"})
    assert tabs_of(canvas.teacher)["discussions"]["unused"] is True
    canvas.teacher.post(f"{COURSE}/discussion_topics", json={"title": "Open"})
    assert "unused" not in tabs_of(canvas.teacher)["discussions"]


def test_positions_of_tabs_count_those_that_are_seen(canvas: Site) -> None:
    last = len(tabs_of(canvas.teacher))

    def move(position: int) -> httpx.Response:
        return canvas.teacher.put(f"{COURSE}/tabs/people", data={"position": str(position)})

    assert move(last + 1).status_code == 400
    assert move(last).json()["position"] == last
    assert tabs_of(canvas.teacher)["people"]["position"] == last - 1, "the settings stay last"


def test_sections_that_students_are_not_told_of(canvas: Site) -> None:
    asked = {"include[]": "enrollments"}

    def sees_sections(client: httpx.Client) -> bool:
        rows = client.get(f"{COURSE}/users", params=asked).json()
        return all("course_section_id" in e for row in rows for e in row["enrollments"])

    canvas.teacher.put(f"{COURSE}/settings", data={"hide_sections_on_course_users_page": "true"})
    assert sees_sections(canvas.student), "there is one section only"
    canvas.teacher.post(f"{COURSE}/sections", data={"course_section[name]": "Other"})
    assert (sees_sections(canvas.student), sees_sections(canvas.teacher)) == (False, True)


def test_inactive_people_are_for_staff(canvas: Site) -> None:
    row = next(r for r in canvas.admin.get(f"{COURSE}/enrollments").json() if r["user_id"] == 102)
    canvas.admin.delete(f"{COURSE}/enrollments/{row['id']}", params={"task": "inactivate"})

    def seen(client: httpx.Client) -> set[int]:
        return {item["id"] for item in client.get(f"{COURSE}/users", params={"include_inactive": "true"}).json()}

    assert (102 in seen(canvas.teacher), 102 in seen(canvas.student)) == (True, False)


def test_an_account_counts_its_people_for_pages(canvas: Site) -> None:
    asked = {"per_page": "2", "include[]": "ui_invoked"}
    for path in (f"{SCHOOL}/users", f"{SCHOOL}/courses"):
        assert "last" not in canvas.admin.get(path, params={"per_page": "2"}).links
        assert "last" in canvas.admin.get(path, params=asked).links


def test_a_course_that_comes_back_by_its_sis_id(canvas: Site) -> None:
    """It can be published and its maker enrolled, as with a new one; no other field of the request counts."""
    canvas.admin.delete(COURSE, params={"event": "delete"})
    sent = {"course[sis_course_id]": "ENG-101-2026", "course[name]": "Other", "enable_sis_reactivation": "1"}
    back = canvas.admin.post(f"{SCHOOL}/courses", data=sent | {"offer": "1", "enroll_me": "1"}).json()
    assert (back["id"], back["name"], back["workflow_state"]) == (1, "Analytical Engines", "available")
    assert [row["user_id"] for row in canvas.admin.get(f"{COURSE}/enrollments").json()] == [104]
    fresh = canvas.admin.post(f"{SCHOOL}/courses", data={"course[end_at]": "", "course[name]": "New"}).json()
    assert fresh["conclude_at"] is None


def test_an_invited_student_has_progress(canvas: Site) -> None:
    page = canvas.teacher.post(f"{COURSE}/pages", json={"wiki_page": {"title": "Start", "published": True}}).json()[
        "url"
    ]
    module = canvas.teacher.post(f"{COURSE}/modules", json={"module": {"name": "One"}}).json()["id"]
    item = {"type": "Page", "page_url": page, "completion_requirement": {"type": "must_view"}}
    canvas.teacher.post(f"{COURSE}/modules/{module}/items", json={"module_item": item})
    canvas.teacher.put(f"{COURSE}/modules/{module}", json={"module": {"published": True}})
    sent = {"enrollment[user_id]": "104", "enrollment[type]": "StudentEnrollment", "enrollment[notify]": "0"}
    made = canvas.admin.post(f"{COURSE}/enrollments", data=sent).json()
    assert made["enrollment_state"] == "invited"
    progress = f"{COURSE}/users/104/progress"
    assert canvas.teacher.get(progress).status_code == 200
    canvas.admin.delete(f"{COURSE}/enrollments/{made['id']}", params={"task": "inactivate"})
    assert canvas.teacher.get(progress).status_code == 400
