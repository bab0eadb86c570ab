"""Enrolling people by the API, as forms (v2.1) and as JSON (v2.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.openlearning.site import Site


def enrol(site: Site, **more: Any) -> httpx.Response:
    data = {"class": site.info.class_id, "user": site.info.managed_user.id}
    return site.post("/enrolments/", more.pop("data", data), **more)


def test_as_the_vendors_own_example_does_it(site: Site) -> None:
    """Key in the header, form fields `class` and `user`, and exactly 200 is success."""
    response = site.http.post(
        "/v2.1/enrolments/",
        data={"class": site.info.class_id, "user": site.info.managed_user.id},
        headers={"X-API-KEY": site.info.api_key},
    )
    assert response.status_code == 200
    enrolment = response.json()["data"]
    assert list(enrolment) == ["id", "user", "course", "class", "created_at"]
    assert enrolment["course"] == site.info.course_id
    assert site.get(f"/users/{site.info.managed_user.id}/enrolments/").json()["data"] == [enrolment]


def test_twice_is_refused(site: Site) -> None:
    assert enrol(site).status_code == 200
    assert enrol(site).status_code == 400
    assert site.refusal().reason == "already_enrolled"


def test_only_course_administrators_enrol(site: Site) -> None:
    assert enrol(site, key=site.info.member_api_key).status_code == 403
    foreign = {"class": site.info.foreign_class_id, "user": site.info.managed_user.id}
    assert enrol(site, data=foreign).status_code == 403
    assert site.lms.requests.last.refusal.diagnosis == "the class is one of hilltop"
    assert enrol(site, data=foreign, key=site.info.other_api_key).status_code == 200


def test_unknown_and_missing_things(site: Site) -> None:
    ada, klass = site.info.managed_user.id, site.info.class_id
    assert enrol(site, data={"class": "x", "user": ada}).status_code == 404
    assert enrol(site, data={"class": site.info.course_id, "user": ada}).status_code == 404
    assert site.refusal().diagnosis == "that id is a course, not a class"
    assert enrol(site, data={"class": klass, "user": "student-1815"}).status_code == 404
    assert enrol(site, data={"class": klass}).status_code == 400
    assert enrol(site, data={"class_id": klass, "user_id": ada}).status_code == 400
    assert site.refusal().diagnosis == "this endpoint's field is class, not class_id"
    assert enrol(site).status_code == 200


# v2.2


def submit(site: Site, **body: Any) -> httpx.Response:
    return site.call("POST", "/enrolments/submit-json/", version="v2.2", json=body)


def test_json_enrolment_into_a_class(site: Site) -> None:
    ada = site.info.managed_user
    response = submit(
        site,
        user=ada.id,
        course=site.info.course_id,
        **{"class": site.info.other_class_id, "send_welcome_email": False},
    )
    assert response.status_code == 200
    assert response.json()["data"]["class"] == site.info.other_class_id
    assert site.lms.outbox.emails == []


def test_json_enrolment_into_the_default_class_with_mail(site: Site) -> None:
    ada = site.info.managed_user
    response = submit(site, user=ada.id, course=site.info.course_id, ignore_course_prereqs=True)
    assert response.json()["data"]["class"] == site.info.class_id
    assert [(mail.kind, mail.to) for mail in site.lms.outbox.emails] == [("enrolment_welcome_email", ada.email)]
    assert submit(site, user=ada.id, course=site.info.course_id).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"user": "{user}"}, 400),
        ({"user": "{user}", "course": "x"}, 404),
        ({"user": "{user}", "course": "{klass}"}, 404),
        ({"user": "x", "course": "{course}"}, 404),
        ({"user": "{user}", "class": "{foreign}"}, 403),
        ({"user": "{user}", "course": "{course}", "class": "{foreign}"}, 400),
        ({"user": ["{user}"], "course": "{course}"}, 400),
        ({"user": "{user}", "course": "{course}", "send_welcome_email": "maybe"}, 400),
    ],
)
def test_invalid_json_enrolments(site: Site, body: dict[str, Any], status: int) -> None:
    ids = {
        "user": site.info.managed_user.id,
        "course": site.info.course_id,
        "klass": site.info.class_id,
        "foreign": site.info.foreign_class_id,
    }
    filled = {k: v.format(**ids) if isinstance(v, str) else v for k, v in body.items()}
    assert submit(site, **filled).status_code == status
    assert site.lms.outbox.emails == []


# programs


def test_program_enrolment(site: Site) -> None:
    path = f"/institutions/lakeside/programs/{site.info.program_id}/enrolments/"

    def post(**more: Any) -> httpx.Response:
        return site.call("POST", path, version="v2.2", **{"json": {"user": site.info.managed_user.id}} | more)

    assert post(key=site.info.member_api_key).status_code == 403
    assert post(json={}).status_code == 400
    assert post(json={"user": "x"}).status_code == 404
    assert post().json()["data"]["program"] == site.info.program_id
    assert post().status_code == 400
    unknown = f"/institutions/lakeside/programs/{site.info.course_id}/enrolments/"
    assert site.call("POST", unknown, version="v2.2", json={"user": "x"}).status_code == 404


def test_exactly_application_json_is_405_by_setting(site: Site) -> None:
    path = f"/institutions/lakeside/programs/{site.info.program_id}/enrolments/"
    content = f'{{"user": "{site.info.managed_user.id}"}}'
    site.lms.settings["openlearning.exact_json_405"] = True

    def post(content_type: str) -> int:
        headers = {"Content-Type": content_type}
        status: int = site.call("POST", path, version="v2.2", content=content, headers=headers).status_code
        return status

    assert post("application/json") == 405
    assert site.warnings() == ["exact_json"]
    assert post("application/json; charset=utf-8") == 200
