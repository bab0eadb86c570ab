"""The browser that the tests drive, and what they say where there is none."""

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: chromium; or set CHROMIUM to its path)"),
]
SHOTS = os.environ.get("LMS_EMULATOR_SCREENSHOTS")
"""A folder for screenshots to look at; none are made without it."""
