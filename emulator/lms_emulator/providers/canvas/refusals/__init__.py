"""A named constructor for each refusal of Canvas.

Sources: github.com/instructure/canvas-lms, in 2026: `lib/request_error.rb`, `lib/authentication_methods.rb`,
`app/controllers/application_controller.rb`, `app/controllers/oauth2_provider_controller.rb`, `lib/canvas/oauth/`,
`app/controllers/lti/concerns/gradebook_services.rb` (bodies and statuses).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal

REALM = 'Bearer realm="canvas-lms"'


# pages


def text(reason: str, message: str, **details: Any) -> SiteRefusal:
    """A sentence as plain text, status 400."""
    return SiteRefusal(reason, message=message, text=message, **details)


def bare(reason: str, status: int, check: str, media: str = "text/html", **details: Any) -> SiteRefusal:
    """A status, and nothing in the body."""
    return SiteRefusal(reason, status=status, text="", headers={"Content-Type": media}, check=check, **details)


class PageRefusal(SiteRefusal):
    """A refusal shown as a page. Scripts and clients that ask for JSON get Canvas's generic error.

    Parameters: those of `SiteRefusal`, and
        title, heading: of the page.
        word: the status in the generic error, where it is not the HTTP phrase.

    Attributes:
        json: the error for clients that ask for JSON, where it is not the generic one.
    """

    def __init__(self, reason: str, *, title: str, heading: str, word: str | None = None, **details: Any) -> None:
        super().__init__(reason, template=("error.html", {"title": title, "heading": heading}), **details)
        self.word = word
        self.json: Any = None


class XmlRefusal(SiteRefusal):
    """A refusal that goes out as XML.

    Parameters: those of `SiteRefusal`, and `xml`.
    """

    def __init__(self, reason: str, *, xml: str, **details: Any) -> None:
        super().__init__(reason, **details)
        self.xml = xml


def page_error(status: int, reason: str, check: str, **details: Any) -> PageRefusal:
    """Canvas's own error page: `Page Error`."""
    return PageRefusal(reason, status=status, title="Page Error", heading="Page Error", check=check, **details)


def page_crashed(why: str | None, absent: str | None = None) -> PageRefusal:
    """A page on which Canvas itself fails, because of a parameter that is not there or for another reason."""
    return page_error(500, "canvas_fails_here", "what Canvas can work with", diagnosis=why, absent=absent)


def path_unreadable(path: str) -> PageRefusal:
    """A path that is not UTF-8, on which Rails gives up before it looks for the page."""
    return page_error(400, "path_unreadable", "the path is UTF-8", got=path)


def wrong_csrf(api: bool = False) -> SiteRefusal:
    """422: a form or script without this site's CSRF token."""
    check = "authenticity_token belongs to the browser"
    if api:
        body = {"errors": [{"message": "An error occurred.", "error_code": "unprocessable_entity"}]}
        why = "send the cookie `_csrf_token` back, decoded, as X-CSRF-Token, or use an access token"
        return rest("csrf_token_wrong", 422, body, check=check, diagnosis=why)
    return PageRefusal(
        "csrf_token_wrong", status=422, title="Session Timeout", heading="Page Error", word="AUT", check=check
    )


def signed_out_elsewhere() -> SiteRefusal:
    """401, once: the person signed out in another browser, or an admin ended the session."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "unauthorized"}], "error_report_id": 1}
    why = "the person signed out in another browser, or an administrator ended the session; sign in again"
    return rest("session_ended", 401, body, check="the session was not ended elsewhere", diagnosis=why)


def cookies_required() -> PageRefusal:
    """401: the browser does not return cookies."""
    return PageRefusal(
        "cookies_missing", status=401, title="Unauthorized", heading="Cookies Required", check="the browser has cookies"
    )


def return_to_invalid(got: str) -> SiteRefusal:
    """400: `return_to` of a session URL is not a URL."""
    return rest("return_to_invalid", 400, {"error": "Invalid redirect URL"}, check="return_to is an address", got=got)


def sign_in_first(location: str) -> SiteRefusal:
    """302 to the sign-in page: nobody is signed in."""
    return SiteRefusal("not_signed_in", status=302, location=location, check="somebody is signed in")


def sign_in_first_json() -> SiteRefusal:
    """401: nobody is signed in, and the client asked for JSON."""
    body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
    return rest("not_signed_in", 401, body, check="somebody is signed in")


def sign_in_first_text() -> SiteRefusal:
    """401: nobody is signed in, and the client asked for neither a page nor JSON."""
    return SiteRefusal("not_signed_in", status=401, text="Unauthorized", check="somebody is signed in")


def wrong_login(reason: str, message: str, login: str, template: tuple[str, dict[str, Any]]) -> SiteRefusal:
    """400: the sign-in page again, with what went wrong."""
    return SiteRefusal(reason, status=400, message=message, check="login and password", got=login, template=template)


def wrong_login_json(reason: str, message: str, login: str) -> SiteRefusal:
    """400: the same for a client that asks for JSON."""
    return rest(reason, 400, {"errors": [message]}, check="login and password", got=login)


def page_not_found(what: str) -> PageRefusal:
    """404 page."""
    return PageRefusal("page_not_found", status=404, title="Page Not Found", heading="Page Not Found", check=what)


def no_platform_storage() -> PageRefusal:
    """The frame for platform storage where that is off: Canvas answers 404, yet with the frame's page."""
    check = "platform storage is on"
    return PageRefusal("page_not_found", status=404, title="Canvas LMS", heading="Page Not Found", check=check)


