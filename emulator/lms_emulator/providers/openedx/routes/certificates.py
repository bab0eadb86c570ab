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


def read_one(call: Call) -> Response:
    """A user's certificate in one course."""
    text = call.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise missing("course_id_not_valid", text)
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    found = call.store.certificates.get((user.username, key.text)) if user else None
    if found is None:
        raise missing("no_certificate_for_user", text)
    if not found.download_url:
        raise missing("no_certificate_configuration_for_course", text)
    return wire.api_json(shapes.of_course(found))


def read_all(call: Call) -> Response:
    """A user's certificates, oldest first."""
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if user is None and not caller(call).is_staff:
        raise refusals.Unhandled(f"nobody is called `{call.path_params['username']}`")
    found = [row for row in certificates.of_user(call.store, user.username) if row.download_url] if user else []
    return wire.api_json([shapes.of_user(row, call.store.courses.get(row.course)) for row in found])


def owner_or_staff(call: Call) -> None:
    """Permission: staff and the named user; anybody signed in if that user shows certificates to everybody."""
    if caller(call).is_staff or is_self(call):
        return
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if user is None and call.settings.release == "2025-07":
        raise refusals.Unhandled(f"nobody is called `{call.path_params['username']}`")
    if user is None or user.preferences.get("visibility.course_certificates") != "all_users":
        raise refusals.permission_denied("the user does not show certificates to others")


def verify(call: Call) -> Response:
    """The page that proves a certificate; this site has none to show."""
    csrf.ensure(call)
    return pages.page(call, "no_certificate.html", title="Invalid Certificate")


def search(call: Call) -> Response:
    """The certificates of a user, for support."""
    if session.current(call).user is None:
        return to_login(call)
    if not people.is_support(call.store, session.current(call).user):
        raise refusals.OpenedxRefusal("not_support", status=403, style="empty", check="support role")
    who = call.query.get("user", "")
    user = people.user_by_name_or_email(call.store, call.settings, who)
    if user is None:
        text = f"user '{who}' does not exist"
        raise refusals.OpenedxRefusal("unknown_user", status=400, style="plain", body=text, check="user exists")
    return wire.pretty_json([shapes.for_support(row) for row in call.store.certificates.find("user", user.username)])


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
