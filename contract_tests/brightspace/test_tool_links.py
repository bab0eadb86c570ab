"""Links to LTI Advantage tools by the REST API, as the launches show them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import DEPLOYMENT, LAUNCH, OPEN, launched, signed_in
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.signing import lti13

LE = "/d2l/api/le/1.79/ltiadvantage"
LINKS, ORGANIZATION = f"{LE}/links/orgunit/6836/", f"{LE}/links/organization/"
NEW: dict[str, Any] = {
    "DeploymentId": DEPLOYMENT,
    "IsEnabled": True,
    "Name": "Week 1",
    "Description": None,
    "URL": f"{LAUNCH}?week=1",
    "Type": 1,
    "Height": 400,
    "Width": 600,
    "CustomParameters": [{"Name": "week", "Value": "1"}],
}


@pytest.fixture
def api(brightspace: Site, tool: Tool) -> httpx.Client:
    """The instructor, with every right to links that an application can have."""
    scope = "ltiadvantage:links:* ltiadvantage:quicklinks:create"
    return brightspace.api(brightspace.tokens("instructor", scope=scope)["access_token"])


def opened(site: Site, tool: Tool, link: dict[str, Any], who: str = "student") -> dict[str, Any]:
    """The launch of a link by its quicklink's page."""
    return launched(site, tool, who, f"/d2l/le/lti/6836/launch/exu-{link['LinkId']}_6836").get_launch_data()


def test_a_new_link_is_launched(brightspace: Site, tool: Tool, api: httpx.Client) -> None:
    made = api.post(LINKS, json=NEW)
    assert made.status_code == 200, made.text
    link = made.json()
    assert link == {"LinkId": link["LinkId"]} | NEW | {"IsAvailable": True, "OwnerOrgUnitId": 6836}
    assert api.get(f"{LINKS}{link['LinkId']}").json() == link
    data = opened(brightspace, tool, link)
    assert data[f"{lti13.CLAIM}target_link_uri"] == NEW["URL"]
    assert data[f"{lti13.CLAIM}resource_link"]["title"] == "Week 1"
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b", "week": "1"}
    shown = data[f"{lti13.CLAIM}launch_presentation"]
    assert (shown["height"], shown["width"]) == (400, 600)
    assert data["http://www.brightspace.com"]["link_id"] == link["LinkId"]


def test_a_changed_link_is_launched_as_it_is_now(brightspace: Site, tool: Tool, api: httpx.Client) -> None:
    link = api.post(LINKS, json=NEW).json()
    where = f"{LINKS}{link['LinkId']}"
    changed = {name: NEW[name] for name in ("DeploymentId", "Type")} | {"Name": "Week 2", "URL": f"{LAUNCH}?week=2"}
    assert api.put(where, json=changed).json()["CustomParameters"] is None
    data = opened(brightspace, tool, link)
    assert data[f"{lti13.CLAIM}resource_link"]["title"] == "Week 2"
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b"}
    assert "height" not in data[f"{lti13.CLAIM}launch_presentation"]
    api.put(where, json=changed | {"Type": 2})
    page = f"/d2l/le/lti/6836/launch/exu-{link['LinkId']}_6836"
    assert f'<iframe src="{brightspace.url}{page}"' in signed_in(brightspace).get("/d2l/home/6836").text
    assert api.put(where, json=changed | {"IsEnabled": False}).json()["IsAvailable"] is False
    assert signed_in(brightspace).get(page).status_code == 404
    assert page not in signed_in(brightspace).get("/d2l/home/6836").text
    assert api.delete(where).status_code == 200
    assert api.get(where).status_code == api.delete(where).status_code == 404


@pytest.mark.parametrize(("kind", "types"), [(3, "file"), (4, "html")])
def test_a_selector_asks_the_tool_for_content(
    brightspace: Site, tool: Tool, api: httpx.Client, kind: int, types: str
) -> None:
    link = api.post(LINKS, json=NEW | {"Type": kind}).json()
    assert (link["Type"], api.get(f"{LINKS}{link['LinkId']}").json()["Type"]) == (kind, kind)
    data = opened(brightspace, tool, link, "instructor")
    assert data[f"{lti13.CLAIM}message_type"] == lti13.DEEP_LINKING_REQUEST
    assert types in data[f"{lti13.DL_CLAIM}deep_linking_settings"]["accept_types"]
    assert data[f"{lti13.CLAIM}target_link_uri"] == NEW["URL"]
    page = f"/d2l/le/lti/6836/launch/exu-{link['LinkId']}_6836"
    assert signed_in(brightspace).get(page).status_code == 403
    assert page not in signed_in(brightspace).get("/d2l/home/6836").text


def test_links_are_listed_by_their_state(brightspace: Site, api: httpx.Client) -> None:
    before = api.get(LINKS).json()["Objects"]
    off = api.post(LINKS, json=NEW | {"IsEnabled": False}).json()["LinkId"]
    assert {link["Name"] for link in before} == {"Demo tool", "Exercise 1", "PyLTI1p3"}
    ids = {link["LinkId"] for link in before}
    for query, wanted in (
        ("", ids | {off}),
        ("isEnabled=false", {off}),
        ("isAvailable=true", ids),
        (f"deploymentId={DEPLOYMENT}", {off, 77}),
        (f"deploymentId={DEPLOYMENT}&isEnabled=true", {77}),
    ):
        assert {link["LinkId"] for link in api.get(f"{LINKS}?{query}").json()["Objects"]} == wanted, query
    brightspace.lms.settings["brightspace.page_size"] = 3
    first = api.get(LINKS).json()
    assert (len(first["Objects"]), len(api.get(first["Next"]).json()["Objects"])) == (3, 1)


