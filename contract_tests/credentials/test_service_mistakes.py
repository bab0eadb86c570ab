"""Mistakes with notices, with the terms of document processors, with subscriptions to events, and in paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from contract_tests.credentials.launches import assertion
from contract_tests.credentials.makers import Side
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.learningstudio.client import cmac
from lms_emulator import Emulator
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
            "small letters": (post(token(), changed(str.lower)), "`client-string` came; the name is `CLIENT-STRING`"),
            "underscores": (post(token(), changed(lambda n: n.replace("-", "_"))), "`CLIENT_STRING` came; the name"),
            "WSDL-URI": (post(token(f"{everything}x"), form | {"WSDL-URI": "x"}), "WSDL-URI was signed too"),
            "encoded": (post(token(everything.replace("https://app.example/events?a=1",
                        "https%3A%2F%2Fapp.example%2Fevents%3Fa%3D1"))), "the values were signed percent-encoded"),
            "two times": (post(token(sent=stamp(2))), "the timestamp was taken twice"),
            "JSON": (post(token(), json=form), "the body came as application/json"),
            "another header": (
                lambda: httpx.post(path, data=form, headers={"X-Authorization": token()}),
                "the token came in the header x-authorization",
            ),
            "in the form": (
                lambda: httpx.post(path, data={**form, "AUTHORIZATION": token()}),
                "the token came in the form, as `AUTHORIZATION`",
            ),
            "milliseconds": (post(token(sent=late)), f"it came as {late}"),
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
    score |= {"timestamp": "2030-01-01T00:00:00.000Z", "scoreGiven": 8, "scoreMaximum": 10}
    turned = score | {"activityProgress": "FullyGraded", "gradingProgress": "Completed"}
    each(
        lms,
        {
            "a list": (lambda: httpx.post(url, headers=headers, json=[score]), "the body is a list; it has to be an"),
            "progress swapped": (
                lambda: httpx.post(url, headers=headers, json=turned),
                'came as the text "FullyGraded"; it has to be Initialized or Started',
            ),
        },
    )
    assert httpx.post(url, headers=headers, json=score).status_code == 200
