"""Creating a person with a login: reading and validating the request.

Source: canvas-lms app/controllers/users_controller.rb, create_user (2023-06), and the recorded exchanges of
`people-users`.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.languages import LOCALES
from lms_emulator.providers.canvas.call.moments import stamp, zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, Pseudonym, User
from lms_emulator.providers.canvas.rules import mails, observing, people
from lms_emulator.providers.canvas.rules.permissions import account_allows

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
TAKEN = "ID already in use for this account and authentication provider"
NAMES = ("name", "short_name", "sortable_name")
PRONOUNS = ("She/Her", "He/Him", "They/Them")
PASSWORD = (8, 255)
LONGEST = 255
Faults = dict[str, list[Any]]


def refuse(user: Faults, pseudonym: Faults, pairing_code: Faults | None = None) -> SiteRefusal:
    """The refusal that lists the faults of a person, a login and a pairing code."""
    if pseudonym:
        user = {**user, "pseudonyms": ["invalid"]}
    parts = {"user": user, "pseudonym": pseudonym, "observee": {}, "pairing_code": pairing_code or {}}
    listed: dict[str, Any] = {
        part: {name: [refusals.model_fault(name, fault) for fault in found] for name, found in faults.items()}
        for part, faults in parts.items()
    }
    body = {"errors": {**listed, "recaptcha": None}}
    said = {
        f"{part}[{name}]": fault["message"]
        for part, faults in listed.items()
        for name, found in faults.items()
        if name != "pseudonyms"
        for fault in found[:1]
    }
    return refusals.rest("user_invalid", 400, body, check="the person and the login are valid", got=said)


def login_faults(
    api: Api, account: Account, sent: Params, known: Pseudonym | None = None, *, strict: bool = False
) -> Faults:
    """The faults of a new login, or of changes to an existing one.

    Parameters: `strict`, whether the login must be an e-mail address.
    """
    faults: Faults = {}
    own = known.id if known is not None else None
    login = (sent.text("unique_id") or "").strip()
    if known is not None and not sent.has("unique_id"):
        login = known.unique_id
    rows = [p for p in api.store.pseudonyms.find("unique_id", login.lower()) if p.workflow_state != "deleted"]
    if not login:
        faults["unique_id"] = ["invalid", "too_short"]
    elif len(login) > 100:
        faults["unique_id"] = ["too_long"] * (2 if len(login) > 255 else 1)
    elif strict and not EMAIL.fullmatch(login):
        faults["unique_id"] = ["not_email"]
    elif any(p.account_id == account.id and p.id != own for p in rows):
        faults["unique_id"] = [("taken", TAKEN)]
    password = sent.text("password")
    if password and len(password) < PASSWORD[0]:
        faults["password"] = ["too_short"]
    elif password and len(password) > PASSWORD[1]:
        faults["password"] = ["too_long"]
    for name, what in (("sis_user_id", "SIS ID"), ("integration_id", "Integration ID")):
        value = sent.text(name)
        if value and any(p.id != own for p in api.store.pseudonyms.find(name, value)):
            faults[name] = [("taken", f'{what} "{value}" is already in use')]
    return faults


def name_faults(sent: Params) -> Faults:
    """Names that are too long, including a short name derived from the name."""
    found: Faults = {name: ["too_long"] for name in NAMES if len(sent.text(name) or "") > LONGEST}
    if "name" in found and not sent.has("short_name"):
        found["short_name"] = ["too_long"]
    return found


def personal(api: Api, user: User, sent: Params) -> dict[str, Any]:
    """The changes of a person's names, time zone, language and pronouns that a request asks for."""
    found: dict[str, Any] = {}
    if sent.has("name"):
        found["name"] = sent.text("name") or ""
        if user.sortable_name is not None and people.is_fallback_of(user.name, user.sortable_name):
            found["sortable_name"] = None
    found |= {name: sent.text(name) or None for name in ("short_name", "sortable_name") if sent.has(name)}
    if sent.has("time_zone"):
        chosen = sent.text("time_zone") or ""
        found["time_zone"] = chosen if zone(chosen) is not None else None
    if sent.has("locale"):
        found["locale"] = sent.text("locale") if sent.text("locale") in LOCALES else None
    if sent.has("pronouns") and api.root.settings.get("can_add_pronouns"):
        asked = sent.text("pronouns") or ""
        offered = api.root.settings.get("pronouns") or PRONOUNS
        known = next((item for item in offered if item.lower() == asked.lower()), user.pronouns)
        found["pronouns"] = known if asked else None
    return found


