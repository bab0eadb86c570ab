"""Basic Outcomes of LTI 1.1 links at Brightspace, by the PyPI package `lti` and by oauthlib."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from contract_tests.brightspace.support import Site
from contract_tests.brightspace.test_legacy_tools import LE, LINK, LINKS, PROVIDER, PROVIDERS, launch, made
from lti import OutcomeRequest

PEOPLE = ("student", "instructor")
GRADES = "/d2l/api/le/1.79/6836/grades/"


@pytest.fixture
def api(brightspace: Site) -> httpx.Client:
    scope = "core:*:* lti:links:* grades:*:*"
    return brightspace.api(brightspace.tokens("instructor", scope=scope)["access_token"])


@pytest.fixture
def fields(brightspace: Site, api: httpx.Client) -> dict[str, str]:
    """A learner's launch of a link that signs with its own key."""
    return launch(brightspace, made(api, LINKS, LINK))


def outcome(fields: dict[str, str], secret: str = "link-secret", **changes: Any) -> OutcomeRequest:
    """A request about the result of a launch, by PyPI `lti`."""
    known = {name: fields[name] for name in ("lis_outcome_service_url", "lis_result_sourcedid")}
    return OutcomeRequest({"consumer_key": fields["oauth_consumer_key"], "consumer_secret": secret, **known, **changes})


def send(
    site: Site, url: str, body: str, *, secret: str = "link-secret", sent: str | None = None, **signing: Any
) -> httpx.Response:
    """Post a body signed by oauthlib. Parameters: `sent`, another body than the signed one."""
    at = str(int(site.lms.clock.now.timestamp()) - signing.pop("age", 0))
    client = Client(signing.pop("key", "link-key"), secret, **({"timestamp": at} | signing))
    _, headers, _ = client.sign(url, "POST", body, {"Content-Type": "application/xml"})
    return httpx.post(url, content=body if sent is None else sent, headers=headers)


def envelope(fields: dict[str, str], score: object = "0.5", operation: str = "replaceResult", **changes: str) -> str:
    known = {"lis_result_sourcedid": fields["lis_result_sourcedid"], **changes}
    opts = {**known, "operation": operation, "score": score, "message_identifier": "m & 1"}
    return str(OutcomeRequest(opts).generate_request_xml().decode())


def status_of(answer: httpx.Response) -> dict[str, str]:
    """The elements of an answer by name."""
    assert answer.headers["content-type"].startswith("application/xml")
    return {str(item.tag).rpartition("}")[2]: item.text or "" for item in ET.fromstring(answer.content).iter()}


def grades(site: Site, api: httpx.Client) -> dict[str, Any]:
    """Ada's values in the grade items of LTI 1.1 links, as the REST API shows them, by name."""
    linked = [row for row in site.lms.dump()["brightspace"]["grade_objects"] if row.get("legacy_link_id")]
    found = {}
    for column in linked:
        value = api.get(f"{GRADES}{column['id']}/values/{site.info.student.id}")
        found[column["name"]] = value.json().get("PointsNumerator") if value.status_code == 200 else None
    return found


def test_scores_are_written_read_and_deleted(brightspace: Site, api: httpx.Client, fields: dict[str, str]) -> None:
    assert fields["lis_outcome_service_url"] == f"{brightspace.url}/d2l/le/lti/Outcome"
    assert outcome(fields).post_read_result().score in (None, "")
    assert grades(brightspace, api) == {}
    assert outcome(fields).post_replace_result(0.8).is_success()
    assert grades(brightspace, api) == {"Old tool": 80}
    assert outcome(fields).post_read_result().score == "0.8"
    mine = brightspace.student.get(f"{GRADES}values/myGradeValues/").json()
    assert [item["PointsNumerator"] for item in mine if item["GradeObjectName"] == "Old tool"] == [80]
    assert outcome(fields).post_replace_result(0).is_success()
    assert (grades(brightspace, api), outcome(fields).post_read_result().score) == ({"Old tool": 0}, "0")
    assert outcome(fields).post_delete_result().is_success()
    assert outcome(fields).post_read_result().score in (None, "")
    assert grades(brightspace, api) == {"Old tool": None}


def test_a_teachers_change_is_read(brightspace: Site, api: httpx.Client, fields: dict[str, str]) -> None:
    outcome(fields).post_replace_result(1)
    column = next(item for item in api.get(GRADES).json() if item["Name"] == "Old tool")
    body = {"GradeObjectType": 1, "PointsNumerator": 25, "Comments": None, "PrivateComments": None}
    rich = {"Content": "", "Type": "Text"}
    path = f"{GRADES}{column['Id']}/values/{brightspace.info.student.id}"
    answer = api.put(path, json=body | {"Comments": rich, "PrivateComments": rich})
    assert answer.status_code == 200, answer.text
    assert outcome(fields).post_read_result().score == "0.25"


def test_a_result_is_of_one_person_one_link_and_one_course(brightspace: Site, api: httpx.Client) -> None:
    first, second = (made(api, LINKS, LINK | {"Title": title}) for title in ("One", "Two"))
    ids = {launch(brightspace, link, who)["lis_result_sourcedid"] for link in (first, second) for who in PEOPLE}
    assert len(ids) == 4
    fields = launch(brightspace, first)
    assert fields["lis_result_sourcedid"] in ids
    assert outcome(fields).post_replace_result(0.5).is_success()
    assert grades(brightspace, api) == {"One": 50}
    brightspace.lms.load(brightspace.lms.dump())
    assert outcome(fields).post_read_result().score == "0.5"
    assert api.delete(f"{LE}/link/{first['LtiLinkId']}").status_code == 200
    assert not outcome(fields).post_replace_result(0.9).is_success()
    brightspace.lms.load(brightspace.lms.dump())


