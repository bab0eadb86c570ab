"""The details of a refused token: the reason, the claim or header examined, what was expected, and what was there."""

from __future__ import annotations

import base64
import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_emulator.signing.jwk import KeySet, load_public_key, public_key_from_jwk
from lms_emulator.signing.jwt import read, sign, verify
from lms_emulator.signing.token_errors import TokenError

from .tokens import NOW, check, claims, details, forged, key, pem, public_pem, refused, token, unpadded

LONG = "A" * 61


def signed(header: dict[str, Any], signer: str = "a", algorithm: str = "RS256") -> str:
    return sign(claims(), key(signer), algorithm=algorithm, headers=header)


def shared(algorithm: str) -> str:
    return sign(claims(), "secret", algorithm=algorithm)


@pytest.mark.parametrize(
    ("made", "expected", "got", "what"),
    [
        ("", "three parts joined by dots", "1 part(s)", "token"),
        ("a.b", "three parts joined by dots", "2 part(s)", "token"),
        ("a.b.c.d", "three parts joined by dots", "4 part(s)", "token"),
        (".e30.", "base64url of a JSON object", "", "header"),
        ("e30.e3.", "base64url of a JSON object", "e3", "payload"),
        (f"{LONG}.e30.", "base64url of a JSON object", LONG[:60], "header"),
        (f"e30.{LONG}.", "base64url of a JSON object", LONG[:60], "payload"),
        ("é.e30.", "base64url of a JSON object", "é", "header"),
        ("e30=.e30.", "base64url of a JSON object", "e30=", "header"),
        ("e3!0.e30.", "base64url of a JSON object", "e3!0", "header"),
        ("W10.e30.", "a JSON object", "list", "header"),
        ("e30.bnVsbA.", "a JSON object", "NoneType", "payload"),
        ("e30.IngiCg.", "a JSON object", "str", "payload"),
    ],
)
def test_details_of_malformed_tokens(made: str, expected: str, got: str, what: str) -> None:
    assert details(refused(made)) == ("malformed", what, expected, got)


@pytest.mark.parametrize("sign_", "+/")
def test_ordinary_base64_is_no_base64url(sign_: str) -> None:
    header = b'{"x":"' + {"+": b"~~~", "/": b"???"}[sign_] * 3 + b'" }'
    safe, ordinary = (encode(header).decode() for encode in (base64.urlsafe_b64encode, base64.b64encode))
    assert sign_ in ordinary
    assert "=" not in ordinary
    assert read(f"{safe}.e30.").header
    with pytest.raises(TokenError) as caught:
        read(f"{ordinary}.e30.")
    assert details(caught.value) == ("malformed", "header", "base64url of a JSON object", ordinary[:60])


@given(header=st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3), payload=st.integers(0, 9))
def test_encoded_tokens_can_be_read(header: dict[str, str], payload: int) -> None:
    """Whatever the length, and so the padding that is left out."""
    assert read(forged(header, {"n": payload})) == (header, {"n": payload})


@pytest.mark.parametrize("broken", [LONG + "=" * 3, "!" * 61, "A"])
def test_a_signature_that_is_not_base64url(broken: str) -> None:
    made = token().rpartition(".")[0] + "." + broken
    assert details(refused(made)) == ("malformed", "signature", "base64url without padding", broken[:60])


def test_stray_letters_in_a_signature_are_not_ignored() -> None:
    made = token()
    assert refused(f"{made[:-20]}!{made[-20:]}").check == "signature"


@pytest.mark.parametrize("spelled", ["none", "None", "NONE", "nOnE", None, 5, ["RS256"]])
def test_no_algorithm(spelled: object) -> None:
    made = forged({"alg": spelled}, claims())
    assert details(refused(made)) == ("alg_none", "alg", ["RS256"], spelled)
    assert details(refused(made, algorithms={"RS512", "RS256", "PS256"})) == (
        "alg_none",
        "alg",
        ["PS256", "RS256", "RS512"],
        spelled,
    )


@pytest.mark.parametrize(
    ("algorithm", "allowed", "reason"),
    [
        ("HS256", ["RS512", "RS256"], "alg_confusion"),
        ("HS512", ["RS256"], "alg_confusion"),
        ("HS256", ["RS256", "HS512"], "alg_not_allowed"),
        ("HS256", ["HS512", "HS384"], "alg_not_allowed"),
    ],
)
def test_a_shared_secret_in_place_of_a_public_key(algorithm: str, allowed: list[str], reason: str) -> None:
    error = refused(shared(algorithm), algorithms=allowed)
    assert details(error) == (reason, "alg", sorted(allowed), algorithm)


def test_another_algorithm_of_the_same_key() -> None:
    error = refused(signed({"kid": "one"}, algorithm="RS512"), algorithms=["RS384", "RS256"])
    assert details(error) == ("alg_not_allowed", "alg", ["RS256", "RS384"], "RS512")
    assert details(refused(forged({"alg": "hs256x"}, claims()))) == ("alg_not_allowed", "alg", ["RS256"], "hs256x")


