"""The LMS's dialects: JSON in three styles, developer errors, OAuth errors, pages. A named constructor per refusal.

Source: openedx.md 0.4, 0.5, 1.4, 4; recorded answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal

HTML = "text/html; charset=utf-8"
#: What Django leaves unescaped in the path of a URL it writes.
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
Style = Literal[
    "api",
    "oauth",
    "pretty",
    "empty",
    "redirect",
    "page",
    "not-found",
    "too-many",
    "forbidden",
    "forbidden-page",
    "bad-request",
    "plain",
    "session",
    "standing",
]


class OpenedxRefusal(Refusal):
    """A refusal in one of the LMS's dialects.

    Parameters (beside those of `Refusal`):
        style: `api` (a REST view: `detail` rendered as the view renders errors), `oauth` (spaced JSON with no-store),
            `pretty` (indented JSON), `empty` (no body), `redirect` (`body` the Location), `page` (`body` a template and
            its values), `not-found`, `too-many`, `forbidden`, `forbidden-page`, `bad-request` (fixed pages), `plain`
            (`body` as HTML), `session` (the session middleware turns the request away), `standing` (a blocked account).
        body: what that style needs.
        code: the `error_code` of a developer error.
    """

    def __init__(self, reason: str, *, style: Style = "api", body: Any = None, code: str | None = None, **rest: Any):
        super().__init__(reason, **rest)
        self.style = style
        self.body = body
        self.code = code


# bodies


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def api_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Compact JSON as REST views write it."""
    text = _COMPACT.encode(data)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _response(text.encode("utf-8", "surrogatepass"), status, "application/json", headers)


def spaced_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with a space after `:` and `,`, ASCII only, as the OAuth endpoints write it."""
    return _response(json.dumps(data).encode(), status, "application/json", headers)


def pretty_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON indented by two, ASCII only, as the platform's own JsonResponse writes it."""
    return _response(json.dumps(data, indent=2).encode(), status, "application/json", headers)


def empty(status: int = 200, headers: Mapping[str, str] | None = None, *, media_type: str | None = HTML) -> Response:
    """No body. REST views send no Content-Type with it (`media_type=None`), Django views HTML's."""
    return _response(b"", status, media_type, headers)


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An HTML page from text."""
    return _response(text.encode("utf-8", "surrogatepass"), status, HTML, headers)


def redirect(location: str, status: int = 302) -> Response:
    """A redirect as Django sends it."""
    return _response(b"", status, HTML, {"location": location})


def _response(body: bytes, status: int, media_type: str | None, headers: Mapping[str, str] | None) -> Response:
    response = Response(body, status, dict(headers or {}))
    if media_type is not None:
        response.raw_headers.append((b"content-type", media_type.encode("latin-1")))
    return response


NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


# refusals of REST views


def not_authenticated() -> OpenedxRefusal:
    """No credentials that the view looks at."""
    return OpenedxRefusal(
        "not_authenticated",
        status=401,
        message="Authentication credentials were not provided.",
        check="the caller is known",
        expected="Authorization: Bearer …, Authorization: JWT …, or a session cookie, as the view takes them",
    )


def permission_denied(diagnosis: str | None = None, *, check: str = "the caller may do this") -> OpenedxRefusal:
    """A known caller without the right."""
    return OpenedxRefusal(
        "permission_denied",
        status=403,
        message="You do not have permission to perform this action.",
        check=check,
        diagnosis=diagnosis,
    )


def bearer_refused(code: str, text: str, *, got: Any = None, diagnosis: str | None = None) -> OpenedxRefusal:
    """A bearer token that does not hold, with the platform's error code."""
    return OpenedxRefusal(
        code,
        status=401,
        message=text,
        body={"error_code": code, "developer_message": text},
        check="bearer token",
        expected="a live access token of an enabled user",
        got=got,
        diagnosis=diagnosis,
    )


