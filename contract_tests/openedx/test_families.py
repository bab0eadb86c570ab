"""The families beyond the core, as integrators call them: refusals with their neighbours, the Android app, tubular's
retirement; and operations that are not served say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, OTHER, OTHER_LEARNER
from contract_tests.openedx.replay.worlds.second import RETIREMENT_STATES
from contract_tests.openedx.web import Web

MERGE = "application/merge-patch+json"
FORM = "form"
ENCODED = COURSE.replace("+", "%2B")
INSTRUCTOR = f"/courses/{COURSE}/instructor/api"
RETIREMENT = "/api/user/v1/accounts"


class Row(NamedTuple):
    """One call. `who`: a token, `jwt`/`jwt-learner`, `session`/`session-learner`, or nobody."""

    who: str
    method: str
    path: str
    status: int
    reason: str = ""
    body: Any = None
    kind: str = "application/json"


class Callers:
    """The people of the demo world, with each kind of credentials."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self._jwts = {
            "jwt": web.client_credentials(token_type="jwt").json()["access_token"],
            "jwt-learner": web.password(token_type="jwt").json()["access_token"],
        }
        self._sessions = {
            "session": web.browser(web.info.superuser),
            "session-learner": web.browser(web.info.learner),
        }

    def send(self, row: Row) -> httpx.Response:
        headers, client = {}, self.web.http
        content = row.body if isinstance(row.body, str) else json.dumps(row.body)
        sent: dict[str, Any] = {} if row.body is None else {"content": content}
        if row.kind == FORM:
            sent = {"data": row.body}
        elif row.body is not None:
            headers["Content-Type"] = row.kind
        if row.who in self._sessions:
            client = self._sessions[row.who].http
            headers["X-CSRFToken"] = client.cookies.get("csrftoken") or ""
        elif row.who in self._jwts:
            headers["Authorization"] = f"JWT {self._jwts[row.who]}"
        elif row.who:
            headers["Authorization"] = f"Bearer {row.who}"
        return client.request(row.method, row.path, headers=headers, **sent)


