"""LTI 1.1 through LTIAAS: launches signed by oauthlib and by Canvas, read by LTIAAS's client, answered with scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from ltiaas.client.launch import LTIAASLaunch
from ltiaas.client.request_handler import RequestHandler
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_TYPE_BODY, Client

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site as Brightspace
from contract_tests.brightspace.test_legacy_tools import LE, LINK, LINKS, PROVIDER, PROVIDERS
from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.ltiaas.support import Rig, details, query
from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lti import OutcomeRequest

COURSE = "course-v1:DemoX+DemoCourse+T2024"
BLOCK = "block-v1:DemoX+DemoCourse+T2024+type@lti_consumer+block@demo_tool"
FIELDS = {
    "lti_message_type": "basic-lti-launch-request",
    "lti_version": "LTI-1p0",
    "resource_link_id": "88391-e1919-bb3456",
    "resource_link_title": "My Weekly Wiki",
    "resource_link_description": "A weekly wiki.",
    "user_id": "0ae836b9-7fc9-4060-006f-27b2066ac545",
    "roles": "Instructor,urn:lti:instrole:ims/lis/Administrator",
    "role_scope_mentor": "f5b2cc6c-8c5c-24e8-75cc-fac5,dc19e42c-b0fe-68b8-167e-4b1a",
    "context_id": "8213060-006f-27b2066ac545",
    "context_type": "CourseSection",
    "context_title": "Design of Personal Environments",
    "context_label": "SI182",
    "launch_presentation_locale": "en-US",
    "launch_presentation_document_target": "iframe",
    "launch_presentation_width": "320",
    "launch_presentation_height": "240",
    "launch_presentation_return_url": "http://lmsng.school.edu/portal/123",
    "tool_consumer_info_product_family_code": "desire2learn",
    "tool_consumer_info_version": "9.2.4",
    "tool_consumer_instance_guid": "lmsng.school.edu",
    "tool_consumer_instance_name": "University of School",
    "tool_consumer_instance_description": "University of School (LMSng)",
    "tool_consumer_instance_contact_email": "System.Admin@school.edu",
    "lis_person_name_given": "Jane",
    "lis_person_name_family": "Public",
    "lis_person_name_full": "Jane Q. Public",
    "lis_person_contact_email_primary": "user@school.edu",
    "lis_person_sourcedid": "school.edu:user",
    "lis_course_offering_sourcedid": "school.edu:SI182-F08",
    "lis_course_section_sourcedid": "school.edu:SI182-001-F08",
    "lis_result_sourcedid": "feb-123-456-2929::28883",
    "lis_outcome_service_url": "http://lmsng.school.edu/service/ltiout/",
    "custom_chapter": "12 & 1/2",
}
"""A launch with every field that LTI 1.1 recommends, with values as 1EdTech's Implementation Guide 1.1 shows them."""


class Sender:
    """An LMS of LTI 1.1, whose launches oauthlib signs."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.url = f"{rig.url}/lti/launch"

    def signed(self, url: str = "", *, key: str = "", secret: str = "", **changes: str | None) -> dict[str, str]:
        """The fields of a launch.

        Parameters: `url`, that is signed; `changes`, what replaces fields before, None leaves one out.
        """
        now = datetime.fromisoformat(self.rig.control("GET", "/clock")["now"]).timestamp()
        timestamp, nonce = changes.pop("oauth_timestamp", None) or str(int(now)), changes.pop("oauth_nonce", None)
        client = Client(
            key or self.rig.info["consumer_key"],
            client_secret=secret or self.rig.info["consumer_secret"],
            signature_type=SIGNATURE_TYPE_BODY,
            signature_method=changes.pop("oauth_signature_method", None) or SIGNATURE_HMAC_SHA1,
            timestamp=timestamp,
            nonce=nonce,
        )
        fields = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
        media = {"Content-Type": "application/x-www-form-urlencoded"}
        _, _, body = client.sign(url or self.url, "POST", fields, media)
        return dict(parse_qsl(body, keep_blank_values=True))

    def post(self, fields: Mapping[str, str], url: str = "", **how: Any) -> httpx.Response:
        return self.rig.http.post(url or self.url, data=dict(fields), **how)

    def token(self, fields: Mapping[str, str], query_: str = "") -> Any:
        """The id token of an accepted launch, as LTIAAS's client gets it from the API."""
        answer = self.post(fields)
        assert answer.status_code == 302, answer.text
        auth = f"LTIK-AUTH-V2 {self.rig.key}:{query(answer.headers['location'])['ltik']}"
        return self.rig.api("GET", f"/api/idtoken{query_}", auth=auth).json()


