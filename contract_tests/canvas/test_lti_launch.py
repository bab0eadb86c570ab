"""Canvas as an LTI 1.3 platform, with PyLTI1p3 as the tool: launches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pylti1p3.exception import LtiException

from contract_tests.canvas.lti import (
    DEPLOYMENT,
    KEY,
    LAUNCH,
    OPEN,
    launched,
    signed_in,
)
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import KeySite, Tool, changed, initiation, posted
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read


def test_a_launch_holds_for_pylti1p3(canvas: Site, tool: Tool) -> None:
    launch = launched(canvas, tool)
    data = launch.get_launch_data()
    assert data["iss"] == "https://canvas.instructure.com"
    assert data["azp"] == data["aud"] == str(KEY)
    assert data["exp"] - data["iat"] == 3600
    assert (data["name"], data["email"]) == ("Ada Lovelace", "ada.lovelace@example.edu")
    assert data["sub"] == canvas.info.student.lti_id
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b"}
    assert data[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?from=tool"
    assert data[f"{lti13.CLAIM}context"]["title"] == "Analytical Engines"
    assert launch.check_student_access()
    assert not launch.check_teacher_access()
    assert launched(canvas, tool, "teacher").check_teacher_access()


def test_the_first_step_names_everything(canvas: Site, tool: Tool) -> None:
    fields = initiation(signed_in(canvas), OPEN)
    assert fields["iss"] == "https://canvas.instructure.com"
    assert fields["client_id"] == str(KEY)
    assert fields["lti_deployment_id"] == fields["deployment_id"] == DEPLOYMENT
    assert fields["login_hint"] == "ada0010100000000000000000000000000000101"
    assert {"lti_message_hint", "target_link_uri", "canvas_region", "canvas_environment"} <= set(fields)


def test_privacy_settings(canvas: Site, tool: Tool, keys: KeySite, lms: Emulator) -> None:
    dump = lms.dump()
    dump["canvas"]["tools"][-1]["privacy"] = "anonymous"
    lms.load(json.loads(json.dumps(dump, default=str)))
    data = launched(canvas, tool).get_launch_data()
    assert not {"name", "email", "given_name", "picture"} & set(data)


def test_a_tampered_launch_does_not_hold(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    _, fields = posted(browser, tool.login(initiation(browser, OPEN)))
    header, _, signature = fields["id_token"].split(".")
    claims = {**read(fields["id_token"]).claims, "sub": "somebody else"}
    body = tool.sign(claims).split(".")[1]
    with pytest.raises(LtiException):
        tool.launch({**fields, "id_token": f"{header}.{body}.{signature}"})
    assert tool.launch(fields)


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"nonce": None}, "invalid_request_object", "lti_missing_parameter"),
        ({"scope": "profile"}, "invalid_request_object", "lti_wrong_scope"),
        ({"login_hint": "x"}, "login_required", "lti_login_required"),
    ],
)
def test_faults_are_posted_to_the_tool(
    canvas: Site, tool: Tool, changes: dict[str, str | None], error: str, reason: str
) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser, OPEN))
    action, fields = posted(browser, changed(url, **changes))
    assert (action, fields["error"]) == (LAUNCH, error)
    assert fields["state"] == dict(httpx.URL(url).params)["state"]
    assert canvas.reason == reason
    assert "id_token" in posted(browser, url)[1], "the launch is still good"


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"redirect_uri": f"{LAUNCH}/"}, 400, "lti_redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example"}, 400, "lti_redirect_uri_mismatch"),
        ({"client_id": "999"}, 400, "lti_redirect_uri_mismatch"),
        ({"lti_message_hint": "x"}, 400, "lti_message_hint_invalid"),
        ({"lti_message_hint": None}, 400, "lti_message_hint_missing"),
    ],
)
def test_errors_that_are_not_redirected(
    canvas: Site, tool: Tool, changes: dict[str, str | None], status: int, reason: str
) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser, OPEN))
    answer = browser.follow(browser.get(changed(url, **changes)))
    assert (answer.status_code, canvas.reason) == (status, reason)
    assert "id_token" in posted(browser, url)[1]


@pytest.mark.parametrize(
    ("changes", "warning", "description"),
    [
        ({"prompt": "login"}, "prompt_unchecked", "The 'prompt' must be 'none'"),
        ({"response_type": "code"}, "response_type_unchecked", "The 'response_type' must be 'id_token'"),
        ({"response_mode": "query"}, "response_mode_unchecked", "The 'response_mode' must be 'form_post'"),
        ({"nonce": ""}, "value_unchecked", "The following parameters are missing: nonce"),
        ({"state": None}, "state_missing", None),
        ({}, None, None),
    ],
)
def test_values_that_canvas_does_not_look_at(
    canvas: Site, tool: Tool, changes: dict[str, str | None], warning: str | None, description: str | None
) -> None:
    browser = signed_in(canvas)

    def asked() -> tuple[dict[str, str], list[str]]:
        fields = posted(browser, changed(tool.login(initiation(browser, OPEN)), **changes))[1]
        return fields, [found.code for found in canvas.lms.requests.last.warnings]

    fields, warned = asked()
    assert ("id_token" in fields, warned) == (True, [warning] if warning else [])
    canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    fields, _ = asked()
    if description is None:
        assert "id_token" in fields
    else:
        assert (fields["error"], fields["error_description"]) == ("invalid_request_object", description)


def test_of_an_address_with_a_query_only_the_query_counts(canvas: Site, tool: Tool) -> None:
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    key = next(developer_key for developer_key in world["canvas"]["developer_keys"] if developer_key["id"] == KEY)
    key["redirect_uris"] = [f"{LAUNCH}?tenant=1&x=a%20b"]
    canvas.lms.load(world)
    browser = signed_in(canvas)
    url = tool.login(initiation(browser, OPEN))

    def asked(redirect_uri: str) -> int:
        return browser.follow(browser.get(changed(url, redirect_uri=redirect_uri))).status_code

    elsewhere = "https://other.example/zz?x=a+b&more=1&tenant=1"
    for wrong in (f"{LAUNCH}?tenant=1", f"{LAUNCH}?tenant=2&x=a%20b", f"{LAUNCH}?tenant=1&tenant=2&x=a%20b"):
        assert (asked(wrong), canvas.reason) == (400, "lti_redirect_uri_mismatch")
    for without in (LAUNCH, f"{LAUNCH}?"):
        assert (asked(without), canvas.reason) == (500, "canvas_fails_here")
    canvas.lms.settings["canvas.checks_redirect_base"] = True
    assert asked(elsewhere) == 400
    canvas.lms.settings["canvas.checks_redirect_base"] = False
    action, fields = posted(browser, changed(url, redirect_uri=elsewhere))
    assert action == elsewhere
    assert "id_token" in fields
    assert [warning.code for warning in canvas.lms.requests.last.warnings] == ["redirect_base_unchecked"]


def test_a_launch_is_used_once_and_not_late(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser, OPEN))
    assert "id_token" in posted(browser, url)[1]
    assert posted(browser, url)[1]["error"] == "launch_no_longer_valid"
    late = tool.login(initiation(browser, OPEN))
    canvas.lms.clock.advance(seconds=301)
    answer = browser.follow(browser.get(late))
    assert (answer.status_code, canvas.reason) == (400, "lti_message_hint_invalid")


def test_with_another_persons_session_and_without_one(canvas: Site, tool: Tool) -> None:
    url = tool.login(initiation(signed_in(canvas), OPEN))
    assert posted(canvas.browser(), url)[1]["error"] == "login_required"
    assert posted(signed_in(canvas, "other_student"), url)[1]["error"] == "login_required"
    assert canvas.diagnosis.startswith("this browser is signed in as another person than the one of this launch")


def test_another_tools_client_id(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser, OPEN))
    theirs = {"client_id": canvas.info.lti_client_id, "redirect_uri": f"{canvas.lms.ltiaas.url}/lti/launch"}
    assert posted(browser, changed(url, **theirs))[1]["error"] == "unauthorized_client"


def test_pages_that_ask_to_sign_in_or_are_not_there(canvas: Site, tool: Tool) -> None:
    answer = canvas.browser().get("/courses/1/external_tools/77")
    assert answer.headers["location"].endswith("/login")
    browser = signed_in(canvas)
    for path in ("/courses/99", "/courses/1/assignments/99", "/nowhere"):
        assert browser.get(path).status_code == 404, path
    assert browser.get("/courses/3").status_code == 403
    assert browser.get("/courses/1/external_tools/99").headers["location"].endswith("/courses/1")
    assert "find valid settings for this tool" in browser.get("/courses/1").text
    assert "What can an engine do?" in browser.get("/courses/1/assignments/2").text
    assert "lti_message_hint" in browser.get("/courses/1/assignments/1").text


def test_signing_out(canvas: Site) -> None:
    browser = signed_in(canvas)
    page = browser.get("/")
    token = page.text.partition('name="authenticity_token" value="')[2].partition('"')[0]
    assert browser.http.post("/logout", data={"authenticity_token": token}).status_code == 404
    forged = {"_method": "delete", "authenticity_token": "x"}
    assert browser.http.post("/logout", data=forged).status_code == 422
    assert browser.http.post("/logout", data={"_method": "delete", "authenticity_token": token}).status_code == 302
    assert browser.get("/").headers["location"].endswith("/login")


def test_a_placed_link_is_launched_from_the_course_page(canvas: Site) -> None:
    browser = signed_in(canvas)
    path = "/courses/1/external_tools/retrieve?resource_link_lookup_uuid="
    fields = form(browser.get(f"{path}8aa641d1-b4d4-4fea-8a9b-000000000001").text)[1]
    assert fields["target_link_uri"] == f"{canvas.lms.ltiaas.url}/lti/launch?exercise=1"
    assert browser.get(f"{path}x").headers["location"].endswith("/courses/1")
    assert "Resource link not found" in browser.get("/courses/1").text


def test_a_replacement_of_an_lti_1_1_tool_gets_proof_of_the_consumer_key(canvas: Site, tool: Tool) -> None:
    """The old tool has the same address, and may be deleted; one of another address does not count."""

    def legacy() -> dict[str, str]:
        data = launched(canvas, tool).get_launch_data()
        claim = dict(data[f"{lti13.CLAIM}lti1p1"])
        assert claim.pop("user_id") == data[f"{lti13.CLAIM}lti11_legacy_user_id"]
        if claim:
            signed = ["old-key", data[f"{lti13.CLAIM}deployment_id"], data["iss"], data["aud"]]
            text = "&".join([*signed, str(data["exp"]), data["nonce"]])
            wanted = base64.b64encode(hmac.new(b"old & secret", text.encode(), hashlib.sha256).digest()).decode()
            assert claim == {"oauth_consumer_key": "old-key", "oauth_consumer_key_sign": wanted}
        return claim

    old = {"name": "Old", "consumer_key": "old-key", "shared_secret": "old & secret"}
    tools = "/api/v1/courses/1/external_tools"
    canvas.teacher.post(tools, json={**old, "url": f"{LAUNCH}/elsewhere"}).raise_for_status()
    assert not legacy()
    number = canvas.teacher.post(tools, json={**old, "url": LAUNCH}).json()["id"]
    assert legacy()
    canvas.teacher.delete(f"{tools}/{number}").raise_for_status()
    assert legacy()
    canvas.lms.settings["canvas.tells_consumer_keys"] = False
    assert not legacy()


RECORDED = Path(__file__).parents[2] / "fixtures/recordings/canvas"


@pytest.mark.parametrize("run", ["lti-launch", "lti-deeplink"])
def test_claims_and_members_stand_in_the_order_of_every_recorded_launch(canvas: Site, tool: Tool, run: str) -> None:
    recorded = re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", (RECORDED / f"{run}.jsonl").read_text("utf-8"))
    tokens = [found for text in recorded if "azp" in (found := dict(read(text).claims))]
    assert tokens
    page = OPEN if run == "lti-launch" else f"{OPEN}/resource_selection"
    ours = launched(canvas, tool, "teacher", page).get_launch_data()
    for token in tokens:
        in_order(ours, token)


def in_order(ours: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The replay compares values, and the orders of a server that launched something before."""
    assert [name for name in ours if name in wanted] == [name for name in wanted if name in ours]
    for name in set(ours) & set(wanted):
        if isinstance(ours[name], dict) and isinstance(wanted[name], dict):
            in_order(ours[name], wanted[name])


