"""`docker/engine.py` where an engine is not to be had. With one, it is what `contract_tests/containers` runs on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from contract_tests.packaging.conftest import TREE


def test_without_its_tools_it_says_so_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, str(TREE / "docker" / "engine.py"), "--cache", str(tmp_path / "cache"), "true"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 69
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("engine: not to be had here: needs ")
    assert not (tmp_path / "cache").exists()
