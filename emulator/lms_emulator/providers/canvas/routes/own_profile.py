"""A user's own pages: profile and settings, access tokens, the password, forgotten passwords."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.canvas import oauth, refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.model import AccessToken, CommunicationChannel, Pseudonym, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules import belonging, keys, mails, registering, signing_in
from lms_emulator.providers.canvas.rules.people import channels_of, email_of, logins_of, prefer
from lms_emulator.providers.canvas.shapes import access, people

_LONGEST_PURPOSE = 255
_SHORTEST_PASSWORD = 8


def _with_password(api: Api, *, alone: bool = True) -> User:
    """The person signed in by password, and if `alone` not masquerading. Raises the refusals for others."""
    user = visitors.require(api)
    session = browser.find(api.call).session
    if session is not None and session.remembered:
        api.check("a password was given for the session", False)
        raise refusals.sign_in_first(api.url("/login"))
    if alone and not api.check("nobody acts as the person", not api.acting):
        raise visitors.forbidden(api, "tokens are a person's own")
    return user


def _token(api: Api, user: User) -> AccessToken:
    found = api.store.access_tokens.get(identifiers.local_number(api.slot("id")))
    if found is None or found.user_id != user.id or found.revoked:
        raise refusals.page_not_found("the token is the person's own")
    return found


def create_token(api: Api) -> Response:
    """Create an access token; only this answer shows its text."""
    user = _with_password(api)
    changes = _sent(api)
    key = keys.user_generated(api.store)
    if key is None:
        raise refusals.page_crashed(f"there is no developer key named {keys.USER_GENERATED}")
    token = AccessToken(
        id=api.new_id("access_tokens"),
        user_id=user.id,
        developer_key_id=key.id,
        token=oauth.token_text(api.call),
        created_at=api.now,
        **changes,
    )
    return wire.reply(api, access.own_token(api, api.store.access_tokens.put(token), shown=True))


def _sent(api: Api) -> dict[str, Any]:
    """The token's fields from the request. Raises the refusals for invalid ones."""
    sent = api.params.peek("access_token")
    if not isinstance(sent, dict) or not sent:
        raise refusals.page_error(400, "parameter_missing", "parameter `access_token` is sent")
    given = api.params.hash("access_token")
    changes: dict[str, Any] = {}
    if given.has("purpose"):
        changes["purpose"] = given.text("purpose")
        if len(changes["purpose"] or "") > _LONGEST_PURPOSE:
            raise refusals.invalid({"purpose": ["too_long"]})
    if given.has("permanent_expires_at"):
        changes["permanent_expires_at"] = given.moment("permanent_expires_at", zone=api.zone)
    if given.has("scopes"):
        changes["scopes"] = given.texts("scopes")
        api.call.warn("scopes_not_enforced", "Canvas stores the scopes of a token made by hand, and enforces none")
    return changes


def show_token(api: Api) -> Response:
    """A manually generated token, without its text."""
    return wire.reply(api, access.own_token(api, _token(api, _with_password(api, alone=False))))


def update_token(api: Api) -> Response:
    """Change a token, or regenerate it (`access_token[regenerate]`); only this answer shows the new text."""
    token = _token(api, _with_password(api))
    changes = _sent(api)
    again = api.params.get("access_token", "regenerate") == "1"
    if again:
        changes["token"] = oauth.token_text(api.call)
        changes["replaced_tokens"] = [*token.replaced_tokens, token.token][-oauth.REPLACED_KEPT :]
    changed = api.store.access_tokens.put(replace(token, updated_at=api.now, **changes))
    return wire.reply(api, access.own_token(api, changed, shown=again))


def delete_token(api: Api) -> Response:
    """Revoke a token."""
    token = _token(api, _with_password(api))
    deleted = api.store.access_tokens.put(replace(token, updated_at=api.now, revoked=True))
    return wire.reply(api, access.own_token(api, deleted))


