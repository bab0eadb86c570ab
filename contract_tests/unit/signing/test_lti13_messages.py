"""What LTI 1.3 messages say, member by member, and why tools that break a rule are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet, jwks
from lms_emulator.signing.jwt import sign
from lms_emulator.signing.token_errors import TokenError

from .tokens import NOW, details, key

TOKEN_URL = "https://lms/token"
WHOLE: dict[str, Any] = {
    "issuer": "https://lms",
    "client_id": "tool",
    "deployment_id": "d1",
    "target_link_uri": "https://tool/launch",
    "person": {"sub": "u1"},
    "roles": [],
}
BARE = {
    "iss": "https://lms",
    "aud": "tool",
    "azp": "tool",
    "iat": NOW,
    "exp": NOW + 60,
    "nonce": "n",
    "sub": "u1",
    "https://purl.imsglobal.org/spec/lti/claim/message_type": "LtiResourceLinkRequest",
    "https://purl.imsglobal.org/spec/lti/claim/version": "1.3.0",
    "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "d1",
    "https://purl.imsglobal.org/spec/lti/claim/target_link_uri": "https://tool/launch",
    "https://purl.imsglobal.org/spec/lti/claim/roles": [],
}
SCOPES = ["https://purl.imsglobal.org/spec/lti-ags/scope/score"]
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"


@pytest.mark.parametrize(
    ("parts", "added"),
    [
        ({}, {}),
        ({"message_type": "LtiDeepLinkingRequest"}, {f"{lti13.CLAIM}message_type": "LtiDeepLinkingRequest"}),
        ({"context": {"id": "c"}}, {"https://purl.imsglobal.org/spec/lti/claim/context": {"id": "c"}}),
        ({"resource_link": {"id": "r"}}, {"https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "r"}}),
        ({"tool_platform": {"guid": "g"}}, {"https://purl.imsglobal.org/spec/lti/claim/tool_platform": {"guid": "g"}}),
        (
            {"presentation": {"locale": "en"}},
            {"https://purl.imsglobal.org/spec/lti/claim/launch_presentation": {"locale": "en"}},
        ),
        ({"custom": {"a": "b"}}, {"https://purl.imsglobal.org/spec/lti/claim/custom": {"a": "b"}}),
        ({"custom": {}}, {"https://purl.imsglobal.org/spec/lti/claim/custom": {}}),
        ({"lis": {"x": "y"}}, {"https://purl.imsglobal.org/spec/lti/claim/lis": {"x": "y"}}),
        (
            {"deep_linking": {"data": "d"}},
            {"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {"data": "d"}},
        ),
        ({"memberships": "https://m"}, {NRPS: {"context_memberships_url": "https://m", "service_versions": ["2.0"]}}),
        ({"memberships": ""}, {}),
        ({"ags_scopes": SCOPES, "line_items": "https://i"}, {AGS: {"scope": SCOPES, "lineitems": "https://i"}}),
        (
            {"ags_scopes": SCOPES, "line_items": "https://i", "line_item": "https://i/1"},
            {AGS: {"scope": SCOPES, "lineitems": "https://i", "lineitem": "https://i/1"}},
        ),
        ({"ags_scopes": SCOPES, "line_item": "https://i/1"}, {}),
        ({"ags_scopes": [], "line_items": "https://i"}, {}),
        ({"line_items": "https://i", "line_item": "https://i/1"}, {}),
        ({"extra": {"x": 1, "nonce": "theirs"}}, {"x": 1, "nonce": "theirs"}),
    ],
)
def test_each_part_of_a_launch_is_one_claim(parts: dict[str, Any], added: dict[str, Any]) -> None:
    made = lti13.launch_claims(lti13.Launch(**{**WHOLE, **parts}), nonce="n", now=NOW, lifetime=60)
    assert made == {**BARE, **added}


def test_the_authorised_party_is_named_or_not() -> None:
    named = lti13.launch_claims(lti13.Launch(**WHOLE), nonce="n", now=NOW, lifetime=60, azp=True)
    unnamed = lti13.launch_claims(lti13.Launch(**WHOLE), nonce="n", now=NOW, lifetime=60, azp=False)
    assert named == BARE
    assert unnamed == {name: value for name, value in BARE.items() if name != "azp"}


RIGHT = {
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


def request_refused(params: dict[str, str]) -> tuple[str, str, object, object]:
    with pytest.raises(lti13.AuthenticationRequestError) as caught:
        lti13.check_authentication_request(params)
    return explained(caught.value)


def explained(error: lti13.AuthenticationRequestError) -> tuple[str, str, object, object]:
    """What the error holds, which its text says, too."""
    text = f"{error.reason}: {error.parameter} (expected {error.expected!r}, got {error.got!r})"
    assert str(error) == text
    return error.reason, error.parameter, error.expected, error.got


@pytest.mark.parametrize("name", RIGHT)
def test_a_parameter_that_is_missing_is_named(name: str) -> None:
    others = {key: value for key, value in reversed(RIGHT.items()) if key != name}
    assert request_refused(others) == ("missing_parameter", name, "present", sorted(others))
    assert request_refused({**RIGHT, name: ""}) == ("missing_parameter", name, "present", sorted(RIGHT))


def test_all_that_are_missing_are_named_at_once() -> None:
    assert request_refused({"state": "s", "scope": "x"}) == (
        "missing_parameter",
        "client_id,login_hint,lti_message_hint,nonce,prompt,redirect_uri,response_mode,response_type",
        "present",
        ["scope", "state"],
    )


@pytest.mark.parametrize(
    ("name", "wanted", "reason"),
    [
        ("scope", "openid", "wrong_scope"),
        ("response_type", "id_token", "wrong_response_type"),
        ("response_mode", "form_post", "wrong_response_mode"),
        ("prompt", "none", "wrong_prompt"),
    ],
)
@pytest.mark.parametrize("change", [str.upper, "{} ".format, "x{}".format])
def test_a_fixed_parameter_has_one_value(name: str, wanted: str, reason: str, change: Any) -> None:
    sent = change(wanted)
    assert request_refused({**RIGHT, name: sent}) == (reason, name, wanted, sent)


def test_fixed_parameters_are_checked_in_order() -> None:
    wrong = dict.fromkeys(RIGHT, "x")
    assert request_refused(wrong)[1] == "scope"
    assert request_refused({**wrong, "scope": "openid"})[1] == "response_type"
    assert request_refused({**wrong, "scope": "openid", "response_type": "id_token"})[1] == "response_mode"
    assert request_refused({**RIGHT, "prompt": "x"})[1] == "prompt"


def test_an_unregistered_redirect_address_is_refused_with_those_that_are() -> None:
    with pytest.raises(lti13.AuthenticationRequestError) as caught:
        lti13.check_redirect_uri("https://tool/x", {"https://tool/b", "https://tool/a"})
    assert explained(caught.value) == (
        "wrong_redirect_uri",
        "redirect_uri",
        ["https://tool/a", "https://tool/b"],
        "https://tool/x",
    )
    lti13.check_redirect_uri("https://tool/b", {"https://tool/b", "https://tool/a"})


def test_a_request_error_needs_no_particulars() -> None:
    assert explained(lti13.AuthenticationRequestError("wrong_scope", "scope")) == ("wrong_scope", "scope", None, None)


def signed(whole: dict[str, Any], changes: dict[str, Any], signer: str, algorithm: str) -> str:
    said = {name: value for name, value in {**whole, **changes}.items() if value is not ...}
    return sign(said, key(signer), kid="k", algorithm=algorithm)


def assertion(changes: dict[str, Any], *, signer: str = "tool", algorithm: str = "RS256") -> str:
    whole = {"iss": "tool", "sub": "tool", "aud": TOKEN_URL, "iat": NOW, "exp": NOW + 60, "jti": "j1"}
    return signed(whole, changes, signer, algorithm)


def check_assertion(made: str, **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"client_id": "tool", "audiences": [TOKEN_URL], "now": NOW, **changes}
    return lti13.check_client_assertion(made, KeySet.from_jwks(jwks([("k", key("tool"))])), **options)


@pytest.mark.parametrize(
    ("changes", "options", "what"),
    [
        ({"iss": "x"}, {}, ("wrong_issuer", "iss", "tool", "x")),
        ({"sub": "x"}, {}, ("wrong_issuer", "sub", "tool", "x")),
        ({"aud": "x"}, {"audiences": {"b", "a"}}, ("wrong_audience", "aud", ["a", "b"], "x")),
        ({"aud": []}, {}, ("wrong_audience", "aud", [TOKEN_URL], [])),
        ({"aud": {TOKEN_URL: 1}}, {}, ("wrong_audience", "aud", [TOKEN_URL], {TOKEN_URL: 1})),
        ({"exp": NOW}, {}, ("expired", "exp", f"after {NOW}.000", NOW)),
        ({"exp": NOW}, {"now": NOW + 0.25}, ("expired", "exp", f"after {NOW}.250", NOW)),
        ({"exp": NOW - 30}, {}, ("expired", "exp", f"after {NOW}.000", NOW - 30)),
        ({"iat": NOW + 31, "exp": NOW + 90}, {}, ("issued_in_future", "iat", f"at or before {NOW}.000", NOW + 31)),
        ({"iat": NOW + 1}, {"leeway": 0}, ("issued_in_future", "iat", f"at or before {NOW}.000", NOW + 1)),
        ({"iat": NOW - 301}, {}, ("too_old", "iat", f"at or after {NOW - 300}.000", NOW - 301)),
        ({"iat": NOW - 301}, {"leeway": 60}, ("too_old", "iat", f"at or after {NOW - 300}.000", NOW - 301)),
        ({"iat": NOW - 11}, {"leeway": 0, "max_age": 10}, ("too_old", "iat", f"at or after {NOW - 10}.000", NOW - 11)),
        ({"jti": 5}, {}, ("bad_claim", "jti", "a string", 5)),
        ({"jti": ""}, {}, ("bad_claim", "jti", "a string", "")),
        ({"exp": NOW + 61}, {"max_lifetime": 60}, ("bad_claim", "exp", "at most 60 s after iat", NOW + 61)),
        *[
            (
                {name: ...},
                {},
                ("missing_claim", name, "present", sorted({"iss", "sub", "aud", "exp", "iat", "jti"} - {name})),
            )
            for name in ("iss", "sub", "aud", "exp", "iat", "jti")
        ],
    ],
)
def test_a_wrong_assertion_is_refused_with_the_reason(
    changes: dict[str, Any], options: dict[str, Any], what: tuple[str, str, object, object]
) -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(assertion(changes), **options)
    assert details(caught.value) == what


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"aud": ["x", TOKEN_URL]}, {}),
        ({"aud": "b"}, {"audiences": {"b", "a"}}),
        ({"exp": NOW + 0.5}, {"now": NOW + 0.25}),
        ({"iat": NOW + 30}, {}),
        ({"iat": NOW - 300}, {"leeway": 60}),
        ({"iat": NOW - 10}, {"leeway": 0, "max_age": 10}),
        ({"exp": NOW + 60}, {"max_lifetime": 60}),
        ({"exp": NOW + 10**9}, {}),
    ],
)
def test_an_assertion_at_its_limits(changes: dict[str, Any], options: dict[str, Any]) -> None:
    assert check_assertion(assertion(changes), **options)["jti"] == "j1"


def test_only_rs256_signs_for_a_tool() -> None:
    with pytest.raises(TokenError) as caught:
        check_assertion(assertion({}, algorithm="RS512"))
    assert details(caught.value) == ("alg_not_allowed", "alg", ["RS256"], "RS512")
    with pytest.raises(TokenError) as caught:
        check_answer(answer({}, algorithm="RS512"))
    assert details(caught.value) == ("alg_not_allowed", "alg", ["RS256"], "RS512")


def answer(changes: dict[str, Any], *, signer: str = "tool", algorithm: str = "RS256") -> str:
    whole = {
        "iss": "tool",
        "aud": ["https://lms"],
        "iat": NOW,
        "exp": NOW + 600,
        "nonce": "n",
        "https://purl.imsglobal.org/spec/lti/claim/message_type": "LtiDeepLinkingResponse",
        "https://purl.imsglobal.org/spec/lti/claim/version": "1.3.0",
        "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "d1",
        "https://purl.imsglobal.org/spec/lti-dl/claim/content_items": [{"type": "link"}],
    }
    return signed(whole, changes, signer, algorithm)


def check_answer(made: str, **changes: Any) -> list[dict[str, Any]]:
    options: dict[str, Any] = {"client_id": "tool", "issuer": "https://lms", "deployment_id": "d1", "now": NOW}
    keys = KeySet.from_jwks(jwks([("k", key("tool"))]))
    return lti13.check_deep_linking_response(made, keys, **{**options, **changes})


ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
SHAPE = "a list of objects with a type"


@pytest.mark.parametrize(
    ("changes", "options", "what"),
    [
        ({"iss": "x"}, {}, ("wrong_issuer", "iss", ["tool"], "x")),
        ({"aud": "x"}, {}, ("wrong_audience", "aud", ["https://lms"], "x")),
        ({"exp": NOW - 30}, {}, ("expired", "exp", f"after {NOW}.000", NOW - 30)),
        ({"exp": NOW}, {"leeway": 0}, ("expired", "exp", f"after {NOW}.000", NOW)),
        ({"iat": NOW + 31}, {}, ("issued_in_future", "iat", f"at or before {NOW}.000", NOW + 31)),
        ({"iat": NOW - 331}, {}, ("too_old", "iat", f"at or after {NOW - 300}.000", NOW - 331)),
        ({"iat": NOW - 41}, {"max_age": 10}, ("too_old", "iat", f"at or after {NOW - 10}.000", NOW - 41)),
        (
            {f"{lti13.CLAIM}message_type": ...},
            {},
            ("bad_claim", f"{lti13.CLAIM}message_type", "LtiDeepLinkingResponse", None),
        ),
        ({f"{lti13.CLAIM}version": "1.2"}, {}, ("bad_claim", f"{lti13.CLAIM}version", "1.3.0", "1.2")),
        ({f"{lti13.CLAIM}deployment_id": "d2"}, {}, ("bad_claim", f"{lti13.CLAIM}deployment_id", "d1", "d2")),
        ({ITEMS: {}}, {}, ("bad_claim", ITEMS, SHAPE, {})),
        ({ITEMS: None}, {}, ("bad_claim", ITEMS, SHAPE, None)),
        ({ITEMS: ["type"]}, {}, ("bad_claim", ITEMS, SHAPE, ["type"])),
        ({ITEMS: [{"type": "link"}, {"url": "x"}]}, {}, ("bad_claim", ITEMS, SHAPE, [{"type": "link"}, {"url": "x"}])),
    ],
)
def test_a_wrong_deep_linking_answer_is_refused_with_the_reason(
    changes: dict[str, Any], options: dict[str, Any], what: tuple[str, str, object, object]
) -> None:
    with pytest.raises(TokenError) as caught:
        check_answer(answer(changes), **options)
    assert details(caught.value) == what


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "nonce"])
def test_a_deep_linking_answer_has_these_claims(name: str) -> None:
    with pytest.raises(TokenError) as caught:
        check_answer(answer({name: ...}))
    assert (caught.value.reason, caught.value.check) == ("missing_claim", name)


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({}, [{"type": "link"}]),
        ({ITEMS: ...}, []),
        ({ITEMS: []}, []),
        ({"iat": NOW + 30}, [{"type": "link"}]),
        ({"iat": NOW - 330}, [{"type": "link"}]),
        ({"exp": NOW - 29}, [{"type": "link"}]),
    ],
)
def test_a_deep_linking_response_at_its_limits(changes: dict[str, Any], items: list[object]) -> None:
    assert check_answer(answer(changes)) == items


@given(asked=st.lists(st.sampled_from("abcd")), allowed=st.sets(st.sampled_from("abcd")))
def test_scopes_are_granted_or_not_and_none_is_lost(asked: list[str], allowed: set[str]) -> None:
    granted, denied = lti13.granted_scopes(asked, allowed)
    assert set(granted) <= allowed
    assert not set(denied) & allowed
    assert sorted(granted + denied) == sorted(asked)


def test_a_consumer_key_is_proved_as_in_the_sample_of_the_migration_guide() -> None:
    """Source: https://www.imsglobal.org/spec/lti/v1p3/migr/, oauth_consumer_key_sign."""
    before = lti13.Predecessor(consumer_key="179248902", secret="my-lti11-secret")
    sample = {"issuer": "https://lmsvendor.com", "client_id": "PM48OJSfGDTAzAo", "deployment_id": "689302"}
    launch = lti13.Launch(**WHOLE | sample, predecessor=before, extra={f"{lti13.CLAIM}lti1p1": {"user_id": "34212"}})
    claims = lti13.launch_claims(launch, nonce="172we8671fd8z", now=1551290796, lifetime=60)
    assert claims[f"{lti13.CLAIM}lti1p1"] == {
        "user_id": "34212",
        "oauth_consumer_key": "179248902",
        "oauth_consumer_key_sign": "lWd54kFo5qU7xshAna6v8BwoBm6tmUjc6GTax6+12ps=",
    }
