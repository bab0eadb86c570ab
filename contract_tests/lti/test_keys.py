"""Keys that rotate: the platform's, by a control call and by the clock; and key sets that fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
import pytest

from contract_tests.lti.conftest import Platform
from contract_tests.lti.machine import Platform as AnyPlatform
from contract_tests.lti.test_misbehaviour import refused_by_pylti1p3
from contract_tests.lti_tool import LAUNCH, KeySite
from lms_emulator import ControlError
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.providers import PROVIDERS
from lms_emulator.signing import jwk, lti13


def published(platform: Platform) -> list[str]:
    keys = httpx.get(platform.tool.seat.keys_url).json()["keys"]
    assert len({key["n"] for key in keys}) == len(keys)
    return [key["kid"] for key in keys]


def test_a_rotation_and_a_key_set_that_lags_behind(platform: Platform) -> None:
    browser, lti = platform.signed_in(), platform.lti
    before = lti.keys
    assert before["published"] == published(platform)
    after = lti.rotate_keys()
    assert after["signing"] != before["signing"]
    assert before["signing"] in published(platform), "what was signed before the rotation still holds"
    assert not refused_by_pylti1p3(platform, browser)
    lti.rotate_keys(stale=True)
    ahead = platform.site.name == "canvas"
    assert refused_by_pylti1p3(platform, browser) is not ahead, "Canvas publishes the key to come, which now signs"
    stale = lti.rotate_keys(stale=True)
    assert stale["signing"] not in published(platform)
    assert refused_by_pylti1p3(platform, browser)
    assert platform.demo_launched(browser).json()["details"]["message"] == "KEY_NOT_FOUND"
    assert lti.publish_keys()["signing"] in published(platform)
    assert not refused_by_pylti1p3(platform, browser)
    assert lti.keys["rotations"] == 3


def test_keys_change_by_the_clock_when_that_was_asked_for(platform: Platform) -> None:
    browser, lti, clock = platform.signed_in(), platform.lti, platform.site.lms.clock
    before = lti.keys
    assert lti.rotate_keys(after_seconds=600)["signing"] == before["signing"]
    clock.advance(seconds=599)
    assert (lti.keys["signing"], published(platform)) == (before["signing"], before["published"])
    clock.advance(seconds=1)
    assert lti.keys["signing"] != before["signing"]
    assert lti.keys["published"] == published(platform)
    assert platform.demo_launched(browser).status_code == 302
    with pytest.raises(ControlError, match="after_seconds"):
        lti.rotate_keys(after_seconds=-1)


def test_a_key_set_that_is_down_slow_or_invalid(platform: Platform) -> None:
    browser, lti = platform.signed_in(), platform.lti
    lti.fail_key_set(status=503, times=1)
    assert platform.demo_launched(browser).status_code >= 400
    lti.fail_key_set(body="<html>maintenance</html>", times=1)
    assert platform.demo_launched(browser).status_code >= 400
    lti.fail_key_set(delay_ms=150, times=1)
    begun = time.monotonic()
    assert platform.demo_launched(browser).status_code == 302
    assert time.monotonic() - begun > 0.15
    lti.fail_key_set(status=503)
    lti.publish_keys()
    assert platform.demo_launched(browser).status_code == 302
    with pytest.raises(ControlError, match="at least one"):
        lti.fail_key_set()


def test_canvas_changes_its_keys_each_month(platform: Platform) -> None:
    lms, lti = platform.site.lms, platform.lti
    signing, keys = lti.keys["signing"], published(platform)
    lms.clock.advance(days=32)
    moved = platform.site.name == "canvas"
    assert (lti.keys["signing"] != signing) is moved
    assert (published(platform) != keys) is moved
    if moved:
        assert published(platform)[:2] == keys[1:], "the key to come is the one that came"
        day = lms.clock.now.day
        notes = httpx.get(platform.tool.seat.keys_url, params={"rotation_check": "1"}).json()
        assert notes == [f"today is day {day} and key {place} is not from this month" for place in (0, 1)]


def test_a_tool_changes_its_keys_and_the_platform_follows(platform: Platform) -> None:
    """LTIAAS signs with its next key: the platform fetches the key set again, and finds the key by its `kid`."""
    ltiaas = platform.site.lms.ltiaas
    ltik = httpx.URL(platform.demo_launched(platform.signed_in()).headers["location"]).params["ltik"]
    roster = {
        "url": f"{ltiaas.url}/api/memberships",
        "headers": {"Authorization": f"LTIK-AUTH-V2 {ltiaas.api_key}:{ltik}"},
    }
    assert httpx.get(**roster).status_code == 200
    before = httpx.get(f"{ltiaas.url}/lti/keys").json()["keys"]
    ltiaas.lti.rotate_keys()
    after = httpx.get(f"{ltiaas.url}/lti/keys").json()["keys"]
    assert len(after) == 2 * len(before)
    assert httpx.get(**roster).status_code == 200
    ltiaas.lti.rotate_keys(stale=True)
    assert httpx.get(**roster).status_code >= 400
    ltiaas.lti.publish_keys()
    assert httpx.get(**roster).status_code == 200
    ltiaas.lti.fail_key_set(status=500)
    assert httpx.get(**roster).status_code >= 400


def test_a_platform_keeps_a_tools_keys_for_a_while(platform: Platform) -> None:
    lms = platform.site.lms
    lms.settings["emulator.tool_keys_kept_seconds"] = 300
    ltik = httpx.URL(platform.demo_launched(platform.signed_in()).headers["location"]).params["ltik"]
    url = f"{lms.ltiaas.url}/api/memberships"
    headers = {"Authorization": f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"}
    assert httpx.get(url, headers=headers).status_code == 200
    lms.ltiaas.lti.rotate_keys()
    assert httpx.get(url, headers=headers).status_code >= 400, "the platform does not know of the new key yet"
    lms.clock.advance(seconds=299)
    assert httpx.get(url, headers=headers).status_code >= 400
    lms.clock.advance(seconds=1)
    assert httpx.get(url, headers=headers).status_code == 200


Use: TypeAlias = Callable[[AnyPlatform, str], int]
"""What makes a platform read the tool's keys, which signed with one of the shipped keys. Gives the status."""


