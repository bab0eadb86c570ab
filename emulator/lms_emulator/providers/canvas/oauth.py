"""Canvas's OAuth2 rules: which key may ask for what, what a code gives, what refreshing does to a token.

Sources: https://canvas.instructure.com/doc/api/file.oauth_endpoints.html; in github.com/instructure/canvas-lms the
order of the checks from `app/controllers/oauth2_provider_controller.rb`, refreshing in place from
`app/models/access_token.rb`.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.model import (
    AccessToken,
    AuthorizationCode,
    DeveloperKey,
    PendingAuthorization,
    User,
)
from lms_emulator.providers.canvas.rules.people import effective_locale

USERINFO = ["/auth/userinfo"]
REPLACED_KEPT = 8
FRESH_SECONDS = 60


class Grant(NamedTuple):
    """A token and the person it acts for. `fresh` tells a token from a code from a refreshed one."""

    token: AccessToken
    user: User
    fresh: bool


def find_key(x: Call, client_id: str) -> DeveloperKey:
    """The active developer key of that id. Raises the refusal `unknown_client`."""
    key = x.store.developer_keys.get(number(client_id))
    if not x.check("client_id is an active developer key", key is not None and key.workflow_state == "active"):
        raise refusals.unknown_client(client_id)
    assert key is not None
    return key


def check_redirect_uri(x: Call, key: DeveloperKey, redirect_uri: str) -> None:
    """Registered exactly, or on the key's host or a host below it. Raises `redirect_uri_mismatch`."""
    exact = [x.resolve(one) for one in key.redirect_uris]
    own = x.resolve(key.redirect_uri) if key.redirect_uri else ""
    if x.check("redirect_uri", redirect_uri in exact or _same_host(own, redirect_uri), got=redirect_uri):
        return
    raise refusals.redirect_mismatch([*([own] if own else []), *exact], redirect_uri)


def _same_host(own: str, asked: str) -> bool:
    try:
        own_host, asked_host = urlsplit(own).hostname, urlsplit(asked).hostname
    except ValueError:
        return False
    return bool(own_host and asked_host) and (own_host == asked_host or str(asked_host).endswith(f".{own_host}"))


def pending_authorization(x: Call) -> tuple[DeveloperKey, PendingAuthorization]:
    """What `/login/oauth2/auth` asks for, checked in Canvas's order. Raises the refusal for the first fault."""
    query = x.query
    key = find_key(x, query.get("client_id", ""))
    redirect_uri = query.get("redirect_uri", "")
    check_redirect_uri(x, key, redirect_uri)
    scopes = (query.get("scope") or query.get("scopes") or "").split()
    state = query.get("state")
    _check_scopes(x, key, redirect_uri, scopes)
    if not x.check("key is switched on in the account", _switched_on(x, key), got=key.accounts):
        raise refusals.redirected(
            redirect_uri,
            "key_not_enabled",
            "unauthorized_client",
            "Client does not have access to the specified Canvas account.",
            state,
            check="the key is switched on in the account",
            expected=_root_account(x),
            got=key.accounts,
        )
    if not x.check("response_type", query.get("response_type") == "code", got=query.get("response_type")):
        raise refusals.redirected(
            redirect_uri,
            "unsupported_response_type",
            "unsupported_response_type",
            "Only response_type=code is permitted",
            state,
            check="response_type",
            expected="code",
            got=query.get("response_type"),
        )
    pending = PendingAuthorization(
        developer_key_id=key.id, redirect_uri=redirect_uri, scopes=scopes, state=state, purpose=query.get("purpose")
    )
    return key, pending


def _check_scopes(x: Call, key: DeveloperKey, redirect_uri: str, scopes: list[str]) -> None:
    if not (key.require_scopes or key.is_lti_key):
        return
    refused = [one for one in scopes if one not in key.scopes]
    if x.check("scopes are the key's", bool(scopes) and not refused, expected=key.scopes, got=scopes):
        return
    diagnosis = None
    if key.is_lti_key:
        diagnosis = "this is an LTI key; REST calls need an API key of their own (Developer Keys > + API Key)"
    elif not scopes:
        diagnosis = "this key enforces scopes, so `scope` must name them"
    raise refusals.invalid_scope(redirect_uri, refused, diagnosis)


