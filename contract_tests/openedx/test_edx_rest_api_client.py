"""`edx-rest-api-client`, unmodified: fetches its own JWT and calls these APIs with it."""

from __future__ import annotations

import pytest

from contract_tests.django_settings import configure
from contract_tests.openedx.conftest import COURSE, OTHER
from lms_emulator.client.emulator import Emulator


@pytest.fixture
def client(lms: Emulator):
    configure()
    from edx_django_utils.cache import TieredCache
    from edx_rest_api_client.client import OAuthAPIClient

    TieredCache.dangerous_clear_all_tiers()
    own = lms.openedx.clients.client_credentials
    return OAuthAPIClient(lms.openedx.url, own.client_id, own.client_secret)


def test_it_is_who_its_application_belongs_to(client, lms: Emulator) -> None:
    answer = client.get(f"{lms.openedx.url}/api/user/v1/me")
    assert answer.json() == {"username": lms.openedx.clients.client_credentials.user}
    assert answer.request.headers["Authorization"].startswith("JWT ")


def test_it_enrols_and_deactivates(client, lms: Emulator) -> None:
    url = f"{lms.openedx.url}/api/enrollment/v1/enrollment"
    wanted = {"course_details": {"course_id": OTHER}, "user": "charles", "mode": "honor"}
    assert client.post(url, json=wanted | {"is_active": True}).json()["is_active"] is True
    assert client.post(url, json=wanted | {"is_active": False}).json()["is_active"] is False


def test_it_reads_what_staff_may(client, lms: Emulator) -> None:
    base = lms.openedx.url
    assert client.get(f"{base}/api/course_modes/v1/courses/{COURSE}/").json()[0]["mode_slug"] == "audit"
    assert len(client.get(f"{base}/api/grades/v1/courses/{COURSE}/").json()["results"]) == 2
    assert client.get(f"{base}/api/enrollment/v1/enrollments").json()["results"]
    blocks = client.get(f"{base}/api/courses/v1/blocks/", params={"course_id": COURSE, "all_blocks": "true"})
    assert blocks.json()["root"].endswith("+type@course+block@course")
    assert client.get(f"{base}/api/certificates/v0/certificates/ada/").json()[0]["course_organization"] == "CET"
    assert client.get(f"{base}/api/cohorts/v1/settings/{COURSE}").json()["is_cohorted"] is True
    breakdown = client.get(f"{base}/api/grades/v1/section_grades_breakdown/", params={"course_id": COURSE})
    assert [row["current_grade"] for row in breakdown.json()["results"]] == [93, 25]


def test_it_leaves_word_for_newcomers(client, lms: Emulator) -> None:
    """What bearer tokens cannot do, because these views look at JWTs and sessions only."""
    url = f"{lms.openedx.url}/api/enrollment/v1/enrollment_allowed/"
    wanted = {"email": "soon@example.edu", "course_id": COURSE, "auto_enroll": True}
    assert client.post(url, json=wanted).status_code == 201
    assert client.post(url, json=wanted).status_code == 409
    assert [row["email"] for row in client.get(url, params={"email": "soon@example.edu"}).json()] == [wanted["email"]]
    assert client.delete(url, json=wanted).status_code == 204
    assert client.delete(url, json=wanted).status_code == 404


def test_it_enrols_many_at_once(client, lms: Emulator) -> None:
    wanted = {
        "identifiers": "charles,nobody@example.edu,not-a-user",
        "courses": OTHER,
        "action": "enroll",
        "auto_enroll": True,
        "email_students": True,
    }
    answer = client.post(f"{lms.openedx.url}/api/bulk_enroll/v1/bulk_enroll", json=wanted).json()
    results = answer["courses"][OTHER]["results"]
    assert [row.get("after", {}).get("enrollment") for row in results] == [True, False, None]
    assert results[2] == {"identifier": "not-a-user", "invalidIdentifier": True}
    assert [message.to for message in lms.outbox.emails] == ["charles.babbage@example.edu", "nobody@example.edu"]
