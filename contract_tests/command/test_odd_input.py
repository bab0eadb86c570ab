"""Commands with unusable input: one line that names the problem and the fix, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from lms_emulator import Emulator
from lms_emulator.command.main import main
from lms_emulator.command.options import shown


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def error_of(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """The exit code, and the one line on stderr without the program's name."""
    code = main(command)
    out, err = capsys.readouterr()
    assert out == "" or code == 0
    (line,) = err.splitlines() or [""]
    return code, line.removeprefix("lms-emulator: ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nonsense", "`nonsense` is not the id of a request; give one such as r17, or last, last-failed, last-refused"),
        ("last-failde", "did you mean last-failed?"),
        ("", "id: `` is not the id"),
        ("r1?x=1", "is not the id"),
        ("../settings", "is not the id"),
        ("a b", "is not the id"),
        ("r1\r\nX: y", "is not the id"),
        ("é", "is not the id"),
        ("x" * 5000, f"`{'x' * 60}` is not the id"),
    ],
)
def test_invalid_ids(lms: Emulator, capsys: pytest.CaptureFixture[str], given: str, words: str) -> None:
    code, line = error_of(capsys, "explain", "--url", lms.url, given)
    assert code == 2
    assert words in line


def test_the_journal_and_what_is_not_in_it(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    lms.requests.clear()
    for given, words in {
        "last": "no request has come",
        "last-failed": "every request so far went well",
        "last-refused": "no request has been refused",
        "r999999": "no request r999999 in the journal",
    }.items():
        assert error_of(capsys, "explain", "--url", lms.url, given) == (1, f"{words} at {lms.url}")
    lms.settings["emulator.journal_entries"] = 5
    with httpx.Client(base_url=lms.openlearning.url, trust_env=False) as http:
        for _ in range(7):
            http.get("/v2.2/nowhere/")
    ids = [entry.id for entry in lms.requests.find()]
    assert len(ids) == 5
    evicted = f"r{int(ids[0][1:]) - 1}"
    assert error_of(capsys, "explain", "--url", lms.url, evicted) == (
        1,
        f"no request {evicted} in the journal at {lms.url}",
    )
    address = f"{lms.url}/_emulator/requests/{ids[0]}"
    for url in (address, f"{address}/", f"{address}?a=b"):
        assert error_of(capsys, "explain", url) == (0, "")


def test_a_later_warning_is_mentioned(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    lms.requests.clear()
    key = {"api_key": lms.openlearning.api_key}
    with httpx.Client(base_url=lms.openlearning.url, trust_env=False) as http:

        def explained(path: str, **params: str) -> tuple[int, str]:
            http.get(path, params=params)
            return error_of(capsys, "explain", "--url", lms.url)

        assert explained("/v2.1/users/me/institutions/", **key) == (1, f"every request so far went well at {lms.url}")
        later = "came last, with a warning: lms-emulator explain last"
        code, line = explained("/v2.1/users/me/institutions/", **key, pages="1")
        assert (code, line.endswith(later)) == (1, True)
        assert explained("/v2.1/users/me/institutions/") == (0, "")
        code, line = explained("/v2.1/users/me/institutions/", **key, pages="1")
        assert (code, line) == (0, f"{lms.requests.last.id} {later}")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8080", "is not an address such as http://127.0.0.1:8080"),
        ("localhost", "is not an address"),
        ("http://", "is not an address"),
        ("file:///etc/passwd", "is not an address"),
        ("ftp://x", "is not an address"),
        ("http://127.0.0.1:abc", "is not an address"),
        ("http://[::1", "is not an address"),
        ("http://x:99999", "is not an address"),
        ("http://a b", "is not an address"),
        ("http://ü.invalid", "is not an address"),
        ("http://127.0.0.1:1", "no emulator answers at http://127.0.0.1:1"),
    ],
)
def test_addresses_where_no_emulator_is(capsys: pytest.CaptureFixture[str], url: str, words: str) -> None:
    for command in (("--url", url), (f"{url}/_emulator/requests/r1",)) if "://" in url else (("--url", url),):
        code, line = error_of(capsys, "explain", *command)
        assert code == 2
        assert words in line
    if "answers" not in words:
        assert error_of(capsys, "explain", "--url", url)[1].startswith("--url: ")


