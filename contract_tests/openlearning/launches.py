"""Helpers for tests of launches: a refusal, a pass, a launch with other fields."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.openlearning.site import Site


def refused(site: Site, response: httpx.Response, status: int, reason: str) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["x-emulator-launch-error"] == reason
    assert response.headers["content-type"].startswith("text/html")
    refusal = site.refusal()
    assert (refusal.reason, refusal.status) == (reason, status)
    return refusal


def passed(response: httpx.Response) -> None:
    assert response.status_code == 302, response.text


def changed(data: dict[str, Any], **changes: str | None) -> dict[str, Any]:
    params = {name: value for name, value in (data["params"] | changes).items() if value is not None}
    return data | {"params": params}
