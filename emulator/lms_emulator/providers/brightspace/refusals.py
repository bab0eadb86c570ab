"""A named constructor for each refusal of Brightspace.

Sources: RFC 6749 for the token endpoint; for the API live captures in public integrations (`#invalid-token`,
`#not-authorized`, and the missing scope in https://github.com/hypothesis/lms/issues/4856).
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.core.access.token_requests import why_no_grant, why_no_redirect, why_no_scope
from lms_emulator.core.http.pages import NOT_IN_FRAMES
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query

PROBLEM_TYPE = "application/problem+json; charset=UTF-8"
TYPES = "http://docs.valence.desire2learn.com/res/apiprop.html#"


UNPARSED = "Couldn't parse token"


# REST


def problem(
    reason: str,
    status: int,
    kind: str,
    title: str,
    detail: str,
    headers: dict[str, str] | None = None,
    **details: Any,
) -> SiteRefusal:
    """An error of the API: `{"type", "title", "status", "detail"}`."""
    body = {"type": f"{TYPES}{kind}" if kind else "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"Content-Type": PROBLEM_TYPE, **(headers or {})}
    return SiteRefusal(reason, status=status, message=detail, body=body, headers=headers, **details)


def invalid_token(reason: str, detail: str = UNPARSED, **details: Any) -> SiteRefusal:
    """401: an invalid access token. Parameters: `detail`, what D2L's validator says of it."""
    return problem(reason, 401, "invalid-token", "Unauthorized", detail, check="the token holds", **details)


def no_token(status: int, **details: Any) -> SiteRefusal:
    """A call without a bearer token: 401 as for an invalid one, or the 403 of the filter in front of the API."""
    if status == 401:
        return invalid_token("token_missing", **details)
    return _filtered("token_missing", "Forbidden", check="the token holds", **details)


def _filtered(reason: str, said: str, **details: Any) -> SiteRefusal:
    """403 of the filter in front of the API: HTML by its type, and not quite JSON."""
    text, headers = f'{{ Errors: [ {{Message: "{said}"}} ] }}', {"Content-Type": "text/html"}
    return SiteRefusal(reason, status=403, message=said, text=text, headers=headers, **details)


def expired_token(detail: str, expires: object, now: float, *, of_tool: bool) -> SiteRefusal:
    """401: an expired access token. Parameters: `of_tool`, whether it is one for LTI services."""
    renewed = "use the refresh token, which works once and is then replaced"
    return problem(
        "token_expired",
        401,
        "invalid-token",
        "Unauthorized",
        detail,
        check="the token is not expired",
        expected=f"exp after {now:.0f}",
        got=expires,
        diagnosis=f"the token expired: {'request another one, with a new assertion' if of_tool else renewed}",
    )


def insufficient_scope(
    kind: str, path: str, expected: list[str], got: list[str], *, asked_at: str, undefined: bool
) -> SiteRefusal:
    """403: the token has none of the scopes that the call needs.

    Parameters: `kind`, of problem JSON; empty for the captured body, which is not JSON; `asked_at`, where scopes are
    asked for; `undefined`, whether the body says that no scopes are defined.
    """
    details: dict[str, Any] = {
        "check": "scope",
        "expected": expected,
        "got": got,
        "diagnosis": f"the token has {' '.join(got) or 'no scope'}; the call needs {' or '.join(expected)}: "
        f"ask for it in `scope` {asked_at}",
    }
    if undefined:
        said = "No scopes defined for specified requests."
        body = {"Errors": [{"Message": said}]}
        return SiteRefusal("insufficient_scope", status=403, message=said, body=body, **details)
    if kind:
        said = f"Insufficient scope to call {path}"
        return problem("insufficient_scope", 403, kind, "Forbidden", said, **details)
    said = f"Insufficient scope to call API.Required: {' '.join(expected)}"
    return _filtered("insufficient_scope", said, **details)


def not_authorized(org_unit_id: int, variable: str) -> SiteRefusal:
    """403: the role in the org unit lacks a security variable."""
    detail = f"Not authorized for [ orgUnitId: {org_unit_id}, securityVariableName: {variable} ]"
    check = f"the role has {variable}"
    return problem("not_authorized", 403, "not-authorized", "Not Authorized", detail, check=check, needs=(variable,))


def not_found(what: str = "the path", got: Any = None, why: str | None = None) -> SiteRefusal:
    """404 of the API. Parameters: `why`, the diagnosis if none of a record that is elsewhere is meant."""
    check = f"{what} exists"
    return problem("not_found", 404, "", "Not Found", "Resource not found", check=check, got=got, diagnosis=why)


def obsolete_version(product: str, expected: str, got: str) -> SiteRefusal:
    """404: a version of the API that is not served (any more, or yet)."""
    return problem(
        "version_not_served",
        404,
        "",
        "Not Found",
        "Resource not found",
        check=f"version of {product} is served",
        expected=expected,
        got=got,
        diagnosis=_why_version(got, expected),
    )


