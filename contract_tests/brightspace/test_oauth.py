"""OAuth2 at Brightspace: the whole flow, every refusal next to a request that passes, expiry to the second."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.brightspace.support import Site
from contract_tests.lms_site import parameters
from lms_emulator.core.keys import private_key
from lms_emulator.signing.jwt import read, sign

OTHER = {"client_id": "b3b3b3b3-0000-4000-8000-00000000c11e", "redirect_uri": "http://127.0.0.1:9001/callback"}


def test_the_whole_flow_to_a_token(brightspace: Site) -> None:
    browser = brightspace.browser()
    login = browser.follow(browser.get(brightspace.auth_url()))
    assert login.headers["x-frame-options"] == "DENY"
    consent = browser.follow(browser.sign_in(login, brightspace.info.student))
    assert consent.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert "Ada Lovelace" in consent.text
    back = browser.submit(consent, decision="allow")
    assert back.headers["location"].startswith(f"{brightspace.info.redirect_uri}?code=")
    got = parameters(back)
    assert got["state"] == "s1"
    body = brightspace.exchange(got["code"]).json()
    assert sorted(body) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, brightspace.info.scope)
    assert not body["refresh_token"].startswith("eyJ")
    token = read(body["access_token"])
    assert sorted(token.header) == ["alg", "kid", "typ"]
    assert token.header["alg"] == "RS256"
    assert sorted(token.claims) == ["aud", "exp", "iss", "jti", "nbf", "scope", "sub", "tenantid"]
    assert token.claims["sub"] == "169"
    assert token.claims["exp"] - token.claims["nbf"] == 3600
    assert token.claims["iss"] == "https://api.brightspace.com/auth"
    assert token.claims["aud"] == "https://api.brightspace.com/auth/token"
    assert brightspace.whoami(body["access_token"]).json()["UniqueName"] == "ada.lovelace"


def test_denying(brightspace: Site) -> None:
    got = brightspace.browser().consent(brightspace.auth_url(), brightspace.info.student, decision="deny")
    assert got == {"error": "access_denied", "state": "s1"}
    assert brightspace.reason == "access_denied"


def test_wrong_password_and_forged_forms(brightspace: Site) -> None:
    browser = brightspace.browser()
    page = browser.follow(browser.get(brightspace.auth_url()))
    wrong = browser.submit(page, userName="ada.lovelace", password="x")
    assert (wrong.status_code, brightspace.reason) == (403, "login_wrong")
    forged = browser.submit(page, userName="ada.lovelace", password="x", d2l_referrer="y")
    assert (forged.status_code, brightspace.reason) == (403, "csrf_token_wrong")
    assert brightspace.diagnosis == "send the form's own field `d2l_referrer` back"
    consent = browser.follow(browser.sign_in(wrong, brightspace.info.student))
    assert browser.submit(consent, decision="allow", d2l_referrer="y").status_code == 403
    assert "code" in parameters(browser.submit(consent, decision="allow"))
    assert brightspace.browser().http.post("/oauth2/consent").status_code == 400
    assert brightspace.reason == "oauth_session_missing"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "x"}, "unknown_client"),
        ({"client_id": None}, "unknown_client"),
        ({"client_id": "b6b6b6b6-0000-4000-8000-00000000c11e"}, "unknown_client"),
        ({"redirect_uri": "http://127.0.0.1:9000/callback/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1:9001/callback"}, "redirect_uri_mismatch"),
        ({"redirect_uri": None}, "redirect_uri_mismatch"),
    ],
)
def test_authorization_errors_that_are_not_redirected(brightspace: Site, changes: dict[str, Any], reason: str) -> None:
    answer = brightspace.browser().get(brightspace.auth_url(**changes))
    assert (answer.status_code, brightspace.reason) == (400, reason)
    assert "location" not in answer.headers


def test_redirects_without_tls(brightspace: Site) -> None:
    insecure = {
        "client_id": "b5b5b5b5-0000-4000-8000-00000000c11e",
        "redirect_uri": "http://insecure.example/callback",
        "scope": "users:own_profile:read",
    }
    assert brightspace.browser().get(brightspace.auth_url(**insecure)).status_code == 400
    assert brightspace.reason == "redirect_uri_insecure"
    brightspace.lms.settings["brightspace.insecure_redirects"] = "any"
    assert brightspace.browser().get(brightspace.auth_url(**insecure)).status_code == 302
    brightspace.lms.settings["brightspace.insecure_redirects"] = "refuse"
    assert brightspace.browser().get(brightspace.auth_url()).status_code == 400
    brightspace.lms.settings["brightspace.insecure_redirects"] = "loopback"
    assert brightspace.browser().get(brightspace.auth_url()).status_code == 302


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "nonsense:*:*"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({**OTHER, "scope": "enrollment:*:read"}, "invalid_scope"),
    ],
)
def test_authorization_errors_that_are_redirected(brightspace: Site, changes: dict[str, Any], error: str) -> None:
    answer = brightspace.browser().get(brightspace.auth_url(**changes))
    sent = parameters(answer)
    described = sent.pop("error_description", "")
    assert sent == {"error": error, "state": "s1"}
    assert described.startswith("Client is not authorized to request the scope ") == (error == "invalid_scope")


def test_a_request_without_scope(brightspace: Site) -> None:
    assert brightspace.tokens(scope=None)["scope"] == brightspace.info.scope
    brightspace.lms.settings["brightspace.missing_scope"] = "refuse"
    answer = brightspace.browser().get(brightspace.auth_url(scope=None))
    assert parameters(answer)["error"] == "invalid_scope"


def test_a_missing_state_causes_a_warning(brightspace: Site) -> None:
    brightspace.browser().get(brightspace.auth_url(state=None))
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["state_missing"]


def test_an_application_without_consent_and_refresh(brightspace: Site) -> None:
    client = {
        "client_id": "b4b4b4b4-0000-4000-8000-00000000c11e",
        "redirect_uri": "http://127.0.0.1:9002/callback",
    }
    browser = brightspace.browser()
    page = browser.follow(browser.get(brightspace.auth_url(**client, scope="users:own_profile:read")))
    code = parameters(browser.sign_in(page, brightspace.info.student))["code"]
    answer = brightspace.exchange(code, **client, client_secret="brightspace-demo-short-secret-0123456789")
    assert "refresh_token" not in answer.json()
    assert answer.json()["expires_in"] == 600


def test_consent_is_asked_again_unless_it_is_remembered(brightspace: Site) -> None:
    browser = brightspace.browser()
    browser.consent(brightspace.auth_url(), brightspace.info.student)
    assert browser.get(brightspace.auth_url()).headers["location"].endswith("/oauth2/consent")
    brightspace.lms.settings["brightspace.remember_consent"] = True
    assert "code" in parameters(browser.get(brightspace.auth_url()))


# the token endpoint


def refused(brightspace: Site, answer: httpx.Response, error: str, reason: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json() == {"error": error}
    assert brightspace.reason == reason


def test_clients_at_the_token_endpoint(brightspace: Site) -> None:
    code = brightspace.code()
    refused(brightspace, brightspace.exchange(code, client_id="x"), "invalid_client", "unknown_client")
    refused(brightspace, brightspace.exchange(code, client_secret="x"), "invalid_client", "invalid_client_secret")
    refused(brightspace, brightspace.exchange(code, client_secret=None), "invalid_client", "invalid_client_secret")
    other = {"client_id": OTHER["client_id"], "client_secret": "brightspace-demo-other-secret-0123456789"}
    refused(brightspace, brightspace.exchange(code, **other), "invalid_grant", "code_of_another_client")
    basic = (brightspace.info.client_id, brightspace.info.client_secret)
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": brightspace.info.redirect_uri}
    assert httpx.post(f"{brightspace.url}/core/connect/token", data=grant, auth=basic).status_code == 200
    brightspace.lms.settings["brightspace.token_error_status"] = 401
    assert brightspace.exchange(code, client_secret="x").status_code == 401


def test_codes_live_once_and_five_minutes(brightspace: Site) -> None:
    refused(brightspace, brightspace.exchange("x"), "invalid_grant", "code_unknown")
    refused(brightspace, brightspace.exchange(""), "invalid_request", "code_missing")
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    first, second = brightspace.code(), brightspace.code()
    wrong = brightspace.exchange(first, redirect_uri="http://127.0.0.1:9000/other")
    refused(brightspace, wrong, "invalid_grant", "redirect_uri_differs")
    assert brightspace.exchange(first).status_code == 200
    refused(brightspace, brightspace.exchange(first), "invalid_grant", "code_used")
    brightspace.lms.clock.advance(seconds=299)
    third = brightspace.code()
    assert brightspace.exchange(second).status_code == 200
    brightspace.lms.clock.advance(seconds=300)
    refused(brightspace, brightspace.exchange(third), "invalid_grant", "code_expired")


def test_other_grants_and_bodies(brightspace: Site) -> None:
    refused(brightspace, brightspace.token(grant_type="password"), "unsupported_grant_type", "unsupported_grant_type")
    refused(brightspace, brightspace.token(), "unsupported_grant_type", "unsupported_grant_type")
    as_json = httpx.post(f"{brightspace.url}/core/connect/token", json={"grant_type": "authorization_code"})
    refused(brightspace, as_json, "invalid_request", "body_not_a_form")
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    broken = httpx.post(f"{brightspace.url}/core/connect/token", content=b"x", headers=headers)
    refused(brightspace, broken, "invalid_request", "body_unreadable")


def test_refreshing_rotates(brightspace: Site) -> None:
    first = brightspace.tokens()
    second = brightspace.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert brightspace.whoami(first["access_token"]).status_code == 200, "the earlier access token lives on"
    assert brightspace.whoami(second["access_token"]).status_code == 200
    again = brightspace.refresh(first["refresh_token"])
    refused(brightspace, again, "invalid_grant", "refresh_token_used")
    assert brightspace.lms.requests.last.notes["refresh_token_reuses"] == 1
    assert brightspace.refresh(second["refresh_token"]).status_code == 200


def test_reuse_can_end_the_family(brightspace: Site) -> None:
    brightspace.lms.settings["brightspace.refresh_token_reuse"] = "revoke_family"
    first = brightspace.tokens()
    second = brightspace.refresh(first["refresh_token"]).json()
    assert brightspace.refresh(first["refresh_token"]).status_code == 400
    assert brightspace.refresh(second["refresh_token"]).status_code == 400


def test_invalid_refresh_tokens(brightspace: Site) -> None:
    refused(brightspace, brightspace.refresh("x"), "invalid_grant", "refresh_token_unknown")
    refused(brightspace, brightspace.refresh(""), "invalid_request", "refresh_token_missing")
    tokens = brightspace.tokens()
    refused(brightspace, brightspace.refresh(tokens["access_token"]), "invalid_grant", "refresh_token_unknown")
    other = {"client_id": OTHER["client_id"], "client_secret": "brightspace-demo-other-secret-0123456789"}
    refused(
        brightspace,
        brightspace.refresh(tokens["refresh_token"], **other),
        "invalid_grant",
        "refresh_token_of_another_client",
    )
    wide = brightspace.refresh(tokens["refresh_token"], scope="quizzing:*:*")
    assert wide.json() == {
        "error": "invalid_scope",
        "error_description": "Client is not authorized to request the scope quizzing:*:*",
    }
    narrow = brightspace.refresh(tokens["refresh_token"], scope="users:own_profile:read").json()
    assert narrow["scope"] == "users:own_profile:read"
    whole = brightspace.refresh(narrow["refresh_token"]).json()
    assert whole["scope"] == brightspace.info.scope


def test_access_tokens_expire_to_the_second(brightspace: Site) -> None:
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    tokens = brightspace.tokens()
    brightspace.lms.clock.advance(seconds=3599)
    assert brightspace.whoami(tokens["access_token"]).status_code == 200
    brightspace.lms.clock.advance(seconds=1)
    late = brightspace.whoami(tokens["access_token"])
    assert late.status_code == 401
    assert late.headers["content-type"] == "application/problem+json; charset=UTF-8"
    assert late.json() == {
        "type": "http://docs.valence.desire2learn.com/res/apiprop.html#invalid-token",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The access token is expired",
    }
    assert brightspace.refresh(tokens["refresh_token"]).status_code == 200


def forged(key: str = "brightspace", kid: str = "brightspace-2026-01", **changes: Any) -> str:
    claims = {
        "sub": "169",
        "tenantid": "00000000-0000-4000-8000-000000000d21",
        "scope": "users:own_profile:read",
        "iss": "https://api.brightspace.com/auth",
        "aud": "https://api.brightspace.com/auth/token",
        "exp": 4_000_000_000,
        "nbf": 1_000_000_000,
        **changes,
    }
    return sign({k: v for k, v in claims.items() if v is not None}, private_key(key), kid=kid)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("garbage", "token_malformed"),
        ("a.b.c", "token_malformed"),
        (forged("spare"), "token_bad_signature"),
        (forged(kid="other"), "token_unknown_kid"),
        (forged(iss="https://evil.example"), "token_wrong_issuer"),
        (forged(aud="x"), "token_wrong_audience"),
        (forged(tenantid="x"), "token_of_another_tenant"),
        (forged(), "token_not_issued_here"),
        (forged(sub="999"), "token_not_issued_here"),
        (forged(nbf=3_900_000_000), "token_not_yet_valid"),
        (forged(exp=None), "token_missing_claim"),
        (sign({"sub": "169"}, "secret", algorithm="HS256", kid="brightspace-2026-01"), "token_alg_confusion"),
    ],
)
def test_tokens_are_really_proved(brightspace: Site, token: str, reason: str) -> None:
    answer = brightspace.whoami(token)
    assert (answer.status_code, brightspace.reason) == (401, reason)
    detail = {
        "token_bad_signature": "Unknown validation exception",
        "token_unknown_kid": "Could not find public key with id 'other' from "
        "'https://auth.brightspace.com/core/.well-known/jwks'",
        "token_missing_claim": "Unknown validation exception",
        "token_not_yet_valid": "Token is from the future (nbf)",
        "token_alg_confusion": "Signature algorithm 'HS256' is not supported.  "
        "Permitted algorithms are 'RS256,ES256,ES384,ES512'",
    }
    assert answer.json()["detail"] == detail.get(reason, "Couldn't parse token")
    assert brightspace.whoami(brightspace.info.access_tokens.student).status_code == 200


@pytest.mark.parametrize("subject", ["999", "ada"])
def test_a_token_without_a_user(brightspace: Site, subject: str) -> None:
    """A world file may contain signed tokens."""
    ready = [{"label": "odd", "token": forged(sub=subject)}, {"label": "good", "token": forged()}]
    world = {**brightspace.lms.dump()["brightspace"], "demo_tokens": ready}
    with brightspace.lms.restored():
        brightspace.lms.load({"name": "ready tokens", "brightspace": world})
        assert brightspace.whoami(ready[0]["token"]).status_code == 401
        assert brightspace.reason == "token_of_no_user"
        assert brightspace.whoami(ready[1]["token"]).status_code == 200


def test_no_token_and_a_refresh_token(brightspace: Site) -> None:
    assert brightspace.api().get("/d2l/api/lp/1.47/users/whoami").status_code == 403
    assert brightspace.reason == "token_missing"
    tokens = brightspace.tokens()
    assert brightspace.whoami(tokens["refresh_token"]).status_code == 401
    assert "refresh token" in str(brightspace.lms.requests.last.refusal.diagnosis)


def test_the_demo_tokens_hold_and_the_expired_one_does_not(brightspace: Site) -> None:
    assert brightspace.whoami(brightspace.info.access_tokens.student).json()["Identifier"] == "169"
    assert brightspace.whoami(brightspace.info.access_tokens.instructor).json()["Identifier"] == "171"
    assert brightspace.whoami(brightspace.info.access_tokens.expired).json()["detail"] == "The access token is expired"


def test_a_page_in_a_frame_causes_a_warning(brightspace: Site) -> None:
    brightspace.browser().get(brightspace.auth_url(), headers={"Sec-Fetch-Dest": "iframe"})
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["authorize_in_frame"]


def test_mistakes_that_are_named(brightspace: Site) -> None:
    brightspace.exchange("x", client_secret=f" {brightspace.info.client_secret}\n")
    assert "white space" in str(brightspace.lms.requests.last.refusal.diagnosis)
    grant = {"grant_type": "authorization_code", "code": "x"}
    broken = {"Authorization": "Basic !!!"}
    httpx.post(f"{brightspace.url}/core/connect/token", data=grant, headers=broken)
    assert brightspace.reason == "unknown_client"


def test_consenting_without_a_request_leads_to_the_sign_in(brightspace: Site) -> None:
    assert brightspace.browser().get("/oauth2/consent").headers["location"].endswith("/d2l/login")
