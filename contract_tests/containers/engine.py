"""A throw-away Docker engine for a machine that has none, as root.

    python -m contract_tests.containers.engine COMMAND…

Needs Linux, root, Debian's `debootstrap` and `slirp4netns`, and Debian's packages within reach; no registry of images.
A small machine is made of Debian trixie with Docker (engine, client, buildx, compose) and runs in namespaces of its
own: mounts, processes, network, names. So neither its bridges nor its packet filter nor the ports that its containers
publish are seen outside, and when the process that started it ends, however it ends, nothing of it is left.
Packages and indexes are reached through slirp4netns, which opens ordinary connections of this machine.

No image can be pulled. The one that everything here is based on, `python:3.13-slim-bookworm`, gets a stand-in: a
minimal Debian trixie, whose Python is 3.13 as well. It trusts the certificates that this machine trusts, and asks the
package index that pip asks here.

COMMAND runs on this machine, in the engine's network, with DOCKER_HOST and LMS_EMULATOR_ENGINE set and the engine's
`docker` first on its PATH; the exit code is its own. Exit code 69: no engine can be made here; the reason is printed.
"""

from __future__ import annotations

import argparse
import configparser
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from contract_tests.containers.image.building import SUPERFLUOUS

SUITE = "trixie"
BASE = "python:3.13-slim-bookworm"
UNAVAILABLE = 69
TOOLS = ("debootstrap", "slirp4netns", "unshare", "nsenter", "setpriv", "ip", "tar")
IN_BASE = ("python3", "python3-venv", "python3-pip", "ca-certificates")
IN_MACHINE = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "iptables", "iproute2", "curl")
VARIABLE = "LMS_EMULATOR_ENGINE"

# Process 1 of the machine. It stays a shell, which reaps what containers leave behind.
_BOOT = """
set -eu
ip link set lo up
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /sys "$ROOT/sys"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/run"
mkdir -p "$ROOT$SHARED" "$ROOT/mnt/outside"
mount --bind "$SHARED" "$ROOT$SHARED"
mkdir -p "$ROOT/var/lib/docker"
if [ -n "$IMAGES" ]; then mount -t tmpfs -o "size=$IMAGES" tmpfs "$ROOT/var/lib/docker"; fi
echo "nameserver 10.0.2.3" > "$ROOT/etc/resolv.conf"
# Not chroot: what an engine starts in a container by `exec` begins at the root of the namespace.
cd "$ROOT"
pivot_root . mnt/outside
umount --lazy /mnt/outside
dockerd --host unix:///run/docker.sock --host "unix://$SHARED/docker.sock" --exec-opt native.cgroupdriver=cgroupfs \
  --cgroup-parent "$CGROUP" > "$SHARED/dockerd.log" 2>&1 &
wait $!
"""
# Images and containers are kept in memory where there is plenty: quicker, and gone at once.
_PLENTY = 8 << 30
_ORPHANS_DIE = ("setpriv", "--pdeathsig", "KILL", "--")
_NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child")


