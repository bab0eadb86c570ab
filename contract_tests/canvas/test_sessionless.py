"""Launches for browsers without a session, by LTI 1.3 and 1.1: all forms of request, targets, and refusals.

The ways and the addresses are those of fixtures/recordings/canvas/lti-sessionless.jsonl.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH, Tool, posted
from lms_emulator.signing import jwt, lti13

COURSE = "/api/v1/courses/1"
ASK, PAGES = f"{COURSE}/external_tools/sessionless_launch", "/courses/1"
OLD = {"name": "Old", "consumer_key": "k", "shared_secret": "s", "url": "https://old.example.test/launch"}


class Placed:
    """A tool with an assignment and a module item of its own."""

    def __init__(self, site: Site, tool: int, url: str) -> None:
        teacher, tag = site.teacher, {"content_id": tool, "url": url, "content_type": "context_external_tool"}
        task = {"name": "With a tool", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag}
        made = teacher.post(f"{COURSE}/assignments", json={"assignment": {**task, "published": True}})
        module = teacher.post(f"{COURSE}/modules", json={"module": {"name": "M"}}).json()["id"]
        teacher.put(f"{COURSE}/modules/{module}", json={"module": {"published": True}})
        items = f"{COURSE}/modules/{module}/items"
        item = {"type": "ExternalTool", "content_id": tool, "external_url": url, "title": "Item"}
        added = teacher.post(items, json={"module_item": item})
        assert (made.status_code, added.status_code) == (201, 200), (made.text, added.text)
        teacher.put(f"{items}/{added.json()['id']}", json={"module_item": {"published": True}})
        self.tool, self.url, self.assignment, self.item = tool, url, made.json()["id"], added.json()["id"]

    def ways(self) -> dict[str, tuple[dict[str, Any], str, str]]:
        """What is asked, the path that it leads to, and the title of the link."""
        own = f"{PAGES}/external_tools/{self.tool}"
        item = {"launch_type": "module_item", "module_item_id": self.item}
        task = {"launch_type": "assessment", "assignment_id": self.assignment}
        return {
            "id": ({"id": self.tool}, own, ""),
            "id at a placement": ({"id": self.tool, "launch_type": "course_navigation"}, own, ""),
            "url": ({"url": self.url}, f"{PAGES}/external_tools/retrieve", ""),
            "assignment": (task, f"{PAGES}/assignments/{self.assignment}", "With a tool"),
            "module item": (item, f"{PAGES}/modules/items/{self.item}", "Item"),
        }


@pytest.fixture
def new(canvas: Site, tool: Tool) -> Placed:
    """A tool of LTI 1.3."""
    return Placed(canvas, 77, f"{LAUNCH}?from=tool")


@pytest.fixture
def old(canvas: Site) -> Placed:
    """A tool of LTI 1.1."""
    made = canvas.teacher.post(f"{COURSE}/external_tools", json={**OLD, "course_navigation": {"enabled": True}})
    assert made.status_code == 200, made.text
    return Placed(canvas, made.json()["id"], f"{OLD['url']}?from=link")


WAYS = ("id", "id at a placement", "url", "assignment", "module item")


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_of_lti_1_3_opens_in_a_browser_without_a_session(
    canvas: Site, new: Placed, tool: Tool, way: str
) -> None:
    asked, path, title = new.ways()[way]
    answer = canvas.student.get(ASK, params=asked).json()
    url = httpx.URL(answer["url"])
    assert (answer["id"], url.path, url.params["display"]) == (77, path, "borderless")
    browser = canvas.browser()
    led = browser.get(answer["url"])
    assert (led.status_code, "session_token" in led.headers["location"]) == (302, False)
    _, fields = form(browser.get(led.headers["location"]).text)
    _, sent = posted(browser, tool.login(fields))
    claims = jwt.read(sent["id_token"]).claims
    assert claims["sub"] == canvas.info.student.lti_id
    assert claims[f"{lti13.CLAIM}message_type"] == lti13.RESOURCE_LINK_REQUEST
    if title:
        assert claims[f"{lti13.CLAIM}resource_link"]["title"] == title
    again = canvas.browser().get(answer["url"])
    assert again.status_code == 302, "a second browser may use it too"


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_of_lti_1_1_opens_once_in_a_browser_without_a_session(canvas: Site, old: Placed, way: str) -> None:
    asked, _, title = old.ways()[way]
    answer = canvas.student.get(ASK, params=asked).json()
    assert httpx.URL(answer["url"]).path == f"{PAGES}/external_tools/sessionless_launch"
    browser = canvas.browser()
    waiting = browser.get(answer["url"]).headers["location"]
    action, fields = form(browser.get(waiting).text)
    assert action.startswith(OLD["url"])
    assert (fields["roles"], "oauth_signature" in fields) == ("Learner", True)
    if title:
        assert fields["resource_link_title"] == title
    lost = browser.get(waiting)
    assert (lost.status_code, lost.text) == (404, "Cannot locate launch request, please try again.")


def test_an_id_and_a_url_together_choose_the_tool_for_the_url(canvas: Site, new: Placed, old: Placed) -> None:
    """canvas-lms, find_external_tool and sessionless_launch_link (2024-04)."""

    def asked(**params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = canvas.student.get(ASK, params=params).json()
        return answer

    made = asked(id=77, url=f"{LAUNCH}?further=1")
    url = httpx.URL(made["url"])
    assert (made["id"], url.path, url.params["launch_url"]) == (
        77,
        f"{PAGES}/external_tools/77",
        f"{LAUNCH}?further=1",
    )
    assert asked(id=77, url=OLD["url"])["id"] == old.tool, "the URL is on another host"
    assert asked(id=77, url="https://nobody.example.test/") == {
        "errors": {"external_tool": "Unable to find a matching external tool"}
    }
    assert httpx.URL(asked(url=new.url)["url"]).path == f"{PAGES}/external_tools/retrieve"
    placed = httpx.URL(asked(url=new.url, launch_type="course_navigation")["url"])
    assert (placed.path, placed.params["launch_url"]) == (f"{PAGES}/external_tools/77", new.url)
    assert placed.params["launch_type"] == "course_navigation"
    canvas.lms.settings["canvas.sessionless_launches_name_placement"] = False
    assert "launch_type" not in asked(url=new.url, launch_type="course_navigation")["url"]


def test_a_link_counts_before_other_ways(canvas: Site, new: Placed, tool: Tool) -> None:
    sent = {"context_external_tool_id": 77, "url": f"{new.url}&from=link", "title": "Linked"}
    made = canvas.api(canvas.info.access_tokens.teacher).post(f"{COURSE}/lti_resource_links", json=sent)
    lookup = made.json()["lookup_uuid"]
    task = {"launch_type": "assessment", "assignment_id": new.assignment}
    other = httpx.URL(canvas.student.get(ASK, params={"resource_link_lookup_uuid": lookup, **task}).json()["url"])
    assert (other.path, other.params["launch_type"]) == (f"{PAGES}/external_tools/77", "assessment"), (
        "not the assignment"
    )
    url = httpx.URL(canvas.student.get(ASK, params={"resource_link_lookup_uuid": lookup}).json()["url"])
    assert (url.path, url.params["resource_link_lookup_uuid"]) == (f"{PAGES}/external_tools/retrieve", lookup)
    assert "url" not in url.params
    browser = canvas.browser()
    _, fields = form(browser.get(browser.get(str(url)).headers["location"]).text)
    _, sent = posted(browser, tool.login(fields))
    claims = jwt.read(sent["id_token"]).claims
    assert claims[f"{lti13.CLAIM}target_link_uri"] == f"{new.url}&from=link"


def test_only_a_token_without_scopes_signs_a_browser_in(canvas: Site, new: Placed, old: Placed) -> None:
    """canvas-lms app/controllers/lti/concerns/sessionless_launches.rb, generate_session_token (2024-04)."""
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    scope = "url:GET|/api/v1/courses/:course_id/external_tools/sessionless_launch"
    key = {"id": 10000000000500, "name": "Scoped", "require_scopes": True, "scopes": [scope], "accounts": [1]}
    world["canvas"]["developer_keys"].append(key)
    made = {"id": 5000, "created_at": "2026-01-01T00:00:00Z", "token": "scoped~token", "user_id": 101}
    world["canvas"]["access_tokens"].append({**made, "developer_key_id": key["id"], "scopes": [scope]})
    canvas.lms.load(world)
    for caller in (canvas.api("scoped~token"), signed_in(canvas).http):
        refused = caller.get(ASK, params={"id": 77})
        assert refused.status_code in (401, 403), refused.text
        answer = caller.get(ASK, params={"id": old.tool})
        assert (answer.status_code, "session_token" in answer.text) == (200, False), answer.text
        assert "verifier" in httpx.URL(json.loads(answer.text.removeprefix("while(1);"))["url"]).params
    assert "session_token" in canvas.student.get(ASK, params={"id": 77}).text


def test_an_account_s_tool_opens_without_a_session(canvas: Site) -> None:
    sent = {**OLD, "account_navigation": {"enabled": True}}
    made = canvas.admin.post("/api/v1/accounts/1/external_tools", json=sent).json()["id"]
    ask = "/api/v1/accounts/1/external_tools/sessionless_launch"
    answer = canvas.admin.get(ask, params={"id": made, "launch_type": "account_navigation"}).json()
    assert httpx.URL(answer["url"]).path == "/accounts/1/external_tools/sessionless_launch"
    browser = canvas.browser()
    _, fields = form(browser.get(browser.get(answer["url"]).headers["location"]).text)
    assert fields["resource_link_id"] == fields["context_id"], "no course"


MISSING = (
    ({}, "A tool id, tool url, module item id, or resource link lookup uuid must be provided"),
    ({"launch_type": "assessment"}, "An assignment id must be provided for assessment LTI launch"),
    ({"launch_type": "module_item"}, "A module item id must be provided for module item LTI launch"),
    ({"launch_type": "assessment", "assignment_id": 1}, "The assignment must have an external tool tag"),
)


@pytest.mark.parametrize(("asked", "said"), MISSING)
def test_missing_parameters_are_named(canvas: Site, asked: dict[str, Any], said: str) -> None:
    answer = canvas.student.get(ASK, params=asked)
    assert answer.status_code == 400
    faults = answer.json()["errors"]
    assert {item["message"] for row in faults.values() for item in row} == {said}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"url": "https://nobody.example.test/"}, 200),
        ({"id": 999}, 302),
        ({"id": 77, "launch_type": "weather"}, 302),
        ({"launch_type": "assessment", "assignment_id": 999}, 404),
        ({"launch_type": "module_item", "module_item_id": 999}, 404),
        ({"resource_link_lookup_uuid": "none"}, 404),
    ],
)
def test_missing_tools_are_not_launched(canvas: Site, tool: Tool, asked: dict[str, Any], status: int) -> None:
    answer = canvas.student.get(ASK, params=asked)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"errors": {"external_tool": "Unable to find a matching external tool"}}
    if status == 302:
        assert answer.headers["location"].endswith(PAGES)
    assert canvas.student.get(ASK, params={"id": 77}).json()["id"] == 77


def test_only_those_who_may_read_are_given_a_launch(canvas: Site, new: Placed) -> None:
    assert canvas.api().get(ASK, params={"id": 77}).status_code == 401
    asked = new.ways()["assignment"][0]
    path = f"{COURSE}/assignments/{new.assignment}"
    assert canvas.student.get(ASK, params=asked).status_code == 200
    assert canvas.teacher.put(path, json={"assignment": {"published": False}}).status_code == 200
    assert canvas.student.get(ASK, params=asked).status_code == 403
    assert canvas.teacher.get(ASK, params=asked).status_code == 200


def test_the_launch_of_a_tool_of_lti_1_1_as_a_jwt(canvas: Site, tool: Tool) -> None:
    old = canvas.teacher.post(f"{COURSE}/external_tools", json=OLD).json()["id"]
    path = "/api/lti/courses/1/jwt_token"
    for asked in ({"tool_id": old}, {"tool_launch_url": OLD["url"]}):
        claims = jwt.verify(
            canvas.student.get(path, params=asked).json()["jwt_token"],
            OLD["shared_secret"],
            algorithms=["HS256"],
            now=canvas.lms.clock.now.timestamp(),
            required=(),
        )
        assert (claims["lti_message_type"], claims["consumer_key"]) == ("basic-lti-launch-request", OLD["consumer_key"])
        assert not any(name.startswith("oauth_") for name in claims)
        assert abs(claims["iat"] - canvas.lms.clock.now.timestamp()) < 60
    assert canvas.student.get(path, params={"tool_id": 999}).status_code == 404
    assert canvas.api().get(path, params={"tool_id": old}).status_code == 401


def test_the_login_initiation_of_a_tool_of_lti_1_3_as_a_jwt(canvas: Site, tool: Tool) -> None:
    """The launch it begins can be completed."""
    token = canvas.student.get("/api/lti/courses/1/jwt_token", params={"tool_id": 77}).json()["jwt_token"]
    claims = jwt.verify(token, "fake", algorithms=["HS256"], now=canvas.lms.clock.now.timestamp(), required=())
    assert (claims["consumer_key"], claims["client_id"]) == ("fake", int(tool.seat.client_id))
    browser = signed_in(canvas, "student")
    _, sent = posted(browser, tool.login({name: str(value) for name, value in claims.items()}))
    assert tool.launch(sent).get_launch_data()[f"{lti13.CLAIM}context"]["title"]
