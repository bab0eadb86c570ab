"""The type of one request to Canvas."""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange, number
from lms_emulator.providers.canvas.model import CanvasStore
from lms_emulator.providers.canvas.settings import CanvasSettings

Call: TypeAlias = Exchange[CanvasStore, CanvasSettings]

__all__ = ["Call", "number"]
