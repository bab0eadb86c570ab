"""LTI 1.1 launches that are wrong on purpose: libraries refuse them, and so do our own tools."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import httpx
import pytest
from oauthlib.oauth1 import RequestValidator

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site as Brightspace
from contract_tests.brightspace.test_legacy_tools import LINK, LINKS
from contract_tests.canvas import lti as at_canvas
from contract_tests.canvas.support import Site as Canvas
from contract_tests.lms_site import form
from contract_tests.lti import ims_lti
from contract_tests.openedx.web import Web
from lms_emulator import ControlError, Emulator
from lms_emulator.lti.handle import SignedLaunchesHandle
from lms_emulator.lti.misbehaviour import misbehaviours
from lms_emulator.lti.signed_misbehaviour import NextSignedLaunch
from lti import InvalidLTIRequestError, ToolProvider

pytestmark = pytest.mark.slow

KEY, SECRET, URL = "key-of-the-tool", "secret-of-the-tool", "http://tool.example/launch"
VALUES: dict[str, Any] = {"exactly": {"user_id": "x"}, "fields": {"roles": "Janitor"}, "missing": ["user_id"]}
RULES = {name: value.rule for name, value in misbehaviours(NextSignedLaunch).items()}
REFUSABLE = [name for name, rule in RULES.items() if rule.duty in ("must refuse", "should refuse")]
COURSE = "course-v1:DemoX+DemoCourse+T2024"
BLOCK = "block-v1:DemoX+DemoCourse+T2024+type@lti_consumer+block@demo_tool"


class Platform(NamedTuple):
    """A platform with a tool of LTI 1.1. `open` launches it, and returns what the browser is to post."""

    lms: Emulator
    name: str
    open: Callable[[], tuple[str, dict[str, str]]]
    close: Callable[[], None]

    @property
    def lti11(self) -> SignedLaunchesHandle:
        found: SignedLaunchesHandle = getattr(self.lms, self.name).lti11
        return found

    def arm(self, *names: str, **more: Any) -> None:
        self.lti11.arm(NextSignedLaunch(**{name: VALUES.get(name, True) for name in names}, **more))


def tool_at(lms: Emulator, name: str, url: str, key: str = KEY, secret: str = SECRET) -> Platform:
    """The platform with a tool at a URL."""
    browser: Any
    site: Any
    if name == "canvas":
        site = Canvas(lms)
        old: dict[str, Any] = {
            "name": "Old",
            "consumer_key": key,
            "shared_secret": secret,
            "url": url,
            "privacy_level": "public",
        }
        old |= {"course_navigation": {"enabled": True}}
        number = site.teacher.post("/api/v1/courses/1/external_tools", json=old).json()["id"]
        browser, path = at_canvas.signed_in(site), f"/courses/1/external_tools/{number}"
    elif name == "brightspace":
        site = Brightspace(lms)
        api = site.api(site.tokens("instructor", scope="core:*:* lti:links:*")["access_token"])
        sends = {item: True for item in LINK if item.startswith("Send")}
        made = api.post(LINKS, json=LINK | sends | {"Url": url, "Key": key, "PlainSecret": secret}).json()
        browser, path = at_brightspace.signed_in(site), f"/d2l/le/lti/6836/launch/{made['LtiLinkId']}"
    else:
        world = json.loads(json.dumps(lms.dump(), default=str))
        tool = next(lti_tool for lti_tool in world["openedx"]["lti_tools"] if lti_tool["block"] == BLOCK)
        tool.update(version="lti_1p1", consumer_key=key, secret=secret, launch_url=url)
        lms.load(world)
        site = Web(lms)
        browser, path = site.browser(site.info.learner), f"/courses/{COURSE}/xblock/{BLOCK}/handler/lti_launch_handler"

    def opened() -> tuple[str, dict[str, str]]:
        page = browser.get(path)
        assert page.status_code == 200, page.text
        return form(page.text)

    return Platform(lms, name, opened, site.close)


@pytest.fixture(params=["canvas", "brightspace", "openedx"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def platform(lms: Emulator, name: str) -> Iterator[Platform]:
    platform = tool_at(lms, name, URL)
    yield platform
    platform.close()


class Memory(RequestValidator):
    """What a tool with PyPI `lti` remembers: one consumer, and nonces with their timestamps."""

    enforce_ssl = False
    client_key_length = (1, 100)
    nonce_length = (1, 100)
    dummy_client = "dummy"
    safe_characters: ClassVar[set[str]] = {*string.ascii_letters, *string.digits, *"-_"}

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return SECRET

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, **more: Any
    ) -> bool:
        fresh = (timestamp, nonce) not in self.seen
        self.seen.add((timestamp, nonce))
        return fresh


def taken_by_lti(memory: Memory) -> Callable[[str, dict[str, str]], bool]:
    def taken(url: str, fields: dict[str, str]) -> bool:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            return bool(ToolProvider.from_unpacked_request(SECRET, fields, url, headers).is_valid_request(memory))
        except InvalidLTIRequestError:
            return False

    return taken


LTI_TAKES = {"unknown_message_type", "wrong_version", "no_resource_link"}
"""What PyPI `lti` takes: it checks OAuth, and leaves most of the message to its user."""
IMS_LTI_TAKES = {"wrong_consumer_key", "no_consumer_key", "early"}
"""What ims-lti takes: its user finds the secret by the consumer key, and a timestamp may be ahead."""


@ims_lti.needed
def test_a_published_library_refuses_each_wrong_launch(platform: Platform) -> None:
    lti = taken_by_lti(Memory())
    with ims_lti.verifier(KEY, SECRET) as verify:
        for takes, lets_pass in ((lti, LTI_TAKES), (lambda *sent: verify(*sent) == "valid", IMS_LTI_TAKES)):
            found = set()
            for value in REFUSABLE:
                assert takes(*platform.open()), value
                platform.arm(value)
                if takes(*platform.open()):
                    found.add(value)
                assert not platform.lti11.armed
            assert found == lets_pass
    assert not LTI_TAKES & IMS_LTI_TAKES


def test_no_example_tool_takes_a_launch_that_it_must_refuse(lms: Emulator, name: str) -> None:
    """LTIAAS, in front of the demo world's tool; each duty is kept."""
    url = f"{lms.ltiaas.url}/lti/launch"
    platform = tool_at(lms, name, url, lms.ltiaas.consumer_key, lms.ltiaas.consumer_secret)

    def status() -> int:
        action, fields = platform.open()
        assert action == url
        return httpx.post(action, data=fields).status_code

    for key, rule in RULES.items():
        assert status() == 302
        platform.arm(key)
        answer = status()
        if "accept" in rule.duty:
            assert answer == 302, key
        elif rule.duty != "may refuse":
            assert answer >= 400, key
    assert status() == 302
    platform.close()


