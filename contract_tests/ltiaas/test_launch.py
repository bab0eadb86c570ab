"""LTI 1.3 launches: login, id_token, ltik. Every check of the id_token with a token that breaks just that."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import BENCH, DL, LTI, SPARE, LmsSide, Rig, details, query
from lms_emulator.core.keys import private_key

# login


def test_login_sends_the_authentication_request(rig: Rig, lms_side: LmsSide) -> None:
    target = f"{rig.url}/lti/launch?resource=7"
    answer = lms_side.login(target_link_uri=target, lti_deployment_id="deployment-1")
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith("https://lms.test/auth?")
    asked = query(location)
    state, nonce = asked.pop("state"), asked.pop("nonce")
    assert state
    assert nonce
    assert asked == {
        "response_type": "id_token",
        "response_mode": "form_post",
        "id_token_signed_response_alg": "RS256",
        "scope": "openid",
        "client_id": "bench-client",
        "redirect_uri": f"{rig.url}/lti/launch",
        "login_hint": "hint",
        "prompt": "none",
        "lti_message_hint": "message",
        "lti_deployment_id": "deployment-1",
    }
    assert answer.headers["set-cookie"].startswith(f"state{state}=")
    assert "Max-Age=60" in answer.headers["set-cookie"]


def test_login_by_get_and_without_client_id(rig: Rig, lms_side: LmsSide) -> None:
    fields = {"iss": "https://lms.test", "login_hint": "h", "target_link_uri": lms_side.target}
    answer = lms_side.browser.get("/lti/login", params=fields)
    assert query(answer.headers["location"])["client_id"] == "bench-client"


@pytest.mark.parametrize("missing", ["iss", "login_hint", "target_link_uri"])
def test_login_parameters_are_required(rig: Rig, lms_side: LmsSide, missing: str) -> None:
    answer = lms_side.login(**{missing: None})
    assert (answer.status_code, details(answer)["message"]) == (400, "MISSING_LOGIN_PARAMETERS")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"iss": "https://lms.test/"}, "must be identical"),
        ({"iss": " https://lms.test"}, "must be identical"),
        ({"iss": "https://other.test"}, "no platform"),
        ({"client_id": "other"}, "not with client id"),
    ],
)
def test_login_of_a_platform_that_is_not_exactly_registered(
    rig: Rig, lms_side: LmsSide, changes: dict[str, str], word: str
) -> None:
    answer = lms_side.login(**changes)
    assert answer.status_code == 400
    assert details(answer)["message"] == "UNREGISTERED_OR_INACTIVE_PLATFORM"
    assert details(answer)["bodyReceived"]["iss"] == changes.get("iss", "https://lms.test")
    assert word in rig.refusal["diagnosis"]
    assert lms_side.login().status_code == 302


def test_login_of_a_deactivated_platform(rig: Rig, lms_side: LmsSide) -> None:
    assert rig.api("POST", f"/api/platforms/{BENCH}/deactivate").status_code == 200
    answer = lms_side.login()
    assert (answer.status_code, rig.refusal["reason"]) == (400, "platform_inactive")
    assert rig.api("POST", f"/api/platforms/{BENCH}/activate").status_code == 200
    assert lms_side.login().status_code == 302


# launch


def test_launch_goes_on_to_the_tool_with_an_ltik(rig: Rig, lms_side: LmsSide) -> None:
    asked = lms_side.begun(target_link_uri=f"{lms_side.target}?resource=7&x=%20y")
    answer = lms_side.post(lms_side.sign(lms_side.claims(asked["nonce"])), asked["state"])
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith(f"{rig.info['launch_url']}?resource=7&x=")
    assert query(location)["x"] == " y"
    ltik = query(location)["ltik"]
    assert jwt.get_unverified_header(ltik)["alg"] == "HS256"
    claims = jwt.decode(ltik, options={"verify_signature": False})
    assert claims["platformUrl"] == "https://lms.test"
    assert claims["clientId"] == "bench-client"
    assert claims["user"] == "learner-1"
    assert claims["s"]


def test_state_is_used_once_and_by_the_same_browser(rig: Rig, lms_side: LmsSide) -> None:
    asked = lms_side.begun()
    token = lms_side.sign(lms_side.claims(asked["nonce"]))
    with rig.browser() as other:
        answer = other.post("/lti/launch", data={"id_token": token, "state": asked["state"]})
    assert (answer.status_code, details(answer)["message"]) == (401, "MISSING_VALIDATION_COOKIE")
    assert lms_side.post(token, asked["state"]).status_code == 302
    again = lms_side.post(token, asked["state"])
    assert details(again)["message"] == "MISSING_VALIDATION_COOKIE"


def test_login_state_lives_a_minute(rig: Rig, lms_side: LmsSide) -> None:
    rig.freeze()
    early, late = lms_side.begun(), lms_side.begun()
    rig.advance(59)
    assert lms_side.post(lms_side.sign(lms_side.claims(early["nonce"])), early["state"]).status_code == 302
    rig.advance(1)
    answer = lms_side.post(lms_side.sign(lms_side.claims(late["nonce"])), late["state"])
    assert details(answer)["message"] == "MISSING_VALIDATION_COOKIE"


def test_launch_without_id_token(rig: Rig, lms_side: LmsSide) -> None:
    for answer in (lms_side.post(None, "x"), lms_side.browser.get("/lti/launch")):
        assert (answer.status_code, details(answer)["message"]) == (401, "NO_LTIK_OR_IDTOKEN_FOUND")


def test_lms_answers_the_login_with_an_error(rig: Rig, lms_side: LmsSide) -> None:
    state = lms_side.begun()["state"]
    fields = {"error": "login_required", "error_description": "no session", "state": state}
    answer = lms_side.browser.post("/lti/launch", data=fields)
    assert answer.status_code == 401
    assert details(answer)["bodyReceived"] == {"error": "login_required", "error_description": "no session"}


CLAIM_REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://other.test"}, "ISS_CLAIM_DOES_NOT_MATCH"),
    ({"azp": "another-client"}, "AZP_DOES_NOT_MATCH_CLIENTID"),
    ({"aud": ["bench-client", "another"], "azp": None}, "AZP_DOES_NOT_MATCH_CLIENTID"),
    ({"nonce": "never-asked"}, "NONCE_DOES_NOT_MATCH"),
    ({f"{LTI}message_type": None}, "NO_MESSAGE_TYPE_CLAIM"),
    ({f"{LTI}target_link_uri": None}, "NO_TARGET_LINK_URI_CLAIM"),
    ({f"{LTI}resource_link": None}, "NO_RESOURCE_LINK_ID_CLAIM"),
    ({f"{LTI}resource_link": {"title": "no id"}}, "NO_RESOURCE_LINK_ID_CLAIM"),
    ({f"{LTI}version": None}, "NO_LTI_VERSION_CLAIM"),
    ({f"{LTI}version": "1.1"}, "WRONG_LTI_VERSION_CLAIM"),
    ({f"{LTI}deployment_id": None}, "NO_DEPLOYMENT_ID_CLAIM"),
    ({f"{LTI}roles": None}, "NO_ROLES_CLAIM"),
    ({"sub": None}, "NO_SUB_CLAIM"),
]


@pytest.mark.parametrize(("changes", "code"), CLAIM_REFUSALS)
def test_id_token_claim_refused(rig: Rig, lms_side: LmsSide, changes: dict[str, Any], code: str) -> None:
    answer = lms_side.launch(**changes)
    assert (answer.status_code, details(answer)["message"]) == (401, code)
    assert lms_side.launch().status_code == 302


def test_a_critical_header_is_ignored_as_jsonwebtoken_does_or_refused(rig: Rig, lms_side: LmsSide) -> None:
    def launch() -> httpx.Response:
        asked = lms_side.begun()
        headers = {"kid": "bench", "crit": ["x"], "x": 1}
        token = jwt.encode(lms_side.claims(asked["nonce"]), SPARE, "RS256", headers=headers)
        return lms_side.post(token, asked["state"])

    assert launch().status_code == 302
    rig.settings(critical_headers="refuse")
    answer = launch()
    assert (answer.status_code, details(answer)["message"]) == (401, "INVALID_JWT_RECEIVED")
    assert rig.refusal["reason"] == "id_token_crit_not_understood"
    assert lms_side.launch().status_code == 302


def test_id_token_for_another_client(rig: Rig, lms_side: LmsSide) -> None:
    answer = lms_side.launch(aud="another-client", azp="another-client")
    assert (answer.status_code, details(answer)["message"]) == (400, "UNREGISTERED_OR_INACTIVE_PLATFORM")


def test_id_token_for_several_clients_names_the_party(lms_side: LmsSide) -> None:
    assert lms_side.launch(aud=["bench-client", "another"]).status_code == 302


def test_nonce_is_used_once(rig: Rig, lms_side: LmsSide) -> None:
    first, second = lms_side.begun(), lms_side.begun()
    token = lms_side.sign(lms_side.claims(first["nonce"]))
    assert lms_side.post(token, first["state"]).status_code == 302
    replay = lms_side.post(token, second["state"])
    assert details(replay)["message"] == "NONCE_ALREADY_RECEIVED"


def test_id_token_age_and_expiry_at_the_boundary(rig: Rig, lms_side: LmsSide) -> None:
    rig.freeze()
    now = lms_side.now()
    assert lms_side.launch(iat=now - 9).status_code == 302
    assert details(lms_side.launch(iat=now - 11))["message"] == "TOKEN_TOO_OLD"
    assert lms_side.launch(exp=now + 1).status_code == 302
    assert details(lms_side.launch(exp=now))["message"] == "INVALID_JWT_RECEIVED"
    assert rig.refusal["reason"] == "id_token_expired"
    assert details(lms_side.launch(iat=now + 60))["message"] == "INVALID_JWT_RECEIVED"
    assert rig.refusal["reason"] == "id_token_issued_in_future"
    rig.settings(id_token_max_age_seconds=60)
    assert lms_side.launch(iat=now - 12).status_code == 302


def test_id_token_must_be_signed_by_the_lms(rig: Rig, lms_side: LmsSide) -> None:
    def answer_to(**how: Any) -> str:
        asked = lms_side.begun()
        answer = lms_side.post(lms_side.sign(lms_side.claims(asked["nonce"]), **how), asked["state"])
        return "launched" if answer.status_code == 302 else str(details(answer)["message"])

    assert answer_to() == "launched"
    assert answer_to(kid=None) == "KID_NOT_FOUND"
    assert answer_to(kid="other") == "KEY_NOT_FOUND"
    assert answer_to(alg="HS256", key="a-shared-secret-of-enough-length-for-hs256") == "ALG_NOT_RS256"
    assert answer_to(alg="RS512") == "ALG_NOT_RS256"
    assert answer_to(key=private_key("canvas")) == "INVALID_JWT_RECEIVED"
    assert rig.refusal["reason"] == "id_token_bad_signature"


def test_id_token_unsigned_tampered_or_garbage(rig: Rig, lms_side: LmsSide) -> None:
    asked = lms_side.begun()
    good = lms_side.sign(lms_side.claims(asked["nonce"]))
    unsigned = jwt.encode(lms_side.claims(asked["nonce"]), None, algorithm="none", headers={"kid": "bench"})
    head, _, signature = good.split(".")
    other = lms_side.sign(lms_side.claims(asked["nonce"], sub="teacher")).split(".")[1]
    for token, code in (
        (unsigned, "ALG_NOT_RS256"),
        (f"{head}.{other}.{signature}", "INVALID_JWT_RECEIVED"),
        (good[:-6] + "AAAAAA", "INVALID_JWT_RECEIVED"),
        ("not.a.token", "INVALID_JWT_RECEIVED"),
        ("x", "INVALID_JWT_RECEIVED"),
    ):
        answer = lms_side.post(token, asked["state"])
        assert (answer.status_code, details(answer)["message"]) == (401, code)
    assert lms_side.post(good, asked["state"]).status_code == 302


def test_an_rsa_key_and_an_unreachable_key_set(rig: Rig, lms_side: LmsSide, small: SmallLms) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = SPARE.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    config = {"authConfig": {"method": "RSA_KEY", "key": pem}}
    assert rig.api("PUT", f"/api/platforms/{BENCH}", config).status_code == 200
    assert lms_side.launch().status_code == 302
    config = {"authConfig": {"method": "JWK_SET", "key": f"{small.url}/lineitems"}}
    assert rig.api("PUT", f"/api/platforms/{BENCH}", config).status_code == 200
    assert details(lms_side.launch())["message"] == "KEYSET_NOT_FOUND"
    config = {"authConfig": {"method": "JWK_SET", "key": "https://not-in-the-world.example/jwks"}}
    assert rig.api("PUT", f"/api/platforms/{BENCH}", config).status_code == 200
    answer = lms_side.launch()
    assert (answer.status_code, details(answer)["message"]) == (502, "PLATFORM_UNREACHABLE")


def test_deep_linking_launch_goes_to_its_own_url(rig: Rig, lms_side: LmsSide) -> None:
    deep = {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}resource_link": None,
        f"{DL}deep_linking_settings": {"deep_link_return_url": "https://lms.test/back", "accept_types": ["link"]},
    }
    answer = lms_side.launch(**deep)
    assert answer.headers["location"].startswith(rig.info["deep_linking_url"])
    rig.settings(deep_linking_url="https://tool.example/choose")
    assert lms_side.launch(**deep).headers["location"].startswith("https://tool.example/choose?ltik=")


# the ltik


def test_ltik_lives_a_day(rig: Rig, lms_side: LmsSide) -> None:
    rig.freeze()
    auth = f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik()}"
    assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 200
    rig.advance(24 * 3600 - 1)
    assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 200
    rig.advance(2)
    answer = rig.api("GET", "/api/idtoken", auth=auth)
    assert answer.status_code == 401
    assert details(answer) == {
        "message": "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER",
        "description": "Invalid or expired ltik.",
    }
    assert rig.refusal["reason"] == "ltik_expired"


def test_schemes_of_the_id_token(rig: Rig, lms_side: LmsSide) -> None:
    ltik = lms_side.ltik()
    for auth in (
        f"LTIK-AUTH-V2 {rig.key}:{ltik}",
        f"LTIK-AUTH-V1 Token={ltik}, Additional=Bearer {rig.key}",
        f"ltik-auth-v2  {rig.key}:{ltik}",
    ):
        assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 200
    for auth, reason in (
        ("", "unreadable_credential"),
        (f"LTIK-AUTH-V2 {ltik}", "unreadable_credential"),
        (f"LTIK-AUTH-V2 {ltik}:{rig.key}", "unreadable_credential"),
        (f"LTIK-AUTH-V1 {rig.key}:{ltik}", "unreadable_credential"),
        (f"Bearer {rig.key}", "scheme_not_taken"),
        (f"SERVICE-AUTH-V1 {rig.key}:{ltik}", "scheme_not_taken"),
        (f"LTIK-AUTH-V2 wrong:{ltik}", "wrong_api_key"),
        (f"LTIK-AUTH-V2 {rig.key}:{ltik[:-4]}AAAA", "ltik_bad_signature"),
        (f"LTIK-AUTH-V2 {rig.key}:x", "ltik_malformed"),
    ):
        answer = rig.api("GET", "/api/idtoken", auth=auth)
        assert (answer.status_code, rig.refusal["reason"]) == (401, reason), auth
        assert details(answer)["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"


def test_ltik_of_another_tenant(rig: Rig, lms_side: LmsSide) -> None:
    key = rig.info["without_oauth_plan"]["api_key"]
    answer = rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {key}:{lms_side.ltik()}")
    assert answer.status_code == 401
    assert "the token is of the tenant `demo`, the API key of `basic`" in rig.refusal["diagnosis"]


def test_key_of_another_tenant_than_the_host(rig: Rig, lms_side: LmsSide) -> None:
    auth, ltik = {"Host": rig.info["without_oauth_plan"]["host"]}, lms_side.ltik()
    answer = rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}", headers=auth)
    assert answer.status_code == 401
    own = rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}", headers={"Host": rig.info["host"]})
    assert own.status_code == 200


def test_lms_id_token_sent_as_ltik(rig: Rig, lms_side: LmsSide) -> None:
    token = lms_side.sign(lms_side.claims("n"))
    assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{token}").status_code == 401
    assert "id_token" in rig.refusal["diagnosis"]


# the id token


def test_formatted_id_token(rig: Rig, lms_side: LmsSide, small: SmallLms) -> None:
    auth = f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik(**lms_side.services(small.url))}"
    body = rig.api("GET", "/api/idtoken", auth=auth).json()
    service_key = body["services"].pop("serviceKey")
    assert service_key.count(".") == 2
    scopes = body["services"]["assignmentAndGrades"].pop("scopes")
    assert len(scopes) == 3
    assert body == {
        "ltiVersion": "1.3.0",
        "user": {
            "id": "learner-1",
            "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            "email": "ada@example.edu",
            "name": "Ada Lovelace",
            "givenName": "Ada",
            "familyName": "Lovelace",
        },
        "platform": {
            "id": BENCH,
            "url": "https://lms.test",
            "clientId": "bench-client",
            "deploymentId": "deployment-1",
            "name": "Bench LMS",
            "guid": "g",
            "productFamilyCode": "bench",
            "version": "9",
        },
        "launch": {
            "type": "LtiResourceLinkRequest",
            "target": lms_side.target,
            "context": {"id": "course-1", "label": "C1", "title": "Course", "type": ["CourseOffering"]},
            "resourceLink": {"id": "link-1", "title": "Activity"},
            "presentation": {"documentTarget": "iframe", "locale": "en"},
            "custom": {"text": "yes", "number": 3},
        },
        "services": {
            "outcomes": {"available": False},
            "deepLinking": {"available": False},
            "namesAndRoles": {"available": True},
            "assignmentAndGrades": {"available": True},
        },
    }


@pytest.mark.parametrize(
    ("setting", "sent", "claims"),
    [
        ("left out", {"width": 800, "height": 600}, {}),
        ("numbers", {"width": 800, "height": "600"}, {"width": 800, "height": 600}),
        ("text", {"width": 800, "height": "600"}, {"width": "800", "height": "600"}),
        ("numbers", {"width": "wide", "height": None}, {}),
    ],
)
def test_the_size_of_the_frame_as_the_setting_has_it(
    rig: Rig, lms_side: LmsSide, setting: str, sent: dict[str, Any], claims: dict[str, Any]
) -> None:
    rig.settings(presentation_size=setting)
    ltik = lms_side.ltik(**{f"{LTI}launch_presentation": {"locale": "en", **sent}})
    launch = rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}").json()["launch"]
    assert launch["presentation"] == {"locale": "en", **claims}


def test_raw_id_token_and_service_key_only_with_services(rig: Rig, lms_side: LmsSide) -> None:
    auth = f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik()}"
    for value in ("true", "True"):
        raw = rig.api("GET", f"/api/idtoken?raw={value}", auth=auth).json()
        assert raw["ltiVersion"] == "1.3.0"
        assert raw["iss"] == "https://lms.test"
        assert raw[f"{LTI}deployment_id"] == "deployment-1"
    assert "serviceKey" not in rig.api("GET", "/api/idtoken?raw=false", auth=auth).json()["services"]
    assert rig.api("GET", "/api/idtoken?raw=yes", auth=auth).json()["launch"]
    warned = rig.control("GET", "/requests?warning=value_read_otherwise")["requests"]
    assert [row["message"] for entry in warned for row in entry["warnings"]] == [
        "`raw`: LTIAAS takes `yes` for `false`"
    ]


def test_keys_name_each_platform(rig: Rig) -> None:
    keys = rig.http.get(f"{rig.url}/lti/keys").json()["keys"]
    assert BENCH in {key["kid"] for key in keys}
    assert all(set(key) == {"kty", "n", "e", "alg", "use", "kid"} for key in keys)
    theirs = rig.http.get(f"{rig.url}/lti/keys", headers={"Host": rig.info["without_oauth_plan"]["host"]})
    assert {key["kid"] for key in theirs.json()["keys"]} == {rig.info["without_oauth_plan"]["platform"]}
