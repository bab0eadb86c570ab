"""`/api/user/v1/preferences/`: the preferences of a user.

Source: edx-platform `openedx/core/djangoapps/user_api/preferences/views.py`.
"""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.accounts import invalid, not_your_account, unknown_account
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys, preferences
from lms_emulator.providers.openedx.web import csrf


def _owner(call: Call, *, staff_too: bool) -> User:
    """The user whose preferences these are, if the caller may read or change them. Raises the refusal."""
    viewer = caller(call)
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    own = user is not None and user.username == viewer.username
    if user is None and viewer.is_staff:
        raise unknown_account(call.path_params["username"])
    if user is None or not (own or (staff_too and viewer.is_staff)):
        raise not_your_account(call.path_params["username"])
    return user


def _keep(call: Call, user: User, changed: dict[str, str]) -> Response:
    call.store.users.put(replace(user, preferences=changed))
    return wire.no_content()


def read_preferences(call: Call) -> Response:
    """All preferences of a user."""
    return wire.api_json(_owner(call, staff_too=True).preferences)


def change_preferences(call: Call) -> Response:
    """Set some preferences; null removes one."""
    user, body = _owner(call, staff_too=False), wire.read(call)
    if not isinstance(body, dict):
        raise refusals.api_error(
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
    changed = {**user.preferences, **body}
    return _keep(call, user, {name: str(value) for name, value in changed.items() if value is not None})


def read_preference(call: Call) -> Response:
    """One preference."""
    value = _owner(call, staff_too=True).preferences.get(call.path_params["key"])
    if value is None:
        raise unknown_account(call.path_params["key"])
    return wire.api_json(value)


def write_preference(call: Call) -> Response:
    """Set one preference."""
    user, value = _owner(call, staff_too=False), wire.read(call)
    if found := preferences.problem(call.path_params["key"], value):
        raise refusals.api_error(400, found, reason="invalid_preference", check=call.path_params["key"], got=value)
    return _keep(call, user, {**user.preferences, call.path_params["key"]: str(value)})


def delete_preference(call: Call) -> Response:
    """Remove one preference."""
    user, key = _owner(call, staff_too=False), call.path_params["key"]
    if key not in user.preferences:
        raise unknown_account(key)
    return _keep(call, user, {name: value for name, value in user.preferences.items() if name != key})


def opt_in(call: Call) -> Response:
    """Whether the organisation of a course may write to the signed-in user."""
    form = wire.read_object(call)
    if lacking := {"course_id", "email_opt_in"} - form.keys():
        text = f"Missing POST parameters: {', '.join(sorted(lacking, reverse=True))}"
        raise refusals.OpenedxRefusal("parameters_missing", status=400, style="plain", body=text, check="form")
    csrf.ensure(call, set_by_view=True)
    key = keys.course_key(str(form["course_id"]))
    if key is None:
        text = f"No course '{form['course_id']}' found"
        raise refusals.OpenedxRefusal(
            "unknown_course",
            status=400,
            style="plain",
            body=text,
            headers={"content-type": "text/plain", "vary": "Cookie"},
            check="course",
        )
    agreed = call.reads.flag("email_opt_in", str(form["email_opt_in"]).lower(), ("true",))
    preferences.opt_in(call.store, caller(call).username, key.org, agreed, call.clock.now().year)
    return wire.empty(200, {"vary": "Cookie"})


FAMILY = Family("/api/user/v1/preferences/{username}", tag="user")

ROUTES = (
    *Family("/api/user/v1/preferences", tag="user").resource(
        "/email_opt_in/",
        "Whether an organisation may write to the caller",
        post=opt_in,
        authenticators=(credentials.SESSION,),
        source=recorded("openedx-2/acct", 513),
    ),
    *Family("/user_api/v1/preferences", tag="user").resource(
        "/email_opt_in/",
        "Whether an organisation may write to the caller (older URL)",
        post=opt_in,
        authenticators=(credentials.SESSION,),
        evidence="documented",
        source="edx-platform openedx/core/djangoapps/user_api/legacy_urls.py",
    ),
    *FAMILY.resource(
        "",
        "Preferences of a user",
        get=read_preferences,
        patch=change_preferences,
        parsers=(MERGE_PATCH,),
        source=recorded("main", 497, 500),
    ),
    *FAMILY.resource(
        "/{key}",
        "One preference of a user",
        get=read_preference,
        put=write_preference,
        delete=delete_preference,
        authenticators=credentials.BEARER_SESSION,
        source=recorded("main", 502, 504),
    ),
)
