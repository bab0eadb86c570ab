"""The commands of README and docs that need a container engine, run as written, in a checkout, on a real one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract_tests.containers.watching import Engine, Seen, attend
from contract_tests.examples.snippets import Snippet, documents, left_to_containers
from lms_emulator.providers import PROVIDERS

SHELL = [s for document in documents() for s in left_to_containers(document) if s.kind == "sh"]
_INLINE = re.compile(r"`(docker (?:run|create|compose|build|buildx build) -[^`\n]+)`")
# One that is cut short by an ellipsis is not a command yet.
INLINE = sorted({code for d in documents() for code in _INLINE.findall(d.read_text("utf-8")) if "…" not in code})


def foreground(code: str) -> list[str]:
    """The lines that start a container which serves until it is stopped."""
    return [line for line in code.splitlines() if line.startswith("docker run ") and "--entrypoint" not in line]


@pytest.mark.parametrize("snippet", SHELL, ids=lambda snippet: snippet.name)
def test_a_block_of_commands(
    engine: Engine, checkout: Path, image: list[Seen], snippet: Snippet, figures: dict[str, str]
) -> None:
    if "docker compose" in snippet.code:
        said = engine.run("bash", "-euo", "pipefail", "-c", snippet.code, folder=checkout).stdout
        engine.run("bash", "-c", re.sub(r" up .*", " down", snippet.code), folder=checkout)
        assert re.search(r"app-1 +\| signed on: https://www\.openlearning\.com/lti/launch/", said)
        assert "app-1 exited with code 0" in said
        return
    _, seen = attend(engine, snippet.code, checkout)
    assert len(seen) == len(foreground(snippet.code))
    for line, container in zip(foreground(snippet.code), seen, strict=True):
        host = container.inspected["HostConfig"]
        assert container.code == 0
        # Both take a few tenths; much more is right on a machine that has other things to do.
        assert container.healthy < 10
        assert container.ended < 2
        assert container.info["world"] == (
            "empty" if "--world empty" in line else "campus" if "campus.toml" in line else "demo"
        )
        assert host["ReadonlyRootfs"] is ("--read-only" in line)
        assert (host["CapDrop"] == ["ALL"]) is ("--cap-drop ALL" in line)
        figures[re.sub(rf".*{8080 + len(PROVIDERS)} ", "", line)] = (
            f"healthy {container.healthy:.2f} s, SIGTERM to end {container.ended:.2f} s, {container.memory}"
        )


@pytest.mark.parametrize("command", INLINE)
def test_a_command_in_the_text(engine: Engine, checkout: Path, image: list[Seen], command: str) -> None:
    assert engine.run("bash", "-c", command, folder=checkout).stdout
