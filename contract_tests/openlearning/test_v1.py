"""The old provisioning API: HTTP Basic, forms, and the slash that matters."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.openlearning.site import Site


def call(site: Site, method: str, path: str, *, auth: Any = ..., **more: Any) -> httpx.Response:
    if auth is ...:
        auth = (site.info.v1.username, site.info.v1.password)
    return site.http.request(method, path, auth=auth, **more)


def post(site: Site, path: str, data: Any = None, **more: Any) -> httpx.Response:
    return call(site, "POST", path, data=data, **more)


COURSE = "/api/provision/course/myNewCourse/"


def test_a_course_is_made_and_found_by_the_api(site: Site) -> None:
    response = post(site, COURSE, {"title": "My New Course", "category": "Science"})
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "path": "courses/myNewCourse",
        "url": f"{site.url}/courses/myNewCourse",
    }
    url = "https://www.openlearning.com/courses/myNewCourse"
    found = site.get("/courses/", params={"url": url}).json()["data"]
    assert [course["title"] for course in found] == ["My New Course"]
    classes = site.get(f"/courses/{found[0]['id']}/classes/").json()["data"]
    year = site.lms.clock.now.year
    assert [klass["title"] for klass in classes] == [f"Class of {year}"]
    assert site.sign_on(class_id=classes[0]["id"]).status_code == 200
    assert call(site, "GET", COURSE).json() == response.json()
    page = site.http.get("/courses/myNewCourse", follow_redirects=True)
    assert "currently unavailable" in page.text


def test_without_its_slash_a_post_is_redirected_and_would_lose_its_fields(site: Site) -> None:
    response = post(site, COURSE.rstrip("/"), {"title": "T"})
    assert response.status_code == 301
    assert response.content == b""
    assert response.headers["location"] == f"{site.url}{COURSE}"
    assert site.warnings() == ["missing_trailing_slash"]
    followed = post(site, COURSE.rstrip("/"), {"title": "T"}, follow_redirects=True)
    assert followed.request.method == "GET"
    assert followed.status_code == 404
    assert post(site, COURSE, {"title": "T"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/provision/course/courses/myNewCourse/", "old form"),
        ("/api/provision/course/courses/myNewCourse", "old form"),
        ("/api/provision/class/courses/analytical-engines/", "omit `courses/`"),
        ("/api/provision/course/my%20course/", "letters"),
        ("/api/nothing/", None),
    ],
)
def test_paths_that_do_not_exist(site: Site, path: str, words: str | None) -> None:
    response = post(site, path, {"title": "T"})
    assert response.status_code == 404
    assert response.json() == {"success": False, "error": "Not found"}
    assert words is None or words in site.refusal().diagnosis


def test_basic_credentials(site: Site) -> None:
    username, password = site.info.v1.username, site.info.v1.password
    data = {"title": "T"}
    for auth in (None, (username, "wrong"), ("nobody", password), (username, ""), ("annie.easley", password), ("", "")):
        response = post(site, COURSE, data, auth=auth)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Basic realm="OpenLearning"'
        assert response.json()["success"] is False
    for header in ("Basic", "Basic !!!", "Basic Z3JhY2U=", "Basic ÿ".encode("latin-1"), "Digest x"):
        response = post(site, COURSE, data, auth=None, headers={"Authorization": header})
        assert response.status_code == 401
    assert post(site, COURSE, data, auth=(username.upper(), password)).status_code == 200
    assert call(site, "GET", COURSE, auth=("grace.hopper@example.edu", password)).status_code == 200


def test_api_keys_are_refused_here(site: Site) -> None:
    response = post(site, COURSE, {"title": "T"}, auth=None, params={"api_key": site.info.api_key})
    assert response.status_code == 401
    assert site.refusal().diagnosis == "the v1 API does not take API keys"


def test_the_right_to_make_courses(site: Site) -> None:
    member = ("alan.turing", "bombe-and-banburismus")
    other = ("annie.easley", "centaur-upper-stage")
    assert post(site, COURSE, {"title": "T"}, auth=member).status_code == 403
    assert post(site, COURSE, {"title": "T"}).status_code == 200
    for path in ("/api/provision/class/myNewCourse/", "/api/course/status/myNewCourse/"):
        assert post(site, path, {"title": "T", "status": "online"}, auth=other).status_code == 403
        assert post(site, path, {"title": "T", "status": "online"}).status_code == 200


def test_a_course_needs_a_title_and_a_free_path(site: Site) -> None:
    assert post(site, COURSE, {}).status_code == 400
    assert post(site, COURSE, {"title": " "}).status_code == 400
    assert post(site, COURSE, json={"title": "T"}).status_code == 400
    assert "no_form_content_type" in site.warnings()
    assert post(site, COURSE, {"title": "T"}).status_code == 200
    assert post(site, COURSE, {"title": "T"}).status_code == 400
    assert site.refusal().reason == "v1_taken"
    assert post(site, "/api/provision/course/MYNEWCOURSE/", {"title": "T"}).status_code == 400


def test_get_never_makes_anything(site: Site) -> None:
    assert call(site, "GET", COURSE, params={"title": "T"}).status_code == 404
    assert call(site, "GET", COURSE).status_code == 404


CLASS = "/api/provision/class/analytical-engines/"


def test_a_class_is_made(site: Site) -> None:
    fields = {
        "title": "First Class",
        "type": "requires-activation-code",
        "isBilled": "true",
        "studentPrice": "12.00",
        "currency": "AUD",
        "activationCode": "abc",
        "startDate": "2026-02-01T09:00:00Z",
    }
    response = post(site, CLASS, fields)
    assert response.json() == {
        "success": True,
        "class": {
            "path": "courses/analytical-engines/Cohorts/FirstClass",
            "title": "First Class",
            "type": "requires-activation-code",
        },
    }
    assert post(site, CLASS, fields).status_code == 400
    classes = site.get(f"/courses/{site.info.course_id}/classes/").json()["data"]
    assert classes[-1]["title"] == "First Class"
    assert call(site, "GET", CLASS, params={"title": "First Class"}).json() == response.json()
    assert call(site, "GET", CLASS).json()["class"]["title"] == "Class of 2020"
    assert call(site, "GET", CLASS, params={"title": "x"}).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"type": "secret"},
        {"type": "requires-activation-code"},
        {"isBilled": "yes"},
        {"studentPrice": "free"},
        {"studentPrice": "1.234"},
        {"currency": "dollars"},
        {"startDate": "tomorrow"},
    ],
)
def test_invalid_class_fields(site: Site, fields: dict[str, str]) -> None:
    assert post(site, CLASS, {"title": "First Class"} | fields).status_code == 400
    assert site.refusal().reason == "v1_field"
    assert post(site, CLASS, {"title": "First Class"}).status_code == 200


def test_a_class_of_an_unknown_course(site: Site) -> None:
    assert post(site, "/api/provision/class/nothing/", {"title": "T"}).status_code == 404


def test_putting_a_course_online_and_offline(site: Site) -> None:
    post(site, COURSE, {"title": "T"})
    status = "/api/course/status/myNewCourse/"
    assert call(site, "GET", status).json() == {"success": True, "status": "offline"}
    assert post(site, status, {"status": "sideways"}).status_code == 400
    assert post(site, status, {"status": "online"}).json() == {"success": True, "status": "online"}
    assert "currently unavailable" not in site.http.get("/courses/myNewCourse/").text
    assert post(site, status, {"status": "offline"}).json()["status"] == "offline"
    site.lms.settings["openlearning.v1_course_online"] = True
    post(site, "/api/provision/course/another/", {"title": "T"})
    assert call(site, "GET", "/api/course/status/another/").json()["status"] == "online"


def test_the_public_course_list(site: Site) -> None:
    def names(kind: str | None) -> list[str]:
        response = site.http.get("/api/courses/list", params={"type": kind} if kind else {})
        return [course["name"] for course in response.json()["courses"]]

    assert names(None) == names("free,paid") == ["Analytical Engines", "Rocket Science"]
    assert names("free") == ["Analytical Engines"]
    assert names("paid") == ["Rocket Science"]
    assert names("x") == []
    course = site.http.get("/api/courses/list").json()["courses"][0]
    assert list(course) == [
        "name", "courseUrl", "image", "summary", "promoMediaUrl", "category", "duration", "price", "creator",
    ]  # fmt: skip
    assert course["creator"]["profileUrl"] == f"{site.url}/u/gracehopper/"


def test_a_broken_multipart_body(site: Site) -> None:
    response = call(site, "POST", COURSE, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert response.status_code == 400
