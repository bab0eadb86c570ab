"""Canvas's LTI registrations: made, read, changed, overlaid, switched, and made available by accounts and courses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import KEY, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, LOGIN, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

BASE = "/api/v1/accounts/1/lti_registrations"
SCOPES = [lti13.SCOPE_MEMBERSHIP, lti13.SCOPE_SCORE]
CONFIGURATION: dict[str, Any] = {
    "title": "Lab book",
    "description": "Keeps notes",
    "target_link_uri": LAUNCH,
    "oidc_initiation_url": LOGIN,
    "redirect_uris": [LAUNCH],
    "public_jwk_url": "https://tool.example/keys",
    "scopes": SCOPES,
    "custom_fields": {"from": "tool"},
    "privacy_level": "public",
    "launch_settings": {"icon_url": "https://tool.example/icon.png"},
    "placements": [
        {"placement": "course_navigation", "text": "Notes", "enabled": True},
        {"placement": "link_selection"},
    ],
}


def made(site: Site, **more: Any) -> dict[str, Any]:
    answer = site.admin.post(BASE, json={"configuration": CONFIGURATION, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def errors(answer: httpx.Response) -> Any:
    assert answer.status_code == 422, answer.text
    return answer.json()["errors"]


def test_a_registration_is_made_and_read(canvas: Site) -> None:
    found = made(canvas, admin_nickname="Ours", vendor="Lab Inc.", workflow_state="on")
    assert (found["name"], found["admin_nickname"], found["lti_version"]) == ("Lab book", "Ours", "1.3")
    assert (found["inherited"], found["icon_url"]) == (False, "https://tool.example/icon.png")
    assert found["account_binding"]["workflow_state"] == "on"
    assert found["created_by"]["name"] == canvas.admin.get("/api/v1/users/self").json()["name"]
    assert found["configuration"]["placements"] == CONFIGURATION["placements"]
    key = canvas.admin.get("/api/v1/accounts/1/developer_keys").json()
    assert found["developer_key_id"] in [item["id"] for item in key]
    page = f"{BASE}/{found['id']}"
    asked = {"include[]": ["overlaid_configuration", "overlaid_legacy_configuration"]}
    shown = canvas.admin.get(page, params=asked).json()
    assert shown["overlaid_configuration"] == shown["configuration"]
    assert shown["overlaid_legacy_configuration"]["extensions"][0]["privacy_level"] == "public"
    listed = canvas.admin.get(BASE, params={"sort": "name", "dir": "asc"}).json()
    names = [item["name"] for item in listed["data"]]
    assert listed["total"] == len(names) > 1
    assert names == sorted(names, key=str.lower)
    assert [item["id"] for item in canvas.admin.get(BASE, params={"query": "lab inc"}).json()["data"]] == [found["id"]]
    assert canvas.admin.get(BASE, params={"query": "lab nobody"}).json() == {"total": 0, "data": []}
    newest = canvas.admin.get(BASE, params={"per_page": 1}).json()
    assert ([item["id"] for item in newest["data"]], newest["total"]) == ([found["id"]], listed["total"])


def test_caller_and_request_must_match(canvas: Site) -> None:
    assert canvas.teacher.get(BASE).status_code == 403
    sub = canvas.admin.post("/api/v1/accounts/1/sub_accounts", json={"account": {"name": "Below"}}).json()["id"]
    assert canvas.admin.get(f"/api/v1/accounts/{sub}/lti_registrations").status_code == 404
    assert canvas.admin.get(f"{BASE}/999").status_code == 404
    assert errors(canvas.admin.get(BASE, params={"sort": "colour"}))[0]["code"] == "invalid_sort"
    assert errors(canvas.admin.get(BASE, params={"dir": "up"}))[0]["code"] == "invalid_dir"
    assert errors(canvas.admin.get(BASE, params={"page": "x"}))[0]["code"] == "invalid_page"
    assert canvas.admin.post(BASE, json={}).status_code == 400

    def wrong(**changes: Any) -> Any:
        return errors(canvas.admin.post(BASE, json={"configuration": {**CONFIGURATION, **changes}}))

    assert wrong(title=None) == ["object at root is missing required properties: title"]
    assert wrong(redirect_uris="x") == ["value at `/redirect_uris` is not an array"]
    (message,) = wrong(placements=[{"placement": "nowhere"}])
    assert message.startswith("value at `/placements/0/placement` is not one of: [")
    assert wrong(scopes=["x"])[0].startswith("value at `/scopes/0` is not one of")
    assert wrong(custom_fields=[1]) == ["value at `/custom_fields` is not an object"]
    assert wrong(extensions=["x"]) == ["value at `/extensions/0` is not an object"]
    assert wrong(extensions=[{"settings": {"placements": ["x"]}}])[0].startswith("value at `/extensions/0/settings/")
    over = {"placements": {"nowhere": 1}, "scopes": None}
    faults = errors(canvas.admin.post(BASE, json={"configuration": CONFIGURATION, "overlay": over}))
    assert faults == ["object property at `/placements/nowhere` is a disallowed additional property"]
    legacy = {**CONFIGURATION, "custom_fields": "a=b\nc = d", "extensions": [{"settings": {"placements": []}}]}
    taken = canvas.admin.post(BASE, json={"configuration": legacy, "overlay": {"scopes": None, "title": "T"}}).json()
    assert taken["configuration"]["custom_fields"] == {"a": "b", "c": "d"}
    assert (taken["configuration"]["title"], taken["configuration"]["placements"]) == ("T", [])
    states = {"configuration": CONFIGURATION, "workflow_state": "allow"}
    assert errors(canvas.admin.post(BASE, json=states))[0]["code"] == "invalid_workflow_state"
    assert errors(canvas.admin.post(BASE, json={"configuration": "x"})) == ["configuration must be an object"]


def test_availability_decides_where_a_tool_is_launched(canvas: Site, tool: Tool) -> None:
    registration = made(canvas, workflow_state="off")
    page = f"{BASE}/{registration['id']}"
    (deployed,) = canvas.admin.get(f"{page}/controls").json()
    (primary,) = deployed["context_controls"]
    assert (primary["available"], primary["path"], primary["context_name"]) == (
        False,
        "a1.",
        canvas.admin.get("/api/v1/accounts/1").json()["name"],
    )
    opened = f"/courses/1/external_tools/{deployed['id']}"
    browser = signed_in(canvas)

    assert browser.http.get(opened, follow_redirects=False).status_code == 302, "off, and available nowhere"
    assert canvas.admin.post(f"{page}/bind", json={"workflow_state": "on"}).json()["workflow_state"] == "on"
    assert browser.http.get(opened, follow_redirects=False).status_code == 302, "available nowhere"
    sent = {"course_id": 1, "available": True}
    control = canvas.admin.post(f"{page}/controls", json=sent)
    assert (control.status_code, control.json()["path"], control.json()["depth"]) == (201, "a1.c1.", 1)
    assert "already exists" in errors(canvas.admin.post(f"{page}/controls", json=sent))[0]
    assert 'id="tool_form"' in browser.get(opened).text
    assert dict(initiation(browser, opened))["client_id"] == str(registration["developer_key_id"])
    canvas.admin.put(f"{page}/controls/{control.json()['id']}", json={"available": False})
    assert browser.http.get(opened, follow_redirects=False).status_code == 302
    assert errors(canvas.admin.delete(f"{page}/controls/{primary['id']}")) == [
        "Cannot delete primary control for deployment"
    ]
    deleted = canvas.admin.delete(f"{page}/controls/{control.json()['id']}").json()
    assert deleted["workflow_state"] == "deleted"
    assert canvas.admin.get(f"{page}/controls/{deleted['id']}").status_code == 404
    taken_back, switched, said = canvas.admin.get(f"{page}/history").json()
    assert {item["update_type"] for item in (taken_back, switched, said)} == {"control_edit"}
    number = str(deleted["id"])
    assert switched["diff"] == {"context_controls": [["~", [number, "available"], True, False]]}
    assert said["diff"]["context_controls"][0][:2] == ["+", [number]]
    canvas.admin.put(f"{page}/controls/{primary['id']}", json={"available": True})
    assert 'id="tool_form"' in browser.get(opened).text
    canvas.admin.post(f"{page}/bind", json={"workflow_state": "off"})
    assert browser.http.get(opened, follow_redirects=False).status_code == 302
    assert canvas.admin.post(f"{page}/bind", json={}).status_code == 400


def test_an_overlay_reaches_launches_until_it_is_reset(canvas: Site, tool: Tool) -> None:
    listed = canvas.admin.get(BASE).json()["data"]
    registration = next(each for each in listed if each["developer_key_id"] == KEY)
    page = f"{BASE}/{registration['id']}"
    configured = {**CONFIGURATION, "title": "PyLTI1p3", "target_link_uri": f"{LAUNCH}?from=tool"}
    canvas.admin.put(page, json={"configuration": {**configured, "public_jwk_url": None}}).raise_for_status()
    over: dict[str, Any] = {"custom_fields": {"from": "school"}, "disabled_scopes": [lti13.SCOPE_SCORE]}
    over["placements"] = {"course_navigation": {"text": "Ours"}}
    shown = canvas.admin.put(page, json={"overlay": over, "name": "Renamed", "comment": "As agreed"}).json()
    assert (shown["name"], shown["overlay"]["data"]) == ("Renamed", over)
    assert shown["overlay"]["versions"] == []
    browser = signed_in(canvas)
    _, fields = posted(browser, tool.login(initiation(browser, "/courses/1/external_tools/77")))
    claims = jwt.read(fields["id_token"]).claims
    assert claims[f"{lti13.CLAIM}custom"] == {"from": "school"}
    keys = canvas.admin.get("/api/v1/accounts/1/developer_keys").json()
    assert next(key for key in keys if key["id"] == KEY)["scopes"] == [lti13.SCOPE_MEMBERSHIP]
    canvas.admin.put(page, json={"overlay": {**over, "disabled_scopes": []}})
    shown = canvas.admin.put(f"{page}/reset").json()
    assert shown["overlay"]["data"] == {}
    assert shown["overlaid_configuration"]["custom_fields"] == {"from": "tool"}
    last, first = canvas.admin.get(f"{page}/overlay_history").json()
    assert first["diff"] == [["-", "disabled_scopes[0]", lti13.SCOPE_SCORE]]
    assert (last["caused_by_reset"], last["diff"][0][:2]) == (True, ["-", "custom_fields"])
    assert len(canvas.admin.get(f"{page}/overlay_history", params={"limit": 1}).json()) == 1
    entries = canvas.admin.get(f"{page}/history", params={"per_page": 2})
    assert [entry["update_type"] for entry in entries.json()] == ["manual_edit", "manual_edit"]
    assert "next" in entries.links, "one for the configuration, two for what was laid over; a reset leaves none"
    assert entries.json()[0]["diff"]["overlay"] == [["-", ["disabled_scopes", 0], lti13.SCOPE_SCORE]]
    named = entries.json()[1]
    assert ["~", ["name"], "PyLTI1p3", "Renamed"] in named["diff"]["registration"]
    assert named["comment"] == "As agreed"
    assert canvas.admin.put(page, json={"name": "x", "comment": "x" * 2001}).status_code == 400
    assert errors(canvas.admin.get(f"{page}/overlay_history", params={"limit": 101}))[0]["code"] == "invalid_limit"
    assert errors(canvas.admin.put(page, json={"overlay": {"title": 1}})) == ["value at `/title` is not a string"]
    deleted = canvas.admin.delete(page).json()
    assert deleted["workflow_state"] == "deleted"
    assert canvas.admin.get(page).status_code == 404
    assert browser.http.get("/courses/1/external_tools/77", follow_redirects=False).status_code == 302


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "Expected an array"),
        ([{"available": True}], "must be present for each context control."),
        ([{"account_id": 1, "course_id": 1}], "but not both"),
        ([{"course_id": 1}, {"course_id": "1"}], "multiple context controls for the same context"),
    ],
)
def test_controls_in_bulk_have_to_fit(canvas: Site, rows: list[Any], message: str) -> None:
    page = f"{BASE}/{made(canvas)['id']}/controls/bulk"
    assert message in errors(canvas.admin.post(page, json=rows))[0]


def test_controls_are_set_in_bulk_and_contexts_are_searched(canvas: Site) -> None:
    registration = made(canvas)
    page = f"{BASE}/{registration['id']}"
    sub = canvas.admin.post("/api/v1/accounts/1/sub_accounts", json={"account": {"name": "Physics"}}).json()["id"]
    rows = [{"account_id": sub, "available": False}, {"course_id": 1}, {"account_id": 1}]
    answer = canvas.admin.post(f"{page}/controls/bulk", json=rows)
    assert (answer.status_code, len(answer.json())) == (201, 3)
    (deployed,) = canvas.admin.get(f"{page}/controls").json()
    shown = {row["path"]: row["available"] for row in deployed["context_controls"]}
    assert shown == {"a1.c1.": True, f"a1.a{sub}.": False, "a1.": True}
    assert next(row for row in deployed["context_controls"] if row["path"] == "a1.")["child_control_count"] == 2
    first = canvas.admin.get(f"{page}/controls", params={"per_page": 1})
    assert "next" in first.links
    found = canvas.admin.get(
        f"{page}/deployments/{deployed['id']}/context_search", params={"search_term": "phys"}
    ).json()
    assert [place["name"] for place in found["accounts"]] == ["Physics"]
    assert canvas.admin.get(f"{page}/deployments/77/context_search").status_code == 404
    wrong = canvas.admin.post(f"{page}/controls", json={"course_id": 999})
    assert wrong.status_code == 404


def test_a_school_installs_its_own_copy_of_a_template(canvas: Site) -> None:
    template = made(canvas, vendor="Lab Inc.")
    path = f"{BASE}/{template['id']}/install_from_template"
    answer = canvas.admin.post(path)
    assert [error["code"] for error in errors(answer)] == ["not_a_template"]
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    next(row for row in section["lti_registrations"] if row["id"] == template["id"])["template"] = True
    key = next(row for row in section["developer_keys"] if row["id"] == template["developer_key_id"])
    key.update(account_id=None, visible=False)
    section["tools"] = [tool for tool in section["tools"] if tool["developer_key_id"] != key["id"]]
    section["lti_context_controls"] = []
    canvas.lms.load(world)
    copy = canvas.admin.post(path)
    assert copy.status_code == 201, copy.text
    found = copy.json()
    assert (found["name"], found["vendor"], found["inherited"]) == ("Lab book", "Lab Inc.", False)
    assert (found["id"] == template["id"], found["developer_key_id"] == key["id"]) == (False, False)
    assert found["account_binding"]["workflow_state"] == "on"
    assert found["configuration"]["placements"] == CONFIGURATION["placements"]
    assert canvas.admin.post(path).json()["id"] == found["id"], "once"
    assert canvas.teacher.post(path).status_code == 403


def test_the_operations_are_there_below_apps_as_well(canvas: Site) -> None:
    apps = "/api/v1/accounts/1/apps"
    registration = canvas.admin.post(apps, json={"configuration": CONFIGURATION, "workflow_state": "on"}).json()
    assert (
        canvas.admin.get(f"{apps}/{registration['id']}").json()
        == canvas.admin.get(f"{BASE}/{registration['id']}").json()
    )
    by_client = canvas.admin.get(f"/api/v1/accounts/1/app_by_client_id/{registration['developer_key_id']}")
    assert by_client.json()["id"] == registration["id"]
    assert (
        canvas.admin.get(f"{apps}/install_status/{registration['developer_key_id']}").json()["id"] == registration["id"]
    )
    assert canvas.teacher.get(apps).status_code == 403
    assert canvas.admin.put(f"{apps}/{registration['id']}", json={"name": "Renamed"}).json()["name"] == "Renamed"
    ours = canvas.admin.get(f"{apps}/{registration['id']}/history").json()
    assert ours == canvas.admin.get(f"{BASE}/{registration['id']}/history").json() != []
    assert canvas.admin.delete(f"{apps}/{registration['id']}").json()["workflow_state"] == "deleted"
    assert canvas.admin.get(f"{BASE}/{registration['id']}").status_code == 404
