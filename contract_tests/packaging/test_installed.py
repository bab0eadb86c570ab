"""The distribution installed into an empty environment, as somebody's first day with it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import lms_emulator
from lms_emulator import Emulator
from lms_emulator.app import PROVIDERS

FRESH_PROJECT = Path(__file__).parent / "fresh_project"
Installed = Callable[..., str]

# Installing takes longer than a test may by default.
pytestmark = pytest.mark.timeout(600)

_PLUGIN_COST = """
import json, sys, time
import pytest
before = set(sys.modules)
begun = time.perf_counter()
import pytest_lms_emulator
took = time.perf_counter() - begun
print(json.dumps({"seconds": took, "modules": sorted(set(sys.modules) - before)}))
"""
_HEAVY = """
import sys
import lms_emulator.app, lms_emulator.server.sockets, lms_emulator.client.emulator
lms_emulator.app.create_app()
print([n for n in ("cryptography", "jwt", "httpx", "jinja2", "trustme") if n in sys.modules])
"""


def test_dependencies_agree(installed: Installed) -> None:
    assert "No broken requirements found" in installed("python", "-m", "pip", "check")


def test_the_command(installed: Installed) -> None:
    assert installed("lms-emulator", "--version").strip() == f"lms-emulator {lms_emulator.__version__}"
    assert installed("python", "-m", "lms_emulator", "--version").strip().endswith(lms_emulator.__version__)
    assert "openlearning" in installed("lms-emulator", "routes")


def test_a_fresh_project_with_two_workers(installed: Installed, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(FRESH_PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    said = installed("python", "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", cwd=project)
    tests = len(list((FRESH_PROJECT / "tests").glob("test_*.py")))
    assert re.search(rf"^=+ {tests} passed in ", said, re.MULTILINE), said


def test_the_plugin_costs_an_unused_run_next_to_nothing(installed: Installed) -> None:
    runs = [json.loads(installed("python", "-c", _PLUGIN_COST)) for _ in range(5)]
    assert runs[0]["modules"] == ["pytest_lms_emulator"]
    assert min(run["seconds"] for run in runs) < 0.005


def test_starting_imports_nothing_heavy(installed: Installed) -> None:
    assert installed("python", "-c", _HEAVY).strip() == "[]"


def test_verify_with_the_extra(installed_with_contracts: Installed) -> None:
    with Emulator.start() as lms:
        outcome = json.loads(
            installed_with_contracts("lms-emulator", "verify", "--against", lms.url, "--examples", "1")
        )
    assert outcome["same"] is True
    assert len(outcome["contracts"]) >= len(PROVIDERS)


def test_types_are_seen_by_a_checker(installed: Installed, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed (dependency group `lint`)")
    from mypy import api

    code = "from lms_emulator import Emulator\nreveal_type(Emulator.start().openlearning.api_key)\n"
    module = tmp_path / "code.py"
    module.write_text(code, "utf-8")
    python = installed("python", "-c", "import sys; print(sys.executable)").strip()
    said, problems, _ = api.run(
        ["--strict", "--config-file=", "--python-executable", python, "--cache-dir", str(tmp_path), str(module)]
    )
    assert 'Revealed type is "str"' in said, said + problems
    assert "Success" in said
