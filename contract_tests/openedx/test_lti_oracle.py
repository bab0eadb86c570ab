"""The LTI consumer component itself as an oracle: the same requests to it and to the emulator have the same answers.

The component runs in a virtual environment of its own, built on first use; without a package index this is skipped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract_tests.lms_site import form
from contract_tests.lti.machine import run_walks
from contract_tests.openedx.web import Web
from contract_tests.oracles.launcher import CannotBuild, Oracle
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import jwt, lti13, oauth1
from lms_emulator.signing.jwt import read

pytestmark = pytest.mark.slow

COURSE = "course-v1:DemoX+DemoCourse+T2024"
BLOCK = f"block-v1:{COURSE.split(':')[1]}+type@lti_consumer+block@mine"
CLIENT, CONFIG = "c11e0000-0000-4000-8000-000000000077", "c0f10000-0000-4000-8000-000000000077"
LAUNCH, LOGIN = "https://tool.example/launch", "https://tool.example/login"
OLD = BLOCK.replace("@mine", "@old")
DUE, CUSTOM = "2027-01-02T03:04:05Z", ["a=b", "context_type = Group", "launch_presentation_locale=de"]
API = "/api/lti_consumer/v1"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LATER = "2026-11-21T12:00:01Z"


@dataclass
class Platform:
    """One of the two. `start` gives the address at which a learner's launch begins."""

    url: str
    number: int
    config: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    browser: Any = None

    def start(self) -> str:
        if self.browser is None:
            return str(self.http.get(f"{self.url}/_oracle/start").json()["url"])
        frame = re.search(r'<iframe[^>]* src="([^"]+)"', self.browser.get(f"/xblock/{BLOCK}").text)
        assert frame is not None
        return html.unescape(frame[1])

    def request(self, **changes: str | None) -> dict[str, str]:
        """A tool's authentication request that holds, but for the changes."""
        begun = dict(parse_qsl(urlsplit(self.start()).query))
        asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
        asked |= {"client_id": CLIENT, "redirect_uri": LAUNCH, "nonce": "n1", "state": "s1"}
        asked |= {name: begun[name] for name in ("login_hint", "lti_message_hint")}
        return {name: value for name, value in {**asked, **changes}.items() if value is not None}

    def launch(self, **changes: str | None) -> httpx.Response:
        return self.http.get(f"{self.url}{API}/launch/", params=self.request(**changes))

    def token(self, **changes: Any) -> httpx.Response:
        now = int(time.time())
        signer, kid = changes.pop("signer", "tool"), changes.pop("kid", "k")
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": "any", "iat": now, "exp": now + 60, "jti": f"j{now}"}
        claims |= changes.pop("claims", {})
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": lti13.JWT_BEARER,
            "client_assertion": jwt.sign(claims, private_key(signer), kid=kid),
            "scope": " ".join(lti13.SERVICE_SCOPES),
            **changes,
        }
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.http.post(f"{self.url}{API}/token/{self.config}", data=sent)

    def call(self, method: str, path: str, scope: str | None = None, **options: Any) -> tuple[int, Any]:
        """A call of a service: its status and its body, the platform's address and the person's id left out."""
        token = self.token(scope=scope).json()["access_token"] if scope else None
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **options.pop("headers", {})}
        answer = self.http.request(method, f"{self.url}{API}/lti/{self.number}{path}", headers=headers, **options)
        text = answer.text.replace(f"{self.url}{API}/lti/{self.number}", "~")
        if answer.headers.get("content-type", "").startswith("text/html"):
            return answer.status_code, "page"
        return answer.status_code, json.loads(text) if text else None


@pytest.fixture(scope="module")
def component() -> Iterator[Platform]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private_key("tool").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    try:
        oracle = Oracle("openedx_lti")
    except CannotBuild as why:
        pytest.skip(f"no oracle here: {why}")
    wanted = {"login_url": LOGIN, "launch_url": LAUNCH, "public_key": public, "client_id": CLIENT}
    made = httpx.post(f"{oracle.url}/_oracle/tool", json={**wanted, "grades": "programmatic"}).json()
    platform = Platform(oracle.url, made["id"], made["config_id"])
    yield platform
    platform.http.close()
    oracle.stop()


