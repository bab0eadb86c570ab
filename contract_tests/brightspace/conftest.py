"""Brightspace with the demo world, pristine for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.brightspace.support import Site
from lms_emulator.client import Emulator


@pytest.fixture
def brightspace(lms: Emulator) -> Iterator[Site]:
    site = Site(lms)
    yield site
    site.close()
