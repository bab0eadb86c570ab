"""The sign-on call: which launch it creates for whom, and when it creates none."""

from __future__ import annotations

import pytest

from contract_tests.openlearning.site import Site, hmac_sha1


def test_the_launch_of_a_class(site: Site) -> None:
    data = site.launch_data()
    params = data["params"]
    assert data["url"] == f"{site.url}/lti/launch/" == site.info.launch_url
    assert data["method"] == "POST"
    ada = site.info.managed_user
    expected = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": site.info.class_id,
        "user_id": ada.external_institution_id,
        "lis_person_sourcedid": ada.external_institution_id,
        "lis_person_name_full": "Ada Lovelace",
        "lis_person_contact_email_primary": ada.email,
        "roles": "Learner",
        "context_id": site.info.class_id,
        "context_title": "Class of 2020",
        "context_type": "CourseSection",
        "tool_consumer_instance_guid": "lakeside",
        "tool_consumer_info_product_family_code": "openlearning-api",
        "oauth_consumer_key": site.info.consumer_key,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_version": "1.0",
        "oauth_callback": "about:blank",
    }
    assert {name: params[name] for name in expected} == expected
    assert set(params) - set(expected) == {"oauth_timestamp", "oauth_nonce", "oauth_signature"}
    assert all(isinstance(value, str) for value in params.values())
    assert 20 <= len(params["oauth_nonce"]) <= 30
    assert params["oauth_nonce"].isalnum()
    unsigned = {name: value for name, value in params.items() if name != "oauth_signature"}
    assert params["oauth_signature"] == hmac_sha1(data["url"], unsigned, site.info.consumer_secret)


def test_a_general_launch_has_no_context(site: Site) -> None:
    response = site.call("POST", f"{site.managed_users()}{site.info.managed_user.id}/sign-on/")
    params = response.json()["data"]["params"]
    assert params["resource_link_id"] == "lakeside"
    assert not [name for name in params if name.startswith("context_")]


def test_every_call_gives_a_new_nonce_and_changes_nothing(site: Site) -> None:
    site.lms.clock.freeze()
    before = site.get(f"/users/{site.info.managed_user.id}/enrolments/").json()
    launches = [site.launch_data()["params"] for _ in range(3)]
    assert len({params["oauth_nonce"] for params in launches}) == 3
    assert {int(params["oauth_timestamp"]) for params in launches} == {int(site.lms.clock.now.timestamp())}
    assert site.get(f"/users/{site.info.managed_user.id}/enrolments/").json() == before


def test_further_fields_are_carried(site: Site) -> None:
    fields = {
        "context_id": "campus-course-7",
        "context_title": "Seven",
        "return_url": "https://app.example/back?x=1",
        "roles": " Instructor , Learner ",
        "resource_link_id": "week-1",
        "custom_colour": "",
    }
    params = site.launch_data(**fields)["params"]
    assert params["context_id"] == "campus-course-7"
    assert params["context_title"] == "Seven"
    assert params["launch_presentation_return_url"] == "https://app.example/back?x=1"
    assert params["roles"] == "Instructor,Learner"
    assert params["resource_link_id"] == "week-1"
    assert params["custom_colour"] == ""
    assert site.warnings() == []


def test_the_class_wins_over_the_context(site: Site) -> None:
    params = site.launch_data(class_id=site.info.class_id, context_id="campus-course-7")["params"]
    assert params["context_id"] == site.info.class_id


def test_an_unknown_context_is_not_refused_here(site: Site) -> None:
    assert site.sign_on(context_id="unheard-of").status_code == 200


@pytest.mark.parametrize(
    ("class_id", "diagnosis"),
    [
        ("ffffffffffffffffffffffff", "there is no class ffffffffffffffffffffffff; this world has 5f0000030000"),
        ("5f00000000000000000c0001", "that id is a course, not a class"),
        ("5f00000300000000000d0004", "this class exists, but not in the institution of the path"),
    ],
)
def test_classes_that_cannot_be_launched(site: Site, class_id: str, diagnosis: str) -> None:
    response = site.sign_on(class_id=class_id)
    assert response.status_code == 404
    assert site.refusal().reason == "unknown_class"
    assert str(site.refusal().diagnosis).startswith(diagnosis)
    assert site.sign_on(class_id=site.info.class_id).status_code == 200


def test_who_cannot_be_signed_on(site: Site) -> None:
    external = site.info.managed_user.external_institution_id
    assert site.sign_on(external).status_code == 404
    assert site.refusal().diagnosis == "that id is an external institution id, not a user"
    assert site.sign_on("5e00000000000000000a0006").status_code == 404  # of the other institution
    assert site.sign_on("5e00000000000000000a0003").status_code == 400  # a member without an external id
    assert site.refusal().reason == "no_external_id"
    assert site.sign_on(site.info.staff_user.id).status_code == 200
    assert site.sign_on().status_code == 200


def test_only_administrators_sign_people_on(site: Site) -> None:
    path = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    assert site.post(path, key=site.info.member_api_key).status_code == 403
    assert site.post(path, key=site.info.other_api_key).status_code == 403
    assert site.post(path, key="").status_code == 401
    assert site.post(path).status_code == 200


def test_the_launch_address_follows_the_setting(site: Site) -> None:
    site.lms.settings["openlearning.web_base_url"] = "https://www.openlearning.com"
    data = site.launch_data()
    assert data["url"] == "https://www.openlearning.com/lti/launch/"
    arrived = site.http.post("/lti/launch/", data=data["params"])
    assert arrived.status_code == 302
    assert arrived.headers["location"].startswith("https://www.openlearning.com/lakeside/courses/")
    institutions = site.get("/users/me/institutions/").json()["data"]
    assert institutions[0]["url"] == "https://www.openlearning.com/lakeside"


def test_the_same_in_the_newer_version(site: Site) -> None:
    """v2.2: an LTI context instead of a class, a person by name, an enrolment by form."""
    path = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    for version in ("v2.1", "v2.2"):
        found = site.call("POST", path, version=version, data={"context_id": "campus-course-7"}).json()["data"]
        assert found["params"]["context_id"] == "campus-course-7"
        people = site.call("GET", "/users/", version=version, params={"profile_name": "adalovelace"}).json()["data"]
        assert [person["profile_name"] for person in people] == ["adalovelace"]
        many = {"profile_name": "adalovelace", "itemsPerPage": "1"}
        assert len(site.call("GET", "/users/", version=version, params=many).json()["data"]) == 1
    data = {"class": site.info.class_id, "user": site.info.managed_user.id}
    assert site.call("POST", "/enrolments/", version="v2.2", data=data).status_code == 200