def page_forbidden(status: int, what: str) -> PageRefusal:
    """The person may not see or do this."""
    refusal = PageRefusal("page_forbidden", status=status, title="Unauthorized", heading="Access Denied", check=what)
    refusal.json = not_authorized(status, what).body
    return refusal


# REST


def rest(reason: str, status: int, body: Any, *, challenge: bool = False, check: str, **details: Any) -> SiteRefusal:
    """An error of `/api/v1`. With `challenge` the credentials are at fault, without it the permission."""
    headers = {"WWW-Authenticate": REALM} if challenge else {}
    return SiteRefusal(reason, status=status, check=check, headers=headers, body=body, **details)


def no_credentials(diagnosis: str | None = None) -> SiteRefusal:
    """401: no access token was sent."""
    body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
    return rest("no_credentials", 401, body, challenge=True, check="an access token was sent", diagnosis=diagnosis)


def invalid_token(reason: str, diagnosis: str | None, credential: str | None = None) -> SiteRefusal:
    """401: the access token is unknown, replaced or expired."""
    body = {"errors": [{"message": "Invalid access token."}]}
    return rest(
        reason, 401, body, challenge=True, check="the access token is alive", diagnosis=diagnosis, credential=credential
    )


def revoked_token() -> SiteRefusal:
    """401: the access token was revoked."""
    body = {"errors": [{"message": "Revoked access token."}]}
    why = "the token was revoked, by DELETE /login/oauth2/token, its owner or an administrator: ask for another one"
    return rest("token_revoked", 401, body, challenge=True, check="the access token was not revoked", diagnosis=why)


def expired_token(expired_at: str) -> SiteRefusal:
    """401: the access token has expired for good."""
    body = {"errors": [{"message": "Expired access token.", "expired_at": expired_at}]}
    return rest("token_expired_for_good", 401, body, challenge=True, check="permanent expiry", got=expired_at)


def insufficient_scopes(expected: str, got: list[str]) -> SiteRefusal:
    """401 without a challenge: the token lacks the scope of the operation. Canvas files an error report."""
    body = {"errors": [{"message": "Insufficient scopes on access token."}], "error_report_id": 1}
    return rest(
        "insufficient_scopes",
        401,
        body,
        check="the token's scopes allow this call",
        expected=expected,
        got=got,
        diagnosis=f"the token lacks the scope {expected}: ask for it at authorization, refreshing does not help",
    )


def not_authorized(
    status: int, what: str, say: Callable[[str], str] = str, *, needs: Sequence[str] = ()
) -> SiteRefusal:
    """The person may not do this. `say` translates messages into the person's language."""
    sentence = say("user not authorized to perform that action")
    body = {"status": say("unauthorized"), "errors": [{"message": sentence}]}
    return rest("not_authorized", status, body, check=what, needs=needs)


def not_found(what: str = "the path", got: Any = None, **details: Any) -> SiteRefusal:
    """404 of the REST API."""
    body = {"errors": [{"message": "The specified resource does not exist."}]}
    return rest("not_found", 404, body, check=f"{what} exists", got=got, **details)


def message(status: int, reason: str, text: str, **details: Any) -> SiteRefusal:
    """A one-sentence error: `{"message": text}`."""
    details.setdefault("check", reason.replace("_", " "))
    return rest(reason, status, {"message": text}, **details)


