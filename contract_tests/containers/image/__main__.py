"""Build the image and prove it on a Debian machine without a container engine, as root.

    python -m contract_tests.containers.image --arch amd64 --arch arm64

Needs root, and Debian's `buildah` and `debootstrap`. The base image is made by debootstrap (Debian bookworm, minimal,
with python3 and python3-venv), buildah builds `docker/Dockerfile` on it, and the result is run the way an engine would
run it with `--read-only`: namespaces of its own for processes, mounts and network, the image's user, entry point and
environment, a root file system that nobody can write. The script then checks, and prints:

- health turns green by the image's own HEALTHCHECK; a flow for every provider works
  (`contract_tests/packaging/fresh_project` against the container); SIGTERM ends it within a second with exit code 0,
  a client still connected;
- flags after the image's name, and the environment alone, reach the emulator; a world mounted at /worlds is served;
  HTTPS works;
- size (compressed), user, labels, ports, architecture, processor of the compiled modules;
- with podman, runc, catatonit and iptables: `docker/examples/kubernetes.yaml` as a pod (see `pod.py`).

`--arch amd64 --arch arm64` does so for both, and makes the manifest list that a release pushes. What is not this
machine's own is built and run with Debian's `qemu-user-static`, which the script registers with the kernel and takes
away again; that proves that the image works there, not how fast, so the limits of time are others.

Figures go to standard output, and as JSON to the file given with `--report`. Exit code 0: everything holds; 1:
something does not; 2: it cannot be run here. Of several architectures, one that cannot be run here is left out, with
the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from contract_tests.containers.image.building import DOCKERFILE, TREE, Buildah, build, missing_wheels
from contract_tests.containers.image.checks import check, failures
from contract_tests.containers.image.emulation import MACHINES, NotHereError, elf_machine, emulating, native
from contract_tests.containers.image.pod import prove_pod
from contract_tests.containers.image.running import Container, Running
from lms_emulator.providers import PROVIDERS

FLOWS = TREE / "contract_tests" / "packaging" / "fresh_project"
LARGEST_COMPRESSED = 80_000_000
# All of the process, every library page counted as its own: nothing else runs that could share one.
LARGEST_MEMORY_MIB = 96


@dataclass(frozen=True)
class Limits:
    """Seconds that each thing may take, and attempts."""

    start: float
    flows: float
    stop: float
    # How often the flows may be tried: clients wait 5 s, less than the first RSA key can take in emulation.
    attempts: int


NATIVE = Limits(start=10, flows=120, stop=1, attempts=1)
# They find what hangs. How fast the image is on a processor of its own, only such a machine can tell.
EMULATED = Limits(start=90, flows=300, stop=10, attempts=3)


def inspect(buildah: Buildah, image: str, architecture: str) -> dict[str, Any]:
    """The image's configuration, checked."""
    described = buildah.inspect(image)
    place = f"{described['os']}/{described['architecture']}"
    check("made for", place == f"linux/{architecture}", place)
    config: dict[str, Any] = described["config"]
    labels = config.get("Labels") or {}
    health = config.get("Healthcheck") or {}
    often = " --start-interval=100ms " in DOCKERFILE.read_text("utf-8")
    check("HEALTHCHECK asks every 100 ms while starting", often)
    check("runs as an ordinary user", config["User"] == "10001:10001", config["User"])
    check(
        "entry point in exec form, taking flags",
        config["Entrypoint"] == ["lms-emulator", "serve"],
        config["Entrypoint"],
    )
    check("HEALTHCHECK is our own command", health.get("Test") == ["CMD", "lms-emulator", "healthcheck"], health)
    check(
        "gateway, providers and HTTPS exposed",
        {f"{p}/tcp" for p in (*range(8080, 8081 + len(PROVIDERS)), 8443)} == set(config["ExposedPorts"]),
    )
    for label in ("title", "description", "licenses", "version", "revision"):
        check(
            f"label {label}",
            bool(labels.get(f"org.opencontainers.image.{label}")),
            labels.get(f"org.opencontainers.image.{label}"),
        )
    return config


