"""Institutions, courses, classes and users: bodies as captured, filters, pages, slashes, ids."""

from __future__ import annotations

import pytest

from contract_tests.openlearning.site import Site


def test_institutions_look_as_captured(site: Site) -> None:
    body = site.get("/users/me/institutions/").json()
    assert list(body) == ["meta", "data"]
    assert body["meta"] == {"status": 200}
    assert body["data"] == [{"id": "lakeside", "url": f"{site.url}/lakeside", "name": "Lakeside College"}]


def test_institutions_of_others(site: Site) -> None:
    managed = site.info.managed_user.id
    assert site.get(f"/users/{managed}/institutions/").json()["data"][0]["id"] == "lakeside"
    assert site.get(f"/users/{managed}/institutions/", key=site.info.member_api_key).status_code == 403
    assert site.get(f"/users/{managed}/enrolments/", key=site.info.member_api_key).status_code == 403
    assert site.get("/users/ffffffffffffffffffffffff/institutions/").status_code == 404


def test_courses_look_as_captured(site: Site) -> None:
    full = site.get("/courses/", params={"url": site.info.course_url}).json()["data"]
    assert [list(course) for course in full] == [["id", "url", "title", "image", "self_paced", "summary"]]
    assert full[0]["url"] == f"{site.url}/lakeside/courses/analytical-engines/"
    offline = site.get("/institutions/lakeside/courses/").json()["data"][1]
    assert list(offline) == ["id", "url", "title", "image", "self_paced", "price"]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.openlearning.com/lakeside/courses/analytical-engines/",
        "https://www.openlearning.com/lakeside/courses/analytical-engines",
        "http://openlearning.com/lakeside/courses/analytical-engines/",
        "www.openlearning.com/lakeside/courses/analytical-engines",
        "https://www.openlearning.com/courses/analytical-engines",
        "https://www.openlearning.com/lakeside/courses/analytical-engines/?cl=1",
        "{base}/lakeside/courses/analytical-engines/",
    ],
)
def test_courses_by_url(site: Site, url: str) -> None:
    response = site.get("/courses/", params={"url": url.format(base=site.url)})
    assert [course["id"] for course in response.json()["data"]] == [site.info.course_id]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "analytical-engines",
        "https://www.openlearning.com/hilltop/courses/analytical-engines/",
        "https://www.openlearning.com/hilltop/courses/compilers/",
        "https://evil.example/lakeside/courses/analytical-engines/",
        "https://[broken/courses/x",
    ],
)
def test_no_course_at_a_url_is_an_empty_list_with_a_warning(site: Site, url: str) -> None:
    response = site.get("/courses/", params={"url": url})
    assert response.status_code == 200
    assert response.json()["data"] == []
    assert "no_match" in site.warnings()


def test_a_url_that_was_not_encoded_is_noticed(site: Site) -> None:
    key = site.info.api_key
    site.http.get(f"/v2.1/courses/?url=https://www.openlearning.com/lakeside/courses/x?a=1&b=2&api_key={key}")
    assert "url_not_encoded" in site.warnings()


def test_featured_and_visible_courses(site: Site) -> None:
    def slugs(**more: object) -> list[str]:
        return [course["url"].split("/")[-2] for course in site.get("/courses/", **more).json()["data"]]

    assert slugs() == ["analytical-engines", "number-theory", "rocket-science"]
    assert slugs(key=site.info.other_api_key) == ["analytical-engines", "compilers", "rocket-science"]
    assert slugs(params={"featured": "true"}) == ["analytical-engines"]
    assert slugs(params={"featured": "false"}) == ["number-theory", "rocket-science"]
    assert site.get("/courses/", params={"featured": "yes"}).status_code == 400


def test_classes_look_as_captured(site: Site) -> None:
    classes = site.get(f"/courses/{site.info.course_id}/classes/").json()["data"]
    assert [list(klass) for klass in classes] == [["title", "created_by", "id"]] * 2
    assert [klass["id"] for klass in classes] == [site.info.class_id, site.info.other_class_id]


def test_a_class_id_in_the_place_of_a_course_id_is_named_in_the_journal_only(site: Site) -> None:
    response = site.get(f"/courses/{site.info.class_id}/classes/")
    assert response.status_code == 404
    assert "class" not in response.text.lower()
    assert site.refusal().diagnosis == "that id is a class, not a course"


def test_classes_of_a_course_that_the_key_may_not_see(site: Site) -> None:
    compilers = "5f00000000000000000c0003"
    assert site.get(f"/courses/{compilers}/classes/").status_code == 403
    assert site.get(f"/courses/{compilers}/classes/", key=site.info.other_api_key).status_code == 200


