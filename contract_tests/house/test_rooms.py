"""Every provider has the same rooms, and the package has few top-level entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.house import rooms
from contract_tests.house.package import PACKAGE

MOST_AT_THE_TOP = 10


@pytest.mark.parametrize("folder", rooms.folders(), ids=lambda folder: folder.name)
def test_a_provider_has_no_other_rooms(folder: Path) -> None:
    found = list(rooms.strays(folder))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", rooms.folders(), ids=lambda folder: folder.name)
def test_a_provider_has_the_rooms_that_all_have(folder: Path) -> None:
    assert rooms.missing(folder) == []
    assert (folder / "demo.toml").is_file()


def test_the_message_for_a_stray_file_says_where_it_belongs(tmp_path: Path) -> None:
    folder = tmp_path / "openlearning"
    (folder / "routes").mkdir(parents=True)
    for name in ("throttles.py", "model.py", "zebra.py", "demo.toml", "web.py", "routes/misc.py"):
        (folder / name).touch()
    throttles, web, zebra, misc = rooms.strays(folder)
    assert throttles.startswith("openlearning/throttles.py: no room of a provider; perhaps `limits`: rate limits")
    assert web.startswith("openlearning/web.py: no room of a provider; choose among __init__, provider")
    assert zebra.startswith("openlearning/zebra.py: no room")
    assert misc == "openlearning/routes/misc.py: name it after what it holds"
    assert "wire" in rooms.missing(folder)
    assert "model" not in rooms.missing(folder)


def test_the_package_has_at_most_ten_entries() -> None:
    quiet = {"_version.py", "py.typed"}
    shown = [p.name for p in PACKAGE.iterdir() if not p.name.startswith("__") and p.name not in quiet]
    assert len(shown) <= MOST_AT_THE_TOP, sorted(shown)
