"""`/api/certificates/v0/`: the certificates that users have earned.

Source: edx-platform `lms/djangoapps/certificates/apis/v0/views.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.permissions import is_self, staff_or_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import certificates, keys, people
from lms_emulator.providers.openedx.shapes import certificates as shapes
from lms_emulator.providers.openedx.web import csrf, session


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
    if not found.download_url:
        raise missing("no_certificate_configuration_for_course", text)
    return wire.api_json(shapes.of_course(found))


def read_all(x: Call) -> Response:
    """A user's certificates, oldest first."""
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if user is None and not caller(x).is_staff:
        raise refusals.Unhandled(f"nobody is called `{x.path_params['username']}`")
    found = [row for row in certificates.of_user(x.store, user.username) if row.download_url] if user else []
    return wire.api_json([shapes.of_user(row, x.store.courses.get(row.course)) for row in found])


def owner_or_staff(x: Call) -> None:
    """Permission: staff and the named user; anybody signed in if that user shows certificates to everybody."""
    if caller(x).is_staff or is_self(x):
        return
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if user is None and x.settings.release == "2025-07":
        raise refusals.Unhandled(f"nobody is called `{x.path_params['username']}`")
    if user is None or user.preferences.get("visibility.course_certificates") != "all_users":
        raise refusals.permission_denied("the user does not show certificates to others")


def verify(x: Call) -> Response:
    """The page that proves a certificate; this site has none to show."""
    csrf.ensure(x)
    return pages.page(x, "no_certificate.html", title="Invalid Certificate")


def search(x: Call) -> Response:
    """The certificates of a user, for support."""
    if session.current(x).user is None:
        return to_login(x)
    if not people.is_support(x.store, session.current(x).user):
        raise refusals.OpenedxRefusal("not_support", status=403, style="empty", check="support role")
    who = x.query.get("user", "")
    user = people.user_by_name_or_email(x.store, x.settings, who)
    if user is None:
        text = f"user '{who}' does not exist"
        raise refusals.OpenedxRefusal("unknown_user", status=400, style="plain", body=text, check="user exists")
    return wire.pretty_json([shapes.for_support(row) for row in x.store.certificates.find("user", user.username)])


def missing(code: str, got: str) -> refusals.OpenedxRefusal:
    """No certificate: nothing but an error code."""
    return refusals.api_error(404, {"error_code": code}, reason=code, check="certificate exists", got=got)


FAMILY = Family("/api/certificates/v0/certificates/{username}", tag="certificates")

ROUTES = (
    Family("", tag="certificates").page(
        "/certificates/search",
        search,
        "Certificates of a user, for support",
        "GET",
        source=recorded("openedx-2/instr", 210),
    ),
    Family("", tag="certificates").page(
        "/certificates/{uuid}",
        verify,
        "Verify a certificate",
        "GET",
        evidence="observed",
        source=recorded("openedx-2/instr", 208),
    ),
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
