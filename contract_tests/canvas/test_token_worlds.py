"""A signed token is valid only in the world that issued it, although all worlds sign with the same key."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from pylti1p3.deep_link_resource import DeepLinkResource

from contract_tests.canvas.lti import NRPS, OPEN, assertion, launched, service
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.signing import lti13


@pytest.fixture
def elsewhere(canvas: Site, tool: Tool) -> Iterator[Site]:
    """Another world over the same seed."""
    site = Site(canvas.lms.new_world("elsewhere"))
    yield site
    site.close()
    canvas.lms.delete_world("elsewhere")


def token_of(canvas: Site, tool: Tool) -> str:
    return str(service(canvas, assertion(canvas, tool)).json()["access_token"])


def refused(site: Site, token: str) -> None:
    answer = site.api(token).get(NRPS)
    message = "Access token invalid - signature likely incorrect"
    assert (answer.status_code, answer.json()) == (401, {"errors": {"type": "unauthorized", "message": message}})
    assert site.reason == "service_token_not_issued_here"
    assert any(words in site.diagnosis for words in ("issued before it was reset", "in the world `"))


def test_a_service_token_ends_with_its_world(canvas: Site, tool: Tool) -> None:
    token = token_of(canvas, tool)
    assert canvas.api(token).get(NRPS).status_code == 200
    canvas.lms.reset()
    refused(canvas, token)
    assert canvas.api(token_of(canvas, tool)).get(NRPS).status_code == 200
    refused(canvas, token)


def test_a_service_token_is_refused_in_another_world_of_the_same_seed(
    canvas: Site, tool: Tool, elsewhere: Site
) -> None:
    here, there = token_of(canvas, tool), token_of(elsewhere, tool)
    refused(elsewhere, here)
    refused(canvas, there)
    assert (canvas.api(here).get(NRPS).status_code, elsewhere.api(there).get(NRPS).status_code) == (200, 200)


def test_snapshots_and_dumps_keep_what_was_alive(canvas: Site, tool: Tool) -> None:
    before = token_of(canvas, tool)
    kept, dumped = canvas.lms.snapshot(), canvas.lms.dump()
    after = token_of(canvas, tool)
    canvas.lms.reset()
    canvas.lms.restore(kept)
    assert canvas.api(before).get(NRPS).status_code == 200
    refused(canvas, after)
    canvas.lms.load(json.loads(json.dumps(dumped, default=str)))
    assert canvas.api(before).get(NRPS).status_code == 200
    refused(canvas, after)
    canvas.lms.reset()
    assert canvas.api(before).get(NRPS).status_code == 200, "it came with the world that was loaded"


def test_service_tokens_that_are_over_are_forgotten(canvas: Site, tool: Tool) -> None:
    token = token_of(canvas, tool)
    assert len(canvas.lms.dump()["canvas"]["issued_tokens"]) == 1
    canvas.lms.clock.advance(hours=2)
    for _ in range(16):
        assert canvas.api(token).get(NRPS).json()["errors"]["message"] == "Access token expired"
    assert canvas.lms.dump()["canvas"]["issued_tokens"] == []


def test_the_data_of_a_deep_linking_request(canvas: Site, tool: Tool) -> None:
    launch = launched(canvas, tool, "teacher", f"{OPEN}/resource_selection")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    message = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    kept = canvas.lms.snapshot()
    canvas.lms.reset()
    answer = httpx.post(back, data={"JWT": message})
    assert (answer.status_code, answer.json()["errors"]["data_jwt"][0]["type"]) == (400, "invalid_or_malformed")
    assert canvas.reason == "deep_linking_data_not_issued_here"
    assert "issued before it was reset" in canvas.diagnosis
    canvas.lms.restore(kept)
    assert httpx.post(back, data={"JWT": message}).status_code == 200
