"""The distribution, built once per session, and an environment that has nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent.parent

# A project of its own, run by `test_installed` where only the distribution is installed.
collect_ignore = ["fresh_project"]


COSTLY = {"built", "installed", "site", "checkout"}
"""Fixtures that build the distribution or the documentation, or make an environment."""


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and COSTLY & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command with a clean environment; its output is the assertion's text when it fails."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "LMS_EMULATOR", "COV"))}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, env=clean, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and source distribution, the wheel made from the source distribution, as a release would."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, TREE)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="session")
def wheel(built: tuple[Path, Path]) -> Path:
    """The wheel."""
    return built[0]


@pytest.fixture(scope="session")
def sdist(built: tuple[Path, Path]) -> Path:
    """The source distribution."""
    return built[1]


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs a command of a new environment with the wheel, its dependencies, pytest and pytest-xdist in it."""
    return _environment(tmp_path_factory.mktemp("environment"), wheel, "pytest", "pytest-xdist")


@pytest.fixture(scope="session")
def installed_with_contracts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs a command of a new environment with the wheel and its extra `contracts` in it."""
    return _environment(tmp_path_factory.mktemp("contracts"), f"{wheel}[contracts]")


def _environment(folder: Path, *packages: str | Path) -> Callable[..., str]:
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    run(commands / "python", "-m", "pip", "install", "--quiet", *packages)

    def command(name: str, *rest: str | Path, cwd: Path | None = None) -> str:
        return run(commands / name, *rest, cwd=cwd or folder)

    return command
