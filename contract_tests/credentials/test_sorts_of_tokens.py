"""Tokens signed in another way than their header says, of another sort, or cut; keys that a platform passes over."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from joserfc.jwk import ECKey

from contract_tests.credentials.test_assertion_mistakes import FOREIGN, KEY, SCOPE, Desk, signed
from contract_tests.credentials.test_assertion_mistakes import desk as desk  # a fixture
from contract_tests.credentials.test_integrators_mistakes import Wrong, diagnosed, each
from contract_tests.credentials.tool_key import fetch_keys_from
from contract_tests.lti_tool import KeySite
from lms_emulator import Emulator

SERVICES = {
    "canvas": "/api/lti/courses/1/names_and_roles",
    "brightspace": "/d2l/api/lti/nrps/2.0/deployment/{deployment}/orgunit/6836/memberships",
    "openedx": "/api/lti_consumer/v1/lti/1/memberships",
}
MESSAGE_TYPE = "https://purl.imsglobal.org/spec/lti/claim/message_type"
OURS = KEY.as_dict(private=False)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def resigned(token: str, how: Callable[[rsa.RSAPrivateKey, bytes], bytes]) -> str:
    """A token with another signature, made of its text."""
    text = token.rpartition(".")[0]
    return f"{text}.{encoded(how(KEY.private_key, text.encode()))}"


def digest_of(text: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text)
    return digest.finalize()


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySite]:
    site = KeySite()
    yield site
    site.close()


@pytest.fixture(scope="module")
def lms(keys: KeySite) -> Iterator[Emulator]:
    with Emulator.start() as lms:
        fetch_keys_from(keys.url, lms)
        yield lms


def publish(keys: KeySite, *jwks: Any) -> None:
    keys.answer = 200, json.dumps({"keys": jwks}).encode()


def test_other_hashes_than_the_header_says(lms: Emulator, desk: Desk, keys: KeySite) -> None:
    publish(keys, OURS)
    token = signed(desk.claims())
    pkcs, pss = padding.PKCS1v15(), padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    changed = signed(desk.claims(scope="more")).split(".")[1]
    wrong: Wrong = {
        "SHA-1": (
            desk.ask(resigned(token, lambda key, text: key.sign(text, pkcs, hashes.SHA1()))),
            "made this signature, but with SHA-1, and RS256 takes SHA-256",
        ),
        "SHA-512": (
            desk.ask(resigned(token, lambda key, text: key.sign(text, pkcs, hashes.SHA512()))),
            "made this signature, but with SHA-512, and RS256 takes SHA-256",
        ),
        "hashed before": (
            desk.ask(resigned(token, lambda key, text: key.sign(digest_of(text), pkcs, hashes.SHA256()))),
            "made this signature, but of the hash of the text",
        ),
        "the bare hash": (
            desk.ask(resigned(token, lambda key, text: key.sign(digest_of(text), pkcs, utils.NoDigestInfo()))),
            "made this signature, but of the bare SHA-256, without the name of the hash before it",
        ),
        "hex": (
            desk.ask(resigned(token, lambda key, text: key.sign(text, pkcs, hashes.SHA256()).hex().encode())),
            "made this signature, but it was written out in hexadecimal digits before base64url",
        ),
        "PSS": (
            desk.ask(resigned(token, lambda key, text: key.sign(text, pss, hashes.SHA256()))),
            "made this signature, but by PS256, and the header says RS256",
        ),
        "another payload": (
            desk.ask(".".join([token.split(".")[0], changed, token.split(".")[2]])),
            "made this signature, but of another text: header or payload were changed after signing",
        ),
        "cut": (desk.ask(token[:-8]), "it was cut"),
    }
    each(lms, wrong)
    assert desk.ask(token)().status_code == 200
    assert "made this signature, but" not in (desk.ask(signed(desk.claims(), FOREIGN))(), diagnosed(lms))[1]


def test_keys_that_are_passed_over(lms: Emulator, desk: Desk, keys: KeySite) -> None:
    publish(keys, OURS)
    assert desk.ask()().status_code == 200
    other = FOREIGN.as_dict(private=False)
    for jwks, words in (
        ([OURS | {"use": "enc"}], "whose `use` is 'enc' in its key set, and has to be 'sig'"),
        ([OURS | {"kty": "rsa"}], "'rsa'"),
        ([other | {"kid": "ours"}, OURS], "comes after another one in its key set with the same `kid`"),
        ([other], "one that its key set had before and has no more"),
    ):
        publish(keys, *jwks)
        assert desk.ask()().status_code >= 400
        assert words in diagnosed(lms)
        assert ("had before" in words) == ("had before" in diagnosed(lms))
    publish(keys, OURS)
    assert desk.ask()().status_code == 200


def test_elliptic_signatures_in_der(lms: Emulator, keys: KeySite) -> None:
    """Brightspace takes ES256, which OpenSSL, PHP and node sign in DER unless told otherwise."""
    audience = "https://api.brightspace.com/auth/token"
    desk = Desk(f"{lms.brightspace.url}/core/connect/token", lms.brightspace.lti_client_id, audience)
    key = ECKey.generate_key("P-256", parameters={"kid": "curve"})
    publish(keys, key.as_dict(private=False))
    token = signed(desk.claims(), key, alg="ES256", kid="curve")
    text = token.rpartition(".")[0]
    der = key.private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    assert desk.ask(f"{text}.{encoded(der)}")().status_code == 400
    assert "which ES256 never has: it is in DER" in diagnosed(lms)
    assert desk.ask(token)().status_code == 200
    publish(keys, OURS | {"kid": "curve"})
    assert desk.ask(token)().status_code == 400
    assert diagnosed(lms) == "the key with the kid 'curve' has the `kty` RSA; ES256 takes EC"


def service(lms: Emulator, desk: Desk) -> str:
    name = next(name for name in SERVICES if desk.url.startswith(getattr(lms, name).url))
    info = getattr(lms, name)
    return f"{info.url}{SERVICES[name].format(deployment=info.deployment_id)}"


def test_another_sort_of_token(lms: Emulator, desk: Desk, keys: KeySite) -> None:
    publish(keys, OURS)
    roster = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
    token = desk.ask(scope=f"{SCOPE} {roster}")().json()["access_token"]
    launch = signed(desk.claims() | {"sub": "person", MESSAGE_TYPE: "LtiResourceLinkRequest", "nonce": "n"})
    url = service(lms, desk)

    def get(bearer: str) -> Callable[[], requests.Response]:
        return lambda: requests.get(url, headers={"Authorization": f"Bearer {bearer}"}, timeout=30)

    each(
        lms,
        {
            "an id_token": (get(launch), "this is an id_token, which says who opened a tool; send the access_token"),
            "an assertion": (get(signed(desk.claims())), "this is a client assertion, with which a tool requests a"),
            "cut": (get(token[:-10]), "it was cut"),
        },
    )
    me = {
        "canvas": "/api/v1/courses",
        "brightspace": "/d2l/api/lp/1.43/users/whoami",
        "openedx": "/api/enrollment/v1/enrollment",
    }
    name = next(name for name in me if desk.url.startswith(getattr(lms, name).url))
    rest = f"{getattr(lms, name).url}{me[name]}"
    for sent in (launch, signed(desk.claims())):
        assert requests.get(rest, headers={"Authorization": f"Bearer {sent}"}, timeout=30).status_code == 401
        assert diagnosed(lms).endswith("; a REST call takes an access token issued for a user")
    if desk.ask(launch)().status_code >= 400:  # Open edX does not look at the claims
        assert diagnosed(lms).startswith("this is an id_token, which says who opened a tool; an assertion is signed")
    assert get(token)().status_code == 200
    assert diagnosed(lms) == ""
