"""A provider is one folder and one line: the guide is followed to the letter, in a copy of the repository.

The folder is made of the code blocks of `docs/writing-a-provider.md`, the line goes into `providers/__init__.py`, and
the program is run from the copy as anybody would run it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from contract_tests.house import rooms
from contract_tests.house.package import ROOT

pytestmark = pytest.mark.slow

GUIDE = ROOT / "docs/writing-a-provider.md"
NAME = "schoolbox"
KEY = {"X-Key": "schoolbox-demo-key"}
COPIED = ("emulator", "fixtures/pytest_lms_emulator", "docs", "docker", "contract_tests", "README.md", "pyproject.toml")
USING_THE_HANDLE = """\
from lms_emulator import Emulator

with Emulator.start() as lms:
    print(lms.schoolbox.key, lms.schoolbox.url)
"""
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".*", "oracles", "*.jsonl")
_BLOCK = re.compile(r"^```(?:python|toml)\n# (?P<file>schoolbox/[\w./]+)\n(?P<code>.*?)^```$", re.M | re.S)
_READY = re.compile(r"^lms-emulator ready (?P<url>http://\S+)$")


def write_folder(providers: Path) -> Path:
    """The folder, from the guide's code blocks."""
    for block in _BLOCK.finditer(GUIDE.read_text("utf-8")):
        path = providers / block["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(block["code"], "utf-8")
    return providers / NAME


def add_line(providers: Path) -> None:
    """Append the name to `PROVIDERS`."""
    path = providers / "__init__.py"
    text, changed = re.subn(
        r"(?<=^PROVIDERS: tuple\[str, \.\.\.\] = )\((.*)\)$", rf'(\1, "{NAME}")', path.read_text(), flags=re.M
    )
    assert changed == 1
    path.write_text(text)


class Checkout:
    """A copy of the repository, with its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LMS_EMULATOR", "PYTEST_"))},
            "PYTHONPATH": os.pathsep.join(str(folder / value) for value in ("emulator", "fixtures", ".")),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=110
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("with_schoolbox")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=_LEFT_BEHIND)
        else:
            shutil.copy(ROOT / name, folder / name)
    providers = folder / "emulator/lms_emulator/providers"
    write_folder(providers)
    add_line(providers)
    return Checkout(folder)


@pytest.fixture(scope="module")
def served(checkout: Checkout) -> Iterator[httpx.Client]:
    command = checkout.command("lms_emulator", "serve", "--port", "0")
    with subprocess.Popen(
        command, cwd=checkout.folder, env=checkout.environment, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        ready = _READY.match(run.stdout.readline().strip())
        assert ready is not None
        # The first request imports every provider, from sources that were never compiled.
        with httpx.Client(base_url=ready["url"], trust_env=False, timeout=60) as http:
            yield http
        run.terminate()


def test_the_guide_has_every_room_and_no_other(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    assert list(rooms.strays(folder)) == []
    assert rooms.missing(folder) == []
    assert (folder / "demo.toml").is_file()


def test_it_answers_and_refuses(served: httpx.Client) -> None:
    assert served.get("/schoolbox/users/1", headers=KEY).json() == {"data": {"id": 1, "name": "Ada Lovelace"}}
    refused = served.get("/schoolbox/users/1")
    assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorised"})
    assert served.get(refused.headers["X-Emulator-Explain"]).json()["refusal"]["reason"] == "unknown_key"
    assert served.get("/schoolbox/users/2", headers=KEY).status_code == 404
    assert served.delete("/schoolbox/users/1", headers=KEY).status_code == 405
    assert served.get("/schoolbox/nothing", headers=KEY).json() == {"error": "Not found"}
    assert served.post("/schoolbox/users", headers=KEY, data={"name": "x" * 81}).status_code == 422
    assert served.post("/schoolbox/users", headers=KEY, data={"name": "x" * 80}).status_code == 201


def test_it_is_found_in_every_way(served: httpx.Client) -> None:
    bases = served.get("/_emulator/info").json()["providers"][NAME]["base_urls"]
    assert httpx.get(f"{bases['port']}/users/1", headers=KEY, trust_env=False).status_code == 200
    for host in ("schoolbox.localhost", "api.schoolbox.example"):
        assert served.get("/users/1", headers={**KEY, "Host": host}).status_code == 200


def test_its_state_is_reset_restored_and_dumped(served: httpx.Client) -> None:
    def names() -> list[str]:
        return [user["name"] for user in served.get("/_emulator/world").json()[NAME]["users"]]

    served.post("/_emulator/reset")
    served.post("/schoolbox/users", headers=KEY, data={"name": "Mary Somerville"})
    kept = served.post("/_emulator/snapshots").json()["id"]
    assert names() == ["Ada Lovelace", "Mary Somerville"]
    served.post("/_emulator/reset")
    assert names() == ["Ada Lovelace"]
    served.post(f"/_emulator/snapshots/{kept}/restore")
    assert names() == ["Ada Lovelace", "Mary Somerville"]
    dumped = served.get("/_emulator/world").json()
    assert served.put("/_emulator/world", json=dumped).status_code < 300
    dumped[NAME]["keys"].append({"key": "orphan", "user": 9})
    assert "schoolbox.keys[1].user" in served.put("/_emulator/world", json=dumped).text
    served.post("/_emulator/reset")


def test_its_setting_can_be_changed(served: httpx.Client) -> None:
    served.patch("/_emulator/settings", json={"schoolbox.longest_name": 3})
    assert served.post("/schoolbox/users", headers=KEY, data={"name": "Mary"}).status_code == 422
    served.post("/_emulator/reset")


def test_the_commands_know_it(checkout: Checkout) -> None:
    assert "/users/{id:int}" in checkout.run("lms_emulator", "routes", NAME)
    assert "schoolbox.longest_name" in checkout.run("lms_emulator", "settings", NAME)
    assert "+7 schoolbox" in checkout.run("lms_emulator", "serve", "--help").replace("\n", " ")


def test_the_python_handle_has_it(checkout: Checkout) -> None:
    (checkout.folder / "use_handle.py").write_text(USING_THE_HANDLE)
    assert checkout.run("use_handle").startswith("schoolbox-demo-key http://127.0.0.1:")


def test_the_rest_is_derived_or_named_by_a_test(checkout: Checkout) -> None:
    """Without the command, tests name every place that lags; after it, only those that a person has to write."""
    everywhere = ("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "contract_tests/house/test_derived.py")
    before = set(re.findall(r"^FAILED \S+::(\S+)", checkout.run(*everywhere, code=1), re.M))
    for place in ("docker/Dockerfile", "docs/containers.md", "README.md", "emulator/lms_emulator/client/providers.py"):
        assert f"test_a_derived_place_is_up_to_date[{place}]" in {re.sub(r"\d+\]$", "]", name) for name in before}
    checkout.run("contract_tests.house.derived")
    after = set(re.findall(r"^FAILED \S+::(\S+)", checkout.run(*everywhere, code=1), re.M))
    assert after == {
        "test_an_introduction_names_every_provider[README.md]",
        "test_an_introduction_names_every_provider[docs/index.md]",
        "test_a_contract_speaks_to_every_provider",
    }
    assert "8087 8443" in (checkout.folder / "docker/Dockerfile").read_text("utf-8")
