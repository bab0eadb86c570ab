"""`python -m contract_tests.sabotage`: break the emulator in one way at a time, and see the tests notice.

Each breakage of `breakages.toml` and `protections.toml` is a textual change of a copy of the package, put first on the
path of a fresh interpreter that runs the named contract, or the named tests, each of which must fail. A change that
does not apply, or that nobody notices, is a failure.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGE = ROOT / "emulator" / "lms_emulator"


FILES = ("breakages.toml", "protections.toml")


def breakages() -> list[dict[str, Any]]:
    """Every documented breakage, with what it changes and the contract or the tests that must catch it."""
    return [value for name in FILES for value in tomllib.loads((HERE / name).read_text(encoding="utf-8"))["breakage"]]


def broken_source(breakage: dict[str, Any]) -> str:
    """The changed text of the module. Raises ValueError unless the change applies exactly once."""
    text = (PACKAGE / breakage["file"]).read_text(encoding="utf-8")
    count = text.count(breakage["old"])
    if count != 1:
        raise ValueError(f"{breakage['id']}: the text to change stands {count} times in {breakage['file']}")
    return text.replace(breakage["old"], breakage["new"])


def apply(breakage: dict[str, Any], examples: int) -> tuple[bool, str]:
    """Whether all that should catch a breakage do, and the first line of what they say."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "lms_emulator"
        shutil.copytree(PACKAGE, copy)  # with what is compiled, which takes longer than most tests
        (copy / breakage["file"]).write_text(broken_source(breakage), encoding="utf-8")
        if "contract" in breakage:
            return _by_contract(folder, breakage["contract"], examples)
        found = [_by_test(folder, test) for test in breakage["tests"]]
    return next((pair for pair in found if not pair[0]), found[0])


def _by_contract(folder: str, contract: str, examples: int) -> tuple[bool, str]:
    done = _run(folder, "contract_tests.contracts", contract, "--examples", str(examples), cwd=folder)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        return False, f"the contract could not run: {done.stderr.strip().splitlines()[-1:]}"
    failure = json.loads(done.stdout)[0]["failure"]
    return failure is not None, failure.splitlines()[0] if failure else "nobody noticed"


def _by_test(folder: str, test: str) -> tuple[bool, str]:
    """A test that fails notices; one that cannot be collected, or whose fixtures break, does not."""
    options = ("-qx", "-n", "0", "-m", "", "-rf", "--no-header", "--tb=no", "--timeout=200", "-pno:cacheprovider")
    done = _run(folder, "pytest", *options, f"contract_tests/{test}", cwd=ROOT)
    failed = [line for line in done.stdout.splitlines() if line.startswith(f"FAILED contract_tests/{test}")]
    if failed:
        return True, failed[0].removeprefix("FAILED contract_tests/")
    return False, f"{test} did not notice: {done.stdout.strip().splitlines()[-1:]}"


def _run(folder: str, module: str, *arguments: str, cwd: str | Path) -> subprocess.CompletedProcess[str]:
    path = [folder, str(ROOT / "fixtures"), str(ROOT)]
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        timeout=900,
        cwd=cwd,
    )


def main(argv: list[str] | None = None) -> int:
    """Exit code 0: all were caught; 1: not all."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.sabotage", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="ID", help="only these breakages")
    parser.add_argument("--examples", type=int, default=200, help="examples per breakage (default 200)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", metavar="FILE", help="write the table as a page")
    options = parser.parse_args(argv)
    chosen = [b for b in breakages() if not options.only or b["id"] in options.only]
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda b: _timed(b, options.examples), chosen))
    lines = ["| breakage | by | caught | seconds | message |\n|---|---|---|---|---|\n"]
    for breakage, (caught, said, seconds) in zip(chosen, results, strict=True):
        words = said.replace("|", "\\|").replace("\n", " ")[:140]
        mark = "yes" if caught else "**no**"
        by = breakage.get("contract") or ", ".join(f"`{test}`" for test in breakage["tests"])
        lines.append(f"| {breakage['what']} | {by} | {mark} | {seconds:.0f} | `{words}` |\n")
    missed = sum(not caught for caught, _, _ in results)
    print(f"{len(chosen) - missed} of {len(chosen)} caught in {time.perf_counter() - begun:.0f} s")
    if options.write:
        head = (
            "# Sabotage\n\nGenerated by `python -m contract_tests.sabotage --write docs/sabotage.md`: each row is one\n"
        )
        head += "deliberate breakage of the emulator, with the message of the contract or test that caught it.\n\n"
        Path(options.write).write_text(head + "".join(lines), encoding="utf-8")
    return 1 if missed else 0


def _timed(breakage: dict[str, Any], examples: int) -> tuple[bool, str, float]:
    begun = time.perf_counter()
    try:
        caught, said = apply(breakage, examples)
    except (ValueError, subprocess.TimeoutExpired) as error:
        caught, said = False, str(error)
    print(f"{'caught' if caught else 'MISSED'}  {breakage['id']}: {said}", flush=True)
    return caught, said, time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())
