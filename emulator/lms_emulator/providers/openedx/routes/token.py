"""`/oauth2/access_token`: client credentials, password, authorization code with PKCE, refresh; opaque and JWT.

The order of checks is oauthlib's, grant by grant. Sources: oauthlib 3.3.1 `oauthlib/oauth2/rfc6749/grant_types`;
edx-platform `openedx/core/djangoapps/oauth_dispatch/views.py` (AccessTokenView); `fixtures/recordings/openedx`,
main.jsonl 1-193 and 288 to 357.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access.token_requests import why_no_grant, why_no_redirect, why_no_scope
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import limits, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.credentials import check_password
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import Application, Grant, RefreshToken, User
from lms_emulator.providers.openedx.oauth import jwts, rules
from lms_emulator.providers.openedx.oauth.clients import ClientCheck
from lms_emulator.providers.openedx.oauth.tokens import Issued, issuer
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.signing import pkce

ALLOW = "POST, OPTIONS"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def access_token(call: Call) -> Response:
    """The platform's token endpoint: rate limit, JWTs."""
    limits.token_endpoint(call)
    return _answer(call, with_jwt=True)


def toolkit_token(call: Call) -> Response:
    """The toolkit's own token endpoint: no rate limit, opaque tokens only."""
    return _answer(call, with_jwt=False)


def post_only(call: Call) -> Response:
    """The answer to other methods of the token and revocation endpoints."""
    if call.route is not None and call.route.path.startswith("/oauth2/access_token"):
        limits.token_endpoint(call)
    if call.method == "OPTIONS":
        return wire.empty(200, {"allow": ALLOW})
    raise refusals.wrong_method(ALLOW, call.method)


def _answer(call: Call, *, with_jwt: bool) -> Response:
    if call.query_string:
        text = "the real server fails with a 500 on any query string here: send a form body"
        raise refusals.Unhandled(text, "token_query")
    application, issued = _grant(call)
    wanted = call.field("token_type", call.headers.get("x-token-type", "")).lower()
    document = _jwt(call, application, issued) if with_jwt and wanted == "jwt" else _opaque(issued)
    return wire.spaced_json(document, 200, wire.NO_STORE)


def _grant(call: Call) -> tuple[Application, Issued]:
    try:
        grant_type = call.field("grant_type")
    except BodyError:
        grant_type = ""
    if grant_type == DEVICE_CODE:
        raise refusals.Unhandled("the device-code grant is not set up on the real server")
    run = _GRANTS.get(grant_type)
    if run is None:
        raise refusals.oauth_error(
            "unsupported_grant_type",
            check="grant_type",
            expected=sorted(_GRANTS),
            got=grant_type,
            diagnosis=why_no_grant(grant_type, _GRANTS),
            absent=None if grant_type else "grant_type",
        )
    return run(call)


def _opaque(issued: Issued) -> dict[str, Any]:
    document: dict[str, Any] = {
        "access_token": issued.access_token.token,
        "expires_in": issued.expires_in,
        "token_type": "Bearer",
        "scope": issued.access_token.scope,
    }
    if issued.refresh_token is not None:
        document["refresh_token"] = issued.refresh_token.token
    return document


def _jwt(call: Call, application: Application, issued: Issued) -> dict[str, Any]:
    username = issued.access_token.user
    user = call.store.users.get(username) if username is not None else None
    if user is None:
        raise refusals.Unhandled("a JWT needs a user, and the application has none")
    scopes = rules.jwt_scopes(application, issued.access_token.scope.split(" "))
    token = jwts.issue(
        call,
        user,
        grant_type=application.authorization_grant_type,
        scopes=scopes,
        filters=rules.filters(application),
        restricted=application.restricted,
        asymmetric=application.restricted or bool(call.field("asymmetric_jwt")),
    )
    document = _opaque(issued)
    document.update(access_token=token, expires_in=call.settings.jwt_seconds, token_type="JWT", scope=" ".join(scopes))
    return document


# what every grant checks


def _require_grant_type(call: Call, application: Application, grant: str) -> None:
    allowed = rules.GRANT_TYPES[grant]
    if application.authorization_grant_type not in allowed:
        raise refusals.oauth_error(
            "unauthorized_client",
            check="the application's authorization grant type",
            expected=list(allowed),
            got=application.authorization_grant_type,
            diagnosis=f"the application is set up for the grant {application.authorization_grant_type} alone",
        )


def _scopes(call: Call, application: Application) -> list[str]:
    asked = rules.scope_list(call.field("scope")) if "scope" in call.form() else rules.default_scopes(application)
    require_scopes(application, asked)
    return asked


