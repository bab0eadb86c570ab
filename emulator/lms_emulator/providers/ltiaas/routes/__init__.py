"""Every operation of LTIAAS, one module per family."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.ltiaas.routes import grades, launches, oauth, platforms, registrations, services

ROUTES: tuple[Route, ...] = (
    *launches.ROUTES,
    *services.ROUTES,
    *grades.ROUTES,
    *platforms.ROUTES,
    *registrations.ROUTES,
    *oauth.ROUTES,  # last, as it ends with a route for every path
)
