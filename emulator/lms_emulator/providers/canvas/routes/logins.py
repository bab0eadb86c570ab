"""REST: logins."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, Pseudonym, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals.people import null
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.own_profile import mail_reset
from lms_emulator.providers.canvas.rules import belonging, people, registering
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-linked.jsonl 48, 56, 79, 95; canvas-lms app/controllers/pseudonyms_controller.rb"
FIELDS = {
    "unique_id",
    "password",
    "sis_user_id",
    "integration_id",
    "authentication_provider_id",
    "declared_user_type",
    "workflow_state",
}
USER_TYPES = ("administrative", "observer", "staff", "student", "student_other", "teacher")


def index(api: Api) -> Any:
    """The logins of a person; for an account, by default the caller's own in it."""
    within = "account_id" in api.call.path_params
    account = identifiers.account(api, api.slot("account_id")) if within else None
    named = api.params.text("user_id") or api.params.text("user", "id") if within else api.slot("user_id")
    user = identifiers.user(api, named) if named else api.user
    if not api.check("oneself, an observer, or an admin", belonging.may_read(api, user), got=user.id):
        raise api.refused(f"logins of user {user.id}")
    found = list(people.logins_of(api.store, user))
    if account is not None:
        _require_school(account)
        found = [login for login in found if login.account_id == account.id]
    found.sort(key=lambda login: login.id)
    return paged(api, found, lambda login: shapes.login(api, login))


def _require_school(account: Account) -> None:
    if account.parent_account_id is not None:
        raise refusals.message(400, "account_no_root", "Action must be called on a root account.")


def _sent(api: Api, account: Account) -> Params:
    """The login in the request. Raises the refusals for an unknown provider and for an empty request."""
    sent = api.params.hash("login")
    if reference := sent.text("authentication_provider_id"):
        registering.provider(api, account, reference)
    if not FIELDS & set(sent.data):
        raise null("login_missing", "`login` says something")
    return sent


def create(api: Api) -> Any:
    """Add a login to a user."""
    named = api.params.text("user", "id")
    account = identifiers.account(api, api.slot("account_id"))
    user = identifiers.user(api, named) if named else api.user
    _require_school(account)
    place = 1 + max((login.position for login in people.logins_of(api.store, user)), default=0)
    made = Pseudonym(id=0, user_id=user.id, account_id=account.id, unique_id="", created_at=api.now, position=place)
    if not api.check("manage_user_logins", belonging.manages_login(api, made), got=user.id):
        raise api.refused(f"give user {user.id} a login", "manage_user_logins")
    sent = _sent(api, account)
    _require_sis(api, made, sent)
    fields = _fields(api, account, sent, None)
    return shapes.login(api, api.store.pseudonyms.put(replace(made, id=api.new_id("pseudonyms"), **fields)))


def _require_sis(api: Api, login: Pseudonym, sent: Params) -> None:
    """Refuse SIS ids from callers who may not set them, and a state from those who may not delete the login.

    A state that there is not is named first, and alone.
    """
    named = {"sis_user_id", "integration_id"} & set(sent.data)
    refused = bool(named) and not api.check("manage_sis", belonging.has_sis(api, login), got=login.id)
    if not refused and sent.has("password") and not _passwordable(api, login, sent):
        raise refusals.invalid({"password": ["password can only be set for Canvas authentication"]})
    if not refused and sent.has("workflow_state"):
        if sent.text("workflow_state") not in ("active", "suspended"):
            raise refusals.invalid({"workflow_state": ["invalid workflow_state"]})
        refused = not belonging.deletes_login(api, login)
    if refused:
        raise api.refused(f"SIS ids and state of login {login.id}", "manage_sis")


def _passwordable(api: Api, login: Pseudonym, sent: Params) -> bool:
    """Whether the login, with the way to sign in that the request gives it, has a password."""
    account = identifiers.account(api, login.account_id)
    reference = sent.text("authentication_provider_id")
    number = registering.provider(api, account, reference) if reference else login.authentication_provider_id
    way = api.store.authentication_providers.get(number) if number is not None else None
    return way is None or way.auth_type == "canvas"