class Unavailable(Exception):
    """No engine can be made here. The text is the reason, one line."""


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes: `pid`, process 1 of its machine, as this machine numbers it; `shared`, a folder that has one path on
    both; `versions`, what was installed.
    """

    pid: int
    shared: str
    versions: str

    @property
    def address(self) -> str:
        """For DOCKER_HOST of programs of this machine."""
        return f"unix://{self.shared}/docker.sock"

    @property
    def commands(self) -> str:
        """A folder with the engine's own `docker`, for programs of this machine. It sees files below `shared` only."""
        return f"{self.shared}/bin"

    @property
    def inside(self) -> list[str]:
        """Prefix of a command of the engine's machine."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--ipc", "--uts", "--"]
        return [*enter, "env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8"]

    @property
    def beside(self) -> list[str]:
        """Prefix of a command of this machine that is to see the engine's network."""
        return ["nsenter", f"--target={self.pid}", "--net", "--"]

    def run(
        self, *command: str | Path, folder: str | Path = "/", check: bool = True, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder of the engine's machine. Raises RuntimeError with its output."""
        there = ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), *(str(part) for part in command)]
        done = subprocess.run([*self.inside, *there], capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{said}")
        return done

    def docker(self, *arguments: str | Path, folder: str | Path = "/", timeout: float = 300) -> str:
        """What `docker …` prints."""
        return self.run("docker", *arguments, folder=folder, timeout=timeout).stdout.strip()


def of_environment(environment: Mapping[str, str] = os.environ) -> Engine | None:
    """The engine whose COMMAND this process is."""
    text = environment.get(VARIABLE)
    return Engine(**json.loads(text)) if text else None


def _run(*command: str | Path, reason: str, **options: Any) -> str:
    """Run a command of this machine; without it there is no engine."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Unavailable(f"{reason}: {lines[-1].strip() if lines else f'exit code {done.returncode}'}")
    return done.stdout


def require() -> None:
    """Raise Unavailable if it cannot work here."""
    if sys.platform != "linux":
        raise Unavailable("needs Linux")
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if os.geteuid() or missing:
        raise Unavailable(f"needs root{' and ' + ', '.join(missing) if missing else ''}")
    _run(*_NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/mnt", reason="namespaces and mounts are not allowed here")


def pip_configuration() -> str:
    """What pip of this machine says about the index, as a file for a container; folders of this machine left out."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    settings = {name.rpartition(".")[2]: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    file = configparser.RawConfigParser()
    file["global"] = {"cert": "/etc/ssl/certs/ca-certificates.crt"}
    for name in ("index-url", "extra-index-url", "trusted-host", "timeout"):
        values = [value for value in settings.get(name, "").split() if urlsplit(value).scheme != "file"]
        if values:
            file["global"][name] = " ".join(values)
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in file["global"].items())


