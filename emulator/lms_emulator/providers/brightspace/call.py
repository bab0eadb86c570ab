"""The type of one request to Brightspace."""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.providers.brightspace.model import BrightspaceStore
from lms_emulator.providers.brightspace.settings import BrightspaceSettings

Call: TypeAlias = Exchange[BrightspaceStore, BrightspaceSettings]


def number(text: object) -> int | None:
    """The number that an identifier in a request is, or None."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