def update(api: Api) -> Response:
    """Change what the caller is called, their default address, or a password: `pseudonym[change_password]` with the
    old one, and the new one twice."""
    user = _with_password(api, alone=False)
    if api.params.text("privacy_notice"):
        prefer(api, user, read_notification_privacy_info=stamp(api.now))
        return wire.nothing(208)
    sent = api.params.hash("user")
    if faults := registering.name_faults(sent):
        raise refusals.invalid(faults, 200)
    changes = registering.personal(api, user, sent)
    if not belonging.may_oneself(api, user, "users_can_edit_name"):
        changes = {name: value for name, value in changes.items() if name not in registering.NAMES}
    user = api.store.users.put(replace(user, **changes, updated_at=api.now))
    _default_address(api, user)
    given = api.params.hash("pseudonym")
    login = next(iter(logins_of(api.store, user)), None)
    if given.text("change_password") and given.text("password_id"):
        wanted = identifiers.local_number(given.text("password_id") or "")
        login = next((pseudonym for pseudonym in logins_of(api.store, user) if pseudonym.id == wanted), None)
        if login is None:
            raise refusals.page_not_found("the login is the person's own")
        if given.get("change_password") == "1":
            _change_password(
                api,
                login,
                given.text("old_password") or "",
                given.text("password") or "",
                given.text("password_confirmation"),
            )
    row = people.row(user)
    channel = next((c for c in api.store.communication_channels.find("user", user.id)), None)
    shown: dict[str, Any] = {**row, "avatar_url": people.avatar_url(api, user)}
    shown["communication_channel"] = {"id": channel.id, "path": email_of(api.store, user)} if channel else None
    shown["pseudonym"] = {"id": login.id, "unique_id": login.unique_id} if login is not None else None
    return wire.reply(api, {"user": shown})


def _default_address(api: Api, user: User) -> None:
    """Put the confirmed address that `default_email_id` names before the others."""
    number = identifiers.local_number(api.params.text("default_email_id") or "")
    known = channels_of(api.store, user)
    first = next((c for c in known if (c.id, c.type, c.workflow_state) == (number, "email", "active")), None)
    if first is not None:
        for place, channel in enumerate([first, *(c for c in known if c is not first)], start=1):
            api.store.communication_channels.put(replace(channel, position=place))


def _change_password(api: Api, login: Pseudonym, old: str, new: str, again: str | None) -> None:
    if not api.check("the old password", signing_in.fits(login, old)):
        text = f"Invalid old password for the login {login.unique_id}"
        raise refusals.rest("old_password_wrong", 400, {"errors": {"old_password": text}}, check="the old password")
    if len(new) < _SHORTEST_PASSWORD:
        raise refusals.invalid({"password": ["too_short"]})
    if new != again:
        raise refusals.invalid({"password_confirmation": ["confirmation"]})
    api.store.pseudonyms.put(replace(login, password=new))
    own = browser.find(api.call).session
    for session in list(api.store.sessions.find("user", login.user_id)):
        if session.login_id == login.id and (own is None or session.id != own.id):
            api.store.sessions.put(replace(session, user_id=None, login_id=None))


def forgotten(api: Api) -> Response:
    """Mail a user a password reset. The answer does not reveal whether the login exists."""
    name = api.params.text("pseudonym_session", "unique_id_forgot") or ""
    for login in api.store.pseudonyms.find("unique_id", name.strip().lower()):
        mail_reset(api, login)
    if wire.asked_for(api.call) == "json":
        return wire.reply(api, {"requested": True})
    browser.notice(api.call, "success", f"Confirmation email sent to {name}, make sure to check your spam box")
    return wire.redirect(api.url("/login/canvas"))


def _channel(api: Api, login: Pseudonym) -> CommunicationChannel | None:
    user = api.store.users.get(login.user_id)
    channels = channels_of(api.store, user) if user is not None else []
    return next((channel for channel in channels if channel.type == "email"), None)


def mail_reset(api: Api, login: Pseudonym) -> None:
    """Mail a link for choosing a new password, if the login is active and its person has an address."""
    channel = _channel(api, login)
    if channel is None or login.workflow_state != "active":
        return
    channel = api.store.communication_channels.put(replace(channel, confirmation_code=api.call.ids.alnum(25)))
    url = api.url(f"/pseudonyms/{login.id}/change_password/{channel.confirmation_code}")
    mails.send(api, "forgot_password", channel.address, "Forgot Password: Canvas", data={"link": url})