@pytest.fixture(scope="module")
def emulated() -> Iterator[Platform]:
    with Emulator.start() as lms:
        world = json.loads(json.dumps(lms.dump(), default=str))
        section = world["openedx"]
        course = next(item for item in section["courses"] if item["id"] == COURSE)
        unit = course["content"][0]["children"][0]["children"][0]
        unit["children"] += [
            {"type": "lti_consumer", "block_id": "mine", "display_name": "Mine", "weight": 10},
            {"type": "lti_consumer", "block_id": "old", "display_name": "Old", "weight": 10, "due": DUE},
        ]
        public = jwt.jwks([("k", private_key("tool"))])["keys"][0]
        section["lti_tools"] = [
            {
                "id": 7,
                "block": BLOCK,
                "config_id": CONFIG,
                "client_id": CLIENT,
                "launch_url": LAUNCH,
                "login_url": LOGIN,
                "public_jwk": public,
                "grades": "programmatic",
                "roster": True,
                "deep_linking_url": LAUNCH,
                "custom_parameters": ["a=b"],
            },
            {
                "id": 8,
                "block": OLD,
                "version": "lti_1p1",
                "launch_url": f"{LAUNCH}?x=1",
                "consumer_key": "key",
                "secret": "secret",
                "has_score": True,
                "ask_to_send_username": True,
                "ask_to_send_full_name": True,
                "ask_to_send_email": True,
                "custom_parameters": CUSTOM,
            },
        ]
        lms.load(world)
        web = Web(lms)
        platform = Platform(lms.openedx.url, 7, CONFIG, browser=web.browser(web.info.learner))
        yield platform
        platform.http.close()
        web.close()


def test_a_launch(emulated: Platform, component: Platform) -> None:
    told = []
    for platform in (emulated, component):
        begun = urlsplit(platform.start())
        page = platform.launch().text
        (action,) = re.findall(r'action="([^"]+)"', page)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
        header, claims = read(fields["id_token"])
        published = platform.http.get(f"{platform.url}{API}/public_keysets/{platform.config}")
        keys = published.json()["keys"]
        by_block = platform.http.get(f"{platform.url}{API}/public_keysets/{quote(BLOCK)}").json()["keys"]
        assert header["kid"] == keys[0]["kid"]
        jwt.verify(fields["id_token"], jwt.KeySet.from_jwks({"keys": keys}), algorithms=["RS256"], now=time.time())
        services = claims[lti13.AGS_CLAIM]
        roster, own = claims[lti13.NRPS_CLAIM], f"{platform.url}{API}/lti/{platform.number}"
        services["lineitems"] = services["lineitems"].replace(own, "~")
        roster["context_memberships_url"] = roster["context_memberships_url"].replace(own, "~")
        varying = {"iss", "sub", "iat", "exp"}
        told.append(
            (
                begun.path,
                [name for name, _ in parse_qsl(begun.query)],
                (action, list(fields), fields["state"]),
                sorted(header),
                list(claims),
                {name: value for name, value in claims.items() if name not in varying},
                claims["exp"] - claims["iat"],
                [list(key) for key in keys],
                by_block == keys,
                published.headers["content-disposition"],
            )
        )
    assert told[0][5].pop(f"{lti13.CLAIM}target_link_uri") == told[1][5].pop(f"{lti13.CLAIM}target_link_uri")
    assert told[0] == told[1]


