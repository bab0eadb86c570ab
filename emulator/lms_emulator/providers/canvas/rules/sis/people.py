"""People and their logins in SIS imports.

Source: canvas-lms lib/sis/user_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.params import as_flag
from lms_emulator.providers.canvas.model import CommunicationChannel, Enrollment, Pseudonym, User
from lms_emulator.providers.canvas.rules import people, registering
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work, inspected, too_long

Fields = dict[str, Any]
EXISTING = {
    "existing_user_id": "sis_user_id",
    "existing_integration_id": "integration_id",
    "existing_canvas_user_id": "user_id",
}
SKIPPED = "requested login information, skipping"
STATES = ("active", "suspended", "deleted")
UNPRINTABLE = ("Cc", "Cn", "Cs", "Zl", "Zp")
TYPES = ("administrative", "observer", "staff", "student", "student_other", "teacher")
SHOWN = (
    *("user_id", "login_id", "status", "first_name", "last_name", "email", "integration_id", "short_name"),
    *("full_name", "sortable_name", "canvas_password_notification", "authentication_provider_id"),
    *("declared_user_type", "home_account"),
)
"""What Canvas shows of a row that lacks something, in this order."""


def user(work: Work, row: Row) -> bool:
    """A row of people."""
    sis_id, status = row.get("user_id"), _status(row)
    if not _checked(work, row, row.get("status"), _read(row)):
        return False
    if any("\0" in (cell or "") for cell in row.cells.values()):
        raise ImportFault("Some of the fields contain NULL character", _read(row))
    provider = _provider(work, row)
    login, by_login = work.login(sis_id), _by_login(work, row, provider)
    login = login or by_login
    _check_integration_id(work, row, login, status)
    if login is not None:
        login = _claimed(work, row, login, by_login, status)
    known = work.store.users.get(login.user_id) if login is not None else None
    if status == "deleted" and known is not None and login is not None:
        if known.id == work.batch.user_id:
            raise _late(f"Can't remove yourself user_id '{sis_id}'")
        if login.workflow_state == "deleted":
            return False
        _require_provider(row, provider)
        _leave(work, known, login)
    _require_provider(row, provider)
    _require_valid(row, _person_faults(work, row, known) + _login_faults(work, row, login))
    person = _person(work, row, known)
    made = _login(work, row, login, person, status, provider)
    return _reached(work, row, person, made, status)


def login(work: Work, row: Row) -> bool:
    """A row of additional logins. Its status is not looked at."""
    sis_id = row.get("user_id")
    named = {name: row.get(name) for name in EXISTING if row.get(name)}
    read = _login_read(row)
    _checked(work, row, "active", read)
    if not named:
        raise ImportFault(f"No existing user provided for login with SIS ID {sis_id}", read)
    provider = _provider(work, row)
    _check_integration_id(work, row, work.login(sis_id) or _by_login(work, row, provider), "active")
    if work.login(sis_id) or _by_login(work, row, provider):
        raise _late(
            f"An existing Canvas user with the SIS ID {sis_id} or login of {row.get('login_id')} already exists, "
            "skipping"
        )
    found = [pseudonym for pseudonym in work.store.pseudonyms if _is(work, pseudonym)]
    wanted = {EXISTING[name]: value for name, value in named.items()}
    ways = ((item for item in found if str(getattr(item, name)) == value) for name, value in wanted.items())
    first = next(chain.from_iterable(ways), None)
    if first is None:
        raise _late(f"Could not find the existing user for login with SIS ID {sis_id}, skipping")
    if any(str(getattr(first, name)) != value for name, value in wanted.items()):
        raise _late(
            f"An existing user does not match existing user ids provided for login with SIS ID {sis_id}, skipping"
        )
    _require_provider(row, provider)
    _require_valid(row, _login_faults(work, row, None))
    person = work.store.users.get(first.user_id)
    assert person is not None, "the world file's references are checked when it is loaded"
    made = _login(work, row, None, person, "active", provider)
    return _reached(work, row, person, made, "active")


def _is(work: Work, login: Pseudonym) -> bool:
    return login.account_id == work.batch.account_id and login.workflow_state != "deleted"


def _checked(work: Work, row: Row, status: str, read: str) -> bool:
    """Whether a row is to be imported. Raises ImportFault, which shows the row as `read`."""
    sis_id = row.get("user_id")
    if not sis_id:
        raise ImportFault("No user_id given for a user", read)
    if not row.get("login_id"):
        raise ImportFault(f"No login_id given for user {sis_id}", read)
    if not status:
        raise ImportFault(f"No status given for user {sis_id}", read)
    if not status.lower().startswith(STATES):
        raise ImportFault(f"Improper status for user {sis_id}", read)
    return not (work.skips_deletes and "deleted" in status.lower())


def _read(row: Row) -> str:
    """A row of people as Canvas has read it (canvas-lms lib/sis/models/user.rb, row_info)."""
    flags = {name: as_flag(row.get(name)) for name in ("canvas_password_notification", "home_account")}
    return inspected(**{name: flags.get(name, row.cells.get(name)) for name in SHOWN})


def _login_read(row: Row) -> str:
    """A row of logins as Canvas has read it (login_row_info there)."""
    found: dict[str, str | bool | None] = {name: row.cells.get(name) for name in EXISTING}
    found["root_account_id"] = row.cells.get("root_account")
    found |= {"user_id": row.cells.get("user_id"), "login_id": row.cells.get("login_id"), "status": "active"}
    found |= {name: row.cells.get(name) for name in ("email", "integration_id", "authentication_provider_id")}
    return inspected(**found)


def _late(says: str) -> ImportFault:
    return ImportFault(says, late=True)


def _status(row: Row) -> Any:
    status = row.get("status").lower()
    return status if status in STATES else "active"


def _provider(work: Work, row: Row) -> int | None:
    named = row.get("authentication_provider_id")
    if not named:
        return None
    own = work.store.authentication_providers.find("account", work.batch.account_id)
    for provider in own:
        if provider.workflow_state == "active" and named in (str(provider.id), provider.auth_type):
            return provider.id
    return None


def _require_provider(row: Row, provider: int | None) -> None:
    named = row.get("authentication_provider_id")
    if named and provider is None:
        raise _late(f"unrecognized authentication provider {named} for {row.get('user_id')}, skipping")


def _by_login(work: Work, row: Row, provider: int | None) -> Pseudonym | None:
    rows = [item for item in work.store.pseudonyms.find("unique_id", row.get("login_id").lower()) if _is(work, item)]
    named = row.get("authentication_provider_id")
    return next((item for item in rows if not named or item.authentication_provider_id == provider), None)


def _holder(login: Pseudonym) -> str:
    return f"SIS ID {login.sis_user_id}" if login.sis_user_id else f"Canvas ID {login.user_id}"


def _check_integration_id(work: Work, row: Row, login: Pseudonym | None, status: str) -> None:
    wanted = row.get("integration_id")
    rows = work.store.pseudonyms.find("integration_id", wanted) if wanted else ()
    taken = next((pseudonym for pseudonym in rows if pseudonym.account_id == work.batch.account_id), None)
    if taken is not None and status != "deleted" and (login is None or taken.id != login.id):
        raise _late(
            f"An existing Canvas user with the {_holder(taken)} has already claimed {row.get('user_id')}'s "
            "requested integration_id, skipping"
        )


def _claimed(work: Work, row: Row, login: Pseudonym, by_login: Pseudonym | None, status: str) -> Pseudonym:
    """The login of a row, with the row's SIS id. Raises ImportFault if it belongs to another user."""
    sis_id = row.get("user_id")
    if login.sis_user_id and login.sis_user_id != sis_id and not work.batch.options["update_sis_id_if_login_claimed"]:
        raise _late(
            f"An existing Canvas user with the SIS ID {login.sis_user_id} has already claimed {sis_id}'s user_id "
            f"{SKIPPED}"
        )
    other = by_login is not None and by_login.id != login.id and status != "deleted"
    if by_login is not None and (other or login.unique_id.lower() != row.get("login_id").lower()):
        raise _late(
            f"An existing Canvas user with the {_holder(by_login)} has already claimed {sis_id}'s user_id {SKIPPED}"
        )
    return login


