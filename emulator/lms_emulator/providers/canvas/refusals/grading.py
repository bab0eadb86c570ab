"""A named constructor for each refusal about grades."""

from __future__ import annotations

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import model_fault, rest


def fault_of_field(field: str, text: str | None, code: str | None, status: int = 422) -> SiteRefusal:
    """A value that does not do, in the form that names the field beside the sentence."""
    fault = {"field": field, "message": text, "error_code": code}
    return rest("field_invalid", status, {"errors": [fault]}, check=f"`{field}` is valid")


def each_invalid(faults: list[dict[str, list[str]]]) -> SiteRefusal:
    """422: records of a list that are not valid, each with its faults."""
    errors = [
        {"errors": {name: [model_fault(name, one) for one in found] for name, found in fault.items()}}
        for fault in faults
    ]
    return rest("records_invalid", 422, {"errors": errors}, check="every record is valid")


def nothing_here(got: str) -> SiteRefusal:
    """404 in the form of a page that fails."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
    return rest("not_found", 404, body, check="the record exists", got=got)
