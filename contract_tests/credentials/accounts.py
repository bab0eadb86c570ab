"""Makers of the credentials of accounts, clients and browsers: keys, secrets, tokens, codes, cookies."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from contract_tests.credentials.makers import MAKERS, Held, Side, Use, bearer, cookie, makes
from contract_tests.learningstudio.client import Client, cmac
from contract_tests.lms_site import LmsSite

# OpenLearning


@makes("openlearning", "an API key")
def _(a: Side) -> Held:
    key = a.lms.openlearning.api_key
    path = f"/v2.2/institutions/lakeside/managed-users/?api_key={key}"
    return Held(key, lambda w: w.request("GET", "openlearning", path))


def redirected(answer: httpx.Response) -> bool:
    return answer.status_code == 302


@makes("openlearning", "a consumer secret")
def _(a: Side) -> Held:
    site = a.openlearning
    numbers = iter(range(1_000_000))

    def use(w: Side) -> httpx.Response:
        url = f"{w.url('openlearning')}/lti/launch/"
        return w.http.post(url, data=site.signed(url=url, oauth_nonce=f"secret{next(numbers)}")["params"])

    return Held(site.info.consumer_secret, use, redirected)


@makes("openlearning", "the nonce of a launch given out")
def _(a: Side) -> Held:
    data = a.openlearning.launch_data()
    given = data["params"]
    return Held(
        given["oauth_nonce"], lambda w: w.http.post(f"{w.url('openlearning')}/lti/launch/", data=given), redirected
    )


@makes("openlearning", "a session cookie")
def _(a: Side) -> Held:
    data = a.openlearning.launch_data()
    arrived = a.browser().post(data["url"], data=data["params"])
    value = arrived.cookies["openlearning_session"]
    return Held(
        value,
        lambda w: w.request("GET", "openlearning", "/lakeside/", headers=cookie("openlearning_session", value)),
        lambda answer: "Ada Lovelace" in answer.text,
    )


@makes("openlearning", "the token of a class set-up")
def _(a: Side) -> Held:
    site, browser = a.openlearning, a.browser()
    staff, number = site.info.staff_user.external_institution_id, a.number()
    launch = site.signed(user_id=staff, roles="Instructor", context_id=f"new{number}", oauth_nonce=f"setup{number}")
    page = browser.post(launch["url"], data=launch["params"])
    token, *_ = re.findall(r'name="token" value="([^"]+)"', page.text)
    kept = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    choice = {"token": token, "class_id": site.info.class_id}
    return Held(
        token,
        lambda w: w.request("POST", "openlearning", "/lti/setup/", data=choice, headers={"Cookie": kept}),
        redirected,
    )


# LearningStudio


def _me(w: Side, token: str) -> httpx.Response:
    return w.learningstudio.as_user(token, "GET", "/me")


@makes("learningstudio", "an access token")
def _(a: Side) -> Held:
    token = a.learningstudio.token(a.lms.learningstudio.student.username)
    return Held(token, lambda w: _me(w, token))


def _by_password(a: Side) -> dict[str, Any]:
    student = a.lms.learningstudio.student
    answer: dict[str, Any] = a.learningstudio.ask_by_password(student.username, student.password).json()
    return answer


@makes("learningstudio", "a refresh token")
def _(a: Side) -> Held:
    token, keys = _by_password(a)["refresh_token"], a.learningstudio.keys
    ask = {"grant_type": "refresh_token", "client_id": keys.application_id, "refresh_token": token}
    return Held(token, lambda w: w.request("POST", "learningstudio", "/token", data=ask))


@makes("learningstudio", "an access grant")
def _(a: Side) -> Held:
    info = a.lms.learningstudio
    ask = {
        "clientString": info.client_string,
        "client_id": info.application_id,
        "userLogin": info.student.username,
        "password": info.student.password,
    }
    granted = a.request("POST", "learningstudio", "/authorize/grant", data=ask).json()["access_token"]
    return Held(granted, lambda w: w.request("GET", "learningstudio", f"/authorize/token?access_grant={granted}"))


@makes("learningstudio", "the shared secret")
def _(a: Side) -> Held:
    own = a.learningstudio

    def use(w: Side) -> httpx.Response:
        url = w.url("learningstudio")
        there = Client(url, own.keys, w.http, own.now)
        path = f"{urlsplit(url).path}/courses/{a.lms.learningstudio.course_id}"
        header = {"X-Authorization": there.header("GET", path)}
        return w.http.get(f"{url}/courses/{a.lms.learningstudio.course_id}", headers=header)

    return Held(own.keys.shared_secret, use)


@makes("learningstudio", "the secret of a principal")
def _(a: Side) -> Held:
    info, secret = a.lms.learningstudio, a.lms.learningstudio.principal_secret

    def use(w: Side) -> httpx.Response:
        stamp = a.lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        token = f"{info.principal_id}|{stamp}|{cmac(secret, stamp + info.principal_id).hex()}"
        path = f"/v1/subscriptions/principal/{info.principal_id}"
        return w.request("GET", "learningstudio", path, headers={"Authorization": token})

    return Held(secret, use)


# Open edX


@makes("openedx", "a client secret")
def _(a: Side) -> Held:
    client = a.openedx.clients.client_credentials
    ask = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    return Held(client.client_secret, lambda w: w.request("POST", "openedx", "/oauth2/access_token", data=ask))


def _edx_me(w: Side, headers: dict[str, str]) -> httpx.Response:
    return w.request("GET", "openedx", "/api/user/v1/me", headers=headers)


@makes("openedx", "an access token")
def _(a: Side) -> Held:
    web = a.openedx
    token = web.password(web.info.superuser).json()["access_token"]
    return Held(token, lambda w: _edx_me(w, bearer(token)))


@makes("openedx", "a JWT")
def _(a: Side) -> Held:
    web = a.openedx
    token = web.password(web.info.staff, token_type="jwt").json()["access_token"]
    return Held(token, lambda w: _edx_me(w, bearer(token, "JWT")))


def _edx_ask(client: Any, **fields: str) -> Use:
    ask = {"client_id": client.client_id, "client_secret": client.client_secret, **fields}
    return lambda w: w.request("POST", "openedx", "/oauth2/access_token", data=ask)


@makes("openedx", "a refresh token")
def _(a: Side) -> Held:
    web = a.openedx  # a grant replaces the tokens of the same person
    token, client = web.password(web.info.other_learner).json()["refresh_token"], web.clients.password
    return Held(token, _edx_ask(client, grant_type="refresh_token", refresh_token=token))


@makes("openedx", "an authorization code")
def _(a: Side) -> Held:
    web = a.openedx
    client = web.clients.trusted
    code = web.browser(web.info.learner).code(client)
    back = client.redirect_uris[0]
    return Held(code, _edx_ask(client, grant_type="authorization_code", code=code, redirect_uri=back))


@makes("openedx", "a session cookie")
def _(a: Side) -> Held:
    web = a.openedx
    value = web.browser(web.info.learner).http.cookies["sessionid"]
    return Held(value, lambda w: _edx_me(w, cookie("sessionid", value)))


@makes("openedx", "the token of a password reset")
def _(a: Side) -> Held:
    web, browser = a.openedx, a.openedx.browser()
    browser.get("/csrf/api/v1/token")
    browser.post("/account/password", {"email": web.info.learner.email})
    token, account = a.lms.outbox.emails[-1].data["token"], "/api/user/v1/account/password_reset"
    return Held(
        token,
        lambda w: w.request("POST", "openedx", f"{account}/token/validate/", data={"token": token}),
        lambda answer: answer.is_success and answer.json()["is_valid"],
    )


# Canvas and Brightspace: OAuth2


def _ask(site: LmsSite, **fields: str) -> Use:
    ask = {"client_id": site.info.client_id, "client_secret": site.info.client_secret, **fields}
    return lambda w: w.request("POST", site.name, site.token_endpoint, data=ask)


def _code(site: LmsSite) -> Held:
    code = site.code()
    return Held(code, _ask(site, grant_type="authorization_code", code=code, redirect_uri=site.info.redirect_uri))


def _refresh(site: LmsSite) -> Held:
    token = site.tokens()["refresh_token"]
    return Held(token, _ask(site, grant_type="refresh_token", refresh_token=token))


def _secret(site: LmsSite) -> Held:
    """A secret counts as accepted when the refusal is about the code sent with it."""
    use = _ask(site, grant_type="authorization_code", code="none", redirect_uri=site.info.redirect_uri)
    return Held(site.info.client_secret, use, lambda answer: answer.json().get("error") == "invalid_grant")


SELF = {"canvas": "/api/v1/users/self", "brightspace": "/d2l/api/lp/1.47/users/whoami"}


def _whoami(name: str, token: str) -> Held:
    return Held(token, lambda w: w.request("GET", name, SELF[name], headers=bearer(token)))


for _name in ("canvas", "brightspace"):
    MAKERS[_name, "an authorization code"] = lambda a, name=_name: _code(getattr(a, name))
    MAKERS[_name, "a refresh token"] = lambda a, name=_name: _refresh(getattr(a, name))
    MAKERS[_name, "the client secret"] = lambda a, name=_name: _secret(getattr(a, name))
    MAKERS[_name, "an access token"] = lambda a, name=_name: _whoami(name, getattr(a, name).tokens()["access_token"])


@makes("brightspace", "an access token of the world file")
def _(a: Side) -> Held:
    return _whoami("brightspace", a.lms.brightspace.access_tokens.student)


@makes("canvas", "a replaced access token")
def _(a: Side) -> Held:
    site = a.canvas
    before = site.tokens()
    site.token(grant_type="refresh_token", refresh_token=before["refresh_token"])
    return _whoami("canvas", before["access_token"])


# Canvas and Brightspace: browsers


COURSE = {"canvas": "/courses/1", "brightspace": "/d2l/home/6836"}


def _signed_in(site: LmsSite) -> Any:
    browser = site.browser()
    browser.follow(browser.sign_in(browser.follow(browser.get(COURSE[site.name])), site.info.student))
    return browser


def _session(site: LmsSite, name: str) -> Held:
    value = next(item.value for item in _signed_in(site).http.cookies.jar if item.name == name) or ""
    return Held(
        value,
        lambda w: w.request("GET", site.name, COURSE[site.name], headers=cookie(name, value)),
        lambda answer: answer.status_code == 200 and "Analytical Engines" in answer.text,
    )


MAKERS["canvas", "a session cookie"] = lambda a: _session(a.canvas, "_normandy_session")
MAKERS["brightspace", "a session cookie"] = lambda a: _session(a.brightspace, "d2lSessionVal")


@makes("canvas", "a cookie of `Stay signed in`")
def _(a: Side) -> Held:
    """Browsers keep it over https only, so the world comes with it."""
    login = next(pseudonym for pseudonym in a.lms.dump()["canvas"]["pseudonyms"] if pseudonym["user_id"] == 101)["id"]
    a.add("canvas", "remembered_logins", id="stay", login_id=login, expires_at=a.lms.clock.now + timedelta(days=1))
    return Held(
        "stay",
        lambda w: w.request("GET", "canvas", "/courses/1", headers=cookie("pseudonym_credentials", "stay")),
        lambda answer: answer.status_code == 200 and "Analytical Engines" in answer.text,
    )


@makes("canvas", "the token of a session URL")
def _(a: Side) -> Held:
    student = bearer(a.lms.canvas.access_tokens.student)
    given = a.request("GET", "canvas", "/login/session_token", headers=student).json()
    token = parse_qs(urlsplit(given["session_url"]).query)["session_token"][0]
    return Held(
        token,
        lambda w: w.browser().get(f"{w.url('canvas')}/courses/1", params={"session_token": token}),
        lambda answer: redirected(answer) and "login" not in answer.headers["location"],
    )


@makes("canvas", "a pairing code")
def _(a: Side) -> Held:
    expires = a.lms.clock.now + timedelta(days=1)
    number = a.number()
    code = f"pair{number:02}"
    a.add("canvas", "pairing_codes", id=number, user_id=101, code=code, expires_at=expires)
    ask = {"pairing_code": code}
    token = a.lms.canvas.access_tokens.teacher
    return Held(
        code, lambda w: w.request("POST", "canvas", "/api/v1/users/self/observees", data=ask, headers=bearer(token))
    )


@makes("canvas", "the `verifier` of a sessionless launch")
def _(a: Side) -> Held:
    expires = a.lms.clock.now + timedelta(minutes=5)
    kept = {"course_id": 1, "tool_id": 5, "title": "Tool", "action": "https://tool.example/", "fields": {"a": "b"}}
    a.add("canvas", "prepared_launches", verifier="ver1f1er", expires_at=expires, **kept)
    path = "/courses/1/external_tools/sessionless_launch?verifier=ver1f1er"
    return Held("ver1f1er", lambda w: w.request("GET", "canvas", path))
