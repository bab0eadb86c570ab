"""Issuing, finding and revoking tokens and codes. No HTTP.

Sources: django-oauth-toolkit 1.7.1 `oauth2_provider/models.py` and `oauth2_provider/oauth2_validators.py`;
edx-platform `openedx/core/djangoapps/oauth_dispatch/dot_overrides/validators.py` (EdxOAuth2Validator).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from lms_emulator.core.clock import Clock
from lms_emulator.core.ids import Ids
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import AccessToken, Application, Grant, RefreshToken
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.settings import OpenedxSettings

TOKEN_LENGTH = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A freshly issued pair. `expires_in` in seconds, a negative float for a restricted application's."""

    access_token: AccessToken
    refresh_token: RefreshToken | None
    expires_in: float


class Issuer:
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
        """A new access token and, if requested, a refresh token.

        Parameters: `source`, the refresh token that is exchanged. A restricted application's token is issued expired.
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
        """A new single-use authorization code."""
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
        """Exchange a refresh token: the old pair is revoked, a new one issued."""
        if refresh.access_token is not None:
            self.store.access_tokens.delete(refresh.access_token)
        self.store.refresh_tokens.put(replace(refresh, access_token=None, revoked=self.clock.now()))
        return self.issue(application, refresh.user, scopes, refreshable=True, source=refresh.token)

    def revoke(self, token: str, hint: str | None) -> bool:
        """Revoke an access or refresh token, starting with the kind that the hint names. Returns whether there was one.

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
        """Delete an access token. Its refresh token stays without one."""
        self.store.access_tokens.delete(token.token)
        for refresh in self.store.refresh_tokens.find("access_token", token.token):
            self.store.refresh_tokens.put(replace(refresh, access_token=None))

    def _revoke_refresh(self, token: str) -> bool:
        found = lookup.refresh_token(self.store, self.settings, token)
        if found is None:
            return False
        if found.revoked is None:
            if found.access_token is not None:
                self.store.access_tokens.delete(found.access_token)
            self.store.refresh_tokens.put(replace(found, access_token=None, revoked=self.clock.now()))
        return True

    def has_consented(self, application: Application, user: str, scopes: Sequence[str], *, expired_too: bool) -> bool:
        """Whether a stored token of this user and application covers the scopes."""
        now = self.clock.now()
        wanted = set(scopes)
        return any(
            wanted <= set(token.scope.split()) and (expired_too or token.expires > now)
            for token in self.store.access_tokens.find("holder", f"{user}\n{application.client_id}")
        )


def issuer(call: Call) -> Issuer:
    """The issuer of this request's world."""
    return Issuer(call.store, call.settings, call.clock, call.ids)
