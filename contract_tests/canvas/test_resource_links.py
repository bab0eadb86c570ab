"""Canvas's API of LTI resource links: those from deep linking, and those created for texts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.canvas.lti import LAUNCH, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

LINKS = "/api/v1/courses/1/lti_resource_links"
OWN = f"{LAUNCH}?from=tool"
"""The address of the tool itself."""


def launch_claims(site: Site, link: dict[str, Any], tool: Tool) -> dict[str, Any]:
    """The claims of a launch of a link, by its own address."""
    browser = signed_in(site)
    page = urlsplit(link["canvas_launch_url"])
    fields = initiation(browser, f"{page.path}?{page.query}")
    return jwt.read(posted(browser, tool.login(fields))[1]["id_token"]).claims


def test_a_link_for_a_text_is_made_launched_changed_and_deleted(canvas: Site, tool: Tool) -> None:
    url = f"{OWN}&exercise=7"
    sent = {"url": url, "title": "Exercise 7", "custom": {"level": "2", "zone": "b"}}
    answer = canvas.teacher.post(LINKS, json=sent)
    link = answer.json()
    assert (answer.status_code, link["resource_type"], link["context_external_tool_id"]) == (200, "rich_content", 77)
    claims = launch_claims(canvas, link, tool)
    assert claims[f"{lti13.CLAIM}resource_link"]["id"] == link["resource_link_uuid"]
    assert claims[f"{lti13.CLAIM}target_link_uri"] == url
    assert list(claims[f"{lti13.CLAIM}custom"].items()) == [("a", "b"), ("zone", "b"), ("level", "2")], "as jsonb sorts"
    for name in (link["id"], f"lookup_uuid:{link['lookup_uuid']}", f"resource_link_uuid:{link['resource_link_uuid']}"):
        assert canvas.teacher.get(f"{LINKS}/{name}").json() == link
    changed = canvas.teacher.put(f"{LINKS}/{link['id']}", json={"custom": {"level": "3"}}).json()
    assert (changed["custom"], changed["url"]) == ({"level": "3"}, url)
    assert launch_claims(canvas, link, tool)[f"{lti13.CLAIM}custom"]["level"] == "3"
    assert canvas.teacher.delete(f"{LINKS}/{link['id']}").json()["workflow_state"] == "deleted"
    assert canvas.teacher.get(f"{LINKS}/{link['id']}").status_code == 404
    assert canvas.teacher.get(f"{LINKS}/{link['id']}?include_deleted=true").json()["workflow_state"] == "deleted"
    page = urlsplit(link["canvas_launch_url"])
    assert "tool_form" not in signed_in(canvas).get(f"{page.path}?{page.query}").text


@pytest.mark.usefixtures("tool")
def test_bulk_creation_of_links_is_all_or_nothing(canvas: Site) -> None:
    before = len(canvas.teacher.get(LINKS).json())
    good, foreign = {"url": OWN}, {"url": "https://other.example.test/"}
    refused = canvas.teacher.post(f"{LINKS}/bulk", json=[good, foreign, {"url": "no address"}])
    assert (refused.status_code, [error["message"] for error in refused.json()["errors"]]) == (
        422,
        ["No tool found for the provided URL", "'url' param must be a valid URL"],
    )
    assert canvas.teacher.post(f"{LINKS}/bulk", json=[good] * 101).status_code == 422
    made = canvas.teacher.post(f"{LINKS}/bulk", json=[good, {**good, "title": "B"}]).json()
    assert [item["title"] for item in made] == ["", "B"]
    first = canvas.teacher.get(f"{LINKS}?per_page={before + 1}")
    following = canvas.teacher.get(first.links["next"]["url"]).json()
    assert [item["id"] for item in (*first.json(), *following)][before:] == [item["id"] for item in made]


@pytest.mark.usefixtures("tool")
def test_links_of_assignments_stay_and_wrong_ones_are_not_taken(canvas: Site) -> None:
    found = canvas.teacher.get(LINKS).json()[0]
    assert (found["resource_type"], found["context_type"]) == ("assignment", "Assignment")
    path = f"{LINKS}/{found['id']}"
    assert canvas.teacher.delete(path).json()["errors"][0]["code"] == "invalid_resource_link"
    for sent, code in (
        ({"url": "https://other.example.test/"}, "url_tool_mismatch"),
        ({"context_external_tool_id": 77}, "url_tool_mismatch"),
        ({"context_external_tool_id": 999}, "context_external_tool_id"),
        ({"custom": "text"}, "invalid_custom"),
    ):
        answer = canvas.teacher.put(path, json=sent)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    moved = canvas.teacher.put(path, json={"context_external_tool_id": 77, "url": LAUNCH}).json()
    assert (moved["context_external_tool_id"], moved["url"]) == (77, LAUNCH)
    assert canvas.student.get(LINKS).status_code == 403
    assert canvas.teacher.get(f"{LINKS}/lookup:1").status_code == 404
    canvas.lms.as_of = "2024-08-16"
    assert canvas.teacher.get(LINKS).status_code == 404, "from before there was such an API"
