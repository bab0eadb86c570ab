"""A named constructor for each refusal of Canvas.

Sources: github.com/instructure/canvas-lms, in 2026: `lib/request_error.rb`, `lib/authentication_methods.rb`,
`app/controllers/application_controller.rb`, `app/controllers/oauth2_provider_controller.rb`, `lib/canvas/oauth/`,
`app/controllers/lti/concerns/gradebook_services.rb` (bodies and statuses).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from lms_emulator.core.http.pages import NOT_IN_FRAMES
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query

REALM = 'Bearer realm="canvas-lms"'
OAUTH_REALM = "Canvas OAuth 2.0"


# OAuth2


def oauth_error(
    reason: str, error: str, description: str, status: int = 400, *, check: str, **details: Any
) -> SiteRefusal:
    """An error of the OAuth2 endpoints: `{"error", "error_description"}`; a 401 carries Canvas's own challenge."""
    headers = {"WWW-Authenticate": OAUTH_REALM} if status == 401 else {}
    body = {"error": error, "error_description": description}
    return SiteRefusal(reason, status=status, message=description, check=check, headers=headers, body=body, **details)


def unknown_client(got: str) -> SiteRefusal:
    """401: no active developer key has this id."""
    hint = "the client id is the developer key's number" if not got.isdigit() else None
    return oauth_error(
        "unknown_client",
        "invalid_client",
        "unknown client",
        401,
        check="client_id is an active developer key",
        expected="the id of an active developer key",
        got=got,
        diagnosis=hint,
    )


def invalid_client_secret(diagnosis: str | None) -> SiteRefusal:
    """401: the secret is not the key's."""
    return oauth_error(
        "invalid_client_secret",
        "invalid_client",
        "invalid client",
        401,
        check="client_secret is the key's own",
        diagnosis=diagnosis,
    )


def redirect_mismatch(expected: list[str], got: str) -> SiteRefusal:
    """400: the address is neither registered nor on the registered host."""
    return oauth_error(
        "redirect_uri_mismatch",
        "invalid_request",
        "redirect_uri does not match client settings",
        check="redirect_uri is registered, or on the key's host or below it",
        expected=expected,
        got=got,
        diagnosis="Canvas answers here itself; nothing is sent to an address that is not registered",
    )


def code_missing() -> SiteRefusal:
    """400: the authorization code grant without a code."""
    return oauth_error(
        "code_missing",
        "invalid_request",
        "You must provide the code parameter when using the authorization_code grant type",
        check="code is present",
    )


def code_not_found(reason: Literal["code_unknown", "code_used", "code_expired"], diagnosis: str) -> SiteRefusal:
    """400: a code that is unknown, used or expired; Canvas does not say which."""
    return oauth_error(
        reason,
        "invalid_grant",
        "authorization_code not found",
        check="code is alive: 10 minutes, once",
        diagnosis=diagnosis,
    )


def incorrect_client(expected: int, got: int) -> SiteRefusal:
    """400: the grant was given to another developer key."""
    return oauth_error(
        "incorrect_client",
        "invalid_grant",
        "incorrect client",
        check="the grant was given to this key",
        expected=expected,
        got=got,
    )


def refresh_token_missing() -> SiteRefusal:
    """400: the refresh grant without a refresh token."""
    return oauth_error(
        "refresh_token_missing",
        "invalid_request",
        "You must provide the refresh_token parameter when using the refresh_token grant type",
        check="refresh_token is present",
    )


def refresh_token_not_found(error: str, diagnosis: str | None = None) -> SiteRefusal:
    """400: a refresh token that is unknown or revoked; `error` changed in 2022."""
    return oauth_error(
        "refresh_token_not_found",
        error,
        "refresh_token not found",
        check="refresh_token is alive",
        diagnosis=diagnosis or "there is no such refresh token; the person has to consent again",
    )


def unsupported_grant_type(got: str) -> SiteRefusal:
    """400: a grant that the token endpoint does not know."""
    return oauth_error(
        "unsupported_grant_type",
        "unsupported_grant_type",
        "The grant_type you requested is not currently supported",
        check="grant_type",
        expected=["authorization_code", "refresh_token", "client_credentials"],
        got=got,
    )


def bad_assertion(reason: str, description: str, **details: Any) -> SiteRefusal:
    """A client assertion that does not hold."""
    return oauth_error(reason, "invalid_request", description, check="client_assertion holds", **details)


def bad_service_scope(refused: list[str]) -> SiteRefusal:
    """400: scopes of a service token that are not the key's, or none."""
    return oauth_error(
        "invalid_scope",
        "invalid_scope",
        _scope_sentence(refused),
        check="every scope asked for is the key's",
        got=refused,
    )


def _scope_sentence(refused: list[str]) -> str:
    text = (
        "A requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner. "
        "The following scopes were requested, but not granted: "
    )
    return text + ", ".join(refused)


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


def invalid_scope(redirect_uri: str, refused: list[str], diagnosis: str | None) -> SiteRefusal:
    """Sent back: scopes that a key which enforces them does not have."""
    return redirected(
        redirect_uri,
        "invalid_scope",
        "invalid_scope",
        _scope_sentence(refused),
        check="every scope asked for is one of the key's",
        got=refused,
        diagnosis=diagnosis,
    )


