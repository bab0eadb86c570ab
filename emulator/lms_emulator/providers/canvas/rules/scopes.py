"""The scopes that there are.

They are data: `catalogue/scopes.tsv`, from `fixtures/recordings/canvas/oauth-scopes.jsonl` 3.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.signing import lti13

LTI = frozenset(
    {
        *lti13.SERVICE_SCOPES,
        "https://canvas.instructure.com/lti/public_jwk/scope/update",
        "https://canvas.instructure.com/lti/account_lookup/scope/show",
        "https://canvas.instructure.com/lti-ags/progress/scope/show",
        "https://canvas.instructure.com/lti/data_services/scope/create",
        "https://canvas.instructure.com/lti/data_services/scope/show",
        "https://canvas.instructure.com/lti/data_services/scope/update",
        "https://canvas.instructure.com/lti/data_services/scope/list",
        "https://canvas.instructure.com/lti/data_services/scope/destroy",
        "https://canvas.instructure.com/lti/data_services/scope/list_event_types",
        "https://canvas.instructure.com/lti/feature_flags/scope/show",
        "https://canvas.instructure.com/lti/account_external_tools/scope/create",
        "https://canvas.instructure.com/lti/account_external_tools/scope/destroy",
        "https://canvas.instructure.com/lti/account_external_tools/scope/list",
        "https://canvas.instructure.com/lti/account_external_tools/scope/show",
        "https://canvas.instructure.com/lti/account_external_tools/scope/update",
    }
)
"""Scopes of tools. A key can have them; they are not listed."""


@cache
def listed() -> list[Json]:
    """The scopes of the REST API in Canvas's order, as it lists them."""
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/scopes.tsv").read_text("utf-8")
    header, *rows = (line.split("\t") for line in text.splitlines())
    return [{name: value for name, value in zip(header, row, strict=True) if value} for row in rows]


@cache
def _known() -> frozenset[str]:
    return frozenset(one["scope"] for one in listed()) | LTI


def is_known(scope: str) -> bool:
    """Whether a key can have that scope."""
    return scope in _known()
