"""Code blocks of the documents, and how to run them.

A `sh` block is run by bash, a `python` block by this interpreter (by pytest when it defines a test), with the
emulator served on free ports in place of 8080 and the following ones. Blocks of one document share a folder and,
for `sh`, their variables and functions: they are run as one script, in order. A block after the comment
`<!-- not run: why -->` is left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lms_emulator.client import Emulator

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"(?P<skip><!-- not run: [^>]+-->\s*)?^```(?P<kind>sh|python)\n(?P<code>.*?)^```$", re.M | re.S)
_INSTALLING = re.compile(r"pip install|python3 -m venv|lms-emulator (serve|demo-tool)\b")


@dataclass(frozen=True)
class Snippet:
    """One block: where it stands and what it says."""

    document: str
    line: int
    kind: str
    code: str

    @property
    def name(self) -> str:
        return f"{self.document}:{self.line}"


def documents() -> list[Path]:
    """The README, CONTRIBUTING and every page of the docs that is written by hand."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def every_snippet(document: Path) -> Iterator[Snippet]:
    """The blocks that are to be run."""
    text = document.read_text("utf-8")
    for found in _FENCE.finditer(text):
        if not found["skip"]:
            line = text.count("\n", 0, found.start("code"))
            yield Snippet(document.relative_to(ROOT).as_posix(), line, found["kind"], found["code"])


def _installs(snippet: Snippet) -> bool:
    return snippet.kind == "sh" and _INSTALLING.search(snippet.code) is not None


def snippets(document: Path) -> Iterator[Snippet]:
    """The blocks that are run here. Installing and serving is done by the tests of packaging and of the command."""
    return (snippet for snippet in every_snippet(document) if not _installs(snippet))


def left_to_packaging(document: Path) -> Iterator[Snippet]:
    """The blocks that install or serve, but for those that run the tests or the demo tool."""
    for snippet in every_snippet(document):
        if _installs(snippet) and not re.search(r"-m pytest|demo-tool", snippet.code):
            yield snippet


def with_addresses(code: str, lms: Emulator) -> str:
    """The code with the default ports replaced by those of a running emulator."""
    assert lms.app is not None
    addresses = lms.app.addresses
    ports = {8080: addresses.gateway_port}
    ports.update({8081 + n: addresses.port_of(name) for n, name in enumerate(addresses.providers)})
    return re.sub(r"\b(127\.0\.0\.1|localhost):(80\d\d)\b", lambda m: f"{m[1]}:{ports.get(int(m[2]), m[2])}", code)


def run_shell(blocks: list[Snippet], lms: Emulator, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the `sh` blocks of one document as one script."""
    script = "set -eu -o pipefail\n" + "\n".join(f"echo '## {b.name}'\n{b.code}" for b in blocks)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LMS_EMULATOR_URL": lms.url,
    }
    return subprocess.run(
        ["bash", "-c", with_addresses(script, lms)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


def run_python(block: Snippet, lms: Emulator, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one `python` block, with pytest when it defines a test."""
    path = folder / f"test_snippet_{block.line}.py"
    path.write_text(with_addresses(block.code, lms))
    runner = (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if re.search(r"^(async )?def test_", block.code, re.M) else []
    )
    return subprocess.run([sys.executable, *runner, path.name], cwd=folder, capture_output=True, text=True, timeout=100)
