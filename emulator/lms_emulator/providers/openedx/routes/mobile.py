"""`/api/mobile/`: what the mobile app asks about its user."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def my_user_info(x: Call) -> Response:
    """Send the caller to their own user info."""
    return wire.redirect(f"{x.prefix}/api/mobile/{x.path_params['version']}/users/{caller(x).username}")


def user_info(x: Call) -> Response:
    """The caller's id, names and address. Nobody may see another user's."""
    user, username = caller(x), x.path_params["username"]
    if lookup.user_named(x.store, x.settings, username) != user:
        raise refusals.api_error(404, None, reason="not_your_account", check="own account", got=username)
    link = x.url(f"/api/mobile/{x.path_params['version']}/users/{user.username}/course_enrollments/")
    return wire.api_json(
        {"id": user.id, "username": user.username, "email": user.email, "name": user.name, "course_enrollments": link}
    )


FAMILY = Family("/api/mobile/{version}", tag="mobile", allow="OPTIONS, GET")

ROUTES = (
    *FAMILY.resource(
        "/my_user_info", "The caller's user info (redirect)", get=my_user_info, source=recorded("more", 243)
    ),
    *FAMILY.resource(
        "/users/{username}",
        "User info of the caller",
        get=user_info,
        evidence="documented",
        source="edx-platform lms/djangoapps/mobile_api/users/views.py, UserDetail",
    ),
)