def test_a_tool_of_an_account_opens_there_and_in_its_courses(canvas: Site, tool: Tool) -> None:
    """fixtures/recordings/canvas/lti-launch.jsonl: an account has no label, no services, and no course of the LIS."""
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    own = next(item for item in world["canvas"]["tools"] if item["id"] == 77)
    spots = {name: {"enabled": True} for name in ("account_navigation", "course_navigation")}
    own |= {"course_id": None, "account_id": 1, "privacy": "public", "settings": spots}
    canvas.lms.load(world)
    browser = signed_in(canvas, "admin")
    _, fields = posted(browser, tool.login(initiation(browser, "/accounts/1/external_tools/77")))
    claims = read(fields["id_token"]).claims
    context = claims[f"{lti13.CLAIM}context"]
    assert (context["type"], "label" in context) == (["Account"], False)
    assert claims[f"{lti13.CLAIM}resource_link"]["id"] == context["id"]
    assert claims["https://www.instructure.com/placement"] == "account_navigation"
    assert claims[f"{lti13.CLAIM}lis"]["course_offering_sourcedid"] == "$CourseSection.sourcedId"
    assert not {lti13.AGS_CLAIM, lti13.NRPS_CLAIM} & set(claims)
    below = launched(canvas, tool).get_launch_data()
    assert below["https://www.instructure.com/placement"] == "course_navigation"
    assert {lti13.AGS_CLAIM, lti13.NRPS_CLAIM} <= set(below)


