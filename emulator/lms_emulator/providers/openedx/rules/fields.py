"""Reading one value of a request body as a serializer field of Django REST framework reads it, with its messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
_TRUE = frozenset({"t", "y", "yes", "true", "on", "1", 1})
_FALSE = frozenset({"f", "n", "no", "false", "off", "0", 0})
_DATETIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*"
    r"(Z|[+-]\d{2}(?::?\d{2})?)?"
)
_FORMATS = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


class FieldError(ValueError):
    """A value that the field does not take; the text is the message."""


Reader = Callable[[Any], Any]


def text(*, blank: bool = False) -> Reader:
    """A CharField: strings and numbers, trimmed."""

    def read(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FieldError("Not a valid string.")
        trimmed = str(value).strip()
        if not trimmed and not blank:
            raise FieldError(BLANK)
        return trimmed

    return read


def integer(value: Any) -> int:
    """An IntegerField: numbers and texts of numbers, `7.0` too."""
    if isinstance(value, str) and len(value) > 1000:
        raise FieldError("String value too large.")
    try:
        return int(re.sub(r"\.0*\s*$", "", str(value)))
    except ValueError:
        raise FieldError("A valid integer is required.") from None


def boolean(value: Any) -> bool:
    """A BooleanField: JSON's booleans and the words of HTML forms."""
    try:
        folded = value.lower() if isinstance(value, str) else value
        if folded in _TRUE:
            return True
        if folded in _FALSE:
            return False
    except TypeError:
        pass
    raise FieldError("Must be a valid boolean.")


def date_time(value: Any) -> datetime:
    """A DateTimeField: ISO 8601 as Python reads it, also a date alone, or Django's own form. Without an offset, UTC."""
    try:
        whole = datetime.fromisoformat(value) if isinstance(value, str) else None
        if whole is not None:
            return (whole if whole.tzinfo is not None else whole.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    found = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise FieldError(_FORMATS)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        offset = _offset(zone)
        micro = int((fraction or "0").ljust(6, "0"))
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro, offset
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldError(_FORMATS) from None


def _offset(zone: str | None) -> timezone:
    if zone in (None, "Z"):
        return UTC
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def choice(*choices: str) -> Reader:
    """A ChoiceField."""

    def read(value: Any) -> str:
        if str(value) not in choices:
            raise FieldError(f'"{value}" is not a valid choice.')
        return str(value)

    return read


def type_name(value: Any) -> str:
    """What the real server calls the type of a value of a body."""
    return "dict" if isinstance(value, dict) else type(value).__name__


class Field:
    """How one value of a body is read.

    Parameters: `required`, whether it must be given; `null`, whether null is accepted.
    """

    __slots__ = ("null", "read", "required")

    def __init__(self, read: Reader, *, required: bool = False, null: bool = False) -> None:
        self.read, self.required, self.null = read, required, null


def read(
    body: Any, fields: Mapping[str, Field], *, partial: bool = False
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read a body. Returns the values that were given and the messages by field; one of the two is empty.

    Parameters: `partial`, whether required fields may be missing.
    """
    if not isinstance(body, dict):
        text = f"Invalid data. Expected a dictionary, but got {type_name(body)}."
        return {}, {"non_field_errors": [text]}
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, field in fields.items():
        if name not in body:
            if field.required and not partial:
                errors[name] = [REQUIRED]
            continue
        try:
            values[name] = _value(body[name], field)
        except FieldError as error:
            errors[name] = [str(error)]
    return ({}, errors) if errors else (values, {})


def _value(given: Any, field: Field) -> Any:
    if given is None:
        if not field.null:
            raise FieldError(NULL)
        return None
    return field.read(given)
