"""Unsupported methods: what is refused before the 405, and which URLs answer any method."""

from __future__ import annotations

import json

import pytest

from contract_tests.openedx.conftest import COURSE, LEARNER, Site
from contract_tests.openedx.web import Web

CCX = "/api/ccx/v0/ccx/"
"""Resources that are not served."""
PROCTORING = "/api/edx_proctoring/v1/proctored_exam/active_attempt"
PAGE = f"/courses/{COURSE}/discussion/upload"
NAVIGATION = f"/courses/{COURSE}"


def test_a_resource_that_is_not_served_authenticates_before_it_looks_at_the_method(site: Site) -> None:
    for token, status, body in (
        (None, 401, {"detail": "Authentication credentials were not provided."}),
        ("nobody's", 401, None),
        (site.lms.openedx.access_tokens.superuser, 405, {"detail": 'Method "PUT" not allowed.'}),
    ):
        answer = site.call("PUT", CCX, token=token)
        assert (answer.status, answer.first("allow")) == (status, "GET, POST, HEAD, OPTIONS")
        assert body in (None, json.loads(answer.body))
    # its methods are not emulated, but what does not hold is refused by them too
    assert site.call("GET", CCX, token="nobody's").status == 401
    assert site.call("GET", CCX, token=LEARNER).status == 501
    assert site.call("OPTIONS", CCX, token=LEARNER).status == 501


def test_where_sessions_come_first_anonymous_callers_get_403_and_public_resources_405(site: Site) -> None:
    assert site.call("PUT", PROCTORING).status == 403
    assert site.call("PUT", PROCTORING, token=LEARNER).status == 403  # it reads no opaque tokens
    assert site.call("PUT", "/forum/api/v1/threads").status == 405


def test_a_view_checks_the_csrf_token_before_the_method(web: Web) -> None:
    assert (web.http.put(PAGE).status_code, web.refusal.reason) == (403, "csrf_failed")
    answer = web.http.get(PAGE)
    assert (answer.status_code, answer.headers["allow"], answer.text) == (405, "POST", "")
    secret = "a" * 32
    passed = {"Cookie": f"csrftoken={secret}", "X-CSRFToken": secret}
    answer = web.http.post("/login", headers=passed)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    answer = web.http.post("/_o/applications/", headers=passed)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/dashboard", "/account/", "/favicon.ico", f"{NAVIGATION}/dates"])
def test_a_view_without_method_checks_answers_any_method(web: Web, path: str) -> None:
    location = web.http.get(path).headers["location"]
    secret = "a" * 32
    for method in ("POST", "DELETE"):
        assert web.http.request(method, path).status_code == 403
        answer = web.http.request(method, path, headers={"Cookie": f"csrftoken={secret}", "X-CSRFToken": secret})
        assert answer.headers["location"] == location
    assert web.http.options(path).headers["location"] == location


def test_a_tool_may_use_no_other_method_of_a_service(site: Site) -> None:
    answer = site.call("PUT", "/api/lti_consumer/v1/lti/1/lti-ags")
    assert (answer.status, json.loads(answer.body)) == (403, {"detail": "Missing LTI 1.3 authentication token."})


def test_pages_of_a_course_lead_on_with_their_query(web: Web) -> None:
    learner = web.browser(web.info.learner).http
    for path, target in (
        ("/dates?a=b%20c&d=", "/dates?a=b+c&d="),
        ("/course/?x=1", "/home?x=1"),
        ("/progress/7/", "/progress/7"),
        ("/jump_to/block-v1:CET+GW_01+2021_2022_FA+type@html+block@gone", ""),
    ):
        assert learner.get(NAVIGATION + path).headers["location"].endswith(f"/course/{COURSE}{target}")
    assert learner.get(f"{NAVIGATION}/jump_to/nothing").status_code == 404
    staff = web.browser(web.info.staff).http
    assert "Course Progress for Student" in staff.get(f"{NAVIGATION}/progress").text
    assert staff.get(f"{NAVIGATION}/progress/999999/").status_code == 404