THREAD = {"course_id": COURSE, "topic_id": "course", "type": "discussion", "title": "T", "raw_body": "B"}
BATCH = "/api/completion/v1/completion-batch"
GOAL = "/api/course_home/save_course_goal"
REFUSALS = [
    # mobile
    Row(LEARNER, "GET", "/api/mobile/v1/users/charles", 404, "not_your_account"),
    Row(LEARNER, "GET", "/api/mobile/v1/users/ada", 200),
    Row(LEARNER, "GET", "/api/mobile/v3/course_info/blocks/?username=ada", 400, "course_id_missing"),
    Row(LEARNER, "GET", f"/api/mobile/v3/course_info/blocks/?username=ada&course_id={ENCODED}", 200),
    Row(LEARNER, "GET", f"/api/mobile/v3/course_info/blocks/?username=ada&course_id={ENCODED}&return_type=list", 200),
    # completion
    Row(LEARNER, "POST", BATCH, 403, "permission_denied", {"username": "charles", "course_key": COURSE, "blocks": {}}),
    Row(LEARNER, "POST", BATCH, 400, "invalid_completion", {"username": "ada", "blocks": {}}),
    Row(LEARNER, "POST", BATCH, 200, "", {"username": "ada", "course_key": COURSE, "blocks": {}}),
    # course home, courseware, sequences
    Row(OTHER_LEARNER, "GET", f"/api/course_home/dates/{OTHER}", 401, "not_enrolled"),
    Row(LEARNER, "GET", f"/api/course_home/dates/{OTHER}", 200),
    Row(LEARNER, "GET", "/api/courseware/sequence/zap", 404, "unknown_block"),
    Row(LEARNER, "GET", "/api/learning_sequences/v1/course_outline/notakey", 400, "invalid_course_key"),
    Row(LEARNER, "GET", f"/api/learning_sequences/v1/course_outline/{COURSE}", 200),
    Row(LEARNER, "POST", GOAL, 401, "not_authenticated", {}),
    Row("jwt-learner", "POST", GOAL, 400, "invalid_goal", {}),
    Row(
        "jwt-learner", "POST", GOAL, 200, "", {"course_id": COURSE, "days_per_week": 3, "subscribed_to_reminders": True}
    ),
    # discussions, notifications
    Row(LEARNER, "GET", "/api/discussion/v1/threads/", 400, "invalid_fields"),
    Row(LEARNER, "POST", "/api/discussion/v1/threads/", 200, "", THREAD),
    Row(OTHER_LEARNER, "PATCH", "/api/discussion/v1/threads/1/", 400, "invalid_fields", {"raw_body": "x"}, MERGE),
    Row(LEARNER, "PATCH", "/api/discussion/v1/threads/1/", 415, "unsupported_media_type", {"raw_body": "x"}),
    Row(LEARNER, "PATCH", "/api/discussion/v1/threads/1/", 200, "", {"raw_body": "x"}, MERGE),
    Row(OTHER_LEARNER, "DELETE", "/api/discussion/v1/threads/1/", 403, "permission_denied"),
    Row(LEARNER, "DELETE", "/api/discussion/v1/threads/1/", 204),
    Row("", "POST", f"/api/discussion/v1/courses/{COURSE}/upload", 401, "not_authenticated"),
    Row(LEARNER, "POST", f"/api/discussion/v1/courses/{COURSE}/upload", 400, "no_file"),
    Row(LEARNER, "PATCH", "/api/notifications/read/", 400, "nothing_to_mark", {}),
    Row(LEARNER, "PATCH", "/api/notifications/read/", 200, "", {"app_name": "discussion"}),
    # enrolment by browsers, baskets, entitlements
    Row(
        "session-learner",
        "POST",
        "/change_enrollment",
        400,
        "course_id_not_specified",
        {"enrollment_action": "x"},
        FORM,
    ),
    Row(
        "session-learner", "POST", "/change_enrollment", 400, "enrollment_action_is_invalid", {"course_id": OTHER}, FORM
    ),
    Row(
        "session-learner",
        "POST",
        "/change_enrollment",
        200,
        "",
        {"course_id": OTHER, "enrollment_action": "unenroll"},
        FORM,
    ),
    Row(LEARNER, "POST", "/api/commerce/v0/baskets/", 406, "not_enrolled", {}),
    Row(LEARNER, "POST", "/api/commerce/v0/baskets/", 200, "", {"course_id": OTHER}),
    Row(LEARNER, "GET", "/api/entitlements/v1/entitlements/", 401, "not_authenticated"),
    Row("jwt-learner", "GET", "/api/entitlements/v1/entitlements/", 200),
    Row("jwt-learner", "POST", "/api/entitlements/v1/entitlements/", 403, "permission_denied", {}),
    Row("jwt", "POST", "/api/entitlements/v1/entitlements/", 400, "invalid_entitlement", {}),
    Row(LEARNER, "GET", "/api/credit/v1/courses/", 403, "permission_denied"),
    Row(ADMIN, "GET", "/api/credit/v1/courses/", 200),
    # teaching
    Row(LEARNER, "GET", f"/api/grades/v1/gradebook/{COURSE}/", 403, "user_permissions"),
    Row(ADMIN, "GET", f"/api/grades/v1/gradebook/{COURSE}/", 200),
    Row(
        "session-learner",
        "POST",
        f"{INSTRUCTOR}/list_course_role_members",
        403,
        "permission_denied",
        {"rolename": "staff"},
        FORM,
    ),
    Row("session", "POST", f"{INSTRUCTOR}/list_course_role_members", 400, "invalid_fields", {}, FORM),
    Row("session", "POST", f"{INSTRUCTOR}/list_course_role_members", 200, "", {"rolename": "staff"}, FORM),
    Row("session-learner", "GET", "/support/enrollment/ada", 403, "not_support"),
    Row("session", "GET", "/support/enrollment/ada", 200),
    Row(LEARNER, "GET", "/api/team/v0/teams/none", 404, "unknown_team"),
    Row(LEARNER, "GET", f"/api/team/v0/teams/?course_id={ENCODED}", 200),
    Row(LEARNER, "POST", "/api/bookmarks/v1/bookmarks/", 400, "invalid_bookmark", {"usage_id": "zap"}),
    Row(LEARNER, "GET", "/api/bookmarks/v1/bookmarks/", 200),
    # accounts
    Row("", "POST", "/api/user/v2/account/registration/", 400, "validation_error", {"email": "x"}, FORM),
    Row("", "POST", "/account/password", 403, "csrf_failed", {}, FORM),
    Row("", "POST", "/password_reset/", 200, "", {"email": "x@y.z"}, FORM),
    Row(OTHER_LEARNER, "DELETE", f"{RETIREMENT}/ada/image", 403, "permission_denied"),
    Row(LEARNER, "DELETE", f"{RETIREMENT}/ada/image", 204),
    Row(LEARNER, "GET", "/api/third_party_auth/v0/users/charles", 403, "not_yours"),
    Row(LEARNER, "GET", "/api/third_party_auth/v0/users/ada", 200),
    Row(
        "jwt-learner", "GET", f"{RETIREMENT}/retirement_queue/?cool_off_days=0&states=PENDING", 403, "permission_denied"
    ),
    Row("jwt", "GET", f"{RETIREMENT}/retirement_queue/?cool_off_days=0", 400, "invalid_retirement"),
    Row("jwt", "PATCH", f"{RETIREMENT}/update_retirement_status/", 404, "not_in_retirement", {"username": "nobody"}),
    Row("jwt-learner", "POST", f"{RETIREMENT}/deactivate_logout/", 400, "password_missing", {}, FORM),
    Row("jwt-learner", "POST", f"{RETIREMENT}/deactivate_logout/", 403, "wrong_password", {"password": "x"}, FORM),
]


