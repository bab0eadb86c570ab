"""The pages: who is signed in, and what they may see."""

from __future__ import annotations

import httpx
import pytest

from contract_tests.openlearning.site import Site


def signed_in(site: Site, browser: httpx.Client, user_id: str | None = None, **fields: str) -> httpx.Response:
    data = site.launch_data(user_id, **fields)
    return browser.post(data["url"], data=data["params"], follow_redirects=True)


def test_without_a_session_nobody_is_signed_in(site: Site) -> None:
    with site.browser() as browser:
        for path in ("/lakeside/", "/lakeside/courses/analytical-engines/", "/courses/analytical-engines/"):
            page = browser.get(path)
            assert page.status_code == 200
            assert "Not signed in" in page.text
            assert "Sign out" not in page.text
        browser.cookies.set("openlearning_session", "made-up")
        assert "Not signed in" in browser.get("/lakeside/").text


def test_a_session_ends(site: Site) -> None:
    with site.browser() as browser:
        signed_in(site, browser)
        assert "Ada Lovelace" in browser.get("/lakeside/").text
        site.lms.clock.advance(hours=4, seconds=-5)
        assert "Ada Lovelace" in browser.get("/lakeside/").text
        site.lms.clock.advance(seconds=5)
        assert "Not signed in" in browser.get("/lakeside/").text


def test_signing_out(site: Site) -> None:
    with site.browser() as browser:
        signed_in(site, browser)
        kept = browser.cookies["openlearning_session"]
        page = browser.post("/accounts/logout/", follow_redirects=True)
        assert "no longer signed in" in page.text
        browser.cookies.set("openlearning_session", kept)
        assert "Not signed in" in browser.get("/lakeside/").text
        assert browser.post("/accounts/logout/").status_code == 303


def test_the_next_launch_changes_who_is_signed_in(site: Site) -> None:
    with site.browser() as browser:
        assert "Ada Lovelace" in signed_in(site, browser).text
        page = signed_in(site, browser, site.info.staff_user.id, class_id=site.info.class_id)
        assert "Katherine Johnson" in page.text
        assert "Ada Lovelace" not in page.text


def test_a_class_the_person_is_not_in(site: Site) -> None:
    with site.browser() as browser:
        signed_in(site, browser)
        home = "/lakeside/courses/analytical-engines/"
        assert "enrolled in this class as" in browser.get(home).text
        assert "enrolled in this class as" in browser.get(home, params={"cl": "1"}).text
        assert "not enrolled" in browser.get(home, params={"cl": site.info.other_class_id}).text


def test_courses_that_are_offline(site: Site) -> None:
    number_theory = "5f00000300000000000d0003"
    with site.browser() as browser:
        page = signed_in(site, browser, class_id=number_theory)
        assert "currently unavailable" in page.text
        assert "Number Theory" in browser.get("/lakeside/").text
    assert "Number Theory" not in site.http.get("/lakeside/").text


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/lakeside/courses/nothing/", "/hilltop/courses/analytical-engines/", "/courses/x/", "/u/x/"]
)
def test_pages_that_do_not_exist(site: Site, path: str) -> None:
    response = site.http.get(path)
    assert response.status_code == 404
    assert "does not exist" in response.text
    assert site.refusal().reason == "page_not_found"


def test_slashes_are_added(site: Site) -> None:
    assert site.http.get("/lakeside").headers["location"] == f"{site.url}/lakeside/"
    assert site.http.get("/u/adalovelace?x=1").headers["location"] == f"{site.url}/u/adalovelace/?x=1"
    assert site.http.get("/nowhere").status_code == 404


def test_a_profile(site: Site) -> None:
    assert "Ada Lovelace" in site.http.get("/u/adalovelace/").text


def test_names_are_escaped(site: Site) -> None:
    user_id = site.provision(full_name="<script>alert(1)</script> & 'Co'").json()["data"]["id"]
    with site.browser() as browser:
        page = signed_in(site, browser, user_id)
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text


def test_pages_are_not_cached_and_wrong_methods_are_refused(site: Site) -> None:
    assert site.http.get("/lakeside/").headers["cache-control"] == "no-store"
    assert site.http.post("/lakeside/").status_code == 405
    assert site.http.post("/nowhere/").status_code == 404
    assert site.http.delete("/u/adalovelace/").headers["allow"] == "GET, HEAD"
