"""The rules of OAuth2 on this site: scopes, redirect URIs, issuing and revoking. No HTTP.

Source: django-oauth-toolkit 1.7.1 with the platform's overrides, openedx.md 1 to 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import msgspec

from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import AccessToken, Application, Grant, RefreshToken

if TYPE_CHECKING:
    from lms_emulator.core.clock import Clock
    from lms_emulator.core.ids import Ids
    from lms_emulator.providers.openedx.model.section import OpenedxStore
    from lms_emulator.providers.openedx.settings import OpenedxSettings

SCOPES = {
    "read": "Read access",
    "write": "Write access",
    "email": "Know your email address",
    "profile": "Know your name and username",
    "certificates:read": "Retrieve your course certificates",
    "grades:read": "Retrieve your grades for your enrolled courses",
    "tpa:read": "Retrieve your third-party authentication username mapping",
    "user_id": "Know your user identifier",
}
DEFAULT_SCOPES = ("read", "write", "email", "profile")
TOKEN_LENGTH = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
OUT_OF_BAND_AUTO = "urn:ietf:wg:oauth:2.0:oob:auto"

GRANT_TYPES: dict[str, tuple[str, ...]] = {
    "authorization_code": ("authorization-code", "openid-hybrid"),
    "password": ("password",),
    "client_credentials": ("client-credentials",),
    "refresh_token": ("authorization-code", "password", "client-credentials"),
}
"""Which application types may use which grant."""

RESPONSE_TYPES: dict[str, tuple[str, ...]] = {
    "code": ("authorization-code", "openid-hybrid"),
    "token": ("implicit",),
    "id_token": ("implicit",),
    "id_token token": ("implicit",),
    "code id_token": ("openid-hybrid",),
    "code token": ("openid-hybrid",),
    "code id_token token": ("openid-hybrid",),
}


def available_scopes(application: Application) -> set[str]:
    """What an application may ask for."""
    further = application.access.scopes if application.access is not None else []
    return set(DEFAULT_SCOPES) | (set(further) & set(SCOPES))


def default_scopes(application: Application) -> list[str]:
    """What it gets when it asks for nothing; a client-credentials application that may have `user_id` gets that too."""
    scopes = list(DEFAULT_SCOPES)
    if application.authorization_grant_type == "client-credentials" and "user_id" in available_scopes(application):
        scopes.append("user_id")
    return scopes


def scope_list(scope: str | None) -> list[str]:
    """A scope parameter as oauthlib splits it: an empty one is one empty scope (and so not allowed)."""
    return [] if scope is None else scope.strip().split(" ")


def filters(application: Application) -> list[str]:
    """The filters of its JWTs."""
    own = application.access.filters if application.access is not None else []
    return [*([] if application.authorization_grant_type == "client-credentials" else ["user:me"]), *own]


def jwt_scopes(application: Application, scopes: Sequence[str]) -> list[str]:
    """Scopes of a JWT: password applications always get `user_id` too."""
    if application.authorization_grant_type == "password" and "user_id" not in scopes:
        return [*scopes, "user_id"]
    return list(scopes)


_SAFE = r"A-Za-z0-9._~!$&'()*+,;=\-"
_CHARACTER = rf"(?:[{_SAFE}:@]|%[0-9A-Fa-f]{{2}})"
_IP_LITERAL = rf"\[(?:[A-Fa-f0-9:]+[:$][A-Fa-f0-9]{{1,4}}|v[0-9A-Fa-f]+\.[{_SAFE}:]+)\]"
_AUTHORITY = (  # oauthlib lets user information be one character long
    rf"(?:(?:[{_SAFE}:]|%[0-9A-Fa-f]{{2}})@)?(?:{_IP_LITERAL}|(?:[{_SAFE}]|%[0-9A-Fa-f]{{2}})*)(?::[0-9]*)?"
)
_ABSOLUTE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://{_AUTHORITY}(?:/{_CHARACTER}*)*|/(?:{_CHARACTER}+(?:/{_CHARACTER}*)*)?|{_CHARACTER}+(?:/{_CHARACTER}*)*|)"
    rf"(?:\?(?:{_CHARACTER}|[/?])*)?"
)


def is_absolute_uri(uri: str) -> bool:
    """RFC 3986's absolute-URI as oauthlib tests it: no fragment, and nothing that would have to be percent-encoded."""
    return _ABSOLUTE.fullmatch(uri) is not None


def redirect_uri_allowed(uri: str, registered: Iterable[str]) -> bool:
    """Whether a redirect URI is one of the registered ones.

    Scheme, host, port and path must be equal and the registered query part of the given one; a registered loopback
    address without a port stands for any port (RFC 8252 section 7.3).
    """
    try:
        given = urlsplit(uri)
        given_query = set(parse_qsl(given.query))
        given_host = given.hostname
    except ValueError:
        return False
    for allowed_uri in registered:
        allowed = urlsplit(allowed_uri)
        loopback = allowed.scheme == "http" and allowed.hostname in ("127.0.0.1", "::1") and allowed.port is None
        same_host = allowed.hostname == given_host if loopback else allowed.netloc == given.netloc
        same = allowed.scheme == given.scheme and same_host and allowed.path == given.path
        if same and set(parse_qsl(allowed.query)) <= given_query:
            return True
    return False


