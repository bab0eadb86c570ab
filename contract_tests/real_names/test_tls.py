"""HTTPS on a port of its own, with a certificate for localhost and for every real host name."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from lms_emulator.client.emulator import Emulator
from lms_emulator.server import sockets


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with Emulator.start(tls=True) as lms:
        yield lms


@pytest.fixture(scope="module")
def trusting(served: Emulator) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cadata=served.ca_pem.decode())
    # A connection of its own for every request, so that each one shows its certificate.
    with httpx.Client(verify=context, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        yield client


def test_localhost(served: Emulator, trusting: httpx.Client) -> None:
    assert trusting.get(f"{served.tls_url}/_emulator/health").json()["status"] == "ready"


def test_the_loopback_address(served: Emulator, trusting: httpx.Client) -> None:
    url = served.tls_url.replace("localhost", "127.0.0.1")
    assert trusting.get(f"{url}/_emulator/health").json()["status"] == "ready"


def test_the_authority_is_handed_out_over_plain_http(served: Emulator) -> None:
    answer = httpx.get(f"{served.url}/_emulator/ca.pem", trust_env=False)
    assert answer.status_code == 200
    assert answer.content == served.ca_pem


def test_every_real_name_is_certified(served: Emulator, trusting: httpx.Client) -> None:
    assert served.app is not None
    names = [name for hosts in served.app.addresses.real_hosts.values() for name in hosts]
    assert names
    for name in names:
        host = name.replace("*", "my-tenant")
        answer = trusting.get(
            f"{served.tls_url}/_emulator/health", headers={"Host": host}, extensions={"sni_hostname": host}
        )
        assert answer.json()["status"] == "ready", host


def test_a_foreign_name_is_not_certified(served: Emulator, trusting: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        trusting.get(f"{served.tls_url}/_emulator/health", extensions={"sni_hostname": "www.example.org"})


def test_an_unfinished_handshake_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "REQUEST_SECONDS", 0.5)
    with Emulator.start("empty", tls=True) as lms:
        address = lms.tls_url.rpartition(":")[2]
        for sent, least in ((b"\x16\x03\x01\x02\x00\x01", 0.4), (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0.0)):
            begun = time.monotonic()
            with socket.create_connection(("127.0.0.1", int(address)), timeout=60) as connection:
                connection.sendall(sent)
                with suppress(ConnectionResetError):
                    assert connection.recv(64) == b""
            assert least < time.monotonic() - begun


def test_a_failed_handshake_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator.start("empty", tls=True) as lms:
        port = int(lms.tls_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            peer = f"127.0.0.1:{connection.getsockname()[1]}"
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            with suppress(ConnectionResetError):
                assert connection.recv(64) == b""
        with httpx.Client(verify=False, trust_env=False) as http:
            assert http.get(f"https://127.0.0.1:{port}/_emulator/health").status_code == 200
    err = capfd.readouterr().err
    assert err.startswith(f"lms-emulator: TLS handshake failed with {peer}: HTTP")
    assert err.count("\n") == 1


def test_addresses_in_answers_are_https_under_the_real_name(served: Emulator, trusting: httpx.Client) -> None:
    host = "api.openlearning.com"
    info = trusting.get(f"{served.tls_url}/_emulator/info").json()
    refused = trusting.get(
        f"{served.tls_url}/v2.2/users/me/institutions/", headers={"Host": host}, extensions={"sni_hostname": host}
    )
    assert refused.status_code == 401
    assert refused.headers["X-Emulator-Explain"].startswith(f"https://{host}/_emulator/requests/")
    assert info["providers"]["openlearning"]["base_urls"]["prefix"].startswith("https://")


def test_each_start_has_an_authority_of_its_own(served: Emulator) -> None:
    with Emulator.start("empty", tls=True) as other:
        assert other.ca_pem != served.ca_pem


def test_without_tls_there_is_no_authority() -> None:
    with Emulator.start("empty") as lms:
        assert httpx.get(f"{lms.url}/_emulator/ca.pem", trust_env=False).status_code == 404
        with pytest.raises(RuntimeError, match="tls=True"):
            _ = lms.tls_url
        with pytest.raises(RuntimeError, match="tls=True"):
            _ = lms.ca_pem
