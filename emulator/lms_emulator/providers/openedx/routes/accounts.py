"""`/api/user/v1/accounts` and `me`: accounts.

Sources: edx-platform `openedx/core/djangoapps/user_api/accounts/views.py` and `user_api/verification_api/views.py`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import JSON, MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.retirement import Retirement
from lms_emulator.providers.openedx.routes.permissions import is_authenticated, is_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import accounts, retirement
from lms_emulator.providers.openedx.rules import registration as rules_of_names
from lms_emulator.providers.openedx.shapes import accounts as shapes


def me(call: Call) -> Response:
    """The caller's username."""
    return wire.api_json({"username": caller(call).username})


def _shape(call: Call, user: User) -> dict[str, Any]:
    """An account, as far as the caller may see it."""
    viewer, now = caller(call), call.clock.now()
    entitled = viewer.is_staff or viewer.username == user.username
    if entitled and call.query.get("view") != "shared":
        return shapes.full(user, now, call.base_url)
    return shapes.shared(user, now, call.base_url)


def read_account(call: Call) -> Response:
    """One account."""
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if user is None:
        raise unknown_account(call.path_params["username"])
    return wire.api_json(_shape(call, user))


def list_accounts(call: Call) -> Response:
    """The accounts named by `username` (several, separated by commas), `email` or `lms_user_id`; else the caller's."""
    found, asked = _asked(call)
    if asked is not None and not found:
        leaving = retirement.of_email(call.store, call.query.get("email", ""))
        if leaving is not None:
            raise _retired(leaving)
        raise unknown_account(asked)
    return wire.api_json([_shape(call, user) for user in found])


def _asked(call: Call) -> tuple[list[User], str | None]:
    query, store = call.query, call.store
    if names := query.get("username"):
        users = [lookup.user_named(store, call.settings, name) for name in names.strip().split(",")]
        return sorted({user.id: user for user in users if user}.values(), key=lambda user: user.id), names
    if email := query.get("email"):
        user = lookup.user_with_email(store, call.settings, email.strip())
        return [user] if user else [], email
    if number := query.get("lms_user_id"):
        if not number.isdecimal():
            raise refusals.api_error(
                400, None, reason="bad_user_id", check="lms_user_id", expected="a number", got=number
            )
        user = store.users.first("id", parse_integer(number))
        return [user] if user else [], number
    return [caller(call)], None


def may_search(call: Call) -> None:
    """Permission: only staff may look accounts up by address or number."""
    if ("email" in call.query or "lms_user_id" in call.query) and not caller(call).is_staff:
        raise refusals.permission_denied("only staff may look people up by e-mail or number", check="staff")


def change_account(call: Call) -> Response:
    """Change the caller's own account; even staff cannot change others."""
    body = wire.read(call)
    user = caller(call)
    if user.username.lower() != call.path_params["username"].lower():
        refusal = not_your_account(call.path_params["username"])
        refusal.diagnosis = f"only {refusal.got} may change this account; staff may not either"
        raise refusal
    if not isinstance(body, dict):
        raise refusals.Unhandled("the body is not an object")
    user, errors = accounts.change(call.store.users.get(user.username) or user, body)
    if errors:
        raise invalid(errors)
    platform = call.store.section.platform_name
    _ask_to_confirm(call, body.get("email"), "email_change", f"Request to change {platform} account e-mail")
    _ask_to_confirm(
        call, body.get("secondary_email"), "secondary_email_change", f"Confirm your recovery email for {platform}"
    )
    return wire.api_json(shapes.full(call.store.users.put(user), call.clock.now(), call.base_url))


def _ask_to_confirm(call: Call, email: str | None, kind: str, subject: str) -> None:
    """Send a confirmation to a new address, which is stored once confirmed. Nothing is sent if another account has
    it."""
    if email and lookup.user_with_email(call.store, call.settings, email) is None:
        call.outbox.add("email", provider=call.provider, kind=kind, to=email, at=call.clock.now(), subject=subject)


def search_emails(call: Call) -> Response:
    """Which of many addresses have an account; for staff. The LMS fails (500) if the body is a list or a number."""
    if not caller(call).is_staff:
        document = {"developer_message": "not_found", "user_message": "Not Found"}
        raise refusals.api_error(404, document, reason="staff_only", check="staff")
    body = wire.read_object(call)
    if "emails" not in body:
        text = "'emails' field is required"
        document = {"developer_message": text, "user_message": text}
        raise refusals.api_error(400, document, reason="emails_missing", check="emails")
    emails = body["emails"]
    if emails and not isinstance(emails, str | list | dict):
        raise refusals.Unhandled(f"emails is neither a list nor text but {emails!r}")
    wanted = [email for email in emails or () if isinstance(email, str)]
    users = {user.id: user for value in wanted if (user := lookup.user_with_email(call.store, call.settings, value))}
    found = [users[number] for number in sorted(users)]
    return wire.api_json([{"email": user.email, "id": user.id, "username": user.username} for user in found])


