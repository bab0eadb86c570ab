"""How enrollments begin and end, and the effects on observers, groups, overrides and favourites."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

from contract_tests.canvas.grading import ADA, COURSE, GRACE, team, work
from contract_tests.canvas.support import Site

ENROLLMENTS = f"{COURSE}/enrollments"
NO_INVITATION = {"error": "no current invitation"}


def enroll(api: httpx.Client, user: int, course: str = COURSE, **fields: Any) -> httpx.Response:
    return api.post(f"{course}/enrollments", json={"enrollment": {"user_id": user, **fields}})


def person(api: httpx.Client, name: str) -> int:
    fields = {"user": {"name": name, "skip_registration": True}, "pseudonym": {"unique_id": f"{name}@example.test"}}
    found: int = api.post("/api/v1/accounts/1/users", json=fields).json()["id"]
    return found


def states_of(api: httpx.Client, user: int) -> list[str]:
    every = ["active", "invited", "completed", "inactive", "deleted", "creation_pending", "rejected"]
    rows = api.get(ENROLLMENTS, params={"user_id": user, "state[]": every}).json()
    return sorted(row["enrollment_state"] for row in rows)


def end(api: httpx.Client, enrollment: int, task: str) -> None:
    answer = api.delete(f"{ENROLLMENTS}/{enrollment}", params={"task": task})
    assert answer.status_code == 200, answer.text


def test_an_enrollment_that_runs_keeps_its_state_whatever_is_asked_for(canvas: Site) -> None:
    newcomer = person(canvas.admin, "newcomer")
    made = enroll(canvas.admin, newcomer).json()
    assert made["enrollment_state"] == "invited"
    assert enroll(canvas.admin, newcomer, enrollment_state="active").json()["enrollment_state"] == "active"
    again = enroll(canvas.admin, newcomer, enrollment_state="inactive").json()
    assert (again["id"], again["enrollment_state"]) == (made["id"], "active")
    end(canvas.admin, made["id"], "deactivate")
    assert enroll(canvas.admin, newcomer, enrollment_state="completed").json()["enrollment_state"] == "completed"


def test_invitations_wait_while_a_course_is_not_published(canvas: Site) -> None:
    draft = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Draft"}}).json()
    course = f"/api/v1/courses/{draft['id']}"
    newcomer = person(canvas.admin, "newcomer")
    kinds = {"StudentEnrollment": "creation_pending", "TaEnrollment": "invited", "ObserverEnrollment": "active"}
    for kind, state in kinds.items():
        assert enroll(canvas.admin, newcomer, course, type=kind).json()["enrollment_state"] == state, kind
    asked = {"type": "ObserverEnrollment", "enrollment_state": "invited", "associated_user_id": ADA}
    assert enroll(canvas.admin, newcomer, course, **asked).json()["enrollment_state"] == "creation_pending"


def test_users_cannot_observe_themselves(canvas: Site) -> None:
    newcomer = person(canvas.admin, "newcomer")
    asked = {"type": "ObserverEnrollment"}
    own = enroll(canvas.admin, newcomer, **asked, associated_user_id=newcomer)
    text = "Cannot observe yourself"
    fault = {"attribute": "associated_user_id", "type": text, "message": text}
    assert (own.status_code, own.json()) == (400, {"errors": {"associated_user_id": [fault]}})
    assert enroll(canvas.admin, newcomer, **asked, associated_user_id=999_999).status_code == 500
    assert enroll(canvas.admin, newcomer, **asked, associated_user_id=ADA).status_code == 200


def test_an_observer_follows_the_student(canvas: Site) -> None:
    parent = person(canvas.admin, "parent")
    linked = canvas.admin.put(f"/api/v1/users/{parent}/observees/{GRACE}")
    assert linked.status_code == 200
    assert states_of(canvas.admin, parent) == ["active"]
    student = canvas.admin.get(ENROLLMENTS, params={"user_id": GRACE}).json()[0]["id"]
    for task, state in (("conclude", "completed"), ("deactivate", "inactive")):
        end(canvas.admin, student, task)
        assert states_of(canvas.admin, parent) == [state]
    assert canvas.admin.put(f"{ENROLLMENTS}/{student}/reactivate").status_code == 200
    assert states_of(canvas.admin, parent) == ["active"]
    watching = canvas.admin.get(ENROLLMENTS, params={"user_id": parent}).json()[0]["id"]
    end(canvas.admin, watching, "delete")
    end(canvas.admin, student, "conclude")
    assert states_of(canvas.admin, parent) == ["deleted"], "one that was deleted by itself stays so"


def test_who_leaves_a_course_leaves_its_groups_and_other_dates(canvas: Site) -> None:
    group = team(canvas.teacher, ADA, GRACE)
    members = f"/api/v1/groups/{group['id']}/users"
    overrides = [{"student_ids": [GRACE], "due_at": "2030-01-01T00:00:00Z"}]
    overrides.append({"student_ids": [ADA], "due_at": "2030-01-02T00:00:00Z"})
    task = work(canvas.teacher, assignment_overrides=overrides)
    student = canvas.admin.get(ENROLLMENTS, params={"user_id": GRACE}).json()[0]["id"]
    end(canvas.admin, student, "conclude")
    assert {item["id"] for item in canvas.teacher.get(members).json()} == {ADA, GRACE}
    end(canvas.admin, student, "delete")
    assert {item["id"] for item in canvas.teacher.get(members).json()} == {ADA}
    left = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}/overrides").json()
    assert [item["student_ids"] for item in left] == [[ADA]]


def test_a_started_course_joins_existing_favourites(canvas: Site) -> None:
    newcomer = person(canvas.admin, "newcomer")
    favorites, by = "/api/v1/users/self/favorites/courses", {"as_user_id": newcomer}
    assert enroll(canvas.admin, newcomer, enrollment_state="active").status_code == 200
    for number, before in ((2, []), (3, [1, 2])):
        if before:
            assert canvas.admin.post(f"{favorites}/2", params=by).status_code == 200
        assert enroll(canvas.admin, newcomer, f"/api/v1/courses/{number}", enrollment_state="active").status_code == 200
    found = {item["id"] for item in canvas.admin.get(favorites, params=by).json()}
    assert found == {2, 3}, "without favourites all count, so the first two were none"


def test_invitations_are_answered_by_their_dates(canvas: Site) -> None:
    newcomer = person(canvas.admin, "newcomer")
    by = {"as_user_id": newcomer}
    future = {"start_at": "2100-01-01T00:00:00Z", "end_at": "2100-02-01T00:00:00Z"}
    waiting = enroll(canvas.admin, newcomer, **future).json()["id"]
    early = canvas.admin.post(f"{ENROLLMENTS}/{waiting}/accept", params=by)
    assert (early.status_code, early.json()) == (400, NO_INVITATION)
    assert enroll(canvas.admin, newcomer).json()["id"] == waiting
    for answer, state in (("reject", "rejected"), ("reject", "rejected"), ("accept", "active"), ("accept", "active")):
        assert canvas.admin.post(f"{ENROLLMENTS}/{waiting}/{answer}", params=by).json() == {"success": True}
        assert states_of(canvas.admin, newcomer) == [state]
    end(canvas.admin, waiting, "delete")
    assert canvas.admin.post(f"{ENROLLMENTS}/{waiting}/accept", params=by).status_code == 404


def test_role_id_takes_precedence_over_role_and_blank_filters_are_ignored(canvas: Site) -> None:
    every = canvas.teacher.get(ENROLLMENTS).json()
    role = next(item["role_id"] for item in every if item["type"] == "TeacherEnrollment")
    both = canvas.teacher.get(ENROLLMENTS, params={"role_id": role, "role": "StudentEnrollment"}).json()
    assert {item["type"] for item in both} == {"TeacherEnrollment"}
    assert canvas.teacher.get(ENROLLMENTS, params={"role": "", "state": "", "type": ""}).json() == every
    assert canvas.teacher.get(ENROLLMENTS, params={"role": "Nobody"}).status_code == 500


def test_last_attended_takes_numbers_and_a_text(canvas: Site) -> None:
    path = f"{COURSE}/users/{{}}/last_attended"
    day = {"date": "2026-11-01T10:00:00Z"}
    for name, kept in (("self", None), (str(ADA), day["date"])):
        assert canvas.teacher.put(path.format(name), json=day).json() == day
        row = canvas.teacher.get(ENROLLMENTS, params={"user_id": ADA}).json()[0]
        assert row["last_attended_at"] == kept
    assert canvas.teacher.put(path.format(ADA), json={"date": ""}).status_code == 400
    assert canvas.teacher.put(path.format(ADA)).status_code == 500


def test_people_of_a_role_by_its_name(canvas: Site) -> None:
    users = f"{COURSE}/users"
    named = canvas.teacher.get(users, params={"enrollment_role": "StudentEnrollment"}).json()
    assert {item["id"] for item in named} == {ADA, GRACE}
    assert canvas.teacher.get(users, params={"enrollment_role": "Nobody"}).status_code == 500


def test_whoever_has_no_login_is_not_enrolled(canvas: Site) -> None:
    removed = person(canvas.admin, "gone")
    assert enroll(canvas.admin, removed).status_code == 200
    assert canvas.admin.delete(f"/api/v1/accounts/1/users/{removed}").status_code == 200
    assert enroll(canvas.admin, removed).status_code == 404


def test_who_is_removed_from_the_school_leaves_its_groups_and_observers(canvas: Site) -> None:
    parent = person(canvas.admin, "parent")
    assert canvas.admin.put(f"/api/v1/users/{parent}/observees/{GRACE}").status_code == 200
    group = canvas.admin.post("/api/v1/groups", json={"name": "Of the school"}).json()["id"]
    place = f"/api/v1/groups/{group}"
    assert canvas.admin.post(f"{place}/memberships", json={"user_id": GRACE}).status_code == 200
    assert GRACE in [item["id"] for item in canvas.admin.get(f"{place}/users").json()]
    assert canvas.admin.delete(f"/api/v1/accounts/1/users/{GRACE}").status_code == 200
    assert GRACE not in [item["id"] for item in canvas.admin.get(f"{place}/users").json()]
    assert canvas.admin.get(f"/api/v1/users/{parent}/observees").json() == []
    assert states_of(canvas.admin, parent) == ["deleted"]


def test_an_observer_still_sees_the_student_after_the_course(canvas: Site) -> None:
    parent = person(canvas.admin, "parent")
    assert canvas.admin.put(f"/api/v1/users/{parent}/observees/{GRACE}").status_code == 200
    by = {"as_user_id": parent}

    def seen(**more: str) -> list[tuple[int, str]]:
        rows = canvas.admin.get(ENROLLMENTS, params=by | more).json()
        return [(row["user_id"], row["enrollment_state"]) for row in rows]

    assert seen() == [(parent, "active"), (GRACE, "active")]
    watching = canvas.admin.get(ENROLLMENTS, params={"user_id": parent}).json()[0]["id"]
    end(canvas.admin, watching, "conclude")
    assert seen() == [(parent, "completed"), (GRACE, "active")]
    assert seen(**{"state[]": "completed"}) == [(parent, "completed")]
    end(canvas.admin, watching, "delete")
    assert canvas.admin.get(ENROLLMENTS, params=by).status_code == 403


def test_a_bookmark_that_does_not_fit_the_list_means_its_first_page(canvas: Site) -> None:
    path = "/api/v1/courses/1/enrollments?per_page=1"
    first = canvas.teacher.get(path)
    following = first.links["next"]["url"]
    for value in (["x"], "x", {"a": 1}, ["StudentEnrollment", "Alvarez, Ada", "last"]):
        text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        found = canvas.teacher.get(f"{path}&page=bookmark:{text}")
        assert found.json() == first.json(), value
        assert "page=first" in found.links["current"]["url"]
    assert canvas.teacher.get(following).json() != first.json()
