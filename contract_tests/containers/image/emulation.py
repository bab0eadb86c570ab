"""Programs of another processor on this machine: qemu's user mode emulation, registered while it is needed."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# By the name that images use: the machine as the kernel and Python name it, its number in an ELF header.
MACHINES = {"amd64": ("x86_64", 62), "arm64": ("aarch64", 183)}


class NotHereError(Exception):
    """This machine cannot run programs of that processor; the text says why."""


def native() -> str:
    """The architecture of this machine, as images name it."""
    return next(name for name, (machine, _) in MACHINES.items() if machine == platform.machine())


@contextmanager
def emulating(architecture: str) -> Iterator[None]:
    """Let the kernel run programs of `architecture`, until the end.

    qemu is registered under a name of this process, beside what else is registered, and is opened at once (flag F), so
    that it is found from every root file system. Raises NotHereError if that cannot be had.
    """
    if architecture == native():
        yield
        return
    line = _registration(architecture)
    with _binary_formats() as formats:
        name = f"lms-emulator-{architecture}-{os.getpid()}"
        try:
            (formats / "register").write_text(f":{name}:{line}", "ascii")
        except OSError as error:
            raise NotHereError(f"the kernel took no emulator for {architecture} ({error.strerror})") from None
        try:
            yield
        finally:
            (formats / name).write_text("-1", "ascii")


def _registration(architecture: str) -> str:
    """What Debian's qemu asks the kernel to register, after the name: type, offset, magic, mask, interpreter, flags."""
    machine, _ = MACHINES[architecture]
    path = Path(f"/usr/lib/binfmt.d/qemu-{machine}.conf")
    try:
        _, _, line = path.read_text("ascii").strip().removeprefix(":").partition(":")
    except OSError:
        raise NotHereError(f"needs Debian's qemu-user-static for {machine}") from None
    if "F" not in line.rpartition(":")[2]:
        line += "F"
    return line


@contextmanager
def _binary_formats() -> Iterator[Path]:
    """The kernel's register of binary formats, mounted for us alone."""
    folder = tempfile.mkdtemp(prefix="lms-emulator-binfmt-")
    try:
        done = subprocess.run(["mount", "-t", "binfmt_misc", "none", folder], capture_output=True, text=True)
        if done.returncode:
            raise NotHereError(f"binfmt_misc cannot be mounted ({done.stderr.strip()[-120:]})")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
    finally:
        with suppress(OSError):
            os.rmdir(folder)


def elf_machine(path: Path) -> int:
    """The machine type in a shared library's ELF header. Raises ValueError if the file is not ELF."""
    with path.open("rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF":
        raise ValueError(f"{path} is not an ELF file")
    return int.from_bytes(head[18:20], "little")
