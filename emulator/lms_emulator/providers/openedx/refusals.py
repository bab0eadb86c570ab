"""A named constructor for each refusal that families share, with the dialect in which it is rendered.

A refusal that only one family of routes knows is in that family's module. Sources: Django REST framework
`rest_framework/exceptions.py`; edx-platform `openedx/core/lib/api/view_utils.py` (DeveloperErrorViewMixin) and
`openedx/core/lib/api/authentication.py` (BearerAuthentication); django-oauth-toolkit 1.7.1;
`fixtures/recordings/openedx`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lms_emulator.core.http.refusals import Refusal, Unfinished
from lms_emulator.core.http.refusals import Unhandled as Unhandled

PageStyle = Literal[
    "page", "not-found", "too-many", "forbidden", "forbidden-page", "bad-request", "failure", "session", "standing",
    "lti",
]  # fmt: skip
Style = Literal["api", "oauth", "pretty", "spaced", "empty", "redirect", "plain", "xml"] | PageStyle


class OpenedxRefusal(Refusal):
    """A refusal in one of the LMS's dialects.

    Parameters (beside those of `Refusal`):
        style: `api` (`detail`, worded as the REST resource words errors), `oauth` (spaced JSON with no-store), `pretty`
            (indented JSON), `spaced` (JSON with a space after `:` and `,`), `empty` (no body), `redirect` (`body` is
            the Location), `page` (`body` is a template and its values), `not-found`, `too-many`, `forbidden`,
            `forbidden-page`, `bad-request` (fixed pages), `plain` (`body` is HTML), `session` (the session middleware
            turns the request away), `standing` (a blocked account),
            `lti` (`body` is the heading and the text of a page), `xml` (`body` is the document).
        body: what that style needs.
        code: the `error_code` of a developer error.
    """

    def __init__(self, reason: str, *, style: Style = "api", body: Any = None, code: str | None = None, **rest: Any):
        super().__init__(reason, **rest)
        self.style = style
        self.body = body
        self.code = code


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A body that no dialect wraps."""

    data: Any


def unreadable_key(text: object) -> Unhandled:
    """A malformed course key, which the LMS parses without handling errors."""
    return Unhandled(f"`{text}` is not a course key: `course-v1:<organisation>+<course>+<run>`")


# REST resources


_SENT = {"JWT": "Authorization: JWT <token>", "Bearer": "Authorization: Bearer <token>"}
_NOT_TAKEN = {
    "bearer": "this resource accepts no opaque tokens: request a JWT with token_type=jwt, and send it as `JWT <token>`",
    "jwt": "this resource accepts no JWTs: send an opaque token as `Bearer <token>`",
}


def not_authenticated(takes: Sequence[str], scheme: str, why: str | None) -> OpenedxRefusal:
    """No credentials of a kind that the resource accepts.

    Parameters: `takes`, the kinds that it does; `scheme`, that of the header that came, empty for none; `why`
    credentials that it looks at did not count.
    """
    headers = [_SENT[kind] for kind in takes if kind in _SENT]
    kind = scheme.lower()
    known = kind in _NOT_TAKEN and kind not in [item.lower() for item in takes]
    return OpenedxRefusal(
        "not_authenticated",
        status=401,
        message="Authentication credentials were not provided.",
        check="the caller is known",
        expected=" or ".join([*headers, *(["a session cookie"] if "session" in takes else [])]),
        looked_for=None if known or why or not headers else "` or `".join(headers),
        diagnosis=_NOT_TAKEN[kind] if known else why,
    )


def permission_denied(diagnosis: str | None = None, *, check: str = "the caller may do this") -> OpenedxRefusal:
    """An authenticated caller without permission."""
    return OpenedxRefusal(
        "permission_denied",
        status=403,
        message="You do not have permission to perform this action.",
        check=check,
        diagnosis=diagnosis,
    )


def bearer_refused(code: str, text: str, *, got: Any = None, **why: Any) -> OpenedxRefusal:
    """A bearer token that is refused, with the platform's error code."""
    return OpenedxRefusal(
        code,
        status=401,
        message=text,
        body={"error_code": code, "developer_message": text},
        check="bearer token",
        expected="a live access token of an enabled user",
        got=got,
        **why,
    )


