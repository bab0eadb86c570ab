"""The commands of this project: the same for people, for `.ci/run` and for the workflows. `nox --list` names them.

`nox -s NAME` makes an environment for the command. `nox --no-venv -s NAME` takes the active one, made by
`pip install --group dev -e .`. What stands after `--` is handed on.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

PROJECT = nox.project.load_toml("pyproject.toml")
WORKFLOWS = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.dependabot": [".github/dependabot.yml"],
    "vendor.github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "vendor.github-issue-forms": sorted(str(p) for p in Path(".github/ISSUE_TEMPLATE").glob("[!c]*.yml")),
}
FULL = {"HYPOTHESIS_PROFILE": "ci"}
EVERYTHING = ("-m", "")
FEW = ("hypothesis", "lti", "oauthlib", "pytest", "pytest-timeout")
"""What the tests of `core` and `unit` need, and nothing that would ask for other versions of the dependencies."""


def install(session: nox.Session, *groups: str) -> None:
    """Install the package and dependency groups, unless the active environment is used."""
    if session.venv_backend != "none":
        session.install("-e", ".", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Code, formatting, workflows."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    for name, files in SCHEMAS.items():
        session.run("check-jsonschema", "--builtin-schema", name, *files)
    session.run("zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github")
    if shutil.which("actionlint"):
        session.run("actionlint", *WORKFLOWS, external=True)
    else:
        session.log("actionlint is not installed (dependency group `actionlint`); workflows are not checked by it")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    install(session, "lint", "test")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The quick tests: a few examples of each property, none marked `slow`."""
    install(session, "test")
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "worksteal", *session.posargs)


@nox.session
@nox.parametrize("versions", ["lowest", "newest"])
def dependencies(session: nox.Session, versions: str) -> None:
    """The heart of the tests with the lowest versions of the dependencies that are allowed, or the newest."""
    wanted = PROJECT["project"]["dependencies"]
    if versions == "lowest":
        wanted = [re.sub(r">=([\w.]+).*", r"==\1", each) for each in wanted]
    session.install("--upgrade", "--upgrade-strategy", "eager", *wanted, *FEW, "-e", ".")
    session.run("python", "-m", "pytest", "-q", *(session.posargs or ("contract_tests/core", "contract_tests/unit")))


@nox.session
def full(session: nox.Session) -> None:
    """All tests, 200 examples of each property and of each contract."""
    install(session, "test", "lint", "docs")
    options = ("-n", "2", "--dist", "worksteal", "--ignore", "contract_tests/containers", *EVERYTHING)
    session.run("python", "-m", "pytest", *options, *session.posargs, env=FULL)


@nox.session
def nightly(session: nox.Session) -> None:
    """The contracts with 5,000 examples of each, against the emulator in process."""
    install(session, "test")
    options = ("-n", "2", "--dist", "worksteal", "--hypothesis-profile", "nightly", "--target", "in-process")
    session.run("python", "-m", "pytest", "contract_tests/contracts", *options, *EVERYTHING, *session.posargs)


@nox.session
def hostile(session: nox.Session) -> None:
    """Attack a running emulator: expensive and broken requests, races, Schemathesis, resets, load."""
    install(session, "test", "hostile")
    for what in session.posargs or ("costly", "fuzz", "values", "races", "schemas", "resets", "load"):
        session.run("python", "benchmarks/hostile.py", what)


@nox.session
def sabotage(session: nox.Session) -> None:
    """Break the emulator in one way at a time; contracts and tests must notice."""
    install(session, "test")
    session.run("python", "-m", "contract_tests.sabotage", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change one thing at a time in what signs or refuses; the tests must notice. `-- --check`: only the records."""
    install(session, "test", "mutation")
    session.run("python", "-m", "contract_tests.mutation", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, in `site/`; links inside it and anchors are checked."""
    install(session, "docs")
    session.run("python", "-m", "sphinx", "-W", "-n", "-b", "html", "docs", "site", *session.posargs)


@nox.session
def links(session: nox.Session) -> None:
    """Links that leave the docs; needs a network."""
    install(session, "docs")
    session.run("python", "-m", "sphinx", "-b", "linkcheck", "docs", "site/linkcheck")


@nox.session
def build(session: nox.Session) -> None:
    """Wheel and source distribution, in `dist/`."""
    install(session, "test")
    session.run("python", "-m", "build", *session.posargs)


@nox.session
def containers(session: nox.Session) -> None:
    """The commands and examples for containers, on a Docker engine made of Debian's packages. As root."""
    install(session, "test", "containers")
    engine = ("python", "-m", "contract_tests.containers.engine", *session.posargs)
    # 69: no engine can be made here, the reason is printed.
    pytest = ("python", "-m", "pytest", "-q", "contract_tests/containers", *EVERYTHING)
    session.run(*engine, *pytest, env=FULL, success_codes=[0, 69])


@nox.session
def image(session: nox.Session) -> None:
    """Build the image without an engine, for amd64 and arm64, and prove it. As root."""
    install(session, "test")
    options = session.posargs or ("--arch", "amd64", "--arch", "arm64")
    session.run("python", "-m", "contract_tests.containers.image", *options)
