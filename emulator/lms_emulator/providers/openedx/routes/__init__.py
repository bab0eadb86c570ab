"""Every operation of the site, one module per family."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx.routes import (
    admin,
    apidocs,
    authorize,
    blocks,
    bulk_enroll,
    certificates,
    cohorts,
    course_home,
    course_modes,
    courses,
    enrollment,
    enrollment_lists,
    extras,
    grades,
    me,
    misc,
    registration,
    revoke,
    session,
    token,
    user_api,
)

_VIEWS = (
    *extras.VIEWS,
    *course_home.VIEWS,
    *user_api.VIEWS,
    *course_modes.VIEWS,
    *enrollment.VIEWS,
    *enrollment_lists.VIEWS,
    *blocks.VIEWS,
    *courses.VIEWS,
    *grades.VIEWS,
    *certificates.VIEWS,
    *bulk_enroll.VIEWS,
    *cohorts.VIEWS,
)

ROUTES: tuple[Route, ...] = (
    *token.ROUTES,
    *authorize.ROUTES,
    *revoke.ROUTES,
    *session.ROUTES,
    *registration.ROUTES,
    *me.ROUTES,
    *misc.ROUTES,
    *admin.ROUTES,
    *apidocs.ROUTES,
    *(route for view in _VIEWS for route in view.routes()),
)
