"""Small APIs that clients touch in passing: organisations, mobile user info, retirement queue, toggles, MFE config.

Source: recorded groups `extras` and `user/more`; openedx.md 6.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import credentials, paging, views, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.enrollment import may_retire
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call


def list_organizations(x: Call) -> Response:
    """The organisations of the site; there are no such rows (courses name theirs in their keys)."""
    page = paging.numbered(x, [])
    return wire.api_json(
        {
            "next": page.next,
            "previous": page.previous,
            "count": page.total,
            "num_pages": page.pages,
            "current_page": page.number,
            "start": 0,
            "results": page.items,
        }
    )


def no_organization(x: Call) -> Response:
    """One organisation, of which there are none."""
    body = {"detail": "No Organization matches the given query."}
    raise wire.api_error(404, body, reason="unknown_organization", check="organization exists")


def my_user_info(x: Call) -> Response:
    """Send the caller to his own user info."""
    version = x.path_params["version"]
    return wire.redirect(f"{x.prefix}/api/mobile/{version}/users/{views.caller(x).user.username}")


def user_info(x: Call) -> Response:
    """The caller's id, names and address, for the mobile app; only of himself."""
    user, username = views.caller(x).user, x.path_params["username"]
    if lookup.user_named(x.store, x.settings, username) != user:
        raise wire.api_error(404, None, reason="not_your_account", check="own account", got=username)
    link = x.url(f"/api/mobile/{x.path_params['version']}/users/{user.username}/course_enrollments/")
    return wire.api_json(
        {"id": user.id, "username": user.username, "email": user.email, "name": user.name, "course_enrollments": link}
    )


def retirement_queue(x: Call) -> Response:
    """Accounts waiting to be retired; the site knows no states of retirement, so every state is unknown."""
    states = x.query.get("states", "")
    if not states:
        return wire.api_json([])
    text = f"Unknown state. Requested: {states.split(',')} Found: []"
    raise wire.api_error(400, text, reason="unknown_state", check="states", got=states)


def toggles(x: Call) -> Response:
    """Feature toggles, for staff; the emulator has none."""
    return wire.api_json({"waffle_flags": [], "waffle_switches": [], "django_settings": []})


def mfe_config(x: Call) -> Response:
    """Configuration of micro frontends, which the site does not serve."""
    refusal = wire.api_error(404, None, reason="mfe_config_off", check="ENABLE_MFE_CONFIG_API")
    refusal.headers["content-type"] = wire.HTML
    raise refusal


def _mobile(path: str, regex: str, operation: views.Operation, summary: str) -> ApiView:
    return ApiView(
        f"/api/mobile/{{version}}{path}",
        regex=rf"^/api/mobile/(?P<version>v0\.5|v1|v2|v3|v4){regex}$",
        get=operation,
        allow="OPTIONS, GET",
        summary=summary,
        evidence="recorded",
        source="openedx.md 6.9",
        tag="mobile",
    )


_ORGANIZATIONS = "/api/organizations/v0/organizations/"

VIEWS = (
    ApiView(
        _ORGANIZATIONS,
        get=list_organizations,
        authenticators=credentials.JWT_SESSION,
        summary="Organisations",
        evidence="recorded",
        source="recorded group extras",
        tag="organizations",
    ),
    ApiView(
        _ORGANIZATIONS + "{name}/",
        get=no_organization,
        authenticators=credentials.JWT_SESSION,
        allow="GET, PUT, PATCH, HEAD, OPTIONS",
        summary="One organisation",
        evidence="recorded",
        source="recorded group extras",
        tag="organizations",
    ),
    _mobile("/my_user_info", "/my_user_info", my_user_info, "The caller's user info (redirect)"),
    _mobile("/users/{username}", rf"/users/(?P<username>{keys.USERNAME_URL})", user_info, "User info of the caller"),
    ApiView(
        "/api/user/v1/accounts/retirement_queue/",
        get=retirement_queue,
        authenticators=credentials.JWT_SESSION,
        permissions=(views.is_authenticated, may_retire),
        summary="Accounts waiting to be retired",
        evidence="recorded",
        source="recorded group extras",
        tag="user",
    ),
    ApiView(
        "/api/toggles/v0/state/",
        get=toggles,
        authenticators=credentials.JWT_SESSION,
        permissions=(views.is_staff,),
        summary="Feature toggles",
        evidence="inferred",
        source="recorded group extras (refusals only)",
        tag="toggles",
    ),
    ApiView(
        "/api/mfe_config/v1",
        get=mfe_config,
        authenticators=credentials.NONE,
        permissions=(views.anyone,),
        summary="Configuration of micro frontends (switched off)",
        evidence="recorded",
        source="recorded group extras",
        tag="mfe_config",
    ),
)
