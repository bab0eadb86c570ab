"""Refusals about people and accounts."""

from __future__ import annotations

from lms_emulator.core.http.refusals import SiteRefusal

JSON = "application/json; charset=utf-8"


def null(reason: str, check: str) -> SiteRefusal:
    """400 with JSON null."""
    return SiteRefusal(reason, check=check, headers={"Content-Type": JSON}, text="null")


def no_school(url: str) -> SiteRefusal:
    """302 to the page of an account below a school, where Canvas manages something that only schools have."""
    return SiteRefusal("account_no_school", status=302, check="the account is a school", location=url)
