"""A named constructor for each refusal of Canvas's OAuth2.

Sources: github.com/instructure/canvas-lms, in 2026: `app/controllers/oauth2_provider_controller.rb`,
`lib/canvas/oauth/` (bodies and statuses).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from lms_emulator.core.access.token_requests import (
    why_no_grant,
    why_no_redirect,
    why_no_response_type,
    why_no_scope,
)
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas.refusals import rest, text

OAUTH_REALM = "Canvas OAuth 2.0"


def oauth_error(
    reason: str, error: str, description: str, status: int = 400, *, check: str, **details: Any
) -> SiteRefusal:
    """An error of the OAuth2 endpoints: `{"error", "error_description"}`; a 401 carries Canvas's own challenge."""
    headers = {"WWW-Authenticate": OAUTH_REALM} if status == 401 else {}
    body = {"error": error, "error_description": description}
    return SiteRefusal(reason, status=status, message=description, check=check, headers=headers, body=body, **details)


def unknown_client(got: str, reason: str = "unknown_client", diagnosis: str | None = None) -> SiteRefusal:
    """401: no active developer key has this id."""
    hint = diagnosis or (None if got.isdigit() else "the client id is the developer key's number")
    absent = "client_id" if reason == "unknown_client" else None
    if not got:
        hint = None if absent else "the assertion has no `sub`: it is the client id, the developer key's number"
    return oauth_error(
        reason,
        "invalid_client",
        "unknown client",
        401,
        check="client_id is an active developer key",
        expected="the id of an active developer key",
        got=got,
        diagnosis=hint,
        credential=got,
        absent=absent,
    )


def invalid_client_secret(sent: str, registered: str) -> SiteRefusal:
    """401: the secret is not the key's."""
    return oauth_error(
        "invalid_client_secret",
        "invalid_client",
        "invalid client",
        401,
        check="client_secret is the key's own",
        credential=sent,
        registered=registered,
    )


def redirect_mismatch(
    expected: list[str], got: str, others: list[tuple[str, list[str]]], *, lti_key: bool = False
) -> SiteRefusal:
    """400: the redirect URI is neither registered nor on the registered host.

    Parameters: `others`, other clients with those that are registered for them.
    """
    why = (
        "this is the client_id of an LTI key, whose redirect URIs are for launches; the REST API needs an API key"
        if lti_key
        else why_no_redirect(got, expected, others)
    )
    return oauth_error(
        "redirect_uri_mismatch",
        "invalid_request",
        "redirect_uri does not match client settings",
        check="redirect_uri is registered, or on the key's host or below it",
        expected=expected,
        got=got,
        absent=None if got else "redirect_uri",
        diagnosis=why or f"this client has {', '.join(expected)}; nothing is sent to an unregistered URI",
    )


def code_missing() -> SiteRefusal:
    """400: the authorization code grant without a code."""
    return oauth_error(
        "code_missing",
        "invalid_request",
        "You must provide the code parameter when using the authorization_code grant type",
        check="code is present",
        absent="code",
    )


def code_not_found(
    reason: Literal["code_unknown", "code_used", "code_expired"], diagnosis: str, credential: str | None = None
) -> SiteRefusal:
    """400: a code that is unknown, used or expired; Canvas does not say which."""
    return oauth_error(
        reason,
        "invalid_grant",
        "authorization_code not found",
        check="code is alive: 10 minutes, once",
        diagnosis=diagnosis,
        credential=credential,
    )


def incorrect_client(expected: int, got: int, credential: str) -> SiteRefusal:
    """400: the grant belongs to another developer key."""
    return oauth_error(
        "incorrect_client",
        "invalid_grant",
        "incorrect client",
        check="the grant was given to this key",
        expected=expected,
        got=got,
        credential=credential,
    )


def refresh_token_missing() -> SiteRefusal:
    """400: the refresh grant without a refresh token."""
    return oauth_error(
        "refresh_token_missing",
        "invalid_request",
        "You must provide the refresh_token parameter when using the refresh_token grant type",
        check="refresh_token is present",
        absent="refresh_token",
    )


def refresh_token_not_found(error: str, diagnosis: str | None = None, credential: str | None = None) -> SiteRefusal:
    """400: a refresh token that is unknown or revoked; `error` changed in 2022."""
    return oauth_error(
        "refresh_token_not_found",
        error,
        "refresh_token not found",
        check="refresh_token is alive",
        diagnosis=diagnosis or "there is no such refresh token; the person has to consent again",
        credential=credential,
    )


