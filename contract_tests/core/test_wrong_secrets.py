"""A wrong client secret gets the same explanation at every token endpoint."""

from __future__ import annotations

import httpx
import pytest

from lms_emulator import Emulator

ENDPOINTS = {"canvas": "/login/oauth2/token", "brightspace": "/core/connect/token"}


@pytest.mark.parametrize("provider", ENDPOINTS)
def test_a_wrong_secret_is_explained(lms: Emulator, provider: str) -> None:
    info = getattr(lms, provider)
    right = info.client_secret
    wrong = {
        "": "no client secret was sent",
        f" {right}": "white space around it",
        f'"{right}"': "quotation marks around it",
        "undefined": "has no value",
        right.swapcase(): "the case differs",
        right[:-1]: "it is cut",
        right[:3] + "~" + right[4:]: "the character at place 4 of",
        "another-secret": f"yours has 14 characters, the registered one {len(right)}",
    }
    form = {"grant_type": "refresh_token", "client_id": info.client_id, "refresh_token": "x"}
    for secret, words in wrong.items():
        answer = httpx.post(f"{info.url}{ENDPOINTS[provider]}", data={**form, "client_secret": secret})
        assert answer.status_code in (400, 401)
        assert lms.requests.last.refusal.reason == "invalid_client_secret"
        assert words in lms.requests.last.refusal.diagnosis
        assert right not in str(lms.requests.last.refusal).replace(secret, "")
    httpx.post(f"{info.url}{ENDPOINTS[provider]}", data={**form, "client_secret": right})
    assert lms.requests.last.refusal.reason != "invalid_client_secret"
