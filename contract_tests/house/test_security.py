"""`SECURITY.md`: each row of its tables names an existing test. Rows that no other file tests are tested here."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import Any

import httpx
import pytest
import yaml

from contract_tests.house.package import ROOT
from lms_emulator.client.emulator import Emulator
from lms_emulator.core import keys

_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_ROW = re.compile(r"^\| (?!asset )(.+) \|$", re.M)
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def rows(section: str = "") -> list[list[str]]:
    """The cells of every row of every table, or of those in a section."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    if section:
        text = text.partition(section)[2].partition("\n## ")[0]
    return [line.split(" | ") for line in _ROW.findall(text)]


def named_in(row: list[str]) -> list[tuple[str, str]]:
    """The tests that a row names, by file and function."""
    return _TEST.findall(row[-1])


@cache
def functions(file: str) -> frozenset[str]:
    path = ROOT / "contract_tests" / file
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return frozenset(item.name for item in tree.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: f"{cells[0]}-{cells[1]}"[:60])
def test_a_statement_names_tests_that_exist(cells: list[str]) -> None:
    *statement, tested = cells
    assert len(statement) == 3
    assert all(statement)
    if tested.startswith("no test: "):
        return
    named = named_in(cells)
    assert ", ".join(f"`{file}::{name}`" for file, name in named) == tested, "name tests as `file.py::test_name`"
    assert [f"{file}::{name}" for file, name in named if name not in functions(file)] == []


def test_every_statement_is_in_a_table() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for section in ("## Protections", "## What is not protected"):
        lines = text.partition(section)[2].partition("\n## ")[0].splitlines()
        assert sum(line.startswith("|") for line in lines) > 2
        assert not any(line.startswith("- ") for line in lines)


def test_the_image_has_an_ordinary_user() -> None:
    last = (ROOT / "docker/Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", last, re.M) == ["10001:10001"]
    assert "setcap" not in last
    assert not re.search(r"^(RUN|ADD) ", last, re.M), "nothing runs as root in the stage that ships"


def _steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = workflow["jobs"].values()
    return [value for job in jobs for value in (job, *job.get("steps", ())) if "uses" in value]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_to_commits(file: Any) -> None:
    for step in _steps(yaml.safe_load(file.read_text("utf-8"))):
        local = step["uses"].startswith("./")
        assert local or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", step["uses"]), step


def _release() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8")))


def test_a_release_is_published_without_a_stored_token() -> None:
    assert not any("secrets." in file.read_text("utf-8") for file in WORKFLOWS)
    job = _release()["jobs"]["pypi"]
    assert job["permissions"] == {"id-token": "write"}
    (publish,) = [step for step in job["steps"] if step["uses"].startswith("pypa/gh-action-pypi-publish@")]
    assert not publish.get("with")


def test_the_image_carries_what_it_is_made_of() -> None:
    steps = _release()["jobs"]["image"]["steps"]
    (build,) = [step for step in steps if step["uses"].startswith("docker/build-push-action@")]
    assert build["with"]["push"] is True
    assert (build["with"]["sbom"], build["with"]["provenance"]) == (True, "mode=max")


def test_anybody_reaches_the_providers() -> None:
    """With a control token, from another site, with the demo world's public credentials."""
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    with Emulator.start("demo", control_token="t") as lms:
        bearer = {"Authorization": f"Bearer {lms.canvas.access_tokens.student}", **foreign}
        assert httpx.get(f"{lms.url}/canvas/api/v1/courses", headers=bearer, trust_env=False).status_code == 200
        assert httpx.get(f"{lms.url}/_emulator/info", headers=foreign, trust_env=False).status_code in (401, 403)


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("canvas", "/api/lti/security/jwks"),
        ("brightspace", "/d2l/.well-known/jwks"),
        ("openedx", "/auth/jwks.json"),
    ],
)
def test_the_keys_of_every_platform_are_in_the_package(lms: Emulator, provider: str, path: str) -> None:
    found = httpx.get(f"{getattr(lms, provider).url}{path}", trust_env=False)
    assert found.status_code == 200, found.text
    shipped = {keys.public_numbers(name)["n"] for name in keys.NAMES}
    assert {key["n"] for key in found.json()["keys"]} <= shipped
    assert all("BEGIN PRIVATE KEY" in keys.private_pem(name) for name in keys.NAMES)


def test_nothing_in_a_world_file_is_encrypted(lms: Emulator) -> None:
    written = json.dumps(lms.dump(), default=str)
    for secret in (lms.openlearning.api_key, lms.openedx.clients.password.client_secret, lms.canvas.student.password):
        assert secret in written


def test_one_token_reaches_every_world() -> None:
    with Emulator.start("demo", control_token="t") as lms:
        for name in ("one", "two"):
            place = f"{lms.new_world(name).url}/_emulator/world"
            assert httpx.get(place, headers=_OWNER, trust_env=False).status_code == 200
            assert httpx.get(place, trust_env=False).status_code == 401


_OWNER = {"Authorization": "Bearer t"}
