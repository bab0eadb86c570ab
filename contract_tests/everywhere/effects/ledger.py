"""What is known of each parameter: where it made a difference, or why none is seen."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from contract_tests.canvas.replay import player as canvas_player
from contract_tests.canvas.replay import recordings as canvas_recordings
from contract_tests.everywhere.effects.probe import OF_ALL, Found, Key, Probe
from contract_tests.everywhere.effects.watched import watched
from contract_tests.openedx.replay import player as openedx_player
from contract_tests.openedx.replay import recordings as openedx_recordings
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app, load_providers
from lms_emulator.core.coverage import serves

HERE = Path(__file__).parent
PLAYED = {"canvas": canvas_recordings.RUNS, "openedx": openedx_recordings.RUNS}
"""The providers of which there are recordings, and their runs."""
WATCHED = ("openlearning", "ltiaas", "learningstudio", "brightspace")
"""The others: their tests are watched, and a run is a file of these."""


class Known(NamedTuple):
    """What the ledger says of a parameter.

    Attributes: `verdict`, as `Found` has it; `run`, `at` and `how`, where and by what it made a difference.
    """

    verdict: str
    run: str = ""
    at: int = 0
    how: str = ""


@contextmanager
def _played(provider: str, run: str, held: Any = None, before: Probe | None = None) -> Iterator[tuple[Probe, int]]:
    """A probe to which a run was played, and with how many requests. Parameters: `before`, from which it goes on."""
    recorded = provider == "canvas"
    app = create_app(str(canvas_recordings.WORLD) if recorded else "empty", seed="effects")
    if not recorded:
        app.addresses.listen("127.0.0.1", 8080, {provider: 8082})
    target = InProcess(app, server=("127.0.0.1", 80 if recorded else 8082))
    probe = Probe(app, provider, target, run, held)
    if before is not None:
        probe.found, probe.fitting = before.found, before.fitting
    player, recordings = (canvas_player, canvas_recordings) if recorded else (openedx_player, openedx_recordings)
    try:
        yield probe, sum(1 for _ in player.play(recordings.load(run), probe))
    finally:
        target.close()


def tried(provider: str, runs: Iterable[str] = (), tell: Callable[[str], None] = lambda text: None) -> dict[Key, Found]:
    """Play the runs, all if none is named, and try every parameter on the way."""
    if provider in WATCHED:
        return watched(provider, runs).found
    before = None
    for run in runs or PLAYED[provider]:
        with _played(provider, run, before=before) as (before, number):
            found = before.found
        tell(f"{run}: {number} requests; {sum(bool(one.how) for one in found.values())} of {len(found)} have an effect")
    return before.found if before is not None else {}


def no_longer(provider: str, run: str) -> list[tuple[Key, str]]:
    """Parameters that made a difference in a run by the ledger, and make none now."""
    held: dict[int, list[tuple[Key, str]]] = defaultdict(list)
    for key, known in read(provider).items():
        if known.run == run:
            held[known.at].append((key, known.how))
    if provider in WATCHED:
        ways = [one for some in held.values() for one in some]
        shown = watched(provider, [run], ways).shown
        return [one for one in ways if one[0] not in shown]
    return failing(provider, run, held)


def failing(provider: str, run: str, held: dict[int, list[tuple[Key, str]]]) -> list[tuple[Key, str]]:
    """What makes no difference of the ways to change parameters, given by the number of the run's request."""
    with _played(provider, run, held) as (probe, _):
        return probe.failed


def _file(provider: str) -> Path:
    return HERE / f"{provider}.tsv"


def documented(provider: str) -> set[Key]:
    """Every parameter of what is served that the provider's catalogue names."""
    shipped = load_providers()[provider]
    assert shipped.catalogue is not None
    return {
        (method, one.path, name)
        for one in shipped.catalogue.operations
        for method in one.methods
        if serves(shipped, one, method)
        for name in (one.parameters or frozenset()) - OF_ALL
    }


def write(provider: str, found: dict[Key, Found]) -> None:
    """Write the ledger. Of a provider whose tests are watched, it has what no test reaches as well."""
    if provider in WATCHED:
        found = {key: Found() for key in documented(provider)} | found
    rows = [(*key, one.verdict, one.run, str(one.at or ""), one.how) for key, one in sorted(found.items())]
    text = "".join("\t".join(row).rstrip("\t") + "\n" for row in rows)
    _file(provider).write_text(text, encoding="utf-8")


def read(provider: str) -> dict[Key, Known]:
    """The ledger: what is known of each parameter."""
    return dict(_rows(provider))


def _rows(provider: str) -> Iterator[tuple[Key, Known]]:
    for line in _file(provider).read_text(encoding="utf-8").splitlines():
        method, path, name, verdict, *rest = line.split("\t")
        yield (method, path, name), Known(verdict, *((rest[0], int(rest[1] or 0), rest[2]) if rest else ()))


def declared(provider: str) -> dict[str, str]:
    """Parameters, as `METHOD path name`, of which no difference is expected here, and why."""
    groups = tomllib.loads((HERE / "declared.toml").read_text(encoding="utf-8"))[provider]
    return {name: group["why"] for group in groups for name in group["parameters"]}
