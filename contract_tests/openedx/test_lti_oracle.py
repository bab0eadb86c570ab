"""Launches and services of LTI by the consumer component itself and by the emulator: both answer alike."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from contract_tests.lms_site import form
from contract_tests.openedx.lti_oracle import (
    API,
    BLOCK,
    COURSE,
    CUSTOM,
    DUE,
    LAUNCH,
    OLD,
    Platform,
    component,
    emulated,
)
from lms_emulator.signing import jwk, jwt, lti13, oauth1
from lms_emulator.signing.jwt import read

__all__ = ["component", "emulated"]
pytestmark = pytest.mark.slow

LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LATER = "2026-11-21T12:00:01Z"


def test_a_launch(emulated: Platform, component: Platform) -> None:
    launches = []
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
        jwt.verify(fields["id_token"], jwk.KeySet.from_jwks({"keys": keys}), algorithms=["RS256"], now=time.time())
        services = claims[lti13.AGS_CLAIM]
        roster, own = claims[lti13.NRPS_CLAIM], f"{platform.url}{API}/lti/{platform.number}"
        services["lineitems"] = services["lineitems"].replace(own, "~")
        roster["context_memberships_url"] = roster["context_memberships_url"].replace(own, "~")
        varying = {"iss", "sub", "iat", "exp"}
        launches.append(
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
    assert launches[0][5].pop(f"{lti13.CLAIM}target_link_uri") == launches[1][5].pop(f"{lti13.CLAIM}target_link_uri")
    assert launches[0] == launches[1]


def test_a_launch_of_lti_1_1(emulated: Platform, component: Platform) -> None:
    """The same fields in the same order; the component is given each value that it does not generate itself."""
    page = emulated.browser.get(f"/courses/{COURSE}/xblock/{OLD}/handler/lti_launch_handler").text
    action, fields = form(page)
    names = {"lis_result_sourcedid": "result_sourcedid", "user_id": "user_id", "roles": "roles"}
    names |= {f"lis_{name}": name for name in ("person_sourcedid", "person_contact_email_primary", "person_name_full")}
    sent = {
        "url": action,
        "key": "key",
        "secret": "secret",
        "link": fields["resource_link_id"],
        "user": {to: fields[name] for name, to in names.items()},
        "context": {name: fields[name] for name in ("context_id", "context_title", "context_label")},
        "outcomes": fields["lis_outcome_service_url"],
        "block": {"custom_parameters": CUSTOM, "display_name": "Old", "due": DUE},
    }
    found = dict(component.http.post(f"{component.url}/_oracle/basic", json=sent).json()["fields"])
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


FAR_AHEAD = 4_102_444_800
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
        {"claims": {"iat": FAR_AHEAD, "exp": FAR_AHEAD + 1000}},
        {"claims": {"nbf": FAR_AHEAD}},
    ],
    ids=str,
)
def test_the_token_endpoint(emulated: Platform, component: Platform, changes: dict[str, Any]) -> None:
    answers = [platform.token(**changes) for platform in (emulated, component)]
    bodies = [answer.json() | ({"access_token": ""} if answer.is_success else {}) for answer in answers]
    assert (answers[0].status_code, bodies[0]) == (answers[1].status_code, bodies[1])


_READ = lti13.SCOPE_LINE_ITEM_READ
_WRITE = lti13.SCOPE_LINE_ITEM
_SCORE = lti13.SCOPE_SCORE
_RESULT = lti13.SCOPE_RESULT_READ


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
