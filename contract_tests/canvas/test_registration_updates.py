"""How a registered tool's update is requested at Canvas, by an administrator or the tool, and decided."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import KEY, assertion, service
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_dynamic_registration import BASE, TOKEN, sent
from contract_tests.lti.test_registration import REQUEST
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.lti.registrations import PLATFORM, TOOL
from lms_emulator.signing import lti13

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