def _root_account(x: Call) -> int | None:
    return min((account.id for account in x.store.accounts), default=None)


def _switched_on(x: Call, key: DeveloperKey) -> bool:
    return _root_account(x) in key.accounts


def needs_no_consent(x: Call, key: DeveloperKey, user: User, pending: PendingAuthorization) -> bool:
    """Whether the consent page is skipped: a trusted key, or a token that would be given again anyway."""
    return key.trusted or reusable_token(x, key, user, pending.scopes, pending.purpose) is not None


def reusable_token(
    x: Call, key: DeveloperKey, user: User, scopes: list[str], purpose: str | None
) -> AccessToken | None:
    """A live token of the user that is given again: when the key forces reuse, or for remembered identity."""
    for token in x.store.access_tokens.find("user", user.id):
        same = token.developer_key_id == key.id and token.purpose == purpose and not token.revoked
        reused = key.force_token_reuse or (scopes == USERINFO and token.remember_access)
        if same and reused and sorted(token.scopes) == sorted(scopes):
            return token
    return None


def accept(x: Call, user: User, pending: PendingAuthorization, *, remember: bool = False) -> str:
    """Grant the request: mint a code and give the address to send the browser to."""
    code = AuthorizationCode(
        code=x.ids.hex(128),
        user_id=user.id,
        developer_key_id=pending.developer_key_id,
        scopes=pending.scopes,
        purpose=pending.purpose,
        remember_access=remember,
        expires_at=x.clock.now() + timedelta(seconds=x.settings.authorization_code_lifetime_seconds),
    )
    x.store.authorization_codes.put(code)
    values = [("code", code.code)] + ([("state", pending.state)] if pending.state is not None else [])
    return add_query(pending.redirect_uri, values)


def check_secret(x: Call, key: DeveloperKey, secret: str) -> None:
    """Raises `invalid_client_secret`."""
    if x.check("client_secret", bool(key.api_key) and hmac.compare_digest(key.api_key.encode(), secret.encode())):
        return
    diagnosis = None
    if not secret:
        diagnosis = "no client_secret was sent, neither in the body nor by HTTP Basic"
    elif secret.strip() == key.api_key:
        diagnosis = "the secret has white space around it"
    else:
        other = next((one for one in x.store.developer_keys if one.api_key == secret), None)
        diagnosis = f"this is the secret of developer key {other.id}" if other is not None else None
    raise refusals.invalid_client_secret(diagnosis)


def exchange_code(x: Call, key: DeveloperKey, code: str, *, replace_tokens: bool) -> Grant:
    """The token for a code; the code is used up."""
    found = x.store.authorization_codes.get(code)
    now = x.clock.now()
    if found is None:
        x.check("code is known", False, got=code)
        raise refusals.code_not_found("code_unknown", "Canvas never gave this code, or more than an hour ago")
    if found.used:
        x.check("code is unused", False, got=code)
        raise refusals.code_not_found("code_used", "the code was exchanged before; was the return page loaded again?")
    if now >= found.expires_at:
        x.check("code is alive", False, expected=f"before {found.expires_at.isoformat()}", got=now.isoformat())
        raise refusals.code_not_found("code_expired", "a code lives 10 minutes")
    if found.developer_key_id != key.id:
        x.check("code was given to this key", False, expected=found.developer_key_id, got=key.id)
        raise refusals.incorrect_client(found.developer_key_id, key.id)
    x.store.authorization_codes.put(msgspec.structs.replace(found, used=True))
    user = x.store.users.get(found.user_id)
    if user is None:
        raise refusals.code_not_found("code_unknown", "the user who consented does not exist any more")
    existing = reusable_token(x, key, user, found.scopes, found.purpose)
    if existing is not None:
        return Grant(_regenerate(x, existing), user, True)
    if replace_tokens or key.replace_tokens:
        for token in x.store.access_tokens.find("user", user.id):
            if token.developer_key_id == key.id and not token.revoked:
                x.store.access_tokens.put(msgspec.structs.replace(token, revoked=True))
    token = AccessToken(
        id=x.store.next_number("access_tokens"),
        user_id=user.id,
        developer_key_id=key.id,
        token=_token_text(x),
        refresh_token=_token_text(x),
        scopes=found.scopes,
        purpose=found.purpose,
        remember_access=found.remember_access,
        created_at=now,
        expires_at=now + timedelta(seconds=x.settings.access_token_lifetime_seconds),
    )
    return Grant(x.store.access_tokens.put(token), user, True)


