"""Parameters that integrators misspell, misplace or leave out: each is named by the provider's own name for it."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.credentials.test_requests_mistakes import bearer
from contract_tests.credentials.tool_key import TOOL_KID, with_tool_key
from lms_emulator import Emulator
from lms_emulator.core.keys import private_key

Send = Callable[..., Callable[[], httpx.Response]]
Ask = Callable[[str], httpx.Response]


@pytest.fixture
def canvas(lms: Emulator, http: httpx.Client) -> Send:
    """Makes a request of the demo teacher."""
    info = lms.canvas

    def send(method: str, path: str, token: str = info.access_tokens.teacher, **more: Any) -> Any:
        headers = bearer(token) | more.pop("headers", {})
        return lambda: http.request(method, f"{info.url}/api/v1{path}", headers=headers, **more)

    return send


def test_names(lms: Emulator, canvas: Send) -> None:
    course = f"/courses/{lms.canvas.course_id}"
    text = json.dumps({"module": {"name": "Week 1"}})
    each(
        lms,
        {
            "nothing in the module": (
                canvas("POST", f"{course}/modules", json={"module": {}, "x": 1}),
                "no `module[name]` was sent",
            ),
            "a name in another case": (
                canvas("POST", f"{course}/modules", data={"module[Name]": "Week 1"}),
                "`module[Name]` was sent; the name is `module[name]`",
            ),
            "a name outside its container": (
                canvas("POST", f"{course}/modules", json={"name": "Week 1"}),
                "`name` was sent at the top; write `module[name]`",
            ),
            "an object as text": (
                canvas("POST", f"{course}/modules", data={"module": "[object Object]"}),
                "`module` was sent as the text [object Object]; a hash is expected, as `module[name]=value`",
            ),
            "a list": (
                canvas("POST", f"{course}/modules", json=[{"name": "Week 1"}]),
                "the body is a list; it has to be an object, with `module`",
            ),
            "JSON as text": (
                canvas("POST", f"{course}/modules", content=text, headers={"Content-Type": "text/plain"}),
                "the body is JSON, and its Content-Type says text/plain",
            ),
            "a name without its beginning": (
                canvas("PUT", f"/users/self/course_nicknames/{lms.canvas.course_id}", data={"name": "Engines"}),
                "`name` was sent; the name is `nickname`",
            ),
            "camel case": (
                canvas("POST", f"{course}/enrollments", data={"enrollment[userId]": "102"}),
                "`enrollment[userId]` was sent; the name is `enrollment[user_id]`",
            ),
            "one letter less": (
                canvas("POST", "/conversations", data={"recipient": "102", "body": "Hello"}),
                "`recipient` was sent; the name is `recipients`",
            ),
            "nothing to say": (canvas("POST", "/conversations", data={"recipients[]": "102"}), "no `body` was sent"),
            "an empty variable": (
                canvas("POST", "/conversations", data={"recipients[]": "102", "body": ""}),
                "`body` was sent, but is empty",
            ),
            "no context of an event": (
                canvas("POST", "/calendar_events", data={"calendar_event[context]": "course_1"}),
                "`calendar_event[context]` was sent; the name is `calendar_event[context_code]`",
            ),
            "a secret that is missing": (
                canvas("POST", f"{course}/external_tools", data={"name": "T", "url": "http://x", "consumer_key": "k"}),
                "no `shared_secret` was sent",
            ),
        },
    )
    assert canvas("POST", f"{course}/modules", content=text, headers={"Content-Type": "application/json"})().is_success
    assert diagnosed(lms) == ""


def test_another_misspelt_parameter_is_not_the_reason(lms: Emulator, canvas: Send) -> None:
    """Only what the refusal names is looked at."""
    course = f"/courses/{lms.canvas.course_id}"
    assert canvas("POST", f"{course}/modules", data={"module[positon]": "2"})().status_code == 400
    assert diagnosed(lms) == "no `module[name]` was sent"
    sent = {"recipients[]": "102", "body": "", "subjct": "x"}
    assert canvas("POST", "/conversations", data=sent)().status_code == 400
    assert diagnosed(lms).startswith("`body` was sent, but is empty")


@pytest.mark.parametrize("many", [{"x": "y" * 70_000}, {f"x{number}": 1 for number in range(1_001)}])
def test_nothing_is_said_of_a_request_that_is_too_large_to_compare(
    lms: Emulator, canvas: Send, many: dict[str, Any]
) -> None:
    sent = {"recipients[]": "102", "body": ""}
    assert canvas("POST", "/conversations", data=many | sent)().status_code == 400
    assert "was sent" not in diagnosed(lms)


def test_other_providers(lms: Emulator, http: httpx.Client) -> None:
    edx, d2l = lms.openedx, lms.brightspace
    enrol, news = f"{edx.url}/api/enrollment/v1/enrollment", f"{d2l.url}/d2l/api/le/1.75/{d2l.org_unit_id}/news/"
    key, staff = {"X-Edx-Api-Key": edx.api_key}, bearer(d2l.access_tokens.instructor)
    people = f"{d2l.url}/d2l/api/lp/1.47/enrollments/orgUnits/{d2l.org_unit_id}/users/"
    item = {"Title": "Exam", "Body": {"Content": "On Monday", "Type": "Text"}}
    right = {"user": edx.learner.username, "course_details": {"course_id": edx.course_id}}

    def bookmark(value: str) -> Callable[[], httpx.Response]:
        return lambda: http.get(people, headers=staff, params={"bookmark": value})

    each(
        lms,
        {
            "camel case at Open edX": (
                lambda: http.post(enrol, headers=key, json=right | {"course_details": {"courseId": edx.course_id}}),
                "`course_details[courseId]` was sent; the name is `course_details[course_id]`",
            ),
            "lower case at Brightspace": (
                lambda: http.post(news, headers=staff, json={"title": "Exam", "Body": item["Body"]}),
                "`title` was sent; the name is `Title`",
            ),
            "a whole link as a bookmark": (
                bookmark("https://d2l.example/?bookmark=169"),
                "it is 169, but a whole query string or URL was sent",
            ),
            "a variable without a value": (bookmark("null"), "the variable that should hold the bookmark has no value"),
            "a word as a bookmark": (bookmark("next"), "send the `Bookmark` of the page before unchanged"),
        },
    )
    assert http.post(enrol, headers=key, json=right).is_success
    assert http.post(news, headers=staff, json=item).is_success
    assert bookmark("169")().is_success
    assert bookmark("")().is_success
    assert diagnosed(lms) == ""


def test_line_items_and_scores_of_canvas(
    tool: tuple[Emulator, Callable[..., httpx.Response]], http: httpx.Client
) -> None:
    lms, ask = tool
    info, ags = lms.canvas, "https://purl.imsglobal.org/spec/lti-ags/scope"
    granted = ask(f"{ags}/lineitem {ags}/score")
    token = bearer(granted.json()["access_token"])
    items = f"{info.url}/api/lti/courses/{info.course_id}/line_items"
    right = {"label": "Quiz", "scoreMaximum": 10}
    item = http.post(items, headers=token, json=right).json()["id"]
    kind = "https://canvas.instructure.com/lti/submission_type"
    student = info.student.lti_id

    def new(**members: Any) -> Callable[[], httpx.Response]:
        return lambda: http.post(items, headers=token, json=members)

    def score(**members: Any) -> Callable[[], httpx.Response]:
        done = {"activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreGiven": 5, "scoreMaximum": 10}
        done["timestamp"] = "2026-01-01T00:00:00.000Z"
        return lambda: http.post(f"{item}/scores", headers=token, json=done | members)

    each(
        lms,
        {
            "the scope of a launch": (
                lambda: ask("openid"),
                "`openid` is for signing in by OpenID Connect, as a launch does",
            ),
            "no maximum": (new(label="Quiz"), "no `scoreMaximum` was sent"),
            "no label": (new(title="Quiz", scoreMaximum=10), "no `label` was sent"),
            "snake case": (new(label="Quiz", score_maximum=10), "`score_maximum` was sent; the name is `scoreMaximum`"),
            "within": (new(lineItem=right), "`lineItem[label]` was sent; the name is `label`"),
            "a comma": (new(label="Quiz", scoreMaximum="7,5"), "`scoreMaximum` was sent as 7,5; numbers have a point"),
            "a word": (new(label="Quiz", scoreMaximum="ten"), "`scoreMaximum` was sent as ten"),
            "a negative": (new(label="Quiz", scoreMaximum=-1), "`scoreMaximum` was sent as -1"),
            "null": (
                lambda: http.put(item, headers=token, json=right | {"scoreMaximum": None}),
                "`scoreMaximum` was sent, but is null",
            ),
            "a type with a dash": (new(**right, **{kind: {"type": "external-tool"}}), "did you mean external_tool?"),
            "the link of something else": (
                new(**right, resourceLinkId="1"),
                "is the `id` of the launch's resource_link",
            ),
            "a score for nobody": (score(), "no userId was sent"),
            "for a variable without value": (score(userId="None"), "the variable that should hold it has no value"),
            "for another name": (score(user_id=student), "`user_id` was sent; the name is `userId`"),
            "for a teacher": (score(userId=str(info.teacher.id)), f"user {info.teacher.id} is TeacherEnrollment"),
            "for an e-mail address": (score(userId=info.student.email), f"is the address of user {info.student.id}"),
            "for white space": (score(userId=f"{student} "), "there is white space around it"),
            "for somebody else": (score(userId="0"), "`0` is the `sub` of nobody here"),
        },
    )
    assert granted.is_success
    assert new(**right, **{kind: {"type": "none"}})().status_code == 201
    assert score(userId=student)().status_code == 200
    assert diagnosed(lms) == ""


@pytest.fixture
def tool() -> Iterator[tuple[Emulator, Ask]]:
    """A demo world whose LTI tool has a key that is known here, and how the tool asks for a token."""
    with with_tool_key() as lms, httpx.Client(trust_env=False) as http:
        url, client = f"{lms.canvas.url}/login/oauth2/token", lms.canvas.lti_client_id

        def ask(scope: str) -> httpx.Response:
            now = int(time.time())
            claims = {"iss": client, "sub": client, "aud": url, "iat": now, "exp": now + 300, "jti": str(uuid4())}
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": jwt.encode(claims, private_key("tool"), "RS256", headers={"kid": TOOL_KID}),
            }
            return http.post(url, data=form | {"scope": scope})

        yield lms, ask


def test_tokens_that_others_made_for_open_edx(lms: Emulator, http: httpx.Client) -> None:
    site, me = lms.openedx.jwt, f"{lms.openedx.url}/api/user/v1/me"
    now = int(time.time())
    right = {"iss": site.issuer, "aud": site.audience, "iat": now, "exp": now + 60, "preferred_username": "ada"}
    right["version"] = "1.2.0"

    def send(key: str = site.hs256_secret, alg: str = "HS256", **claims: Any) -> Callable[[], httpx.Response]:
        made = {name: value for name, value in (right | claims).items() if value is not None}
        return lambda: http.get(me, headers={"Authorization": f"JWT {jwt.encode(made, key, alg)}"})

    head, body, _ = jwt.encode(right, site.hs256_secret, "HS256").split(".")

    def by_hand(digest: bytes) -> Callable[[], httpx.Response]:
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return lambda: http.get(me, headers={"Authorization": f"JWT {head}.{body}.{text}"})

    mac = hmac.new(site.hs256_secret.encode(), f"{head}.{body}".encode(), "sha256")
    each(
        lms,
        {
            "in hexadecimal digits, as PHP does": (
                by_hand(mac.hexdigest().encode()),
                "in hexadecimal digits",
            ),
            "by another digest": (by_hand(mac.digest()[:20]), "it was cut, or made with SHA-1"),
            "not signed": (send("", "none"), "the token is not signed: its header says alg none; sign it with HS256"),
            "for another service": (send(aud="discovery"), f"meant for discovery; its `aud` has to be {site.audience}"),
            "for two others": (send(aud=["a", "b"]), "the token is meant for a or b"),
            "by another service": (
                send(iss="https://a.example"),
                "issued by https://a.example; its `iss`",
            ),
            "without a time": (send(iat=None), "the token has no `iat`"),
            "of another version": (send(version="2.0.0"), 'its `version` was sent as the text "2.0.0"; it has to be'),
        },
    )
    assert by_hand(mac.digest())().status_code == 200
    assert send(aud=[site.audience, "other"])().status_code == 200
    assert diagnosed(lms) == ""
