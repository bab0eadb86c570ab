"""What the wheel and the source distribution hold, and what they say of themselves."""

from __future__ import annotations

import re
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import lms_emulator
from contract_tests.packaging.conftest import TREE

PACKAGES = {"lms_emulator": TREE / "emulator", "pytest_lms_emulator": TREE / "fixtures"}
PROJECT = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def info_file(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"lms_emulator-{lms_emulator.__version__}.dist-info/{name}").decode()


def files_of_packages() -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for name, folder in PACKAGES.items()
        for path in (folder / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def files_of_contracts() -> set[str]:
    folder = TREE / "contract_tests" / "contracts"
    return {
        f"pytest_lms_emulator/contracts/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_both_packages_whole(wheel: Path) -> None:
    held = {name for name in names_in(wheel) if ".dist-info/" not in name}
    assert held == files_of_packages() | files_of_contracts()


def test_the_wheel_holds_types_and_data(wheel: Path) -> None:
    held = names_in(wheel)
    assert {"lms_emulator/py.typed", "pytest_lms_emulator/py.typed"} <= held
    for provider in lms_emulator_providers():
        assert f"lms_emulator/providers/{provider}/demo.toml" in held


def lms_emulator_providers() -> tuple[str, ...]:
    from lms_emulator.app import PROVIDERS

    return PROVIDERS


def test_nothing_in_the_wheel_names_this_machine(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert str(TREE).encode() not in archive.read(name), name


def test_metadata(wheel: Path) -> None:
    metadata = Parser().parsestr(info_file(wheel, "METADATA"))
    assert metadata["Name"] == "lms-emulator"
    assert metadata["Version"] == lms_emulator.__version__
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).strip() == (TREE / "README.md").read_text("utf-8").strip()
    required = {
        re.split(r"[<>=!~ ;\[]", line)[0] for line in metadata.get_all("Requires-Dist") if "extra ==" not in line
    }
    assert required == {re.split(r"[<>=!~ ;\[]", line)[0] for line in PROJECT["dependencies"]}
    assert "Framework :: Pytest" in metadata.get_all("Classifier")


def test_entry_points(wheel: Path) -> None:
    text = info_file(wheel, "entry_points.txt")
    assert "[console_scripts]\nlms-emulator = lms_emulator.__main__:main" in text
    assert "[pytest11]\nlms_emulator = pytest_lms_emulator" in text


def test_the_licence_comes_along(wheel: Path) -> None:
    assert info_file(wheel, "licenses/LICENSE") == (TREE / "LICENSE").read_text("utf-8")


def test_the_source_distribution_can_test_itself(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "docker/Dockerfile",
        "docs/architecture.md",
    ):
        assert wanted in names, wanted
    tests = {path.relative_to(TREE).as_posix() for path in (TREE / "contract_tests").rglob("test_*.py")}
    assert tests <= names
    assert "fixtures/vectors/lti11.json" in names
    assert not [name for name in names if name.endswith((".pyc", ".pyo")) or "/.venv/" in name]


def test_the_version_is_written_once() -> None:
    assert PROJECT["dynamic"] == ["version"]
    text = (TREE / "emulator" / "lms_emulator" / "_version.py").read_text("utf-8")
    assert f'"{lms_emulator.__version__}"' in text
    literal = re.compile(rf'["\']{re.escape(lms_emulator.__version__)}["\']')
    for name, folder in PACKAGES.items():
        holders = [p.name for p in (folder / name).rglob("*.py") if literal.search(p.read_text("utf-8"))]
        assert holders == (["_version.py"] if name == "lms_emulator" else [])
