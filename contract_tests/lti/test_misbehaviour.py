"""A platform that misbehaves on purpose: what it sends, and that correct tools notice."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import ImplicitIDToken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from contract_tests.lms_site import Browser
from contract_tests.lti.conftest import Platform
from contract_tests.lti.machine import Platform as AnyPlatform
from contract_tests.lti.test_certify import LTIJS_TAKES
from contract_tests.lti_tool import initiation, posted
from lms_emulator import ControlError
from lms_emulator.lti.misbehaviour import NextLaunch, misbehaviours
from lms_emulator.signing.jwt import read
from lms_emulator.signing.lti13 import CLAIM

VALUES: dict[str, Any] = {"slow_ms": 1, "exactly": {"sub": "nobody"}, "claims": {"roles": []}, "missing": ["sub"]}


def refused_by_pylti1p3(platform: Platform, browser: Browser) -> bool:
    try:
        platform.launched(browser)
    except Exception:  # PyLTI1p3 raises its own, and plain ones
        return True
    return False


def refused_by_authlib(at: AnyPlatform) -> bool:
    """Whether Authlib's check of id_tokens refuses; what a form says besides is for its user to check."""
    seat, login, urls = at.tool.seat, at.tool.login, list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at.tool, "login", lambda fields: urls.append(login(fields)) or urls[-1])
        patch.setattr(at.tool, "launch", lambda fields: fields)
        sent = at.launch()["id_token"]
    asked = dict(parse_qsl(urlsplit(urls[-1]).query))
    options = {"iss": {"value": seat.issuer}, "aud": {"value": seat.client_id}}
    parameters = {"nonce": asked["nonce"], "client_id": seat.client_id}
    try:
        keys = jwk.KeySet.import_key_set(httpx.get(seat.keys_url).json())
        token = jwt.decode(sent, keys, algorithms=["RS256"])
        ImplicitIDToken(token.claims, token.header, options, parameters).validate(leeway=0)
    except (JoseError, AuthlibBaseError, ValueError):
        return True
    return False


REFUSABLE = [name for name, row in misbehaviours().items() if row.rule.duty in ("must refuse", "should refuse")]


def test_a_published_library_refuses_each_wrong_launch_of_each_platform(everywhere: AnyPlatform) -> None:
    """PyLTI1p3, or ltijs, as `test_certify` has them judged at the same platforms, or Authlib."""
    assert not refused_by_authlib(everywhere)
    assert everywhere.launch()
    for name in REFUSABLE:
        everywhere.lti.arm(NextLaunch(**{name: True}))
        try:
            everywhere.launch()
        except Exception:  # PyLTI1p3 raises its own, and plain ones
            assert not everywhere.lti.armed
            continue
        if name in LTIJS_TAKES:
            everywhere.lti.arm(NextLaunch(**{name: True}))
            assert refused_by_authlib(everywhere), name
    assert everywhere.launch()


@pytest.mark.slow
def test_good_tools_refuse_what_they_have_to_and_take_the_rest(platform: Platform) -> None:
    """Each misbehaviour that a tool has to refuse, or should, is refused by the demo world's LTIAAS, but for one.

    It takes launches of any deployment; the demo tool behind it does not (`test_certify`, `test_demo_tool`).
    """
    browser = platform.signed_in()
    assert not refused_by_pylti1p3(platform, browser)
    assert platform.demo_launched(browser).status_code == 302
    for name, misbehaviour in misbehaviours().items():
        if name == "lost":
            continue
        wrong = NextLaunch(**{name: VALUES.get(name, True)})
        platform.lti.arm(wrong)
        theirs = refused_by_pylti1p3(platform, browser)
        platform.lti.arm(wrong)
        ours = platform.demo_launched(browser).status_code >= 400
        if misbehaviour.rule.duty == "must accept":
            assert (theirs, ours) == (False, False), name
        if name in REFUSABLE:
            assert ours is (name != "wrong_deployment"), name
        assert not platform.lti.armed
    assert not refused_by_pylti1p3(platform, browser)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(st.sampled_from(sorted(set(misbehaviours()) - {"lost", "slow_ms"})), min_size=1, max_size=3))
