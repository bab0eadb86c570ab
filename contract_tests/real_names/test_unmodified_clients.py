"""Clients with hard-coded HTTPS addresses, run as they stand: a hosts file for the names, an authority to trust.

The emulator serves on port 443 of a network namespace of its own, so nothing on the machine is touched. Needs root.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.real_names.site import Site, needs_namespaces, site

CLIENTS = Path(__file__).parent / "clients"
EXPECTED = "lakeside 401 invalid_client"
NAMES = ("api.openlearning.com", "www.openlearning.com", "courses.edx.org")

pytestmark = needs_namespaces


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environment = {"LMS_EMULATOR_TLS": "1", "LMS_EMULATOR_TLS_PORT": "443"}
    with site(tmp_path_factory.mktemp("site"), NAMES, environment) as running:
        yield running


@pytest.fixture(scope="module")
def key(served: Site) -> str:
    return str(served.providers["openlearning"]["api_key"])


def test_requests_with_its_bundle(served: Site, key: str) -> None:
    client = str(CLIENTS / "with_requests.py")
    assert served.run(sys.executable, client, key, REQUESTS_CA_BUNDLE=str(served.authority)) == EXPECTED


def test_httpx_with_ssl_cert_file(served: Site, key: str) -> None:
    client = str(CLIENTS / "with_httpx.py")
    assert served.run(sys.executable, client, key, SSL_CERT_FILE=str(served.authority)) == EXPECTED


def test_a_client_that_does_not_trust_the_authority_is_refused(served: Site, key: str) -> None:
    with pytest.raises(AssertionError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        served.run(sys.executable, str(CLIENTS / "with_requests.py"), key)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here (Debian: curl)")
def test_curl(served: Site, key: str) -> None:
    assert served.run("sh", str(CLIENTS / "with_curl.sh"), key, CURL_CA_BUNDLE=str(served.authority)) == EXPECTED


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here (Debian: nodejs)")
def test_node_with_extra_ca_certs(served: Site, key: str) -> None:
    client = str(CLIENTS / "with_node.mjs")
    assert served.run("node", client, key, NODE_EXTRA_CA_CERTS=str(served.authority)) == EXPECTED


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, ("java", "javac", "keytool"))), reason="no JDK here (Debian: default-jdk-headless)"
)
def test_java_with_a_hosts_file_and_trust_store_of_its_own(served: Site, key: str) -> None:
    store = served.authority.with_name("trust.p12")
    keytool = f"keytool -importcert -noprompt -alias lms-emulator -file {served.authority}"
    keytool += f" -keystore {store} -storetype PKCS12 -storepass changeit"
    subprocess.run(keytool.split(), check=True, capture_output=True)
    properties = [f"-Djdk.net.hosts.file={served.hosts}", f"-Djavax.net.ssl.trustStore={store}"]
    properties.append("-Djavax.net.ssl.trustStorePassword=changeit")
    client = str(CLIENTS / "WithJava.java")
    assert served.run("java", *properties, client, key, hosts_file=False) == EXPECTED
