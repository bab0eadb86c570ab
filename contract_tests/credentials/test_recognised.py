"""Any credential, sent anywhere that accepts one, is recognised: what it is, whose, and where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from contract_tests.credentials.makers import MAKERS, Held, Side, bearer, kinds
from contract_tests.credentials.test_matrix import DEAD, SEEDED
from lms_emulator import Emulator
from lms_emulator.app import load_providers

Place = Callable[[Side, str], httpx.Response]
ASK = {"grant_type": "refresh_token", "client_secret": "x", "refresh_token": "x"}


def header(provider: str, path: str, scheme: str = "Bearer", name: str = "Authorization") -> Place:
    return lambda w, value: w.request("GET", provider, path, headers={name: f"{scheme} {value}".strip()})


def field(provider: str, path: str, name: str, **others: str) -> Place:
    return lambda w, value: w.request("POST", provider, path, data={**others, name: value})


def grant(provider: str, name: str, path: str, kind: str) -> Place:
    """A field of a token request in the name of the demo world's application."""

    def send(w: Side, value: str) -> httpx.Response:
        info = getattr(w.lms, provider)
        client = info.clients.trusted if provider == "openedx" else info
        if kind == "refresh_token" and provider == "openedx":
            client = info.clients.password
        back = client.redirect_uris[0] if provider == "openedx" and client.redirect_uris else "https://x.example/"
        ask = {"client_id": client.client_id, "client_secret": client.client_secret, "grant_type": kind}
        return w.request("POST", provider, path, data={**ask, "redirect_uri": back, name: value})

    return send


def launch(w: Side, value: str) -> httpx.Response:
    site = w.openlearning
    url = site.info.launch_url
    return w.http.post(url, data=site.signed(url=url, oauth_consumer_key=value)["params"])


def exchange(w: Side, value: str) -> httpx.Response:
    path = f"/api/oauth/access-token/{w.lms.ltiaas.platforms.canvas}"
    return w.request("POST", "ltiaas", path, json={"code": value}, headers=bearer(w.lms.ltiaas.api_key))


def ltik(scheme: str, path: str) -> Place:
    return lambda w, value: w.request("GET", "ltiaas", path, headers=bearer(f"{w.lms.ltiaas.api_key}:{value}", scheme))


PLACES: dict[str, Place] = {
    "openlearning X-API-Key": header("openlearning", "/v2.2/institutions/lakeside/managed-users/", "", "X-API-Key"),
    "openlearning oauth_consumer_key": launch,
    "learningstudio access token": header(
        "learningstudio", "/me", "Access_Token access_token=", "X-Authorization"
    ),
    "learningstudio client_id": field("learningstudio", "/token", "client_id", **ASK),
    "learningstudio refresh token": lambda w, value: w.learningstudio.refresh(value),
    "learningstudio access grant": lambda w, value: w.request(
        "GET", "learningstudio", "/authorize/token", params={"access_grant": value}
    ),
    "ltiaas API key": header("ltiaas", "/api/platforms"),
    "ltiaas ltik": ltik("LTIK-AUTH-V2", "/api/idtoken"),
    "ltiaas service key": ltik("SERVICE-AUTH-V1", "/api/memberships"),
    "ltiaas code": exchange,
    "openedx bearer": header("openedx", "/api/user/v1/me"),
    "openedx JWT": header("openedx", "/api/user/v1/me", "JWT"),
    "openedx client_id": field("openedx", "/oauth2/access_token", "client_id", **ASK),
    "openedx code": grant("openedx", "code", "/oauth2/access_token", "authorization_code"),
    "openedx refresh token": grant("openedx", "refresh_token", "/oauth2/access_token", "refresh_token"),
    "canvas bearer": header("canvas", "/api/v1/users/self"),
    "canvas service token": header("canvas", "/api/lti/courses/1/names_and_roles"),
    "canvas client_id": field("canvas", "/login/oauth2/token", "client_id", **ASK),
    "canvas code": grant("canvas", "code", "/login/oauth2/token", "authorization_code"),
    "canvas refresh token": grant("canvas", "refresh_token", "/login/oauth2/token", "refresh_token"),
    "canvas client_secret": lambda w, value: w.canvas.token(grant_type="refresh_token", client_secret=value),
    "brightspace bearer": header("brightspace", "/d2l/api/lp/1.47/users/whoami"),
    "brightspace client_id": field("brightspace", "/core/connect/token", "client_id", **ASK),
    "brightspace code": grant("brightspace", "code", "/core/connect/token", "authorization_code"),
    "brightspace refresh token": grant("brightspace", "refresh_token", "/core/connect/token", "refresh_token"),
    "brightspace client_secret": lambda w, value: w.brightspace.token(grant_type="refresh_token", client_secret=value),
}  # fmt: skip
OWN = {
    ("canvas client_secret", "canvas", "the client secret"),
    ("brightspace client_secret", "brightspace", "the client secret"),
    ("brightspace code", "brightspace", "an authorization code"),
}
"""Taken there: the refusal is about the rest of the request."""


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start("demo") as lms:
        yield lms