def assertion(at: AnyPlatform, key: str) -> int:
    """A service token is asked for."""
    seat = at.tool.seat
    signed = at.tool.assertion(seat.audience or seat.token_url, at.lms.clock.now, jti=uuid4().hex, key=key, kid=key)
    fields = {"grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER}
    fields |= {"client_assertion": signed, "scope": lti13.SCOPE_LINE_ITEM}
    return httpx.post(seat.token_url, data=fields, timeout=30).status_code


def choice(at: AnyPlatform, key: str) -> int:
    """The answer to a deep linking request."""
    found = at.choose()
    assert found is not None
    launch, post = found
    link = {"type": "ltiResourceLink", "title": "Chosen", "url": LAUNCH}
    claims = launch.get_deep_link().get_message_jwt([])
    claims |= {f"{lti13.DL_CLAIM}content_items": [link], "nonce": uuid4().hex}
    settings = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]
    return int(post(settings["deep_link_return_url"], at.tool.sign(claims, key=key, kid=key)).status_code)


@pytest.fixture
def own(keys: KeySite) -> Iterator[KeySite]:
    """The tool's key set with its key under the key's own name."""
    before = keys.answer
    keys.answer = (200, json.dumps(jwk.jwks([("tool", private_key("tool"))])).encode())
    yield keys
    keys.answer = before


