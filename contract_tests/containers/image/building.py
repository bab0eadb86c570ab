"""Builds the image with buildah, on a base of its own making, for this machine's architecture or another."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from contract_tests.containers.image.emulation import MACHINES, native

TREE = Path(__file__).resolve().parents[3]
DOCKERFILE = TREE / "docker" / "Dockerfile"
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


def run(*command: str | Path, **options: Any) -> str:
    """Run a command and return what it prints; its failure ends the script with its last lines."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        sys.exit(f"image: {' '.join(str(part) for part in command)} ended with {done.returncode}\n{tail}")
    return done.stdout


class Buildah:
    """buildah with storage of its own, so that nothing is left on the machine."""

    def __init__(self, folder: Path) -> None:
        self._options: list[str | Path] = [
            "--root",
            folder / "storage",
            "--runroot",
            folder / "run",
            "--storage-driver",
            "vfs",
        ]

    def __call__(self, command: str, *rest: str | Path) -> str:
        return run("buildah", *self._options, command, *rest).strip()

    def inspect(self, image: str) -> dict[str, Any]:
        """An image's description: configuration, architecture and operating system."""
        described: dict[str, Any] = json.loads(self("inspect", "--type", "image", image))["Docker"]
        return described


def bootstrap(folder: Path, suite: str, architecture: str) -> Path:
    """A minimal Debian with Python as a tar file; made once per folder."""
    archive = folder / f"base-{suite}-{architecture}.tar"
    if archive.exists():
        return archive
    root = folder / f"base-{architecture}"
    options = ["--variant=minbase", "--include=python3,python3-venv", f"--arch={architecture}"]
    if architecture == native():
        run("debootstrap", *options, suite, root)
    else:
        run("debootstrap", "--foreign", *options, suite, root)
        _unpack(root)
    for path in SUPERFLUOUS:
        shutil.rmtree(root / path, ignore_errors=True)
        (root / path).mkdir(parents=True)
    part = archive.with_suffix(".part")
    run("tar", "--create", "--file", part, "--directory", root, "--one-file-system", ".")
    shutil.rmtree(root)
    part.rename(archive)
    return archive


def _unpack(root: Path) -> None:
    """Unpack every package that debootstrap fetched, without running what the packages do when they are installed.

    Emulated, that takes six times as long and adds to a base only accounts and byte code, which are seen to here.
    """
    for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        command = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --directory "$2" --keep-directory-symlink'
        run("bash", "-o", "pipefail", "-c", command, "bash", package, root)
    # What debootstrap leaves for its second stage, which is not run.
    shutil.rmtree(root / "debootstrap")
    if (root / "proc").is_symlink():
        (root / "proc").unlink()
    (root / "proc").mkdir(exist_ok=True)
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    (library,) = (root / "usr/lib").glob("python3.*")
    run("chroot", root, "python3", "-m", "compileall", "-q", "-j", "2", f"/usr/lib/{library.name}")


def packages() -> list[str]:
    """What the build installs: the project's dependencies, and what builds the project itself."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))
    return [*project["build-system"]["requires"], *project["project"]["dependencies"]]


def _pip_for(architecture: str, python_version: str) -> list[str]:
    """pip's options for wheels of an architecture, whatever this machine and its Python are."""
    machine, _ = MACHINES[architecture]
    tags = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in (17, 28, 34))]
    platforms = [f"--platform={tag}_{machine}" for tag in tags]
    return ["--only-binary=:all:", f"--python-version={python_version}", *platforms]


def fetch_wheels(folder: Path, architecture: str, python_version: str) -> None:
    """The wheels that the build installs, taken from the index that pip knows on this machine."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = _pip_for(architecture, python_version)
    run(*pip, "download", "--quiet", *options, f"--dest={folder}", *packages())


def missing_wheels(architecture: str, python_version: str, folder: Path) -> str:
    """pip's complaint if a dependency has no wheel for an architecture; nothing is downloaded."""
    only_looking = ["install", "--quiet", "--dry-run", f"--target={folder}", "--ignore-installed"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", *only_looking]
    asked = subprocess.run([*pip, *_pip_for(architecture, python_version), *packages()], capture_output=True, text=True)
    return asked.stderr.strip()[-300:] if asked.returncode else ""


def version_of_tree() -> str:
    """The one place where the version is written."""
    scope: dict[str, str] = {}
    exec((TREE / "emulator" / "lms_emulator" / "_version.py").read_text("utf-8"), scope)
    return scope["__version__"]


def dockerfile_for_buildah(buildah: Buildah, work: Path) -> Path:
    """The Dockerfile, without the one option that buildah before 1.34 does not know."""
    major, minor = (int(part) for part in buildah("--version").split()[2].split(".")[:2])
    if (major, minor) >= (1, 34):
        return DOCKERFILE
    print("      this buildah does not know --start-interval: built without it", flush=True)
    older = work / "Dockerfile"
    older.write_text(DOCKERFILE.read_text("utf-8").replace(" --start-interval=100ms", ""), "utf-8")
    return older


class Steps:
    """Prints how long each step took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        print(f"      {what} {now - self._begun:.0f} s", flush=True)
        self._begun = now


def build(buildah: Buildah, work: Path, cache: Path, suite: str, architecture: str) -> tuple[str, str]:
    """Build the image; returns its name, and the version of the base's Python."""
    base = f"localhost/lms-emulator-base:{architecture}"
    name = f"localhost/lms-emulator:{architecture}"
    steps = Steps()
    archive = bootstrap(cache, suite, architecture)
    container = buildah("from", "scratch")
    buildah("config", "--arch", architecture, container)
    buildah("add", container, archive, "/")
    version = buildah("run", "--isolation", "chroot", container, "--", "python3", "-c",
                      "import sys; print('%d.%d' % sys.version_info[:2])")  # fmt: skip
    buildah("commit", "--quiet", "--rm", container, base)
    steps.done("base image")
    wheels = work / f"wheels-{architecture}"
    wheels.mkdir()
    fetch_wheels(wheels, architecture, version)
    steps.done("wheels")
    buildah(
        "build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--tag", name,
        "--platform", f"linux/{architecture}", "--build-arg", f"BASE={base}",
        "--build-arg", "PIP_NO_INDEX=1", "--build-arg", f"VERSION={version_of_tree()}",
        "--build-context", f"wheels={wheels}", "--file", dockerfile_for_buildah(buildah, work), TREE,
    )  # fmt: skip
    steps.done("build")
    return name, version
