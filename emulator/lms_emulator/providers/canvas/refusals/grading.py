"""A named constructor for each refusal about grades."""

from __future__ import annotations

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import rest


def fault_of_field(field: str, text: str | None, code: str | None, status: int = 422) -> SiteRefusal:
    """A value that does not do, in the form that names the field beside the sentence."""
    fault = {"field": field, "message": text, "error_code": code}
    return rest("field_invalid", status, {"errors": [fault]}, check=f"`{field}` is valid")
