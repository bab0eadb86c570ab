"""Cases beside the recorded ones, as canvas-lms decides them: odd types, taken names, repeated calls."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from contract_tests.canvas.support import Site

API = "/api/v1"
SCHOOL = f"{API}/accounts/1"
COURSE = f"{API}/courses/1"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", f"{SCHOOL}/terms", "enrollment_term"),
        ("POST", f"{SCHOOL}/users", "pseudonym"),
        ("PUT", f"{API}/users/101", "user"),
        ("POST", f"{COURSE}/sections", "course_section"),
        ("POST", f"{COURSE}/enrollments", "enrollment"),
        ("POST", f"{COURSE}/modules", "module"),
    ],
)
def test_text_or_a_list_where_canvas_reads_a_hash_is_its_failure(
    canvas: Site, method: str, path: str, name: str
) -> None:
    for value in ("x", ["x"]):
        answer = canvas.admin.request(method, path, json={name: value})
        assert answer.status_code == 500
        assert answer.json()["errors"] == [{"message": "An error occurred.", "error_code": "internal_server_error"}]
        assert canvas.admin.request(method, path, json={name: {"unknown": value}}).status_code != 500


def test_a_label_of_a_role_is_taken_in_its_account_alone(canvas: Site) -> None:
    def label(answer: httpx.Response) -> dict[str, list[str]]:
        return {name: [fault["message"] for fault in found] for name, found in answer.json()["errors"].items()}

    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", json={"account": {"name": "Below"}}).json()["id"]
    role, taken = {"label": "Lab", "base_role_type": "TaEnrollment"}, ["A role with this name already exists"]
    made = canvas.admin.post(f"{SCHOOL}/roles", data=role).json()["id"]
    both = canvas.admin.post(f"{SCHOOL}/roles", data=role | {"base_role_type": "x"})
    assert label(both) == {"label": taken, "base_role_type": ["is invalid"]}
    assert canvas.admin.post(f"{API}/accounts/{below}/roles", data=role).status_code == 200
    for name, faults in (("Student", {"label": taken}), ("TaEnrollment", {"name": ["is reserved"]})):
        assert label(canvas.admin.put(f"{SCHOOL}/roles/{made}", data={"label": name})) == faults
    assert canvas.admin.put(f"{SCHOOL}/roles/{made}", data={"label": "Laboratory"}).json()["label"] == "Laboratory"


def test_the_hidden_role_of_admins_is_found_by_name(canvas: Site) -> None:
    for name, found in (("AccountMembership",) * 2, ("NoPermissions", "AccountAdmin")):
        answer = canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": "101", "role": name})
        assert answer.json()["role"] == found


def test_accounts_count_their_courses_since_2023(canvas: Site) -> None:
    asked = {"include[]": ["course_count", "sub_account_count"]}
    assert canvas.admin.get(f"{API}/accounts", params=asked).json()[0]["course_count"] > 0
    canvas.lms.settings["canvas.later_parameters"] = False
    assert "course_count" not in canvas.admin.get(f"{API}/accounts", params=asked).json()[0]


def test_a_login_may_bring_the_address_of_a_new_person(canvas: Site) -> None:
    login = {"unique_id": "pathfinder", "path": "pathfinder@example.test"}
    made = canvas.admin.post(f"{SCHOOL}/users", json={"pseudonym": login}).json()["id"]
    channels = canvas.admin.get(f"{API}/users/{made}/communication_channels").json()
    assert [channel["address"] for channel in channels] == ["pathfinder@example.test"]


def test_a_group_may_be_made_in_the_set_that_is_named(canvas: Site) -> None:
    made = canvas.teacher.post(f"{COURSE}/group_categories", json={"name": "Teams", "includes": ["groups"]}).json()
    assert made["groups"] == []
    sent = {"name": "In the set", "group_category_id": made["id"], "sis_group_id": None}
    group = canvas.teacher.post(f"{API}/groups", json=sent).json()
    assert (group["group_category_id"], group["context_type"]) == (made["id"], "Course")
    assert canvas.student.post(f"{API}/groups", json=sent).status_code == 403
    listed = canvas.teacher.get(f"{COURSE}/group_categories", params={"includes[]": "groups"}).json()
    assert [row["id"] for entry in listed if entry["id"] == made["id"] for row in entry["groups"]] == [group["id"]]
    path = f"{API}/group_categories/{made['id']}/users"
    assert "login_id" in canvas.admin.get(path).json()[0]
    assert "login_id" not in canvas.admin.get(path, params={"exclude[]": "pseudonym"}).json()[0]
    assert canvas.teacher.put(f"{API}/groups/{group['id']}", json={"leader": "x"}).status_code == 500


def test_students_and_observers_are_not_enrolled_in_a_blueprint(canvas: Site) -> None:
    course = canvas.admin.post(f"{SCHOOL}/courses", json={"course": {"name": "Master"}, "offer": True}).json()["id"]
    path = f"{API}/courses/{course}/enrollments"
    assert canvas.admin.put(f"{API}/courses/{course}", json={"course": {"blueprint": True}}).status_code == 200
    for kind, status in (("StudentEnrollment", 403), ("ObserverEnrollment", 403), ("TeacherEnrollment", 200)):
        wish = {"enrollment": {"user_id": 101, "type": kind}}
        assert canvas.admin.post(path, json=wish).status_code == status, kind
    test = {"enrollment": {"user_id": 101, "type": "StudentViewEnrollment"}}
    assert canvas.admin.post(path, json=test).json() == {"message": "Invalid type"}


def test_a_new_flag_without_a_state_is_allowed(canvas: Site) -> None:
    flag = f"{SCHOOL}/features/flags/epub_export"
    assert canvas.admin.put(flag).json()["state"] == "allowed"
    assert canvas.admin.put(f"{COURSE}/features/flags/epub_export").status_code == 400, "courses have no such state"
    assert canvas.admin.put(flag, json={"state": "on"}).json()["state"] == "on"
    assert canvas.admin.put(flag).json()["state"] == "on", "it stays as it is"


def test_only_logins_of_canvas_have_passwords(canvas: Site) -> None:
    way = canvas.admin.post(
        f"{SCHOOL}/authentication_providers", json={"auth_type": "cas", "auth_base": "https://c.test"}
    )
    login = {"unique_id": "by-cas", "authentication_provider_id": way.json()["id"]}
    refused = canvas.admin.post(
        f"{SCHOOL}/logins", json={"user": {"id": 101}, "login": {**login, "password": "long enough"}}
    )
    assert refused.status_code == 400
    assert refused.json()["errors"]["password"][0]["message"] == "password can only be set for Canvas authentication"
    assert canvas.admin.post(f"{SCHOOL}/logins", json={"user": {"id": 101}, "login": login}).status_code == 200


def test_a_password_is_reset_by_mail_alone(canvas: Site) -> None:
    canvas.admin.post(f"{SCHOOL}/users", json={"pseudonym": {"unique_id": "unreached"}})
    reset = f"{API}/users/reset_password"
    assert canvas.admin.post(reset, data={"email": "unreached"}).json() == {"requested": False}
    canvas.admin.post(f"{SCHOOL}/users", json={"pseudonym": {"unique_id": "reached", "path": "r@example.test"}})
    assert canvas.admin.post(reset, data={"email": "reached"}).json() == {"requested": True}


def test_a_section_gets_its_sis_id_whatever_is_sticky(canvas: Site) -> None:
    made = canvas.admin.post(f"{COURSE}/sections", json={"course_section": {"name": "Sticky"}}).json()["id"]
    sent = {"course_section": {"name": "Other", "sis_section_id": "S-9"}, "override_sis_stickiness": False}
    changed = canvas.admin.put(f"{API}/sections/{made}", json=sent).json()
    assert (changed["name"], changed["sis_section_id"]) == ("Sticky", "S-9")
    again = {"course_section": {"name": "Named", "sis_section_id": "S-10"}, "override_sis_stickiness": False}
    assert canvas.admin.post(f"{COURSE}/sections", json=again).json()["name"] != "Named"


def test_one_observed_person_is_shown_without_what_lists_include(canvas: Site) -> None:
    assert canvas.admin.put(f"{API}/users/102/observees/101").status_code == 200
    asked = {"include[]": "uuid"}
    assert "uuid" in canvas.admin.get(f"{API}/users/102/observees", params=asked).json()[0]
    assert "uuid" not in canvas.admin.get(f"{API}/users/102/observees/101", params=asked).json()


@pytest.mark.parametrize("name", ["sections", "groups", "group_categories", "users", "outcome_results"])
def test_pages_of_a_course_are_linked_by_the_id_that_was_sent(canvas: Site, name: str) -> None:
    """Where Canvas makes the address without naming the course anew."""
    canvas.admin.put(COURSE, json={"course": {"sis_course_id": "C-1"}})
    path = f"{API}/courses/sis_course_id:C-1/{name}"
    assert urlsplit(canvas.admin.get(path).links["first"]["url"]).path == path
    numbered = canvas.admin.get(f"{API}/courses/sis_course_id:C-1/modules").links["first"]["url"]
    assert urlsplit(numbered).path == f"{COURSE}/modules", "where it names it"


def test_a_key_knows_one_event_in_each_state(canvas: Site) -> None:
    key = canvas.admin.post(f"{SCHOOL}/developer_keys", json={"developer_key": {"name": "K", "scopes": "x"}}).json()
    assert key["scopes"] == [], "one text is not a list of scopes"
    path = f"{API}/developer_keys/{key['id']}"
    for event, status in (("activate", 500), ("deactivate", 200), ("deactivate", 500), ("x", 500), ("activate", 200)):
        assert canvas.admin.put(path, json={"developer_key": {"event": event}}).status_code == status, event
    assert canvas.admin.put(path).status_code == 500, "nothing was sent"
    local = str(int(key["id"]) % 10**13)
    switch = {"developer_key_account_binding": {"workflow_state": "on"}}
    for named, status in ((key["id"], 200), (local, 404)):
        bound = f"{SCHOOL}/developer_keys/{named}/developer_key_account_bindings"
        assert canvas.admin.post(bound, json=switch).status_code == status


def test_a_tool_that_shall_be_the_only_one_is_asked_for_by_any_text(canvas: Site) -> None:
    tool = {"name": "One", "consumer_key": "k", "shared_secret": "s", "url": "https://one.test/launch"}
    path = f"{COURSE}/external_tools"
    for value, status in (("", 200), ("false", 400), ("", 200)):
        sent = {"external_tool": {**tool, "privacy_level": "public", "verify_uniqueness": value}}
        assert canvas.admin.post(path, json=sent).status_code == status, value


def test_what_only_schools_have_leads_back_from_accounts_below(canvas: Site) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", json={"account": {"name": "Below"}}).json()["id"]
    for method, name in (("GET", "authentication_providers"), ("GET", "sso_settings"), ("POST", "terms")):
        for who in (canvas.admin, canvas.student):
            answer = who.request(method, f"{API}/accounts/{below}/{name}", follow_redirects=False)
            assert answer.status_code == 302
            assert urlsplit(answer.headers["Location"]).path == f"/accounts/{below}"
    assert canvas.admin.get(f"{SCHOOL}/sso_settings").status_code == 200
    assert canvas.student.get(f"{SCHOOL}/sso_settings").status_code == 403


def test_admins_below_a_school_manage_keys_there(canvas: Site) -> None:
    below = canvas.admin.post(f"{SCHOOL}/sub_accounts", json={"account": {"name": "Below"}}).json()["id"]
    assert canvas.admin.post(f"{API}/accounts/{below}/admins", data={"user_id": "101"}).status_code == 200
    asked = {"permissions[]": ["manage_developer_keys", "manage_sis"]}
    allowed = canvas.student.get(f"{API}/accounts/{below}/permissions", params=asked).json()
    assert allowed == {"manage_developer_keys": True, "manage_sis": False}
    assert canvas.student.get(f"{API}/accounts/{below}/scopes").status_code == 200
    assert canvas.student.get(f"{SCHOOL}/scopes").status_code == 403
    switch = {"developer_key_account_binding": {"workflow_state": "on"}}
    for who, status in ((canvas.student, 404), (canvas.teacher, 403)):
        path = f"{API}/accounts/{below}/developer_keys/10000000000001/developer_key_account_bindings"
        assert who.post(path, json=switch).status_code == status, "the right comes before the key"


def test_a_sis_id_belongs_to_one_group(canvas: Site) -> None:
    category = canvas.admin.post(f"{COURSE}/group_categories", json={"name": "Teams"}).json()["id"]
    path, named = f"{API}/group_categories/{category}/groups", {"sis_group_id": "G-1"}
    first = canvas.admin.post(path, json={"name": "One", **named}).json()["id"]
    second = canvas.admin.post(path, json={"name": "Two"}).json()["id"]
    fault = {"errors": {"sis_source_id": [{"attribute": "sis_source_id", "type": "taken", "message": "taken"}]}}
    for answer in (canvas.admin.post(path, json=named), canvas.admin.put(f"{API}/groups/{second}", json=named)):
        assert (answer.status_code, answer.json()) == (400, fault)
    assert canvas.admin.put(f"{API}/groups/{first}", json=named).json()["sis_group_id"] == "G-1"
    assert canvas.admin.get(f"{COURSE}/group_categories", params={"includes": "groups"}).status_code == 500


def test_a_column_is_true_but_for_the_words_that_rails_knows_for_false(canvas: Site) -> None:
    made = canvas.admin.post(f"{COURSE}/sections", json={"course_section": {"name": "Dated"}}).json()["id"]
    key = canvas.admin.post(f"{SCHOOL}/developer_keys", json={"developer_key": {"name": "K"}}).json()["id"]
    name, scopes = "restrict_enrollments_to_section_dates", "require_scopes"
    for word, meaning in (("no", True), ("off", False), ("maybe", True), ("0", False)):
        section = canvas.admin.put(f"{API}/sections/{made}", json={"course_section": {name: word}}).json()
        changed = canvas.admin.put(f"{API}/developer_keys/{key}", json={"developer_key": {scopes: word}}).json()
        assert (section[name], changed[scopes]) == (meaning, meaning), word


def test_whom_one_may_act_as(canvas: Site) -> None:
    """Teachers act as the test student of their course, and nobody as a person without a login."""

    def acts(who: httpx.Client, user_id: int) -> int:
        return who.get(f"{API}/users/self", params={"as_user_id": str(user_id)}).status_code

    tester = canvas.teacher.get(f"{COURSE}/student_view_student").json()["id"]
    assert [acts(who, tester) for who in (canvas.teacher, canvas.admin, canvas.student)] == [200, 200, 401]
    assert [acts(who, 101) for who in (canvas.teacher, canvas.admin)] == [401, 200]
    person = canvas.admin.post(f"{SCHOOL}/users", json={"pseudonym": {"unique_id": "gone"}}).json()["id"]
    assert acts(canvas.admin, person) == 200
    assert canvas.admin.delete(f"{SCHOOL}/users/{person}").status_code == 200
    assert [acts(who, person) for who in (canvas.admin, canvas.student)] == [401, 401]


def test_every_built_in_role_is_found_by_its_number(canvas: Site) -> None:
    hidden = {
        name: canvas.admin.get(f"{SCHOOL}/roles/{name}").json() for name in ("AccountMembership", "NoPermissions")
    }
    for name, role in hidden.items():
        assert (role["role"], role["label"]) == (name, name)
        assert canvas.admin.get(f"{SCHOOL}/roles/{role['id']}").json() == role
        wish = {"enrollment": {"user_id": 101, "role_id": role["id"]}}
        assert canvas.admin.post(f"{COURSE}/enrollments", json=wish).json() == {"message": "Invalid role"}
    admin = {"label": "Deputy", "base_role_type": "AccountAdmin"}
    made = canvas.admin.post(f"{SCHOOL}/roles", data=admin).json()
    assert (made["base_role_type"], made["is_account_role"]) == ("AccountAdmin", True)
