"""A named constructor for each refusal about grades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import model_fault, rest

Fault = tuple[str, str | None, str | None]
"""A field, a sentence and a code."""


def fault_of_field(field: str, text: str | None, code: str | None) -> SiteRefusal:
    """An invalid value, in the format that names the field beside the message."""
    return faults_of_fields([(field, text, code)])


def faults_of_fields(faults: Sequence[Fault], status: int = 422, **details: Any) -> SiteRefusal:
    """Invalid values, in the format that names the fields beside the messages."""
    errors = [{"field": field, "message": text, "error_code": code} for field, text, code in faults]
    details.setdefault("check", f"`{faults[0][0]}` is valid")
    return rest("field_invalid", status, {"errors": errors}, **details)


def each_invalid(faults: list[dict[str, list[str]]]) -> SiteRefusal:
    """422: invalid records of a list, each with its faults."""
    errors = [
        {"errors": {name: [model_fault(name, value) for value in found] for name, found in fault.items()}}
        for fault in faults
    ]
    return rest("records_invalid", 422, {"errors": errors}, check="every record is valid")


def nothing_here(got: str) -> SiteRefusal:
    """404 in the form of a failing page."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
    return rest("not_found", 404, body, check="the record exists", got=got)
