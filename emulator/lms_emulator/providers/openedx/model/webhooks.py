"""Webhooks for the platform's public events. No HTTP."""

from __future__ import annotations

from lms_emulator.core.state.records import Record


class EventWebhook(Record, frozen=True, kw_only=True):
    """A URL that receives events.

    Parameters:
        url: where they are posted; empty for the outbox alone.
        secret: the key of the signature, base64 after `whsec_` or any text.
        events: their names, `org.openedx.learning.course.enrollment.created.v1`; none for all.
    """

    name: str
    url: str = ""
    secret: str = ""
    events: list[str] = []
