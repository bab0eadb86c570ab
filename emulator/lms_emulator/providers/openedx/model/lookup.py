"""Find records as the site's database does, ignoring case if the setting says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from lms_emulator.core.state.tables import Table
    from lms_emulator.providers.openedx.model.accounts import AccessToken, Application, Grant, RefreshToken, User
    from lms_emulator.providers.openedx.model.section import OpenedxStore
    from lms_emulator.providers.openedx.settings import OpenedxSettings

RecordT = TypeVar("RecordT")


def _find(table: Table[RecordT], settings: OpenedxSettings, key: str) -> RecordT | None:
    found = table.get(key)
    if found is None and settings.case_insensitive_matching:
        found = table.first("folded", key.lower())
    return found


def user_named(store: OpenedxStore, settings: OpenedxSettings, username: str) -> User | None:
    """The user with this username."""
    return _find(store.users, settings, username)


def user_with_email(store: OpenedxStore, settings: OpenedxSettings, email: str) -> User | None:
    """The user with this e-mail address."""
    for user in store.users.find("email", email.lower()):
        if settings.case_insensitive_matching or user.email == email:
            return user
    return None


def application(store: OpenedxStore, settings: OpenedxSettings, client_id: str) -> Application | None:
    """The application with this client id."""
    return _find(store.applications, settings, client_id)


def access_token(store: OpenedxStore, settings: OpenedxSettings, token: str) -> AccessToken | None:
    """The access token with this value, expired or not."""
    return _find(store.access_tokens, settings, token)


def refresh_token(store: OpenedxStore, settings: OpenedxSettings, token: str) -> RefreshToken | None:
    """The refresh token with this value, revoked or not."""
    return _find(store.refresh_tokens, settings, token)


def grant(store: OpenedxStore, settings: OpenedxSettings, code: str) -> Grant | None:
    """The authorization code with this value; used and expired ones are found while they are kept."""
    return _find(store.grants, settings, code)