def missing(name: str, sent: Iterable[str] = ()) -> SiteRefusal:
    """A missing hash of parameters that Rails requires.

    Parameters: `sent`, the names sent instead.
    """
    body = {"errors": [{"message": f"{name} is missing"}]}
    flat = next((item for item in sent if item.startswith(f"{name}[")), None)
    why = None if flat is None else f"in JSON, `{flat}` is one name; send an object `{name}` instead"
    check = f"parameter `{name}` is sent"
    return rest("parameter_missing", 400, body, check=check, expected=f"{name}[…]", diagnosis=why)


def invalid(
    faults: Mapping[str, Sequence[str | tuple[str, str]]],
    status: int = 400,
    *,
    takes: Mapping[str, Collection[str]] | None = None,
) -> SiteRefusal:
    """An invalid record, in Canvas's format for model errors.

    Parameters:
        faults: by attribute; each is a text that serves as type and message, or a pair of them.
        takes: the values that an attribute may have, for the journal.
    """
    body = {"errors": {name: [model_fault(name, fault) for fault in found] for name, found in faults.items()}}
    return rest("record_invalid", status, body, check="the record is valid", expected=takes, got=said_of(faults))


def said_of(faults: Mapping[str, Sequence[str | tuple[str, str]]]) -> dict[str, str]:
    """What Canvas says of each attribute, for the journal."""
    return {
        name: "; ".join(fault if isinstance(fault, str) else fault[1] for fault in found)
        for name, found in sorted(faults.items())
    }


def model_fault(attribute: str, fault: str | tuple[str, str]) -> dict[str, str]:
    """One fault of a record as JSON."""
    kind, text = (fault, fault) if isinstance(fault, str) else fault
    return {"attribute": attribute, "type": kind, "message": text}


def crashed(why: str, got: Any = None) -> SiteRefusal:
    """A request on which Canvas itself fails: the answer is its 500, and the journal calls it a provider defect."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "internal_server_error"}], "error_report_id": 1}
    return rest("canvas_fails_here", 500, body, check="what Canvas can work with", got=got, diagnosis=why)


def unreadable_parameters(why: str) -> SiteRefusal:
    """Parameters that Rails cannot read: a 500 as plain text, without the usual headers."""
    return SiteRefusal(
        "parameters_unreadable",
        status=500,
        check="the parameters can be read",
        got=why,
        diagnosis=f"they cannot be read: {why}",
        headers={"Content-Type": "text/plain"},
        text="500 Internal Server Error\nIf you are the administrator of this website, then please read this web "
        "application's log file and/or the web server's log file to find out what went wrong.",
    )


def no_such_page(got: Any) -> SiteRefusal:
    """A `page` that is not a positive number."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
    why = "a bookmark comes with the `next` of a Link header; this list has numbers" if ":" in str(got) else None
    check, shown = "`page` is a number from 1 up", f"`page` was sent as {str(got)[:100]}; pages are counted from 1"
    return rest("page_invalid", 404, body, check=check, got=got, diagnosis=why or shown)


def invalid_masquerade(diagnosis: str, merged_into: int | None = None, says: str = "Invalid as_user_id") -> SiteRefusal:
    """401: the caller may not act as that person."""
    body: dict[str, Any] = {"errors": says}
    if merged_into is not None:
        body["merged_into_user_id"] = merged_into
    return rest("masquerade_refused", 401, body, check="the caller may act as `as_user_id`", diagnosis=diagnosis)


def no_user_agent() -> SiteRefusal:
    """403: a request without a `User-Agent`."""
    message = "You are not authorized to access this site because you have not provided a valid user agent."
    body, hint = {"error": "Forbidden", "message": message}, "send a User-Agent of your own"
    return rest("user_agent_missing", 403, body, check="the request has a User-Agent", diagnosis=hint)


def throttled(status: int, level: float, diagnosis: str) -> SiteRefusal:
    """The token's bucket is full."""
    phrase = "Forbidden" if status == 403 else "Too Many Requests"
    return SiteRefusal(
        "rate_limited",
        status=status,
        check="the token's bucket is below the high water mark",
        got=level,
        diagnosis=diagnosis,
        headers={"X-Rate-Limit-Remaining": "0.0"},
        text=f"{status} {phrase} (Rate Limit Exceeded)\n",
    )


# LTI


def lti_service(reason: str, message: str, status: int, **details: Any) -> SiteRefusal:
    """An error of the LTI services: `{"errors": {"type", "message"}}`."""
    names = {
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        400: "bad_request",
        409: "conflict",
        412: "precondition_failed",
        422: "unprocessable_entity",
    }
    body = {"errors": {"type": names[status], "message": message}}
    return SiteRefusal(reason, status=status, message=message, body=body, **details)


