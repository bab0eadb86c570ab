"""Every command and every piece of Python in the pages of `docs/`, run as written where only the distribution is.

The README and the pages of the providers tell one story each, block by block: `contract_tests/examples` runs those.

Shell commands run in a network and a folder of their own, so that the documents can name the default ports. A piece
that needs what a test cannot have (a container engine) says so in a comment above it: `<!-- not run: … -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from contract_tests.packaging.conftest import TREE

pytestmark = pytest.mark.timeout(600)

_FENCE = re.compile(r"^(<!-- not run: [^\n]*-->\n)?```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMESPACE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euo", "pipefail", "-c"]
_SERVE = (
    "ip link set lo up\nlms-emulator serve --tls > emulator.log &\nuntil lms-emulator healthcheck; do sleep 0.1; done\n"
)


class Piece(NamedTuple):
    """One fenced block: the file, its line, its language, its text."""

    file: Path
    line: int
    language: str
    text: str


def pieces(language: str) -> list[object]:
    found = []
    for file in sorted((TREE / "docs").glob("*.md")):
        content = file.read_text("utf-8")
        for match in _FENCE.finditer(content):
            if match[1] is None and match[2] == language:
                piece = Piece(file, content.count("\n", 0, match.start()) + 1, language, match[3])
                found.append(pytest.param(piece, id=f"{file.stem}-{piece.line}"))
    return found


@pytest.fixture(scope="session")
def commands(installed: Callable[..., str]) -> str:
    """The folder of commands of the clean environment, with requests added, which some examples use."""
    installed("python", "-m", "pip", "install", "--quiet", "requests")
    return str(Path(installed("python", "-c", "import sys; print(sys.executable)").strip()).parent)


def run(command: list[str], commands: str, folder: Path, timeout: float = 120) -> str:
    path = f"{commands}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("unshare", "ip", "curl")),
    reason="needs root, unshare, ip and curl for a network of its own",
)
@pytest.mark.parametrize("piece", pieces("sh"))
def test_shell(piece: Piece, commands: str, tmp_path: Path) -> None:
    last = piece.text.rstrip().rpartition("\n")[2]
    if re.fullmatch(r"lms-emulator serve( [^&]*)?", last):
        # Runs until it is stopped: as a person would, once it is ready.
        script = (
            piece.text.rstrip() + " > ready.log &\nuntil lms-emulator healthcheck; do sleep 0.1; done\nkill %1\nwait %1"
        )
        run([*_NAMESPACE, f"ip link set lo up\nset -m\n{script}"], commands, tmp_path)
        assert (tmp_path / "ready.log").read_text("utf-8").startswith("lms-emulator ready http")
    elif "lms-emulator serve" in piece.text:
        run([*_NAMESPACE, f"ip link set lo up\n{piece.text}"], commands, tmp_path)
    else:
        run([*_NAMESPACE, _SERVE + piece.text], commands, tmp_path)


@pytest.mark.parametrize("piece", pieces("python"))
def test_python(piece: Piece, commands: str, tmp_path: Path) -> None:
    if "def test_" in piece.text and "unittest" not in piece.text:
        (tmp_path / "test_piece.py").write_text(piece.text, "utf-8")
        run([f"{commands}/python", "-m", "pytest", "-q", "-W", "error", "."], commands, tmp_path)
    elif "@pytest.fixture" in piece.text:
        (tmp_path / "conftest.py").write_text(piece.text, "utf-8")
        (tmp_path / "test_piece.py").write_text("def test_it(lms):\n    assert lms.info()\n", "utf-8")
        run([f"{commands}/python", "-m", "pytest", "-q", "-W", "error", "."], commands, tmp_path)
    else:
        (tmp_path / "piece.py").write_text(piece.text, "utf-8")
        said = run([f"{commands}/python", "-W", "error", "piece.py"], commands, tmp_path)
        assert "FAILED" not in said
