"""`/api/certificates/v0/`: the certificates that users have earned.

Source: edx-platform `lms/djangoapps/certificates/apis/v0/views.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.permissions import is_self, staff_or_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import certificates, keys
from lms_emulator.providers.openedx.shapes import certificates as shapes


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
    return wire.api_json(shapes.of_course(found))


def read_all(x: Call) -> Response:
    """A user's certificates, oldest first."""
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    found = certificates.of_user(x.store, user.username) if user else []
    return wire.api_json([shapes.of_user(one, x.store.courses.get(one.course)) for one in found])


def owner_or_staff(x: Call) -> None:
    """Permission: staff and the named user; anybody signed in if that user shows certificates to everybody."""
    if caller(x).is_staff or is_self(x):
        return
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if user is None or user.preferences.get("visibility.course_certificates") != "all_users":
        raise refusals.permission_denied("the user does not show certificates to others")


def missing(code: str, got: str) -> refusals.OpenedxRefusal:
    """No certificate: nothing but an error code."""
    return refusals.api_error(404, {"error_code": code}, reason=code, check="certificate exists", got=got)


FAMILY = Family("/api/certificates/v0/certificates/{username}", tag="certificates")

ROUTES = (
    *FAMILY.resource(
        "/courses/{course_id}/",
        "A user's certificate in a course",
        get=read_one,
        permissions=(staff_or_self("certificates:read"),),
        restricted=True,
        source=recorded("main", 1198),
    ),
    *FAMILY.resource(
        "/", "A user's certificates", get=read_all, permissions=(owner_or_staff,), source=recorded("more", 141)
    ),
)
