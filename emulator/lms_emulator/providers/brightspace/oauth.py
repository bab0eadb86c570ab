"""Brightspace's OAuth2 rules: applications, scopes, codes, one-time refresh tokens, signed access tokens.

Sources: D2L's OAuth 2.0 page and knowledge base articles 1134 and 1196 (one-time refresh tokens); the claims of the
access token from a sample published by the author of D2L's own sample application; errors after RFC 6749.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.token_requests import why_no_redirect, why_no_response_type, why_no_scope
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query, parts_of
from lms_emulator.core.keys import private_key
from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import (
    Application,
    AuthorizationCode,
    Consent,
    DemoToken,
    PendingAuthorization,
    RefreshToken,
    User,
)
from lms_emulator.signing import pkce
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import sign

ISSUER = "https://api.brightspace.com/auth"
AUDIENCE = "https://api.brightspace.com/auth/token"
KID = "brightspace-2026-01"
KEY_SET = "https://auth.brightspace.com/core/.well-known/jwks"
"""Where D2L publishes the keys of access tokens, as its errors name it."""


@cache
def public_keys() -> KeySet:
    """The keys that verify access tokens."""
    return KeySet({KID: private_key("brightspace").public_key()})


def covers(granted: str, wanted: str) -> bool:
    """Whether one scope (`enrollment:*:read`) covers another (`enrollment:orgunit:read`)."""
    ours, theirs = granted.split(":"), wanted.split(":")
    if len(ours) != 3 or len(theirs) != 3:
        return granted == wanted
    return all(g == "*" or set(w.split(",")) <= set(g.split(",")) for g, w in zip(ours, theirs, strict=True))


def uncovered(asked: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The requested scopes that no allowed one covers."""
    allowed = list(allowed)
    return [value for value in asked if not any(covers(granted, value) for granted in allowed)]


def find_application(call: Call, client_id: str) -> Application | None:
    """The enabled application with that client id."""
    found = call.store.applications.get(client_id)
    return found if found is not None and found.enabled else None


def pending_authorization(call: Call) -> tuple[Application, PendingAuthorization]:
    """The validated request to `/oauth2/auth`. Raises the refusal for the first fault."""
    query = call.query
    client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
    application = find_application(call, client_id)
    if not call.check("client_id is an enabled application", application is not None, got=client_id):
        raise refusals.unknown_client_page(client_id)
    assert application is not None
    registered = [call.resolve(value) for value in application.redirect_uris]
    if not call.check("redirect_uri is registered", redirect_uri in registered, expected=registered, got=redirect_uri):
        others = [
            (f"the application {application.name}", list(map(call.resolve, application.redirect_uris)))
            for application in call.store.applications
        ]
        raise refusals.redirect_mismatch_page(registered, redirect_uri, others)
    if not call.check("redirect_uri is secure", secure_enough(call, redirect_uri), got=redirect_uri):
        raise refusals.insecure_redirect_page(redirect_uri)
    state = query.get("state")
    if state is None:
        call.warn("state_missing", "no `state`: anybody can complete this flow in the user's browser (RFC 6749, 10.12)")
    if not call.check("response_type", query.get("response_type") == "code", got=query.get("response_type")):
        error = "unsupported_response_type" if query.get("response_type") else "invalid_request"
        raise refusals.redirected(
            redirect_uri,
            "unsupported_response_type",
            error,
            state,
            check="response_type",
            expected="code",
            diagnosis=why_no_response_type(query.get("response_type")),
            absent=None if query.get("response_type") else "response_type",
        )
    scopes = query.get("scope", "").split()
    if not scopes and call.settings.missing_scope == "registered":
        scopes = application.scopes
    refused = uncovered(scopes, application.scopes)
    if not call.check("scopes are registered", bool(scopes) and not refused, expected=application.scopes, got=scopes):
        raise refusals.redirected(
            redirect_uri,
            "invalid_scope",
            "invalid_scope",
            state,
            description=refusals.scope_text((refused or [""])[0]),
            check="every scope is registered for the application",
            expected=application.scopes,
            got=refused or scopes,
            diagnosis=why_no_scope(refused, application.scopes),
        )
    pending = PendingAuthorization(
        client_id=client_id, redirect_uri=redirect_uri, scopes=scopes, state=state, challenge=_challenge(call)
    )
    return application, pending


def _challenge(call: Call) -> str | None:
    """The PKCE challenge, if the setting enables PKCE, which D2L does not document."""
    challenge, method = call.query.get("code_challenge"), call.query.get("code_challenge_method", "plain")
    if not challenge:
        return None
    if call.settings.pkce == "ignore":
        call.warn("pkce_ignored", "D2L documents no PKCE: any code_verifier is accepted (setting brightspace.pkce)")
        return None
    if method == "S256":
        return challenge
    return pkce.challenge_of(challenge)  # `plain`: the challenge is the verifier