@pytest.mark.parametrize(
    ("header", "got"), [({"kid": "three"}, "three"), ({}, None), ({"kid": 3}, 3), ({"kid": ""}, "")]
)
def test_an_unpublished_key_id(header: dict[str, Any], got: object) -> None:
    assert details(refused(signed(header))) == ("unknown_kid", "kid", ["one", "two"], got)


def test_a_key_id_may_be_a_number() -> None:
    assert check(signed({"kid": 7}), keys=KeySet({"7": key("a").public_key(), "8": key("b").public_key()}))


def test_a_signature_by_another_key() -> None:
    assert details(refused(signed({"kid": "two"}))) == ("bad_signature", "signature", "RS256 by kid 'two'", "another")
    assert details(refused(signed({}), keys=public_pem("b"))) == (
        "bad_signature",
        "signature",
        "RS256 by kid None",
        "another",
    )
    assert details(refused(shared("HS512"), keys="other", algorithms=["HS512"])) == (
        "bad_signature",
        "signature",
        "HS512 by kid None",
        "another",
    )


@pytest.mark.parametrize(
    ("changes", "options", "what"),
    [
        ({"exp": ...}, {}, ("missing_claim", "exp", "present", ["aud", "iat", "iss"])),
        ({"exp": None}, {}, ("missing_claim", "exp", "present", ["aud", "exp", "iat", "iss"])),
        ({"iat": ...}, {"required": ["exp", "iat"]}, ("missing_claim", "iat", "present", ["aud", "exp", "iss"])),
        ({}, {"now": NOW + 300.25}, ("expired", "exp", f"after {NOW + 300}.250", NOW + 300)),
        ({"exp": 0}, {}, ("expired", "exp", f"after {NOW}.000", 0)),
        ({"nbf": NOW + 10}, {"now": NOW + 9.5}, ("not_yet_valid", "nbf", f"at or before {NOW + 9}.500", NOW + 10)),
        (
            {"nbf": NOW + 10},
            {"now": NOW + 4.5, "leeway": 5},
            ("not_yet_valid", "nbf", f"at or before {NOW + 4}.500", NOW + 10),
        ),
        ({"iat": NOW + 1}, {"now": NOW + 0.5}, ("issued_in_future", "iat", f"at or before {NOW}.500", NOW + 1)),
        ({"iat": NOW + 6}, {"leeway": 5}, ("issued_in_future", "iat", f"at or before {NOW}.000", NOW + 6)),
        ({}, {"now": NOW + 60.5, "max_age": 60}, ("too_old", "iat", f"at or after {NOW}.500", NOW)),
        ({}, {"now": NOW + 65.5, "max_age": 60, "leeway": 5}, ("too_old", "iat", f"at or after {NOW + 5}.500", NOW)),
        ({"iss": "x"}, {}, ("wrong_issuer", "iss", ["https://lms"], "x")),
        ({"iss": "c"}, {"issuer": {"b", "a"}}, ("wrong_issuer", "iss", ["a", "b"], "c")),
        ({"iss": ...}, {}, ("wrong_issuer", "iss", ["https://lms"], None)),
        ({"iss": ["https://lms"]}, {}, ("wrong_issuer", "iss", ["https://lms"], ["https://lms"])),
        ({"aud": "x"}, {}, ("wrong_audience", "aud", ["tool"], "x")),
        ({"aud": ["c", 5]}, {"audience": {"b", "a"}}, ("wrong_audience", "aud", ["a", "b"], ["c", 5])),
        ({"aud": ...}, {}, ("wrong_audience", "aud", ["tool"], None)),
        ({"aud": {"tool": 1}}, {}, ("wrong_audience", "aud", ["tool"], {"tool": 1})),
    ],
)
def test_an_invalid_claim(
    changes: dict[str, Any], options: dict[str, Any], what: tuple[str, str, object, object]
) -> None:
    assert details(refused(token(**changes), **options)) == what


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"exp": NOW + 0.5}, {"now": NOW + 0.25}),
        ({"nbf": NOW + 10}, {"now": NOW + 5, "leeway": 5}),
        ({"iat": NOW + 5}, {"leeway": 5}),
        ({"exp": NOW + 900}, {"now": NOW + 65, "max_age": 60, "leeway": 5}),
        ({"iat": ...}, {"max_age": 60}),
        ({"iat": None, "nbf": None}, {}),
        ({"iat": 0, "nbf": -1}, {}),
        ({"iss": "b"}, {"issuer": ["a", "b"]}),
        ({"aud": [5, "tool"]}, {}),
        ({"exp": 1e300}, {"leeway": 0.5}),
        ({"exp": ...}, {"required": ()}),
    ],
)
def test_a_claim_at_the_limit(changes: dict[str, Any], options: dict[str, Any]) -> None:
    assert check(token(**changes), **options) == claims(**changes)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ["soon", True, False, [1], {}, math.inf, -math.inf, sys.float_info.max, 10**400, -(10**400)]
)
def test_an_invalid_time(name: str, value: object) -> None:
    """Among them integers that JSON can hold but no clock can represent."""
    error = refused(token(**{name: value}), leeway=0.5, max_age=0.5)
    assert details(error) == ("bad_claim", name, "seconds since the epoch", value)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_not_a_number(name: str) -> None:
    error = refused(token(**{name: math.nan}))
    assert (error.reason, error.check, str(error.got)) == ("bad_claim", name, "nan")