def test_a_launch_of_lti_1_1(emulated: Platform, component: Platform) -> None:
    """The same fields in the same order; the component is given each value that it does not generate itself."""
    page = emulated.browser.get(f"/courses/{COURSE}/xblock/{OLD}/handler/lti_launch_handler").text
    action, fields = form(page)
    names = {"lis_result_sourcedid": "result_sourcedid", "user_id": "user_id", "roles": "roles"}
    names |= {f"lis_{name}": name for name in ("person_sourcedid", "person_contact_email_primary", "person_name_full")}
    told = {
        "url": action,
        "key": "key",
        "secret": "secret",
        "link": fields["resource_link_id"],
        "user": {to: fields[name] for name, to in names.items()},
        "context": {name: fields[name] for name in ("context_id", "context_title", "context_label")},
        "outcomes": fields["lis_outcome_service_url"],
        "block": {"custom_parameters": CUSTOM, "display_name": "Old", "due": DUE},
    }
    found = dict(component.http.post(f"{component.url}/_oracle/basic", json=told).json()["fields"])
    assert list(fields) == list(found)
    own = {"oauth_nonce", "oauth_timestamp", "oauth_signature", "tool_consumer_info_product_family_code"}
    assert {name: value for name, value in fields.items() if name not in own} == {
        name: value for name, value in found.items() if name not in own
    }
    signature = fields.pop("oauth_signature")
    assert oauth1.sign("POST", action, fields.items(), "secret") == signature


@pytest.mark.parametrize(
    "changes",
    [
        {name: None}
        for name in (
            "lti_message_hint", "login_hint", "nonce", "state", "redirect_uri", "client_id", "scope", "prompt",
            "response_type", "response_mode",
        )
    ]
    + [
        {"lti_message_hint": "unknown"},
        {"login_hint": "another"},
        {"client_id": "another"},
        {"redirect_uri": "https://strange.example/"},
        {"redirect_uri": f"{LAUNCH}/"},
        {"prompt": "login"},
        {"nonce": ""},
    ],
    ids=str,
)  # fmt: skip
def test_an_authentication_request(emulated: Platform, component: Platform, changes: dict[str, str | None]) -> None:
    answers = [platform.launch(**changes) for platform in (emulated, component)]
    shown = [(answer.status_code, "id_token" in answer.text) for answer in answers]
    assert shown[0] == shown[1]


LATER = 4_102_444_800
"""The year 2100: a time that every run has before it, so that all of a run have the same names of tests."""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scope": "unknown"},
        {"scope": ""},
        {"scope": None},
        {"grant_type": None},
        {"grant_type": "password"},
        {"client_assertion_type": "x"},
        {"client_assertion_type": None},
        {"client_assertion": None},
        {"client_assertion": "x"},
        {"client_assertion": "a.b.c"},
        {"signer": "spare"},
        {"signer": "spare", "kid": "another"},
        {"kid": "another"},
        {"kid": None},
        {"claims": {"exp": 1}},
        {"claims": {"iat": 1}},
        {"claims": {"iss": "another", "sub": "another"}},
        {"claims": {"iat": LATER, "exp": LATER + 1000}},
        {"claims": {"nbf": LATER}},
    ],
    ids=str,
)
def test_the_token_endpoint(emulated: Platform, component: Platform, changes: dict[str, Any]) -> None:
    answers = [platform.token(**changes) for platform in (emulated, component)]
    bodies = [answer.json() | ({"access_token": ""} if answer.is_success else {}) for answer in answers]
    assert (answers[0].status_code, bodies[0]) == (answers[1].status_code, bodies[1])


_READ, _WRITE, _SCORE, _RESULT = (
    lti13.SCOPE_LINE_ITEM_READ,
    lti13.SCOPE_LINE_ITEM,
    lti13.SCOPE_SCORE,
    lti13.SCOPE_RESULT_READ,
)


def _item(**changes: Any) -> dict[str, Any]:
    body = {"label": "L", "scoreMaximum": 5, "resourceId": "r", "tag": "t", "resourceLinkId": BLOCK, **changes}
    return {
        "content": json.dumps({k: v for k, v in body.items() if v is not ...}),
        "headers": {"Content-Type": LINE_ITEM},
    }