def jwt_refused(text: str, *, reason: str, check: str, **why: Any) -> OpenedxRefusal:
    """A JWT that is refused; nearly all get the same message on the wire."""
    return OpenedxRefusal(f"jwt_{reason}", status=401, message=text, check=f"JWT {check}", **why)


def csrf_failed(text: str, why: str) -> OpenedxRefusal:
    """A session-cookie call that changes something without the CSRF token. Parameters: `why`, the diagnosis."""
    return OpenedxRefusal(
        "csrf_failed",
        status=403,
        message=f"CSRF Failed: {text}",
        check="CSRF token",
        expected="the value of the cookie csrftoken in the header X-CSRFToken",
        got=text,
        diagnosis=why,
    )


def method_not_allowed(method: str) -> OpenedxRefusal:
    """A method that the resource does not implement."""
    return OpenedxRefusal(
        "method_not_allowed", status=405, message=f'Method "{method}" not allowed.', check="method", got=method
    )


def not_acceptable(accept: str, given: Sequence[str] = ("application/json",)) -> OpenedxRefusal:
    """An Accept header that names none of the media types of the answer. Parameters: `given`, those types."""
    return OpenedxRefusal(
        "not_acceptable",
        status=406,
        message="Could not satisfy the request Accept header.",
        check="Accept",
        expected=[*given, "*/*"],
        got=accept,
        diagnosis=f"the answer is {' or '.join(given)}: name it in Accept, or send no Accept",
    )


def unsupported_media_type(given: str, taken: Sequence[str] = ()) -> OpenedxRefusal:
    """A body of a media type that the resource does not read. Parameters: `taken`, those that it reads."""
    return OpenedxRefusal(
        "unsupported_media_type",
        status=415,
        message=f'Unsupported media type "{given}" in request.',
        check="Content-Type",
        expected=list(taken),
        got=given,
        diagnosis=f"send the body as {' or '.join(taken)}" if taken else None,
    )


def parse_error(text: str) -> OpenedxRefusal:
    """A body that its parser cannot read, with the parser's own words."""
    return OpenedxRefusal("parse_error", status=400, message=text, check="request body", got=text)


def throttled(wait: int | None) -> OpenedxRefusal:
    """Too many requests. `wait` in seconds; None if the resource does not say."""
    text = "Request was throttled."
    if wait is not None:
        text += f" Expected available in {wait} second{'' if wait == 1 else 's'}."
    headers = {} if wait is None else {"retry-after": str(wait)}
    return OpenedxRefusal("throttled", status=429, message=text, headers=headers, check="rate limit")


def api_error(status: int, body: Any, *, reason: str, **why: Any) -> OpenedxRefusal:
    """An error document of a resource's own, sent as it is in any dialect.

    Parameters: `body` None sends an empty one; `why`, arguments of `Refusal` for the journal.
    """
    return OpenedxRefusal(
        reason,
        status=status,
        style="empty" if body is None else "api",
        body=None if body is None else Verbatim(body),
        **why,
    )


def developer_error(
    status: int, text: str, *, code: str | None = None, reason: str = "", got: Any = None
) -> OpenedxRefusal:
    """A developer message with a status, and an `error_code` if there is one.

    Parameters: `reason`, the machine reason; the code in snake case by default.
    """
    reason = reason or (code or "not_found").replace("-", "_")
    return OpenedxRefusal(reason, status=status, message=text, code=code, check=reason.replace("_", " "), got=got)


def field_errors(errors: Mapping[str, str], *, reason: str) -> OpenedxRefusal:
    """Parameters that the resource's form does not take, by name, as a developer error."""
    document = {"field_errors": {name: {"developer_message": text} for name, text in errors.items()}}
    return api_error(400, document, reason=reason, check=", ".join(errors), got=dict(errors))


def wrong_method(allow: str, method: str) -> OpenedxRefusal:
    """A method that a Django view without REST framework does not take: an empty 405."""
    return OpenedxRefusal(
        "method_not_allowed",
        status=405,
        style="empty",
        headers={"allow": allow},
        check="method",
        expected=allow.split(", "),
        got=method,
    )


