"""What the journal says about launches, credentials and bodies that LTIAAS refuses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contract_tests.ltiaas.support import BENCH, LTI, Campus, LmsSide, Rig
from contract_tests.ltiaas.test_python_client import launch

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FOREIGN = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("claims", "signed", "said"),
    [
        ({"iat": 1_764_288_000_000}, {}, "the timestamp is in milliseconds"),
        ({"exp": None}, {}, "the claim `exp` is missing"),
        ({f"{LTI}message_type": "ltiresourcelinkrequest"}, {}, "it has to be LtiResourceLinkRequest"),
        ({}, {"alg": "RS512"}, "it was signed with RS512; only RS256 is taken"),
        ({}, {"key": FOREIGN}, "no key of the platform's key set made this signature"),
        ({}, {"kid": "gone"}, "'gone'"),
        ({}, {"kid": None}, "the header has no `kid`"),
        ({"nonce": "other"}, {}, 'its `nonce` was sent as the text "other"; it has to be that of the authentication'),
        ({"nonce": None}, {}, "it has no `nonce`, which has to be that of the authentication request"),
        ({f"{LTI}version": "1.3"}, {}, 'its `version` was sent as the text "1.3"; it has to be 1.3.0'),
        ({f"{LTI}version": None, "version": "1.3.0"}, {}, f"`version` was sent; the claim is `{LTI}version`"),
        ({f"{LTI}deployment_id": None}, {}, f"the id_token has no claim `{LTI}deployment_id`"),
        ({f"{LTI}message_type": "basic-lti-launch-request"}, {}, "its `message_type` was sent as the text"),
        ({f"{LTI}roles": "Learner"}, {}, 'its `roles` was sent as the text "Learner"; it has to be a list of roles'),
        ({f"{LTI}resource_link": {"title": "x"}}, {}, "it has to be an object with an id"),
        ({"azp": "somebody"}, {}, "it has to be the client id"),
        ({"sub": None}, {}, "the id_token has no `sub`"),
    ],
)
def test_an_id_token_says_what_is_wrong_with_it(
    rig: Rig, lms_side: LmsSide, claims: dict[str, Any], signed: dict[str, Any], said: str
) -> None:
    begun = lms_side.begun()
    token = lms_side.sign(lms_side.claims(begun["nonce"], **claims), **signed)
    assert lms_side.post(token, begun["state"]).status_code == 401
    assert said in rig.refusal["diagnosis"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "http://lms.test"}, "`https://lms.test`, the LMS sends `http://lms.test`: they must be identical"),
        ({"iss": "https://lms.test/"}, "`https://lms.test`, the LMS sends `https://lms.test/`: they must be identical"),
        ({"client_id": "bench-client "}, "it is the right one, bench-client, but there is white space around it"),
        ({"client_id": "another"}, "but not with client id another"),
    ],
)
def test_a_login_that_nearly_names_a_platform(lms_side: LmsSide, rig: Rig, changes: dict[str, str], said: str) -> None:
    assert lms_side.login(**changes).status_code == 400
    assert rig.refusal["diagnosis"].endswith(said)


def test_an_expired_id_token_is_judged_by_when_it_was_signed(rig: Rig, lms_side: LmsSide) -> None:
    for issued, said in ((7200, "its `iat`: the timestamp is 2 h off"), (4200, "its `exp`: that is 1:00:0")):
        begun, now = lms_side.begun(), lms_side.now()
        claims = lms_side.claims(begun["nonce"], iat=now - issued, exp=now - 3600)
        assert lms_side.post(lms_side.sign(claims), begun["state"]).status_code == 401
        assert rig.refusal["diagnosis"].startswith(said)


def test_an_id_token_that_was_changed(rig: Rig, lms_side: LmsSide) -> None:
    begun = lms_side.begun()
    claims = lms_side.claims(begun["nonce"])
    head, _, signature = lms_side.sign(claims).split(".")
    changed = lms_side.sign(claims | {"sub": "somebody"}).split(".")[1]
    assert lms_side.post(f"{head}.{changed}.{signature}", begun["state"]).status_code == 401
    assert "of another text: header or payload were changed after signing" in rig.refusal["diagnosis"]


def test_an_expiry_in_milliseconds_is_warned_of(rig: Rig, lms_side: LmsSide) -> None:
    for exp, codes in ((4_000_000_000_000, ["id_token_lives_long"]), (3_900_000_000, []), (None, [])):
        begun = lms_side.begun()
        more = {} if exp is None else {"exp": exp}
        token = lms_side.sign(lms_side.claims(begun["nonce"], **more))
        assert lms_side.post(token, begun["state"]).status_code == 302
        assert [warning["code"] for warning in rig.last["warnings"]] == codes
        assert all("is in milliseconds" in warning["message"] for warning in rig.last["warnings"])


def test_a_registered_key_that_cannot_be_read_says_so(rig: Rig, lms_side: LmsSide) -> None:
    for method, said in (("RSA_KEY", "PEM"), ("JWK_KEY", "JWKS")):
        config = {"authConfig": {"method": method, "key": "no key"}}
        assert rig.api("PUT", f"/api/platforms/{BENCH}", config).status_code == 200
        assert lms_side.launch().status_code == 401
        assert said in str(rig.refusal["expected"])
        assert "authConfig.key" in str(rig.refusal["expected"])


def test_half_an_id_token_says_so(rig: Rig, lms_side: LmsSide) -> None:
    begun = lms_side.begun()
    token = lms_side.sign(lms_side.claims(begun["nonce"]))
    assert lms_side.post(token.rpartition(".")[0], begun["state"]).status_code == 401
    assert "three parts joined by dots, and is 2 part(s)" in rig.refusal["diagnosis"]


def test_an_id_token_sent_twice_says_so(rig: Rig, lms_side: LmsSide) -> None:
    begun = lms_side.begun()
    token = lms_side.sign(lms_side.claims(begun["nonce"]))
    fields = [("id_token", token), ("id_token", token), ("state", begun["state"])]
    assert lms_side.browser.post("/lti/launch", content=urlencode(fields), headers=FORM).status_code == 302
    assert [row["message"] for row in rig.last["warnings"]] == ["`id_token` was sent 2 times; the last counts"]
    assert lms_side.post(token, begun["state"]).status_code == 401
    assert "this id_token was posted before, and its launch accepted" in rig.refusal["diagnosis"]
    again = lms_side.begun()
    assert lms_side.post(lms_side.sign(lms_side.claims(begun["nonce"])), again["state"]).status_code == 401
    assert "the nonce of this id_token was used by a launch before" in rig.refusal["diagnosis"]


def test_a_part_of_an_ltik_says_how_much_came(rig: Rig, lms_side: LmsSide) -> None:
    whole = lms_side.ltik()
    for sent, said in (
        (whole[:-5], "its signature has 28 bytes, which HS256 never has: it was cut"),
        (f"{whole}x", "something follows it"),
        (whole.rpartition(".")[0], "2 of the three parts of a JWT"),
        (whole[5:], "its header has to be base64url of a JSON object"),
    ):
        assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{sent}").status_code == 401
        assert said in rig.refusal["diagnosis"]
        assert "pass on the whole ltik of the launch URL unchanged" in rig.refusal["diagnosis"]
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{whole}").status_code == 200


def test_what_the_lms_behind_it_refused_is_explained_too(campus: Campus) -> None:
    rig = campus.rig
    ltik = launch(campus, "student", f"/courses/{campus.lms('canvas')['course_id']}/external_tools/5")
    item = quote(f"{campus.url('canvas')}/api/lti/courses/1/line_items/999", safe="")
    auth = f"LTIK-AUTH-V2 {rig.key}:{ltik}"
    assert rig.api("GET", f"/api/lineitems/{item}", auth=auth).status_code == 404
    assert "answered 404: The provider refused: there is no line item 999" in rig.refusal["diagnosis"]
    rig.control("POST", "/faults", {"provider": "canvas", "path": "/api/lti/courses", "status": 503, "body": "oops"})
    assert rig.api("GET", "/api/lineitems", auth=auth).status_code == 503
    assert "answered 503: A scripted failure acted on this request" in rig.refusal["diagnosis"]
    rig.control("DELETE", "/faults")


def test_a_state_that_does_not_wait_is_no_lost_cookie(rig: Rig, lms_side: LmsSide) -> None:
    begun = lms_side.begun()
    token = lms_side.sign(lms_side.claims(begun["nonce"]))
    form = {"id_token": token, "state": begun["state"]}
    for change, said in (
        ({"state": "changed"}, "was changed on its way"),
        ({"state": ""}, "`state` is missing"),
    ):
        assert lms_side.browser.post("/lti/launch", data=form | change).status_code == 401
        assert said in rig.refusal["diagnosis"]
    with rig.browser() as another:
        assert another.post("/lti/launch", data=form).status_code == 401
    assert "another browser" in rig.refusal["diagnosis"]
    assert lms_side.browser.post("/lti/launch", data=form).status_code == 302
    assert lms_side.browser.post("/lti/launch", data=form).status_code == 401
    assert "this id_token was posted before" in rig.refusal["diagnosis"]


def test_json_where_a_form_is_due(rig: Rig, lms_side: LmsSide) -> None:
    for path in ("/lti/login", "/lti/launch"):
        assert lms_side.browser.post(path, json={"iss": lms_side.issuer}).status_code in (400, 401)
        assert rig.refusal["diagnosis"].startswith("the form was sent as JSON; send it as application/x-www-form")


@pytest.mark.parametrize("sign", [",", "%3A", " ", "|"])
def test_another_sign_between_api_key_and_ltik(rig: Rig, sign: str) -> None:
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}{sign}a.b.c").status_code == 401
    assert rig.refusal["diagnosis"].startswith("another sign than a colon")
    assert rig.api("GET", "/api/idtoken", auth="LTIK-AUTH-V2 a.b.c").status_code == 401
    assert rig.refusal["diagnosis"].startswith("the API key is missing")


def test_a_platform_in_other_letters(rig: Rig, lms_side: LmsSide) -> None:
    platform = rig.info["platforms"]["canvas"]
    start = f"{rig.url}/oauth/start/"
    assert rig.http.get(f"{start}{platform.lower()}").status_code == 404
    assert rig.refusal["diagnosis"] == f"the platform is {platform}: the case differs"
    assert rig.http.get(f"{start}{platform}").status_code == 302


def test_an_ltik_in_the_query(rig: Rig, lms_side: LmsSide) -> None:
    ltik = lms_side.ltik()
    assert rig.http.get(f"{rig.url}/api/idtoken", params={"ltik": ltik}).status_code == 401
    assert "it was sent in the query, as `ltik`" in rig.refusal["diagnosis"]
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}").status_code == 200


def test_templates_and_other_tenants(rig: Rig, lms_side: LmsSide) -> None:
    template = "LTIK-AUTH-V2 ${API_KEY}:${LTIK}"
    assert rig.api("GET", "/api/idtoken", auth=template).status_code == 401
    assert rig.refusal["diagnosis"].startswith("`${API_KEY}` was sent: a template's variable")
    begun = lms_side.begun()
    launched = lms_side.post(lms_side.sign(lms_side.claims(begun["nonce"])), begun["state"])
    ltik = launched.headers["location"].partition("ltik=")[2].partition("&")[0]
    other = rig.info["without_oauth_plan"]["api_key"]
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {other}:{ltik}").status_code == 401
    assert rig.refusal["diagnosis"].startswith("the token is of the tenant `demo`, the API key of `")
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}").status_code == 200


def test_what_came_in_another_kind_is_not_called_missing(rig: Rig) -> None:
    for body in ([1], "x"):
        assert rig.api("POST", "/api/platforms", body).status_code == 400
        assert "no body" not in (rig.refusal["diagnosis"] or "")
    assert rig.api("POST", "/api/platforms", {"url": 5}).status_code == 400
    assert rig.refusal["diagnosis"] == "no clientId was sent"


def test_a_platform_added_at_run_time_is_not_reached(rig: Rig) -> None:
    address = "http://127.0.0.1:9/keys"
    added: dict[str, Any] = {"url": "https://added.example", "clientId": "c", "name": "Added"}
    added["authConfig"] = {"method": "JWK_SET", "key": address}
    added |= dict.fromkeys(("authenticationEndpoint", "accesstokenEndpoint"), "https://added.example/x")
    made = rig.api("POST", "/api/platforms", added).json()
    assert rig.api("POST", f"/api/platforms/{made['id']}/activate").status_code == 200
    side = LmsSide(rig, issuer="https://added.example", client_id="c")
    with side.browser:
        assert side.launch().status_code == 502
    assert str(rig.refusal["diagnosis"]).startswith(f"the platform's registration names this address: {address} is not")
    assert "has to be in `lms_urls` of the world's `ltiaas` section" in rig.refusal["diagnosis"]
