"""The examples for containers and CI: valid by their own schemas, and true of the image and the emulator."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.packaging.conftest import TREE
from lms_emulator.app import PROVIDERS, create_app
from lms_emulator.command.main import build_parser

DOCKER = TREE / "docker"
EXAMPLES = DOCKER / "examples"
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((EXAMPLES / name).read_text("utf-8")))


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("vendor.compose-spec", "compose.yaml"),
        ("vendor.github-workflows", "github-actions.yml"),
        ("vendor.gitlab-ci", "gitlab-ci.yml"),
    ],
)
def test_valid_by_the_vendors_schema(schema: str, name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kubernetes_resources_are_valid() -> None:
    from kubernetes_validate import validate

    resources = documents("kubernetes.yaml")
    assert [resource["kind"] for resource in resources] == ["ConfigMap", "Deployment", "Service"]
    for resource in resources:
        validate(resource, "1.30", strict=True)


def test_the_world_in_the_kubernetes_example_is_a_good_one(tmp_path: Path) -> None:
    (world,) = documents("kubernetes.yaml")[0]["data"].values()
    file = tmp_path / "world.toml"
    file.write_text(world, "utf-8")
    assert create_app(str(file)).worlds.default.dump()["name"] == "campus"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.y*ml")), ids=lambda path: path.name)
def test_every_variable_is_an_option(path: Path) -> None:
    serve = next(a for a in build_parser()._actions if a.dest == "COMMAND" or a.choices).choices["serve"]
    options = {
        o[2:].upper().replace("-", "_") for action in serve._actions for o in action.option_strings if o[:2] == "--"
    }
    used = set(re.findall(r"\bLMS_EMULATOR_([A-Z_]+)\b", path.read_text("utf-8")))
    assert used <= options


def test_aliases_of_the_compose_example_are_names_of_providers() -> None:
    addresses = create_app("empty").addresses
    aliases = documents("compose.yaml")[0]["services"]["lms"]["networks"]["default"]["aliases"]
    for alias in aliases:
        assert addresses.locate(alias, 443, "/", lambda name: False).reached_by == "host", alias


def test_ports_of_the_image_are_those_of_the_emulator() -> None:
    exposed = re.search(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE)
    assert exposed is not None
    assert exposed[1].split() == [str(port) for port in (*range(8080, 8081 + len(PROVIDERS)), 8443)]


def test_health_is_asked_often_enough() -> None:
    for option in ("--interval=1s", "--start-period=5s", "--start-interval=100ms"):
        assert f" {option} " in DOCKERFILE


def test_the_dockerfile_pleases_hadolint() -> None:
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.prefix) / "bin"))
    if hadolint is None:
        pytest.skip("hadolint is not installed (dependency group `lint`)")
    # Its parser knows durations in seconds only.
    text = DOCKERFILE.replace("--start-interval=100ms", "--start-interval=1s")
    done = subprocess.run([hadolint, "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_build_context_holds_what_the_dockerfile_copies() -> None:
    allowed = [line[1:] for line in (TREE / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert sorted(copied) == sorted(allowed)
    assert all((TREE / source).exists() for source in copied)
