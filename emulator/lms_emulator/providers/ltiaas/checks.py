"""Checks of a well-formed section of a world file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.core.state.references import Reference, dangling, shared


def problems(section: Any) -> Iterator[str]:
    """One line for each, beginning with the place."""
    yield from dangling(
        section, [Reference(value, "tenant", "tenants", "subdomain") for value in ("platforms", "consumers")]
    )
    yield from shared("tenants", "api_key", (tenant.api_key for tenant in section.tenants))
