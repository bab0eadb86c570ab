"""Reading requests of the API: form (and JSON) fields, booleans, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openlearning import wire
from lms_emulator.providers.openlearning.wire import Call

T = TypeVar("T")


def fields(x: Call) -> dict[str, str]:
    """The fields of a form endpoint as text.

    Forms are documented. JSON is taken with a warning unless the setting `json_bodies` refuses it; true and false
    become text, null is left out. Raises a 400 or 415.
    """
    if x.is_form:
        try:
            return {name: value for name, value in x.form().items() if isinstance(value, str)}
        except BodyError as error:
            raise wire.unreadable_body(str(error)) from None
    if x.content_type.endswith("json"):
        if x.settings.json_bodies == "refuse":
            raise wire.unsupported_body(x.content_type)
        x.warn("undocumented_content_type", "JSON was sent; the documentation asks for a URL-encoded form")
        return {name: _text(x, name, value) for name, value in json_object(x).items() if value is not None}
    if x.body.strip():
        x.warn("no_form_content_type", f"the body was ignored: its content type is {x.content_type or 'missing'}")
    return {}


def json_object(x: Call) -> dict[str, Any]:
    """The body as a JSON object. Raises a 400."""
    try:
        value = x.json()
    except BodyError as error:
        raise wire.unreadable_body(str(error)) from None
    if not isinstance(value, dict):
        raise wire.unreadable_body(f"a JSON object is needed, got {type(value).__name__}")
    return value


def _text(x: Call, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise wire.field_error(x, name, f"{name} must be a text", got=repr(value)[:100])
    return valid_text(value)


def valid_text(value: str) -> str:
    """The text with lone surrogates, which JSON can smuggle in and UTF-8 cannot carry, replaced by `?`."""
    return value.encode("utf-8", "replace").decode("utf-8")


def json_text(x: Call, body: dict[str, Any], name: str) -> str | None:
    """One optional text of a JSON body. Raises a 400 for other types."""
    value = body.get(name)
    return None if value is None else _text(x, name, value)


def required(x: Call, values: dict[str, str], name: str, diagnosis: str | None = None) -> str:
    """A field that must be there and not blank. Raises the field error."""
    value = values.get(name, "")
    if not value.strip():
        if not values and x.body and not x.is_form:
            diagnosis = "the body was not read: send it as application/x-www-form-urlencoded"
        raise wire.field_error(x, name, f"{name} is required", diagnosis=diagnosis)
    return value


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def boolean(x: Call, values: dict[str, str], name: str, default: bool) -> bool:
    """A boolean given as text, `true` or `false`; blank counts as left out. Raises the field error."""
    text = values.get(name, "").strip().lower()
    if not text:
        return default
    if text not in _BOOLEANS:
        raise wire.field_error(x, name, f"{name} must be true or false", got=values[name])
    return _BOOLEANS[text]


def unknown_fields(x: Call, values: Iterable[str], known: Iterable[str]) -> None:
    """Warn about fields that the endpoint ignores."""
    ignored = sorted(set(values) - set(known) - {"api_key"})
    if ignored:
        x.warn("unknown_fields", f"ignored: {', '.join(ignored)[:500]}")


def paged(x: Call, items: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Response:
    """A page of a list, with `pagination` when the client asked for a page (v2.1) or always (v2.2).

    Raises a 400 for a page or size that is not a positive number.
    """
    asked = bool(x.query_string) and (x.query.get("page") is not None or x.query.get("itemsPerPage") is not None)
    page = _positive(x, "page", 1)
    size = _positive(x, "itemsPerPage", x.settings.default_page_size)
    if size > x.settings.max_page_size:
        x.warn("page_size_capped", f"itemsPerPage={size} was cut to {x.settings.max_page_size}")
        size = x.settings.max_page_size
    if not asked and len(items) > size:
        x.warn(
            "first_page_only", f"this is the first page: {size} of {len(items)} items; ask with page and itemsPerPage"
        )
    rows = [show(item) for item in items[(page - 1) * size : page * size]]
    if not asked and wire.version(x) == "v2.1":
        return wire.data(rows)
    pages = -(-len(items) // size)
    return wire.data(rows, {"page": page, "itemsPerPage": size, "totalItems": len(items), "totalPages": pages})


def _positive(x: Call, name: str, default: int) -> int:
    text = x.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise wire.query_error(name, f"{name} must be a positive integer", text)
    return int(text)
