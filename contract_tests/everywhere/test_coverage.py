"""What `lms-emulator coverage` says of operations and their parameters is what the ledgers and the emulator show."""

from __future__ import annotations

import json
from contextlib import closing
from urllib.parse import quote

import pytest

from contract_tests.everywhere.effects import ledger
from contract_tests.everywhere.effects.asked import Asked
from contract_tests.everywhere.effects.fitting import Fitting
from contract_tests.everywhere.effects.probe import parameters
from contract_tests.everywhere.test_parameters import Asking, served
from lms_emulator.app import load_providers
from lms_emulator.command.main import main
from lms_emulator.core.coverage import Covered, coverage, families
from lms_emulator.providers import PROVIDERS
from lms_emulator.server.answering import NOT_HERE

NOT_READ = ("parameter_not_read", "include_not_read")


def row(method: str, served: bool, *missing: str, evidence: str = "") -> Covered:
    return Covered(method, "/thing", "Things", "", (), served, evidence, missing)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_unread_parameters_are_those_of_the_ledger(provider: str) -> None:
    mends = f"run `python -m contract_tests.everywhere.effects {provider} --unread`"
    assert ledger.unread_file(provider).read_text("utf-8") == ledger.unread(provider), mends


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_parameter_is_not_emulated_if_requests_are_warned_of_it(name: str) -> None:
    """Each alone, in the query of what answers then."""
    ask, known, wrong = Asking(name), ledger.read(name), []
    rows = {row.path: row.parameters_not_emulated for row in coverage(load_providers()[name]) if row.method == "GET"}
    for method, operation in served(name, "GET"):
        missing = rows.get(operation.path.removesuffix("[/]"), ())
        for value in parameters(operation):
            bare, _, choice = value.partition("=")
            entry = ask(method, operation.path, f"{quote(bare)}[]={choice}" if choice else f"{quote(bare)}=1")
            if entry is None:
                continue
            warned = {row.name for row in entry.warnings if row.code in NOT_READ and row.documented}
            listed = bare in missing or value in missing
            if listed and not warned:
                wrong.append((operation.path, value, "has an effect"))
            surely = bare in warned - set(entry.notes.get(NOT_HERE, ()))
            if surely and not listed and known[method, operation.path, value].verdict not in ("shown", "unreached"):
                wrong.append((operation.path, value, "has none"))
    assert wrong == []


@pytest.mark.slow
def test_so_is_whoever_sends_one_in_a_body() -> None:
    """At Canvas, to whatever a request is known for that goes well."""
    shipped, heard, wrong = load_providers()["canvas"], 0, []
    assert shipped.catalogue is not None
    missing = {(row.method, row.path): row.parameters_not_emulated for row in coverage(shipped)}
    with closing(Asked(Fitting())) as asked:
        for operation in shipped.catalogue.operations:
            for method in operation.methods:
                names = missing.get((method, operation.path), ()) if method != "GET" else ()
                for name, warned in asked.warned_of(method, operation, names):
                    heard += 1
                    wrong += [] if warned else [(method, operation.path, name)]
    assert wrong == []
    assert heard > 50


def test_a_family_is_served_when_nothing_is_missing() -> None:
    whole = [row("GET", True, evidence="recorded"), row("PUT", True, evidence="refusals_recorded")]
    assert [family.state for family in families(whole)] == ["served"]
    for other, figures in ((row("POST", True, "include=term"), (3, 2)), (row("POST", False), (2, 2))):
        (family,) = families([*whole, other])
        assert (family.state, family.served, family.whole) == ("partly", *figures)
    assert [family.state for family in families([row("GET", False)])] == ["not"]


@pytest.mark.parametrize("provider", [None, *PROVIDERS])
def test_coverage_is_listed(provider: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = [provider] if provider else []
    assert main(["coverage", *chosen]) == 0
    assert "with every parameter" in capsys.readouterr().out
    assert main(["coverage", *chosen, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert any(row["served"] for row in rows)
    missing = [row for row in rows if not row["served"] or row["parameters_not_emulated"]]
    assert main(["coverage", *chosen, "--missing"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(missing)


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["coverage", "brightspace", "--missing"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    place = "brightspace GET /d2l/api/le/{version}/{orgUnitId}"
    assert f"{place}/classlist/ Enrollments onlyShowShownInGrades, searchTerm" in lines
    assert f"{place}/quizzes/ Quizzes the operation" in lines


def test_evidence_is_in_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    main(["coverage", "canvas"])
    files = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Files "))
    assert "3 refusals_recorded" in files
    main(["coverage", "canvas", "--json"])
    grades = [row["evidence"] for row in json.loads(capsys.readouterr().out) if row["family"] == "Files"]
    assert grades.count("refusals_recorded") == 3
