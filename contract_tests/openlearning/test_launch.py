"""The launch endpoint: each check in its order, refused and, beside it, passed."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from contract_tests.openlearning.site import BROWSER, Site


def refused(site: Site, response: httpx.Response, status: int, reason: str) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["x-emulator-launch-error"] == reason
    assert response.headers["content-type"].startswith("text/html")
    refusal = site.refusal()
    assert (refusal.reason, refusal.status) == (reason, status)
    return refusal


def passed(response: httpx.Response) -> None:
    assert response.status_code == 302, response.text


def changed(data: dict[str, Any], **changes: str | None) -> dict[str, Any]:
    params = {name: value for name, value in (data["params"] | changes).items() if value is not None}
    return data | {"params": params}


# 1 to 6: form, key, message, OAuth fields


def test_1_the_method_is_post(site: Site) -> None:
    data = site.launch_data()
    refusal = refused(site, httpx.get(data["url"], params=data["params"]), 405, "launch_method")
    assert "link" in refusal.diagnosis
    response = httpx.put(data["url"], data=data["params"])
    assert response.headers["allow"] == "POST"
    refused(site, response, 405, "launch_method")
    passed(site.post_launch(data))


def test_get_launches_by_setting(site: Site) -> None:
    site.lms.settings["openlearning.allow_get_launch"] = True
    data = site.launch_data()
    refusal = refused(site, httpx.get(data["url"], params=data["params"]), 403, "launch_signature")
    assert refusal.reason == "launch_signature"  # the API signs for POST
    passed(site.post_launch(data))


def test_2_the_content_type_is_a_form(site: Site) -> None:
    data = site.launch_data()
    refusal = refused(site, httpx.post(data["url"], json=data["params"]), 415, "launch_content_type")
    assert "JSON" in refusal.diagnosis
    parts = {name: (None, value) for name, value in data["params"].items()}
    refused(site, httpx.post(data["url"], files=parts), 415, "launch_content_type")
    refused(site, httpx.post(data["url"]), 415, "launch_content_type")
    passed(site.post_launch(data))


@pytest.mark.parametrize("content", [b"oauth_consumer_key=%FF", b"a=\xff"])
def test_2_the_form_decodes(site: Site, content: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(site, httpx.post(site.info.launch_url, content=content, headers=headers), 400, "launch_unreadable")


def test_3_the_consumer_key_is_there(site: Site) -> None:
    data = site.launch_data()
    refused(site, site.post_launch(changed(data, oauth_consumer_key=None)), 422, "launch_without_key")
    headers = {"Authorization": "OAuth oauth_consumer_key=x"}
    response = httpx.post(data["url"], data={"a": "b"}, headers=headers)
    assert "Authorization header" in refused(site, response, 422, "launch_without_key").diagnosis
    passed(site.post_launch(data))


@pytest.mark.parametrize(
    ("key", "diagnosis"),
    [
        ("nobody", None),
        ("lakeside", "institution's id"),
        ("{api_key}", "API key"),
        ("{consumer_secret}", "swapped"),
        ("{consumer_key} ", "white space"),
    ],
)
def test_4_the_consumer_key_is_known(site: Site, key: str, diagnosis: str | None) -> None:
    data = site.launch_data()
    key = key.format(
        api_key=site.info.api_key, consumer_secret=site.info.consumer_secret, consumer_key=site.info.consumer_key
    )
    refusal = refused(site, site.post_launch(changed(data, oauth_consumer_key=key)), 403, "launch_unknown_key")
    assert (refusal.diagnosis is None) == (diagnosis is None)
    assert diagnosis is None or diagnosis in refusal.diagnosis
    passed(site.post_launch(data))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lti_message_type", None),
        ("lti_message_type", "ContentItemSelectionRequest"),
        ("lti_version", None),
        ("lti_version", "1.3.0"),
        ("resource_link_id", None),
        ("resource_link_id", ""),
    ],
)
def test_5_it_is_an_lti_launch(site: Site, name: str, value: str | None) -> None:
    refused(site, site.post_launch(site.signed(**{name: value})), 400, "launch_not_lti")
    passed(site.post_launch(site.signed()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oauth_signature_method", None),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_signature_method", "PLAINTEXT"),
        ("oauth_version", "2.0"),
        ("oauth_nonce", None),
        ("oauth_nonce", ""),
        ("oauth_timestamp", None),
        ("oauth_timestamp", "soon"),
        ("oauth_timestamp", "-1"),
        ("oauth_timestamp", "1.5"),
        ("oauth_timestamp", "9" * 5000),
    ],
)
def test_6_the_oauth_fields_are_sound(site: Site, name: str, value: str | None) -> None:
    refused(site, site.post_launch(site.signed(**{name: value})), 400, "launch_oauth_fields")
    passed(site.post_launch(site.signed()))


def test_6_a_signature_is_there_and_the_version_may_be_missing(site: Site) -> None:
    data = site.signed()
    refused(site, site.post_launch(changed(data, oauth_signature=None)), 400, "launch_oauth_fields")
    passed(site.post_launch(site.signed(oauth_version=None)))


def test_6_no_oauth_field_is_repeated(site: Site) -> None:
    data = site.launch_data()
    twice = httpx.QueryParams([*data["params"].items(), ("oauth_nonce", data["params"]["oauth_nonce"])])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = httpx.post(data["url"], content=str(twice), headers=headers)
    assert refused(site, response, 400, "launch_oauth_fields").got == "repeated"
    # in the query instead of the body it counts as well
    response = httpx.post(data["url"], data=data["params"], params={"oauth_nonce": "x"})
    refused(site, response, 400, "launch_oauth_fields")
    passed(site.post_launch(data))


# 7 to 9: signature, time, nonce


@pytest.mark.parametrize("name", ["roles", "user_id", "lis_person_name_full", "oauth_nonce", "oauth_timestamp"])
def test_7_the_signature_covers_every_field(site: Site, name: str) -> None:
    data = site.launch_data()
    value = data["params"][name]
    tampered = changed(data, **{name: value[:-1] + ("1" if value[-1] != "1" else "2")})
    refusal = refused(site, site.post_launch(tampered), 403, "launch_signature")
    if not name.startswith("oauth_"):
        assert f"{name} was {value!r} and came as" in refusal.diagnosis
    passed(site.post_launch(data))


def test_7_fields_may_be_neither_added_nor_dropped(site: Site) -> None:
    data = site.launch_data()
    refusal = refused(site, site.post_launch(changed(data, ext_submit="Go")), 403, "launch_signature")
    assert "ext_submit was added" in refusal.diagnosis
    refusal = refused(site, site.post_launch(changed(data, roles=None)), 403, "launch_signature")
    assert "roles is missing" in refusal.diagnosis
    passed(site.post_launch(data))


def test_7_the_signature_covers_the_query(site: Site) -> None:
    data = site.launch_data()
    refused(site, httpx.post(data["url"] + "?a=b", data=data["params"]), 403, "launch_signature")
    passed(site.post_launch(data))


def test_7_the_signature_covers_the_address(site: Site) -> None:
    data = site.launch_data()
    elsewhere = data["url"].replace("127.0.0.1", "localhost")
    response = httpx.post(data["url"], data=data["params"], headers={"Host": elsewhere.split("/")[2]})
    assert "it was made for" in refused(site, response, 403, "launch_signature").diagnosis
    passed(site.post_launch(data))


@pytest.mark.parametrize(
    ("url", "status"), [("{url}lti/launch", 301), ("{url}lti/launch/x/", 404), ("{url}LTI/launch/", 404)]
)
def test_other_addresses_are_no_launch(site: Site, url: str, status: int) -> None:
    data = site.launch_data()
    assert httpx.post(url.format(url=site.url + "/"), data=data["params"]).status_code == status


def test_8_a_launch_expires(site: Site) -> None:
    site.lms.clock.freeze()
    old, late, fresh = site.launch_data(), site.launch_data(), site.launch_data()
    site.lms.clock.advance(seconds=299)
    passed(site.post_launch(old))
    site.lms.clock.advance(seconds=1)
    passed(site.post_launch(fresh))
    site.lms.clock.advance(seconds=1)
    refusal = refused(site, site.post_launch(late), 403, "launch_expired")
    assert refusal.message == "This link has expired."
    assert refusal.got == "301 s"
    assert "not a replay" in refusal.diagnosis


def test_8_the_window_is_a_setting(site: Site) -> None:
    site.lms.settings["openlearning.launch_max_age_seconds"] = 10
    site.lms.clock.freeze()
    data = site.launch_data()
    site.lms.clock.advance(seconds=11)
    refused(site, site.post_launch(data), 403, "launch_expired")
    site.lms.settings["openlearning.launch_max_age_seconds"] = 11
    passed(site.post_launch(data))


def test_8_a_launch_from_the_future(site: Site) -> None:
    site.lms.clock.freeze()
    now = int(site.lms.clock.now.timestamp())
    passed(site.post_launch(site.signed(oauth_timestamp=str(now + 60))))
    ahead = site.signed(oauth_timestamp=str(now + 61))
    assert "ahead" in refused(site, site.post_launch(ahead), 403, "launch_not_yet_valid").diagnosis
    millis = site.signed(oauth_timestamp=str(now * 1000))
    assert "milliseconds" in refused(site, site.post_launch(millis), 403, "launch_not_yet_valid").diagnosis
    local = site.signed(oauth_timestamp=str(now + 19800))
    assert "5.5 h off" in refused(site, site.post_launch(local), 403, "launch_not_yet_valid").diagnosis


def test_9_a_launch_works_once(site: Site) -> None:
    data = site.launch_data()
    passed(site.post_launch(data))
    for _ in range(2):
        refusal = refused(site, site.post_launch(data), 403, "launch_replayed")
        assert refusal.message == "This link has been used before."
    passed(site.post_launch(site.launch_data()))


def test_9_expiry_is_told_from_replay(site: Site) -> None:
    data = site.launch_data()
    passed(site.post_launch(data))
    site.lms.clock.advance(minutes=6)
    refused(site, site.post_launch(data), 403, "launch_expired")


def test_9_nonces_belong_to_their_consumer(site: Site) -> None:
    nonce = "n" * 24
    passed(site.post_launch(site.signed(oauth_nonce=nonce)))
    other = site.signed(
        oauth_nonce=nonce,
        oauth_consumer_key="eveningClassConsumerKey2",
        secret="evening-secret.not~real_2",
    )
    passed(site.post_launch(other))
    refused(site, site.post_launch(other), 403, "launch_replayed")


def test_9_only_a_right_signature_and_time_use_up_the_nonce(site: Site) -> None:
    site.lms.clock.freeze()
    data = site.launch_data()
    refused(site, site.post_launch(changed(data, roles="Instructor")), 403, "launch_signature")
    site.lms.clock.advance(minutes=10)
    refused(site, site.post_launch(data), 403, "launch_expired")
    site.lms.clock.advance(minutes=-10)
    passed(site.post_launch(data))


def test_9_a_used_launch_stays_used_when_the_clock_goes_back(site: Site) -> None:
    data = site.launch_data()
    passed(site.post_launch(data))
    site.lms.clock.advance(minutes=30)
    for _ in range(20):
        site.launch_data()
    site.lms.clock.advance(minutes=-30)
    refused(site, site.post_launch(data), 403, "launch_replayed")


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


def test_10_an_email_address_of_somebody_else_creates_nobody(site: Site) -> None:
    data = site.signed(user_id="new-1", lis_person_contact_email_primary=site.info.unmanaged_email)
    assert "associate" in refused(site, site.post_launch(data), 403, "launch_user").diagnosis


# 11: the class


@pytest.mark.parametrize(
    ("context", "diagnosis"),
    [
        ("unheard-of", "Institution Staff"),
        ("{course}", "id of a course"),
        ("{foreign}", "another institution"),
    ],
)
def test_11_a_context_without_a_class(site: Site, context: str, diagnosis: str) -> None:
    context = context.format(course=site.info.course_id, foreign=site.info.foreign_class_id)
    refusal = refused(site, site.post_launch(site.launch_data(context_id=context)), 403, "class_not_set_up")
    assert diagnosis in refusal.diagnosis
    passed(site.post_launch(site.launch_data(context_id="campus-course-7")))


def test_11_nobody_is_created_or_signed_in_by_a_launch_that_is_refused(site: Site) -> None:
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