def _forgotten_login(api: Api, named: str | None = None) -> tuple[Pseudonym, CommunicationChannel] | None:
    """The login for the mailed code in the path, and the address it was mailed to. `named`: another of the person's."""
    login = api.store.pseudonyms.get(identifiers.local_number(named or api.slot("pseudonym_id")))
    channel = _channel(api, login) if login is not None else None
    right = channel is not None and bool(channel.confirmation_code) and channel.confirmation_code == api.slot("nonce")
    if not api.check("the code was mailed, and not used", right):
        return None
    assert login is not None
    assert channel is not None
    return login, channel


def new_password_form(api: Api) -> Response:
    """The form behind a mailed password reset."""
    if _forgotten_login(api) is None:
        browser.notice(api.call, "error", "Cannot change the password for that login, or login does not exist")
        return wire.redirect(api.url("/login/canvas"))
    return wire.page(api.call, "new_password.html", action=api.call.path)


def set_new_password(api: Api) -> Response:
    """Replace a forgotten password, and sign in."""
    given = api.params.hash("pseudonym")
    found = _forgotten_login(api, given.text("id"))
    if found is None:
        body = {"errors": {"nonce": "expired"}}
        hint = "use the address of the latest mail in the outbox, once"
        check = "the code was mailed, and not used"
        raise refusals.rest("password_code_unknown", 400, body, check=check, diagnosis=hint)
    login, channel = found
    new = given.text("password") or ""
    if len(new) < _SHORTEST_PASSWORD:
        raise refusals.invalid({"password": ["too_short"]})
    if new != given.text("password_confirmation"):
        raise refusals.invalid({"password_confirmation": ["confirmation"]})
    changed = api.store.pseudonyms.put(replace(login, password=new))
    api.store.communication_channels.put(replace(channel, confirmation_code=""))
    user = api.store.users.get(login.user_id)
    assert user is not None  # the world file's references are checked when it is loaded
    browser.sign_in(api.call, user, changed)
    if wire.asked_for(api.call) == "json":
        return wire.reply(api, access.login_record(api, changed, user))
    return wire.redirect(api.url("/login/canvas?password_changed=1"))


def about(api: Api) -> Response:
    """The user's own page."""
    user = visitors.require(api)
    return wire.page(api.call, "text.html", title=f"{user.name}'s settings", heading=user.name, user=user)


def clear_file_session(_api: Api) -> Response:
    """Clear the session at a separate file host."""
    return Response("ok", media_type="text/plain")


_FORGOTTEN = "/pseudonyms/{pseudonym_id}/change_password/{nonce}"
ROUTES = (
    *site(
        "pages",
        f"{RECORDED}/oauth-session.jsonl 132, 139, 145, 147, 152, 156; {RECORDED}/oauth-browser.jsonl 84, 132, 136",
        ("POST /profile/tokens", create_token, "Create an access token"),
        ("GET /profile/tokens/{id}", show_token, "An access token"),
        ("PUT /profile/tokens/{id}", update_token, "Change or regenerate an access token"),
        ("DELETE /profile/tokens/{id}", delete_token, "Revoke an access token"),
        ("PUT /profile", update, "Change the caller's names, default address or password"),
        ("GET /profile", about, "The caller's profile page"),
        ("GET /profile/settings", about, "The caller's settings page"),
    ),
    *site(
        "pages",
        f"{RECORDED}/oauth-browser.jsonl 73, 111, 118, 122, 123",
        ("GET POST /forgot_password", forgotten, "Request a password reset"),
        (f"GET {_FORGOTTEN}", new_password_form, "The password reset form"),
        (f"POST {_FORGOTTEN}", set_new_password, "Reset a password"),
        ("GET /file_session/clear", clear_file_session, "Clear the session at the file host"),
        forms="any",
    ),
)