def _why_version(got: str, expected: str) -> str:
    if got[:1] in ("v", "V") and got[1:2].isdigit():
        return f"write {got[1:]}, without the v"
    if got.strip("(){}<>").lower() == "version":
        return f"a version is expected here, {expected}"
    if got[:1].isdigit() and not re.fullmatch(r"\d+\.\d+", got):
        return f"a version consists of two numbers separated by a dot, {expected}"
    return f"{got} is not served, only {expected}: write one of those; GET /d2l/api/versions/ lists them"


def method_not_allowed(allowed: tuple[str, ...], got: str) -> SiteRefusal:
    """405, with the methods that the path has."""
    return problem(
        "method_not_allowed",
        405,
        "",
        "Method Not Allowed",
        "Method not allowed",
        check="method",
        expected=list(allowed),
        got=got,
        headers={"Allow": ", ".join(allowed)},
    )


def bad_request(reason: str, detail: str, **details: Any) -> SiteRefusal:
    """400 of the API."""
    return problem(reason, 400, "", "Bad Request", detail, check=reason.replace("_", " "), **details)


def invalid_parameter(reason: str, **details: Any) -> SiteRefusal:
    """400: a missing or invalid property or parameter."""
    text = "Request has missing or invalid parameters."
    return problem(
        reason, 400, "invalid-parameters", "Invalid Parameters", text, check=reason.replace("_", " "), **details
    )


def rate_limited(retry_after: int, **details: Any) -> SiteRefusal:
    """429, with the seconds until credits are available again."""
    return problem(
        "rate_limited",
        429,
        "",
        "Too Many Requests",
        "Rate limit exceeded",
        check="credits are left",
        headers={"Retry-After": str(retry_after)},
        **details,
    )


# OAuth2


def oauth_error(reason: str, error: str, status: int = 400, *, check: str, **details: Any) -> SiteRefusal:
    """An error of the token endpoint: `{"error"}`, no description."""
    return SiteRefusal(reason, status=status, message=error, check=check, body={"error": error}, **details)


def invalid_client(reason: str, status: int, diagnosis: str | None = None, **details: Any) -> SiteRefusal:
    """Unknown or disabled client, wrong secret, or an invalid assertion."""
    return oauth_error(
        reason,
        "invalid_client",
        status,
        check="client_id and client_secret are an enabled application's",
        diagnosis=diagnosis,
        **details,
    )


def invalid_grant(reason: str, diagnosis: str | None = None, **details: Any) -> SiteRefusal:
    """A code or refresh token that is unknown, used, expired, or belongs to another client."""
    return oauth_error(
        reason, "invalid_grant", check="the grant is valid and belongs to this client", diagnosis=diagnosis, **details
    )


def invalid_assertion(reason: str, text: str, **details: Any) -> SiteRefusal:
    """An invalid assertion of a known client; `text` is D2L's description of the fault."""
    description = f"Error validating assertion: {text}"
    refusal = oauth_error(reason, "invalid_grant", check="the assertion holds", **details)
    refusal.body = {"error": "invalid_grant", "error_description": description}
    return refusal


def several_audiences(got: list[Any]) -> SiteRefusal:
    """500: D2L's token endpoint fails on an `aud` that lists more than one audience."""
    hint = "send `aud` as a single string"
    check = "`aud` names one audience"
    return SiteRefusal("several_audiences", status=500, text="", check=check, got=got, diagnosis=hint)


def invalid_scope(refused: list[str], allowed: list[str]) -> SiteRefusal:
    """Scopes that the application is not registered for."""
    refusal = oauth_error("invalid_scope", "invalid_scope", check="scope", expected=allowed, got=refused)
    refusal.diagnosis = why_no_scope(refused, allowed)
    if refused:
        refusal.body = {"error": "invalid_scope", "error_description": scope_text(refused[0])}
    return refusal


def scope_text(scope: str) -> str:
    """D2L's message for a scope that the application is not registered for (hypothesis/lms issue 4856)."""
    return f"Client is not authorized to request the scope {scope}"


def unsupported_grant_type(got: str) -> SiteRefusal:
    """A grant type that the token endpoint does not know."""
    known = ["authorization_code", "refresh_token", "client_credentials"]
    return oauth_error(
        "unsupported_grant_type",
        "unsupported_grant_type",
        check="grant_type",
        expected=known,
        got=got,
        diagnosis=why_no_grant(got, known),
        absent=None if got else "grant_type",
    )


def invalid_request(reason: str, **details: Any) -> SiteRefusal:
    """An incomplete request to the token endpoint."""
    return oauth_error(reason, "invalid_request", check=reason.replace("_", " "), **details)


def redirected(
    redirect_uri: str,
    reason: str,
    error: str,
    state: str | None = None,
    *,
    description: str | None = None,
    **details: Any,
) -> SiteRefusal:
    """An error returned to the application by redirect."""
    sent = {"error": error, "error_description": description, "state": state}
    values = [(name, value) for name, value in sent.items() if value is not None]
    return SiteRefusal(reason, status=302, message=error, location=add_query(redirect_uri, values), **details)


