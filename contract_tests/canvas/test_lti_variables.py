"""Variables in custom fields at Canvas: what guards them, and how their values are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.canvas.lti import KEY, OPEN, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

FIELDS = {
    "start": "$Canvas.course.startAt",
    "start_within": "on ${Canvas.course.startAt}",
    "null_within": "a ${Canvas.account.sisSourceId} b",
    "false_within": "${Canvas.course.hideDistributionGraphs}",
    "unknown_within": "${Canvas.nothing}",
    "dollars": "$x ${Canvas.course.id} ${$Canvas.user.id}",
    "away": "${Canvas.assignment.id}",
    "history": "$Context.id.history",
    "before": "$Canvas.course.previousCourseIds",
    "before_ids": "$Canvas.course.previousContextIds",
    "permissions": "$Canvas.membership.permissions<manage_grades,read,manage_wiki_create,no_such>",
    "sections": "$Canvas.course.sectionIds",
    "roles": "$com.Instructure.membership.roles",
    "all_roles": "$Membership.role",
    "observees": "$com.instructure.User.observees",
    "sis": "$com.instructure.Observee.sisIds",
    "contents": "$com.instructure.Editor.contents",
    "selection": "$com.instructure.Editor.selection",
    "assignment": "$com.instructure.Assignment.lti.id",
    "text": "$com.instructure.Assignment.description",
    "roster": "$ToolProxyBinding.memberships.url",
    "account": "$Canvas.account.id",
    "metrics": "$com.instructure.Account.usage_metrics_enabled",
}
TA = "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"
OLDER_TA = TA.replace("/Instructor#", "/instructor#")
ESSAY = "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"
BASIC = "/courses/1/external_tools/78"


@pytest.fixture
def world(canvas: Site, tool: Tool) -> Site:
    """A course copied from another, which was copied itself; an account below the school; tools of both versions."""
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Physics", "parent_account_id": 1})
    next(one for one in section["courses"] if one["id"] == 1)["account_id"] = 2
    person = next(one for one in section["users"] if one["id"] == 102)
    person["time_zone"] = "America/Denver"
    copied = {"migration_type": "course_copy_importer", "workflow_state": "completed"}
    made = "2026-01-01T00:00:00Z"
    times = {"created_at": made, "updated_at": made}
    section["content_migrations"] = [
        {"id": 1, "context_id": 1, "source_course_id": 2, "finished_at": "2026-02-01T00:00:00Z", **copied, **times},
        {"id": 2, "context_id": 2, "source_course_id": 3, "finished_at": "2026-03-01T00:00:00Z", **copied, **times},
        {"id": 3, "context_id": 1, "source_course_id": 3, **copied, **times, "workflow_state": "failed"},
    ]
    rows = section["enrollments"]
    first = {name: value for name, value in rows[0].items() if name != "role_id"}
    rows.append({**first, "id": 901, "type": "TaEnrollment", "user_id": 102})
    rows.append({**first, "id": 902, "type": "ObserverEnrollment", "user_id": 102, "associated_user_id": 101})
    next(one for one in section["assignments"] if one["id"] == 2)["lti_context_id"] = ESSAY
    section["group_categories"] = [{"id": 1, "context_id": 1, "name": "Teams", "created_at": made}]
    section["groups"] = [{"id": 1, "group_category_id": 1, "name": "Red", "created_at": made}]
    section["group_memberships"] = [{"id": 1, "group_id": 1, "user_id": 102, "created_at": made}]
    tool_of_13 = next(one for one in section["tools"] if one["id"] == 77)
    tool_of_13.update(custom=FIELDS, course_id=None, account_id=1)
    basic = {"id": 78, "name": "Basic", "consumer_key": "key", "shared_secret": "secret", "course_id": 1}
    section["tools"].append({**basic, "url": LAUNCH, "custom": FIELDS, "settings": {"course_navigation": {}}})
    spots: dict[str, dict[str, Any]] = {
        name: {"enabled": True, "placement": name} for name in ("course_navigation", "editor_button")
    }
    spots["editor_button"]["message_type"] = lti13.DEEP_LINKING_REQUEST
    spots["resource_selection"] = {"enabled": True, "placement": "resource_selection"}
    described: dict[str, Any] = {"title": "PyLTI1p3", "target_link_uri": LAUNCH, "custom_fields": FIELDS}
    described["extensions"] = [{"platform": "canvas.instructure.com", "settings": {"placements": list(spots.values())}}]
    section["tool_configurations"].append({"id": 1, "developer_key_id": KEY, "settings": described})
    canvas.lms.load(world)
    return canvas


def claims(site: Site, tool: Tool, path: str) -> dict[str, Any]:
    """What a launch by a student who is also a TA and an observer says."""
    browser = signed_in(site, "other_student")
    _, fields = posted(browser, tool.login(initiation(browser, path)))
    return dict(jwt.read(fields["id_token"]).claims)


def custom(site: Site, tool: Tool, path: str = OPEN) -> dict[str, Any]:
    found: dict[str, Any] = claims(site, tool, path)[f"{lti13.CLAIM}custom"]
    return found


def test_a_variable_within_a_text_stays_where_its_value_is_null_or_false(world: Site, tool: Tool) -> None:
    found = custom(world, tool)
    assert found["start"] == "2026-09-01T08:00:00Z"
    assert found["start_within"] == "on 2026-09-01 02:00:00 -0600"
    assert found["null_within"] == FIELDS["null_within"]
    assert found["false_within"] == FIELDS["false_within"]
    assert found["unknown_within"] == FIELDS["unknown_within"]
    assert found["dollars"] == "$x 1 102"
    assert found["away"] == "$Canvas.assignment.id"
    assert any(w.code == "variable_not_replaced" for e in world.lms.requests for w in e.warnings)


def test_what_was_copied_and_what_a_member_may(world: Site, tool: Tool) -> None:
    found = custom(world, tool)
    second, third = "c0002b0000000000000000000000000000000002", "c0003c0000000000000000000000000000000003"
    assert (found["before"], found["before_ids"], found["history"]) == ("2", second, f"{third},{second}")
    assert found["permissions"] == "manage_grades,read,manage_wiki_create"
    assert found["sections"] == "1"
    assert found["metrics"] is False
    assert (found["observees"], found["sis"]) == (world.info.student.lti_id, "S-101")
    assert TA in found["roles"].split(",")
    assert found["roster"].endswith("/api/lti/courses/1/membership_service")
    assert (found["account"], found["contents"], found["selection"]) == (
        2,
        FIELDS["contents"],
        FIELDS["selection"],
    )


def test_groups_have_no_course_and_no_roles(world: Site, tool: Tool) -> None:
    found = custom(world, tool, "/groups/1/external_tools/77/resource_selection")
    for name in ("roles", "permissions", "sections", "observees", "history", "before"):
        assert found[name] == FIELDS[name], name
    assert "membership#" not in found["all_roles"]
    assert found["account"] == 1
    assert found["roster"].endswith("/api/lti/groups/1/membership_service")


def test_what_an_editor_gives_along(world: Site, tool: Tool) -> None:
    assignment = world.teacher.get("/api/v1/courses/1/assignments/2").json()
    sealed, page = assignment["secure_params"], f"{OPEN}/resource_selection?placement=editor_button"
    said = claims(world, tool, f"{page}&editor_contents=all&selection=some&secure_params={sealed}")
    found = said[f"{lti13.CLAIM}custom"]
    assert (found["contents"], found["selection"], found["text"]) == ("all", "some", "What can an engine do?")
    assert found["assignment"] == assignment["lti_context_id"] == ESSAY
    back = said["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]["deep_link_return_url"]
    assert jwt.read(back.rpartition("data=")[2]).claims["assignment_id"] == 2
    found = custom(world, tool, f"{page}&selection=some&secure_params={sealed[:-8]}AAAAAAAA")
    assert [found[name] for name in ("selection", "text", "assignment")] == [
        FIELDS[name] for name in ("selection", "text", "assignment")
    ]


def test_older_tools_are_told_in_their_own_way(world: Site) -> None:
    browser = signed_in(world, "other_student")
    _, fields = form(browser.get(BASIC).text)
    assert fields["custom_start"] == "2026-09-01 02:00:00 -0600"
    assert fields["custom_observees"] == "ada0010100000000000000000000000000000101"
    assert OLDER_TA in fields["custom_roles"].split(",")
    assert OLDER_TA in fields["custom_all_roles"].split(",")
    assert fields["custom_metrics"] == "false"