def test_refusals_and_their_neighbours(web: Web) -> None:
    """In order: some lean on those before."""
    callers = Callers(web)
    for row in REFUSALS:
        answer = callers.send(row)
        refusal = web.refusal
        assert (answer.status_code, refusal.reason if refusal else "") == (row.status, row.reason), (row, answer.text)


def test_the_calls_of_the_android_app(web: Web) -> None:
    """A sign-in with the app's password client, then what it shows: courses, blocks, dates, progress, discussions."""
    signed_in = web.password(token_type="jwt", asymmetric_jwt="true").json()
    app = httpx.Client(base_url=web.url, headers={"Authorization": f"JWT {signed_in['access_token']}"})
    with app:
        me = app.get("/api/mobile/v0.5/my_user_info", follow_redirects=True).json()["username"]
        enrolled = app.get(f"/api/mobile/v3/users/{me}/course_enrollments/").json()["enrollments"]["results"]
        assert {item["course"]["id"] for item in enrolled} == {COURSE, OTHER}
        query = {"course_id": COURSE, "username": me, "depth": "all", "requested_fields": "contains_gated_content"}
        blocks = app.get("/api/mobile/v3/course_info/blocks/", params=query).json()["blocks"]
        last = next(key for key in blocks if "+type@sequential+" in key)
        status = f"/api/mobile/v1/users/{me}/course_status_info/{COURSE}"
        moved = {"last_visited_module_id": last, "modification_date": "2026-11-26T10:00:00Z"}
        assert app.patch(status, json=moved).json()["last_visited_module_id"] == last
        done = {"username": me, "course_key": COURSE, "blocks": {next(k for k in blocks if "+type@html+" in k): 1.0}}
        assert app.post(BATCH, json=done).json() == {"detail": "ok"}
        for path in (
            f"/api/mobile/v1/course_info/{COURSE}/enrollment_details",
            f"/api/mobile/v1/course_info/{COURSE}/handouts",
            f"/api/mobile/v1/course_info/{COURSE}/updates",
            f"/api/course_home/v1/dates/{COURSE}",
            f"/api/course_home/progress/{COURSE}",
            "/api/courses/v1/courses/?mobile=true&search_term=Gateway",
            f"/api/courses/v1/courses/{COURSE}?username={me}",
            f"/api/discussion/v1/courses/{COURSE}",
            f"/api/discussion/v1/course_topics/{COURSE}",
            f"/api/discussion/v1/threads/?course_id={ENCODED}&following=true",
            f"/api/user/v1/accounts/{me}",
            "/api/user/v1/account/registration/",
        ):
            assert app.get(path).status_code == 200, path
        assert app.post("/api/course_experience/v1/reset_course_deadlines", json={"course_key": COURSE}).is_success
        details = {"course_details": {"course_id": OTHER, "email_opt_in": "true"}}
        assert app.post("/api/enrollment/v1/enrollment", json=details).json()["course_details"]["course_id"] == OTHER
        assert (
            app.post("/api/mobile/v1/notifications/create-token/", json={}).status_code == 501
        )  # as on a site without
    opaque = web.password().json()["access_token"]
    with httpx.Client(base_url=web.url, headers={"Authorization": f"Bearer {opaque}"}) as pages:
        assert pages.post("/oauth2/login/").status_code == 204
        assert "sessionid" in pages.cookies
    assert web.revoke(signed_in["refresh_token"]).status_code == 200