def require_scopes(application: Application, asked: Sequence[str]) -> None:
    """Raise `invalid_scope` unless the application may ask for every one of them."""
    available = rules.available_scopes(application)
    if not set(asked) <= available:
        raise refusals.oauth_error(
            "invalid_scope",
            check="scope",
            expected=sorted(available),
            got=list(asked),
            diagnosis=_scope_diagnosis(set(asked) - available),
        )


def _scope_diagnosis(missing: set[str]) -> str | None:
    known = sorted(missing & set(rules.SCOPES))
    if known:
        return f"the application's access row does not list {', '.join(known)}"
    if "" in missing:
        return "no such scope; an empty scope parameter or doubled spaces count as one"
    return why_no_scope(missing, rules.SCOPES)


# the grants


def _client_credentials(call: Call) -> tuple[Application, Issued]:
    application = ClientCheck(call).authenticate()
    _require_grant_type(call, application, "client_credentials")
    scopes = _scopes(call, application)
    user = application.user if application.user in call.store.users else None
    return application, issuer(call).issue(application, user, scopes, refreshable=False)


def _password(call: Call) -> tuple[Application, Issued]:
    application = ClientCheck(call).require()
    for name in ("username", "password"):
        if not call.field(name):
            raise refusals.oauth_error(
                "invalid_request",
                f"Request is missing {name} parameter.",
                reason=f"missing_{name}",
                check=name,
                absent=name,
            )
    user = _user_by_password(call)
    _require_grant_type(call, application, "password")
    scopes = _scopes(call, application)
    return application, issuer(call).issue(application, user.username, scopes, refreshable=True)


def _user_by_password(call: Call) -> User:
    name, password = call.field("username"), call.field("password")
    user = lookup.user_named(call.store, call.settings, name) or lookup.user_with_email(call.store, call.settings, name)
    if user is None or not check_password(user, password):
        diagnosis = "no such user" if user is None else "wrong password"
        if user is not None and user.password is None:
            diagnosis = "the account was disabled: its password is unusable"
        raise refusals.oauth_error(
            "invalid_grant",
            "Invalid credentials given.",
            reason="invalid_credentials",
            check="username and password",
            got=name,
            diagnosis=diagnosis,
            credential=password if user is not None else None,
            registered=user.password if user is not None else None,
        )
    return user


def _authorization_code(call: Call) -> tuple[Application, Issued]:
    if "code" not in call.form():
        raise refusals.oauth_error(
            "invalid_request", "Missing code parameter.", reason="missing_code", check="code", absent="code"
        )
    application = ClientCheck(call).require()
    _require_grant_type(call, application, "authorization_code")
    grant = _live_grant(call, application)
    _check_verifier(call, grant)
    _check_redirect_uri(call, application, grant)
    call.store.grants.put(replace(grant, used=True))
    scopes = grant.scope.split(" ")
    return application, issuer(call).issue(application, grant.user, scopes, refreshable=True)


def _live_grant(call: Call, application: Application) -> Grant:
    code = call.field("code")
    grant = lookup.grant(call.store, call.settings, code)
    now = call.clock.now()
    reason = diagnosis = None
    if grant is None:
        reason, diagnosis = "code_unknown", "no such code; a code is sent once, to the redirect URI"
    elif grant.application != application.client_id:
        reason, diagnosis = "code_of_another_client", f"the code was issued to {grant.application}"
    elif grant.used:
        reason, diagnosis = "code_reused", "a code works for one exchange"
    elif grant.expires <= now:
        reason = "code_expired"
        diagnosis = f"codes live {call.settings.code_seconds} s; this one expired at {grant.expires}"
    if grant is None or reason is not None:
        strange = reason in ("code_unknown", "code_of_another_client")
        raise refusals.oauth_error(
            "invalid_grant",
            reason=reason,
            check="authorization code",
            got=code,
            diagnosis=diagnosis,
            credential=code if strange else None,
        )
    return grant


def _check_verifier(call: Call, grant: Grant) -> None:
    if not grant.code_challenge:
        if call.settings.pkce_required and not call.field("code_verifier"):
            raise _verifier_missing()
        return
    if "code_verifier" not in call.form():
        raise _verifier_missing()
    verifier = call.field("code_verifier")
    expected = verifier
    if grant.code_challenge_method == "S256":
        expected = pkce.challenge_of(verifier)
    if expected != grant.code_challenge:
        raise refusals.oauth_error(
            "invalid_grant",
            reason="wrong_code_verifier",
            check=f"PKCE {grant.code_challenge_method or 'plain'} challenge of the verifier",
            expected=grant.code_challenge,
            got=expected,
            diagnosis=pkce.why_not(verifier, grant.code_challenge) if expected != verifier else None,
        )


