"""Studio's course runs, and the e-mail settings of a course."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, Site
from contract_tests.openedx.web import Web

RUNS = "/api/v1/course_runs/"
NEW = {
    "org": "New",
    "number": "N1",
    "run": "2027",
    "title": "Numbers",
    "pacing_type": "self_paced",
    "schedule": {"start": "2027-01-01T00:00:00Z", "end": "2027-06-01T00:00:00Z"},
    "team": [{"user": "ada", "role": "staff"}],
}


def test_a_run_is_made_changed_and_run_again(site: Site, web: Web) -> None:
    own = site.lms.openedx.clients.client_credentials
    client = {"client_id": own.client_id, "client_secret": own.client_secret}
    form = {"grant_type": "client_credentials", "token_type": "jwt", **client}
    token = web.http.post("/oauth2/access_token", data=form).json()["access_token"]

    def call(method: str, path: str = RUNS, **body: Any) -> tuple[int, Any]:
        answer = site.call(method, path, jwt=token, body=body or None)
        return answer.status, json.loads(answer.body)

    assert site.call("GET", RUNS, token=LEARNER).status == 401
    assert [result["id"] for result in call("GET")[1]["results"]][:1] == [COURSE]
    status, made = call("POST", **NEW)
    assert (status, made["pacing_type"], made["schedule"]["enrollment_end"]) == (201, "self_paced", None)
    assert {(item["user"], item["role"]) for item in made["team"]} == {
        ("api-user", "instructor"),
        ("api-user", "staff"),
        ("ada", "staff"),
    }
    path = f"{RUNS}{made['id']}/"
    assert call("PATCH", path, title="Numbers 1")[1]["title"] == "Numbers 1"
    assert len(call("GET", path)[1]["team"]) == 3
    assert call("PUT", path, title="Numbers 2")[1]["team"] == []
    assert call("POST", **{**NEW, "run": "2028", "team": [{"user": "nobody", "role": "staff"}]}) == (
        400,
        {"team": ["Course team user does not exist"]},
    )
    status, again = call("POST", f"{RUNS}{COURSE}/rerun/", run="2027")
    assert (status, again["id"]) == (201, "course-v1:CET+GW_01+2027")
    assert call("POST", f"{RUNS}{COURSE}/rerun/", run="2027") == (
        400,
        {"run": ["Course run course-v1:CET+GW_01+2027 already exists"]},
    )
    courses = site.get("/api/courses/v1/courses/", LEARNER)["results"]
    assert {made["id"], again["id"]} <= {course["id"] for course in courses}
    assert site.get(f"/api/courses/v2/blocks/?course_id={again['id'].replace('+', '%2B')}&all_blocks=true", ADMIN)[
        "blocks"
    ]


def test_accepted_and_refused_emails(site: Site) -> None:
    def wants_none() -> bool:
        courses = site.get("/api/learner_home/init", LEARNER)["courses"]
        (found,) = (course for course in courses if course["courseRun"]["courseId"] == COURSE)
        return bool(found["enrollment"]["hasOptedOutOfEmail"])

    for wanted in ("", "on"):
        body = {"course_id": COURSE, "receive_emails": wanted}
        assert site.call("POST", "/api/change_email_settings", token=LEARNER, body=body).status == 200
        assert wants_none() is (not wanted)
    assert site.call("POST", "/api/change_email_settings", body={"course_id": COURSE}).status == 401


def test_missed_deadlines(site: Site) -> None:
    path = "/api/course_experience/v1/course_deadlines_info"
    assert site.get(f"{path}/{COURSE}", LEARNER)["dates_banner_info"]["missed_deadlines"] is False
    assert site.call("GET", f"{path}/course-v1:No+Such+Course", token=LEARNER).status == 404
    assert site.call("GET", f"{path}/{COURSE}").status == 401
