"""OpenLearning's part of a world: dump and load, snapshots, and the errors of an invalid file."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.openlearning.site import Site
from lms_emulator import ControlError, Emulator


def test_a_dump_loads_as_the_same_world(site: Site) -> None:
    user_id = site.provision().json()["data"]["id"]
    used, unused = site.launch_data(user_id), site.launch_data(user_id)
    with site.browser() as browser:
        browser.post(used["url"], data=used["params"])
        before = json.loads(json.dumps(site.lms.dump()))
        site.lms.load("empty")
        assert site.get("/users/me/institutions/").status_code == 401
        site.lms.load(before)
        assert site.lms.dump()["openlearning"] == before["openlearning"]
        assert "Zoë" in browser.get("/lakeside/").text
    assert site.post_launch(used).status_code == 403
    assert site.refusal().reason == "launch_replayed"
    assert site.post_launch(unused).status_code == 302


def test_snapshot_and_restore(site: Site) -> None:
    data = site.launch_data()
    kept = site.lms.snapshot()
    assert site.post_launch(data).status_code == 302
    site.lms.restore(kept)
    assert site.get(f"/users/{site.info.managed_user.id}/enrolments/").json()["data"] == []
    assert site.post_launch(data).status_code == 302


def test_reset(site: Site) -> None:
    site.provision()
    data = site.launch_data()
    site.lms.reset()
    assert len(site.get(site.managed_users()).json()["data"]) == 2
    assert site.post_launch(data).status_code == 302


def test_info_of_an_empty_world(lms: Emulator) -> None:
    lms.load("empty")
    info = lms.openlearning
    assert info.api_key == info.class_id == info.v1.username == ""
    assert info.launch_url.endswith("/lti/launch/")


def test_every_problem_of_a_world_is_reported_at_once(lms: Emulator) -> None:
    section = lms.dump()["openlearning"]
    section["users"][1]["managed_by"] = "nowhere"
    section["classes"][0]["course"] = "f" * 24
    section["users"][2]["primary_email_address"] = "ADA.lovelace@example.edu"
    section["memberships"][3]["external_institution_id"] = "student-1815"
    section["enrolments"][0]["class_id"] = None
    answer = httpx.put(f"{lms.url}/_emulator/world", json={"openlearning": section})
    assert answer.status_code == 400, answer.text
    problems = "\n".join(answer.json()["errors"])
    for words in (
        "openlearning.users[1].managed_by: 'nowhere' is not among `institutions`",
        "openlearning.classes[0].course: 'ffffffffffffffffffffffff' is not among `courses`",
        "openlearning.users[2].primary_email_address: users[1] has the same",
        "openlearning.memberships[3].external_institution_id: memberships[1] has the same",
        "openlearning.enrolments[0]: either class_id or program is required",
    ):
        assert words in problems


def test_wrong_shapes_are_reported_with_their_place(lms: Emulator) -> None:
    section = lms.dump()["openlearning"]
    section["courses"][0]["slug"] = "a b"
    section["api_keys"][0]["colour"] = "green"
    with pytest.raises(ControlError) as caught:
        lms.load({"openlearning": section})
    assert "openlearning.courses[0].slug" in str(caught.value)
    assert "openlearning.api_keys[0].colour" in str(caught.value)


def small_world(site: Site) -> dict[str, Any]:
    """The demo world's first institution and its administrator, and nothing else."""
    section = site.lms.dump()["openlearning"]
    keep = {"institutions": 1, "users": 2, "memberships": 2, "api_keys": 1}
    return {name: section[name][:count] for name, count in keep.items()}


def test_an_institution_without_a_registration_makes_no_launches(site: Site) -> None:
    section = small_world(site)
    section["users"][1]["primary_email_address"] = ""
    site.lms.load({"openlearning": section})
    assert site.lms.openlearning.consumer_key == ""
    assert site.sign_on().status_code == 404
    assert site.refusal().reason == "unknown_registration"
    section["registrations"] = [{"consumer_key": "k" * 24, "secret": "s", "institution": "lakeside"}]
    site.lms.load({"openlearning": section})
    params = site.launch_data(roles="Learner")["params"]
    assert "lis_person_contact_email_primary" not in params


def test_an_account_without_an_external_id_omits_it(site: Site) -> None:
    section = small_world(site)
    section["memberships"][1]["external_institution_id"] = None
    site.lms.load({"openlearning": section})
    rows = site.get(site.managed_users()).json()["data"]
    assert [list(row) for row in rows] == [["user"]]
    again = site.provision(primary_email_address="ada.lovelace@example.edu").json()["data"]
    assert "external_institution_id" not in again
    assert site.lms.openlearning.managed_user.id == ""


def test_a_course_without_classes_has_no_default_class(site: Site) -> None:
    section = small_world(site)
    author = section["users"][0]["id"]
    course = {"id": "c" * 24, "institution": "lakeside", "slug": "x", "title": "X", "created_by": author}
    section["courses"] = [course]
    site.lms.load({"openlearning": section})
    body = {"user": section["users"][1]["id"], "course": "c" * 24}
    assert site.call("POST", "/enrolments/submit-json/", version="v2.2", json=body).status_code == 404
    assert site.lms.openlearning.class_id == ""
    assert site.http.get("/lakeside/courses/x/").status_code == 200


def test_accounts_are_enrolled_with_the_ids_of_a_world(site: Site) -> None:
    world = site.lms.dump()
    world["openlearning"]["enrolments"][0]["external_enrolment_id"] = "e-1"
    site.lms.load(world)
    alan = world["openlearning"]["enrolments"][0]["user"]
    rows = site.get(f"/users/{alan}/enrolments/", key=site.info.member_api_key).json()["data"]
    assert rows[0]["external_enrolment_id"] == "e-1"
    assert rows[0]["created_at"] == "2020-07-04T04:26:50Z"