def make_machine(folder: Path) -> None:
    """`folder/base.tar`, the stand-in, and `folder/machine`, the same with Docker; reused if they exist."""
    if (folder / "made").exists():
        return
    base = folder / "machine"
    if base.exists():
        shutil.rmtree(base)
    _run("debootstrap", "--variant=minbase", f"--include={','.join(IN_BASE)}", SUITE, base, reason="debootstrap failed")
    # As the official image has it: python is a command, and pip may install into it.
    (base / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for marker in base.glob("usr/lib/python3.*/EXTERNALLY-MANAGED"):
        marker.unlink()
    (base / "etc/pip.conf").write_text(pip_configuration(), "utf-8")
    trusted = Path("/etc/ssl/certs/ca-certificates.crt")
    if trusted.exists():
        shutil.copyfile(trusted, base / trusted.relative_to("/"))
    (base / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", "utf-8")
    (base / "usr/sbin/policy-rc.d").chmod(0o755)
    leave_out = [f"--exclude=./{path}/*" for path in SUPERFLUOUS]
    _run("tar", "--create", "--file", folder / "base.tar", "--directory", base, *leave_out, ".", reason="tar failed")
    if Path("/etc/resolv.conf").exists():
        shutil.copyfile("/etc/resolv.conf", base / "etc/resolv.conf")
    (base / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n", "utf-8")
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *IN_MACHINE]
    environment = {"PATH": "/usr/sbin:/usr/bin", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}
    _run("chroot", base, *install, env=environment, reason="Docker could not be installed from Debian's packages")
    (folder / "made").touch()


def _size_in_memory() -> str:
    """For images and containers; empty if memory is not plenty."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return str(free // 2) if free > _PLENTY else ""
    return ""


def _reachable(process: subprocess.Popen[bytes]) -> int:
    """Process 1 of the machine, once it has its own network."""
    outside = os.stat("/proc/self/ns/net").st_ino
    for _ in range(100):
        with suppress(OSError, IndexError):
            pid = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
            if os.stat(f"/proc/{pid}/ns/net").st_ino != outside:
                return pid
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise Unavailable("namespaces are not allowed here")


def _wait_for_docker(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    log = Path(engine.shared, "dockerd.log")
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if engine.run("docker", "version", check=False).returncode == 0:
            return
        time.sleep(0.2)
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    raise Unavailable(f"dockerd does not start: {lines[-1][-300:] if lines else 'it says nothing'}")


def _lend_docker(engine: Engine) -> None:
    command = Path(engine.commands, "docker")
    command.parent.mkdir()
    enter = shlex.join([*engine.inside, "sh", "-c", 'cd "$0" 2>/dev/null || cd /; exec docker "$@"'])
    command.write_text(f'#!/bin/sh\nexec {enter} "$PWD" "$@"\n', "utf-8")
    command.chmod(0o755)


def _remove_cgroups(name: str) -> None:
    for top in [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]:
        for folder in sorted((top / name).glob("**/"), reverse=True):
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def engine(cache: Path | None = None) -> Iterator[Engine]:
    """An engine with the stand-in for `python:3.13-slim-bookworm` in it. Raises Unavailable.

    Parameters: `cache`, a folder that keeps the machine between runs; without it everything is recreated, which takes
    a minute or two.
    """
    require()
    name = f"lms-emulator-engine-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="lms-emulator-engine-", ignore_cleanup_errors=True) as folder:
        made, shared = cache or Path(folder), Path(folder, "shared")
        made.mkdir(parents=True, exist_ok=True)
        shared.mkdir()
        os.chmod(folder, 0o755)
        make_machine(made)
        root = made / "machine"
        shutil.rmtree(root / "var/lib/docker", ignore_errors=True)
        variables = {"ROOT": str(root), "SHARED": str(shared), "CGROUP": f"/{name}", "IMAGES": _size_in_memory()}
        processes = []
        try:
            machine = subprocess.Popen(
                [*_ORPHANS_DIE, *_NAMESPACES, "sh", "-c", _BOOT],
                env={"PATH": os.environ["PATH"], **variables},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            processes.append(machine)
            running = Engine(_reachable(machine), str(shared), "")
            network = ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", str(running.pid), "tap0"]
            with Path(shared, "slirp4netns.log").open("wb") as log:
                options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True}
                processes.append(subprocess.Popen([*_ORPHANS_DIE, *network], **options))
            _wait_for_docker(running, machine)
            _lend_docker(running)
            version = running.docker("version", "--format", "{{.Server.Version}} (client {{.Client.Version}})")
            compose = running.docker("compose", "version", "--short")
            buildx = running.docker("buildx", "version").split()[1]
            shutil.copyfile(made / "base.tar", shared / "base.tar")
            running.docker("import", "--change", 'CMD ["python3"]', shared / "base.tar", BASE)
            (shared / "base.tar").unlink()
            yield Engine(running.pid, str(shared), f"Docker {version}, compose {compose}, buildx {buildx}")
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()
            _remove_cgroups(name)
            if cache:
                shutil.rmtree(root / "var/lib/docker", ignore_errors=True)
                shutil.rmtree(f"{root}{folder}", ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command with an engine."""
    parser = argparse.ArgumentParser(
        prog="python -m contract_tests.containers.engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps the engine's machine between runs")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="default: a shell")
    options = parser.parse_args(arguments)

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    begun = time.monotonic()
    try:
        with engine(options.cache) as running:
            print(f"engine: {running.versions}, ready after {time.monotonic() - begun:.0f} s", flush=True)
            variables = {VARIABLE: json.dumps(asdict(running)), "DOCKER_HOST": running.address}
            variables["PATH"] = f"{running.commands}:{os.environ['PATH']}"
            command = options.command or [os.environ.get("SHELL", "sh")]
            return subprocess.run([*running.beside, *command], env={**os.environ, **variables}, check=False).returncode
    except Unavailable as reason:
        print(f"engine: cannot be made here: {reason}", file=sys.stderr)
        return UNAVAILABLE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
