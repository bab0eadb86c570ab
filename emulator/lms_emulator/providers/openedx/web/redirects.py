"""Where signing in, registering and signing out may lead.

Source: edx-platform `common/djangoapps/student/helpers.py` (get_next_url_for_login_page, get_redirect_to);
`fixtures/recordings/openedx-2`, acct.jsonl 176-319.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.web import deployment

_PAGES = ("*/*", "text/*", "text/html")
_ASSETS = ("/static/", "/asset/", "/media/", "/favicon.ico")


def allowed(call: Call, target: str | None) -> str | None:
    """The target, if it is a path of this site, or on its host or a whitelisted one; None for any other."""
    if not target or any(character in target for character in "\\\n\r\t"):
        return None
    if target.startswith("/"):
        return None if target.startswith("//") else target
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if not parts.scheme and not parts.netloc:
        return target
    hosts = (call.authority, *deployment.redirect_hosts(call))
    return target if parts.scheme in ("http", "https") and parts.netloc in hosts else None


def after_login(call: Call, target: str | None, course: str | None = None, action: str | None = None) -> str:
    """Where a signed-in browser goes: `target` if a page may be asked for and it is allowed, else the dashboard.

    Parameters: `course` and `action`, an enrolment that the front end is to finish first.
    """
    accept = call.headers.get("accept", "")
    following = allowed(call, target) if any(kind in accept for kind in _PAGES) else None
    if following is None or following.startswith(_ASSETS):
        following = "/dashboard"
    if course and action:
        pairs = [("course_id", course), ("enrollment_action", action), ("next", following)]
        following = add_query("/account/finish_auth", pairs)
    return following


def absolute(call: Call, target: str) -> str:
    """An allowed target as an absolute URL."""
    return call.url(target) if target.startswith("/") else target
