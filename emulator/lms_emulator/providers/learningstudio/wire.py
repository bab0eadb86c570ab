"""LearningStudio's dialect: compact JSON on one line, `error.message` / `error.errorId`, a constructor per refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.providers.learningstudio.model import LearningStudioStore
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

Call = Exchange[LearningStudioStore, LearningStudioSettings]

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


# --- bodies ---
def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer: compact, one line, because several clients read only the first line of a body."""
    response = Response(_ENCODER.encode(body), status, headers=headers)
    response.headers["content-type"] = JSON
    return response


def no_content() -> Response:
    """What a successful PUT or DELETE answers."""
    return Response(status_code=204)


def xml(body: str, status: int = 200) -> Response:
    response = Response(f'<?xml version="1.0" encoding="utf-8"?>{body}', status)
    response.headers["content-type"] = XML
    return response


def instant(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def points(value: float) -> Decimal:
    """Points with two decimals, as LearningStudio writes them (`10.00`)."""
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def flag(x: Call, name: str) -> bool:
    """A query parameter that says true; its name in any case."""
    wanted = name.lower()
    return any(key.lower() == wanted and value.lower() == "true" for key, value in x.query.multi_items())


def link_base(x: Call) -> str:
    """What links in the answer begin with."""
    if not x.settings.link_base or flag(x, "UseSourceDomain"):
        return x.base_url
    return x.settings.link_base.rstrip("/")


def link(x: Call, path: str, rel: str, title: str | None = None) -> dict[str, Any]:
    """`{"href", "rel"}`, and a title when there is one.

    Parameters:
        path: root-relative.
        rel: `self`, `related`, or `/name` below the setting `rel_base`.
    """
    relation = x.settings.rel_base.rstrip("/") + rel if rel.startswith("/") else rel
    made: dict[str, Any] = {"href": link_base(x) + path, "rel": relation}
    if title is not None:
        made["title"] = title
    return made


def wants_xml(x: Call) -> bool:
    """Whether the path ends in `.xml`."""
    return x.path.lower().endswith(".xml")


def error(x: Call, refusal: Refusal) -> Response:
    """The envelope of every refusal."""
    message, error_id = refusal.message, x.ids.uuid()
    if wants_xml(x):
        body = f"<error><message>{escape(message)}</message><errorId>{error_id}</errorId></error>"
        response = xml(body, refusal.status)
    else:
        response = answer({"error": {"message": message, "errorId": error_id}}, refusal.status)
    response.headers.update(refusal.headers)
    return response


# --- refusals of POST /token; all of one status ---
def _token(x: Call, reason: str, message: str, **rest: Any) -> Refusal:
    return Refusal(reason, status=x.settings.token_error_status, message=message, **rest)


def unsupported_grant_type(x: Call, got: str, diagnosis: str | None) -> Refusal:
    return _token(
        x,
        "unsupported_grant_type",
        "Unsupported or missing grant_type.",
        check="grant_type is one of the three",
        expected="assertion, password or refresh_token",
        got=got,
        diagnosis=diagnosis,
    )


def missing_parameter(x: Call, name: str) -> Refusal:
    return _token(
        x, "missing_parameter", f"Missing required parameter: {name}.", check="required fields are there", expected=name
    )


def placeholder(name: str, got: str) -> Refusal:
    """A curly bracket of the documentation's placeholders was left in."""
    return Refusal(
        "placeholder",
        status=400,
        message=f"Invalid value for {name}: remove the curly brackets.",
        check=f"{name} is a value, not a placeholder",
        got=got,
        diagnosis="the documentation writes {placeholders} in curly brackets; they are not part of the value",
    )


def unsupported_assertion_type(x: Call, got: str, known: tuple[str, ...]) -> Refusal:
    return _token(
        x,
        "unsupported_assertion_type",
        "Unsupported assertion_type.",
        check="assertion_type is known",
        expected=" or ".join(known),
        got=got,
    )


def malformed_assertion(x: Call, why: str, got: str, diagnosis: str | None = None) -> Refusal:
    return _token(
        x,
        "malformed_assertion",
        "Malformed assertion.",
        check="seven fields between pipes, the sixth a UTC timestamp",
        expected="applicationName|consumerKey|applicationId|clientString|userName|YYYY-MM-DDTHH:MM:SSZ|signature",
        got=got,
        diagnosis=diagnosis or why,
    )


def unknown_keys(x: Call, check: str, got: str, diagnosis: str | None = None) -> Refusal:
    return _token(
        x,
        "unknown_keys",
        "Unknown application or campus keys.",
        check=check,
        got=got,
        diagnosis=diagnosis,
    )


def assertion_signature(x: Call, expected: str, got: str, signed: str, diagnosis: str | None) -> Refusal:
    x.notes["signed_string"] = signed
    return _token(
        x,
        "invalid_assertion_signature",
        "Invalid assertion signature.",
        check=f"signature is the hex CMAC-AES of {signed!r}",
        expected=expected,
        got=got,
        diagnosis=diagnosis,
    )


def assertion_time(x: Call, sent: datetime, now: datetime, diagnosis: str) -> Refusal:
    return _token(
        x,
        "assertion_expired",
        "Assertion timestamp is expired or not yet valid.",
        check=f"timestamp within {x.settings.assertion_window_seconds} s of the server's clock",
        expected=instant(now),
        got=instant(sent),
        diagnosis=diagnosis,
    )


def assertion_reused(x: Call) -> Refusal:
    return _token(
        x,
        "assertion_reused",
        "Assertion has already been used.",
        check="an assertion is used once (setting assertion_reuse)",
    )


def unknown_user(x: Call, got: str, diagnosis: str | None = None) -> Refusal:
    return _token(
        x,
        "unknown_user",
        "incorrect_client_credentials: unknown user.",
        check="the user exists in the campus and is active",
        got=got,
        diagnosis=diagnosis,
    )


def bad_password(x: Call, check: str, got: str) -> Refusal:
    return _token(
        x,
        "invalid_password",
        "incorrect_client_credentials: invalid username or password.",
        check=check,
        got=got,
    )


def username_without_client_string(x: Call, got: str) -> Refusal:
    return _token(
        x,
        "username_without_client_string",
        "incorrect_client_credentials: username must be clientString\\username.",
        check="username has one backslash",
        expected="clientString\\username (the backslash is %5C in a form)",
        got=got,
        diagnosis="put the campus's client string and a backslash in front of the username",
    )


def bad_refresh_token(x: Call, check: str, diagnosis: str | None = None) -> Refusal:
    return _token(
        x,
        "invalid_refresh_token",
        "Invalid or expired refresh token.",
        check=check,
        diagnosis=diagnosis,
    )


def bad_grant(check: str) -> Refusal:
    """An access grant of the flow of 2010."""
    return Refusal("invalid_access_grant", status=400, message="Invalid or expired access grant.", check=check)


# --- refusals of credentials ---
def unauthorized(reason: str, message: str, **rest: Any) -> Refusal:
    """401: credentials are missing, wrong or expired."""
    return Refusal(reason, status=401, message=message, **rest)


def forbidden(reason: str, message: str, **rest: Any) -> Refusal:
    """403: the request was understood, and is not allowed to this caller."""
    return Refusal(reason, status=403, message=message, **rest)


def too_many_requests(limit: int, got: int) -> Refusal:
    return Refusal(
        "rate_limited",
        status=429,
        message="Too many requests.",
        check="requests per second and key (setting requests_per_second)",
        expected=f"at most {limit}",
        got=got,
    )


# --- refusals of resources ---
def not_found(what: str, got: object, diagnosis: str | None = None) -> Refusal:
    """404: the path or id is unknown, or the child is not of that parent."""
    return Refusal(
        "not_found", status=404, message=f"{what} not found.", check=f"{what} exists", got=got, diagnosis=diagnosis
    )


def bad_request(reason: str, message: str, **rest: Any) -> Refusal:
    """400: bad syntax or a missing field."""
    return Refusal(reason, status=400, message=message, **rest)


def unsupported_format(x: Call) -> Refusal:
    return Refusal(
        "unsupported_format",
        status=x.settings.unsupported_format_status,
        message="The requested format is not supported.",
        check="a format that this resource is emulated in",
        expected="no ending or .json",
        got=".xml",
        diagnosis="only /systemDateTime is emulated as XML; ask for JSON",
    )
