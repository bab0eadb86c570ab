"""What only a world file or a setting can configure at Brightspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract_tests.brightspace.lti import assertion, service
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing.jwt import read

Change = Callable[[Callable[[dict[str, Any]], None]], None]
APPLICATION = "b2b2b2b2-0000-4000-8000-00000000c11e"


@pytest.fixture
def change(lms: Emulator) -> Iterator[Change]:
    """Reload the current world with its Brightspace section changed."""

    def made(edit: Callable[[dict[str, Any]], None]) -> None:
        dump = lms.dump()
        edit(dump["brightspace"])
        lms.load(json.loads(json.dumps(dump, default=str)))

    yield made
    lms.load("demo")


def test_an_application_that_acts_for_itself(brightspace: Site, tool: Tool, keys: KeySite, change: Change) -> None:
    """Client credentials with a JWT: calls act for the application's service user."""
    signed = assertion(brightspace, tool, iss=APPLICATION, sub=APPLICATION)
    assert service(brightspace, signed, "users:own_profile:read").status_code == 400
    assert brightspace.reason == "assertion_client_unknown"
    change(lambda section: section["applications"][0].update(jwks_url=keys.url, service_user_id=171))
    body = service(brightspace, signed, "users:own_profile:read").json()
    assert brightspace.whoami(body["access_token"]).json()["UniqueName"] == "grace.hopper"
    again = assertion(brightspace, tool, iss=APPLICATION, sub=APPLICATION, jti="2")
    assert service(brightspace, again, "quizzing:*:*").json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("table", "record", "said"),
    [
        ("sharing_rules", {"shares": "legacy_link", "owner": "x", "org_unit_id": 6836}, "is not among `legacy_links`"),
        ("legacy_links", {"id": 1, "org_unit_id": 6836, "title": "T", "url": "http://["}, "is not a URL"),
        ("sharing_rules", {"shares": "deployment", "owner": "x", "org_unit_id": 6836}, "is not among `deployments`"),
        (
            "dropbox_submissions",
            {
                "folder_id": 701,
                "user_id": 169,
                "submitted_at": "2026-11-01T10:00:00Z",
                "files": [{"file_id": 1, "file_name": "a", "content_type": "text/plain", "data": "!"}],
            },
            "this is not base64",
        ),
        ("asset_processors", {"folder_id": 9, "deployment_id": "x"}, "is not among `dropbox_folders`"),
    ],
)
def test_a_world_with_a_wrong_record_is_refused(lms: Emulator, table: str, record: dict[str, Any], said: str) -> None:
    dump = json.loads(json.dumps(lms.dump(), default=str))
    dump["brightspace"][table] = [{"id": "a" if table == "asset_processors" else 1, **record}]
    with pytest.raises(Exception, match=said):
        lms.load(dump)


def test_a_deleted_person(brightspace: Site, change: Change) -> None:
    tokens, code = brightspace.tokens(), brightspace.code()
    change(lambda section: section["users"][0].update(is_active=False))
    assert brightspace.whoami(tokens["access_token"]).status_code == 401
    assert brightspace.reason == "token_of_no_user"
    assert brightspace.refresh(tokens["refresh_token"]).status_code == 400
    assert brightspace.reason == "user_gone"
    assert brightspace.exchange(code).status_code == 400
    assert brightspace.reason == "user_gone"
    browser = brightspace.browser()
    page = browser.follow(browser.get(brightspace.auth_url()))
    assert browser.sign_in(page, brightspace.info.student).status_code == 403


def test_another_tenant(brightspace: Site, change: Change) -> None:
    tokens = brightspace.tokens()
    change(lambda section: section.update(tenant_id="99999999-0000-4000-8000-000000000d21"))
    assert brightspace.whoami(tokens["access_token"]).status_code == 401
    assert brightspace.reason == "token_of_another_tenant"


def test_a_tool_that_is_switched_off(brightspace: Site, tool: Tool, change: Change) -> None:
    good = service(brightspace, assertion(brightspace, tool)).json()["access_token"]
    change(lambda section: section["registrations"][-1].update(enabled=False))
    assert service(brightspace, assertion(brightspace, tool, jti="2")).status_code == 400
    roster = "/d2l/api/lti/nrps/2.0/deployment/dddddddd-0000-4000-8000-000000000077/orgunit/6836/memberships"
    assert brightspace.api(good).get(roster).status_code == 401
    assert brightspace.reason == "service_token_of_no_tool"


def test_withheld_names_and_addresses_are_absent_from_the_roster(brightspace: Site, tool: Tool, change: Change) -> None:
    change(lambda section: section["deployments"][-1].update(send_name=False, send_email=False))
    token = service(brightspace, assertion(brightspace, tool)).json()["access_token"]
    roster = "/d2l/api/lti/nrps/2.0/deployment/dddddddd-0000-4000-8000-000000000077/orgunit/6836/memberships"
    assert all({"name", "email"}.isdisjoint(m) for m in brightspace.api(token).get(roster).json()["members"])


def test_course_dates_decide_about_access(brightspace: Site, change: Change) -> None:
    path = "/d2l/api/lp/1.47/enrollments/myenrollments/?orgUnitTypeId=3"
    change(lambda section: section["org_units"][1].update(start_date="2999-01-01T00:00:00Z"))
    rows = brightspace.student.get(path).json()["Items"]
    assert [row["Access"]["CanAccess"] for row in rows] == [False, True]
    assert len(brightspace.student.get(f"{path}&canAccess=true").json()["Items"]) == 1


def test_scope_in_a_refresh_and_the_words_of_refusals(brightspace: Site) -> None:
    tokens = brightspace.tokens()
    brightspace.lms.settings["brightspace.refreshed_scope"] = "same"
    refreshed = brightspace.refresh(tokens["refresh_token"], scope="users:own_profile:read").json()
    assert refreshed["scope"] == brightspace.info.scope
    brightspace.lms.settings["brightspace.insufficient_scope_type"] = "forbidden"
    narrow = brightspace.tokens(scope="users:own_profile:read")["access_token"]
    answer = brightspace.api(narrow).get("/d2l/api/lp/1.47/enrollments/myenrollments/")
    assert answer.json()["type"].endswith("#forbidden")
    brightspace.lms.settings["brightspace.expired_token_detail"] = "Token has expired"
    expired = brightspace.whoami(brightspace.info.access_tokens.expired)
    assert expired.json()["detail"] == "Token has expired"
    assert read(narrow).claims["scope"] == "users:own_profile:read"