def default_redirect_uri(application: Application) -> str | None:
    """The registered redirect URI if there is just one."""
    return application.redirect_uris[0] if len(application.redirect_uris) == 1 else None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A freshly issued pair. `expires_in` in seconds, a negative float for a restricted application's."""

    access_token: AccessToken
    refresh_token: RefreshToken | None
    expires_in: float


class Authority:
    """Issues, finds and revokes tokens and codes in one site."""

    def __init__(self, store: OpenedxStore, settings: OpenedxSettings, clock: Clock, ids: Ids) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.ids = ids

    def issue(
        self,
        application: Application,
        user: str | None,
        scopes: Sequence[str],
        *,
        refreshable: bool,
        source: str | None = None,
    ) -> Issued:
        """A new access token, and a refresh token with it if asked.

        Parameters: `source`, the refresh token that is traded in. A restricted application's token is born expired.
        """
        now = self.clock.now()
        expires = EPOCH if application.restricted else now + timedelta(seconds=self.settings.access_token_seconds)
        access = self.store.access_tokens.put(
            AccessToken(
                id=self.store.next_number("access_tokens"),
                token=self.ids.alnum(TOKEN_LENGTH),
                expires=expires,
                user=user,
                application=application.client_id,
                scope=" ".join(scopes),
                source_refresh_token=source,
                created=now,
            )
        )
        refresh = None
        if refreshable and user is not None:
            refresh = self.store.refresh_tokens.put(
                RefreshToken(
                    id=self.store.next_number("refresh_tokens"),
                    token=self.ids.alnum(TOKEN_LENGTH),
                    user=user,
                    application=application.client_id,
                    access_token=access.token,
                    created=now,
                )
            )
        seconds: float = self.settings.access_token_seconds
        if application.restricted:
            seconds = (expires - now).total_seconds()
        return Issued(access_token=access, refresh_token=refresh, expires_in=seconds)

    def grant(
        self,
        application: Application,
        user: str,
        redirect_uri: str,
        scopes: Sequence[str],
        *,
        code_challenge: str = "",
        code_challenge_method: str = "",
        nonce: str = "",
    ) -> Grant:
        """A new authorization code, for one use within its lifetime."""
        return self.store.grants.put(
            Grant(
                code=self.ids.alnum(TOKEN_LENGTH),
                user=user,
                application=application.client_id,
                expires=self.clock.now() + timedelta(seconds=self.settings.code_seconds),
                redirect_uri=redirect_uri,
                scope=" ".join(scopes),
                code_challenge=code_challenge,
                code_challenge_method=code_challenge_method,
                nonce=nonce,
            )
        )

    def rotate(self, refresh: RefreshToken, application: Application, scopes: Sequence[str]) -> Issued:
        """Trade a refresh token: the old pair ends, a new one begins."""
        if refresh.access_token is not None:
            self.store.access_tokens.delete(refresh.access_token)
        self.store.refresh_tokens.put(msgspec.structs.replace(refresh, access_token=None, revoked=self.clock.now()))
        return self.issue(application, refresh.user, scopes, refreshable=True, source=refresh.token)

    def revoke(self, token: str, hint: str | None) -> bool:
        """Revoke an access or refresh token, looked for first where the hint says. Whether there was one.

        Any client may revoke any token: the site does not compare owners.
        """
        finders = [self._revoke_access, self._revoke_refresh]
        if hint == "refresh_token":
            finders.reverse()
        return any(revoke(token) for revoke in finders)

    def _revoke_access(self, token: str) -> bool:
        found = lookup.access_token(self.store, self.settings, token)
        if found is None:
            return False
        self.delete_access_token(found)
        return True

    def delete_access_token(self, token: AccessToken) -> None:
        """Take an access token out; its refresh token stays, pointing at nothing."""
        self.store.access_tokens.delete(token.token)
        for refresh in self.store.refresh_tokens.find("access_token", token.token):
            self.store.refresh_tokens.put(msgspec.structs.replace(refresh, access_token=None))

    def _revoke_refresh(self, token: str) -> bool:
        found = lookup.refresh_token(self.store, self.settings, token)
        if found is None:
            return False
        if found.revoked is None:
            if found.access_token is not None:
                self.store.access_tokens.delete(found.access_token)
            self.store.refresh_tokens.put(msgspec.structs.replace(found, access_token=None, revoked=self.clock.now()))
        return True

    def has_consented(self, application: Application, user: str, scopes: Sequence[str], *, expired_too: bool) -> bool:
        """Whether a stored token of this user and application covers the scopes."""
        now = self.clock.now()
        wanted = set(scopes)
        return any(
            wanted <= set(token.scope.split()) and (expired_too or token.expires > now)
            for token in self.store.access_tokens.find("holder", f"{user}\n{application.client_id}")
        )
