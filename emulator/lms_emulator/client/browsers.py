"""Chromium under a third-party cookie policy, driven by Playwright (an optional extra)."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_emulator.core.errors import UsageError
from lms_emulator.core.http.cookie_policies import Policy

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
BLOCKED, ALLOWED = 1, 0
ARGUMENTS = ["--no-sandbox", "--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process"]
"""With one process for all sites: Playwright now and then loses a frame that moves to another process."""
_UNSAID = "UnspecifiedTreatedAsLax"


def found() -> str | None:
    """The path of Chromium, from `$CHROMIUM` or `$PATH`; None if it or Playwright is missing."""
    if find_spec("playwright") is None:
        return None
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium(policy: Policy, executable: str | None = None) -> Iterator[BrowserContext]:
    """Chromium with its own profile, as a Playwright context. Raises UsageError if it is not installed.

    A private window will not do: Chromium blocks third-party cookies there, whatever is chosen. Chromium cannot keep
    cookies that do not say `SameSite` in foreign frames; with `allow` each is put back as `SameSite=None; Secure`
    while its answer waits. One that a script sets stays lost.
    """
    executable = executable or found()
    if executable is None:
        raise UsageError('install Chromium, and Playwright (pip install "lms-emulator[browser]")')
    from playwright.sync_api import sync_playwright

    choices = {"cookie_controls_mode": BLOCKED if policy == "block" else ALLOWED}
    choices |= {"block_third_party_cookies": policy == "block"}
    with tempfile.TemporaryDirectory(prefix="lms-emulator-chromium-", ignore_cleanup_errors=True) as folder:
        default = Path(folder) / "Default"
        default.mkdir()
        (default / "Preferences").write_text(json.dumps({"profile": choices}), "utf-8")
        with sync_playwright() as driver:
            context = driver.chromium.launch_persistent_context(folder, executable_path=executable, args=ARGUMENTS)
            if policy == "allow":
                context.on("page", _keep_unsaid)
            try:
                yield context
            finally:
                context.close()


def _keep_unsaid(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    lost: dict[str, list[dict[str, Any]]] = {}
    session.on("Network.responseReceivedExtraInfo", lambda row: lost.update({row["requestId"]: row["blockedCookies"]}))
    session.on("Fetch.requestPaused", lambda paused: _put_back(session, paused, lost.pop(paused["networkId"], [])))
    session.send("Network.enable")
    session.send("Fetch.enable", {"patterns": [{"requestStage": "Response", "resourceType": "Document"}]})


def _put_back(session: CDPSession, paused: dict[str, Any], lost: list[dict[str, Any]]) -> None:
    """Restore the cookies that were lost because they lack `SameSite`, before the browser goes on."""
    named = ("name", "value", "domain", "path", "httpOnly")
    cookies = [
        {**{name: item["cookie"][name] for name in named}, "sameSite": "None", "secure": True}
        for item in lost
        if item.get("cookie") and all(reason.endswith(_UNSAID) for reason in item["blockedReasons"])
    ]
    if cookies:
        session.send("Storage.setCookies", {"cookies": cookies})
    session.send("Fetch.continueRequest", {"requestId": paused["requestId"]})
