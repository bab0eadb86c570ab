"""Mistakes with notices, with the terms of document processors, with subscriptions to events, and in paths."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials.launches import _ltik, assertion
from contract_tests.credentials.makers import Side
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.learningstudio.client import cmac
from contract_tests.lms_site import LmsSite
from contract_tests.lti.test_registration import REQUEST, Registrar
from contract_tests.lti_tool import KeySite
from lms_emulator import Emulator
from lms_emulator.lti.registrations import TOOL
from lms_emulator.signing import lti13

TERMS = "https://purl.imsglobal.org/spec/lti/scope/eula/user"
HELLO = "LtiHelloWorldNotice"
SIGNED = ("CLIENT", "CLIENT-STRING", "SYSTEM", "SUB-SYSTEM", "CALLBACK-URL", "TAGS", "MESSAGE-TYPE")
Send = Callable[[], httpx.Response]


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    """The demo world; its tool at Canvas may have notices, and record who accepted its terms."""
    with Emulator.start() as lms:
        world = lms.dump()
        for key in world["canvas"]["developer_keys"]:
            if str(key["id"]) == lms.canvas.lti_client_id:
                key["scopes"] += [lti13.SCOPE_NOTICES, TERMS]
        lms.load(world)
        yield lms


def test_notices_and_terms_at_canvas(lms: Emulator) -> None:
    url, tool = lms.canvas.url, f"{lms.ltiaas.url}/told"
    with closing(Side(lms)) as side:
        asked = assertion(side, "canvas", f"{url}/login/oauth2/token")
    asked["scope"] = f"{lti13.SCOPE_NOTICES} {TERMS}"
    token = httpx.post(f"{url}/login/oauth2/token", data=asked).json()["access_token"]
    http = httpx.Client(base_url=f"{url}/api/lti", headers={"Authorization": f"Bearer {token}"})

    def put(number: object = 5, path: str = "notice-handlers", **changes: Any) -> Send:
        wanted = {"notice_type": HELLO, "handler": tool, **changes}
        return lambda: http.put(f"/{path}/{number}", json=wanted)

    def accept(number: int = 5, **changes: Any) -> Send:
        whole = {"userId": lms.canvas.student.lti_id, "accepted": True, "timestamp": "2026-11-01T00:00:00Z"}
        return lambda: http.post(f"/asset_processor_eulas/{number}/user", json=whole | changes)

    with http:
        each(
            lms,
            {
                "an unknown type": (put(notice_type="LtiGoneNotice"), f"it has to be {HELLO} or "),
                "a misspelt type": (put(notice_type="LtiHelloWorldNotification"), f"did you mean {HELLO}?"),
                "a path alone": (put(handler="/told"), "it has to be a whole URL, or empty"),
                "another host": (put(handler="https://elsewhere.example/"), "it has to be at the tool's own host"),
                "a word": (put(max_batch_size="ten"), "it has to be a whole number above 0"),
                "another's tool": (put(6), "tool 6 belongs to developer key"),
                "no tool": (put(999), "there is no tool 999"),
                "its deployment": (put(lms.canvas.deployment_id), "is the deployment id of tool 5; the path takes"),
                "an underscore": (put(path="notice_handlers"), "the word is `notice-handlers`"),
                "terms of another's tool": (accept(6), "tool 6 belongs to developer key"),
                "the number of a user": (accept(userId="101"), "`userId` is the `sub` of the id_token"),
                "the day first": (accept(timestamp="01/11/2026"), "the year comes first"),
            },
        )
        assert put()().status_code == 200
        assert accept()().status_code == 201
    assert diagnosed(lms) == ""


def test_subscriptions_to_events(lms: Emulator) -> None:
    info = lms.learningstudio
    form = {"CLIENT-STRING": "gbdemo", "CALLBACK-URL": "https://app.example/events?a=1", "MESSAGE-TYPE": "a.b"}
    path = f"{info.url}/v1/subscription"

    def stamp(seconds: int = 0) -> str:
        return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"

    def token(text: str = "", sent: str = "", **fields: str) -> str:
        at = stamp()
        data = text or "".join((form | fields).get(name, "") for name in SIGNED)
        return f"{info.principal_id}|{sent or at}|{cmac(info.principal_secret, at + data).hex()}"

    def post(header: str, fields: dict[str, str] | None = None, url: str = path, **more: Any) -> Send:
        sent = more or {"data": fields or form}
        return lambda: httpx.post(url, headers={"Authorization": header}, **sent)

    def changed(change: Callable[[str], str]) -> dict[str, str]:
        return {change(name): value for name, value in form.items()}

    everything = "".join(form.get(name, "") for name in SIGNED)
    late = f"{stamp()[:-1]}.123Z"
    filterless = form | {"CLIENT-STRING": "", "MESSAGE-TYPE": ""}
    tagged = form | {"TAGS": "CourseId=1"}
    elsewhere = form | {"CALLBACK-URL": "app.example/events"}
    each(
        lms,
        {
            "small letters": (post(token(), changed(str.lower)), "`client-string` was sent; the name is"),
            "underscores": (post(token(), changed(lambda n: n.replace("-", "_"))), "`CLIENT_STRING` was sent; the"),
            "WSDL-URI": (post(token(f"{everything}x"), form | {"WSDL-URI": "x"}), "WSDL-URI was signed too"),
            "encoded": (post(token(everything.replace("https://app.example/events?a=1",
                        "https%3A%2F%2Fapp.example%2Fevents%3Fa%3D1"))), "the values were signed percent-encoded"),
            "two times": (post(token(sent=stamp(2))), "the timestamp was taken twice"),
            "JSON": (post(token(), json=form), "the body was sent as application/json"),
            "another header": (
                lambda: httpx.post(path, data=form, headers={"X-Authorization": token()}),
                "the token was sent in the header x-authorization",
            ),
            "in the form": (
                lambda: httpx.post(path, data={**form, "AUTHORIZATION": token()}),
                "the token was sent in the form, as `AUTHORIZATION`",
            ),
            "milliseconds": (post(token(sent=late)), f"it was sent as {late}"),
            "an assertion": (post("a|b|c|d|e|f|g"), "this is an assertion, for POST /token"),
            "another path": (post(token(), url=f"{path}/"), "only eventing takes its tokens, at /v1/subscription"),
            "no filter": (post(token(**filterless), filterless), "none of CLIENT, CLIENT-STRING"),
            "an equals sign": (post(token(**tagged), tagged), "they are written Type:Value"),
            "no scheme": (post(token(**elsewhere), elsewhere), "it has to be a whole URL"),
        },
    )  # fmt: skip
    assert post(token())().status_code == 200
    assert diagnosed(lms) == ""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/courses%3Fper_page=10", "but not with a percent-encoded `?` in it"),
        ("/courses&per_page=10", "but not with `&` before its query"),
        ("/courses%231", "but not with a percent-encoded `#` in it"),
    ],
)
def test_queries_in_paths(lms: Emulator, path: str, words: str) -> None:
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.teacher}"}
    assert httpx.get(f"{lms.canvas.url}/api/v1{path}", headers=headers).status_code == 404
    assert "has `/api/v1/courses`" in diagnosed(lms)
    assert words in diagnosed(lms)
    assert httpx.get(f"{lms.canvas.url}/api/v1/courses?per_page=10", headers=headers).status_code == 200


def test_a_list_in_place_of_an_object(lms: Emulator) -> None:
    with closing(Side(lms)) as side:
        asked = assertion(side, "canvas", f"{lms.canvas.url}/login/oauth2/token")
    asked["scope"] = lti13.SCOPE_SCORE
    token = httpx.post(f"{lms.canvas.url}/login/oauth2/token", data=asked).json()["access_token"]
    url, headers = f"{lms.canvas.url}/api/lti/courses/1/line_items/1/scores", {"Authorization": f"Bearer {token}"}
    score = {"userId": lms.canvas.student.lti_id, "activityProgress": "Completed", "gradingProgress": "FullyGraded"}
    score |= {"timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}", "scoreGiven": 8, "scoreMaximum": 10}
    turned = score | {"activityProgress": "FullyGraded", "gradingProgress": "Completed"}
    each(
        lms,
        {
            "a list": (lambda: httpx.post(url, headers=headers, json=[score]), "the body is a list; it has to be an"),
            "progress swapped": (
                lambda: httpx.post(url, headers=headers, json=turned),
                'was sent as the text "FullyGraded"; it has to be Initialized or Started',
            ),
        },
    )
    assert httpx.post(url, headers=headers, json=score).status_code == 200


@pytest.fixture
def keys() -> Iterator[KeySite]:
    with closing(KeySite()) as site:
        yield site


def test_a_key_set_without_kid(lms: Emulator, keys: KeySite) -> None:
    canvas = lms.canvas
    endpoint = f"{canvas.url}/login/oauth2/token"
    published = httpx.get(f"{lms.ltiaas.url}/lti/keys").json()["keys"]

    def publish(*leave_out: str) -> None:
        rows = [{name: value for name, value in row.items() if name not in leave_out} for row in published]
        keys.answer = (200, json.dumps({"keys": rows}).encode())

    def ask() -> httpx.Response:
        with closing(Side(lms)) as side:
            return httpx.post(endpoint, data=assertion(side, "canvas", endpoint))

    world = lms.dump()
    key = next(row for row in world["canvas"]["developer_keys"] if str(row["id"]) == canvas.lti_client_id)
    own, key["public_jwk_url"] = key["public_jwk_url"], keys.url
    lms.load(world)
    publish("kid")
    each(lms, {"no kid": (ask, "to which its key set gives no `kid`")})
    publish()
    assert ask().status_code == 200
    key["public_jwk_url"] = own
    lms.load(world)


def test_values_of_the_wrong_kind(lms: Emulator) -> None:
    info = lms.learningstudio
    form = {"grant_type": "password", "client_id": info.application_id}
    form |= {"username": f"{info.client_string}\\{info.teacher.username}", "password": info.teacher.password}
    token = httpx.post(f"{info.url}/token", data=form).json()["access_token"]
    grade = f"/users/{info.student.id}/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grade"

    def put(points: object, quoted: str = "") -> Send:
        headers = {"X-Authorization": f"Access_Token access_token={quoted}{token}"}
        return lambda: httpx.put(f"{info.url}{grade}", headers=headers, json={"grade": {"points": points}})

    each(
        lms,
        {
            "a word": (put("eight"), 'its `points` was sent as the text "eight"; it has to be a number'),
            "one quotation mark": (put(8, '"'), "one of the two quotation marks around the token is missing"),
        },
    )
    assert put(8)().status_code == 204


def test_a_url_in_a_path(lms: Emulator) -> None:
    items = f"{lms.canvas.url}/api/lti/courses/1/line_items"
    each(lms, {"appended": (lambda: httpx.get(f"{items}/{items}/1"), "there is a whole URL in the path")})


def test_callers_of_ltiaas(lms: Emulator) -> None:
    with closing(Side(lms)) as side:
        pair = f"{lms.ltiaas.api_key}:{_ltik(side)}"
    wrapped = base64.b64encode(pair.encode()).decode()
    item = quote(f"{lms.canvas.url}/api/lti/courses/1/line_items/1", safe="")
    path = f"{lms.ltiaas.url}/api/lineitems/{item}/scores"
    score = {"userId": lms.canvas.student.lti_id, "activityProgress": "Completed", "gradingProgress": "FullyGraded"}

    def call(credentials: str, given: object = 8) -> Send:
        headers = {"Authorization": f"LTIK-AUTH-V2 {credentials}"}
        body = score | {"scoreGiven": given, "scoreMaximum": 10}
        return lambda: httpx.post(path, headers=headers, json=body)

    each(
        lms,
        {
            "as for Basic": (call(wrapped), "the two halves were encoded in base64, as for Basic"),
            "a word": (call(pair, "ten"), 'its `scoreGiven` was sent as the text "ten"'),
        },
    )
    assert call(pair)().status_code < 300


@pytest.mark.parametrize("kind", [CanvasSite, BrightspaceSite])
def test_registrations(lms: Emulator, kind: type[LmsSite]) -> None:
    site = kind(lms)
    endpoint = {"canvas": "/api/lti/registrations", "brightspace": "/d2l/api/lti/registrations"}[site.name]
    registrar = Registrar(site)

    def post(leave_out: str = "", scheme: str = "Bearer", form: Any = None, **changes: object) -> Send:
        token = dict(parse_qsl(urlsplit(registrar.begun()).query))["registration_token"]
        whole = {**REQUEST, "client_name": f"Tool {token[-8:]}", **changes}
        whole = {name: value for name, value in whole.items() if name != leave_out}
        sent = {"data": form} if form else {"json": changes.get("whole", whole)}
        headers = {"Authorization": f"{scheme} {token}"}
        return lambda: httpx.post(f"{site.url}{endpoint}", headers=headers, **sent)

    each(
        lms,
        {
            "no keys": (post("jwks_uri"), "it has no `jwks_uri`, which has to be text"),
            "another name": (post("jwks_uri", jwksUri="x"), "`jwksUri` was sent; the name is `jwks_uri`"),
            "one address": (post(redirect_uris="https://tool.example/"), "it has to be a list of addresses"),
            "a code": (post(response_types=["code"]), "its `response_types` was sent as ['code']"),
            "a secret": (post(token_endpoint_auth_method="client_secret_basic"), "it has to be private_key_jwt"),
            "a path": (post(initiate_login_uri="/login"), "/login"),
            "names of messages": (
                post(**{TOOL: REQUEST[TOOL] | {"messages": ["LtiResourceLinkRequest"]}}),
                "it has to be objects with a type",
            ),
            "one claim": (post(**{TOOL: REQUEST[TOOL] | {"claims": "sub"}}), 'its `claims` was sent as the text "sub"'),
            "a list": (post(whole=[]), "the body is a list; it has to be an object"),
            "a form": (
                post(form={"client_name": "x"}),
                "the body was sent as application/x-www-form-urlencoded; it has",
            ),
            "Basic": (post(scheme="Basic"), "`Authorization: Basic …` was sent; it has to be `Authorization: Bearer"),
        },
    )
    if site.name == "canvas":
        each(lms, {"a scope of nobody": (post(scope="scores"), "no tool can have the scope scores")})
    assert post()().status_code in (200, 201)
    assert diagnosed(lms) == ""
    site.close()


def test_the_first_api_of_openlearning(lms: Emulator) -> None:
    url, key = f"{lms.openlearning.url}/api/provision/course/new/", lms.openlearning.api_key
    each(
        lms,
        {
            "nobody": (lambda: httpx.post(url, data={"name": "x"}), "by HTTP Basic"),
            "halves of a key": (
                lambda: httpx.post(url, data={"name": "x"}, auth=tuple(key.split("."))),
                "an API key, or half of one, is none",
            ),
        },
    )
