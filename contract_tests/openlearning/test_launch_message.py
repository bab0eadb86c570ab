"""The launch endpoint's checks of the message, in order: form, key, signature, time, nonce; refused and passed."""

from __future__ import annotations

import httpx
import pytest

from contract_tests.openlearning.launches import changed, passed, refused
from contract_tests.openlearning.site import Site

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
        ("nobody", "this consumer key is not registered"),
        ("lakeside", "id of an institution"),
        ("{api_key}", "API key"),
        ("{consumer_secret}", "swapped"),
        ("{consumer_key} ", "white space"),
    ],
)
def test_4_the_consumer_key_is_known(site: Site, key: str, diagnosis: str) -> None:
    data = site.launch_data()
    key = key.format(
        api_key=site.info.api_key, consumer_secret=site.info.consumer_secret, consumer_key=site.info.consumer_key
    )
    refusal = refused(site, site.post_launch(changed(data, oauth_consumer_key=key)), 403, "launch_unknown_key")
    assert diagnosis in refusal.diagnosis
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
        assert f"{name} was changed from {value!r} to" in refusal.diagnosis
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
    assert "it was issued for" in refused(site, response, 403, "launch_signature").diagnosis
    passed(site.post_launch(data))


@pytest.mark.parametrize(
    ("url", "status"), [("{url}lti/launch", 301), ("{url}lti/launch/x/", 404), ("{url}LTI/launch/", 404)]
)
def test_only_the_launch_address_accepts_launches(site: Site, url: str, status: int) -> None:
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
    assert "fast" in refused(site, site.post_launch(ahead), 403, "launch_not_yet_valid").diagnosis
    millis = site.signed(oauth_timestamp=str(now * 1000))
    assert "milliseconds" in refused(site, site.post_launch(millis), 403, "launch_not_yet_valid").diagnosis
    local = site.signed(oauth_timestamp=str(now + 19800))
    assert "5.5 h off" in refused(site, site.post_launch(local), 403, "launch_not_yet_valid").diagnosis
    early = refused(site, site.post_launch(site.signed(oauth_timestamp=str(now - 19800))), 403, "launch_expired")
    assert "5.5 h off: UTC was probably taken for local time" in early.diagnosis


def test_9_a_launch_works_once(site: Site) -> None:
    data = site.launch_data()
    passed(site.post_launch(data))
    for _ in range(2):
        refusal = refused(site, site.post_launch(data), 403, "launch_replayed")
        assert refusal.message == "This link has been used before."
    passed(site.post_launch(site.launch_data()))


def test_9_an_expired_link_is_no_replay(site: Site) -> None:
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
