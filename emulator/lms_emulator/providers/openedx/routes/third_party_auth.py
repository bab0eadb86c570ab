"""`/api/third_party_auth/`: accounts at other identity providers. This site is linked to none.

Source: edx-platform `common/djangoapps/third_party_auth/api/views.py`; `fixtures/recordings/openedx-2`, acct.jsonl
574-615.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import anyone, is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded

_SELECTORS = ("email", "username")


def read_user(call: Call) -> Response:
    """The providers that a user signs in with."""
    return _providers(
        call, lookup.user_named(call.store, call.settings, call.path_params["username"]), call.path_params["username"]
    )


def read_named(call: Call) -> Response:
    """The same, with the user named in the query."""
    name = next((item for item in ("username", "email") if call.query.get(item)), None)
    if name is None:
        text = f"Must provide one of {list(_SELECTORS)}"
        raise refusals.api_error(400, [text], reason="nobody_named", check="username or email")
    value = call.query[name]
    find = lookup.user_named if name == "username" else lookup.user_with_email
    return _providers(call, find(call.store, call.settings, value), value if name == "username" else None)


def _providers(call: Call, user: User | None, username: str | None) -> Response:
    viewer = calling_user(call)
    if viewer is None and username is None and not credentials.has_api_key(call):
        raise refusals.Unhandled("a server without X-Edx-Api-Key asked for an address that nobody has")
    own = viewer is not None and user is not None and viewer.id == user.id
    if not own and not (viewer is not None and viewer.is_superuser) and not credentials.has_api_key(call):
        raise refusals.api_error(403, None, reason="not_yours", check="own account or superuser", got=username)
    if user is None:
        raise refusals.api_error(404, None, reason="unknown_user", check="user exists", got=username)
    return wire.api_json({"active": []})


def unlink(call: Call) -> Response:
    """Unlink a user from a provider; there is none to unlink from."""
    if calling_user(call) is None or not caller(call).is_superuser:
        raise refusals.api_error(403, None, reason="not_superuser", check="superuser")
    raise refusals.api_error(404, None, reason="not_linked", check="linked account")


def provider_users(call: Call) -> Response:
    """The users of a provider that does not exist."""
    raise refusals.OpenedxRefusal("unknown_provider", status=404, message="Not found.", check="provider exists")


def own_providers(call: Call) -> Response:
    """The providers, and which of them the caller is linked to."""
    return wire.api_json([])


FAMILY = Family("/api/third_party_auth/v0", tag="third_party_auth")
_ANYONE: dict[str, Any] = {"permissions": (anyone,), "defect": True}

ROUTES = (
    *FAMILY.resource(
        "/users/",
        "Third-party accounts of users",
        get=read_named,
        delete=unlink,
        source=recorded("openedx-2/acct", 585),
        **_ANYONE,
    ),
    *FAMILY.resource(
        "/users/{username}",
        "Third-party accounts of users",
        get=read_user,
        source=recorded("openedx-2/acct", 575),
        **_ANYONE,
    ),
    *FAMILY.resource(
        "/providers/user_status",
        "The caller's third-party providers",
        get=own_providers,
        source=recorded("openedx-2/acct", 612),
    ),
    *FAMILY.resource(
        "/providers/{provider_id}/users",
        "Users of a third-party provider",
        get=provider_users,
        authenticators=credentials.JWT_BEARER,
        permissions=(is_staff,),
        source=recorded("openedx-2/acct", 607),
    ),
)