def test_users(site: Site) -> None:
    managed = site.info.managed_user
    mine = site.get("/users/me/").json()["data"]
    assert mine["full_name"] == "Grace Hopper"
    found = site.get("/users/", params={"profile_name": "adalovelace"}).json()["data"]
    assert [user["id"] for user in found] == [managed.id]
    assert found[0] == site.get(f"/users/{managed.id}/").json()["data"]
    assert found[0]["primary_email_address"] == managed.email
    seen_by_member = site.get(f"/users/{managed.id}/", key=site.info.member_api_key).json()["data"]
    assert "primary_email_address" not in seen_by_member
    assert site.get("/users/", params={"profile_name": "nobody"}).json()["data"] == []
    assert site.get("/users/").status_code == 400


# slashes and unknown paths


@pytest.mark.parametrize("path", ["/users/me/institutions", "/courses", "/institutions/lakeside/managed-users"])
def test_a_missing_slash_is_404_and_named(site: Site, path: str) -> None:
    assert site.get(f"{path}/").status_code == 200
    assert site.get(path).status_code == 404
    assert site.refusal().reason == "missing_trailing_slash"
    assert site.warnings() == ["missing_trailing_slash"]


def test_a_missing_slash_redirects_by_setting(site: Site) -> None:
    site.lms.settings["openlearning.trailing_slash"] = "redirect"
    response = site.get("/courses", params={"featured": "true"})
    assert response.status_code == 301
    assert response.headers["location"].startswith(f"{site.url}/v2.1/courses/?featured=true&api_key=")
    assert site.get("/course").status_code == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/institutions/lakeside/managed-users/x/completions/", "completions"),
        ("/institutions/lakeside/members/", "members"),
        ("/oauth/token", "API key"),
        ("/nothing/", None),
    ],
)
def test_unknown_endpoints(site: Site, path: str, words: str | None) -> None:
    for method in ("GET", "POST"):
        response = site.call(method, path)
        assert response.status_code == 404
        assert response.json()["detail"] == "Not Found"
        assert site.refusal().reason == "no_such_endpoint"
        assert words is None or words in site.refusal().diagnosis


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/courses/", "GET, HEAD"),
        ("PUT", "/institutions/lakeside/managed-users/", "POST, GET, HEAD"),
        ("GET", "/institutions/lakeside/managed-users/x/sign-on/", "POST"),
    ],
)
def test_wrong_methods(site: Site, method: str, path: str, allow: str) -> None:
    response = site.call(method, path)
    assert response.status_code == 405
    assert sorted(response.headers["allow"].split(", ")) == sorted(allow.split(", "))


def test_v22_only_endpoints(site: Site) -> None:
    for path in ("/enrolments/submit-json/", "/institutions/lakeside/programs/x/enrolments/"):
        assert site.call("POST", path, json={}).status_code == 404
        assert site.call("POST", path, json={}, version="v2.2").status_code in (400, 404)
        assert site.refusal().reason != "no_such_endpoint"


# pages


def test_pages(site: Site) -> None:
    for number in range(5):
        site.provision(external_institution_id=f"e{number}", primary_email_address=f"e{number}@example.edu")
    path = site.managed_users()
    everyone = site.get(path).json()
    assert "pagination" not in everyone
    assert len(everyone["data"]) == 7
    second = site.get(path, params={"page": "2", "itemsPerPage": "3"}).json()
    assert second["data"] == everyone["data"][3:6]
    assert second["pagination"] == {"page": 2, "itemsPerPage": 3, "totalItems": 7, "totalPages": 3}
    assert site.get(path, params={"page": "9"}).json()["data"] == []
    assert site.get(path, version="v2.2").json()["pagination"]["totalItems"] == 7


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "", "٣", "9" * 5000])
@pytest.mark.parametrize("name", ["page", "itemsPerPage"])
def test_pages_that_are_not_positive_numbers(site: Site, name: str, value: str) -> None:
    assert site.get(site.managed_users(), params={name: value}).status_code == 400
    assert site.refusal().reason == "query_invalid"


def test_the_first_page_taken_for_all_is_noticed(site: Site) -> None:
    site.lms.settings["openlearning.default_page_size"] = 1
    assert len(site.get(site.managed_users()).json()["data"]) == 1
    assert site.warnings() == ["first_page_only"]
    site.lms.settings["openlearning.max_page_size"] = 1
    assert len(site.get(site.managed_users(), params={"itemsPerPage": "2"}).json()["data"]) == 1
    assert site.warnings() == ["page_size_capped"]


# error styles


@pytest.mark.parametrize(
    ("style", "version", "keys"),
    [
        ("per_version", "v2.1", ["meta", "detail"]),
        ("per_version", "v2.2", ["detail"]),
        ("both", "v2.2", ["meta", "detail"]),
        ("meta", "v2.2", ["meta"]),
        ("detail", "v2.1", ["detail"]),
    ],
)
def test_error_styles(site: Site, style: str, version: str, keys: list[str]) -> None:
    site.lms.settings["openlearning.error_style"] = style
    body = site.get("/users/", version=version).json()
    assert list(body) == keys
    assert body.get("detail", "profile_name is required") == "profile_name is required"
    assert body.get("meta", {"status": 400})["status"] == 400
