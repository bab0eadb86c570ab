"""LTI 1.3 messages: what a platform signs, and every way for a tool's request, assertion or answer to be wrong."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet, jwks
from lms_emulator.signing.jwt import sign
from lms_emulator.signing.token_errors import TokenError

NOW = 1_800_000_000
TOKEN_URL = "https://lms/login/oauth2/token"


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def launch(**changes: Any) -> lti13.Launch:
    whole: dict[str, Any] = {
        "issuer": "https://lms",
        "client_id": "tool",
        "deployment_id": "d1",
        "target_link_uri": "https://tool/launch",
        "person": {"sub": "u1", "name": "Ada Lovelace"},
        "roles": [f"{lti13.MEMBERSHIP}Learner"],
    }
    return lti13.Launch(**{**whole, **changes})


def test_a_bare_launch_holds_only_what_it_says() -> None:
    claims = lti13.launch_claims(launch(), nonce="n", now=NOW, lifetime=3600)
    assert claims == {
        "iss": "https://lms",
        "aud": "tool",
        "azp": "tool",
        "iat": NOW,
        "exp": NOW + 3600,
        "nonce": "n",
        "sub": "u1",
        "name": "Ada Lovelace",
        f"{lti13.CLAIM}message_type": "LtiResourceLinkRequest",
        f"{lti13.CLAIM}version": "1.3.0",
        f"{lti13.CLAIM}deployment_id": "d1",
        f"{lti13.CLAIM}target_link_uri": "https://tool/launch",
        f"{lti13.CLAIM}roles": [f"{lti13.MEMBERSHIP}Learner"],
    }


def test_services_and_extras_are_named_where_tools_look_for_them() -> None:
    full = launch(
        line_items="https://lms/items",
        line_item="https://lms/items/1",
        ags_scopes=list(lti13.AGS_SCOPES),
        memberships="https://lms/roster",
        deep_linking={"deep_link_return_url": "https://lms/back"},
        context={"id": "c1"},
        extra={"http://www.brightspace.com": {"user_id": 1}},
    )
    claims = lti13.launch_claims(full, nonce="n", now=NOW, lifetime=60, azp=False)
    assert "azp" not in claims
    assert claims[lti13.AGS_CLAIM] == {
        "scope": list(lti13.AGS_SCOPES),
        "lineitems": "https://lms/items",
        "lineitem": "https://lms/items/1",
    }
    assert claims[lti13.NRPS_CLAIM] == {"context_memberships_url": "https://lms/roster", "service_versions": ["2.0"]}
    assert claims[f"{lti13.DL_CLAIM}deep_linking_settings"] == {"deep_link_return_url": "https://lms/back"}
    assert claims["http://www.brightspace.com"] == {"user_id": 1}


def request(**changes: str) -> dict[str, str]:
    whole = {
        "client_id": "tool",
        "login_hint": "h",
        "lti_message_hint": "m",
        "nonce": "n",
        "prompt": "none",
        "redirect_uri": "https://tool/launch",
        "response_mode": "form_post",
        "response_type": "id_token",
        "scope": "openid",
    }
    return {**whole, **changes}


def test_a_right_authentication_request_passes() -> None:
    lti13.check_authentication_request(request())
    lti13.check_authentication_request(request(state="s"))


@pytest.mark.parametrize("name", lti13.REQUIRED_PARAMETERS)
def test_each_parameter_is_required(name: str) -> None:
    with pytest.raises(lti13.AuthenticationRequestError) as caught:
        lti13.check_authentication_request(request(**{name: ""}))
    assert (caught.value.reason, caught.value.parameter) == ("missing_parameter", name)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("scope", "profile", "wrong_scope"),
        ("response_type", "code", "wrong_response_type"),
        ("response_mode", "query", "wrong_response_mode"),
        ("prompt", "login", "wrong_prompt"),
    ],
)
def test_fixed_parameters_have_one_value(name: str, value: str, reason: str) -> None:
    with pytest.raises(lti13.AuthenticationRequestError) as caught:
        lti13.check_authentication_request(request(**{name: value}))
    assert (caught.value.reason, caught.value.got) == (reason, value)


def test_redirect_addresses_are_compared_exactly() -> None:
    lti13.check_redirect_uri("https://tool/launch", ["https://tool/launch"])
    for similar in ("https://tool/launch/", "https://tool/launch?x=1", "http://tool/launch", "https://TOOL/launch"):
        with pytest.raises(lti13.AuthenticationRequestError) as caught:
            lti13.check_redirect_uri(similar, ["https://tool/launch"])
        assert caught.value.reason == "wrong_redirect_uri"


def assertion(signer: str = "tool", **changes: Any) -> str:
    whole = {
        "iss": "tool",
        "sub": "tool",
        "aud": TOKEN_URL,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "j1",
        **changes,
    }
    return sign({name: value for name, value in whole.items() if value is not ...}, key(signer), kid="k")


def check_assertion(made: str, **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"client_id": "tool", "audiences": [TOKEN_URL], "now": NOW, **changes}
    return lti13.check_client_assertion(made, KeySet.from_jwks(jwks([("k", key("tool"))])), **options)


def test_a_right_assertion_passes() -> None:
    assert check_assertion(assertion())["jti"] == "j1"
    assert check_assertion(assertion(aud=["other", TOKEN_URL]))
    assert check_assertion(assertion(iat=NOW + 30, exp=NOW + 90)), "within the buffer for clocks that run ahead"
    assert check_assertion(assertion(), now=NOW + 59.9)


@pytest.mark.parametrize(
    ("changes", "reason", "name"),
    [
        ({"iss": "x"}, "wrong_issuer", "iss"),
        ({"sub": "x"}, "wrong_issuer", "sub"),
        ({"aud": "https://lms"}, "wrong_audience", "aud"),
        ({"aud": []}, "wrong_audience", "aud"),
        ({"exp": NOW}, "expired", "exp"),
        ({"iat": NOW + 31, "exp": NOW + 90}, "issued_in_future", "iat"),
        ({"iat": NOW - 331}, "too_old", "iat"),
        ({"jti": 5}, "bad_claim", "jti"),
        ({"jti": ""}, "bad_claim", "jti"),
        *[({name: ...}, "missing_claim", name) for name in ("iss", "sub", "aud", "exp", "iat", "jti")],
    ],
)
def test_each_rule_of_an_assertion(changes: dict[str, Any], reason: str, name: str) -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(assertion(**changes))
    assert (caught.value.reason, caught.value.check) == (reason, name)


def test_an_assertion_by_another_key_or_too_long_lived() -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(assertion(signer="stranger"))
    assert caught.value.reason == "bad_signature"
    with pytest.raises(TokenError) as caught:
        check_assertion(assertion(exp=NOW + 3601), max_lifetime=3600)
    assert caught.value.reason == "bad_claim"


def answer(signer: str = "tool", **changes: Any) -> str:
    whole = {
        "iss": "tool",
        "aud": ["https://lms"],
        "iat": NOW,
        "exp": NOW + 600,
        "nonce": "n",
        f"{lti13.CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{lti13.CLAIM}version": "1.3.0",
        f"{lti13.CLAIM}deployment_id": "d1",
        f"{lti13.DL_CLAIM}content_items": [{"type": "link", "url": "https://x"}],
        **changes,
    }
    return sign({name: value for name, value in whole.items() if value is not ...}, key(signer), kid="k")


def check_answer(made: str) -> list[dict[str, Any]]:
    keys = KeySet.from_jwks(jwks([("k", key("tool"))]))
    return lti13.check_deep_linking_response(
        made, keys, client_id="tool", issuer="https://lms", deployment_id="d1", now=NOW
    )


def test_a_right_deep_linking_answer_passes() -> None:
    assert check_answer(answer()) == [{"type": "link", "url": "https://x"}]
    assert check_answer(answer(**{f"{lti13.DL_CLAIM}content_items": ...})) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "other"}, "wrong_issuer"),
        ({"aud": "other"}, "wrong_audience"),
        ({"nonce": ...}, "missing_claim"),
        ({"exp": NOW - 31}, "expired"),
        ({f"{lti13.CLAIM}message_type": "LtiResourceLinkRequest"}, "bad_claim"),
        ({f"{lti13.CLAIM}version": "1.2"}, "bad_claim"),
        ({f"{lti13.CLAIM}deployment_id": "d2"}, "bad_claim"),
        ({f"{lti13.DL_CLAIM}content_items": {}}, "bad_claim"),
        ({f"{lti13.DL_CLAIM}content_items": [{"url": "x"}]}, "bad_claim"),
    ],
)
def test_each_rule_of_a_deep_linking_answer(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        check_answer(answer(**changes))
    assert caught.value.reason == reason


def test_scopes_are_split_in_the_order_asked() -> None:
    asked = [lti13.SCOPE_SCORE, "x", lti13.SCOPE_MEMBERSHIP]
    assert lti13.granted_scopes(asked, lti13.SERVICE_SCOPES) == ([asked[0], asked[2]], ["x"])