def _require_valid(row: Row, faults: list[str]) -> None:
    """Canvas names the first fault, and explains one kind only (generate_readable_error_message)."""
    if faults:
        unprintable = faults[0] == "unique_id is invalid"
        why = f"Invalid login_id: '{row.get('login_id')}'" if unprintable else f"Unknown reason: {faults[0]}"
        raise _late(f"Could not save the user with user_id: '{row.get('user_id')}'. {why}")


def _person_faults(work: Work, row: Row, known: User | None) -> list[str]:
    """What canvas-lms app/models/user.rb finds wrong with the names of a row."""
    names = {"name": _name(row, known), "short_name": row.get("short_name"), "sortable_name": _sortable(row, known)}
    return too_long(**{name: text for name, text in names.items() if name not in work.stuck(known)})


def _login_faults(work: Work, row: Row, known: Pseudonym | None) -> list[str]:
    """What canvas-lms app/models/pseudonym.rb finds wrong with a row, in its order."""
    login, wanted = row.get("login_id"), row.get("integration_id")
    others = work.store.pseudonyms.find("integration_id", wanted) if wanted else ()
    others = [pseudonym for pseudonym in others if pseudonym.account_id == work.batch.account_id]
    if any(known is None or pseudonym.id != known.id for pseudonym in others):
        return [f'integration_id Integration ID "{wanted}" is already in use']
    renamed = "unique_id" not in work.stuck(known)
    found = ["unique_id is too long (maximum is 100 characters)"] if renamed and len(login) > 100 else []
    found += too_long(sis_user_id=row.get("user_id"))
    if (_given(row, "declared_user_type") or TYPES[0]) not in TYPES:
        found.append("declared_user_type is not included in the list")
    if renamed and any(unicodedata.category(value) in UNPRINTABLE for value in login):
        found.append("unique_id is invalid")
    password, (least, most) = row.get("password"), registering.PASSWORD
    if password and (known is None or known.password is None) and not least <= len(password) <= most:
        found.append(f"password too_{'short' if len(password) < least else 'long'}")
    return found


