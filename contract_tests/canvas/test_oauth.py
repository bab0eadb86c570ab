"""OAuth2 at Canvas: the whole flow, every refusal next to a request that passes, and expiry to the second."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from contract_tests.canvas.support import Site
from contract_tests.lms_site import parameters

pytestmark = pytest.mark.timeout(60)


def test_the_whole_flow_to_a_token(canvas: Site) -> None:
    browser = canvas.browser()
    answer = browser.get(canvas.auth_url())
    assert answer.headers["location"] == f"{canvas.url}/login"
    login = browser.follow(answer)
    assert login.headers["x-frame-options"] == "DENY"
    assert login.headers["content-security-policy"] == "frame-ancestors 'none'"
    consent = browser.follow(browser.sign_in(login, canvas.info.student))
    assert str(consent.url) == f"{canvas.url}/login/oauth2/confirm"
    assert consent.headers["x-frame-options"] == "DENY"
    assert "Ada Lovelace" in consent.text
    back = browser.submit(consent)
    assert back.headers["location"].startswith(canvas.info.redirect_uri + "?code=")
    got = parameters(back)
    assert got["state"] == "s1"
    assert len(got["code"]) == 128
    body = canvas.token(grant_type="authorization_code", code=got["code"], redirect_uri=canvas.info.redirect_uri).json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "user": {"id": 101, "name": "Ada Lovelace", "global_id": "10000000000101", "effective_locale": "en"},
        "canvas_region": "unknown",
        "refresh_token": body["refresh_token"],
        "expires_in": 3600,
    }
    assert canvas.api(body["access_token"]).get("/api/v1/users/self").json()["name"] == "Ada Lovelace"


def test_state_is_returned_only_if_sent(canvas: Site) -> None:
    got = canvas.browser().consent(canvas.auth_url(state=None), canvas.info.student)
    assert list(got) == ["code"]


def test_denying(canvas: Site) -> None:
    browser = canvas.browser()
    page = browser.follow(browser.sign_in(browser.follow(browser.get(canvas.auth_url())), canvas.info.student))
    assert "/login/oauth2/deny" in page.text
    answer = browser.get("/login/oauth2/deny")
    why = "The resource owner or authorization server denied the request"
    assert parameters(answer) == {"error": "access_denied", "error_description": why, "state": "s1"}
    assert canvas.reason == "access_denied"
    again = browser.get("/login/oauth2/deny")
    assert again.status_code == 400
    assert again.text == "Invalid or missing session for oauth"


def test_a_session_skips_the_sign_in_and_force_login_does_not(canvas: Site) -> None:
    browser = canvas.browser()
    browser.consent(canvas.auth_url(), canvas.info.student)
    assert browser.get(canvas.auth_url()).headers["location"].endswith("/login/oauth2/confirm")
    assert browser.get(canvas.auth_url(force_login="1")).headers["location"].endswith("/login?force_login=1")


def test_wrong_password_and_wrong_csrf(canvas: Site) -> None:
    browser = canvas.browser()
    page = browser.follow(browser.get(canvas.auth_url()))
    names = {"pseudonym_session[unique_id]": "ada.lovelace", "pseudonym_session[password]": "wrong"}
    answer = browser.submit(page, **names)
    assert (answer.status_code, canvas.reason) == (400, "login_wrong")
    assert "Invalid username or password" in answer.text
    forged = browser.submit(page, authenticity_token="other", **names)
    assert (forged.status_code, canvas.reason) == (400, "csrf_token_wrong")
    assert browser.sign_in(answer, canvas.info.student).status_code == 302


def test_consent_cannot_be_forged(canvas: Site) -> None:
    browser = canvas.browser()
    page = browser.follow(browser.sign_in(browser.follow(browser.get(canvas.auth_url())), canvas.info.student))
    assert browser.submit(page, authenticity_token="x").status_code == 422
    assert canvas.browser().http.post("/login/oauth2/accept").status_code == 422
    assert canvas.reason == "csrf_token_wrong"
    assert browser.submit(page).status_code == 302
    assert browser.submit(page).status_code == 400
    assert canvas.reason == "oauth_session_missing"


@pytest.mark.parametrize("client_id", ["999", "abc", "", "9" * 5000])
def test_an_unknown_client_is_not_redirected(canvas: Site, client_id: str) -> None:
    answer = canvas.browser().get(canvas.auth_url(client_id=client_id))
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": "unknown client"}
    assert answer.headers["www-authenticate"] == "Canvas OAuth 2.0"
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("http://127.0.0.1:9000/callback", True),
        ("http://127.0.0.1:1/other", True),
        ("http://sub.127.0.0.1/x", True),
        ("http://localhost:9000/callback", True),
        ("http://localhost:9000/other", False),
        ("http://evil127.0.0.1/x", False),
        ("http://evil.example/127.0.0.1", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_redirect_addresses_by_host(canvas: Site, uri: str, right: bool) -> None:
    answer = canvas.browser().get(canvas.auth_url(redirect_uri=uri))
    if right:
        assert answer.headers["location"].endswith("/login")
        return
    assert answer.status_code == 400
    assert answer.json()["error_description"] == "redirect_uri does not match client settings"
    assert canvas.reason == "redirect_uri_mismatch"


def test_scopes_of_a_key_that_enforces_them(canvas: Site) -> None:
    client = canvas.info.scoped_client
    own = {"client_id": client.client_id, "redirect_uri": client.redirect_uri}
    for scope in (None, "url:GET|/api/v1/courses/:id", f"{client.scopes[0]} x"):
        got = parameters(canvas.browser().get(canvas.auth_url(**own, scope=scope)))
        assert got["error"] == "invalid_scope"
        assert got["error_description"].startswith("A requested scope is invalid, unknown, malformed, or exceeds")
        assert "state" not in got
    code = canvas.browser().consent(canvas.auth_url(**own, scope=client.scopes[0]), canvas.info.student)["code"]
    secret = {"client_id": client.client_id, "client_secret": client.client_secret}
    token = canvas.token(grant_type="authorization_code", code=code, **secret).json()["access_token"]
    api = canvas.api(token)
    assert api.get("/api/v1/courses").status_code == 200
    refused = api.get("/api/v1/users/self")
    assert refused.status_code == 401
    assert refused.json()["errors"] == [{"message": "Insufficient scopes on access token."}]
    assert "www-authenticate" not in refused.headers
    assert canvas.reason == "insufficient_scopes"


def test_an_lti_key_gets_no_scopes(canvas: Site) -> None:
    launch = f"{canvas.lms.ltiaas.url}/lti/launch"
    url = canvas.auth_url(client_id=canvas.info.lti_client_id, redirect_uri=launch, scope="url:GET|/api/v1/courses")
    assert parameters(canvas.browser().get(url))["error"] == "invalid_scope"
    assert "LTI key" in str(canvas.lms.requests.last.refusal.diagnosis)


def test_a_key_switched_off_in_the_account(canvas: Site) -> None:
    url = canvas.auth_url(client_id="10000000000008", redirect_uri="http://127.0.0.1:9003/callback")
    assert parameters(canvas.browser().get(url)) == {
        "error": "unauthorized_client",
        "error_description": "Client does not have access to the specified Canvas account.",
        "state": "s1",
    }


def test_a_trusted_key_skips_consent(canvas: Site) -> None:
    url = canvas.auth_url(client_id="10000000000009", redirect_uri="http://127.0.0.1:9004/callback")
    browser = canvas.browser()
    silent = parameters(canvas.browser().get(url + "&prompt=none"))
    assert silent["error"] == "login_required"
    answer = browser.sign_in(browser.follow(browser.get(url)), canvas.info.student)
    assert "code" in parameters(answer)
    assert "code" in parameters(browser.get(url + "&prompt=none"))


def test_prompts(canvas: Site) -> None:
    browser = canvas.browser()
    assert parameters(browser.get(canvas.auth_url(prompt="none")))["error"] == "login_required"
    assert parameters(browser.get(canvas.auth_url(prompt="login")))["error"] == "unsupported_prompt_type"
    browser.consent(canvas.auth_url(), canvas.info.student)
    assert parameters(browser.get(canvas.auth_url(prompt="none")))["error"] == "interaction_required"


def test_only_codes_are_given(canvas: Site) -> None:
    got = parameters(canvas.browser().get(canvas.auth_url(response_type="token")))
    assert got["error"] == "unsupported_response_type"
    assert got["error_description"] == "Only response_type=code is permitted"
    assert got["state"] == "s1"


# the token endpoint


def refused(canvas: Site, answer: httpx.Response, status: int, error: str, description: str) -> None:
    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": description}
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert "x-emulator-explain" in answer.headers


def test_clients_at_the_token_endpoint(canvas: Site) -> None:
    code = canvas.code()
    grant = {"grant_type": "authorization_code", "code": code}
    refused(canvas, canvas.token(**grant, client_id="999"), 401, "invalid_client", "unknown client")
    refused(canvas, canvas.token(**grant, client_id=None), 401, "invalid_client", "unknown client")
    refused(canvas, canvas.token(**grant, client_secret="x"), 401, "invalid_client", "invalid client")
    refused(canvas, canvas.token(**grant, client_secret=None), 401, "invalid_client", "invalid client")
    other = canvas.info.other_client
    refused(canvas, canvas.token(**grant, client_secret=other.client_secret), 401, "invalid_client", "invalid client")
    assert "10000000000006" in str(canvas.lms.requests.last.refusal.diagnosis)
    theirs = {"client_id": other.client_id, "client_secret": other.client_secret}
    refused(canvas, canvas.token(**grant, **theirs), 400, "invalid_grant", "incorrect client")
    basic = (canvas.info.client_id, canvas.info.client_secret)
    assert httpx.post(f"{canvas.url}/login/oauth2/token", data=grant, auth=basic).status_code == 200


def test_codes_live_once_and_ten_minutes(canvas: Site) -> None:
    missing = "You must provide the code parameter when using the authorization_code grant type"
    refused(canvas, canvas.token(grant_type="authorization_code"), 400, "invalid_request", missing)
    unknown = canvas.token(grant_type="authorization_code", code="x")
    refused(canvas, unknown, 400, "invalid_grant", "authorization_code not found")
    assert canvas.reason == "code_unknown"
    canvas.lms.clock.freeze(canvas.lms.clock.now.replace(microsecond=0))
    first, second = canvas.code(), canvas.code()
    assert canvas.token(code=first).status_code == 200, "grant_type may be left out"
    refused(canvas, canvas.token(code=first), 400, "invalid_grant", "authorization_code not found")
    assert canvas.reason == "code_used"
    canvas.lms.clock.advance(seconds=599)
    third = canvas.code()
    assert canvas.token(code=second).status_code == 200
    canvas.lms.clock.advance(seconds=600)
    refused(canvas, canvas.token(code=third), 400, "invalid_grant", "authorization_code not found")
    assert canvas.reason == "code_expired"


def test_other_grants(canvas: Site) -> None:
    sentence = "The grant_type you requested is not currently supported"
    for grant in ("password", None):
        refused(canvas, canvas.token(grant_type=grant), 400, "unsupported_grant_type", sentence)


def test_refreshing_kills_the_access_token_and_keeps_the_refresh_token(canvas: Site) -> None:
    first = canvas.tokens()
    refreshed = canvas.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    body = refreshed.json()
    assert "refresh_token" not in body
    assert body["expires_in"] == 3600
    assert body["user"] == first["user"]
    old = canvas.api(first["access_token"]).get("/api/v1/users/self")
    assert old.status_code == 401
    assert old.json() == {"errors": [{"message": "Invalid access token."}]}
    assert canvas.reason == "token_replaced"
    assert canvas.api(body["access_token"]).get("/api/v1/users/self").status_code == 200
    assert canvas.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["refreshed_again_at_once"]
    canvas.lms.clock.advance(seconds=61)
    canvas.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert canvas.lms.requests.last.warnings == []


def test_invalid_refresh_tokens(canvas: Site) -> None:
    missing = "You must provide the refresh_token parameter when using the refresh_token grant type"
    refused(canvas, canvas.token(grant_type="refresh_token"), 400, "invalid_request", missing)
    unknown = canvas.token(grant_type="refresh_token", refresh_token="x")
    refused(canvas, unknown, 400, "invalid_grant", "refresh_token not found")
    tokens = canvas.tokens()
    swapped = canvas.token(grant_type="refresh_token", refresh_token=tokens["access_token"])
    refused(canvas, swapped, 400, "invalid_grant", "refresh_token not found")
    other = canvas.info.other_client
    theirs = {"client_id": other.client_id, "client_secret": other.client_secret}
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refused(canvas, canvas.token(**grant, **theirs), 400, "invalid_grant", "incorrect client")
    assert canvas.token(**grant).status_code == 200


def test_tokens_expire_to_the_second_and_refreshing_helps(canvas: Site) -> None:
    canvas.lms.clock.freeze(canvas.lms.clock.now.replace(microsecond=0))
    tokens = canvas.tokens()
    api = canvas.api(tokens["access_token"])
    canvas.lms.clock.advance(seconds=3599)
    assert api.get("/api/v1/users/self").status_code == 200
    canvas.lms.clock.advance(seconds=1)
    late = api.get("/api/v1/users/self")
    assert late.status_code == 401
    assert late.json() == {"errors": [{"message": "Invalid access token."}]}
    assert late.headers["www-authenticate"] == 'Bearer realm="canvas-lms"'
    assert canvas.reason == "token_expired"
    fresh = canvas.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert canvas.api(fresh["access_token"]).get("/api/v1/users/self").status_code == 200


def test_revoking(canvas: Site) -> None:
    tokens = canvas.tokens()
    api = canvas.api(tokens["access_token"])
    nothing = canvas.api().delete("/login/oauth2/token")
    assert nothing.status_code == 400
    assert nothing.json() == {"message": "can't delete OAuth access token when not using an OAuth access token"}
    answer = api.delete("/login/oauth2/token")
    assert (answer.status_code, answer.json()) == (200, {})
    dead = api.get("/api/v1/users/self")
    assert dead.json() == {"errors": [{"message": "Revoked access token."}]}
    assert "www-authenticate" in dead.headers
    again = canvas.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    refused(canvas, again, 400, "invalid_grant", "refresh_token not found")


def test_revoking_can_end_the_browser_session(canvas: Site) -> None:
    browser = canvas.browser()
    got = browser.consent(canvas.auth_url(), canvas.info.student)
    token = canvas.token(code=got["code"]).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert browser.http.delete("/login/oauth2/token?expire_sessions=1", headers=headers).status_code == 200
    assert browser.get(canvas.auth_url()).headers["location"].endswith("/login")


def test_replace_tokens_leaves_one(canvas: Site) -> None:
    first = canvas.tokens()
    second = canvas.token(code=canvas.code(), replace_tokens="1").json()
    assert canvas.api(first["access_token"]).get("/api/v1/users/self").status_code == 401
    assert canvas.api(second["access_token"]).get("/api/v1/users/self").status_code == 200


def test_errors_by_redirect_where_a_site_still_does_that(canvas: Site) -> None:
    grant = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "http://127.0.0.1:9000/callback?a=1"}
    assert canvas.token(**grant).status_code == 400
    canvas.lms.settings["canvas.redirect_token_errors"] = True
    answer = canvas.token(**grant)
    got = parameters(answer)
    assert got == {"a": "1", "error": "invalid_grant", "error_description": "authorization_code not found"}
    assert canvas.token(**{**grant, "redirect_uri": None}).status_code == 400


def test_an_unreadable_body_does_not_crash(canvas: Site) -> None:
    url = f"{canvas.url}/login/oauth2/token"
    broken = httpx.post(url, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, canvas.reason) == (500, "parameters_unreadable")
    assert canvas.diagnosis == "the body is JSON without its end: was it cut, or a wrong Content-Length sent?"
    multipart = httpx.post(url, content=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert multipart.status_code == 400
    right = {"client_id": canvas.info.client_id, "client_secret": canvas.info.client_secret, "code": canvas.code()}
    assert httpx.post(url, json=right).status_code == 200


def test_a_page_in_a_frame_causes_a_warning(canvas: Site) -> None:
    canvas.browser().get(canvas.auth_url(), headers={"Sec-Fetch-Dest": "iframe"})
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["authorize_in_frame"]


def test_a_login_can_be_suggested(canvas: Site) -> None:
    browser = canvas.browser()
    page = browser.follow(browser.get(canvas.auth_url(unique_id="ada.lovelace")))
    assert 'value="ada.lovelace"' in page.text


def test_mistakes_that_are_named(canvas: Site) -> None:
    def diagnosis() -> str:
        return str(canvas.lms.requests.last.refusal.diagnosis)

    canvas.token(code="x", client_secret=f" {canvas.info.client_secret}\n")
    assert "white space" in diagnosis()
    tokens = canvas.tokens()
    canvas.api(tokens["refresh_token"]).get("/api/v1/users/self")
    assert "refresh token" in diagnosis()
    canvas.api("eyJhbGciOiJIUzI1NiJ9.e30.x").get("/api/v1/users/self")
    assert "JWT" in diagnosis()
    canvas.browser().get(canvas.auth_url(client_id="my-app"))
    assert "number" in diagnosis()
    httpx.post(f"{canvas.url}/login/oauth2/token", data={"code": "x"}, headers={"Authorization": "Basic !!!"})
    assert canvas.reason == "unknown_client"


def test_a_wrong_verifier_is_explained(canvas: Site) -> None:
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    right = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    for challenge, sent, words in (
        (None, verifier, "had no code_challenge"),
        (right, "w" * 50, "made from another verifier"),
        (right, f"{verifier}\n", "white space"),
        (verifier, verifier, "the same text"),
        (f"{right}=", verifier, "padding"),
        (digest.hex(), verifier, "in hex"),
    ):
        method = "S256" if challenge else None
        asked = canvas.auth_url(code_challenge=challenge, code_challenge_method=method)
        code = canvas.browser().consent(asked, canvas.info.student)["code"]
        assert canvas.token(code=code, code_verifier=sent).status_code == 400
        assert words in str(canvas.lms.requests.last.refusal.diagnosis), (words, canvas.lms.requests.last.refusal)
    for sent, warned in ((verifier, []), (None, ["code_verifier_missing"])):
        asked = canvas.auth_url(code_challenge=right, code_challenge_method="S256")
        code = canvas.browser().consent(asked, canvas.info.student)["code"]
        assert canvas.token(code=code, code_verifier=sent).status_code == 200
        assert [warning.code for warning in canvas.lms.requests.last.warnings] == warned


def test_confirming_without_a_request_leads_to_the_sign_in(canvas: Site) -> None:
    assert canvas.browser().get("/login/oauth2/confirm").headers["location"].endswith("/login")


def test_a_regenerated_secret_replaces_the_old_one(canvas: Site) -> None:
    keys = canvas.admin.get("/api/v1/accounts/1/developer_keys").json()
    key = next(item for item in keys if str(item["id"]) == canvas.info.client_id)
    path = f"/api/v1/developer_keys/{key['id']}/regenerate_secret"
    assert canvas.teacher.post(path).status_code == 403
    old = canvas.tokens()
    changed = canvas.admin.post(path).json()
    assert changed["api_key"] != key["api_key"]
    assert changed["id"] == key["id"]
    grant = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    assert canvas.token(**grant).status_code == 401
    assert canvas.token(**grant, client_secret=changed["api_key"]).status_code == 200


def test_a_key_is_limited_to_operations_of_today(canvas: Site) -> None:
    def make(scope: str) -> httpx.Response:
        return canvas.admin.post(
            "/api/v1/accounts/1/developer_keys", json={"developer_key": {"name": "K", "scopes": [scope]}}
        )

    assert make("url:GET|/api/v1/accounts/:account_id/apps").json()["scopes"] != []
    assert make("url:GET|/api/v1/accounts/:account_id/nothing").status_code == 400