def jwt_refused(
    text: str, *, reason: str, check: str, expected: Any = None, got: Any = None, diagnosis: str | None = None
) -> OpenedxRefusal:
    """A JWT that does not hold."""
    return OpenedxRefusal(
        f"jwt_{reason}",
        status=401,
        message=text,
        check=f"JWT {check}",
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def csrf_failed(text: str) -> OpenedxRefusal:
    """A session-cookie call that changes something without the CSRF token."""
    return OpenedxRefusal(
        "csrf_failed",
        status=403,
        message=f"CSRF Failed: {text}",
        check="CSRF token",
        expected="the value of the cookie csrftoken in the header X-CSRFToken",
        got=text,
        diagnosis="send X-CSRFToken with the csrftoken cookie, or use a bearer token instead of the session",
    )


def method_not_allowed(method: str) -> OpenedxRefusal:
    """A method that the view does not implement."""
    return OpenedxRefusal(
        "method_not_allowed", status=405, message=f'Method "{method}" not allowed.', check="method", got=method
    )


def not_acceptable(accept: str) -> OpenedxRefusal:
    """An Accept header without JSON in it."""
    return OpenedxRefusal(
        "not_acceptable",
        status=406,
        message="Could not satisfy the request Accept header.",
        check="Accept",
        expected="application/json or */*",
        got=accept,
    )


def unsupported_media_type(given: str) -> OpenedxRefusal:
    """A body of a kind that the view does not read."""
    return OpenedxRefusal(
        "unsupported_media_type",
        status=415,
        message=f'Unsupported media type "{given}" in request.',
        check="Content-Type",
        got=given,
    )


def parse_error(text: str) -> OpenedxRefusal:
    """A body that is not what it says."""
    return OpenedxRefusal("parse_error", status=400, message=text, check="request body", got=text)


def throttled(wait: int | None) -> OpenedxRefusal:
    """Too many requests. `wait` in seconds; None where the view does not say."""
    text = "Request was throttled."
    if wait is not None:
        text += f" Expected available in {wait} second{'' if wait == 1 else 's'}."
    headers = {} if wait is None else {"retry-after": str(wait)}
    return OpenedxRefusal("throttled", status=429, message=text, headers=headers, check="rate limit")


def api_error(
    status: int,
    body: Any,
    *,
    reason: str,
    check: str = "",
    expected: Any = None,
    got: Any = None,
    diagnosis: str | None = None,
) -> OpenedxRefusal:
    """A REST view's own error document, sent as it is (also by developer-error views); None sends an empty body."""
    return OpenedxRefusal(
        reason,
        status=status,
        style="empty" if body is None else "api",
        body=None if body is None else Verbatim(body),
        check=check,
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


class Verbatim:
    """A body that no view wraps."""

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data


def page_not_found(path: str) -> OpenedxRefusal:
    """An address that leads nowhere."""
    return OpenedxRefusal("page_not_found", status=404, style="not-found", check="path", got=path)


# refusals of the session middleware


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


# refusals of the OAuth endpoints


def oauth_error(
    error: str,
    description: str | None = None,
    *,
    reason: str | None = None,
    check: str = "",
    expected: Any = None,
    got: Any = None,
    diagnosis: str | None = None,
) -> OpenedxRefusal:
    """An error document of the token and revocation endpoints; `invalid_client` is 401 with a challenge."""
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    headers = {"www-authenticate": 'Bearer error="invalid_client"'} if error == "invalid_client" else {}
    return OpenedxRefusal(
        reason or error,
        status=401 if error == "invalid_client" else 400,
        style="oauth",
        body=body,
        message=description or error,
        headers=headers,
        check=check,
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def page_refusal(
    reason: str,
    status: int,
    template: str,
    *,
    check: str = "",
    expected: Any = None,
    got: Any = None,
    diagnosis: str | None = None,
    **values: Any,
) -> OpenedxRefusal:
    """A refusal shown as a page made from `template` with `values`."""
    return OpenedxRefusal(
        reason,
        status=status,
        style="page",
        body=(template, values),
        check=check,
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )
