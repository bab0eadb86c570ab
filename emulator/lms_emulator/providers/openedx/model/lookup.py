"""Find records as the site's database would: in any case of letters, when the setting says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import AccessToken, Application, Grant, RefreshToken, User
    from lms_emulator.providers.openedx.model.section import OpenedxStore
    from lms_emulator.providers.openedx.settings import OpenedxSettings


def user_named(store: OpenedxStore, settings: OpenedxSettings, username: str) -> User | None:
    """The user with this username."""
    found = store.users.get(username)
    if found is None and settings.case_insensitive_matching:
        found = store.users.first("folded", username.lower())
    return found


def user_with_email(store: OpenedxStore, settings: OpenedxSettings, email: str) -> User | None:
    """The user with this e-mail address."""
    for user in store.users.find("email", email.lower()):
        if settings.case_insensitive_matching or user.email == email:
            return user
    return None


def application(store: OpenedxStore, settings: OpenedxSettings, client_id: str) -> Application | None:
    """The application with this client id."""
    found = store.applications.get(client_id)
    if found is None and settings.case_insensitive_matching:
        found = store.applications.first("folded", client_id.lower())
    return found


def access_token(store: OpenedxStore, settings: OpenedxSettings, token: str) -> AccessToken | None:
    """The access token with this text."""
    found = store.access_tokens.get(token)
    if found is None and settings.case_insensitive_matching:
        found = store.access_tokens.first("folded", token.lower())
    return found


def refresh_token(store: OpenedxStore, settings: OpenedxSettings, token: str) -> RefreshToken | None:
    """The refresh token with this text, revoked or not."""
    found = store.refresh_tokens.get(token)
    if found is None and settings.case_insensitive_matching:
        found = store.refresh_tokens.first("folded", token.lower())
    return found


def grant(store: OpenedxStore, settings: OpenedxSettings, code: str) -> Grant | None:
    """The authorization code with this text, used or expired ones included while they are kept."""
    found = store.grants.get(code)
    if found is None and settings.case_insensitive_matching:
        found = store.grants.first("folded", code.lower())
    return found
