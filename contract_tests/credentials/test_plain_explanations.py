"""Mistakes whose explanation has to name the mistake and the fix, made over a socket; right neighbours pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import uuid4

import httpx
import jwt
import pytest

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials.launches import _begun
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.credentials.tool_key import TOOL_KID, with_tool_key
from contract_tests.learningstudio.conftest import client_of
from lms_emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.core.outcomes import explanation
from lms_emulator.signing import lti13

HTTP = httpx.Client(trust_env=False, timeout=30)


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with with_tool_key() as lms:
        yield lms
    HTTP.close()


def service_token(lms: Emulator, scope: str, **changes: object) -> httpx.Response:
    url = f"{lms.canvas.url}/login/oauth2/token"
    me, now = lms.canvas.lti_client_id, int(time.time())
    claims = {"iss": me, "sub": me, "aud": url, "iat": now, "exp": now + 60, "jti": str(uuid4()), **changes}
    signed = jwt.encode(claims, private_key("tool"), "RS256", {"kid": TOOL_KID})
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": lti13.JWT_BEARER,
        "client_assertion": signed,
        "scope": scope,
    }
    return HTTP.post(url, data=form)


def test_codes_keys_and_schemes(lms: Emulator) -> None:
    ltiaas, openlearning = lms.ltiaas, lms.openlearning
    ltik = jwt.encode({"s": "x"}, "k" * 32)
    users = f"{openlearning.url}/v2.2/institutions/{openlearning.institution_id}/managed-users/"
    student = client_of(lms, HTTP)

    def ltiaas_get(path: str, value: str) -> httpx.Response:
        return HTTP.get(f"{ltiaas.url}/api/{path}", headers={"Authorization": value})

    each(
        lms,
        {
            "an unknown user": (
                lambda: student.ask_by_assertion(student.assertion("nobody.here")),
                "has no user `nobody.here`",
            ),
            "a misspelt user": (
                lambda: student.ask_by_assertion(student.assertion("ada.lovelance")),
                "did you mean ada.lovelace?",
            ),
            "an ltik as Bearer": (
                lambda: ltiaas_get("idtoken", f"Bearer {ltik}"),
                "write `Authorization: LTIK-AUTH-V2 <API key>:<ltik>`",
            ),
            "an ltik for the account": (
                lambda: ltiaas_get("platforms", f"Bearer {ltik}"),
                "sent an ltik or service key as Bearer",
            ),
            "another verb": (
                lambda: ltiaas_get("deeplinking", f"Bearer {ltiaas.api_key}"),
                "GET was sent; this path takes POST",
            ),
            "half a key": (
                lambda: HTTP.get(users, headers={"X-API-Key": openlearning.api_key.partition(".")[0]}),
                "the half of its API key before the dot",
            ),
        },
    )
    assert student.ask_by_assertion(student.assertion(lms.learningstudio.student.username)).status_code == 200
    assert ltiaas_get("platforms", f"Bearer {ltiaas.api_key}").status_code == 200
    assert diagnosed(lms) == ""


def test_brightspace_versions_scopes_and_times(lms: Emulator) -> None:
    site = BrightspaceSite(lms)
    token = site.tokens("instructor", scope="grades:gradeobjects:read")["access_token"]
    path = "/d2l/api/lp/{}/users/whoami"
    each(
        lms,
        {
            "an old version": (
                lambda: site.api(token).get(path.format("1.0")),
                "1.0 is not served, only at least 1.31: write one of those",
            ),
            "another scope": (
                lambda: site.api(token).get(path.format("1.47")),
                "the token has grades:gradeobjects:read; the call needs users:own_profile:read",
            ),
        },
    )
    site.close()


def test_service_tokens_of_canvas(lms: Emulator) -> None:
    old = int(time.time()) - 600
    token = service_token(lms, lti13.SCOPE_RESULT_READ).json()["access_token"]
    items = f"{lms.canvas.url}/api/lti/courses/1/line_items"
    allowed = service_token(lms, " ".join(lti13.AGS_SCOPES)).json()["access_token"]
    item = HTTP.post(items, headers={"Authorization": f"Bearer {allowed}"}, json={"label": "Q", "scoreMaximum": 1})
    url = item.json()["id"]
    each(
        lms,
        {
            "an expired assertion": (
                lambda: service_token(lms, lti13.SCOPE_SCORE, iat=old - 60, exp=old),
                "before now; sign a new one for each request",
            ),
            "without the scope": (
                lambda: HTTP.post(f"{url}/scores", headers={"Authorization": f"Bearer {token}"}, json={}),
                f"without the scope that the service needs: request {lti13.SCOPE_SCORE}",
            ),
            "to the item itself": (
                lambda: HTTP.post(url, headers={"Authorization": f"Bearer {allowed}"}, json={}),
                "line_items/{line_item_id}/scores` takes POST",
            ),
        },
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda scope: quote(scope, safe=""), "but it is percent-encoded once too often"),
        (lambda scope: quote(f"{scope} {lti13.SCOPE_SCORE}", safe=""), "but they are percent-encoded once too often"),
        (lambda scope: f'"{scope}"', "but there are quotation marks around it"),
        (lambda scope: f'["{scope}"]', f"send {lti13.SCOPE_MEMBERSHIP}"),
        (lambda scope: f"{scope},{lti13.SCOPE_SCORE}", "scopes are separated by spaces"),
        (str.upper, f"{lti13.SCOPE_MEMBERSHIP}: the case differs"),
        (lambda scope: scope.rpartition("/")[2], f"a scope is written in full: {lti13.SCOPE_MEMBERSHIP}"),
    ],
)
def test_a_garbled_scope(lms: Emulator, change: Callable[[str], str], words: str) -> None:
    assert service_token(lms, change(lti13.SCOPE_MEMBERSHIP)).json()["error"] == "invalid_scope"
    assert words in diagnosed(lms)
    assert service_token(lms, lti13.SCOPE_MEMBERSHIP).status_code == 200


def test_what_canvas_takes_though_others_refuse_it(lms: Emulator) -> None:
    site = CanvasSite(lms)
    for uri, codes in (("https://other.example/x", ["redirect_uri_unchecked"]), (site.info.redirect_uri, [])):
        assert site.exchange(site.code("student"), redirect_uri=uri).status_code == 200
        assert [warning.code for warning in lms.requests.last.warnings] == codes
    for sent, codes in (
        ({"response_mode": "query"}, ["response_mode_unchecked"]),
        ({"response_type": "code"}, ["response_type_unchecked"]),
        ({}, []),
    ):
        begun = _begun(site)
        url = urlsplit(begun.action)
        query = urlencode(dict(parse_qsl(url.query)) | sent)
        answer = begun.browser.get(url._replace(query=query).geturl())
        while answer.is_redirect:
            answer = begun.browser.get(answer.headers["location"])
        assert "id_token" in answer.text
        entry = next(entry for entry in reversed(lms.requests.find(provider="canvas")) if "response_mode" in entry.url)
        assert [warning.code for warning in entry.warnings] == codes
    site.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"assignment"=>{"name"=>"x"}}', "a hash as Ruby prints it"),
        ("{'assignment': {'name': 'x'}}", "a value as Python prints it"),
        ("[object Object]", "an object as JavaScript prints it"),
        ("map[assignment:map[name:x]]", "a map as Go prints it"),
        ("Array", "an array as PHP prints it"),
        ("{assignment={name=x}}", "an object as Java prints it"),
        ('{"assignment": {"name": None}}', "a word of the program in it"),
        ('{"assignment": {"name": "x",}}', "a comma before a closing bracket"),
        ('{"assignment": {"name": "x"', "JSON without its end"),
        ("assignment[name]=x", "the body is a form"),
    ],
)
def test_what_is_no_json(lms: Emulator, body: str, words: str) -> None:
    """At Canvas, which fails on it, and at LTIAAS and Open edX, which refuse it."""
    sites = (
        (f"{lms.canvas.url}/api/v1/courses/1/assignments", lms.canvas.access_tokens.teacher),
        (f"{lms.ltiaas.url}/api/platforms", lms.ltiaas.api_key),
        (f"{lms.openedx.url}/api/enrollment/v1/enrollment", lms.openedx.access_tokens.superuser),
    )
    for url, token in sites:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = HTTP.post(url, headers=headers, content=body)
        assert answer.status_code in (400, 500)
        text = HTTP.get(answer.headers["x-emulator-explain"]).json()["explanation"]
        assert words in text
        assert text[0] == "T"
        assert text[-1] in ".?"


def test_a_refusal_without_a_diagnosis_reads_as_english() -> None:
    refusal = {"reason": "x", "check": "the report is the newest", "expected": 3, "got": 2}
    said = 'The provider refused: the check "the report is the newest" failed (expected 3, got 2).'
    assert explanation("refused", refusal, {}, (), None) == said
    assert explanation("refused", {"diagnosis": "no code came"}, {}, (), None) == "The provider refused: no code came."