@pytest.mark.parametrize("spot", ["module item", "assignment"])
def test_a_tool_opens_from_where_it_was_placed(canvas: Site, tool: Tool, spot: str) -> None:
    course, url = "/api/v1/courses/1", f"{LAUNCH}?from=tool"
    if spot == "assignment":
        tag = {"content_id": 77, "content_type": "context_external_tool", "url": url}
        task = {"name": "Placed", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag}
        made = canvas.teacher.post(f"{course}/assignments", json={"assignment": {**task, "published": True}}).json()
        page = f"/courses/1/assignments/{made['id']}"
    else:
        module = canvas.teacher.post(f"{course}/modules", json={"module": {"name": "M"}}).json()["id"]
        canvas.teacher.put(f"{course}/modules/{module}", json={"module": {"published": True}})
        item = {"type": "ExternalTool", "content_id": 77, "external_url": url, "title": "Placed", "new_tab": False}
        items = f"{course}/modules/{module}/items"
        made = canvas.teacher.post(items, json={"module_item": item}).json()
        canvas.teacher.put(f"{items}/{made['id']}", json={"module_item": {"published": True}})
        page = f"/courses/1/modules/items/{made['id']}"
    data = launched(canvas, tool, path=page).get_launch_data()
    link, again = data[f"{lti13.CLAIM}resource_link"], launched(canvas, tool, "teacher", page).get_launch_data()
    assert link["title"] == "Placed"
    assert link["id"] not in ("", data[f"{lti13.CLAIM}context"]["id"]), "a link of its own"
    assert again[f"{lti13.CLAIM}resource_link"] == link
    assert ("lineitem" in data[lti13.AGS_CLAIM]) is (spot == "assignment")


def test_names_of_a_tools_custom_fields_are_made_plain(canvas: Site, tool: Tool) -> None:
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    record = next(row for row in whole["canvas"]["tools"] if row["id"] == 77)
    record["custom"] = {"User-ID": "1", "custom_two": "2", "Größe": "3"}
    canvas.lms.load(whole)
    claims = launched(canvas, tool).get_launch_data()
    assert claims[f"{lti13.CLAIM}custom"] == {"user_id": "1", "two": "2", "gr__e": "3"}
