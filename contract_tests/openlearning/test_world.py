"""OpenLearning's part of a world: dump and load, snapshots, and what is said about a wrong file."""

from __future__ import annotations

import json

import pytest

from contract_tests.openlearning.site import Site
from lms_emulator.client import ControlError, Emulator


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


def test_every_problem_of_a_world_is_told_at_once(lms: Emulator) -> None:
    section = lms.dump()["openlearning"]
    section["users"][1]["managed_by"] = "nowhere"
    section["classes"][0]["course"] = "f" * 24
    section["users"][2]["primary_email_address"] = "ADA.lovelace@example.edu"
    section["memberships"][3]["external_institution_id"] = "student-1815"
    section["enrolments"][0]["class_id"] = None
    with pytest.raises(ControlError) as caught:
        lms.load({"openlearning": section})
    for words in (
        "openlearning.users[1].managed_by: no record of institutions has the id 'nowhere'",
        "openlearning.classes[0].course: no record of courses",
        "openlearning.users[2].primary_email_address: users[1] has the same",
        "openlearning.memberships[3].external_institution_id: memberships[1] has the same",
        "openlearning.enrolments[0]: one of class_id and program is needed",
    ):
        assert words in str(caught.value)


def test_wrong_shapes_are_told_with_their_place(lms: Emulator) -> None:
    section = lms.dump()["openlearning"]
    section["courses"][0]["slug"] = "a b"
    section["api_keys"][0]["colour"] = "green"
    with pytest.raises(ControlError) as caught:
        lms.load({"openlearning": section})
    assert "openlearning.courses[0].slug" in str(caught.value)
    assert "openlearning.api_keys[0].colour" in str(caught.value)
