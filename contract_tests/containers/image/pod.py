"""Runs `docker/examples/kubernetes.yaml` with podman, and does to the pod what a cluster would.

podman makes real containers of the manifest, under its security contexts. Its own probes are not used: it knows one of
three, carries that out with a curl inside the image, and does not resolve a port's name. They are sent from here, over
the pod's network, as a kubelet sends them. A Service is only looked at, because podman makes none.

All of it lives in namespaces of its own: nothing of the network, the mounts and the processes is left on the machine.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from contract_tests.containers.image.building import TREE
from contract_tests.containers.image.checks import check

MANIFEST = TREE / "docker" / "examples" / "kubernetes.yaml"
TOOLS = ("podman", "runc", "conmon", "catatonit", "iptables", "unshare", "nsenter")
# runc also where both versions of cgroups are mounted; limits that root without CAP_SYS_RESOURCE may set, too.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"""
# podman keeps its state in /run, and its networks beside its settings.
_HOLD = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
cp -a /etc/containers /run/settings
mount --bind /run/settings /etc/containers
ip link set lo up
echo held
exec sleep infinity
"""
_GET = """
import sys, urllib.request as u
answer = u.build_opener(u.ProxyHandler({})).open(u.Request(sys.argv[1], headers={"Host": sys.argv[2]}), timeout=5)
print(answer.read().decode())
"""
_CONTROL_GROUPS = Path("/sys/fs/cgroup")


def missing() -> list[str]:
    """What is not on this machine."""
    tools = [tool for tool in TOOLS if shutil.which(tool) is None]
    return tools if importlib.util.find_spec("yaml") else [*tools, "PyYAML"]


class Podman:
    """podman on the storage of a `Buildah`, in namespaces held by a process of their own."""

    def __init__(self, work: Path, holder: int) -> None:
        self.holder = holder
        settings = work / "containers.conf"
        settings.write_text(_SETTINGS, "utf-8")
        self._prefix = ["nsenter", "--target", str(holder), "--net", "--mount", "--pid"]
        self._prefix += ["env", f"CONTAINERS_CONF={settings}", "podman", "--storage-driver", "vfs"]
        self._prefix += ["--root", str(work / "storage"), "--runroot", str(work / "run")]

    def __call__(self, *command: str | Path) -> str:
        """What podman prints. Raises RuntimeError with its complaint."""
        words = [*self._prefix, *(str(part) for part in command)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"podman {command[0]} ended with {done.returncode}: {done.stderr.strip()[-1500:]}")
        return done.stdout.strip()

    def describe(self, container: str) -> dict[str, Any]:
        """`podman inspect`."""
        (described,) = json.loads(self("inspect", container))
        return dict(described)

    def get(self, url: str, host: str) -> str | None:
        """The body of an answer, asked for from outside the pod; None if there is none or it is a refusal."""
        words = ["nsenter", "--target", str(self.holder), "--net", sys.executable, "-c", _GET, url, host]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
        return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def _namespaces() -> Iterator[int]:
    """New network, mount and process namespaces; yields the process that holds them, and kills what still runs in
    them."""
    before = set(_CONTROL_GROUPS.glob("**/libpod_parent"))
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _HOLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "held\n":
                raise RuntimeError("no namespaces for a pod")
            yield int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        finally:
            process.kill()
    for group in set(_CONTROL_GROUPS.glob("**/libpod_parent")) - before:
        for folder in [*sorted(group.glob("**/"), reverse=True), group]:
            with suppress(OSError):
                folder.rmdir()


def prove_pod(work: Path, image: str) -> None:
    """Run the manifest with `image` under the manifest's image name, and check the result. Where podman cannot run any
    container at all, it says so and checks nothing."""
    lacking = missing()
    if lacking:
        print(f"      Kubernetes manifest left out: needs {', '.join(lacking)}", flush=True)
        return
    try:
        with _namespaces() as holder:
            podman = Podman(work, holder)
            podman("run", "--rm", "--entrypoint", "lms-emulator", image, "--version")
            _play(podman, image)
    except RuntimeError as error:
        print(f"      Kubernetes manifest left out: {error}", flush=True)


def _play(podman: Podman, image: str) -> None:
    """From the manifest to the end of its pod; what goes wrong fails the proof."""
    import yaml  # `missing` has looked for it

    world, deployment, service = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
    template = deployment["spec"]["template"]
    (wanted,) = template["spec"]["containers"]
    container = f"{deployment['metadata']['name']}-pod-0-{wanted['name']}"
    try:
        podman("tag", image, f"localhost/{wanted['image']}")
        podman("play", "kube", MANIFEST)
        address = _address(podman)
        _probe(podman, wanted, address)
        _look_inside(podman, container, wanted)
        _use_as_a_service(podman, service, template, wanted, address, world)
        podman("pod", "stop", "--all", "--time", "30")
        state = podman.describe(container)["State"]
        check("Kubernetes: stopped by SIGTERM, exit code 0", state["ExitCode"] == 0, state["ExitCode"])
    except RuntimeError as error:
        check("Kubernetes: the manifest runs", False, error)
        with suppress(RuntimeError):
            print(podman("logs", container))
    finally:
        with suppress(RuntimeError):
            podman("pod", "rm", "--all", "--force")


def _address(podman: Podman) -> str:
    """The pod's address, which is that of the container that holds its network."""
    infra = podman("ps", "--all", "--quiet", "--filter", "name=-infra$").splitlines()[0]
    (network,) = podman.describe(infra)["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def _probe(podman: Podman, wanted: dict[str, Any], address: str) -> None:
    """Send the probes as a kubelet does: the first until it succeeds, as often as it may fail; then the others once."""
    ports = {port["name"]: port["containerPort"] for port in wanted["ports"]}
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = wanted[kind]
        port = ports.get(probe["httpGet"]["port"], probe["httpGet"]["port"])
        url, host = f"http://{address}:{port}{probe['httpGet']['path']}", f"{address}:{port}"
        sent, most = 1, probe.get("failureThreshold", 3) if kind == "startupProbe" else 1
        while (answer := podman.get(url, host)) is None and sent < most:
            time.sleep(probe.get("periodSeconds", 10))
            sent += 1
        check(f"Kubernetes: {kind}", answer is not None, f"answered at attempt {sent}" if answer else "no answer")


def _look_inside(podman: Podman, container: str, wanted: dict[str, Any]) -> None:
    """The effective security contexts, as process 1 sees them."""
    lines = podman("exec", container, "cat", "/proc/1/status").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    check("Kubernetes: not root", set(status["Uid"] + status["Gid"]) == {"10001"}, status["Uid"][0])
    rights = {status[name][0].strip("0") for name in ("CapPrm", "CapEff", "CapBnd")}
    check("Kubernetes: no capabilities, and none to gain", rights == {""} and status["NoNewPrivs"] == ["1"])
    check("Kubernetes: system calls are filtered", status["Seccomp"] == ["2"])
    described = podman.describe(container)
    limit = described["HostConfig"]["Memory"] // 2**20
    check("Kubernetes: limit of memory", f"{limit}Mi" == wanted["resources"]["limits"]["memory"], f"{limit} MiB")
    check("Kubernetes: read-only root file system", described["HostConfig"]["ReadonlyRootfs"])
    write = ["exec", container, "sh", "-c", "for d in / /tmp /worlds; do touch $d/x && echo $d; done; true"]
    check("Kubernetes: nothing can be written", podman(*write) == "")


def _use_as_a_service(
    podman: Podman,
    service: dict[str, Any],
    template: dict[str, Any],
    wanted: dict[str, Any],
    address: str,
    world: dict[str, Any],
) -> None:
    """What another pod sees under the Service's name: the world, and no address that the Service does not have."""
    selected = service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    check("Kubernetes: the Service selects the pod", selected)
    names = {port["name"]: port["containerPort"] for port in wanted["ports"]}
    targets = {port["port"]: names[port["targetPort"]] for port in service["spec"]["ports"]}
    name, (port,) = service["metadata"]["name"], targets
    info = json.loads(podman.get(f"http://{address}:{targets[port]}/_emulator/info", f"{name}:{port}") or "{}")
    (text,) = world["data"].values()
    check("Kubernetes: the world of the ConfigMap", f'name = "{info["world"]}"' in text, info["world"])
    bases = [base for provider in info["providers"].values() for base in provider["base_urls"].items()]
    strangers = [url for kind, url in bases if kind != "host" and not url.startswith(f"http://{name}:{port}/")]
    check(
        "Kubernetes: every provider is reached by the Service", bool(bases) and not strangers, strangers or len(bases)
    )