def test_openlearning_takes_none_either(lms: Emulator, name: str) -> None:
    """It launches a class, by people whom it does not know yet."""
    site = lms.openlearning
    platform = tool_at(lms, name, site.launch_url, site.consumer_key, site.consumer_secret)
    fits: dict[str, Any] = {
        "fields": {"context_id": site.class_id, "user_id": "new", "roles": "Learner"},
        "missing": ["lis_person_contact_email_primary"],
    }

    def answer() -> httpx.Response:
        action, fields = platform.open()
        assert action == site.launch_url
        return httpx.post(action, data=fields)

    platform.arm(**fits)
    assert answer().status_code == 302
    answer()
    for value in REFUSABLE:
        platform.arm(value, **fits)
        assert answer().status_code >= 400, value
        refused = lms.requests.last.refusal
        assert refused is not None
        assert refused.reason not in ("launch_user", "launch_class"), value
    platform.close()


def test_what_each_one_changes(platform: Platform) -> None:
    _, right = platform.open()
    platform.arm("replayed")
    assert platform.open()[1] == right
    platform.arm("replayed_nonce")
    again = platform.open()[1]
    assert (again["oauth_nonce"], again["oauth_timestamp"]) == (right["oauth_nonce"], right["oauth_timestamp"])
    platform.arm("unsigned")
    assert set(right) - set(platform.open()[1]) == {"oauth_signature"}
    platform.arm("fields", "missing")
    fields = platform.open()[1]
    assert (fields["roles"], "user_id" in fields) == ("Janitor", False)
    platform.arm(exactly={"lti_message_type": "basic-lti-launch-request", "b": "2", "a": "1"})
    names = [item for item in platform.open()[1] if not item.startswith("oauth_")]
    assert names == ["lti_message_type", "b", "a"]
    entry = platform.lms.requests.last
    assert "misbehaved" in [warning.code for warning in entry.warnings]
    assert set(platform.open()[1]) == set(right)


def test_only_the_next_launch_of_the_tool_that_is_named(platform: Platform) -> None:
    handle, known = platform.lti11, taken_by_lti(Memory())
    handle.arm(NextSignedLaunch(wrong_signature=True), consumer_key="another")
    assert known(*platform.open())
    assert handle.armed[0]["explained"][0]["tool"] == "must refuse"
    handle.disarm()
    handle.arm(NextSignedLaunch(wrong_signature=True), consumer_key=KEY)
    second = handle.next_launch(tampered=True)
    handle.disarm(second)
    assert [known(*platform.open()) for _ in range(2)] == [False, True]
    with pytest.raises(ControlError, match=f"no armed launch `{second}`"):
        handle.disarm(second)
    for body, why in (
        ({"late": True}, "late"),
        ({}, "nothing is to be wrong"),
        ({"expired": True, "consumer_key": 7}, "text"),
    ):
        with pytest.raises(ControlError, match=why):
            platform.lms.call("POST", f"/{platform.name}/lti11/next-launch", body)


def test_the_page_offers_each(platform: Platform) -> None:
    platform.lti11.next_launch(tampered=True)
    page = httpx.get(f"{platform.lms.url}/_emulator/{platform.name}/lti11").text
    assert "changed after it was signed" in page
    assert all(f'name="{name}"' in page for name in set(RULES) - {"fields", "exactly"})
    assert "Rotate the keys" not in page
