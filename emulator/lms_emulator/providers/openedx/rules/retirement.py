"""Retiring a user: the states, the hashed names, and what is wiped.

Sources: edx-platform `openedx/core/djangoapps/user_api/models.py` (UserRetirementStatus) and
`user_api/accounts/views.py` (AccountRetirementView); `fixtures/recordings/openedx-2`, acct.jsonl 641-755.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.retirement import PartnerReport, Retirement
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import keys

DEAD_ENDS = ("ERRORED", "ABORTED", "COMPLETE")
_UPDATE_KEYS = {"username", "new_state", "response"}


def hashed(store: OpenedxStore, text: str) -> str:
    """What a retired name or address becomes, without prefix and host."""
    salt = store.section.retirement_salts[-1] if store.section.retirement_salts else ""
    return hashlib.sha1(f"{salt}{text.lower()}".encode()).hexdigest()


def of_username(store: OpenedxStore, username: str) -> Retirement | None:
    """The retirement of the user who had this name."""
    return store.retirements.first("username", username.lower())


def holds_username(store: OpenedxStore, username: str) -> bool:
    """Whether a retired user had this name: whether its hash is a user's name."""
    return f"retired__user_{hashed(store, username)}" in store.users


def of_email(store: OpenedxStore, email: str) -> Retirement | None:
    """The retirement of the user who had this address."""
    return store.retirements.first("email", email.lower())


def holds_email(store: OpenedxStore, email: str) -> bool:
    """Whether a user in retirement had this address: whether its hash is a user's address."""
    return store.users.first("email", _retired_email(store, email)) is not None


def _retired_email(store: OpenedxStore, email: str) -> str:
    return f"retired__user_{hashed(store, email)}@retired.invalid"


def step(store: OpenedxStore, state: str) -> int:
    """The position of a state in the pipeline."""
    states: list[str] = store.section.retirement_states
    return states.index(state) * 10 + 1


def begin(store: OpenedxStore, user: User, now: datetime) -> Retirement:
    """Put a user at the beginning of the pipeline: no password, a hashed address, no tokens."""
    email = _retired_email(store, user.email)
    made = Retirement(
        user=user.id,
        original_username=user.username,
        original_email=user.email,
        original_name=user.name,
        retired_username=f"retired__user_{hashed(store, user.username)}",
        retired_email=email,
        created=now,
        modified=now,
        id=store.next_number("retirements"),
    )
    store.retirements.put(made)
    store.users.put(replace(user, password=None, email=email, activation_key=None))
    forget_tokens(store, user.username)
    return made


def forget_tokens(store: OpenedxStore, username: str) -> None:
    """Delete the OAuth tokens of a user."""
    for table in (store.access_tokens, store.refresh_tokens):
        for token in [item for item in table if item.user == username]:
            table.delete(token.token)


def move(store: OpenedxStore, retirement: Retirement, update: dict[str, Any], now: datetime) -> str | None:
    """Take a retirement to another state. Returns why not, in the platform's words.

    Parameters: `update`, the body of the request.
    """
    missing = [key for key in ("username", "new_state", "response") if key not in update]
    if missing:
        return f"RetirementStatus: Required key {missing[0]} missing from update"
    unknown = [key for key in update if key not in _UPDATE_KEYS | {"force"}]
    if unknown:
        return f"RetirementStatus: Unknown key {unknown[0]} in update"
    state, states = str(update["new_state"]), store.section.retirement_states
    if not update.get("force"):
        if retirement.state in DEAD_ENDS:
            return f"RetirementStatus: Unable to move user from {retirement.state}"
        later = [value for value in states if step(store, value) > step(store, retirement.state)]
        if state not in later:
            now_at = f"{retirement.state} (step {step(store, retirement.state)})"
            return f"{state} does not exist or is an eariler state than current state {now_at}"
    elif state not in states:
        return f"{state} does not exist"
    line = f"\n Moved from {retirement.state} to {state}:\n{update['response']}\n"
    store.retirements.put(
        replace(
            retirement,
            last_state=retirement.state,
            state=state,
            responses=retirement.responses + line,
            modified=now,
        )
    )
    return None


def wipe(store: OpenedxStore, retirement: Retirement) -> None:
    """Take name, profile and preferences from a user in retirement."""
    user = store.users.first("id", retirement.user)
    if user is None or user.username == retirement.retired_username:
        return
    rename(store, user.username, retirement.retired_username)
    user = store.users.get(retirement.retired_username)
    if user is not None:
        empty = User(username=user.username, email=retirement.retired_email, id=user.id, is_active=False)
        store.users.put(replace(empty, date_joined=user.date_joined))


def rename(store: OpenedxStore, old: str, new: str) -> None:
    """Give a user another name, in every record that has the old one."""
    for name in store.tables:
        table = getattr(store, name)
        attribute = "username" if name == "users" else "user"
        for record in [value for value in table if getattr(value, attribute, None) == old]:
            table.delete(table._spec.key_of(record))
            table.put(replace(record, **{attribute: new}))


def cancel(store: OpenedxStore, retirement: Retirement) -> None:
    """End a retirement that has only begun: the address comes back, the password does not."""
    user = store.users.first("id", retirement.user)
    if user is not None:
        store.users.put(replace(user, email=retirement.original_email))
    store.retirements.delete(retirement.id)


def report(store: OpenedxStore, retirement: Retirement, now: datetime) -> None:
    """Record the partners to which it must be reported."""
    user = store.users.first("id", retirement.user)
    mine = store.enrollments.find("user", user.username) if user is not None else []
    found = (keys.course_key(enrollment.course) for enrollment in mine)
    orgs = sorted({key.org for key in found if key is not None})
    if orgs:
        store.partner_reports.put(
            PartnerReport(
                user=retirement.user,
                original_username=retirement.original_username,
                original_email=retirement.original_email,
                original_name=retirement.original_name,
                orgs=orgs,
                created=now,
            )
        )


def profile_number(store: OpenedxStore, user: int) -> int:
    """The number of a user's profile: profiles are made with accounts, in the same order."""
    return sum(person.id <= user for person in store.users)