def lti_nothing(reason: str, status: int, check: str, diagnosis: str | None = None, **details: Any) -> SiteRefusal:
    """A bare status, as some LTI services answer; 500 means that Canvas itself fails."""
    headers = {"Content-Type": "application/json"}
    return SiteRefusal(reason, status=status, check=check, text="", headers=headers, diagnosis=diagnosis, **details)


def launch_client_unknown(got: str, diagnosis: str | None) -> SiteRefusal:
    """404: the `client_id` of an authentication request is not a number."""
    body = {"errors": [{"message": "The specified resource does not exist."}]}
    check = "client_id is a number"
    absent = None if got else "client_id"
    return SiteRefusal(
        "launch_client_unknown",
        status=404,
        check=check,
        body=body,
        got=got,
        credential=got or None,
        absent=absent,
        diagnosis=diagnosis,
    )


def message_hint_missing() -> SiteRefusal:
    """400: `lti_message_hint` is missing."""
    body = {"errors": [{"message": "lti_message_hint is missing"}]}
    return SiteRefusal("lti_message_hint_missing", status=400, check="lti_message_hint came", body=body)


def invalid_message_hint(diagnosis: str, sent: str | None) -> SiteRefusal:
    """400: the `lti_message_hint` is forged, tampered with, or too old. Parameters: `sent`, if it is not a JWT."""
    check = "lti_message_hint is ours and alive"
    body = {"status": "bad_request", "message": "Invalid lti_message_hint"}
    reason = "lti_message_hint_invalid"
    return SiteRefusal(reason, status=400, check=check, body=body, diagnosis=diagnosis, credential=sent)


def registration_url_missing() -> SiteRefusal:
    """400: the URL of the tool to register is missing."""
    body = {"errors": [{"message": "registration_url is missing"}]}
    return SiteRefusal("registration_url_missing", status=400, check="registration_url came", body=body)


def registration_refused(reason: str, field: str, **details: Any) -> SiteRefusal:
    """401 for an invalid or used registration token, 400 for a registration that cannot be read."""
    if reason == "registration_token_used":
        return own_registration(reason, "Registration token has already been used", 401, check=field, **details)
    status, code = (401, "unauthorized") if "token" in reason else (400, "bad_request")
    body = {"errors": [{"message": "An error occurred.", "error_code": code}]}
    return SiteRefusal(reason, status=status, check=field, body=body, **details)


def registration_token_incomplete() -> SiteRefusal:
    """401: a registration token that was requested without the tool's URL."""
    why = "request the token with `registration_url`, the URL at which the tool begins its registration"
    sentence, check = "JWT did not include expected contents", "the token names the tool's URL"
    return own_registration("registration_token_incomplete", sentence, 401, check=check, diagnosis=why)


def registration_invalid(faults: list[str], check: str, **details: Any) -> SiteRefusal:
    """422: a registration request that violates Canvas's schema."""
    return SiteRefusal("registration_invalid", status=422, check=check, body={"errors": faults}, **details)


def registration_scopes_invalid(sentence: str | None, got: list[str]) -> SiteRefusal:
    """422: a registration request with scopes that no tool can have."""
    body = {"errors": [{"field": "scopes", "message": sentence, "error_code": None}]}
    why = f"no tool can have the scope {got[0]}; `scopes_supported` of the configuration lists them"
    return SiteRefusal("registration_invalid", status=422, check="scope", body=body, got=got, diagnosis=why)


def own_registration(reason: str, sentence: str, status: int, **details: Any) -> SiteRefusal:
    """An error of the operations on a tool's own registration: `{"errorMessage"}`."""
    return SiteRefusal(reason, status=status, message=sentence, body={"errorMessage": sentence}, **details)


def invalid_lti_redirect(**details: Any) -> SiteRefusal:
    """400: the redirect URI of an authentication request is not registered."""
    check = "redirect_uri is registered exactly"
    body = {"status": "bad_request", "message": "Invalid redirect_uri"}
    return SiteRefusal("lti_redirect_uri_mismatch", status=400, check=check, body=body, **details)


def deep_linking(reason: str, errors: Mapping[str, Any], **details: Any) -> SiteRefusal:
    """An invalid deep linking response: the errors as JSON with 400."""
    details.setdefault("check", "the deep linking response holds")
    return SiteRefusal(reason, status=400, body={"errors": dict(errors)}, **details)


def unreadable_body(path: str, why: str) -> SiteRefusal:
    """A body that does not match its content type."""
    if path.startswith("/api/lti/"):
        return lti_service("body_unreadable", "Invalid JSON", 400, check="body", got=why)
    return rest("body_unreadable", 400, {"errors": [{"message": "invalid request"}]}, check="body", got=why)
