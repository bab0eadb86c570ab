"""School-wide LTI services at Canvas: accounts, features, tools, data streams, notices; and LTI 2."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import API_KEY, KEY, OPEN, assertion, launched, service
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool
from lms_emulator.providers.canvas.lti.places import opaque
from lms_emulator.signing import jwk, jwt, lti13

CANVAS = "https://canvas.instructure.com/lti/"
LOOKUP, FLAGS = f"{CANVAS}account_lookup/scope/show", f"{CANVAS}feature_flags/scope/show"
TOOLS, DATA = f"{CANVAS}account_external_tools/scope", f"{CANVAS}data_services/scope"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
OTHER_KEY = 10000000000002
ACCOUNT = opaque("account", 1)
"""What tools know the school's account by."""
NOT_LINKED = "Access Token not linked to a Tool associated with this Context"
SAID = {"Missing access token", "Insufficient permissions", "Invalid Developer Key", NOT_LINKED}


@pytest.fixture
def school(canvas: Site, tool: Tool) -> Site:
    """The school, with site admins, and a tool that may call these services."""
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    section = world["canvas"]
    key = next(developer_key for developer_key in section["developer_keys"] if developer_key["id"] == KEY)
    rights = {TOOLS: ("list", "show", "create", "destroy"), DATA: ("list", "create")}
    key["scopes"] += [
        LOOKUP,
        FLAGS,
        NOTICES,
        *(f"{scope}/{right}" for scope, names in rights.items() for right in names),
    ]
    navigation = {"placements": [{"placement": "course_navigation", "enabled": True}]}
    described: dict[str, Any] = {"title": "PyLTI1p3", "target_link_uri": LAUNCH, "oidc_initiation_url": LOGIN}
    described["extensions"] = [{"platform": "canvas.instructure.com", "settings": navigation}]
    section["tool_configurations"].append({"id": 1, "developer_key_id": KEY, "settings": described})
    installed = next(item for item in section["tools"] if item["id"] == 77)
    del installed["course_id"]
    installed |= {"domain": httpx.URL(key["public_jwk_url"]).netloc.decode(), "account_id": 1}
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    section["account_users"].append({"id": 902, "account_id": 2, "user_id": 103, "role_id": 1})
    canvas.lms.load(world)
    return canvas


def caller(site: Site, tool: Tool, *scopes: str) -> httpx.Client:
    answer = service(site, assertion(site, tool), " ".join(scopes) or lti13.SCOPE_MEMBERSHIP)
    return site.api(answer.json()["access_token"])


def refused(answer: httpx.Response) -> str:
    said: str = answer.json()["errors"]["message"]
    assert answer.status_code == 401
    assert said in SAID
    return said


def test_accounts_and_features(school: Site, tool: Tool) -> None:
    path = "/api/lti/accounts/1"
    assert refused(httpx.get(f"{school.url}{path}")) == "Missing access token"
    assert refused(caller(school, tool).get(path)) == "Insufficient permissions"
    api = caller(school, tool, LOOKUP, FLAGS)
    answer = api.get(path)
    assert answer.headers["content-type"].startswith("application/vnd.canvas.accountlookup+json")
    assert (answer.json()["name"], answer.json()["parent_account_id"]) == ("Example University", None)
    for unknown in ("99", "self"):
        assert api.get(f"/api/lti/accounts/{unknown}").status_code == 404, "accounts stand there by number"
    assert refused(api.get("/api/lti/accounts/2")) == "Invalid Developer Key", "the key is off there"
    flag = "feature_flags/final_grades_override"
    assert api.get(f"{path}/{flag}").json()["feature_flag"]["state"] == "off", "until the school allows it"
    assert api.get(f"/api/lti/courses/1/{flag}").json() == {"feature": "final_grades_override", "state": "allowed"}
    school.admin.put("/api/v1/accounts/1/features/flags/final_grades_override", json={"state": "allowed"})
    kept = api.get(f"{path}/{flag}").json()["feature_flag"]
    assert (kept["state"], kept["context_type"], kept["created_at"] is None) == ("allowed", "Account", False)
    assert api.get(f"{path}/feature_flags/nothing").status_code == 404
    assert refused(api.get(f"/api/lti/courses/99/{flag}")) == "Invalid Developer Key"


