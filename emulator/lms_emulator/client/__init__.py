"""The Python handle on an emulator: in this process, in a thread, or running elsewhere.

Names are imported on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lms_emulator.client.control import ControlError
    from lms_emulator.client.emulator import Emulator
    from lms_emulator.client.httpx_transport import EmulatorTransport
    from lms_emulator.client.interception import intercept, requests_adapter
    from lms_emulator.client.parts import OutboxMessage, RecordedRefusal, RecordedRequest, RecordedWarning

__all__ = [
    "ControlError",
    "Emulator",
    "EmulatorTransport",
    "OutboxMessage",
    "RecordedRefusal",
    "RecordedRequest",
    "RecordedWarning",
    "intercept",
    "requests_adapter",
]

_MODULES = {
    "control": ("ControlError",),
    "emulator": ("Emulator",),
    "httpx_transport": ("EmulatorTransport",),
    "interception": ("intercept", "requests_adapter"),
    "parts": ("OutboxMessage", "RecordedRefusal", "RecordedRequest", "RecordedWarning"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