@pytest.mark.parametrize("use", [assertion, choice])
def test_a_tools_key_set_that_is_down_slow_stale_or_invalid(everywhere: AnyPlatform, own: KeySite, use: Use) -> None:
    """Over sockets: what needs the tool's keys is refused, and nothing of it stays once the keys are there."""
    lms, good = everywhere.lms, own.answer

    def refused() -> None:
        assert 400 <= use(everywhere, "tool") < 500
        assert lms.requests.last.refusal.reason.endswith("keys_unavailable")

    assert use(everywhere, "tool") == 200
    for own.answer in ((503, b"down"), (200, b"<html>maintenance</html>"), (200, b"[]")):
        refused()
    own.answer = good
    assert use(everywhere, "tool") == 200
    lms.settings["emulator.lms_timeout_seconds"] = 0.3
    own.open.clear()
    try:
        refused()
    finally:
        own.open.set()


@pytest.mark.parametrize("use", [assertion, choice])
def test_a_tools_key_set_that_is_kept(everywhere: AnyPlatform, own: KeySite, use: Use) -> None:
    """While a platform keeps a key set, its server may be down, and a key that is new in it is not known."""
    lms = everywhere.lms
    lms.settings["emulator.tool_keys_kept_seconds"] = 300
    assert use(everywhere, "tool") == 200
    own.answer = (503, b"")
    assert use(everywhere, "tool") == 200, "the set that is kept"
    own.answer = (200, json.dumps(jwk.jwks([("spare", private_key("spare"))])).encode())
    assert 400 <= use(everywhere, "spare") < 500, "it is not in the set that is kept"
    lms.settings["emulator.tool_keys_kept_seconds"] = 0
    assert use(everywhere, "spare") == 200


def test_a_platform_serves_others_while_it_waits_for_a_tools_keys(everywhere: AnyPlatform, own: KeySite) -> None:
    own.open.clear()
    try:
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(assertion, everywhere, "tool")
            assert httpx.get(everywhere.tool.seat.keys_url).status_code == 200
            assert not waiting.done()
            own.open.set()
            assert waiting.result() == 200
    finally:
        own.open.set()


KEY_SETS = {
    "canvas": "/api/lti/security/jwks",
    "brightspace": "/d2l/.well-known/jwks",
    "openedx": "/api/lti_consumer/v1/public_keysets/ed0ed0ed-0000-4000-8000-00000000c0f1",
    "ltiaas": "/lti/keys",
}


@pytest.mark.slow
def test_every_site_that_signs_has_keys_that_rotate_lag_and_fail(lms: Emulator) -> None:
    """At each platform, and at the tool: by the same calls, seen where others fetch the keys."""
    assert {name for name in PROVIDERS if hasattr(getattr(lms, name), "lti")} == set(KEY_SETS)
    with httpx.Client() as http:
        for name, path in KEY_SETS.items():
            site = getattr(lms, name)
            _rotate_lag_and_fail(http, name, f"{site.url}{path}", site.lti)


def _rotate_lag_and_fail(http: httpx.Client, name: str, url: str, lti: Any) -> None:
    def kids() -> list[str]:
        """At LTIAAS each platform has the keys, under ids that begin with its own, of 20 characters."""
        found = [key["kid"] for key in http.get(url).raise_for_status().json()["keys"]]
        return list(dict.fromkeys(f"<platform id>{kid[20:]}" for kid in found)) if name == "ltiaas" else found

    before = lti.keys
    assert before["published"] == kids(), name
    assert before["signing"] in kids(), name
    after = lti.rotate_keys()
    assert after["signing"] != before["signing"], name
    assert after["signing"] in kids(), name
    for _ in range(2):
        stale = lti.rotate_keys(stale=True)
    assert stale["signing"] not in kids(), f"{name}: a stale key set lags behind"
    lti.fail_key_set(status=503, times=1)
    assert http.get(url).status_code == 503, name
    lti.fail_key_set(body="<html>", times=1)
    assert http.get(url).text == "<html>", name
    lti.fail_key_set(delay_ms=60, times=1)
    begun = time.monotonic()
    assert kids(), name
    assert time.monotonic() - begun > 0.06, name
    lti.fail_key_set(status=503)
    assert lti.publish_keys()["signing"] in kids(), f"{name}: the fault is over, and the set is the current one"
