"""The examples of 1EdTech's specifications, sent and accepted by each platform, member by member in order."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.contracts.adapters.published.pylti1p3_tool import Tool as PublishedTool
from contract_tests.lti.machine import Platform
from contract_tests.lti.test_machine import OpenEdx
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as types

SAMPLES = json.loads((Path(__file__).parents[2] / "fixtures/vectors/lti13.json").read_text("utf-8"))
CUSTOM = "https://www.example.com/custom_type"
OF_THE_MOMENT = ("exp", "iat", "nonce")
"""Claims that a token can only have once."""


def at_of(at: Platform) -> str:
    """The platform's name."""
    return "openedx" if isinstance(at, OpenEdx) else at.site.name


def of_the_sample(at: Platform, sample: dict[str, Any]) -> PublishedTool:
    """PyLTI1p3 that knows the sample's platform, with the keys of this one, and who began the launch here."""
    named = {"issuer": sample["iss"], "client_id": sample["azp"]}
    deployment = sample[f"{lti13.CLAIM}deployment_id"]
    return PublishedTool(replace(at.tool.seat, **named, deployment_id=deployment), at.tool.session)


@pytest.mark.parametrize("name", ["resource_link_request", "deep_linking_request"])
def test_a_platform_sends_the_launch_of_a_specification(everywhere: Platform, name: str) -> None:
    sample = SAMPLES[name]
    tool = of_the_sample(everywhere, sample)
    everywhere.lti.next_launch(exactly=sample)
    everywhere.tool.launch = tool.launch  # it knows the names of the sample
    launch = everywhere.launch()
    data = launch.get_launch_data()
    wanted = sample | {key: data[key] for key in OF_THE_MOMENT}
    assert json.dumps(data) == json.dumps(wanted)
    assert all(data[key] != sample[key] for key in OF_THE_MOMENT)
    assert launch.is_deep_link_launch() is (name == "deep_linking_request")
    tool.http.close()


REFUSED = {"brightspace": {"html", CUSTOM}, "openedx": {"file", CUSTOM}, "canvas": set()}
"""The types of items that a platform does not take where it asks here. Open edX refuses the others with them."""


def test_a_platform_takes_the_content_of_the_specification(everywhere: Platform) -> None:
    """Signed as the tool's own answer to this choosing; of its items, in order, what the platform takes there."""
    found = everywhere.choose()
    assert found is not None
    launch, post = found
    own, name = launch.get_launch_data(), at_of(everywhere)
    settings = own[f"{lti13.DL_CLAIM}deep_linking_settings"]
    client = everywhere.tool.seat.client_id
    sample = SAMPLES["deep_linking_response"] | {
        "iss": client, "aud": own["iss"], "azp": client, "iat": own["iat"], "exp": own["iat"] + 300, "nonce": "once",
        f"{lti13.CLAIM}deployment_id": own[f"{lti13.CLAIM}deployment_id"],
        f"{lti13.DL_CLAIM}data": settings.get("data"),
    }  # fmt: skip
    sample = {claim: value for claim, value in sample.items() if value is not None}
    items = sample[f"{lti13.DL_CLAIM}content_items"]
    taken = [entry for entry in items if entry["type"] not in REFUSED[name]]
    answer = post(settings["deep_link_return_url"], everywhere.tool.sign(sample))
    if name == "openedx":
        assert answer.status_code == 400, answer.text
        found = everywhere.choose()
        assert found is not None
        some = sample | {f"{lti13.DL_CLAIM}content_items": taken}
        answer = found[1](settings["deep_link_return_url"], everywhere.tool.sign(some))
        assert answer.status_code == 200, answer.text
        kept = everywhere.lms.dump()["openedx"]["lti_content_items"]
        assert json.dumps([{"type": entry["type"], **entry["attributes"]} for entry in kept]) == json.dumps(taken)
        return
    assert answer.status_code == 200, answer.text
    shown = re.findall(r'<li>(.*?) <span class="muted">(.*?)</span>', answer.text)
    assert shown == [(entry.get("title", entry.get("url", entry["type"])), entry["type"]) for entry in taken]
    if name == "brightspace":
        kept = json.loads(json.dumps(everywhere.lms.dump()["brightspace"], default=str))
        link, column, item = kept["lti_links"][-1], kept["line_items"][-1]["data"], items[4]
        assert (link["title"], link["description"], link["url"]) == (item["title"], item["text"], item["url"])
        assert (link["custom"], link["available_from"]) == (item["custom"], "2018-02-06T20:05:02Z")
        assert (link["available_until"], link["submission_until"]) == ("2018-03-07T20:05:02Z", "2018-03-06T20:05:02Z")
        assert (column["label"], column["score_maximum"]) == ("Chapter 12 quiz", 87)
        assert (column["resource_id"], column["tag"]) == ("xyzpdq1234", "originality")


