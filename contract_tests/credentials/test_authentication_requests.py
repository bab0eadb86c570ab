"""Tools' authentication requests with one parameter wrong or left out: the explanation names that one and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials.launches import _answered, _begun
from contract_tests.credentials.test_integrators_mistakes import diagnosed
from contract_tests.lms_site import LmsSite, form
from lms_emulator import Emulator

SITES: dict[str, Any] = {"canvas": CanvasSite, "brightspace": BrightspaceSite}


@pytest.fixture(params=sorted(SITES))
def site(lms: Emulator, request: pytest.FixtureRequest) -> Iterator[LmsSite]:
    site = SITES[request.param](lms)
    yield site
    site.close()


def asked(site: LmsSite, **changes: str | None) -> httpx.Response:
    """The answer to the tool's request with these parameters replaced; None leaves one out."""
    begun = _begun(site)
    url = urlsplit(begun.action)
    sent = {name: value for name, value in (dict(parse_qsl(url.query)) | changes).items() if value is not None}
    answer = begun.browser.get(url._replace(query=urlencode(sent)).geturl())
    while answer.is_redirect:
        answer = begun.browser.get(answer.headers["location"])
    return answer


@pytest.mark.parametrize("name", ["nonce", "prompt", "response_mode", "login_hint", "lti_message_hint"])
def test_a_parameter_that_was_left_out(lms: Emulator, site: LmsSite, name: str) -> None:
    asked(site, **{name: None})
    assert f"no `{name}` was sent" in diagnosed(lms)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"scope": "profile"}, "`scope` was sent as profile: it has to be openid"),
        ({"scope": "OpenID"}, "it has to be openid: the case differs"),
        ({"login_hint": "101"}, "`login_hint` was sent as 101: it has to be "),
    ],
)
def test_a_value_that_is_not_the_required_one(lms: Emulator, site: LmsSite, sent: dict[str, str], words: str) -> None:
    asked(site, **sent)
    assert words in diagnosed(lms)


def test_the_client_id_of_an_application(lms: Emulator, site: LmsSite) -> None:
    asked(site, client_id=str(site.info.client_id))
    assert "this is the client id of" in diagnosed(lms)
    if site.name == "canvas":
        assert diagnosed(lms).endswith("a key for the REST API: send that of an LTI key")


def test_the_id_of_a_deployment_as_client_id(lms: Emulator, site: LmsSite) -> None:
    asked(site, client_id=site.info.deployment_id)
    assert diagnosed(lms) == f"this is a deployment id; the client id is {site.info.lti_client_id}"


def test_the_request_as_it_was(lms: Emulator, site: LmsSite) -> None:
    assert "id_token" in form(asked(site).text)[1]
    assert diagnosed(lms) == ""


def test_an_ltik_that_was_cut(lms: Emulator) -> None:
    site = CanvasSite(lms)
    launch = _answered(site)
    cookies = launch.cookies
    answer = httpx.post(launch.action, data=launch.fields, headers=cookies)
    ltik = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["ltik"]

    def ask(token: str) -> int:
        return httpx.get(
            f"{lms.ltiaas.url}/api/idtoken", headers={"Authorization": f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{token}"}
        ).status_code

    for cut in (ltik[:-6], ltik.rpartition(".")[0], ltik[:20]):
        assert ask(cut) == 401
        assert "pass on the whole ltik" in diagnosed(lms)
    assert ask(ltik) == 200
    site.close()


def test_no_credentials_at_all(lms: Emulator) -> None:
    assert httpx.get(f"{lms.canvas.url}/api/v1/courses").status_code == 401
    assert diagnosed(lms) == "no access token was sent; send `Authorization: Bearer <token>`"
