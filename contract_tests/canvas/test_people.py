"""People of Canvas: custom data, addresses, bookmarks, languages, and pending items."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.canvas.support import Site

API = "/api/v1"
SELF = f"{API}/users/self"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=8)
VALUES = st.recursive(TEXT | st.integers(0, 99) | st.booleans(), lambda v: st.lists(v) | st.dictionaries(TEXT, v))


def test_custom_data_is_stored_by_scope_and_refuses_conflicts(canvas: Site) -> None:
    data = f"{SELF}/custom_data"
    assert canvas.student.get(data, params={"ns": "app"}).json() == {"message": "no data for scope"}
    first = canvas.student.put(f"{data}/food/weight", data={"ns": "app", "data": "5"})
    assert (first.status_code, first.json()) == (201, {"data": "5"})
    assert canvas.student.put(f"{data}/food/weight", data={"ns": "app", "data": "6"}).status_code == 200
    clash = canvas.student.put(f"{data}/food/weight/kg", data={"ns": "app", "data": "6"})
    assert (clash.status_code, clash.json()["conflict_scope"]) == (409, "food/weight")
    assert canvas.reason == "scope_conflict"
    assert canvas.student.put(f"{data}/food/name", data={"ns": "app", "data": "x"}).status_code == 201
    assert canvas.student.delete(f"{data}/food/weight", params={"ns": "app"}).json() == {"data": "6"}
    assert canvas.student.get(data, params={"ns": "app"}).json() == {"data": {"food": {"name": "x"}}}
    assert canvas.teacher.get(f"{API}/users/101/custom_data", params={"ns": "app"}).status_code == 403
    asked = {"ns": "app"}
    assert canvas.student.get(f"{data}/food/none", params=asked).json() == {"data": None}
    for scope in ("food/none/deeper", "food/name/deeper"):
        assert canvas.student.get(f"{data}/{scope}", params=asked).json() == {"message": "invalid scope for hash"}
    assert canvas.student.delete(f"{data}/food/none", params=asked).status_code == 400
    assert canvas.student.delete(f"{data}/food/name/deeper", params=asked).status_code == 500
    assert canvas.student.put(f"{data}/on", json={"ns": "app", "data": True}).status_code == 201
    clash = canvas.student.put(f"{data}/on/off", json={"ns": "app", "data": 1})
    assert clash.json()["type_at_conflict"] == "TrueClass"
    # a namespace is known once something was to be stored in it
    assert canvas.student.put(f"{data}/a", data={"ns": "new"}).status_code == 400
    assert canvas.student.get(data, params={"ns": "new"}).json() == {"data": None}
    assert canvas.student.delete(data, params={"ns": "new"}).status_code == 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(value=VALUES)
def test_custom_data_comes_back_as_it_went(canvas: Site, value: Any) -> None:
    kept = canvas.student.put(f"{SELF}/custom_data/any", json={"ns": "property", "data": value})
    assert kept.json() == {"data": value}
    assert canvas.student.get(f"{SELF}/custom_data/any", params={"ns": "property"}).json() == {"data": value}


def test_addresses(canvas: Site) -> None:
    channels = f"{SELF}/communication_channels"
    sent = {"communication_channel[address]": "second@example.test", "communication_channel[type]": "email"}
    made = canvas.student.post(channels, data={**sent, "skip_confirmation": "true"}).json()
    assert made["workflow_state"] == "unconfirmed", "only an admin skips the confirmation"
    again = canvas.student.post(channels, data={**sent, "communication_channel[address]": "SECOND@example.test"})
    assert again.json()["errors"]["path"][0]["type"] == "unique!"
    assert canvas.student.delete(f"{channels}/{made['id']}").json()["workflow_state"] == "retired"
    assert canvas.student.post(channels, data=sent).json()["id"] == made["id"], "a retired address comes back"


def test_notification_preferences(canvas: Site) -> None:
    address = canvas.student.get(f"{SELF}/communication_channels").json()[0]["id"]
    preferences = f"{SELF}/communication_channels/{address}/notification_preferences"
    path = f"{preferences}/new_announcement"
    weekly = {"notification_preferences[frequency]": "weekly"}
    assert canvas.student.put(path, data=weekly).status_code == 200
    assert canvas.student.get(path).json()["notification_preferences"][0]["frequency"] == "weekly"
    assert canvas.student.put(path, data={"notification_preferences[frequency]": "hourly"}).status_code == 422
    kept = canvas.student.put(path, json={"notification_preferences": {"other": "x"}}).json()
    assert kept["notification_preferences"][0]["frequency"] == "weekly", "no frequency changes nothing"
    assert canvas.student.put(path, json={}).status_code == 500
    several = [{"notification": "new_announcement", "frequency": "never"}, {"notification": "assignment_created"}]
    shown = canvas.student.put(preferences, json={"notification_preferences": several}).json()
    assert shown["notification_preferences"][0]["frequency"] == "never"
    assert len(shown["notification_preferences"]) == 2
    listed = f"{SELF}/communication_channels/{address}/notification_preference_categories"
    names = canvas.student.get(listed).json()["categories"]
    assert {"discussionentry", "discussionmention", "deprecated__reminder", "due_date"} <= set(names)
    never = {"notification_preferences[frequency]": "never"}
    for name, status in (("due_date", 200), ("DueDate", 200), ("discussionentry", 200), ("discussionmention", 404)):
        assert canvas.student.put(f"{listed}/{name}", data=never).status_code == status, name
    assert canvas.student.get(f"{preferences}/nonsense").status_code == 404
    assert canvas.student.get(f"{preferences}/New%20Announcement").status_code == 200


def test_only_the_first_address_gets_notifications_unasked(canvas: Site) -> None:
    channels = f"{SELF}/communication_channels"
    sent = {"communication_channel[address]": "second@example.test", "communication_channel[type]": "email"}
    second = canvas.student.post(channels, data=sent).json()["id"]
    first = next(row["id"] for row in canvas.student.get(channels).json() if row["id"] != second)
    for number, frequency in ((first, "immediately"), (second, "never")):
        shown = canvas.student.get(f"{channels}/{number}/notification_preferences/new_announcement").json()
        assert shown["notification_preferences"][0]["frequency"] == frequency


def test_operators_see_whether_mail_bounces(canvas: Site) -> None:
    path = f"{API}/users/101/communication_channels"
    assert not any("last_bounce_at" in row for row in canvas.admin.get(path).json())
    world = canvas.lms.dump()
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    section.setdefault("account_users", []).append({"id": 77, "user_id": 104, "account_id": 2, "role_id": 1})
    canvas.lms.load(world)
    (row,) = canvas.admin.get(path).json()
    names = ("last_bounce_at", "last_bounce_summary", "last_suppression_bounce_at", "last_transient_bounce_at")
    assert [row[name] for name in names] == [None] * 4


@pytest.mark.parametrize(
    ("header", "language"), [("fr", "fr"), ("xx,de;q=0.5", "de"), ("en-US,en;q=0.9", "en"), ("xx", "en")]
)
def test_a_browser_s_language(canvas: Site, header: str, language: str) -> None:
    me = canvas.student.get(SELF, headers={"Accept-Language": header}).json()
    assert me["effective_locale"] == language
    assert canvas.student.get(SELF).json()["effective_locale"] == language, "it is remembered"


def test_bookmarks_keep_their_order(canvas: Site) -> None:
    def add(name: str) -> Any:
        return canvas.student.post(f"{SELF}/bookmarks", data={"name": name, "url": f"/{name}"}).json()

    first, second = add("a"), add("b")
    moved: httpx.Response = canvas.student.put(f"{SELF}/bookmarks/{second['id']}", data={"position": "1"})
    assert moved.json()["position"] == 1
    assert [row["name"] for row in canvas.student.get(f"{SELF}/bookmarks").json()] == ["b", "a"]
    canvas.student.delete(f"{SELF}/bookmarks/{second['id']}")
    assert [row["position"] for row in canvas.student.get(f"{SELF}/bookmarks").json()] == [1], "the other moves up"
    assert canvas.teacher.get(f"{SELF}/bookmarks/{first['id']}").status_code == 404
    assert canvas.student.delete(f"{SELF}/bookmarks/{first['id']}").json()["name"] == "a"
    assert canvas.student.delete(f"{SELF}/bookmarks/{first['id']}").status_code == 404


def test_favourites(canvas: Site) -> None:
    favorites = f"{SELF}/favorites/courses"
    every = [course["id"] for course in canvas.student.get(favorites).json()]
    assert every, "without a mark, all of one's courses"
    assert canvas.student.post(f"{favorites}/{every[0]}").json() == {"context_id": every[0], "context_type": "Course"}
    assert [course["id"] for course in canvas.student.get(favorites).json()] == every[:1]
    assert canvas.student.delete(favorites).json() == {"status": "ok"}
    assert [course["id"] for course in canvas.student.get(favorites).json()] == every


def test_todo_items_can_be_ignored(canvas: Site) -> None:
    counts = canvas.teacher.get(f"{SELF}/todo_item_count").json()
    assert set(counts) == {"needs_grading_count", "assignments_needing_submitting"}
    items = canvas.student.get(f"{SELF}/todo").json()
    for item in items:
        assert canvas.student.delete(item["ignore"]).json() == {"ignored": True}
    assert canvas.student.get(f"{SELF}/todo").json() == []
    assert canvas.student.delete(f"{SELF}/todo/assignment_1/nonsense").status_code == 400
    assert canvas.student.delete(f"{SELF}/todo/assignment_9999/submitting").status_code == 500


def test_the_help_menu_is_for_everybody_who_signed_in(canvas: Site) -> None:
    links = f"{API}/accounts/self/help_links"
    offered = canvas.student.get(links).json()
    assert [link["id"] for link in offered["custom_help_links"]] == ["search_the_canvas_guides"]
    assert (offered["help_link_name"], offered["help_link_icon"]) == ("Help", "help")
    assert httpx.get(f"{canvas.url}{links}").status_code == 401


def test_a_deleted_student_who_is_enrolled_again_has_no_scores_yet(canvas: Site) -> None:
    enrollments = f"{API}/courses/1/enrollments"
    own = canvas.student.get(f"{SELF}/profile").json()["id"]
    [mine] = canvas.student.get(enrollments, params={"user_id": "self"}).json()
    again = {"enrollment": {"user_id": own, "enrollment_state": "active"}}
    assert canvas.teacher.post(enrollments, json=again).json()["grades"]["final_score"] is not None
    canvas.teacher.delete(f"{enrollments}/{mine['id']}", params={"task": "delete"})
    back = canvas.teacher.post(enrollments, json=again).json()
    assert (back["id"], back["grades"]["final_score"]) == (mine["id"], None)
    [later] = canvas.teacher.get(enrollments, params={"user_id": own}).json()
    assert later["grades"]["final_score"] is not None


def test_an_enrollment_that_is_over_by_its_dates_begins_anew(canvas: Site) -> None:
    enrollments = f"{API}/courses/1/enrollments"
    own = canvas.student.get(f"{SELF}/profile").json()["id"]
    past = {"user_id": own, "start_at": "2001-01-01T00:00:00Z", "end_at": "2001-02-01T00:00:00Z"}
    assert canvas.teacher.post(enrollments, json={"enrollment": past}).json()["enrollment_state"] == "active"
    fresh = canvas.teacher.post(enrollments, json={"enrollment": {"user_id": own}}).json()
    assert fresh["enrollment_state"] == "invited"


def test_courses_without_a_favourite_are_those_taught_first(canvas: Site) -> None:
    account = f"{API}/accounts/self/courses"
    taught = [canvas.admin.post(account, json={"course": {"name": name}, "offer": True}).json() for name in "AZ"]
    own = canvas.teacher.get(f"{SELF}/profile").json()["id"]
    for course, kind in zip(taught, ("TaEnrollment", "TeacherEnrollment"), strict=True):
        wanted = {"user_id": own, "type": kind, "enrollment_state": "active"}
        canvas.admin.post(f"{API}/courses/{course['id']}/enrollments", json={"enrollment": wanted})
    names = [item["name"] for item in canvas.teacher.get(f"{SELF}/favorites/courses").json()]
    assert (names.index("Z") < names.index("A"), names[-1]) == (True, "A")
    assert canvas.teacher.get(f"{API}/courses").json()[0]["name"] == "A", "other lists are by name"


def test_a_user_without_a_login_belongs_to_the_root_account(canvas: Site) -> None:
    own = canvas.student.get(f"{SELF}/profile").json()["id"]
    people = f"{API}/users/{own}/profile"
    assert canvas.admin.delete(f"{API}/accounts/self/users/{own}").status_code == 200
    shown = canvas.admin.get(people)
    assert (shown.status_code, shown.json()["login_id"]) == (200, None)
    assert canvas.teacher.get(people).status_code == 403


def test_missing_logins_and_addresses_are_reported_first(canvas: Site) -> None:
    own = canvas.admin.get(f"{API}/users/101/logins").json()[0]["id"]
    assert canvas.teacher.delete(f"{API}/users/101/logins/999999").status_code == 404
    assert canvas.teacher.delete(f"{API}/users/101/logins/{own}").status_code == 403
    assert canvas.teacher.put(f"{API}/accounts/1/logins/{own}").status_code == 403, "before what is sent is looked at"
    assert canvas.admin.put(f"{API}/accounts/1/logins/{own}").status_code == 400
    listed = canvas.admin.get(f"{API}/accounts/1/logins", params={"user_id": "101"}).json()
    assert [item["id"] for item in listed] == [own]
    assert canvas.teacher.get(f"{API}/accounts/1/logins", params={"user_id": "101"}).status_code == 403
    below = canvas.admin.post(f"{API}/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    assert canvas.admin.get(f"{API}/accounts/{below}/logins").status_code == 400
    address = canvas.admin.get(f"{API}/users/101/communication_channels").json()[0]["id"]
    assert canvas.teacher.delete(f"{API}/users/101/communication_channels/999999").status_code == 404
    assert canvas.teacher.delete(f"{API}/users/101/communication_channels/{address}").status_code == 403


def test_an_announcement_is_shown_to_those_it_is_made_to(canvas: Site) -> None:
    notices = f"{API}/accounts/1/account_notifications"
    said = {"subject": "Break", "message": "Soon", "start_at": "2020-01-01T00:00:00Z", "end_at": "2040-01-01T00:00:00Z"}
    sent = {"account_notification": said, "account_notification_roles": ["StudentEnrollment"]}
    made = canvas.admin.post(notices, json=sent).json()["id"]
    assert canvas.student.get(f"{notices}/{made}").json()["subject"] == "Break"
    assert canvas.teacher.get(f"{notices}/{made}").status_code == 403
    own, old = canvas.student.get(f"{API}/users/self/profile").json()["id"], f"{API}/accounts/1/users"
    assert canvas.student.get(f"{old}/{own}/account_notifications/{made}").json()["id"] == made
    for method, path in (("GET", ""), ("GET", f"/{made}"), ("DELETE", f"/{made}")):
        other = canvas.admin.request(method, f"{old}/{own}/account_notifications{path}")
        assert other.status_code == 404, "it is not the admin's address"
    assert canvas.student.delete(f"{old}/self/account_notifications/{made}").json()["id"] == made
    assert canvas.student.get(f"{notices}/{made}").status_code == 403, "closed"


def test_who_reads_what_a_person_has(canvas: Site) -> None:
    """Oneself, an observer, and who manages the person's logins; a teacher of the person does not."""
    student = canvas.student.get("/api/v1/users/self").json()["id"]
    watcher = {"user": {"name": "Watcher"}, "pseudonym": {"unique_id": "watcher"}}
    made = canvas.admin.post("/api/v1/accounts/1/users", json=watcher).json()["id"]
    canvas.admin.put(f"/api/v1/users/{made}/observees/{student}")
    place, observer = f"/api/v1/users/{student}", {"as_user_id": made}

    def statuses(path: str, **asked: str) -> tuple[int, ...]:
        """What the person, an observer, an administrator and a teacher get."""
        clients = ((canvas.student, {}), (canvas.admin, observer), (canvas.admin, {}), (canvas.teacher, {}))
        return tuple(who.get(f"{place}/{path}", params={**asked, **acting}).status_code for who, acting in clients)

    for path in ("settings", "colors", "dashboard_positions", "history", "missing_submissions", "features"):
        assert statuses(path) == (200, 200, 200, 403), path
    assert statuses("custom_data") == (400, 400, 400, 400), "no namespace"
    assert statuses("custom_data/a", ns="app") == (400, 400, 400, 400), "nothing kept"
    kept = {"ns": "app", "data": "x"}
    assert canvas.admin.put(f"{place}/custom_data/a", json=kept, params=observer).status_code == 403
    assert canvas.student.put(f"{place}/custom_data/a", json=kept).status_code == 201
    assert statuses("custom_data/a", ns="app") == (200, 200, 200, 403)
    assert statuses("graded_submissions") == (200, 403, 200, 403)
    assert statuses("page_views") == (403, 403, 200, 403), "that takes the right to view statistics"
    times = {"start_time": "2030-02-01", "end_time": "2030-01-01"}
    assert statuses("page_views", **times)[2] == 400
    work = {"observed_user_id": student, "course_ids[]": "1"}
    assert canvas.admin.get("/api/v1/users/self/missing_submissions", params=observer | work).status_code == 200
    assert canvas.teacher.get("/api/v1/users/self/missing_submissions", params=work).status_code == 403
    job = canvas.admin.put("/api/v1/accounts/1/courses", json={"event": "offer", "course_ids": ["1"]}).json()
    assert canvas.teacher.post(f"/api/v1/progress/{job['id']}/cancel").status_code == 403
    assert canvas.admin.post(f"/api/v1/progress/{job['id']}/cancel").json()["workflow_state"] == "failed"