def _check_verifier(call: Call, code: AuthorizationCode, verifier: str) -> None:
    if code.challenge is None:
        return
    made = pkce.challenge_of(verifier)
    if not call.check("code_verifier", made == code.challenge, expected=code.challenge, got=made):
        why = pkce.why_not(verifier, code.challenge) if verifier else "the authorization request had a code_challenge"
        raise refusals.invalid_grant("code_verifier_wrong", why, expected=code.challenge, got=made)


def secure_enough(call: Call, redirect_uri: str) -> bool:
    """Whether a URL may be registered: https, unless a setting allows others."""
    parts = parts_of(redirect_uri)
    if parts.scheme == "https" or call.settings.insecure_redirects == "any":
        return True
    host = parts.hostname or ""
    ours = redirect_uri.startswith(call.url_for_provider("ltiaas") + "/")
    loopback = host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")
    return call.settings.insecure_redirects == "loopback" and (loopback or ours)


def needs_no_consent(call: Call, application: Application, user: User, pending: PendingAuthorization) -> bool:
    """Whether to skip the consent page: the application does not prompt, or the user has consented before."""
    if not application.consent:
        return True
    consent = call.store.consents.get((application.client_id, user.id))
    return call.settings.remember_consent and consent is not None and not uncovered(pending.scopes, consent.scopes)


def accept(call: Call, user: User, pending: PendingAuthorization) -> str:
    """Grant the request by issuing a code. Returns the URL to redirect to."""
    call.store.consents.put(Consent(client_id=pending.client_id, user_id=user.id, scopes=pending.scopes))
    code = AuthorizationCode(
        code=call.ids.token(43),
        client_id=pending.client_id,
        user_id=user.id,
        redirect_uri=pending.redirect_uri,
        scopes=pending.scopes,
        challenge=pending.challenge,
        expires_at=call.clock.now() + timedelta(seconds=call.settings.authorization_code_lifetime_seconds),
    )
    call.store.authorization_codes.put(code)
    values = [("code", code.code)] + ([("state", pending.state)] if pending.state is not None else [])
    return add_query(pending.redirect_uri, values)


def authenticate_client(call: Call, client_id: str, secret: str) -> Application:
    """The application with these credentials. Raises `invalid_client`."""
    status = call.settings.token_error_status
    application = find_application(call, client_id)
    if not call.check("client_id is an enabled application", application is not None, got=client_id):
        raise refusals.invalid_client("unknown_client", status, got=client_id, credential=client_id, absent="client_id")
    assert application is not None
    known = application.client_secret
    if call.check("client_secret", bool(known) and hmac.compare_digest(known.encode(), secret.encode())):
        return application
    raise refusals.invalid_client("invalid_client_secret", status, credential=secret, registered=known)


class Issued(NamedTuple):
    """The result of a grant: the access token and, perhaps, a refresh token."""

    access_token: str
    refresh_token: str | None
    scopes: list[str]
    lifetime: int

    def body(self) -> dict[str, Any]:
        """The token endpoint's JSON."""
        body: dict[str, Any] = {"access_token": self.access_token, "token_type": "Bearer", "expires_in": self.lifetime}
        if self.refresh_token is not None:
            body["refresh_token"] = self.refresh_token
        return {**body, "scope": " ".join(self.scopes)}


def exchange_code(call: Call, application: Application, code: str, redirect_uri: str) -> Issued:
    """Exchange a code, which is consumed, for tokens. Raises `invalid_grant`."""
    found = call.store.authorization_codes.get(code)
    now = call.clock.now()
    if not call.check("code is known", found is not None):
        never = "Brightspace never issued this code, or did so more than an hour ago"
        raise refusals.invalid_grant("code_unknown", never, credential=code)
    assert found is not None
    if not call.check("code is unused", not found.used):
        raise refusals.invalid_grant("code_used", "the code was exchanged before; was the return page reloaded?")
    if not call.check("code is alive", now < found.expires_at, expected=f"before {found.expires_at.isoformat()}"):
        raise refusals.invalid_grant(
            "code_expired", f"a code lives {call.settings.authorization_code_lifetime_seconds} s"
        )
    if not call.check("the code was issued to this client", found.client_id == application.client_id):
        raise refusals.invalid_grant(
            "code_of_another_client", expected=found.client_id, got=application.client_id, credential=code
        )
    if not call.check("redirect_uri is the same", redirect_uri == found.redirect_uri, expected=found.redirect_uri):
        raise refusals.invalid_grant(
            "redirect_uri_differs",
            why_no_redirect(redirect_uri, [found.redirect_uri])
            or "redirect_uri must be sent again, exactly as in the authorization request",
            expected=found.redirect_uri,
            got=redirect_uri,
        )
    _check_verifier(call, found, call.field("code_verifier"))
    user = call.store.users.get(found.user_id)
    if user is None or not user.is_active:
        raise refusals.invalid_grant("user_gone", "the user who consented was deleted or is inactive")
    call.store.authorization_codes.put(replace(found, used=True))
    return _issue(call, application, user.id, found.scopes, family=call.ids.uuid())


