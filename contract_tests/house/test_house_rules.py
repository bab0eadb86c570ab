"""Rules of the house that a reader would otherwise have to check by hand."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lms_emulator

PACKAGE = Path(lms_emulator.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TIME = {"time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
RANDOM_MODULES = {"random", "secrets"}
HEAVY = ("cryptography", "jwt", "httpx", "jinja2", "requests", "trustme", "tomli_w")


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _attribute_calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_the_core_reads_time_and_draws_random_numbers(path: Path) -> None:
    if _name(path) in ("core/clock.py", "core/ids.py"):
        return
    tree = ast.parse(path.read_text("utf-8"))
    imported = set(_imports(tree))
    assert not imported & ({"time"} | RANDOM_MODULES), "import core.clock or core.ids instead"
    calls = [call for call in _attribute_calls(tree) if ".".join(call.split(".")[-2:]) in TIME]
    assert calls == []
    assert not [call for call in _attribute_calls(tree) if call in ("uuid.uuid4", "uuid.uuid1", "os.urandom")]


def test_handlers_wait_by_outside_alone() -> None:
    """A step of a handler may be done in a thread, where there is no event loop."""
    waiting = ("providers/", "lti/", "signing/")
    handlers = [path for path in MODULES if _name(path).startswith(waiting)]
    assert [_name(path) for path in handlers if "asyncio" in _imports(ast.parse(path.read_text("utf-8")))] == []


def test_what_is_dated_is_a_setting_or_a_route() -> None:
    """A provider that asks for the day itself would change without `lms-emulator changes` telling of it."""
    asking = [
        _name(path)
        for path in MODULES
        if _name(path).startswith("providers/")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "as_of"
    ]
    assert asking == []


def test_importing_the_application_imports_nothing_heavy() -> None:
    code = f"""
import sys
import lms_emulator.app, lms_emulator.server.sockets
lms_emulator.app.load_providers()
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_module_has_grown_out_of_hand() -> None:
    too_long = {_name(p): n for p in MODULES if (n := len(p.read_text("utf-8").splitlines())) > 450}
    assert too_long == {}


def test_every_module_says_what_it_is() -> None:
    assert [_name(p) for p in MODULES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []
