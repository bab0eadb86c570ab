"""What users import, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lms_emulator
import lms_emulator.client


@pytest.mark.parametrize("package", [lms_emulator, lms_emulator.client], ids=lambda package: package.__name__)
def test_every_public_name_is_there(package: object) -> None:
    names: list[str] = vars(package)["__all__"]
    assert [name for name in names if not hasattr(package, name)] == []
    assert not hasattr(package, "no_such_name")


def test_the_package_imports_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys; before = set(sys.modules); import lms_emulator, lms_emulator.client\n"
        "print(sorted({n for n in set(sys.modules) - before if n.split('.')[0] not in sys.stdlib_module_names}))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['lms_emulator', 'lms_emulator._version', 'lms_emulator.client']"
