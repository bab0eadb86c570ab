"""Issued tokens, used nonces, and requests per second."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class IssuedToken(Record, frozen=True, kw_only=True):
    """An issued access token. `expires` is exact; the token's text has whole seconds."""

    token: str
    application_id: str
    client_string: str
    user_id: int
    issued: Instant
    expires: Instant
    revoked: bool = False


class LatestToken(Record, frozen=True, kw_only=True):
    """When an application last got a token for a user; earlier ones still work, but should not be used."""

    application_id: str
    user_id: int
    issued: Instant
    expires: Instant


class RefreshToken(Record, frozen=True, kw_only=True):
    token: str
    application_id: str
    user_id: int
    access_token: str
    expires: Instant
    used: bool = False


class AccessGrant(Record, frozen=True, kw_only=True):
    """An access grant of `POST /authorize/grant` (2010), to be exchanged for tokens."""

    grant: str
    application_id: str
    user_id: int
    expires: Instant
    used: bool = False


class Nonce(Record, frozen=True, kw_only=True):
    """A nonce (or an assertion's signature) used with a consumer key."""

    consumer_key: str
    nonce: str
    until: Instant


class RequestCount(Record, frozen=True, kw_only=True):
    """Requests with one key in one second."""

    key: str
    second: int
    count: int
