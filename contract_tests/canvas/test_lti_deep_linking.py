"""Canvas as an LTI 1.3 platform, with PyLTI1p3 as the tool: deep linking."""

from __future__ import annotations

import httpx
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.lti import (
    ITEMS,
    KEY,
    LAUNCH,
    assertion,
    launched,
    service,
    signed_in,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.signing import lti13


def test_deep_linking(canvas: Site, tool: Tool) -> None:
    path = "/courses/1/external_tools/77/resource_selection"
    launch = launched(canvas, tool, "teacher", path)
    assert launch.is_deep_link_launch()
    settings = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]
    item = LineItem().set_label("Quiz 9").set_score_maximum(5)
    resource = DeepLinkResource().set_url(f"{LAUNCH}?quiz=9").set_title("Quiz 9").set_lineitem(item)
    resource.set_custom_params({"quiz": "9"})
    jwt = launch.get_deep_link().get_response_jwt([resource])
    back = settings["deep_link_return_url"]
    assert httpx.post(back, data={"JWT": jwt}).status_code == 200
    canvas.lms.settings["canvas.reused_jti"] = "refuse"
    assert httpx.post(back, data={"JWT": jwt}).status_code == 400, "a nonce is used once"
    assert canvas.reason == "deep_linking_nonce_used"
    for broken in ("", "x.y.z", tool.sign({"iss": str(KEY)}, key="spare")):
        assert httpx.post(back, data={"JWT": broken}).status_code == 400
    other = launch.get_deep_link().get_response_jwt([resource])
    assert httpx.post(back.partition("?")[0], data={"JWT": other}).status_code == 400
    assert canvas.reason == "deep_linking_data_invalid"
    assert httpx.post(back.replace("/courses/1/", "/courses/2/"), data={"JWT": other}).status_code == 400
    assert httpx.post(back, data={"JWT": other}).status_code == 200
    browser = signed_in(canvas)
    assert "Quiz 9" in browser.get("/courses/1").text
    quiz = next(a for a in canvas.student.get("/api/v1/courses/1/assignments").json() if a["name"] == "Quiz 9")
    placed = launched(canvas, tool, path=f"/courses/1/assignments/{quiz['id']}").get_launch_data()
    assert placed[f"{lti13.CLAIM}custom"] == {"a": "b", "quiz": "9"}
    assert placed[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?quiz=9"
    own = placed[lti13.AGS_CLAIM]["lineitem"]
    assert own.startswith(f"{canvas.url}{ITEMS}/")
    token = service(canvas, assertion(canvas, tool), lti13.SCOPE_LINE_ITEM).json()["access_token"]
    assert canvas.api(token).get(own).status_code == 200
    assert canvas.api(token).delete(own).status_code == 401, "it belongs to a placed link"
    assert canvas.reason == "line_item_coupled"


def test_deep_linking_with_a_line_item_that_does_not_hold(canvas: Site, tool: Tool, keys: KeySite) -> None:
    launch = launched(canvas, tool, "teacher", "/courses/1/external_tools/77/resource_selection")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz")
    bad = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz").set_lineitem(item)])
    assert httpx.post(back, data={"JWT": bad}).status_code == 400
    assert canvas.reason == "deep_linking_line_item"
    good = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    keys.answer = (500, b"")
    assert httpx.post(back, data={"JWT": good}).status_code == 400
    assert canvas.reason == "tool_keys_unavailable"