def refresh(x: Call, key: DeveloperKey, refresh_token: str) -> Grant:
    """Renew a token in place: the access token before this one is dead from now on, the refresh token stays."""
    token = x.store.access_tokens.first("refresh_token", refresh_token)
    if token is None or token.revoked:
        x.check("refresh_token is alive", False)
        diagnosis = None
        if token is not None:
            diagnosis = "the token was revoked, and its refresh token with it; the person has to consent again"
        elif x.store.access_tokens.first("token", refresh_token) is not None:
            diagnosis = "this is an access token, not a refresh token"
        raise refusals.refresh_token_not_found(x.settings.dead_refresh_token_error, diagnosis)
    if not x.check("refresh_token was given to this key", token.developer_key_id == key.id):
        raise refusals.incorrect_client(token.developer_key_id, key.id)
    user = x.store.users.get(token.user_id)
    if user is None:
        raise refusals.refresh_token_not_found(x.settings.dead_refresh_token_error, "the user does not exist any more")
    if token.replaced_tokens and _age(x, token) < FRESH_SECONDS:
        x.warn(
            "refreshed_again_at_once",
            "this token was refreshed moments ago; two workers that both refresh kill each other's access token",
        )
    return Grant(_regenerate(x, token), user, False)


def _age(x: Call, token: AccessToken) -> float:
    """Seconds since the access token was made."""
    if token.expires_at is None:
        return float("inf")
    made = token.expires_at - timedelta(seconds=x.settings.access_token_lifetime_seconds)
    return (x.clock.now() - made).total_seconds()


def _regenerate(x: Call, token: AccessToken) -> AccessToken:
    now = x.clock.now()
    renewed = msgspec.structs.replace(
        token,
        token=_token_text(x),
        expires_at=now + timedelta(seconds=x.settings.access_token_lifetime_seconds),
        replaced_tokens=[*token.replaced_tokens, token.token][-REPLACED_KEPT:],
    )
    return x.store.access_tokens.put(renewed)


def _token_text(x: Call) -> str:
    return f"1~{x.ids.alnum(64)}"


def revoke(x: Call, token: AccessToken) -> None:
    """Kill the token and its refresh token."""
    x.store.access_tokens.put(msgspec.structs.replace(token, revoked=True))


def token_answer(x: Call, grant: Grant) -> dict[str, object]:
    """The JSON of a token: from a code with the refresh token, from a refresh without."""
    token, user = grant.token, grant.user
    body: dict[str, object] = {
        "access_token": token.token if token.scopes != USERINFO else None,
        "token_type": "Bearer",
        "user": {
            "id": user.id,
            "name": user.name,
            "global_id": str(10_000_000_000_000 + user.id),
            "effective_locale": effective_locale(user),
        },
        "canvas_region": x.settings.canvas_region,
    }
    if grant.fresh and token.scopes != USERINFO:
        body["refresh_token"] = token.refresh_token
    if token.expires_at is not None:
        body["expires_in"] = max(0, round((token.expires_at - x.clock.now()).total_seconds()))
    return body
