"""What of Canvas's records are credentials: tokens, codes, secrets and cookies, by the table that holds them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from lms_emulator.core.state.credentials import Credential
from lms_emulator.providers.canvas.model.access import AccessToken, AuthorizationCode


def _granted(record: AccessToken | AuthorizationCode) -> str:
    return f"developer key {record.developer_key_id}, for user {record.user_id}"


def claim(name: str) -> Callable[[str], str | None]:
    """A claim of a sealed text, without checking the seal."""

    def read(text: str) -> str | None:
        from lms_emulator.signing import jwt

        return jwt.claim(text, name)

    return read


PAIRING_CODES = (Credential(name="a pairing code", value="code", owner=lambda c: f"user {c.user_id}", single_use=True),)

DEVELOPER_KEYS = (
    Credential(
        name="the client id",
        value=lambda k: str(k.id),
        owner=lambda k: f"the developer key {k.name or k.id}",
        public=True,
    ),
    Credential(name="the client secret", value="api_key", owner=lambda k: f"developer key {k.id}"),
)

ACCESS_TOKENS = (
    Credential(
        name="an access token",
        value="token",
        owner=_granted,
        tip="REST calls take it as a bearer, LTI services a token from grant_type=client_credentials",
    ),
    Credential(
        name="a refresh token",
        value="refresh_token",
        owner=_granted,
        tip="exchange it at /login/oauth2/token",
    ),
    Credential(
        name="a replaced access token",
        value="replaced_tokens",
        owner=_granted,
        tip="at Canvas a refresh kills the previous one at once",
    ),
)

AUTHORIZATION_CODES = (
    Credential(
        name="an authorization code",
        value="code",
        owner=_granted,
        tip="exchange it at /login/oauth2/token",
        single_use=True,
    ),
)

SESSIONS = (Credential(name="a session cookie", value="id", owner=lambda s: f"user {s.user_id}"),)

REMEMBERED_LOGINS = (
    Credential(
        name="a cookie of `Stay signed in`",
        value="id",
        owner=lambda r: f"login {r.login_id}",
        single_use=True,
        read=unquote,
    ),
)

PREPARED_LAUNCHES = (Credential(name="the `verifier` of a sessionless launch", value="verifier", single_use=True),)

ISSUED_TOKENS = {
    "": (
        "an LTI service token",
        "LTI services take it; REST calls need an OAuth2 access token, and so does the older membership_service",
    ),
    "deep_linking": ("the data of a deep linking request", "the tool brings it back"),
    "session": ("the token of a session URL", ""),
}
