"""What does not keep the rules of the house yet. A change that mends something takes it off; nothing is added."""

from __future__ import annotations

STRAY_ROOMS: set[str] = {
    "openedx/api_document.py",
    "openedx/clients.py",
    "openedx/csrf.py",
    "openedx/html.py",
    "openedx/jwts.py",
    "openedx/login.py",
    "openedx/permissions.py",
    "openedx/rates.py",
    "openedx/rendering.py",
    "openedx/routes/extras.py",
    "openedx/routes/misc.py",
    "openedx/safe_cookie.py",
    "openedx/throttles.py",
    "openedx/views.py",
    "openedx/visits.py",
}
"""Files in a provider's folder that are no rooms: `openedx/visits.py`."""

MISSING_ROOMS: set[str] = {
    "openedx/call",
    "openedx/checks",
    "openedx/refusals",
    "openedx/shapes",
}
"""Rooms that a provider lacks: `openedx/checks`."""

CIRCLES: list[set[str]] = [
    {"providers.openedx.api_document", "providers.openedx.routes", "providers.openedx.routes.apidocs"},
]
"""Modules that import each other."""

DOCSTRINGS: set[str] = set()
"""Entries at the top of the package whose docstrings have another style."""

SOURCES: set[str] = {"openedx"}
"""Providers whose sources cannot all be opened by a stranger."""