def openness(api: Api, account: Account) -> str:
    """Who may self-register at a school: `none`, `observer`, `all`."""
    ways = api.store.authentication_providers.find("account", account.id)
    own = next((row for row in ways if row.auth_type == "canvas" and row.workflow_state == "active"), None)
    said = own.fields.get("self_registration", "none") if own is not None else "none"
    return str(said if said != "none" else account.settings.get("self_registration_type", "none"))


def provider(api: Api, account: Account, reference: str) -> int:
    """The school's authentication provider with this id or type. Raises the refusal `not_found`."""
    number = identifiers.local_number(reference)
    for row in api.store.authentication_providers.find("account", account.id):
        if row.workflow_state == "active" and (row.id == number or row.auth_type == reference):
            return row.id
    raise refusals.not_found("the authentication provider", reference)


def register(api: Api, account: Account) -> User:
    """Create a person with a login and, if given, an address.

    Login managers can create anybody; others can self-register if the school allows it, observers with a
    student's pairing code. With `enable_sis_reactivation`, a removed person whose login had the SIS id is restored
    instead. Raises the refusals for missing rights and for invalid fields.
    """
    manages = account_allows(api, api.caller, account, "manage_user_logins")
    observes = api.params.text("user", "initial_enrollment_type") == "observer"
    kind = openness(api, account)
    open_to = kind == "all" or (kind == "observer" and observes)
    if not api.check("manage_user_logins, or the school lets people register", manages or open_to, got=kind):
        check, needs = "manage_user_logins, or self-registration is on", ["manage_user_logins"]
        raise refusals.rest("user_refused", 403, {}, check=check, needs=needs)
    code = (api.params.text("pairing_code", "code") or "") if observes else None
    student = observing.paired(api, code) if code is not None else None
    login = _login_sent(api, account, with_password=manages or (observes and kind != "none"))
    user = _made(api, account, login, not manages or api.params.flag("force_validations"), code is None or student)
    if code is not None and student is not None:
        observing.use(api, code)
        observing.link(api, user, student)
    _welcome(api, account, user, by_oneself=not manages or login.flag("force_self_registration"))
    return user


def _welcome(api: Api, account: Account, user: User, *, by_oneself: bool) -> None:
    """Mail a person with an unconfirmed address how to complete their registration, or that it is complete."""
    wanted = api.params.flag("pseudonym", "send_confirmation")
    reached = (row for row in people.channels_of(api.store, user) if row.type == "email")
    channel = next((row for row in reached if row.workflow_state == "unconfirmed"), None)
    if channel is None:
        return
    confirm, finish = api.url(f"/register/{channel.confirmation_code}"), "To finish the registration process"
    if by_oneself:
        kind, subject, link = "confirm_registration", "Confirm Registration: Canvas", confirm
        who, where = people.short_name(user), api.call.authority
        said = f"Thank you for registering with Canvas!  This email is confirmation that the user {who} is registering "
        said += f"for a new account at {where}.\n\n{finish}, please visit the following url:"
    elif not wanted:
        return
    elif user.workflow_state == "registered":
        kind, subject, link = "pseudonym_registration_done", "Canvas Registration Complete", api.url("/profile")
        said = f"You have been registered for a Canvas account at {account.name}!"
    else:
        kind, subject, link = "pseudonym_registration", "Finish Registration: Canvas", confirm
        said = (
            f"You have been registered for a Canvas account at {account.name}!  Before you can log in and start using "
        )
        said += f"Canvas, you'll need to finish the configuration process.\n\n{finish}, please visit the following url:"
    mails.send(api, kind, channel.address, subject, said, {"link": link})


def ask_to_confirm(api: Api, user: User, channel: CommunicationChannel) -> None:
    """Mail a new e-mail address how to confirm it."""
    if channel.type != "email" or channel.bounce_count:
        return
    link = api.url(f"/register/{channel.confirmation_code}")
    if user.workflow_state != "registered":
        mails.send(api, "confirm_registration", channel.address, "Confirm Registration: Canvas", data={"link": link})
        return
    said = (
        f"The email address: {channel.address} is being added to a Canvas account registered at {api.call.authority}."
    )
    kind = "confirm_email_communication_channel"
    mails.send(api, kind, channel.address, "Confirm Email: Canvas", said, {"link": link})


def _login_sent(api: Api, account: Account, *, with_password: bool) -> Params:
    """The login's fields in the request that the caller may set."""
    login = api.params.hash("pseudonym")
    if not with_password:
        login.data.pop("password", None)
    if not account_allows(api, api.caller, account, "manage_sis"):
        for name in ("sis_user_id", "integration_id"):
            login.data.pop(name, None)
    return login


