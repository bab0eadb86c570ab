"""Cases beside the recorded ones, as canvas-lms decides them: odd types, taken names, repeated calls."""

from __future__ import annotations

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
