"""External tools of Canvas: installed, offered and taken away; the pages in the navigation of courses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site

COURSE = "/api/v1/courses/1"
TOOLS = f"{COURSE}/external_tools"
PLAIN = {"name": "Plain", "consumer_key": "k", "shared_secret": "s", "url": "https://plain.example.test/launch"}
XML = """<cartridge_basiclti_link xmlns="http://www.imsglobal.org/xsd/imslticc_v1p0"
 xmlns:blti="http://www.imsglobal.org/xsd/imsbasiclti_v1p0" xmlns:lticm="http://www.imsglobal.org/xsd/imslticm_v1p0">
 <blti:title>By XML</blti:title><blti:launch_url>https://xml.example.test/</blti:launch_url>
 <blti:extensions platform="canvas.instructure.com"><lticm:property name="privacy_level">public</lticm:property>
 <lticm:options name="user_navigation"><lticm:property name="text">Mine</lticm:property></lticm:options>
 </blti:extensions></cartridge_basiclti_link>"""


def make(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post(TOOLS, json={**PLAIN, **fields}).json()
    return made


def labels(client: httpx.Client) -> dict[str, Any]:
    return {tab["label"]: tab for tab in client.get(f"{COURSE}/tabs").json()}


def test_a_tool_is_installed_changed_and_taken_away(canvas: Site) -> None:
    button = {"enabled": True, "icon_url": "https://plain.example.test/i.png"}
    tool = make(canvas.teacher, editor_button=button, custom_fields={"a": "1"})
    assert (tool["version"], tool["privacy_level"], tool["custom_fields"]) == ("1.1", "anonymous", {"a": "1"})
    assert tool["editor_button"]["selection_width"] == 800
    path = f"{TOOLS}/{tool['id']}"
    assert canvas.student.get(path).json()["name"] == "Plain"
    assert canvas.student.put(path, json={"name": "X"}).status_code == 403
    off = canvas.teacher.put(path, json={"editor_button": {"enabled": False}, "privacy_level": "public"}).json()
    assert (off["editor_button"]["enabled"], off["privacy_level"]) == (False, "public")
    on = canvas.teacher.put(path, json={"editor_button": {"enabled": True}}).json()
    assert on["editor_button"]["icon_url"] == button["icon_url"], "what was said of it before is kept"
    assert make(canvas.teacher, editor_button={"enabled": True})["editor_button"] is None, "it needs an icon"
    assert canvas.teacher.delete(path).json()["workflow_state"] == "deleted"
    assert canvas.teacher.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"url": ""}, {"url", "domain"}),
        ({"url": "", "domain": "plain.example.test"}, set()),
        ({"url": "not a url"}, {"url"}),
        ({"config_type": "by_xml", "config_xml": "<a>"}, {"config_xml"}),
        ({"config_type": "by_xml", "config_xml": XML, "url": ""}, {"url", "domain"}),
        ({"config_type": "by_url"}, {"config_url"}),
        ({"config_type": "by_url", "config_url": "http://127.0.0.1:1/none.xml"}, {"config_url"}),
    ],
)
def test_what_is_wrong_with_a_tool_is_told_by_field(canvas: Site, changes: dict[str, str], fields: set[str]) -> None:
    answer = canvas.teacher.post(TOOLS, json={**PLAIN, **changes})
    assert set(answer.json().get("errors", {})) == fields
    assert answer.status_code == (400 if fields else 200)


def test_by_xml_and_only_once(canvas: Site) -> None:
    sent = {name: value for name, value in PLAIN.items() if name not in ("url", "name")}
    once = {"external_tool": {**sent, "config_type": "by_xml", "config_xml": XML, "verify_uniqueness": "true"}}
    made = canvas.teacher.post(TOOLS, json=once).json()
    assert (made["name"], made["privacy_level"], made["user_navigation"]["label"]) == ("By XML", "public", "Mine")
    again = canvas.teacher.post(TOOLS, json=once)
    assert (again.status_code, set(again.json()["errors"])) == (400, {"tool_currently_installed"})
    assert [tool["name"] for tool in canvas.teacher.get(TOOLS, params={"placement": "user_navigation"}).json()] == [
        "By XML"
    ]
    assert canvas.teacher.get(TOOLS, params={"search_term": "by xm"}).json()[0]["id"] == made["id"]


def test_the_pages_of_a_course_are_moved_and_hidden(canvas: Site) -> None:
    tool = make(canvas.teacher, course_navigation={"enabled": True, "text": "Lab", "visibility": "admins"})
    assert "Lab" in labels(canvas.teacher)
    assert not {"Lab", "Settings"} & set(labels(canvas.student))
    canvas.teacher.put(f"{TOOLS}/{tool['id']}", json={"course_navigation": {"visibility": "members"}})
    assert "sessionless_launch" in labels(canvas.student)["Lab"]["url"]
    tab = f"{COURSE}/tabs/context_external_tool_{tool['id']}"
    assert canvas.teacher.put(tab, data={"position": "2"}).json()["position"] == 2
    assert canvas.teacher.put(tab, data={"position": "1"}).status_code == 400
    assert canvas.teacher.put(tab, data={"hidden": "true"}).json()["visibility"] == "admins"
    assert "Lab" not in labels(canvas.student)
    assert canvas.student.put(tab, data={"hidden": "false"}).status_code == 403
    assert canvas.teacher.put(f"{COURSE}/tabs/home", data={"hidden": "true"}).json() == {
        "error": "home is not manageable"
    }
