"""Every operation of the site, one module for each family; `resource` and `permissions` hold what they share."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx.routes import (
    accounts,
    admin,
    api_docs,
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
    exchange_token,
    grades,
    heartbeat,
    mfe_config,
    mobile,
    organizations,
    preferences,
    registration,
    revoke,
    session,
    site,
    toggles,
    token,
    toolkit,
    users,
)

_FAMILIES = (
    token,
    authorize,
    revoke,
    exchange_token,
    toolkit,
    session,
    registration,
    accounts,
    preferences,
    users,
    course_modes,
    enrollment,
    enrollment_lists,
    courses,
    blocks,
    course_home,
    grades,
    certificates,
    bulk_enroll,
    cohorts,
    organizations,
    mobile,
    toggles,
    mfe_config,
    heartbeat,
    site,
    admin,
)
_DESCRIBED: tuple[Route, ...] = tuple(route for family in _FAMILIES for route in family.ROUTES)

ROUTES: tuple[Route, ...] = (*_DESCRIBED, *api_docs.routes(_DESCRIBED))
