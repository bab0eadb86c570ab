"""A new person with a login: what is asked for, and what is wrong with it.

Source: canvas-lms app/controllers/users_controller.rb, create_user (2023-06), and the recorded exchanges of
`people-users`.
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import rails_name, zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, Pseudonym, User

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
LOCALES = {"ar", "ca", "cy", "da", "de", "el", "en", "en-AU", "en-CA", "en-GB", "es", "fa", "fi", "fr", "fr-CA", "he"}
LOCALES |= {"hi", "ht", "hu", "hy", "id", "is", "it", "ja", "ko", "mi", "ms", "nb", "nl", "nn", "pl", "pt", "pt-BR"}
LOCALES |= {"ro", "ru", "sl", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant"}
TAKEN = "ID already in use for this account and authentication provider"
NAMES = ("name", "short_name", "sortable_name")
PASSWORD = (8, 255)
LONGEST = 255
Faults = dict[str, list[Any]]


def refuse(user: Faults, pseudonym: Faults) -> SiteRefusal:
    """The refusal that lists what is wrong with a person and a login."""
    if pseudonym:
        user = {**user, "pseudonyms": ["invalid"]}
    listed = {
        part: {name: [refusals.model_fault(name, fault) for fault in found] for name, found in faults.items()}
        for part, faults in (("user", user), ("pseudonym", pseudonym))
    }
    body = {"errors": {**listed, "observee": {}, "pairing_code": {}, "recaptcha": None}}
    return refusals.rest("user_invalid", 400, body, check="the person and the login are valid")


def login_faults(api: Api, account: Account, own: int | None = None) -> Faults:
    """What is wrong with the login that `pseudonym` describes."""
    sent = api.params.hash("pseudonym")
    faults: Faults = {}
    login = (sent.text("unique_id") or "").strip()
    rows = [p for p in api.store.pseudonyms.find("unique_id", login.lower()) if p.workflow_state != "deleted"]
    if not login:
        faults["unique_id"] = ["invalid", "too_short"]
    elif len(login) > 100:
        faults["unique_id"] = ["too_long"] * (2 if len(login) > 255 else 1)
    elif any(p.account_id == account.id and p.id != own for p in rows):
        faults["unique_id"] = [("taken", TAKEN)]
    elif api.params.flag("force_validations") and not EMAIL.fullmatch(login):
        faults["unique_id"] = ["not_email"]
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
    """Names that are too long; a short name that follows the name is, too."""
    found: Faults = {name: ["too_long"] for name in NAMES if len(sent.text(name) or "") > LONGEST}
    if "name" in found and not sent.has("short_name"):
        found["short_name"] = ["too_long"]
    return found


def register(api: Api, account: Account) -> User:
    """Make a person with a login and, where one is told, an address. Raises the refusal for what is not valid."""
    sent = api.params.hash("user")
    login = (api.params.text("pseudonym", "unique_id") or "").strip()
    faults = name_faults(sent)
    if "name" in faults:
        faults["sortable_name"] = ["too_long"]
    wrong = login_faults(api, account)
    if faults or wrong:
        raise refuse(faults, wrong)
    name = sent.text("name")
    chosen = sent.text("time_zone")
    locale = sent.text("locale")
    password = api.params.text("pseudonym", "password") or None
    user = User(
        id=api.new_id("users"),
        name=login if name is None else name,
        short_name=sent.text("short_name") or None,
        sortable_name=sent.text("sortable_name") or None,
        uuid=api.new_uuid(),
        lti_id=api.x.ids.uuid(),
        time_zone=rails_name(chosen) if chosen and zone(chosen) is not None else None,
        locale=locale if locale in LOCALES else None,
        workflow_state="registered" if password or sent.flag("skip_registration") else "pre_registered",
        created_at=api.now,
        updated_at=api.now,
    )
    api.store.users.put(user)
    pseudonym = Pseudonym(
        id=api.new_id("pseudonyms"),
        user_id=user.id,
        account_id=account.id,
        unique_id=login,
        password=password,
        sis_user_id=api.params.text("pseudonym", "sis_user_id") or None,
        integration_id=api.params.text("pseudonym", "integration_id") or None,
        created_at=api.now,
    )
    api.store.pseudonyms.put(pseudonym)
    _address(api, user, login)
    return user


def _address(api: Api, user: User, login: str) -> None:
    sent = api.params.hash("communication_channel")
    address = sent.text("address") or (login if EMAIL.fullmatch(login) else None)
    if not address:
        return
    channel = CommunicationChannel(
        id=api.new_id("communication_channels"),
        user_id=user.id,
        address=address,
        type=sent.text("type") or "email",
        workflow_state="active" if sent.flag("skip_confirmation") else "unconfirmed",
        confirmation_code=api.x.ids.text(25),
        created_at=api.now,
    )
    api.store.communication_channels.put(channel)
