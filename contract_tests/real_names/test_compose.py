"""The compose example, carried out by hand: its aliases as names, its environment, its application unchanged."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import yaml

from contract_tests.real_names.site import needs_namespaces, site

EXAMPLES = Path(__file__).parent.parent.parent / "docker" / "examples"


@needs_namespaces
def test_the_application_signs_on_under_the_real_names(tmp_path: Path) -> None:
    services = yaml.safe_load((EXAMPLES / "compose.yaml").read_text("utf-8"))["services"]
    lms, app = services["lms"], services["app"]
    names = ["lms", *lms["networks"]["default"]["aliases"]]
    with site(tmp_path, names, lms["environment"]) as running:
        shell, option, script = app["command"]
        mounted = script.replace("/app/", f"{EXAMPLES / 'app'}/").replace("/tmp/ca.pem", str(tmp_path / "fetched.pem"))
        environment = {**app["environment"], "SSL_CERT_FILE": str(tmp_path / "fetched.pem")}
        said = running.run(shell, option, python_of_tests(mounted), **environment)
        info = running.providers["openlearning"]
    assert said == "signed on: https://www.openlearning.com/lti/launch/"
    assert app["environment"]["OPENLEARNING_API_KEY"] == info["api_key"]
    assert app["environment"]["OPENLEARNING_INSTITUTION"] == info["institution_id"]


def python_of_tests(script: str) -> str:
    """The script with the interpreter that runs the tests for the image's `python`."""
    return script.replace("python ", f"{shlex.quote(sys.executable)} ")
