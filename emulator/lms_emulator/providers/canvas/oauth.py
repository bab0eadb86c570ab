"""Canvas's OAuth2 rules: what a key may request, what a code yields, how refreshing changes a token.

Sources: https://canvas.instructure.com/doc/api/file.oauth_endpoints.html; in github.com/instructure/canvas-lms the
order of the checks from `app/controllers/oauth2_provider_controller.rb`, refreshing in place from
`app/models/access_token.rb`.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec.structs import replace

from lms_emulator.core.errors import shortened
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import (
    AccessToken,
    AuthorizationCode,
    DeveloperKey,
    PendingAuthorization,
    User,
    switched_on,
)
from lms_emulator.providers.canvas.refusals import oauth as oauth_refusals
from lms_emulator.providers.canvas.rules import keys
from lms_emulator.providers.canvas.rules.people import effective_locale
from lms_emulator.signing import pkce

USERINFO = ["/auth/userinfo"]
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect address of programs that have none: Canvas shows the code itself."""
AUTHORIZE = "/login/oauth2/auth"
TOKEN = "/login/oauth2/token"
REPLACED_KEPT = 8
FRESH_SECONDS = 60


class Grant(NamedTuple):
    """A token and the person it acts for. `fresh` distinguishes a token from a code from a refreshed one."""

    token: AccessToken
    user: User
    fresh: bool


def find_key(call: Call, client_id: str) -> DeveloperKey:
    """The active developer key with that id. Raises the refusal `unknown_client`."""
    key = keys.find(call.store, client_id)
    if not call.check("client_id is an active developer key", key is not None and key.workflow_state == "active"):
        raise oauth_refusals.unknown_client(client_id)
    assert key is not None
    return key


def check_redirect_uri(call: Call, key: DeveloperKey, redirect_uri: str) -> None:
    """Registered exactly, or on or below the host of the key's legacy redirect URI; or out of band.

    Raises `redirect_uri_mismatch`.
    """
    exact = [call.resolve(uri) for uri in key.redirect_uris]
    own = call.resolve(key.redirect_uri) if key.redirect_uri else ""
    right = redirect_uri in exact or redirect_uri == OUT_OF_BAND or _same_host(own, redirect_uri)
    if call.check("redirect_uri", right, got=redirect_uri):
        return
    others = [
        (f"client {other.id}", [call.resolve(uri) for uri in (other.redirect_uri, *other.redirect_uris) if uri])
        for other in call.store.developer_keys
        if other.id != key.id
    ]
    known = [*([own] if own else []), *exact]
    raise oauth_refusals.redirect_mismatch(known, redirect_uri, others, lti_key=key.is_lti_key)


def _same_host(own: str, asked: str) -> bool:
    try:
        own_parts, asked_parts = urlsplit(own), urlsplit(asked)
        own_host, asked_host = own_parts.hostname, asked_parts.hostname
    except ValueError:
        return False
    if not own_host or not asked_host or own_parts.scheme != asked_parts.scheme or " " in asked:
        return False
    return own_host == asked_host or asked_host.endswith(f".{own_host}")


def return_address(call: Call, redirect_uri: str) -> str:
    """Where the browser takes a code or an error: the application's URL, or a page of Canvas if out of band."""
    return call.url(AUTHORIZE) if redirect_uri == OUT_OF_BAND else redirect_uri


def pending_authorization(api: Api) -> tuple[DeveloperKey, PendingAuthorization]:
    """The request to `/login/oauth2/auth`, validated in Canvas's order. Raises the refusal for the first fault."""
    call, params = api.call, api.params
    key = find_key(call, params.text("client_id") or "")
    redirect_uri = params.text("redirect_uri") or ""
    check_redirect_uri(call, key, redirect_uri)
    asked = params.text("scope") if params.has("scope") else params.text("scopes")
    scopes, state = (asked or "").split(), params.text("state")
    back = return_address(call, redirect_uri)
    _check_scopes(call, key, redirect_uri, scopes)
    found = keys.binding(call.store, key, api.root.id)
    said = found.workflow_state if found is not None else None
    if not call.check("the key is switched on in the account", said == "on", got=said):
        raise oauth_refusals.key_not_enabled(back, state, said)
    kind = params.text("response_type")
    if not call.check("response_type", kind == "code", got=kind):
        raise oauth_refusals.unsupported_response_type(back, state, kind)
    pending = PendingAuthorization(
        developer_key_id=key.id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=state,
        purpose=params.text("purpose"),
        challenge=_challenge(api),
    )
    return key, pending


def _challenge(api: Api) -> str | None:
    """The PKCE challenge, which counts only with method `S256`."""
    challenge, method = api.params.text("code_challenge"), api.params.text("code_challenge_method")
    if not api.settings.pkce or not challenge:
        return None
    if method != "S256":
        api.call.warn("pkce_ignored", "Canvas ignores a code_challenge whose method is not `S256`")
        return None
    return challenge


