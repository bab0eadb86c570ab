"""The throw-away Docker engine, where it cannot be made. Where it can, `contract_tests/containers` runs on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from contract_tests.packaging.conftest import TREE


def test_without_its_tools_it_says_so_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "contract_tests.containers.engine", "--cache", str(tmp_path / "cache"), "true"]
    done = subprocess.run(command, cwd=TREE, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 69
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("engine: cannot be made here: needs ")
    assert not (tmp_path / "cache").exists()
