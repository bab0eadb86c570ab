"""testcontainers for Python, Node.js and Java, as the documents use them, on a real engine.

Its reaper is an image that cannot be pulled here, so it is switched off, and the containers are removed otherwise.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.containers.conftest import npm_install
from contract_tests.containers.watching import Engine
from contract_tests.examples.snippets import Snippet, documents, left_to_containers

WITHOUT_REAPER = {"TESTCONTAINERS_RYUK_DISABLED": "true"}
BLOCKS = {
    kind: [s for d in documents() for s in left_to_containers(d) if s.kind == kind] for kind in ("python", "js", "java")
}
Run = Callable[..., str]
pytestmark = pytest.mark.usefixtures("image")


def python(beside: Run, folder: Path, script: str) -> str:
    tree = Path(__file__).parents[2]
    path = f"{tree / 'emulator'}:{tree / 'fixtures'}"
    return beside(sys.executable, "-c", script, folder=folder, PYTHONPATH=path, **WITHOUT_REAPER)


@pytest.mark.parametrize("block", BLOCKS["python"], ids=lambda block: block.name)
def test_python(beside: Run, engine: Engine, folder: Path, block: Snippet) -> None:
    said = python(beside, folder, block.code)
    assert re.fullmatch(r"http://[\w.]+:\d+/openlearning 5e00[0-9a-f]+\.[0-9a-f]+\n", said)
    assert not engine.docker("ps", "--all", "--quiet")


def test_python_with_a_world_file_settings_and_tls(beside: Run, folder: Path) -> None:
    (folder / "mine.toml").write_text('name = "mine"\n', "utf-8")
    said = python(
        beside,
        folder,
        """
import json, ssl
from urllib.request import urlopen
from pytest_lms_emulator.container import LmsEmulatorContainer

settings = {"openlearning.trailing_slash": "redirect"}
with LmsEmulatorContainer(world="mine.toml", settings=settings, tls=True) as container:
    authority = urlopen(container.get_url() + "/_emulator/ca.pem").read().decode()
    context = ssl.create_default_context(cadata=authority)
    context.check_hostname = False  # The engine's host may have any address.
    health = json.load(urlopen(container.get_tls_url() + "/_emulator/health", context=context))
    with container.get_client() as lms:
        print(json.dumps([lms.dump()["name"], lms.settings["openlearning.trailing_slash"], health["status"]]))
""",
    )
    assert json.loads(said) == ["mine", "redirect", "ready"]


@pytest.mark.skipif(not shutil.which("npm"), reason="needs node and npm (Debian: nodejs, npm)")
@pytest.mark.parametrize("block", BLOCKS["js"], ids=lambda block: block.name)
def test_node(beside: Run, folder: Path, block: Snippet) -> None:
    # The last that runs on Node.js 20.
    npm_install(beside, folder, "testcontainers@11")
    after = "console.log(JSON.stringify([gateway, info.providers.openedx.base_urls.prefix])); await lms.stop();\n"
    (folder / "example.mjs").write_text(block.code + after, "utf-8")
    gateway, prefix = json.loads(beside("node", "example.mjs", folder=folder, **WITHOUT_REAPER))
    assert prefix == f"{gateway}/openedx"


@pytest.mark.skipif(not shutil.which("javac"), reason="needs a Java development kit (Debian: default-jdk-headless)")
@pytest.mark.parametrize("block", BLOCKS["java"], ids=lambda block: block.name)
def test_java(beside: Run, engine: Engine, folder: Path, block: Snippet) -> None:
    """Against a stand-in with the library's names and meaning, on the real engine."""
    shutil.copytree(Path(__file__).parent / "testcontainers_java" / "org", folder / "org")
    look = 'System.out.print(new String(new java.net.URL(openEdx + "/_emulator/health").openStream().readAllBytes()));'
    example = block.code.rstrip().removesuffix("}") + look + "\n}"
    (folder / "Example.java").write_text(
        "import org.testcontainers.containers.GenericContainer;\n"
        "import org.testcontainers.containers.wait.strategy.Wait;\n"
        f"class Example {{ public static void main(String[] arguments) throws Exception {{\n{example}\n}} }}\n",
        "utf-8",
    )
    beside("javac", "-Xlint:all,-deprecation", "-Werror", "Example.java", folder=folder)
    assert json.loads(beside("java", "-cp", ".", "Example", folder=folder))["status"] == "ready"
    assert not engine.docker("ps", "--all", "--quiet")
