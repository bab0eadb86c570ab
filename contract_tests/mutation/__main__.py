"""`python -m contract_tests.mutation [SOURCE ...]`: change one thing at a time, and see the tests notice.

mutmut makes the mutants of each module that `targets.toml` names, in a copy of the tree, and runs the tests that reach
them. A mutant that survives is a rule that nobody checks: write the test, delete the dead code, or, where the change
cannot be told from outside, say why in `survivors.toml`.

Exit code 0: in every module at least 90 % were killed, and the reason of every survivor is known. 1: not so. 2: asked
wrongly, or the tests fail before anything is changed.

`--check` runs no mutant. It says where the records (targets, reasons, results, the page) no longer match the code.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import tomli_w

from contract_tests.mutation.records import (
    PAGE,
    RESULTS,
    ROOT,
    WANTED_PERCENT,
    Mutant,
    page,
    problems,
    reasons,
    results,
    targets,
)

COPIED = ("contract_tests", "fixtures", "docs", "docker", "README.md", "CHANGELOG.md")
# As mutmut says it by pytest's exit code: 0 survived, 5 and 33 no test reaches it, 1 and 3 killed, others ran too long.
SURVIVED = (0, 5, 33)
NOT_RUN = (None, 2, 34)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of a module's mutants."""

    source: str
    total: int
    survivors: tuple[Mutant, ...]
    seconds: float

    @property
    def percent(self) -> float:
        """How many were killed, of a hundred."""
        return 100.0 * (self.total - len(self.survivors)) / self.total if self.total else 100.0


def lay_out(folder: Path, source: str, tests: list[str]) -> None:
    """A copy of the tree with the package at its top, as mutmut names modules by their path."""
    # Python remembers of a missing folder on its path that there is nothing to import from.
    (folder / "mutants" / "fixtures").mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", ".oracle*", "node_modules")
    shutil.copytree(ROOT / "emulator" / "lms_emulator", folder / "lms_emulator", ignore=ignored)
    for name in COPIED:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name, ignore=ignored)
        else:
            shutil.copy(origin, folder / name)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = project["tool"]["pytest"]["ini_options"] | {"pythonpath": [".", "fixtures"]}
    mutmut = {
        "source_paths": ["lms_emulator"],
        "only_mutate": [f"lms_emulator/{source}"],
        "also_copy": list(COPIED),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist"],
        "pytest_add_cli_args_test_selection": [f"contract_tests/{test}" for test in tests],
        "track_dependencies": False,
        "use_git_change_detection": False,
        "use_setproctitle": False,
    }
    written = {"tool": {"pytest": {"ini_options": options}, "mutmut": mutmut}}
    (folder / "pyproject.toml").write_text(tomli_w.dumps(written), encoding="utf-8")


def run(folder: Path, *arguments: str, log: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run mutmut in the copy; with a log, its output goes there."""
    copy = folder / "mutants"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "fixtures"))),
        "HYPOTHESIS_PROFILE": "mutation",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "mutmut", *arguments]
    with open(log or os.devnull, "w", encoding="utf-8") as file:
        output = file if log else subprocess.PIPE
        return subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)


def judge(source: str, tests: list[str], *, jobs: int, functions: list[str], log: Path) -> Verdict:
    """Make and run the mutants of a module. Raises RuntimeError if the tests do not even pass unchanged."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lms-emulator-mutants-") as name:
        folder = Path(name)
        lay_out(folder, source, tests)
        module = "lms_emulator." + source.removesuffix(".py").replace("/", ".")
        names = [f"{module}.{pattern}" for function in functions for pattern in _patterns(function)]
        run(folder, "run", "--max-children", str(jobs), *names, log=log)
        meta = folder / "mutants" / "lms_emulator" / f"{source}.meta"
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"] if meta.exists() else {}
        ran = {name: code for name, code in codes.items() if code not in NOT_RUN}
        if not ran or (len(ran) < len(codes) and not functions):
            raise RuntimeError(f"{source}: {len(ran)} of {len(codes)} mutants were run; see {log}")
        survivors = sorted(_described(folder, source, name) for name, code in ran.items() if code in SURVIVED)
    return Verdict(source=source, total=len(ran), survivors=tuple(survivors), seconds=time.perf_counter() - begun)