def _fields(api: Api, account: Account, sent: Params, own: Pseudonym | None) -> dict[str, Any]:
    """The login's fields from the request. Raises the refusal for invalid ones."""
    faults = registering.login_faults(api, account, sent, own)
    found: dict[str, Any] = {}
    if sent.has("unique_id"):
        found["unique_id"] = (sent.text("unique_id") or "").strip()
    found |= {name: sent.text(name) or None for name in ("password", "sis_user_id", "integration_id") if sent.has(name)}
    if sent.has("declared_user_type"):
        found["declared_user_type"] = sent.text("declared_user_type") or None
        if found["declared_user_type"] not in (*USER_TYPES, None):
            faults["declared_user_type"] = ["inclusion"]
    if sent.has("workflow_state"):
        found["workflow_state"] = sent.text("workflow_state")
    if faults:
        raise refusals.invalid(faults)
    if reference := sent.text("authentication_provider_id"):
        found["authentication_provider_id"] = registering.provider(api, account, reference)
    return found


def update(api: Api) -> Any:
    """Change a login; users may change the password of their own."""
    own = api.user.id == (login := _login(api)).user_id
    account = identifiers.account(api, login.account_id)
    manages = belonging.manages_login(api, login)
    if not api.check("one's own login, or an admin's to change", own or manages, got=login.id):
        raise api.refused(f"change login {login.id}")
    sent = _sent(api, account)
    passwords = own or bool(account.settings.get("admins_can_change_passwords"))
    allowed = manages or set(sent.data) <= {"password"}
    if not api.check("may change the login", allowed and (passwords or not sent.has("password")), got=login.id):
        raise api.refused(f"change login {login.id}")
    _require_sis(api, login, sent)
    fields = _fields(api, account, sent, login)
    stuck = set(login.stuck_sis_fields)
    if not api.params.flag("override_sis_stickiness", default=True):
        fields = {name: value for name, value in fields.items() if name not in stuck}
    elif "unique_id" in fields:
        stuck.add("unique_id")
    return shapes.login(api, api.store.pseudonyms.put(replace(login, stuck_sis_fields=sorted(stuck), **fields)))


def _login(api: Api) -> Pseudonym:
    """The login in the path. Raises the refusal `not_found`."""
    return identifiers.row(api.store.pseudonyms, api.slot("id"), "the login")


def destroy(api: Api) -> Any:
    """Delete a login, unless it is the user's last one."""
    user: User = identifiers.user(api, api.slot("user_id"))
    login = _login(api)
    if login.user_id != user.id:
        raise refusals.not_found("the login of the user", login.id)
    if not api.check("manage_user_logins", belonging.deletes_login(api, login), got=user.id):
        raise api.refused(f"logins of user {user.id}")
    if len(people.logins_of(api.store, user)) == 1:
        raise refusals.invalid({"base": ["Users must have at least one login"]})
    return shapes.login(api, api.store.pseudonyms.put(replace(login, workflow_state="deleted")))


def reset_password(api: Api) -> Any:
    """Mail a user a link for choosing a new password."""
    if api.caller is None:
        raise refusals.crashed("nobody is logged in")
    require_account(api, api.root, "manage_user_logins")
    address = (api.params.text("email") or "").lower()
    rows = api.store.communication_channels.find("address", address)
    owners = {channel.user_id for channel in rows if channel.workflow_state == "active"}
    named = (row.user_id for row in api.store.pseudonyms.find("unique_id", address) if row.workflow_state == "active")
    owners |= {owner for owner in named if _reachable(api, owner)}
    if not api.check("the address is somebody's", bool(owners), got=address):
        raise refusals.rest("address_unknown", 404, {"requested": False}, check="the address is somebody's")
    for owner in owners:
        for login in list(api.store.pseudonyms.find("user", owner))[:1]:
            mail_reset(api, login)
    return {"requested": True}


def _reachable(api: Api, user_id: int) -> bool:
    return any(row.workflow_state != "retired" for row in api.store.communication_channels.find("user", user_id))


ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    ("GET /api/v1/users/{user_id}/logins", index, "Logins of a person"),
    ("GET /api/v1/accounts/{account_id}/logins", index, "The caller's logins in an account"),
    ("POST /api/v1/accounts/{account_id}/logins", create, "Create a login"),
    ("PUT /api/v1/accounts/{account_id}/logins/{id}", update, "Change a login"),
    ("DELETE /api/v1/users/{user_id}/logins/{id}", destroy, "Delete a login"),
    ("POST /api/v1/users/reset_password", reset_password, "Send a password reset link"),
)
