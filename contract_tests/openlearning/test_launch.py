"""Where a sound launch leads: the person, the class, the session, the set-up page; refused and, beside it, passed."""

from __future__ import annotations

import re

import httpx
import pytest

from contract_tests.openlearning.launches import passed, refused
from contract_tests.openlearning.site import BROWSER, Site

# 10: the person


def test_10_the_person_is_named(site: Site) -> None:
    refused(site, site.post_launch(site.signed(user_id=None)), 403, "launch_user")
    refused(site, site.post_launch(site.signed(user_id="")), 403, "launch_user")
    by_openlearning_id = site.signed(user_id=site.info.managed_user.id)
    assert (
        "external institution id" in refused(site, site.post_launch(by_openlearning_id), 403, "launch_user").diagnosis
    )
    passed(site.post_launch(site.signed()))


def test_10_an_unknown_person_gets_an_account(site: Site) -> None:
    fields = {
        "user_id": "new-1",
        "lis_person_name_full": "New Person",
        "lis_person_contact_email_primary": "new@example.edu",
    }
    passed(site.post_launch(site.signed(**fields)))
    rows = site.get(site.managed_users(), params={"external_institution_id": "new-1"}).json()["data"]
    assert rows[0]["user"]["full_name"] == "New Person"
    assert site.lms.outbox.emails == []
    passed(site.post_launch(site.signed(**fields, custom_x="again")))
    assert len(site.get(site.managed_users()).json()["data"]) == 3


def test_10_an_unknown_person_with_the_least_of_a_profile(site: Site) -> None:
    passed(site.post_launch(site.signed(user_id="bare")))
    passed(site.post_launch(site.signed(user_id="parts", lis_person_name_given="Given", lis_person_name_family="Fam")))
    rows = site.get(site.managed_users()).json()["data"][-2:]
    assert [row["user"]["full_name"] for row in rows] == ["bare", "Given Fam"]
    assert "primary_email_address" not in rows[0]["user"]


def test_10_unknown_people_can_be_refused_by_setting(site: Site) -> None:
    site.lms.settings["openlearning.launch_creates_user"] = False
    refused(site, site.post_launch(site.signed(user_id="new-1")), 403, "launch_user")
    passed(site.post_launch(site.signed()))


def test_10_another_users_email_address_creates_no_user(site: Site) -> None:
    data = site.signed(user_id="new-1", lis_person_contact_email_primary=site.info.unmanaged_email)
    assert "associate" in refused(site, site.post_launch(data), 403, "launch_user").diagnosis
    ada = site.info.managed_user
    data = site.signed(user_id=ada.email, lis_person_contact_email_primary=ada.email)
    said = refused(site, site.post_launch(data), 403, "launch_user").diagnosis
    assert f"its user's external id here is {ada.external_institution_id}, which `user_id` has to be" in said


# 11: the class


@pytest.mark.parametrize(
    ("context", "diagnosis"),
    [
        ("unheard-of", "Institution Staff"),
        ("{course}", "id of a course"),
        ("analytical-engines", "is the slug of course"),
        ("{foreign}", "does not belong"),
    ],
)
def test_11_a_context_without_a_class(site: Site, context: str, diagnosis: str) -> None:
    context = context.format(course=site.info.course_id, foreign=site.info.foreign_class_id)
    refusal = refused(site, site.post_launch(site.launch_data(context_id=context)), 403, "class_not_set_up")
    assert diagnosis in refusal.diagnosis
    passed(site.post_launch(site.launch_data(context_id="campus-course-7")))


def test_11_a_refused_launch_creates_and_signs_in_nobody(site: Site) -> None:
    response = site.post_launch(site.signed(user_id="new-1", context_id="unheard-of"))
    refused(site, response, 403, "class_not_set_up")
    assert "set-cookie" not in response.headers
    assert len(site.get(site.managed_users()).json()["data"]) == 2


def test_11_a_class_level_consumer_leads_to_its_class(site: Site) -> None:
    data = site.signed(
        oauth_consumer_key="eveningClassConsumerKey2", secret="evening-secret.not~real_2", context_id="whatever"
    )
    response = site.post_launch(data)
    passed(response)
    assert response.headers["location"].endswith(site.info.other_class_id)


# success


def test_a_general_launch_leads_to_the_portal(site: Site) -> None:
    with site.browser() as browser:
        data = site.launch_data(return_url="https://app.example/")
        page = browser.post(data["url"], data=data["params"], follow_redirects=True)
        assert page.url.path == "/lakeside/"
        assert "Ada Lovelace" in page.text
    assert site.get(f"/users/{site.info.managed_user.id}/enrolments/").json()["data"] == []


