"""Applications, tokens, codes, sessions and rate limits."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.access.web_sessions import WebSession
from lms_emulator.core.state.records import Instant, Record


class DeveloperKey(Record, frozen=True, kw_only=True):
    """An application known to Canvas: an API key, or (`is_lti_key`) an LTI 1.3 tool's key.

    Attributes:
        redirect_uri: its host, and hosts below it, are allowed in OAuth2.
        redirect_uris: addresses allowed exactly.
        scopes: what may be asked for when `require_scopes`; without it a token can do all the user can.
        accounts: ids of the accounts in which the key is switched on.
        trusted: skips the consent page. force_token_reuse: an existing token of the user is given again.
        public_jwk_url: where the tool publishes its keys.
    """

    id: int
    name: str
    api_key: str = ""
    redirect_uri: str | None = None
    redirect_uris: list[str] = []
    scopes: list[str] = []
    require_scopes: bool = False
    accounts: list[int] = []
    workflow_state: Literal["active", "inactive", "deleted"] = "active"
    trusted: bool = False
    force_token_reuse: bool = False
    replace_tokens: bool = False
    is_lti_key: bool = False
    public_jwk_url: str | None = None
    public_jwk: dict[str, Any] | None = None
    oidc_initiation_url: str | None = None
    target_link_uri: str | None = None


class AccessToken(Record, frozen=True, kw_only=True):
    """A user's token, and the refresh token that renews it in place.

    Attributes:
        expires_at: after it the token needs refreshing; absent for a token made by hand.
        permanent_expires_at: after it the token is over for good.
        replaced_tokens: the last few values that refreshing put out of use, to explain a call with one of them.
    """

    id: int
    user_id: int
    developer_key_id: int
    token: str
    refresh_token: str | None = None
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    created_at: Instant
    expires_at: Instant | None = None
    permanent_expires_at: Instant | None = None
    revoked: bool = False
    replaced_tokens: list[str] = []


class AuthorizationCode(Record, frozen=True, kw_only=True):
    """A code for one exchange. A used or expired one is kept a while, to tell it from one never given."""

    code: str
    user_id: int
    developer_key_id: int
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    expires_at: Instant
    used: bool = False


class PendingAuthorization(Record, frozen=True, kw_only=True):
    """An OAuth2 request that waits for the person to sign in and decide."""

    developer_key_id: int
    redirect_uri: str
    scopes: list[str] = []
    state: str | None = None
    purpose: str | None = None


class Session(WebSession[PendingAuthorization], frozen=True, kw_only=True):
    """A browser's session, and the request of an application that waits in it."""


class Bucket(Record, frozen=True, kw_only=True):
    """How full the rate limit of one token is."""

    token_id: int
    level: float
    at: Instant