def test_nobody_observes_themselves(canvas: Site) -> None:
    student = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    refused = canvas.admin.put(f"{API}/users/{student}/observees/{student}")
    assert refused.status_code == 422
    fault = {"field": "observer_id", "message": "Cannot observe yourself", "error_code": None}
    assert refused.json() == {"errors": [fault]}
    assert canvas.admin.get(f"{API}/users/{student}/observees").json() == []
    observer = canvas.admin.post(
        f"{API}/accounts/1/users", json={"user": {"name": "Ora"}, "pseudonym": {"unique_id": "ora"}}
    )
    assert canvas.admin.put(f"{API}/users/{observer.json()['id']}/observees/{student}").status_code == 200


def test_an_observer_sees_enrollments_and_no_roster(canvas: Site) -> None:
    """Who takes part is for those who read the roster; who signed in lately, for those who read reports."""
    admin, course = canvas.admin, f"{API}/courses/1"
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    watcher = {"user": {"name": "Watcher"}, "pseudonym": {"unique_id": "watcher"}}
    made = admin.post(f"{API}/accounts/1/users", json=watcher).json()["id"]
    admin.put(f"{API}/users/{made}/observees/{student}")
    watching = {"as_user_id": made}
    seen = {row["user_id"] for row in admin.get(f"{course}/enrollments", params=watching).json()}
    assert seen == {made, student}
    for path in ("users", "search_users", "students", "recent_students"):
        assert admin.get(f"{course}/{path}", params=watching).status_code == 403, path
    roster = [canvas.student.get(f"{course}/{path}").status_code for path in ("users", "students", "recent_students")]
    assert roster == [200, 200, 403]
    assert canvas.teacher.get(f"{course}/recent_students").status_code == 200
