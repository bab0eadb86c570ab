"""The type of one request to Brightspace."""

from __future__ import annotations

from typing import TypeAlias

from lms_emulator.core.http.exchange import Exchange, number
from lms_emulator.providers.brightspace.model import BrightspaceStore
from lms_emulator.providers.brightspace.settings import BrightspaceSettings

Call: TypeAlias = Exchange[BrightspaceStore, BrightspaceSettings]

__all__ = ["Call", "number"]
