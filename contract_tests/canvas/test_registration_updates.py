"""How a registered tool's update is requested at Canvas, by an administrator or the tool, and decided."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import KEY, assertion, service, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lti.test_registration import REQUEST
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.lti.registrations import PLATFORM, TOOL
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read

PREFIX = "https://canvas.instructure.com/lti/"
BASE = "/api/v1/accounts/1/lti_registrations"
TOKEN = "/api/lti/accounts/1/registration_token"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
READ, WRITE = (f"https://purl.imsglobal.org/spec/lti-reg/scope/registration{end}" for end in (".readonly", ""))
SCOPES = f"{REQUEST['scope']} {NOTICES} {READ} {WRITE}"
RENAMED = {"client_name": "Renamed", TOOL: {**REQUEST[TOOL], "custom_parameters": {"new": "$Canvas.user.id"}}}


@dataclasses.dataclass
class Registered:
    """A tool that registered itself and was switched on. `page` is its registration for administrators."""

    site: Site
    request: dict[str, Any]
    answer: dict[str, Any]
    page: str
    tool: Tool

    def api(self, *scopes: str) -> httpx.Client:
        """The tool with a service token."""
        client = self.answer["client_id"]
        answer = service(self.site, assertion(self.site, self.tool, iss=client, sub=client), " ".join(scopes))
        assert answer.status_code == 200, answer.text
        return self.site.api(answer.json()["access_token"])

    @property
    def path(self) -> str:
        """The tool's own URL for its registration."""
        return httpx.URL(self.answer["registration_client_uri"]).path

    def admin(self, path: str = "", **params: str) -> Any:
        answer = self.site.admin.get(f"{self.page}{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


def sent(site: Site, request: dict[str, Any], **params: Any) -> httpx.Response:
    """A registration with a token that an administrator requested."""
    asked = {"registration_url": "https://tool.example/register", **params}
    made = site.admin.get(TOKEN, params={name: value for name, value in asked.items() if value is not None}).json()
    config = httpx.get(made["oidc_configuration_url"]).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    return httpx.post(config["registration_endpoint"], json=request, headers=bearer)


@pytest.fixture
def registered(canvas: Site, tool: Tool, keys: KeySite) -> Registered:
    request = {**REQUEST, "jwks_uri": keys.url, "scope": SCOPES}
    answer = sent(canvas, request, unified_tool_id="unified-1")
    assert answer.status_code == 200, answer.text
    warned = [warning.code for warning in canvas.lms.requests.last.warnings]
    assert warned == ["key_off"], "the registration is read as a whole"
    client = answer.json()["client_id"]
    registration = canvas.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{client}").json()
    page = f"{BASE}/{registration['id']}"
    canvas.admin.post(f"{page}/bind", json={"workflow_state": "on"})
    return Registered(canvas, request, answer.json(), page, tool)


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


def test_a_registered_tool_gets_notices_only_where_canvas_has_them(registered: Registered) -> None:
    deployment = registered.answer["deployment_id"].partition(":")[0]
    assert registered.api(NOTICES).get(f"/api/lti/notice-handlers/{deployment}").status_code == 200
    registered.site.lms.settings["canvas.notices"] = False
    made = registered.site.admin.get(TOKEN).json()
    config = httpx.get(made["oidc_configuration_url"]).json()
    assert NOTICES not in config["scopes_supported"]
    assert "notice_types_supported" not in config[PLATFORM]


def test_registrations_by_their_names(registered: Registered) -> None:
    admin, number = registered.site.admin, registered.admin()["id"]
    client = registered.answer["client_id"]
    for path in (
        f"/api/v1/accounts/1/lti_registration_by_client_id/{client}", f"{BASE}/by_utid/unified-1",
        f"{BASE}/install_status/{client}",
    ):  # fmt: skip
        assert admin.get(path).json()["id"] == number
        assert admin.get(f"{path}0").status_code == 404
        assert registered.site.teacher.get(path).status_code == 403
    registration = registered.site.admin.get(
        f"/api/lti/accounts/1/registrations/{registered.path.rpartition('/')[2]}"
    ).json()
    assert (registration["developer_key_id"], registration["jwks_uri"]) == (client, registered.request["jwks_uri"])
    assert registration["lti_tool_configuration"] == REQUEST[TOOL]
    assert len(registration["guid"]) == 36
    assert list(registration)[-6:] == [
        "created_at", "updated_at", "guid", "tool_configuration", "default_configuration", "registration_url",
    ]  # fmt: skip
    assert registration["registration_url"] == "https://tool.example/register"
    assert registration["scopes"] == registered.request["scope"].split()
    over = {"title": "Ours"}
    assert admin.put(f"{BASE}/{number}", json={"overlay": over}).status_code == 200
    changed = admin.get(f"/api/lti/accounts/1/registrations/{registered.path.rpartition('/')[2]}").json()
    titles = [changed[name]["title"] for name in ("tool_configuration", "default_configuration")]
    assert titles == ["Ours", "Tool"]
    assert admin.get("/api/lti/accounts/1/registrations/999").status_code == 404


def test_an_administrator_has_a_tool_change_and_takes_it(registered: Registered) -> None:
    number = registered.admin()["id"]
    assert registered.site.admin.get(f"{registered.page}/latest_update_request").status_code == 404
    answer = sent(registered.site, {**registered.request, **RENAMED}, registration_id=number)
    assert answer.json()["client_id"] == registered.answer["client_id"]
    assert answer.json()["client_name"] == "Tool", "nothing is changed until somebody takes it"
    asked = registered.admin("/latest_update_request")
    assert (asked["status"], asked["tool_initiated"], asked["lti_registration_id"]) == ("pending", False, number)
    assert registered.admin()["pending_update"] == asked
    path = f"{registered.page}/update_requests/{asked['id']}"
    assert registered.site.admin.get(path).json() == asked
    assert registered.site.admin.put(f"{path}/apply").status_code == 400
    over = {"description": "Ours"}
    done = registered.site.admin.put(f"{path}/apply", json={"accepted": True, "overlay": over, "comment": "Fine"})
    assert (done.json()["name"], done.json()["overlay"]["data"]) == ("Renamed", over)
    update = registered.admin("/latest_update_request")
    assert (update["status"], update["comment"], bool(update["accepted_at"])) == ("applied", "Fine", True)
    assert registered.admin()["pending_update"] is None
    (entry,) = registered.admin("/history")
    assert (entry["update_type"], entry["comment"]) == ("registration_update", "Fine")
    tool = next(
        item for item in registered.site.lms.dump()["canvas"]["tools"]
        if str(item.get("developer_key_id")) == registered.answer["client_id"]
    )  # fmt: skip
    assert tool["custom"]["new"] == "$Canvas.user.id"


def test_a_change_is_rejected(registered: Registered) -> None:
    sent(registered.site, {**registered.request, **RENAMED}, registration_id=registered.admin()["id"])
    asked = registered.admin("/latest_update_request")
    path = f"{registered.page}/update_requests/{asked['id']}/apply"
    assert registered.site.teacher.put(path, json={"accepted": False}).status_code == 403
    assert registered.site.admin.put(path, json={"accepted": False}).json()["name"] == "Tool"
    assert registered.admin("/latest_update_request")["status"] == "rejected"
    assert registered.admin()["pending_update"] is None
    assert (
        registered.site.admin.put(path.replace(f"/{asked['id']}/", "/999/"), json={"accepted": True}).status_code == 404
    )


def test_a_tool_requests_an_update_on_its_own(registered: Registered) -> None:
    own = registered.api(READ, WRITE)
    known = own.get(registered.path).json()
    assert known == registered.answer
    assert own.put(registered.path, json=registered.request).status_code == 200
    asked = registered.admin("/latest_update_request")
    assert (asked["status"], asked["tool_initiated"]) == ("applied", True), "it is that already"
    assert own.put(registered.path, json={**registered.request, **RENAMED}).json() == known
    assert registered.admin("/latest_update_request")["status"] == "pending"
    assert own.put(registered.path, json={**registered.request, "grant_types": []}).status_code == 422
    assert own.put(f"{registered.path}9", json=registered.request).status_code == 404
    reading = registered.api(READ)
    assert reading.get(registered.path).status_code == 200
    assert reading.put(registered.path, json=registered.request).status_code == 401
    assert registered.api(lti13.SCOPE_MEMBERSHIP).get(registered.path).status_code == 401
    assert registered.api(lti13.SCOPE_MEMBERSHIP).get(registered.path).json() == {
        "errorMessage": "Insufficient permissions"
    }
    other = httpx.URL(sent(registered.site, registered.request).json()["registration_client_uri"]).path
    for method, verb in (("GET", "access"), ("PUT", "update")):
        answer = own.request(method, other, json=registered.request)
        assert (answer.status_code, answer.json()) == (
            403,
            {"errorMessage": f"You are not authorized to {verb} this registration"},
        )
    registered.site.admin.post(f"{registered.page}/bind", json={"workflow_state": "off"})
    assert own.get(registered.path).status_code == 200, "where it is off as well"
    assert own.get("/api/lti/courses/1/names_and_roles").status_code == 401


def test_what_makes_an_update_a_change(registered: Registered) -> None:
    """canvas-lms, registration_attrs_match? (2026): neither the order of scopes nor the address of the terms."""
    own = registered.api(WRITE)
    turned = " ".join(["openid", *reversed(registered.request["scope"].split())])
    for change, status in (
        ({"scope": turned, "tos_uri": "https://tool.example/terms"}, "applied"),
        ({"logo_uri": "https://tool.example/l.png"}, "pending"),
    ):
        assert own.put(registered.path, json={**registered.request, **change}).status_code == 200
        assert registered.admin("/latest_update_request")["status"] == status
    number = registered.path.rpartition("/")[2]
    shown = registered.site.admin.get(f"/api/lti/accounts/1/registrations/{number}").json()
    assert (shown["tos_uri"], shown["logo_uri"]) == ("https://tool.example/terms", None)


def test_a_school_gives_up_a_registration_of_the_whole_site(canvas: Site, tool: Tool) -> None:
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    key = next(developer_key for developer_key in section["developer_keys"] if developer_key["id"] == KEY)
    section["developer_keys"].append({**key, "id": KEY + 1, "account_id": 2, "accounts": []})
    canvas.lms.load(world)
    registration = canvas.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{KEY + 1}").json()
    assert (registration["inherited"], registration.get("account_binding")) == (True, None)
    path = f"{BASE}/{registration['id']}/bind"
    assert canvas.admin.delete(path).status_code == 404, "nothing was said of it yet"
    said = canvas.admin.post(path, json={"workflow_state": "on"}).json()
    assert canvas.teacher.delete(path).status_code == 403
    deleted = canvas.admin.delete(path).json()
    assert (deleted["id"], deleted["workflow_state"]) == (said["id"], "deleted")
    assert "account_binding" not in canvas.admin.get(path.removesuffix("/bind")).json()
    assert canvas.admin.get(f"{BASE}/install_status/{KEY + 1}").status_code == 404, "the school has no copy of it"
    own = canvas.admin.get(f"/api/v1/accounts/1/lti_registration_by_client_id/{KEY}").json()
    assert canvas.admin.delete(f"{BASE}/{own['id']}/bind").status_code == 404, "its own are deleted"


def test_workflow_states_of_a_registration(registered: Registered) -> None:
    for said, state in (("inactive", "off"), ("active", "on")):
        done = registered.site.admin.put(registered.page, json={"workflow_state": said})
        assert done.json()["account_binding"]["workflow_state"] == state
    sent(registered.site, {**registered.request, **RENAMED}, registration_id=registered.admin()["id"])
    listed = registered.site.admin.get(BASE, params={"sort": "status", "dir": "asc"}).json()["data"]
    assert listed[-1]["id"] == registered.admin()["id"], "what waits for a decision comes last"


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


def test_a_tool_reads_no_registration_of_another(registered: Registered, keys: KeySite) -> None:
    own = registered.api(READ)
    assert own.get(registered.path).status_code == 200
    answer = sent(registered.site, {**registered.request, "client_name": "Second"}).json()
    other = dataclasses.replace(registered, answer=answer)
    assert own.get(other.path).status_code == 403
    assert registered.site.reason == "registration_of_another_tool"
    assert registered.site.diagnosis == (
        f"it is the registration of the key {answer['client_id']}; "
        f"the token was issued to {registered.answer['client_id']}"
    )