def test_a_tool_provider_signs_by_either_method(brightspace: Site, api: httpx.Client) -> None:
    made(api, PROVIDERS, PROVIDER)
    fields = launch(brightspace, made(api, LINKS, LINK | {"SignWithTc": True}))
    url, mine = fields["lis_outcome_service_url"], {"key": "provider-key", "secret": "provider-secret"}
    for method in (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256):
        answer = send(brightspace, url, envelope(fields), signature_method=method, **mine)
        assert status_of(answer)["imsx_codeMajor"] == "success", method
    assert status_of(send(brightspace, url, envelope(fields)))["imsx_codeMajor"] == "failure"
    assert brightspace.reason == "outcome_sourced_id"
    assert send(brightspace, url, envelope(fields), signature_method="PLAINTEXT", **mine).status_code == 401


def test_the_answer_repeats_the_request(brightspace: Site, fields: dict[str, str]) -> None:
    answer = status_of(send(brightspace, fields["lis_outcome_service_url"], envelope(fields)))
    assert (answer["imsx_codeMajor"], answer["imsx_severity"]) == ("success", "status")
    assert (answer["imsx_messageRefIdentifier"], answer["imsx_operationRefIdentifier"]) == ("m & 1", "replaceResult")
    assert "replaceResultResponse" in answer


def test_only_what_the_tool_signed_counts(brightspace: Site, api: httpx.Client, fields: dict[str, str]) -> None:
    url, body = fields["lis_outcome_service_url"], envelope(fields)
    tries: list[tuple[dict[str, Any], str]] = [
        ({"secret": "other"}, "signature"),
        ({"key": "nobody"}, "consumer_key"),
        ({"sent": envelope(fields, "0.9")}, "body_hash"),
        ({"age": 5401}, "timestamp"),
        ({"age": -5401}, "timestamp"),
    ]
    for changes, reason in tries:
        answer = send(brightspace, url, body, **changes)
        assert (answer.status_code, status_of(answer)["imsx_codeMajor"]) == (401, "failure"), changes
        assert brightspace.reason == f"outcome_{reason}"
    assert httpx.post(url, content=body, headers={"Content-Type": "application/xml"}).status_code == 401
    assert send(brightspace, url, body, nonce="once").status_code == 200
    again = send(brightspace, url, body, nonce="once")
    assert (again.status_code, brightspace.reason) == (401, "outcome_nonce")
    assert send(brightspace, url, body, age=5300).status_code == 200
    brightspace.lms.settings["brightspace.outcome_unsigned_status"] = 200
    assert status_of(send(brightspace, url, body, secret="other"))["imsx_codeMajor"] == "failure"
    assert grades(brightspace, api) == {"Old tool": 50}


@pytest.mark.parametrize("score", ["1.1", "-0.1", "85%", "", "nan", "0,5", "inf", "0_1", "٠.٥"])
def test_scores_that_are_none_fail(brightspace: Site, fields: dict[str, str], score: str) -> None:
    answer = send(brightspace, fields["lis_outcome_service_url"], envelope(fields, score or " "))
    assert (answer.status_code, status_of(answer)["imsx_codeMajor"]) == (200, "failure")
    assert brightspace.reason == "outcome_score"
    assert not [row for row in brightspace.lms.dump()["brightspace"]["grade_objects"] if row.get("legacy_link_id")]


def test_other_requests_fail(brightspace: Site, api: httpx.Client, fields: dict[str, str]) -> None:
    url = fields["lis_outcome_service_url"]
    tries = [
        (envelope(fields, lis_result_sourcedid="x"), "failure", "sourced_id"),
        (envelope(fields).replace("replaceResult", "eraseResult"), "unsupported", "operation_unsupported"),
        ("<a", "failure", "unreadable"),
        ("<a/>", "failure", "unreadable"),
    ]
    for body, major, reason in tries:
        answer = send(brightspace, url, body)
        assert (answer.status_code, status_of(answer)["imsx_codeMajor"]) == (200, major), body
        assert brightspace.reason == f"outcome_{reason}"
    teacher = launch(brightspace, made(api, LINKS, LINK), "instructor")
    assert status_of(send(brightspace, url, envelope(teacher)))["imsx_codeMajor"] == "failure"
    assert brightspace.reason == "outcome_no_learner"
    brightspace.lms.settings["brightspace.outcome_grade_item"] = "existing"
    assert status_of(send(brightspace, url, envelope(fields)))["imsx_codeMajor"] == "failure"
    assert brightspace.reason == "outcome_no_grade_item"


def test_a_grade_item_of_the_world_file_is_used(brightspace: Site, api: httpx.Client) -> None:
    link = made(api, LINKS, LINK)
    world = brightspace.lms.dump()
    world["brightspace"]["grade_objects"][0] |= {"legacy_link_id": link["LtiLinkId"], "max_points": 10, "name": "Quiz"}
    brightspace.lms.load(world)
    brightspace.lms.settings["brightspace.outcome_grade_item"] = "existing"
    fields = launch(brightspace, link)
    assert outcome(fields).post_replace_result(0.7).is_success()
    assert grades(brightspace, brightspace.instructor) == {"Quiz": 7}


def test_launches_without_a_signature_have_no_outcomes(brightspace: Site, api: httpx.Client) -> None:
    fields = launch(brightspace, made(api, LINKS, LINK | {"SignMessage": False}))
    assert not {"lis_outcome_service_url", "lis_result_sourcedid"} & set(fields)
