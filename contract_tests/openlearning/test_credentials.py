"""API keys in their three forms, and what an account without rights may not do."""

from __future__ import annotations

import pytest

from contract_tests.openlearning.site import Site

PATH = "/v2.1/users/me/institutions/"


def test_the_key_in_the_query(site: Site) -> None:
    assert site.http.get(PATH, params={"api_key": site.info.api_key}).status_code == 200
    assert site.lms.requests.last.notes["auth"] == "query"


@pytest.mark.parametrize("name", ["X-API-Key", "x-api-key", "X-API-KEY"])
def test_the_key_in_a_header(site: Site, name: str) -> None:
    assert site.http.get(PATH, headers={name: site.info.api_key}).status_code == 200
    assert site.lms.requests.last.notes["auth"] == "header"


def test_the_key_as_bearer_is_marked_as_unverified_and_can_be_refused(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.info.api_key}"}
    assert site.http.get(PATH, headers=headers).status_code == 200
    assert site.lms.requests.last.notes["auth"] == "bearer(unverified)"
    site.lms.settings["openlearning.bearer_keys"] = "refuse"
    assert site.http.get(PATH, headers=headers).status_code == 401
    assert site.refusal().reason == "bearer_not_accepted"
    assert site.http.get(PATH, headers={"X-API-Key": site.info.api_key}).status_code == 200


def test_no_key(site: Site) -> None:
    response = site.http.get(PATH)
    assert response.status_code == 401
    assert response.json()["meta"]["status"] == 401
    assert site.refusal().reason == "missing_api_key"
    assert response.headers["x-emulator-explain"].endswith(site.lms.requests.last.id)


@pytest.mark.parametrize(
    ("spoil", "diagnosis"),
    [
        (lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), "but the character at place 89 of 89 is another"),
        (lambda key: "9" * 24 + key[24:], "no account has this key"),
        (lambda key: key.upper(), "the case differs"),
        (lambda key: f" {key}", "white space"),
        (lambda key: "your-api-key", "24 hex digits"),
    ],
)
def test_an_unknown_key(site: Site, spoil: object, diagnosis: str) -> None:
    assert site.http.get(PATH, params={"api_key": spoil(site.info.api_key)}).status_code == 401
    refusal = site.refusal()
    assert refusal.reason == "unknown_api_key"
    assert diagnosis in refusal.diagnosis
    assert site.info.api_key not in str(refusal.got)


def test_keys_of_other_kinds_are_recognised(site: Site) -> None:
    site.http.get(PATH, params={"api_key": site.info.consumer_key})
    assert "consumer key" in site.refusal().diagnosis
    site.http.get(PATH, auth=("grace.hopper", "x"))
    assert "Basic" in site.refusal().diagnosis
    site.http.post(f"/v2.1{site.managed_users()}", data={"api_key": site.info.api_key})
    assert "body" in site.refusal().diagnosis


def test_two_different_keys(site: Site) -> None:
    response = site.http.get(
        PATH, params={"api_key": site.info.api_key}, headers={"X-API-Key": site.info.member_api_key}
    )
    assert response.status_code == 200
    assert site.warnings() == ["two_api_keys"]


def test_a_key_sent_by_a_browser_is_flagged_and_gets_no_cors_headers(site: Site) -> None:
    response = site.get("/users/me/institutions/", headers={"Origin": "https://app.example"})
    assert response.status_code == 200
    assert site.warnings() == ["api_key_in_browser"]
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_rights(site: Site) -> None:
    mine, theirs = site.managed_users(), site.managed_users(site.info.other_institution_id)
    assert site.get(mine).status_code == 200
    assert site.get(mine, key=site.info.member_api_key).status_code == 403
    assert site.refusal().reason == "not_allowed"
    assert site.get(theirs).status_code == 403
    assert site.get(theirs, key=site.info.other_api_key).status_code == 200
    assert site.get(site.managed_users("nowhere")).status_code == 404
    assert site.refusal().reason == "unknown_institution"
    assert (
        site.get(f"/institutions/{site.info.institution_id}/courses/", key=site.info.other_api_key).status_code == 403
    )
    assert site.get(f"/institutions/{site.info.institution_id}/courses/", key=site.info.member_api_key).is_success


def test_an_institution_by_its_object_id(site: Site) -> None:
    assert site.get(site.managed_users("5d000000000000000000b001")).json() == site.get(site.managed_users()).json()


def test_the_rate_limit_is_off_until_it_is_set(site: Site) -> None:
    site.lms.clock.freeze()
    site.lms.settings["openlearning.rate_limit_per_minute"] = 2
    answers = [site.get("/users/me/institutions/").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert site.get("/users/me/institutions/", key=site.info.member_api_key).status_code == 200
    limited = site.get("/users/me/institutions/")
    assert limited.headers["retry-after"] == "60"
    site.lms.clock.advance(seconds=60)
    assert site.get("/users/me/institutions/").status_code == 200