# pages


def _text(reason: str, message: str, **details: Any) -> SiteRefusal:
    """A sentence as plain text, status 400."""
    return SiteRefusal(reason, message=message, text=message, **details)


def invalid_oauth_session() -> SiteRefusal:
    return _text(
        "oauth_session_missing",
        "Invalid or missing session for oauth",
        check="an authorization is pending",
        diagnosis="begin again at /login/oauth2/auth; the session cookie is lost inside a frame of another site",
    )


def wrong_csrf() -> SiteRefusal:
    """422: a form without the session's token."""
    return SiteRefusal(
        "csrf_token_wrong",
        status=422,
        message="The change you wanted was rejected.",
        check="authenticity_token belongs to the session",
        headers=NOT_IN_FRAMES,
    )


def wrong_login(login: str, base: str, csrf: str) -> SiteRefusal:
    """The sign-in page again, with what went wrong."""
    message = "Please verify your login or password and try again."
    return SiteRefusal(
        "login_wrong",
        status=400,
        message=message,
        check="login and password",
        got=login,
        headers=NOT_IN_FRAMES,
        template=("login.html", {"error": message, "login": login, "base": base, "csrf": csrf}),
    )


def nothing_to_revoke() -> SiteRefusal:
    """400: a revocation without a living token."""
    message = "can't delete OAuth access token when not using an OAuth access token"
    return rest("no_token_to_revoke", 400, {"message": message}, check="a living access token was sent")


def send_back(refusal: SiteRefusal, redirect_uri: str) -> None:
    """Turn an OAuth2 error into the redirect that some sites answer with (setting `redirect_token_errors`)."""
    body = refusal.body
    pairs = [("error", body["error"]), ("error_description", body["error_description"])]
    refusal.status, refusal.location = 302, add_query(redirect_uri, pairs)


def page_not_found(what: str) -> SiteRefusal:
    """404 that a person sees."""
    return SiteRefusal("page_not_found", status=404, message="Page Not Found", check=what)


def no_such_path(what: str) -> SiteRefusal:
    body = {"errors": {"base": "Unexpected error, ID: unknown"}, "status": "404 Not Found"}
    return SiteRefusal("page_not_found", status=404, check=what, body=body)


def page_forbidden(what: str) -> SiteRefusal:
    """403 that a person sees."""
    return SiteRefusal("page_forbidden", status=403, message="Access Denied", check=what)


# REST


def rest(reason: str, status: int, body: Any, *, challenge: bool = False, check: str, **details: Any) -> SiteRefusal:
    """An error of `/api/v1`. With `challenge` the credentials are at fault, without it the permission."""
    headers = {"WWW-Authenticate": REALM} if challenge else {}
    return SiteRefusal(reason, status=status, check=check, headers=headers, body=body, **details)


def no_credentials(diagnosis: str | None = None) -> SiteRefusal:
    """401: no access token was sent."""
    body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
    return rest("no_credentials", 401, body, challenge=True, check="an access token was sent", diagnosis=diagnosis)


def invalid_token(reason: str, diagnosis: str | None) -> SiteRefusal:
    """401: the access token is unknown, replaced or over."""
    body = {"errors": [{"message": "Invalid access token."}]}
    return rest(reason, 401, body, challenge=True, check="the access token is alive", diagnosis=diagnosis)


def revoked_token() -> SiteRefusal:
    """401: the access token was revoked."""
    body = {"errors": [{"message": "Revoked access token."}]}
    return rest("token_revoked", 401, body, challenge=True, check="the access token was not revoked")


def expired_token(expired_at: str) -> SiteRefusal:
    """401: the access token is over for good."""
    body = {"errors": [{"message": "Expired access token.", "expired_at": expired_at}]}
    return rest("token_expired_for_good", 401, body, challenge=True, check="permanent expiry", got=expired_at)


def insufficient_scopes(expected: str, got: list[str]) -> SiteRefusal:
    """401 without a challenge: the token lacks the scope of the operation."""
    body = {"errors": [{"message": "Insufficient scopes on access token."}]}
    return rest(
        "insufficient_scopes",
        401,
        body,
        check="the token's scopes allow this call",
        expected=expected,
        got=got,
        diagnosis="no WWW-Authenticate here: refreshing does not help, ask for the scope at authorization",
    )


def not_authorized(status: int, what: str, say: Callable[[str], str] = str) -> SiteRefusal:
    """The person may not do this. `say` puts the texts into the person's language."""
    sentence = say("user not authorized to perform that action")
    body = {"status": say("unauthorized"), "errors": [{"message": sentence}]}
    return rest("not_authorized", status, body, check=what)


def not_found(what: str = "the path", got: Any = None) -> SiteRefusal:
    """404 of the REST API."""
    body = {"errors": [{"message": "The specified resource does not exist."}]}
    return rest("not_found", 404, body, check=f"{what} exists", got=got)


def message(status: int, reason: str, text: str, **details: Any) -> SiteRefusal:
    """An error that is one sentence: `{"message": text}`."""
    details.setdefault("check", reason.replace("_", " "))
    return rest(reason, status, {"message": text}, **details)


