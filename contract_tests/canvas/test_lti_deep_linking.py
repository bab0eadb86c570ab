"""Canvas as an LTI 1.3 platform, with PyLTI1p3 as the tool: deep linking."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.lti import (
    API_KEY,
    DEPLOYMENT,
    ITEMS,
    KEY,
    LAUNCH,
    OPEN,
    assertion,
    launched,
    service,
    signed_in,
)
from contract_tests.canvas.support import Browser, Site
from contract_tests.canvas.test_key_states import INACTIVE, OFF, switch, turn
from contract_tests.lti_tool import CRITICAL, KeySite, Tool, initiation, posted
from lms_emulator.server.length import LONG_BYTES
from lms_emulator.signing import jwt, lti13

COURSE = "/api/v1/courses/1"
SPOTS = (
    "editor_button",
    "link_selection",
    "course_assignments_menu",
    "module_index_menu_modal",
    "assignment_selection",
)
ISSUER = "https://canvas.instructure.com"


@pytest.fixture
def everywhere(canvas: Site, tool: Tool) -> Tool:
    """The tool, at each of these placements for selecting content."""
    world = canvas.lms.dump()
    found = next(item for item in world["canvas"]["tools"] if item["id"] == 77)
    offered = {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST}
    found["settings"] = {"course_navigation": {"enabled": True}, **dict.fromkeys(SPOTS, offered)}
    canvas.lms.load(world)
    return tool


@pytest.mark.parametrize("placement", ["course_navigation", "file_menu"])
def test_nothing_is_chosen_where_canvas_has_no_settings_for_it(canvas: Site, everywhere: Tool, placement: str) -> None:
    """A tool may request deep linking at any placement. Canvas fails where it does not know which content is
    accepted."""
    world = canvas.lms.dump()
    found = next(tool for tool in world["canvas"]["tools"] if tool["id"] == 77)
    found["settings"][placement] = {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST}
    canvas.lms.load(world)
    browser = signed_in(canvas, "teacher")
    assert browser.get(f"{OPEN}/resource_selection?placement={placement}").status_code == 500
    assert browser.get(f"{OPEN}/resource_selection?placement=editor_button").status_code == 200


class Choice:
    """A tool that received a deep linking request."""

    def __init__(self, site: Site, tool: Tool, spot: str, *, module: int | None = None) -> None:
        self.site, self.tool = site, tool
        self.browser: Browser = signed_in(site, "teacher")
        more = f"&context_module_id={module}" if module else ""
        page = f"{OPEN}/resource_selection?placement={spot}{more}"
        _, fields = posted(self.browser, tool.login(initiation(self.browser, page)))
        claims = jwt.read(fields["id_token"]).claims
        self.back = claims[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]

    def claims(self, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The claims of a valid response, with these changes (`...` removes a claim)."""
        now = int(self.site.lms.clock.now.timestamp())
        claims = {
            "iss": str(KEY),
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "nonce": f"n{now}",
            f"{lti13.CLAIM}message_type": lti13.DEEP_LINKING_RESPONSE,
            f"{lti13.CLAIM}version": "1.3.0",
            f"{lti13.CLAIM}deployment_id": DEPLOYMENT,
            f"{lti13.DL_CLAIM}content_items": list(items),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def answer(self, *items: dict[str, Any], back: str | None = None, **changes: Any) -> httpx.Response:
        """A response with content, from the browser that was asked."""
        headers = changes.pop("headers", None)
        signed = self.tool.sign(self.claims(*items, **changes), headers=headers)
        return self.browser.http.post(back or self.back, data={"JWT": signed})


def test_deep_linking_with_pylti1p3(canvas: Site, everywhere: Tool) -> None:
    path = f"{OPEN}/resource_selection?placement=course_assignments_menu"
    launch = launched(canvas, everywhere, "teacher", path)
    assert launch.is_deep_link_launch()
    settings = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]
    item = LineItem().set_label("Quiz 9").set_score_maximum(5)
    resource = DeepLinkResource().set_url(f"{LAUNCH}?quiz=9").set_title("Quiz 9").set_lineitem(item)
    resource.set_custom_params({"quiz": "9"})
    signed = launch.get_deep_link().get_response_jwt([resource])
    stranger = httpx.post(settings["deep_link_return_url"], data={"JWT": signed})
    assert stranger.status_code == 302, "only who manages the course's content makes assignments"
    again = launched(canvas, everywhere, "teacher", path).get_launch_data()
    back = again[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    assert signed_in(canvas, "teacher").http.post(back, data={"JWT": signed}).status_code == 200
    quiz = next(a for a in canvas.teacher.get(f"{COURSE}/assignments").json() if a["name"] == "Quiz 9")
    assert (quiz["published"], quiz["points_possible"]) == (False, 5)
    canvas.teacher.put(f"{COURSE}/assignments/{quiz['id']}", json={"assignment": {"published": True}})
    placed = launched(canvas, everywhere, path=f"/courses/1/assignments/{quiz['id']}").get_launch_data()
    assert placed[f"{lti13.CLAIM}custom"] == {"a": "b", "quiz": "9"}
    assert placed[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?quiz=9"
    own = placed[lti13.AGS_CLAIM]["lineitem"]
    assert own.startswith(f"{canvas.url}{ITEMS}/")
    token = service(canvas, assertion(canvas, everywhere), lti13.SCOPE_LINE_ITEM).json()["access_token"]
    assert canvas.api(token).get(own).status_code == 200
    assert canvas.api(token).delete(own).status_code == 401, "it belongs to the assignment"
    assert canvas.reason == "line_item_coupled"


def test_content_items_by_placement(canvas: Site, everywhere: Tool) -> None:
    link = {"type": "ltiResourceLink", "url": f"{LAUNCH}?n=1", "title": "One", "custom": {"n": "1"}}
    page = Choice(canvas, everywhere, "editor_button").answer(
        link, {"type": "html", "html": "<p>x</p>"}, {"type": "odd"}
    )
    assert page.status_code == 200
    lookup = canvas.lms.dump()["canvas"]["resource_links"][-1]["lookup_id"]
    assert lookup in page.text
    assert "&lt;p&gt;" not in page.text
    opened = launched(canvas, everywhere, path=f"/courses/1/external_tools/retrieve?resource_link_lookup_uuid={lookup}")
    assert opened.get_launch_data()[f"{lti13.CLAIM}custom"]["n"] == "1"
    teacher = canvas.teacher
    module = teacher.post(f"{COURSE}/modules", json={"module": {"name": "Week"}}).json()["id"]
    tab = {**link, "window": {"targetName": "_blank"}, "iframe": {"width": 300, "height": 200}}
    Choice(canvas, everywhere, "link_selection", module=module).answer(link)
    assert teacher.get(f"{COURSE}/modules/{module}/items").json() == [], "one link is made by the page itself"
    graded = {**link, "lineItem": {"scoreMaximum": 4, "label": "Graded"}}
    Choice(canvas, everywhere, "link_selection", module=module).answer(link, tab, graded)
    items = teacher.get(f"{COURSE}/modules/{module}/items").json()
    assert [(item["type"], item["title"], item["published"]) for item in items] == [
        ("ExternalTool", "One", False),
        ("ExternalTool", "One", False),
        ("Assignment", "Graded", False),
    ]
    assert (items[0]["new_tab"], items[1]["new_tab"]) == (False, True)
    asked = Choice(canvas, everywhere, "link_selection", module=module)
    asked.browser = signed_in(canvas, "student")
    assert asked.answer(link, tab).status_code == 403, "only those who manage content fill modules"
    assert len(teacher.get(f"{COURSE}/modules/{module}/items").json()) == 3
    assert Choice(canvas, everywhere, "link_selection", module=999).answer(link, link).status_code == 404
    Choice(canvas, everywhere, "module_index_menu_modal").answer(link)
    assert teacher.get(f"{COURSE}/modules").json()[-1]["name"] == "New Content From App"
    before = len(teacher.get(f"{COURSE}/assignments").json())
    without = {**link, "lineItem": {"label": "No maximum"}}
    page = Choice(canvas, everywhere, "course_assignments_menu").answer(without)
    assert "lineItem.scoreMaximum is a required field" in page.text
    Choice(canvas, everywhere, "assignment_selection").answer(graded)
    assert len(teacher.get(f"{COURSE}/assignments").json()) == before
    dated = {**graded, "available": {"startDateTime": "2026-12-01T00:00:00Z"}, "submission": {"endDateTime": "soon"}}
    Choice(canvas, everywhere, "course_assignments_menu").answer({**dated, "text": "<p>Read</p>"})
    made = teacher.get(f"{COURSE}/assignments").json()[-1]
    assert (made["unlock_at"], made["due_at"], made["description"]) == ("2026-12-01T00:00:00Z", None, "<p>Read</p>")


@pytest.mark.parametrize(
    ("changes", "attribute", "said"),
    [
        ({"iss": ...}, "jwt", "Client not found"),
        ({"iss": str(API_KEY)}, "jwt", "Client not found"),
        ({"aud": "x"}, "base", "the 'aud' is invalid"),
        ({"exp": ...}, "base", "the following assertions are missing: exp"),
        ({"exp": 1}, "base", "the JWT has expired"),
        ({"iat": 1}, "base", "the 'iat' must be less than 300 seconds old"),
        ({"iat": 9_000_000_000}, "base", "the 'iat' must not be in the future"),
    ],
)
def test_invalid_responses(canvas: Site, everywhere: Tool, changes: dict[str, Any], attribute: str, said: str) -> None:
    choice = Choice(canvas, everywhere, "editor_button")
    answer = choice.answer(**changes)
    assert (answer.status_code, answer.json()["errors"][attribute][0]["message"]) == (400, said)
    assert choice.answer().status_code == 200, "a refused answer does not use the address up"


def test_more_invalid_responses(canvas: Site, everywhere: Tool, keys: KeySite) -> None:
    choice = Choice(canvas, everywhere, "editor_button")
    post = choice.browser.http.post
    assert post(choice.back).status_code == 500
    for broken, reason in (
        ("abc", "deep_linking_malformed"),
        (everywhere.sign(choice.claims(), key="spare"), "deep_linking_bad_signature"),
        (everywhere.sign(choice.claims(), kid="other"), "deep_linking_unknown_kid"),
        (everywhere.sign(choice.claims(), kid=None), "deep_linking_missing_kid"),
        (jwt.sign(choice.claims(), "secret", algorithm="HS256"), "deep_linking_alg_confusion"),
    ):
        for beside in ({}, {"long": "x" * LONG_BYTES}):
            assert post(choice.back, data={"JWT": broken, **beside}).status_code == 400
            assert canvas.reason == reason
    front, _, data = choice.back.partition("?data=")
    for back, kind in ((front, "presence_required"), (f"{front}?data={data[:-2]}", "invalid_or_malformed")):
        answer = choice.answer(back=back)
        assert answer.json()["errors"]["data_jwt"][0]["type"] == kind
    assert choice.answer(**{f"{lti13.DL_CLAIM}content_items": {"a": 1}}).status_code == 500
    choice = Choice(canvas, everywhere, "editor_button")
    keys.answer = (500, b"")
    assert choice.answer().status_code == 400
    assert canvas.reason == "tool_keys_unavailable"
    keys.publish(everywhere)
    assert choice.answer().status_code == 200
    assert choice.answer().json()["errors"]["data_jwt"][0]["type"] == "already_used"
    canvas.lms.settings["canvas.deep_linking_answer_once"] = False
    assert choice.answer().status_code == 200


def test_content_chosen_with_a_key_that_is_off_or_inactive(canvas: Site, everywhere: Tool) -> None:
    choice = Choice(canvas, everywhere, "editor_button")
    switch(canvas, "off")
    assert (choice.answer().status_code, canvas.reason) == (400, "key_off")
    assert canvas.diagnosis.startswith(OFF)
    turn(canvas, "deactivate")
    assert (choice.answer().status_code, canvas.reason) == (400, "key_inactive")
    assert canvas.diagnosis == INACTIVE
    switch(canvas, "on")
    turn(canvas, "activate")
    assert choice.answer().status_code == 200


def test_unchecked_claims_of_deep_linking_responses(canvas: Site, everywhere: Tool) -> None:
    odd = {f"{lti13.CLAIM}deployment_id": "1:x", f"{lti13.CLAIM}message_type": "x", "nonce": ...}
    assert Choice(canvas, everywhere, "editor_button").answer(**odd).status_code == 200
    assert {w.code for w in canvas.lms.requests.last.warnings} == {"claim_unchecked"}
    assert Choice(canvas, everywhere, "editor_button").answer(headers=CRITICAL).status_code == 200
    canvas.lms.settings["canvas.critical_headers"] = "refuse"
    assert Choice(canvas, everywhere, "editor_button").answer(headers=CRITICAL).status_code == 400
    assert canvas.reason == "deep_linking_crit_not_understood"
    canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    canvas.lms.settings["canvas.reused_jti"] = "refuse"
    for name, value in odd.items():
        assert Choice(canvas, everywhere, "editor_button").answer(**{name: value}).status_code == 400
    assert Choice(canvas, everywhere, "editor_button").answer(nonce="once").status_code == 200
    assert Choice(canvas, everywhere, "editor_button").answer(nonce="once").status_code == 400
    assert canvas.reason == "deep_linking_nonce_used"
