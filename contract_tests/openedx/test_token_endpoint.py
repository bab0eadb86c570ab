"""The token endpoint: what each grant gives, and each refusal beside the neighbour that passes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import jwt
import pytest

from contract_tests.openedx.web import Web, returned

DEFAULT = "read write email profile"


def basic(client_id: str, secret: str, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


def claims(web: Web, token: str) -> dict[str, Any]:
    """The claims of a JWT, proved with what `info` tells."""
    config = web.info.jwt
    header = jwt.get_unverified_header(token)
    key: Any = config.hs256_secret if header["alg"] == "HS256" else jwt.PyJWK(config.jwks["keys"][0], "RS512").key
    checks = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, key, [header["alg"]], audience=config.audience, issuer=config.issuer, options=checks)


# what comes out


def test_client_credentials_act_as_the_owner(web: Web) -> None:
    answer = web.client_credentials()
    token = answer.json()["access_token"]
    assert answer.text == (
        f'{{"access_token": "{token}", "expires_in": 36000, "token_type": "Bearer", "scope": "{DEFAULT}"}}'
    )
    assert re.fullmatch(r"[A-Za-z0-9]{30}", token)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert web.me(token).json() == {"username": web.clients.client_credentials.user}


def test_the_password_grant_takes_a_username_or_an_email(web: Web) -> None:
    for name in (web.info.learner.username, web.info.learner.email):
        answer = web.password(username=name)
        assert list(answer.json()) == ["access_token", "expires_in", "token_type", "scope", "refresh_token"]
        assert web.me(answer.json()["access_token"]).json() == {"username": web.info.learner.username}


def test_inactive_users_get_tokens_that_work_on_most_views(web: Web) -> None:
    token = web.password(web.info.inactive).json()["access_token"]
    assert web.me(token).json() == {"username": web.info.inactive.username}
    bulk = web.http.post("/api/bulk_enroll/v1/bulk_enroll", headers={"Authorization": f"Bearer {token}"})
    assert bulk.json()["error_code"] == "user_not_active"


def test_public_clients_need_no_secret_but_a_given_one_is_checked(web: Web) -> None:
    learner = web.info.learner
    login = {"grant_type": "password", "username": learner.username, "password": learner.password}
    assert web.by(web.clients.public_password, **login).status_code == 200
    assert web.by(web.clients.public_password, client_secret="x", **login).json() == {"error": "invalid_client"}


@pytest.mark.parametrize("asymmetric", [False, True])
def test_jwts_have_the_claims_in_order(web: Web, asymmetric: bool) -> None:
    extra = {"asymmetric_jwt": "true"} if asymmetric else {}
    answer = web.password(token_type="jwt", **extra).json()
    assert (answer["expires_in"], answer["token_type"], answer["scope"]) == (3600, "JWT", f"{DEFAULT} user_id")
    header = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[0] + "=="))
    assert header == {"alg": "RS512" if asymmetric else "HS256", "typ": "JWT"}
    found = claims(web, answer["access_token"])
    assert list(found) == [
        *("aud", "exp", "grant_type", "iat", "iss", "preferred_username", "scopes", "version", "sub", "filters"),
        *("is_restricted", "email_verified", "email", "name", "family_name", "given_name", "administrator"),
        *("superuser", "user_id"),
    ]
    assert found["exp"] - found["iat"] == 3600
    assert (found["grant_type"], found["filters"]) == ("password", ["user:me"])
    assert web.me(answer["access_token"], scheme="JWT").json() == {"username": web.info.learner.username}


def test_a_jwt_sent_as_bearer_is_explained(web: Web) -> None:
    token = web.client_credentials(token_type="JWT").json()["access_token"]
    assert web.me(token).json()["error_code"] == "token_nonexistent"
    assert "Authorization: JWT" in web.refusal.diagnosis


def test_restricted_applications(web: Web) -> None:
    opaque = web.by(web.clients.restricted, grant_type="client_credentials").json()
    assert isinstance(opaque["expires_in"], float)
    assert opaque["expires_in"] < -1_700_000_000
    assert web.me(opaque["access_token"]).json()["error_code"] == "token_expired"
    answer = web.by(web.clients.restricted, grant_type="client_credentials", token_type="jwt").json()
    found = claims(web, answer["access_token"])
    assert (found["is_restricted"], found["filters"]) == (True, ["content_org:CET"])
    assert jwt.get_unverified_header(answer["access_token"])["alg"] == "RS512"
    refused = web.me(answer["access_token"], scheme="JWT")
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "You do not have permission to perform this action.",
    )


def test_an_application_without_a_user(web: Web) -> None:
    """Opaque tokens are issued; a JWT and the use of the token are defects of the real server."""
    opaque = web.by(web.clients.without_user, grant_type="client_credentials")
    assert opaque.status_code == 200
    assert web.by(web.clients.without_user, grant_type="client_credentials", token_type="jwt").status_code == 500
    assert web.me(opaque.json()["access_token"]).status_code == 500
    assert web.lms.requests.last.provider_defect
    assert "to which no user is assigned" in web.lms.requests.last.warnings[0].message


# client authentication


def test_basic_goes_before_the_form(web: Web) -> None:
    client = web.clients.client_credentials
    right, wrong = basic(client.client_id, client.client_secret), basic(client.client_id, "nope")
    form = {"grant_type": "client_credentials"}
    both = {**form, "client_id": client.client_id, "client_secret": client.client_secret}
    for headers, data, status in ((right, form, 200), (wrong, form, 401), (wrong, both, 200), ({}, both, 200)):
        assert web.http.post("/oauth2/access_token", data=data, headers=headers).status_code == status
    lower = basic(client.client_id, client.client_secret, "basic")
    assert web.http.post("/oauth2/access_token", data=form, headers=lower).status_code == 401
    assert "written `Basic`" in web.refusal.diagnosis


@pytest.mark.parametrize(
    ("change", "diagnosis"),
    [
        ({"client_id": "nobody"}, "no application"),
        ({"client_secret": "x"}, "another one: yours has 1 characters"),
        ({"client_secret": ""}, "no client secret"),
        ({"client_secret": " demo-client-credentials-secret"}, "white space"),
        ({"client_secret": "DEMO-client-credentials-secret"}, "the case differs"),
    ],
)
def test_a_client_without_valid_credentials(web: Web, change: dict[str, str], diagnosis: str) -> None:
    answer = web.client_credentials(**change)
    assert (answer.status_code, answer.text) == (401, '{"error": "invalid_client"}')
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_client"'
    assert diagnosis in web.refusal.diagnosis


def test_matching_in_any_case_is_a_setting(web: Web) -> None:
    upper = web.clients.client_credentials.client_id.upper()
    assert web.client_credentials(client_id=upper).status_code == 200
    assert web.me(web.info.access_tokens.learner.upper()).status_code == 200
    web.lms.settings["openedx.case_insensitive_matching"] = False
    assert web.client_credentials(client_id=upper).status_code == 401
    assert web.me(web.info.access_tokens.learner.upper()).status_code == 401


# other refusals


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "unsupported_grant_type", None),
        ({"grant_type": "magic"}, "unsupported_grant_type", None),
        ({"grant_type": "client_credentials", "scope": "bogus"}, "invalid_scope", None),
        ({"grant_type": "client_credentials", "scope": ""}, "invalid_scope", None),
        ({"grant_type": "client_credentials", "scope": "user_id"}, "invalid_scope", None),
        ({"grant_type": "password", "password": "x"}, "invalid_request", "Request is missing username parameter."),
        ({"grant_type": "password", "username": "x"}, "invalid_request", "Request is missing password parameter."),
        ({"grant_type": "refresh_token"}, "invalid_request", "Missing refresh token parameter."),
        ({"grant_type": "authorization_code"}, "invalid_request", "Missing code parameter."),
        ({"grant_type": "authorization_code", "code": "x"}, "unauthorized_client", None),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", None),
    ],
)
def test_error_documents(web: Web, form: dict[str, str], error: str, description: str | None) -> None:
    answer = web.by(web.clients.client_credentials, **form)
    expected = {"error": error} if description is None else {"error": error, "error_description": description}
    assert (answer.status_code, answer.text) == (400, json.dumps(expected))
    assert answer.headers["cache-control"] == "no-store"


def test_wrong_and_unusable_passwords(web: Web) -> None:
    for name, password in ((web.info.learner.username, "x"), ("nobody", "x"), ("disabled", "")):
        answer = web.password(username=name, password=password or "x")
        assert answer.json() == {"error": "invalid_grant", "error_description": "Invalid credentials given."}
    assert "unusable" in web.refusal.diagnosis


def test_only_forms_are_read(web: Web) -> None:
    answer = web.http.post("/oauth2/access_token", json={"grant_type": "client_credentials"})
    assert answer.json() == {"error": "unsupported_grant_type"}
    assert "application/json" in web.refusal.diagnosis


def test_a_query_string_makes_the_real_server_fail(web: Web) -> None:
    answer = web.http.post("/oauth2/access_token?x=1", data={"grant_type": "client_credentials"})
    assert answer.status_code == 500
    assert "There has been a 500 error" in answer.text


def test_other_methods(web: Web) -> None:
    answer = web.http.get("/oauth2/access_token")
    assert (answer.status_code, answer.text, answer.headers["allow"]) == (405, "", "POST, OPTIONS")


def test_the_rate_limit_is_a_page(web: Web) -> None:
    web.lms.settings["openedx.token_endpoint_rate"] = "2/minute"
    assert [web.client_credentials().status_code for _ in range(3)] == [200, 200, 429]
    answer = web.http.get("/oauth2/access_token")
    assert (answer.status_code, "Too Many Requests" in answer.text) == (429, True)
    web.lms.clock.advance(seconds=61)
    assert web.client_credentials().status_code == 200


def test_rest_views_can_be_limited_too(web: Web) -> None:
    web.lms.settings["openedx.user_rate"] = "2/minute"
    token, other = web.info.access_tokens.learner, web.info.access_tokens.other_learner
    assert [web.me(token).status_code for _ in range(3)] == [200, 200, 429]
    refused = web.me(token)
    assert refused.json()["detail"].startswith("Request was throttled. Expected available in ")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert web.me(other).status_code == 200
    web.lms.clock.advance(seconds=61)
    assert web.me(token).status_code == 200


# codes


def exchange(web: Web, code: str, client: Any = None, **form: str) -> Any:
    client = client or web.clients.trusted
    return web.by(
        client, **{"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uris[0], **form}
    )


def test_a_code_works_once_and_only_for_its_client(web: Web) -> None:
    browser = web.browser(web.info.learner)
    code = browser.code(web.clients.trusted)
    assert exchange(web, code, web.clients.authorization_code).json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "code_of_another_client"
    assert exchange(web, code).status_code == 200
    assert exchange(web, code).json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "code_reused"
    assert exchange(web, "nope").json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "code_unknown"


def test_a_code_is_bound_to_its_redirect_uri(web: Web) -> None:
    code = web.browser(web.info.learner).code(web.clients.trusted)
    other = exchange(web, code, redirect_uri="http://127.0.0.1/callback")
    assert other.json() == {"error": "invalid_request", "error_description": "Mismatching redirect URI."}
    client = web.clients.trusted
    without = web.by(client, grant_type="authorization_code", code=code)
    assert without.json() == {"error": "invalid_request", "error_description": "Missing redirect URI."}
    assert exchange(web, code).status_code == 200


@pytest.mark.parametrize("method", ["plain", "S256", None])
def test_pkce(web: Web, method: str | None) -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"code_challenge": digest if method == "S256" else verifier, "code_challenge_method": method or ""}
    code = web.browser(web.info.learner).code(web.clients.public_authorization_code, **asked)
    client = web.clients.public_authorization_code
    missing = exchange(web, code, client)
    assert missing.json() == {"error": "invalid_request", "error_description": "Code verifier required."}
    assert "send the code_verifier" in web.refusal.diagnosis
    assert exchange(web, code, client, code_verifier="y" * 43).json() == {"error": "invalid_grant"}
    assert exchange(web, code, client, code_verifier=verifier).status_code == 200


def test_a_scraped_consent_form_loses_the_challenge(web: Web) -> None:
    """In the default mode the page's challenge inputs are empty; only the address of the form carries it."""
    from contract_tests.openedx.web import controls

    browser, client = web.browser(web.info.learner), web.clients.public_authorization_code
    page = browser.authorize(client, code_challenge="abc", code_challenge_method="plain")
    form = controls(page.text)
    assert (form["code_challenge"], form["code_challenge_method"]) == ("", "")
    form.pop("cancel")
    code = returned(browser.http.post("/oauth2/authorize/", data=form))["code"]
    assert exchange(web, code, client).status_code == 200