def test_the_tools_of_an_account(school: Site, tool: Tool) -> None:
    api = caller(school, tool, *(f"{TOOLS}/{right}" for right in ("list", "show", "create", "destroy")))
    path = f"/api/lti/accounts/{ACCOUNT}/external_tools"
    assert refused(caller(school, tool).post(path, data={"client_id": KEY})) == "Insufficient permissions"
    assert refused(api.get("/api/lti/accounts/1/external_tools")) == "Invalid Developer Key", "it has an id for tools"
    made = api.post(path, data={"client_id": KEY}).json()
    assert made["name"] == "PyLTI1p3"
    again = api.post(path, data={"client_id": KEY, "verify_uniqueness": 1})
    assert (again.status_code, list(again.json()["errors"])) == (400, ["tool_currently_installed"])
    assert api.post(path, data={"client_id": 10000000009999}).status_code == 404
    listed = api.get(path, params={"per_page": 1})
    assert listed.headers["link"].startswith(f"<{path}?"), "addresses without a host"
    assert made["id"] in [item["id"] for item in api.get(path).json()]
    assert api.get(f"{path}/{made['id']}").json()["deployment_id"] == made["deployment_id"]
    assert api.delete(f"{path}/{made['id']}").json()["workflow_state"] == "deleted"
    assert api.delete(f"{path}/{made['id']}").status_code == 404
    inner = school.teacher.post("/api/v1/courses/1/external_tools", data={"client_id": KEY}).json()["id"]
    assert api.get(f"{path}/{inner}").status_code == 404, "a tool of a course"
    flag = "feature_flags/final_grades_override"
    flags = caller(school, tool, FLAGS)
    assert api.delete(f"{path}/{OPEN.rsplit('/', 1)[1]}").status_code == 200
    assert refused(api.get(path)) == refused(flags.get(f"/api/lti/accounts/1/{flag}")) == NOT_LINKED
    assert flags.get(f"/api/lti/courses/1/{flag}").status_code == 200


def test_live_events_that_the_site_lacks(school: Site, tool: Tool) -> None:
    api = caller(school, tool, f"{DATA}/list", f"{DATA}/create")
    path = f"/api/lti/accounts/{ACCOUNT}/data_services"
    assert refused(caller(school, tool).get(path)) == "Insufficient permissions"
    assert refused(api.get(f"{path}/1")) == "Insufficient permissions", "each service has its scope"
    for answer in (api.get(path), api.post(path, json={"subscription": {}})):
        assert (answer.status_code, school.reason) == (500, "canvas_fails_here")


def test_tokens_that_operators_make(school: Site) -> None:
    path = "/api/lti/advantage_token"
    operator = school.teacher
    assert school.admin.get(path, params={"client_id": KEY}).status_code == 403
    by_tool = operator.get(path, params={"tool_id": 77}).json()
    answer = school.api(by_tool["access_token"]).get("/api/lti/courses/1/names_and_roles")
    assert len(answer.json()["members"]) == 3
    assert LOOKUP in operator.get(path, params={"client_id": OTHER_KEY}).json()["scope"], "the key's or not"
    refusal = operator.get(path, params={"client_id": API_KEY})
    assert (refusal.status_code, school.reason) == (400, "key_not_lti")
    assert operator.get(path, params={"tool_id": 99}).status_code == 404
    assert operator.get("/api/lti/lti_2_token", params={"tool_proxy_id": 1}).status_code == 404


def test_lti_2_leftovers(school: Site) -> None:
    for path in ("courses/1", "accounts/1"):
        profile = httpx.get(f"{school.url}/api/lti/{path}/tool_consumer_profile").json()
        assert httpx.get(profile["@id"]).json() == profile
        register = next(item for item in profile["service_offered"] if item["@id"].endswith("#ToolProxy.collection"))
        answer = httpx.post(register["endpoint"], json={})
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert httpx.post(f"{school.url}/api/lti/courses/1/authorize").json() == {"error": "invalid_grant"}
    answer = school.teacher.get("/api/lti/assignments/1/submissions/1")
    assert (answer.status_code, school.reason) == (401, "no_credentials")


