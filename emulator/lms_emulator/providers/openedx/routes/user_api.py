"""`/api/user/v1/`: accounts and preferences. Source: openedx.md 5; recorded group `user`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lms_emulator.providers.openedx import credentials, paging, views, visits, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.rules import accounts, keys, preferences
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.visits import Call

_BASE = "/api/user/v1"
_USERNAME = rf"(?P<username>{keys.USERNAME_URL})"


def _told(x: Call, user: User) -> dict[str, Any]:
    """An account as the caller may see it."""
    caller, now = views.caller(x).user, x.clock.now()
    entitled = caller.is_staff or caller.username == user.username
    if entitled and x.query.get("view") != "shared":
        return accounts.whole(user, now, x.base_url)
    return accounts.seen_by_others(user, now, x.base_url)


def read_account(x: Call) -> Response:
    """One account."""
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if user is None:
        raise unknown_account(x.path_params["username"])
    return wire.api_json(_told(x, user))


def list_accounts(x: Call) -> Response:
    """The accounts named by `username` (several, by commas), `email` or `lms_user_id`; without one, the caller's."""
    found, asked = _asked(x)
    if asked is not None and not found:
        raise unknown_account(asked)
    return wire.api_json([_told(x, user) for user in found])


def _asked(x: Call) -> tuple[list[User], str | None]:
    query, store = x.query, x.store
    if names := query.get("username"):
        users = [lookup.user_named(store, x.settings, name) for name in names.strip().split(",")]
        return sorted({user.id: user for user in users if user}.values(), key=lambda user: user.id), names
    if email := query.get("email"):
        user = lookup.user_with_email(store, x.settings, email.strip())
        return [user] if user else [], email
    if number := query.get("lms_user_id"):
        if not number.isdecimal():
            raise wire.api_error(400, None, reason="bad_user_id", check="lms_user_id", expected="a number", got=number)
        user = store.users.first("id", int(number))
        return [user] if user else [], number
    return [views.caller(x).user], None


def may_search(x: Call) -> None:
    """Permission: only staff may look accounts up by address or number."""
    if ("email" in x.query or "lms_user_id" in x.query) and not views.caller(x).user.is_staff:
        raise wire.permission_denied("only staff may look people up by e-mail or number", check="staff")


def change_account(x: Call) -> Response:
    """Change the caller's own account; nobody else may, not even staff."""
    body = views.data(x)
    caller = views.caller(x).user
    if caller.username.lower() != x.path_params["username"].lower():
        raise not_your_account(x.path_params["username"])
    if not isinstance(body, dict):
        return views.server_error(x)
    user, errors = accounts.change(x.store.users.get(caller.username) or caller, body)
    if errors:
        raise invalid(errors)
    _ask_to_confirm(x, body.get("email"))
    return wire.api_json(accounts.whole(x.store.users.put(user), x.clock.now(), x.base_url))


def _ask_to_confirm(x: Call, email: str | None) -> None:
    """Write to a new address, which counts only once it is confirmed; in silence if somebody has it already."""
    if email is not None and lookup.user_with_email(x.store, x.settings, email) is None:
        subject = f"Request to change {x.store.section.platform_name} account e-mail"
        x.outbox.add("email", provider=x.provider, kind="email_change", to=email, at=x.clock.now(), subject=subject)


def search_emails(x: Call) -> Response:
    """Which of many addresses have an account; for staff. A body that is a list is not handled (500)."""
    if not views.caller(x).user.is_staff:
        raise hidden()
    body = views.data(x)
    if not isinstance(body, dict):
        return views.server_error(x)
    if "emails" not in body:
        raise emails_missing()
    wanted = [one for one in body["emails"] or () if isinstance(one, str)]
    users = {user.id: user for one in wanted if (user := lookup.user_with_email(x.store, x.settings, one))}
    found = [users[number] for number in sorted(users)]
    return wire.api_json([{"email": user.email, "id": user.id, "username": user.username} for user in found])


def list_for_search(x: Call) -> Response:
    """The same URL also lists accounts."""
    return list_accounts(x)


# preferences


def _owner(x: Call, *, staff_too: bool) -> User:
    """The user whose preferences these are, if the caller may work with them. Raises the refusal."""
    caller = views.caller(x).user
    user = lookup.user_named(x.store, x.settings, x.path_params["username"])
    own = user is not None and user.username == caller.username
    if user is None and caller.is_staff:
        raise unknown_account(x.path_params["username"])
    if user is None or not (own or (staff_too and caller.is_staff)):
        raise not_your_account(x.path_params["username"])
    return user


def read_preferences(x: Call) -> Response:
    """All preferences of a user."""
    return wire.api_json(_owner(x, staff_too=True).preferences)


def change_preferences(x: Call) -> Response:
    """Set some preferences; null removes one."""
    user, body = _owner(x, staff_too=False), views.data(x)
    if not isinstance(body, dict):
        raise wire.api_error(
            400,
            {"developer_message": "No data provided for user preference update", "user_message": None},
            reason="no_preferences",
            check="an object of preferences",
        )
    found = {
        name: text for name, value in body.items() if value is not None and (text := preferences.problem(name, value))
    }
    if found:
        raise invalid(found)
    kept = {**user.preferences, **{name: str(value) for name, value in body.items() if value is not None}}
    for name, value in body.items():
        if value is None:
            kept.pop(name, None)
    x.store.users.put(msgspec.structs.replace(user, preferences=kept))
    return wire.empty(204, media_type=None)


def read_preference(x: Call) -> Response:
    """One preference."""
    value = _owner(x, staff_too=True).preferences.get(x.path_params["key"])
    if value is None:
        raise unknown_account(x.path_params["key"])
    return wire.api_json(value)


