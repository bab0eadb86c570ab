"""Brightspace as an LTI 1.3 platform, with PyLTI1p3 as the tool: deep linking."""

from __future__ import annotations

import httpx
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from contract_tests.brightspace.lti import (
    CLIENT,
    DEPLOYMENT,
    LAUNCH,
    launched,
    signed_in,
)
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import CRITICAL, KeySite, Tool
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read


def test_deep_linking(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    assert launch.is_deep_link_launch()
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz 9").set_score_maximum(5)
    resource = DeepLinkResource().set_url(f"{LAUNCH}?quiz=9").set_title("Quiz 9").set_lineitem(item)
    jwt = launch.get_deep_link().get_response_jwt([resource])
    assert httpx.post(back, data={"JWT": jwt}).status_code == 200
    assert httpx.post(back, data={"JWT": jwt}).status_code == 400
    assert brightspace.reason == "deep_linking_nonce_used"
    other = launch.get_deep_link().get_response_jwt([resource])
    for broken in ("", "x.y.z", tool.sign({"iss": CLIENT})):
        assert httpx.post(back, data={"JWT": broken}).status_code == 400
    critical = tool.sign(read(other).claims | {"nonce": "critical"}, headers=CRITICAL)
    assert httpx.post(back, data={"JWT": critical}).status_code == 400
    assert brightspace.reason == "deep_linking_crit_not_understood"
    brightspace.lms.settings["brightspace.critical_headers"] = "ignore"
    assert httpx.post(back, data={"JWT": critical}).status_code == 200
    forged = tool.sign(read(other).claims, key="spare")
    assert httpx.post(back, data={"JWT": forged}).status_code == 400
    assert brightspace.reason == "deep_linking_bad_signature"
    assert httpx.post(back.replace("/6836/", "/6837/"), data={"JWT": other}).status_code == 400
    assert httpx.post(back, data={"JWT": other}).status_code == 200
    assert "Quiz 9" in signed_in(brightspace).get("/d2l/home/6836").text
    assert "Quiz 9" in [g["Name"] for g in brightspace.student.get("/d2l/api/le/1.79/6836/grades/").json()]


def test_a_response_that_comes_late_is_told_so(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    jwt = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz").set_url(LAUNCH)])
    brightspace.lms.clock.advance(hours=2)
    assert httpx.post(back, data={"JWT": jwt}).status_code == 400
    assert brightspace.reason == "deep_linking_data_invalid"
    assert brightspace.diagnosis.startswith("the deep linking request is too old: its `data` ended; that is ")
    assert "the emulator's clock was moved 2:00:00 ahead" in brightspace.diagnosis


def test_deep_linking_with_an_invalid_line_item(brightspace: Site, tool: Tool, keys: KeySite) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz")
    bad = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz").set_lineitem(item)])
    assert httpx.post(back, data={"JWT": bad}).status_code == 400
    assert brightspace.reason == "deep_linking_line_item"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for url in (back, f"{brightspace.url}/d2l/lti/authenticate"):
        assert httpx.post(url, content=b"x", headers=headers).status_code == 400
    good = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    keys.answer = (500, b"")
    assert httpx.post(back, data={"JWT": good}).status_code == 400
    assert brightspace.reason == "tool_keys_unavailable"