def _person(work: Work, row: Row, known: User | None) -> User:
    name, sortable = _name(row, known), _sortable(row, known)
    if known is None:
        made = User(
            **work.api.new_row("users"),
            name=name,
            short_name=row.get("short_name") or None,
            sortable_name=sortable,
            pronouns=_given(row, "pronouns"),
            uuid=work.api.new_uuid(),
            lti_id=work.api.call.ids.uuid(),
        )
        return work.store.users.put(made)
    fields: Fields = {"name": name, "sortable_name": sortable}
    if row.get("short_name"):
        fields["short_name"] = row.get("short_name")
    if row.get("pronouns"):
        fields["pronouns"] = _given(row, "pronouns")
    if known.workflow_state != "pre_registered":
        fields["workflow_state"] = "registered"
    fields = {field: value for field, value in fields.items() if field not in work.stuck(known)}
    fields |= work.stickiness(known, replace(known, **fields))
    if all(getattr(known, field) == value for field, value in fields.items()):
        return known
    return work.store.users.put(replace(known, updated_at=work.api.now, **fields))


def _given(row: Row, cell: str) -> str | None:
    text = row.get(cell)
    return None if text in ("", "<delete>") else text


def _name(row: Row, known: User | None) -> str:
    parts = " ".join(part for part in (row.get("first_name"), row.get("last_name")) if part)
    found = row.get("full_name") or parts or (known.name if known is not None else "")
    return found or row.get("sortable_name") or row.get("short_name") or row.get("login_id")


