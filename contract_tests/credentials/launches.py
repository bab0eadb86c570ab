"""Makers of the credentials in LTI launches and services: states, hints, tokens, assertions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

from contract_tests.credentials.accounts import COURSE, redirected
from contract_tests.credentials.makers import MAKERS, Held, Side, bearer, makes
from contract_tests.lms_site import LmsSite, form, parameters
from contract_tests.lti.test_registration import REQUEST, Registrar

PAGES = {
    "canvas": ("/courses/1/external_tools/5", "/courses/1/external_tools/5/resource_selection"),
    "brightspace": ("/d2l/le/lti/6836/launch/", "/d2l/le/lti/6836/deeplinking/"),
}


@dataclass
class Launched:
    """A launch in progress: a browser that signed in at the LMS, and the next form."""

    browser: httpx.Client
    action: str
    fields: dict[str, str]

    @property
    def cookies(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.browser.cookies.jar)}


def _begun(site: LmsSite, *, deep: bool = False, who: str = "") -> Launched:
    """Up to the tool's authentication request, which the browser is about to send to the LMS."""
    who = who or ("teacher" if site.name == "canvas" else "instructor") if deep else "student"
    browser = site.browser()
    page = browser.follow(browser.get(COURSE[site.name]))
    home = browser.follow(browser.sign_in(page, getattr(site.info, who)))
    links = [unescape(value) for value in re.findall(r'href="([^"]+)"', home.text)]
    wanted = ("resource_selection", "deeplinking") if deep else ("external_tools/5", "/launch/")
    path = next(link for link in links if any(part in link for part in wanted))
    action, fields = form(browser.get(path).text)
    asked = browser.http.post(action, data=fields)
    assert redirected(asked), asked.text
    return Launched(browser.http, asked.headers["location"], {})


def _answered(site: LmsSite, **options: Any) -> Launched:
    """Up to the form with the id_token, which the browser is about to post to the tool."""
    begun = _begun(site, **options)
    page = begun.browser.get(begun.action)
    while page.is_redirect:
        page = begun.browser.get(page.headers["location"])
    action, fields = form(page.text)
    return Launched(begun.browser, action, fields)


def _moved(a: Side, w: Side, url: str) -> str:
    """A URL of world a, in world w."""
    return url.replace(a.lms.url, w.lms.url, 1)


def _hint(a: Side, site: LmsSite) -> Held:
    begun = _begun(site)
    hint = parse_qs(urlsplit(begun.action).query)["lti_message_hint"][0]

    def use(w: Side) -> httpx.Response:
        page = w.http.get(_moved(a, w, begun.action), headers=begun.cookies)
        return w.http.get(page.headers["location"], headers=begun.cookies) if page.is_redirect else page

    return Held(hint, use, lambda answer: "id_token" in answer.text)


MAKERS["canvas", "the `lti_message_hint` of a launch"] = lambda a: _hint(a, a.canvas)
MAKERS["brightspace", "the `lti_message_hint` of a launch"] = lambda a: _hint(a, a.brightspace)


@makes("openedx", "the `lti_message_hint` of a launch")
def _(a: Side) -> Held:
    page = a.openedx.browser(a.openedx.info.learner).get(f"/xblock/{a.openedx.info.lti_block}")
    (frame,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)
    begun = {name: values[0] for name, values in parse_qs(urlsplit(unescape(frame)).query).items()}
    ask = {"nonce": "n", "state": "s", "scope": "openid", "response_type": "id_token", "prompt": "none"}
    ask |= {"response_mode": "form_post", **begun}

    def use(w: Side) -> httpx.Response:
        params = {**ask, "redirect_uri": _moved(a, w, begun["target_link_uri"])}
        return w.request("GET", "openedx", "/api/lti_consumer/v1/launch/", params=params)

    return Held(begun["lti_message_hint"], use, lambda answer: "id_token" in answer.text)


@makes("ltiaas", "the state of a login")
def _(a: Side) -> Held:
    answered = _answered(a.canvas)
    return Held(
        answered.fields["state"],
        lambda w: w.http.post(_moved(a, w, answered.action), data=answered.fields, headers=answered.cookies),
        redirected,
    )