# refreshing and revoking


def test_refresh_tokens_rotate(web: Web) -> None:
    first = web.password().json()
    second = web.refresh(first["refresh_token"]).json()
    assert web.me(first["access_token"]).status_code == 401
    assert web.me(second["access_token"]).status_code == 200
    assert web.refresh(first["refresh_token"]).json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "refresh_token_reused"
    assert web.me(second["access_token"]).status_code == 200
    assert web.refresh(second["refresh_token"]).status_code == 200


def test_a_refresh_narrows_and_never_widens(web: Web) -> None:
    first = web.password(scope="read email").json()
    assert web.refresh(first["refresh_token"], scope="read write").json() == {"error": "invalid_scope"}
    narrow = web.refresh(first["refresh_token"], scope="read").json()
    assert narrow["scope"] == "read"
    assert web.refresh(narrow["refresh_token"]).json()["scope"] == "read"


def test_a_refresh_token_of_another_client(web: Web) -> None:
    token = web.password().json()["refresh_token"]
    theirs = web.by(web.clients.public_password, grant_type="refresh_token", refresh_token=token)
    assert theirs.json() == {"error": "invalid_grant"}
    assert web.refusal.reason == "refresh_token_of_another_client"
    assert web.refresh(token).status_code == 200


def test_revoking(web: Web) -> None:
    first, second = web.password().json(), web.password().json()
    answer = web.revoke(first["access_token"])
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "", "text/html; charset=utf-8")
    assert web.me(first["access_token"]).status_code == 401
    assert web.refresh(first["refresh_token"]).status_code == 500  # a defect of the real server
    assert web.revoke(second["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert web.me(second["access_token"]).status_code == 401
    assert web.refresh(second["refresh_token"]).json() == {"error": "invalid_grant"}
    assert web.revoke("nope").status_code == 200
    assert web.lms.requests.last.warnings[0].code == "nothing_revoked"
    assert web.revoke("").json()["error_description"] == "Missing token parameter."
    assert web.revoke("x", client_secret="x").json() == {"error": "invalid_client"}


def test_jwts_cannot_be_revoked(web: Web) -> None:
    token = web.client_credentials(token_type="jwt").json()["access_token"]
    assert web.revoke(token).status_code == 200
    assert web.me(token, scheme="JWT").status_code == 200


def test_introspection(web: Web) -> None:
    client = web.clients.client_credentials
    headers = basic(client.client_id, client.client_secret)
    token = web.password(scope="read").json()["access_token"]
    found = web.http.post("/_o/introspect/", data={"token": token}, headers=headers).json()
    assert {k: v for k, v in found.items() if k != "exp"} == {
        "active": True,
        "scope": "read",
        "client_id": web.clients.password.client_id,
        "username": web.info.learner.username,
    }
    assert web.http.post("/_o/introspect/", data={"token": "x"}, headers=headers).json() == {"active": False}
    nobody = web.http.post("/_o/introspect/", data={"token": token})
    assert (nobody.status_code, nobody.text) == (403, "")


def test_keys_are_published(web: Web) -> None:
    assert web.http.get("/auth/jwks.json").json() == web.info.jwt.jwks
    for path in ("/oauth2/.well-known/openid-configuration", "/.well-known/openid-configuration"):
        assert web.http.get(path).status_code == 404
    off = web.http.get("/_o/.well-known/openid-configuration/")
    assert (off.status_code, off.text) == (404, "")
