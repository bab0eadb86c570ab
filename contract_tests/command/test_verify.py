"""`lms-emulator verify`: 0 when the target does the same, 1 when it has drifted, 2 when it was asked wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lms_emulator.cli import main
from lms_emulator.client import Emulator


def test_the_emulator_is_the_same_as_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    with Emulator.start() as lms:
        options = ["--provider", "openedx", "--provider", "canvas", "--examples", "3", "--report", str(report)]
        assert main(["verify", "--against", lms.url, *options]) == 0
    told = json.loads(report.read_text())
    assert told["same"] is True
    assert [one["contract"] for one in told["contracts"]] == ["openedx", "canvas"]
    assert "openedx: " in capsys.readouterr().out


def test_drift_is_told_with_the_requests_that_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator.start(settings={"openedx": {"code_seconds": 61}}) as lms:
        assert main(["verify", "--against", lms.url, "--provider", "openedx", "--examples", "40"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["same"] is False
    (one,) = told["contracts"]
    assert "must be refused" in one["failure"]
    assert "curl" in one["script"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "http://127.0.0.1:9"], "cannot be reached"),
        (["--against", "URL", "--provider", "moodle"], "no provider `moodle`"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], said: str, lms: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *(lms.url if one == "URL" else one for one in arguments)]) == 2
    assert said in capsys.readouterr().err


def test_a_site_that_is_no_emulator_has_to_be_introduced(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--against", f"{lms.openedx.url}/nowhere"]) == 2
    assert "--provider" in capsys.readouterr().err