@pytest.fixture
def sender(rig: Rig) -> Sender:
    return Sender(rig)


def reader(url: str, key: str, ltik: str) -> Any:
    """LTIAAS's own client, with the ltik of a launch."""
    made = LTIAASLaunch(domain="demo.ltiaas.com", api_key=key, ltik=ltik)
    made._request_handler = RequestHandler(url)
    return made


def test_the_sample_of_the_implementation_guide_member_by_member(sender: Sender) -> None:
    """What LTIAAS makes of the launch in 1EdTech's guide, and the launch itself, in its order, but its signature."""
    fields = sender.signed()
    assert list(sender.token(fields).items()) == [
        ("ltiVersion", "1.2.0"),
        (
            "user",
            {
                "id": "0ae836b9-7fc9-4060-006f-27b2066ac545",
                "roles": ["Instructor", "urn:lti:instrole:ims/lis/Administrator"],
                "name": "Jane Q. Public",
                "email": "user@school.edu",
                "givenName": "Jane",
                "familyName": "Public",
                "roleScopeMentor": ["f5b2cc6c-8c5c-24e8-75cc-fac5", "dc19e42c-b0fe-68b8-167e-4b1a"],
            },
        ),
        (
            "platform",
            {
                "consumerKey": sender.rig.info["consumer_key"],
                "name": "University of School",
                "guid": "lmsng.school.edu",
                "description": "University of School (LMSng)",
                "contactEmail": "System.Admin@school.edu",
                "version": "9.2.4",
                "productFamilyCode": "desire2learn",
                "lis": {
                    "person_sourcedid": "school.edu:user",
                    "course_offering_sourcedid": "school.edu:SI182-F08",
                    "course_section_sourcedid": "school.edu:SI182-001-F08",
                },
            },
        ),
        (
            "launch",
            {
                "type": "basic-lti-launch-request",
                "target": sender.url,
                "context": {
                    "id": "8213060-006f-27b2066ac545",
                    "label": "SI182",
                    "title": "Design of Personal Environments",
                    "type": ["CourseSection"],
                },
                "resourceLink": {
                    "id": "88391-e1919-bb3456",
                    "title": "My Weekly Wiki",
                    "description": "A weekly wiki.",
                },
                "presentation": {
                    "documentTarget": "iframe",
                    "locale": "en-US",
                    "returnUrl": "http://lmsng.school.edu/portal/123",
                },
                "custom": {"chapter": "12 & 1/2"},
            },
        ),
        (
            "services",
            {
                "outcomes": {"available": True},
                "deepLinking": {"available": False},
                "namesAndRoles": {"available": False},
                "assignmentAndGrades": {"available": False},
            },
        ),
    ]
    again = sender.signed()
    raw = sender.token(again, "?raw=true")
    del again["oauth_signature"]
    assert list(raw.items()) == [("ltiVersion", "1.2.0"), *again.items()]


def test_a_minimal_launch(sender: Sender) -> None:
    """Only what a launch has to have; who it is and what is open is unknown then, and no score can be sent."""
    kept = ("lti_message_type", "lti_version", "resource_link_id")
    found = sender.token(sender.signed(**{name: None for name in FIELDS if name not in kept}))
    assert found["user"] == {"id": "", "roles": []}
    assert found["launch"] == {
        "type": FIELDS["lti_message_type"], "target": sender.url, "resourceLink": {"id": FIELDS[kept[2]]}, "custom": {},
    }  # fmt: skip
    assert not found["services"]["outcomes"]["available"]
    assert not sender.token(sender.signed(lis_result_sourcedid=None))["services"]["outcomes"]["available"]


