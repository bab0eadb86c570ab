"""Refusals about discussions."""

from __future__ import annotations

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import rest


def initial_post_required() -> SiteRefusal:
    """Others' entries are visible only after posting: bare text, labelled as JSON."""
    return SiteRefusal(
        "initial_post_required",
        status=403,
        check="said something before reading on",
        text="require_initial_post",
        headers={"Content-Type": "application/json; charset=utf-8"},
    )


def order_refused(text: str) -> SiteRefusal:
    """An impossible order of topics."""
    body = {"status": "bad_request", "message": text}
    return rest("order_refused", 400, body, check="`order` names pinned topics", diagnosis=text)
