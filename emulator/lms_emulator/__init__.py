"""Learning platforms on your own machine: an emulator that really checks what it is sent."""

from lms_emulator._version import __version__

__all__ = ["__version__"]
