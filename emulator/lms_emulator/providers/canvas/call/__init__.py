"""One request to Canvas, and what its handlers share.

`params` reads its parameters, `identifiers` finds the records named in path and parameters, `moments` parses and
formats times, `api` is what a handler of the REST API gets.
"""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange, number
from lms_emulator.providers.canvas.model import CanvasStore
from lms_emulator.providers.canvas.settings import CanvasSettings

Call: TypeAlias = Exchange[CanvasStore, CanvasSettings]

__all__ = ["Call", "number"]
