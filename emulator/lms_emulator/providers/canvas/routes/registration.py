"""Registering at a school: self-registration, or with the code mailed to a user whom an admin added."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import rails_zones, zone
from lms_emulator.providers.canvas.credentials import browser, note_identity, visitors
from lms_emulator.providers.canvas.model import CommunicationChannel, Pseudonym, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules import people, registering, signing_in
from lms_emulator.providers.canvas.shapes import access
from lms_emulator.providers.canvas.shapes import people as shapes


def page(api: Api) -> Response:
    """The self-registration page; if that is off, the front page."""
    if api.caller is not None or registering.openness(api, api.root) == "none":
        return wire.redirect(api.url("/"))
    return wire.page(api.call, "register.html")


def register(api: Api) -> Response:
    """Register the caller, and sign them in."""
    user = registering.register(api, api.root)
    login = next(iter(people.logins_of(api.store, user)))
    browser.sign_in(api.call, user, login)
    channel = next(iter(people.channels_of(api.store, user)), None)
    login_body = access.login_record(api, signing_in.count(api, login), user)
    shown = {
        "user": {"user": shapes.row(user) | {"root_account_ids": [api.root.id]}},
        "pseudonym": {"pseudonym": {k: v for k, v in login_body.items() if k not in _NOT_YET} | _UNSET},
        "channel": {"communication_channel": access.channel_record(api, channel)} if channel is not None else None,
        "message_sent": channel is not None,
        "course": None,
    }
    return wire.reply(api, shown)


_NOT_YET = ("user_code", "communication_channel_id", "authentication_provider_id")
_UNSET = {"communication_channel_id": None, "authentication_provider_id": None}


def _invited(api: Api) -> tuple[User, Pseudonym, CommunicationChannel] | None:
    """The user for the mailed code in the path, who has a login, and the address it was mailed to."""
    code = api.slot("nonce")
    waiting = (c for c in api.store.communication_channels if c.confirmation_code == code)
    channel = next((c for c in waiting if c.workflow_state == "unconfirmed"), None)
    user = api.store.users.get(channel.user_id) if channel is not None else None
    if not api.check("the code waits for its owner", user is not None, got=code) or user is None or channel is None:
        return None
    login = next(iter(people.logins_of(api.store, user)), None)
    if login is None:
        why = "people who have no login yet are not confirmed"
        raise parameters_not_emulated("canvas", "/register/{nonce}", ["nonce"], why)
    return user, login, channel


def _unknown_code(**form: Any) -> SiteRefusal:
    hint = "use the address of the latest mail in the outbox, once"
    check = "the code was mailed, and not used"
    return SiteRefusal("registration_code_unknown", status=400, check=check, diagnosis=hint, **form)


def _confirmed(api: Api, user: User, channel: CommunicationChannel) -> Response:
    """Confirm one more address of a registered user, who has to be signed in."""
    if api.caller is None or api.caller.id != user.id:
        browser.change(api.call, return_to=visitors.this_address(api))
        browser.notice(api.call, "success", "Please log in to confirm your e-mail address")
        login = next(iter(people.logins_of(api.store, user)))
        query = [("expected_user_id", user.id), ("pseudonym_session[unique_id]", login.unique_id)]
        return wire.redirect(add_query(api.url("/login"), query))
    known = api.store.communication_channels.put(replace(channel, workflow_state="active"))
    api.store.users.put(replace(user, updated_at=api.now))
    if wire.asked_for(api.call) == "json":
        return wire.reply(api, {"communication_channel": access.channel_record(api, known)})
    browser.notice(api.call, "success", "Registration confirmed!")
    session = browser.find(api.call).session
    back = session.return_to if session is not None else None
    browser.change(api.call, return_to=None)
    return wire.redirect(back if back and back != visitors.this_address(api) else api.url(f"/about/{user.id}"))


def confirmation(api: Api) -> Response:
    """The page behind a mailed code; for one more address of a registered user, its confirmation."""
    found = _invited(api)
    if found is None:
        words = {"title": "Registration Confirmation Failed", "heading": "Problem with Registration"}
        raise _unknown_code(template=("text.html", words))
    user, login, channel = found
    if user.workflow_state == "registered":
        return _confirmed(api, user, channel)
    values: dict[str, Any] = {"login": login.unique_id, "zones": rails_zones(), "zone": user.time_zone or "UTC"}
    return wire.page(api.call, "confirmation.html", action=api.call.path, **values)


def confirm(api: Api) -> Response:
    """Register with a mailed code: choose a password, and sign in."""
    found = _invited(api)
    if found is None:
        raise _unknown_code(body={})
    user, login, channel = found
    if user.workflow_state == "registered":
        return _confirmed(api, user, channel)
    account = api.store.accounts.get(login.account_id)
    assert account is not None  # the world file's references are checked when it is loaded
    given, sent = api.params.hash("pseudonym"), api.params.hash("user")
    api.call.reads.add("register", "password_confirmation")  # Canvas compares the two passwords in JavaScript
    faults = registering.login_faults(api, account, given, login)
    if not given.text("password"):
        faults["password"] = ["too_short"]
    names = registering.name_faults(sent)
    if faults or names:
        listed = {"user": names, "pseudonym": faults}
        body: dict[str, Any] = {
            part: {name: [refusals.model_fault(name, value) for value in of] for name, of in found.items()}
            for part, found in listed.items()
        }
        raise refusals.rest("registration_invalid", 400, {"errors": body}, check="the password is valid")
    chosen = sent.text("time_zone") or ""
    if sent.has("subscribe_to_emails"):
        api.call.warn("subscribe_to_emails", "no news are mailed here")
    changes: dict[str, Any] = {name: sent.text(name) for name in registering.NAMES if sent.text(name)}
    changes |= {"time_zone": chosen} if zone(chosen) is not None else {}
    user = api.store.users.put(replace(user, workflow_state="registered", updated_at=api.now, **changes))
    api.store.communication_channels.put(replace(channel, workflow_state="active", confirmation_code=""))
    unique_id = given.text("unique_id") or login.unique_id
    changed = replace(login, password=given.text("password"), unique_id=unique_id)
    browser.sign_in(api.call, user, api.store.pseudonyms.put(changed))
    api.caller = api.real_user = user
    note_identity(api)
    return wire.reply(api, {"url": api.url("/")})


SOURCE = f"{RECORDED}/oauth-browser.jsonl 143, 146, 150, 151, 152, 155, 168, 171; "
ROUTES = (
    *site(
        "pages",
        SOURCE + "canvas-lms app/controllers/users_controller.rb, communication_channels_controller.rb",
        ("GET /register", page, "Self-registration"),
        ("GET /register_from_website", page, "Self-registration"),
        ("POST /users", register, "Self-registration"),
        ("GET /register/{nonce}", confirmation, "Register with a mailed code"),
        ("POST /register/{nonce}", confirm, "Register with a mailed code"),
    ),
)
