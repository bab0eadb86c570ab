"""A signed token is valid only in the world that issued it, although all worlds sign with the same key."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from pylti1p3.deep_link_resource import DeepLinkResource

from contract_tests.brightspace.lti import DEPLOYMENT, NRPS, assertion, launched, service
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing import lti13


@pytest.fixture
def elsewhere(brightspace: Site) -> Iterator[Site]:
    """Another world over the same seed."""
    site = Site(brightspace.lms.new_world("elsewhere"))
    yield site
    site.close()
    brightspace.lms.delete_world("elsewhere")


def refused(site: Site, token: str, path: str = "/d2l/api/lp/1.47/users/whoami") -> None:
    answer = site.api(token).get(path)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Couldn't parse token")
    assert answer.json()["type"].endswith("#invalid-token")
    assert site.reason == "token_not_issued_here"
    assert "issued before it was reset" in site.diagnosis or "in the world `" in site.diagnosis


def test_a_token_ends_with_its_world(brightspace: Site) -> None:
    token = brightspace.tokens()["access_token"]
    assert brightspace.whoami(token).status_code == 200
    brightspace.lms.reset()
    refused(brightspace, token)
    assert brightspace.whoami(brightspace.tokens()["access_token"]).status_code == 200
    refused(brightspace, token)


def test_a_token_is_refused_in_another_world_of_the_same_seed(brightspace: Site, elsewhere: Site) -> None:
    here, there = brightspace.tokens()["access_token"], elsewhere.tokens()["access_token"]
    refused(elsewhere, here)
    refused(brightspace, there)
    assert (brightspace.whoami(here).status_code, elsewhere.whoami(there).status_code) == (200, 200)


def test_the_tokens_of_the_world_file_are_good_in_every_world_of_it(brightspace: Site, elsewhere: Site) -> None:
    brightspace.lms.reset()
    for site in (brightspace, elsewhere):
        assert site.whoami(brightspace.info.access_tokens.student).status_code == 200


def test_snapshots_and_dumps_keep_what_was_alive(brightspace: Site) -> None:
    before = brightspace.tokens()["access_token"]
    kept, dumped = brightspace.lms.snapshot(), brightspace.lms.dump()
    after = brightspace.tokens()["access_token"]
    brightspace.lms.reset()
    brightspace.lms.restore(kept)
    assert brightspace.whoami(before).status_code == 200
    refused(brightspace, after)
    brightspace.lms.load(json.loads(json.dumps(dumped, default=str)))
    assert brightspace.whoami(before).status_code == 200
    refused(brightspace, after)
    brightspace.lms.load("demo")
    refused(brightspace, before)


def test_tokens_that_are_over_are_forgotten(brightspace: Site) -> None:
    token = brightspace.tokens()["access_token"]
    assert len(brightspace.lms.dump()["brightspace"]["issued_tokens"]) == 1
    brightspace.lms.clock.advance(hours=2)
    for _ in range(16):
        assert brightspace.whoami(token).json()["detail"] == "The access token is expired"
    assert brightspace.lms.dump()["brightspace"]["issued_tokens"] == []
    assert brightspace.reason == "token_expired", "said even of a token that is not remembered"


def test_service_tokens(brightspace: Site, tool: Tool, elsewhere: Site) -> None:
    token = service(brightspace, assertion(brightspace, tool)).json()["access_token"]
    assert brightspace.api(token).get(NRPS).status_code == 200
    refused(elsewhere, token, NRPS)
    brightspace.lms.reset()
    refused(brightspace, token, NRPS)


def test_the_data_of_a_deep_linking_request(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    message = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    kept = brightspace.lms.snapshot()
    brightspace.lms.reset()
    assert httpx.post(back, data={"JWT": message}).status_code == 400
    assert brightspace.reason == "deep_linking_data_not_issued_here"
    assert "issued before it was reset" in brightspace.diagnosis
    brightspace.lms.restore(kept)
    assert httpx.post(back, data={"JWT": message}).status_code == 200


def test_seeded_ids_do_not_bring_a_token_back() -> None:
    """Ids restart at a reset, so a token from before has the same `jti`, but is a different token."""
    with Emulator.start(seed="again") as lms:
        site = Site(lms)
        lms.clock.freeze()
        first = site.tokens()["access_token"]
        lms.reset()
        lms.clock.advance(seconds=5)
        second = site.tokens()["access_token"]
        assert site.whoami(second).status_code == 200
        refused(site, first)
        site.close()
