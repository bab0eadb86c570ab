"""Lists of people, enrollments, accounts and roles: filters, order and permissions."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
PEOPLE = f"{API}/courses/1/users"
SCHOOL = f"{API}/accounts/1/users"


def ids(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()]


def test_people_of_a_course(canvas: Site) -> None:
    teacher = canvas.teacher
    everybody = ids(teacher.get(PEOPLE))
    roles = {r["role"]: r["id"] for r in canvas.admin.get(f"{API}/accounts/1/roles", params={"per_page": "50"}).json()}
    student = {"enrollment_role_id": str(roles["StudentEnrollment"])}
    both = ids(teacher.get(PEOPLE, params={**student, "enrollment_type[]": "teacher"}))
    assert both == ids(teacher.get(PEOPLE, params=student)) != everybody, "the role beats the type"
    assert teacher.get(PEOPLE, params={"enrollment_role_id": "999999"}).status_code == 500
    assert ids(teacher.get(PEOPLE, params={"enrollment_type[]": "StudentEnrollment"})) == both
    assert teacher.get(PEOPLE, params={"enrollment_type[]": "STUDENT"}).status_code == 400
    assert ids(teacher.get(PEOPLE, params={"search_term": "  "})) == everybody, "a blank term is none"
    assert ids(teacher.get(PEOPLE, params={"search_term": "ace h"})) == [103]
    assert ids(teacher.get(PEOPLE, params={"search_term": "grace "})) == [103], "a term keeps its spaces"
    assert not ids(teacher.get(PEOPLE, params={"search_term": "hopper "}))


def test_people_of_an_account(canvas: Site) -> None:
    admin = canvas.admin
    people = ids(admin.get(SCHOOL))
    assert ids(admin.get(SCHOOL, params={"order": "desc"})) == people, "an order wants something to sort by"
    assert ids(admin.get(SCHOOL, params={"sort": "username", "order": "desc"})) == people[::-1]
    made = {"user[name]": "Zoe Mailless", "pseudonym[unique_id]": "zoe"}
    last = admin.post(SCHOOL, data=made).json()["id"]
    for order in ("asc", "desc"):
        assert ids(admin.get(SCHOOL, params={"sort": "email", "order": order}))[-1] == last, "without one comes last"
    shown = admin.get(SCHOOL, params={"include[]": ["email", "locale"]}).json()[0]
    assert "email" in shown
    assert "locale" not in shown
    assert admin.get(SCHOOL, params={"include": "email"}).status_code == 500
    assert ids(admin.get(SCHOOL, params={"enrollment_type[]": "teacher"})) == [103]
    assert canvas.teacher.get(SCHOOL).status_code == 403


def test_one_s_own_enrollments_are_open_to_everybody(canvas: Site) -> None:
    rows = f"{API}/courses/1/enrollments"
    token = canvas.admin.post(SCHOOL, data={"user[name]": "New", "pseudonym[unique_id]": "new"}).json()["id"]
    stranger = {"as_user_id": str(token)}
    assert canvas.admin.get(rows, params=stranger).status_code == 403
    assert canvas.admin.get(rows, params={**stranger, "user_id": "self"}).json() == []
    assert canvas.admin.get(rows, params={**stranger, "user_id": "101"}).status_code == 403
    assert [e["user_id"] for e in canvas.student.get(rows, params={"user_id": "102"}).json()] == [102]
    shown = canvas.teacher.get(rows, params={"include[]": ["locked", "can_be_removed"], "type[]": "StudentEnrollment"})
    assert {(e["locked"], e["can_be_removed"]) for e in shown.json()} == {(False, True)}


def test_accounts_and_their_courses(canvas: Site) -> None:
    admin = canvas.admin
    below = admin.post(f"{API}/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    taught = canvas.teacher.get(f"{API}/accounts/1")
    assert taught.status_code == 200, "a course's teacher reads the account that holds it"
    assert ids(canvas.teacher.get(f"{API}/accounts/1/sub_accounts")) == [below]
    assert canvas.teacher.get(f"{API}/accounts/{below}/sub_accounts").status_code == 403
    assert canvas.student.get(f"{API}/accounts/1/sub_accounts").status_code == 403
    listed = admin.get(f"{API}/accounts", params={"includes[]": "lti_guid"}).json()
    assert "lti_guid" in listed[0]

    courses = f"{API}/accounts/1/courses"
    made = admin.post(courses, data={"course[name]": "Open", "course[is_public]": "true"}).json()["id"]
    every = ids(admin.get(courses))
    assert admin.get(courses, params={"search_term": ""}).status_code == 400
    assert ids(admin.get(courses, params={"public": "true"})) == [made]
    assert ids(admin.get(courses, params={"homeroom": "false"})) == every, "it only narrows when it is true"
    assert ids(admin.get(courses, params={"enrollment_type": "teacher"})) == every, "one name is not a list of them"
    assert made not in ids(admin.get(courses, params={"enrollment_type[]": "teacher"}))
    assert ids(admin.get(courses, params={"state[]": "claimed"})) == [made]
    assert ids(admin.get(courses, params={"state[]": "created"})) == []


def test_not_found_comes_before_forbidden(canvas: Site) -> None:
    teacher = canvas.teacher
    assert teacher.get(f"{API}/accounts/1/roles/999999").status_code == 404
    assert teacher.get(f"{API}/accounts/1/roles/TeacherEnrollment").status_code == 403
    assert teacher.post(f"{API}/accounts/1/admins", data={"user_id": "999999"}).status_code == 404
    assert teacher.post(f"{API}/accounts/1/admins", data={"user_id": "101"}).status_code == 403
    assert canvas.admin.post(f"{API}/accounts/1/admins", data={"user_id": "101"}).status_code == 200
    assert canvas.admin.get(f"{API}/accounts/1/roles", params={"state": "active"}).status_code == 500
    assert ids(canvas.admin.get(f"{API}/accounts/1/roles", params={"state[]": "inactive"})) == []


def test_people_of_groups(canvas: Site) -> None:
    teacher = canvas.teacher
    made = teacher.post(f"{API}/courses/1/group_categories", data={"name": "Labs"}).json()["id"]
    counted = teacher.get(f"{API}/group_categories/{made}", params={"includes[]": "groups_count"}).json()
    assert counted["groups_count"] == 0
    people = f"{API}/group_categories/{made}/users"
    assert ids(teacher.get(people, params={"search_term": "lovelace"})) == [101]
    address = canvas.admin.get(f"{API}/users/101/profile").json()["primary_email"]
    assert ids(teacher.get(people, params={"search_term": address})) == [101], "a teacher reads addresses"
    assert ids(canvas.student.get(people, params={"search_term": address})) == []
    group = teacher.post(f"{API}/group_categories/{made}/groups", data={"name": "A"}).json()["id"]
    teacher.put(f"{API}/groups/{group}", json={"members": [101]})
    shown = teacher.get(f"{API}/groups/{group}/users", params={"include[]": ["active_status", "group_submissions"]})
    assert [(item["is_inactive"], item["group_submissions"]) for item in shown.json()] == [(False, None)]


def test_sections_tell_first_what_is_not_there(canvas: Site) -> None:
    section = canvas.teacher.get(f"{API}/courses/1/sections", params={"all": "true"}).json()[0]["id"]
    crosslist = f"{API}/sections/{section}/crosslist"
    alone = canvas.student.delete(crosslist)
    assert (alone.status_code, alone.json()) == (400, {"message": "section is not cross-listed"})
    other = canvas.admin.post(f"{API}/accounts/1/courses", data={"course[name]": "Other"}).json()["id"]
    assert canvas.student.post(f"{crosslist}/{other}").status_code == 403
    left = canvas.student.post(f"{crosslist}/{other}", data={"override_sis_stickiness": "false"})
    assert (left.status_code, left.json()["course_id"]) == (200, 1), "what is left alone is no change"
    named = canvas.teacher.put(
        f"{API}/sections/{section}", data={"course_section[name]": "", "course_section[sis_section_id]": "S"}
    )
    assert named.status_code in (401, 403), "the SIS id is looked at before the name"


def test_favourites_with_exclusions(canvas: Site) -> None:
    favourites = f"{API}/users/self/favorites/courses"
    whole = canvas.teacher.get(favourites, params={"sort": "nickname"}).json()
    taught = {item["id"] for item in whole}
    less = canvas.teacher.get(favourites, params={"exclude[]": ["enrollments", "name"]}).json()[0]
    assert set(whole[0]) - set(less) == {"enrollments"}
    blueprint = {"course[blueprint]": "true"}
    empty = canvas.admin.post(f"{API}/accounts/1/courses", data={"course[name]": "B", "offer": "true"}).json()["id"]
    teacher = {
        "enrollment[user_id]": "103",
        "enrollment[type]": "TeacherEnrollment",
        "enrollment[enrollment_state]": "active",
    }
    canvas.admin.post(f"{API}/courses/{empty}/enrollments", data=teacher)
    assert canvas.admin.put(f"{API}/courses/{empty}", data=blueprint).status_code == 200
    assert set(ids(canvas.teacher.get(favourites))) == taught | {empty}
    assert set(ids(canvas.teacher.get(favourites, params={"exclude_blueprint_courses": "true"}))) == taught
    assert canvas.teacher.put(f"{API}/users/self/course_nicknames/{empty}", data={"nickname": "zz"}).status_code == 200
    assert ids(canvas.teacher.get(favourites, params={"sort": "nickname"}))[-1] == empty, "`B` is called `zz`"
    assert ids(canvas.teacher.get(favourites))[-1] != empty, "`B` comes before `zz` by its own name"


def test_students_meet_those_who_study_and_teach(canvas: Site) -> None:
    course, lists = f"{API}/courses/1", ("users", "search_users", "potential_collaborators")
    account = {"user": {"name": "Dee Designer"}, "pseudonym": {"unique_id": "dee"}}
    made = canvas.admin.post(f"{API}/accounts/1/users", json=account).json()["id"]
    role = {"user_id": made, "type": "DesignerEnrollment", "enrollment_state": "active"}
    assert canvas.admin.post(f"{course}/enrollments", json={"enrollment": role}).status_code == 200

    def met(who: httpx.Client, path: str) -> set[int]:
        return {item["id"] for item in who.get(f"{course}/{path}", params={"per_page": "100"}).json()}

    for path in lists:
        assert made in met(canvas.teacher, path)
        assert met(canvas.student, path) == met(canvas.teacher, path) - {made}, path
    assert canvas.teacher.get(f"{course}/users/{made}").status_code == 200
    assert canvas.student.get(f"{course}/users/{made}").status_code == 404


def test_one_person_is_shown_whose_enrollment_is_over(canvas: Site) -> None:
    course = f"{API}/courses/1"
    account = {"user": {"name": "Gone Away"}, "pseudonym": {"unique_id": "gone"}}
    made = canvas.admin.post(f"{API}/accounts/1/users", json=account).json()["id"]
    role = {"user_id": made, "type": "StudentEnrollment", "enrollment_state": "active"}
    enrolled = canvas.admin.post(f"{course}/enrollments", json={"enrollment": role}).json()["id"]
    for task, shown in (("deactivate", 200), ("conclude", 200), ("delete", 404)):
        assert canvas.admin.delete(f"{course}/enrollments/{enrolled}", params={"task": task}).status_code == 200
        assert canvas.student.get(f"{course}/users/{made}").status_code == shown, task


def test_an_order_puts_courses_of_one_account_by_id(canvas: Site) -> None:
    path = "/api/v1/accounts/1/courses"
    made = [canvas.admin.post(path, json={"course": {"name": name}}).json()["id"] for name in ("Zoology", "Art")]

    def listed(order: str | None) -> list[int]:
        query = {"sort": "subaccount", "per_page": 100} | ({} if order is None else {"order": order})
        return [item["id"] for item in canvas.admin.get(path, params=query).json() if item["id"] in made]

    assert (listed("asc"), listed("desc")) == (made, made[::-1])
    assert listed(None) == made[::-1]


def test_states_of_ones_own_enrollments(canvas: Site) -> None:
    mine = f"{API}/users/self/enrollments"

    def listed(*states: str) -> list[int]:
        return [row["course_id"] for row in canvas.student.get(mine, params={"state[]": states}).json()]

    draft = canvas.admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Draft"}}).json()["id"]
    sent = {"enrollment": {"user_id": 101, "enrollment_state": "active"}}
    assert canvas.admin.post(f"{API}/courses/{draft}/enrollments", json=sent).status_code == 200
    seen = listed("active")
    assert draft not in seen, "students do not see what is not published"
    assert listed("current_and_future") == listed("current_future_and_restricted") == [*seen, draft]
    assert listed("pending_active", "active") == seen
    refused = canvas.student.get(mine, params={"state[]": ["active", "gone"]})
    assert (refused.status_code, refused.json()) == (400, {"error": "Invalid state gone"})
    assert canvas.student.get(mine, params={"state[]": "deleted"}).status_code == 400
    canvas.lms.settings["emulator.as_of"] = "2023-06-20"
    assert canvas.student.get(mine, params={"state[]": "gone"}).status_code == 500
    assert listed("active", "gone") == seen
    (row,) = canvas.admin.get(f"{API}/courses/{draft}/enrollments").json()
    assert canvas.admin.delete(f"{API}/courses/{draft}/enrollments/{row['id']}?task=delete").status_code == 200
    assert listed("deleted") == [draft]
