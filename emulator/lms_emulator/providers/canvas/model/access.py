"""Applications, tokens, codes, sessions and rate limits."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class DeveloperKey(Record, frozen=True, kw_only=True):
    """An application known to Canvas: an API key, or (`is_lti_key`) an LTI 1.3 tool's key.

    Attributes:
        id: the global id, which is also the client id.
        account_id: the school that owns it; None for a key of the site admin account, which every school may use.
        redirect_uri: its host, and hosts below it, are allowed in OAuth2.
        redirect_uris: addresses allowed exactly.
        scopes: what may be asked for when `require_scopes`; without it a token can do all the user can.
        allow_includes: whether a token of a key that enforces scopes may ask for `include[]`.
        accounts: shorthand of a world file for the accounts in which the key is switched on.
        visible: whether schools see a key of the site admin account.
        trusted: skips the consent page. force_token_reuse: an existing token of the user is given again.
        public_jwk_url: where the tool publishes its keys.
    """

    id: int
    name: str | None
    api_key: str = ""
    account_id: int | None = None
    user_id: int | None = None
    email: str | None = None
    icon_url: str | None = None
    notes: str | None = None
    vendor_code: str | None = None
    redirect_uri: str | None = None
    redirect_uris: list[str] = []
    scopes: list[str] = []
    require_scopes: bool = False
    allow_includes: bool = False
    auto_expire_tokens: bool = True
    visible: bool = True
    test_cluster_only: bool = False
    client_credentials_audience: str | None = None
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
    created_at: Instant | None = None
    last_used_at: Instant | None = None


class DeveloperKeyAccountBinding(Record, frozen=True, kw_only=True):
    """What an account says about a developer key: `on`, `off`, or `allow`, which leaves it to the accounts below."""

    id: int
    account_id: int
    developer_key_id: int
    workflow_state: Literal["on", "off", "allow"] = "off"
    created_by_id: int | None = None
    updated_by_id: int | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class AccessToken(Record, frozen=True, kw_only=True):
    """A user's token, and the refresh token that renews it in place.

    Attributes:
        real_user_id: the admin who acted as the user when the token was given.
        expires_at: after it the token needs refreshing; absent for a manually generated token.
        permanent_expires_at: after it the token is over for good.
        replaced_tokens: the last few values that refreshing put out of use, to explain a call with one of them.
    """

    id: int
    user_id: int
    developer_key_id: int
    token: str
    refresh_token: str | None = None
    real_user_id: int | None = None
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    created_at: Instant
    updated_at: Instant | None = None
    last_used_at: Instant | None = None
    expires_at: Instant | None = None
    permanent_expires_at: Instant | None = None
    revoked: bool = False
    replaced_tokens: list[str] = []


class AuthorizationCode(Record, frozen=True, kw_only=True):
    """A code for one exchange. A used or expired one is kept a while, to tell it from one never given.

    Attributes:
        challenge: the PKCE challenge of the request, when it sent one.
        redirect_uri: where the code was sent.
    """

    code: str
    user_id: int
    developer_key_id: int
    real_user_id: int | None = None
    scopes: list[str] = []
    purpose: str | None = None
    remember_access: bool = False
    challenge: str | None = None
    redirect_uri: str = ""
    expires_at: Instant
    used: bool = False


class PendingAuthorization(Record, frozen=True, kw_only=True):
    """An OAuth2 request that waits for the person to sign in and decide."""

    developer_key_id: int
    redirect_uri: str
    scopes: list[str] = []
    state: str | None = None
    purpose: str | None = None
    challenge: str | None = None


class Session(Record, frozen=True, kw_only=True):
    """A browser's session.

    Attributes:
        user_id, login_id: who is signed in, and with which login.
        become_user_id: whom that person acts as.
        remembered: whether no password was given for it: it came by `Stay signed in` or by a session URL.
        fresh: until the first request after signing in.
        ended: signed out in another browser, which this one has not been told yet.
        return_to: the page that signing in leads to.
        pending: an application's request that waits until the person has signed in and decided.
        notices: messages that the next page shows.
    """

    id: str
    user_id: int | None = None
    login_id: int | None = None
    become_user_id: int | None = None
    remembered: bool = False
    fresh: bool = False
    ended: bool = False
    return_to: str | None = None
    pending: PendingAuthorization | None = None
    notices: list[dict[str, Any]] = []
    expires_at: Instant


class RememberedLogin(Record, frozen=True, kw_only=True):
    """The login behind the cookie of `Stay signed in`. It signs in once."""

    id: str
    login_id: int
    expires_at: Instant


class FailedLogins(Record, frozen=True, kw_only=True):
    """How often a login was tried with a wrong password, and when last."""

    login_id: int
    count: int
    at: Instant


class AuthenticationEvent(Record, frozen=True, kw_only=True):
    """A user signed in or out with a login."""

    id: str
    event_type: Literal["login", "logout"]
    login_id: int
    account_id: int
    user_id: int
    created_at: Instant


class Bucket(Record, frozen=True, kw_only=True):
    """How full the rate limit of one client is: of a token, of a session, of anybody who has neither."""

    client: str
    level: float
    at: Instant