def _check_scopes(call: Call, key: DeveloperKey, redirect_uri: str, scopes: list[str]) -> None:
    if not (key.require_scopes or key.is_lti_key):
        return
    refused = [scope for scope in scopes if scope not in key.scopes]
    if call.check("scopes are the key's", bool(scopes) and not refused, expected=key.scopes, got=scopes):
        return
    diagnosis = None
    if key.is_lti_key:
        diagnosis = "this is an LTI key; REST calls need an API key of their own (Developer Keys > + API Key)"
    elif not scopes:
        diagnosis = "this key enforces scopes, so `scope` must name them"
    raise oauth_refusals.invalid_scope(
        None if redirect_uri == OUT_OF_BAND else redirect_uri, refused, diagnosis, key.scopes
    )


def needs_no_consent(call: Call, key: DeveloperKey, user: User, pending: PendingAuthorization) -> bool:
    """Whether to skip the consent page: for a trusted key, or if a token would be reused anyway."""
    return key.trusted or reusable_token(call, key, user, pending.scopes, pending.purpose) is not None


def reusable_token(
    call: Call, key: DeveloperKey, user: User, scopes: list[str], purpose: str | None
) -> AccessToken | None:
    """A live token of the user to reuse: if the key forces reuse, or for remembered identity."""
    for token in call.store.access_tokens.find("user", user.id):
        same = token.developer_key_id == key.id and token.purpose == purpose and not token.revoked
        reused = key.force_token_reuse or (scopes == USERINFO and token.remember_access)
        if same and reused and sorted(token.scopes) == sorted(scopes):
            return token
    return None


def accept(
    call: Call, user: User, pending: PendingAuthorization, *, real_user_id: int | None = None, remember: bool = False
) -> str:
    """Grant the request: issue a code. Returns where to send the browser."""
    code = AuthorizationCode(
        code=call.ids.hex(128),
        user_id=user.id,
        developer_key_id=pending.developer_key_id,
        real_user_id=real_user_id,
        scopes=pending.scopes,
        purpose=pending.purpose,
        remember_access=remember,
        challenge=pending.challenge,
        redirect_uri=pending.redirect_uri,
        expires_at=call.clock.now() + timedelta(seconds=call.settings.authorization_code_lifetime_seconds),
    )
    call.store.authorization_codes.put(code)
    values = [("code", code.code)] + ([("state", pending.state)] if pending.state is not None else [])
    return add_query(return_address(call, pending.redirect_uri), values)


def check_secret(call: Call, key: DeveloperKey, secret: str) -> None:
    """Raises `invalid_client_secret`."""
    if call.check("client_secret", bool(key.api_key) and hmac.compare_digest(key.api_key.encode(), secret.encode())):
        return
    raise oauth_refusals.invalid_client_secret(secret, key.api_key)


def exchange_code(
    call: Call, key: DeveloperKey, code: str, verifier: str | None, redirect_uri: str | None, *, replace_tokens: bool
) -> Grant:
    """Exchange a code, which is consumed, for a token. Canvas does not compare the `redirect_uri`."""
    found = call.store.authorization_codes.get(code)
    now = call.clock.now()
    if found is None:
        call.check("code is known", False, got=code)
        raise oauth_refusals.code_not_found(
            "code_unknown", "Canvas never gave this code, or more than an hour ago", code
        )
    if found.used:
        call.check("code is unused", False, got=code)
        raise oauth_refusals.code_not_found(
            "code_used", "the code was exchanged before; was the return page loaded again?"
        )
    if now >= found.expires_at:
        call.check("code is alive", False, expected=f"before {found.expires_at.isoformat()}", got=now.isoformat())
        raise oauth_refusals.code_not_found("code_expired", "a code lives 10 minutes")
    if found.developer_key_id != key.id:
        call.check("code was given to this key", False, expected=found.developer_key_id, got=key.id)
        raise oauth_refusals.incorrect_client(found.developer_key_id, key.id, code)
    call.store.authorization_codes.put(replace(found, used=True))
    _check_verifier(call, found, verifier)
    if redirect_uri and found.redirect_uri and redirect_uri != found.redirect_uri:
        asked, sent = shortened(found.redirect_uri, 200), shortened(redirect_uri, 200)
        why = f"the code was asked for with {asked}, and exchanged with {sent}: Canvas does not look; others refuse it"
        call.warn("redirect_uri_unchecked", why)
    user = call.store.users.get(found.user_id)
    if user is None:
        raise oauth_refusals.code_not_found("code_unknown", "the user who consented does not exist any more")
    existing = reusable_token(call, key, user, found.scopes, found.purpose)
    if existing is not None:
        identity_only = existing.scopes == USERINFO
        return Grant(existing if identity_only else _regenerate(call, key, existing), user, True)
    if replace_tokens or key.replace_tokens:
        for token in call.store.access_tokens.find("user", user.id):
            if token.developer_key_id == key.id and not token.revoked:
                revoke(call, token)
    token = AccessToken(
        id=call.store.new_id("access_tokens"),
        user_id=user.id,
        developer_key_id=key.id,
        real_user_id=found.real_user_id,
        token=token_text(call),
        refresh_token=token_text(call),
        scopes=found.scopes,
        purpose=found.purpose,
        remember_access=found.remember_access,
        created_at=now,
        expires_at=_expiry(call, key),
    )
    return Grant(call.store.access_tokens.put(token), user, True)


