#!/usr/bin/env python3
"""Build the image and prove it, on a Debian machine without a container engine: `sudo docker/prove.py`.

Needs root, and Debian's `buildah` and `debootstrap`. The base image is made by debootstrap (Debian bookworm, minimal,
with python3 and python3-venv), buildah builds `docker/Dockerfile` on it, and the result is run the way an engine would
run it with `--read-only`: namespaces of its own for processes, mounts and network, the image's user, entry point and
environment, a root file system that nobody can write. The script then checks, and prints:

- health turns green by the image's own HEALTHCHECK; a flow for every provider works
  (`contract_tests/packaging/fresh_project` against the container); SIGTERM ends it within a second with exit code 0,
  a client still connected;
- flags after the image's name, and the environment alone, reach the emulator; a world mounted at /worlds is served;
  HTTPS works;
- size (compressed), user, labels, ports.

Figures go to standard output, and as JSON to the file given with `--report`. Exit code 0: everything holds; 1:
something does not; 2: it cannot be run here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from running import Container  # beside this script, which is not part of a package

TREE = Path(__file__).resolve().parent.parent
FLOWS = TREE / "contract_tests" / "packaging" / "fresh_project"
LARGEST_COMPRESSED = 80_000_000
# All of the process, every library page counted as its own: nothing else runs that could share one.
LARGEST_MEMORY_MIB = 80
# What an image needs of a freshly bootstrapped system, less: package lists, documents, translations.
SUPERFLUOUS = (
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
)
failures: list[str] = []


def check(what: str, holds: bool, got: object = "") -> None:
    """Note and print one claim."""
    print(f"{'ok  ' if holds else 'FAIL'}  {what}" + (f": {got}" if got != "" else ""), flush=True)
    if not holds:
        failures.append(what)


def run(*command: str | Path, **options: Any) -> str:
    """Run a command and return what it prints; its failure ends the script with its last lines."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        sys.exit(f"prove: {' '.join(str(part) for part in command)} ended with {done.returncode}\n{tail}")
    return done.stdout


class Buildah:
    """buildah with storage of its own, so that nothing is left on the machine."""

    def __init__(self, folder: Path) -> None:
        self._options = ["--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]

    def __call__(self, command: str, *rest: str | Path) -> str:
        return run("buildah", *self._options, command, *rest).strip()


def bootstrap(folder: Path, suite: str) -> Path:
    """A minimal Debian with Python as a tar file; made once per folder."""
    archive = folder / f"base-{suite}.tar"
    if archive.exists():
        return archive
    root = folder / "base"
    run("debootstrap", "--variant=minbase", "--include=python3,python3-venv", suite, root)
    for path in SUPERFLUOUS:
        shutil.rmtree(root / path, ignore_errors=True)
        (root / path).mkdir(parents=True)
    part = archive.with_suffix(".part")
    run("tar", "--create", "--file", part, "--directory", root, "--one-file-system", ".")
    shutil.rmtree(root)
    part.rename(archive)
    return archive


def packages() -> list[str]:
    """What the build installs: the project's dependencies, and what builds the project itself."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))
    return [*project["build-system"]["requires"], *project["project"]["dependencies"]]


def for_machine(machine: str, python_version: str) -> list[str]:
    """pip's options for wheels of another machine, or of this one with another Python."""
    tags = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in (17, 28, 34))]
    platforms = [f"--platform={tag}_{machine}" for tag in tags]
    return ["--only-binary=:all:", f"--python-version={python_version}", *platforms]


