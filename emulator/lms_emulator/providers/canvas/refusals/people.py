"""Refusals about people and accounts."""

from __future__ import annotations

from lms_emulator.core.http.refusals import SiteRefusal

JSON = "application/json; charset=utf-8"


def null(reason: str, check: str) -> SiteRefusal:
    """400 with JSON null."""
    return SiteRefusal(reason, check=check, headers={"Content-Type": JSON}, text="null")
