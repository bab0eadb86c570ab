"""Event subscriptions and their principals."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class Principal(Record, frozen=True, kw_only=True):
    """An application that may subscribe to events.

    Attributes:
        secret: 16, 24 or 32 characters, which are the AES key; it signs subscriptions and deliveries.
        domain: of its web server, with `*` for any text.
    """

    id: str
    secret: str
    domain: str = "*"


class Subscription(Record, frozen=True, kw_only=True):
    """`tags`: required values of an event, by type: `MessageType`, `ClientString`, `CourseId`, `UserId` and others."""

    id: str
    principal_id: str
    callback_url: str
    tags: dict[str, str] = {}
    created: Instant
