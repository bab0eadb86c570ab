"""Learning platforms on your own machine: an emulator that really checks what it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator._version import __version__

if TYPE_CHECKING:
    from lms_emulator.app import create_app
    from lms_emulator.client.emulator import Emulator

__all__ = ["Emulator", "__version__", "create_app"]

_LAZY = {"Emulator": "lms_emulator.client.emulator", "create_app": "lms_emulator.app"}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: the package itself must cost nothing."""
    from importlib import import_module

    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