def test_enrolment_happens_once_and_takes_the_role(site: Site) -> None:
    staff = site.info.staff_user
    for roles, role in (("Learner", "learner"), ("urn:lti:role:ims/lis/Instructor", "instructor")):
        data = site.launch_data(staff.id, class_id=site.info.class_id, roles=roles)
        with site.browser() as browser:
            page = browser.post(data["url"], data=data["params"], follow_redirects=True)
            assert f"<strong>{role}</strong>" in page.text
    assert len(site.get(f"/users/{staff.id}/enrolments/").json()["data"]) == 1


def test_the_session_cookie(site: Site) -> None:
    cookie = site.post_launch(site.launch_data()).headers["set-cookie"]
    assert re.fullmatch(r"openlearning_session=[A-Za-z0-9]{32}; HttpOnly; Max-Age=14400; Path=/; SameSite=lax", cookie)


def test_the_session_cookie_behind_a_proxy(site: Site) -> None:
    """The browser sees the proxy's scheme and path, and so the cookie has to fit those."""
    site.lms.settings["openlearning.web_base_url"] = "https://lms.example/learn"
    data = site.launch_data()
    response = site.http.post("/lti/launch/", data=data["params"])
    passed(response)
    assert response.headers["location"].startswith("https://lms.example/learn/lakeside/courses/")
    cookie = response.headers["set-cookie"]
    assert cookie.endswith("Path=/learn/; SameSite=none; Secure")
    page = site.http.get("/lakeside/", headers={"Cookie": cookie.split(";")[0]})
    assert 'action="https://lms.example/learn/accounts/logout/"' in page.text


def test_a_launch_by_a_server_is_noticed(site: Site) -> None:
    data = site.launch_data()
    passed(httpx.post(data["url"], data=data["params"], headers={"Accept": "application/json"}))
    assert site.warnings() == ["launch_not_from_browser"]
    data = site.launch_data()
    passed(httpx.post(data["url"], data=data["params"], headers=BROWSER))
    assert site.warnings() == []


# set-up by staff


def staff_launch(site: Site, browser: httpx.Client, context: str = "moodle-9") -> httpx.Response:
    data = site.launch_data(site.info.staff_user.id, context_id=context, context_title="Nine & Co", roles="Instructor")
    return browser.post(data["url"], data=data["params"])


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


def test_staff_choose_a_class_and_learners_follow(site: Site) -> None:
    refused(site, site.post_launch(site.launch_data(context_id="moodle-9")), 403, "class_not_set_up")
    with site.browser() as browser:
        page = staff_launch(site, browser)
        assert page.status_code == 200
        assert "Nine &amp; Co" in page.text
        assert site.info.foreign_class_id not in page.text
        choice = {"token": token_in(page), "class_id": site.info.class_id}
        done = browser.post("/lti/setup/", data=choice, follow_redirects=True)
        assert "Katherine Johnson" in done.text
        assert "<strong>instructor</strong>" in done.text
        assert browser.post("/lti/setup/", data=choice).status_code == 403
    passed(site.post_launch(site.launch_data(context_id="moodle-9")))


def test_staff_make_a_new_course(site: Site) -> None:
    with site.browser() as browser:
        token = token_in(staff_launch(site, browser))
        assert browser.post("/lti/setup/", data={"token": token, "title": " "}).status_code == 400
        wrong = {"token": token, "class_id": site.info.foreign_class_id}
        assert browser.post("/lti/setup/", data=wrong).status_code == 400
        done = browser.post("/lti/setup/", data={"token": token, "title": "New Course"}, follow_redirects=True)
        assert "New Course" in done.text
    titles = [course["title"] for course in site.get("/institutions/lakeside/courses/").json()["data"]]
    assert titles == ["Analytical Engines", "Number Theory", "New Course"]


def test_the_set_up_page_belongs_to_its_browser_and_time(site: Site) -> None:
    with site.browser() as browser, site.browser() as other:
        token = token_in(staff_launch(site, browser))
        choice = {"token": token, "class_id": site.info.class_id}
        assert other.post("/lti/setup/", data=choice).status_code == 403
        staff_launch(site, other)
        assert other.post("/lti/setup/", data=choice).status_code == 403
        site.lms.clock.advance(hours=1)
        assert browser.post("/lti/setup/", data=choice).status_code == 403
        assert browser.get("/lti/setup/").status_code == 405


@pytest.mark.parametrize(("who", "roles"), [("staff_user", "Learner"), ("managed_user", "Instructor")])
def test_the_set_up_page_needs_the_role_and_institution_staff(site: Site, who: str, roles: str) -> None:
    user_id = getattr(site.info, who).id
    data = site.launch_data(user_id, context_id="moodle-9", roles=roles)
    refused(site, site.post_launch(data), 403, "class_not_set_up")
