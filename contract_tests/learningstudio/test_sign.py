"""`lms-emulator sign learningstudio-…` prints what a correct client sends, and the emulator accepts it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from contract_tests.learningstudio.test_vectors import VECTORS
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.main import main


def sign(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["sign", *arguments]) == 0
    return capsys.readouterr().out.strip()


def test_a_signed_assertion_gets_a_token(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    url = lms.learningstudio.url
    form = sign(capsys, "learningstudio-assertion", "--print", "form")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{url}/token", content=form, headers=headers, trust_env=False)
    assert answer.json()["access_token"].split("|")[2] == str(lms.learningstudio.student.id)
    by_id = sign(
        capsys, "learningstudio-assertion", "--sourced-id", lms.learningstudio.student.sourced_id, "--print", "form"
    )
    assert httpx.post(f"{url}/token", content=by_id, headers=headers, trust_env=False).status_code == 200


def test_a_signed_request_is_let_in(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    info = lms.learningstudio
    path = f"/users/loginid={info.client_string}%7C{info.student.username}?UseSourceDomain=true"
    header = sign(capsys, "learningstudio-oauth1", "get", path, "--url", info.url, "--print", "header")
    answer = httpx.get(info.url + path, headers={"X-Authorization": header}, trust_env=False)
    assert answer.json()["users"][0]["id"] == info.student.id


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here (Debian: curl)")
def test_the_printed_commands_run(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    info = lms.learningstudio
    command = sign(capsys, "learningstudio-assertion", "--url", info.url, "--print", "curl")
    body = json.loads(subprocess.run(shlex.split(command), capture_output=True, check=True, text=True).stdout)
    assert body["expires_in"] == 3600
    path = f"/users/{info.other_student.id}/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grade"
    command = sign(
        capsys,
        "learningstudio-oauth1",
        "POST",
        path,
        "--url",
        info.url,
        "--body",
        '{"grade":{"points":5,"comments":"it\'s ä"}}',
        "--print",
        "curl",
    )
    body = json.loads(subprocess.run(shlex.split(command), capture_output=True, check=True, text=True).stdout)
    assert body["grade"]["comments"] == "it's ä"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_pearson_s_vectors(vector: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if vector["kind"] == "assertion":
        name, key, application, client, user, timestamp = vector["assertion"].split("|")
        arguments = ["learningstudio-assertion", "--application-name", name, "--consumer-key", key]
        arguments += ["--application-id", application, "--client-string", client, "--username", user]
        arguments += ["--timestamp", timestamp, "--shared-secret", vector["secret"]]
        assert sign(capsys, *arguments, "--print", "signature") == vector["signature_hex"]
        assert sign(capsys, *arguments, "--print", "assertion").endswith(vector["signature_hex"])
        return
    (tmp_path / "body").write_bytes((vector["body"] or "").encode())
    target = vector["path"] + (f"?{vector['query']}" if vector["query"] else "")
    arguments = ["learningstudio-oauth1", vector["method"], target, "--body", f"@{tmp_path / 'body'}"]
    arguments += ["--application-id", vector["application_id"], "--consumer-key", vector["consumer_key"]]
    arguments += ["--shared-secret", vector["secret"], "--nonce", vector["nonce"]]
    arguments += ["--timestamp", str(vector["timestamp"])]
    assert sign(capsys, *arguments, "--print", "signature") == vector["signature_base64"]
    assert sign(capsys, *arguments, "--print", "base") == vector["base_string"]


def test_all_parts_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    text = sign(capsys, "learningstudio-oauth1", "GET", "/me", "--timestamp", "2014-05-13T16:53:20Z", "--nonce", "n")
    assert "X-Authorization:\n  OAuth realm=" in text
    assert "oauth_timestamp%3D1400000000" in text
    parts = json.loads(sign(capsys, "learningstudio-assertion", "--print", "json"))
    assert list(parts) == ["signed_string", "signature", "assertion", "form", "curl"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["learningstudio-oauth1", "GET", "me"], "not a path"),
        (["learningstudio-oauth1", "GET", "/a|b"], "percent-encode"),
        (["learningstudio-oauth1", "GET", "/me", "--timestamp", "soon"], "--timestamp"),
        (["learningstudio-oauth1", "POST", "/me", "--body", "@/nowhere/at/all"], "--body"),
        (["learningstudio-assertion", "--shared-secret", "short"], "16, 24 or 32"),
        (["learningstudio-assertion", "--username", "a|b"], "|"),
        (["learningstudio-assertion", "--client-string", "nowhere"], "--consumer-key"),
        (["learningstudio-assertion", "--world", "/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_wrong_arguments(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_keys_from_a_world_file(lms: Emulator, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for campus in ("gbdemo", "gbother"):
        world = tmp_path / f"{campus}.json"
        world.write_text(json.dumps(lms.dump()))
        text = sign(
            capsys, "learningstudio-assertion", "--world", str(world), "--client-string", campus, "--print", "assertion"
        )
        assert text.split("|")[3] == campus
    assert text.split("|")[4] == "alan.turing"
