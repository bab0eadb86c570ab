"""Fields of admin forms, with Django's error messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx.call import Call

Widget = Literal["text", "textarea", "select", "checkbox", "datetime"]
REQUIRED = "This field is required."
NOT_A_CHOICE = "Select a valid choice. That choice is not one of the available choices."
_BUTTONS = ("_save", "_continue", "_addanother", "csrfmiddlewaretoken")
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")
_TIMES = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a form.

    Parameters: `choices` of a select, as (value, label); `blank`, label of its empty choice, None for no such choice;
    `most`, the longest text; `hint`, a sentence below it; `suggestions`, for a text field, as (value, label).
    """

    name: str
    label: str
    widget: Widget = "text"
    required: bool = False
    most: int | None = None
    choices: Sequence[tuple[str, str]] = ()
    blank: str | None = "---------"
    hint: str = ""
    suggestions: Sequence[tuple[str, str]] = ()


@dataclass(kw_only=True)
class Form:
    """A form as filled in: raw texts by input name, and errors by field name (`__all__` for the form as a whole)."""

    fields: Sequence[Field]
    values: dict[str, str]
    errors: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a field, stripped."""
        return self.values.get(name, "").strip()

    def checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.values.get(name, "").lower() not in ("", "false", "0", "off")

    def fail(self, name: str, message: str) -> None:
        """Note an error of a field."""
        self.errors.setdefault(name, []).append(message)

    def check(self) -> None:
        """The checks of each single field: presence, length, choice."""
        for each in self.fields:
            text = self.text(each.name)
            if each.widget in ("datetime", "checkbox"):
                continue
            if not text:
                if each.required:
                    self.fail(each.name, REQUIRED)
            elif each.widget == "select" and text not in {value for value, _ in each.choices}:
                self.fail(each.name, _not_a_choice(each, text))
            elif each.most is not None and len(text) > each.most:
                self.fail(each.name, f"Ensure this value has at most {each.most} characters (it has {len(text)}).")

    def moment(self, name: str) -> datetime | None:
        """A date and a time from `<name>_0` and `<name>_1`, in UTC; notes an error and gives None without them."""
        day, hour = self.text(f"{name}_0"), self.text(f"{name}_1")
        if not day or not hour:
            self.fail(name, REQUIRED)
            return None
        date, time = _parse(day, _DATES), _parse(hour, _TIMES)
        if date is None:
            self.fail(name, "Enter a valid date.")
        if time is None:
            self.fail(name, "Enter a valid time.")
        if date is None or time is None:
            return None
        return datetime.combine(date.date(), time.time(), UTC)


def _not_a_choice(each: Field, text: str) -> str:
    if all(value.isdigit() for value, _ in each.choices):
        return NOT_A_CHOICE
    return f"Select a valid choice. {text} is not one of the available choices."


def _parse(text: str, formats: Sequence[str]) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def posted(call: Call, fields: Sequence[Field]) -> Form:
    """The form of the request; fields that are not used here stay unread."""
    sent, names = call.form(), [*_BUTTONS, *(field.name for field in fields)]
    names += [f"{field.name}_{part}" for field in fields if field.widget == "datetime" for part in (0, 1)]
    values = {name: value for name in names if isinstance(value := sent.get(name), str)}
    return Form(fields=fields, values=values)


def fresh(fields: Sequence[Field], values: Mapping[str, str]) -> Form:
    """A form as it is first shown."""
    return Form(fields=fields, values=dict(values))


def user_by_id(call: Call, form: Form, name: str) -> str | None:
    """The username for a numeric id in a field; None for an empty field; notes an error for an unknown id."""
    text = form.text(name)
    if not text:
        return None
    found = call.store.users.first("id", parse_integer(text)) if text.isascii() else None
    if found is None:
        form.fail(name, NOT_A_CHOICE)
        return None
    return found.username