def _score(**changes: Any) -> dict[str, Any]:
    body = {
        "userId": "u1",
        "activityProgress": "Completed",
        "gradingProgress": "Pending",
        "timestamp": "2026-11-21T12:00:00Z",
        "scoreGiven": 1,
        "scoreMaximum": 2,
        **changes,
    }
    return {"json": {k: v for k, v in body.items() if v is not ...}}


CALLS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("GET", "/lti-ags", None, {}),
    ("GET", "/lti-ags", None, {"headers": {"Authorization": "Bearer"}}),
    ("GET", "/lti-ags", None, {"headers": {"Authorization": "Bearer a b"}}),
    ("GET", "/lti-ags", None, {"headers": {"Authorization": "Bearer x"}}),
    ("GET", "/lti-ags", _SCORE, {}),
    ("GET", "/lti-ags", _READ, {}),
    ("POST", "/lti-ags", _READ, _item()),
    ("POST", "/lti-ags", _WRITE, _item(label=...)),
    ("POST", "/lti-ags", _WRITE, _item(label="", scoreMaximum="x", resourceLinkId="zap")),
    ("POST", "/lti-ags", _WRITE, _item(label=None, tag=None, resourceId=5)),
    ("POST", "/lti-ags", _WRITE, _item(label="x" * 101, tag="x" * 51)),
    ("POST", "/lti-ags", _WRITE, _item(startDateTime="x")),
    ("POST", "/lti-ags", _WRITE, {"json": {}}),
    ("POST", "/lti-ags", _WRITE, {"content": "[]", "headers": {"Content-Type": LINE_ITEM}}),
    ("POST", "/lti-ags", _WRITE, _item(endDateTime="2026-11-21T12:00:00Z")),
    ("GET", "/lti-ags/1", _READ, {}),
    ("GET", "/lti-ags/99", _READ, {}),
    ("GET", "/lti-ags?tag=t", _READ, {}),
    ("GET", "/lti-ags?tag=zap", _READ, {}),
    ("PUT", "/lti-ags/1", _WRITE, _item(label="New")),
    ("PATCH", "/lti-ags/1", _WRITE, {"content": '{"tag": "z"}', "headers": {"Content-Type": LINE_ITEM}}),
    ("DELETE", "/lti-ags/1", _WRITE, {}),
    ("GET", "/lti-ags/1/results", _RESULT, {}),
    ("POST", "/lti-ags/1/scores", _READ, _score()),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(timestamp=..., userId=...)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(activityProgress="", gradingProgress=...)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(activityProgress="Zap")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(scoreGiven="x", timestamp="x")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(scoreGiven=-1)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score()),
    ("POST", "/lti-ags/1/scores", _SCORE, _score()),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(timestamp="2026-11-21T11:00:00Z")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(timestamp=LATER, scoreMaximum=...)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(timestamp=LATER, comment="good")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u2", scoreGiven=..., scoreMaximum=...)),
    ("GET", "/lti-ags/1/results", _RESULT, {}),
    ("GET", "/lti-ags/1/results/u1", _RESULT, {}),
    ("GET", "/lti-ags/1/results/zap", _RESULT, {}),
    ("GET", "/lti-ags/1/results/", _RESULT, {}),
    ("GET", "/lti-ags/1/results/?limit=1", _RESULT, {}),
    ("POST", "/lti-ags", _WRITE, {**_item(), "headers": {"Content-Type": LINE_ITEM, "Accept": "application/json"}}),
    ("POST", "/lti-ags", None, {**_item(label=...), "headers": {"Accept": "application/json"}}),
    ("GET", "/lti-ags/99", None, {"headers": {"Accept": "application/json"}}),
    ("GET", "/lti-ags", _READ, {"headers": {"Accept": "application/json"}}),
    ("GET", "/lti-ags", _READ, {}),
    ("GET", "/lti-ags/1/results", _RESULT, {"headers": {"Accept": "application/json"}}),
    ("POST", "/lti-ags/1/scores", _SCORE, {**_score(userId="u3"), "headers": {"Accept": "application/json"}}),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u4", timestamp="2026-11-21T12:00:00")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u4", timestamp="2026-11-21T11:00:00Z")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u4", timestamp="2026-11-21T13:00:00+02:00")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u4", timestamp="2026-11-21T13:00:00")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u4", timestamp="2026-11-21T14:30:00+01:00")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u5", timestamp="2026-11-21")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u5", timestamp="2026-11-21 12:00")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u6", timestamp=5)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u6", comment=5)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u7", comment=["x"])),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u7", comment=True)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u7", comment="")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u10", comment=None)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u11", comment=" a ")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u12", timestamp=None)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u12", timestamp="20261121T120000")),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u8", scoreGiven=5)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId=7)),
    ("POST", "/lti-ags/1/scores", _SCORE, _score(userId="u9", timestamp="9999-12-31T23:59:59Z")),
    ("GET", "/lti-ags/1/results", _RESULT, {}),
    ("POST", "/lti-ags", _WRITE, _item(startDateTime="2026-11-21T12:00:00")),
    ("POST", "/lti-ags", _WRITE, _item(startDateTime="2026-11-21")),
    ("POST", "/lti-ags", _WRITE, _item(startDateTime=None)),
    ("POST", "/lti-ags", _WRITE, _item(startDateTime=5)),
    ("POST", "/lti-ags", _WRITE, _item(endDateTime="2026-11-21T12:00:00.123456+05:30")),
    ("POST", "/lti-ags", _WRITE, _item(scoreMaximum=0)),
    ("POST", "/lti-ags", _WRITE, _item(scoreMaximum=-1)),
    ("POST", "/lti-ags", _WRITE, _item(scoreMaximum="10")),
    ("GET", "/lti-ags", _READ, {}),
]


