"""How tools register themselves at Canvas: the token, the configuration, what is refused, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.lti.test_registration import REQUEST
from lms_emulator.lti.registrations import PLATFORM, TOOL
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read

PREFIX = "https://canvas.instructure.com/lti/"
BASE = "/api/v1/accounts/1/lti_registrations"
TOKEN = "/api/lti/accounts/1/registration_token"


def sent(site: Site, request: dict[str, Any], **params: Any) -> httpx.Response:
    """A registration with a token that an administrator requested."""
    asked = {"registration_url": "https://tool.example/register", **params}
    made = site.admin.get(TOKEN, params={name: value for name, value in asked.items() if value is not None}).json()
    config = httpx.get(made["oidc_configuration_url"]).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    return httpx.post(config["registration_endpoint"], json=request, headers=bearer)


def test_registration_tokens_for_administrators(canvas: Site) -> None:
    made = canvas.admin.get(TOKEN, params={"unified_tool_id": "u"}).json()
    said = read(made["token"]).claims
    assert list(said) == [
        "uuid", "initiated_at", "user_id", "unified_tool_id", "root_account_global_id", "root_account_domain", "exp",
    ]  # fmt: skip
    assert (said["uuid"], said["unified_tool_id"], said["initiated_at"][-1]) == (made["uuid"], "u", "Z")
    assert made["oidc_configuration_url"].endswith(f"openid-configuration?registration_token={made['token']}")
    assert httpx.get(made["oidc_configuration_url"]).status_code == 200
    without = sent(canvas, REQUEST, registration_url=None)
    assert (without.status_code, without.json()) == (401, {"errorMessage": "JWT did not include expected contents"})
    assert canvas.reason == "registration_token_incomplete"
    assert canvas.teacher.get(TOKEN).status_code == 403
    assert canvas.admin.get(TOKEN, params={"registration_id": "999"}).status_code == 404


def in_order(value: Any, host: str, own: str) -> str:
    """A document with its order, and one host in place of another."""
    return json.dumps(value).replace(f"https://{host}", own).replace(host, httpx.URL(own).netloc.decode())


def test_the_configuration_is_canvas_s_member_by_member_in_order(canvas: Site) -> None:
    """Against the whole answer of a Canvas of 2026-02, which a tool's maker published; it was an installation of a
    school's own."""
    text = (Path(__file__).parents[2] / "fixtures/vectors/canvas-openid-configuration.json").read_text("utf-8")
    theirs = json.loads(text)
    host = theirs["authorization_server"]
    config = httpx.get(canvas.admin.get(TOKEN).json()["oidc_configuration_url"]).json()
    config["issuer"], config[PLATFORM]["version"] = canvas.url, "OpenSource"
    for name in ("account_name", "account_lti_guid"):
        config[PLATFORM][f"{PREFIX}{name}"] = theirs[PLATFORM][f"{PREFIX}{name}"]
    assert json.dumps(config) == in_order(theirs, host, canvas.url)


def test_a_registration_becomes_a_configuration_in_canvas_s_order(canvas: Site) -> None:
    """canvas-lms app/models/lti/ims/registration.rb, canvas_configuration (2026)."""
    framed = {"iframe": {"width": 300, "height": 200}, "window": {"width": 9, "height": 8}}
    message = {
        "type": lti13.RESOURCE_LINK_REQUEST, "label": "Mine", "icon_uri": "https://n.test/i.png", "roles": [],
        "custom_parameters": {"b": "1"}, "placements": [f"{PREFIX}account_navigation", "ContentArea"],
        f"{PREFIX}visibility": "admins", f"{PREFIX}display_type": "new_window", **framed,
    }  # fmt: skip
    windowed = {"type": lti13.DEEP_LINKING_REQUEST, "target_link_uri": "https://n.test/t", **framed,
                "preferred_presentation": "window", "placements": ["RichTextEditor", "ContentArea"]}  # fmt: skip
    tool = {**REQUEST[TOOL], "messages": [message, windowed], f"{PREFIX}tool_id": "t"}
    assert sent(canvas, {**REQUEST, "logo_uri": "https://n.test/l.png", TOOL: tool}).status_code == 200
    made = canvas.lms.dump()["canvas"]["tool_configurations"][-1]["settings"]
    assert list(made) == [
        "title", "scopes", "public_jwk_url", "description", "custom_fields", "target_link_uri", "oidc_initiation_url",
        "url", "privacy_level", "extensions",
    ]  # fmt: skip
    (extension,) = made["extensions"]
    assert list(extension) == ["domain", "platform", "tool_id", "privacy_level", "settings"]
    assert list(extension["settings"]) == ["text", "icon_url", "platform", "placements"]
    common = {
        "enabled": True, "message_type": lti13.RESOURCE_LINK_REQUEST, "text": "Mine", "custom_fields": {"b": "1"},
        "icon_url": "https://n.test/i.png", "visibility": "admins", "display_type": "default",
        "windowTarget": "_blank", "selection_width": 300, "selection_height": 200,
    }  # fmt: skip
    editor = {"placement": "editor_button", "enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST,
              "target_link_uri": "https://n.test/t", "selection_width": 9, "selection_height": 8}  # fmt: skip
    spots = [{"placement": value, **common} for value in ("account_navigation", "link_selection")]
    assert json.dumps(extension["settings"]["placements"]) == json.dumps([*spots, editor])


