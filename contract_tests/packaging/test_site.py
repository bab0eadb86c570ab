"""The documentation site: built strictly, every link leads somewhere, tables come from the declarations."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from contract_tests.packaging.conftest import TREE
from lms_emulator.app import load_providers
from lms_emulator.control.operations import ROUTES
from lms_emulator.core.coverage import coverage
from lms_emulator.core.settings import describe

for package in ("sphinx", "myst_parser", "furo"):
    pytest.importorskip(package, reason=f"{package} is not installed (dependency group `docs`)")


def generate(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build pages as strictly as the site is built, by the site's own configuration, into `folder`/html."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    command += ["-c", str(TREE / "docs"), "-d", str(folder / "doctrees"), str(source), str(folder / "html")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = generate(TREE / "docs", folder)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def page(site: Path, name: str) -> str:
    """The text of a page, markup removed."""
    return unescape(re.sub(r"<[^>]+>", "", (site / f"{name}.html").read_text("utf-8")))


def test_every_route_setting_and_missing_parameter_is_on_its_provider_s_page(site: Path) -> None:
    for name, provider in load_providers().items():
        text = page(site, f"reference/{name}")
        for route in provider.routes:
            assert route.path in text, (name, route.path)
        for setting in describe(name, provider.settings()):
            assert setting.name in text
        for row in coverage(provider):
            for parameter in row.parameters_not_emulated:
                assert parameter in text, (name, row.path, parameter)
        for grade in {route.evidence for route in provider.routes}:
            assert grade in text


def test_every_control_call_is_listed(site: Path) -> None:
    text = page(site, "control-api")
    for route in ROUTES:
        assert f"/_emulator{route.path}" in text


@pytest.mark.slow
def test_links_that_lead_nowhere_stop_the_build(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    links = ["other.md#no-such-heading", "#neither-here", "absent.md", "other.md#a-heading"]
    text = "\n\n".join(f"[there]({link})" for link in links)
    (source / "index.md").write_text(f"# Start\n\n{text}\n\n```{{toctree}}\nother\n```\n", "utf-8")
    (source / "other.md").write_text("# Other\n\n## A heading\n", "utf-8")
    done = generate(source, tmp_path)
    assert done.returncode == 1
    complaints = [line for line in done.stderr.splitlines() if "[myst.xref_missing]" in line]
    for complaint, named in zip(complaints, ["no-such-heading", "neither-here", "absent.md"], strict=True):
        assert named in complaint


def test_every_link_leads_somewhere(site: Path) -> None:
    targets: dict[Path, set[str]] = {}

    def anchors(file: Path) -> set[str]:
        if file not in targets:
            targets[file] = {unescape(found) for found in re.findall(r'\bid="([^"]+)"', file.read_text("utf-8"))}
        return targets[file]

    for file in sorted(site.rglob("*.html")):
        for link in re.findall(r'<a [^>]*href="([^"]+)"', file.read_text("utf-8")):
            parts = urlsplit(unescape(link))
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("http", "https", "mailto"), link
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.exists(), f"{file.name}: {link}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in anchors(target), f"{file.name}: {link}"
