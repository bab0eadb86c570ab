"""Checking login and password, and locking out a login after too many failures.

Source: fixtures/recordings/canvas/oauth-session.jsonl 33-94; the length of the lockout: canvas-lms
lib/canvas/security/login_registry.rb.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from datetime import timedelta
from typing import Literal

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.model import (
    Account,
    AuthenticationEvent,
    AuthenticationProvider,
    FailedLogins,
    Pseudonym,
)

WRONG_ALLOWED = 10
CLOSED_FOR = timedelta(minutes=5)
Fault = Literal["wrong", "locked"]
REFUSALS: dict[str, tuple[str, str]] = {
    "wrong": ("login_wrong", "Invalid username or password"),
    "locked": (
        "login_locked",
        "Too many failed login attempts. Please try again later or contact your system administrator.",
    ),
}

ELSEWHERE = ("cas", "ldap", "saml", "google", "openid_connect")
"""Ways to sign in outside Canvas that have pages of their own."""


def providers(api: Api, account: Account) -> list[AuthenticationProvider]:
    """The ways to sign in at a school, by position."""
    rows = [p for p in api.store.authentication_providers.find("account", account.id) if p.workflow_state == "active"]
    return sorted(rows, key=lambda row: (row.position, row.id))


def provider(api: Api, account: Account, wanted: str | None) -> AuthenticationProvider | None:
    """An authentication provider, by id or type; by default the first. A school without any has Canvas's own."""
    known = providers(api, account) or [AuthenticationProvider(id=0, account_id=account.id)]
    if wanted is None:
        return known[0]
    number = local_number(wanted)
    return next((row for row in known if number == row.id or row.auth_type == wanted), None)


def check(api: Api, name: str, password: str) -> Pseudonym | Fault:
    """The login with this name and password, or what is wrong."""
    wanted = name.strip().lower()
    logins = [pseudonym for pseudonym in api.store.pseudonyms.find("unique_id", wanted) if _open(api, pseudonym)]
    if not api.check("the login exists", bool(logins), got=name):
        return "wrong"
    if not api.check("the login is not closed", not all(_is_locked(api, pseudonym) for pseudonym in logins), got=name):
        return "locked"
    found = next((pseudonym for pseudonym in logins if fits(pseudonym, password)), None)
    if not api.check("password", found is not None):
        for login in logins:
            before = _failed(api, login)
            count = before.count + 1 if before is not None else 1
            api.store.failed_logins.put(FailedLogins(login_id=login.id, count=count, at=api.now))
        return "wrong"
    assert found is not None
    api.store.failed_logins.delete(found.id)
    return found


def _open(api: Api, login: Pseudonym) -> bool:
    user = api.store.users.get(login.user_id)
    return login.workflow_state == "active" and user is not None and user.workflow_state != "deleted"


def fits(login: Pseudonym, password: str) -> bool:
    """Whether a password is a login's. What a SIS import set counts until the person chooses one.

    Source: canvas-lms app/models/pseudonym.rb, valid_arbitrary_credentials?
    """
    known = login.sis_password if login.password is None else login.password
    if known is not None and hmac.compare_digest(known.encode(), password.encode()):
        return True
    return login.password is None and bool(password) and _digested(login.sis_ssha or "", password)


def _digested(ssha: str, password: str) -> bool:
    """Whether a password has this digest: base64 of 40 hexadecimal digits of SHA-1 and the salt (valid_ssha? there)."""
    decoded = binascii.a2b_base64(re.sub(r"[^A-Za-z0-9+/=]", "", ssha.removeprefix("{SSHA}")) + "==")
    digest, salt = decoded[:40], decoded[40:]
    wanted = hashlib.sha1(password.encode() + salt, usedforsecurity=False).hexdigest().encode()
    return len(digest) == 40 and hmac.compare_digest(wanted, digest)


def _failed(api: Api, login: Pseudonym) -> FailedLogins | None:
    failed = api.store.failed_logins.get(login.id)
    return failed if failed is not None and api.now < failed.at + CLOSED_FOR else None


def _is_locked(api: Api, login: Pseudonym) -> bool:
    failed = _failed(api, login)
    return failed is not None and failed.count >= WRONG_ALLOWED


def count(api: Api, login: Pseudonym) -> Pseudonym:
    """Record that a user signed in with a login."""
    counted = replace(
        login, login_count=login.login_count + 1, last_login_at=login.current_login_at, current_login_at=api.now
    )
    note(api, login, "login")
    return api.store.pseudonyms.put(counted)


def note(api: Api, login: Pseudonym, what: Literal["login", "logout"]) -> None:
    """Add a sign-in or sign-out to the audit log."""
    made = AuthenticationEvent(
        id=api.call.ids.uuid(),
        event_type=what,
        login_id=login.id,
        account_id=login.account_id,
        user_id=login.user_id,
        created_at=api.now,
    )
    api.store.authentication_events.put(made)
