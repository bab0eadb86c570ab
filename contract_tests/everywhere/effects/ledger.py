"""What is known of each parameter: where it made a difference, or why none is seen."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from contract_tests.canvas.replay import player as canvas_player
from contract_tests.canvas.replay import recordings as canvas_recordings
from contract_tests.everywhere.effects.probe import Found, Key, Probe
from contract_tests.openedx.replay import player as openedx_player
from contract_tests.openedx.replay import recordings as openedx_recordings
from lms_emulator.app import create_app

HERE = Path(__file__).parent
PLAYED = {"canvas": canvas_recordings.RUNS, "openedx": openedx_recordings.RUNS}
"""The providers of which there are recordings, and their runs."""


class Known(NamedTuple):
    """What the ledger says of a parameter.

    Attributes: `verdict`, as `Found` has it; `run`, `at` and `how`, where and by what it made a difference.
    """

    verdict: str
    run: str = ""
    at: int = 0
    how: str = ""


def _probe(provider: str, run: str, held: Any = None) -> tuple[Probe, Iterable[Any]]:
    if provider == "canvas":
        app = create_app(str(canvas_recordings.WORLD), seed="effects")
        probe = Probe(app, provider, run, held, server=("127.0.0.1", 80))
        return probe, canvas_player.play(canvas_recordings.load(run), probe)
    app = create_app("empty", seed="effects")
    app.addresses.listen("127.0.0.1", 8080, {provider: 8082})
    probe = Probe(app, provider, run, held)
    return probe, openedx_player.play(openedx_recordings.load(run), probe)


def tried(provider: str, runs: Iterable[str] = (), tell: Callable[[str], None] = lambda text: None) -> dict[Key, Found]:
    """Play the runs, all if none is named, and try every parameter on the way."""
    found: dict[Key, Found] = defaultdict(Found)
    fitting = None
    for run in runs or PLAYED[provider]:
        probe, played = _probe(provider, run)
        probe.found, probe.fitting = found, fitting or probe.fitting
        fitting = probe.fitting
        number = sum(1 for _ in played)
        probe.close()
        tell(f"{run}: {number} requests; {sum(bool(one.how) for one in found.values())} of {len(found)} have an effect")
    return found


def no_longer(provider: str, run: str) -> list[tuple[Key, str]]:
    """Parameters that made a difference in a run by the ledger, and make none now."""
    held: dict[int, list[tuple[Key, str]]] = defaultdict(list)
    for key, known in read(provider).items():
        if known.run == run:
            held[known.at].append((key, known.how))
    return failing(provider, run, held)


def failing(provider: str, run: str, held: dict[int, list[tuple[Key, str]]]) -> list[tuple[Key, str]]:
    """What makes no difference of the ways to change parameters, given by the number of the run's request."""
    probe, played = _probe(provider, run, held)
    for _ in played:
        pass
    probe.close()
    return probe.failed


def _file(provider: str) -> Path:
    return HERE / f"{provider}.tsv"


def write(provider: str, found: dict[Key, Found]) -> None:
    """Write the ledger."""
    rows = [(*key, one.verdict, one.run, str(one.at or ""), one.how) for key, one in sorted(found.items())]
    text = "".join("\t".join(row).rstrip("\t") + "\n" for row in rows)
    _file(provider).write_text(text, encoding="utf-8")


def read(provider: str) -> dict[Key, Known]:
    """The ledger: what is known of each parameter."""
    return dict(_rows(provider))


def _rows(provider: str) -> Iterator[tuple[Key, Known]]:
    for line in _file(provider).read_text(encoding="utf-8").splitlines():
        method, path, name, verdict, *rest = line.split("\t")
        yield (method, path, name), Known(verdict, *((rest[0], int(rest[1]), rest[2]) if rest else ()))


def declared(provider: str) -> dict[str, str]:
    """Parameters, as `METHOD path name`, of which no difference is expected here, and why."""
    groups = tomllib.loads((HERE / "declared.toml").read_text(encoding="utf-8"))[provider]
    return {name: group["why"] for group in groups for name in group["parameters"]}