def test_the_answer_is_what_canvas_keeps_of_the_request(canvas: Site) -> None:
    """canvas-lms dynamic_registration_controller.rb, render_registration; lti_tool_configuration.rb, filter! (2026)."""
    message = {"label": "L", "label#ja": "R", "type": lti13.RESOURCE_LINK_REQUEST}
    tool = {**REQUEST[TOOL], "unknown": 1, f"{PREFIX}vendor": "V", f"{PREFIX}tool_id": "t", "messages": [message]}
    request = {**REQUEST, "scope": f"openid {REQUEST['scope']}", "logo_uri": "https://n.test/l.png", TOOL: tool}
    made = sent(canvas, {**request, "client_uri": "https://n.test", "further": True}).json()
    assert list(made) == [
        "client_id", "application_type", "grant_types", "initiate_login_uri", "redirect_uris", "response_types",
        "client_name", "jwks_uri", "logo_uri", "token_endpoint_auth_method", "scope", TOOL,
        "registration_client_uri", "deployment_id",
    ]  # fmt: skip
    assert made["scope"] == f"{REQUEST['scope']} openid"
    assert list(made[TOOL]) == [
        "domain", "messages", "claims", "target_link_uri", f"{PREFIX}tool_id", f"{PREFIX}vendor",
        f"{PREFIX}registration_config_url",
    ]  # fmt: skip
    assert list(made[TOOL]["messages"][0].items()) == [("type", lti13.RESOURCE_LINK_REQUEST), ("label", "L")]
    registration = canvas.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{made['client_id']}").json()
    assert (registration["admin_nickname"], registration["vendor"]) == ("Tool", "V")
    assert registration["icon_url"] == "https://n.test/l.png"
    key = next(key for key in canvas.lms.dump()["canvas"]["developer_keys"] if str(key["id"]) == made["client_id"])
    assert key["scopes"] == REQUEST["scope"].split()


