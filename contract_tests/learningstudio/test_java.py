"""A Java client with `https://api.learningstudio.com` built in, which sends what Pearson's Java library sends.

Served on port 443 of a network namespace of its own; needs root and a JDK.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from contract_tests.real_names.site import needs_namespaces, site

CLIENT = Path(__file__).parent / "clients/LibraryLike.java"


@needs_namespaces
@pytest.mark.skipif(
    not all(map(shutil.which, ("java", "javac", "keytool"))), reason="no JDK here (Debian: default-jdk-headless)"
)
@pytest.mark.slow
def test_a_java_client_needs_no_change(tmp_path: Path) -> None:
    environment = {"LMS_EMULATOR_TLS": "1", "LMS_EMULATOR_TLS_PORT": "443"}
    with site(tmp_path, ["api.learningstudio.com"], environment) as served:
        info = served.providers["learningstudio"]
        store = tmp_path / "trust.p12"
        keytool = f"keytool -importcert -noprompt -alias lms-emulator -file {served.authority}"
        keytool += f" -keystore {store} -storetype PKCS12 -storepass changeit"
        subprocess.run(keytool.split(), check=True, capture_output=True)
        output = served.run(
            "java",
            f"-Djdk.net.hosts.file={served.hosts}",
            f"-Djavax.net.ssl.trustStore={store}",
            "-Djavax.net.ssl.trustStorePassword=changeit",
            str(CLIENT),
            *(info[name] for name in ("application_id", "application_name", "consumer_key", "shared_secret")),
            info["client_string"],
            info["student"]["username"],
            info["student"]["password"],
            str(info["student"]["id"]),
            str(info["course_id"]),
            info["gradebook_item_id"],
            str(info["other_student"]["id"]),
            hosts_file=False,
        )
    said = [line.split("\t") for line in output.splitlines()]
    assert [
        (what.split("?")[0].split("/")[0] + what.split("?")[0].rpartition("/")[2], status) for what, status, _ in said
    ] == [
        ("GET systemDateTime", "200"),
        ("GET systemDateTime.xml", "200"),
        ("GET courses", "200"),
        (f"GET {info['course_id']}", "200"),
        ("GET ccn=ABC.1", "200"),
        ("POST grade", "201"),
        ("PUT grade", "204"),
        ("PUT grade", "400"),  # signed well, and empty
        ("DELETE grade", "204"),
        ("POST token", "200"),
        ("GET me", "200"),
        (f"GET {info['other_student']['id']}", "403"),
        ("POST token", "200"),
        ("GET courses", "200"),
        ("POST token", "200"),
    ]
    assert json.loads(said[10][2])["me"]["userName"] == info["student"]["username"]
