"""Brightspace as an LTI 1.3 platform, with PyLTI1p3 as the tool: launches."""

from __future__ import annotations

import httpx
import pytest
from pylti1p3.exception import LtiException

from contract_tests.brightspace.lti import (
    ADA,
    CLIENT,
    DEPLOYMENT,
    ITEMS,
    LAUNCH,
    LINK,
    OPEN,
    assertion,
    launched,
    service,
    signed_in,
)
from contract_tests.brightspace.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import Tool, changed, initiation, posted
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read


def test_a_launch_holds_for_pylti1p3(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool)
    data = launch.get_launch_data()
    assert data["iss"] == brightspace.url
    assert data["aud"] == CLIENT
    assert "azp" not in data
    assert (data["sub"], data["nbf"], data["exp"] - data["iat"]) == (ADA, data["iat"], 1800)
    assert data["http://www.brightspace.com"]["user_id"] == 169
    assert data[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?x=1"
    assert data[f"{lti13.CLAIM}context"]["id"] == "6836"
    assert data[lti13.AGS_CLAIM]["lineitems"] == f"{brightspace.url}{ITEMS}"
    assert launch.check_student_access()
    assert launched(brightspace, tool, "instructor").check_teacher_access()


CAPTURED = (
    *("nbf", "exp", "iss", "aud", "iat", "sub", "given_name", "family_name", "name", "email", "nonce"),
    *(f"{lti13.CLAIM}{name}" for name in ("message_type", "version", "deployment_id", "target_link_uri")),
    *(f"{lti13.CLAIM}{name}" for name in ("resource_link", "roles", "context", "lis", "launch_presentation")),
    *("http://www.brightspace.com", lti13.AGS_CLAIM, lti13.NRPS_CLAIM, f"{lti13.CLAIM}tool_platform"),
)
"""The claims of a captured launch, in order; below, the members of those that are objects."""
MEMBERS = {
    f"{lti13.CLAIM}resource_link": "id title description",
    f"{lti13.CLAIM}context": "id label title type",
    f"{lti13.CLAIM}lis": "course_offering_sourcedid course_section_sourcedid",
    "http://www.brightspace.com": "tenant_id user_id username Context.id.history ResourceLink.id.history link_id",
    lti13.AGS_CLAIM: "scope lineitem lineitems",
    lti13.NRPS_CLAIM: "context_memberships_url service_versions",
    f"{lti13.CLAIM}tool_platform": "guid product_family_code",
}


def test_claims_and_their_members_stand_in_the_order_of_a_captured_launch(brightspace: Site, tool: Tool) -> None:
    granted = service(brightspace, assertion(brightspace, tool), scope=lti13.SCOPE_LINE_ITEM).json()
    api = brightspace.api(granted["access_token"])
    wanted = {"label": "Lab", "scoreMaximum": 10, "resourceLinkId": LINK}
    item = api.post(ITEMS, json=wanted).json()
    data = launched(brightspace, tool).get_launch_data()
    assert data[lti13.AGS_CLAIM]["lineitem"] == item["id"]
    assert tuple(data)[: len(CAPTURED)] == CAPTURED
    for name, members in MEMBERS.items():
        assert [value for value in data[name] if value in members.split()] == members.split(), name
    api.post(ITEMS, json=wanted).raise_for_status()
    assert "lineitem" not in launched(brightspace, tool).get_launch_data()[lti13.AGS_CLAIM], "the link has two"


def test_a_choice_has_the_claims_of_a_launch_without_its_link(brightspace: Site, tool: Tool) -> None:
    data = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}").get_launch_data()
    link = f"{lti13.CLAIM}resource_link"
    assert link not in data
    assert [name for name in data if name in CAPTURED] == [name for name in CAPTURED if name != link]
    settings = data[f"{lti13.DL_CLAIM}deep_linking_settings"]
    wanted = "deep_link_return_url accept_types accept_presentation_document_targets accept_multiple auto_create data"
    assert [name for name in settings if name in wanted.split()] == wanted.split()


def test_the_first_step_names_everything(brightspace: Site, tool: Tool) -> None:
    fields = initiation(signed_in(brightspace), OPEN)
    assert (fields["iss"], fields["client_id"], fields["login_hint"]) == (brightspace.url, CLIENT, ADA)
    assert fields["lti_deployment_id"] == DEPLOYMENT
    assert fields["target_link_uri"] == f"{LAUNCH}?x=1"


