"""`/api/user/v1/users/` and the like: users, their preferences and forum roles, for services with the API key.

Source: edx-platform `openedx/core/djangoapps/user_api/views.py` (UserViewSet, UserPreferenceViewSet,
PreferenceUsersListView, ForumRoleUsersListView).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import api_key
from lms_emulator.providers.openedx.routes.resource import Family, Operation, recorded
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.shapes.accounts import for_services


def _page(call: Call, users: Iterable[User], *, area: str = "user_api") -> Response:
    page = paging.numbered(call, sorted(users, key=lambda user: user.id))
    return wire.api_json(page.envelope([for_services(user, call.base_url, area=area) for user in page.items]))


def list_users(call: Call) -> Response:
    """Every user, page by page."""
    return _page(call, call.store.users, area="api/user")


def read_user(call: Call) -> Response:
    """One user by number."""
    user = call.store.users.first("id", parse_integer(call.path_params["id"]))
    if user is None:
        raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
    return wire.api_json(for_services(user, call.base_url))


def list_preferences(call: Call) -> Response:
    """Every preference of every user, or those of one key or one user."""
    key, wanted = call.query.get("key"), call.query.get("user")
    rows = [
        {"user": for_services(user, call.base_url, area="user_api"), "key": name, "value": value}
        for user in sorted(call.store.users, key=lambda user: user.id)
        if wanted in (None, str(user.id))
        for name, value in user.preferences.items()
        if key in (None, name)
    ]
    page = paging.numbered(call, rows)
    return wire.api_json(page.envelope(page.items))


def list_with_preference(call: Call) -> Response:
    """The users who set a preference."""
    return _page(call, [user for user in call.store.users if call.path_params["key"] in user.preferences])


def list_with_role(call: Call) -> Response:
    """The users with a role in the discussions of a course."""
    key = keys.course_key(call.query.get("course_id", ""))
    if key is None:
        raise refusals.OpenedxRefusal(
            "course_id_missing", status=400, message="course_id must be specified", check="course_id"
        )
    named = {
        role.user for role in call.store.forum_roles.find("course", key.text) if role.role == call.path_params["name"]
    }
    return _page(call, [user for user in call.store.users if user.username in named])


_FOR_SERVICES: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "permissions": (api_key,)}
FAMILY = Family("/api/user/v1", tag="user", **_FOR_SERVICES)
_OLDER = Family(
    "/user_api/v1",
    tag="user",
    source="edx-platform openedx/core/djangoapps/user_api/legacy_urls.py",
    **_FOR_SERVICES,
    evidence="documented",
)
_VIEWS = "edx-platform openedx/core/djangoapps/user_api/views.py, UserViewSet"
_LISTS: tuple[tuple[str, str, Operation, dict[str, Any]], ...] = (
    ("/users/", "Users, for services with the API key", list_users, {"source": recorded("main", 506)}),
    ("/users/{id}/", "One user, for services", read_user, {"evidence": "documented", "source": _VIEWS}),
    (
        "/user_prefs/",
        "Preferences of all users, for services",
        list_preferences,
        {"source": recorded("openedx-2/acct", 488)},
    ),
    (
        "/preferences/{key}/users/",
        "The users who set a preference, for services",
        list_with_preference,
        {"source": recorded("openedx-2/acct", 502)},
    ),
    (
        "/forum_roles/{name}/users/",
        "The users with a role in discussions, for services",
        list_with_role,
        {"source": recorded("openedx-2/acct", 507)},
    ),
)

ROUTES = (
    *(route for path, summary, read, known in _LISTS for route in FAMILY.resource(path, summary, get=read, **known)),
    *(
        route
        for path, summary, read, _ in _LISTS
        for route in _OLDER.resource(path, f"{summary} (older URL)", get=read)
    ),
)
