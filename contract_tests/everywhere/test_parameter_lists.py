"""The documented parameters of every served operation are known, where a provider has few pages."""

from __future__ import annotations

import pytest

from lms_emulator.app import load_providers
from lms_emulator.core.coverage import serves


@pytest.mark.parametrize("provider", ["brightspace", "learningstudio", "ltiaas", "openlearning"])
def test_each_served_operation_has_a_list(provider: str) -> None:
    found = load_providers()[provider]
    assert found.catalogue is not None
    missing = [
        f"{method} {operation.path}"
        for operation in found.catalogue.operations
        for method in operation.methods
        if operation.parameters is None and serves(found, operation, method)
    ]
    assert not missing
