"""Filters of lists that few clients send."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.openedx.conftest import COURSE
from contract_tests.openedx.web import Web

ENTITLEMENTS = "/api/entitlements/v1/entitlements/"
ONE, OTHER = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "12")


def caller(web: Web, user: Any) -> httpx.Client:
    token = web.password(user, token_type="jwt").json()["access_token"]
    return httpx.Client(base_url=web.url, headers={"Authorization": f"JWT {token}"}, trust_env=False)


def test_entitlements(web: Web) -> None:
    info = web.info
    with caller(web, info.staff) as staff, caller(web, info.learner) as learner:
        made = {}
        for user, course in ((info.learner, ONE), (info.learner, OTHER), (info.staff, ONE)):
            body = {"user": user.username, "course_uuid": course, "mode": "verified"}
            made[user.username, course] = staff.post(ENTITLEMENTS, json=body).json()["uuid"]

        def shown(client: httpx.Client, query: str) -> list[str]:
            return [result["uuid"] for result in client.get(f"{ENTITLEMENTS}?{query}").json()["results"]]

        first, second = made[info.learner.username, ONE], made[info.learner.username, OTHER]
        assert shown(staff, "") == [made[info.staff.username, ONE]], "their own, unless somebody is named"
        assert shown(staff, f"user={info.learner.username}") == [first, second]
        assert len(shown(staff, "user=")) == 3
        assert shown(learner, f"user={info.staff.username}") == []
        assert shown(learner, f"course_uuid={OTHER}") == [second]
        assert shown(learner, f"uuid={first},{second}") == [first, second]
        assert staff.delete(f"{ENTITLEMENTS}{first}/").status_code == 204
        assert shown(learner, "expired_at__isnull=true") == [second]
        assert shown(learner, "expired_at__isnull=false") == [first]
        path = f"{ENTITLEMENTS}{second}/"
        assert staff.get(f"{path}?user={info.learner.username}").status_code == 200
        assert staff.get(f"{path}?user={info.staff.username}").status_code == 404


def test_issued_certificates_as_a_table(web: Web) -> None:
    staff = web.browser(web.info.staff).http
    path = f"/courses/{COURSE}/instructor/api/get_issued_certificates/"
    rows = staff.get(path).json()["certificates"]
    answer = staff.get(path, params={"csv": "TRUE"})
    assert answer.headers["content-disposition"] == "attachment; filename=issued_certificates.csv"
    assert answer.headers["content-type"] == "text/csv"
    head, *lines = answer.text.splitlines()
    assert head == '"CourseID","Certificate Type","Total Certificates Issued","Date Report Run"'
    assert lines == [",".join(f'"{value}"' for value in row.values()) for row in rows]
    assert len(lines) > 0
    assert web.browser(web.info.learner).get(path).status_code == 403


def test_courses_by_permission(web: Web) -> None:
    web.lms.settings["openedx.release"] = "2025-07"

    def ids(token: str, query: str) -> set[str]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = web.http.get(f"/api/courses/v1/courses/?page_size=50&{query}", headers=headers)
        return {result["id"] for result in answer.json()["results"]}

    tokens, name = web.info.access_tokens, f"username={web.info.learner.username}"
    every = ids(tokens.learner, name)
    assert COURSE in every
    assert ids(tokens.learner, f"{name}&permissions=see_exists") == every
    assert ids(tokens.learner, f"{name}&permissions=staff") == set()
    mine = f"username={web.info.superuser.username}&permissions=staff&permissions=instructor"
    assert ids(tokens.superuser, mine) >= every
