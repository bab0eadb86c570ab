"""Methods and versions that no real operation has: the provider's own answer, neither 501 nor an unknown path."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.openedx.web import Web
from lms_emulator import Emulator

FORUMS = "/d2l/api/le/1.75/6836/discussions/forums/"


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def test_a_method_that_an_operation_which_is_not_served_does_not_have(lms: Emulator, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {lms.brightspace.access_tokens.instructor}"}
    assert http.get(lms.brightspace.url + FORUMS, headers=headers).status_code == 501
    answer = http.delete(lms.brightspace.url + FORUMS, headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST, HEAD")
    entry = lms.requests.last
    assert (entry.outcome, entry.refusal and entry.refusal.diagnosis) == (
        "refused",
        "DELETE was sent; this path takes GET, POST, HEAD",
    )
    assert http.delete(lms.brightspace.url + FORUMS.replace("forums", "nothing"), headers=headers).status_code == 404
    assert lms.requests.last.outcome == "unknown_path"
    unserved = f"{lms.openedx.url}/notify/json/get/"
    assert http.get(unserved).status_code == 501
    topics = f"{lms.openedx.url}/api/edx_proctoring/v1/proctored_exam/exam"
    assert http.put(topics).status_code == 501
    assert http.request("TRACE", topics).status_code == 403  # nobody is let in, whatever the method


def test_whom_a_resource_that_is_not_served_lets_in_is_not_known(lms: Emulator, http: httpx.Client) -> None:
    """Django REST framework checks permissions before the method."""
    url, tokens = f"{lms.openedx.url}/api/ccx/v0/ccx/", lms.openedx.access_tokens
    for token, status in ((tokens.superuser, 405), (tokens.learner, 501), ("", 401)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert http.delete(url, headers=headers).status_code == status
    lms.settings["emulator.not_emulated"] = "provider"
    assert http.delete(url, headers={"Authorization": f"Bearer {tokens.learner}"}).status_code == 405
    lms.settings["emulator.not_emulated"] = "refuse"


def test_open_edx_has_no_head_of_its_sign_in_page(lms: Emulator, http: httpx.Client) -> None:
    for path in ("/login", "/register", "/password_assistance"):
        answer = http.head(lms.openedx.url + path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
        assert http.get(lms.openedx.url + path).status_code == 200


def test_methods_that_a_canvas_route_does_not_have_are_its_404(lms: Emulator, http: httpx.Client) -> None:
    """Rails has no 405."""
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.teacher}"}
    assert http.get(f"{lms.canvas.url}/api/v1/courses/1/live_assessments", headers=headers).status_code == 501
    assert http.patch(f"{lms.canvas.url}/api/v1/courses/1/live_assessments", headers=headers).status_code == 404
    assert "PATCH was sent; this path takes GET, POST" in str(
        lms.requests.last.refusal and lms.requests.last.refusal.diagnosis
    )


def test_versions_that_are_not_known(lms: Emulator, http: httpx.Client) -> None:
    key = {"X-API-Key": lms.openlearning.api_key}
    right = "/v2.2/institutions/lakeside/managed-users/"
    for sent, words in {
        "/v2.3": "is not known to have a version `v2.3`",
        "/v2": "is not known to have a version `v2`",
        "": "has its version in the path",
    }.items():
        assert http.get(lms.openlearning.url + right.replace("/v2.2", sent), headers=key).status_code == 404
        refusal = lms.requests.last.refusal
        assert refusal is not None
        assert f"{words}; it has `{right}`" in str(refusal.diagnosis)
    assert http.get(lms.openlearning.url + right, headers=key).status_code == 200
    assert http.get(f"{lms.openlearning.url}/v2.3/nowhere/", headers=key).status_code == 404
    assert "version" not in str(lms.requests.last.refusal and lms.requests.last.refusal.diagnosis)


def test_versions_newer_than_the_latest_of_brightspace(lms: Emulator, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {lms.brightspace.access_tokens.instructor}"}
    news = f"{lms.brightspace.url}/d2l/api/le/1.99/6836/news/"
    assert http.get(news, headers=headers).status_code == 200
    lms.settings["brightspace.newer_versions"] = "refuse"
    assert http.get(news, headers=headers).status_code == 404
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert (refusal.reason, refusal.expected) == ("version_not_served", "at least 1.51, at most 1.93")
    assert http.get(lms.brightspace.url + FORUMS.replace("1.75", "1.99"), headers=headers).status_code == 404
    assert http.delete(news, headers=headers).status_code == 404  # a version that is not served has no methods
    assert http.delete(news.replace("1.99", "1.1"), headers=headers).status_code == 404
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert refusal.reason == "version_not_served"
    assert http.delete(news.replace("1.99", "1.93"), headers=headers).status_code == 405
    for taken in ("1.93", "unstable"):
        assert http.get(news.replace("1.99", taken), headers=headers).status_code == 200


def test_strict_mode_is_quiet_where_nothing_is_read_anyway(lms: Emulator) -> None:
    """A query passed on to the sign-in page, and OPTIONS, which asks about the resource."""
    web = Web(lms)
    lms.settings["emulator.strict"] = True
    client = web.clients.authorization_code
    asked = {"client_id": client.client_id, "response_type": "code", "redirect_uri": client.redirect_uris[0]}
    asked |= {"scope": "read", "state": "s", "nonce": "n", "prompt": "login"}
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = web.http.request(method, "/oauth2/authorize", params=asked)
        assert (answer.status_code, "nonce" in answer.headers["Location"]) == (302, True)
        assert lms.requests.last.warnings == []
    known = web.browser(web.info.learner).http
    for path in ("/oauth2/authorize", "/oauth2/access_token", "/heartbeat", "/courses"):
        answer = known.request("OPTIONS", path, params=asked)
        assert answer.status_code == 200
        assert lms.requests.last.warnings == []
    headers = {"Authorization": f"Bearer {lms.openedx.access_tokens.learner}"}
    asked = {"username": "ada", "fields": "x"}
    assert web.http.get("/api/user/v1/accounts", params=asked, headers=headers).status_code == 501
    lms.settings["emulator.strict"] = False
    web.close()
