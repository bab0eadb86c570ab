"""`lms-emulator serve` as a process: ready line, stop, ports, clear errors."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import pytest

from contract_tests.machine import signals_end_processes
from lms_emulator.app import PROVIDERS
from lms_emulator.command.main import main

COMMAND = [sys.executable, "-m", "lms_emulator"]


@contextmanager
def served(*options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `serve` and the URL of its ready line."""
    env = {**os.environ, **environment}
    with subprocess.Popen([*COMMAND, "serve", *options], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("lms-emulator ready http://"), line
            yield process, line.split()[-1]
        finally:
            process.kill()


def get_json(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=60) as answer:
        data: dict[str, object] = json.load(answer)
        return data


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=env, timeout=60)


def run_here(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported everything, for commands that answer and end."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """One that runs without any option that matters, shared."""
    with served("--port", "0") as (process, url):
        yield process, url


@signals_end_processes
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_ready_means_ready_and_a_signal_stops_it_whoever_is_connected(name: str) -> None:
    with served("--port", "0") as (process, url):
        assert get_json(f"{url}/_emulator/health")["status"] == "ready"
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
            process.send_signal(signal.Signals[name])
            assert process.wait(60) == 0


def test_a_table_of_addresses_follows_the_ready_line(plain: tuple[subprocess.Popen[str], str]) -> None:
    process, url = plain
    assert process.stdout is not None
    table = list(iter(process.stdout.readline, f"everything a test needs: {url}/_emulator/info\n"))
    assert table[0].split() == ["provider", "base", "URL", "demo", "credentials"]
    info = get_json(f"{url}/_emulator/info")["providers"]
    assert isinstance(info, dict)
    for name, provider in info.items():
        assert any(row.startswith(name) and provider["base_urls"]["port"] in row for row in table)


def _free_range(length: int) -> int:
    """The first of `length` ports in a row that nobody listens on just now.

    They lie below those that systems hand out to clients: another test's connection cannot take one meanwhile.
    """
    for _ in range(100):
        first = random.randrange(20_000, 32_000)
        try:
            with ExitStack() as stack:
                for port in range(first, first + length):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
                return first
        except OSError:
            continue
    raise AssertionError("no free range of ports")


def test_only_this_machine_is_listened_to_unless_a_host_is_named(plain: tuple[subprocess.Popen[str], str]) -> None:
    """By the sockets' own addresses: loopback has further ones, which only `0.0.0.0` would answer."""
    _, url = plain
    port = int(url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=60)
    with served("--port", "0", "--host", "0.0.0.0") as (_, everywhere):
        socket.create_connection(("127.0.0.2", int(everywhere.rpartition(":")[2])), timeout=60).close()


_WRITES_NOTHING = """
import os, sys
from lms_emulator.command.main import main

def refuse(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or any(c in (mode or "") for c in "wax+")
        if writes and isinstance(path, (str, bytes)) and os.fspath(path) != os.devnull:
            os.write(2, f"wrote {path}".encode())
            os._exit(70)
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "tempfile.mkstemp"):
        os.write(2, f"{event} {arguments}".encode())
        os._exit(70)

sys.addaudithook(refuse)
main(["serve", *sys.argv[1:]])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python reads the certificate from a file on disk")
def test_nothing_is_written_to_the_file_system() -> None:
    """Whatever opens a file to write it, or makes one, ends the process: a root file system may be read-only."""
    command = [sys.executable, "-B", "-c", _WRITES_NOTHING, "--port", "0", "--tls"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            info = get_json(f"{url}/_emulator/info")["providers"]
            assert isinstance(info, dict)
            context = ssl.create_default_context(cadata=httpx.get(f"{url}/_emulator/ca.pem", trust_env=False).text)
            line = next(line for line in process.stdout if line.startswith("HTTPS:"))
            headers = {"Authorization": f"Bearer {info['canvas']['access_tokens']['teacher']}"}
            with httpx.Client(verify=context, trust_env=False, headers=headers) as client:
                courses = f"https://localhost:{line.split()[1].rpartition(':')[2]}/canvas/api/v1/courses/1"
                made = client.post(f"{courses}/files", data={"name": "a.txt", "size": 5}).json()
                sent = client.post(made["upload_url"], data=made["upload_params"], files={"file": ("a.txt", b"hello")})
                assert client.get(sent.headers["location"]).json()["size"] == 5
                assert client.post(f"{courses}/pages", json={"wiki_page": {"title": "P"}}).status_code == 200
            assert httpx.post(f"{url}/_emulator/snapshots", trust_env=False).status_code in (200, 201)
            assert process.poll() is None
        finally:
            process.kill()


def test_ports_are_counted_up_from_the_gateway() -> None:
    port = _free_range(len(PROVIDERS) + 1)
    with served("--port", str(port)) as (_, url):
        assert url == f"http://127.0.0.1:{port}"
        providers = get_json(f"{url}/_emulator/info")["providers"]
        assert isinstance(providers, dict)
        assert list(providers) == list(PROVIDERS)
        for number, provider in enumerate(providers.values(), 1):
            assert provider["base_urls"]["port"] == f"http://127.0.0.1:{port + number}"


def test_without_provider_ports() -> None:
    with served("--port", "0", "--no-provider-ports") as (_, url):
        providers = get_json(f"{url}/_emulator/info")["providers"]
        assert isinstance(providers, dict)
        assert all("port" not in provider["base_urls"] for provider in providers.values())


def test_every_option_has_a_variable_and_the_option_wins() -> None:
    variables = {
        "LMS_EMULATOR_PORT": "0",
        "LMS_EMULATOR_WORLD": "empty",
        "LMS_EMULATOR_NO_PROVIDER_PORTS": "true",
        "LMS_EMULATOR_SET": "emulator.max_body_bytes=5 emulator.journal_entries=6",
        "LMS_EMULATOR_PUBLIC_URL": "https://lms.example",
    }
    with served(**variables) as (_, url):
        info = get_json(f"{url}/_emulator/info")
        assert (info["world"], info["public_url"]) == ("empty", "https://lms.example")
        settings = info["settings"]
        assert isinstance(settings, dict)
        assert (settings["emulator.max_body_bytes"], settings["emulator.journal_entries"]) == (5, 6)
    with served("--world", "demo", "--set", "emulator.max_body_bytes=9", **variables) as (_, url):
        info = get_json(f"{url}/_emulator/info")
        assert info["world"] == "demo"
        settings = info["settings"]
        assert isinstance(settings, dict)
        assert (settings["emulator.max_body_bytes"], settings["emulator.journal_entries"]) == (9, 1000)


def test_https_with_real_host_names_under_a_throw_away_authority() -> None:
    with served("--port", "0", "--tls") as (process, url):
        with urllib.request.urlopen(f"{url}/_emulator/ca.pem") as answer:
            authority = answer.read().decode()
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("HTTPS:"))
        port = int(line.split()[1].rpartition(":")[2])
        context = ssl.create_default_context(cadata=authority)
        for name in ("api.openlearning.com", "localhost"):
            with (
                socket.create_connection(("127.0.0.1", port)) as plain,
                context.wrap_socket(plain, server_hostname=name) as secure,
            ):
                secure.sendall(f"GET /_emulator/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                assert b" 200 " in secure.recv(65536)


def test_without_tls_there_is_no_authority(plain: tuple[subprocess.Popen[str], str]) -> None:
    _, url = plain
    assert httpx.get(f"{url}/_emulator/ca.pem", trust_env=False).status_code == 404


def _one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    return line


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = _one_line(run("serve", "--port", str(port)))
        assert str(port) in line
        assert "already in use" in line.lower()
        assert "--port" in line


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--world", "nowhere.toml"], "nowhere.toml: no such file"),
        (["--set", "openlearnig.x=1"], "did you mean `openlearning`"),
        (["--set", "emulator.max_bodi_bytes=1"], "did you mean `emulator.max_body_bytes`"),
        (["--set", "emulator.max_body_bytes=much"], "expected int, got `much`"),
        (["--set", "nonsense"], "provider.setting=value"),
        (["--port", "http"], "not a port number"),
        (["--port", "70000"], "65535"),
        (["--host", "999.1.1.1"], "999.1.1.1"),
    ],
)
def test_wrong_options_are_one_clear_line(options: list[str], text: str) -> None:
    assert text in _one_line(
        run("serve", "--port", "0", *options) if "--port" not in options else run("serve", *options)
    )


def test_a_bad_world_file_lists_every_problem(tmp_path: Path) -> None:
    world = tmp_path / "bad.toml"
    world.write_text('nmae = "x"\n[clock]\nset = "yesterday"\n[settings.emulator]\nmax_body_bytes = "big"\n')
    for command in (["world", "check", str(world)], ["serve", "--port", "0", "--world", str(world)]):
        result = run_here(*command)
        assert result.returncode == 2
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 3
        assert all(line.startswith(f"lms-emulator: {world}: ") for line in lines)
        assert "did you mean `name`" in result.stderr
    world.write_text("[clock\n")
    assert "not TOML" in _one_line(run_here("world", "check", str(world)))


@pytest.mark.parametrize("world", ["demo", "empty"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_dumped_world_is_valid(tmp_path: Path, world: str, form: list[str]) -> None:
    shown = run_here("world", "show", world, *form)
    assert shown.returncode == 0, shown.stderr
    path = tmp_path / ("w.json" if form else "w.toml")
    path.write_text(shown.stdout)
    checked = run_here("world", "check", str(path))
    assert checked.returncode == 0, checked.stderr
    assert "a good world" in checked.stdout


def test_healthcheck_distinguishes_ready_from_not_ready(plain: tuple[subprocess.Popen[str], str]) -> None:
    _, url = plain
    assert run("healthcheck", "--url", url).returncode == 0
    assert run("healthcheck", LMS_EMULATOR_PORT=url.rpartition(":")[2]).returncode == 0
    assert run_here("healthcheck", "--url", f"{url}/canvas/").stdout.startswith('{"status":"ready"')
    refused = run_here("healthcheck", "--url", f"{url}/nowhere")
    assert (refused.returncode, "404" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:port", "http://[::1]:1", "localhost:8080", "https://127.0.0.1:1", "://"]
)
def test_healthcheck_of_an_address_without_a_server(url: str) -> None:
    result = run_here("healthcheck", "--url", url)
    assert result.returncode == 1
    assert result.stderr.startswith("lms-emulator: not ready: ")
    assert result.stderr.count("\n") == 1


def test_explain_says_why_the_last_request_was_refused(plain: tuple[subprocess.Popen[str], str]) -> None:
    _, url = plain
    httpx.post(f"{url}/_emulator/reset", trust_env=False)
    nothing = run_here("explain", "--url", url)
    assert (nothing.returncode, nothing.stderr.strip()) == (
        1,
        f"lms-emulator: every request so far went well at {url}",
    )
    assert httpx.get(f"{url}/openlearning/v2.1/users/me/institutions/", trust_env=False).status_code == 401
    run = run_here("explain", "--url", url)
    assert run.returncode == 0
    assert "refused" in run.stdout
    assert json.loads(run_here("explain", "--url", url, "--json").stdout)["status"] == 401
    assert run_here("explain", "--url", "http://127.0.0.1:1").returncode == 2


def test_routes_settings_and_openapi_come_from_the_declarations() -> None:
    routes = json.loads(run_here("routes", "--json").stdout)
    assert {row["provider"] for row in routes}
    assert all(row["summary"] and (row["source"] or row["evidence"] == "chosen") for row in routes)
    assert run_here("routes").stdout.splitlines()[0].split()[:3] == ["provider", "methods", "path"]
    settings = json.loads(run_here("settings", "--json").stdout)
    assert all(row["help"] and row["evidence"] for row in settings)
    assert "emulator.max_body_bytes = 1048576" in run_here("settings", "emulator").stdout
    assert json.loads(run_here("openapi").stdout)["paths"]["/reset"]
    for provider in {row["provider"] for row in routes}:
        document = json.loads(run_here("openapi", provider).stdout)
        assert all("x-evidence" in op for item in document["paths"].values() for op in item.values())
    unknown = run_here("routes", "no-such-provider")
    assert unknown.returncode == 2
    assert "unknown provider `no-such-provider`; known:" in unknown.stderr


def test_help_teaches() -> None:
    for command in ([], ["serve"], ["world"], ["explain"], ["healthcheck"], ["sign"]):
        shown = run_here(*command, "--help")
        assert shown.returncode == 0
        assert "usage: lms-emulator" in shown.stdout
    assert run_here().returncode == 2
    assert run_here("--version").stdout.startswith("lms-emulator ")
