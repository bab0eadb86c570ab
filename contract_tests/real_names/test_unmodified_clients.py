"""Clients with hard-coded HTTPS addresses, run as they stand: a hosts file for the names, an authority to trust.

The emulator serves on port 443 of a network namespace of its own, so nothing on the machine is touched. Needs root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

CLIENTS = Path(__file__).parent / "clients"
EXPECTED = "lakeside 401 invalid_client"
NAMES = "api.openlearning.com www.openlearning.com courses.edx.org"
_SERVE = """
set -eu
ip link set lo up
mount --bind "$0" /etc/hosts
exec "$@"
"""
_INFO = """
import sys, urllib.request
for path in sys.argv[1:]:
    print(urllib.request.urlopen("http://127.0.0.1:8080/_emulator" + path).read().decode(), end="\\n\\0")
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")),
    reason="needs root, unshare, nsenter and ip for a network of its own",
)


class Site(NamedTuple):
    """An emulator under the real names: its process, the hosts file, the authority's certificate, an API key."""

    pid: int
    hosts: Path
    authority: Path
    api_key: str

    def run(self, *command: str, hosts_file: bool = True, **environment: str) -> str:
        """Run a client where the emulator is; without `hosts_file`, with the machine's own names."""
        inside = ["nsenter", "--target", str(self.pid), "--net", *(["--mount"] if hosts_file else []), "--"]
        clean = {k: v for k, v in os.environ.items() if not k.endswith(("_CA_BUNDLE", "_CA_CERTS", "SSL_CERT_FILE"))}
        done = subprocess.run(
            [*inside, *command], capture_output=True, text=True, timeout=60, check=False, env={**clean, **environment}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.1 {NAMES}\n", "utf-8")
    serve = [sys.executable, "-m", "lms_emulator", "serve", "--tls", "--tls-port", "443"]
    with subprocess.Popen(
        ["unshare", "--mount", "--net", "sh", "-c", _SERVE, str(hosts), *serve], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("lms-emulator ready")
            inside = ["nsenter", "--target", str(process.pid), "--net", "--", sys.executable, "-c", _INFO]
            said = subprocess.run([*inside, "/info", "/ca.pem"], capture_output=True, text=True, check=True).stdout
            info, pem, _ = said.split("\n\0")
            authority = folder / "ca.pem"
            authority.write_text(pem, "utf-8")
            yield Site(process.pid, hosts, authority, json.loads(info)["providers"]["openlearning"]["api_key"])
        finally:
            process.terminate()


def test_requests_with_its_bundle(site: Site) -> None:
    client = str(CLIENTS / "with_requests.py")
    assert site.run(sys.executable, client, site.api_key, REQUESTS_CA_BUNDLE=str(site.authority)) == EXPECTED


def test_httpx_with_ssl_cert_file(site: Site) -> None:
    client = str(CLIENTS / "with_httpx.py")
    assert site.run(sys.executable, client, site.api_key, SSL_CERT_FILE=str(site.authority)) == EXPECTED


def test_a_client_that_does_not_trust_the_authority_is_refused(site: Site) -> None:
    with pytest.raises(AssertionError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        site.run(sys.executable, str(CLIENTS / "with_requests.py"), site.api_key)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_curl(site: Site) -> None:
    assert site.run("sh", str(CLIENTS / "with_curl.sh"), site.api_key, CURL_CA_BUNDLE=str(site.authority)) == EXPECTED


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_node_with_extra_ca_certs(site: Site) -> None:
    client = str(CLIENTS / "with_node.mjs")
    assert site.run("node", client, site.api_key, NODE_EXTRA_CA_CERTS=str(site.authority)) == EXPECTED


@pytest.mark.skipif(not all(map(shutil.which, ("java", "javac", "keytool"))), reason="no JDK here")
def test_java_with_a_hosts_file_and_trust_store_of_its_own(site: Site) -> None:
    store = site.authority.with_name("trust.p12")
    keytool = f"keytool -importcert -noprompt -alias lms-emulator -file {site.authority}"
    keytool += f" -keystore {store} -storetype PKCS12 -storepass changeit"
    subprocess.run(keytool.split(), check=True, capture_output=True)
    properties = [f"-Djdk.net.hosts.file={site.hosts}", f"-Djavax.net.ssl.trustStore={store}"]
    properties.append("-Djavax.net.ssl.trustStorePassword=changeit")
    client = str(CLIENTS / "WithJava.java")
    assert site.run("java", *properties, client, site.api_key, hosts_file=False) == EXPECTED