def _patterns(function: str) -> Iterator[str]:
    """How mutmut names the mutants of `function`, or of `Class.method`."""
    owner, _, name = function.rpartition(".")
    yield f"xǁ{owner}ǁ{name}__mutmut_*" if owner else f"x_{name}__mutmut_*"


def _described(folder: Path, source: str, name: str) -> Mutant:
    """A mutant by what it changes: mutmut's numbers shift with every edit, the change itself does not."""
    shown = run(folder, "show", name).stdout.splitlines()
    old = [line[1:].strip() for line in shown if line.startswith("-") and not line.startswith("---")]
    new = [line[1:].strip() for line in shown if line.startswith("+") and not line.startswith("+++")]
    key = name.rpartition(".")[2].partition("__mutmut_")[0]
    function = ".".join(key.split("ǁ")[1:]) if "ǁ" in key else key.removeprefix("x_")
    return Mutant(source, function, "\n".join(old), "\n".join(new))


def as_toml(survivors: list[Mutant]) -> str:
    """Survivors as `survivors.toml` wants them, for a reason to be added."""
    functions = sorted({(mutant.source, mutant.function) for mutant in survivors})
    entries = []
    for source, function in functions:
        rows = [m for m in survivors if (m.source, m.function) == (source, function)]
        # A JSON string is a TOML string.
        changes = [f"  {{ old = {json.dumps(m.old)}, new = {json.dumps(m.new)} }},\n" for m in rows]
        head = f'\n[[survivor]]\nsource = "{source}"\nfunction = "{function}"\nwhy = "?"\nchanges = [\n'
        entries.append(head + "".join(changes) + "]\n")
    return "".join(entries)


def main(argv: list[str] | None = None) -> int:
    """Run what was asked for, print what survived. Returns the exit code."""
    known_targets = targets()
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("only", nargs="*", metavar="SOURCE", help="only these modules, such as signing/jwt.py")
    parser.add_argument("--function", action="append", default=[], help="only this one of the module; may be repeated")
    parser.add_argument(
        "--tests", nargs="+", metavar="PATH", help="other tests than targets.toml names, for a quick look"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "lms-emulator-mutation.log")
    parser.add_argument("--write", action="store_true", help=f"keep the results, for docs/{PAGE.name}")
    parser.add_argument("--check", action="store_true", help="only say where the records no longer match the code")
    parser.add_argument("--list", action="store_true", help="only print the modules, as a JSON list")
    options = parser.parse_args(argv)
    if options.list:
        print(json.dumps(list(known_targets)))
        return 0
    if options.check:
        found = list(problems())
        print("\n".join(found) or "the records match the code")
        return 1 if found else 0
    if unknown := [source for source in options.only if source not in known_targets]:
        parser.error(f"{unknown[0]} is not in targets.toml; there are {', '.join(known_targets)}")
    if options.write and (options.function or options.tests):
        parser.error("--write is for whole modules and their own tests")
    known, verdicts, unexplained = reasons(), [], []
    for source in options.only or known_targets:
        tests = options.tests or known_targets[source]
        try:
            verdict = judge(source, tests, jobs=options.jobs, functions=options.function, log=options.log)
        except RuntimeError as error:
            print(f"mutation: {error}", file=sys.stderr)
            return 2
        verdicts.append(verdict)
        new = [mutant for mutant in verdict.survivors if mutant not in known]
        unexplained += new
        print(
            f"{source}: {verdict.total - len(verdict.survivors)} of {verdict.total} killed ({verdict.percent:.1f} %), "
            f"{len(new)} survivors without a reason, {verdict.seconds:.0f} s",
            flush=True,
        )
        print(as_toml(new), end="", flush=True)
        killed = [mutant for mutant in known if mutant.source == source and mutant not in verdict.survivors]
        if killed and not options.function:
            print(f"{source}: killed now, or changed: take these out of survivors.toml", as_toml(killed), flush=True)
        if options.write:
            kept = results() | {source: {"mutants": verdict.total, "killed": verdict.total - len(verdict.survivors)}}
            RESULTS.write_text(tomli_w.dumps({name: kept[name] for name in known_targets if name in kept}), "utf-8")
            PAGE.write_text(page(kept, known), encoding="utf-8")
    return 1 if unexplained or any(v.percent < WANTED_PERCENT for v in verdicts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
