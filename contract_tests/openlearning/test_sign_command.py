"""`lms-emulator sign openlearning-launch` makes launches that work, and says what is missing."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from contract_tests.openlearning.site import Site
from lms_emulator.command.main import main


def sign(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["sign", "openlearning-launch", *arguments]) == 0
    return capsys.readouterr().out


def test_the_form_is_accepted(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    form = sign(capsys, "--url", site.url, "--print", "form", "--field", "custom_x=a b&c").strip()
    data = {"url": site.info.launch_url, "params": dict(parse_qsl(form, keep_blank_values=True))}
    assert data["params"]["user_id"] == site.info.managed_user.external_institution_id
    response = site.post_launch(data)
    assert response.status_code == 302
    assert response.headers["location"].endswith(site.info.class_id)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here (Debian: curl)")
def test_the_curl_command_ends_on_the_class_page(
    site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = sign(capsys, "--url", site.url, "--print", "curl")
    page = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Ada Lovelace" in page


def test_the_page_holds_the_same_form(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--url", site.url, "--nonce", "n" * 24, "--timestamp", "1767225600", "--roles", 'a"<b>')
    page = sign(capsys, *arguments, "--print", "html")
    inputs = re.findall(r'name="([^"]*)" value="([^"]*)"', page)
    params = json.loads(sign(capsys, *arguments, "--print", "json"))
    assert {unescape(name): unescape(value) for name, value in inputs} == params
    assert params["oauth_signature"] in sign(capsys, *arguments, "--print", "signature")
    assert "POST&http" in sign(capsys, *arguments, "--print", "base")
    everything = sign(capsys, *arguments)
    assert [part for part in ("base:", "signature:", "form:", "curl:") if part not in everything] == []


def test_a_custom_world(site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    world = site.lms.dump()
    world["openlearning"]["registrations"][0]["secret"] = "other"
    file = tmp_path / "world.json"
    file.write_text(json.dumps(world), "utf-8")
    site.lms.load(world)
    params = json.loads(
        sign(capsys, "--url", site.info.launch_url, "--world", str(file), "--context-id", "", "--print", "json")
    )
    assert "context_id" not in params
    assert site.post_launch({"url": site.info.launch_url, "params": params}).headers["location"].endswith("/lakeside/")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--world", "empty.toml"], "give --consumer-key"),
        (["--world", "nowhere.toml"], "nowhere.toml"),
        (["--field", "x"], "NAME=VALUE"),
        (["--field", "oauth_nonce=1"], "--nonce"),
        (["--url", "nowhere"], "--url"),
    ],
)
def test_missing_arguments_are_named(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.toml").write_text("", "utf-8")
    assert main(["sign", "openlearning-launch", *arguments]) == 2
    assert words in capsys.readouterr().err