def csrf_page(fault: str, why: str) -> OpenedxRefusal:
    """A form without its CSRF token: Django's own page. Parameters: `why`, the diagnosis."""
    return OpenedxRefusal(
        "csrf_failed",
        status=403,
        style="forbidden",
        message="CSRF verification failed. Request aborted.",
        check="CSRF token",
        expected="the cookie csrftoken, and its value in X-CSRFToken or csrfmiddlewaretoken",
        got=fault,
        diagnosis=why,
    )


def page_not_found(path: str) -> OpenedxRefusal:
    """No page at this path."""
    return OpenedxRefusal("page_not_found", status=404, style="not-found", check="path", got=path)


def no_such_tool(path: str, what: str, known: Sequence[str]) -> OpenedxRefusal:
    """The address of an LTI tool that does not exist. Parameters: `what`, what names it; `known`, some that exist."""
    refusal = page_not_found(path)
    refusal.diagnosis = (
        f"no LTI tool has this {what}; there are {', '.join(known)}" if known else "there is no LTI tool"
    )
    return refusal


# the session middleware


def session_mismatch(*, session: str, caller: str) -> OpenedxRefusal:
    """One request with the session of one user and the token of another; the session is destroyed."""
    return OpenedxRefusal(
        "session_user_mismatch",
        status=401,
        style="session",
        check="session and token belong to the same user",
        expected=session,
        got=caller,
        diagnosis="do not send session cookies together with another user's token",
    )


def session_forged(user: str) -> OpenedxRefusal:
    """A session cookie that was not made for the session's user."""
    return OpenedxRefusal(
        "session_cookie_forged", status=401, style="session", check="session cookie is signed for its user", got=user
    )


def account_disabled(user: str) -> OpenedxRefusal:
    """A browser session of a user whose standing is disabled."""
    return OpenedxRefusal(
        "account_standing_disabled",
        status=403,
        style="standing",
        check="account standing",
        expected="enabled",
        got=user,
    )


# LTI


def lti_page(
    reason: str, heading: str, text: str = "", diagnosis: str | None = None, *, status: int = 400, **why: Any
) -> OpenedxRefusal:
    """A page of the LTI consumer component for a person whose launch failed."""
    why.setdefault("check", reason.replace("_", " "))
    return OpenedxRefusal(
        reason,
        status=status,
        style="lti",
        body=(heading, text),
        message=text or heading,
        diagnosis=diagnosis,
        **why,
    )


def lti_token(error: str, reason: str, **why: Any) -> OpenedxRefusal:
    """A request for a service token that is refused: an error code without a description."""
    why = {"check": reason.replace("_", " "), **why}
    return OpenedxRefusal(reason, status=400, style="spaced", body={"error": error}, message=error, **why)


def lti_service(reason: str, text: str, **why: Any) -> OpenedxRefusal:
    """A call of an LTI service with an invalid token."""
    return OpenedxRefusal(reason, status=403, message=text, check=reason.replace("_", " "), **why)


# the OAuth endpoints


def oauth_error(error: str, description: str | None = None, *, reason: str | None = None, **why: Any) -> OpenedxRefusal:
    """An error document of the token and revocation endpoints; `invalid_client` is 401 with a challenge.

    Parameters: `reason`, the machine reason, by default the error; `why`, arguments of `Refusal` for the journal.
    """
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    headers = {"www-authenticate": 'Bearer error="invalid_client"'} if error == "invalid_client" else {}
    return OpenedxRefusal(
        reason or error,
        status=401 if error == "invalid_client" else 400,
        style="oauth",
        body=body,
        message=description or error,
        headers=headers,
        **why,
    )


def lti_failure(reason: str, message: str, check: str, why: str | Unfinished | None) -> OpenedxRefusal:
    """A request of an LTI 1.1 tool at which the component itself fails."""
    return OpenedxRefusal(reason, status=500, style="failure", message=message, check=check, diagnosis=why)


def outcome_failed(
    reason: str, document: str, message: str, check: str, why: str | Unfinished | None
) -> OpenedxRefusal:
    """A score of an LTI 1.1 tool that is not kept: answered with 200 and a failure in the document."""
    return OpenedxRefusal(
        f"lti_outcome_{reason}", status=200, style="xml", body=document, message=message, check=check, diagnosis=why
    )