def test_addresses_of_other_pages(lms: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (f"{lms.url}/", f"{lms.url}/_emulator/requests/", f"{lms.canvas.url}/api/v1/courses"):
        code, line = error_of(capsys, "explain", url)
        assert (code, "is not the URL of X-Emulator-Explain" in line) == (2, True)


def test_addresses_in_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("LMS_EMULATOR_URL", "LMS_EMULATOR_PORT"):
        monkeypatch.setenv(name, "nonsense")
        code, line = error_of(capsys, "explain")
        assert (code, line.startswith("the address in the environment: `")) == (2, True)
        monkeypatch.delenv(name)


@pytest.mark.parametrize("token", ["é", "a\nb", "\x00"])
def test_tokens_that_no_header_can_carry(lms: Emulator, capsys: pytest.CaptureFixture[str], token: str) -> None:
    code, line = error_of(capsys, "explain", "--url", lms.url, "--control-token", token)
    assert (code, line) == (2, "--control-token: a token has printable ASCII characters only")


class Other(BaseHTTPRequestHandler):
    """A server that is not an emulator."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/html": (200, b"<html>"), "/list": (200, b"[]"), "/object": (200, b"{}"), "/number": (200, b"1"),
        "/bytes": (200, b"\xff\xfe"), "/away": (302, b""), "/token": (401, b""), "/broken": (500, b""),
    }  # fmt: skip

    def do_GET(self) -> None:
        page = self.path.partition("/_emulator")[0]
        if page == "/nothing":
            self.wfile.write(b"\xff\r\n\r\n")
            return
        status, body = self.answers[page]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


def test_servers_other_than_an_emulator(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for page, code, words in (
            ("/html", 2, "no emulator answers at"), ("/bytes", 2, "no emulator answers at"),
            ("/nothing", 2, "no emulator answers at"), ("/list", 2, "is not an emulator; name one with --url"),
            ("/object", 2, "is not an emulator"), ("/number", 2, "is not an emulator"), ("/away", 1, "answers 302"),
            ("/token", 1, "give --control-token, or set LMS_EMULATOR_CONTROL_TOKEN"), ("/broken", 1, "answers 500"),
        ):  # fmt: skip
            found = error_of(capsys, "explain", "--url", url + page)
            assert (found[0], words in found[1]) == (code, True), (page, found)
        server.shutdown()


@pytest.mark.parametrize("command", ["coverage", "changes", "routes", "settings", "openapi"])
def test_a_provider_that_does_not_exist(capsys: pytest.CaptureFixture[str], command: str) -> None:
    for name in ("nope", "Canvas", ""):
        code, line = error_of(capsys, command, name)
        assert code == 2
        assert line.startswith(f"unknown provider `{name}`; known: ")


def test_invalid_dates(capsys: pytest.CaptureFixture[str]) -> None:
    for day in ("2025-13-01", "yesterday", "2025-09-01T00:00", "", "2025-02-30"):
        assert error_of(capsys, "changes", "--since", day) == (2, f"--since: `{day}` is not a day such as 2025-09-01")
    main(["changes", "--since", "2025-10-01"])
    written = capsys.readouterr().out
    main(["changes", "--since", "20251001"])
    assert capsys.readouterr().out == written, "the same day, written otherwise"
    assert main(["changes", "--since", "9999-12-31"]) == 0


def run(command: list[str], where: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program, with its output going to a place of the shell's."""
    line = f'"{sys.executable}" -m lms_emulator {" ".join(command)} {where}'
    environment = {**os.environ, **environment}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, encoding="latin-1", timeout=60, env=environment, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_has_not_every_character(encoding: str) -> None:
    for command in (["coverage", "openlearning"], ["settings", "emulator"]):
        done = run(command, "", PYTHONIOENCODING=encoding, NO_COLOR="1")
        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_an_output_that_takes_nothing() -> None:
    assert run(["settings"], "| head -c 10; exit ${PIPESTATUS[0]}").returncode == 0
    closed = run(["settings", "emulator"], ">&-")
    assert (closed.returncode, closed.stderr) == (0, "")
    if Path("/dev/full").exists():
        full = run(["settings", "emulator"], "> /dev/full")
        assert full.returncode == 1
        assert full.stderr == "lms-emulator: the output could not be written: No space left on device\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("certify",), "the following arguments are required: --launch-url; see `lms-emulator"),
        (
            ("certify", "--timeout", "soon"),
            "argument --timeout: invalid float value: 'soon'; see `lms-emulator certify",
        ),
        (("explain", "r1", "r2"), "unrecognized arguments: r2; see `lms-emulator --help`"),
        (("explian",), "invalid choice: 'explian' (choose from "),
        (("world",), "the following arguments are required: COMMAND; see `lms-emulator world --help`"),
    ],
)
def test_invalid_arguments(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert words in line


@pytest.mark.parametrize("port", ["99999", "²", "-1", "1e3", "", "80 81"])
def test_invalid_ports(capsys: pytest.CaptureFixture[str], port: str) -> None:
    for command in (("record", "--provider", "canvas", "--upstream", "http://x"), ("demo-tool",)):
        code, line = error_of(capsys, *command, "--port", port)
        assert (code, line) == (2, f"--port: `{shown(port)}` is not a port number; give 0 to 65535")


@pytest.mark.parametrize("secret", ["x", "x=", "=x", "="])
def test_invalid_replacement_secrets(capsys: pytest.CaptureFixture[str], secret: str) -> None:
    code, line = error_of(capsys, "record", "--provider", "canvas", "--upstream", "http://x", "--secret", secret)
    assert (code, line) == (2, "--secret: write NAME=VALUE, neither of them empty")
