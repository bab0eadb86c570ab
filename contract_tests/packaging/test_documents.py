"""The commands in README and docs that install or serve, run as written where only the distribution is installed.

They run in a network and a folder of their own, so that the documents can name the default ports. All other snippets
are run by `contract_tests/examples`. One that needs what a test cannot have says so: `<!-- not run: … -->`.

The README's command that passes the tests would run this one again: its installation is carried out as written, its
run is asked what it would run, and then runs a few of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.examples.snippets import Snippet, documents, every_snippet, left_to_packaging
from contract_tests.machine import can_have_a_network_of_its_own
from contract_tests.packaging.conftest import TREE

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not can_have_a_network_of_its_own("curl"),
        reason="needs root, unshare, ip and curl for a network of its own (Debian: util-linux, iproute2, curl)",
    ),
]

_NAMESPACE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euo", "pipefail", "-c"]
_UNTIL_READY = "until lms-emulator healthcheck; do sleep 0.1; done"
SNIPPETS = [snippet for document in documents() for snippet in left_to_packaging(document)]
(IN_CHECKOUT,) = (snippet for snippet in SNIPPETS if "-m venv" in snippet.code)
ANYWHERE = [snippet for snippet in SNIPPETS if snippet != IN_CHECKOUT]
(TESTING,) = (snippet for snippet in every_snippet(TREE / "README.md") if "-m pytest -n" in snippet.code)
A_FEW = ["contract_tests/unit/test_core.py", "contract_tests/core/test_gateway.py"]


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


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout as it is after the first of the README's two commands, but for serving.

    Installing takes the network that pip needs; serving and testing have one of their own.
    """
    folder = tmp_path_factory.mktemp("clone") / "checkout"
    left_behind = (".git", ".venv", ".*_cache", ".hypothesis", ".coverage*", "__pycache__", "dist", "site")
    shutil.copytree(TREE, folder, ignore=shutil.ignore_patterns(*left_behind))
    install, _, _ = IN_CHECKOUT.code.strip().rpartition(" && ")
    run(["bash", "-euo", "pipefail", "-c", install], folder)
    return folder


def test_serving_from_a_checkout(checkout: Path) -> None:
    _, found, serve = IN_CHECKOUT.code.strip().rpartition(" && ")
    assert found
    assert serves_in_the_foreground(serve)
    run([*_NAMESPACE, until_ready_then_stopped(serve)], checkout, str(checkout / ".venv" / "bin"))
    assert (checkout / "ready.log").read_text("utf-8").startswith("lms-emulator ready http")


def test_testing_a_checkout(checkout: Path) -> None:
    install, found, tests = TESTING.code.strip().rpartition(" && ")
    assert found
    run(["bash", "-euo", "pipefail", "-c", install], checkout)

    def said(options: str) -> str:
        return run([*_NAMESPACE, f"ip link set lo up\n{tests} {options}"], checkout)

    listed = said("--collect-only -q -m ''")
    modules = {path.relative_to(TREE).as_posix() for path in (TREE / "contract_tests").rglob("test_*.py")}
    missed = {m for m in modules if m not in listed and "/fresh_project/" not in m}
    assert not missed
    assert re.search(r"^\d{4,} tests collected in ", listed, re.MULTILINE), listed[-500:]
    assert re.search(r"^=* ?\d{2,} passed in ", said(f"-q {' '.join(A_FEW)}"), re.MULTILINE)
