"""A real Docker engine, where one was started for these tests; the image, built on it by the documents' own command.

    sudo .venv/bin/python -m contract_tests.containers.engine .venv/bin/python -m pytest contract_tests/containers

Without it they are skipped: making an engine takes a minute or two, and the rights of root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.containers.watching import BASE, Engine, Seen, attend, of_environment
from contract_tests.examples.snippets import ROOT, left_to_containers
from contract_tests.packaging.conftest import TREE, built, wheel

__all__ = ["built", "wheel"]

FIGURES: dict[str, str] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            # What is fetched takes its time.
            item.add_marker(pytest.mark.timeout(600))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.section("figures of the real engine")
        for name, value in FIGURES.items():
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture
def figures() -> dict[str, str]:
    """Printed at the end."""
    return FIGURES


@pytest.fixture(scope="session")
def engine() -> Engine:
    found = of_environment()
    if found is None:
        pytest.skip("no container engine; `python -m contract_tests.containers.engine COMMAND` makes one for a command")
    FIGURES["engine"] = found.versions
    return found


@pytest.fixture(scope="session")
def checkout(engine: Engine) -> Path:
    """A fresh checkout, which has the same path on the engine's machine; with a world of one's own."""
    folder = Path(engine.shared, "checkout")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(TREE, folder, ignore=_left_behind)
    (folder / "worlds").mkdir()
    (folder / "worlds" / "campus.toml").write_text('name = "campus"\n', "utf-8")
    return folder


def _left_behind(folder: str, names: list[str]) -> set[str]:
    return {n for n in names if n in ("__pycache__", "dist") or (n.startswith(".") and n != ".dockerignore")}


@pytest.fixture(scope="session")
def image(engine: Engine, checkout: Path) -> list[Seen]:
    """The image `lms-emulator`, built and run by the first commands of the page on containers."""
    first = next(left_to_containers(ROOT / "docs" / "containers.md"))
    begun = time.monotonic()
    _, seen = attend(engine, first.code, checkout)
    FIGURES["first build and run"] = f"{time.monotonic() - begun:.0f} s"
    size, base = (int(engine.docker("image", "inspect", "--format={{.Size}}", name)) for name in ("lms-emulator", BASE))
    FIGURES["docker image inspect"] = f"{size / 1e6:.0f} MB, {(size - base) / 1e6:.0f} MB without the base"
    return seen


@pytest.fixture(autouse=True)
def nothing_left(engine: Engine) -> Iterator[None]:
    """No container outlives its test: the next one may need the same ports."""
    yield
    left = engine.docker("ps", "--all", "--quiet").split()
    if left:
        engine.docker("rm", "--force", *left)


def npm_install(beside: Callable[..., str], folder: Path, package: str) -> None:
    """A package of Node.js in a folder; the test is skipped where the registry is out of reach."""
    (folder / "package.json").write_text('{"private": true}', "utf-8")
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        beside("npm", "install", *quiet, package, folder=folder)
    except AssertionError as error:
        pytest.skip(f"npm cannot install {package}: {str(error).splitlines()[-1][:200]}")


@pytest.fixture
def folder(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the test's own that the engine's machine has as well."""
    own = Path(engine.shared, request.node.originalname)
    own.mkdir()
    yield own
    shutil.rmtree(own)


@pytest.fixture
def beside(engine: Engine) -> Callable[..., str]:
    """Runs a program of this machine that knows of the engine as programs do, by DOCKER_HOST and its network."""

    def run(*command: str | Path, folder: Path, seconds: float = 400, **variables: str) -> str:
        path = f"{engine.commands}:{os.environ['PATH']}"
        home = {"HOME": engine.shared, "TMPDIR": engine.shared, "DOCKER_HOST": engine.address, "PATH": path}
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LMS_", "PYTEST_", "DOCKER_"))}
        done = subprocess.run(
            [*engine.beside, *(str(part) for part in command)],
            cwd=folder,
            env={**clean, **home, **variables},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
        return done.stdout

    return run
