"""Brightspace's service tokens of LTI 1.3: assertions, and the tokens at the services."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import (
    CLIENT,
    ITEMS,
    NRPS,
    assertion,
    launched,
    service,
)
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import CRITICAL, KeySite, Tool
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read, sign


def test_a_service_token(brightspace: Site, tool: Tool) -> None:
    body = service(brightspace, assertion(brightspace, tool)).json()
    assert sorted(body) == ["access_token", "expires_in", "scope", "token_type"]
    assert read(body["access_token"]).claims["sub"] == CLIENT
    assert brightspace.api(body["access_token"]).get(NRPS).status_code == 200
    distant = assertion(brightspace, tool, exp=9_000_000_000_000, jti="milliseconds")
    assert service(brightspace, distant).status_code == 200
    assert service(brightspace, distant).status_code == 200
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["assertion_lives_long", "jti_reused"]
    brightspace.lms.settings["brightspace.reused_jti"] = "refuse"
    assert service(brightspace, distant).status_code == 400


def test_one_audience_the_fixed_one_or_the_token_endpoint(brightspace: Site, tool: Tool) -> None:
    endpoint = f"{brightspace.url}/core/connect/token"
    for number, aud in enumerate((endpoint, [endpoint], [AUDIENCE])):
        assert service(brightspace, assertion(brightspace, tool, aud=aud, jti=f"a{number}")).status_code == 200
    both = assertion(brightspace, tool, aud=[endpoint, AUDIENCE], jti="both")
    assert (service(brightspace, both).status_code, brightspace.reason) == (500, "several_audiences")
    brightspace.lms.settings["brightspace.several_audiences"] = "take"
    assert service(brightspace, both).status_code == 200
    brightspace.lms.settings["brightspace.token_url_as_audience"] = False
    assert service(brightspace, assertion(brightspace, tool, aud=endpoint, jti="old")).status_code == 400
    assert brightspace.reason == "assertion_wrong_audience"


def test_the_validator_allows_five_minutes_of_clock_skew(brightspace: Site, tool: Tool) -> None:
    now = int(brightspace.lms.clock.now.timestamp())
    taken: list[dict[str, int]] = [{"exp": now - 290}, {"nbf": now + 290, "exp": now + 400}, {"iat": 1}]
    refused: list[dict[str, int]] = [{"exp": now - 310}, {"nbf": now + 310, "exp": now + 400}]
    for number, times in enumerate((*taken, *refused)):
        answer = service(brightspace, assertion(brightspace, tool, jti=f"t{number}", **times))
        assert answer.status_code == (200 if times in taken else 400), times
    assert answer.json() == wrong("Token is from the future (nbf)")
    brightspace.lms.settings["brightspace.assertion_max_age_seconds"] = 300
    assert service(brightspace, assertion(brightspace, tool, jti="old", iat=1)).status_code == 400


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kid": None}, "missing 'kid' parameter in JSON web key"),
        ({"n": None}, "missing 'n' parameter in RSA JSON web key"),
        ({"kty": "oct"}, "'oct' is not a supported JSON web key type"),
        ({"use": "other"}, "invalid 'use' value in JSON web key: other"),
        ({"d": "AQAB"}, "RSA JSON web key has private key material"),
        ({"use": "enc", "kid": None}, None),
        ({"use": None, "alg": None}, None),
    ],
)
def test_one_bad_entry_spoils_a_key_set(
    brightspace: Site, tool: Tool, keys: KeySite, changes: dict[str, Any], text: str | None
) -> None:
    published = json.loads(keys.answer[1])["keys"]
    entry = {name: value for name, value in {**published[0], "kid": "two", **changes}.items() if value is not None}
    keys.answer = 200, json.dumps({"keys": [*published, entry]}).encode()
    answer = service(brightspace, assertion(brightspace, tool))
    if text is None:
        assert answer.status_code == 200
    else:
        assert answer.json() == wrong(f"Error while looking up key(s) at {keys.url}: {text}")
    keys.answer = 200, b'{"kty": "RSA"}'
    assert (
        service(brightspace, assertion(brightspace, tool, jti="bare"))
        .json()["error_description"]
        .endswith("invalid json web key set: missing keys array")
    )


def test_malformed_and_wrongly_signed_tokens_get_d2l_s_messages(brightspace: Site, tool: Tool) -> None:
    now = int(brightspace.lms.clock.now.timestamp())
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": "hs"}
    symmetric = sign(claims, "x" * 32, algorithm="HS256")
    assert service(brightspace, symmetric).json() == wrong(
        "Signature algorithm 'HS256' is not supported.  Permitted algorithms are 'RS256,ES256,ES384,ES512'"
    )
    assert service(brightspace, "x").json() == wrong("Couldn't parse token")


@pytest.mark.parametrize(("algorithm", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")])
def test_elliptic_keys_sign_as_well(brightspace: Site, tool: Tool, keys: KeySite, algorithm: str, curve: str) -> None:
    """Signed by jwcrypto; another curve, or an RSA key under that algorithm, is not a signature."""
    from jwcrypto import jwk, jwt

    key = jwk.JWK.generate(kty="EC", crv=curve, kid="e", use="sig")
    other = jwk.JWK.generate(kty="EC", crv="P-256" if curve != "P-256" else "P-384", kid="e", use="sig")
    rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="e", use="sig")
    before, now = keys.answer, int(brightspace.lms.clock.now.timestamp())

    def asked(published: Any, jti: str) -> httpx.Response:
        keys.answer = 200, json.dumps({"keys": [json.loads(published.export_public())]}).encode()
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": jti}
        signed = jwt.JWT(header={"alg": algorithm, "kid": "e"}, claims=claims)
        signed.make_signed_token(key)
        return service(brightspace, signed.serialize())

    try:
        assert asked(key, "own").status_code == 200
        for number, published in enumerate((other, rsa, jwk.JWK.generate(kty="EC", crv=curve, kid="e"))):
            assert asked(published, f"wrong-{number}").json() == wrong("Unknown validation exception")
    finally:
        keys.answer = before


AUDIENCE = "https://api.brightspace.com/auth/token"
CLIENT_WRONG = {"error": "invalid_client"}


def wrong(text: str) -> dict[str, str]:
    return {"error": "invalid_grant", "error_description": f"Error validating assertion: {text}"}


@pytest.mark.parametrize(
    ("changes", "reason", "body"),
    [
        ({"key": "spare"}, "assertion_bad_signature", wrong("Unknown validation exception")),
        ({"kid": "other"}, "assertion_unknown_kid", wrong("Could not find public key with id 'other' from '{keys}'")),
        ({"kid": None}, "assertion_missing_kid", wrong("KeyId not found in token")),
        ({"sub": "x"}, "assertion_client_unknown", CLIENT_WRONG),
        ({"sub": None}, "assertion_client_unknown", CLIENT_WRONG),
        ({"iss": "x"}, "assertion_wrong_issuer", CLIENT_WRONG),
        ({"aud": "x"}, "assertion_wrong_audience", wrong("The token's audience is not valid")),
        ({"aud": "{url}/token"}, "assertion_wrong_audience", wrong("The token's audience is not valid")),
        ({"exp": 1}, "assertion_expired", wrong("The access token is expired")),
        ({"exp": 10**400}, "assertion_bad_claim", wrong("Unknown validation exception")),
        (
            {"iat": 9_000_000_000, "exp": 9_000_000_060},
            "assertion_issued_in_future",
            wrong("Token is from the future (nbf)"),
        ),
        ({"jti": None}, "assertion_missing_claim", wrong("Unknown validation exception")),
    ],
)
def test_invalid_assertions(
    brightspace: Site, tool: Tool, keys: KeySite, changes: dict[str, Any], reason: str, body: dict[str, str]
) -> None:
    named = {k: v.format(url=brightspace.url) if isinstance(v, str) else v for k, v in changes.items()}
    answer = service(brightspace, assertion(brightspace, tool, **named))
    expected = {name: text.format(keys=keys.url) for name, text in body.items()}
    assert (answer.status_code, answer.json(), brightspace.reason) == (400, expected, reason)


def test_a_critical_header_is_refused_or_ignored(brightspace: Site, tool: Tool) -> None:
    critical = assertion(brightspace, tool, headers=CRITICAL)
    assert service(brightspace, critical).status_code == 400
    assert brightspace.reason == "assertion_crit_not_understood"
    brightspace.lms.settings["brightspace.critical_headers"] = "ignore"
    assert service(brightspace, critical).status_code == 200
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["crit_ignored"]


def test_the_key_set_has_no_alg(brightspace: Site) -> None:
    (key,) = brightspace.api().get("/d2l/.well-known/jwks").json()["keys"]
    assert sorted(key) == ["e", "kid", "kty", "n", "use"]


def test_assertions_once_for_known_scopes_of_the_right_kind(brightspace: Site, tool: Tool, keys: KeySite) -> None:
    signed = assertion(brightspace, tool)
    assert service(brightspace, signed, kind="x").json() == {"error": "invalid_client"}
    assert service(brightspace, "x").json()["error"] == "invalid_grant"
    assert service(brightspace, assertion(brightspace, tool, jti="s"), "core:*:*").json() == {
        "error": "invalid_scope",
        "error_description": "Client is not authorized to request the scope core:*:*",
    }
    assert service(brightspace, assertion(brightspace, tool, jti="e"), "").json() == {"error": "invalid_scope"}
    assert service(brightspace, signed).status_code == 200
    for broken in ((500, b""), (200, b"x"), (200, b"[]")):
        keys.answer = broken
        assert service(brightspace, assertion(brightspace, tool, jti="k")).status_code == 400
        assert brightspace.reason == "tool_keys_unavailable"


def test_tokens_at_the_services(brightspace: Site, tool: Tool) -> None:
    assert brightspace.api().get(NRPS).text == '{ Errors: [ {Message: "Forbidden"} ] }'
    assert (brightspace.student.get(NRPS).status_code, brightspace.reason) == (403, "insufficient_scope")
    assert "grant_type=client_credentials" in brightspace.diagnosis
    narrow = service(brightspace, assertion(brightspace, tool), lti13.SCOPE_SCORE).json()["access_token"]
    assert brightspace.api(narrow).get(NRPS).status_code == 403
    assert brightspace.reason == "insufficient_scope"
    refusal = brightspace.lms.requests.last.refusal
    assert refusal is not None
    assert "of the token request" in str(refusal.diagnosis)
    brightspace.lms.settings["brightspace.scope_of_no_group"] = "undefined"
    undefined = {"Errors": [{"Message": "No scopes defined for specified requests."}]}
    assert (brightspace.student.get(NRPS).status_code, brightspace.student.get(NRPS).json()) == (403, undefined)
    assert "Insufficient scope" in brightspace.api(narrow).get(NRPS).text, "a scope of the same group"
    core = brightspace.api(brightspace.tokens(scope="core:*:*")["access_token"])
    assert core.get("/d2l/api/le/1.79/6836/content/toc").json() == undefined
    wide = " ".join(lti13.SERVICE_SCOPES)
    good = brightspace.api(service(brightspace, assertion(brightspace, tool, jti="g"), wide).json()["access_token"])
    assert good.get(NRPS).status_code == 200
    other = "/d2l/api/lti/nrps/2.0/deployment/d1d1d1d1-0000-4000-8000-00000000de01/orgunit/6836/memberships"
    assert good.get(other).status_code == 403
    assert brightspace.reason == "deployment_of_another_tool"
    assert good.get(NRPS.replace("6836", "6837")).status_code == 404
    assert good.get("/d2l/api/lp/1.47/users/whoami").status_code == 401
    assert brightspace.reason == "token_of_no_user"
    brightspace.lms.clock.advance(seconds=3600)
    assert good.get(NRPS).json()["detail"] == "The access token is expired"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"kid": None}, "KeyId not found in token"),
        (
            {"kid": "x"},
            "Could not find public key with id 'x' from 'https://auth.brightspace.com/core/.well-known/jwks'",
        ),
        ({"nbf": 9_000_000_000}, "Token is from the future (nbf)"),
        ({"exp": 1}, "The access token is expired"),
        ({"exp": None}, "Unknown validation exception"),
        ({"key": "spare"}, "Unknown validation exception"),
        ({"alg": "ES256"}, "Unknown validation exception"),
        ({"iss": "x"}, "Couldn't parse token"),
        ({}, "Couldn't parse token"),
    ],
)
def test_wrong_tokens_at_the_services(brightspace: Site, tool: Tool, changes: dict[str, Any], detail: str) -> None:
    """Made from a good one. Only what this world never issued is wrong in the last."""
    good = read(
        service(brightspace, assertion(brightspace, tool), " ".join(lti13.SERVICE_SCOPES)).json()["access_token"]
    )
    made = {"key": "brightspace", "kid": good.header["kid"], "alg": "", **changes}
    key, kid, alg = (made.pop(name) for name in ("key", "kid", "alg"))
    claims = {name: value for name, value in {**good.claims, "jti": "new", **made}.items() if value is not None}
    signed = sign(claims, private_key(key), kid=kid)
    if alg:
        header = urlsafe_b64encode(json.dumps({"alg": alg, "kid": kid}).encode()).decode().rstrip("=")
        signed = ".".join((header, *signed.split(".")[1:]))
    answer = brightspace.api(signed).get(NRPS)
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)


def test_a_service_switched_off(brightspace: Site, tool: Tool, lms: Emulator) -> None:
    dump = lms.dump()
    dump["brightspace"]["deployments"][-1]["extensions"] = ["ags"]
    lms.load(json.loads(json.dumps(dump, default=str)))
    token = service(brightspace, assertion(brightspace, tool), " ".join(lti13.SERVICE_SCOPES)).json()["access_token"]
    assert brightspace.api(token).get(NRPS).status_code == 403
    assert brightspace.reason == "service_switched_off"
    assert brightspace.api(token).get(ITEMS).status_code == 200
    data = launched(brightspace, tool).get_launch_data()
    assert lti13.NRPS_CLAIM not in data
    assert lti13.AGS_CLAIM in data
