from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.openlearning.site import Site
from lms_emulator.client.emulator import Emulator


@pytest.fixture
def site(lms: Emulator) -> Iterator[Site]:
    """OpenLearning with the pristine demo world, reached on its own port."""
    site = Site(lms)
    yield site
    site.close()
