"""What is known about each parameter: where it has an effect, or why none is seen."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from inspect import getclosurevars, isfunction, unwrap
from pathlib import Path
from typing import Any, NamedTuple

from contract_tests.canvas.replay import player as canvas_player
from contract_tests.canvas.replay import recordings as canvas_recordings
from contract_tests.everywhere.effects import asked
from contract_tests.everywhere.effects.fitting import Fitting
from contract_tests.everywhere.effects.probe import Found, Key, Probe, parameters
from contract_tests.everywhere.effects.watched import watched
from contract_tests.house.package import PACKAGE
from contract_tests.openedx.replay import player as openedx_player
from contract_tests.openedx.replay import recordings as openedx_recordings
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app, load_providers
from lms_emulator.core.coverage import UNREAD, examples, route_of, serves
from lms_emulator.core.http.readable import names
from lms_emulator.core.http.reads import path_of

HERE = Path(__file__).parent
PLAYED = {"canvas": canvas_recordings.RUNS, "openedx": openedx_recordings.RUNS}
"""The providers with recordings, and their runs."""
WATCHED = ("openlearning", "ltiaas", "learningstudio", "brightspace", "canvas", "openedx")
"""The providers whose tests are watched, and a run is a file of these."""


_WILD = re.compile(r"\*(?!})")
UNSEEN = ("silent", "refused", "unreached")
"""Verdicts that need a reason."""


class Known(NamedTuple):
    """An entry of the ledger.

    Attributes: `verdict`, as `Found` has it, or `alike`, see there; `run`, `at` and `how`, where and by what it made a
    difference.
    """

    verdict: str
    run: str = ""
    at: int = 0
    how: str = ""


@contextmanager
def _played(
    provider: str, run: str, held: Any = None, before: Fitting | None = None, found: Any = None
) -> Iterator[tuple[Probe, int]]:
    """A probe after a run was played, and the number of its requests.

    Parameters: `before`, `found`, to continue from."""
    recorded = provider == "canvas"
    app = create_app(str(canvas_recordings.WORLD) if recorded else "empty", seed="effects")
    if not recorded:
        app.addresses.listen("127.0.0.1", 8080, {provider: 8082})
    target = InProcess(app, server=("127.0.0.1", 80 if recorded else 8082))
    probe = Probe(app, provider, target, run, held)
    if before is not None:
        probe.found, probe.fitting = found, before
    player, recordings = (canvas_player, canvas_recordings) if recorded else (openedx_player, openedx_recordings)
    try:
        yield probe, sum(1 for _ in player.play(recordings.load(run), probe))
    finally:
        target.close()


def tried(
    provider: str,
    runs: Iterable[str] = (),
    tell: Callable[[str], None] = lambda text: None,
    known: dict[Key, Known] | None = None,
) -> dict[Key, Found]:
    """Play the runs, all if none is named, and try every parameter on the way.

    The recorded ones come first, then the tests, then what these did not reach. Parameters: `known`, where those that
    made a difference are not tried again.
    """
    found: dict[Key, Found] = defaultdict(Found)
    for key, entry in (known or {}).items():
        if entry.verdict == "shown":
            found[key].run, found[key].at, found[key].how = entry.run, entry.at, entry.how
    fitting, named = Fitting(), list(runs)
    played = [value for value in named or PLAYED.get(provider, ()) if not _is_test(value) and value != asked.RUN]
    for run in played:
        with _played(provider, run, None, fitting, found) as (_, number):
            tell(f"{run}: {number} requests; {_counted(found)}")
    _begin_anew(found)
    tests = [value for value in named if _is_test(value)]
    if provider in WATCHED and (tests or not named):
        watched(provider, tests, before=(found, fitting))
        tell(f"tests: {_counted(found)}")
    _begin_anew(found)
    if provider == "canvas" and (asked.RUN in named or not named):
        with closing(asked.Asked(fitting)) as probe:
            probe.ask(found)
    return found


def _counted(found: dict[Key, Found]) -> str:
    return f"{sum(bool(entry.how) for entry in found.values())} of {len(found)} have an effect"


def _is_test(run: str) -> bool:
    return run.endswith(".py")


def _begin_anew(found: dict[Key, Found]) -> None:
    """Let values be tried again in the next kind of run, where they may show more."""
    for entry in found.values():
        entry.turn, entry.asked = 0, set()


def no_longer(provider: str, run: str) -> list[tuple[Key, str]]:
    """Parameters that made a difference in a run according to the ledger, and make none now."""
    held: dict[int, list[tuple[Key, str]]] = defaultdict(list)
    for key, known in read(provider).items():
        if known.run == run:
            held[known.at].append((key, known.how))
    ways = [value for some in held.values() for value in some]
    if run == asked.RUN:
        with closing(asked.Asked(Fitting())) as probe:
            return probe.failing(ways)
    if _is_test(run):
        shown = watched(provider, [run], ways).shown
        return [pair for pair in ways if pair[0] not in shown]
    return failing(provider, run, held)


def failing(provider: str, run: str, held: dict[int, list[tuple[Key, str]]]) -> list[tuple[Key, str]]:
    """What makes no difference of the ways to change parameters, given by the number of the run's request."""
    with _played(provider, run, held) as (probe, _):
        return probe.failed


def _file(provider: str) -> Path:
    return HERE / f"{provider}.tsv"


