"""Keys and what is made with them: key sets, JWKs, PEM texts, headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lms_emulator.signing.jwk import KeySet, jwks, load_private_key, load_public_key, public_jwk, public_key_from_jwk
from lms_emulator.signing.jwt import read, sign, verify

from .tokens import NOW, claims, key, pem, public_pem


def numbers(name: str) -> rsa.RSAPublicNumbers:
    return key(name).public_key().public_numbers()


def number(found: object) -> rsa.RSAPublicNumbers:
    assert isinstance(found, rsa.RSAPublicKey)
    return found.public_numbers()


def test_a_key_is_published_with_its_id_and_what_it_is_for() -> None:
    by_pyjwt = json.loads(pyjwt.algorithms.RSAAlgorithm.to_jwk(key("a").public_key()))
    expected = {"kty": "RSA", "n": by_pyjwt["n"], "e": "AQAB", "alg": "RS256", "use": "sig", "kid": "one"}
    for material in (key("a"), key("a").public_key(), pem("a"), pem("a").encode(), public_pem("a")):
        assert public_jwk(material, "one") == expected
    assert public_jwk(key("a"), "one", algorithm="RS512") == {**expected, "alg": "RS512"}
    assert jwks([("one", key("a"))]) == {"keys": [expected]}
    assert jwks([("one", key("a"))], algorithm="RS384") == {"keys": [{**expected, "alg": "RS384"}]}


def test_of_a_private_jwk_only_the_public_half_is_taken() -> None:
    private = json.loads(pyjwt.algorithms.RSAAlgorithm.to_jwk(key("a")))
    assert "d" in private
    assert number(public_key_from_jwk(private)) == numbers("a")


def test_a_key_set_chooses_by_id() -> None:
    found = KeySet.from_jwks(jwks([("one", key("a")), ("two", key("b"))]))
    assert (len(found), found.kids) == (2, ["one", "two"])
    assert number(found.get("one")) == numbers("a")
    assert number(found.get("two")) == numbers("b")
    assert found.get("three") is None
    assert found.get("") is None
    assert found.get(None) is None, "two to choose from"


def test_the_only_key_needs_no_id() -> None:
    alone = KeySet({"one": pem("a")})
    assert alone.get(None) == pem("a")
    assert alone.get("two") is None, "an id that is given counts"
    assert KeySet({}).get(None) is None


def test_a_key_set_of_one_bare_key() -> None:
    bare = public_jwk(key("a"), "one")
    assert KeySet.from_jwks(bare).kids == ["one"]
    del bare["kid"]
    nameless = KeySet.from_jwks(bare)
    assert nameless.kids == [""]
    assert number(nameless.get(None)) == numbers("a")
    assert number(nameless.get("")) == numbers("a")


def test_other_key_types_are_skipped_and_the_first_key_of_an_id_counts() -> None:
    unspecific: dict[str, Any] = public_jwk(key("b"), "plain")
    del unspecific["use"]
    document = {
        "keys": [
            {**public_jwk(key("a"), "enc"), "use": "enc"},
            {**public_jwk(key("a"), "curve"), "kty": "EC"},
            ["no object"],
            unspecific,
            {**public_jwk(key("a"), "x"), "kid": 5},
            {**public_jwk(key("b"), "x"), "kid": 5},
        ]
    }
    found = KeySet.from_jwks(document)
    assert found.kids == ["plain", "5"]
    assert number(found.get("5")) == numbers("a")
    assert KeySet.from_jwks({"keys": ()}).kids == []


def test_a_key_set_is_its_own_copy() -> None:
    keys: dict[str, Any] = {"one": pem("a")}
    found = KeySet(keys)
    keys.clear()
    assert found.kids == ["one"]


@pytest.mark.parametrize("as_bytes", [False, True])
def test_pem_texts_are_read_as_text_and_bytes(as_bytes: bool) -> None:
    private, public = (text.encode() if as_bytes else text for text in (pem("a"), public_pem("a")))
    assert load_private_key(private).private_numbers() == key("a").private_numbers()
    assert number(load_public_key(public)) == numbers("a")
    made = sign(claims(), private)
    assert verify(made, public, algorithms=["RS256"], now=NOW) == claims()
    assert verify(made, private, algorithms=["RS256"], now=NOW) == claims(), "the public half of it"


def test_keys_of_the_older_pem_format_are_read() -> None:
    older = key("a").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert b"BEGIN RSA PRIVATE KEY" in older
    assert public_jwk(older, "one") == public_jwk(key("a"), "one")


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, {"alg": "RS256", "typ": "JWT"}),
        ({"kid": "k"}, {"alg": "RS256", "kid": "k", "typ": "JWT"}),
        ({"kid": ""}, {"alg": "RS256", "kid": "", "typ": "JWT"}),
        ({"headers": {"typ": "at+jwt", "x": [1]}}, {"alg": "RS256", "typ": "at+jwt", "x": [1]}),
        ({"algorithm": "RS512", "headers": {}}, {"alg": "RS512", "typ": "JWT"}),
    ],
)
def test_headers(options: Mapping[str, Any], header: dict[str, Any]) -> None:
    made = sign(claims(), pem("a"), **options)
    assert read(made) == (header, claims())
    assert list(read(made).header) == list(header)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", ["secret", b"\xff\x00", pem("b")[:60]], ids=["text", "bytes", "the top of a key"])
def test_shared_secrets_sign_as_pyjwt_does(algorithm: str, secret: str | bytes) -> None:
    made = sign(claims(), secret, algorithm=algorithm)
    raw = secret.encode() if isinstance(secret, str) else secret
    hasher = pyjwt.get_algorithm_by_name(algorithm)
    signed, _, signature = made.rpartition(".")
    assert hasher.sign(signed.encode(), raw) == pyjwt.utils.base64url_decode(signature)
    assert verify(made, secret, algorithms=[algorithm], now=NOW) == claims()


def test_only_padding_is_left_out() -> None:
    """A signature of 48 bytes needs none, whatever letter it ends in."""
    endings = set()
    for number in range(600):
        signature = sign({"n": number}, "secret", algorithm="HS384").rpartition(".")[2]
        assert len(signature) == 64
        endings.add(signature[-1])
    assert len(endings) == 64


def test_a_claim_in_any_script_is_signed() -> None:
    named = claims(name="Zoë 李 \U0001f393")
    assert verify(sign(named, key("a")), key("a"), algorithms=["RS256"], now=NOW) == named


def test_elliptic_keys_are_read_where_they_are_asked_for() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    elliptic = {**pyjwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "elliptic"}
    document = {"keys": [public_jwk(key("a"), "rsa"), elliptic]}
    assert KeySet.from_jwks(document).kids == ["rsa"]
    found = KeySet.from_jwks(document, elliptic=True)
    assert found.kids == ["rsa", "elliptic"]
    assert found.get("elliptic") == private.public_key()
    assert found.get("rsa") == key("a").public_key()