# pages


def page_refusal(reason: str, status: int, message: str, check: str, **details: Any) -> SiteRefusal:
    """An error page in the browser."""
    return SiteRefusal(reason, status=status, message=message, check=check, headers=NOT_IN_FRAMES, **details)


def unknown_client_page(got: str) -> SiteRefusal:
    """An authorization request of an unknown client; nothing is sent to its redirect URI."""
    return page_refusal(
        "unknown_client",
        400,
        "invalid_client",
        "client_id is an enabled application",
        expected="an enabled client",
        got=got,
        credential=got,
        absent="client_id",
    )


def redirect_mismatch_page(expected: list[str], got: str, others: list[tuple[str, list[str]]]) -> SiteRefusal:
    """An authorization request with an unregistered redirect URI. Parameters: `others`, see `why_no_redirect`."""
    return page_refusal(
        "redirect_uri_mismatch",
        400,
        "invalid_request: redirect_uri",
        "redirect_uri is registered exactly like this",
        expected=expected,
        got=got,
        absent=None if got else "redirect_uri",
        diagnosis=why_no_redirect(got, expected, others)
        or f"this application has {', '.join(expected)}; nothing is sent to an unregistered URI",
    )


def insecure_redirect_page(got: str) -> SiteRefusal:
    """An authorization request with a redirect URI without TLS."""
    return page_refusal(
        "redirect_uri_insecure",
        400,
        "invalid_request: redirect_uri",
        "redirect_uri is https",
        expected="https",
        got=got,
        diagnosis="Brightspace sends codes to https alone: register the redirect URI with it, and send that",
    )


def wrong_login(username: str, base: str, csrf: str) -> SiteRefusal:
    """The sign-in page again, with an error message."""
    message = "Please try again. Make sure Caps Lock is off, and check your username and password."
    values = {"error": message, "username": username, "base": base, "csrf": csrf}
    check = "username and password"
    return page_refusal("login_wrong", 403, message, check, got=username, template=("login.html", values))


def wrong_csrf() -> SiteRefusal:
    """A form without the session's token."""
    text, why = "Your session has changed. Please try again.", "send the form's own field `d2l_referrer` back"
    return page_refusal("csrf_token_wrong", 403, text, "d2l_referrer token", diagnosis=why)


def no_pending_authorization() -> SiteRefusal:
    """The consent page without a request to consent to."""
    return page_refusal(
        "oauth_session_missing",
        400,
        "There is no authorization to decide on.",
        "an authorization is pending",
        diagnosis="start again at /oauth2/auth; session cookies are lost in frames of other sites",
    )


def page_not_found(what: str) -> SiteRefusal:
    """404 page."""
    return page_refusal("page_not_found", 404, "Page Not Found", what)


def page_forbidden(what: str) -> SiteRefusal:
    """403 page."""
    return page_refusal("page_forbidden", 403, "Not Authorized", what)


# LTI


def lti_page(reason: str, message: str, check: str | None = None, **details: Any) -> SiteRefusal:
    """A launch that cannot continue, with an error that must not be sent to the tool."""
    return page_refusal(reason, 400, message, check or reason.replace("_", " "), **details)


def lti_not_found(reason: str, check: str, **details: Any) -> SiteRefusal:
    """A 404 page: an incomplete authentication request, or one for another user."""
    return page_refusal(reason, 404, "Page Not Found", check, **details)


def registration_refused(reason: str, field: str, **details: Any) -> SiteRefusal:
    """An invalid registration token, or an incomplete registration."""
    status = 401 if "token" in reason else 400
    error = "invalid_token" if "token" in reason else "invalid_client_metadata"
    body = {"error": error, "error_description": f"{field} is missing or invalid"}
    return SiteRefusal(reason, status=status, check=field, body=body, **details)


def lti_service(reason: str, status: int, detail: str, **details: Any) -> SiteRefusal:
    """An error of the LTI services."""
    titles = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        409: "Conflict",
        422: "Unprocessable Entity",
    }
    kind = {401: "invalid-token", 403: "not-authorized"}.get(status, "")
    return problem(reason, status, kind, titles[status], detail, **details)


def outcome(reason: str, document: str, message: str, status: int = 200, **details: Any) -> SiteRefusal:
    """An outcome of an LTI 1.1 tool that is not kept; the document says so."""
    headers = {"Content-Type": "application/xml"}
    return SiteRefusal(reason, status=status, message=message, text=document, headers=headers, **details)


def unreadable_body(path: str, why: str, *, is_form: bool) -> SiteRefusal:
    """A body that does not match its content type; each part of the site has its own message."""
    if path.startswith("/d2l/api/"):
        said = "a form was sent; the API takes JSON, as application/json" if is_form else None
        return bad_request("body_unreadable", "Invalid JSON", got=why, diagnosis=said)
    if path == "/core/connect/token":
        return invalid_request("body_unreadable", got=why)
    return page_refusal("body_unreadable", 400, "Bad Request", "the body can be read", got=why)
