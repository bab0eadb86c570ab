"""`lms-emulator verify`: 0 if the target behaves the same, 1 if it has drifted, 2 for a usage error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lms_emulator.client.emulator import Emulator
from lms_emulator.command.main import main


def test_the_emulator_is_the_same_as_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    with Emulator.start() as lms:
        options = ["--provider", "openedx", "--provider", "canvas", "--examples", "3", "--report", str(report)]
        assert main(["verify", "--against", lms.url, *options]) == 0
    outcome = json.loads(report.read_text())
    assert outcome["same"] is True
    assert [contract["contract"] for contract in outcome["contracts"]] == ["openedx", "canvas"]
    assert "openedx: " in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timeout(900)  # it shrinks what it found
def test_drift_is_reported_with_the_requests_that_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator.start(settings={"openedx": {"code_seconds": 61}}) as lms:
        assert main(["verify", "--against", lms.url, "--provider", "openedx", "--examples", "40"]) == 1
    contract = json.loads(capsys.readouterr().out)
    assert contract["same"] is False
    (outcome,) = contract["contracts"]
    assert "must be refused" in outcome["failure"]
    assert "curl" in outcome["script"]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Emulator], None]:
    """Trusts an emulator's throw-away authority, as a site's own would be: by the environment."""

    def trust(lms: Emulator) -> None:
        (tmp_path / "ca.pem").write_bytes(lms.ca_pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    return trust


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_over_https(authority: Callable[[Emulator], None], capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator.start(tls=True) as lms:
        options = ["verify", "--against", lms.tls_url, "--provider", "openedx", "--provider", "openlearning"]
        assert main([*options, "--examples", "2"]) == 2, "nobody vouches for it yet"
        assert "cannot be reached" in capsys.readouterr().err
        authority(lms)
        lms.requests.clear()
        assert main([*options, "--examples", "3"]) == 0
        asked = [request.url for request in lms.requests]
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["same"], [row["contract"] for row in outcome["contracts"]]) == (True, ["openlearning", "openedx"])
    assert asked
    assert all(url.startswith("https://") for url in asked)


@pytest.mark.timeout(900)  # it shrinks what it found
def test_drift_over_https_is_named(
    authority: Callable[[Emulator], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "drift.json"
    with Emulator.start(tls=True, settings={"canvas": {"access_token_lifetime_seconds": 600}}) as lms:
        authority(lms)
        options = ["--provider", "canvas", "--provider", "brightspace", "--examples", "2", "--report", str(report)]
        assert main(["verify", "--against", lms.tls_url, *options]) == 1
    contracts = {contract["contract"]: contract for contract in json.loads(report.read_text())["contracts"]}
    assert "AssertionError" in contracts["canvas"]["failure"]
    assert "/login/oauth2/token" in contracts["canvas"]["script"]
    assert contracts["brightspace"]["failure"] is None
    said = capsys.readouterr().out
    assert "canvas: " in said
    assert "DRIFT" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "http://127.0.0.1:9"], "cannot be reached"),
        (["--against", "URL", "--provider", "no-such-provider"], "unknown provider `no-such-provider`"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], said: str, lms: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *(lms.url if argument == "URL" else argument for argument in arguments)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("package", ["pytest", "hypothesis"])
def test_a_package_that_the_contracts_lack_is_named(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\nfrom lms_emulator.command.main import main\n"
    command = [sys.executable, "-c", code + "sys.exit(main(['verify', '--against', 'http://127.0.0.1:9']))"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = f'lms-emulator: the contracts need {package}: pip install "lms-emulator[contracts]"\n'
    assert (run.returncode, run.stderr) == (2, said)


def test_a_site_other_than_an_emulator_needs_its_facts(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--against", f"{lms.openedx.url}/nowhere"]) == 2
    assert "--provider" in capsys.readouterr().err