def unsupported_grant_type(got: str) -> SiteRefusal:
    """400: a grant type that the token endpoint does not know."""
    known = ["authorization_code", "refresh_token", "client_credentials"]
    return oauth_error(
        "unsupported_grant_type",
        "unsupported_grant_type",
        "The grant_type you requested is not currently supported",
        check="grant_type",
        expected=known,
        got=got,
        diagnosis=why_no_grant(got, known),
        absent=None if got else "grant_type",
    )


def bad_assertion(reason: str, description: str, **details: Any) -> SiteRefusal:
    """An invalid client assertion."""
    return oauth_error(reason, "invalid_request", description, check="client_assertion holds", **details)


def bad_service_scope(refused: list[str], known: Collection[str]) -> SiteRefusal:
    """400: service token scopes that the key lacks, or none. Parameters: `known`, the key's own."""
    return oauth_error(
        "invalid_scope",
        "invalid_scope",
        _scope_sentence(refused),
        check="every scope asked for is the key's",
        got=refused,
        diagnosis=_why_other_scope(refused) or why_no_scope(refused, known),
    )


def _why_other_scope(refused: list[str]) -> str | None:
    if not refused:
        return "no scope was asked for: name those of the LTI services"
    if any(item.startswith("url:") for item in refused):
        return "a scope that begins with `url:` is one of the REST API, which needs a user's token"
    return None


def _scope_sentence(refused: list[str]) -> str:
    text = (
        "A requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner. "
        "The following scopes were requested, but not granted: "
    )
    *before, last = refused or [""]
    listed = f"{', '.join(before)}, and {last}" if len(before) > 1 else " and ".join([*before, last])
    return text + listed


def redirected(
    redirect_uri: str, reason: str, error: str, description: str | None = None, state: str | None = None, **details: Any
) -> SiteRefusal:
    """An error that the browser carries back to the application."""
    values = [("error", error)]
    if description is not None:
        values.append(("error_description", description))
    if state is not None:
        values.append(("state", state))
    location = add_query(redirect_uri, values)
    return SiteRefusal(reason, status=302, message=description or error, location=location, **details)


def key_not_enabled(redirect_uri: str, state: str | None, got: str | None) -> SiteRefusal:
    """Redirect: the key is not on in the account."""
    return redirected(
        redirect_uri,
        "key_not_enabled",
        "unauthorized_client",
        "Client does not have access to the specified Canvas account.",
        state,
        check="the key is switched on in the account",
        expected="on",
        diagnosis="the key exists, but is not on in the account: an administrator switches it on at Developer Keys",
        got=got,
    )


def unsupported_response_type(redirect_uri: str, state: str | None, got: str | None) -> SiteRefusal:
    """Redirect: Canvas supports response type `code` only."""
    return redirected(
        redirect_uri,
        "unsupported_response_type",
        "unsupported_response_type",
        "Only response_type=code is permitted",
        state,
        check="response_type",
        expected="code",
        got=got,
        diagnosis=why_no_response_type(got),
        absent=None if got else "response_type",
    )


def code_verifier_wrong(why: str) -> SiteRefusal:
    """400: the verifier does not match the request's challenge, or the request had none."""
    return oauth_error(
        "code_verifier_wrong",
        "invalid_grant",
        "invalid grant",
        check="code_verifier fits the challenge",
        diagnosis=why,
    )


def invalid_scope(
    redirect_uri: str | None, refused: list[str], diagnosis: str | None, known: Collection[str]
) -> SiteRefusal:
    """Redirect, or a direct answer if out of band: scopes that a scoped key lacks (it has `known`)."""
    if redirect_uri is None:
        return bad_service_scope(refused, known)
    return redirected(
        redirect_uri,
        "invalid_scope",
        "invalid_scope",
        _scope_sentence(refused),
        check="every scope asked for is one of the key's",
        got=refused,
        diagnosis=diagnosis or why_no_scope(refused, known),
    )


def invalid_oauth_session() -> SiteRefusal:
    """400: consent without a request to consent to."""
    return text(
        "oauth_session_missing",
        "Invalid or missing session for oauth",
        check="an authorization is pending",
        diagnosis="begin again at /login/oauth2/auth; the session cookie is lost inside a frame of another site",
    )


def nothing_to_revoke() -> SiteRefusal:
    """400: a revocation without a live token."""
    message = "can't delete OAuth access token when not using an OAuth access token"
    check, where = "a living access token was sent", "Authorization: Bearer <token>"
    return rest("no_token_to_revoke", 400, {"message": message}, check=check, looked_for=where)


def send_back(refusal: SiteRefusal, redirect_uri: str) -> None:
    """Turn an OAuth2 error into the redirect that older sites answer with (setting `redirect_token_errors`)."""
    body = refusal.body
    pairs = [("error", body["error"]), ("error_description", body["error_description"])]
    refusal.status, refusal.location, refusal.headers = 302, add_query(redirect_uri, pairs), {}
