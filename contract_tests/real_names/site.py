"""An emulator on port 443 under the real names, in a network namespace of its own: the machine stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contract_tests.machine import can_have_a_network_of_its_own

_SERVE = """
set -eu
ip link set lo up
mount --bind "$0" /etc/hosts
exec "$@"
"""
_READ = """
import sys, urllib.request
for path in sys.argv[1:]:
    print(urllib.request.urlopen("http://127.0.0.1:8080/_emulator" + path).read().decode(), end="\\n\\0")
"""

needs_namespaces = pytest.mark.skipif(
    not can_have_a_network_of_its_own("nsenter"),
    reason="needs root, unshare, nsenter and ip for a network of its own (Debian: util-linux, iproute2)",
)


class Site(NamedTuple):
    """Its process, the hosts file, the authority's certificate, and what `info` tells of the providers."""

    pid: int
    hosts: Path
    authority: Path
    providers: dict[str, Any]

    def run(self, *command: str, hosts_file: bool = True, **environment: str) -> str:
        """Run a client where the emulator is; without `hosts_file`, with the machine's own names."""
        inside = ["nsenter", "--target", str(self.pid), "--net", *(["--mount"] if hosts_file else []), "--"]
        clean = {k: v for k, v in os.environ.items() if not k.endswith(("_CA_BUNDLE", "_CA_CERTS", "SSL_CERT_FILE"))}
        done = subprocess.run(
            [*inside, *command], capture_output=True, text=True, timeout=60, check=False, env={**clean, **environment}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def site(folder: Path, names: Iterable[str], environment: Mapping[str, str]) -> Iterator[Site]:
    """Serve under `names`, set up by the environment alone, as a container is."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.1 {' '.join(names)}\n", "utf-8")
    serve = [
        "unshare",
        "--mount",
        "--net",
        "sh",
        "-c",
        _SERVE,
        str(hosts),
        sys.executable,
        "-m",
        "lms_emulator",
        "serve",
    ]
    variables = {**os.environ, **environment}
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=variables) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("lms-emulator ready")
            inside = ["nsenter", "--target", str(process.pid), "--net", "--", sys.executable, "-c", _READ]
            said = subprocess.run([*inside, "/info", "/ca.pem"], capture_output=True, text=True, check=True).stdout
            info, pem, _ = said.split("\n\0")
            authority = folder / "ca.pem"
            authority.write_text(pem, "utf-8")
            yield Site(process.pid, hosts, authority, json.loads(info)["providers"])
        finally:
            process.terminate()
