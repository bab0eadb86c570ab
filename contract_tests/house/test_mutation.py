"""What refuses is mutation tested, all of it, and the page says what the last runs gave."""

from __future__ import annotations

from pathlib import Path

from contract_tests.mutation import __main__ as mutation

PACKAGE = mutation.ROOT / "emulator" / "lms_emulator"


def test_everything_that_signs_or_refuses_is_a_target() -> None:
    modules = [path for path in (PACKAGE / "signing").glob("*.py") if path.name != "__init__.py"]
    modules += (PACKAGE / "providers").glob("*/credentials.py")
    modules += (PACKAGE / "core" / "access" / f"{name}.py" for name in ("issued_tokens", "single_use", "web_sessions"))
    assert set(mutation.targets()) == {path.relative_to(PACKAGE).as_posix() for path in modules}


def test_every_target_names_tests_that_exist() -> None:
    missing = [test for tests in mutation.targets().values() for test in tests if not _tests(test).exists()]
    assert missing == []


def test_every_survivor_has_a_reason() -> None:
    assert [mutant for mutant, why in mutation.reasons().items() if len(why) < 10] == []


def test_the_kept_results_meet_the_bar_and_explain_what_is_left() -> None:
    results, explained = mutation.results(), [mutant.source for mutant in mutation.reasons()]
    assert set(results) == set(mutation.targets())
    for source, row in results.items():
        assert 100 * row["killed"] >= mutation.WANTED_PERCENT * row["mutants"], source
        assert row["mutants"] - row["killed"] == explained.count(source), source


def test_the_page_says_what_the_last_runs_gave() -> None:
    assert mutation.PAGE.read_text(encoding="utf-8") == mutation.page(mutation.results(), mutation.reasons())


def _tests(path: str) -> Path:
    return mutation.ROOT / "contract_tests" / path
