"""Provision a person, sign them on, and find that the launch works once."""

import httpx


def test_sign_on(lms):
    ol = lms.openlearning
    people = f"{ol.url}/v2.1/institutions/{ol.institution_id}/managed-users/"
    profile = {
        "full_name": "Mary Somerville",
        "external_institution_id": "m-1",
        "primary_email_address": "m@example.edu",
    }
    user = httpx.post(people, params={"api_key": ol.api_key}, data=profile).raise_for_status().json()["data"]
    asked = httpx.post(f"{people}{user['id']}/sign-on/", params={"api_key": ol.api_key}, data={"class_id": ol.class_id})
    launch = asked.raise_for_status().json()["data"]
    arrived = httpx.post(launch["url"], data=launch["params"])
    assert (arrived.status_code, lms.requests.last.refusal) == (302, None)

    lms.clock.advance(minutes=6)
    assert httpx.post(launch["url"], data=launch["params"]).status_code >= 400
    assert lms.requests.last.refusal.reason == "launch_expired"
