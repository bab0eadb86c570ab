"""Code blocks of the documents, and how to run them.

A `sh` block is run by bash, a `python` block by this interpreter (by pytest when it defines a test), with the
emulator served on free ports in place of 8080 and the following ones. Blocks of one document share a folder and,
for `sh`, their variables and functions: they are run as one script, in order. A block after the comment
`<!-- not run: why -->` is left out; one that needs a container engine never is, `contract_tests/containers` runs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lms_emulator.client.emulator import Emulator

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"(?P<skip><!-- not run: [^>]+-->\s*)?^```(?P<kind>sh|python|java|js)\n(?P<code>.*?)^```$", re.M | re.S
)
_ENGINE = re.compile(r"^docker |\bLmsEmulatorContainer\(|\bGenericContainer\b", re.M)
_INSTALLING = re.compile(r"pip install|python3 -m venv|lms-emulator (serve|demo-tool)\b")


@dataclass(frozen=True)
class Snippet:
    """One block of code, and where it is."""

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


def _blocks(document: Path) -> Iterator[tuple[Snippet, bool]]:
    """All of them, and whether a comment says not to run it."""
    text = document.read_text("utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        snippet = Snippet(document.relative_to(ROOT).as_posix(), line, found["kind"], found["code"])
        yield snippet, found["skip"] is not None


def every_snippet(document: Path) -> Iterator[Snippet]:
    """The blocks that are to be run."""
    return (snippet for snippet, skipped in _blocks(document) if not skipped)


def left_out(document: Path) -> Iterator[Snippet]:
    """The blocks that are run nowhere."""
    return (snippet for snippet, skipped in _blocks(document) if skipped)


def needs_engine(code: str) -> bool:
    """Whether a block starts or builds containers."""
    return _ENGINE.search(code) is not None


def _installs(snippet: Snippet) -> bool:
    return snippet.kind == "sh" and _INSTALLING.search(snippet.code) is not None


def snippets(document: Path) -> Iterator[Snippet]:
    """The blocks that are run here. Installing and serving is done by the tests of packaging and of the command."""
    return (s for s in every_snippet(document) if not needs_engine(s.code) and not _installs(s))


def left_to_packaging(document: Path) -> Iterator[Snippet]:
    """The blocks that install or serve, but for those that run the tests or the demo tool."""
    for snippet in every_snippet(document):
        ours = needs_engine(snippet.code) or not _installs(snippet)
        if not ours and not re.search(r"-m pytest|demo-tool", snippet.code):
            yield snippet


def left_to_containers(document: Path) -> Iterator[Snippet]:
    """The blocks that need a container engine."""
    return (snippet for snippet in every_snippet(document) if needs_engine(snippet.code))


def with_addresses(code: str, lms: Emulator) -> str:
    """The code with the default ports replaced by those of a running emulator."""
    assert lms.app is not None
    addresses = lms.app.addresses
    ports = {8080: addresses.gateway_port}
    ports.update({8081 + n: addresses.port_of(name) for n, name in enumerate(addresses.providers)})
    return re.sub(r"\b(127\.0\.0\.1|localhost):(80\d\d)\b", lambda m: f"{m[1]}:{ports.get(int(m[2]), m[2])}", code)


def run_shell(blocks: list[Snippet], lms: Emulator, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the `sh` blocks of one document as one script; skip the test where the machine has no curl."""
    if shutil.which("curl") is None and any("curl" in block.code for block in blocks):
        pytest.skip("no curl here (Debian: curl)")
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
    """Run one `python` block, with pytest when it defines a test; a configuration further up must not reach it."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    path = folder / f"test_snippet_{block.line}.py"
    path.write_text(with_addresses(block.code, lms))
    runner = (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if re.search(r"^(async )?def test_", block.code, re.M) else []
    )
    return subprocess.run([sys.executable, *runner, path.name], cwd=folder, capture_output=True, text=True, timeout=100)
