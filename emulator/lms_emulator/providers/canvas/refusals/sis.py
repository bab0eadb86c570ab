"""Refusals about SIS imports.

Source: the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import rest

JSON = "application/json; charset=utf-8"


def not_a_school() -> SiteRefusal:
    """400: the account is not a root account."""
    body = {"errors": ["SIS imports can only be executed on root accounts"]}
    return rest("sis_import_not_at_root", 400, body, check="the account has none above it")


def not_utf8(got: str) -> SiteRefusal:
    """400: the body's charset is not UTF-8."""
    body = {"error": "Invalid content type, UTF-8 required"}
    return rest("sis_import_not_utf8", 400, body, check="the charset is UTF-8", expected="utf-8", got=got)


def no_file() -> SiteRefusal:
    """422: no file was sent."""
    body: dict[str, Any] = {"errors": [{"field": None, "message": "File data could not be found", "error_code": None}]}
    return rest("sis_import_without_file", 422, body, check="a file was sent")


def both_kinds() -> SiteRefusal:
    """400: two mutually exclusive kinds of changes are selected for undoing."""
    says = "cannot set both undelete_only and unconclude_only"
    check = "only one of undelete_only and unconclude_only"
    return SiteRefusal("restore_contradictory", status=400, check=check, text=says, headers={"Content-Type": JSON})