WRONG: dict[str, tuple[dict[str, str | None], str, str]] = {
    "message": (
        {"lti_message_type": "ContentItemSelectionRequest"},
        "NO_MESSAGE_TYPE_CLAIM",
        "legacy_lti_message_type",
    ),
    "version": ({"lti_version": "LTI-2p0"}, "WRONG_LTI_VERSION_CLAIM", "legacy_lti_version"),
    "link": ({"resource_link_id": None}, "NO_RESOURCE_LINK_ID_CLAIM", "legacy_resource_link_id"),
    "empty link": ({"resource_link_id": ""}, "NO_RESOURCE_LINK_ID_CLAIM", "legacy_resource_link_id"),
    "method": ({"oauth_signature_method": "HMAC-SHA256"}, "INVALID_OAUTH_FIELD", "legacy_oauth_field"),
    "time": ({"oauth_timestamp": "soon"}, "INVALID_OAUTH_FIELD", "legacy_oauth_field"),
    "secret": ({"secret": "another"}, "INVALID_OAUTH_SIGNATURE", "legacy_signature"),
    "address": ({"url": "https://demo.ltiaas.com/lti/launch"}, "INVALID_OAUTH_SIGNATURE", "legacy_signature"),
}


def test_each_check_of_a_launch(sender: Sender) -> None:
    """Changed before signing, so that nothing else is wrong; the same launch without the change is accepted."""
    for name, (changes, code, reason) in WRONG.items():
        answer = sender.post(sender.signed(**changes))
        assert (answer.status_code, details(answer)["message"]) == (401, code), name
        assert sender.rig.refusal["reason"] == reason, name
    assert "demo.ltiaas.com" in sender.rig.refusal["diagnosis"]
    good = sender.signed()
    for name in good:
        changed = {**good, name: "1" if good[name] != "1" else "2"}
        assert sender.post(changed).status_code in (400, 401), name
    assert details(sender.post(good | {"ext_submit": "Go"}))["message"] == "INVALID_OAUTH_SIGNATURE"
    assert sender.post({}, json=good).status_code == 401
    assert details(sender.post(good, headers={"Host": "127.0.0.1:0"}))["message"] == "INVALID_OAUTH_SIGNATURE"
    assert sender.post(good).status_code == 302
    assert details(sender.post(good))["message"] == "NONCE_ALREADY_RECEIVED"


def test_which_consumers_there_are(sender: Sender) -> None:
    """A key of nobody, one that is off, one of another tenant's host: the documented code, and whose it was."""
    world = sender.rig.control("GET", "/world")
    consumer = {"consumer_key": "second", "secret": "s2", "tenant": "basic"}
    world["ltiaas"]["consumers"] += [consumer, {**consumer, "consumer_key": "third", "active": False}]
    sender.rig.control("PUT", "/world", world)
    assert sender.post(sender.signed(key="second", secret="s2")).status_code == 302
    for key, reason in (("third", "consumer_inactive"), ("demo-lms-of-lti-1.2", "consumer_unregistered")):
        answer = sender.post(sender.signed(key=key, secret="s2"))
        assert (answer.status_code, sender.rig.refusal["reason"]) == (400, reason)
        assert details(answer)["bodyReceived"] == {"oauth_consumer_key": key}
        assert details(answer)["message"] == "UNREGISTERED_OR_INACTIVE_PLATFORM"
    assert "the registered one is demo-lms-of-lti-1.1" in sender.rig.refusal["diagnosis"]
    assert details(sender.post(sender.signed(secret="s2")))["message"] == "INVALID_OAUTH_SIGNATURE"
    assert "consumer second" in sender.rig.refusal["diagnosis"]
    for host, status in (("demo.ltiaas.com", 400), ("basic.ltiaas.com", 302)):
        url = f"http://{host}/lti/launch"
        fields = sender.signed(url, key="second", secret="s2")
        assert sender.post(fields, headers={"Host": host}).status_code == status, host
    world["ltiaas"]["consumers"][-1]["tenant"] = "nobody"
    with pytest.raises(AssertionError, match="nobody"):
        sender.rig.control("PUT", "/world", world)


def test_a_launch_is_valid_for_five_minutes(sender: Sender) -> None:
    sender.rig.freeze()
    old, late, ahead = (sender.signed() for _ in range(3))
    sender.rig.advance(-301)
    assert details(sender.post(ahead))["message"] == "OAUTH_TIMESTAMP_OUT_OF_RANGE"
    sender.rig.advance(1)
    assert sender.post(ahead).status_code == 302
    sender.rig.advance(600)
    assert sender.post(old).status_code == 302
    sender.rig.advance(1)
    assert details(sender.post(late))["message"] == "OAUTH_TIMESTAMP_OUT_OF_RANGE"
    sender.rig.settings(legacy_launch_seconds=301)
    assert sender.post(late).status_code == 302