def fetch_wheels(folder: Path, python_version: str) -> None:
    """The wheels that the build installs, taken from the index that pip knows on this machine."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = for_machine(platform.machine(), python_version)
    run(*pip, "download", "--quiet", *options, f"--dest={folder}", *packages())
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}.get(platform.machine(), "aarch64")
    only_looking = ["install", "--quiet", "--dry-run", f"--target={folder}", "--ignore-installed"]
    asked = subprocess.run(
        [*pip, *only_looking, *for_machine(other, python_version), *packages()], capture_output=True, text=True
    )
    error = asked.stderr.strip()[-300:] if asked.returncode else ""
    check(f"every dependency has a wheel for {other} too", not asked.returncode, error)


def version_of_tree() -> str:
    """The one place where the version is written."""
    scope: dict[str, str] = {}
    exec((TREE / "emulator" / "lms_emulator" / "_version.py").read_text("utf-8"), scope)
    return scope["__version__"]


def dockerfile_for_buildah(buildah: Buildah, work: Path) -> Path:
    """The Dockerfile, without the one option that buildah before 1.34 does not know."""
    original = TREE / "docker" / "Dockerfile"
    text = original.read_text("utf-8")
    check("HEALTHCHECK asks every 100 ms while starting", " --start-interval=100ms " in text)
    major, minor = (int(part) for part in buildah("--version").split()[2].split(".")[:2])
    if (major, minor) >= (1, 34):
        return original
    print("      this buildah does not know --start-interval: built without it", flush=True)
    older = work / "Dockerfile"
    older.write_text(text.replace(" --start-interval=100ms", ""), "utf-8")
    return older


def build(buildah: Buildah, work: Path, cache: Path, suite: str) -> str:
    """Build the image and return its name."""
    base = "localhost/lms-emulator-base"
    begun = time.monotonic()
    archive = bootstrap(cache, suite)
    container = buildah("from", "scratch")
    buildah("add", container, archive, "/")
    buildah("commit", "--quiet", "--rm", container, base)
    print(f"      base image {time.monotonic() - begun:.0f} s", flush=True)
    begun = time.monotonic()
    container = buildah("from", base)
    version = buildah("run", "--isolation", "chroot", container, "--", "python3", "-c",
                      "import sys; print('%d.%d' % sys.version_info[:2])")  # fmt: skip
    buildah("rm", container)
    wheels = work / "wheels"
    wheels.mkdir()
    fetch_wheels(wheels, version)
    print(f"      wheels {time.monotonic() - begun:.0f} s", flush=True)
    begun = time.monotonic()
    name = "localhost/lms-emulator"
    buildah(
        "build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--tag", name,
        "--build-arg", f"BASE={base}", "--build-arg", "PIP_NO_INDEX=1", "--build-arg", f"VERSION={version_of_tree()}",
        "--build-context", f"wheels={wheels}", "--file", dockerfile_for_buildah(buildah, work), TREE,
    )  # fmt: skip
    print(f"      build {time.monotonic() - begun:.0f} s", flush=True)
    return name


def inspect(buildah: Buildah, image: str) -> dict[str, Any]:
    """The image's configuration, checked."""
    config: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    labels = config.get("Labels") or {}
    health = config.get("Healthcheck") or {}
    check("runs as an ordinary user", config["User"] == "10001:10001", config["User"])
    check(
        "entry point in exec form, taking flags",
        config["Entrypoint"] == ["lms-emulator", "serve"],
        config["Entrypoint"],
    )
    check("HEALTHCHECK is our own command", health.get("Test") == ["CMD", "lms-emulator", "healthcheck"], health)
    check(
        "gateway, providers and HTTPS exposed",
        {f"{p}/tcp" for p in (*range(8080, 8087), 8443)} == set(config["ExposedPorts"]),
    )
    for label in ("title", "description", "licenses", "version", "revision"):
        check(
            f"label {label}",
            bool(labels.get(f"org.opencontainers.image.{label}")),
            labels.get(f"org.opencontainers.image.{label}"),
        )
    return config


def compressed_size(buildah: Buildah, work: Path, image: str) -> tuple[int, int]:
    """Bytes of the image's layers as a registry keeps them: all of them, and our own without the base."""
    target = work / "pushed"
    buildah("push", image, f"oci:{target}:image")
    index = json.loads((target / "index.json").read_text())
    blobs = target / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_text())
    sizes = [layer["size"] for layer in manifest["layers"]]
    return sum(sizes), sum(sizes[1:])


def memory_text(figures: dict[str, Any]) -> str:
    """Both figures on one line."""
    return f"{figures['memory_mib']} MiB idle, {figures['memory_after_flows_mib']} MiB after the flows (PSS)"