def documented(provider: str) -> set[Key]:
    """Every parameter of a served operation in the provider's catalogue."""
    shipped = load_providers()[provider]
    assert shipped.catalogue is not None
    return {
        ("GET" if method == "ANY" else method, operation.path, name)
        for operation in shipped.catalogue.operations
        for method in operation.methods
        if serves(shipped, operation, method)
        for name in parameters(operation)
    }


def write(provider: str, found: dict[Key, Found]) -> None:
    """Write the ledger: every documented parameter of the served operations, including those that no run reaches."""
    every = {key: found.get(key) or Found() for key in documented(provider)}
    known = {key: Known(entry.verdict, entry.run, entry.at, entry.how) for key, entry in every.items()}
    known |= alike(provider, known)
    rows = [(*key, entry.verdict, entry.run, str(entry.at or ""), entry.how) for key, entry in sorted(known.items())]
    text = "".join("\t".join(row).rstrip("\t") + "\n" for row in rows)
    _file(provider).write_text(text, encoding="utf-8")
    unread_file(provider).write_text(unread(provider), encoding="utf-8")


def unread_file(provider: str) -> Path:
    """What the product knows of the ledger."""
    return PACKAGE / "providers" / provider / UNREAD


def unread(provider: str) -> str:
    """Its text: the documented parameters that are warned of, whatever is sent beside them, or declared not emulated.

    Those that the code reads for other requests, and those with which the provider does nothing either, are left out.
    """
    known, shipped = read(provider), load_providers()[provider]
    assert shipped.catalogue is not None
    answers_501 = [name for name, why in declared(provider).items() if why.startswith("not emulated")]
    lines = []
    for operation in shipped.catalogue.operations:
        for method in operation.methods:
            route = route_of(shipped, operation, method)
            if route is None:
                continue
            missing: list[str] = []
            for name in parameters(operation):
                bare, _, value = name.partition("=")
                entry = known["GET" if method == "ANY" else method, operation.path, name]
                if entry.verdict == "alike":
                    there, _, path = entry.how.partition(" ")
                    entry = known[there, path, name]
                refused = entry.verdict == "unreached" and any(
                    _fits(pattern, f"{method} {operation.path} {name}") for pattern in answers_501
                )
                read_for_others = names(route.handler).issuperset(path_of(value or bare))
                ignored = entry.verdict == "warned" and name not in operation.idle and not read_for_others
                if refused or ignored:
                    missing += [name] if bare not in missing else []
            if missing:
                lines.append(f"{method}\t{operation.path}\t{' '.join(missing)}\n")
    return "".join(lines)


def alike(provider: str, known: dict[Key, Known]) -> dict[Key, Known]:
    """The parameters that show no effect, but do at another address that the same function answers.

    What is not reached may also be warned of there. `run` is `alike` then, and `how` that operation.
    """
    there: dict[tuple[str, Any, str], tuple[str, str]] = {}
    for (method, path, name), entry in known.items():
        there.setdefault((entry.verdict, function_of(provider, method, path), name), (method, path))
    found: dict[Key, Known] = {}
    for key, entry in known.items():
        verdicts = ("shown", "warned") if entry.verdict == "unreached" else ("shown",)
        what = function_of(provider, *key[:2]), key[2]
        where = next((there[verdict, *what] for verdict in verdicts if (verdict, *what) in there), None)
        if entry.verdict in UNSEEN and where is not None:
            found[key] = Known("alike", "alike", 0, " ".join(where))
    return found


@cache
def function_of(provider: str, method: str, path: str) -> Any:
    """The function behind an operation, without the provider's wrappers."""
    shipped = load_providers()[provider]
    catalogue = shipped.catalogue
    assert catalogue is not None
    operation = next(
        operation for operation in catalogue.operations if operation.path == path and operation.takes(method)
    )
    for example in examples(operation):
        route, _, _ = shipped.router.match("GET" if method == "ANY" else method, shipped.normalise_path(example))
        if route is not None:
            handler = getattr(route.handler, "operations", {}).get(method, route.handler)  # or a resource with several
            handler = unwrap(handler)
            return getclosurevars(handler).nonlocals.get("handler", handler) if isfunction(handler) else handler
    return None


def read(provider: str) -> dict[Key, Known]:
    """The ledger, by parameter."""
    return dict(_rows(provider))


def _rows(provider: str) -> Iterator[tuple[Key, Known]]:
    for line in _file(provider).read_text(encoding="utf-8").splitlines():
        method, path, name, verdict, *rest = line.split("\t")
        yield (method, path, name), Known(verdict, *((rest[0], int(rest[1] or 0), rest[2]) if rest else ()))


def declared(provider: str) -> dict[str, str]:
    """Parameters, as `METHOD path name`, of which no difference is expected here, and why. `*` is any text."""
    groups = tomllib.loads((HERE / "declared.toml").read_text(encoding="utf-8"))[provider]
    return {name: group["why"] for group in groups for name in group["parameters"]}


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, _WILD.split(pattern))), name) is not None


def unexplained(provider: str, verdicts: Iterable[str] = UNSEEN) -> tuple[set[str], set[str]]:
    """Parameters without a visible effect or a declared reason, and declarations that match no parameter."""
    unseen = {" ".join(key) for key, entry in read(provider).items() if entry.verdict in verdicts}
    covered: set[str] = set()
    idle: set[str] = set()
    for name in declared(provider):
        found = {value for value in unseen if _fits(name, value)} if _WILD.search(name) else {name} & unseen
        covered |= found
        idle |= set() if found else {name}
    return unseen - covered, idle
