"""LTI launches read the parameters of their protocol; others leave a warning, as do members of line items."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.credentials.launches import _begun
from lms_emulator import Emulator


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def unread(lms: Emulator) -> list[str]:
    return [warning.name for warning in lms.requests.last.warnings if warning.code == "parameter_not_read"]


def test_an_authentication_request_at_brightspace(lms: Emulator) -> None:
    site = BrightspaceSite(lms)
    for method in ("GET", "POST"):
        for more, expected in ({"colour": "red"}, ["colour"]), ({}, []):
            begun = _begun(site)
            asked = urlsplit(begun.action)
            sent = dict(parse_qsl(asked.query)) | more
            address = asked._replace(query="").geturl()
            place = {"params": sent} if method == "GET" else {"data": sent}
            answer = begun.browser.request(method, address, **place)
            assert "id_token" in answer.text
            assert unread(lms) == expected
    site.close()


def test_an_initiation_at_ltiaas(lms: Emulator) -> None:
    info = lms.ltiaas
    platform = next(item for item in lms.dump()["ltiaas"]["platforms"] if item["id"] == info.platforms.canvas)
    sent = {
        "iss": platform["url"],
        "client_id": platform["client_id"],
        "login_hint": "1",
        "target_link_uri": "http://t/",
    }
    sent |= {"lti_message_hint": "h"}
    for method in ("GET", "POST"):
        for more, expected in ({"colour": "red"}, ["colour"]), ({}, []):
            place = {"params": sent | more} if method == "GET" else {"data": sent | more}
            answer = httpx.request(method, f"{info.url}/lti/login", trust_env=False, **place)
            assert answer.status_code == 302, answer.text
            assert unread(lms) == expected