@pytest.fixture(scope="module")
def sides(running: Emulator) -> Iterator[tuple[Side, Side]]:
    made = Side(running.new_world("a")), Side(running.new_world("b"))
    yield made
    for side in made:
        side.close()


@pytest.fixture(scope="module")
def held(sides: tuple[Side, Side]) -> dict[tuple[str, str], Held]:
    """One of each kind, in the first world. Those that load a world come first."""
    loading = ("a cookie of", "a pairing code", "the `verifier`", "the id of a dynamic")
    order = sorted(kinds(), key=lambda pair: not pair[1].name.startswith(loading))
    return {(provider, credential.name): MAKERS[provider, credential.name](sides[0]) for provider, credential in order}


def diagnosed(side: Side) -> str:
    refusal = side.lms.requests.last.refusal
    return "" if refusal is None else str(refusal.diagnosis)


@pytest.mark.parametrize("place", PLACES)
def test_by_every_place(sides: tuple[Side, Side], held: dict[tuple[str, str], Held], place: str) -> None:
    """Everything that is not accepted is named, with its provider."""
    here, titles = sides[0], {name: provider.title for name, provider in load_providers().items()}
    snapshot = here.lms.snapshot()
    wrong = []
    for (provider, kind), credential in held.items():
        answer = PLACES[place](here, credential.value)
        if answer.is_success or answer.is_redirect or (place, provider, kind) in OWN:
            continue
        said = diagnosed(here)
        elsewhere = place.split()[0] != provider
        if kind not in said or (elsewhere and titles[provider] not in said):
            wrong.append((provider, kind, answer.status_code, said))
    here.lms.restore(snapshot)
    assert wrong == []


@pytest.mark.parametrize(
    "kind", [(p, c.name) for p, c in kinds() if (p, c.name) not in SEEDED | DEAD], ids=lambda kind: ": ".join(kind)
)
def test_of_another_world(sides: tuple[Side, Side], held: dict[tuple[str, str], Held], kind: tuple[str, str]) -> None:
    """Where its provider accepts such a credential."""
    provider, name = kind
    for place in (place for place in PLACES if place.startswith(provider)):
        answer = PLACES[place](sides[1], held[kind].value)
        assert not answer.is_success
        assert f"{name}" in diagnosed(sides[1]), (place, diagnosed(sides[1]))
        assert "in the world `a`" in diagnosed(sides[1]), (place, diagnosed(sides[1]))


SLIPS: dict[str, tuple[Callable[[str], str], str]] = {
    "one letter": (lambda text: text[:5] + "~" + text[6:], "at place 6 of"),
    "two exchanged": (lambda text: text[:-3] + text[-2] + text[-3] + text[-1], "are exchanged"),
    "one lost": (lambda text: text[:5] + text[6:], "a character is missing at place"),
    "one more": (lambda text: text[:5] + "~" + text[5:], "at place 6 is one too many"),
    "cut at the end": (lambda text: text[:-4], "it is cut: "),
    "cut at the start": (lambda text: text[4:], "it is cut: "),
    "quoted": (lambda text: f'"{text}"', "quotation marks"),
    "scheme twice": (lambda text: f"Bearer {text}", "its scheme was written twice"),
}


@pytest.mark.parametrize("place", ["openlearning X-API-Key", "canvas bearer", "openedx bearer"])
def test_a_slip_of_the_hand(sides: tuple[Side, Side], held: dict[tuple[str, str], Held], place: str) -> None:
    """Named, without revealing the character that was not sent."""
    provider = place.split()[0]
    plain = {(p, c.name) for p, c in kinds() if p == provider and c.read is None and not c.public}
    wrong = []
    for key in sorted(plain & set(held)):
        right = held[key].value
        if len(right) < 12 or right.isdigit() or right[-2].lower() == right[-3].lower():
            continue
        for slip, (change, words) in SLIPS.items():
            if slip == "one lost" and right[4:7] == right[5] * 3:
                continue
            PLACES[place](sides[0], change(right))
            said = diagnosed(sides[0])
            if key[1] not in said or words not in said or right in said.replace(change(right), ""):
                wrong.append((key, slip, said))
    assert wrong == []
