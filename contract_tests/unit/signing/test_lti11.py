"""The LTI 1.1 launch message, verified by PyPI `lti` and `oauthlib`, and theirs by ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import RequestValidator

from lms_emulator.signing import lti11, oauth1
from lti import ToolConsumer, ToolProvider

URL = "https://www.openlearning.com/lti/launch/"
KEY = "olconsumerkey0123456789ab"
NONCE = "0123456789abcdef01234567"
TIMESTAMP = 1_767_225_600

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = ["user_id", "lis_person_name_full", "lis_person_contact_email_primary", "context_id", "custom_x"]
ROLES = st.sampled_from(["Learner", "Instructor,Learner", "urn:lti:instrole:ims/lis/Administrator"])
messages = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, words) | {"roles": ROLES})


class Validator(RequestValidator):
    """The verifier of an independent tool that knows one consumer and accepts any time."""

    enforce_ssl = False
    nonce_length = (20, 30)
    client_key_length = (20, 30)
    dummy_client = "dummy"

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret

    def validate_client_key(self, client_key: str, request: object) -> bool:
        return client_key == KEY

    def get_client_secret(self, client_key: str, request: object) -> str:
        return self.secret

    def validate_timestamp_and_nonce(self, *args: object, **kwargs: object) -> bool:
        return True


@pytest.fixture(autouse=True)
def _timeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib also compares the timestamp with the wall clock; these launches are of a fixed day."""
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.endpoints.base.time.time", lambda: TIMESTAMP)


def verified(url: str, params: dict[str, str], secret: str) -> bool:
    """Whether an independent tool provider accepts the form."""
    provider = ToolProvider.from_unpacked_request(secret, params, url, {})
    return bool(provider.is_valid_request(Validator(secret)))


def launch(fields: dict[str, str | None], secret: str = "s3cr3t&with=specials") -> dict[str, str]:
    return lti11.signed_launch(
        URL, lti11.message("link", fields), consumer_key=KEY, secret=secret, timestamp=TIMESTAMP, nonce=NONCE
    )


def test_the_shape_of_a_launch() -> None:
    params = launch({"user_id": "42", "roles": "", "context_id": None})
    assert list(params)[:3] == ["lti_message_type", "lti_version", "resource_link_id"]
    assert params["roles"] == ""
    assert "context_id" not in params
    assert set(lti11.OAUTH_FIELDS) <= set(params)
    assert list(params)[-1] == "oauth_signature"
    assert all(isinstance(value, str) for value in params.values())


def test_a_launch_field_by_field() -> None:
    made = launch({"user_id": "42", "context_id": None, "roles": ""})
    signature = made.pop("oauth_signature")
    assert made == {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": "link",
        "user_id": "42",
        "roles": "",
        "oauth_consumer_key": KEY,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1767225600",
        "oauth_nonce": NONCE,
        "oauth_version": "1.0",
        "oauth_callback": "about:blank",
    }
    assert signature == oauth1.sign("POST", URL, made.items(), "s3cr3t&with=specials")


@given(fields=messages, secret=words.filter(bool))
def test_launches_verify_independently(fields: dict[str, str], secret: str) -> None:
    assert verified(URL, launch(dict(fields), secret), secret)


@given(fields=messages, secret=words.filter(bool))
def test_launches_of_an_independent_consumer_verify_here(fields: dict[str, str], secret: str) -> None:
    consumer = ToolConsumer(
        consumer_key=KEY, consumer_secret=secret, launch_url=URL, params=lti11.message("link", dict(fields))
    )
    params = consumer.generate_launch_data()
    assert oauth1.equal(oauth1.sign("POST", URL, params.items(), secret), params["oauth_signature"])


@pytest.mark.parametrize(
    "change",
    [
        lambda params: params | {"user_id": "43"},
        lambda params: params | {"ext_submit": "Go"},
        lambda params: {name: value for name, value in params.items() if name != "roles"},
        lambda params: params | {"oauth_timestamp": str(TIMESTAMP + 1)},
    ],
)
def test_a_changed_launch_verifies_nowhere(change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    params = launch({"user_id": "42", "roles": "Learner"})
    changed = change(params)
    secret = "s3cr3t&with=specials"
    assert verified(URL, params, secret)
    assert not verified(URL, changed, secret)
    assert not oauth1.equal(oauth1.sign("POST", URL, changed.items(), secret), changed["oauth_signature"])


@pytest.mark.parametrize(
    ("text", "roles", "staff"),
    [
        ("Learner", {"learner"}, False),
        (" Instructor , Learner,", {"instructor", "learner"}, True),
        ("urn:lti:role:ims/lis/Instructor/GuestInstructor", {"instructor"}, True),
        ("urn:lti:instrole:ims/lis/Administrator", {"administrator"}, True),
        ("urn:lti:sysrole:ims/lis/SysAdmin,LEARNER", {"sysadmin", "learner"}, False),
        ("urn:lti:role:ims/lis/Administrator/Support,", {"administrator"}, True),
        ("Instructor/Guest/Other", {"instructor"}, True),
        ("Instructors", {"instructors"}, False),
        ("urn:lti:role:ims/lis/", set(), False),
        (" , ,Mentor", {"mentor"}, False),
        ("", set(), False),
    ],
)
def test_roles(text: str, roles: set[str], staff: bool) -> None:
    assert lti11.roles(text) == roles
    assert lti11.is_staff(text) is staff
