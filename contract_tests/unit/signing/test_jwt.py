"""Tokens: what is signed holds, and each way to be wrong has its own name, at the second it begins."""

from __future__ import annotations

import base64
import subprocess
import sys

import jwt as pyjwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_emulator.signing.jwk import KeySet, jwks, public_jwk, public_key_from_jwk
from lms_emulator.signing.jwt import read, sign
from lms_emulator.signing.token_errors import TokenError

from .tokens import NOW, check, claims, fault, forged, key, pem, public_pem, token


def test_a_signed_token_holds_for_us_and_for_pyjwt() -> None:
    made = token(sub="x")
    assert check(made) == claims(sub="x")
    assert read(made).header == {"alg": "RS256", "kid": "one", "typ": "JWT"}
    outside = pyjwt.decode(
        made,
        key("a").public_key(),
        algorithms=["RS256"],
        audience="tool",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert outside == claims(sub="x")


def test_tokens_of_pyjwt_hold() -> None:
    made = pyjwt.encode(claims(), key("a"), algorithm="RS256", headers={"kid": "one"})
    assert check(made) == claims()


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256"])
def test_rsa_algorithms_from_pem_and_objects(algorithm: str) -> None:
    made = sign(claims(), pem("a"), algorithm=algorithm)
    for keys in (pem("a"), public_pem("a"), public_pem("a").encode(), key("a"), key("a").public_key()):
        assert check(made, keys=keys, algorithms=[algorithm]) == claims()


def test_shared_secrets_of_any_length_hold() -> None:
    made = sign(claims(), "short", algorithm="HS256")
    assert check(made, keys="short", algorithms=["HS256"]) == claims()
    assert fault(made, keys="other", algorithms=["HS256"]) == "bad_signature"


def test_no_algorithm_is_refused_however_it_is_spelled() -> None:
    for spelled in ("none", "None", "NONE", None, 5):
        assert fault(forged({"alg": spelled}, claims())) == "alg_none"


def test_a_public_key_as_hmac_secret_is_refused() -> None:
    assert fault(sign(claims(), "anything", algorithm="HS256")) == "alg_confusion"


def test_an_algorithm_outside_the_list_is_refused() -> None:
    assert fault(sign(claims(), key("a"), algorithm="RS512", kid="one")) == "alg_not_allowed"
    assert check(sign(claims(), key("a"), algorithm="RS512", kid="one"), algorithms=["RS256", "RS512"])


def test_the_key_id_chooses_the_key() -> None:
    assert fault(sign(claims(), key("a"), kid="three")) == "unknown_kid"
    assert fault(sign(claims(), key("a"))) == "unknown_kid", "no kid, and two keys to choose from"
    assert fault(sign(claims(), key("a"), kid="two")) == "bad_signature"
    assert check(sign(claims(), key("b"), kid="two")) == claims()
    alone = KeySet.from_jwks(jwks([("one", key("a"))]))
    assert check(sign(claims(), key("a")), keys=alone) == claims()


def test_times_are_checked_to_the_second() -> None:
    assert check(token(), now=NOW + 299.999)
    assert fault(token(), now=NOW + 300) == "expired"
    assert check(token(), now=NOW + 304, leeway=5)
    assert fault(token(), now=NOW + 305, leeway=5) == "expired"
    assert check(token(nbf=NOW + 10, iat=...), now=NOW + 10)
    assert fault(token(nbf=NOW + 10, iat=...), now=NOW + 9.9) == "not_yet_valid"
    assert fault(token(iat=NOW + 1)) == "issued_in_future"
    assert check(token(iat=NOW + 1), leeway=1)
    assert check(token(exp=NOW + 900), now=NOW + 60, max_age=60)
    assert fault(token(exp=NOW + 900), now=NOW + 61, max_age=60) == "too_old"


def test_required_claims() -> None:
    assert fault(token(exp=...)) == "missing_claim"
    assert fault(token(), required=["exp", "jti"]) == "missing_claim"
    assert check(token(exp=...), required=[])
    for bad in ("soon", True, [1]):
        assert fault(token(exp=bad)) == "bad_claim"


def test_issuer_and_audience() -> None:
    assert fault(token(iss="https://lms/")) == "wrong_issuer"
    assert fault(token(iss=...)) == "wrong_issuer"
    assert fault(token(aud="other")) == "wrong_audience"
    assert fault(token(aud=...)) == "wrong_audience"
    assert fault(token(aud={"tool": 1})) == "wrong_audience"
    assert check(token(aud=["other", "tool"]))
    assert check(token(aud="b"), audience={"a", "b"})
    assert check(token(iss=7, aud=7), issuer=None, audience=None)


@pytest.mark.parametrize(
    "made",
    [
        "",
        "a",
        "a.b",
        "..",
        "a.b.c.d",
        "é.é.é",
        "e30.e30",
        "e30=.e30.",
        "W10.e30.",
        "e30.W10.",
        "bnVsbA.e30.",
    ],
)
def test_invalid_tokens_are_malformed(made: str) -> None:
    assert fault(made) == "malformed"


def test_a_signature_with_odd_letters_is_malformed() -> None:
    assert fault(token()[:-2] + "==") == "malformed"


def test_deep_nesting_is_malformed_and_no_crash() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 200_000).rstrip(b"=").decode()
    assert fault(f"{deep}.e30.") == "malformed"


@settings(max_examples=60)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 5))
def test_no_flipped_bit_survives(position: int, bit: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    made = token(sub="ada")
    place = position % (len(made) - 1)  # the last letter of a signature has bits that carry nothing
    if made[place] == ".":
        return
    other = alphabet[alphabet.index(made[place]) ^ (1 << bit)]
    with pytest.raises(TokenError):
        check(made[:place] + other + made[place + 1 :])


def test_key_sets_take_signature_keys_only() -> None:
    document = {
        "keys": [
            {**public_jwk(key("a"), "enc"), "use": "enc"},
            {"kty": "EC", "kid": "curve"},
            "nonsense",
            public_jwk(pem("b"), "two"),
        ]
    }
    assert KeySet.from_jwks(document).kids == ["two"]
    assert len(KeySet.from_jwks(public_jwk(key("a"), "bare"))) == 1


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"keys": {}}, {"keys": "x"}, {"keys": [{"kty": "RSA", "n": 5}]}]
)
def test_invalid_key_sets_are_malformed(document: object) -> None:
    with pytest.raises(TokenError) as caught:
        KeySet.from_jwks(document)
    assert caught.value.reason == "malformed"


def test_an_exported_key_comes_back() -> None:
    exported = public_jwk(key("a"), "one")
    assert public_key_from_jwk(exported).public_numbers() == key("a").public_key().public_numbers()
    assert "d" not in exported
    assert sorted(exported) == ["alg", "e", "kid", "kty", "n", "use"]


def test_a_broken_pem_is_malformed() -> None:
    with pytest.raises(TokenError) as caught:
        check(token(), keys="-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n")
    assert caught.value.reason == "malformed"


def test_importing_costs_no_cryptography() -> None:
    script = "import lms_emulator.signing.jwt, sys; print([m for m in ('jwt', 'cryptography') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
