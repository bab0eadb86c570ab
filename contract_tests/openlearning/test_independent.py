"""Launches against other people's libraries: oauthlib, and `lti` as tool and as consumer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from contract_tests.openlearning.site import BROWSER, Site
from lti import ToolConsumer, ToolProvider


class Validator(RequestValidator):
    """An independent tool's memory of one consumer, strict about lengths, and of nonces."""

    enforce_ssl = False
    client_key_length = (20, 30)
    nonce_length = (20, 30)
    dummy_client = "dummy"
    timestamp_lifetime = 300

    def __init__(self, key: str, secret: str) -> None:
        super().__init__()
        self.key, self.secret = key, secret
        self.seen: set[tuple[str, str, str]] = set()

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == self.key

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return self.secret

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, **more: Any
    ) -> bool:
        used = (client_key, timestamp, nonce)
        fresh = used not in self.seen
        self.seen.add(used)
        return fresh


@pytest.fixture
def validator(site: Site) -> Validator:
    return Validator(site.info.consumer_key, site.info.consumer_secret)


def accepted_by_lti(data: dict[str, Any], validator: Validator) -> bool:
    tool = ToolProvider.from_unpacked_request(validator.secret, data["params"], data["url"], {})
    return bool(tool.is_valid_request(validator))


def accepted_by_oauthlib(data: dict[str, Any], validator: Validator) -> bool:
    body = str(httpx.QueryParams(data["params"]))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    valid, _ = SignatureOnlyEndpoint(validator).validate_request(data["url"], "POST", body, headers)
    return bool(valid)


@pytest.mark.parametrize("accepted", [accepted_by_lti, accepted_by_oauthlib])
def test_issued_launches_pass_once(site: Site, validator: Validator, accepted: Any) -> None:
    user_id = site.provision().json()["data"]["id"]
    for fields in ({"class_id": site.info.class_id}, {"context_id": "a b+c&d=e", "custom_x": "~ü/"}, {"roles": "A,B"}):
        data = site.launch_data(user_id, **fields)
        assert accepted(data, validator)
        assert not accepted(data, validator)
        assert httpx.post(data["url"], data=data["params"]).status_code in (302, 403)


@pytest.mark.parametrize("accepted", [accepted_by_lti, accepted_by_oauthlib])
@pytest.mark.parametrize("name", ["user_id", "roles", "resource_link_id", "oauth_timestamp", "oauth_signature"])
def test_they_and_we_agree_about_tampering(site: Site, validator: Validator, accepted: Any, name: str) -> None:
    data = site.launch_data()
    value = data["params"][name]
    tampered = data | {"params": data["params"] | {name: ("1" if value[0] != "1" else "2") + value[1:]}}
    assert not accepted(tampered, validator)
    assert httpx.post(data["url"], data=tampered["params"]).status_code == 403
    validator.seen.clear()  # it uses up nonces before it looks at signatures, unlike the emulator
    assert not accepted(data | {"url": data["url"].rstrip("/")}, validator)
    validator.seen.clear()
    assert accepted(data, validator)
    assert httpx.post(data["url"], data=data["params"]).status_code == 302


def test_launches_of_an_independent_consumer_are_accepted(site: Site) -> None:
    for user_id, context in (("student-1815", site.info.class_id), ("new ä&=+%", "campus-course-7")):
        consumer = ToolConsumer(
            consumer_key=site.info.consumer_key,
            consumer_secret=site.info.consumer_secret,
            launch_url=site.info.launch_url,
            params={
                "lti_message_type": "basic-lti-launch-request",
                "lti_version": "LTI-1p0",
                "resource_link_id": "link",
                "user_id": user_id,
                "roles": ["Learner", "urn:lti:instrole:ims/lis/Student"],
                "context_id": context,
                "lis_person_name_full": "Zoë\u2028O'Neil",
                "custom_empty": "",
            },
        )
        params = consumer.generate_launch_data()
        response = httpx.post(consumer.launch_url, data=params, headers=BROWSER)
        assert response.status_code == 302, response.text
        assert httpx.post(consumer.launch_url, data=params, headers=BROWSER).status_code == 403


def test_a_default_port_in_the_signed_address_makes_no_difference(site: Site) -> None:
    site.lms.settings["openlearning.web_base_url"] = "https://www.openlearning.com:443"
    data = site.launch_data()
    assert data["url"] == "https://www.openlearning.com:443/lti/launch/"
    site.lms.settings["openlearning.web_base_url"] = "https://www.openlearning.com"
    assert site.http.post("/lti/launch/", data=data["params"]).status_code == 302


VECTORS = json.loads((Path(__file__).parents[2] / "fixtures" / "vectors" / "lti11.json").read_text("utf-8"))["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_are_accepted_as_launches(site: Site, vector: dict[str, Any]) -> None:
    """Each vector posted as it is, to a world that knows its consumer and class, at its own time."""
    params = vector["params"]
    world = site.lms.dump()
    section = world["openlearning"]
    section["classes"][0]["id"] = params["context_id"]
    section["enrolments"] = []
    section["registrations"] = [
        {"consumer_key": params["oauth_consumer_key"], "secret": vector["secret"], "institution": "lakeside"}
    ]
    site.lms.load(world)
    site.lms.settings["openlearning.web_base_url"] = vector["url"].removesuffix("/lti/launch/")
    site.lms.clock.freeze(datetime.fromtimestamp(int(params["oauth_timestamp"]), UTC))
    signed = params | {"oauth_signature": vector["signature_base64"]}
    for change, status in (({"roles": "Instructor"}, 403), ({}, 302), ({}, 403)):
        assert site.http.post("/lti/launch/", data=signed | change, headers=BROWSER).status_code == status
    made = site.get(site.managed_users(), params={"external_institution_id": params["user_id"]}).json()["data"]
    assert made[0]["user"]["full_name"] == params["lis_person_name_full"]
