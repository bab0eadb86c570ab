"""Integrators' mistakes in requesting and sending tokens: each is named, and its correct neighbour is accepted.

The requests are httpx's own, Authlib's or PyJWT's; the base64 and JSON around them is made here.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import jwt
import pytest
from authlib.integrations.httpx_client import OAuth2Client

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials.tool_key import with_tool_key
from contract_tests.lms_site import LmsSite
from contract_tests.ltiaas.support import NEW_PLATFORM
from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import lti13

HTTP = httpx.Client(trust_env=False, timeout=30)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ME = {"canvas": "/api/v1/users/self", "brightspace": "/d2l/api/lp/1.47/users/whoami", "openedx": "/api/user/v1/me"}


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    """The demo world, and an LTI tool at Canvas whose key is in the world file."""
    with with_tool_key() as lms:
        yield lms
    HTTP.close()


@pytest.fixture(scope="module")
def sites(lms: Emulator) -> Iterator[dict[str, LmsSite]]:
    made: dict[str, LmsSite] = {"canvas": CanvasSite(lms), "brightspace": BrightspaceSite(lms)}
    yield made
    for site in made.values():
        site.close()


def diagnosed(lms: Emulator) -> str:
    """The diagnosis of the last request; empty if it was accepted."""
    refusal = lms.requests.last.refusal
    return "" if refusal is None else str(refusal.diagnosis)


Wrong = dict[str, tuple[Callable[[], httpx.Response], str]]


def each(lms: Emulator, wrong: Wrong) -> None:
    """Every mistake is refused, and named in these words."""
    unnamed = []
    for mistake, (send, words) in wrong.items():
        answer = send()
        location = answer.headers.get("location", "")
        assert answer.status_code >= 400 or "error=" in location, mistake
        if words not in diagnosed(lms):
            unnamed.append((mistake, diagnosed(lms)))
    assert unnamed == []


def doubled(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("name", ["canvas", "brightspace"])
def test_a_client_at_the_token_endpoint(lms: Emulator, sites: dict[str, LmsSite], name: str) -> None:
    site = sites[name]
    info, url, found = site.info, site.url + site.token_endpoint, site.tokens()
    grant = {"grant_type": "refresh_token", "refresh_token": found["refresh_token"]}
    client = {"client_id": info.client_id, "client_secret": info.client_secret}

    def post(**form: str) -> httpx.Response:
        return HTTP.post(url, data=form)

    def basic(header: str) -> Callable[[], httpx.Response]:
        return lambda: HTTP.post(url, data=grant, headers={"Authorization": header})

    pair, other = f"{info.client_id}:{info.client_secret}", info.other_client.client_secret
    urlsafe = base64.urlsafe_b64encode(f"{pair}???>>>???".encode()).decode()
    swapped = (info.client_secret, info.client_id)
    camel = {"clientId": info.client_id, "clientSecret": info.client_secret}
    whole = json.dumps({**grant, **client})
    each(
        lms,
        {
            "id and secret swapped": (
                lambda: post(**grant, client_id=swapped[0], client_secret=swapped[1]),
                "this is the client secret of",
            ),
            "swapped by Basic": (lambda: HTTP.post(url, data=grant, auth=swapped), "this is the client secret of"),
            "camel case": (lambda: post(**grant, **camel), "`clientId` was sent; the name is `client_id`"),
            "grantType": (
                lambda: post(grantType="refresh_token", **client),
                "`grantType` was sent; the name is `grant_type`",
            ),
            "no id": (lambda: post(**grant), "no client_id was sent"),
            "another client's secret": (
                lambda: post(**grant, **client | {"client_secret": other}),
                "the client secret of",
            ),
            "secret in base64": (
                lambda: post(**grant, **client | {"client_secret": doubled(info.client_secret)}),
                "encoded in base64 once more",
            ),
            "Basic's base64url": (basic(f"Basic {urlsafe}"), "it is base64url"),
            "Basic as Bearer": (basic("Bearer " + doubled(pair)), "id and secret of a client go by Basic"),
            "GET": (lambda: HTTP.get(url, params=grant | client), "GET was sent; this path takes POST"),
            "JSON that says it is a form": (
                lambda: HTTP.post(url, content=whole, headers=FORM),
                "the body is JSON, and",
            ),
            "no Content-Type": (
                lambda: HTTP.post(url, content=urlencode(grant | client)),
                "was sent as no Content-Type",
            ),
            "the refresh token as a code": (
                lambda: post(grant_type="refresh_token", code=grant["refresh_token"], **client),
                "this is a refresh token of",
            ),
        },
    )
    if name == "brightspace":
        each(
            lms,
            {
                "JSON": (lambda: HTTP.post(url, json=grant | client), "the body was sent as application/json"),
                "in the query": (lambda: HTTP.post(url, params=grant | client), "grant_type was sent in the query"),
            },
        )
    method = "client_secret_basic"
    with OAuth2Client(info.client_id, info.client_secret, token_endpoint_auth_method=method) as right:
        assert right.refresh_token(url, refresh_token=grant["refresh_token"])["access_token"]
    assert diagnosed(lms) == ""


@pytest.mark.parametrize("name", ["canvas", "brightspace"])
def test_mistakes_with_the_browsers_return(lms: Emulator, sites: dict[str, LmsSite], name: str) -> None:
    site = sites[name]
    info, code = site.info, site.code()
    back = f"{info.redirect_uri}?code={code}&state=s1"
    scoped = {"scope": "users:own_profile:read,grades:*:*"}
    if name == "canvas":
        client = info.scoped_client
        scoped = {"client_id": client.client_id, "redirect_uri": client.redirect_uri, "scope": ",".join(client.scopes)}

    def ask(**changes: Any) -> Callable[[], httpx.Response]:
        return lambda: site.client().get(site.auth_url(**changes))

    each(
        lms,
        {
            "the whole address": (lambda: site.exchange(back), "a whole query string or URL was sent instead"),
            "its query": (lambda: site.exchange(f"{code}&state=s1"), "what followed it in the query was sent with it"),
            "in quotation marks": (lambda: site.exchange(f'"{code}"'), "quotation marks around it"),
            "the code to refresh": (
                lambda: site.token(grant_type="refresh_token", refresh_token=code),
                "this is an authorization code of",
            ),
            "the implicit grant": (ask(response_type="token"), "the implicit grant is not given here"),
            "no response_type": (ask(response_type=None), "no response_type was sent; it has to be code"),
            "redirect_url": (ask(redirect_uri=None, redirect_url=info.redirect_uri), "no redirect_uri was sent"),
            "clientId": (ask(client_id=None, clientId=info.client_id), "`clientId` was sent; the name is `client_id`"),
            "scopes with commas": (ask(**scoped), "scopes are separated by spaces"),
        },
    )
    assert site.exchange(code).status_code == 200
    assert diagnosed(lms) == ""


@pytest.mark.parametrize("name", ME)
def test_where_a_token_is_sent(lms: Emulator, name: str) -> None:
    info = getattr(lms, name)
    token = info.access_tokens.learner if name == "openedx" else info.access_tokens.student

    def me(headers: dict[str, str] | None = None, **more: Any) -> Callable[[], httpx.Response]:
        return lambda: HTTP.get(info.url + ME[name], headers=headers, **more)

    def auth(value: str) -> Callable[[], httpx.Response]:
        return me({"Authorization": value})

    whole = json.dumps({"access_token": token, "token_type": "Bearer"})
    wrong: Wrong = {
        "a colon after the scheme": (auth(f"Bearer: {token}"), "it was sent as `Bearer: …`"),
        "an equals sign": (auth(f"Bearer={token}"), "it was sent after a scheme without a space between them"),
        "another scheme": (auth(f"Token {token}"), "it was sent as `Token …`"),
        "no scheme": (auth(token), "it was sent in the Authorization header without a scheme"),
        "another header": (me({"X-Auth-Token": token}), "it was sent in the header x-auth-token"),
        "a cookie": (me({"Cookie": f"access_token={token}"}), "it was sent in the cookies, as `access_token`"),
        "the query": (me(params={"token": token}), "it was sent in the query, as `token`"),
        "brackets of the manual": (auth(f"Bearer <{token}>"), "there are brackets around it"),
        "base64": (auth(f"Bearer {doubled(token)}"), "it was encoded in base64 once more"),
        "the whole answer": (auth(f"Bearer {whole.replace(' ', '')}"), "a whole JSON document was sent instead"),
    }
    if name == "openedx":  # one word is not a scheme there, but a token without its credentials
        del wrong["an equals sign"]
    each(lms, wrong)
    assert auth(f"Bearer {token}")().status_code == 200
    assert diagnosed(lms) == ""


def test_an_assertion_of_a_tool(lms: Emulator) -> None:
    info = lms.canvas
    url, client = f"{info.url}/login/oauth2/token", info.lti_client_id

    def signed(**changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": client, "sub": client, "aud": url, "jti": uuid4().hex, "iat": now, "exp": now + 60}
        claims |= {name: value(now) if callable(value) else value for name, value in changes.items()}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, private_key("tool"), "RS256", headers={"kid": "ours"})

    def ask(token: str = "", **fields: Any) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER}
        form |= {"client_assertion": token or signed(), "scope": lti13.SCOPE_MEMBERSHIP, **fields}
        return HTTP.post(url, data={name: value for name, value in form.items() if value is not None})

    def padded(token: str) -> str:
        return ".".join(part + "=" * (-len(part) % 4) for part in token.split("."))

    lines = "\n".join(signed()[at : at + 64] for at in range(0, 900, 64))
    grant_kind = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    each(
        lms,
        {
            "over": (lambda: ask(signed(iat=lambda n: n - 400, exp=lambda n: n - 100)), "before now"),
            "a duration": (lambda: ask(signed(exp=300)), "not a duration: add it to the time of now"),
            **{
                name: (lambda name=name: ask(signed(**{name: None})), f"the claim `{name}` is missing")
                for name in ("aud", "exp", "iat", "jti")
            },
            "no sub": (lambda: ask(signed(sub=None)), "the assertion has no `sub`"),
            "the kind of a grant": (lambda: ask(client_assertion_type=grant_kind), "client_assertion_type has to be"),
            "another field": (lambda: ask(client_assertion=None, assertion=signed()), "the name is `client_assertion`"),
            "no scope": (lambda: ask(scope=None), "no scope was asked for"),
            "a scope of the REST API": (lambda: ask(scope="url:GET|/api/v1/courses"), "is one of the REST API"),
            "in base64": (lambda: ask(doubled(signed())), "it is a JWT, but it was encoded in base64 once more"),
            "padded": (lambda: ask(padded(signed())), "where a JWT has base64url without"),
            "in quotation marks": (lambda: ask(f'"{signed()}"'), "it is a JWT, but there are quotation marks"),
            "Python's bytes": (lambda: ask(f"b'{signed()}'"), "written out as Python's bytes"),
            "with its scheme": (lambda: ask(f"Bearer {signed()}"), "its scheme was written twice"),
            "in lines": (lambda: ask(lines), "there are line breaks or spaces in it"),
        },
    )
    assert ask().status_code == 200
    assert diagnosed(lms) == ""


def test_a_jwt_for_open_edx(lms: Emulator) -> None:
    info = lms.openedx
    secret, issuer = info.jwt.hs256_secret, info.jwt.issuer

    def me(key: str = secret, alg: str = "HS256", **changes: Any) -> httpx.Response:
        now = int(time.time())
        claims = {"iss": issuer, "aud": info.jwt.audience, "iat": now, "exp": now + 60, "preferred_username": "ada"}
        claims |= {"version": "1.2.0"}
        claims |= {name: value(now) if callable(value) else value for name, value in changes.items()}
        token = jwt.encode(claims, key, alg)
        return HTTP.get(info.url + ME["openedx"], headers={"Authorization": f"JWT {token}"})

    each(
        lms,
        {
            "a slash": (lambda: me(iss=f"{issuer}/"), f"it has to be {issuer}, without a slash at its end"),
            "the scheme": (lambda: me(iss=issuer.replace("http:", "https:")), "the scheme differs"),
            "milliseconds": (lambda: me(iat=lambda n: n * 1000, exp=lambda n: (n + 60) * 1000), "in milliseconds"),
            "not yet": (lambda: me(nbf=lambda n: n + 100), "later than now"),
            "a secret with a line end": (lambda: me(f"{secret}\n"), "this site's secret with a line end after it"),
            "a secret in base64": (lambda: me(doubled(secret)), "this site's secret encoded in base64"),
            "another hash": (lambda: me(secret * 2, "HS512"), "it was signed with HS512; this site accepts"),
        },
    )
    assert me().status_code == 200
    assert diagnosed(lms) == ""


def test_the_token_endpoint_of_open_edx(lms: Emulator, edx: Web) -> None:
    clients, learner = edx.clients, edx.info.learner
    whole = {"client_id": clients.password.client_id, "client_secret": clients.password.client_secret}
    login = {"grant_type": "password", "username": learner.username, "password": learner.password}
    url = f"{edx.url}/oauth2/access_token"

    def without(name: str, **more: str) -> dict[str, str]:
        return {key: value for key, value in (whole | login).items() if key != name} | more

    def basic(client_id: str, secret: str) -> httpx.Response:
        return HTTP.post(url, data=login, headers={"Authorization": "Basic " + doubled(f"{client_id}:{secret}")})

    each(
        lms,
        {
            "user": (lambda: edx.token(**without("username", user="ada")), "`user` was sent; the name is `username`"),
            "pass": (
                lambda: edx.token(**without("password", **{"pass": "x"})),
                "`pass` was sent; the name is `password`",
            ),
            "a space": (
                lambda: edx.token(**whole, **login | {"password": f"{learner.password} "}),
                "white space around it",
            ),
            "clientId": (
                lambda: edx.token(**without("client_id", clientId="x")),
                "`clientId` was sent; the name is `client_id`",
            ),
            "JSON": (lambda: HTTP.post(url, json=whole | login), "the body was sent as application/json"),
            "the hash of a secret": (
                lambda: basic(clients.password.client_id, "pbkdf2_sha256$1000000$salt$hash="),
                "this is the hash that a site keeps of a secret",
            ),
            "a wrong secret by Basic": (
                lambda: basic(clients.password.client_id, "short"),
                "this is another one: yours has 5 characters",
            ),
            "swapped by Basic": (
                lambda: basic(*reversed(whole.values())),
                "this is a client secret of demo-password-id",
            ),
            "another grant's client": (
                lambda: edx.by(clients.client_credentials, **login),
                "set up for the grant client-credentials alone",
            ),
        },
    )
    assert basic(*whole.values()).status_code == 200
    assert diagnosed(lms) == ""


def test_callers_of_ltiaas(lms: Emulator) -> None:
    info = lms.ltiaas
    key, platform = info.api_key, info.platforms.canvas
    token = jwt.encode({"iss": "https://canvas.instructure.com", "sub": "1"}, "x" * 32, "HS256")
    exchange = f"{info.url}/api/oauth/access-token/{platform}"

    def get(path: str, value: str = "", **headers: str) -> Callable[[], httpx.Response]:
        sent = headers | ({"Authorization": value} if value else {})
        return lambda: HTTP.get(f"{info.url}{path}", headers=sent)

    def post(url: str, **options: Any) -> Callable[[], httpx.Response]:
        return lambda: HTTP.post(url, headers={"Authorization": f"Bearer {key}"}, **options)

    each(
        lms,
        {
            "another header": (get("/api/platforms", **{"X-API-Key": key}), "it was sent in the header x-api-key"),
            "another scheme": (get("/api/platforms", f"Token {key}"), "it was sent as `Token …`"),
            "Basic": (get("/api/platforms", "Basic " + doubled(f"{key}:")), "it was sent as the name of HTTP Basic"),
            "no scheme": (get("/api/platforms", key), "it was sent in the Authorization header without a scheme"),
            "without dashes": (
                get("/api/platforms", "Bearer " + key.replace("-", "")),
                "between its letters and digits",
            ),
            "braces": (get("/api/platforms", f"Bearer {{{key}}}"), "there are brackets around it"),
            "the tool's own JWT": (get("/api/idtoken", f"LTIK-AUTH-V2 {key}:{token}"), "LTIAAS did not sign this"),
            "V1 in the form of V2": (get("/api/idtoken", f"LTIK-AUTH-V1 {key}:{token}"), "that of LTIK-AUTH-V2"),
            "no ltik": (get("/api/idtoken", f"LTIK-AUTH-V2 {key}"), "the ltik, or the service key, is missing"),
            "a name of its own": (
                post(exchange, json={"oauth_code": "x"}),
                "`oauth_code` was sent; the name is `code`",
            ),
            "the code in the query": (post(f"{exchange}?code=x"), "code was sent in the query; it goes into the body"),
            "a form": (post(exchange, data={"code": "x"}), "a form was sent; the API takes JSON"),
            "loginHint": (
                post(f"{info.url}/lti/login", data={"iss": "x", "loginHint": "y", "target_link_uri": "z"}),
                "`loginHint` was sent; the name is `login_hint`",
            ),
        },
    )
    assert get("/api/platforms", f"Bearer {key}")().status_code == 200
    assert diagnosed(lms) == ""


def test_platforms_and_launches_of_ltiaas(lms: Emulator) -> None:
    info = lms.ltiaas
    platforms, keys = f"{info.url}/api/platforms", "https://new.example/keys"
    bearer = {"Authorization": f"Bearer {info.api_key}"}

    def register(config: Any) -> Callable[[], httpx.Response]:
        return lambda: HTTP.post(platforms, headers=bearer, json=NEW_PLATFORM | {"authConfig": config})

    def get(path: str, **headers: str) -> Callable[[], httpx.Response]:
        return lambda: HTTP.get(f"{info.url}{path}", headers=headers or bearer)

    each(
        lms,
        {
            "the key twice": (
                get("/api/platforms", Authorization=f"Bearer {info.api_key} {info.api_key}"),
                "but it was written twice",
            ),
            "a launch as a link": (get("/lti/launch"), "the URL was opened by GET; the LMS posts a form to it"),
            "text": (register(keys), "authConfig is not an object"),
            "a list": (register(["JWK_SET", keys]), "authConfig is not an object"),
            "small letters": (register({"method": "jwk_set", "key": keys}), "write the method in capitals, JWK_SET"),
            "a capital": (register({"Method": "JWK_SET", "key": keys}), "`Method` was sent; the name is `method`"),
            "another name": (register({"method": "JWK_SET", "url": keys}), "authConfig has no `key`"),
            "without /api": (get("/platforms"), "LTIAAS has `/api/platforms`: paths begin with /api"),
            "a version": (get("/api/v1/platforms"), "LTIAAS has `/api/platforms`: paths begin with /api"),
        },
    )
    assert register({"method": "JWK_SET", "key": keys})().status_code == 200
    assert diagnosed(lms) == ""


def test_a_percent_encoded_secret_is_taken_by_basic(lms: Emulator, sites: dict[str, LmsSite]) -> None:
    """RFC 6749 2.3.1 has id and secret encoded for a form first; that is no mistake."""
    site = sites["brightspace"]
    pair = f"{quote(site.info.client_id, safe='')}:{quote(site.info.client_secret, safe='')}"
    grant = {"grant_type": "refresh_token", "refresh_token": site.tokens()["refresh_token"]}
    url = site.url + site.token_endpoint
    assert HTTP.post(url, data=grant, headers={"Authorization": f"Basic {doubled(pair)}"}).status_code == 200
