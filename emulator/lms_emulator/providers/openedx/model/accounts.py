"""People, applications, tokens, codes and sessions: the records behind OAuth2, JWT and login. No HTTP.

Field names and defaults follow the tables of django-oauth-toolkit 1.7.1 and of the LMS's user and profile
models, so that a world file reads like the Django admin.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from lms_emulator.core.state.records import Record

ClientType = Literal["confidential", "public"]
GrantType = Literal["authorization-code", "implicit", "password", "client-credentials", "openid-hybrid"]


class User(Record, frozen=True, kw_only=True):
    """A person with an account, and the profile that goes with it.

    Parameters:
        id: primary key; 0 takes the next free number.
        password: in clear; None is an *unusable* password, which is how an administrator disables an account.
        standing: `disabled` is the "account disabled" standing that blocks browser sessions but not tokens.
        preferences: user preferences by key; `pref-lang` decides the language cookie.
        mailing_address, goals, bio, city, state: profile texts; None if never filled in.
        language_proficiencies: language codes.
        social_links: platform (`facebook`, `x`, `linkedin`) to URL.
        activation_key: the key in the activation mail's link; empty derives one, None for an account in retirement.
        email_opt_ins: whether an organisation may write, `True` or `False` by its name.
        pending_name: the requested name, not confirmed yet.
        image_uploaded: when the profile image was uploaded; None without one.
    """

    username: str
    email: str
    id: int = 0
    password: str | None = None
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    is_active: bool = True
    is_staff: bool = False
    is_superuser: bool = False
    standing: Literal["enabled", "disabled"] = "enabled"
    date_joined: datetime | None = None
    last_login: datetime | None = None
    account_privacy: str | None = None
    year_of_birth: int | None = None
    country: str | None = None
    level_of_education: str | None = None
    gender: str | None = None
    bio: str | None = None
    goals: str | None = None
    state: str | None = None
    city: str | None = None
    mailing_address: str | None = None
    phone_number: str | None = None
    language_proficiencies: list[str] = []
    social_links: dict[str, str] = {}
    preferences: dict[str, str] = {}
    activation_key: str | None = ""
    email_opt_ins: dict[str, str] = {}
    pending_name: str | None = None
    image_uploaded: datetime | None = None


class ApplicationAccess(Record, frozen=True, kw_only=True):
    """What an application may ask for beyond the default scopes.

    Parameters: `scopes`, additional scopes it may get; `filters`, such as `content_org:CET`.
    """

    scopes: list[str] = []
    filters: list[str] = []


class Application(Record, frozen=True, kw_only=True):
    """An OAuth2 client.

    Parameters:
        client_secret: stored in clear, as django-oauth-toolkit 1.7.1 does.
        user: username of the owner; a client-credentials token acts as this user.
        redirect_uris: the registered redirect URIs.
        skip_authorization: trusted, no consent page.
        restricted: has a RestrictedApplication row: its opaque tokens are issued expired, its JWTs are marked.
        access: its ApplicationAccess row, if any.
    """

    client_id: str
    authorization_grant_type: GrantType
    client_type: ClientType = "confidential"
    id: int = 0
    client_secret: str = ""
    name: str = ""
    user: str | None = None
    redirect_uris: list[str] = []
    skip_authorization: bool = False
    algorithm: Literal["", "RS256", "HS256"] = ""
    restricted: bool = False
    access: ApplicationAccess | None = None


class AccessToken(Record, frozen=True, kw_only=True):
    """An opaque bearer token.

    Parameters: `user` (username) and `application` (client id) may be absent, as in the admin form; `scope` is
    space separated and never checked by the LMS's own APIs; `source_refresh_token` is the refresh token that was
    exchanged for it.
    """

    token: str
    expires: datetime
    id: int = 0
    user: str | None = None
    application: str | None = None
    scope: str = ""
    source_refresh_token: str | None = None
    created: datetime | None = None


class RefreshToken(Record, frozen=True, kw_only=True):
    """A refresh token; `access_token` is the one issued with it, None once that row is deleted."""

    token: str
    user: str
    application: str
    id: int = 0
    access_token: str | None = None
    revoked: datetime | None = None
    created: datetime | None = None


class Grant(Record, frozen=True, kw_only=True):
    """An authorization code. A used one is kept for a while, so that reuse can be named as such."""

    code: str
    user: str
    application: str
    expires: datetime
    redirect_uri: str
    scope: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    nonce: str = ""
    used: bool = False


class Session(Record, frozen=True, kw_only=True):
    """A signed-in browser session. Anonymous sessions are not stored: their cookie is proof enough.

    Parameters: `messages`, admin notices still to be shown, as (level, text) pairs; `seen_course`, the course
    of the last page of one, which the LMS notes in the session; `until_browser_closes`, as after a
    registration.
    """

    key: str
    user: str
    expires: datetime
    messages: list[tuple[str, str]] = []
    seen_course: str = ""
    until_browser_closes: bool = False


class LoginFailures(Record, frozen=True, kw_only=True):
    """Failed sign-ins of one user since the last successful one."""

    user: str
    count: int = 0
    locked_until: datetime | None = None


class Throttle(Record, frozen=True, kw_only=True):
    """Recent uses of one rate-limited scope by one caller (epoch seconds, oldest first)."""

    key: str
    hits: list[float] = []
    until: datetime | None = None
