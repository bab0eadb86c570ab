"""Names, logins and addresses of people."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.access.whereabouts import by_other_name
from lms_emulator.core.state.tables import Table
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import KINDS
from lms_emulator.providers.canvas.call.languages import accepted
from lms_emulator.providers.canvas.model import CanvasStore, CommunicationChannel, Pseudonym, User
from lms_emulator.providers.canvas.rules import collation

_OF_LOGINS = {"unique id": "sis_login_id"}
"""The kinds of ids whose names differ from what they hold."""
_SUFFIXES = {"jr", "jr.", "sr", "sr.", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "esq", "esq."}


def logins_of(store: CanvasStore, user: User) -> list[Pseudonym]:
    """The person's undeleted logins, the primary one first."""
    found = [login for login in store.pseudonyms.find("user", user.id) if login.workflow_state != "deleted"]
    return found if len(found) < 2 else sorted(found, key=lambda login: (login.position, login.id))


def login_of(store: CanvasStore, user: User) -> Pseudonym | None:
    """The login that a person is known by: one with a SIS id before others, and the first by name.

    Source: canvas-lms app/models/sis_pseudonym.rb, pick_user_pseudonym.
    """
    found = logins_of(store, user)
    return min(found, key=_known_by) if len(found) > 1 else found[0] if found else None


def _known_by(login: Pseudonym) -> tuple[Any, ...]:
    return login.workflow_state, not login.sis_user_id, collation.key(login.unique_id)


def channels_of(store: CanvasStore, user: User) -> list[CommunicationChannel]:
    """The person's undeleted addresses, by position."""
    found = [c for c in store.communication_channels.find("user", user.id) if c.workflow_state != "retired"]
    return sorted(found, key=lambda channel: (channel.position, channel.id))


def email_of(store: CanvasStore, user: User) -> str | None:
    """The person's default e-mail address."""
    return next((channel.address for channel in channels_of(store, user) if channel.type == "email"), None)


def sis_email_of(store: CanvasStore, user: User) -> str | None:
    """The address that a SIS import gave the login with a SIS id, even if it was deleted since.

    Source: canvas-lms lib/lti/substitutions_helper.rb, sis_email; lib/sis/user_importer.rb (2024-04).
    """
    login = login_of(store, user)
    number = login.sis_channel_id if login is not None and login.sis_user_id else None
    channel = store.communication_channels.get(number or 0)
    return channel.address if channel is not None else None


def sis_user_id(store: CanvasStore, user: User) -> str | None:
    """The user's SIS id."""
    login = login_of(store, user)
    return login.sis_user_id if login is not None else None


def unique_id(store: CanvasStore, user: User) -> str:
    """The person's sign-in name; empty without a login."""
    login = login_of(store, user)
    return login.unique_id if login is not None else ""


def feed_code(uuid: str, number: int) -> str:
    """The code of an enrollment in feed URLs: its own, or one made from its id."""
    return uuid or base64.b64encode(hashlib.sha512(f"enrollment {number}".encode()).digest(), b"xy").decode()[:40]


def effective_locale(user: User) -> str:
    """The language of a person's pages and errors."""
    return user.locale or user.browser_locale or "en"


def note_language(api: Api) -> None:
    """Remember the browser language of the caller, for later requests without one."""
    language, user = accepted(api.call.headers.get("accept-language", "")), api.caller
    if user is not None and language not in (None, user.browser_locale):
        api.caller = api.store.users.put(replace(user, browser_locale=language))


def prefer(api: Api, user: User, **changes: Any) -> User:
    """Store a preference under Canvas's name for it; None clears it."""
    kept = {name: value for name, value in {**user.preferences, **changes}.items() if value is not None}
    changed = api.store.users.put(replace(user, preferences=kept))
    if api.caller is not None and api.caller.id == user.id:
        api.caller = changed
    return changed


def name_parts(name: str) -> tuple[str, str, str]:
    """Given names, surname and suffix of a name: `Ada Lovelace`, or `Lovelace, Ada`."""
    before, comma, after = (part.strip() for part in name.partition(","))
    if comma and not _is_suffix(after):
        words = after.split()
        suffix = words.pop() if len(words) > 1 and _is_suffix(words[-1]) else ""
        return " ".join(words), before, suffix
    words = name.replace(",", " ").split() if comma else name.split()
    suffix = words.pop() if len(words) > 1 and _is_suffix(words[-1]) else ""
    return " ".join(words[:-1]), words[-1] if words else "", suffix


def _is_suffix(word: str) -> bool:
    return word.lower() in _SUFFIXES


@lru_cache(maxsize=16_384)
def sorted_name(name: str) -> str:
    """A sortable name: `Lovelace, Ada`."""
    given, surname, suffix = name_parts(name)
    parts = [part for part in (given, suffix) if part]
    return ", ".join([surname, " ".join(parts)]) if surname and parts else surname or " ".join(parts)


def sortable_name(user: User) -> str:
    """The name that lists of people are sorted by."""
    return user.sortable_name if user.sortable_name is not None else sorted_name(user.name)


def short_name(user: User) -> str:
    """The display name; by default the full name."""
    return user.short_name or user.name


def is_fallback_of(name: str, sortable: str | None) -> bool:
    """Whether a sortable name was derived from a name, and changes with it."""
    return sortable is None or sortable == sorted_name(name)


def who_is_meant(call: Call, sent: str, *, takes_kinds: bool = True) -> str | None:
    """Whom a text names that is not a person's id; None if nobody.

    Parameters: `takes_kinds`, whether `sis_user_id:…` and the like may stand there.
    """
    tables: tuple[Table[Any], ...] = (call.store.users, call.store.pseudonyms, call.store.communication_channels)
    for table in tables:
        if (found := by_other_name(table, sent)) is not None:
            word, record = found
            kind = _OF_LOGINS.get(word, word.replace(" ", "_"))
            instead = f"; send the id, or `{kind}:{sent}`" if kind in KINDS["users"] else "; send the id"
            whose = f"`{sent}` is the {word} of user {getattr(record, 'user_id', record.id)}"
            return whose + (instead if takes_kinds else "")
    return None
