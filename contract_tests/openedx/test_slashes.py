"""The final slash that a URL lacks: Django adds it before it looks at the session, where that URL has a route."""

from __future__ import annotations

import pytest

from contract_tests.openedx.web import Web


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_missing_slash_is_added_with_any_method(web: Web, method: str) -> None:
    answer = web.http.request(method, "/api/courses/v1/courses?page_size=1&org=a%20b")
    assert (answer.status_code, answer.headers["location"]) == (301, "/api/courses/v1/courses/?page_size=1&org=a%20b")
    assert not {"vary", "content-language", "set-cookie", "x-frame-options"} & set(answer.headers)


def test_the_path_is_quoted_as_django_quotes_it(web: Web) -> None:
    answer = web.http.get("/api/grades/v1/courses/course-v1%3Aa%2Bb%2Bc%C3%A9")
    assert answer.headers["location"] == "/api/grades/v1/courses/course-v1:a+b+c%C3%A9/"


def test_by_prefix_the_prefix_is_preserved(web: Web) -> None:
    answer = web.http.get(f"{web.lms.url}/openedx/api-docs")
    assert answer.headers["location"] == "/openedx/api-docs/"


def test_a_slash_is_never_taken_away(web: Web) -> None:
    assert web.http.get("/api/user/v1/me/").status_code == 404
    assert web.http.get("/nowhere").status_code == 404
    assert web.refusal.reason == "page_not_found"


def test_the_session_is_looked_at_only_after_the_slash(web: Web) -> None:
    broken = {"Cookie": "sessionid=garbage"}
    assert web.http.get("/api-docs", headers=broken).status_code == 301
    assert web.http.get("/api-docs/", headers=broken).status_code == 500
    assert web.http.get("/nowhere", headers=broken).status_code == 500
    assert web.http.put("/admin/", headers=broken).status_code == 500
    assert web.http.put("/admin/").status_code == 403
    assert web.refusal.reason == "csrf_failed"