def test_a_platform_keeps_the_line_item_and_the_score_of_the_specification(everywhere: Platform) -> None:
    """As each platform writes them; at Canvas line items have no beginning, and the first result is to the score's
    maximum there and at Open edX."""
    sample, name = SAMPLES["grades"], at_of(everywhere)
    launch = everywhere.launch()
    connector, user = launch.get_service_connector(), launch.get_launch_data()["sub"]
    url = launch.get_launch_data()[lti13.AGS_CLAIM]["lineitems"]

    def sent(method: str, to: str, scope: str, kind: str = "", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {connector.get_access_token([scope])}", "Content-Type": kind}
        answer = everywhere.tool.http.request(method, to, json=body, headers=headers)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    wanted = sample["line_item"]
    made = sent("POST", url, lti13.SCOPE_LINE_ITEM, types.LINE_ITEM_TYPE, wanted)
    lacking = {"startDateTime"} if name == "canvas" else set()
    kept = {key: value for key, value in wanted.items() if key not in lacking}
    assert {key: made[key] for key in kept} == kept
    if name != "openedx":  # which writes them in the component's order
        assert [value for value in made if value in wanted] == list(kept)
    grading = everywhere.dialect.grading
    progress = sample["progress"] | {"userId": user}
    sent("POST", f"{made['id']}/scores", lti13.SCOPE_SCORE, types.SCORE_TYPE, progress)
    score = sample["score"] | {"userId": user, "gradingProgress": grading}
    sent("POST", f"{made['id']}/scores", lti13.SCOPE_SCORE, types.SCORE_TYPE, score)
    (result,) = sent("GET", f"{made['id']}/results", lti13.SCOPE_RESULT_READ)
    assert set(result) == set(sample["result"])
    share = result["resultScore"] / result["resultMaximum"]
    assert (result["scoreOf"], result["userId"], share, result["comment"]) == (made["id"], user, 0.83, score["comment"])


def test_brightspace_alone_keeps_the_review_of_the_specification(everywhere: Platform) -> None:
    """The extension of a line item by Submission Review."""
    launch = everywhere.launch()
    token = launch.get_service_connector().get_access_token([lti13.SCOPE_LINE_ITEM])
    body = SAMPLES["grades"]["line_item"] | {"submissionReview": SAMPLES["grades"]["submission_review"]}
    url = launch.get_launch_data()[lti13.AGS_CLAIM]["lineitems"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": types.LINE_ITEM_TYPE}
    made = everywhere.tool.http.post(url, json=body, headers=headers).json()
    if at_of(everywhere) == "brightspace":
        del made["id"]
        assert json.dumps(made) == json.dumps(body)
    else:
        assert (made["label"], "submissionReview" in made) == (body["label"], False)


LACKING = {
    "canvas": {"middle_name"},
    "brightspace": {"picture", "middle_name"},
    "openedx": {"picture", "given_name", "family_name", "middle_name", "lis_person_sourcedid"},
}
"""Members of a person in a roster that a platform does not send."""
ORDERS = {
    "canvas": [
        *("status", "name", "picture", "given_name", "family_name", "email"),
        *("lis_person_sourcedid", "user_id", "roles"),
    ],
    "openedx": ["status", "user_id", "roles", "name", "email"],
}
"""The orders of their own: of canvas-lms's and the LTI consumer component's serializers."""


def jane(at: Platform, sample: dict[str, Any]) -> None:
    """Load the world in which the sample's person teaches the sample's course."""
    person, course = sample["members"][0], sample["context"]
    world, name = json.loads(json.dumps(at.lms.dump(), default=str)), at_of(at)
    there = world[name]

    def of(table: str, key: str, value: Any) -> dict[str, Any]:
        return next(pair for pair in there[table] if pair[key] == value)

    if name == "canvas":
        (teacher,) = [user for user in there["users"] if user["id"] == at.site.info.teacher.id]
        teacher |= {"name": person["name"], "sortable_name": "Doe, Jane", "lti_id": person["user_id"]}
        teacher |= {"avatar_image_url": person["picture"], "avatar_state": "approved"}
        of("pseudonyms", "user_id", teacher["id"])["sis_user_id"] = person["lis_person_sourcedid"]
        of("communication_channels", "user_id", teacher["id"])["address"] = person["email"]
        of("courses", "id", 1).update(name=course["title"], course_code=course["label"], lti_context_id=course["id"])
    elif name == "brightspace":
        guid, id_ = person["user_id"].rsplit("-", 1)[0], 171
        of("users", "id", id_).update(first_name="Jane", last_name="Doe", email=person["email"], lti_guid=guid)
        of("users", "id", id_)["org_defined_id"] = person["lis_person_sourcedid"]
        of("org_units", "id", 6836).update(name=course["title"], code=course["label"])
    else:
        (teacher,) = [user for user in there["users"] if user["username"] == at.web.info.learner.username]
        teacher |= {"name": person["name"], "email": person["email"]}
        there["lti_tools"][0]["roster_names"] = True
    at.lms.load(world)


def test_a_platform_sends_the_person_and_course_of_the_specifications_roster(everywhere: Platform) -> None:
    """What it does not send, or in a form of its own, is named. The rest has the sample's values."""
    sample, name = SAMPLES["roster"], at_of(everywhere)
    person = sample["members"][0]
    launch = everywhere.launch()
    jane(everywhere, sample)
    token = launch.get_service_connector().get_access_token([lti13.SCOPE_MEMBERSHIP])
    url = launch.get_launch_data()[lti13.NRPS_CLAIM]["context_memberships_url"]
    answer = everywhere.tool.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-type"].startswith(types.MEMBERSHIP_TYPE)
    roster = answer.json()
    assert list(roster) == list(sample)
    (sent,) = [member for member in roster["members"] if member.get("email") == person["email"]]
    wanted = {key: value for key, value in person.items() if key not in LACKING[name]}
    own = {"brightspace": {"name", "user_id"}, "openedx": {"user_id", "roles"}, "canvas": set()}[name]
    found = {key: value for key, value in sent.items() if key != "lti11_legacy_user_id"}
    assert set(found) == set(wanted)
    assert {key: found[key] for key in set(found) - own} == {key: wanted[key] for key in set(wanted) - own}
    order = ORDERS.get(name, list(wanted))
    assert list(found) == order
    context = roster["context"]
    if name == "openedx":  # the key of the course alone
        assert list(context) == ["id"]
        return
    assert list(context) == list(sample["context"])
    if name == "brightspace":
        context["id"] = sample["context"]["id"]  # the number of the org unit
    assert context == sample["context"]


def test_a_tool_reads_the_roster_of_the_specification(everywhere: Platform) -> None:
    """All of it, as the answer of each platform's service: PyLTI1p3 reads the sample, member by member in order."""
    sample, launch = SAMPLES["roster"], everywhere.launch()
    url = launch.get_launch_data()[lti13.NRPS_CLAIM]["context_memberships_url"]
    everywhere.lms.faults.add(
        provider=at_of(everywhere), path=urlsplit(url).path, times=1,
        status=200, body=json.dumps(sample), headers={"Content-Type": types.MEMBERSHIP_TYPE},
    )  # fmt: skip
    assert json.dumps(launch.get_nrps().get_members()) == json.dumps(sample["members"])
    assert launch.get_nrps().get_members() != sample["members"]