def compressed_size(buildah: Buildah, target: Path, image: str) -> tuple[int, int]:
    """Bytes of the image's layers as a registry keeps them: all of them, and our own without the base."""
    buildah("push", image, f"oci:{target}:image")
    index = json.loads((target / "index.json").read_text())
    blobs = target / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_text())
    sizes = [layer["size"] for layer in manifest["layers"]]
    return sum(sizes), sum(sizes[1:])


def extensions(root: Path, architecture: str) -> None:
    """Every compiled module of ours is for the image's processor: no wheel of the building machine slipped in."""
    found = [path for path in (root / "opt/lms-emulator").rglob("*.so*") if path.is_file()]
    _, number = MACHINES[architecture]
    strangers = [path.name for path in found if elf_machine(path) != number]
    check("compiled modules are for its processor", bool(found) and not strangers, strangers or len(found))


def memory_text(figures: dict[str, Any]) -> str:
    """Both figures on one line."""
    return f"{figures['memory_mib']} MiB idle, {figures['memory_after_flows_mib']} MiB after the flows (PSS)"


def prove_flows(running: Running, limits: Limits) -> None:
    """The flows of the project that tests the distribution, against the container."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lms-url", "http://127.0.0.1:8080"]
    project = ["--rootdir", str(FLOWS), "-c", str(FLOWS / "pyproject.toml"), str(FLOWS)]
    for attempt in range(1, limits.attempts + 1):
        flows = running.inside(*pytest, *project, timeout=limits.flows)
        if flows.returncode == 0:
            break
        print(f"      attempt {attempt} of {limits.attempts} failed", flush=True)
    check("a flow for every provider", flows.returncode == 0, flows.stdout.strip().splitlines()[-1:])
    if flows.returncode:
        print(flows.stdout[-4000:], flows.stderr[-2000:])


def prove_running(container: Container, figures: dict[str, Any], architecture: str, limits: Limits) -> None:
    """Start, health, flows, memory, SIGTERM."""
    with container.start() as running:
        figures["ready_seconds"] = round(running.wait_for("lms-emulator ready", limits.start), 3)
        figures["healthy_seconds"] = round(running.wait_healthy(limits.start), 3)
        check(
            "health turns green",
            True,
            f"{figures['healthy_seconds']} s after the start, ready after {figures['ready_seconds']} s",
        )
        figures["memory_mib"] = round(running.memory() / 2**20, 1)
        machine = running.execute("python3", "-c", "import platform; print(platform.machine())").stdout.strip()
        check("Python runs on its processor", machine == MACHINES[architecture][0], machine)
        check("process 1 runs as user and group 10001", running.identity() == (10001, 10001), running.identity())
        check("root file system cannot be written", running.read_only())
        prove_flows(running, limits)
        figures["memory_after_flows_mib"] = round(running.memory() / 2**20, 1)
        if limits is NATIVE:
            check("memory within bounds", figures["memory_after_flows_mib"] <= LARGEST_MEMORY_MIB, memory_text(figures))
        with running.keep_alive(8080):
            code, seconds = running.terminate(limits.stop + 10)
        figures["stop_seconds"] = round(seconds, 3)
        claim = f"SIGTERM: exit code 0 within {limits.stop:g} s"
        check(claim, code == 0 and seconds < limits.stop, f"code {code} after {seconds:.3f} s")


def prove_environment(container: Container, worlds: Path, limits: Limits) -> None:
    """Every option by the environment alone, with a mounted world and HTTPS."""
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
        running.wait_healthy(limits.start)
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
        code, _ = running.terminate(limits.stop + 10)
        check("exit code 0", code == 0, code)


def prove_flags(container: Container, limits: Limits) -> None:
    """Flags after the image's name; a mistake in them is exit code 2."""
    with container.start("--world", "empty", "--no-provider-ports") as running:
        running.wait_healthy(limits.start)
        check("flags reach the command", not running.listens(8081))
        running.terminate(limits.stop + 10)
    with container.start("--world", "/worlds/none.toml") as running:
        code = running.wait(limits.start)
        check("a missing world is exit code 2", code == 2, code)


