"""One request to Brightspace: its type, and what its handlers share."""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange, number
from lms_emulator.providers.brightspace.model import BrightspaceStore, User
from lms_emulator.providers.brightspace.settings import BrightspaceSettings

Call: TypeAlias = Exchange[BrightspaceStore, BrightspaceSettings]

__all__ = ["Call", "Identity", "number"]


class Identity:
    """Who makes a request: the user, and the application that the token was issued to, if it is known."""

    user: User | None = None
    application: str | None = None
