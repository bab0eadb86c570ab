"""Schemathesis against a running emulator: what the documents of the control API and of each provider describe."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_emulator import Emulator
from lms_emulator.core.outcomes import explanation

if TYPE_CHECKING:
    import argparse

    from lms_emulator.client.parts import RecordedRequest

PATHS_AT_ONCE = 50
"""Of a document, between two looks at the clock."""
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


def _owners(lms: Emulator) -> dict[str, tuple[str, ...]]:
    """Headers by which a call gets past the first check, by provider. LearningStudio's are signed call by call."""
    return {
        "openlearning": (f"X-API-Key: {lms.openlearning.api_key}",),
        "openedx": (f"Authorization: Bearer {lms.openedx.access_tokens.superuser}",),
        "ltiaas": (f"Authorization: Bearer {lms.ltiaas.api_key}",),
        "canvas": (f"Authorization: Bearer {lms.canvas.access_tokens.admin}",),
        "brightspace": (f"Authorization: Bearer {lms.brightspace.access_tokens.instructor}",),
    }


def _reason(entry: RecordedRequest) -> str:
    """What the journal says beyond the sentence that all answers of this outcome have."""
    return entry.explanation.removeprefix(explanation(entry.outcome, None, {}, (), None)).strip()


def is_the_providers(entry: RecordedRequest) -> bool:
    """Whether an answer from 500 on is the real provider's, with a reason, or says that nothing is served there."""
    return entry.outcome == "not_emulated" or (entry.outcome == "provider_defect" and _reason(entry) != "")


def _described(name: str, folder: str, rng: random.Random) -> tuple[int, Iterator[tuple[int, Path]]]:
    """How many operations a provider's document has, and parts of the document in a random order: the size of each."""
    command = [sys.executable, "-m", "lms_emulator", "openapi", *([name] if name else [])]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    paths = list(document["paths"].items())
    rng.shuffle(paths)

    def parts() -> Iterator[tuple[int, Path]]:
        for begin in range(0, len(paths), PATHS_AT_ONCE):
            part = dict(paths[begin : begin + PATHS_AT_ONCE])
            file = Path(folder, f"{begin}.json")
            file.write_text(json.dumps(document | {"paths": part}))
            yield _operations(part), file

    return _operations(document["paths"]), parts()


def _operations(paths: dict[str, dict[str, Any]]) -> int:
    return sum(method in METHODS for item in paths.values() for method in item)


def _failures(lms: Emulator, command: list[str], folder: str) -> Counter[tuple[int, str, str]]:
    """Run Schemathesis in a world that begins anew. Status, outcome and reason of what was answered from 500 on."""
    lms.reset()
    lms.settings["emulator.journal_entries"] = lms.settings["emulator.journal_bytes"] = 10**9  # all are looked at
    output = subprocess.run(command, capture_output=True, text=True, cwd=folder).stdout
    assert "Tested:" in output, output[-2000:]
    failed = lms.requests.find(status="5xx")
    odd = [value for value in failed if not is_the_providers(value)]
    assert not odd, "\n".join(f"{item.method} {item.url}: {item.status} {item.explanation}" for item in odd)
    return Counter((item.status, item.outcome, _reason(item)) for item in failed)


def schemas(url: str, args: argparse.Namespace) -> None:
    """Have Schemathesis call what the documents of the control API and of each provider describe.

    A document is gone through in parts, in an order that the seed says, until it or its time is over.
    """
    tool = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or shutil.which("schemathesis")
    assert tool is not None, "Schemathesis is not installed"
    lms = Emulator.connect(url)
    options = ["--phases", "fuzzing", "--max-examples", str(args.examples), "--seed", str(args.seed)]
    options += ["--checks", "not_a_server_error", "--no-shrink", "--no-color"]
    for name in args.documents or ("", *lms.info()["providers"]):
        begun, called, kinds = time.monotonic(), 0, Counter[tuple[int, str, str]]()
        with tempfile.TemporaryDirectory() as folder:  # where the tool keeps what it found as well
            known, parts = _described(name, folder, random.Random(args.seed))
            for size, document in parts:
                if time.monotonic() - begun > args.seconds:
                    break
                # What the control API does to worlds and clocks is for its own document alone.
                command = [tool, "run", str(document), "--url", f"{url}/{name}", *options]
                for header in _owners(lms).get(name, ()):
                    command += ["--header", header]
                kinds += _failures(lms, command, folder)
                called += size
        lms.reset()
        taken = time.monotonic() - begun
        print(f"{name or 'control API'}: {called} of {known} operations in {taken:.0f} s with seed {args.seed}")
        print(f"    {sum(kinds.values())} answers from 500 on, all as the real one's", flush=True)
        for (status, outcome, why), times in kinds.most_common(20):
            print(f"    {times} of {status} {outcome}: {why}", flush=True)