def missing(name: str) -> SiteRefusal:
    """A hash of parameters without which Rails goes no further."""
    body = {"errors": [{"message": f"{name} is missing"}]}
    return rest("parameter_missing", 400, body, check=f"parameter `{name}` is sent")


def invalid(faults: Mapping[str, Sequence[str | tuple[str, str]]], status: int = 400) -> SiteRefusal:
    """A record that is not valid, in Canvas's form for models.

    Parameters: `faults`, by attribute; each a text that is both type and message, or a pair of them.
    """
    body = {"errors": {name: [model_fault(name, fault) for fault in found] for name, found in faults.items()}}
    return rest("record_invalid", status, body, check="the record is valid", got=sorted(faults))


def model_fault(attribute: str, fault: str | tuple[str, str]) -> dict[str, str]:
    """One fault of a record as JSON."""
    kind, text = (fault, fault) if isinstance(fault, str) else fault
    return {"attribute": attribute, "type": kind, "message": text}


def crashed(why: str, got: Any = None) -> SiteRefusal:
    """A request on which Canvas itself fails: the answer is its 500, the journal tells that it is a defect there."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "internal_server_error"}], "error_report_id": 1}
    return rest("canvas_fails_here", 500, body, check="what Canvas can work with", got=got, diagnosis=why)


def unreadable_parameters(why: str) -> SiteRefusal:
    """Parameters that Rails cannot read: a 500 as plain text, without the usual headers."""
    return SiteRefusal(
        "parameters_unreadable",
        status=500,
        check="the parameters can be read",
        got=why,
        headers={"Content-Type": "text/plain"},
        text="500 Internal Server Error\nIf you are the administrator of this website, then please read this web "
        "application's log file and/or the web server's log file to find out what went wrong.",
    )


def no_such_page(got: Any) -> SiteRefusal:
    """A `page` that is no number from 1 up."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
    return rest("page_invalid", 404, body, check="`page` is a number from 1 up", got=got)


def invalid_masquerade(diagnosis: str, merged_into: int | None = None) -> SiteRefusal:
    body: dict[str, Any] = {"errors": "Invalid as_user_id"}
    if merged_into is not None:
        body["merged_into_user_id"] = merged_into
    return rest("masquerade_refused", 401, body, check="the caller may act as `as_user_id`", diagnosis=diagnosis)


def no_user_agent() -> SiteRefusal:
    """403: a request without a `User-Agent`."""
    message = "You are not authorized to access this site because you have not provided a valid user agent."
    body, hint = {"error": "Forbidden", "message": message}, "send a User-Agent of your own"
    return rest("user_agent_missing", 403, body, check="the request has a User-Agent", diagnosis=hint)


def throttled(status: int, level: float) -> SiteRefusal:
    """The token's bucket is full."""
    phrase = "Forbidden" if status == 403 else "Too Many Requests"
    return SiteRefusal(
        "rate_limited",
        status=status,
        check="the token's bucket is below the high water mark",
        got=level,
        headers={"X-Rate-Limit-Remaining": "0.0"},
        text=f"{status} {phrase} (Rate Limit Exceeded)\n",
    )


# LTI


def lti_service(reason: str, message: str, status: int, **details: Any) -> SiteRefusal:
    """An error of the LTI services: `{"errors": {"type", "message"}}`."""
    names = {
        401: "unauthorized",
        404: "not_found",
        400: "bad_request",
        412: "precondition_failed",
        422: "unprocessable_entity",
    }
    body = {"errors": {"type": names[status], "message": message}}
    return SiteRefusal(reason, status=status, message=message, body=body, **details)


def lti_resource_unknown(reason: str, check: str, got: object) -> SiteRefusal:
    return lti_service(reason, "The specified resource does not exist.", 404, check=check, got=got)


def invalid_message_hint(diagnosis: str) -> SiteRefusal:
    """400: the `lti_message_hint` is not ours, changed, or too old."""
    return _text(
        "lti_message_hint_invalid",
        "Invalid lti_message_hint",
        check="lti_message_hint is ours and alive",
        diagnosis=diagnosis,
    )


def invalid_lti_redirect(expected: list[str], got: str) -> SiteRefusal:
    """400: the address of an authentication request is not registered."""
    return _text(
        "lti_redirect_uri_mismatch",
        "Invalid redirect_uri",
        check="redirect_uri is registered exactly",
        expected=expected,
        got=got,
    )


def deep_linking(reason: str, errors: Mapping[str, Any], **details: Any) -> SiteRefusal:
    """A deep linking response that does not hold: the errors as JSON with 400."""
    return SiteRefusal(
        reason, status=400, check="the deep linking response holds", body={"errors": dict(errors)}, **details
    )


def unreadable_body(path: str, why: str) -> SiteRefusal:
    """A body that is not what its content type says."""
    if path.startswith("/api/lti/"):
        return lti_service("body_unreadable", "Invalid JSON", 400, check="body", got=why)
    return rest("body_unreadable", 400, {"errors": [{"message": "invalid request"}]}, check="body", got=why)
