"""Every operation of OpenLearning, declared once."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openlearning.routes import (
    connectors,
    courses,
    enrolments,
    launch,
    managed_users,
    pages,
    people,
    v1,
)

ROUTES: tuple[Route, ...] = (
    *people.ROUTES,
    *courses.ROUTES,
    *managed_users.ROUTES,
    *enrolments.ROUTES,
    *connectors.ROUTES,
    *launch.ROUTES,
    *v1.ROUTES,
    *pages.ROUTES,
)
