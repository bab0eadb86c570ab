"""The application's settings: the address of LTIAAS, its API key, and the address of each LMS's REST API."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import httpx

from lms_emulator.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the application.

    Parameters:
        ltiaas_url: `https://your.ltiaas.com`.
        api_key: of the LTIAAS account. Back end only: it must never reach a browser.
        lms_urls: base URL of each LMS's REST API, by LTIAAS platform id.
        deployments: the one deployment of the tool at each platform, by the same ids; another's launches are turned
            away, which LTIAAS does not do. A platform that is not named may have any.
    """

    ltiaas_url: str
    api_key: str
    lms_urls: dict[str, str] = field(default_factory=dict)
    deployments: dict[str, str] = field(default_factory=dict)


def from_emulator(url: str) -> Config:
    """Ask a running emulator for its demo credentials.

    Parameters: `url`, the emulator's gateway. Raises UsageError when nothing answers there.
    """
    try:
        token = os.environ.get("LMS_EMULATOR_CONTROL_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.get(f"{url.rstrip('/')}/_emulator/info", timeout=30, trust_env=False, headers=headers)
        providers: dict[str, Any] = answer.raise_for_status().json()["providers"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise UsageError(f"no emulator answers at {url} ({error}); start one with `lms-emulator serve`") from None
    ltiaas = providers["ltiaas"]
    known = {
        ltiaas["platforms"][name]: providers[name]
        for name in ("canvas", "brightspace", "openedx")
        if name in providers and ltiaas["platforms"].get(name)
    }
    return Config(
        ltiaas_url=base(ltiaas),
        api_key=ltiaas["api_key"],
        lms_urls={number: base(value) for number, value in known.items()},
        deployments={number: value["deployment_id"] for number, value in known.items() if value.get("deployment_id")},
    )


def base(provider: dict[str, Any]) -> str:
    """A provider's address: its own port if it has one, else its prefix on the gateway."""
    urls: dict[str, str] = provider["base_urls"]
    return urls.get("port") or urls["prefix"]