def _retired(leaving: Retirement) -> refusals.OpenedxRefusal:
    document = {
        "error_msg": "This email is associated to a retired account.",
        "can_cancel_retirement": leaving.state != "COMPLETE",
        "retirement_id": leaving.id,
    }
    return refusals.api_error(404, document, reason="retired_account", check="account exists")


def self_or_staff(call: Call) -> None:
    """Permission: the user in the URL, or staff."""
    if not is_self(call) and not caller(call).is_staff:
        raise refusals.permission_denied("only the user and staff may see this", check="own account or staff")


def change_name(call: Call) -> Response:
    """Ask for another name; it is kept, and waits for its confirmation."""
    body, user = wire.read_object(call), caller(call)
    name = str(body.get("name") or "")
    if problem := rules_of_names.name(name):
        raise refusals.api_error(400, {"name": [problem]}, reason="invalid_name", check="name", got=name)
    call.store.users.put(replace(call.store.users.get(user.username) or user, pending_name=name))
    return Response(b"", 201)


def confirm_name(call: Call) -> Response:
    """Confirm a requested name, for staff."""
    if not caller(call).is_staff:
        raise refusals.permission_denied("only staff may confirm a name", check="staff")
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if user is None or user.pending_name is None:
        raise refusals.OpenedxRefusal("no_pending_name", status=404, message="Not found.", check="pending name")
    call.store.users.put(replace(user, name=user.pending_name, pending_name=None))
    return wire.no_content()


def read_verification(call: Call) -> Response:
    """Whether a user's identity was verified; nobody's was."""
    raise refusals.OpenedxRefusal("not_verified", status=404, message="Not found.", check="identity verification")


# refusals, of preferences too


def unknown_account(got: str) -> refusals.OpenedxRefusal:
    """No account or preference of that name: 404 without a body."""
    return refusals.api_error(404, None, reason="unknown_account", check="account exists", got=got)


def not_your_account(got: str) -> refusals.OpenedxRefusal:
    """Another user's account: 403 without a body."""
    return refusals.api_error(403, None, reason="not_your_account", check="own account", got=got)


def invalid(errors: dict[str, dict[str, str]]) -> refusals.OpenedxRefusal:
    """Values that the account or the preference does not accept."""
    said = {name: error["developer_message"] for name, error in errors.items()}
    body = {"field_errors": errors}
    return refusals.api_error(400, body, reason="invalid_account", check=", ".join(errors), got=said)


FAMILY = Family("/api/user/v1", tag="user")

ROUTES = (
    *FAMILY.resource(
        "/me", "The username of the caller", get=me, parsers=(JSON, MERGE_PATCH), source=recorded("main", 437)
    ),
    *FAMILY.resource(
        "/accounts/search_emails",
        "Accounts by e-mail addresses",
        get=list_accounts,
        post=search_emails,
        parsers=(JSON, MERGE_PATCH),
        allow="GET, POST, OPTIONS",
        defect=True,
        source=recorded("main", 484),
    ),
    *FAMILY.resource(
        "/accounts",
        "Accounts by username, address or number",
        get=list_accounts,
        permissions=(is_authenticated, may_search),
        source=recorded("main", 445),
    ),
    *FAMILY.resource(
        "/accounts/{username}/verification_status/",
        "Whether a user's identity was verified",
        get=read_verification,
        authenticators=credentials.FOR_ACTIVE,
        permissions=(is_authenticated, self_or_staff),
        source=recorded("main", 512),
    ),
    *FAMILY.resource(
        "/accounts/{username}/verifications/",
        "How a user's identity was verified",
        get=read_verification,
        authenticators=credentials.FOR_ACTIVE,
        permissions=(is_authenticated, self_or_staff),
        source=recorded("openedx-2/acct", 557),
    ),
    *FAMILY.resource(
        "/accounts/name_change/",
        "Request a name change",
        post=change_name,
        authenticators=credentials.JWT_SESSION,
        source=recorded("openedx-2/acct", 573),
    ),
    *FAMILY.resource(
        "/accounts/name_change/{username}/confirm/",
        "Confirm a name change",
        post=confirm_name,
        authenticators=credentials.JWT_SESSION,
        source=recorded("openedx-2/acct", 570),
    ),
    *FAMILY.resource(
        "/accounts/{username}",
        "One account",
        get=read_account,
        patch=change_account,
        parsers=(MERGE_PATCH,),
        defect=True,
        source=recorded("main", 438, 487),
    ),
)
