"""The scopes of developer keys.

They are data: `catalogue/scopes.tsv`, from `fixtures/recordings/canvas/oauth-scopes.jsonl` 3. Those of later operations
are made from their paths, as Canvas makes them (lib/token_scopes.rb).
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.signing import lti13

PLACEHOLDER = re.compile(r"{(\w+)}")
_CANVAS = "https://canvas.instructure.com/"
PROGRESS = f"{_CANVAS}lti-ags/progress/scope/show"
GRADES = (*lti13.AGS_SCOPES, PROGRESS)
LISTED_LTI = (
    *lti13.SERVICE_SCOPES,
    f"{_CANVAS}lti/public_jwk/scope/update",
    f"{_CANVAS}lti/account_lookup/scope/show",
    PROGRESS,
)
"""Scopes that every tool can be granted."""
NOTICES = lti13.SCOPE_NOTICES
ASSETS, REPORTS = lti13.SCOPE_ASSETS, lti13.SCOPE_REPORTS
"""The first lets a document processor read submissions; the second lets it post reports."""
TERMS, TERMS_AT_ALL = lti13.SCOPE_TERMS, lti13.SCOPE_TERMS_AT_ALL
"""The first lets a tool report who accepted its EULA; the second whether it has one."""
DOCUMENTS = (ASSETS, REPORTS, TERMS_AT_ALL, TERMS)
REGISTRATION = (
    "https://purl.imsglobal.org/spec/lti-reg/scope/registration.readonly",
    "https://purl.imsglobal.org/spec/lti-reg/scope/registration",
)
"""The second lets a dynamically registered tool request changes; either lets it read its registration."""
PAGE_CONTENT = "https://canvas.instructure.com/lti/page_content/show"
_OF_SERVICES = {
    "data_services": ("create", "show", "update", "list", "destroy", "list_event_types"),
    "feature_flags": ("show",),
    "account_external_tools": ("create", "destroy", "list", "show", "update"),
}
LTI = frozenset(
    {
        *LISTED_LTI,
        NOTICES,
        *DOCUMENTS,
        *REGISTRATION,
        PAGE_CONTENT,
        *(f"{_CANVAS}lti/{name}/scope/{right}" for name, rights in _OF_SERVICES.items() for right in rights),
    }
)
"""Tool scopes, which a key can have although they are not listed."""


@cache
def listed() -> list[Json]:
    """The scopes of the REST API in Canvas's order, as it lists them."""
    header, *rows = _rows("catalogue/scopes.tsv")
    return [{name: value for name, value in zip(header, row, strict=True) if value} for row in rows]


def _rows(file: str) -> list[list[str]]:
    text = resources.files("lms_emulator.providers.canvas").joinpath(file).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines()]


@cache
def _known() -> frozenset[str]:
    later = (row for row in _rows("catalogue.tsv") if len(row) > 4 and row[4].startswith("after 2023"))
    written = ((methods, PLACEHOLDER.sub(r":\1", path)) for methods, path, *_ in later)
    of_later = (f"url:{method}|{path}" for methods, path in written for method in methods.split(","))
    return frozenset(item["scope"] for item in listed()) | LTI | frozenset(of_later)


def is_known(scope: str) -> bool:
    """Whether that scope exists."""
    return scope in _known()
