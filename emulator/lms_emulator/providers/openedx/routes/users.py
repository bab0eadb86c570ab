"""`/api/user/v1/users/`: every user, for services with the API key.

Source: edx-platform `openedx/core/djangoapps/user_api/views.py` (UserViewSet).
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import api_key
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.shapes.accounts import for_services


def list_users(x: Call) -> Response:
    """Every user, page by page."""
    page = paging.numbered(x, sorted(x.store.users, key=lambda user: user.id))
    return wire.api_json(page.envelope([for_services(user, x.base_url) for user in page.items]))


def read_user(x: Call) -> Response:
    """One user by number."""
    user = x.store.users.first("id", int(x.path_params["id"]))
    if user is None:
        raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
    return wire.api_json(for_services(user, x.base_url))


FAMILY = Family("/api/user/v1/users", tag="user", authenticators=credentials.JWT_SESSION, permissions=(api_key,))

ROUTES = (
    *FAMILY.resource("/", "Users, for services with the API key", get=list_users, source=recorded("main", 506)),
    *FAMILY.resource(
        "/{id}/",
        "One user, for services",
        get=read_user,
        evidence="documented",
        source="edx-platform openedx/core/djangoapps/user_api/views.py, UserViewSet",
    ),
)
