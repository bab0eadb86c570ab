"""Mails that Canvas sends to people. They go into the outbox at once, whatever frequency people chose.

Source: canvas-lms app/messages (2023-06) for subjects and first sentences; the policies of the models that send them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.rules import people


def send(api: Api, kind: str, address: str, subject: str, body: str = "", data: dict[str, Any] | None = None) -> None:
    """Mail one address. `kind` is Canvas's name for the message; `data`, its other contents, such as its `link`."""
    now = api.call.clock.now()
    api.call.outbox.add(
        "email", provider=api.call.provider, kind=kind, to=address, at=now, subject=subject, body=body, data=data
    )


def notify(api: Api, kind: str, users: Iterable[User], subject: str, body: str, **data: Any) -> None:
    """Mail people at their default addresses; for registered ones, only if confirmed."""
    for user in users:
        invited = user.workflow_state == "pre_registered"
        known = (channel for channel in people.channels_of(api.store, user) if channel.type == "email")
        fit = next((channel for channel in known if invited or channel.workflow_state == "active"), None)
        if fit is not None:
            send(api, kind, fit.address, subject, body, data)
