"""`/api/certificates/v0/`: who has earned what. Source: openedx.md 6.6; recorded group `certificates`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import permissions, views, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.rules import certificates, keys
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call

_BASE = rf"^/api/certificates/v0/certificates/(?P<username>{keys.USERNAME_URL})/"


def read_one(x: Call) -> Response:
    """A user's certificate in one course."""
    text = x.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise missing("course_id_not_valid", text)
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    found = x.store.certificates.get((user.username, key.text)) if user else None
    if found is None:
        raise missing("no_certificate_for_user", text)
    return wire.api_json(certificates.in_course(found))


def read_all(x: Call) -> Response:
    """A user's certificates, oldest first."""
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    found = certificates.of_user(x.store, user.username) if user else []
    return wire.api_json([certificates.in_list(x.store, one) for one in found])


def owner_or_staff(x: Call) -> None:
    """Permission: the user himself, staff, or anybody signed in when he shows his certificates to everybody."""
    identity = views.caller(x)
    if identity.user.is_staff or permissions.is_self(x, identity):
        return
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if user is None or user.preferences.get("visibility.course_certificates") != "all_users":
        raise wire.permission_denied("the user does not show his certificates to others")


def missing(code: str, got: str) -> wire.OpenedxRefusal:
    """No certificate, told as an error code alone."""
    return wire.api_error(404, {"error_code": code}, reason=code, check="certificate exists", got=got)


VIEWS = (
    ApiView(
        "/api/certificates/v0/certificates/{username}/courses/{course_id}/",
        regex=_BASE + rf"courses/(?P<course_id>{keys.COURSE_URL})/$",
        get=read_one,
        permissions=(permissions.staff_or_self("certificates:read"),),
        restricted=True,
        summary="A user's certificate in a course",
        evidence="recorded",
        source="openedx.md 6.6",
        tag="certificates",
    ),
    ApiView(
        "/api/certificates/v0/certificates/{username}/",
        regex=_BASE + "$",
        get=read_all,
        permissions=(owner_or_staff,),
        summary="A user's certificates",
        evidence="recorded",
        source="openedx.md 6.6",
        tag="certificates",
    ),
)