def refresh(call: Call, application: Application, token: str, scope: str) -> Issued:
    """Exchange a refresh token, which is consumed, for new tokens. Raises `invalid_grant` or `invalid_scope`."""
    found = call.store.refresh_tokens.get(token)
    if not call.check("refresh_token is known", found is not None):
        raise refusals.invalid_grant("refresh_token_unknown", credential=token)
    assert found is not None
    if not call.check("the refresh token was issued to this client", found.client_id == application.client_id):
        raise refusals.invalid_grant(
            "refresh_token_of_another_client",
            expected=found.client_id,
            got=application.client_id,
            credential=token,
        )
    if not call.check("refresh_token is unused", not found.used):
        raise _reused(call, found)
    asked = scope.split() if call.settings.refreshed_scope == "narrow" else []
    refused = uncovered(asked, found.scopes)
    if not call.check("scope is within the grant", not refused, expected=found.scopes, got=asked):
        raise refusals.invalid_scope(refused, found.scopes)
    user = call.store.users.get(found.user_id)
    if user is None or not user.is_active:
        raise refusals.invalid_grant("user_gone", "the user who consented was deleted or is inactive")
    call.store.refresh_tokens.put(replace(found, used=True))
    return _issue(call, application, user.id, asked or found.scopes, family=found.family, kept=found.scopes)


def _reused(call: Call, found: RefreshToken) -> SiteRefusal:
    again = replace(found, reuses=found.reuses + 1)
    call.store.refresh_tokens.put(again)
    call.notes["refresh_token_reuses"] = again.reuses
    if call.settings.refresh_token_reuse == "revoke_family":
        for token in call.store.refresh_tokens.find("family", found.family):
            if not token.used:
                call.store.refresh_tokens.put(replace(token, used=True))
    return refusals.invalid_grant(
        "refresh_token_used",
        f"refresh tokens work once; this one was sent again {again.reuses} time(s) after its use. Two workers that "
        "refresh at the same time lock the user out: store the new token at once, under a lock",
        got=again.reuses,
    )


def _issue(
    call: Call, application: Application, user_id: int, scopes: list[str], *, family: str, kept: list[str] | None = None
) -> Issued:
    refresh_token = None
    if application.refresh_tokens:
        record = RefreshToken(
            token=call.ids.token(64),
            client_id=application.client_id,
            user_id=user_id,
            scopes=kept or scopes,
            family=family,
            issued_at=call.clock.now(),
        )
        refresh_token = call.store.refresh_tokens.put(record).token
    lifetime = application.access_token_lifetime
    token = access_token(call, str(user_id), scopes, lifetime, application.client_id)
    return Issued(token, refresh_token, scopes, lifetime)


def access_token(call: Call, subject: str, scopes: Iterable[str], lifetime: int, client_id: str) -> str:
    """A signed access token for a user (`sub` is the id as text) or for a tool (`sub` is its client id).

    The application `client_id` is not in the claims; the world records it.
    """
    now = int(call.clock.timestamp())
    claims = {
        "sub": subject,
        "tenantid": call.store.section.tenant_id,
        "scope": " ".join(scopes),
        "jti": call.ids.uuid(),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": now + lifetime,
        "nbf": now,
    }
    return issue(call, claims, client_id)


def issue(call: Call, claims: dict[str, Any], client_id: str | None = None, *, kind: str = "") -> str:
    """Sign claims for Brightspace's own use, and record in the world that they were issued."""
    token = sign(claims, private_key("brightspace"), kid=KID)
    return issued.remember(call.store.issued_tokens, token, claims["exp"], client_id, kind=kind)


def issued_here(call: Call, token: str) -> issued.IssuedToken | DemoToken | None:
    """The record of a token with a valid signature; None if this world neither issued nor contains it."""
    return issued.find(call.store.issued_tokens, token) or call.store.demo_tokens.first("token", token)