def test_a_registered_tool_is_available_nowhere_at_first(canvas: Site) -> None:
    """canvas-lms dynamic_registration_controller.rb, create: new_external_tool(…, available: false) (2026)."""
    message = {"type": lti13.RESOURCE_LINK_REQUEST, "placements": [f"{PREFIX}course_navigation"]}
    request = {**REQUEST, TOOL: {**REQUEST[TOOL], "messages": [message]}}
    made = sent(canvas, request).json()
    number = canvas.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{made['client_id']}").json()["id"]
    canvas.admin.post(f"{BASE}/{number}/bind", json={"workflow_state": "on"})
    browser = signed_in(canvas)
    opened = f"/courses/1/external_tools/{made['deployment_id'].partition(':')[0]}"
    assert browser.http.get(opened, follow_redirects=False).status_code == 302
    (deployed,) = canvas.admin.get(f"{BASE}/{number}/controls").json()
    (control,) = deployed["context_controls"]
    assert (control["available"], control["path"]) == (False, "a1.")
    canvas.admin.put(f"{BASE}/{number}/controls/{control['id']}", json={"available": True})
    assert 'id="tool_form"' in browser.get(opened).text
    canvas.lms.settings["canvas.registrations_are_deployed"] = False
    assert "deployment_id" not in sent(canvas, request).json()


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"grant_types": ["implicit", "x"]}, 'x /grant_types/1. Schema: {"const" => "client_credentials"}'),
        ({"response_types": ["code"]}, 'code /response_types/0. Schema: {"const" => "id_token"}'),
        ({"jwks_uri": "keys"}, 'keys /jwks_uri. Schema: {"type" => "string", "format" => "uri"}'),
        ({"redirect_uris": []}, '[] /redirect_uris. Schema: {"type" => "array", "items" => {"type" => "string", '),
        ({"tos_uri": 1}, '1 /tos_uri. Schema: {"type" => ["string", "null"], "format" => "uri"}'),
        ({"contacts": ["x"]}, 'x /contacts/0. Schema: {"type" => "string", "format" => "email"}'),
        ({"client_name": None}, ' /client_name. Schema: {"type" => "string", "minLength" => 1}'),
        ({"tool": {"target_link_uri": None}}, " ~/target_link_uri. Schema: "),
        ({"tool": {"domain": "https://x"}}, "https://x ~/domain. Schema: "),
        ({"tool": {"custom_parameters": {"a/b": 1}}}, "1 ~/custom_parameters/a~1b. Schema: "),
        ({"tool": {f"{PREFIX}privacy_level": "all"}}, "all ~/https:~1~1canvas.instructure.com~1lti~1privacy_level."),
        ({"message": {"type": "LtiStartProctoring"}}, "LtiStartProctoring ~/messages/0/type. Schema: "),
        ({"message": {"placements": ["Nowhere"]}}, "Nowhere ~/messages/0/placements/0. Schema: "),
        ({"message": {f"{PREFIX}visibility": "nobody"}}, "nobody ~/messages/0/https:~1~1canvas.instructure.com~1lti~1"),
        ({"message": {"iframe": {"width": "9"}}}, "9 ~/messages/0/iframe/width. Schema: "),
    ],
)
def test_a_registration_that_violates_the_schema_says_where(canvas: Site, change: dict[str, Any], begins: str) -> None:
    """canvas-lms lib/schemas/lti/ims/oidc_registration.rb, lti_tool_configuration.rb; lib/schemas/base.rb."""
    (message,) = REQUEST[TOOL]["messages"]
    messages = [{**message, **change.get("message", {})}]
    tool = {**REQUEST[TOOL], "messages": messages, **change.get("tool", {})}
    further = {name: value for name, value in change.items() if name not in ("tool", "message")}
    known = canvas.lms.dump()["canvas"]["developer_keys"]
    answer = sent(canvas, {**REQUEST, TOOL: tool, **further})
    assert (answer.status_code, canvas.reason) == (422, "registration_invalid"), answer.text
    wanted = begins.replace(" ~/", " /https:~1~1purl.imsglobal.org~1spec~1lti-tool-configuration/", 1)
    assert any(error.startswith(wanted) for error in answer.json()["errors"]), answer.json()["errors"]
    assert canvas.lms.dump()["canvas"]["developer_keys"] == known


def test_a_registration_needs_members_and_scopes_that_there_are(canvas: Site) -> None:
    lacking = {name: value for name, value in REQUEST.items() if name != "jwks_uri"}
    (error,) = sent(canvas, lacking).json()["errors"]
    assert error.startswith("The following fields are required: application_type, grant_types, response_types, ")
    rest = "url:GET|/api/v1/courses"
    for scope, message in (("x y", "cannot contain x, y"), (rest, f"Invalid scopes: {rest}")):
        answer = sent(canvas, {**REQUEST, "scope": f"openid {scope}"})
        assert (answer.status_code, answer.json()) == (
            422,
            {"errors": [{"field": "scopes", "message": message, "error_code": None}]},
        )
    assert sent(canvas, {**REQUEST, "scope": None}).json()["scope"] == "openid"


