"""Named constructors of the refusals of launches, of the v1 API and of the web site.

What the person sees on a launch page is short; which check failed, with expected and got, is in the journal. The order
of the checks and most statuses are chosen after the vendor's own LTI bridge; "used before" and "expired" are the words
that users of the real service report.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.refusals import Refusal

# launches


def launch_method(method: str) -> Refusal:
    """405: a launch is a form that is posted."""
    return Refusal(
        "launch_method",
        status=405,
        message="A launch must be sent with POST.",
        check="the method is POST",
        expected="POST",
        got=method,
        diagnosis="the launch was followed as a link; post its params as a form instead" if method == "GET" else None,
        headers={"Allow": "POST"},
    )


def launch_content_type(content_type: str) -> Refusal:
    """415: OAuth signs URL-encoded forms only."""
    diagnosis = "the form was sent as JSON; post the params as a URL-encoded form" if "json" in content_type else None
    return Refusal(
        "launch_content_type",
        status=415,
        message="A launch must be a URL-encoded form.",
        check="the body is a URL-encoded form",
        expected="application/x-www-form-urlencoded",
        got=content_type,
        diagnosis=diagnosis,
    )


def launch_unreadable(why: str) -> Refusal:
    """400: the form does not decode."""
    return Refusal(
        "launch_unreadable",
        status=400,
        message="The launch could not be read.",
        check="the form decodes as UTF-8",
        got=why,
    )


def launch_without_key(diagnosis: str | None) -> Refusal:
    """422: nobody claims to have signed it."""
    return Refusal(
        "launch_without_key",
        status=422,
        message="The launch has no consumer key.",
        check="oauth_consumer_key is in the form",
        diagnosis=diagnosis,
    )


def launch_unknown_key(got: str, diagnosis: str | None) -> Refusal:
    """403: the consumer key is not registered."""
    return Refusal(
        "launch_unknown_key",
        status=403,
        message="The consumer key is not known.",
        check="oauth_consumer_key is registered",
        got=got,
        diagnosis=diagnosis,
    )


def launch_not_lti(field: str, expected: str, got: str | None) -> Refusal:
    """400: one of the three fields that make it an LTI 1.1 launch is missing or has another value."""
    return Refusal(
        "launch_not_lti",
        status=400,
        message=f"The launch is not a valid LTI message ({field}).",
        check=f"the LTI field {field}",
        expected=expected,
        got=got,
    )


def launch_oauth_fields(field: str, expected: str, got: Any) -> Refusal:
    """400: an OAuth field is repeated, missing, or not one this tool works with."""
    return Refusal(
        "launch_oauth_fields",
        status=400,
        message=f"The launch is not signed correctly ({field}).",
        check=f"the OAuth field {field}",
        expected=expected,
        got=got,
    )


def launch_signature(expected: str, got: str, diagnosis: str | None) -> Refusal:
    """403: the signature is not that of this form, URL and secret."""
    return Refusal(
        "launch_signature",
        status=403,
        message="The signature of the launch is not valid.",
        check="oauth_signature is the HMAC-SHA1 of this request",
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def launch_expired(max_age: int, age: int, diagnosis: str | None) -> Refusal:
    """403: made too long ago."""
    return Refusal(
        "launch_expired",
        status=403,
        message="This link has expired.",
        check=f"oauth_timestamp is at most {max_age} s old",
        expected=f"0 to {max_age} s",
        got=f"{age} s",
        diagnosis=diagnosis,
    )


def launch_not_yet_valid(skew: int, ahead: int, diagnosis: str | None) -> Refusal:
    """403: its timestamp lies in the future."""
    return Refusal(
        "launch_not_yet_valid",
        status=403,
        message="This link is not valid yet.",
        check=f"oauth_timestamp is at most {skew} s ahead of the server's clock",
        expected=f"at most {skew} s",
        got=f"{ahead} s",
        diagnosis=diagnosis,
    )


def launch_replayed(nonce: str, used_at: str) -> Refusal:
    """403: the same launch came before."""
    return Refusal(
        "launch_replayed",
        status=403,
        message="This link has been used before.",
        check="oauth_nonce was never used with this key",
        got=f"{nonce}, used at {used_at}",
        diagnosis="the form was posted twice: a cached or pre-rendered launch, a double click or a reload; "
        "ask for a new launch each time",
    )


def unusable_address(url: str) -> Refusal:
    """400: the Host header makes no address that could be signed."""
    return Refusal(
        "unusable_address",
        status=400,
        message="Bad Request",
        check="the Host header is a host name, with or without a port",
        got=url,
    )


def launch_user(check: str, got: str | None, diagnosis: str | None = None) -> Refusal:
    """403: the launch names nobody who can be signed in."""
    return Refusal(
        "launch_user",
        status=403,
        message="Your account could not be identified.",
        check=check,
        got=got,
        diagnosis=diagnosis,
    )


def class_not_set_up(context_id: str, diagnosis: str | None) -> Refusal:
    """403: the context leads to no class of the institution."""
    return Refusal(
        "class_not_set_up",
        status=403,
        message="This class has not been set up.",
        check="context_id is a class of the institution, or mapped to one",
        got=context_id,
        diagnosis=diagnosis,
    )


def setup_not_open(got: str) -> Refusal:
    """403: the set-up page was sent without a pending staff launch of this browser."""
    return Refusal(
        "setup_not_open",
        status=403,
        message="This class set-up has expired. Launch again.",
        check="a staff launch of this browser is waiting for set-up",
        got=got,
    )


def setup_choice(got: str) -> Refusal:
    """400: neither a class of the institution nor a title was chosen on the set-up page."""
    return Refusal(
        "setup_choice",
        status=400,
        message="Choose a class, or give a title for a new course.",
        check="a class of the institution or a title was chosen",
        got=got,
    )


def page_not_found(path: str) -> Refusal:
    """404 page."""
    return Refusal("page_not_found", status=404, message="This page does not exist.", check="the page exists", got=path)


# v1


def v1_unauthorised(check: str, got: str | None, diagnosis: str | None = None) -> Refusal:
    """401 with a Basic challenge."""
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
    """403: the account may not do this."""
    return Refusal(
        "v1_forbidden",
        status=403,
        message="Permission denied",
        check="the account has the right to do this",
        expected=right,
        got=user,
    )


def v1_field(field: str, message: str, got: str | None = None) -> Refusal:
    """400: a field is missing or cannot be used."""
    return Refusal(
        "v1_field", status=400, message=f"{field}: {message}", check=f"the field {field}", expected=message, got=got
    )


def v1_taken(what: str) -> Refusal:
    """400: a course or class of that path exists."""
    return Refusal("v1_taken", status=400, message=f"{what} already exists", check="the path is free", got=what)


def v1_not_found(what: str, diagnosis: str | None = None) -> Refusal:
    """404: no such course, class or call."""
    return Refusal("v1_not_found", status=404, message="Not found", check="it exists", got=what, diagnosis=diagnosis)
