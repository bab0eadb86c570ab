"""`LmsEmulatorContainer` as testcontainers drives it, against an engine that runs processes instead of containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.packaging.small_engine import Engine, small_engine

pytestmark = pytest.mark.slow


@pytest.fixture
def engine() -> Iterator[Engine]:
    with small_engine() as engine:
        yield engine


def run(engine: Engine, script: str) -> object:
    """Run a script that prints JSON, in a process whose container engine is this one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER", "LMS_EMULATOR"))}
    environment |= {"DOCKER_HOST": f"tcp://127.0.0.1:{engine.server_port}", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    # This machine may itself look like a container.
    environment |= {"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1", "TESTCONTAINERS_CONNECTION_MODE": "docker_host"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_handle_of_a_container(engine: Engine) -> None:
    seen = run(
        engine,
        """
import json
from urllib.error import HTTPError
from urllib.request import urlopen
from pytest_lms_emulator.container import LmsEmulatorContainer

with LmsEmulatorContainer(settings={"openlearning.trailing_slash": "redirect"}) as container:
    with container.get_client() as lms:
        try:
            urlopen(f"{lms.openlearning.url}/v2.1/users/me/institutions/")
        except HTTPError as error:
            status = error.code
        url, bases = container.get_url(), lms.openlearning.base_urls
        slash = lms.settings["openlearning.trailing_slash"]
        print(json.dumps([url, bases, status, lms.requests.last.status, slash]))
""",
    )
    assert isinstance(seen, list)
    url, bases, status, recorded, slash = seen
    assert bases["prefix"] == f"{url}/openlearning"
    assert "port" not in bases
    assert (status, recorded, slash) == (401, 401, "redirect")
    (wishes,) = engine.wishes.values()
    assert wishes["Image"] == "lms-emulator:latest"
    assert set(wishes["ExposedPorts"]) == {"8080/tcp"}
    assert not engine.processes


def test_a_world_file_is_mounted(engine: Engine, tmp_path: Path) -> None:
    world = tmp_path / "mine.toml"
    world.write_text('name = "mine"\n', "utf-8")
    seen = run(
        engine,
        f"""
import json
from pytest_lms_emulator.container import LmsEmulatorContainer

with LmsEmulatorContainer("registry.example.com/lms-emulator:0.1", world={str(world)!r}) as container:
    with container.get_client() as lms:
        print(json.dumps(lms.dump()["name"]))
""",
    )
    assert seen == "mine"
    (wishes,) = engine.wishes.values()
    assert wishes["Image"] == "registry.example.com/lms-emulator:0.1"
    assert wishes["HostConfig"]["Binds"] == [f"{world}:/worlds/mine.toml:ro"]


def test_tls(engine: Engine) -> None:
    seen = run(
        engine,
        """
import json, ssl
from urllib.request import urlopen
from pytest_lms_emulator.container import LmsEmulatorContainer

with LmsEmulatorContainer(world="empty", tls=True) as container:
    authority = urlopen(container.get_url() + "/_emulator/ca.pem").read().decode()
    context = ssl.create_default_context(cadata=authority)
    print(urlopen(container.get_tls_url() + "/_emulator/health", context=context).read().decode())
""",
    )
    assert isinstance(seen, dict)
    assert seen["status"] == "ready"
