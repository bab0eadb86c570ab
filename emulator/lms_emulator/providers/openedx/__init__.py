"""The Open edX LMS."""

from __future__ import annotations

from lms_emulator.providers.openedx.provider import Openedx

provider = Openedx()
