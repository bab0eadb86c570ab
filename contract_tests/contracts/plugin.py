"""pytest options and fixtures of the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .bench import Bench
from .matrix import ORACLE, SOCKET, TARGETS, adapter_class, cells, open_target
from .results import Circumstances, write
from .runner import Outcome, profile_named
from .targets import Target, Unavailable

OUTCOME = "contract outcome"
"""The property of a test's report that has its outcome: reports reach the controller from xdist's workers."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contracts")
    group.addoption("--adapter", metavar="PACKAGE.MODULE:CLASS", help="run the contracts with this adapter only")
    group.addoption("--target", action="append", default=[], choices=TARGETS, help="only this target (repeatable)")
    group.addoption("--target-url", metavar="URL", help="a running emulator to use as the target `socket`")
    group.addoption(
        "--contract-examples", type=int, metavar="N", help="examples per machine, whatever the profile says"
    )
    group.addoption("--contract-results", metavar="FILE", help="write the results page there")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: builds something, starts many processes, or takes many seconds")
    path = config.getoption("--contract-results")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Collector(config, Path(path)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" not in metafunc.fixturenames:
        return
    config = metafunc.config
    try:
        found = cells(adapter=config.getoption("--adapter"), only=config.getoption("--target"), split=True)
    except LookupError as error:
        raise pytest.UsageError(str(error)) from error
    # An oracle is an environment of its own, built on first use; over a socket, who asks for nothing else is spared.
    asked = config.getoption("--target") or config.getoption("--adapter")
    slow = {ORACLE} if asked else {ORACLE, SOCKET}
    marks = {cell: [pytest.mark.slow] if cell.target in slow else [] for cell in found}
    metafunc.parametrize("cell", [pytest.param(cell, id=cell.name, marks=marks[cell]) for cell in found])


@pytest.fixture(scope="session")
def contract_targets(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Opens each target once; tests of a target that cannot be reached are skipped, with the reason."""
    opened: dict[tuple[str, str], Target | str] = {}

    def get(name: str, contract: str) -> Target:
        which = (name, contract if name == ORACLE else "")
        if which not in opened:
            try:
                opened[which] = open_target(name, request.config.getoption("--target-url"), contract=contract)
            except Unavailable as error:
                opened[which] = str(error)
        found = opened[which]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    yield get
    for target in opened.values():
        if not isinstance(target, str):
            target.close()


@pytest.fixture
def bench(cell: Any, contract_targets: Any) -> Bench:
    """The cell's target with its adapter."""
    target: Target = contract_targets(cell.target, cell.contract)
    kind = adapter_class(cell.adapter)
    prepare = getattr(kind, "prepare", None)
    if prepare is not None:
        try:
            prepare()
        except Unavailable as error:
            pytest.skip(str(error))
    return Bench(target, kind)


class _Collector:
    """Gathers the outcomes where reports come together, and writes the page."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self.config, self.path = config, path
        self.outcomes: list[Outcome] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.outcomes += [
                Outcome(**json.loads(str(text))) for name, text in report.user_properties if name == OUTCOME
            ]

    def pytest_sessionfinish(self) -> None:
        if self.outcomes:
            profile = profile_named(self.config.getoption("--hypothesis-profile", None))
            write(self.path, self.outcomes, Circumstances.of(profile, self.config.getoption("numprocesses", None) or 1))