def refresh(call: Call, key: DeveloperKey, refresh_token: str) -> Grant:
    """Renew a token in place: the previous access token dies, the refresh token stays."""
    token = call.store.access_tokens.first("refresh_token", refresh_token)
    if token is None or token.revoked:
        call.check("refresh_token is alive", False)
        error, diagnosis = call.settings.dead_refresh_token_error, None
        strange: str | None = refresh_token
        if token is not None:
            diagnosis = "the token was revoked, and its refresh token with it; the person has to consent again"
            strange = None
        raise oauth_refusals.refresh_token_not_found(error, diagnosis, strange)
    if not call.check("refresh_token was given to this key", token.developer_key_id == key.id):
        raise oauth_refusals.incorrect_client(token.developer_key_id, key.id, refresh_token)
    user = call.store.users.get(token.user_id)
    if user is None:
        raise oauth_refusals.refresh_token_not_found(
            call.settings.dead_refresh_token_error, "the user does not exist any more"
        )
    if token.replaced_tokens and _age(call, token) < FRESH_SECONDS:
        call.warn(
            "refreshed_again_at_once",
            "this token was refreshed moments ago; two workers that both refresh kill each other's access token",
        )
    return Grant(_regenerate(call, key, token), user, False)


def _age(call: Call, token: AccessToken) -> float:
    """Seconds since the access token was issued."""
    if token.expires_at is None:
        return float("inf")
    made = token.expires_at - timedelta(seconds=call.settings.access_token_lifetime_seconds)
    return (call.clock.now() - made).total_seconds()


def _check_verifier(call: Call, code: AuthorizationCode, verifier: str | None) -> None:
    """PKCE, required if a `code_verifier` was sent. Raises `code_verifier_wrong`."""
    if not call.settings.pkce:
        return
    if verifier is None:
        if code.challenge:
            why = "the authorization request had a code_challenge; Canvas accepts the code without a verifier too"
            call.warn("code_verifier_missing", why)
        return
    made = pkce.challenge_of(verifier)
    if not call.check("code_verifier", made == code.challenge, expected=code.challenge, got=made):
        raise oauth_refusals.code_verifier_wrong(pkce.why_not(verifier, code.challenge or ""))


def _expiry(call: Call, key: DeveloperKey) -> datetime | None:
    lifetime = timedelta(seconds=call.settings.access_token_lifetime_seconds)
    return call.clock.now() + lifetime if key.auto_expire_tokens else None


def _regenerate(call: Call, key: DeveloperKey, token: AccessToken) -> AccessToken:
    renewed = replace(
        token,
        token=token_text(call),
        expires_at=_expiry(call, key),
        replaced_tokens=[*token.replaced_tokens, token.token][-REPLACED_KEPT:],
    )
    return call.store.access_tokens.put(renewed)


def token_text(call: Call) -> str:
    """A new token."""
    return f"{call.settings.access_token_prefix}{call.ids.alnum(64)}"


def revoke(call: Call, token: AccessToken) -> None:
    """Revoke the token and its refresh token."""
    call.store.access_tokens.put(replace(token, revoked=True))


def token_answer(call: Call, grant: Grant) -> dict[str, object]:
    """The JSON of a token; the refresh token is included after a code, not after a refresh."""
    token, user = grant.token, grant.user
    body: dict[str, object] = {
        "access_token": token.token if token.scopes != USERINFO else None,
        "token_type": "Bearer",
        "user": {**_person(user), "effective_locale": effective_locale(user)},
        "canvas_region": call.settings.canvas_region,
    }
    real = call.store.users.get(token.real_user_id) if token.real_user_id is not None else None
    if real is not None and grant.fresh:
        body["real_user"] = _person(real)
    if grant.fresh and token.scopes != USERINFO:
        body["refresh_token"] = token.refresh_token
    if token.expires_at is not None:
        body["expires_in"] = max(0, round((token.expires_at - call.clock.now()).total_seconds()))
    return body


def _person(user: User) -> dict[str, object]:
    return {"id": user.id, "name": user.name, "global_id": str(global_id(user.id))}


def send_errors_back(call: Call, refusal: SiteRefusal, redirect_uri: str | None) -> None:
    """Turn a token error into the redirect of older sites, if the request names a redirect URI."""
    older = call.settings.redirect_token_errors and not switched_on(call.store, "no_redirect_on_oauth_token_method")
    if older and redirect_uri and redirect_uri != OUT_OF_BAND and "error" in (refusal.body or {}):
        oauth_refusals.send_back(refusal, redirect_uri)
