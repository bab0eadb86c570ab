"""`lms-emulator record`: what is forwarded and stored, and that no secret is."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lms_emulator.client.emulator import Emulator
from lms_emulator.command.main import main
from lms_emulator.command.recorder import Proxy, Recorder, Redactor


@contextlib.contextmanager
def recording(tmp_path: Path, upstream: str) -> Iterator[Proxy]:
    recorder = Recorder(tmp_path / "openedx.jsonl", [("who", "charles")])
    server = Proxy(0, upstream, recorder)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    recorder.close()


@pytest.fixture
def proxy(lms: Emulator, tmp_path: Path) -> Iterator[Proxy]:
    with recording(tmp_path, lms.openedx.url) as server:
        yield server


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "openedx.jsonl").read_text().splitlines()]


def test_exchanges_are_recorded_without_their_secrets(lms: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    client = lms.openedx.clients.client_credentials
    basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    with httpx.Client(base_url=proxy.url, trust_env=False) as http:
        fields = {"grant_type": "client_credentials", "client_id": client.client_id}
        token = http.post("/oauth2/access_token", data={**fields, "client_secret": client.client_secret}).json()
        http.post("/oauth2/access_token", data=fields, headers={"Authorization": f"Basic {basic}"})
        me = http.get("/api/user/v1/me", headers={"Authorization": f"Bearer {token['access_token']}"})
        missing = http.get("/api/user/v1/accounts/charles")
        csrf = http.get("/csrf/api/v1/token").json()["csrfToken"]
    assert me.json() == {"username": client.user}
    assert missing.status_code == 401
    entries, text = kept(tmp_path), (tmp_path / "openedx.jsonl").read_text()
    for secret in (client.client_secret, basic, token["access_token"], csrf, "charles"):
        assert secret not in text
    assert [entry["n"] for entry in entries] == [0, 1, 2, 3, 4]
    first, second, third = entries[:3]
    assert first["request"]["method"] == "POST"
    assert first["request"]["target"] == "/oauth2/access_token"
    assert first["response"]["status"] == 200
    given = json.loads(first["response"]["body"])["access_token"]
    assert given == "<secret:access_token-1>"
    assert third["request"]["headers"]["Authorization"] == f"Bearer {given}"
    assert "client_secret=<secret:client_secret-1>" in first["request"]["body"]
    assert second["request"]["headers"]["Authorization"].startswith("Basic <secret:")
    assert entries[3]["request"]["target"] == "/api/user/v1/accounts/<secret:who-1>"
    assert set(first) == {"n", "name", "group", "request", "response"}


@pytest.mark.parametrize("vouched", [True, False])
def test_a_site_behind_https(tmp_path: Path, vouched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate must hold: under a private authority, SSL_CERT_FILE has to name that."""
    with Emulator.start(tls=True) as lms:
        if vouched:
            (tmp_path / "ca.pem").write_bytes(lms.ca_pem)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with recording(tmp_path, f"{lms.tls_url}/openedx") as proxy, httpx.Client(trust_env=False) as http:
            client = lms.openedx.clients.client_credentials
            fields = {"grant_type": "client_credentials", "client_id": client.client_id}
            answer = http.post(
                f"{proxy.url}/oauth2/access_token", data={**fields, "client_secret": client.client_secret}
            )
            moved = http.get(f"{proxy.url}/oauth2/authorize?client_id=x")
    if not vouched:
        assert answer.status_code == moved.status_code == 502
        assert kept(tmp_path) == []
        return
    assert answer.status_code == 200
    assert moved.headers["location"].startswith(("/", proxy.url))
    token, redirect = kept(tmp_path)
    assert token["request"]["target"] == "/openedx/oauth2/access_token"
    assert client.client_secret not in (tmp_path / "openedx.jsonl").read_text()
    assert redirect["response"]["status"] == 302


def test_a_redirect_of_the_site_stays_in_the_proxy(lms: Emulator, proxy: Proxy) -> None:
    answer = httpx.get(f"{proxy.url}/oauth2/authorize?client_id=x", trust_env=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(("/login", proxy.url))


def test_secrets_are_found_wherever_they_stand() -> None:
    redactor = Redactor()
    redactor.study(
        [("Cookie", "sessionid=abcdefgh; theme=dark"), ("Location", "http://app/cb?code=c0dec0de&state=st4te")],
        "/launch?api_key=k3yk3yk3y",
        '{"data": {"refresh_token": "r3fr3sh/+=", "token_type": "Bearer", "list": [{"password": "pa55word"}]}}',
    )
    hidden = redactor.clean("abcdefgh c0dec0de k3yk3yk3y r3fr3sh/+= r3fr3sh%2F%2B%3D pa55word Bearer")
    assert "<secret:refresh_token-1> <secret:refresh_token-1> <secret:password-1> Bearer" in hidden
    assert not any(word in hidden for word in ("abcdefgh", "c0dec0de", "k3yk3yk3y"))


@pytest.mark.parametrize(
    "arguments",
    [["--provider", "no-such-provider", "--upstream", "http://x"], ["--provider", "openedx", "--upstream", "x"]],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", *arguments]) == 2
    assert "lms-emulator:" in capsys.readouterr().err