def prove(buildah: Buildah, work: Path, cache: Path, suite: str, architecture: str) -> tuple[str, dict[str, Any]]:
    """Build one image and check all of it; returns its name and the figures."""
    limits = NATIVE if architecture == native() else EMULATED
    print(f"linux/{architecture}{'' if limits is NATIVE else ', emulated'}", flush=True)
    figures: dict[str, Any] = {"emulated": limits is EMULATED}
    begun = time.monotonic()
    image, python = build(buildah, work, cache, suite, architecture)
    for other in sorted(MACHINES):
        if other != architecture:
            complaint = missing_wheels(other, python, work / "none")
            check(f"every dependency has a wheel for {other} too", not complaint, complaint)
    config = inspect(buildah, image, architecture)
    pushed = work / f"pushed-{architecture}"
    figures["compressed_bytes"], figures["compressed_bytes_without_base"] = compressed_size(buildah, pushed, image)
    size = figures["compressed_bytes"]
    check("under 80 MB compressed", size < LARGEST_COMPRESSED, f"{size / 1e6:.1f} MB")
    handle = buildah("from", "--platform", f"linux/{architecture}", "--pull-never", image)
    container = Container(Path(buildah("mount", handle)), config)
    extensions(container.root, architecture)
    prove_running(container, figures, architecture, limits)
    prove_environment(container, work / f"worlds-{architecture}", limits)
    prove_flags(container, limits)
    buildah("umount", handle)
    if limits is NATIVE:
        prove_pod(work, image)
    figures["seconds"] = round(time.monotonic() - begun)
    return image, figures


def prove_manifest_list(buildah: Buildah, work: Path, images: dict[str, str]) -> None:
    """One name for all architectures, pushed as a release is; who pulls gets the image of the own machine."""
    name = "localhost/lms-emulator:release"
    buildah("manifest", "create", name)
    for image in images.values():
        buildah("manifest", "add", name, f"containers-storage:{image}")
    target = f"oci:{work / 'release'}:release"
    buildah("manifest", "push", "--all", "--format", "oci", name, target)
    blobs = work / "release" / "blobs" / "sha256"
    (entry,) = json.loads((work / "release" / "index.json").read_text())["manifests"]
    listed = json.loads((blobs / entry["digest"].removeprefix("sha256:")).read_text())["manifests"]
    places = sorted(f"{item['platform']['os']}/{item['platform']['architecture']}" for item in listed)
    check("the manifest list names every architecture", places == sorted(f"linux/{a}" for a in images), places)
    for architecture in images:
        got = buildah.inspect(buildah("pull", "--quiet", "--arch", architecture, target))["architecture"]
        check(f"who pulls for {architecture} gets it", got == architecture, got)


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder whose name may appear in an image name: those of `tempfile` can end in `__`, which image names
    cannot."""
    folder = Path(tempfile.gettempdir()) / f"lms-emulator-image-{uuid4().hex}"
    folder.mkdir(mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, check, measure."""
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.containers.image",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--arch",
        action="append",
        choices=sorted(MACHINES),
        help="architecture, may be repeated (default: this machine's)",
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps the base's archive between runs")
    parser.add_argument("--report", type=Path, help="write the figures here as JSON")
    parser.add_argument("--suite", default="bookworm", help="Debian release of the base (default bookworm)")
    options = parser.parse_args(arguments)
    missing = [name for name in ("buildah", "debootstrap", "unshare", "nsenter", "ip") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        print(f"image: needs root{' and ' + ', '.join(missing) if missing else ''}", file=sys.stderr)
        return 2
    images: dict[str, str] = {}
    figures: dict[str, dict[str, Any]] = {}
    with _folder() as work:
        cache = options.cache or work
        cache.mkdir(parents=True, exist_ok=True)
        buildah = Buildah(work)
        for architecture in options.arch or [native()]:
            try:
                with emulating(architecture):
                    image, measured = prove(buildah, work, cache, options.suite, architecture)
            except NotHereError as error:
                print(f"linux/{architecture} left out: {error}", flush=True)
                continue
            images[architecture], figures[architecture] = image, measured
        if len(images) > 1:
            prove_manifest_list(buildah, work, images)
    if not images:
        return 2
    print(json.dumps(figures, indent=2))
    if options.report:
        options.report.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(f"image: {len(failures)} of the checks failed" if failures else "image: everything holds")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
