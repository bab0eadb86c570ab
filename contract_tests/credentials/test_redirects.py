"""A redirect URI that is nearly the registered one, and Brightspace's PKCE. The clients are oauthlib's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from oauthlib.oauth2 import WebApplicationClient

from contract_tests.brightspace.support import Site
from lms_emulator import Emulator

AUTHORIZE = {"canvas": "/login/oauth2/auth", "brightspace": "/oauth2/auth"}


@pytest.fixture
def brightspace(lms: Emulator) -> Iterator[Site]:
    site = Site(lms)
    yield site
    site.close()
    lms.reset()


@pytest.fixture(autouse=True)
def without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("provider", sorted(AUTHORIZE))
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda uri: uri + "/", "only in its final slash"),
        (lambda uri: uri.replace("http://", "https://"), "only in its scheme"),
        (lambda uri: uri.upper(), "only in the case of letters"),
        (lambda uri: uri + "?next=1", "only in the query that it has"),
        (lambda uri: uri.replace("127.0.0.1", "localhost"), "127.0.0.1 are different hosts here"),
        (lambda uri: uri + " ", "there is white space around it"),
        (lambda uri: uri.replace("/", "%2F"), "percent-encoded once too often"),
        (lambda uri: "https://elsewhere.example/back", "callback; nothing is sent to an unregistered URI"),
    ],
)
def test_the_only_difference_of_a_redirect_uri_is_named(
    lms: Emulator, provider: str, change: Callable[[str], str], said: str
) -> None:
    info = getattr(lms, provider)
    registered = info.redirect_uri
    base = f"{info.url}{AUTHORIZE[provider]}"
    with httpx.Client() as browser:
        url = WebApplicationClient(info.client_id).prepare_request_uri(base, redirect_uri=change(registered))
        answer = browser.get(url)
        refusal = lms.requests.last.refusal
        if provider == "canvas" and refusal is None:
            assert answer.status_code == 302, "Canvas takes what is below the registered host"
            return
        assert refusal is not None
        assert (refusal.reason, answer.status_code) == ("redirect_uri_mismatch", 400)
        assert said in (refusal.diagnosis or "")


def test_a_code_requires_the_same_redirect_uri(brightspace: Site) -> None:
    code = brightspace.code()
    assert brightspace.exchange(code, redirect_uri=brightspace.info.redirect_uri + "/").status_code == 400
    assert brightspace.reason == "redirect_uri_differs"
    assert "only in its final slash" in brightspace.diagnosis
    assert brightspace.exchange(code).status_code == 200


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_pkce_where_a_site_is_set_to_check_it(brightspace: Site, method: str) -> None:
    client = WebApplicationClient(brightspace.info.client_id)
    verifier = client.create_code_verifier(64)
    given = None if method == "plain" else method  # as oauthlib wants it
    sent = {"code_challenge": client.create_code_challenge(verifier, given), "code_challenge_method": method}
    code = brightspace.code(**sent)
    assert brightspace.exchange(code, code_verifier="another").status_code == 200, "D2L documents no PKCE"
    brightspace.lms.settings["brightspace.pkce"] = "check"
    code = brightspace.code(**sent)
    assert brightspace.exchange(code, code_verifier=verifier[::-1]).json() == {"error": "invalid_grant"}
    assert (brightspace.reason, "made from another verifier" in brightspace.diagnosis) == (
        "code_verifier_wrong",
        True,
    )
    assert brightspace.exchange(code).status_code == 400
    assert "had a code_challenge" in brightspace.diagnosis
    assert brightspace.exchange(code, code_verifier=verifier).status_code == 200
    assert brightspace.exchange(brightspace.code()).status_code == 200, "without a challenge none is looked for"


def test_an_ignored_challenge_causes_a_warning(brightspace: Site) -> None:
    answer = brightspace.browser().get(brightspace.auth_url(code_challenge="x" * 43, code_challenge_method="S256"))
    assert answer.status_code == 302
    assert [warning.code for warning in brightspace.lms.requests.last.warnings if warning.code == "pkce_ignored"] == [
        "pkce_ignored"
    ]


def test_an_lti_key_is_no_api_key(lms: Emulator) -> None:
    info = lms.canvas
    for client, status, said in (
        (info.lti_client_id, 400, "this is the client_id of an LTI key"),
        (info.client_id, 302, ""),
    ):
        url = WebApplicationClient(client).prepare_request_uri(
            f"{info.url}{AUTHORIZE['canvas']}", redirect_uri=info.redirect_uri
        )
        assert httpx.get(url).status_code == status
        refusal = lms.requests.last.refusal
        assert said in ("" if refusal is None else refusal.diagnosis or "")