def _ltik(a: Side) -> str:
    answered = _answered(a.canvas)
    arrived = answered.browser.post(answered.action, data=answered.fields)
    return parse_qs(urlsplit(arrived.headers["location"]).query)["ltik"][0]


def _id_token(w: Side, key: str, ltik: str) -> httpx.Response:
    return w.request("GET", "ltiaas", "/api/idtoken", headers=bearer(f"{key}:{ltik}", "LTIK-AUTH-V2"))


@makes("ltiaas", "the API key")
def _(a: Side) -> Held:
    key = a.lms.ltiaas.api_key
    return Held(key, lambda w: w.request("GET", "ltiaas", "/api/platforms", headers=bearer(key)))


@makes("ltiaas", "a shared secret of LTI 1.1")
def _(a: Side) -> Held:
    from lms_emulator.signing import lti11

    key, secret = a.lms.ltiaas.consumer_key, a.lms.ltiaas.consumer_secret

    def use(w: Side) -> httpx.Response:
        url, now = f"{w.url('ltiaas')}/lti/launch", int(w.lms.clock.now.timestamp())
        nonce, message = f"old{a.number()}", lti11.message("link", {"user_id": "u1"})
        fields = lti11.signed_launch(url, message, consumer_key=key, secret=secret, timestamp=now, nonce=nonce)
        return w.http.post(url, data=fields)

    return Held(secret, use, redirected)


@makes("ltiaas", "an ltik")
def _(a: Side) -> Held:
    ltik, key = _ltik(a), a.lms.ltiaas.api_key
    return Held(ltik, lambda w: _id_token(w, key, ltik))


@makes("ltiaas", "a service key")
def _(a: Side) -> Held:
    key = a.lms.ltiaas.api_key
    service = _id_token(a, key, _ltik(a)).json()["services"]["serviceKey"]
    headers = bearer(f"{key}:{service}", "SERVICE-AUTH-V1")
    return Held(service, lambda w: w.request("GET", "ltiaas", "/api/memberships", headers=headers))


def _connecting(a: Side) -> tuple[Launched, str]:
    """Through the consent page of Canvas; the callback URL comes next."""
    browser = a.browser()
    started = browser.get(f"{a.url('ltiaas')}/oauth/start/{a.lms.ltiaas.platforms.canvas}")
    site = a.canvas
    own = site.browser()
    own.http = browser
    consent = own.consent_page(started.headers["location"], site.info.student)
    back = own.submit(consent)
    assert redirected(back), back.text
    return Launched(browser, back.headers["location"], {}), parameters(back)["state"]


@makes("ltiaas", "the state of an authorization")
def _(a: Side) -> Held:
    waiting, state = _connecting(a)
    return Held(
        state,
        lambda w: w.http.get(_moved(a, w, waiting.action), headers=waiting.cookies),
        lambda answer: redirected(answer) and "code=" in answer.headers["location"],
    )


@makes("ltiaas", "the code of a return URL")
def _(a: Side) -> Held:
    waiting, _state = _connecting(a)
    code = parameters(waiting.browser.get(waiting.action))["code"]
    path = f"/api/oauth/access-token/{a.lms.ltiaas.platforms.canvas}"
    key = bearer(a.lms.ltiaas.api_key)
    return Held(code, lambda w: w.request("POST", "ltiaas", path, json={"code": code}, headers=key))


@makes("ltiaas", "the id of a dynamic registration")
def _(a: Side) -> Held:
    now = a.lms.clock.now
    waiting = {"tenant": "demo", "openid_configuration": {"issuer": "https://lms.example"}, "created_at": now}
    a.add("ltiaas", "registrations", id="wait1ng", keep_until=now + timedelta(hours=1), **waiting)
    key = bearer(a.lms.ltiaas.api_key)
    return Held("wait1ng", lambda w: w.request("GET", "ltiaas", "/api/registrations/wait1ng", headers=key))


