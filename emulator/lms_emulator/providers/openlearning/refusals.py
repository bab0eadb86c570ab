"""A named constructor for each refusal, with its reason, status and message.

Only the messages of `email_not_managed`, "used before" and "expired" are the real service's; the others are chosen, and
so are most statuses. Those of launches follow the vendor's own LTI bridge (OpenLearningNet/LTI-Bridge
LtiLaunch/index.ts, 1bb59dc).

`details` are the arguments `check`, `expected`, `got` and `diagnosis` of `Refusal`, which only the journal shows. The
code that makes the check supplies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.core.http.refusals import Refusal

if TYPE_CHECKING:
    from lms_emulator.providers.openlearning.call import Call


class FieldRefusal(Refusal):
    """A refusal about one field of the body, which a 422 lists."""

    def __init__(self, reason: str, *, field: str, **details: Any) -> None:
        super().__init__(reason, **details)
        self.field = field


# --- the API: paths and methods ---
def no_such_endpoint(path: str, diagnosis: str | None = None) -> Refusal:
    """404: unknown path."""
    return Refusal(
        "no_such_endpoint", status=404, message="Not Found", check="a known endpoint", got=path, diagnosis=diagnosis
    )


def missing_trailing_slash(path: str) -> Refusal:
    """404: the path exists only with its trailing slash."""
    return Refusal(
        "missing_trailing_slash",
        status=404,
        message="Not Found",
        check="the path ends in a slash",
        expected=path + "/",
        got=path,
        diagnosis="the trailing slash is missing; all documented paths of this API end in one",
    )


def method_not_allowed(method: str, allowed: tuple[str, ...]) -> Refusal:
    """405 with `Allow`."""
    names = ", ".join(allowed)
    return Refusal(
        "method_not_allowed",
        status=405,
        message="Method Not Allowed",
        check="the path takes this method",
        expected=names,
        got=method,
        headers={"Allow": names},
    )


# --- the API: who is calling ---
def missing_api_key(diagnosis: str | None = None) -> Refusal:
    """401: no API key."""
    return Refusal(
        "missing_api_key",
        status=401,
        message="An API key is required",
        check="an API key came with the request",
        expected="the query parameter api_key, or the header X-API-Key",
        looked_for="X-API-Key: <key>" if diagnosis is None else None,
        diagnosis=diagnosis,
    )


def unknown_api_key(sent: str, expected: str, got: str, diagnosis: str | None) -> Refusal:
    """401: an unknown API key."""
    return Refusal(
        "unknown_api_key",
        status=401,
        message="Invalid API key",
        check="the API key belongs to an account",
        expected=expected,
        got=got,
        diagnosis=diagnosis,
        credential=sent,
    )


def bearer_refused() -> Refusal:
    """401 under the setting `bearer_keys = "refuse"`."""
    return Refusal(
        "bearer_not_accepted",
        status=401,
        message="An API key is required",
        check="the API key was sent in the query or in X-API-Key",
        got="Authorization: Bearer",
        diagnosis="send the key as api_key in the query or in X-API-Key; the setting bearer_keys refuses Bearer",
    )


def rate_limited(limit: int, retry_after: int) -> Refusal:
    """429: over the setting `rate_limit_per_minute`."""
    return Refusal(
        "rate_limited",
        status=429,
        message="Too Many Requests",
        check=f"at most {limit} calls a minute with one key",
        headers={"Retry-After": str(retry_after)},
    )


def not_allowed(right: str, got: str, diagnosis: str | None = None) -> Refusal:
    """403: the key is valid, but its user lacks the permission."""
    return Refusal(
        "not_allowed",
        status=403,
        message="You do not have permission to perform this action",
        check="the key's user has the permission",
        expected=right,
        got=got,
        diagnosis=diagnosis,
    )


# --- the API: things and fields ---
def not_found(kind: str, identifier: str, found_kind: str | None = None) -> Refusal:
    """404: no such record.

    Parameters:
        found_kind: the kind of record that the id really identifies, for the journal.
    """
    diagnosis = None
    if found_kind is not None:
        wrong = f"that id is {_with_article(found_kind)}, not {_with_article(kind)}"
        diagnosis = wrong if found_kind != kind else f"this {kind} exists, but not in the institution of the path"
    return Refusal(
        f"unknown_{kind}",
        status=404,
        message=f"{kind.capitalize()} not found",
        check=f"the {kind} exists",
        got=identifier,
        diagnosis=diagnosis,
    )


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aei" else f"a {noun}"  # a user


def field_error(call: Call, field: str, message: str, *, got: object = None, diagnosis: str | None = None) -> Refusal:
    """400 (or 422, by setting): a missing or invalid field."""
    return FieldRefusal(
        "field_invalid" if got is not None else "field_missing",
        field=field,
        status=call.settings.field_error_status,
        message=message,
        check=f"the field {field}",
        expected=message,
        got=got,
        diagnosis=diagnosis,
        absent=field if got is None else None,
    )


def query_error(name: str, message: str, got: str | None = None, diagnosis: str | None = None) -> Refusal:
    """400: a missing or invalid query parameter."""
    return Refusal(
        "query_invalid",
        status=400,
        message=message,
        check=f"the query parameter {name}",
        expected=message,
        got=got,
        diagnosis=diagnosis,
    )


def email_not_managed(email: str) -> Refusal:
    """400: the address belongs to an account outside the institution. The message is the real v2.2's.

    Source: RodrigoZillesg/eau-app OPENLEARNING_SSO_EDGE_CASES.md, 56ea7ae.
    """
    return FieldRefusal(
        "email_not_managed",
        field="primary_email_address",
        status=400,
        message="An existing user with the provided email is not managed by this institution",
        check="no account outside this institution has the e-mail address",
        got=email,
        diagnosis="an account with this e-mail exists elsewhere on OpenLearning; the status is 400, not 409",
    )


def external_id_in_use(external_id: str, institution: str, holder: str) -> Refusal:
    """400: another account of the institution has this external id. Parameters: `holder`, whose it is."""
    diagnosis = (
        f"user {holder} has it, under another e-mail address: an account is found by its address, "
        "so a changed address makes a new one, and a new one needs an external id of its own"
    )
    if external_id == institution:
        diagnosis = (
            "external_institution_id holds the institution's own id; it is meant for your own key of the user, "
            "different for every user"
        )
    return FieldRefusal(
        "external_id_in_use",
        field="external_institution_id",
        status=400,
        message="external_institution_id is already in use in this institution",
        check="the external id is free in this institution",
        got=external_id,
        diagnosis=diagnosis,
    )


def no_external_id(user: str) -> Refusal:
    """400: the account has no external id in the institution, which signing on needs."""
    message = "The user has no external institution id"
    return Refusal(
        "no_external_id", status=400, message=message, check="the user has an external institution id", got=user
    )


def already_enrolled(user: str, place: str) -> Refusal:
    """400: the user is already in the class or program."""
    message = "The user is already enrolled"
    return Refusal(
        "already_enrolled", status=400, message=message, check="the user is not enrolled yet", got=f"{user} in {place}"
    )


def unsupported_body(content_type: str) -> Refusal:
    """415 under the setting `json_bodies = "refuse"`."""
    return Refusal(
        "unsupported_body",
        status=415,
        message="Unsupported Media Type",
        check="the body is a form",
        expected="application/x-www-form-urlencoded",
        got=content_type,
        diagnosis="the body is JSON; the documentation asks for a form",
    )


def unreadable_body(why: str) -> Refusal:
    """400: the body does not match its content type."""
    message = "The request body could not be read"
    return Refusal("unreadable_body", status=400, message=message, check="the body can be read", got=why)


# --- launches; the messages are for the user ---
def launch_method(**details: Any) -> Refusal:
    """405: a launch must be a POST."""
    message = "A launch must be sent with POST."
    return Refusal("launch_method", status=405, message=message, headers={"Allow": "POST"}, **details)


def launch_content_type(**details: Any) -> Refusal:
    """415: OAuth 1.0 signs URL-encoded forms only."""
    return Refusal("launch_content_type", status=415, message="A launch must be a URL-encoded form.", **details)


def launch_unreadable(**details: Any) -> Refusal:
    """400: the form cannot be decoded."""
    return Refusal("launch_unreadable", status=400, message="The launch could not be read.", **details)


def launch_without_key(**details: Any) -> Refusal:
    """422: no consumer key."""
    message = "The launch has no consumer key."
    return Refusal("launch_without_key", status=422, message=message, absent="oauth_consumer_key", **details)


def launch_unknown_key(**details: Any) -> Refusal:
    """403: an unknown consumer key."""
    return Refusal("launch_unknown_key", status=403, message="The consumer key is not known.", **details)


def launch_not_lti(field: str, **details: Any) -> Refusal:
    """400: one of the three required LTI 1.1 fields is missing or invalid."""
    message = f"The launch is not a valid LTI message ({field})."
    absent = None if details["got"] else field
    return Refusal("launch_not_lti", status=400, message=message, absent=absent, **details)


def launch_oauth_fields(field: str, **details: Any) -> Refusal:
    """400: an OAuth field is repeated, missing or invalid."""
    message = f"The launch is not signed correctly ({field})."
    absent = None if details["got"] else field
    return Refusal("launch_oauth_fields", status=400, message=message, absent=absent, **details)


def launch_signature(**details: Any) -> Refusal:
    """403: the signature does not match this form, URL and secret."""
    return Refusal("launch_signature", status=403, message="The signature of the launch is not valid.", **details)


def launch_expired(**details: Any) -> Refusal:
    """403: the launch is too old."""
    return Refusal("launch_expired", status=403, message="This link has expired.", **details)


def launch_not_yet_valid(**details: Any) -> Refusal:
    """403: its timestamp lies in the future."""
    return Refusal("launch_not_yet_valid", status=403, message="This link is not valid yet.", **details)


def launch_replayed(**details: Any) -> Refusal:
    """403: the nonce has been used before."""
    return Refusal("launch_replayed", status=403, message="This link has been used before.", **details)


def launch_user(**details: Any) -> Refusal:
    """403: the launch does not identify a user who can be signed in."""
    return Refusal("launch_user", status=403, message="Your account could not be identified.", **details)


def class_not_set_up(**details: Any) -> Refusal:
    """403: the context has no class in the institution."""
    return Refusal("class_not_set_up", status=403, message="This class has not been set up.", **details)


def unusable_address(url: str) -> Refusal:
    """400: the Host header does not yield a URL that can be signed."""
    check = "the Host header is a host name, with or without a port"
    return Refusal("unusable_address", status=400, message="Bad Request", check=check, got=url)


# --- the web site ---
def setup_not_open(got: str, diagnosis: str | None) -> Refusal:
    """403: this browser has no pending staff launch for the set-up form."""
    message = "This class set-up has expired. Launch again."
    check = "this browser has a pending staff launch"
    return Refusal(
        "setup_not_open", status=403, message=message, check=check, got=got, credential=got or None, diagnosis=diagnosis
    )


def setup_choice(got: str) -> Refusal:
    """400: the set-up form has neither a class of the institution nor a title."""
    message = "Choose a class, or give a title for a new course."
    check = "the form has a class of the institution, or a title"
    return Refusal("setup_choice", status=400, message=message, check=check, got=got)


def page_not_found(path: str, diagnosis: str | None = None) -> Refusal:
    """A 404 page."""
    message = "This page does not exist."
    return Refusal(
        "page_not_found", status=404, message=message, check="the page exists", got=path, diagnosis=diagnosis
    )


def not_in_the_class(path: str) -> Refusal:
    """A 403 page: only members of a class can take part."""
    message = "You are not enrolled in this class."
    return Refusal(
        "not_in_the_class",
        status=403,
        message=message,
        check="the signed-in user is enrolled in the class",
        got=path,
        diagnosis="Open the class by a launch first, in a browser that keeps the session cookie.",
    )


# --- the v1 API ---
def v1_unauthorised(check: str, got: str | None, diagnosis: str | None = None) -> Refusal:
    """401, with a Basic challenge."""
    return Refusal(
        "v1_unauthorised",
        status=401,
        message="Authentication required",
        check=check,
        expected="HTTP Basic with the username and password of an account",
        got=got,
        diagnosis=diagnosis,
        headers={"WWW-Authenticate": 'Basic realm="OpenLearning"'},
    )


def v1_forbidden(right: str, user: str) -> Refusal:
    """403: the account lacks the permission."""
    check = "the account has the permission"
    return Refusal("v1_forbidden", status=403, message="Permission denied", check=check, expected=right, got=user)


def v1_field(field: str, message: str, got: str | None = None) -> Refusal:
    """400: a field is missing, or its value cannot be used."""
    return Refusal(
        "v1_field", status=400, message=f"{field}: {message}", check=f"the field {field}", expected=message, got=got
    )


def v1_taken(what: str) -> Refusal:
    """400: a course or class with that path exists."""
    return Refusal("v1_taken", status=400, message=f"{what} already exists", check="the path is free", got=what)


def v1_not_found(what: str, diagnosis: str | None = None) -> Refusal:
    """404: no such course, class or call."""
    return Refusal("v1_not_found", status=404, message="Not found", check="it exists", got=what, diagnosis=diagnosis)