def test_notices(school: Site, tool: Tool, keys: KeySite) -> None:
    path, sent = "/api/lti/notice-handlers/77", {"notice_type": "LtiHelloWorldNotice", "handler": f"{keys.url}/told"}
    assert refused(caller(school, tool).get(path)) == "Insufficient permissions"
    claim = launched(school, tool).get_launch_data()[f"{lti13.CLAIM}platformnotificationservice"]
    assert claim["platform_notification_service_url"] == f"{school.url}{path}"
    api = caller(school, tool, *claim["scope"])
    for changes, said in (
        ({"handler": "https://other.example/"}, "handler url should match tool's domain"),
        ({"handler": "told"}, "handler must be a valid URL or an empty string"),
        ({"notice_type": "LtiOtherNotice"}, "unknown notice_type"),
    ):
        answer = api.put(path, json={**sent, **changes})
        assert (answer.status_code, said in answer.json()["errors"]["message"]) == (400, True)
    assert api.put("/api/lti/notice-handlers/5", json=sent).status_code == 403, "a tool of another key"
    assert api.get("/api/lti/notice-handlers/999").status_code == 404
    keys.posted.clear()
    assert api.put(path, json=sent).json() == sent
    hello = notice(school, keys.posted.pop())
    assert hello[f"{lti13.CLAIM}notice"]["type"] == "LtiHelloWorldNotice"
    assert hello["aud"] == str(KEY)
    assert api.put(path, json={**sent, "handler": ""}).json()["handler"] == ""
    assert api.put(path, json={**sent, "notice_type": "LtiContextCopyNotice"}).status_code == 200
    assert [handler["notice_type"] for handler in api.get(path).json()["notice_handlers"] if handler["handler"]] == [
        "LtiContextCopyNotice"
    ]
    copy = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 3}}
    school.teacher.post("/api/v1/courses/1/content_migrations", json=copy)
    school.teacher.get("/api/v1/courses/1/content_migrations")
    claims = notice(school, keys.posted.pop())
    assert claims[f"{lti13.CLAIM}origin_contexts"] == ["c0003c0000000000000000000000000000000003"]
    assert claims[f"{lti13.CLAIM}context"]["title"] == "Analytical Engines"
    assert keys.posted == []


def test_a_handler_is_on_the_tools_domain_and_port_or_on_the_host_of_its_url(school: Site, tool: Tool) -> None:
    path, host = "/api/lti/notice-handlers/77", httpx.URL(LAUNCH).host

    def taken(handler: str, domain: str) -> bool:
        whole = json.loads(json.dumps(school.lms.dump(), default=str))
        next(item for item in whole["canvas"]["tools"] if item["id"] == 77)["domain"] = domain
        school.lms.load(whole)
        sent = {"notice_type": "LtiContextCopyNotice", "handler": handler}
        return caller(school, tool, NOTICES).put(path, json=sent).status_code == 200

    assert taken("https://a.domain.example/told", "domain.example")
    assert taken("https://domain.example:443/told", "https://Domain.example")
    assert taken("http://domain.example:8000/told", "domain.example:8000")
    assert not taken("http://domain.example:8000/told", "domain.example"), "the port belongs to the domain"
    assert not taken("http://domain.example/told", "domain.example:8000")
    assert taken(f"http://{host}:8000/told", "domain.example"), "the host of the tool's own URL, at any port"


def notice(site: Site, body: bytes) -> dict[str, Any]:
    """The claims of the one notice that came, with its signature checked."""
    (notice,) = json.loads(body)["notices"]
    keys = jwk.KeySet.from_jwks(httpx.get(f"{site.url}/api/lti/security/jwks").json())
    return jwt.verify(notice["jwt"], keys, algorithms=["RS256"], now=site.lms.clock.now.timestamp(), audience=str(KEY))


def test_services_that_came_later(school: Site) -> None:
    path = "/api/lti/notice-handlers/77"
    assert school.teacher.get("/api/v1/courses/1/lti_resource_links").status_code == 200
    school.lms.settings["emulator.as_of"] = "2023-06-20"
    for url in (path, "/api/v1/courses/1/lti_resource_links"):
        answer = school.teacher.get(url)
        assert (answer.status_code, "Page Not Found" in answer.text) == (404, True)
