"""Every operation of the site, one module per family."""

from __future__ import annotations

from lms_emulator.core.routing import Route
from lms_emulator.providers.openedx.routes import me, token

ROUTES: tuple[Route, ...] = (
    *token.ROUTES,
    *me.ROUTES,
)
