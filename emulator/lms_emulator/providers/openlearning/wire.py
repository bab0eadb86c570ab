"""OpenLearning's dialects: JSON of the API (v2.1 and v2.2), JSON of the v1 API, and pages for browsers.

Bodies of success are `meta` and `data`, as captured from the real API. Bodies of errors are only known from one real
v2.2 answer (`{"detail": ...}`) and one client's declaration for v2.1 (`meta.error`); the setting `error_style` decides.
Constructors of the API's refusals are here, those of launches and v1 in :mod:`.refusals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.providers.openlearning.model import OpenLearningStore
from lms_emulator.providers.openlearning.settings import OpenLearningSettings

Call = Exchange[OpenLearningStore, OpenLearningSettings]

PACKAGE = "lms_emulator.providers.openlearning"
VERSIONS = ("v2.1", "v2.2")
LAUNCH_PATH = "/lti/launch/"
LAUNCH_ERROR_HEADER = "X-Emulator-Launch-Error"
_API_HOSTS = ("api.", "qa-api.")


class OpenLearningRefusal(Refusal):
    """A refusal that may be about one field of the request.

    Parameters: as of `Refusal`; `field`, the field's name, which the 422 style puts in its list.
    """

    def __init__(self, reason: str, *, field: str | None = None, **details: Any) -> None:
        super().__init__(reason, **details)
        self.field = field


# addresses


def version(x: Call) -> str:
    """`v2.1` or `v2.2` for a request of the API, empty for one of the web site."""
    first = x.path[1:].partition("/")[0]
    return first if first in VERSIONS else ""


def web_base(x: Call) -> str:
    """Address of the web site as this client would reach it, without trailing slash."""
    if x.settings.web_base_url:
        return x.settings.web_base_url.rstrip("/")
    base = x.base_url
    for label in _API_HOSTS:
        base = base.replace(f"://{label}", "://www.", 1)
    return base


# answers


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body, keys in the order given."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def data(value: Any, pagination: Mapping[str, int] | None = None) -> Response:
    """A success of the API: `meta`, `data`, and `pagination` for lists that were asked for by page."""
    body = {"meta": {"status": 200}, "data": value}
    if pagination is not None:
        body["pagination"] = pagination
    return json(body)


def render(x: Call, refusal: Refusal) -> Response:
    """The refusal in the dialect of the path it happened on."""
    if version(x):
        return _api_error(x, refusal)
    if x.path.startswith("/api/"):
        return json({"success": False, "error": refusal.message}, refusal.status, refusal.headers)
    headers = dict(refusal.headers)
    if x.path == LAUNCH_PATH:
        headers[LAUNCH_ERROR_HEADER] = refusal.reason
    return page(PACKAGE, "refused.html", refusal.status, headers, code=refusal.status, message=refusal.message)


def _api_error(x: Call, refusal: Refusal) -> Response:
    style = x.settings.error_style
    if style == "per_version":
        style = "both" if version(x) == "v2.1" else "detail"
    field = getattr(refusal, "field", None)
    detail: Any = refusal.message
    if field is not None and refusal.status == 422:
        detail = [{"loc": ["body", field], "msg": refusal.message, "type": "value_error"}]
    body: dict[str, Any] = {}
    if style in ("both", "meta"):
        body["meta"] = {"status": refusal.status, "error": refusal.message}
    if style in ("both", "detail"):
        body["detail"] = detail
    return json(body, refusal.status, refusal.headers)


# refusals: paths and methods


def no_such_endpoint(path: str, diagnosis: str | None = None) -> Refusal:
    """404: nothing is known at this path."""
    return OpenLearningRefusal(
        "no_such_endpoint", status=404, message="Not Found", check="a known endpoint", got=path, diagnosis=diagnosis
    )


def missing_trailing_slash(path: str) -> Refusal:
    """404: the path exists only with a final slash."""
    return OpenLearningRefusal(
        "missing_trailing_slash",
        status=404,
        message="Not Found",
        check="the path ends in a slash",
        expected=path + "/",
        got=path,
        diagnosis="the trailing slash of the path is missing; every documented path of this API ends in one",
    )


def method_not_allowed(method: str, allowed: tuple[str, ...]) -> Refusal:
    """405 with `Allow`."""
    return OpenLearningRefusal(
        "method_not_allowed",
        status=405,
        message="Method Not Allowed",
        check="the path takes this method",
        expected=", ".join(allowed),
        got=method,
        headers={"Allow": ", ".join(allowed)},
    )


# refusals: who is calling


def missing_api_key(diagnosis: str | None = None) -> Refusal:
    """401: no key at all."""
    return OpenLearningRefusal(
        "missing_api_key",
        status=401,
        message="An API key is required",
        check="an API key came with the request",
        expected="the query parameter api_key, or the header X-API-Key",
        diagnosis=diagnosis,
    )


def unknown_api_key(got: str, diagnosis: str | None) -> Refusal:
    """401: a key that no account has."""
    return OpenLearningRefusal(
        "unknown_api_key",
        status=401,
        message="Invalid API key",
        check="the API key belongs to an account",
        expected="24 hex digits, a dot, 64 hex digits",
        got=got,
        diagnosis=diagnosis,
    )


def bearer_refused() -> Refusal:
    """401 under the setting `bearer_keys = "refuse"`."""
    return OpenLearningRefusal(
        "bearer_not_accepted",
        status=401,
        message="An API key is required",
        check="the API key came in the query or in X-API-Key",
        got="Authorization: Bearer",
        diagnosis="send the key as api_key in the query or in X-API-Key; the setting bearer_keys refuses Bearer",
    )


def rate_limited(limit: int, retry_after: int) -> Refusal:
    """429 under the setting `rate_limit_per_minute`."""
    return OpenLearningRefusal(
        "rate_limited",
        status=429,
        message="Too Many Requests",
        check=f"at most {limit} calls a minute with one key",
        headers={"Retry-After": str(retry_after)},
    )


def not_allowed(right: str, got: str, diagnosis: str | None = None) -> Refusal:
    """403: the key is good, its user lacks the right."""
    return OpenLearningRefusal(
        "not_allowed",
        status=403,
        message="You do not have permission to perform this action",
        check="the key's user has the right to do this",
        expected=right,
        got=got,
        diagnosis=diagnosis,
    )


# refusals: things and fields


def not_found(kind: str, identifier: str, found_kind: str | None = None) -> Refusal:
    """404: no such thing. `found_kind` tells what the id really belongs to, in the journal only."""
    diagnosis = None
    if found_kind is not None and found_kind != kind:
        diagnosis = f"that id is {_with_article(found_kind)}, not {_with_article(kind)}"
    return OpenLearningRefusal(
        f"unknown_{kind}",
        status=404,
        message=f"{kind.capitalize()} not found",
        check=f"the {kind} exists",
        got=identifier,
        diagnosis=diagnosis,
    )


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aei" else f"a {noun}"  # a user


def field_error(x: Call, field: str, message: str, *, got: object = None, diagnosis: str | None = None) -> Refusal:
    """400 (or 422, by setting): a field is missing or cannot be used."""
    return OpenLearningRefusal(
        "field_invalid" if got is not None else "field_missing",
        field=field,
        status=x.settings.field_error_status,
        message=message,
        check=f"the field {field}",
        expected=message,
        got=got,
        diagnosis=diagnosis,
    )


def query_error(name: str, message: str, got: str | None = None) -> Refusal:
    """400: a query parameter is missing or cannot be used."""
    return OpenLearningRefusal(
        "query_invalid", status=400, message=message, check=f"the query parameter {name}", expected=message, got=got
    )


def email_not_managed(email: str) -> Refusal:
    """400, word for word as the real v2.2 answers: the e-mail belongs to an account outside the institution."""
    return OpenLearningRefusal(
        "email_not_managed",
        field="primary_email_address",
        status=400,
        message="An existing user with the provided email is not managed by this institution",
        check="the e-mail address is free, or of an account of this institution",
        got=email,
        diagnosis="an account with this e-mail exists elsewhere on OpenLearning; it answers 400 here, not 409",
    )


def external_id_in_use(external_id: str, institution: str) -> Refusal:
    """400: another account of the institution has this external id."""
    diagnosis = None
    if external_id == institution:
        diagnosis = (
            "external_institution_id holds the institution's own id; it is meant for your own key of the user, "
            "different for every user"
        )
    return OpenLearningRefusal(
        "external_id_in_use",
        field="external_institution_id",
        status=400,
        message="external_institution_id is already in use in this institution",
        check="the external id is free in this institution",
        got=external_id,
        diagnosis=diagnosis,
    )


def no_external_id(user: str) -> Refusal:
    """400: the account is in the institution, but without an external id there is nothing to sign on with."""
    return OpenLearningRefusal(
        "no_external_id",
        status=400,
        message="The user has no external institution id",
        check="the user has an external institution id",
        got=user,
    )


def already_enrolled(user: str, place: str) -> Refusal:
    """400: the user is in the class or program already."""
    return OpenLearningRefusal(
        "already_enrolled",
        status=400,
        message="The user is already enrolled",
        check="the user is not enrolled yet",
        got=f"{user} in {place}",
    )


def unsupported_body(content_type: str) -> Refusal:
    """415 under the setting `json_bodies = "refuse"`."""
    return OpenLearningRefusal(
        "unsupported_body",
        status=415,
        message="Unsupported Media Type",
        check="the body is a form",
        expected="application/x-www-form-urlencoded",
        got=content_type,
        diagnosis="JSON was sent where the documentation asks for a form",
    )


def unreadable_body(why: str) -> Refusal:
    """400: the body is not what its content type says."""
    return OpenLearningRefusal(
        "unreadable_body", status=400, message="The request body could not be read", check="the body parses", got=why
    )
