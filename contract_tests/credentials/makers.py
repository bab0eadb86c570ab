"""One credential of each kind that a provider gives out or its world file holds, got and used as a client does it.

`MAKERS` has a maker for each kind that the tables of a provider declare. A kind without one fails the tests.
"""

from __future__ import annotations

import itertools
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.learningstudio.client import Client, cmac
from contract_tests.learningstudio.conftest import client_of
from contract_tests.lms_site import LmsSite, form, parameters
from contract_tests.lti.test_registration import REQUEST, Registrar
from contract_tests.ltiaas.small_lms import SmallLms, small_lms
from contract_tests.openedx.web import Web
from contract_tests.openlearning.site import BROWSER
from contract_tests.openlearning.site import Site as OpenLearningSite
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.state.credentials import Credential

_NUMBERS = itertools.count()
_CONTEXT = ssl.create_default_context()
"""One for all clients: making one takes as long as dozens of requests."""

Use = Callable[["Side"], httpx.Response]


@dataclass
class Held:
    """A credential that somebody got.

    Attributes:
        value: as it is sent.
        use: sends it to a world.
        taken: whether an answer means that it was taken.
    """

    value: str
    use: Use
    taken: Callable[[httpx.Response], bool] = lambda answer: answer.is_success


class Side:
    """One world, and how its providers are used."""

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self._open = ExitStack()
        self.http = self._open.enter_context(httpx.Client(trust_env=False, timeout=30, verify=_CONTEXT))

    def close(self) -> None:
        self._open.close()

    def url(self, provider: str) -> str:
        return str(getattr(self.lms, provider).url)

    def request(self, method: str, provider: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, self.url(provider) + path, **options)

    @cached_property
    def small_lms(self) -> SmallLms:
        """An LMS that is not emulated, on a socket of its own."""
        return self._open.enter_context(small_lms())

    def number(self) -> int:
        """Another one each time."""
        return next(_NUMBERS)

    def browser(self) -> httpx.Client:
        """A cookie jar that follows nothing unasked."""
        return self._open.enter_context(httpx.Client(trust_env=False, timeout=30, headers=BROWSER, verify=_CONTEXT))

    def _kept(self, made: Any) -> Any:
        self._open.callback(made.close)
        return made

    @cached_property
    def canvas(self) -> CanvasSite:
        site: CanvasSite = self._kept(CanvasSite(self.lms))
        return site

    @cached_property
    def brightspace(self) -> BrightspaceSite:
        site: BrightspaceSite = self._kept(BrightspaceSite(self.lms))
        return site

    @cached_property
    def openedx(self) -> Web:
        web: Web = self._kept(Web(self.lms))
        return web

    @cached_property
    def openlearning(self) -> OpenLearningSite:
        site: OpenLearningSite = self._kept(OpenLearningSite(self.lms))
        return site

    @property
    def learningstudio(self) -> Client:
        return client_of(self.lms, self.http)

    def add(self, provider: str, table: str, **record: Any) -> None:
        """Have the world come with one more record."""
        world = self.lms.dump()
        world[provider][table].append(record)
        self.lms.load(world)


Maker = Callable[[Side], Held]
MAKERS: dict[tuple[str, str], Maker] = {}


def makes(provider: str, kind: str) -> Callable[[Maker], Maker]:
    def note(maker: Maker) -> Maker:
        MAKERS[provider, kind] = maker
        return maker

    return note


def kinds() -> Iterator[tuple[str, Credential]]:
    """Every kind that a provider's tables declare and that is more than somebody's name."""
    for name, provider in load_providers().items():
        for spec in provider.store.tables.values():
            for credential in spec.credentials:
                if not credential.public:
                    yield name, credential


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


def cookie(name: str, value: str) -> dict[str, str]:
    return {"Cookie": f"{name}={value}"}


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
    kept = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
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
    """A secret is taken when the refusal is about the code that comes with it."""
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
    value = next(one.value for one in _signed_in(site).http.cookies.jar if one.name == name) or ""
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
    login = next(one for one in a.lms.dump()["canvas"]["pseudonyms"] if one["user_id"] == 101)["id"]
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


# LTI


PAGES = {
    "canvas": ("/courses/1/external_tools/5", "/courses/1/external_tools/5/resource_selection"),
    "brightspace": ("/d2l/le/lti/6836/launch/", "/d2l/le/lti/6836/deeplinking/"),
}


@dataclass
class Launched:
    """A launch on its way: a browser that signed in at the LMS, and the form that comes next."""

    browser: httpx.Client
    action: str
    fields: dict[str, str]

    @property
    def cookies(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{one.name}={one.value}" for one in self.browser.cookies.jar)}


def _begun(site: LmsSite, *, deep: bool = False, who: str = "") -> Launched:
    """Up to the tool's authentication request, which the browser is about to send to the LMS."""
    who = who or ("teacher" if site.name == "canvas" else "instructor") if deep else "student"
    browser = site.browser()
    page = browser.follow(browser.get(COURSE[site.name]))
    home = browser.follow(browser.sign_in(page, getattr(site.info, who)))
    links = [unescape(one) for one in re.findall(r'href="([^"]+)"', home.text)]
    wanted = ("resource_selection", "deeplinking") if deep else ("external_tools/5", "/launch/")
    path = next(one for one in links if any(part in one for part in wanted))
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
    """An address of world a, in world w."""
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
    """Through the consent page of Canvas; the callback's address comes next."""
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


def _chosen(a: Side, site: LmsSite, provider: str) -> Held:
    """What the LMS wants back with the content that a teacher chose in the tool."""
    answered = _answered(site, deep=True)
    arrived = answered.browser.post(answered.action, data=answered.fields)
    ltik = parse_qs(urlsplit(arrived.headers["location"]).query)["ltik"][0]
    body = {"contentItems": [{"type": "link", "url": "https://tool.example/", "title": "A link"}]}
    headers = bearer(f"{a.lms.ltiaas.api_key}:{ltik}", "LTIK-AUTH-V2")
    made = a.request("POST", "ltiaas", "/api/deeplinking/form", json=body, headers=headers)
    action = unescape(re.findall(r'action="([^"]+)"', made.json()["form"])[0])
    fields = {"JWT": re.findall(r'name="JWT" value="([^"]+)"', made.json()["form"])[0]}
    from lms_emulator.signing import jwt, lti13

    query = parse_qs(urlsplit(action).query)
    data = query["data"][0] if "data" in query else jwt.read(fields["JWT"]).claims[f"{lti13.DL_CLAIM}data"]
    return Held(data, lambda w: w.http.post(_moved(a, w, action), data=fields, headers=answered.cookies))


MAKERS["canvas", "the data of a deep linking request"] = lambda a: _chosen(a, a.canvas, "canvas")
MAKERS["brightspace", "the data of a deep linking request"] = lambda a: _chosen(a, a.brightspace, "brightspace")


def _registering(site: LmsSite, endpoint: str) -> Held:
    sent = dict(parse_qsl(urlsplit(Registrar(site).begun()).query))
    token = sent["registration_token"]
    return Held(token, lambda w: w.request("POST", site.name, endpoint, json=REQUEST, headers=bearer(token)))


MAKERS["canvas", "a registration token"] = lambda a: _registering(a.canvas, "/api/lti/registrations")
MAKERS["brightspace", "a registration token"] = lambda a: _registering(a.brightspace, "/d2l/api/lti/registrations")
