"""The CI examples, run with the tools that people use locally: act and gitlab-ci-local.

Images that cannot be pulled here have stand-ins: the runner's (our base with curl), and those of gitlab-ci-local's
helpers. The wheel stands for the package index that will have it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.containers.conftest import npm_install
from contract_tests.containers.watching import BASE, Engine, Seen
from contract_tests.packaging.conftest import TREE

EXAMPLES = TREE / "docker" / "examples"
PROJECT = TREE / "contract_tests" / "packaging" / "fresh_project"
RUNNER = "runner:stand-in"
_RUNNER = f"FROM {BASE}\nRUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends curl\n"
# What gitlab-ci-local waits with: the port's address, and its own option for a timeout.
_WAIT = f"""FROM {BASE}
ENTRYPOINT ["python3", "-c", "\\
import socket, sys, time\\n\\
host, port = sys.argv[1].split(':')\\n\\
until = time.monotonic() + 30\\n\\
while time.monotonic() < until:\\n\\
    try: sys.exit(socket.create_connection((host, int(port)), 1).close())\\n\\
    except OSError: time.sleep(0.1)\\n\\
sys.exit(1)"]
"""
Run = Callable[..., str]


def example(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


@pytest.fixture
def project(engine: Engine, image: list[Seen], folder: Path, wheel: Path) -> Path:
    """A team's repository with one test per provider, and the package index's wheel beside it."""
    repository = folder / "project"
    shutil.copytree(PROJECT, repository, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (folder / "wheels").mkdir()
    shutil.copy(wheel, folder / "wheels")
    return repository


def commit(project: Path, origin: str) -> None:
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    for command in (["init", "-q", "-b", "main"], ["remote", "add", "origin", origin], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    subprocess.run(["git", *author, "commit", "-qm", "Begin"], cwd=project, check=True)


def make(engine: Engine, folder: Path, name: str, dockerfile: str) -> None:
    context = folder / re.sub(r"\W", "-", name)
    context.mkdir()
    (context / "Dockerfile").write_text(dockerfile, "utf-8")
    engine.docker("build", "--tag", name, context)


def test_github_actions(engine: Engine, project: Path, folder: Path, beside: Run) -> None:
    act = shutil.which("act", path=str(Path(sys.executable).parent)) or shutil.which("act")
    if act is None:
        pytest.skip("act is not installed (dependency group `containers`)")
    workflow = example("github-actions.yml")
    service = workflow["jobs"]["test"]["services"]["lms"]["image"]
    engine.docker("tag", "lms-emulator", service)
    make(engine, folder, RUNNER, _RUNNER)
    (project / ".github" / "workflows").mkdir(parents=True)
    shutil.copy(EXAMPLES / "github-actions.yml", project / ".github" / "workflows" / "test.yml")
    commit(project, "https://github.com/your-organisation/project.git")
    said = beside(
        act, "push", f"--platform=ubuntu-latest={RUNNER}", "--pull=false", "--container-daemon-socket=-",
        f"--container-options=--volume {folder / 'wheels'}:/wheels:ro", "--env=PIP_FIND_LINKS=/wheels",
        folder=project,
    )  # fmt: skip
    assert f"({service}) is healthy" in said
    assert re.search(r"\b6 passed\b", said)
    ran = set(re.findall(r"Success - Main (.*?) \[", said))
    wanted = [step.get("run") or step["uses"] for step in workflow["jobs"]["test"]["steps"] if "if" not in step]
    assert ran == set(wanted)


@pytest.mark.skipif(not shutil.which("npm") or not shutil.which("rsync"), reason="needs node, npm and rsync")
def test_gitlab_ci(engine: Engine, project: Path, folder: Path, beside: Run) -> None:
    pipeline = example("gitlab-ci.yml")
    engine.docker("tag", "lms-emulator", pipeline["test"]["services"][0]["name"])
    engine.docker("tag", BASE, "firecow/gitlab-ci-local-util")
    make(engine, folder, "sumina46/wait-for-it", _WAIT)
    shutil.copy(EXAMPLES / "gitlab-ci.yml", project / ".gitlab-ci.yml")
    commit(project, "https://gitlab.example.com/your-group/project.git")
    # The last that is published for Node.js instead of Bun.
    npm_install(beside, folder, "gitlab-ci-local@4.61.1")
    said = beside(
        folder / "node_modules" / ".bin" / "gitlab-ci-local", "--pull-policy=if-not-present",
        f"--volume={folder / 'wheels'}:/wheels:ro", "--variable=PIP_FIND_LINKS=/wheels", "test",
        folder=project,
    )  # fmt: skip
    assert "healthcheck passed" in said
    assert re.search(r"\b6 passed\b", said)
