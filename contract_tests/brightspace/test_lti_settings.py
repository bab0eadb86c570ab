"""What a deployment's security settings withhold, the order of claims, and variables in custom parameters."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import CLIENT, DEPLOYMENT, ITEMS, LINK, NRPS, launched, service
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.providers.brightspace.lti.variables import NAMES
from lms_emulator.signing.lti13 import CLAIM, DL_CLAIM, SCOPE_LINE_ITEM

OWN = "http://www.brightspace.com"
CHOOSE, SETTINGS = f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}", f"{DL_CLAIM}deep_linking_settings"
NAME = {"given_name", "family_name", "name"}
COURSE = {f"{CLAIM}context", f"{CLAIM}lis.course_offering_sourcedid", f"{CLAIM}lis.course_section_sourcedid"}
GONE: dict[str, set[str]] = {
    "send_name": NAME,
    "send_email": {"email"},
    "send_user_id": {f"{OWN}.user_id"},
    "send_username": {f"{OWN}.username"},
    "send_org_defined_id": {f"{OWN}.org_defined_id", f"{CLAIM}lis.person_sourcedid"},
    "send_org_unit": COURSE,
    "send_link_title": {f"{CLAIM}resource_link.title"},
    "send_link_description": {f"{CLAIM}resource_link.description"},
    "anonymous": {
        *NAME,
        "email",
        f"{CLAIM}lti11_legacy_user_id",
        f"{OWN}.user_id",
        f"{OWN}.username",
        f"{OWN}.org_defined_id",
        f"{CLAIM}lis.person_sourcedid",
    },
}
VOLATILE = {"nbf", "iat", "exp", "nonce"}


def changed(site: Site, table: str, key: str, **changes: Any) -> None:
    dump = json.loads(json.dumps(site.lms.dump(), default=str))
    next(item for item in dump["brightspace"][table] if key in item.values()).update(changes)
    site.lms.load(dump)


def launch_claims(site: Site, tool: Tool, who: str = "student", path: str | None = None) -> dict[str, Any]:
    """The claims of a launch by name; members of some as `claim.member`."""
    found: dict[str, Any] = {}
    for name, value in launched(site, tool, who, path).get_launch_data().items():
        if name in (OWN, f"{CLAIM}lis", f"{CLAIM}resource_link", f"{CLAIM}for_user"):
            found |= {f"{name}.{member}": inner for member, inner in value.items()}
        elif name not in VOLATILE:
            found[name] = value
    return found


@pytest.mark.parametrize("setting", GONE)
def test_a_security_setting_withholds_exactly_its_claims(brightspace: Site, tool: Tool, setting: str) -> None:
    before = launch_claims(brightspace, tool)
    changed(brightspace, "deployments", DEPLOYMENT, **{setting: setting == "anonymous"})
    after = launch_claims(brightspace, tool)
    assert set(before) - set(after) == GONE[setting]
    differing = {name for name in after if after[name] != before[name]}
    assert differing == ({"sub", f"{CLAIM}roles"} if setting == "anonymous" else set())
    answer = service(brightspace, tool.assertion("https://api.brightspace.com/auth/token", brightspace.lms.clock.now))
    roster = httpx.get(f"{brightspace.url}{NRPS}", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    member = roster.json()["members"][0]
    assert not ({name for name in GONE[setting] if "/" not in name} & set(member))
    if setting in ("anonymous", "send_org_defined_id"):
        assert "lis_person_sourcedid" not in member
    if setting == "anonymous":
        assert (after[f"{CLAIM}roles"], member["roles"]) == ([], [])


@pytest.mark.parametrize("setting", GONE)
def test_a_security_setting_applies_to_deep_linking(brightspace: Site, tool: Tool, setting: str) -> None:
    def choosing() -> dict[str, Any]:
        return launch_claims(brightspace, tool, "instructor", f"{CHOOSE}?spot=quicklink")

    before = choosing()
    changed(brightspace, "deployments", DEPLOYMENT, **{setting: setting == "anonymous"})
    after = choosing()
    assert set(before) - set(after) == {name for name in GONE[setting] if "resource_link" not in name}
    differing = {name for name in after if after[name] != before[name]} - {SETTINGS}
    assert differing == ({"sub", f"{CLAIM}roles"} if setting == "anonymous" else set())


@pytest.mark.parametrize("setting", GONE)
def test_a_security_setting_applies_to_the_reviewed_student(brightspace: Site, tool: Tool, setting: str) -> None:
    dump = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    extensions = next(row for row in dump["brightspace"]["deployments"] if row["id"] == DEPLOYMENT)["extensions"]
    changed(brightspace, "deployments", DEPLOYMENT, extensions=[*extensions, "submission_review"])
    signed = tool.assertion("https://api.brightspace.com/auth/token", brightspace.lms.clock.now)
    token = service(brightspace, signed, SCOPE_LINE_ITEM).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.ims.lis.v2.lineitem+json"}
    item = {"label": "Essay", "scoreMaximum": 10, "resourceLinkId": LINK, "submissionReview": {}}
    made = httpx.post(f"{brightspace.url}{ITEMS}", content=json.dumps(item), headers=headers)
    assert made.status_code == 201, made.text
    page = f"/d2l/le/lti/6836/review/{made.json()['id'].rpartition('/')[2]}/169"
    before = launch_claims(brightspace, tool, "instructor", page)
    assert f"{CLAIM}for_user.email" in before
    changed(brightspace, "deployments", DEPLOYMENT, **{setting: setting == "anonymous"})
    after = launch_claims(brightspace, tool, "instructor", page)
    about = {f"{CLAIM}for_user.{name}" for name in GONE[setting] & {*NAME, "email"}}
    assert set(before) - set(after) == GONE[setting] | about
    differing = {name for name in after if after[name] != before[name]}
    withheld = {"sub", f"{CLAIM}roles", f"{CLAIM}for_user.user_id", f"{CLAIM}for_user.roles"}
    assert differing == (withheld if setting == "anonymous" else set())


def test_institution_roles_are_the_registrations_to_send(brightspace: Site, tool: Tool) -> None:
    assert len(launch_claims(brightspace, tool)[f"{CLAIM}roles"]) == 2
    changed(brightspace, "registrations", CLIENT, send_institution_role=False)
    (role,) = launch_claims(brightspace, tool)[f"{CLAIM}roles"]
    assert role.endswith("membership#Learner")


def test_claims_stand_in_the_order_of_a_captured_launch(brightspace: Site, tool: Tool) -> None:
    data = launched(brightspace, tool).get_launch_data()
    names = [name.removeprefix(CLAIM) for name in data]
    assert names[:11] == [
        "nbf",
        "exp",
        "iss",
        "aud",
        "iat",
        "sub",
        "given_name",
        "family_name",
        "name",
        "email",
        "nonce",
    ]
    wanted = "message_type version deployment_id target_link_uri resource_link roles context lis launch_presentation"
    assert names[11:20] == wanted.split()
    assert names[20] == OWN
    assert [name.rpartition("/")[2] for name in names[21:]] == [
        "endpoint",
        "namesroleservice",
        "tool_platform",
        "custom",
        "lti11_legacy_user_id",
    ]
    assert list(data[f"{CLAIM}tool_platform"]) == ["guid", "product_family_code"]
    assert data[OWN]["link_id"] == 77
    changed(brightspace, "lti_links", LINK, content_topic_id=501)
    own = launched(brightspace, tool).get_launch_data()[OWN]
    assert (own["content_topic_id"], "link_id" in own) == (501, False)


DATES = [f"{what}.{end}DateTime" for what in ("available", "submission") for end in ("start", "end")]


def test_variables_get_values_and_unknown_ones_stay(brightspace: Site, tool: Tool) -> None:
    fields = {f"v{number}": f"${name}" for number, name in enumerate(NAMES)}
    changed(brightspace, "lti_links", LINK, custom={**fields, "plain": "x", "strange": "$Moon.phase"})
    custom = launched(brightspace, tool).get_launch_data()[f"{CLAIM}custom"]
    values = {name: custom[f"v{number}"] for number, name in enumerate(NAMES)}
    assert (values["User.id"], values["User.username"], values["Person.sourcedId"]) == ("169", "ada.lovelace", "S-101")
    assert values["Person.name.full"] == "Ada Lovelace"
    assert values["CourseOffering.title"] == "Analytical Engines"
    assert values["ResourceLink.title"] == "PyLTI1p3"
    assert values["Context.id.history"] == ""
    assert (values["CourseSection.timeFrame.begin"], values["CourseSection.timeFrame.end"]) == (
        "2024-09-01T08:00:00.000Z", "",
    )  # fmt: skip
    assert values["ResourceLink.available.startDateTime"] == ""
    changed(
        brightspace, "lti_links", LINK, available_from="2026-12-01T09:00:00Z", submission_until="2027-01-01T00:00:00Z"
    )
    dated = launched(brightspace, tool).get_launch_data()[f"{CLAIM}custom"]
    expected = {name: dated[f"v{NAMES.index(f'ResourceLink.{name}')}"] for name in DATES}
    assert expected == dict(zip(DATES, ("2026-12-01T09:00:00.000Z", "", "", "2027-01-01T00:00:00.000Z"), strict=True))
    assert (custom["a"], custom["plain"], custom["strange"]) == ("b", "x", "$Moon.phase")
    warned = [warning for request in brightspace.lms.requests for warning in request.warnings]
    assert "variable_unknown" in {warning.code for warning in warned}
    changed(brightspace, "deployments", DEPLOYMENT, send_name=False, send_org_unit=False)
    custom = launched(brightspace, tool).get_launch_data()[f"{CLAIM}custom"]
    assert {custom[f"v{NAMES.index(name)}"] for name in ("Person.name.full", "CourseOffering.title")} == {""}


def test_templates_sections_and_what_was_copied(brightspace: Site, tool: Tool) -> None:
    fields = {name: f"${name}" for name in NAMES}
    changed(brightspace, "lti_links", LINK, custom=fields, copied_from=["exu-5_1", "exu-4_1"])
    template = {"template_code": "ENG", "template_name": "Engines", "department": "Maths"}
    changed(brightspace, "org_units", "ENG-101", copied_from=[12, 11], **template)
    data = launched(brightspace, tool).get_launch_data()
    host = data[f"{CLAIM}lis"]["course_offering_sourcedid"].removesuffix(":ENG-101")
    custom = data[f"{CLAIM}custom"]
    assert (custom["CourseTemplate.sourcedId"], custom["CourseTemplate.title"]) == (f"{host}:ENG", "Engines")
    assert (custom["CourseSection.dept"], custom["CourseSection.label"]) == ("Maths", "")
    assert data[f"{CLAIM}lis"]["course_section_sourcedid"] == custom["CourseSection.sourcedId"] == f"{host}:ENG-101"
    copies = {"Context.id.history": "12,11", "ResourceLink.id.history": "exu-5_1,exu-4_1"}
    assert copies.items() <= data[OWN].items()
    assert copies.items() <= custom.items()
    dump = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    part = next(
        row for row in dump["brightspace"]["enrollments"] if (row["org_unit_id"], row["user_id"]) == (6836, 169)
    )
    part["sections"] = {"S2": "Evening", "S1": "Morning"}
    brightspace.lms.load(dump)
    data = launched(brightspace, tool).get_launch_data()
    custom = data[f"{CLAIM}custom"]
    assert data[f"{CLAIM}lis"]["course_section_sourcedid"] == custom["CourseSection.sourcedId"] == f"{host}:S1"
    assert (custom["CourseSection.label"], custom["CourseSection.title"]) == ("S1", "Morning")
    changed(brightspace, "deployments", DEPLOYMENT, send_org_unit=False)
    custom = launched(brightspace, tool).get_launch_data()[f"{CLAIM}custom"]
    assert not any(value for name, value in custom.items() if name.startswith(("Course", "Context")))