def test_combined_mistakes_are_refused_and_change_nothing(platform: Platform, names: set[str]) -> None:
    """What one of several misbehaviours makes refusable stays so, and the launch after it is right again.

    The token of an earlier launch is whole, whatever is done to the claims of this one, and `state` still tells.
    """
    browser = platform.signed_in()
    assert platform.demo_launched(browser).status_code == 302
    platform.lti.arm(NextLaunch(**{name: VALUES.get(name, True) for name in names}))
    answer = platform.demo_launched(browser)
    rules = [misbehaviours()[name].rule for name in names]
    if all(rule.duty == "must accept" for rule in rules):
        assert answer.status_code == 302, names
    if set(REFUSABLE) & (names - {"wrong_deployment"}):
        assert answer.status_code >= 400, names
    assert platform.demo_launched(browser).status_code == 302


def test_the_journal_says_what_was_wrong_and_what_a_tool_must_do(platform: Platform) -> None:
    browser = platform.signed_in()
    number = platform.lti.next_launch(expired=True, missing=["name"], claims={"roles": ["x"], "weather": "fair"})
    assert [item["name"] for item in platform.lti.armed[0]["explained"]] == ["expired", "claims", "missing"]
    fields = posted(browser, platform.tool.login(initiation(browser, platform.open)))[1]
    claims = read(fields["id_token"]).claims
    assert claims["exp"] < claims["iat"] + 3601 < platform.site.lms.clock.now.timestamp()
    assert ("name" in claims, claims[f"{CLAIM}roles"], claims["weather"]) == (False, ["x"], "fair")
    entry = platform.site.lms.requests.last
    assert entry.notes["misbehaviour"]["expired"] is True
    assert "has expired" in entry.warnings[0].message
    assert "must refuse" in entry.warnings[0].message
    with pytest.raises(ControlError, match=f"no armed launch `{number}`"):
        platform.lti.disarm(number)


@pytest.mark.parametrize("absent", [["context"], ["email"], ["roles"], ["context", "email", "roles"]])
def test_a_launch_can_be_had_without_a_context_an_address_or_roles(platform: Platform, absent: list[str]) -> None:
    browser, claims = platform.signed_in(), []
    platform.lti.next_launch(missing=absent)
    for _ in range(2):
        fields = posted(browser, platform.tool.login(initiation(browser, platform.open)))[1]
        claims.append({name.removeprefix(CLAIM) for name in read(fields["id_token"]).claims})
    assert claims[1] - claims[0] == set(absent)
    assert not claims[0] - claims[1]


def test_only_the_next_launch_and_only_of_the_tool_that_is_named(platform: Platform) -> None:
    browser = platform.signed_in()
    platform.lti.arm(NextLaunch(wrong_signature=True), client_id="another-tool")
    assert not refused_by_pylti1p3(platform, browser)
    platform.lti.disarm()
    first, second = platform.lti.next_launch(alg_none=True), platform.lti.next_launch(alg_none=True)
    assert second == first + 1
    platform.lti.disarm(first)
    assert [refused_by_pylti1p3(platform, browser) for _ in range(2)] == [True, False]


def test_a_dropped_answer_is_dropped_once(platform: Platform) -> None:
    browser = platform.signed_in()
    platform.lti.next_launch(lost=True)
    answer = browser.follow(browser.get(platform.tool.login(initiation(browser, platform.open))))
    assert answer.status_code == 504
    assert not refused_by_pylti1p3(platform, browser)


def test_misbehaviour_that_cannot_be_armed_is_refused(platform: Platform) -> None:
    arm = f"/{platform.site.name}/lti/next-launch"
    for body, why in (
        ({"late": True}, "late"),
        ({"expired": "yes"}, "expired"),
        ({}, "nothing is to be wrong"),
        ({"expired": True, "client_id": 7}, "client_id"),
        ({"slow_ms": -1}, "slow_ms"),
    ):
        with pytest.raises(ControlError, match=why):
            platform.site.lms.call("POST", arm, body)
    assert not platform.lti.armed
    with pytest.raises(ControlError, match="unknown call"):
        platform.site.lms.call("GET", "/openedx/lti/nothing")


def test_the_page_offers_every_misbehaviour(platform: Platform) -> None:
    platform.lti.next_launch(tampered=True)
    page = httpx.get(f"{platform.site.lms.url}/_emulator/{platform.site.name}/lti").text
    assert "changed after it was signed" in page
    assert "under the platform&#39;s <code>kid</code>." in page
    assert all(f'name="{name}"' in page for name in set(misbehaviours()) - {"claims", "exactly"})
    assert platform.lti.keys["signing"] in page
    described = platform.site.lms.call("GET", "/openapi.json")
    assert f"/{platform.site.name}/lti/next-launch" in described["paths"]
    assert "expired" in described["components"]["schemas"]["NextLaunch"]["properties"]