def test_the_checks_have_an_order() -> None:
    """The signature first, then what is there, then times, issuer and audience."""
    wrong = {"iss": "x", "aud": "y"}
    late: dict[str, Any] = {"now": NOW + 301, "required": ["exp", "jti"]}
    assert refused(token(**wrong)[:-4] + "AAAA", **late).reason == "bad_signature"
    assert refused(token(**wrong), **late).reason == "missing_claim"
    assert refused(token(**wrong, jti="j"), **late).reason == "expired"
    assert refused(token(**wrong)).reason == "wrong_issuer"


def test_optional_checks_are_skipped_by_default() -> None:
    made = sign({"exp": NOW + 1, "iat": NOW - 10**9}, key("a"))
    assert verify(made, key("a"), algorithms=["RS256"], now=NOW) == {"exp": NOW + 1, "iat": NOW - 10**9}
    with pytest.raises(TokenError) as caught:
        verify(made, key("a"), algorithms=["RS256"], now=NOW + 1)
    assert caught.value.reason == "expired", "no leeway unless asked for"
    with pytest.raises(TokenError) as caught:
        verify(sign({}, key("a")), key("a"), algorithms=["RS256"], now=NOW)
    assert details(caught.value) == ("missing_claim", "exp", "present", [])


def test_an_error_needs_no_particulars() -> None:
    error = TokenError("malformed", "token")
    assert details(error) == ("malformed", "token", None, None)
    assert str(error) == "malformed: token (expected None, got None)"


@pytest.mark.parametrize(
    ("document", "expected", "got"),
    [
        (None, "an object with keys", "NoneType"),
        ([], "an object with keys", "list"),
        ({}, "a list under keys", []),
        ({"x": 1, "b": 2, 3: 4}, "a list under keys", ["3", "b", "x"]),
        ({"keys": {}}, "a list under keys", ["keys"]),
        ({"keys": "x"}, "a list under keys", ["keys"]),
    ],
)
def test_details_of_malformed_key_sets(document: object, expected: str, got: object) -> None:
    with pytest.raises(TokenError) as caught:
        KeySet.from_jwks(document)
    assert details(caught.value) == ("malformed", "jwks", expected, got)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "RSA"},
        {"kty": "EC", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
        {"kty": "RSA", "n": "AQAB"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "n": None, "e": "AQAB"},
        {"kty": "RSA", "n": "AA", "e": "AA"},
        {"kty": "RSA", "n": "é", "e": "AQAB"},
    ],
)
def test_details_of_malformed_public_keys(jwk: dict[str, Any]) -> None:
    with pytest.raises(TokenError) as caught:
        public_key_from_jwk(jwk)
    error = caught.value
    assert (error.reason, error.check, error.expected) == ("malformed", "jwk", f"an {jwk.get('kty', 'RSA')} public key")
    assert error.got == str(error.__cause__)


@pytest.mark.parametrize("text", ["", "no key", b"no key", pem("a")[:200]])
def test_details_of_malformed_pem_texts(text: str | bytes) -> None:
    with pytest.raises(TokenError) as caught:
        load_public_key(text)
    error = caught.value
    assert (error.reason, error.check, error.expected) == ("malformed", "public key", "a PEM public key")
    assert error.got == str(error.__cause__)


@settings(max_examples=50)
@given(leeway=st.integers(0, 100), age=st.integers(0, 1000), now=st.integers(NOW - 200, NOW + 1200))
def test_times_hold_exactly_from_first_to_last(leeway: int, age: int, now: int) -> None:
    """A model in one line: from `iat` on, up to the age, before `exp`; the leeway widens both ends."""
    made = token(exp=NOW + 600)
    holds = NOW - leeway <= now <= NOW + age + leeway and now < NOW + 600 + leeway
    try:
        check(made, now=now, leeway=leeway, max_age=age)
    except TokenError as error:
        assert not holds, error
    else:
        assert holds


def test_unpadded_is_what_tokens_are_written_in() -> None:
    header, payload, signature = token().split(".")
    assert header == unpadded(b'{"alg":"RS256","kid":"one","typ":"JWT"}')
    assert payload == unpadded(b'{"iss":"https://lms","aud":"tool","iat":1800000000,"exp":1800000300}')
    assert "=" not in signature


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], "x", None])
def test_a_critical_extension_is_not_ignored(critical: Any) -> None:
    made = signed({"crit": critical, "exp": 1})
    assert details(refused(made)) == ("crit_not_understood", "crit", "absent", critical)
    assert check(signed({"exp": 1, "kid": "one"}))