def placements(site: Site, *messages: dict[str, Any]) -> dict[str, Any]:
    """How the messages of a tool that registers itself are stored, by placement."""
    canvas_own = "https://canvas.instructure.com/lti/"
    sent_messages = [{name.replace("~", canvas_own): value for name, value in message.items()} for message in messages]
    for item in sent_messages:
        item["placements"] = [spot.replace("~", canvas_own) for spot in item["placements"]]
    answer = sent(site, {**REQUEST, TOOL: {**REQUEST[TOOL], "messages": sent_messages}})
    assert answer.status_code == 200, answer.text
    client = answer.json()["client_id"]
    item = site.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{client}").json()
    full = site.admin.get(f"{BASE}/{item['id']}", params={"include[]": "configuration"}).json()
    return {spot["placement"]: spot for spot in full["configuration"]["placements"]}


def test_placements_in_a_registration(canvas: Site) -> None:
    navigation = {"type": lti13.RESOURCE_LINK_REQUEST, "placements": ["~course_navigation"], "label": "Ours"}
    further = {
        "~course_navigation/default_enabled": False, "~visibility": "admins", "~display_type": "new_window",
        "~launch_width": 640, "~launch_height": "480",
    }  # fmt: skip
    menus = ["~conference_selection", "~module_index_menu_modal", "RichTextEditor", "~course_navigation"]
    spots = placements(
        canvas, navigation | further, {"type": lti13.DEEP_LINKING_REQUEST, "placements": menus},
        {"type": lti13.RESOURCE_LINK_REQUEST, "placements": ["~post_grades", "~top_navigation"], "~launch_width": 9},
    )  # fmt: skip
    shown = spots["course_navigation"]
    expected = {
        "text": "Ours", "default": "disabled", "visibility": "admins", "windowTarget": "_blank",
        "display_type": "default", "selection_width": 640, "selection_height": 480,
        "message_type": lti13.RESOURCE_LINK_REQUEST,
    }  # fmt: skip
    assert expected.items() <= shown.items(), "the first message that names a spot counts"
    assert set(spots) == {
        "course_navigation", "conference_selection", "module_index_menu_modal", "editor_button", "post_grades",
        "top_navigation",
    }  # fmt: skip
    assert (spots["post_grades"].get("launch_width"), spots["top_navigation"].get("selection_width")) == (9, 9)
    assert not {"default", "visibility", "windowTarget", "display_type"} & set(spots["top_navigation"])


@pytest.mark.parametrize(
    ("claims", "level"),
    [
        (["sub"], "anonymous"), (["email"], "email_only"), (["given_name"], "name_only"),
        ([f"{lti13.CLAIM}lis"], "name_only"), (["name", "email"], "public"), (["picture"], "public"),
    ],
)  # fmt: skip
def test_a_tool_without_a_privacy_level_gets_the_claims_it_requests(
    canvas: Site, claims: list[str], level: str
) -> None:
    named = "https://canvas.instructure.com/lti/privacy_level"
    for tool, expected in (({"claims": claims}, level), ({"claims": claims, named: "email_only"}, "email_only")):
        assert sent(canvas, {**REQUEST, TOOL: {**REQUEST[TOOL], **tool}}).status_code == 200
        made = canvas.lms.dump()["canvas"]["tools"][-1]
        assert made.get("privacy", "public") == expected


def test_the_configuration_announces_every_spot_that_opens_tools(canvas: Site) -> None:
    def announced() -> dict[str, list[str]]:
        made = canvas.admin.get(TOKEN).json()
        announced_messages = httpx.get(made["oidc_configuration_url"]).json()[PLATFORM]["messages_supported"]
        return {
            item["type"]: [spot.rpartition("/")[2] for spot in item.get("placements", [])]
            for item in announced_messages
        }

    messages = announced()
    assert {"analytics_hub", "conference_selection", "top_navigation"} <= set(messages[lti13.RESOURCE_LINK_REQUEST])
    assert {"course_assignments_menu", "module_index_menu_modal", "module_menu_modal", "editor_button"} < set(
        messages[lti13.DEEP_LINKING_REQUEST]
    )
    assert messages["LtiEulaRequest"] == []
    assert not any("resource_selection" in spots for spots in messages.values())
    canvas.lms.settings["canvas.asset_processors"] = False
    assert "LtiEulaRequest" not in announced()