def _verifier_missing() -> refusals.OpenedxRefusal:
    return refusals.oauth_error(
        "invalid_request",
        "Code verifier required.",
        reason="missing_code_verifier",
        check="code_verifier",
        diagnosis="the code was asked for with a code_challenge: send the code_verifier that it was made of",
    )


def _check_redirect_uri(call: Call, application: Application, grant: Grant) -> None:
    if "redirect_uri" in call.form():
        uri: str | None = call.field("redirect_uri")
    else:
        uri = rules.default_redirect_uri(call, application)
    if not uri and "redirect_uri" not in call.form():
        raise refusals.oauth_error(
            "invalid_request",
            "Missing redirect URI.",
            reason="missing_redirect_uri",
            check="redirect_uri",
            absent="redirect_uri",
        )
    if uri != grant.redirect_uri:
        raise refusals.oauth_error(
            "invalid_request",
            "Mismatching redirect URI.",
            reason="redirect_uri_mismatch",
            check="redirect_uri is that of the authorization request",
            expected=grant.redirect_uri,
            got=uri,
            diagnosis=why_no_redirect(uri, [grant.redirect_uri]),
        )


def _refresh_token(call: Call) -> tuple[Application, Issued]:
    if "refresh_token" not in call.form():
        raise refusals.oauth_error(
            "invalid_request",
            "Missing refresh token parameter.",
            reason="missing_refresh_token",
            check="refresh_token",
            absent="refresh_token",
        )
    application = ClientCheck(call).require()
    _require_grant_type(call, application, "refresh_token")
    refresh = _live_refresh_token(call, application)
    if refresh.access_token is None:
        raise refusals.Unhandled("the access token of this refresh token was revoked")
    current = call.store.access_tokens.get(refresh.access_token)
    granted = current.scope.split(" ") if current is not None else rules.default_scopes(application)
    scopes = rules.scope_list(call.field("scope")) if call.field("scope") else granted
    if not set(scopes) <= set(granted):
        raise refusals.oauth_error(
            "invalid_scope",
            check="scope is part of what was granted",
            expected=granted,
            got=scopes,
            diagnosis="a refresh can narrow the scope, never widen it",
        )
    return application, issuer(call).rotate(refresh, application, scopes)


def _live_refresh_token(call: Call, application: Application) -> RefreshToken:
    token = call.field("refresh_token")
    found = lookup.refresh_token(call.store, call.settings, token)
    reason = diagnosis = None
    limit = call.settings.refresh_token_seconds
    if found is None:
        reason, diagnosis = "refresh_token_unknown", "no such refresh token"
    elif found.revoked is not None:
        reason, diagnosis = "refresh_token_reused", "it was used or revoked; each refresh issues a new refresh token"
    elif found.application != application.client_id:
        reason, diagnosis = "refresh_token_of_another_client", f"it was issued to {found.application}"
    elif limit and found.created is not None and (call.clock.now() - found.created).total_seconds() >= limit:
        reason, diagnosis = "refresh_token_expired", f"refresh tokens live {limit} s here"
    if found is None or reason is not None:
        strange = reason in ("refresh_token_unknown", "refresh_token_of_another_client")
        raise refusals.oauth_error(
            "invalid_grant",
            reason=reason,
            check="refresh token",
            got=token,
            diagnosis=diagnosis,
            credential=token if strange else None,
        )
    return found


_GRANTS: dict[str, Callable[[Call], tuple[Application, Issued]]] = {
    "authorization_code": _authorization_code,
    "client_credentials": _client_credentials,
    "password": _password,
    "refresh_token": _refresh_token,
}


FAMILY = Family("", tag="oauth2")


def post_endpoint(
    path: str, handler: Callable[[Call], Response], summary: str, source: str, evidence: Evidence = "recorded"
) -> tuple[Route, Route]:
    """The routes of an endpoint that takes only POST and answers other methods with `post_only`."""
    other = "Other methods: 405"
    return (
        FAMILY.page(path, handler, summary, "POST", source=source, evidence=evidence),
        FAMILY.page(path, post_only, other, source=recorded("main", 393, 1387)),
    )


_SUMMARY = "Token endpoint: opaque tokens and JWTs"

ROUTES = (
    *post_endpoint("/oauth2/access_token", access_token, _SUMMARY, recorded("main", 0)),
    *post_endpoint("/oauth2/access_token/", access_token, _SUMMARY, recorded("main", 1)),
    *post_endpoint(
        "/_o/token/", toolkit_token, "The toolkit's own token endpoint: opaque tokens only", recorded("main", 413)
    ),
)
