"""What the machine that runs the tests can do."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

signals_end_processes = pytest.mark.skipif(
    sys.platform == "win32", reason="needs signals that a process can handle, which Windows has not"
)


def can_have_a_network_of_its_own(*tools: str) -> bool:
    """Whether a test can make network namespaces: root of Linux, and these tools."""
    return (
        hasattr(os, "geteuid") and os.geteuid() == 0 and all(shutil.which(tool) for tool in ("unshare", "ip", *tools))
    )
