"""A signature made with a key or secret that the emulator knows is named, wherever a tool's assertion is refused.

The tools sign with jwcrypto; the emulator with PyJWT.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from contract_tests.lti_tool import KeySite
from lms_emulator import Emulator
from lms_emulator.core.keys import private_pem
from lms_emulator.signing import lti13

SCOPE = lti13.SCOPE_MEMBERSHIP


def shipped(name: str, kid: str) -> JWK:
    """A key that comes with the emulator: making one takes a second."""
    return JWK(**JWK.from_pem(private_pem(name).encode()).export(as_dict=True) | {"kid": kid})


OURS, THEIRS, EARLIER = shipped("tool", "ours"), shipped("next-2", "theirs"), shipped("spare", "earlier")
NOBODYS = JWK.generate(kty="RSA", size=2048, kid="x")


@dataclass(frozen=True)
class Place:
    """One platform with two tools: their client ids, the token endpoint, and the `aud` of an assertion."""

    provider: str
    ours: str
    theirs: str
    path: str
    audience: str = "{url}{path}"


CANVAS = Place("canvas", "10000000000501", "10000000000502", "/login/oauth2/token")
BRIGHTSPACE = Place(
    "brightspace", "55555555-0000-4000-8000-000000000501", "55555555-0000-4000-8000-000000000502",
    "/core/connect/token", "https://api.brightspace.com/auth/token",
)  # fmt: skip


def world(dump: dict[str, Any], ours: str, theirs: str) -> dict[str, Any]:
    """The demo world with two further tools at Canvas and Brightspace."""
    page = "https://tool.example/launch"
    for place in (CANVAS, BRIGHTSPACE):
        for client, name, keys in ((place.ours, "Ours", ours), (place.theirs, "Theirs", theirs)):
            if place is CANVAS:
                known = {"id": int(client), "name": name, "is_lti_key": True, "public_jwk_url": keys}
                known |= {"oidc_initiation_url": page, "target_link_uri": page, "scopes": [SCOPE], "accounts": [1]}
                dump["canvas"]["developer_keys"].append(
                    {**known, "redirect_uris": [page], "api_key": f"secret-of-{name}-with-32-characters-"}
                )
            else:
                known = {"client_id": client, "name": name, "login_url": page, "redirect_uris": [page]}
                dump["brightspace"]["registrations"].append({**known, "keyset_url": keys, "target_link_uri": page})
    return dump


@dataclass
class Rig:
    lms: Emulator
    ours: KeySite

    def ask(self, place: Place, key: JWK, kid: str | None = None, **header: str) -> str:
        """The diagnosis of an assertion of our tool signed by this key; empty if it was accepted."""
        url = getattr(self.lms, place.provider).url
        second = int(self.lms.clock.now.timestamp())
        claims = {"iss": place.ours, "sub": place.ours, "aud": place.audience.format(url=url, path=place.path)}
        claims |= {"iat": second, "exp": second + 60, "jti": uuid4().hex}
        signed = JWS(json.dumps(claims))
        protected = {"alg": "RS256", "kid": kid or key.get("kid") or "ours", **header}
        signed.add_signature(key, None, json.dumps(protected))
        form = {"grant_type": "client_credentials", "scope": SCOPE, "client_assertion_type": lti13.JWT_BEARER}
        form["client_assertion"] = signed.serialize(compact=True)
        answer = httpx.post(f"{url}{place.path}", data=form)
        if answer.status_code == 200:
            return ""
        refusal = self.lms.requests.last.refusal
        assert refusal is not None
        return refusal.diagnosis or ""


def published(*keys: JWK) -> tuple[int, bytes]:
    return 200, json.dumps({"keys": [key.export_public(as_dict=True) for key in keys]}).encode()


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[KeySite, KeySite]]:
    made = KeySite(), KeySite()
    yield made
    for site in made:
        site.close()


@pytest.fixture
def rig(lms: Emulator, sites: tuple[KeySite, KeySite]) -> Iterator[Rig]:
    ours, theirs = sites
    ours.answer, theirs.answer = published(OURS), published(THEIRS)
    lms.load(json.loads(json.dumps(world(lms.dump(), ours.url, theirs.url), default=str)))
    yield Rig(lms, ours)
    lms.load("demo")


@pytest.mark.parametrize("place", [CANVAS, BRIGHTSPACE], ids=lambda place: place.provider)
def test_whose_key_signed_an_assertion(rig: Rig, place: Place) -> None:
    assert rig.ask(place, OURS) == ""
    other = rig.ask(place, THEIRS, "ours")
    assert place.theirs in other
    assert "(`Theirs`)" in other
    assert "kid is 'theirs', the header says 'ours'" in other
    assert f"{place.theirs} (`Theirs`); sign with" in rig.ask(place, THEIRS), "with a kid that our key set has not"
    own = JWK.from_pem(private_pem(place.provider).encode())
    assert rig.ask(place, own, "ours").startswith(
        f"it was signed with the key with which the emulated {place.provider.title()} itself"
    )
    unknown = rig.ask(place, NOBODYS, "ours")
    assert unknown
    assert "it was signed with" not in unknown

    rig.ours.answer = published(EARLIER, OURS)
    mixed = rig.ask(place, EARLIER, "ours")
    assert f"{place.ours} (`Ours`); that key's kid is 'earlier', the header says 'ours'" in mixed
    rig.ours.answer = published(OURS)
    assert rig.ask(place, OURS) == ""
    assert "(`Ours`), one that its key set had before and has no more" in rig.ask(place, EARLIER)


@pytest.mark.parametrize("place", [CANVAS, BRIGHTSPACE], ids=lambda place: place.provider)
def test_an_hmac_instead_of_a_key_pair(rig: Rig, place: Place) -> None:
    def secret(text: bytes) -> JWK:
        return JWK.from_password(text.decode())

    assert rig.ask(place, OURS) == ""
    pem = OURS.export_to_pem()
    for text in (pem, pem.strip()):
        said = rig.ask(place, secret(text), "ours", alg="HS256")
        assert said.startswith("it was signed with HS256, and as the secret the public half of the key of"), said
        assert place.ours in said
        assert "sign with its private key" in said
    assert "signed with HS256; only RS256" in rig.ask(
        place, secret(b"nobody's secret, of more than 32 characters"), "ours", alg="HS256"
    )


def test_a_client_secret_instead_of_a_key(rig: Rig) -> None:
    said = rig.ask(CANVAS, JWK.from_password("secret-of-Ours-with-32-characters-"), "ours", alg="HS256")
    assert "as the secret" in said
    assert CANVAS.ours in said


@pytest.mark.parametrize("jwk", [{"kty": "RSA", "n": 5, "e": "AQAB"}, {"kty": "RSA", "n": "", "e": ""}, {"kty": "EC"}])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_an_invalid_registered_key_is_ignored(jwk: dict[str, Any], algorithm: str) -> None:
    with Emulator.start() as lms:
        world = lms.dump()
        for key in world["canvas"]["developer_keys"]:
            key["public_jwk"] = jwk
        lms.load(world)
        key = JWK.from_password("a secret of nobody, of over 32 bytes") if algorithm == "HS256" else OURS
        token = JWS(json.dumps({"iss": "me", "sub": "me"}))
        token.add_signature(key, protected=json.dumps({"alg": algorithm}))
        headers = {"Authorization": f"Bearer {token.serialize(compact=True)}"}
        answer = httpx.put(f"{lms.canvas.url}/api/lti/courses/1/line_items/1", headers=headers)
        assert answer.status_code == 401
        assert lms.requests.last.refusal is not None