def test_a_quicklink_opens_the_link_where_it_is_put(brightspace: Site, tool: Tool, api: httpx.Client) -> None:
    answer = api.post(f"{LE}/quicklinks/orgunit/6836/link/77").json()
    assert answer["LtiLinkId"] == 77
    address = answer["PublicUrl"].replace("{orgUnitId}", "6836")
    assert address.startswith("/d2l/common/dialogs/quickLink/quickLink.d2l?ou=6836&type=lti&rcode=")
    browser = signed_in(brightspace)
    page = browser.get(address)
    assert (page.status_code, page.headers["location"]) == (302, f"{brightspace.url}{OPEN}")
    assert launched(brightspace, tool, "student", OPEN).is_resource_launch()
    for wrong in (address.replace("type=lti", "type=content"), address.replace("exu-77", "exu-78"), address + "x"):
        assert browser.get(wrong).status_code == 404, wrong
    assert api.post(f"{LE}/quicklinks/orgunit/6836/link/78").status_code == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"DeploymentId": "d2d2d2d2-0000-4000-8000-00000000de02"}, "deployment_unknown"),
        ({"Name": " "}, "name_missing"),
        ({"Name": 5}, "link_invalid"),
        ({"URL": "week1"}, "url_invalid"),
        ({"URL": "http://["}, "url_invalid"),
        ({"URL": "https://"}, "url_invalid"),
        ({"URL": None}, "link_invalid"),
        ({"Type": "1"}, "link_invalid"),
        ({"Type": 0}, "number_invalid"),
        ({"Height": -1}, "number_invalid"),
        ({"CustomParameters": {"week": "1"}}, "link_invalid"),
    ],
)
def test_wrong_links_are_refused(brightspace: Site, api: httpx.Client, change: dict[str, Any], reason: str) -> None:
    before = brightspace.lms.dump()["brightspace"]["lti_links"]
    for answer in (api.post(LINKS, json=NEW | change), api.put(f"{LINKS}77", json=NEW | change)):
        assert (answer.status_code, brightspace.reason) == (400, reason), answer.text
        assert answer.json()["title"] == "Invalid Parameters"
    assert api.post(LINKS, json=[NEW]).status_code == 400
    assert api.post(LINKS, json=NEW | {"Type": 5}).status_code == 501
    assert brightspace.lms.dump()["brightspace"]["lti_links"] == before


def test_scopes_and_roles_decide(brightspace: Site, api: httpx.Client) -> None:
    reads = brightspace.api(brightspace.tokens("instructor", scope="ltiadvantage:links:read")["access_token"])
    assert reads.get(LINKS).status_code == 200
    for answer in (
        reads.post(LINKS, json=NEW),
        reads.put(f"{LINKS}77", json=NEW),
        reads.delete(f"{LINKS}77"),
        reads.post(f"{LE}/quicklinks/orgunit/6836/link/77"),
    ):
        assert (answer.status_code, "Insufficient scope to call API.Required: " in answer.text) == (403, True)
    learns = brightspace.api(brightspace.tokens("student", scope="ltiadvantage:links:*")["access_token"])
    assert learns.get(LINKS).json()["title"] == "Not Authorized"
    assert api.get(LINKS.replace("6836", "6837")).status_code == 403
    assert api.get(LINKS.replace("6836", "1")).status_code == 404
    assert api.get(f"{LINKS}1").status_code == 404


def test_links_of_the_organization_are_those_of_its_deployments(brightspace: Site, api: httpx.Client) -> None:
    dump = brightspace.lms.dump()
    dump["brightspace"]["deployments"].append(
        next(deployment for deployment in dump["brightspace"]["deployments"] if deployment["id"] == DEPLOYMENT)
        | {"id": "eeeeeeee-0000-4000-8000-000000000077", "org_unit_id": 6606}
    )
    brightspace.lms.load(dump)
    here = api.post(ORGANIZATION, json=NEW | {"DeploymentId": "eeeeeeee-0000-4000-8000-000000000077"}).json()
    assert here["OwnerOrgUnitId"] == 6606
    assert [link["LinkId"] for link in api.get(ORGANIZATION).json()["Objects"]] == [here["LinkId"]]
    assert api.get(f"{ORGANIZATION}77").status_code == api.get(f"{LINKS}{here['LinkId']}").status_code == 404
    assert api.post(ORGANIZATION, json=NEW).status_code == 400
    assert api.delete(f"{ORGANIZATION}{here['LinkId']}").status_code == 200


def test_a_link_without_a_number_has_no_place_in_the_api(brightspace: Site, api: httpx.Client) -> None:
    dump = brightspace.lms.dump()
    dump["brightspace"]["lti_links"].append({"id": "mine", "deployment_id": DEPLOYMENT, "title": "Mine"})
    brightspace.lms.load(dump)
    assert "Mine" not in [link["Name"] for link in api.get(LINKS).json()["Objects"]]
    assert "link_without_number" in [warning.code for warning in brightspace.lms.requests.last.warnings]