def test_a_tampered_launch_does_not_hold(brightspace: Site, tool: Tool) -> None:
    browser = signed_in(brightspace)
    _, fields = posted(browser, tool.login(initiation(browser, OPEN)))
    header, _, signature = fields["id_token"].split(".")
    body = tool.sign({**read(fields["id_token"]).claims, "sub": "x"}).split(".")[1]
    with pytest.raises(LtiException):
        tool.launch({**fields, "id_token": f"{header}.{body}.{signature}"})
    assert tool.launch(fields)


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"nonce": None}, "invalid_request", "lti_missing_parameter"),
        ({"scope": "profile"}, "invalid_request", "lti_wrong_scope"),
        ({"response_type": "code"}, "invalid_request", "lti_wrong_response_type"),
        ({"response_mode": "query"}, "invalid_request", "lti_wrong_response_mode"),
        ({"prompt": "login"}, "invalid_request", "lti_wrong_prompt"),
        ({"login_hint": ADA[:-1]}, "login_required", "lti_login_required"),
        ({"lti_message_hint": "x"}, "invalid_request", "lti_launch_over"),
        ({"state": None}, "invalid_request", "lti_missing_parameter"),
    ],
)
def test_faults_are_a_404_page_or_posted_to_the_tool(
    brightspace: Site, tool: Tool, changes: dict[str, str | None], error: str, reason: str
) -> None:
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser, OPEN))
    assert browser.get(changed(url, **changes)).status_code == 404
    assert brightspace.reason == reason
    brightspace.lms.settings["brightspace.authentication_errors"] = "post"
    action, fields = posted(browser, changed(url, **changes))
    assert (action, fields["error"], brightspace.reason) == (LAUNCH, error, reason)
    assert "id_token" in posted(browser, url)[1], "the launch is still good"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"redirect_uri": f"{LAUNCH}/"}, "lti_redirect_uri_mismatch"),
        ({"redirect_uri": None}, "lti_redirect_uri_mismatch"),
        ({"client_id": "x"}, "lti_client_unknown"),
    ],
)
def test_errors_that_are_not_redirected(
    brightspace: Site, tool: Tool, changes: dict[str, str | None], reason: str
) -> None:
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser, OPEN))
    assert browser.get(changed(url, **changes)).status_code == 400
    assert brightspace.reason == reason
    assert "id_token" in posted(browser, url)[1]


def test_a_launch_is_used_once_by_its_person_and_not_late(brightspace: Site, tool: Tool) -> None:
    brightspace.lms.settings["brightspace.authentication_errors"] = "post"
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser, OPEN))
    assert posted(brightspace.browser(), url)[1]["error"] == "login_required"
    assert posted(signed_in(brightspace, "other_student"), url)[1]["error"] == "login_required"
    theirs = {"client_id": brightspace.info.lti_client_id, "redirect_uri": f"{brightspace.lms.ltiaas.url}/lti/launch"}
    assert posted(browser, changed(url, **theirs))[1]["error"] == "unauthorized_client"
    assert "id_token" in posted(browser, url)[1]
    assert posted(browser, url)[1]["error"] == "invalid_request"
    assert brightspace.reason == "lti_launch_over"
    assert "once" in brightspace.diagnosis
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    late = tool.login(initiation(browser, OPEN))
    brightspace.lms.clock.advance(seconds=299)
    boundary = tool.login(initiation(browser, OPEN))
    brightspace.lms.clock.advance(seconds=1)
    assert posted(browser, late)[1]["error"] == "invalid_request"
    assert "the launch is too old: it could be answered until" in brightspace.diagnosis
    assert "id_token" in posted(browser, boundary)[1]


def test_the_request_may_be_posted(brightspace: Site, tool: Tool) -> None:
    browser = signed_in(brightspace)
    url = httpx.URL(tool.login(initiation(browser, OPEN)))
    answer = browser.http.post("/d2l/lti/authenticate", data=dict(url.params))
    assert "id_token" in form(answer.text)[1]


def test_pages(brightspace: Site, tool: Tool) -> None:
    assert brightspace.browser().get(OPEN).headers["location"].endswith("/d2l/login")
    browser = signed_in(brightspace)
    assert browser.get("/d2l/home/99").status_code == 404
    assert browser.get("/d2l/home/6838").status_code == 403
    assert browser.get("/d2l/le/lti/6836/launch/x").status_code == 404
    assert browser.get(f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}").status_code == 403
    assert browser.get("/d2l/le/lti/6836/deeplinking/x").status_code == 404
    page = browser.get("/d2l/home")
    token = page.text.partition('name="d2l_referrer" value="')[2].partition('"')[0]
    assert browser.http.post("/d2l/logout", data={"d2l_referrer": "x"}).status_code == 403
    assert browser.http.post("/d2l/logout", data={"d2l_referrer": token}).status_code == 302
    assert browser.get("/d2l/home").headers["location"].endswith("/d2l/login")