def assertion(a: Side, name: str, audience: str) -> dict[str, str]:
    """A request for a service token, as the demo world's tool at an LMS makes it."""
    from lms_emulator.core.keys import private_key
    from lms_emulator.signing import jwt, lti13

    now = int(a.lms.clock.now.timestamp())
    kid = a.request("GET", "ltiaas", "/lti/keys").json()["keys"][0]["kid"]
    client = getattr(a.lms, name).lti_client_id
    claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 60, "jti": f"jti-{a.number()}"}
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": lti13.JWT_BEARER,
        "client_assertion": jwt.sign(claims, private_key("ltiaas"), kid=kid),
        "scope": lti13.SCOPE_MEMBERSHIP,
    }


EDX_LTI_TOKEN = "/api/lti_consumer/v1/token/ed0ed0ed-0000-4000-8000-00000000c0f1"


@makes("openedx", "an LTI service token")
def _(a: Side) -> Held:
    endpoint = f"{a.lms.openedx.url}{EDX_LTI_TOKEN}"
    token = a.http.post(endpoint, data=assertion(a, "openedx", endpoint)).json()["access_token"]
    return Held(
        token, lambda w: w.request("GET", "openedx", "/api/lti_consumer/v1/lti/1/memberships", headers=bearer(token))
    )


@makes("canvas", "an LTI service token")
def _(a: Side) -> Held:
    endpoint = f"{a.lms.canvas.url}/login/oauth2/token"
    token = a.http.post(endpoint, data=assertion(a, "canvas", endpoint)).json()["access_token"]
    return Held(
        token, lambda w: w.request("GET", "canvas", "/api/lti/courses/1/names_and_roles", headers=bearer(token))
    )


def returned(a: Side, site: LmsSite, count: int = 1) -> tuple[str, dict[str, str], dict[str, str], str]:
    """Where content that a teacher chose in the tool is sent, with which fields and cookies; and what it goes by."""
    answered = _answered(site, deep=True)
    arrived = answered.browser.post(answered.action, data=answered.fields)
    ltik = parse_qs(urlsplit(arrived.headers["location"]).query)["ltik"][0]
    link = {"type": "link", "url": "https://tool.example/", "title": "A link"}
    headers = bearer(f"{a.lms.ltiaas.api_key}:{ltik}", "LTIK-AUTH-V2")
    made = a.request("POST", "ltiaas", "/api/deeplinking/form", json={"contentItems": [link] * count}, headers=headers)
    action = unescape(re.findall(r'action="([^"]+)"', made.json()["form"])[0])
    fields = {"JWT": re.findall(r'name="JWT" value="([^"]+)"', made.json()["form"])[0]}
    return action, fields, answered.cookies, ltik


def _chosen(a: Side, site: LmsSite) -> Held:
    """The data that the LMS expects back with a deep linking response."""
    action, fields, cookies, _ = returned(a, site)
    from lms_emulator.signing import jwt, lti13

    query = parse_qs(urlsplit(action).query)
    data = query["data"][0] if "data" in query else jwt.read(fields["JWT"]).claims[f"{lti13.DL_CLAIM}data"]
    return Held(data, lambda w: w.http.post(_moved(a, w, action), data=fields, headers=cookies))


MAKERS["canvas", "the data of a deep linking request"] = lambda a: _chosen(a, a.canvas)
MAKERS["brightspace", "the data of a deep linking request"] = lambda a: _chosen(a, a.brightspace)


def _registering(site: LmsSite, endpoint: str) -> Held:
    sent = dict(parse_qsl(urlsplit(Registrar(site).begun()).query))
    token = sent["registration_token"]
    named = {**REQUEST, "client_name": f"Tool {token[-8:]}"}  # names are unique at Brightspace
    return Held(token, lambda w: w.request("POST", site.name, endpoint, json=named, headers=bearer(token)))


MAKERS["canvas", "a registration token"] = lambda a: _registering(a.canvas, "/api/lti/registrations")
MAKERS["brightspace", "a registration token"] = lambda a: _registering(a.brightspace, "/d2l/api/lti/registrations")
