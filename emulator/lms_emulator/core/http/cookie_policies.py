"""What browsers do with third-party cookies in frames, and a page that finds out what this browser does.

Sources: https://www.chromium.org/updates/same-site/; https://privacysandbox.com/news/privacy-sandbox-next-steps/;
https://developer.mozilla.org/en-US/docs/Web/Privacy/Guides/State_Partitioning;
https://webkit.org/blog/10218/full-third-party-cookie-blocking-and-more/.
"""

from __future__ import annotations

from typing import Any, Literal

from starlette.responses import RedirectResponse, Response

from lms_emulator.core.http.pages import page

Policy = Literal["allow", "lax", "block"]
"""What is kept in a frame of another site.

`allow`: every cookie but those that say Lax or Strict. `lax`: only those that say `SameSite=None; Secure`. `block`:
none.
"""
POLICIES: tuple[Policy, ...] = ("allow", "lax", "block")
Choice = Literal["any", "allow", "lax", "block", "chrome", "edge", "firefox", "safari"]
BROWSERS: dict[str, Policy] = {"chrome": "lax", "edge": "lax", "firefox": "allow", "safari": "block"}
"""What browsers do unless people choose otherwise. Firefox keeps what it allows for each embedding site apart."""

PROBE = "/_emulator/cookies"
_PACKAGE = "lms_emulator.core.http"
_COOKIES = {"unsaid": "", "lax": "; SameSite=Lax", "none": "; SameSite=None; Secure"}
_PREFIX = "lms_emulator_probe_"
_FRAMED = {"Content-Security-Policy": "frame-ancestors *", "Cache-Control": "no-store"}


def policy_of(choice: str) -> Policy | None:
    """The policy of a choice; None for `any`."""
    return next((policy for policy in POLICIES if policy == choice), None) or BROWSERS.get(choice)


def wanted(choice: str, tool: str) -> dict[str, Any]:
    """What a page that frames a tool needs. Parameters: `tool`, the tool's URL."""
    return {"cookies_wanted": policy_of(choice), "cookies_choice": choice, "tool_address": tool}


def probe(step: str, cookies: dict[str, str]) -> Response:
    """The page about this browser; for its frame, one that sets cookies (`set`) and one that reports them."""
    if step == "set":
        answer: Response = RedirectResponse(f"{PROBE}?step=read", headers=_FRAMED)
        for name, attributes in _COOKIES.items():
            line = f"{_PREFIX}{name}=1; Path={PROBE}; Max-Age=10{attributes}"
            answer.headers.append("Set-Cookie", line)
        return answer
    if step == "read":
        kept = [name for name in _COOKIES if f"{_PREFIX}{name}" in cookies]
        return page(_PACKAGE, "cookies_kept.html", headers=_FRAMED, found=_found(kept))
    rows = [(policy, [name for name, its in BROWSERS.items() if its == policy]) for policy in POLICIES]
    return page(_PACKAGE, "cookies.html", headers={"Cache-Control": "no-store"}, rows=rows)


def _found(kept: list[str]) -> Policy:
    return "allow" if "unsaid" in kept else "lax" if "none" in kept else "block"