def _sortable(row: Row, known: User | None) -> str | None:
    if row.get("sortable_name"):
        return row.get("sortable_name")
    if row.get("full_name"):
        return None
    if row.get("first_name") or row.get("last_name"):
        return ", ".join([row.get("last_name"), row.get("first_name")])
    return known.sortable_name if known is not None else None


def _login(work: Work, row: Row, known: Pseudonym | None, person: User, status: Any, provider: int | None) -> Pseudonym:
    base = known or Pseudonym(
        id=work.api.new_id("pseudonyms"),
        user_id=person.id,
        account_id=work.batch.account_id,
        unique_id=row.get("login_id"),
        position=len(people.logins_of(work.store, person)) + 1,
        created_at=work.api.now,
    )
    stuck = work.stuck(known)
    fields: Fields = {"sis_user_id": row.get("user_id"), "authentication_provider_id": provider}
    if row.get("integration_id"):
        fields["integration_id"] = row.get("integration_id")
    if row.get("declared_user_type"):
        fields["declared_user_type"] = _given(row, "declared_user_type")
    if row.get("password") and base.password is None:
        fields["sis_password"] = row.get("password")
    if row.get("ssha_password"):
        fields["sis_ssha"] = row.get("ssha_password")
    if "unique_id" not in stuck:
        fields["unique_id"] = row.get("login_id")
    if "workflow_state" not in stuck:
        fields["workflow_state"] = status
    return work.keep(replace(base, **fields), known)


def _reached(work: Work, row: Row, person: User, login: Pseudonym, status: str) -> bool:
    """Give a user the address in a row. False if it is invalid, and the row is to be skipped."""
    address = row.get("email")
    if not address:
        return True
    if not registering.EMAIL.fullmatch(address):
        sis_id = row.get("user_id")
        raise _late(f"The email address associated with user '{sis_id}' is invalid (email: '{address}')")
    rows = work.store.communication_channels.find("user", person.id)
    before = work.store.communication_channels.get(login.sis_channel_id or 0)
    others = [channel for channel in rows if channel.address.lower() == address.lower() and channel.type == "email"]
    others = [channel for channel in others if before is None or channel.id != before.id]
    other = min(others, key=lambda channel: (channel.workflow_state == "retired", channel.id), default=None)
    if before is not None and other is not None:
        work.change(before, "retired")
        before = None
    known = before or other
    base = known or CommunicationChannel(
        id=work.api.new_id("communication_channels"),
        user_id=person.id,
        address=address,
        position=len(people.channels_of(work.store, person)) + 1,
        confirmation_code=work.api.call.ids.text(25),
        created_at=work.api.now,
    )
    state = "retired" if status == "deleted" else "active"
    made = work.keep(replace(base, address=address, workflow_state=state), known)
    work.store.pseudonyms.put(replace(login, sis_channel_id=made.id))
    return True


def _leave(work: Work, person: User, login: Pseudonym) -> None:
    """Remove a user without logins from courses, groups and administrative roles."""
    others = [row for row in people.logins_of(work.store, person) if row.id != login.id and _is(work, row)]
    if others:
        return
    for enrollment in list(work.store.enrollments.find("user", person.id)):
        for ended in [*_watching(work, enrollment), enrollment]:
            work.change(ended, "deleted", updated_at=work.api.now)
    for place in list(work.store.group_memberships.find("user", person.id)):
        work.change(place, "deleted")
    for admin in list(work.store.account_users.find("user", person.id)):
        work.change(admin, "deleted")


def _watching(work: Work, enrollment: Enrollment) -> list[Enrollment]:
    """The enrollments of a student's observers that follow one of the student's."""
    if enrollment.type != "StudentEnrollment" or enrollment.workflow_state == "deleted":
        return []
    links = work.store.user_observers.find("student", enrollment.user_id)
    observers = {observation.observer_id for observation in links if observation.workflow_state == "active"}
    rows = work.store.enrollments.find("section", enrollment.course_section_id)
    return [row for row in rows if row.associated_user_id == enrollment.user_id and row.user_id in observers]
