"""Copying mistakes are recognised in every credential."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator import Emulator
from lms_emulator.core.access.slips import undone

_ODD = [",", " , ", ";", "http://[?a=b", "http://[::1?key=x", "b'", '"', "{", "%", "a.b.c", "=", "::"]


@given(st.text(max_size=20) | st.sampled_from(_ODD) | st.text(" ,;:.={}[]\"'%/?b", max_size=9))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert all(meant and meant != text for _, meant in undone(text))


@pytest.mark.parametrize("sent", [",", ";", "http://[?a=b", "::"])
def test_an_odd_key_is_refused_like_any_other(lms: Emulator, sent: str) -> None:
    with httpx.Client(base_url=lms.url, trust_env=False, timeout=60) as http:
        refused = [
            http.get("/ltiaas/api/platforms", headers={"Authorization": f"Bearer {sent}"}),
            http.get("/openlearning/v2.2/institutions/lakeside/managed-users/", headers={"X-API-Key": sent}),
        ]
    assert {answer.status_code for answer in refused} <= {401, 403}
    assert not lms.requests.find(outcome="crash")
