"""A request to OpenLearning: its type, the declaration of operations, and helpers that read a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from lms_emulator.core.access.bodies import why_text
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.reads import Members
from lms_emulator.core.http.refusals import Refusal, Unfinished
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openlearning import refusals
from lms_emulator.providers.openlearning.model import OpenLearningStore
from lms_emulator.providers.openlearning.settings import OpenLearningSettings

Call: TypeAlias = Exchange[OpenLearningStore, OpenLearningSettings]
T = TypeVar("T")

VERSIONS = ("v2.1", "v2.2")
LAUNCH_PATH = "/lti/launch/"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_API_HOSTS = ("api.", "qa-api.")
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


# --- declaring an operation ---
def api(
    methods: tuple[str, ...],
    path: str,
    handler: Handler,
    *,
    evidence: Evidence,
    source: str,
    summary: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    versions: tuple[str, ...] = VERSIONS,
) -> tuple[Route, ...]:
    """One route per version of the API, with the same handler: only the error bodies differ.

    Parameters:
        query: optional query parameters, name to description.
        body: the result of `request_body`.
    """
    key = {"api_key": "the API key; not needed if the header X-API-Key has it"}
    openapi: dict[str, Any] = {"parameters": in_query(key | dict(query or {}))}
    if body is not None:
        openapi["requestBody"] = body
    return tuple(
        Route(
            methods=methods,
            path=f"/{version}{path}",
            handler=handler,
            evidence=evidence,
            source=source,
            summary=summary,
            tag=f"API {version}",
            openapi=openapi,
        )
        for version in versions
    )


def request_body(fields: Mapping[str, str], *, media_type: str = FORM) -> dict[str, Any]:
    """The OpenAPI description of a body with string fields.

    Parameters:
        fields: name to description; a `!` at the end of a name marks a required field.
    """
    properties = {name.rstrip("!"): {"type": "string", "description": text} for name, text in fields.items()}
    required = [name.rstrip("!") for name in fields if name.endswith("!")]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {media_type: {"schema": schema}}}


def in_query(parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """The OpenAPI description of optional query parameters, name to description."""
    return [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in parameters.items()
    ]


# --- addresses ---
def version(call: Call) -> str:
    """`v2.1` or `v2.2` for an API request, empty for the web site."""
    first = call.path[1:].partition("/")[0]
    return first if first in VERSIONS else ""


def web_base(call: Call) -> str:
    """The web site's address as this client reaches it, without a trailing slash."""
    if call.settings.web_base_url:
        return call.settings.web_base_url.rstrip("/")
    base = call.base_url
    for label in _API_HOSTS:
        base = base.replace(f"://{label}", "://www.", 1)
    return base


# --- checks ---
def ensure(
    call: Call,
    check: str,
    found: T | None,
    refuse: Callable[..., Refusal],
    *,
    expected: Any = None,
    got: Any = None,
    diagnosis: str | Callable[[], str | Unfinished | None] | None = None,
    credential: str | None = None,
) -> T:
    """Record a check in the journal, and raise its refusal if `found` is false or None.

    Parameters:
        refuse: constructs the refusal from `check`, `expected`, `got` and `diagnosis`.
        diagnosis: the probable mistake, or a function that finds it and is called only on failure.
        credential: the credential that was checked.

    Returns `found`.
    """
    if not call.check(check, bool(found), expected=expected, got=got) or found is None:
        why = diagnosis() if callable(diagnosis) else diagnosis
        raise refuse(check=check, expected=expected, got=got, diagnosis=why, credential=credential)
    return found


# --- bodies ---
def sent_fields(call: Call) -> dict[str, str]:
    """The fields of a body documented as a form.

    JSON is accepted with a warning, unless the setting `json_bodies` refuses it; booleans become `true` or `false`, and
    nulls are omitted. Raises a 400 or 415.
    """
    if call.is_form:
        try:
            return call.fields()
        except BodyError as error:
            raise refusals.unreadable_body(str(error)) from None
    if call.content_type.endswith("json"):
        if call.settings.json_bodies == "refuse":
            raise refusals.unsupported_body(call.content_type)
        call.warn("undocumented_content_type", "the body is JSON; the documentation asks for a URL-encoded form")
        sent = json_object(call).items()
        found = Members({name: _text(call, name, value) for name, value in sent if value is not None})
        call.reads.members.append(found)
        return found
    if call.body.strip():
        call.warn("no_form_content_type", f"the body was ignored: its content type is {call.content_type or 'missing'}")
    return {}


def json_object(call: Call) -> dict[str, Any]:
    """The body as a JSON object. Raises a 400."""
    try:
        value = call.json()
    except BodyError as error:
        raise refusals.unreadable_body(str(error)) from None
    if not isinstance(value, dict):
        refusal = refusals.unreadable_body(f"expected a JSON object, got {type(value).__name__}")
        refusal.diagnosis = "the body is a list; it has to be an object" if isinstance(value, list) else why_text(call)
        raise refusal
    return value


def json_text(call: Call, body: dict[str, Any], name: str) -> str | None:
    """An optional string of a JSON body; numbers and booleans are converted to text. Raises the field error."""
    value = body.get(name)
    return None if value is None else _text(call, name, value)


def _text(call: Call, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        nested = f"the fields stand side by side, not inside `{name}`" if isinstance(value, dict) else None
        raise refusals.field_error(call, name, f"{name} must be a string", got=repr(value)[:100], diagnosis=nested)
    return value


def required(call: Call, values: dict[str, str], name: str, diagnosis: str | None = None) -> str:
    """A required field, which must not be blank. Raises the field error."""
    value = values.get(name, "")
    if not value.strip():
        if not values and call.body and not call.is_form:
            diagnosis = f"the body was not read: send it as {FORM}"
        elif _in_url(call, (name,)):
            diagnosis = f"{name} is in the URL's query; fields go into the body, a URL-encoded form"
        raise refusals.field_error(call, name, f"{name} is required", diagnosis=diagnosis)
    return value


def boolean(call: Call, values: dict[str, str], name: str, default: bool) -> bool:
    """A field that is `true` or `false`; a blank one counts as missing. Raises the field error."""
    text = values.get(name, "").strip().lower()
    if not text:
        return default
    if text not in _BOOLEANS:
        why = f"`{name}` was sent as {values[name][:100]}; write true or false"
        raise refusals.field_error(call, name, f"{name} must be true or false", got=values[name], diagnosis=why)
    return _BOOLEANS[text]


def _in_url(call: Call, names: Iterable[str]) -> list[str]:
    """Those of the body's fields that were sent in the query instead."""
    given = {name for name, _ in call.query.peek()}
    return [name for name in names if name in given]


def declare_fields(call: Call, *known: str) -> None:
    """Declare the fields of a body, for the journal's list of unread ones. Warns about those sent in the query."""
    misplaced = _in_url(call, known)
    if misplaced:
        call.warn("field_in_query", f"ignored: {', '.join(misplaced)} in the URL's query; fields go into the body")
    call.reads.add(*known, "api_key")


def was_sent(values: dict[str, Any], name: str) -> bool:
    """Whether a field was sent; asking does not count as reading it."""
    return dict.__contains__(values, name)
