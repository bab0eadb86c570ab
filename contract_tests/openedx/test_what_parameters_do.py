"""Parameters that no recording shows an effect of: each is sent and left out, and what differs is what the LMS says.

The ledger of `contract_tests.everywhere.effects` reads these requests.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, OTHER, OTHER_LEARNER, Site
from contract_tests.openedx.test_discussions import COMMENTS, THREADS, begin, change
from contract_tests.openedx.web import Web

ENCODED = COURSE.replace("+", "%2B").replace(":", "%3A")
BETA = f"/courses/{COURSE}/instructor/api/bulk_beta_modify_access"


def titles(site: Site, query: str) -> list[str]:
    return [result["title"] for result in site.get(f"{THREADS}?course_id={ENCODED}&{query}", LEARNER)["results"]]


class TestDiscussions:
    def test_topics_do_not_narrow_the_list_which_is_warned_of(self, site: Site) -> None:
        """As recorded: the LMS documents `topic_id`, and lists the threads of every topic."""
        begin(site, title="At large")
        begin(site, title="Elsewhere", topic_id="help")
        for query in ("", "topic_id=help", "topic_id=course&topic_id=help", "topic_id=nothing"):
            assert titles(site, query) == ["Elsewhere", "At large"]
        (warning,) = site.lms.requests.last.warnings
        assert warning.code == "topic_without_effect"

    def test_threads_by_votes_and_by_answers(self, site: Site) -> None:
        first = begin(site, title="Liked")
        second = begin(site, title="Discussed")
        begin(site, title="Newest")
        change(site, f"{THREADS}{first['id']}/", OTHER_LEARNER, voted=True)
        answer = site.call("POST", COMMENTS, token=LEARNER, body={"thread_id": second["id"], "raw_body": "So"})
        assert answer.status == 200
        assert titles(site, "") == ["Newest", "Discussed", "Liked"]
        assert titles(site, "order_by=vote_count")[0] == "Liked"
        assert titles(site, "order_by=comment_count")[0] == "Discussed"

    def test_only_who_says_so_has_read_a_thread_by_changing_it(self, site: Site) -> None:
        thread = begin(site)
        path = f"{THREADS}{thread['id']}/"
        others = f"{THREADS}?course_id={ENCODED}&view=unread"
        assert json.loads(change(site, path, ADMIN, voted=True).body)["read"] is True, "the answer says so in any case"
        assert len(site.get(others, ADMIN)["results"]) == 1
        assert change(site, path, ADMIN, read=True).status == 200
        assert site.get(others, ADMIN)["results"] == []

    def test_answers_to_an_answer_page_by_page(self, site: Site) -> None:
        thread = begin(site)
        made = site.call("POST", COMMENTS, token=LEARNER, body={"thread_id": thread["id"], "raw_body": "So"})
        above = json.loads(made.body)["id"]
        for text in ("one", "two"):
            body = {"thread_id": thread["id"], "parent_id": above, "raw_body": text}
            assert site.call("POST", COMMENTS, token=LEARNER, body=body).status == 200
        path = f"{COMMENTS}{above}/"
        assert [result["raw_body"] for result in site.get(path, LEARNER)["results"]] == ["one", "two"]
        assert [result["raw_body"] for result in site.get(f"{path}?page_size=1", LEARNER)["results"]] == ["one"]
        assert [result["raw_body"] for result in site.get(f"{path}?page_size=1&page=2", LEARNER)["results"]] == ["two"]

    def test_what_one_wrote_in_a_course(self, site: Site) -> None:
        thread = begin(site)
        body = {"thread_id": thread["id"], "raw_body": "So"}
        assert site.call("POST", COMMENTS, token=LEARNER, body=body).status == 200
        assert len(site.get(f"{COMMENTS}?username=ada&course_id={ENCODED}", LEARNER)["results"]) == 1
        assert site.call("GET", f"{COMMENTS}?username=ada", token=LEARNER).status == 400

    def test_names_of_the_lists_form_are_none_of_one_thread(self, site: Site) -> None:
        path = f"{THREADS}{begin(site)['id']}/"
        site.get(f"{path}?course_id={ENCODED}", LEARNER)
        site.get(f"{path}?following=true", LEARNER)
        assert [(row.name, row.documented) for row in site.lms.requests.last.warnings] == [("following", False)]


def test_how_often_mail_comes_of_one_course(site: Site) -> None:
    path = f"/api/notifications/configurations/{COURSE}"
    sent = {"notification_app": "discussion", "notification_type": "core", "notification_channel": "email"}
    before = site.get(path, LEARNER)
    answer = site.call("PATCH", path, token=LEARNER, body={**sent, "value": False, "email_cadence": "Weekly"})
    assert answer.status == 200, answer.body
    kind = site.get(path, LEARNER)["notification_preference_config"]["discussion"]["notification_types"]["core"]
    assert kind["email_cadence"] == "Weekly"
    assert (
        kind["email"] == before["notification_preference_config"]["discussion"]["notification_types"]["core"]["email"]
    )


class TestBetaTesters:
    def test_they_are_told_and_enrolled_if_wanted(self, web: Web) -> None:
        staff, user = web.browser(web.info.superuser), web.info.other_learner
        enrolled = f"/api/enrollment/v1/enrollment/{user.username},{COURSE}"
        leave = {"action": "unenroll", "identifiers": user.username}
        assert staff.post(f"/courses/{COURSE}/instructor/api/students_update_enrollment", leave).status_code == 200

        def modify(action: str, **more: str) -> list[str]:
            before = len(web.lms.outbox.emails)
            form = {"action": action, "identifiers": user.username, **more}
            assert staff.post(BETA, form).json()["results"][0]["error"] is False
            return [email.subject for email in web.lms.outbox.emails[before:]]

        assert modify("add") == []
        (message,) = modify("add", email_students="true")
        assert message.startswith("You have been invited to a beta test for ")
        assert not staff.get(enrolled).json()["is_active"]
        (message,) = modify("remove", email_students="true", auto_enroll="true")
        assert message.startswith("You have been removed from a beta test for ")
        assert staff.get(enrolled).json()["is_active"], "the LMS enrols whatever the action"


@pytest.mark.parametrize(
    "path",
    [
        "/api/user/v1/user_prefs/",
        "/user_api/v1/user_prefs/",
        "/api/user/v1/preferences/pref-lang/users/",
        "/user_api/v1/preferences/pref-lang/users/",
        f"/api/user/v1/forum_roles/Moderator/users/?course_id={ENCODED}",
        f"/user_api/v1/forum_roles/Moderator/users/?course_id={ENCODED}",
    ],
)
def test_pages_of_lists_for_services(site: Site, path: str) -> None:
    world = site.lms.dump()
    edx = world["openedx"]
    for user in edx["users"]:
        user.setdefault("preferences", {}).update({"pref-lang": "en", "time_zone": "UTC"})
    edx["forum_roles"] = [{"user": row["username"], "role": "Moderator", "course": COURSE} for row in edx["users"][:3]]
    site.lms.load(world)
    mark = "&" if "?" in path else "?"
    key = {"api_key": site.lms.openedx.api_key}
    every = site.get(path, **key)
    assert every["count"] > 1
    page = site.get(f"{path}{mark}page_size=1", **key)
    assert (len(page["results"]), page["count"]) == (1, every["count"])
    if "user_prefs" in path:
        shown = site.get(f"{path}?key=time_zone", **key)["results"]
        assert {row["key"] for row in shown} == {"time_zone"}
        mine = site.get(f"{path}?user={shown[0]['user']['id']}", **key)["results"]
        assert {row["user"]["id"] for row in mine} == {shown[0]["user"]["id"]}
        assert len(mine) < every["count"]


def test_the_configuration_of_one_front_end(site: Site) -> None:
    world = site.lms.dump()
    world["openedx"]["mfe_config_overrides"] = {"learning": {"ENABLE_NOTES": True}}
    world.setdefault("settings", {}).setdefault("openedx", {})["deployment"] = "tutor"
    site.lms.load(world)
    path = "/api/mfe_config/v1"
    assert "ENABLE_NOTES" not in site.get(path)
    assert site.get(f"{path}?mfe=learning")["ENABLE_NOTES"] is True


def test_members_of_a_cohort_page_by_page(site: Site) -> None:
    cohorts = f"/api/cohorts/v1/courses/{COURSE}/cohorts/"
    made = site.call("POST", cohorts, token=ADMIN, body={"name": "Reds", "assignment_type": "manual"})
    assert made.status == 200, made.body
    number = json.loads(made.body)["id"]
    for name in ("ada", "charles"):
        assert site.call("POST", f"{cohorts}{number}/users/{name}", token=ADMIN, body={}).status == 200
    for path in (f"{cohorts}{number}/users/", f"{cohorts}{number}/users/ada"):
        assert len(site.get(path, ADMIN)["results"]) == 2
        assert len(site.get(f"{path}?page_size=1", ADMIN)["results"]) == 1


def test_data_of_experiments_page_by_page(web: Web) -> None:
    browser = web.browser(web.info.learner)
    for key in ("a", "b"):
        form = {"experiment_id": "1", "key": key, "value": "x"}
        assert browser.post("/api/experiments/v0/data/", form).status_code in (200, 201)
    assert len(browser.get("/api/experiments/v0/data/").json()["results"]) == 2
    assert len(browser.get("/api/experiments/v0/data/?page_size=1").json()["results"]) == 1


def test_what_a_filter_says_of_one_entitlement(web: Web) -> None:
    token = web.password(web.info.staff, token_type="jwt").json()["access_token"]
    headers = {"Authorization": f"JWT {token}"}
    path = "/api/entitlements/v1/entitlements/"
    course, other = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "12")
    body = {"user": web.info.learner.username, "course_uuid": course, "mode": "verified"}
    made = web.http.post(path, json=body, headers=headers).json()["uuid"]
    for query, status in (
        ("", 200),
        (f"course_uuid={course}", 200),
        (f"course_uuid={other}", 404),
        (f"uuid={made}", 200),
        (f"uuid={other}", 404),
        ("expired_at__isnull=true", 200),
        ("expired_at__isnull=false", 404),
    ):
        assert web.http.get(f"{path}{made}/?{query}", headers=headers).status_code == status, query


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("area", ["api/user", "user_api"])
def test_the_names_of_an_account_when_signing_in(web: Web, area: str, version: str) -> None:
    user, own = web.info.learner, {"v1": "email", "v2": "email_or_username"}[version]
    for names, status in (({own: user.email}, 200), ({}, 400)):
        browser = web.browser()
        browser.get("/csrf/api/v1/token")
        form = {**names, "password": user.password}
        assert browser.post(f"/{area}/{version}/account/login_session/", form).status_code == status


def test_certificates_as_a_table_by_post(web: Web) -> None:
    path = f"/courses/{COURSE}/instructor/api/get_issued_certificates/"
    staff = web.browser(web.info.staff)
    assert staff.post(path, {}).headers["content-type"].startswith("application/json")
    assert staff.post(f"{path}?csv=true", {}).headers["content-type"] == "text/csv"


BLOCK = "block-v1:CET+GW_01+2021_2022_FA+type@problem+block@quiz1"
PANEL = f"/courses/{COURSE}/instructor/api"
GO_WELL: list[tuple[str, str, dict[str, object] | None]] = [
    ("GET", f"/api/courses/v1/blocks/{BLOCK}?username=ada&depth=all&return_type=list", None),
    ("GET", f"/api/courses/v2/blocks/{BLOCK}?username=ada&depth=all&return_type=list", None),
    ("GET", f"/api/courses/v2/blocks/{BLOCK}?all_blocks=true", None),
    ("GET", f"/courses/{COURSE}/jump_to/{BLOCK}?preview=1", None),
    ("GET", f"/courses/{COURSE}/jump_to_id/quiz1?preview=1", None),
    ("GET", f"/api/instructor/v1/tasks/{COURSE}", None),
    ("GET", f"/api/instructor/v1/reports/{COURSE}", None),
    ("GET", "/dashboard", None),
    ("GET", "/heartbeat", None),
    ("PATCH", f"/api/commerce/v1/courses/{COURSE}/", {"modes": [{"name": "audit", "price": 0, "currency": "usd"}]}),
    ("POST", "/search/course_discovery/", {"search_string": "engines", "page_size": "1"}),
    ("POST", f"/search/{COURSE}", {"search_string": "engines", "page_size": "1"}),
    ("POST", "/user_api/v1/preferences/email_opt_in/", {"course_id": COURSE, "email_opt_in": "true"}),
    ("POST", f"{PANEL}/list_forum_members", {"rolename": "Moderator"}),
    ("POST", f"{PANEL}/show_student_extensions", {"student": "ada"}),
    ("POST", f"{PANEL}/get_problem_responses", {"problem_location": BLOCK}),
    ("POST", f"{PANEL}/enable_certificate_generation", {"certificates-enabled": "true"}),
    ("POST", "/support/enrollment/charles", {"course_id": OTHER, "mode": "honor", "reason": "asked"}),
    (
        "PATCH",
        "/support/enrollment/charles",
        {"course_id": COURSE, "old_mode": "audit", "new_mode": "verified", "reason": "asked"},
    ),
    ("POST", "/support/manage_user/charles", {"comment": "asked"}),
]
"""As the superuser, signed in; a PATCH of these goes as JSON, a POST as a form."""


@pytest.mark.parametrize(("method", "path", "fields"), GO_WELL, ids=[f"{pair[0]} {pair[1]}" for pair in GO_WELL])
def test_requests_that_nothing_else_makes(web: Web, method: str, path: str, fields: dict[str, object] | None) -> None:
    browser = web.browser(web.info.superuser)
    token = {"X-CSRFToken": browser.http.cookies.get("csrftoken") or ""}
    sent = {} if fields is None else {"data": fields} if method == "POST" else {"json": fields}
    answer = browser.http.request(method, path, headers=token, **sent)
    assert answer.status_code < 400, answer.text
    assert "/login" not in answer.headers.get("location", "")


def test_members_of_a_teamset(site: Site) -> None:
    world, team = (
        site.lms.dump(),
        {"discussion_topic_id": "d", "course": COURSE, "date_created": "2026-01-01T00:00:00Z"},
    )
    course = next(course for course in world["openedx"]["courses"] if course["id"] == COURSE)
    course["teamsets"] = [{"id": name, "name": name} for name in ("reading", "empty")]
    course["teamsets"].append({"id": "secret", "name": "secret", "type": "private_managed"})
    for name, topic, user in (("a", "reading", "ada"), ("b", "secret", "staff")):
        member = {"user": user, "date_joined": "2026-01-01T00:00:00Z", "last_activity_at": "2026-01-01T00:00:00Z"}
        more = {"id": name, "name": name, "topic_id": topic, "members": [member]}
        world["openedx"].setdefault("teams", []).append({**team, **more, "last_activity_at": "2026-01-01T00:00:00Z"})
    site.lms.load(world)
    site.enroll(LEARNER)

    def members(query: str, token: str = LEARNER) -> tuple[int, Any]:
        answer = site.call("GET", f"/api/team/v0/team_membership/?{query}", token=token)
        body = json.loads(answer.body or "null")
        found = [row["team"]["team_id"] for row in body["results"]] if answer.status == 200 else body
        return answer.status, found if answer.status == 200 or body is None else body["user_message"]

    here = f"course_id={ENCODED}&teamset_id"
    unknown = (404, "No teamset found in given course with given id")
    assert members(f"{here}=reading") == (200, ["a"])
    assert members(f"{here}=empty") == (200, [])
    assert members(f"{here}=none") == unknown
    assert members(f"{here}=secret") == unknown
    assert members(f"{here}=secret", ADMIN) == (200, ["b"])
    assert members("course_id=course-v1:no+such+course&teamset_id=reading") == (404, None)
    assert members("teamset_id=reading") == (400, "teamset_id requires course_id to also be provided.")
    assert members(f"{here}=reading&team_id=a") == (400, "teamset_id and team_id are mutually exclusive options.")
    assert members("team_id=a") == (200, ["a"])


def test_an_entitlement_is_replaced(web: Web) -> None:
    token = web.password(web.info.staff, token_type="jwt").json()["access_token"]
    headers = {"Authorization": f"JWT {token}"}
    path, course = "/api/entitlements/v1/entitlements/", "11111111-1111-4111-8111-111111111111"
    body = {"user": web.info.learner.username, "course_uuid": course, "mode": "verified"}
    made = web.http.post(path, json=body, headers=headers).json()["uuid"]
    answer = web.http.put(f"{path}{made}/", json=body | {"mode": "professional"}, headers=headers)
    assert (answer.status_code, answer.json()["mode"]) == (200, "professional")


def test_parts_of_pages_that_are_not_served_say_so(web: Web) -> None:
    """Forms of Django's admin for the records that are only listed; exceptions for certificates."""
    staff = web.browser(web.info.superuser)
    exception = f"{PANEL}/certificate_exception_view/"
    for answer in (
        staff.get("/admin/oauth2_provider/refreshtoken/add/"),
        staff.post("/admin/oauth2_provider/grant/add/", {"code": "x"}),
        staff.post(exception, {"user": web.info.learner.username}),
    ):
        assert (answer.status_code, "x-emulator-not-emulated" in answer.headers) == (501, True)
    assert staff.get("/admin/oauth2_provider/refreshtoken/").status_code == 200
    assert staff.get("/admin/oauth2_provider/application/add/").status_code == 200
    assert "is not enrolled" in staff.post(exception, {"user": web.info.inactive.username}).text
    assert staff.post("/support/manage_user/nobody", {}).status_code == 500
    assert web.lms.requests.last.outcome == "provider_defect"
