"""World files, dumps, snapshots and further worlds of LearningStudio."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.support import refused
from lms_emulator import ControlError, Emulator
from lms_emulator.providers.learningstudio.info import Info


def test_a_dump_carries_tokens_and_nonces_along(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    assert client.signed("GET", "/systemDateTime", oauth_nonce="once").status_code == 200
    world = lms.dump()
    lms.load("demo")
    refused(lms, client.as_user(token, "GET", "/me"), "invalid_access_token", 401)
    lms.load(world)
    assert client.as_user(token, "GET", "/me").status_code == 200
    refused(lms, client.signed("GET", "/systemDateTime", oauth_nonce="once"), "nonce_reused", 401)


def test_worlds_do_not_see_each_other(lms: Emulator, client: Client, info: Info) -> None:
    other = lms.new_world("ls-other")
    try:
        there = replace(client, url=other.learningstudio.url)
        token = there.token(info.student.username)
        assert there.as_user(token, "GET", "/me").status_code == 200
        refused(lms, client.as_user(token, "GET", "/me"), "invalid_access_token", 401)
        for side in (client, there):
            assert side.signed("GET", "/systemDateTime", oauth_nonce="once").status_code == 200
    finally:
        lms.delete_world("ls-other")


def test_the_handle_of_an_empty_world_is_empty(lms: Emulator) -> None:
    lms.load("empty")
    assert lms.learningstudio.consumer_key == ""
    assert lms.learningstudio.course_id == 0


def test_the_handle_of_a_small_world_has_its_records(lms: Emulator) -> None:
    campus = {"client_string": "c", "consumer_key": "k", "shared_secret": "s" * 16}
    lms.load({"learningstudio": {"campuses": [campus]}})
    assert (lms.learningstudio.client_string, lms.learningstudio.student.id) == ("c", 0)


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("campuses", {"shared_secret": "short"}, "campuses[0].shared_secret: its characters are the AES key"),
        ("campuses", {"client_string": "gb|demo"}, "neither client_string nor consumer_key"),
        ("users", {"client_string": "nowhere"}, "users[0].client_string: 'nowhere' is not among `campuses`"),
        ("users", {"username": "a|b"}, "users[0].username"),
        ("users", {"id": -1}, "users[0].id: a positive number"),
        ("courses", {"term_id": 1}, "courses[0].term_id: 1 is not among `terms`"),
        ("enrollments", {"role": "DEAN"}, "enrollments[0].role"),
        ("gradebook_items", {"points_possible": -1}, "gradebook_items[0].points_possible"),
        ("grades", {"points": 1e300}, "grades[0].points"),
        ("grades", {"user_id": 1}, "grades[0].user_id: 1 is not among `users`"),
    ],
)
def test_a_bad_world_is_refused_with_the_place(lms: Emulator, table: str, change: dict[str, Any], words: str) -> None:
    section = copy.deepcopy(lms.dump()["learningstudio"])
    section[table][0].update(change)
    with pytest.raises(ControlError) as refusal:
        lms.load({"learningstudio": section})
    assert words in str(refusal.value)


def test_keys_that_two_campuses_share_are_refused(lms: Emulator) -> None:
    section = copy.deepcopy(lms.dump()["learningstudio"])
    section["campuses"][1]["consumer_key"] = section["campuses"][0]["consumer_key"]
    section["server_key"] = "short"
    with pytest.raises(ControlError) as refusal:
        lms.load({"learningstudio": section})
    assert "campuses[1].consumer_key: campuses[0] has the same" in str(refusal.value)
    assert "server_key" in str(refusal.value)