def test_the_services(emulated: Platform, component: Platform) -> None:
    """In order, since each leans on those before."""
    differing = []
    for method, path, scope, options in CALLS:
        ours, theirs = (
            platform.call(method, path, scope, **json.loads(json.dumps(options))) for platform in (emulated, component)
        )
        if ours != theirs:
            differing.append(f"{method} {path} {options}\n  emulated  {ours}\n  component {theirs}")
    assert not differing, "\n".join(differing)


RESULT = "application/vnd.ims.lis.v2.result+json"
REPLACE = (
    '<imsx_POXEnvelopeRequest xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader>'
    "<imsx_POXRequestHeaderInfo><imsx_messageIdentifier>m1</imsx_messageIdentifier></imsx_POXRequestHeaderInfo>"
    "</imsx_POXHeader><imsx_POXBody><{action}><resultRecord><sourcedGUID><sourcedId>c:l:{who}</sourcedId></sourcedGUID>"
    "<result><resultScore><textString>{score}</textString></resultScore></result></resultRecord></{action}>"
    "</imsx_POXBody></imsx_POXEnvelopeRequest>"
)


def scored(platform: Platform, method: str, handler: str, body: str, **how: Any) -> tuple[int, str]:
    """A score sent to the block by LTI 1.1: status and body, but for the id of the person and pages."""
    place = f"{platform.url}/courses/{COURSE}/xblock/{OLD}/handler_noauth"
    who = "somebody"
    if platform.browser is not None:
        fields = form(platform.browser.get(f"/courses/{COURSE}/xblock/{OLD}/handler/lti_launch_handler").text)[1]
        who = fields["user_id"]
    body, handler = (text.replace("{who}", how.get("who", who)) for text in (body, handler))
    digest = base64.b64encode(hashlib.sha1(body.encode()).digest()).decode()
    oauth = {"oauth_consumer_key": "key", "oauth_nonce": "n", "oauth_timestamp": "1", "oauth_version": "1.0"}
    oauth |= {"oauth_signature_method": "HMAC-SHA1", "oauth_body_hash": how.get("digest", digest)}
    service = f"{place}/outcome_service_handler"
    signed = oauth1.sign(method, service, oauth.items(), how.get("secret", "secret"))
    oauth |= {} if how.get("unsigned") else {"oauth_signature": signed}
    header = "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in oauth.items())
    headers = {"Authorization": how.get("header", header), "Content-Type": how.get("kind", RESULT)}
    url = f"{platform.url}/_oracle/scores" if platform.browser is None else place
    answer = platform.http.request(
        method, f"{url}/{handler}", content=body, headers={**headers, "X-Service": service}, follow_redirects=False
    )
    page = answer.headers.get("content-type", "").startswith("text/html")
    text = "" if page else re.sub(r"\s+", " ", answer.text.replace(how.get("who", who), "~"))
    return answer.status_code, text


