"""The commands in README and docs that install or serve, run as written where only the distribution is installed.

They run in a network and a folder of their own, so that the documents can name the default ports. All other snippets
are run by `contract_tests/examples`. One that needs what a test cannot have says so: `<!-- not run: … -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.examples.snippets import Snippet, documents, left_to_packaging
from contract_tests.packaging.conftest import TREE

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("unshare", "ip", "curl")),
        reason="needs root, unshare, ip and curl for a network of its own (Debian: util-linux, iproute2, curl)",
    ),
]

_NAMESPACE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euo", "pipefail", "-c"]
_UNTIL_READY = "until lms-emulator healthcheck; do sleep 0.1; done"
SNIPPETS = [snippet for document in documents() for snippet in left_to_packaging(document)]
IN_CHECKOUT = [snippet for snippet in SNIPPETS if "-m venv" in snippet.code]
ANYWHERE = [snippet for snippet in SNIPPETS if snippet not in IN_CHECKOUT]


def run(command: list[str], folder: Path, commands: str = "") -> str:
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8"}
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment | kept, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def until_ready_then_stopped(script: str) -> str:
    """The script, whose last command serves until it is stopped; as a person would, once it is ready."""
    return f"ip link set lo up\nset -m\n{script.rstrip()} > ready.log &\n{_UNTIL_READY}\nkill %1\nwait %1"


def serves_in_the_foreground(script: str) -> bool:
    last = script.rstrip().rpartition("\n")[2]
    return re.search(r"lms-emulator serve( [^&]*)?$", last) is not None


@pytest.fixture(scope="session")
def commands(installed: Callable[..., str]) -> str:
    """The folder of commands of the clean environment."""
    return str(Path(installed("python", "-c", "import sys; print(sys.executable)").strip()).parent)


@pytest.mark.parametrize("snippet", ANYWHERE, ids=lambda snippet: snippet.name)
def test_installed(snippet: Snippet, commands: str, tmp_path: Path) -> None:
    if serves_in_the_foreground(snippet.code):
        run([*_NAMESPACE, until_ready_then_stopped(snippet.code)], tmp_path, commands)
        assert (tmp_path / "ready.log").read_text("utf-8").startswith("lms-emulator ready http")
    else:
        run([*_NAMESPACE, f"ip link set lo up\n{snippet.code}"], tmp_path, commands)


@pytest.mark.parametrize("snippet", IN_CHECKOUT, ids=lambda snippet: snippet.name)
def test_in_a_checkout(snippet: Snippet, tmp_path: Path) -> None:
    """Installing takes the network that pip needs; serving has one of its own."""
    checkout = tmp_path / "checkout"
    shutil.copytree(TREE, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist"))
    install, found, serve = snippet.code.strip().rpartition(" && ")
    assert found
    assert serves_in_the_foreground(serve)
    run(["bash", "-euo", "pipefail", "-c", install], checkout)
    run([*_NAMESPACE, until_ready_then_stopped(serve)], checkout, str(checkout / ".venv" / "bin"))
    assert (checkout / "ready.log").read_text("utf-8").startswith("lms-emulator ready http")
