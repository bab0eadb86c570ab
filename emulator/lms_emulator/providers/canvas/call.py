"""The type of one request to Canvas."""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.providers.canvas.model import CanvasStore
from lms_emulator.providers.canvas.settings import CanvasSettings

Call: TypeAlias = Exchange[CanvasStore, CanvasSettings]


def number(text: str) -> int | None:
    """The number that an identifier in a request is, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
