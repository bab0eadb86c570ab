"""Rules that a reader would otherwise have to check by hand."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from contract_tests.house.package import PACKAGE, modules, read, relative

FORBIDDEN_IMPORTS = {"time", "random", "secrets"}
FORBIDDEN_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("uuid.uuid4", "uuid.uuid1", "os.urandom"),
}
HEAVY = ("cryptography", "jwt", "httpx", "jinja2", "requests", "trustme", "tomli_w")


def test_only_the_core_reads_time_and_draws_random_numbers() -> None:
    """Others import `core.clock` or `core.ids`."""
    others = [path for path in modules() if relative(path) not in ("core/clock.py", "core/ids.py")]
    imported = [(relative(path), imported) for path in others for imported in read(path).imports]
    assert [(name, target) for name, target in imported if target.target.split(".")[0] in FORBIDDEN_IMPORTS] == []
    assert [(relative(path), calls) for path in others if (calls := read(path).calls & FORBIDDEN_CALLS)] == []


def test_handlers_await_only_outside() -> None:
    """Without an event loop, a step of a handler may run in a thread."""
    rooms = ("providers/", "lti/", "signing/")
    handlers = [path for path in modules() if relative(path).startswith(rooms)]
    waiting = [(relative(path), imported) for path in handlers for imported in read(path).imports]
    assert [(name, target) for name, target in waiting if target.target.split(".")[0] == "asyncio"] == []


def test_only_settings_and_routes_depend_on_the_day() -> None:
    """A provider that asked for the day itself would change without an entry in `lms-emulator changes`."""
    asking = [
        relative(path)
        for path in (PACKAGE / "providers").rglob("*.py")
        if ".as_of" in (text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr == "as_of"
    ]
    assert asking == []


def test_no_provider_reads_its_state_from_the_journals_notes() -> None:
    """Notes are for people; `call.per_request(Kind)` is where a provider keeps what it needs again."""
    reads = []
    for path in modules():
        if not relative(path).startswith(("providers/", "lti/")) or ".notes" not in (text := path.read_text("utf-8")):
            continue
        nodes = list(ast.walk(ast.parse(text)))
        targets = [node for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)]
        written = {ast.unparse(node.value) + f" {node.value.lineno}" for node in targets} | {
            f"{ast.unparse(node.target)} {node.lineno}" for node in nodes if isinstance(node, ast.AugAssign)
        }
        reads += [
            (relative(path), node.lineno)
            for node in nodes
            if isinstance(node, ast.Attribute)
            and ast.unparse(node).endswith(("call.notes", "exchange.notes"))
            and f"{ast.unparse(node)} {node.lineno}" not in written
        ]
    assert reads == []


def test_addresses_that_cannot_be_read_break_nothing() -> None:
    """`urlsplit` raises ValueError for some. `core.http.urls.parts_of` does not."""
    careless = []
    for path in modules():
        if not relative(path).startswith(("providers/", "lti/")):
            continue
        text = path.read_text("utf-8")
        if "urlsplit(" not in text and "urlparse(" not in text:
            continue
        tree = ast.parse(text)
        careful = {id(n) for node in ast.walk(tree) if isinstance(node, ast.Try) for n in ast.walk(node)}
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in careful]
        careless += [
            f"{relative(path)}:{call.lineno}" for call in calls if ast.unparse(call.func) in ("urlsplit", "urlparse")
        ]
    assert careless == []


def test_importing_the_application_imports_nothing_heavy() -> None:
    code = f"""
import sys
from pathlib import Path
import lms_emulator.app, lms_emulator.server.sockets
lms_emulator.app.load_providers()
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_module_has_grown_out_of_hand() -> None:
    assert {relative(p): n for p in modules() if (n := len(p.read_text("utf-8").splitlines())) > 450} == {}


def test_every_module_says_what_it_is() -> None:
    assert [relative(path) for path in modules() if not read(path).documented] == []


def test_one_place_sets_django_up_for_the_tests() -> None:
    """Django can be configured once per process, and the first test would decide for all the others."""
    tests = Path(__file__).parents[1]
    asking = [path.relative_to(tests).as_posix() for path in tests.rglob("*.py") if ".configure(" in path.read_text()]
    apart = [name for name in asking if not name.startswith(("oracles/", "house/"))]
    assert apart == ["django_settings.py"], "call `contract_tests.django_settings.configure`"
