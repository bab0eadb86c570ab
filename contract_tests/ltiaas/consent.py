"""Walking to an LMS's consent page and back, as a browser does."""

from __future__ import annotations

import httpx

from contract_tests.ltiaas.support import SMALL, Rig, query

TOKEN = f"/api/oauth/access-token/{SMALL}"


def connect(rig: Rig, platform: str = SMALL, browser: httpx.Client | None = None, suffix: str = "") -> str:
    """Walk to the return URL as a browser would; gives its address."""
    own = browser or rig.browser()
    try:
        start = own.get(f"/oauth/start/{platform}{suffix}")
        assert start.status_code == 302, start.text
        consent = own.get(start.headers["location"])
        back = own.get(consent.headers["location"])
        assert back.status_code == 302, back.text
        return back.headers["location"]
    finally:
        if browser is None:
            own.close()


def code(rig: Rig, platform: str = SMALL) -> str:
    return query(connect(rig, platform))["code"]


def code_of(url: str) -> str:
    return query(url)["token"]


def started(browser: httpx.Client) -> str:
    """Start, consent; the callback's address, not yet followed."""
    return browser.get(browser.get(f"/oauth/start/{SMALL}").headers["location"]).headers["location"]