def write_preference(x: Call) -> Response:
    """Set one preference."""
    user, value = _owner(x, staff_too=False), views.data(x)
    if found := preferences.problem(x.path_params["key"], value):
        raise wire.api_error(400, found, reason="invalid_preference", check=x.path_params["key"], got=value)
    kept = {**user.preferences, x.path_params["key"]: str(value)}
    x.store.users.put(msgspec.structs.replace(user, preferences=kept))
    return wire.empty(204, media_type=None)


def delete_preference(x: Call) -> Response:
    """Remove one preference."""
    user, key = _owner(x, staff_too=False), x.path_params["key"]
    if key not in user.preferences:
        raise unknown_account(key)
    kept = {name: value for name, value in user.preferences.items() if name != key}
    x.store.users.put(msgspec.structs.replace(user, preferences=kept))
    return wire.empty(204, media_type=None)


def read_verification(x: Call) -> Response:
    """Whether a user proved who he is; nobody did."""
    raise wire.OpenedxRefusal("not_verified", status=404, message="Not found.", check="identity verification")


def forbidden(x: Call) -> Response:
    """An operation for services that the site does not have."""
    raise wire.permission_denied("only the retirement service may do this")


# users, for services


def with_api_key(x: Call) -> None:
    """Permission: a server with the site's `X-Edx-Api-Key`, whoever else it is."""
    if not credentials.has_api_key(x):
        if visits.of(x).identity is None:
            raise wire.not_authenticated()
        raise wire.permission_denied("this list is for servers with X-Edx-Api-Key", check="X-Edx-Api-Key")


def _service_view(x: Call, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "url": x.url(f"/api/user/v1/users/{user.id}/"),
        "email": user.email,
        "name": user.name,
        "username": user.username,
        "preferences": user.preferences,
    }


def list_users(x: Call) -> Response:
    """Every user, page by page."""
    page = paging.numbered(x, sorted(x.store.users, key=lambda user: user.id))
    return wire.api_json(
        {
            "next": page.next,
            "previous": page.previous,
            "count": page.total,
            "num_pages": page.pages,
            "current_page": page.number,
            "start": (page.number - 1) * page.size,
            "results": [_service_view(x, user) for user in page.items],
        }
    )


def read_user(x: Call) -> Response:
    """One user by number."""
    user = x.store.users.first("id", int(x.path_params["id"]))
    if user is None:
        raise wire.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
    return wire.api_json(_service_view(x, user))


# refusals


def unknown_account(got: str) -> wire.OpenedxRefusal:
    """Nothing of that name: 404 without a body."""
    return wire.api_error(404, None, reason="unknown_account", check="account exists", got=got)


def not_your_account(got: str) -> wire.OpenedxRefusal:
    """Somebody else's account: 403 without a body."""
    return wire.api_error(403, None, reason="not_your_account", check="own account", got=got)


def invalid(errors: dict[str, dict[str, str]]) -> wire.OpenedxRefusal:
    """Values that the account does not take."""
    return wire.api_error(400, {"field_errors": errors}, reason="invalid_account", check=", ".join(errors))


def hidden() -> wire.OpenedxRefusal:
    """Shown to staff only; to others it is not there."""
    body = {"developer_message": "not_found", "user_message": "Not Found"}
    return wire.api_error(404, body, reason="staff_only", check="staff")


def emails_missing() -> wire.OpenedxRefusal:
    """No `emails` in the body."""
    text = "'emails' field is required"
    body = {"developer_message": text, "user_message": text}
    return wire.api_error(400, body, reason="emails_missing", check="emails")


def _view(path: str, summary: str, regex: str | None = None, **more: Any) -> ApiView:
    return ApiView(
        _BASE + path,
        regex=None if regex is None else rf"^{_BASE}{regex}$",
        summary=summary,
        evidence="recorded",
        source="openedx.md 5",
        tag="user",
        **more,
    )


_FOR_SERVICES: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "permissions": (with_api_key,)}

VIEWS = (
    _view(
        "/accounts/search_emails",
        "Which of many addresses have an account",
        get=list_for_search,
        post=search_emails,
        parsers=(views.JSON, views.MERGE_PATCH),
        permissions=(views.is_authenticated,),
        allow="GET, POST, OPTIONS",
        defect=True,
    ),
    _view(
        "/accounts",
        "Accounts by username, address or number",
        get=list_accounts,
        permissions=(views.is_authenticated, may_search),
    ),
    _view(
        "/accounts/{username}/verification_status/",
        "Whether a user proved who he is",
        rf"/accounts/{_USERNAME}/verification_status/",
        get=read_verification,
    ),
    _view(
        "/accounts/{username}/deactivate/",
        "Deactivate an account",
        rf"/accounts/{_USERNAME}/deactivate/",
        post=forbidden,
        authenticators=credentials.JWT_SESSION,
    ),
    _view(
        "/accounts/{username}",
        "One account",
        rf"/accounts/{_USERNAME}",
        get=read_account,
        patch=change_account,
        parsers=(views.MERGE_PATCH,),
        defect=True,
    ),
    _view(
        "/preferences/{username}",
        "Preferences of a user",
        rf"/preferences/{_USERNAME}",
        get=read_preferences,
        patch=change_preferences,
        parsers=(views.MERGE_PATCH,),
    ),
    _view(
        "/preferences/{username}/{key}",
        "One preference of a user",
        rf"/preferences/{_USERNAME}/(?P<key>[a-zA-Z0-9_-]+)",
        get=read_preference,
        put=write_preference,
        delete=delete_preference,
    ),
    _view("/users/", "Users, for services with the API key", get=list_users, **_FOR_SERVICES),
    _view("/users/{id}/", "One user, for services", r"/users/(?P<id>\d+)/", get=read_user, **_FOR_SERVICES),
)