def prove_running(container: Container, figures: dict[str, Any]) -> None:
    """Start, health, flows, memory, SIGTERM."""
    with container.start() as running:
        figures["ready_seconds"] = round(running.wait_for("lms-emulator ready", 10), 3)
        figures["healthy_seconds"] = round(running.wait_healthy(10), 3)
        check(
            "health turns green",
            True,
            f"{figures['healthy_seconds']} s after the start, ready after {figures['ready_seconds']} s",
        )
        figures["memory_mib"] = round(running.memory() / 2**20, 1)
        check("process 1 runs as user and group 10001", running.identity() == (10001, 10001), running.identity())
        check("root file system cannot be written", running.read_only())
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lms-url", "http://127.0.0.1:8080"]
        project = ["--rootdir", str(FLOWS), "-c", str(FLOWS / "pyproject.toml"), str(FLOWS)]
        flows = running.inside(*pytest, *project, timeout=120)
        check("a flow for every provider", flows.returncode == 0, flows.stdout.strip().splitlines()[-1:])
        if flows.returncode:
            print(flows.stdout[-4000:], flows.stderr[-2000:])
        figures["memory_after_flows_mib"] = round(running.memory() / 2**20, 1)
        check("memory within bounds", figures["memory_after_flows_mib"] <= LARGEST_MEMORY_MIB, memory_text(figures))
        with running.keep_alive(8080):
            code, seconds = running.terminate()
        figures["stop_seconds"] = round(seconds, 3)
        check("SIGTERM: exit code 0 within a second", code == 0 and seconds < 1, f"code {code} after {seconds:.3f} s")


def prove_environment(container: Container, work: Path) -> None:
    """Every option by the environment alone, with a mounted world and HTTPS."""
    worlds = work / "worlds"
    worlds.mkdir()
    (worlds / "mine.toml").write_text('name = "mine"\n', "utf-8")
    worlds.chmod(0o755)
    environment = {
        "LMS_EMULATOR_PORT": "9000",
        "LMS_EMULATOR_WORLD": "/worlds/mine.toml",
        "LMS_EMULATOR_TLS": "1",
        "LMS_EMULATOR_TLS_PORT": "9443",
        "LMS_EMULATOR_NO_PROVIDER_PORTS": "1",
        "LMS_EMULATOR_SEED": "7",
        "LMS_EMULATOR_SET": "emulator.journal_entries=5 emulator.outbox_entries=6",
    }
    with container.start(environment=environment, worlds=worlds) as running:
        running.wait_healthy(10)
        listed = json.loads(running.get("http://127.0.0.1:9000/_emulator/settings"))["settings"]
        values = {setting["name"]: setting["value"] for setting in listed}
        chosen = (values["emulator.journal_entries"], values["emulator.outbox_entries"])
        check("settings by environment", chosen == (5, 6), chosen)
        info = running.get("http://127.0.0.1:9000/_emulator/info")
        check("a world mounted at /worlds", '"mine' in info or "mine.toml" in info)
        check("no ports of providers", not running.listens(9001))
        check(
            "HTTPS, trusted by the authority it hands out",
            "ready" in running.get_trusted(9000, "https://localhost:9443/_emulator/health"),
        )
        code, _ = running.terminate()
        check("exit code 0", code == 0, code)


def prove_flags(container: Container) -> None:
    """Flags after the image's name; a mistake in them is exit code 2."""
    with container.start("--world", "empty", "--no-provider-ports") as running:
        running.wait_healthy(10)
        check("flags reach the command", not running.listens(8081))
        running.terminate()
    with container.start("--world", "/worlds/none.toml") as running:
        code = running.wait(10)
        check("a missing world is exit code 2", code == 2, code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, check, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="folder that keeps the base's archive between runs")
    parser.add_argument("--report", type=Path, help="write the figures here as JSON")
    parser.add_argument("--suite", default="bookworm", help="Debian release of the base (default bookworm)")
    options = parser.parse_args(arguments)
    missing = [name for name in ("buildah", "debootstrap", "unshare", "nsenter", "ip") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        print(f"prove: needs root{' and ' + ', '.join(missing) if missing else ''}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="lms-emulator-image-") as name:
        work = Path(name)
        work.chmod(0o755)
        cache = options.cache or work
        cache.mkdir(parents=True, exist_ok=True)
        buildah = Buildah(work)
        image = build(buildah, work, cache, options.suite)
        config = inspect(buildah, image)
        figures["compressed_bytes"], figures["compressed_bytes_without_base"] = compressed_size(buildah, work, image)
        check(
            "under 80 MB compressed",
            figures["compressed_bytes"] < LARGEST_COMPRESSED,
            f"{figures['compressed_bytes'] / 1e6:.1f} MB",
        )
        handle = buildah("from", image)
        container = Container(Path(buildah("mount", handle)), config)
        prove_running(container, figures)
        prove_environment(container, work)
        prove_flags(container)
        buildah("umount", handle)
    figures["seconds"] = round(time.monotonic() - begun)
    print(json.dumps(figures, indent=2))
    if options.report:
        options.report.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(f"prove: {len(failures)} of the checks failed" if failures else "prove: everything holds")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
