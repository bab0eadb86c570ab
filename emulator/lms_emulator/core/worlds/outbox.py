"""E-mails and webhooks that a provider would have sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail or webhook. `kind` is the provider's name for it (`welcome_email`); `to` an address or URL."""

    id: str
    medium: Literal["email", "webhook"]
    provider: str
    kind: str
    to: str
    subject: str = ""
    body: str = ""
    data: dict[str, Any] = {}
    at: datetime


OutboxState = tuple[int, int, tuple[Message, ...]]
"""What a snapshot keeps of an outbox: messages so far, messages dropped, messages held."""


class Outbox:
    """A bounded list of messages, oldest dropped first."""

    __slots__ = ("_count", "_messages", "dropped", "limit")

    def __init__(self, limit: int = 1_000) -> None:
        self.limit = limit
        self.dropped = 0
        self._count = 0
        self._messages: deque[Message] = deque()

    def add(
        self,
        medium: Literal["email", "webhook"],
        *,
        provider: str,
        kind: str,
        to: str,
        at: datetime,
        subject: str = "",
        body: str = "",
        data: dict[str, Any] | None = None,
    ) -> Message:
        """Put a message in the outbox and return it."""
        self._count += 1
        message = Message(
            id=f"m{self._count}",
            medium=medium,
            provider=provider,
            kind=kind,
            to=to,
            subject=subject,
            body=body,
            data=data or {},
            at=at,
        )
        self._messages.append(message)
        while len(self._messages) > self.limit:
            self._messages.popleft()
            self.dropped += 1
        return message

    def __iter__(self) -> Iterator[Message]:
        return iter(tuple(self._messages))

    def __len__(self) -> int:
        return len(self._messages)

    def fresh(self) -> Outbox:
        """An empty outbox that goes on counting."""
        successor = Outbox(self.limit)
        successor._count = self._count
        return successor

    def clear(self) -> None:
        self._messages.clear()
        self.dropped = 0

    def snapshot(self) -> OutboxState:
        return self._count, self.dropped, tuple(self._messages)

    def restore(self, state: OutboxState) -> None:
        self._count, self.dropped, messages = state
        self._messages = deque(messages)