def _made(api: Api, account: Account, login: Params, strict: bool, paired: object) -> User:
    sent = api.params.hash("user")
    faults = name_faults(sent)
    if "name" in faults:
        faults["sortable_name"] = ["too_long"]
    if strict and sent.has("name") and not sent.text("name"):
        faults["name"] = ["blank"]
    way = login.text("authentication_provider_id")
    way_in = provider(api, account, way) if way else None
    removed = _removed(api, login.text("sis_user_id"))
    wrong = login_faults(api, account, login, removed, strict=strict)
    if faults or wrong or not paired:
        raise refuse(faults, wrong, {} if paired else {"code": ["invalid"]})
    if removed is not None:
        return _back(api, removed, sent)
    unique_id = (login.text("unique_id") or "").strip()
    name, chosen, locale = sent.text("name"), sent.text("time_zone"), sent.text("locale")
    password = login.text("password") or None
    given = [name for name in NAMES if sent.text(name)]
    user = User(
        **api.new_row("users"),
        name=unique_id if name is None else name,
        short_name=sent.text("short_name") or None,
        sortable_name=sent.text("sortable_name") or None,
        uuid=api.new_uuid(),
        lti_id=api.call.ids.uuid(),
        time_zone=chosen if chosen and zone(chosen) is not None else None,
        locale=locale if locale in LOCALES else None,
        stuck_sis_fields=sorted({*given, "sortable_name"}) if given else [],
        initial_enrollment_type=sent.text("initial_enrollment_type"),
        preferences={"accepted_terms": stamp(api.now)} if sent.flag("terms_of_use") else {},
        workflow_state="registered" if password or sent.flag("skip_registration") else "pre_registered",
    )
    api.store.users.put(user)
    pseudonym = Pseudonym(
        id=api.new_id("pseudonyms"),
        user_id=user.id,
        account_id=account.id,
        unique_id=unique_id,
        password=password,
        sis_user_id=login.text("sis_user_id") or None,
        integration_id=login.text("integration_id") or None,
        authentication_provider_id=way_in,
        created_at=api.now,
    )
    api.store.pseudonyms.put(pseudonym)
    _address(api, user, unique_id)
    return user


def _removed(api: Api, sis_id: str | None) -> Pseudonym | None:
    if not sis_id or not api.params.flag("enable_sis_reactivation"):
        return None
    return next((p for p in api.store.pseudonyms.find("sis_user_id", sis_id) if p.workflow_state == "deleted"), None)


def _back(api: Api, login: Pseudonym, sent: Params) -> User:
    api.store.pseudonyms.put(replace(login, workflow_state="active"))
    user = api.store.users.get(login.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    names = {name: sent.text(name) for name in NAMES if sent.text(name)}
    if "name" in names and people.is_fallback_of(user.name, user.sortable_name):
        names.setdefault("sortable_name", None)
    return api.store.users.put(replace(user, workflow_state="registered", deleted_at=None, updated_at=api.now, **names))


def _address(api: Api, user: User, login: str) -> None:
    sent = api.params.hash("communication_channel")
    if sent.data:
        kind, address = sent.text("type") or "email", sent.text("address")
    else:
        kind, address = "email", api.params.text("pseudonym", "path")
    address = login if address is None else address
    if not address or (kind == "email" and not EMAIL.fullmatch(address)):
        return
    trusted = user.initial_enrollment_type == "observer" or account_allows(api, api.caller, api.root, "manage_students")
    _reach(api, user, address, kind, known=trusted and sent.flag("skip_confirmation"))


def _reach(api: Api, user: User, address: str, kind: str = "email", *, known: bool = False) -> None:
    channel = CommunicationChannel(
        id=api.new_id("communication_channels"),
        user_id=user.id,
        address=address,
        type=kind,
        workflow_state="active" if known else "unconfirmed",
        confirmation_code=api.call.ids.text(25),
        created_at=api.now,
    )
    api.store.communication_channels.put(channel)


def addressed(api: Api, text: str) -> User | None:
    """The user with an address or login; a new user for an unknown address."""
    channel = api.store.communication_channels.first("address", text.lower())
    if channel is not None:
        return api.store.users.get(channel.user_id)
    login = api.store.pseudonyms.first("unique_id", text.lower())
    if login is not None:
        return api.store.users.get(login.user_id)
    return expected(api, text) if EMAIL.fullmatch(text) else None


def expected(api: Api, address: str) -> User:
    """A user known only by an email address until they register."""
    user = User(
        **api.new_row("users"),
        name=address,
        uuid=api.new_uuid(),
        lti_id=api.call.ids.uuid(),
        workflow_state="creation_pending",
    )
    api.store.users.put(user)
    _reach(api, user, address)
    return user
