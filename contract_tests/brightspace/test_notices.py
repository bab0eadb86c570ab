"""Notices of copied courses, which a tool at Brightspace subscribes to."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import ADA, CLIENT, DEPLOYMENT, LINK, assertion, launched, service
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.signing import jwk, jwt, lti13

COPY = "/d2l/api/le/1.79/import/6838/copy/"
SOURCE = {"SourceOrgUnitId": 6836, "Components": None}


@pytest.fixture
def site(brightspace: Site, tool: Tool) -> Site:
    """The tool with notices, shared with the course that is copied into."""
    return with_notices(brightspace)


def with_notices(brightspace: Site, *, registration: bool = True, deployment: bool = True, **changes: Any) -> Site:
    world = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    section = world["brightspace"]
    record = next(item for item in section["registrations"] if item["client_id"] == CLIENT)
    record["extensions"] = ["notices"] if registration else []
    record = next(item for item in section["deployments"] if item["id"] == DEPLOYMENT)
    record["extensions"] = [e for e in record["extensions"] if e != "notices"] + (["notices"] if deployment else [])
    record |= changes
    rule = {"id": 1, "shares": "deployment", "owner": DEPLOYMENT, "org_unit_id": 6838}
    section["sharing_rules"] = [rule]
    brightspace.lms.load(world)
    return brightspace


def caller(site: Site, tool: Tool, scope: str = lti13.SCOPE_NOTICES) -> httpx.Client:
    return site.api(service(site, assertion(site, tool), scope).json()["access_token"])


def offered(site: Site, tool: Tool) -> dict[str, Any] | None:
    found = launched(site, tool).get_launch_data().get(lti13.NOTICES_CLAIM)
    return dict(found) if found is not None else None


def copied(site: Site, **changes: Any) -> httpx.Response:
    return site.instructor.post(COPY, json=SOURCE | changes)


def notices(site: Site) -> list[dict[str, Any]]:
    return [sent.data["notices"][0] for sent in site.lms.outbox.webhooks if sent.kind == lti13.CONTEXT_COPY_NOTICE]


def test_a_tool_is_notified_of_a_copied_course(site: Site, tool: Tool, keys: KeySite) -> None:
    claim = offered(site, tool)
    assert claim is not None
    handlers = claim["platform_notification_service_url"]
    assert claim == {
        "service_versions": ["1.0"],
        "platform_notification_service_url": handlers,
        "scope": [lti13.SCOPE_NOTICES],
        "notice_types_supported": ["LtiContextCopyNotice"],
    }
    api = caller(site, tool)
    none = {"notice_type": "LtiContextCopyNotice", "handler": ""}
    assert api.get(handlers).json() == {"client_id": CLIENT, "deployment_id": DEPLOYMENT, "notice_handlers": [none]}
    wanted = {"notice_type": "LtiContextCopyNotice", "handler": f"{keys.url}/told", "max_batch_size": 10}
    assert api.put(handlers, json=wanted).json() == wanted
    assert api.get(handlers).json()["notice_handlers"] == [wanted]
    answer = copied(site)
    assert answer.status_code == 200, answer.text
    (sent,) = notices(site)
    assert json.loads(keys.posted[-1]) == {"notices": [sent]}
    public = jwk.KeySet.from_jwks(httpx.get(tool.seat.keys_url).json())
    now = site.lms.clock.now.timestamp()
    said = jwt.verify(sent["jwt"], public, algorithms=["RS256"], now=now, issuer=site.url, audience=CLIENT)
    short = {name.removeprefix(lti13.CLAIM): value for name, value in said.items()}
    assert short["notice"]["type"] == "LtiContextCopyNotice"
    assert (short["version"], short["deployment_id"]) == ("1.3.0", DEPLOYMENT)
    assert (short["context"]["id"], short["origin_contexts"]) == ("6838", ["6836"])
    assert "azp" not in short
    assert api.put(handlers, json=none).json() == none
    assert copied(site).status_code == 200
    assert len(notices(site)) == 1


def test_a_copy_has_what_the_course_had(site: Site, tool: Tool) -> None:
    before = site.lms.dump()["brightspace"]
    token = copied(site).json()["JobToken"]
    assert site.instructor.get(f"{COPY}{token}").json() == {
        "JobToken": token,
        "TargetOrgUnitId": 6838,
        "Status": "COMPLETE",
    }
    assert site.instructor.get(f"{COPY}none").status_code == 404
    after = site.lms.dump()["brightspace"]

    def titles(world: dict[str, Any], table: str, field: str, unit: int) -> list[str]:
        return [item[field] for item in world[table] if item["org_unit_id"] == unit]

    for table, field in (("modules", "title"), ("topics", "title"), ("news_items", "title")):
        assert titles(after, table, field, 6838) == titles(before, table, field, 6836)
    assert titles(after, "grade_objects", "name", 6838) == ["Essay"]
    copy = next(link for link in after["lti_links"] if link.get("copied_from") == [LINK])
    assert copy["org_unit_id"] == 6838
    data = launched(site, tool, "instructor", f"/d2l/le/lti/6838/launch/{copy['id']}").get_launch_data()
    own = data["http://www.brightspace.com"]
    assert (own["Context.id.history"], own["ResourceLink.id.history"]) == ("6836", LINK)
    assert "link_not_copied" in [warning.code for entry in site.lms.requests for warning in entry.warnings]
    site.lms.load(site.lms.dump())


def test_a_topic_in_a_module_of_another_course_stays_there(site: Site) -> None:
    world = site.lms.dump()
    world["brightspace"]["topics"][0]["module_id"] = next(
        item["id"] for item in world["brightspace"]["modules"] if item["org_unit_id"] != 6838
    )
    for module in world["brightspace"]["modules"]:
        module["org_unit_id"] = 6837
    site.lms.load(world)
    assert copied(site).status_code == 200


def test_courses_copied_into_each_other_do_not_grow_without_end(site: Site) -> None:
    world = site.lms.dump()
    item = {**world["brightspace"]["news_items"][0], "org_unit_id": 6836}
    world["brightspace"]["news_items"] = [{**item, "id": number} for number in range(1, 10_002)]
    site.lms.load(world)
    answer = copied(site)
    assert answer.status_code == 400
    assert "up to 10,000 records" in (site.lms.requests.last.refusal.diagnosis or "")
    world["brightspace"]["news_items"].pop()
    site.lms.load(world)
    assert copied(site).status_code == 200


def test_only_the_named_components_are_copied(site: Site) -> None:
    assert copied(site, Components=["News", "Rubrics"]).status_code == 200
    assert "components_not_copied" in [warning.code for warning in site.lms.requests.last.warnings]
    section = site.lms.dump()["brightspace"]
    assert [item["title"] for item in section["news_items"] if item["org_unit_id"] == 6838] == ["Welcome", "Draft"]
    assert [module for module in section["modules"] if module["org_unit_id"] == 6838] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"SourceOrgUnitId": 1}, 404),
        ({"SourceOrgUnitId": 6837}, 403),
        ({"SourceOrgUnitId": 6838}, 400),
        ({"SourceOrgUnitId": "6836"}, 400),
        ({"Components": "News"}, 400),
    ],
)
def test_wrong_copies_are_refused(site: Site, change: dict[str, Any], status: int) -> None:
    assert copied(site, **change).status_code == status
    student = site.api(site.info.access_tokens.student)
    assert student.post(COPY.replace("6838", "6837"), json=SOURCE).status_code == 403


@pytest.mark.parametrize(
    "off", [{"registration": False}, {"deployment": False}, {"enabled": False}, {"notice_types": []}]
)
def test_notices_are_enabled_at_registration_deployment_and_by_type(
    site: Site, tool: Tool, keys: KeySite, off: dict[str, Any]
) -> None:
    handlers = f"{site.url}/d2l/api/lti/pns/1.0/deployment/{DEPLOYMENT}/noticehandlers"
    wanted = {"notice_type": "LtiContextCopyNotice", "handler": f"{keys.url}/told"}
    api = caller(site, tool)
    assert api.put(handlers, json=wanted).status_code == 200
    with_notices(site, **off)
    assert copied(site).status_code == 200
    assert notices(site) == []
    answer = service(site, assertion(site, tool), lti13.SCOPE_NOTICES)
    if "registration" in off:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert offered(site, tool) is None
        return
    again = site.api(answer.json()["access_token"]).put(handlers, json=wanted)
    status = {"deployment": 403, "enabled": 404, "notice_types": 400}[next(iter(off))]
    assert again.status_code == status, again.text
    if "notice_types" in off:
        claim = offered(site, tool)
        assert claim is not None
        assert claim["notice_types_supported"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"notice_type": "LtiOther"},
        {"notice_type": None},
        {"handler": "http://tool.example/told"},
        {"handler": "told"},
        {"handler": None},
        {"max_batch_size": 0},
        {"max_batch_size": "1"},
    ],
)
def test_wrong_handlers_are_refused(site: Site, tool: Tool, change: dict[str, Any]) -> None:
    claim = offered(site, tool)
    assert claim is not None
    handlers, api = claim["platform_notification_service_url"], caller(site, tool)
    sent = {"notice_type": "LtiContextCopyNotice", "handler": "https://tool.example/told", "max_batch_size": 1}
    assert api.put(handlers, json=sent | change).status_code == 400
    assert site.reason == "notice_handler_invalid"
    assert api.put(handlers, json=[]).status_code == 400
    assert api.get(handlers).json()["notice_handlers"][0]["handler"] == ""
    assert api.put(handlers, json=sent).status_code == 200
    rosters = caller(site, tool, lti13.SCOPE_MEMBERSHIP)
    assert rosters.get(handlers).status_code == rosters.put(handlers, json=sent).status_code == 403
    other = handlers.replace(DEPLOYMENT, "d1d1d1d1-0000-4000-8000-00000000de01")
    assert (api.get(other).status_code, site.reason) == (403, "deployment_of_another_tool")
    assert api.get(handlers.replace(DEPLOYMENT, "none")).status_code == 404


def test_a_deployment_without_org_units_is_not_told_which_course(site: Site, tool: Tool, keys: KeySite) -> None:
    with_notices(site, send_org_unit=False)
    claim = offered(site, tool)
    assert claim is not None
    wanted = {"notice_type": "LtiContextCopyNotice", "handler": f"{keys.url}/told"}
    assert caller(site, tool).put(claim["platform_notification_service_url"], json=wanted).status_code == 200
    copied(site)
    (sent,) = notices(site)
    said = jwt.read(sent["jwt"]).claims
    assert not {f"{lti13.CLAIM}context", f"{lti13.CLAIM}origin_contexts"} & set(said)
    assert ADA not in str(said)


def test_a_notice_that_cannot_be_delivered_is_in_the_outbox(site: Site, tool: Tool) -> None:
    claim = offered(site, tool)
    assert claim is not None
    wanted = {"notice_type": "LtiContextCopyNotice", "handler": "https://tool.example/told"}
    caller(site, tool).put(claim["platform_notification_service_url"], json=wanted)
    copied(site)
    assert len(notices(site)) == 1
    assert "notice_not_delivered" in [warning.code for warning in site.lms.requests.last.warnings]
