"""One option selects somebody else's client; the contracts find its mistakes and show the requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract_tests.contracts.__main__ import main

CLIENT = """
import requests
from contract_tests.contracts.outcomes import Refused


class MyClient:
    provider = "openlearning"

    def __init__(self, http, base, facts):
        self.base = base

    def provision(self, api_key, institution, external_id, email, name):
        fields = {"external_institution_id": external_id, "primary_email_address": email, "full_name": name}
        url = f"{self.base}/v2.1/institutions/{institution}/managed-users/"
        answer = requests.post(url, data=fields, headers={"X-API-Key": api_key}, timeout=10)
        if answer.status_code != 200:
            return Refused(status=answer.status_code)
        return answer.json()["data"]["id"]
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def run(module: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    options = ["--target", "socket", "--adapter", f"{module}:MyClient", "--examples", "15"]
    code = main(["openlearning", *options])
    return code, json.loads(capsys.readouterr().out)[0]


def test_a_right_client_passes(client: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (client / "right_client.py").write_text(CLIENT)
    code, outcome = run("right_client", capsys)
    assert (code, outcome["failure"]) == (0, None)
    assert outcome["adapter"] == "right_client:MyClient"


@pytest.mark.slow
def test_a_wrong_client_is_found_with_its_requests(client: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = CLIENT.replace('"primary_email_address": email', '"primary_email_address": external_id + "@x.example"')
    (client / "wrong_client.py").write_text(wrong)
    code, outcome = run("wrong_client", capsys)
    assert code == 1
    assert "AssertionError" in str(outcome["failure"])
    assert "managed-users" in str(outcome["script"])


@pytest.mark.parametrize("adapter", ["no_such_module:X", "json:NoSuchClass"])
def test_an_unknown_adapter(adapter: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["openlearning", "--adapter", adapter])
    assert stopped.value.code == 2
    assert adapter.partition(":")[0] in capsys.readouterr().err
