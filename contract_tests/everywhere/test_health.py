"""No request keeps the process from answering the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.everywhere.hostile import corpus
from contract_tests.everywhere.hostile.pulse import SLOWEST, answered, start
from lms_emulator import Emulator

pytestmark = pytest.mark.slow


@pytest.mark.timeout(600)
def test_no_request_keeps_the_process_busy(tmp_path: Path) -> None:
    """In processor time, which does not depend on other load; the benchmark shows wall-clock time too."""
    log = tmp_path / "log"
    process, url = start(log)
    with process:
        try:
            slow = {}
            with Emulator.connect(url) as lms:
                for hostile in corpus(lms):
                    found = answered(url, process.pid, hostile)
                    if found.worked >= SLOWEST:
                        slow[hostile.name] = f"{found.worked * 1000:.0f} ms, {found.line.decode()}"
            assert slow == {}
            assert "failed inside the emulator" not in log.read_text()
        finally:
            process.terminate()
