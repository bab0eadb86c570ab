"""Whether an organisation may send somebody e-mail, as enrolments set it."""

from __future__ import annotations

from typing import Any

from contract_tests.openedx.conftest import ADMIN, LEARNER, OTHER, Site

ENROLL = "/api/enrollment/v1/enrollment"
BASKETS = "/api/commerce/v0/baskets/"


def agreed(site: Site, username: str) -> Any:
    users = site.lms.dump()["openedx"]["users"]
    return next(user for user in users if user["username"] == username).get("email_opt_ins", {})


def test_an_enrolment_records_the_email_opt_in_for_the_organisation(site: Site) -> None:
    body = {"course_details": {"course_id": OTHER}, "email_opt_in": True}
    assert site.call("POST", ENROLL, token=LEARNER, body=body).status == 200
    assert agreed(site, "ada") == {"DemoX": "True"}
    # the caller's own choice, whoever is enrolled
    site.call("POST", ENROLL, token=ADMIN, body=body | {"user": "ada", "email_opt_in": False})
    assert (agreed(site, "ada"), agreed(site, site.lms.openedx.superuser.username)) == (
        {"DemoX": "True"},
        {"DemoX": "False"},
    )
    assert site.call("POST", ENROLL, api_key="demo-edx-api-key", body=body | {"user": "ada"}).status == 500


def test_children_agree_to_nothing(site: Site) -> None:
    born = {"year_of_birth": 2020}
    kind = "application/merge-patch+json"
    assert site.call("PATCH", "/api/user/v1/accounts/ada", token=LEARNER, body=born, kind=kind).status == 200
    ended = {"course_details": {"course_id": OTHER}, "user": "ada", "is_active": False}
    assert site.call("POST", ENROLL, token=ADMIN, body=ended).status == 200
    body = {"course_id": OTHER, "email_opt_in": True}
    assert site.call("POST", BASKETS, token=LEARNER, body=body).status == 200
    assert agreed(site, "ada") == {"DemoX": "False"}


def test_only_staff_force_an_enrolment_and_an_own_name_counts_more_than_an_address(site: Site) -> None:
    body = {"course_details": {"course_id": OTHER}, "user": "ada", "email": "nobody@example.org"}
    assert site.call("POST", ENROLL, token=LEARNER, body=body).status == 200
    del body["user"]
    assert site.call("POST", ENROLL, token=LEARNER, body=body).status == 404