class LmsApi:
    """The calls of tubular's `LmsApi`: a worker's JWT, JSON bodies, and an exception for any refusal."""

    def __init__(self, web: Web) -> None:
        token = web.client_credentials(token_type="jwt").json()["access_token"]
        self.http = httpx.Client(base_url=web.url, headers={"Authorization": f"JWT {token}"})

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self.http.request(method, path, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def learners_to_retire(self, states: list[str], cool_off_days: int = 7) -> Any:
        query = {"cool_off_days": cool_off_days, "states": states}
        return self._call("GET", f"{RETIREMENT}/retirement_queue/", params=query)

    def state_of(self, username: str) -> str:
        found = self._call("GET", f"{RETIREMENT}/{username}/retirement_status/")
        return str(found["current_state"]["state_name"])

    def move(self, username: str, state: str, message: str) -> None:
        body = {"username": username, "new_state": state, "response": message}
        self._call("PATCH", f"{RETIREMENT}/update_retirement_status/", json=body)

    def post(self, path: str, username: str) -> Any:
        return self._call("POST", path, json={"username": username})

    def report(self, learner: dict[str, Any]) -> list[dict[str, Any]]:
        self._call("PUT", f"{RETIREMENT}/retirement_partner_report/", json={"username": learner["original_username"]})
        listed: list[dict[str, Any]] = self._call("POST", f"{RETIREMENT}/retirement_partner_report/")
        names = [{"original_username": item["original_username"]} for item in listed]
        self._call("POST", f"{RETIREMENT}/retirement_partner_report_cleanup/", json=names)
        return listed

    def clean_up(self, usernames: list[str]) -> None:
        self._call("POST", f"{RETIREMENT}/retirement_cleanup/", json={"usernames": usernames})


def test_tubular_retires_a_learner(web: Web) -> None:
    """The pipeline of upstream, from the learner's request to the clean-up."""
    world = web.lms.dump()
    world["openedx"]["retirement_states"] = RETIREMENT_STATES
    web.lms.load(world)
    ada = web.info.learner
    learner = web.password(ada, token_type="jwt").json()["access_token"]
    headers = {"Authorization": f"JWT {learner}"}
    asked = web.http.post(f"{RETIREMENT}/deactivate_logout/", data={"password": ada.password}, headers=headers)
    assert asked.status_code == 204
    api = LmsApi(web)
    with api.http:
        assert api.learners_to_retire(["PENDING"]) == []  # it cools off
        (found,) = api.learners_to_retire(["PENDING"], cool_off_days=0)
        name = found["original_username"]
        assert (name, api.state_of(name)) == (ada.username, "PENDING")
        stages: list[tuple[str, str, Callable[[], Any]]] = [
            ("RETIRING_FORUMS", "FORUMS_COMPLETE", lambda: api.post("/api/discussion/v1/accounts/retire_forum", name)),
            ("RETIRING_ENROLLMENTS", "ENROLLMENTS_COMPLETE", lambda: api.post("/api/enrollment/v1/unenroll/", name)),
            ("RETIRING_NOTES", "NOTES_COMPLETE", lambda: api.post(f"{RETIREMENT}/retire_misc/", name)),
            ("RETIRING_LMS", "LMS_COMPLETE", lambda: api.post(f"{RETIREMENT}/retire/", name)),
        ]
        api.move(name, "LOCKING_ACCOUNT", "locking")
        reported = api.report(found)
        assert [(item["original_username"], set(item["orgs"])) for item in reported] == [(name, {"CET", "DemoX"})]
        for before, after, work in stages:
            api.move(name, before, "begun")
            try:
                work()
            except httpx.HTTPStatusError as error:
                assert (before, error.response.status_code) == ("RETIRING_FORUMS", 500)  # as at the recorded commit
            api.move(name, after, "done")
        api.move(name, "COMPLETE", "done")
        assert api.learners_to_retire(["COMPLETE"], cool_off_days=0)[0]["retired_username"] != name
        api.clean_up([name])
        (hidden,) = api.learners_to_retire(["COMPLETE"], cool_off_days=0)
        assert hidden["original_username"] == hidden["retired_username"]
    assert web.http.get(f"{RETIREMENT}/{name}", headers={"Authorization": f"Bearer {ADMIN}"}).status_code == 404
    assert web.password(ada).status_code == 400


def test_the_older_addresses_of_the_user_api(web: Web) -> None:
    key = {"X-Edx-Api-Key": web.info.api_key}
    for path in (
        "users/",
        "user_prefs/",
        "preferences/pref-lang/users/",
        f"forum_roles/Moderator/users/?course_id={ENCODED}",
    ):
        old, new = (web.http.get(f"{base}/v1/{path}", headers=key) for base in ("/user_api", "/api/user"))
        assert (old.status_code, old.json()["results"]) == (200, new.json()["results"]), path
        assert web.http.get(f"/user_api/v1/{path}").status_code == 401
    assert web.http.get("/user_api/v1/account/password_reset/").json()["method"] == "post"


def test_operations_that_are_not_served_say_so(web: Web) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    for method, path in (
        ("GET", "/api/ccx/v0/ccx/"),
        ("POST", "/api/program_enrollments/v1/integration-reset"),
        ("POST", "/api/edx_proctoring/v1/retire_user/1/"),
        ("GET", "/api/edx_proctoring/v1/proctored_exam/exam/exam_id/1"),
    ):
        answer = web.http.request(method, path, headers=headers)
        assert (answer.status_code, "x-emulator-not-emulated" in answer.headers) == (501, True), path
    slashless = web.http.post("/api/edx_proctoring/v1/retire_user/1", headers=headers)
    assert slashless.headers["location"] == "/api/edx_proctoring/v1/retire_user/1/"
    off = web.http.get("/api/embargo/v1/course_access/", headers=headers)  # switched off on a plain site
    assert (off.status_code, "x-emulator-not-emulated" in off.headers) == (404, False)
