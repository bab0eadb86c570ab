"""Learning platforms on your own machine: an emulator that really checks what it is sent.

Names are imported on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator._version import __version__

if TYPE_CHECKING:
    from lms_emulator.app import create_app
    from lms_emulator.client import (
        ControlError,
        Emulator,
        EmulatorTransport,
        OutboxMessage,
        RecordedRefusal,
        RecordedRequest,
        RecordedWarning,
        intercept,
        requests_adapter,
    )
    from lms_emulator.core.errors import UsageError, WorldError

__all__ = [
    "ControlError",
    "Emulator",
    "EmulatorTransport",
    "OutboxMessage",
    "RecordedRefusal",
    "RecordedRequest",
    "RecordedWarning",
    "UsageError",
    "WorldError",
    "__version__",
    "create_app",
    "intercept",
    "requests_adapter",
]

_ELSEWHERE = {"create_app": "app", "UsageError": "core.errors", "WorldError": "core.errors"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in __all__:
        return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'client')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