@pytest.mark.parametrize(
    ("action", "score", "how"),
    [
        ("replaceResultRequest", "0.75", {}),
        ("readResultRequest", "0.75", {}),
        ("replaceResultRequest", "1.5", {}),
        ("replaceResultRequest", "x", {}),
        ("replaceResultRequest", "0.5", {"who": "nobody"}),
        ("replaceResultRequest", "0.5", {"secret": "wrong"}),
        ("replaceResultRequest", "0.5", {"digest": "wrong"}),
        ("replaceResultRequest", "0.5", {"unsigned": True}),
        ("replaceResultRequest", "0.5", {"header": "Bearer x"}),
    ],
    ids=str,
)
def test_basic_outcomes(emulated: Platform, component: Platform, action: str, score: str, how: dict[str, Any]) -> None:
    body = REPLACE.replace("{action}", action).replace("{score}", score)
    told = [scored(platform, "POST", "outcome_service_handler", body, **how) for platform in (emulated, component)]
    assert told[0] == told[1]


def result(**members: Any) -> str:
    """A result as a tool sends it."""
    return json.dumps({"@context": "x", "@type": "Result", **members})


SHARES = [0, 1, -0.1, 1.1, 2, "1", "0.5", " 1 ", "x", "", None, True, [1], "nan"]
NO_RESULTS = [result(), json.dumps({"@type": "Result"}), json.dumps({"@context": "x"}), "[]", "{", "", "null", "5"]
RESULTS = st.one_of(
    st.builds(result, resultScore=st.floats(0, 1), comment=st.sampled_from(["Good", "", "é", None, 5])),
    st.builds(result, resultScore=st.sampled_from(SHARES)),
    st.sampled_from(NO_RESULTS),
)
UNACCEPTED: list[dict[str, str]] = [
    {"kind": "application/json"}, {"secret": "wrong"}, {"header": "x"}, {"who": "nobody"}, {"digest": "wrong"},
]  # fmt: skip


class ResultsOfLti2(RuleBasedStateMachine):
    """What a tool can do with a person's result: the component and the emulator answer alike, whatever came before."""

    both: ClassVar[tuple[Platform, Platform]]

    def same(self, method: str, body: str = "", **how: str) -> None:
        told = [scored(platform, method, "result_service_handler/user/{who}", body, **how) for platform in self.both]
        assert told[0] == told[1], (method, body, how)

    @initialize()
    def begin(self) -> None:
        self.same("DELETE")

    @rule(body=RESULTS, listed=st.booleans())
    def put(self, body: str, listed: bool) -> None:
        self.same("PUT", f"[{body}]" if listed else body)

    @rule()
    def delete(self) -> None:
        self.same("DELETE")

    @rule(method=st.sampled_from(["GET", "PUT", "DELETE"]), how=st.sampled_from(UNACCEPTED))
    def ask_wrongly(self, method: str, how: dict[str, str]) -> None:
        self.same(method, result(resultScore=0.25) if method == "PUT" else "", **how)

    @rule(method=st.sampled_from(["POST", "PATCH"]))
    def ask_by_another_method(self, method: str) -> None:
        self.same(method, result(resultScore=0.5))

    @invariant()
    def the_result_is_the_same(self) -> None:
        self.same("GET")


def test_results_of_lti_2(emulated: Platform, component: Platform) -> None:
    run_walks(type("Machine", (ResultsOfLti2,), {"both": (emulated, component)}), examples=40, steps=15)