def test_the_query_of_a_launch_goes_to_the_tool(sender: Sender) -> None:
    """Signed as in RFC 5849, or as Canvas does: there the query is in the form as well, and signed once."""
    url = f"{sender.url}?exercise=1"
    answer = sender.post(sender.signed(url), url)
    assert "?exercise=1&ltik=" in answer.headers["location"]
    fields = sender.signed(exercise="1")
    assert sender.post(fields, url).status_code == 302
    assert details(sender.post(fields, f"{sender.url}?exercise=2"))["message"] == "INVALID_OAUTH_SIGNATURE"
    sender.rig.settings(legacy_query_signed="twice")
    assert details(sender.post(sender.signed(exercise="1"), url))["message"] == "INVALID_OAUTH_SIGNATURE"


def test_services_for_an_ltik_of_an_lti_1_1_launch(sender: Sender) -> None:
    """The id token, and no service of LTI 1.3; nothing once the consumer is deleted."""
    ltik = query(sender.post(sender.signed()).headers["location"])["ltik"]
    auth = f"LTIK-AUTH-V2 {sender.rig.key}:{ltik}"
    asked = [("GET", "/api/memberships"), ("GET", "/api/lineitems"), ("POST", "/api/deeplinking")]
    for method, path in asked:
        answer = sender.rig.api(method, path, auth=auth)
        assert (answer.status_code, details(answer)["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT"), path
    assert sender.rig.api("GET", "/api/idtoken", auth=auth).status_code == 200
    world = sender.rig.control("GET", "/world")
    world["ltiaas"]["consumers"] = []
    sender.rig.control("PUT", "/world", world)
    assert sender.rig.api("GET", "/api/idtoken", auth=auth).status_code == 401


def outcome(fields: Mapping[str, str], secret: str, **changes: str) -> OutcomeRequest:
    """A result of the launch, which PyPI `lti` reads and writes with the body's hash under the consumer's secret."""
    known = {name: fields[name] for name in ("lis_outcome_service_url", "lis_result_sourcedid")}
    return OutcomeRequest({"consumer_key": fields["oauth_consumer_key"], "consumer_secret": secret, **known, **changes})


def test_from_canvas_to_the_tool_and_back_with_a_score(lms: Emulator) -> None:
    """A tool of LTI 1.1 behind an assignment, at the address of LTIAAS, with a query."""
    canvas = Site(lms)
    key, secret = lms.ltiaas.consumer_key, lms.ltiaas.consumer_secret
    url = f"{lms.ltiaas.url}/lti/launch?exercise=1"
    old = {"name": "Old", "consumer_key": key, "shared_secret": secret, "url": url, "privacy_level": "public"}
    tool = canvas.teacher.post("/api/v1/courses/1/external_tools", json=old).json()
    tag = {"content_type": "ContextExternalTool", "content_id": tool["id"], "url": url}
    work = {"name": "Old", "points_possible": 10, "submission_types": ["external_tool"], "published": True}
    sent = {"assignment": {**work, "external_tool_tag_attributes": tag}}
    number = canvas.teacher.post("/api/v1/courses/1/assignments", json=sent).json()["id"]
    action, fields = form(signed_in(canvas).get(f"/courses/1/assignments/{number}").text)
    landed = httpx.post(action, data=fields)
    assert landed.status_code == 302, landed.text
    assert query(landed.headers["location"])["exercise"] == "1"
    client = reader(lms.ltiaas.url, lms.ltiaas.api_key, query(landed.headers["location"])["ltik"])
    token, raw = client.get_id_token(), client.get_raw_id_token()
    assert (token.lti_version.value, token.launch.type.value) == ("1.2.0", "basic-lti-launch-request")
    assert (token.user.name, token.platform.consumer_key, token.platform.product_family_code) == (
        "Ada Lovelace", key, "canvas",
    )  # fmt: skip
    assert token.services.outcomes == {"available": True}
    assert raw.lis_result_sourcedid == fields["lis_result_sourcedid"]
    client._request_handler.session.close()

    assert outcome(fields, secret).post_replace_result(0.5).is_success()
    mine = f"/api/v1/courses/1/assignments/{number}/submissions/{canvas.info.student.id}"
    assert canvas.teacher.get(mine).json()["score"] == 5
    assert not outcome(fields, "another").post_replace_result(0.9).is_success()
    assert canvas.teacher.get(mine).json()["score"] == 5
    assert outcome(fields, secret).post_read_result().score == "0.5"
    canvas.close()


def test_from_open_edx_to_the_tool_and_back_with_a_score(lms: Emulator) -> None:
    """The demo world's component, set to LTI 1.1: it knows one kind of request about results."""
    key, secret = lms.ltiaas.consumer_key, lms.ltiaas.consumer_secret
    world = json.loads(json.dumps(lms.dump(), default=str))
    tool = next(tool for tool in world["openedx"]["lti_tools"] if tool["block"] == BLOCK)
    tool.update(version="lti_1p1", consumer_key=key, secret=secret)
    lms.load(world)
    edx = Web(lms)
    page = edx.browser(edx.info.learner).get(f"/courses/{COURSE}/xblock/{BLOCK}/handler/lti_launch_handler")
    action, fields = form(page.text)
    landed = httpx.post(action, data=fields)
    assert landed.status_code == 302, landed.text
    client = reader(lms.ltiaas.url, lms.ltiaas.api_key, query(landed.headers["location"])["ltik"])
    token = client.get_id_token()
    client._request_handler.session.close()
    assert (token.user.roles, token.launch.custom["greeting"]) == (["Student", "Learner"], "hello")
    assert token.services.outcomes == {"available": True}
    assert outcome(fields, secret).post_replace_result(0.25).is_success()
    assert not outcome(fields, "another").post_replace_result(0.75).is_success()
    states = [state for state in lms.dump()["openedx"]["block_states"] if state["block"] == BLOCK]
    assert [state["earned"] / state["possible"] for state in states] == [0.25]
    edx.close()


def test_from_brightspace_to_the_tool_and_back_with_a_score(lms: Emulator) -> None:
    """A link with its own key; by a tool provider's HMAC-SHA256, LTIAAS takes none."""
    site, key, secret = Brightspace(lms), lms.ltiaas.consumer_key, lms.ltiaas.consumer_secret
    api = site.api(site.tokens("instructor", scope="core:*:* lti:links:* grades:*:*")["access_token"])
    url = f"{lms.ltiaas.url}/lti/launch?exercise=1"
    sends = {name: True for name in LINK if name.startswith("Send")}
    link = api.post(LINKS, json=LINK | sends | {"Url": url, "Key": key, "PlainSecret": secret}).json()
    browser, page = at_brightspace.signed_in(site), f"/d2l/le/lti/6836/launch/{link['LtiLinkId']}"
    action, fields = form(browser.get(page).text)
    landed = httpx.post(action, data=fields)
    assert landed.status_code == 302, landed.text
    client = reader(lms.ltiaas.url, lms.ltiaas.api_key, query(landed.headers["location"])["ltik"])
    token = client.get_id_token()
    client._request_handler.session.close()
    assert (token.user.name, token.platform.product_family_code) == ("Ada Lovelace", "desire2learn")
    assert token.services.outcomes == {"available": True}
    assert outcome(fields, secret).post_replace_result(0.5).is_success()
    assert not outcome(fields, "another").post_replace_result(0.9).is_success()
    mine = site.student.get("/d2l/api/le/1.79/6836/grades/values/myGradeValues/").json()
    assert [grade["PointsNumerator"] for grade in mine if grade["GradeObjectName"] == LINK["Title"]] == [50]
    by_provider = PROVIDER | {"LaunchPoint": url.partition("://")[2].partition("?")[0], "Key": key, "Secret": secret}
    assert api.post(PROVIDERS, json=by_provider).status_code == 200
    api.put(f"{LE}/link/{link['LtiLinkId']}", json=LINK | {"Url": url, "SignWithTc": True})
    action, fields = form(browser.get(page).text)
    assert fields["oauth_signature_method"] == "HMAC-SHA256"
    assert httpx.post(action, data=fields).status_code >= 400
    site.close()
